-- +goose Up

-- Everything that happened. campaign_id 0 is the system's own. seq and leaf are given by the sealer.
-- autoincrement: the number of a deleted last row must not come back.
create table events (
  id integer primary key autoincrement,
  campaign_id integer not null,
  at timestamp not null,
  actor_id integer not null,
  actor_name text not null,
  subject_kind text not null,
  subject_id integer not null,
  verb text not null,
  data text not null,
  seq integer,
  leaf blob
);
create unique index events_seq on events (campaign_id, seq) where seq is not null;
create index events_subject on events (campaign_id, subject_kind, subject_id, id);
create index events_campaign on events (campaign_id, id);
create index events_unsealed on events (campaign_id, id) where seq is null;

-- The stored hashes of the Merkle tree, by tlog's index.
create table ledger_hashes (
  campaign_id integer not null,
  position integer not null,
  hash blob not null,
  primary key (campaign_id, position)
) without rowid;

-- Signed statements: the tree had this size and this root. The newest gives the size of the tree.
create table ledger_checkpoints (
  campaign_id integer not null,
  size integer not null,
  at timestamp not null,
  note text not null,
  primary key (campaign_id, size)
) without rowid;

create table accounts (
  id integer primary key autoincrement,
  login text not null unique,
  name text not null,
  person_id integer not null default 0,
  admin text not null default '',
  password text not null default '',
  password_at timestamp,
  must_change boolean not null default false,
  failures integer not null default 0,
  locked_until timestamp,
  locked_at timestamp,
  locked_by integer not null default 0,
  epoch integer not null default 1,
  created_at timestamp not null
);
create index accounts_person on accounts (person_id) where person_id <> 0;

create table sessions (
  token blob primary key,
  data blob not null,
  expires_at timestamp not null
) without rowid;
create index sessions_expiry on sessions (expires_at);

create table one_time_links (
  token blob primary key,
  account_id integer not null references accounts (id),
  purpose text not null,
  issued_by integer not null,
  issued_at timestamp not null,
  expires_at timestamp not null,
  used_at timestamp
) without rowid;
create index one_time_links_account on one_time_links (account_id);

create table settings (
  name text primary key,
  value text not null
) without rowid;

-- +goose Down
drop table settings;
drop table one_time_links;
drop table sessions;
drop table accounts;
drop table ledger_checkpoints;
drop table ledger_hashes;
drop table events;

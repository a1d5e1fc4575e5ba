-- +goose Up

-- How far each campaign's ledger has been told to people: the place of the next event.
create table notice_cursors (
  campaign_id integer primary key references campaigns (id),
  next integer not null
);
-- What happened before this program knew how to tell is told to nobody.
insert into notice_cursors (campaign_id, next)
  select c.id, coalesce((select max(e.seq) + 1 from events e where e.campaign_id = c.id), 0) from campaigns c;

-- One line of somebody's inbox: an event of the ledger that concerns him.
create table notices (
  id integer primary key autoincrement,
  campaign_id integer not null references campaigns (id),
  account_id integer not null references accounts (id),
  seq integer not null, -- the event's place in the ledger
  subject_kind text not null, -- case, order, desk
  subject_id integer not null,
  verb text not null,
  text text not null, -- what it means to the reader; never what anybody wrote
  urgent boolean not null,
  at timestamp not null,
  read_at timestamp,
  unique (campaign_id, id)
);
create index notices_by_account on notices (campaign_id, account_id, id);
create index notices_unread on notices (account_id, campaign_id) where read_at is null;

-- Where somebody wants to be told beside the inbox. One of each kind.
create table notice_channels (
  id integer primary key autoincrement,
  account_id integer not null references accounts (id),
  kind text not null, -- mail, webhook, wecom, dingtalk
  address text not null,
  secret text not null,
  active boolean not null,
  urgent_only boolean not null,
  resume_at timestamp not null, -- nothing is sent before: after a failure the channel rests
  changed_at timestamp not null,
  unique (account_id, kind)
);

-- One message to one channel, and what became of it.
create table notice_deliveries (
  id integer primary key autoincrement,
  channel_id integer not null references notice_channels (id),
  account_id integer not null references accounts (id),
  slot text not null, -- digest:2024-03-27, morning:2024-03-27, urgent:<campaign>:<seq>, test:<random>
  state text not null, -- waiting, sent, failed, dropped
  not_before timestamp not null, -- also the end of the lease of who is sending it
  attempts integer not null,
  error text not null,
  address text not null, -- where it last went
  created_at timestamp not null,
  done_at timestamp,
  unique (channel_id, slot)
);
create index notice_deliveries_waiting on notice_deliveries (not_before, id) where state = 'waiting';
create index notice_deliveries_state on notice_deliveries (state, id);

-- Which notices a message tells of.
create table notice_items (
  campaign_id integer not null,
  notice_id integer not null,
  delivery_id integer not null references notice_deliveries (id),
  primary key (campaign_id, notice_id, delivery_id),
  foreign key (campaign_id, notice_id) references notices (campaign_id, id)
);
create index notice_items_by_delivery on notice_items (delivery_id);

-- The address of somebody's calendar: the hash of its token, so that a stolen backup opens nothing.
create table notice_feeds (
  account_id integer primary key references accounts (id),
  token blob not null unique,
  made_at timestamp not null
);

-- +goose Down
drop table notice_feeds;
drop table notice_items;
drop table notice_deliveries;
drop table notice_channels;
drop table notices;
drop table notice_cursors;

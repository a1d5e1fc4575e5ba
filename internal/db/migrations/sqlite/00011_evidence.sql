-- +goose Up

-- Files that come in pieces over a bad network, until they are evidence for something.
create table uploads (
  id integer primary key autoincrement,
  campaign_id integer not null references campaigns (id),
  uuid text not null, -- made by the device; the evidence takes it over
  account_id integer not null, -- who alone goes on with it
  person_id integer,
  unit_id integer,
  by_name text not null,
  name text not null,
  bytes integer not null, -- as declared
  sha256 text not null, -- as declared: what comes must have it
  device_at timestamp, -- what the device said at capture
  device_lat real,
  device_lon real,
  device_accuracy real not null, -- metres, 0 unknown
  received integer not null, -- bytes from the beginning that are here
  receipt text, -- JSON: what was found of the whole file; null until it is whole
  created_at timestamp not null,
  touched_at timestamp not null, -- long untouched, it is swept away
  unique (campaign_id, id),
  unique (campaign_id, uuid)
);
create index uploads_by_account on uploads (campaign_id, account_id);
create index uploads_touched on uploads (touched_at);

-- The pieces, each a blob of its own. The row is there before the blob, so that none is forgotten.
create table upload_pieces (
  campaign_id integer not null,
  upload_id integer not null,
  start integer not null, -- the first byte
  sha256 text not null, -- of the piece
  bytes integer not null,
  kept boolean not null, -- it is part of the file
  primary key (campaign_id, upload_id, start, sha256),
  foreign key (campaign_id, upload_id) references uploads (campaign_id, id)
) without rowid;

-- +goose Down
drop table upload_pieces;
drop table uploads;

-- +goose Up

-- A spreadsheet of problems that was read and checked, until the office agrees to register its good rows.
create table case_imports (
  id integer primary key autoincrement, -- never used again: the cases' uuids are made from it
  campaign_id integer not null references campaigns (id),
  name text not null, -- of the file
  created_by integer not null, -- account
  created_name text not null,
  created_at timestamp not null,
  good integer not null, -- rows that can be registered
  bad integer not null, -- rows with a fault
  checked text not null, -- JSON: the good rows until they are registered, every fault, the rows that were passed over
  agreed_at timestamp, -- null until all good rows are registered
  unique (campaign_id, id)
);

-- +goose Down
drop table case_imports;

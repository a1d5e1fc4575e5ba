-- +goose Up

-- A filter of the case list that somebody keeps for himself, as the query of the list's address.
create table case_views (
  id integer primary key autoincrement,
  campaign_id integer not null references campaigns (id),
  account_id integer not null,
  name text not null,
  query text not null,
  created_at timestamp not null,
  unique (campaign_id, id),
  unique (campaign_id, account_id, name)
);

-- +goose Down
drop table case_views;

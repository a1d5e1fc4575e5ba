-- +goose Up

-- The office's one text of all that was reported for a period.
create table report_summaries (
  id integer primary key autoincrement,
  campaign_id integer not null,
  obligation_id integer not null,
  period text not null,
  text text not null,
  revision integer not null,
  saved_at timestamp not null,
  saved_by text not null,
  sent_at timestamp, -- up to the leading group
  sent_by text not null,
  unique (campaign_id, id),
  unique (campaign_id, obligation_id, period),
  foreign key (campaign_id, obligation_id) references report_obligations (campaign_id, id)
);

-- What the office says of a filing (点评).
create table filing_comments (
  campaign_id integer not null,
  filing_id integer not null,
  text text not null,
  at timestamp not null,
  by_name text not null,
  primary key (campaign_id, filing_id),
  foreign key (campaign_id, filing_id) references filings (campaign_id, id)
);

-- +goose Down
drop table filing_comments;
drop table report_summaries;

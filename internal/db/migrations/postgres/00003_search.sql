-- +goose Up

-- What can be found of a search entry. The text is kept so that the index can be made again: after a restore
-- on another database, or when a later version cuts text otherwise.
create table search_text (
  campaign_id bigint not null,
  id bigint not null, -- of the search entry
  body text not null,
  grams tsvector not null, -- from db.Pairs; no text search configuration takes part
  primary key (campaign_id, id)
);
create index search_text_grams on search_text using gin (grams);

-- +goose Down
drop table search_text;

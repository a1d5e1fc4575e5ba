-- +goose Up

-- id is the search entry's id. Tokens come from db.Pairs; no text search configuration takes part.
create table search_text (
  campaign_id bigint not null,
  id bigint not null,
  grams tsvector not null,
  primary key (campaign_id, id)
);
create index search_text_grams on search_text using gin (grams);

-- +goose Down
drop table search_text;

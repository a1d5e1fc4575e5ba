-- +goose Up

-- What can be found of a case, by the case's id; made as search_text is.
create table case_text (
  campaign_id bigint not null,
  id bigint not null,
  body text not null,
  grams tsvector not null,
  primary key (campaign_id, id)
);
create index case_text_grams on case_text using gin (grams);

-- +goose Down
drop table case_text;

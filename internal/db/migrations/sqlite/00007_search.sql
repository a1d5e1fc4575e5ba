-- +goose Up

-- What can be found of a case, by the case's id. Its index is a file of its own (db/words.go).
create table case_text (
  id integer primary key,
  campaign_id integer not null,
  body text not null,
  rewritten integer not null default 0 -- its number among those that were written again; the index follows them
);
create unique index case_text_rewritten on case_text (rewritten) where rewritten > 0;
-- Tells the index whose texts these are.
create table case_text_key (
  key text not null
);
insert into case_text_key (key) values (lower(hex(randomblob(16))));

-- +goose Down
drop table case_text_key;
drop table case_text;

-- +goose Up

-- What can be found of a search entry. The text is kept so that the index can be made again: after a restore
-- on another database, or when a later version cuts text otherwise.
create table search_text (
  id integer primary key, -- of the search entry
  campaign_id integer not null,
  body text not null
);

-- Its index, by rowid = id. Tokens come from db.Pairs, so the tokenizer has only to split at spaces: "ascii"
-- takes every non-ASCII character as part of a word.
create virtual table search_fts using fts5 (grams, content='', contentless_delete=1, tokenize='ascii');

-- +goose Down
drop table search_fts;
drop table search_text;

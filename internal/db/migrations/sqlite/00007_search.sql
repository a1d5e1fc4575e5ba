-- +goose Up

-- What can be found of a case, by the case's id; made as search_text and search_fts are.
create table case_text (
  id integer primary key,
  campaign_id integer not null,
  body text not null
);
create virtual table case_fts using fts5 (grams, content='', contentless_delete=1, tokenize='ascii');
-- Its segments are merged a little with every write (TextIndex.Add), not many at once when there are enough.
insert into case_fts (case_fts, rank) values ('automerge', 0);
-- What is not in the index yet: many are put there at a time.
create table case_fts_waiting (
  id integer primary key,
  campaign_id integer not null,
  grams text not null
);

-- +goose Down
drop table case_fts_waiting;
drop table case_fts;
drop table case_text;

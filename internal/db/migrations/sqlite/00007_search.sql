-- +goose Up

-- What can be found of a case, by the case's id; made as search_text and search_fts are.
create table case_text (
  id integer primary key,
  campaign_id integer not null,
  body text not null
);
create virtual table case_fts using fts5 (grams, content='', contentless_delete=1, tokenize='ascii');
-- Its segments are merged a little with every write (TextIndex.Add), not many at once when there are enough; and eight
-- of a size at a time, which writes each text anew half as often as four.
insert into case_fts (case_fts, rank) values ('automerge', 0);
insert into case_fts (case_fts, rank) values ('usermerge', 8);
-- Up to which id the index has the texts: later ones wait, and many are put there at a time.
create table case_fts_done (
  upto integer not null
);
insert into case_fts_done (upto) values (0);

-- +goose Down
drop table case_fts_done;
drop table case_fts;
drop table case_text;

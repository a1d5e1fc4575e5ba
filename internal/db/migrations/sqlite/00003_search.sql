-- +goose Up

-- The rowid is the search entry's id. The text is not kept twice (contentless); tokens come from db.Pairs,
-- so the tokenizer has only to split at spaces: "ascii" takes every non-ASCII character as part of a word.
create virtual table search_text using fts5 (grams, content='', contentless_delete=1, tokenize='ascii');

-- +goose Down
drop table search_text;

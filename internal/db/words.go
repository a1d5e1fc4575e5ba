package db

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
)

// On PostgreSQL the texts of cases are indexed in their rows. On SQLite the index is a file of its own beside the
// database: FTS5 is a quarter of what registering a case costs, and in another file it is written beside the one
// writer, many texts at a time. A text is found from the moment it is written: what the index does not have yet is
// read. The file holds nothing else, so it may be lost: it is made again from the texts.

// The texts of cases, by the case's id.
var (
	putCaseText = Prepare(`insert into case_text (campaign_id, id, body, grams) values (?, ?, ?, ?::tsvector)
		on conflict (campaign_id, id) do update set body = excluded.body, grams = excluded.grams`)
	addCaseText = Prepare("insert into case_text (id, campaign_id, body) values (?, ?, ?)")
	// What is written again gets the next number of those written again, which the index looks at.
	putCaseTextLite = Prepare(`insert into case_text (id, campaign_id, body) values (?, ?, ?)
		on conflict (id) do update set body = excluded.body, rewritten = (select coalesce(max(rewritten), 0) + 1 from case_text where rewritten > 0)`)
	newCaseTexts       = Prepare("select id, campaign_id, body, rewritten from case_text where id > ? order by id limit ?")
	rewrittenCaseTexts = Prepare("select id, campaign_id, body, rewritten from case_text where rewritten > ? order by rewritten limit ?")
	unindexed          = Prepare("select id, body from case_text where id > ? and id < ? and campaign_id = ? order by id desc")
	caseTextKey        = Prepare("select key, (select coalesce(max(id), 0) from case_text) from case_text_key")
)

// Text is what a case is found by, under the case's id.
type Text struct {
	ID         int64
	CampaignID int64
	Body       string
	Rewritten  int64 // SQLite: its number among those that were written again; 0 if it was not
}

// PutCaseText makes a case found by a text, in place of what it was found by before.
func PutCaseText(ctx context.Context, tx Tx, campaignID, id int64, text string) error {
	if KindOf(tx) == Postgres {
		return putCaseText.Exec(ctx, tx, campaignID, id, text, vector(Pairs(text)))
	}
	return putCaseTextLite.Exec(ctx, tx, id, campaignID, text)
}

// AddCaseTexts is PutCaseText for cases that are new, with ids higher than all before.
func AddCaseTexts(ctx context.Context, tx Tx, list ...Text) error {
	if KindOf(tx) == Postgres {
		return addTexts(ctx, tx, "case_text", list)
	}
	for _, t := range list {
		if err := addCaseText.Exec(ctx, tx, t.ID, t.CampaignID, t.Body); err != nil {
			return err
		}
	}
	return nil
}

// addTexts writes and indexes texts on PostgreSQL in few statements, since each would be a way there and back.
func addTexts(ctx context.Context, tx Tx, table string, list []Text) error {
	for part := range slices.Chunk(list, rowsPerInsert) {
		var b strings.Builder
		var args []any
		for i, t := range part {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString("(?, ?, ?, ?::tsvector)")
			args = append(args, t.CampaignID, t.ID, t.Body, vector(Pairs(t.Body)))
		}
		if _, err := tx.NewRaw("insert into "+table+" (campaign_id, id, body, grams) values "+b.String(), args...).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// CasesWith lists ids of a campaign's cases below before, the highest first, whose text has everything in query. It
// reads no further than it must. A query without a letter or digit finds nothing.
func (d *DB) CasesWith(ctx context.Context, campaignID int64, query string, before int64, limit int) ([]int64, error) {
	conditions := steps(query)
	if len(conditions) == 0 {
		return nil, nil
	}
	if d.kind == SQLite {
		return d.words.page(ctx, d.Reader(), campaignID, conditions, before, limit)
	}
	var ids []int64
	err := d.Reader().NewRaw("select id from case_text where campaign_id = ? and grams @@ ?::tsquery and id < ? order by id desc limit ?",
		campaignID, tsquery(conditions), before, limit).Scan(ctx, &ids)
	return ids, err
}

// IndexWords brings the index of the cases' texts up to date, which on SQLite follows by itself a moment later.
func (d *DB) IndexWords(ctx context.Context) error {
	if d.kind == Postgres {
		return nil
	}
	for {
		if more, err := d.words.index(ctx, d.reader); err != nil || !more {
			return err
		}
	}
}

// words is the index of the cases' texts on SQLite.
type words struct {
	path string

	mu     sync.Mutex
	file   *bun.DB // reads; nil before it is first needed
	writer *bun.DB
}

// wordsSchema makes the file. automerge is off because FTS5 merges hundreds of pages at once and whoever searches
// meanwhile waits; eight segments of a size make one (usermerge), so that among millions each text is written some four
// times until it lies in one great segment.
var wordsSchema = []string{
	"create virtual table if not exists words using fts5 (grams, content='', contentless_delete=1, tokenize='ascii')",
	"insert into words (words, rank) values ('automerge', 0)",
	"insert into words (words, rank) values ('usermerge', 8)",
	// of is the database's key; upto the last case that is indexed, rewritten the last of those that were written again.
	"create table if not exists done (of text not null, upto integer not null, rewritten integer not null)",
	"insert into done select '', 0, 0 where not exists (select 1 from done)",
}

// The index is written anew if the system fails, so it need not wait for the disk at every commit.
var (
	wordsPragmas = []string{
		"journal_mode(wal)", "synchronous(normal)", "busy_timeout(10000)", "temp_store(memory)", "journal_size_limit(16777216)",
	}
	wordsReaderPragmas = append([]string{"query_only(on)", "cache_size(-2000)"}, wordsPragmas...)
	wordsWriterPragmas = append([]string{"cache_size(-8000)"}, wordsPragmas...)
)

var (
	readDone  = Prepare("select of, upto, rewritten from done")
	writeDone = Prepare("update done set of = ?, upto = ?, rewritten = ?")
	forgetAll = Prepare("insert into words (words) values ('delete-all')")
	// JSON, because FTS5 writes what it has gathered whenever another statement begins, and writing one text costs it as
	// much as writing fifty.
	indexTexts   = Prepare("insert into words (rowid, grams) select value ->> 0, value ->> 1 from json_each(?)")
	indexAgain   = Prepare("insert or replace into words (rowid, grams) values (?, ?)")
	mergeSome    = Prepare("insert into words (words, rank) values ('merge', ?)")
	wordsIndexed = Prepare("select rowid from words where words match ? and rowid < ? order by rowid desc limit ?")
)

// textsAtOnce is how many texts go into the index in one transaction, pagesPerText how many of its pages are merged for
// each.
const (
	textsAtOnce  = 2000
	pagesPerText = 0.25
)

// wordsFile is where the index of a database is.
func wordsFile(path string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + "-words" + filepath.Ext(path)
}

// FilesOf names the files of a SQLite database: itself and the index of words, which is no part of a backup.
func FilesOf(path string) []string { return []string{path, wordsFile(path)} }

// open opens the file, and makes it if it is missing.
func (w *words) open(ctx context.Context) (reader, writer *bun.DB, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file != nil {
		return w.file, w.writer, nil
	}
	if err := keepPrivate(w.path); err != nil {
		return nil, nil, kernel.E(kernel.Unavailable, "检索索引“%s”建不起来", w.path).Because(err)
	}
	ctx = context.WithoutCancel(ctx)
	if writer, err = sqlitePool(ctx, w.path, wordsWriterPragmas, 1); err != nil {
		return nil, nil, kernel.E(kernel.Unavailable, "检索索引“%s”打不开；停下服务后可以把它删掉，会重新建", w.path).Because(err)
	}
	err = writer.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		for _, s := range wordsSchema {
			if _, err := tx.ExecContext(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		reader, err = sqlitePool(ctx, w.path, wordsReaderPragmas, 4)
	}
	if err != nil {
		return nil, nil, errors.Join(err, writer.Close())
	}
	w.file, w.writer = reader, writer
	return reader, writer, nil
}

func (w *words) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == nil {
		return nil
	}
	forgetPrepared(w.file, w.writer)
	err := errors.Join(w.file.Close(), w.writer.Close())
	w.file, w.writer = nil, nil
	return err
}

// done is how far the index is.
type done struct {
	of              string
	upto, rewritten int64
}

func doneOf(ctx context.Context, tx Tx) (d done, err error) {
	_, err = readDone.One(ctx, tx, nil, &d.of, &d.upto, &d.rewritten)
	return d, err
}

// follow indexes what is written, until ctx ends.
func (w *words) follow(ctx context.Context, from *bun.DB) {
	const every = 200 * time.Millisecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		more, err := w.index(ctx, from)
		if more && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C: // what failed, in a database that is not migrated yet too, is tried again
		}
	}
}

// index puts the next texts into the index and reports whether there may be more. It may run in several processes.
func (w *words) index(ctx context.Context, from Tx) (more bool, err error) {
	texts, err := textsOf(ctx, from)
	if err != nil {
		return false, err // not migrated yet: nothing is made beside it
	}
	reader, writer, err := w.open(ctx)
	if err != nil {
		return false, err
	}
	at, err := doneOf(ctx, reader)
	if err != nil {
		return false, err
	}
	if at.within(texts) != at {
		return true, begin(ctx, writer, texts.key)
	}
	var list, again []Text
	if err := newCaseTexts.Scan(ctx, from, &list, at.upto, textsAtOnce); err != nil {
		return false, err
	}
	if err := rewrittenCaseTexts.Scan(ctx, from, &again, at.rewritten, textsAtOnce); err != nil || len(list)+len(again) == 0 {
		return false, err
	}
	return max(len(list), len(again)) == textsAtOnce, enter(ctx, writer, at, list, again)
}

// begin empties the index, for the database with a key.
func begin(ctx context.Context, writer *bun.DB, key string) error {
	return writer.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		return firstOf(forgetAll.Exec(ctx, tx), writeDone.Exec(ctx, tx, key, 0, 0))
	})
}

// enter indexes texts, unless another process did so since at was read.
func enter(ctx context.Context, writer *bun.DB, at done, list, again []Text) error {
	grams := make([][2]any, len(list))
	to := at
	for i, t := range list {
		grams[i], to.upto = [2]any{t.ID, gramsOf(t)}, t.ID
	}
	text, err := json.Marshal(grams)
	if err != nil {
		return fmt.Errorf("texts as JSON: %w", err)
	}
	return writer.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if now, err := doneOf(ctx, tx); err != nil || now != at {
			return err
		}
		if err := indexTexts.Exec(ctx, tx, string(text)); err != nil {
			return err
		}
		for _, t := range again {
			to.rewritten = t.Rewritten
			if t.ID > to.upto {
				continue // it comes with the new ones
			}
			if err := indexAgain.Exec(ctx, tx, t.ID, gramsOf(t)); err != nil {
				return err
			}
		}
		pages := int(pagesPerText * float64(len(list)+len(again)))
		return firstOf(mergeSome.Exec(ctx, tx, max(pages, 1)), writeDone.Exec(ctx, tx, to.of, to.upto, to.rewritten))
	})
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// gramsOf is what the index holds of a text, marked with its campaign: no text has such a piece, because § is no letter.
func gramsOf(t Text) string {
	return campaignPiece(t.CampaignID) + " " + strings.Join(Pairs(t.Body), " ")
}

func campaignPiece(campaignID int64) string { return "§" + strconv.FormatInt(campaignID, 10) }

// page is CasesWith on SQLite.
func (w *words) page(ctx context.Context, tx Tx, campaignID int64, conditions []step, before int64, limit int) ([]int64, error) {
	reader, _, err := w.open(ctx)
	if err != nil {
		return nil, err
	}
	at, err := doneOf(ctx, reader)
	if err != nil {
		return nil, err
	}
	// What the index lacks is read first: if it comes in meanwhile, it is found twice, not missed.
	there, err := textsOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	at = at.within(there)
	ids, err := newest(ctx, tx, at, campaignID, conditions, before, limit)
	if err != nil || len(ids) == limit || at.upto == 0 {
		return ids, err // all that is indexed is older
	}
	stale, found, err := rewritten(ctx, tx, at, campaignID, conditions, before)
	if err != nil {
		return nil, err
	}
	var indexed []int64
	err = wordsIndexed.Scan(ctx, reader, &indexed, `"`+campaignPiece(campaignID)+`" AND `+match(conditions), before, limit+len(stale))
	if err != nil {
		return nil, err
	}
	for _, id := range indexed {
		if !stale[id] {
			found = append(found, id)
		}
	}
	ids = append(ids, found...)
	slices.SortFunc(ids, func(a, b int64) int { return cmp.Compare(b, a) })
	ids = slices.Compact(ids)
	return ids[:min(len(ids), limit)], nil
}

// texts is what a database has: whose it is, and the last case.
type texts struct {
	key  string
	last int64
}

func textsOf(ctx context.Context, tx Tx) (x texts, err error) {
	_, err = caseTextKey.One(ctx, tx, nil, &x.key, &x.last)
	return x, err
}

// within is how far the index is with a database: nowhere, where it is another's, or knows of cases that are not there,
// because somebody put back an older file.
func (d done) within(x texts) done {
	if d.of != x.key || x.last < d.upto {
		return done{}
	}
	return d
}

// newest reads the texts that are not indexed, the newest first, until enough have what is looked for.
func newest(ctx context.Context, tx Tx, at done, campaignID int64, conditions []step, before int64, limit int) (ids []int64, err error) {
	rows, _, err := unindexed.rows(ctx, tx, []any{at.upto, before, campaignID})
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for len(ids) < limit && rows.Next() {
		var id int64
		var body string
		if err := rows.Scan(&id, &body); err != nil {
			return nil, err
		}
		if meets(body, conditions) {
			ids = append(ids, id)
		}
	}
	return ids, rows.Err()
}

// rewritten reads the texts that are indexed as they were: which they are, and which have what is looked for.
func rewritten(ctx context.Context, tx Tx, at done, campaignID int64, conditions []step, before int64) (stale map[int64]bool, ids []int64, err error) {
	var list []Text
	if err := rewrittenCaseTexts.Scan(ctx, tx, &list, at.rewritten, -1); err != nil {
		return nil, nil, err
	}
	stale = map[int64]bool{}
	for _, t := range list {
		if t.ID > at.upto {
			continue // read already
		}
		stale[t.ID] = true
		if t.CampaignID == campaignID && t.ID < before && meets(t.Body, conditions) {
			ids = append(ids, t.ID)
		}
	}
	return stale, ids, nil
}

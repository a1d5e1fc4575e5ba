package db

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The Chinese type two characters and expect to find them, inside any word. Trigram indexes cannot serve that,
// and a segmenter needs a dictionary of 200 MB. So text is cut into overlapping pieces: at every character one
// begins, two characters long in Chinese, up to maxWord long in words of latin letters and digits. Any stretch
// of a run is then the beginning of pieces in a row, and both databases can look up beginnings.
const (
	pairLength = 2
	maxWord    = 24
	// maxPieces bounds the pieces of one entry: PostgreSQL keeps positions to 16383 only.
	maxPieces = 16000
)

// Pairs cuts text into the pieces that are indexed, in order. Width and case are folded (Ａ is a); whatever is
// neither letter nor digit parts the runs.
func Pairs(text string) []string {
	var pieces []string
	for _, run := range runs(text) {
		for i := range run {
			if len(pieces) == maxPieces {
				return pieces
			}
			pieces = append(pieces, string(run[i:min(i+pieceLength(run), len(run))]))
		}
	}
	return pieces
}

// runs splits text where letters of an alphabet and characters of Chinese meet, and at everything else.
func runs(text string) [][]rune {
	var all [][]rune
	var run []rune
	for _, r := range strings.ToLower(norm.NFKC.String(text)) {
		letter := unicode.IsLetter(r) || unicode.IsNumber(r)
		if len(run) > 0 && (!letter || isWide(r) != isWide(run[0])) {
			all, run = append(all, run), nil
		}
		if letter {
			run = append(run, r)
		}
	}
	if len(run) > 0 {
		all = append(all, run)
	}
	return all
}

func isWide(r rune) bool { return r >= 0x2E80 }

func pieceLength(run []rune) int {
	if isWide(run[0]) {
		return pairLength
	}
	return maxWord
}

// step is one condition of a search: pieces that follow each other; the last may be only a beginning.
type step struct {
	pieces []string
	prefix bool
}

// steps turns what someone typed into conditions that must all hold.
func steps(query string) []step {
	var all []step
	for _, run := range runs(query) {
		n := pieceLength(run)
		if len(run) < n {
			all = append(all, step{[]string{string(run)}, true})
			continue
		}
		var s step
		for i := 0; i+n <= len(run); i++ {
			s.pieces = append(s.pieces, string(run[i:i+n]))
		}
		all = append(all, s)
	}
	return all
}

// TextIndex is a table of texts that can be found by any two characters, with its index.
type TextIndex struct {
	text string
	fts  string // SQLite's index, by rowid = id
	// wait is where entries wait for SQLite's index, "" where they go into it at once.
	wait string

	put                  *Statement // on PostgreSQL; on SQLite the text and its index
	putText, putIndex    *Statement
	addTexts, addWaiting *Statement // many, which then wait
	firstWaiting         *Statement
	indexWaiting, merge  *Statement
	clearWaiting, unwait *Statement
}

func newTextIndex(text, fts, wait string) TextIndex {
	x := TextIndex{text: text, fts: fts, wait: wait,
		put: Prepare("insert into " + text + ` (campaign_id, id, body, grams) values (?, ?, ?, ?::tsvector)
			on conflict (campaign_id, id) do update set body = excluded.body, grams = excluded.grams`),
		putText:  Prepare("insert or replace into " + text + " (id, campaign_id, body) values (?, ?, ?)"),
		putIndex: Prepare("insert or replace into " + fts + " (rowid, grams) values (?, ?)")}
	if wait != "" {
		x.addTexts = Prepare("insert into " + text + " (id, campaign_id, body) select value ->> 0, value ->> 1, value ->> 2 from json_each(?)")
		x.addWaiting = Prepare("insert into " + wait + " (id, campaign_id, grams) select value ->> 0, value ->> 1, value ->> 2 from json_each(?)")
		x.firstWaiting = Prepare("select coalesce(min(id), 0) from " + wait)
		x.indexWaiting = Prepare("insert into " + fts + " (rowid, grams) select id, grams from " + wait + " order by id")
		x.merge = Prepare("insert into " + fts + " (" + fts + ", rank) values ('merge', ?)")
		x.clearWaiting = Prepare("delete from " + wait)
		x.unwait = Prepare("delete from " + wait + " where id = ?")
	}
	return x
}

// The text indexes: of search entries, and of cases by the case's id.
var (
	EntryText = newTextIndex("search_text", "search_fts", "")
	CaseText  = newTextIndex("case_text", "case_fts", "case_fts_waiting")
)

var textIndexes = []TextIndex{EntryText, CaseText}

// Text is a text to be indexed under an id.
type Text struct {
	CampaignID, ID int64
	Body           string
}

// grams is what SQLite's index holds of a text. Where entries are read a page at a time, each is marked with its
// campaign: no text has such a piece, because § is no letter.
func (x TextIndex) grams(t Text) string {
	grams := strings.Join(Pairs(t.Body), " ")
	if x.wait != "" {
		return campaignPiece(t.CampaignID) + " " + grams
	}
	return grams
}

func campaignPiece(campaignID int64) string { return "§" + strconv.FormatInt(campaignID, 10) }

// Put indexes text under id, in place of what was indexed for it before.
func (x TextIndex) Put(ctx context.Context, tx Tx, campaignID, id int64, text string) error {
	if KindOf(tx) == Postgres {
		return x.put.Exec(ctx, tx, campaignID, id, text, vector(Pairs(text)))
	}
	if x.wait != "" {
		if err := x.unwait.Exec(ctx, tx, id); err != nil {
			return err
		}
	}
	if err := x.putText.Exec(ctx, tx, id, campaignID, text); err != nil {
		return err
	}
	return x.putIndex.Exec(ctx, tx, id, x.grams(Text{campaignID, id, text}))
}

// mostWaiting is how many entries wait for SQLite's index: reading them through costs a search a fraction of a
// millisecond.
const mostWaiting = 128

// mergedPages is how many pages of the index are merged whenever entries go into it. They are some five pages, and
// among millions each page is written again some six times until it lies in one great segment. Left to itself FTS5
// merges hundreds at once, and whoever registers waits twenty milliseconds.
const mergedPages = 40

// Add indexes texts of ids that are new and higher than all before. On SQLite they wait until there are many: FTS5
// writes what it has gathered whenever another statement begins, and writing one text costs it as much as writing fifty.
// They are found meanwhile.
func (x TextIndex) Add(ctx context.Context, tx Tx, list ...Text) error {
	if len(list) == 0 {
		return nil
	}
	if KindOf(tx) == Postgres {
		return x.addAll(ctx, tx, list)
	}
	texts, grams := make([][3]any, len(list)), make([][3]any, len(list))
	last := int64(0)
	for i, t := range list {
		texts[i], grams[i] = [3]any{t.ID, t.CampaignID, t.Body}, [3]any{t.ID, t.CampaignID, x.grams(t)}
		last = max(last, t.ID)
	}
	if err := putJSON(ctx, tx, x.addTexts, texts); err != nil {
		return err
	}
	if err := putJSON(ctx, tx, x.addWaiting, grams); err != nil {
		return err
	}
	var first int64
	if _, err := x.firstWaiting.One(ctx, tx, nil, &first); err != nil || last-first < mostWaiting {
		return err
	}
	if err := x.indexWaiting.Exec(ctx, tx); err != nil {
		return err
	}
	if err := x.clearWaiting.Exec(ctx, tx); err != nil {
		return err
	}
	return x.merge.Exec(ctx, tx, mergedPages)
}

// addAll is Add on PostgreSQL: in one statement, since each would be a way there and back.
func (x TextIndex) addAll(ctx context.Context, tx Tx, list []Text) error {
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
		if _, err := tx.NewRaw("insert into "+x.text+" (campaign_id, id, body, grams) values "+b.String(), args...).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

func putJSON(ctx context.Context, tx Tx, s *Statement, rows any) error {
	text, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("rows as JSON: %w", err)
	}
	return s.Exec(ctx, tx, string(text))
}

// Page lists ids of a campaign below before, the highest first, whose text has everything in query. It reads no
// further than it must. A query without a letter or digit finds nothing.
func (x TextIndex) Page(ctx context.Context, tx Tx, campaignID int64, query string, before int64, limit int) ([]int64, error) {
	conditions := steps(query)
	if len(conditions) == 0 {
		return nil, nil
	}
	var ids []int64
	if KindOf(tx) == Postgres {
		err := tx.NewRaw("select id from "+x.text+" where campaign_id = ? and grams @@ ?::tsquery and id < ? order by id desc limit ?",
			campaignID, tsquery(conditions), before, limit).Scan(ctx, &ids)
		return ids, err
	}
	// What waits is read first: if it is indexed meanwhile, it is found twice, not missed.
	waiting, err := x.waiting(ctx, tx, campaignID, conditions, before)
	if err != nil {
		return nil, err
	}
	err = tx.NewRaw("select rowid from "+x.fts+" where "+x.fts+" match ? and rowid < ? order by rowid desc limit ?",
		`"`+campaignPiece(campaignID)+`" AND `+match(conditions), before, limit).Scan(ctx, &ids)
	if err != nil || len(waiting) == 0 {
		return ids, err
	}
	ids = append(waiting, ids...)
	slices.SortFunc(ids, func(a, b int64) int { return cmp.Compare(b, a) })
	ids = slices.Compact(ids)
	return ids[:min(len(ids), limit)], nil
}

// waiting lists what is found among the entries that wait: pieces stand there one after the other, as in the index.
func (x TextIndex) waiting(ctx context.Context, tx Tx, campaignID int64, conditions []step, before int64) (ids []int64, err error) {
	where, args := "campaign_id = ? and id < ?", []any{campaignID, before}
	for _, c := range conditions {
		words := " " + strings.Join(c.pieces, " ")
		if !c.prefix {
			words += " "
		}
		where, args = where+" and instr(' ' || grams || ' ', ?) > 0", append(args, words)
	}
	err = tx.NewRaw("select id from "+x.wait+" where "+where, args...).Scan(ctx, &ids)
	return ids, err
}

// PutSearchText indexes text for the search entry id, in place of what was indexed for it before.
func PutSearchText(ctx context.Context, tx Tx, campaignID, id int64, text string) error {
	return EntryText.Put(ctx, tx, campaignID, id, text)
}

// DeleteSearchText forgets what was indexed for the search entry id.
func DeleteSearchText(ctx context.Context, tx Tx, campaignID, id int64) error {
	_, err := tx.NewRaw("delete from search_text where campaign_id = ? and id = ?", campaignID, id).Exec(ctx)
	if err != nil || KindOf(tx) == Postgres {
		return err
	}
	_, err = tx.NewRaw("delete from search_fts where rowid = ?", id).Exec(ctx)
	return err
}

// SearchClause is a condition for a query on search_entries (named so, without an alias) that holds where the
// indexed text has everything in query. A query without a letter or digit finds nothing.
// The caller filters by campaign_id as ever.
func SearchClause(kind Kind, campaignID int64, query string) (clause string, args []any) {
	conditions := steps(query)
	switch {
	case len(conditions) == 0:
		return "1 = 0", nil
	case kind == SQLite:
		return "search_entries.id in (select rowid from search_fts where search_fts match ?)",
			[]any{match(conditions)}
	default:
		return `search_entries.id in (select id from search_text
			where search_text.campaign_id = ? and grams @@ ?::tsquery)`,
			[]any{campaignID, tsquery(conditions)}
	}
}

// vector writes a tsvector by hand: 'ab':1 'bc':2. Pieces hold letters and digits only, so nothing needs escaping.
func vector(pieces []string) string {
	var b strings.Builder
	for i, p := range pieces {
		b.WriteString("'" + p + "':" + strconv.Itoa(i+1) + " ")
	}
	return b.String()
}

// match writes FTS5's query: "ab bc" AND "x"*.
func match(conditions []step) string {
	parts := make([]string, len(conditions))
	for i, c := range conditions {
		parts[i] = `"` + strings.Join(c.pieces, " ") + `"`
		if c.prefix {
			parts[i] += " *"
		}
	}
	return strings.Join(parts, " AND ")
}

// tsquery writes PostgreSQL's query: ('ab' <-> 'bc') & 'x':*.
func tsquery(conditions []step) string {
	parts := make([]string, len(conditions))
	for i, c := range conditions {
		parts[i] = "('" + strings.Join(c.pieces, "' <-> '") + "'"
		if c.prefix {
			parts[i] += ":*"
		}
		parts[i] += ")"
	}
	return strings.Join(parts, " & ")
}

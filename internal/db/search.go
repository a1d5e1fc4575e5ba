package db

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
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
	for _, r := range folded(text) {
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

func folded(text string) string { return strings.ToLower(norm.NFKC.String(text)) }

// meets reports whether a text has all that is searched for: what the index says of texts that are in it.
func meets(text string, conditions []step) bool {
	text = folded(text)
	for _, c := range conditions {
		if !strings.Contains(text, c.stretch) {
			return false
		}
	}
	return true
}

func isWide(r rune) bool { return r >= 0x2E80 }

func pieceLength(run []rune) int {
	if isWide(run[0]) {
		return pairLength
	}
	return maxWord
}

// step is one condition of a search: a stretch of text, as pieces that follow each other; the last may be only a beginning.
type step struct {
	stretch string
	pieces  []string
	prefix  bool
}

// steps turns what someone typed into conditions that must all hold.
func steps(query string) []step {
	var all []step
	for _, run := range runs(query) {
		n := pieceLength(run)
		if len(run) < n {
			all = append(all, step{string(run), []string{string(run)}, true})
			continue
		}
		s := step{stretch: string(run)}
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
	// done is where it stands up to which id SQLite's index has the texts; later ones wait for it. It is "" where they
	// go into it at once.
	done string

	put                   *Statement // on PostgreSQL; on SQLite the text and its index
	putText, putIndex     *Statement
	addIndexed            *Statement // many
	isDone, setDone, rest *Statement
	merge                 *Statement
}

func newTextIndex(text, fts, done string) TextIndex {
	x := TextIndex{text: text, fts: fts, done: done,
		put: Prepare("insert into " + text + ` (campaign_id, id, body, grams) values (?, ?, ?, ?::tsvector)
			on conflict (campaign_id, id) do update set body = excluded.body, grams = excluded.grams`),
		putText:    Prepare("insert or replace into " + text + " (id, campaign_id, body) values (?, ?, ?)"),
		putIndex:   Prepare("insert or replace into " + fts + " (rowid, grams) values (?, ?)"),
		addIndexed: Prepare("insert into " + fts + " (rowid, grams) select value ->> 0, value ->> 1 from json_each(?)")}
	if done != "" {
		x.isDone = Prepare("select upto from " + done)
		x.setDone = Prepare("update " + done + " set upto = ?")
		x.rest = Prepare("select id, campaign_id, body from " + text + " where id > ? order by id limit 1000")
		x.merge = Prepare("insert into " + fts + " (" + fts + ", rank) values ('merge', ?)")
	}
	return x
}

// The text indexes: of search entries, and of cases by the case's id.
var (
	EntryText = newTextIndex("search_text", "search_fts", "")
	CaseText  = newTextIndex("case_text", "case_fts", "case_fts_done")
)

var textIndexes = []TextIndex{EntryText, CaseText}

// Text is a text to be indexed under an id.
type Text struct {
	ID         int64
	CampaignID int64
	Body       string
}

// grams is what SQLite's index holds of a text. Where entries are read a page at a time, each is marked with its
// campaign: no text has such a piece, because § is no letter.
func (x TextIndex) grams(t Text) string {
	grams := strings.Join(Pairs(t.Body), " ")
	if x.done != "" {
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
	if err := x.putText.Exec(ctx, tx, id, campaignID, text); err != nil {
		return err
	}
	if upto, err := x.upto(ctx, tx); err != nil || id > upto {
		return err
	}
	return x.putIndex.Exec(ctx, tx, id, x.grams(Text{id, campaignID, text}))
}

// upto is the last id that SQLite's index has, whatever there is of it.
func (x TextIndex) upto(ctx context.Context, tx Tx) (id int64, err error) {
	if x.done == "" {
		return math.MaxInt64, nil
	}
	_, err = x.isDone.One(ctx, tx, nil, &id)
	return id, err
}

// mostWaiting is how many texts wait for SQLite's index: reading them through costs a search a fraction of a
// millisecond.
const mostWaiting = 128

// mergedPages is how many pages of the index are merged whenever texts go into it. They are some five pages, and among
// millions each page is written again some four times until it lies in one great segment, eight of a size making one
// (usermerge, in the migration). Left to itself FTS5 merges hundreds at once, and whoever registers waits twenty
// milliseconds.
const mergedPages = 30

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
	last := int64(0)
	for _, t := range list {
		if err := x.putText.Exec(ctx, tx, t.ID, t.CampaignID, t.Body); err != nil {
			return err
		}
		last = max(last, t.ID)
	}
	upto, err := x.upto(ctx, tx)
	if err != nil || last-upto < mostWaiting {
		return err
	}
	var waiting []Text
	if err := x.rest.Scan(ctx, tx, &waiting, upto); err != nil {
		return err
	}
	return x.index(ctx, tx, waiting, waiting[len(waiting)-1].ID)
}

// index puts texts into SQLite's index, which then has all up to last.
func (x TextIndex) index(ctx context.Context, tx Tx, list []Text, last int64) error {
	grams := make([][2]any, len(list))
	for i, t := range list {
		grams[i] = [2]any{t.ID, x.grams(t)}
	}
	text, err := json.Marshal(grams)
	if err != nil {
		return fmt.Errorf("texts as JSON: %w", err)
	}
	if err := x.addIndexed.Exec(ctx, tx, string(text)); err != nil || x.done == "" {
		return err
	}
	if err := x.setDone.Exec(ctx, tx, last); err != nil {
		return err
	}
	return x.merge.Exec(ctx, tx, mergedPages*max(len(list), mostWaiting)/mostWaiting)
}

// load writes and indexes texts of ids that are new in any order, on SQLite.
func (x TextIndex) load(ctx context.Context, tx Tx, list []Text) error {
	last, err := x.upto(ctx, tx)
	if err != nil {
		return err
	}
	for _, t := range list {
		if err := x.putText.Exec(ctx, tx, t.ID, t.CampaignID, t.Body); err != nil {
			return err
		}
		last = max(last, t.ID)
	}
	return x.index(ctx, tx, list, last)
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

// waiting lists what is found among the texts that wait.
func (x TextIndex) waiting(ctx context.Context, tx Tx, campaignID int64, conditions []step, before int64) (ids []int64, err error) {
	if x.done == "" {
		return nil, nil
	}
	var texts []Text
	err = tx.NewRaw("select id, campaign_id, body from "+x.text+" where id > (select upto from "+x.done+") and id < ? and campaign_id = ?",
		before, campaignID).Scan(ctx, &texts)
	for _, t := range texts {
		if meets(t.Body, conditions) {
			ids = append(ids, t.ID)
		}
	}
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

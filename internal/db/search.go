package db

import (
	"context"
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

// The texts of search entries, by the entry's id, on SQLite with their index beside them.
var (
	putEntry = Prepare(`insert into search_text (campaign_id, id, body, grams) values (?, ?, ?, ?::tsvector)
		on conflict (campaign_id, id) do update set body = excluded.body, grams = excluded.grams`)
	putEntryText  = Prepare("insert or replace into search_text (id, campaign_id, body) values (?, ?, ?)")
	putEntryIndex = Prepare("insert or replace into search_fts (rowid, grams) values (?, ?)")
)

// PutSearchText indexes text for the search entry id, in place of what was indexed for it before.
func PutSearchText(ctx context.Context, tx Tx, campaignID, id int64, text string) error {
	if KindOf(tx) == Postgres {
		return putEntry.Exec(ctx, tx, campaignID, id, text, vector(Pairs(text)))
	}
	if err := putEntryText.Exec(ctx, tx, id, campaignID, text); err != nil {
		return err
	}
	return putEntryIndex.Exec(ctx, tx, id, strings.Join(Pairs(text), " "))
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

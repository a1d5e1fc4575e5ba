package evidence

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// The words of the million are those of other photos of the same painter, each in so many rows that their share in
// what a look-up finds by chance is as in an album. Where they stand in their photo is by chance.
const (
	million      = 1_000_000
	millionAsked = 200
)

// TestSimilar_AmongAMillionTakesUnder20Milliseconds fills a database of some gigabytes for minutes, so it runs only
// where PINZHI_MILLION is set.
func TestSimilar_AmongAMillionTakesUnder20Milliseconds(t *testing.T) {
	if os.Getenv("PINZHI_MILLION") == "" {
		t.Skip("set PINZHI_MILLION=1 to fill and measure")
	}
	for _, kind := range []db.Kind{db.SQLite, db.Postgres} {
		t.Run(string(kind), func(t *testing.T) { measureMillion(t, kind, dbtest.DSN(t, kind)) })
	}
}

func measureMillion(t *testing.T, kind db.Kind, dsn string) {
	t.Helper()
	d, err := db.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	a := newAlbum(t, d, millionAsked)
	start := time.Now()
	fillMillion(t, kind, dsn)
	t.Logf("filled in %v", time.Since(start).Round(time.Second))
	copies := make([]imprint, millionAsked)
	each(millionAsked, func(i int) {
		r := rand.New(rand.NewPCG(uint64(i), 3))
		copies[i] = imprintOf(alterations[i%len(alterations)].do(t, r, a.photos[i]))
	})
	giveLooks(t, a, copies)
	for range 2 { // the second round is hot
		a.measure(t, copies)
	}
	times, right := a.measure(t, copies)
	slices.Sort(times)
	median, slow := times[len(times)/2], times[len(times)*99/100]
	t.Logf("%s: slowest %v", kind, times[len(times)-5:])
	t.Logf("%s: %d look-ups among %d photos, hot: half within %v, 99 of 100 within %v; %d found", kind, len(times), million, median, slow, right)
	if median > 20*time.Millisecond || right < millionAsked*95/100 {
		t.Errorf("half within %v, %d of %d found", median, right, millionAsked)
	}
	times = times[:0]
	for range 50 {
		in := Incoming{File: File{CampaignID: 1, ClientUUID: fmt.Sprint(rand.Int64()), Format: "jpeg", Kind: Photo, SHA256: fmt.Sprint(rand.Int64())}, imprint: copies[rand.IntN(len(copies))]}
		start := time.Now()
		if err := d.Write(t.Context(), func(tx db.Tx) error { _, err := a.s.Attach(t.Context(), tx, in, Subject{}); return err }); err != nil {
			t.Fatal(err)
		}
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	t.Logf("%s: attaching: half within %v, 9 of 10 within %v", kind, times[25], times[45])
}

// measure asks for every copy once.
func (a *album) measure(t *testing.T, copies []imprint) (times []time.Duration, right int) {
	t.Helper()
	for i, c := range copies {
		start := time.Now()
		matches, err := SimilarTo(t.Context(), a.d.Reader(), Incoming{File: File{CampaignID: 1}, imprint: c})
		times = append(times, time.Since(start))
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(matches, func(m Match) bool { return m.File.ID == a.files[i].ID }) {
			right++
		}
	}
	return times, right
}

// pool is the marks of photos that the album does not have.
func pool(t *testing.T) (marks []mark) {
	t.Helper()
	const photos = 1500
	found := make([][]mark, photos)
	each(photos, func(i int) { found[i] = imprintOf(recompress(t, scene(uint64(100_000+i), view{}), 80)).stored })
	for _, f := range found {
		marks = append(marks, f...)
	}
	slices.SortFunc(marks, func(a, b mark) int { return int(int64(a.word)>>8 - int64(b.word)>>8) })
	return marks
}

func fillMillion(t *testing.T, kind db.Kind, dsn string) {
	t.Helper()
	driver := map[db.Kind]string{db.SQLite: "sqlite", db.Postgres: "pgx"}[kind]
	raw, err := sql.Open(driver, strings.TrimPrefix(dsn, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	raw.SetMaxOpenConns(1)
	marks := pool(t)
	columns := `campaign_id, client_uuid, sha256, name, kind, format, bytes, width, height, device_accuracy, taken_zone, received_at,
		by_name, subject_kind, subject_id, purpose, round, sizes, sizes_attempts, sizes_at, created_at`
	each := million * keptMarks / len(marks)
	values := `1, 'm' || n, 'm' || n, 'a.jpg', 'photo', 'jpeg', 1, 1, 1, 0, '', '2024-03-20 00:00:00+00:00', '', 'case', n, 'before', 1, 'ready', 1,
		'2024-03-20 00:00:00+00:00', '2024-03-20 00:00:00+00:00'`
	var statements []string
	if kind == db.SQLite {
		statements = []string{
			"PRAGMA foreign_keys = off", "PRAGMA synchronous = off", "PRAGMA cache_size = -800000",
			"CREATE TEMP TABLE pool (word INTEGER, size INTEGER)", "",
			fmt.Sprintf("WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < %d) INSERT INTO evidence (%s) SELECT %s FROM s", million, columns, values),
			fmt.Sprintf(`WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < %d)
				INSERT OR IGNORE INTO evidence_marks SELECT 1, word, abs(random()) %% %d + %d, (abs(random()) %% 920) << 28 | (abs(random()) %% 690) << 14 | size
				FROM pool CROSS JOIN s`, each, million, millionAsked+1),
			"PRAGMA wal_checkpoint(truncate)",
		}
	} else {
		statements = []string{
			"ALTER TABLE evidence_marks DROP CONSTRAINT evidence_marks_campaign_id_evidence_id_fkey",
			"CREATE TEMP TABLE pool (word bigint, size bigint)", "",
			fmt.Sprintf("INSERT INTO evidence (%s) SELECT %s FROM generate_series(1, %d) n", columns, values, million),
			fmt.Sprintf(`INSERT INTO evidence_marks SELECT 1, word, floor(random() * %d) + %d, (floor(random() * 920)::bigint << 28) | (floor(random() * 690)::bigint << 14) | size
				FROM pool, generate_series(1, %d) ON CONFLICT DO NOTHING`, million, millionAsked+1, each),
			"VACUUM ANALYZE",
		}
	}
	for _, s := range statements {
		if s != "" {
			if _, err := raw.ExecContext(context.Background(), s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
			continue
		}
		for part := range slices.Chunk(marks, 1000) {
			var rows []string
			for _, m := range part {
				rows = append(rows, fmt.Sprintf("(%d, %d)", m.word, m.spot.pack()&(1<<spotBits-1)))
			}
			if _, err := raw.ExecContext(context.Background(), "INSERT INTO pool VALUES "+strings.Join(rows, ", ")); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// giveLooks stores looks for the photos that will be compared: those of all million would fill the disk.
func giveLooks(t *testing.T, a *album, copies []imprint) {
	t.Helper()
	looks := make([]look, 50)
	each(len(looks), func(i int) { looks[i] = imprintOf(scene(uint64(200_000+i), view{})).look })
	rows, candidates := 0, 0
	given := map[int64]bool{}
	for _, f := range a.files {
		given[f.ID] = true
	}
	for _, c := range copies {
		found, err := c.candidates(t.Context(), a.d.Reader(), 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		candidates += len(found)
		var add []lookRow
		for _, f := range found {
			if !given[f.id] {
				given[f.id] = true
				add = append(add, lookRow{CampaignID: 1, EvidenceID: f.id, Look: looks[int(f.id)%len(looks)].bytes(), Asks: []byte{}})
			}
		}
		if len(add) > 0 {
			if err := a.d.Write(t.Context(), func(tx db.Tx) error { _, err := tx.NewInsert().Model(&add).Exec(t.Context()); return err }); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := a.d.Reader().NewRaw("SELECT count(*) FROM evidence_marks").Scan(t.Context(), &rows); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rows of marks; %d candidates a look-up", rows, candidates/len(copies))
}

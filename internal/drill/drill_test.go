package drill_test

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/drill"
	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
)

// TestSpeed_OfLiving prints how long a city of PINZHI_SPEED cases takes to live fifteen months.
func TestSpeed_OfLiving(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("PINZHI_SPEED"))
	if n == 0 {
		t.Skip("PINZHI_SPEED=5000 runs it")
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		blobs, err := evidence.NewFolder(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		r, err := drill.Live(t.Context(), d, blobs, drill.Options{Cases: n, Months: 15, Seed: 1}, nil)
		if err != nil {
			t.Fatal(err)
		}
		steps := 0
		for _, k := range r.Steps {
			steps += k
		}
		lived := time.Since(began)
		t.Logf("%s: %d cases, %d steps, %d refused in %.1f s: %s a step", d.Kind(), r.Steps[cases.Register], steps, r.Refused, lived.Seconds(), (lived / time.Duration(steps)).Round(time.Microsecond))
		keeper, err := ledger.Open(t.Context(), d, t.TempDir(), kernel.Clock{})
		if err != nil {
			t.Fatal(err)
		}
		began = time.Now()
		sealed, err := keeper.SealNow(t.Context())
		t.Logf("%d events sealed in %.1f s, %v", sealed, time.Since(began).Seconds(), err)
	})
}

func live(t *testing.T, d *db.DB, o drill.Options) drill.Result {
	t.Helper()
	blobs, err := evidence.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r, err := drill.Live(t.Context(), d, blobs, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// lived is what a database holds, a line a row, but for what is drawn at random whatever the seed: numbers of uploads, the campaign's stamp.
func lived(t *testing.T, d *db.DB) []string {
	t.Helper()
	tables, err := db.Tables(t.Context(), d.Reader())
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, table := range tables {
		if table == "evidence" {
			continue
		}
		err := db.Dump(t.Context(), d.Reader(), table, func(line []byte) error {
			if table == "campaigns" {
				line = line[:bytes.LastIndexByte(line, ',')] // its stamp
			}
			lines = append(lines, table+" "+string(line))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return lines
}

func TestLive_TheSameSeedIsTheSameCity(t *testing.T) {
	o := drill.Options{Cases: 150, Months: 3, Seed: 7, Pictures: 3}
	first, second, other := dbtest.Open(t, db.SQLite), dbtest.Open(t, db.SQLite), dbtest.Open(t, db.SQLite)
	live(t, first, o)
	live(t, second, o)
	o.Seed = 8
	live(t, other, o)
	a, b := lived(t, first), lived(t, second)
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Fatalf("the first city has\n%s\nthe second\n%s", a[i], b[i])
		}
	}
	if len(a) != len(b) {
		t.Errorf("the first city has %d rows, the second %d", len(a), len(b))
	}
	if slices.Equal(a, lived(t, other)) {
		t.Error("another seed gives the same city")
	}
}

// TestLive_EverythingHappens: what a clerk meets in a year happens, and the books of it are right on both databases.
func TestLive_EverythingHappens(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := live(t, d, drill.Options{Cases: 700, Months: 8, Seed: 3, Pictures: 12})
		for _, row := range cases.Transitions {
			if v := row.Verb; r.Steps[v] == 0 && v != cases.Escalate && v != cases.Object && v != cases.RefuseDeferral {
				t.Errorf("in 700 cases nobody took the step %s", v.Name())
			}
		}
		var escalated, reminded, closed, answered int
		for query, n := range map[string]*int{"SELECT count(*) FROM events WHERE verb = 'escalated'": &escalated, "SELECT count(*) FROM events WHERE verb = 'reminded'": &reminded,
			"SELECT count(*) FROM cases WHERE step = 'closed'": &closed, "SELECT count(*) FROM evidence WHERE purpose = 'after'": &answered} {
			if err := d.Reader().NewRaw(query).Scan(t.Context(), n); err != nil {
				t.Fatal(err)
			}
		}
		if escalated == 0 || reminded == 0 || closed < 450 || answered == 0 {
			t.Errorf("%d escalated, %d reminders, %d closed, %d photographs of after", escalated, reminded, closed, answered)
		}
		if found, err := cases.Examine(t.Context(), d.Reader()); err != nil || len(found) > 0 {
			t.Errorf("the books: %v, %v", found, err)
		}
		keeper, err := ledger.Open(t.Context(), d, t.TempDir(), kernel.Clock{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := keeper.SealNow(t.Context()); err != nil {
			t.Fatal(err)
		}
		if report, err := keeper.Verify(t.Context()); err != nil || !report.Sound() {
			t.Errorf("the ledger: %+v, %v", report, err)
		}
	})
}

// TestLive_NobodyIsForgottenForAYear: what is late is escalated within days, and somebody then puts it right; a case that
// no one will ever touch again is no practice for anybody.
func TestLive_NobodyIsForgottenForAYear(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	r := live(t, d, drill.Options{Cases: 2500, Months: 8, Seed: 5})
	var oldest []string
	err := d.Reader().NewRaw("SELECT id || ' ' || step || ' ' || due_at FROM cases WHERE hand <> '' AND due_at < ?", r.Until.AddDate(0, 0, -75)).Scan(t.Context(), &oldest)
	if err != nil || len(oldest) > 0 {
		t.Errorf("forgotten: %v, %v", oldest, err)
	}
}

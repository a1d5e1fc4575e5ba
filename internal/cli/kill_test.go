package cli

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
)

const killedPlan = "../../examples/pinghe/plan.txt"

// program builds the program that ships, once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "pinzhi-program-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "pinzhi")
	out, err := exec.Command("go", "build", "-o", path, "../../cmd/pinzhi").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if path, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(status)
}

// TestCampaignOpen_KilledAtAnyMomentLeavesAllOrNothing kills the real program while it opens a campaign. Half of
// the rounds spread over its whole life; the others go where the first half saw the change from nothing to all.
func TestCampaignOpen_KilledAtAnyMomentLeavesAllOrNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the program sixty times")
	}
	for _, c := range []struct {
		kind   db.Kind
		rounds int
	}{{db.SQLite, 50}, {db.Postgres, 10}} {
		t.Run(string(c.kind), func(t *testing.T) {
			k := newKilling(t, c.kind)
			k.spread(t, c.rounds/2, 0, k.whole+k.whole/5)
			for widened := 0; k.there == 0 && widened < 4; widened++ { // the machine became slower meanwhile
				k.whole *= 2
				k.spread(t, c.rounds/2, k.whole/2, k.whole)
			}
			k.spread(t, c.rounds-c.rounds/2, k.firstThere*9/10, max(k.firstThere, k.lastNot)*11/10)
			t.Logf("%s: undisturbed %v; killed %d times: wholly there %d, not at all %d; there from %v on, not there up to %v",
				c.kind, k.undisturbed, k.there+k.not, k.there, k.not, k.firstThere, k.lastNot)
			if k.there == 0 || k.not == 0 {
				t.Error("every kill fell on one side: this proved nothing")
			}
		})
	}
}

// killing is a series of rounds on one kind of database.
type killing struct {
	kind        db.Kind
	program     string
	template    string // a data folder with a migrated database and a ledger key
	reference   string // the export of an undisturbed opening
	undisturbed time.Duration
	whole       time.Duration // how long an opening is believed to take

	there, not          int
	firstThere, lastNot time.Duration
}

func newKilling(t *testing.T, kind db.Kind) *killing {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	k := &killing{kind: kind, program: path, template: t.TempDir(), firstThere: time.Hour}
	ok(t, "account", "list", "--data", k.template)
	if kind == db.SQLite {
		ok(t, "ledger", "seal", "--data", k.template)
	}
	var took []time.Duration
	for range 3 {
		g := k.ground(t)
		start := time.Now()
		if out, err := k.opening(t.Context(), g).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		took = append(took, time.Since(start))
		k.reference = ok(t, k.args(g, "campaign", "export")...)
	}
	slices.Sort(took)
	k.undisturbed, k.whole = took[1], took[1]
	return k
}

// ground is a fresh copy of the template, on PostgreSQL with a fresh database.
func (k *killing) ground(t *testing.T) ground {
	t.Helper()
	g := ground{Data: filepath.Join(t.TempDir(), "data")}
	if k.kind == db.Postgres {
		g.DB = dbtest.DSN(t, k.kind)
		return g
	}
	if err := os.CopyFS(g.Data, os.DirFS(k.template)); err != nil {
		t.Fatal(err)
	}
	return g
}

func (k *killing) args(g ground, args ...string) []string {
	args = append(args, "--data", g.Data)
	if g.DB != "" {
		args = append(args, "--db", g.DB)
	}
	return args
}

func (k *killing) opening(ctx context.Context, g ground) *exec.Cmd {
	return exec.CommandContext(ctx, k.program, k.args(g, "campaign", "open", killedPlan)...)
}

// spread kills rounds openings, the moments spread from one delay to another with some chance in each.
func (k *killing) spread(t *testing.T, rounds int, from, to time.Duration) {
	t.Helper()
	step := max((to-from)/time.Duration(rounds), 1)
	for i := range rounds {
		k.round(t, from+step*time.Duration(i)+rand.N(step))
	}
}

// round starts an opening, kills it after the delay, and looks at what is there.
func (k *killing) round(t *testing.T, delay time.Duration) {
	t.Helper()
	g := k.ground(t)
	said := k.killAfter(t, g, delay)
	k.waitUntilAlone(t, g)
	list := ok(t, k.args(g, "campaign", "list")...)
	there := list != ""
	if there {
		k.there, k.firstThere = k.there+1, min(k.firstThere, delay)
		k.mustEqualReference(t, g, delay)
	} else {
		k.not, k.lastNot = k.not+1, max(k.lastNot, delay)
	}
	if strings.Contains(said, "已启动行动") && !there {
		t.Errorf("killed after %v: the program said it was done, and nothing is there", delay)
	}
	mustHaveNoOrphans(t, g, there, delay)
	ok(t, k.args(g, "ledger", "seal")...)
	if out := ok(t, k.args(g, "ledger", "verify")...); there && !strings.Contains(out, "行动 1：") {
		t.Errorf("killed after %v: the ledger knows nothing of it: %s", delay, out)
	}
	k.mustOpenAgain(t, g, there, delay)
}

func (k *killing) killAfter(t *testing.T, g ground, delay time.Duration) (said string) {
	t.Helper()
	var out bytes.Buffer
	c := k.opening(t.Context(), g)
	c.Stdout = &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(delay)    // not for somebody else to get ready: the moment is the point
	_ = c.Process.Kill() // it may be done already
	_ = c.Wait()
	return out.String()
}

// waitUntilAlone lets PostgreSQL find out that its client is dead: until then it may still commit.
func (k *killing) waitUntilAlone(t *testing.T, g ground) {
	t.Helper()
	if k.kind != db.Postgres {
		return
	}
	d := mustOpen(t, g)
	defer d.Close()
	for others := 1; others > 0; time.Sleep(2 * time.Millisecond) {
		err := d.Reader().NewRaw(`select count(*) from pg_stat_activity where datname = current_database()
			and backend_type = 'client backend' and pid <> pg_backend_pid()`).Scan(t.Context(), &others)
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (k *killing) mustEqualReference(t *testing.T, g ground, delay time.Duration) {
	t.Helper()
	if ok(t, k.args(g, "campaign", "export")...) != k.reference {
		t.Errorf("killed after %v: the campaign is there, but not as an undisturbed opening leaves it", delay)
	}
}

func (k *killing) mustOpenAgain(t *testing.T, g ground, there bool, delay time.Duration) {
	t.Helper()
	status, _, errs := run(k.args(g, "campaign", "open", killedPlan)...)
	if want := map[bool]int{true: exitFailed, false: 0}[there]; status != want || there && !strings.Contains(errs, "已经启动过了") {
		t.Errorf("killed after %v, then opened again: exit status %d, want %d: %s", delay, status, want, errs)
	}
	k.mustEqualReference(t, g, delay)
}

func mustOpen(t *testing.T, g ground) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), g.dsn())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// mustHaveNoOrphans: every row of a campaign belongs to one that is there; without one nothing of the plan is left.
func mustHaveNoOrphans(t *testing.T, g ground, there bool, delay time.Duration) {
	t.Helper()
	d := mustOpen(t, g)
	defer d.Close()
	tables, err := db.Tables(t.Context(), d.Reader())
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		query := "select count(*) from " + table
		switch {
		case hasColumn(t, d, table, "campaign_id"):
			query += " where campaign_id <> 0 and campaign_id not in (select id from campaigns)"
		case there || table != "units" && table != "people" && table != "campaigns":
			continue
		}
		var n int
		if err := d.Reader().NewRaw(query).Scan(t.Context(), &n); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			t.Errorf("killed after %v: %d orphan rows in %s", delay, n, table)
		}
	}
}

func hasColumn(t *testing.T, d *db.DB, table, column string) bool {
	t.Helper()
	rows, err := d.Reader().QueryContext(t.Context(), "select * from "+table+" limit 0") //nolint:unqueryvet // which columns there are is the question
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Contains(names, column)
}

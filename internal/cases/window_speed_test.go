package cases_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/webtest"
)

// many is how many cases a big city has after some years.
const many = 100_000

// TestWindow_Speed measures with as many cases as a big city has; it takes a minute and says nothing on a busy
// machine, so it runs only when asked for: PINZHI_SPEED=1 go test -run Speed -v ./internal/cases.
func TestWindow_Speed(t *testing.T) {
	if os.Getenv("PINZHI_SPEED") == "" {
		t.Skip("PINZHI_SPEED=1 runs it")
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		c.fillPlaces(t, many)
		city := cases.Box{West: 111.2, South: 35.85, East: 111.8, North: 36.3}
		town := cases.Box{West: 111.48, South: 36.06, East: 111.54, North: 36.1}
		street := cases.Box{West: 111.505, South: 36.08, East: 111.515, North: 36.085}
		for _, x := range []struct {
			name, who string
			f         cases.Filter
			box       cases.Box
			zoom      int
		}{
			{"city open", "office", cases.Filter{Open: true}, city, 11},
			{"city all", "office", cases.Filter{}, city, 11},
			{"town open", "office", cases.Filter{Open: true}, town, 14},
			{"town all", "office", cases.Filter{}, town, 15},
			{"street open", "office", cases.Filter{Open: true}, street, 16},
			{"street all", "office", cases.Filter{}, street, 16},
			{"city open category", "office", cases.Filter{Open: true, Category: "绿化亮化"}, city, 11},
			{"city open rectifying", "office", cases.Filter{Open: true, Step: cases.Rectifying}, city, 11},
			{"city late", "office", cases.Filter{Open: true, Late: true}, city, 11},
			{"city all category", "office", cases.Filter{Category: "绿化亮化"}, city, 11},
			{"city all mild", "office", cases.Filter{Severity: cases.Ordinary}, city, 11},
			{"city open unit", "lead", cases.Filter{Open: true}, city, 11},
			{"city all unit", "lead", cases.Filter{}, city, 11},
			{"street open unit", "lead", cases.Filter{Open: true}, street, 16},
		} {
			ctx := c.as(t, x.who)
			v, err := c.Viewer(ctx, c.campaign.ID)
			if err != nil {
				t.Fatal(err)
			}
			r := rand.New(rand.NewPCG(1, 2))
			timed(t, x.name, func() string {
				b, by := x.box, (x.box.East-x.box.West)*0.1*r.Float64()
				b.West, b.East = b.West+by, b.East+by // as people move it
				w, err := c.Window(ctx, v, x.f, b, x.zoom)
				if err != nil {
					t.Fatal(err)
				}
				return fmt.Sprintf("n %d, late %d, %d points, %d cells, %d rows", w.N, w.Late, len(w.Points), len(w.Cells), len(w.Rows))
			})
		}
		for _, who := range []string{"office", "lead"} {
			ctx := c.as(t, who)
			v, err := c.Viewer(ctx, c.campaign.ID)
			if err != nil {
				t.Fatal(err)
			}
			timed(t, "placed "+who, func() string {
				p, _, err := c.Start(ctx, v, cases.Filter{Open: true})
				if err != nil {
					t.Fatal(err)
				}
				return fmt.Sprint(p)
			})
			timed(t, "board "+who, func() string {
				b, err := c.Board(ctx, v)
				if err != nil {
					t.Fatal(err)
				}
				return fmt.Sprintf("%d columns", len(b))
			})
		}
	})
}

func timed(t *testing.T, name string, run func() string) {
	t.Helper()
	const times = 100
	said := run()
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	took := make([]time.Duration, times)
	for i := range took {
		start := time.Now()
		run()
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	// The time on the processor says what a machine without other work needs; PostgreSQL's own is not in it.
	cpu := time.Duration(after.Utime.Nano()+after.Stime.Nano()-before.Utime.Nano()-before.Stime.Nano()) / times
	t.Logf("%-22s cpu %5.1f ms  p50 %5.1f ms  p99 %5.1f ms  (%s)", name, float64(cpu.Microseconds())/1000, float64(took[times/2].Microseconds())/1000, float64(took[times*99/100].Microseconds())/1000, said)
}

// fill writes cases in bulk, as they would stand after years: a third open, a tenth of those late; most of them in
// the towns.
func (c *city) fillPlaces(t *testing.T, n int) {
	t.Helper()
	ctx := context.Background()
	counts, err := roster.UnitCounts(webtest.System(), c.db.Reader(), c.campaign.ID)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	now := time.UnixMicro(c.now.Load()).UTC()
	open := []cases.Step{cases.Registered, cases.Accepted, cases.Dispatched, cases.Rectifying, cases.Rectifying, cases.Rectifying, cases.Responded, cases.Deferred, cases.Returning}
	hands := map[cases.Step]cases.Hand{cases.Registered: cases.Office, cases.Accepted: cases.Office, cases.Dispatched: cases.Unit, cases.Rectifying: cases.Unit,
		cases.Responded: cases.Verifier, cases.Deferred: cases.Unit, cases.Returning: cases.Office}
	categories := []string{"绿化亮化", "市容环境", "农贸市场", "背街小巷", "交通秩序", "建筑工地", "老旧小区", "其他"}
	base := cases.Case{CampaignID: c.campaign.ID}
	for from := 0; from < n; from += 2000 {
		rows := make([]cases.Case, 0, 2000)
		var units []cases.CaseUnit
		for i := from; i < min(from+2000, n); i++ {
			lat, lon := 36.08+r.NormFloat64()*0.03, 111.51+r.NormFloat64()*0.04
			if i%4 == 0 {
				lat, lon = 35.9+r.Float64()*0.35, 111.25+r.Float64()*0.5
			}
			x := base
			x.ID, x.UUID = int64(i+1), fmt.Sprint("speed-", i)
			x.Title, x.Words, x.Address = "解放路东段行道树枯死", "解放路东段行道树枯死三棵，影响市容，已拍照。", "解放路与平阳街口东 40 米"
			x.Source, x.Category, x.Severity = cases.Sources[i%9], categories[r.IntN(8)], cases.Severities[min(r.IntN(6)/3, 2)]
			x.Lat, x.Lon = &lat, &lon
			x.FoundBy, x.FoundName, x.FoundAt, x.RegisteredAt = int64(5000+r.IntN(40)), "谈笑", now.Add(-time.Duration(i)*time.Minute), now.Add(-time.Duration(i)*time.Minute)
			x.Step, x.StepAt = cases.Closed, x.FoundAt
			x.LeadUnitID = counts[r.IntN(len(counts))].UnitID
			if r.IntN(10) == 0 {
				x.LeadUnitID = c.units["lead"]
			}
			if r.IntN(3) == 0 {
				x.Step = open[r.IntN(len(open))]
				x.Hand = hands[x.Step]
				x.DueAt = now.Add(time.Duration(r.IntN(9000)-900) * time.Minute)
				x.AmberAt = x.DueAt.Add(-24 * time.Hour)
			}
			rows = append(rows, x)
			units = append(units, cases.CaseUnit{CampaignID: c.campaign.ID, UnitID: x.LeadUnitID, CaseID: x.ID, Role: cases.Lead})
		}
		if err := c.db.Write(ctx, func(tx db.Tx) error {
			_, err := tx.NewInsert().Model(&rows).ExcludeColumn().Exec(ctx)
			if err == nil {
				_, err = tx.NewInsert().Model(&units).Exec(ctx)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	c.summarise(t)
}

// summarise counts what registering one by one would have counted.
func (c *city) summarise(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	statements := []string{
		`INSERT INTO case_counts (campaign_id, unit_id, step, shard, n) SELECT campaign_id, 0, step, id % 16, count(*) FROM cases GROUP BY 1, 3, 4`,
		`ANALYZE`,
	}
	for _, s := range statements {
		if err := c.db.Write(ctx, func(tx db.Tx) error {
			_, err := tx.NewRaw(s).Exec(ctx)
			return err
		}); err != nil {
			t.Fatalf("%.40s: %v", s, err)
		}
	}
	if c.db.Kind() == db.Postgres { // as autovacuum does within minutes
		if _, err := c.db.Reader().NewRaw("VACUUM cases").Exec(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

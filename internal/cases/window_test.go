package cases_test

import (
	"net/url"
	"testing"
	"time"

	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"

	"github.com/google/go-cmp/cmp"
)

var wholeCity = cases.Box{West: 111, South: 35, East: 112, North: 37}

func (c *city) registerAt(t *testing.T, who string, lat, lon float64) cases.Case {
	t.Helper()
	x, err := c.Register(c.as(t, who), c.campaign.ID, cases.Registration{Words: "路灯不亮", Source: cases.SelfCheck, Address: "滨河路", Lat: &lat, Lon: &lon})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func (c *city) window(t *testing.T, who string, f cases.Filter, b cases.Box, zoom int) cases.Window {
	t.Helper()
	ctx := c.as(t, who)
	v, err := c.Viewer(ctx, c.campaign.ID)
	if err != nil {
		t.Fatal(err)
	}
	w, err := c.Window(ctx, v, f, b, zoom)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWindow_ShowsEverybodyWhatExistsForThem(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		a := c.registerAt(t, "inspector", 36.08, 111.51)
		c.must(t, a.ID, step{"inspector", c.act(cases.Dispatch)}) // to lead, with support
		c.registerAt(t, "other", 36.09, 111.52)
		done := c.registerAt(t, "inspector", 36.1, 111.53)
		c.must(t, done.ID, step{"office", c.act(cases.Decline)})
		c.registerAt(t, "inspector", 36.2, 113) // beside the window
		c.register(t, "inspector")              // nowhere
		for who, want := range map[string][2]int{"office": {2, 3}, "inspector": {2, 3}, "leader": {2, 3}, "lead": {1, 1}, "support": {1, 1}, "other": {1, 1}} {
			if w := c.window(t, who, cases.Filter{Open: true}, wholeCity, 11); w.N != want[0] || len(w.Points) != want[0] || len(w.Rows) != want[0] {
				t.Errorf("%s sees %d open cases (%d points, %d rows), want %d", who, w.N, len(w.Points), len(w.Rows), want[0])
			}
			if w := c.window(t, who, cases.Filter{}, wholeCity, 11); w.N != want[1] {
				t.Errorf("%s sees %d cases, want %d", who, w.N, want[1])
			}
			board := 0
			v, err := c.Viewer(c.as(t, who), c.campaign.ID)
			if err != nil {
				t.Fatal(err)
			}
			columns, err := c.Board(c.as(t, who), v)
			if err != nil {
				t.Fatal(err)
			}
			listed := 0
			for _, col := range columns {
				board, listed = board+col.N, listed+len(col.Rows)
			}
			all, err := c.List(c.as(t, who), v, cases.Filter{Open: true})
			if err != nil {
				t.Fatal(err)
			}
			if board != len(all.Rows) || listed != board {
				t.Errorf("%s: the board has %d cases and lists %d, the list %d", who, board, listed, len(all.Rows))
			}
			p, _, err := c.Start(c.as(t, who), v, cases.Filter{Open: true})
			if err != nil || p.Of != len(all.Rows) {
				t.Errorf("%s: %d of %d have a place, the list has %d; %v", who, p.N, p.Of, len(all.Rows), err)
			}
		}
	})
}

func TestWindow_CountsTheSameByCellsAndByCases(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		c.fillPlaces(t, 6000)
		c.at("2024-03-20 10:00")
		box := cases.Box{West: 111.0037, South: 35.5011, East: 112.0021, North: 36.6}
		for _, f := range []cases.Filter{{Open: true}, {}, {Open: true, Late: true}, {Category: "农贸市场"}, {Severity: cases.Ordinary}} {
			n, late := c.counted(t, f)
			c.wantStart(t, f, n, late, c.window(t, "office", f, box, 0))
			for zoom := 5; zoom <= 16; zoom++ {
				w := c.window(t, "office", f, box, zoom)
				inCells, lateInCells := 0, 0
				for _, cell := range w.Cells {
					inCells, lateInCells = inCells+cell.N, lateInCells+cell.Late
				}
				if w.N != n || w.Late != late || (len(w.Cells) > 0 && (inCells != n || lateInCells != late)) || (len(w.Cells) == 0) != (n <= 1000) {
					t.Errorf("%+v at zoom %d: %d cases, %d late, %d in %d cells; want %d, %d late", f, zoom, w.N, w.Late, inCells, len(w.Cells), n, late)
				}
				if len(w.Rows) != 50 {
					t.Errorf("%+v at zoom %d: %d rows in the list", f, zoom, len(w.Rows))
				}
			}
		}
	})
}

// wantStart: the map's page begins with what a window around everything shows.
func (c *city) wantStart(t *testing.T, f cases.Filter, n, late int, around cases.Window) {
	t.Helper()
	ctx := c.as(t, "office")
	v, err := c.Viewer(ctx, c.campaign.ID)
	if err != nil {
		t.Fatal(err)
	}
	p, w, err := c.Start(ctx, v, f)
	if err != nil || w.N != n || w.Late != late || p.N < n || p.Of < p.N {
		t.Errorf("%+v: %d cases, %d late of %+v, %v; want %d, %d late", f, w.N, w.Late, p, err, n, late)
	}
	if diff := cmp.Diff(around.Rows, w.Rows); diff != "" {
		t.Errorf("%+v: %s", f, diff)
	}
}

// counted counts the plain way.
func (c *city) counted(t *testing.T, f cases.Filter) (n, late int) {
	t.Helper()
	q := c.db.Reader().NewSelect().TableExpr("cases").ColumnExpr("count(*) AS n").
		ColumnExpr("coalesce(sum(CASE WHEN hand <> '' AND due_at <= ? THEN 1 ELSE 0 END), 0) AS late", time.UnixMicro(c.now.Load()).UTC())
	if f.Open {
		q = q.Where("hand <> ''")
	}
	if f.Late {
		q = q.Where("hand <> ''").Where("due_at <= ?", time.UnixMicro(c.now.Load()).UTC())
	}
	if f.Category != "" {
		q = q.Where("category = ?", f.Category)
	}
	if f.Severity != "" {
		q = q.Where("severity = ?", f.Severity)
	}
	if err := q.Scan(t.Context(), &n, &late); err != nil {
		t.Fatal(err)
	}
	return n, late
}

func TestViews_AreOnesOwnAndReadAnew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		office, lead := c.as(t, "office"), c.as(t, "lead")
		w, err := c.KeepView(office, c.campaign.ID, "  市容  逾期 ", cases.Filter{Late: true, Category: "市容环境", After: "17"})
		if err != nil || w.Name != "市容 逾期" || w.Query != "category=%E5%B8%82%E5%AE%B9%E7%8E%AF%E5%A2%83&late=1" {
			t.Fatalf("%+v, %v", w, err)
		}
		again, err := c.KeepView(office, c.campaign.ID, "市容 逾期", cases.Filter{Late: true})
		if err != nil || again.ID != w.ID {
			t.Errorf("kept again as %d, %v", again.ID, err)
		}
		if _, err := c.KeepView(lead, c.campaign.ID, "市容 逾期", cases.Filter{Mine: true}); err != nil {
			t.Error(err)
		}
		for _, name := range []string{"", "  ", "一二三四五六七八九十一二三四五六七八九十一"} {
			if _, err := c.KeepView(office, c.campaign.ID, name, cases.Filter{}); kernel.CodeOf(err) != kernel.Invalid {
				t.Errorf("%q: %v", name, err)
			}
		}
		if err := c.DropView(lead, c.campaign.ID, w.ID); kernel.CodeOf(err) != kernel.NotFound {
			t.Errorf("somebody else's view: %v", err)
		}
		if err := c.DropView(office, c.campaign.ID, w.ID); err != nil {
			t.Error(err)
		}
		for who, want := range map[string]int{"office": 0, "lead": 1} {
			v, err := c.Viewer(c.as(t, who), c.campaign.ID)
			if err != nil {
				t.Fatal(err)
			}
			if list, err := c.Views(c.as(t, who), v); err != nil || len(list) != want {
				t.Errorf("%s keeps %d views, want %d; %v", who, len(list), want, err)
			}
		}
	})
}

func FuzzFilterOf(f *testing.F) {
	f.Add("step=closed&late=1&q=路灯&after=3")
	f.Add("step=x&severity=%00&unit=-1&open=&mine=0")
	f.Fuzz(func(t *testing.T, query string) {
		q, _ := url.ParseQuery(query)
		once := cases.FilterOf(q)
		once.After = ""
		if again := cases.FilterOf(once.Query()); again != once {
			t.Errorf("%+v read anew is %+v", once, again)
		}
	})
}

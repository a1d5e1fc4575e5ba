package cases_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"pinzhi/internal/cases"
	"pinzhi/internal/cases/casestest"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
)

// TestSpeed_OfAHundredThousandCases prints how long every list takes; it judges nothing: machines differ.
// Run it with PINZHI_SPEED=1, or a number of runs: go test -v -timeout 60m -run TestSpeed ./internal/cases .
func TestSpeed_OfAHundredThousandCases(t *testing.T) {
	if os.Getenv("PINZHI_SPEED") == "" {
		t.Skip("PINZHI_SPEED=1 runs it: minutes")
	}
	runs := 200
	if n, err := strconv.Atoi(os.Getenv("PINZHI_SPEED")); err == nil && n > 1 {
		runs = n
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		began := time.Now()
		casestest.Fill(t, d, casestest.Filling{CampaignID: c.campaign.ID, Lead: c.units["lead"], Start: time.UnixMicro(c.now.Load()).UTC(), N: many})
		c.at("2025-03-18 08:12")
		t.Log("filled in", time.Since(began).Round(time.Second))
		t.Logf("%-52s %9s %9s", d.Kind(), "p50", "p99")
		for _, m := range c.measured(t) {
			took := m.times(t, runs)
			t.Logf("%-52s %9s %9s  (%d)", m.name, took[len(took)/2].Round(10*time.Microsecond), took[len(took)*99/100].Round(10*time.Microsecond), m.found)
		}
	})
}

// measure is one thing that a screen asks for.
type measure struct {
	name  string
	run   func() (int, error)
	found int
}

func (m *measure) times(t *testing.T, n int) []time.Duration {
	t.Helper()
	took := make([]time.Duration, n)
	for i := range took {
		start := time.Now()
		var err error
		if m.found, err = m.run(); err != nil {
			t.Fatal(m.name, err)
		}
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	return took
}

func (c *city) measured(t *testing.T) (all []measure) {
	t.Helper()
	office, lead := c.as(t, "office"), c.as(t, "lead")
	add := func(name string, run func() (int, error)) { all = append(all, measure{name: name, run: run}) }
	list := func(who string, ctx context.Context, f cases.Filter) {
		v, err := c.Viewer(ctx, c.campaign.ID)
		if err != nil {
			t.Fatal(err)
		}
		add(fmt.Sprintf("%s %s", who, filterWords(f)), func() (int, error) {
			p, err := c.List(ctx, v, f)
			return len(p.Rows), err
		})
	}
	unit := c.units["lead"]
	for _, f := range []cases.Filter{
		{}, {After: "50000"}, {After: "60"}, {Step: cases.Closed}, {Step: cases.Rectifying}, {Step: cases.Coordinating}, {Step: cases.Registered, After: "200"},
		{Unit: unit}, {Category: "绿化亮化"}, {Category: "河道水体"}, {Severity: cases.Ordinary}, {Severity: cases.Urgent}, {Source: cases.Hotline},
		{Source: cases.Meeting}, {Late: true}, {Mine: true},
		{Step: cases.Coordinating, Source: cases.Meeting}, {Step: cases.Closed, Category: "河道水体"}, {Step: cases.Closed, Source: cases.Meeting}, {Unit: unit, Category: "河道水体"},
		{Unit: unit, Step: cases.Registered}, {Unit: unit, Severity: cases.Urgent, Source: cases.Media}, {Category: "绿化亮化", Source: cases.Meeting},
		{Category: "市容环境", Severity: cases.Urgent}, {Severity: cases.Urgent, Source: cases.Meeting}, {Severity: cases.Ordinary, Source: cases.LeaderNote},
		{Step: cases.Closed, Severity: cases.Urgent, Source: cases.Letter, Category: "绿化亮化"}, {Step: cases.Deferring, Severity: cases.Urgent},
		{Late: true, Category: "绿化亮化"}, {Late: true, Severity: cases.Urgent, Source: cases.Media}, {Late: true, Unit: unit}, {Mine: true, Step: cases.Deferring},
		{Text: "路段"}, {Text: "垃圾"}, {Text: "鹦鹉"}, {Text: "椰子"}, {Text: "没有"}, {Text: "解放路 垃圾"}, {Text: "2024-000123"}, {Text: "路"},
		{Text: "垃圾", After: "50000"}, {Text: "垃圾", Step: cases.Coordinating}, {Text: "垃圾", Source: cases.Meeting}, {Text: "垃圾", Unit: unit}, {Text: "垃圾", Unit: unit, Step: cases.Registered},
		{Text: "鹦鹉", Step: cases.Closed}, {Text: "路", Late: true, Source: cases.Meeting},
	} {
		list("office", office, f)
	}
	for _, f := range []cases.Filter{{}, {After: "50000"}, {After: "60"}, {Step: cases.Closed}, {Step: cases.Rectifying}, {Category: "河道水体"}, {Severity: cases.Urgent}, {Source: cases.Meeting},
		{Late: true}, {Mine: true}, {Text: "垃圾"}, {Text: "鹦鹉"}, {Text: "垃圾", Step: cases.Coordinating}, {Text: "路", Source: cases.Meeting}} {
		list("unit", lead, f)
	}
	return append(all, c.measuredDesks(t)...)
}

func filterWords(f cases.Filter) string {
	words := ""
	for _, w := range []string{string(f.Step), f.Category, string(f.Severity), string(f.Source), f.Text} {
		if w != "" {
			words += " " + w
		}
	}
	for w, on := range map[string]bool{" late": f.Late, " mine": f.Mine, " lead unit": f.Unit != 0, " after " + f.After: f.After != ""} {
		if on {
			words += w
		}
	}
	return "list" + words
}

func (c *city) measuredDesks(t *testing.T) (all []measure) {
	t.Helper()
	office, lead := c.as(t, "office"), c.as(t, "lead")
	for who, ctx := range map[string]context.Context{"office": office, "unit": lead, "coordinator": c.as(t, "coordinator")} {
		v, err := c.Viewer(ctx, c.campaign.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range v.Desks() {
			all = append(all, measure{name: who + " desk of " + string(h), run: func() (int, error) {
				p, err := c.Desk(ctx, v, h, "")
				return len(p.Rows), err
			}}, measure{name: who + " desk of " + string(h) + ", third page", run: func() (n int, err error) {
				p, err := c.Desk(ctx, v, h, "")
				for range 2 {
					if err == nil {
						p, err = c.Desk(ctx, v, h, p.Next)
					}
				}
				return len(p.Rows), err
			}})
		}
		all = append(all, measure{name: who + " waiting at the desks", run: func() (int, error) {
			list, err := c.WaitingAt(ctx, v)
			return len(list), err
		}})
	}
	for name, unit := range map[string]int64{"all": 0, "a unit's": c.units["lead"]} {
		all = append(all, measure{name: "count by step of " + name, run: func() (int, error) {
			counts, err := c.CountByStep(office, c.campaign.ID, unit)
			return len(counts), err
		}})
	}
	return append(all, measure{name: "see a case", run: func() (int, error) {
		x, err := c.See(office, c.campaign.ID, 70_001)
		return len(x.History), err
	}})
}

package cases_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/plan"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/webtest"
)

// sightOf is what a viewer may see and a filter leaves, asked of the database in plain words.
func (c *city) sightOf(t *testing.T, v cases.Viewer, f cases.Filter) (ids []int64) {
	t.Helper()
	now := time.UnixMicro(c.now.Load()).UTC()
	q := c.db.Reader().NewSelect().TableExpr("cases AS ca").Column("ca.id").Where("ca.campaign_id = ?", v.CampaignID).Order("ca.id DESC")
	for column, value := range map[string]string{"step": string(f.Step), "category": f.Category, "severity": string(f.Severity), "source": string(f.Source)} {
		if value != "" {
			q = q.Where("ca."+column+" = ?", value)
		}
	}
	if f.Unit != 0 {
		q = q.Where("ca.lead_unit_id = ?", f.Unit)
	}
	if f.Open {
		q = q.Where("ca.hand <> ''")
	}
	if f.Late {
		q = q.Where("ca.hand <> '' AND ca.due_at <= ?", now)
	}
	if f.Placed {
		q = q.Where("ca.lat IS NOT NULL AND ca.lon IS NOT NULL")
	}
	mine := "(ca.found_by = ? OR (ca.found_person = ? AND ca.found_person <> 0))"
	if f.Mine {
		q = q.Where(mine, v.Actor.AccountID, v.Actor.PersonID)
	}
	if !v.Standing.InOffice() && !v.Standing.Inspects() && !v.Standing.Leads() {
		units, bodies := []int64{0}, []int64{0}
		for _, s := range v.Standing.Seats {
			units = append(units, s.UnitID)
			if s.BodyKind == plan.WorkGroup && !roster.IsMember(s.Role) {
				bodies = append(bodies, s.BodyID)
			}
		}
		q = q.Where("("+mine+" OR EXISTS (SELECT 1 FROM case_units WHERE campaign_id = ca.campaign_id AND case_id = ca.id AND unit_id IN ("+numbers(units)+")) OR ca.body_id IN ("+
			numbers(bodies)+"))", v.Actor.AccountID, v.Actor.PersonID)
	}
	if err := q.Scan(t.Context(), &ids); err != nil {
		t.Fatal(err)
	}
	return ids
}

func numbers(list []int64) (text string) {
	for i, n := range list {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprint(n)
	}
	return text
}

// listed is all that List has, page after page.
func listed(t *testing.T, s *cases.Service, ctx context.Context, v cases.Viewer, f cases.Filter) (ids []int64) {
	t.Helper()
	for {
		p, err := s.List(ctx, v, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range p.Rows {
			ids = append(ids, r.ID)
		}
		if f.After = p.Next; p.Next == "" {
			return ids
		}
	}
}

// TestSheet_SaysWhatTheDatabaseSays: after whatever happened, every filter lists to everybody what plain SQL finds,
// on two instances over one database.
func TestSheet_SaysWhatTheDatabaseSays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		second := cases.New(d, kernel.FixedClock(func() time.Time { return time.UnixMicro(c.now.Load()).UTC() }), c.calendar, nil, nil)
		r := rand.New(rand.NewPCG(7, 8))
		viewers := map[string]cases.Viewer{}
		for who, ctx := range map[string]context.Context{"office": c.as(t, "office"), "inspector": c.as(t, "inspector"), "lead": c.as(t, "lead"), "support": c.as(t, "support"),
			"other": c.as(t, "other"), "head of a group": c.named(t, "薛冬梅")} {
			v, err := c.Viewer(ctx, c.campaign.ID)
			if err != nil {
				t.Fatal(who, err)
			}
			viewers[who] = v
		}
		for round := range 6 {
			c.live(t, r, 25)
			for who, v := range viewers {
				c.checkDesks(t, who, v)
				for _, f := range filters(c, r) {
					want := c.sightOf(t, v, f)
					if got := listed(t, c.Service, t.Context(), v, f); !slices.Equal(got, want) {
						t.Fatalf("round %d: %s lists %+v as %v, the database %v", round, who, f, got, want)
					}
					if got := listed(t, second, t.Context(), v, f); !slices.Equal(got, want) {
						t.Fatalf("round %d: on the second instance %s lists %+v as %v, the database %v", round, who, f, got, want)
					}
				}
			}
		}
	})
}

// checkDesks compares what waits at somebody's desks with plain SQL.
func (c *city) checkDesks(t *testing.T, who string, v cases.Viewer) {
	t.Helper()
	waiting, err := c.WaitingAt(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range waiting {
		q := c.db.Reader().NewSelect().TableExpr("cases").Column("id").Where("campaign_id = ?", v.CampaignID).Where("hand = ?", w.Hand).Order("due_at", "id")
		if w.Hand == cases.Unit {
			q = q.Where("lead_unit_id IN (" + numbers(v.Units()) + ")")
		}
		var want, got []int64
		if err := q.Scan(t.Context(), &want); err != nil {
			t.Fatal(err)
		}
		for after := ""; ; {
			p, err := c.Desk(t.Context(), v, w.Hand, after)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range p.Rows {
				got = append(got, r.ID)
			}
			if after = p.Next; after == "" {
				break
			}
		}
		if !slices.Equal(got, want) || w.N != len(want) {
			t.Fatalf("at the desk of %s, %s finds %v (%d are said to wait), the database %v", w.Hand, who, got, w.N, want)
		}
	}
}

// live registers some cases and moves all of them about, as it falls.
func (c *city) live(t *testing.T, r *rand.Rand, n int) {
	t.Helper()
	cast := []string{"office", "inspector", "second", "lead", "support", "other"}
	duty := c.dutyOf(t, "生态环境治理专项行动工作组")
	for range n {
		c.now.Add((time.Duration(r.IntN(300)) * time.Minute).Microseconds())
		reg := cases.Registration{Words: "解放路东段行道树枯死三棵", Source: pick(r, cases.Sources), Category: pick(r, someCategories), Severity: pick(r, cases.Severities), Address: "解放路"}
		if r.IntN(3) > 0 {
			lat, lon := 36+r.Float64(), 111+r.Float64()
			reg.Lat, reg.Lon = &lat, &lon
		}
		x, err := c.Register(c.as(t, pick(r, cast)), c.campaign.ID, reg)
		if err != nil {
			t.Fatal(err)
		}
		if r.IntN(3) == 0 { // corrected: another place, another category
			k := cases.CorrectionOf(x)
			k.Category, k.Lat, k.Lon, k.Reason = pick(r, someCategories), nil, nil, "写错了"
			_, _ = c.Correct(c.as(t, "office"), c.campaign.ID, x.ID, k) // or nothing differs
		}
		for range r.IntN(6) {
			id := x.ID - int64(r.IntN(4))
			a := c.act(pick(r, []cases.Verb{cases.Accept, cases.Dispatch, cases.Acknowledge, cases.Respond, cases.Return, cases.Redirect, cases.AskExtension, cases.GrantExtension,
				cases.AskDeferral, cases.GrantDeferral, cases.Close, cases.Decline, cases.Reopen, cases.SendBack}))
			if a.Verb == cases.Dispatch && r.IntN(2) == 0 {
				a.DutyID = duty
			}
			for _, who := range []string{"office", "lead", "other", "leader", "inspector"} {
				if _, err := c.take(t, id, step{who, a}); err == nil {
					break
				}
			}
		}
	}
	if _, err := c.calendar.Sweep(webtest.System()); err != nil {
		t.Fatal(err)
	}
}

// filters are some that screens ask, alone and together.
func filters(c *city, r *rand.Rand) []cases.Filter {
	list := []cases.Filter{{}, {Open: true}, {Late: true}, {Mine: true}, {Placed: true, Open: true}, {Unit: c.units["lead"]}, {Category: "没有这一类"}, {Unit: 987654}}
	for range 6 {
		f := cases.Filter{Open: r.IntN(3) == 0, Late: r.IntN(4) == 0, Mine: r.IntN(6) == 0, Placed: r.IntN(4) == 0}
		if r.IntN(2) == 0 {
			f.Step = pick(r, cases.Steps)
		}
		if r.IntN(3) == 0 {
			f.Category = pick(r, someCategories)
		}
		if r.IntN(3) == 0 {
			f.Severity = pick(r, cases.Severities)
		}
		if r.IntN(3) == 0 {
			f.Source = pick(r, cases.Sources)
		}
		if r.IntN(4) == 0 {
			f.Unit = c.units[pick(r, []string{"lead", "support", "other"})]
		}
		list = append(list, f)
	}
	return list
}

// TestSheet_WhoeverWroteFindsItInTheNextList, while others write too.
func TestSheet_WhoeverWroteFindsItInTheNextList(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		clock := kernel.FixedClock(func() time.Time { return time.UnixMicro(c.now.Load()).UTC() })
		ctx := c.as(t, "office")
		v, err := c.Viewer(ctx, c.campaign.ID)
		if err != nil {
			t.Fatal(err)
		}
		instances := []*cases.Service{c.Service, cases.New(d, clock, c.calendar, nil, nil)}
		running, stop := context.WithCancel(t.Context())
		defer stop()
		go instances[1].Run(running)
		var all sync.WaitGroup
		for w := range 6 {
			all.Go(func() {
				for i := range 25 {
					x, err := c.Register(ctx, c.campaign.ID, cases.Registration{Words: fmt.Sprint("井盖破损 ", w, i), Source: cases.Web, Address: "解放路"})
					if err != nil {
						t.Error(err)
						return
					}
					if i%2 == 0 {
						if _, err := c.Take(ctx, c.campaign.ID, x.ID, cases.Act{Verb: cases.Accept, Revision: -1}); err != nil {
							t.Error(err)
							return
						}
						x.Step = cases.Accepted
					}
					f := cases.Filter{Step: x.Step, After: fmt.Sprint(x.ID + 1)}
					p, err := instances[(w+i)%2].List(ctx, v, f)
					if err != nil || len(p.Rows) == 0 || p.Rows[0].ID != x.ID {
						t.Errorf("case %d is not in the list of what is %s: %v", x.ID, x.Step, err)
						return
					}
				}
			})
		}
		all.Wait()
		for i, s := range instances {
			if got, want := listed(t, s, ctx, v, cases.Filter{Step: cases.Accepted}), c.sightOf(t, v, cases.Filter{Step: cases.Accepted}); !slices.Equal(got, want) {
				t.Errorf("instance %d lists %d, the database %d", i, len(got), len(want))
			}
		}
	})
}

// TestSheet_FindsWhatAppearsLate: on PostgreSQL a transaction that began early may end after later ones, so that its
// event appears among older ones.
func TestSheet_FindsWhatAppearsLate(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if d.Kind() != db.Postgres {
			t.Skip("SQLite has one writer")
		}
		c := opened(t, d)
		ctx := c.as(t, "office")
		v, err := c.Viewer(ctx, c.campaign.ID)
		if err != nil {
			t.Fatal(err)
		}
		x := c.register(t, "office")
		list := func() []int64 { return listed(t, c.Service, ctx, v, cases.Filter{Category: "迟到"}) }
		list()
		early, err := d.Reader().BeginTx(ctx, nil) // not Write: it would run anew, with a later event, where it is overtaken
		if err != nil {
			t.Fatal(err)
		}
		_, err = early.NewRaw("UPDATE cases SET category = '迟到' WHERE campaign_id = ? AND id = ?", c.campaign.ID, x.ID).Exec(ctx)
		if err == nil {
			err = ledger.Append(ctx, early, ledger.Event{CampaignID: c.campaign.ID, SubjectKind: cases.Kind, SubjectID: x.ID, Verb: "corrected", At: time.Now()})
		}
		if err != nil {
			t.Fatal(err)
		}
		for range 5 { // later ones overtake it, and are looked at
			c.register(t, "inspector")
			if got := list(); len(got) != 0 {
				t.Fatal("a change was seen before it was written", got)
			}
		}
		if err := early.Commit(); err != nil {
			t.Fatal(err)
		}
		if got := list(); !slices.Equal(got, []int64{x.ID}) {
			t.Errorf("what appeared late is listed as %v, want %d", got, x.ID)
		}
	})
}

var someCategories = []string{"市容环境", "绿化亮化", "环境卫生", "河道水体"}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

package cases_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/webtest"
)

// named is somebody of the plan acting who is not of the cast.
func (c *city) named(t *testing.T, name string) context.Context {
	t.Helper()
	p, err := roster.PersonCalled(webtest.System(), c.db.Reader(), c.campaign.ID, name)
	if err != nil {
		t.Fatal(err)
	}
	return kernel.WithActor(context.Background(), kernel.Actor{AccountID: 1000 + p.ID, PersonID: p.ID, Name: p.Name})
}

// dutyOf is a duty of the group that somebody heads.
func (c *city) dutyOf(t *testing.T, group string) int64 {
	t.Helper()
	bodies, err := roster.Bodies(t.Context(), c.db.Reader(), c.campaign.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bodies {
		if b.Name != group {
			continue
		}
		duties, err := roster.DutiesInBody(t.Context(), c.db.Reader(), c.campaign.ID, b.ID)
		if err != nil || len(duties) == 0 {
			t.Fatal(group, err)
		}
		return duties[0].ID
	}
	t.Fatal("no group " + group)
	return 0
}

func ids(rows []cases.Row) (list []int64) {
	for _, r := range rows {
		list = append(list, r.ID)
	}
	slices.Sort(list)
	return list
}

// withoutUnit takes somebody's unit away: an expert, say, whom the plan names without one.
func (c *city) withoutUnit(t *testing.T, name string) context.Context {
	t.Helper()
	ctx := c.named(t, name)
	err := c.db.Write(ctx, func(tx db.Tx) error {
		_, err := tx.NewRaw("UPDATE appointments SET unit_id = NULL WHERE campaign_id = ? AND person_id = ?", c.campaign.ID, kernel.ActorFrom(ctx).PersonID).Exec(ctx)
		return errors.Join(err, campaign.Restamp(ctx, tx, c.campaign.ID))
	})
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

func TestAccess_EverybodySeesHisOwnCasesAndNoOthers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		finder := c.withoutUnit(t, "单宏伟")
		dispatched := c.register(t, "inspector")
		a := c.act(cases.Dispatch)
		a.DutyID = c.dutyOf(t, "生态环境治理专项行动工作组")
		c.must(t, dispatched.ID, step{"office", a})
		redirected := c.along(t, "returned")
		own, err := c.Register(finder, c.campaign.ID, cases.Registration{Words: "解放路西段井盖缺失", Source: cases.Expert, Address: "解放路"})
		if err != nil {
			t.Fatal(err)
		}
		secondAccount := kernel.WithActor(context.Background(), kernel.Actor{AccountID: 77, PersonID: kernel.ActorFrom(finder).PersonID, Name: "单宏伟"})
		for _, v := range []struct {
			who  string
			ctx  context.Context
			sees []cases.Case
			desk []cases.Case // of the unit
		}{
			{"office", c.as(t, "office"), []cases.Case{dispatched, redirected, own}, nil},
			{"inspection group", c.as(t, "second"), []cases.Case{dispatched, redirected, own}, nil},
			{"leader", c.as(t, "leader"), []cases.Case{dispatched, redirected, own}, nil},
			{"lead, and former lead", c.as(t, "lead"), []cases.Case{dispatched, redirected}, []cases.Case{dispatched}},
			{"support", c.as(t, "support"), []cases.Case{dispatched}, nil},
			{"other, to whom one was redirected", c.as(t, "other"), []cases.Case{redirected}, []cases.Case{redirected}},
			{"head of the duty's group", c.named(t, "水清"), []cases.Case{dispatched}, nil},
			{"head of another group", c.named(t, "商颖"), nil, nil},
			{"finder", finder, []cases.Case{own}, nil},
			{"finder, by another account", secondAccount, []cases.Case{own}, nil},
		} {
			t.Run(v.who, func(t *testing.T) {
				c.mustSee(t, v.ctx, v.sees, []cases.Case{dispatched, redirected, own})
				c.mustList(t, v.ctx, v.sees, v.desk)
			})
		}
		for _, ctx := range []context.Context{finder, secondAccount} {
			if got := c.listed(t, ctx, cases.Filter{Mine: true}); !slices.Equal(got, []int64{own.ID}) {
				t.Errorf("the finder's own: %v", got)
			}
		}
	})
}

// mustSee opens and tries each case.
func (c *city) mustSee(t *testing.T, ctx context.Context, sees, all []cases.Case) {
	t.Helper()
	for _, x := range all {
		known := slices.ContainsFunc(sees, func(s cases.Case) bool { return s.ID == x.ID })
		if _, err := c.See(ctx, c.campaign.ID, x.ID); (err == nil) != known || (!known && kernel.CodeOf(err) != kernel.NotFound) {
			t.Errorf("case %d (known: %t): %v", x.ID, known, err)
		}
		_, err := c.Take(ctx, c.campaign.ID, x.ID, cases.Act{Verb: cases.Escalate, Revision: -1})
		if code := kernel.CodeOf(err); (code == kernel.NotFound) == known || err == nil {
			t.Errorf("a step of case %d (known: %t): %v", x.ID, known, err)
		}
	}
}

func (c *city) listed(t *testing.T, ctx context.Context, f cases.Filter) []int64 {
	t.Helper()
	v, err := c.Viewer(ctx, c.campaign.ID)
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.List(ctx, v, f)
	if err != nil {
		t.Fatal(err)
	}
	return ids(p.Rows)
}

// mustList looks at every list for just these cases.
func (c *city) mustList(t *testing.T, ctx context.Context, sees, desk []cases.Case) {
	t.Helper()
	want := idsOf(sees)
	for _, f := range []cases.Filter{{}, {Text: "解放路"}, {Text: "解"}} {
		if got := c.listed(t, ctx, f); !slices.Equal(got, want) {
			t.Errorf("%+v lists %v, want %v", f, got, want)
		}
	}
	for _, f := range []cases.Filter{{Unit: c.units["lead"]}, {Step: cases.Dispatched}, {Step: cases.Registered}, {Severity: cases.Ordinary}, {Late: true}} {
		for _, id := range c.listed(t, ctx, f) {
			if !slices.Contains(want, id) {
				t.Errorf("%+v shows case %d", f, id)
			}
		}
	}
	v, _ := c.Viewer(ctx, c.campaign.ID)
	if !slices.Contains(v.Desks(), cases.Unit) {
		return
	}
	p, err := c.Desk(ctx, v, cases.Unit, "")
	if got := ids(p.Rows); err != nil || !slices.Equal(got, idsOf(desk)) {
		t.Errorf("the desk has %v, want %v: %v", got, idsOf(desk), err)
	}
	waiting, err := c.WaitingAt(ctx, v)
	if i := slices.IndexFunc(waiting, func(w cases.Waiting) bool { return w.Hand == cases.Unit }); err != nil || i < 0 || waiting[i].N != len(desk) {
		t.Errorf("waiting %+v, want %d: %v", waiting, len(desk), err)
	}
}

func idsOf(list []cases.Case) (got []int64) {
	for _, x := range list {
		got = append(got, x.ID)
	}
	slices.Sort(got)
	return got
}

// doors is every way into cases.
func (c *city) doors(x cases.Case, o cases.Order) map[string]func(context.Context) error {
	id := c.campaign.ID
	return map[string]func(context.Context) error{
		"viewer":    func(ctx context.Context) error { _, err := c.Viewer(ctx, id); return err },
		"see":       func(ctx context.Context) error { _, err := c.See(ctx, id, x.ID); return err },
		"see order": func(ctx context.Context) error { _, _, err := c.SeeOrder(ctx, id, o.ID); return err },
		"take":      func(ctx context.Context) error { _, err := c.Take(ctx, id, x.ID, c.act(cases.Dispatch)); return err },
		"register": func(ctx context.Context) error {
			_, err := c.Register(ctx, id, cases.Registration{Words: "垃圾", Source: cases.Web, Address: "解放路"})
			return err
		},
		"issue": func(ctx context.Context) error { _, err := c.Issue(ctx, id, c.order(x.ID)); return err },
		"correct": func(ctx context.Context) error {
			_, err := c.Correct(ctx, id, x.ID, cases.CorrectionOf(x))
			return err
		},
		"note": func(ctx context.Context) error { return c.Note(ctx, id, x.ID, cases.Note{Text: "补充"}) },
		"set limit": func(ctx context.Context) error {
			return c.SetLimit(ctx, id, cases.Limit{Severity: cases.Urgent, Step: cases.OweVerify, N: 1, Measure: "hours"})
		},
		"set rule": func(ctx context.Context) error {
			return c.SetRule(ctx, id, cases.Rule{Category: "绿化亮化", Photos: true})
		},
	}
}

func TestAccess_AdministratorsStrangersAndNobodyGetNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		x := c.register(t, "inspector")
		o, err := c.Issue(c.as(t, "office"), c.campaign.ID, c.order(x.ID))
		if err != nil {
			t.Fatal(err)
		}
		actors := map[kernel.Code][]kernel.Actor{
			kernel.Forbidden: {{AccountID: 1, Admin: kernel.SystemAdmin}, {AccountID: 2, Admin: kernel.SecurityAdmin}, {AccountID: 3, Admin: kernel.AuditAdmin},
				{AccountID: 4, PersonID: c.seat(t, "office").ID, Admin: kernel.SystemAdmin}}, // refused elsewhere, and here too
			kernel.NotFound:        {{AccountID: 5, PersonID: 99999, Name: "外人"}, {AccountID: 6, Name: "外人"}},
			kernel.Unauthenticated: {{}},
		}
		for want, list := range actors {
			for _, a := range list {
				for door, enter := range c.doors(x, o) {
					if err := enter(kernel.WithActor(context.Background(), a)); kernel.CodeOf(err) != want {
						t.Errorf("%s by %+v: %v, want %s", door, a, err, want)
					}
				}
			}
		}
	})
}

package report_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/drill"
	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/plan"
	"pinzhi/internal/report"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/webtest"
)

// seat finds somebody by where he sits.
func (c *city) seat(t *testing.T, is func(roster.Seat) bool) roster.Seat {
	t.Helper()
	seats, err := roster.SeatsOf(t.Context(), c.db.Reader(), c.campaign.ID)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(seats, is)
	if i < 0 {
		t.Fatal("nobody sits there")
	}
	return seats[i]
}

func (c *city) as(t *testing.T, is func(roster.Seat) bool) context.Context {
	t.Helper()
	s := c.seat(t, is)
	return kernel.WithActor(t.Context(), kernel.Actor{AccountID: s.PersonID, PersonID: s.PersonID, Name: s.PersonName})
}

func inOffice(s roster.Seat) bool { return s.BodyKind == plan.Office }

// headOf and memberOf sit in a reporter's body; whoever sits in the office too is left out.
func (c *city) headOf(t *testing.T, r report.Reporter) context.Context {
	return c.as(t, func(s roster.Seat) bool {
		return (s.BodyID == r.BodyID && !roster.IsMember(s.Role)) || (r.UnitID != 0 && s.UnitID == r.UnitID)
	})
}

func (c *city) memberOf(t *testing.T, r report.Reporter) context.Context {
	return c.as(t, func(s roster.Seat) bool { return s.BodyID == r.BodyID && roster.IsMember(s.Role) })
}

// stranger sits in one other work group and nowhere else.
func (c *city) stranger(t *testing.T, r report.Reporter) context.Context {
	t.Helper()
	seats, err := roster.SeatsOf(t.Context(), c.db.Reader(), c.campaign.ID)
	if err != nil {
		t.Fatal(err)
	}
	n := map[int64]int{}
	for _, s := range seats {
		n[s.PersonID]++
	}
	return c.as(t, func(s roster.Seat) bool {
		return s.BodyKind == plan.WorkGroup && s.BodyID != r.BodyID && n[s.PersonID] == 1
	})
}

func (c *city) matrices(t *testing.T) []report.Matrix {
	t.Helper()
	list, err := c.Matrices(t.Context(), c.campaign.ID)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (c *city) see(ctx context.Context, t *testing.T, id int64) report.Seen {
	t.Helper()
	x, err := c.See(ctx, c.campaign.ID, id)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// file hands in a filing as it is filled in.
func (c *city) file(ctx context.Context, t *testing.T, id int64) {
	t.Helper()
	if err := c.Take(ctx, c.campaign.ID, id, report.Act{Verb: report.Submit, Revision: c.see(ctx, t, id).Revision}); err != nil {
		t.Fatal(err)
	}
}

// TestFiling_AMonthInTheLife: of nine reporters seven file July in time, one two working days late, one never.
func TestFiling_AMonthInTheLife(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d, "2023-06-28 10:00")
		july := func() []*report.Filing {
			var list []*report.Filing
			for _, r := range c.matrices(t)[0].Rows {
				list = append(list, r.Filings[0])
			}
			return list
		}
		rows := c.matrices(t)[0].Rows
		c.at("2023-08-04 16:00")
		for i, f := range july()[:7] {
			c.file(c.headOf(t, rows[i].Reporter), t, f.ID)
		}
		if _, err := c.calendar.Sweep(webtest.System()); err != nil {
			t.Fatal(err)
		}
		c.at("2023-08-08 09:00")
		if _, err := c.calendar.Sweep(webtest.System()); err != nil {
			t.Fatal(err)
		}
		c.at("2023-08-09 09:00") // two working days after Monday, 7 August
		c.file(c.headOf(t, rows[7].Reporter), t, july()[7].ID)
		c.at("2023-08-15 09:00")
		if _, err := c.calendar.Sweep(webtest.System()); err != nil {
			t.Fatal(err)
		}
		m := c.matrices(t)[0]
		var marks []string
		for _, f := range july() {
			marks = append(marks, string(f.MarkAt(m.Now)))
		}
		want := strings.Split(strings.Repeat("in_time ", 7)+"late missing", " ")
		if !slices.Equal(marks, want) {
			t.Errorf("marks %v", marks)
		}
		if n := m.Count(m.Rows[8]); n[report.Missing] != 1 || n[report.Waiting] != 14 {
			t.Errorf("counted %v", n)
		}
		for i, want := range []string{"approved submitted", "approved submitted overdue reminded", "overdue overdue overdue reminded"} {
			told, err := ledger.Timeline(t.Context(), d.Reader(), c.campaign.ID, report.Kind, july()[[]int{0, 7, 8}[i]].ID, 0, 20)
			var verbs []string
			for _, r := range told {
				verbs = append(verbs, r.Verb)
			}
			if got := strings.Join(verbs, " "); err != nil || !strings.HasPrefix(got, want) {
				t.Errorf("the ledger tells %q, want %q: %v", got, want, err)
			}
		}
		dues, err := calendar.Of(t.Context(), d.Reader(), c.campaign.ID, report.Kind, july()[8].ID)
		if err != nil || len(dues) != 1 || !dues[0].Running() {
			t.Errorf("the one never filed: %+v: %v", dues, err)
		}
	})
}

func TestFiling_GoesItsWay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d, "2023-08-02 09:00")
		row := c.matrices(t)[0].Rows[1]
		id := row.Filings[0].ID
		member, head, office := c.memberOf(t, row.Reporter), c.headOf(t, row.Reporter), c.as(t, inOffice)
		take := func(ctx context.Context, a report.Act) error {
			a.Revision = c.see(office, t, id).Revision
			return c.Take(ctx, c.campaign.ID, id, a)
		}
		for _, x := range []struct {
			name string
			ctx  context.Context
			act  report.Act
			code kernel.Code
			to   report.Step
		}{
			{"the office does not file for others", office, report.Act{Verb: report.Submit}, kernel.Forbidden, report.Owed},
			{"nothing is approved before it is there", head, report.Act{Verb: report.Approve}, kernel.Conflict, report.Owed},
			{"a figure that differs wants a reason", member, report.Act{Verb: report.Submit, Filling: report.Filling{Values: map[string]string{"done": "3"}}}, kernel.Invalid, report.Owed},
			{"a figure is a number", member, report.Act{Verb: report.Submit, Filling: report.Filling{Values: map[string]string{"done": "三"}}}, kernel.Invalid, report.Owed},
			{"a text that is asked for is written", member, report.Act{Verb: report.Submit, Filling: report.Filling{Values: map[string]string{"problems": " \n"}}}, kernel.Invalid, report.Owed},
			{"a member hands in", member, report.Act{Verb: report.Submit, Filling: report.Filling{Values: map[string]string{"done": "3", "progress": "三处市场已改造"},
				Reasons: map[string]string{"done": "有三项没有列入工作项"}}}, "", report.Submitted},
			{"a member does not approve", member, report.Act{Verb: report.Approve}, kernel.Forbidden, report.Submitted},
			{"to refuse wants a question", head, report.Act{Verb: report.Refuse, Part: "progress"}, kernel.Invalid, report.Submitted},
			{"the head refuses", head, report.Act{Verb: report.Refuse, Part: "progress", Question: "哪三处？"}, "", report.Returned},
			{"the member hands in again", member, report.Act{Verb: report.Submit, Filling: report.Filling{Values: map[string]string{"progress": "西关、北关、城南三处市场已改造"},
				Reasons: map[string]string{"done": "有三项没有列入工作项"}}}, "", report.Submitted},
			{"the head approves", head, report.Act{Verb: report.Approve}, "", report.Approved},
			{"a reporter does not accept", head, report.Act{Verb: report.Accept}, kernel.Forbidden, report.Approved},
			{"the office sends a part back", office, report.Act{Verb: report.SendBack, Part: "progress", Question: "请附照片"}, "", report.Returned},
			{"the head hands in, which approves", head, report.Act{Verb: report.Submit, Filling: report.Filling{Reasons: map[string]string{"done": "有三项没有列入工作项"}}}, "", report.Approved},
			{"the office accepts", office, report.Act{Verb: report.Accept}, "", report.Accepted},
		} {
			if err := take(x.ctx, x.act); (err != nil || x.code != "") && kernel.CodeOf(err) != x.code {
				t.Fatalf("%s: %v", x.name, err)
			}
			if got := c.see(office, t, id); got.Step != x.to {
				t.Fatalf("%s: at %s", x.name, got.Step)
			}
		}
		x := c.see(office, t, id)
		if i := slices.IndexFunc(x.Fields, func(f report.Field) bool { return f.Key == "done" }); x.Fields[i].Value != "3" || x.Fields[i].Known != "0" || x.Fields[i].Reason == "" {
			t.Errorf("the figure that differs: %+v", x.Fields[i].Part)
		}
		if x.Returns != 1 || x.MarkAt(x.DueAt.AddDate(1, 0, 0)) != report.InTime {
			t.Errorf("sent back %d times, %s", x.Returns, x.MarkAt(x.DueAt))
		}
		if len(x.Dues) != 2 || x.Dues[0].Running() || x.Dues[1].Running() {
			t.Errorf("dues %+v", x.Dues)
		}
		if _, err := c.See(c.stranger(t, row.Reporter), c.campaign.ID, id); kernel.CodeOf(err) != kernel.NotFound {
			t.Errorf("another group reads it: %v", err)
		}
	})
}

// TestFiling_AQuarterHasItsMonthsInIt: what three months reported stands in the quarter's report before it is opened.
func TestFiling_AQuarterHasItsMonthsInIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d, "2023-07-03 09:00")
		row := c.matrices(t)[0].Rows[0]
		head := c.headOf(t, row.Reporter)
		for i, day := range []string{"2023-08-02 09:00", "2023-09-04 09:00", "2023-10-09 09:00"} {
			c.at(day)
			text := []string{"七月办成的事", "八月办成的事", "九月办成的事"}[i]
			err := c.Take(head, c.campaign.ID, row.Filings[i].ID, report.Act{Verb: report.Submit, Filling: report.Filling{Values: map[string]string{"progress": text}}})
			if err != nil {
				t.Fatal(err)
			}
		}
		x := c.see(head, t, c.matrices(t)[1].Rows[0].Filings[0].ID)
		filled := 0
		for _, f := range x.Fields {
			if f.Value != "" {
				filled++
			}
		}
		i := slices.IndexFunc(x.Fields, func(f report.Field) bool { return f.Key == "progress" })
		if want := "2023年7月：\n七月办成的事\n2023年8月：\n八月办成的事\n2023年9月：\n九月办成的事"; x.Fields[i].Value != want {
			t.Errorf("the quarter says %q", x.Fields[i].Value)
		}
		if filled < len(x.Fields)-1 {
			t.Errorf("%d of %d fields filled in", filled, len(x.Fields))
		}
	})
}

// TestFiling_IsFilledInFromTheWork: what was finished within the month, what runs and is late at its end, what is due in
// the next; of the reporter's own action only.
func TestFiling_IsFilledInFromTheWork(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d, "2023-07-03 09:00")
		tasks, err := c.campaigns.Tasks(t.Context(), c.campaign.ID)
		if err != nil {
			t.Fatal(err)
		}
		rows := c.matrices(t)[0].Rows
		body, err := roster.BodyByID(t.Context(), d.Reader(), c.campaign.ID, rows[1].Reporter.BodyID)
		if err != nil {
			t.Fatal(err)
		}
		ofAction := func(own bool) int64 {
			return tasks[slices.IndexFunc(tasks, func(x campaign.Task) bool { return (x.ActionID == body.ActionID) == own })].ID
		}
		items := func(task int64, list ...campaign.WorkItemInput) (ids []int64) {
			if err := c.campaigns.AddWorkItems(webtest.System(), c.campaign.ID, task, list); err != nil {
				t.Fatal(err)
			}
			all, err := c.campaigns.ItemsOfTask(t.Context(), c.campaign.ID, task)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range list {
				ids = append(ids, all[slices.IndexFunc(all, func(x campaign.ItemRow) bool { return x.Title == w.Title })].ID)
			}
			return ids
		}
		own := items(ofAction(true), campaign.WorkItemInput{Title: "西关市场改造", Due: "2023-07-20"}, campaign.WorkItemInput{Title: "北关市场改造", Due: "2023-07-25"},
			campaign.WorkItemInput{Title: "公厕改造", Due: "2023-08-20"}, campaign.WorkItemInput{Title: "清扫车购置", Due: "2023-10-20"})
		items(ofAction(false), campaign.WorkItemInput{Title: "别组的事", Due: "2023-07-20"})
		finish := func(id int64, day, note string) {
			c.at(day + " 10:00")
			if err := c.campaigns.FinishWorkItem(webtest.System(), c.campaign.ID, id, note); err != nil {
				t.Fatal(err)
			}
		}
		finish(own[0], "2023-07-18", "12 处摊位更新")
		finish(own[3], "2023-08-01", "八月才办结")
		c.at("2023-08-02 09:00")
		x := c.see(c.headOf(t, rows[1].Reporter), t, rows[1].Filings[0].ID)
		got := map[string]string{}
		for _, f := range x.Fields {
			got[f.Key] = f.Value
		}
		for part, want := range map[string]string{"done": "1", "running": "3", "late": "1", "next_due": "1", "milestones": "0",
			"progress": "1. 西关市场改造：12 处摊位更新。", "problems": "1. 北关市场改造（应于 2023年7月25日完成）。", "next": "1. 2023年8月20日前：公厕改造。"} {
			if got[part] != want {
				t.Errorf("%s: %q, want %q", part, got[part], want)
			}
		}
	})
}

// TestHold_WhatIsHeldIsSaidNotFiled: a meeting is owed by the office each quarter; who was there says that it was held.
func TestHold_WhatIsHeldIsSaidNotFiled(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d, "2023-06-28 10:00")
		c.at("2023-09-27 15:00")
		i := slices.IndexFunc(c.matrices(t), func(m report.Matrix) bool { return m.Obligation.Kind == report.ToMeet })
		row := c.matrices(t)[i].Rows[0]
		f := row.Filings[0]
		hold := func(ctx context.Context, note string) error {
			return c.Take(ctx, c.campaign.ID, f.ID, report.Act{Verb: report.Hold, Note: note})
		}
		office := c.as(t, inOffice)
		var refused *kernel.Error
		if err := hold(office, " "); !errors.As(err, &refused) || refused.Field != "note" {
			t.Error("held without a word:", err)
		}
		if err := hold(c.stranger(t, report.Reporter{}), "开了"); kernel.CodeOf(err) == "" {
			t.Error("held by somebody of a work group")
		}
		if err := c.Take(office, c.campaign.ID, f.ID, report.Act{Verb: report.Submit}); kernel.CodeOf(err) != kernel.Invalid {
			t.Error("a meeting was filed:", err)
		}
		if err := hold(office, "9 月 26 日召开，议定五项"); err != nil {
			t.Fatal(err)
		}
		f = c.matrices(t)[i].Rows[0].Filings[0]
		if mark := f.MarkAt(f.DueAt.AddDate(0, 3, 0)); f.Step != report.Accepted || mark != report.InTime {
			t.Errorf("the meeting is %s, %s", f.Step, mark)
		}
		dues, err := calendar.Of(t.Context(), d.Reader(), c.campaign.ID, report.Kind, f.ID)
		if err != nil || len(dues) != 1 || dues[0].MetAt.IsZero() {
			t.Errorf("its due is %+v, %v", dues, err)
		}
	})
}

// TestFields_AreFilledBeforeTheReporterOpensThem: of the made-up city's reports of a month, more than eight fields of ten
// have something in them that the system knew, in every report.
func TestFields_AreFilledBeforeTheReporterOpensThem(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		blobs, err := evidence.NewFolder(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		lived, err := drill.Live(t.Context(), d, blobs, drill.Options{Cases: 300, Months: 3, Seed: 3}, nil)
		if err != nil {
			t.Fatal(err)
		}
		clock := kernel.FixedClock(func() time.Time { return lived.Until })
		days, campaigns := calendar.New(d, clock), campaign.New(d, clock)
		reports := report.New(d, clock, days, campaigns)
		list, err := reports.Matrices(t.Context(), lived.Campaign.ID)
		if err != nil {
			t.Fatal(err)
		}
		filled, fields, figures := 0, 0, 0
		for _, r := range list[0].Rows {
			x, err := reports.See(webtest.System(), lived.Campaign.ID, r.Filings[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, f := range x.Fields {
				if f.Value != "" {
					n++
				}
				if f.Figure && f.Value != "0" && f.Value != "" {
					figures++
				}
			}
			if r.Reporter.BodyID+r.Reporter.UnitID != 0 && 10*n < 8*len(x.Fields) {
				t.Errorf("%s: %d of %d fields are filled", r.Reporter.Name, n, len(x.Fields))
			}
			filled, fields = filled+n, fields+len(x.Fields)
		}
		t.Logf("%d of %d fields are filled, %d figures are not 0", filled, fields, figures)
		if figures == 0 {
			t.Error("no figure counts anything")
		}
	})
}

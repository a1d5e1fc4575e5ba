package web_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pinzhi/internal/campaign"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
	"pinzhi/internal/report"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/webtest"

	"github.com/chromedp/chromedp"
)

// reportPages are the reports of a campaign in every state, for the office, and for one who reports and heads nothing,
// who signs in as "reporter".
func reportPages(t *testing.T, s *webtest.Site, c campaign.Campaign) (office, reporter string) {
	t.Helper()
	list, err := s.Reports.Matrices(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	rows := list[0].Rows
	seats, err := roster.SeatsOf(t.Context(), s.DB.Reader(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	seat := func(is func(roster.Seat) bool) roster.Seat { return seats[slices.IndexFunc(seats, is)] }
	as := func(x roster.Seat) context.Context {
		return kernel.WithActor(t.Context(), kernel.Actor{AccountID: 1e6 + x.PersonID, PersonID: x.PersonID, Name: x.PersonName})
	}
	head := func(r report.Reporter) context.Context {
		return as(seat(func(x roster.Seat) bool { return x.BodyID == r.BodyID && !roster.IsMember(x.Role) }))
	}
	member := seat(func(x roster.Seat) bool { return x.BodyID == rows[1].Reporter.BodyID && roster.IsMember(x.Role) })
	clerk := as(seat(func(x roster.Seat) bool { return x.BodyKind == plan.Office }))
	take := func(ctx context.Context, id int64, a report.Act) {
		x, err := s.Reports.See(ctx, c.ID, id)
		if err == nil {
			a.Revision = x.Revision
			err = s.Reports.Take(ctx, c.ID, id, a)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	explained := report.Filling{Values: map[string]string{"done": "7", "coordinate": "请市住建局尽快移交北关市场排水管线图"}, Reasons: map[string]string{"done": "另有三项是区里自办的，没有列入工作项"}}
	last := len(rows[0].Filings) - 1
	for i, r := range rows[:3] {
		take(head(r.Reporter), r.Filings[i].ID, report.Act{Verb: report.Submit, Filling: explained}) // late
		take(head(r.Reporter), r.Filings[last].ID, report.Act{Verb: report.Submit})                  // before its day
		take(clerk, r.Filings[last].ID, report.Act{Verb: report.Accept})
	}
	returned, submitted := rows[1].Filings[2].ID, rows[1].Filings[3].ID
	take(head(rows[1].Reporter), returned, report.Act{Verb: report.Submit, Filling: explained})
	take(clerk, returned, report.Act{Verb: report.SendBack, Part: "progress", Question: "三处市场各是哪一处，完成到什么程度，请逐处写清并附照片"})
	take(as(member), submitted, report.Act{Verb: report.Submit})
	s.Account(t, "reporter", member.PersonID, kernel.NoAdmin)
	at := func(ids ...int64) string {
		var b strings.Builder
		for _, id := range ids {
			fmt.Fprintf(&b, "/c/%d/filings/%d ", c.ID, id)
		}
		return b.String()
	}
	meeting := list[slices.IndexFunc(list, func(m report.Matrix) bool { return m.Obligation.Kind == report.ToMeet })].Rows[0].Filings[0].ID
	if err := s.Reports.SayOf(clerk, c.ID, rows[0].Filings[last].ID, "写得清楚，三处市场逐处有数，请各组参照"); err != nil {
		t.Fatal(err)
	}
	more := fmt.Sprintf("/c/%d/reports/%d/%s /c/%d/calendar?month=2024-03 /c/%d/calendar?month=2024-04 /c/%d/filings/%d/running ", c.ID, list[0].Obligation.ID, rows[0].Filings[0].Period, c.ID, c.ID, c.ID, rows[0].Filings[0].ID)
	return fmt.Sprintf("/c/%d/reports ", c.ID) + more + at(meeting, rows[0].Filings[0].ID, rows[0].Filings[last].ID, returned, rows[4].Filings[0].ID, list[1].Rows[1].Filings[0].ID),
		at(returned, submitted, rows[1].Filings[4].ID, list[1].Rows[1].Filings[0].ID)
}

// TestReports_ThreeClicksForWhoHasNothingUnusual: from the matrix, two clicks hand a report in as it is filled in, and
// what was typed into one that is refused is still there.
func TestReports_ThreeClicksForWhoHasNothingUnusual(t *testing.T) {
	s, c := site(t)
	_, pages := reportPages(t, s, c)
	b := newTab(t, chromium(t), s, "reporter", 1440, 900)
	open := strings.Fields(pages)[2]
	follow := func(href string) {
		eval[bool](t, b, `(() => { document.body.dataset.before = "1"; return true })()`)
		b.do(t, chromedp.Click(chromedp.CSS(`main a[href="`+href+`"]`)), chromedp.WaitReady(chromedp.CSS("body:not([data-before]) main")))
	}
	b.open(t, fmt.Sprintf("/c/%d/reports", c.ID))
	follow(open)
	b.fill(t, "main form", map[string]string{"done": "三"})
	b.mustSay(t, "请填整数")
	if got := eval[string](t, b, `document.querySelector("[name=done]").value`); got != "三" {
		t.Errorf("what was typed is %q", got)
	}
	b.look(t, "report_refused")
	b.open(t, fmt.Sprintf("/c/%d/reports", c.ID))
	follow(open)                // one click
	b.fill(t, "main form", nil) // and the other: its head is asked
	b.mustSay(t, "待审核")
}

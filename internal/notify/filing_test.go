package notify_test

import (
	"slices"
	"strings"
	"testing"

	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/report"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/webtest"
)

// TestFollow_Reports: who reports is reminded, and told when it is late; then the head, the office and the leading group.
func TestFollow_Reports(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := opened(t, d)
		f := w.filing(t, "2024-04")
		sweep := func(moment string) []string {
			w.at(moment)
			if _, err := w.Calendar.Sweep(webtest.System()); err != nil {
				t.Fatal(err)
			}
			w.tell(t)
			return w.about(t, f.ID)
		}
		group := func(text string, but ...string) (list []string) { // all four sit in it
			for _, role := range []string{"head", "lead", "other", "support"} {
				if !slices.Contains(but, role) {
					list = append(list, role+": "+text)
				}
			}
			return list
		}
		did := func(role string, a report.Act) []string {
			w.report(t, role, f.ID, a)
			w.tell(t)
			return w.about(t, f.ID)
		}
		sweep("2024-04-30 18:00") // what was owed before
		const day = "2024年5月10日 24:00"
		equal(t, "on the day", sweep("2024-05-10 09:00"), group(day+" 为止")...)
		equal(t, "overdue", sweep("2024-05-11 00:01"), group("已经逾期，时限是 "+day)...)
		equal(t, "the next working day", sweep("2024-05-13 23:00")) // Saturday the 11th is worked for the May holiday
		equal(t, "two working days", sweep("2024-05-14 00:01"), "head: ！逾期 2 个工作日，时限是 "+day, "office: 逾期 2 个工作日，时限是 "+day, "coordinator: 逾期 2 个工作日，时限是 "+day)
		equal(t, "five working days", sweep("2024-05-17 00:01"), append(group("！逾期 5 个工作日，已报领导小组"), "leader: ！逾期 5 个工作日，时限是 "+day)...)

		equal(t, "handed in", did("lead", report.Act{Verb: report.Submit}), "head: 已提交，待审核")
		equal(t, "refused", did("head", report.Act{Verb: report.Refuse, Part: "progress", Question: "机密理由"}), group("负责人退回“工作进展”，请修改", "head")...)
		equal(t, "handed in again", did("lead", report.Act{Verb: report.Submit}), "head: 已提交，待审核")
		equal(t, "approved", did("head", report.Act{Verb: report.Approve}), "office: 已报出，待接收", "coordinator: 已报出，待接收")
		equal(t, "sent back", did("office", report.Act{Verb: report.SendBack, Part: "next", Question: "机密理由"}), group("办公室退回“下步打算”，请修改后重报")...)
		equal(t, "by its head", did("head", report.Act{Verb: report.Submit}), "office: 已报出，待接收", "coordinator: 已报出，待接收")
		equal(t, "accepted", did("office", report.Act{Verb: report.Accept}), group("办公室已接收")...)
	})
}

// filing is what the work group of "lead" owes for a month.
func (w *town) filing(t *testing.T, period report.Period) report.Concern {
	t.Helper()
	list, err := w.Reports.Matrices(t.Context(), w.campaign.ID)
	if err != nil {
		t.Fatal(err)
	}
	st, err := roster.StandingOf(t.Context(), w.DB.Reader(), w.campaign.ID, w.accounts["lead"].Actor())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list[0].Rows {
		for _, f := range r.Filings {
			c := report.Concern{Filing: *f, Reporter: r.Reporter, What: list[0].Obligation.What}
			if f.Period == period && c.Sits(st) {
				return c
			}
		}
	}
	t.Fatal("nothing is owed for", period)
	return report.Concern{}
}

func (w *town) report(t *testing.T, role string, id int64, a report.Act) {
	t.Helper()
	x, err := w.Reports.See(w.as(role), w.campaign.ID, id)
	if err == nil {
		a.Revision = x.Revision
		err = w.Reports.Take(w.as(role), w.campaign.ID, id, a)
	}
	if err != nil {
		t.Fatal(role, a.Verb, err)
	}
}

// about is what is new in everybody's inbox of a filing.
func (w *town) about(t *testing.T, id int64) (out []string) {
	t.Helper()
	for role := range w.accounts {
		p, err := w.notify.Inbox(w.as(role), 0, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range p.Items {
			if x.SubjectKind == report.Kind && x.SubjectID == id {
				mark := ""
				if x.Urgent {
					mark = "！"
				}
				if !strings.Contains(x.Title, "工作动态") || x.Path == "" {
					t.Errorf("%s is told of %q at %q", role, x.Title, x.Path)
				}
				out = append(out, role+": "+mark+x.Text)
			}
		}
		if len(p.Items) > 0 {
			if err := w.notify.MarkAllRead(w.as(role), p.Items[0].ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	slices.Sort(out)
	return out
}

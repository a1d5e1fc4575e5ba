package web_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/plan"
	"pinzhi/internal/report"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/webtest"

	"github.com/chromedp/chromedp"
)

// quarter is a campaign from July 2023 on, with a clock that the test moves and an account for the head of every
// reporter, one of the office and one of the leading group.
type quarter struct {
	*webtest.Site

	campaign campaign.Campaign
	now      *atomic.Int64
	keeper   *ledger.Ledger
	rows     []report.MatrixRow // of the monthly report
}

func (q *quarter) at(t *testing.T, moment string) {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", moment, kernel.Shanghai)
	if err != nil {
		t.Fatal(err)
	}
	q.now.Store(at.UnixMicro())
	if q.Site == nil {
		return
	}
	if _, err := q.Calendar.Sweep(webtest.System()); err != nil {
		t.Fatal(err)
	}
	if _, err := q.keeper.SealNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Notify.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func openQuarter(t *testing.T) *quarter {
	t.Helper()
	q := &quarter{now: new(atomic.Int64)}
	q.at(t, "2023-07-03 09:00")
	clock := kernel.FixedClock(func() time.Time { return time.UnixMicro(q.now.Load()).UTC() })
	d := dbtest.Open(t, db.SQLite)
	q.Site = webtest.Open(t, d, clock)
	q.campaign = q.OpenCampaign(t, "examples/linfen-2023/plan.txt")
	var err error
	if q.keeper, err = ledger.Open(t.Context(), d, t.TempDir(), clock); err != nil {
		t.Fatal(err)
	}
	list, err := q.Reports.Matrices(t.Context(), q.campaign.ID)
	if err != nil {
		t.Fatal(err)
	}
	q.rows = list[0].Rows
	seats, err := roster.SeatsOf(t.Context(), d.Reader(), q.campaign.ID)
	if err != nil {
		t.Fatal(err)
	}
	account := func(login string, is func(roster.Seat) bool) {
		i := slices.IndexFunc(seats, is)
		if i < 0 {
			t.Fatal("nobody sits there for", login)
		}
		person := seats[i].PersonID
		q.Account(t, login, person, kernel.NoAdmin)
		seats = slices.DeleteFunc(seats, func(s roster.Seat) bool { return s.PersonID == person }) // each is one person
	}
	for i, r := range q.rows {
		account(fmt.Sprintf("reporter%d", i), func(s roster.Seat) bool {
			return (r.Reporter.BodyID != 0 && s.BodyID == r.Reporter.BodyID && !roster.IsMember(s.Role)) || (r.Reporter.UnitID != 0 && s.UnitID == r.Reporter.UnitID)
		})
	}
	account("office", func(s roster.Seat) bool { return s.BodyKind == plan.Office && roster.IsMember(s.Role) })
	account("leader", func(s roster.Seat) bool { return s.BodyKind == plan.LeadingGroup })
	return q
}

// file hands in what a reporter owes for a month, with a browser: from the matrix two clicks.
func (q *quarter) file(t *testing.T, reporter int, f *report.Filing) {
	t.Helper()
	b := newTab(t, chromium(t), q.Site, fmt.Sprintf("reporter%d", reporter), 1440, 900)
	b.open(t, fmt.Sprintf("/c/%d/reports", q.campaign.ID))
	b.click(t, fmt.Sprintf(`main a[href="/c/%d/filings/%d"]`, q.campaign.ID, f.ID))
	b.fill(t, "main form", nil)
	b.mustSay(t, "待接收")
}

// click leads to another page.
func (b *tab) click(t *testing.T, css string) {
	t.Helper()
	eval[bool](t, b, `(() => { document.body.dataset.before = "1"; return true })()`)
	b.do(t, chromedp.Click(chromedp.CSS(css)), chromedp.WaitReady(chromedp.CSS("body:not([data-before]) main")))
}

// inbox is what somebody was told, as the page shows it.
func (q *quarter) inbox(t *testing.T, login string) string {
	t.Helper()
	b := newTab(t, chromium(t), q.Site, login, 390, 844)
	b.open(t, "/inbox")
	return eval[string](t, b, `document.querySelector("main").innerText`)
}

// TestReports_AMonthInTheLife: nine report July; seven in time, one two working days late, one never. What the matrix,
// the reminders, the escalation, the summary and the calendar show is just that; and the quarter has its months in it.
func TestReports_AMonthInTheLife(t *testing.T) {
	q := openQuarter(t)
	if len(q.rows) != 9 {
		t.Fatal(len(q.rows), "report")
	}
	q.at(t, "2023-08-03 16:00")
	for i := range 7 {
		q.file(t, i, q.rows[i].Filings[0])
	}
	q.at(t, "2023-08-04 09:00") // a working day before
	q.at(t, "2023-08-07 09:00") // the fifth working day
	q.at(t, "2023-08-08 00:05")
	q.at(t, "2023-08-09 10:00")
	q.file(t, 7, q.rows[7].Filings[0])
	q.at(t, "2023-08-10 00:05")
	q.at(t, "2023-08-15 09:00")

	office := newTab(t, chromium(t), q.Site, "office", 1440, 900)
	office.open(t, fmt.Sprintf("/c/%d/reports", q.campaign.ID))
	var july []string
	for i := range q.rows {
		july = append(july, eval[string](t, office, fmt.Sprintf(`document.querySelector('main a[href="/c/%d/filings/%d"]').className`, q.campaign.ID, q.rows[i].Filings[0].ID)))
	}
	want := append(slices.Repeat([]string{"stand in_time"}, 7), "stand late", "stand missing")
	if !slices.Equal(july, want) {
		t.Errorf("the matrix shows %q", july)
	}

	never := q.inbox(t, "reporter8")
	for _, said := range []string{"2023年8月7日 24:00 为止", "已经逾期", "逾期 2 个工作日", "逾期 5 个工作日，已报领导小组"} {
		if !strings.Contains(never, said) {
			t.Errorf("whoever never reported is not told %q:\n%s", said, never)
		}
	}
	if late := q.inbox(t, "reporter7"); !strings.Contains(late, "已经逾期") || strings.Contains(late, "逾期 2 个工作日") {
		t.Errorf("whoever came two days late is told\n%s", late)
	}
	first := strings.ReplaceAll(q.inbox(t, "reporter0"), "\n", "")
	for _, said := range []string{"2023年8月7日 24:00 为止", "已经逾期"} { // he heads the office too, and is told of others
		if strings.Contains(first, q.rows[0].Reporter.Name+"）"+said) {
			t.Errorf("whoever came in time is told %q of his own:\n%s", said, first)
		}
	}
	if told := q.inbox(t, "leader"); strings.Count(told, "逾期 5 个工作日") != 1 || !strings.Contains(told, q.rows[8].Reporter.Name) {
		t.Errorf("the leading group is told\n%s", told)
	}

	q.sum(t, office)
	q.month(t, office)
	q.quarter(t)
}

// sum has the office write its summary and send it up.
func (q *quarter) sum(t *testing.T, office *tab) {
	t.Helper()
	office.open(t, fmt.Sprintf("/c/%d/reports/%d/2023-07", q.campaign.ID, q.rows[0].Filings[0].ObligationID))
	for _, says := range []string{"应报 9 家，按时 7 家", "迟报 1 家（" + q.rows[7].Reporter.Name + "）", "未报 1 家（" + q.rows[8].Reporter.Name + "）"} {
		if text := eval[string](t, office, `document.querySelector("[name=text]").value`); !strings.Contains(text, says) {
			t.Errorf("the summary does not say %q:\n%s", says, text)
		}
	}
	office.fill(t, "main form[action*='reports']", map[string]string{"text": " "})
	office.mustSay(t, "请写汇总")
	office.fill(t, "main form[action*='reports']", map[string]string{"text": "七月份总体平稳。"})
	if kept := eval[string](t, office, `document.querySelector("[name=text]").value`); kept != "七月份总体平稳。" {
		t.Errorf("kept is %q", kept)
	}
	office.click(t, "button[value=send]")
	office.mustSay(t, "七月份总体平稳")
	q.at(t, "2023-08-15 10:00")
	if told := q.inbox(t, "leader"); !strings.Contains(told, "办公室报来汇总") {
		t.Errorf("the leading group is not told of the summary:\n%s", told)
	}
}

// month looks at the calendar of August.
func (q *quarter) month(t *testing.T, office *tab) {
	t.Helper()
	office.open(t, fmt.Sprintf("/c/%d/calendar?month=2023-08", q.campaign.ID))
	day := eval[string](t, office, `[...document.querySelectorAll("td.day")].find(d => d.querySelector("h2")?.innerText === "7").innerText`)
	if !strings.Contains(day, "2023年7月") || !strings.Contains(day, "9 家") || !strings.Contains(day, "1 家未报") {
		t.Errorf("7 August says %q", day)
	}
}

// quarter has a reporter's three months in the quarter's report.
func (q *quarter) quarter(t *testing.T) {
	t.Helper()
	q.at(t, "2023-09-04 10:00")
	q.file(t, 0, q.rows[0].Filings[1])
	q.at(t, "2023-10-09 10:00")
	q.file(t, 0, q.rows[0].Filings[2])
	list, err := q.Reports.Matrices(t.Context(), q.campaign.ID)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(m report.Matrix) bool {
		return m.Obligation.Kind == report.ToFile && m.Obligation.Cadence == report.Quarterly
	})
	f := list[i].Rows[0].Filings[0]
	b := newTab(t, chromium(t), q.Site, "reporter0", 1440, 900)
	b.open(t, fmt.Sprintf("/c/%d/filings/%d", q.campaign.ID, f.ID))
	text := eval[string](t, b, `document.querySelector("[name=progress]").value`)
	for _, month := range []string{"2023年7月：", "2023年8月：", "2023年9月："} {
		if !strings.Contains(text, month) {
			t.Errorf("%s has not %s:\n%s", f.Period.Name(), month, text)
		}
	}
}

package web_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/web/webtest"

	"github.com/chromedp/chromedp"
)

// TestWizard_FromUploadToOpenedCampaign does what a clerk does: hands the plan in, checks it against its text,
// corrects a task, answers the check-up and opens the campaign.
func TestWizard_FromUploadToOpenedCampaign(t *testing.T) {
	clock := kernel.FixedClock(func() time.Time { return time.Date(2023, 7, 3, 1, 0, 0, 0, time.UTC) })
	s := webtest.Open(t, dbtest.Open(t, db.SQLite), clock)
	s.Account(t, "system", 0, kernel.SystemAdmin)
	b := newTab(t, chromium(t), s, "system", 1440, 900)
	b.do(t, chromedp.Navigate(s.URL+"/drafts"),
		chromedp.SetUploadFiles(chromedp.CSS("input[name=plan]"), []string{filepath.Join(webtest.Root(), "examples/linfen-2023/plan.txt")}),
		chromedp.Click(chromedp.CSS("form[action='/drafts'] button")), chromedp.WaitReady(chromedp.CSS("[data-reading]")))
	if head := eval[string](t, b, `document.querySelector(".title").innerText`); !strings.Contains(head, "7 个专项行动、27 项任务、10 个机构、203 个任职、64 条职责、3 个阶段") {
		t.Errorf("read: %s", head)
	}
	lightEachOther(t, b)
	correctATask(t, b)
	b.do(t, chromedp.Click(chromedp.CSS("#findings form[action$='/accept'] button")), chromedp.WaitNotPresent(chromedp.CSS("#findings form[action$='/accept']")))
	b.do(t, chromedp.Click(chromedp.CSS("form[action$='/open'] button")), chromedp.WaitReady(chromedp.CSS(".figs")))
	if said := b.said(); len(said) > 0 {
		t.Error(said)
	}
	rows, err := s.Campaigns.Visible(webtest.System())
	if err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	tasks, err := s.Campaigns.Tasks(webtest.System(), rows[0].ID)
	if err != nil || len(tasks) != 27 || tasks[2].Name != "深入开展控烟工作" {
		t.Fatalf("%d tasks, %v", len(tasks), err)
	}
	units, err := s.Campaigns.UnitsAtTasks(webtest.System(), rows[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, u := range units[tasks[2].ID] {
		names = append(names, u.Role+" "+u.UnitName)
	}
	if got := strings.Join(names, "、"); got != campaign.Lead+" 市卫健委、"+campaign.Support+" 市教育局" {
		t.Errorf("units of the corrected task: %s", got)
	}
}

// lightEachOther clicks right, then left, and looks at the other side.
func lightEachOther(t *testing.T, b *tab) {
	t.Helper()
	b.do(t, chromedp.Click(chromedp.CSS("#task-6 b")))
	if on := eval[bool](t, b, `document.getElementById("L53").classList.contains("sel")`); !on {
		t.Error("a task on the right does not light its lines on the left")
	}
	if seen := eval[bool](t, b, `(() => { const p = document.querySelector("[data-source]").getBoundingClientRect(), l = document.getElementById("L53").getBoundingClientRect(); return l.top >= p.top && l.bottom <= p.bottom; })()`); !seen {
		t.Error("the lines were lit but not brought into sight")
	}
	eval[int](t, b, `document.getElementById("L184").click(), 0`)
	if on := eval[bool](t, b, `document.querySelector("#appointment-0-40").classList.contains("sel")`); !on {
		lit := eval[string](t, b, `[...document.querySelectorAll("[data-reading] .sel")].map(e => e.id).join(" ")`)
		t.Errorf("line 184 lights %q on the right", lit)
	}
}

// correctATask opens one entry without leaving the page, changes it and stores it.
func correctATask(t *testing.T, b *tab) {
	t.Helper()
	eval[int](t, b, `document.querySelector("#task-2 .acts-inline a").click(), 0`)
	b.do(t, chromedp.WaitReady(chromedp.CSS("#task-2 input[name=name]")),
		chromedp.SetValue(chromedp.CSS("#task-2 input[name=name]"), "深入开展控烟工作"),
		chromedp.SetValue(chromedp.CSS("#task-2 input[name=lead_units]"), "市卫健委"),
		chromedp.SetValue(chromedp.CSS("#task-2 input[name=support_units]"), "市教育局"),
		chromedp.Click(chromedp.CSS("#task-2 form button.go")), chromedp.WaitNotPresent(chromedp.CSS("#task-2 input[name=name]")))
	if name := eval[string](t, b, `document.querySelector("#task-2 b").innerText`); name != "深入开展控烟工作" {
		t.Errorf("the corrected task is called %q", name)
	}
}

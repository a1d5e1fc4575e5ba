package web_test

import (
	"fmt"
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
	scrollTogether(t, b)
	correctATask(t, b)
	takeItBack(t, b)
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

// scrollTogether moves one pane, waits for the frames in which the other follows, and looks what stands at its top.
func scrollTogether(t *testing.T, b *tab) {
	t.Helper()
	eval[int](t, b, `new Promise(r => setTimeout(() => r(0), 300))`) // what the last click moved has come to rest
	const settle = `new Promise(r => setTimeout(() => { %s }, 300))`
	const at = `(pane, el) => el.getBoundingClientRect().top - pane.getBoundingClientRect().top;`
	// the text up to line 53, in small steps as a wheel does
	gap := eval[float64](t, b, `(async () => { const at = `+at+` const s = document.querySelector("[data-source]"), r = document.querySelector("[data-reading]");
		s.scrollTop = 0; const goal = at(s, document.getElementById("L53"));
		for (let y = 0; y < goal; y += 40) { s.scrollTop = y; await new Promise(requestAnimationFrame); }
		s.scrollTop = goal - 4; return `+fmt.Sprintf(settle, `r(at(document.querySelector("[data-reading]"), document.getElementById("task-6")))`)+`})()`)
	if gap < -20 || gap > 200 {
		t.Errorf("with line 53 at the top of the text, its task stands at %v px on the right", gap)
	}
	// the reading down to a body; the text comes along and does not push back
	gap = eval[float64](t, b, `(async () => { const at = `+at+` const r = document.querySelector("[data-reading]");
		await new Promise(f => setTimeout(f, 300));
		r.scrollTop += at(r, document.getElementById("body-2")) - 4; const there = r.scrollTop;
		return `+fmt.Sprintf(settle, `const l = document.getElementById("L" + document.getElementById("body-2").dataset.from);
		r(Math.abs(document.querySelector("[data-reading]").scrollTop - there) > 2 ? -999 : at(document.querySelector("[data-source]"), l))`)+`})()`)
	if gap < -20 || gap > 200 {
		t.Errorf("with a body at the top of the reading, its line stands at %v px on the left", gap)
	}
}

// inSight reports whether an element stands wholly inside its pane.
func inSight(t *testing.T, b *tab, pane, el string) bool {
	t.Helper()
	return eval[bool](t, b, fmt.Sprintf(`(() => { const p = document.querySelector(%q).getBoundingClientRect(), e = document.querySelector(%q).getBoundingClientRect(); return e.top >= p.top && e.top < p.bottom; })()`, pane, el))
}

// takeItBack undoes the last correction and looks that one is where it was made.
func takeItBack(t *testing.T, b *tab) {
	t.Helper()
	if says := eval[string](t, b, `document.querySelector("form[action$='/undo'] button").innerText`); says != "撤回上一处：更正任务（共改 1 处）" {
		t.Errorf("the button to undo says %q", says)
	}
	b.do(t, chromedp.Click(chromedp.CSS("form[action$='/undo'] button")), chromedp.WaitNotPresent(chromedp.CSS("form[action$='/undo']")))
	if !inSight(t, b, "[data-reading]", "#task-2") {
		t.Error("after undoing, the task is out of sight")
	}
}

// correctATask opens one entry without leaving the page, changes it and stores it.
func correctATask(t *testing.T, b *tab) {
	t.Helper()
	eval[int](t, b, `document.querySelector("#task-2 .acts-inline a").click(), 0`)
	b.do(t, chromedp.WaitReady(chromedp.CSS("#task-2 input[name=name]")))
	if on := eval[string](t, b, `new Promise(r => requestAnimationFrame(() => r(document.activeElement.name || "")))`); on != "name" {
		t.Errorf("the opened entry has the focus at %q", on)
	}
	b.do(t, chromedp.SetValue(chromedp.CSS("#task-2 input[name=name]"), "深入开展控烟工作"),
		chromedp.SetValue(chromedp.CSS("#task-2 input[name=lead_units]"), "市卫健委"),
		chromedp.SetValue(chromedp.CSS("#task-2 input[name=support_units]"), "市教育局"),
		chromedp.Click(chromedp.CSS("#task-2 form button.go")), chromedp.WaitNotPresent(chromedp.CSS("#task-2 input[name=name]")))
	if !inSight(t, b, "[data-reading]", "#task-2") || !inSight(t, b, "[data-source]", ".src p.sel") {
		t.Error("after storing, the task or its lines are out of sight")
	}
	if name := eval[string](t, b, `document.querySelector("#task-2 b").innerText`); name != "深入开展控烟工作" {
		t.Errorf("the corrected task is called %q", name)
	}
}

// TestWizard_WhatTheReaderMissedIsAddedByHand adds one entry of each kind that the screen offers.
func TestWizard_WhatTheReaderMissedIsAddedByHand(t *testing.T) {
	s, _ := site(t)
	draft := startDraft(t, s, 0, "examples/linfen-2023/plan.txt")
	b := newTab(t, chromium(t), s, "system", 390, 844)
	for _, add := range []struct{ edit, field, text, lands string }{
		{"newbody", "name", "信息组", "#body-10"}, {"newduty.10", "text", "编写信息", "#duty-10-0"}, {"newseat.10", "name", "甲乙", "#appointment-10-0"},
		{"newobligation", "what", "报信息", "#obligation-7"}, {"newindicator", "name", "满意度", "#indicator-27"},
		{"newphase.2", "name", "巩固阶段", "#phase-3"}, {"newtask.26", "name", "添的任务", "#task-27"},
	} {
		b.do(t, chromedp.Navigate(fmt.Sprintf("%s/drafts/%d?edit=%s", s.URL, draft, add.edit)))
		form := "#" + strings.ReplaceAll(add.edit, ".", "-") + " "
		b.do(t, chromedp.SetValue(chromedp.CSS(form+"[name="+add.field+"]"), add.text), chromedp.Click(chromedp.CSS(form+"button.go")),
			chromedp.WaitReady(chromedp.CSS(add.lands)))
		if got := eval[string](t, b, `document.querySelector("`+add.lands+`").textContent`); !strings.Contains(got, add.text) {
			t.Errorf("%s: %q", add.edit, got)
		}
		for _, v := range axe(t, b) {
			t.Errorf("%s axe: %s", add.edit, v)
		}
	}
}

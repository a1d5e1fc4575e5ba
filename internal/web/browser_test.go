package web_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
	"pinzhi/internal/plan/source"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/webtest"

	"github.com/chromedp/chromedp"
)

// screens is where the tour leaves its pictures; nothing is kept unless it is set.
var screens = os.Getenv("PINZHI_SCREENS")

var sizes = []struct {
	name          string
	width, height int64
}{{"wide", 1440, 900}, {"phone", 390, 844}}

// tab is one page of a browser, signed in as somebody, that remembers what went wrong in it.
type tab struct {
	ctx   context.Context
	base  string
	login string

	mu    sync.Mutex
	wrong []string
}

// chromium starts the browser once for a test.
func chromium(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("no browser in short mode")
	}
	alloc, stop := chromedp.NewExecAllocator(t.Context(), chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless, chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-quic", true))
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("chromium does not start (run script/bootstrap): %v", err)
	}
	return ctx
}

// newTab opens a page with cookies of its own and signs in; login "" stays outside.
func newTab(t *testing.T, browser context.Context, s *webtest.Site, login string, width, height int64) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	b := &tab{ctx: ctx, base: s.URL, login: login}
	b.listen()
	b.do(t, chromedp.EmulateViewport(width, height))
	if login == "" {
		return b
	}
	b.do(t, chromedp.Navigate(s.URL+"/signin"), chromedp.SendKeys(chromedp.CSS("input[name=login]"), login),
		chromedp.SendKeys(chromedp.CSS("input[name=password]"), webtest.Password),
		chromedp.Click(chromedp.CSS("form[action='/signin'] button")), chromedp.WaitReady(chromedp.CSS("nav.rail")))
	return b
}

// listen remembers what the console complains of.
func (b *tab) listen() {
	messages := chromedp.Console(b.ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleException || m.Type == chromedp.ConsoleWarning {
				b.mu.Lock()
				b.wrong = append(b.wrong, m.Text)
				b.mu.Unlock()
			}
		}
	}()
}

func (b *tab) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

func eval[T any](t *testing.T, b *tab, js string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%.120s: %v", js, err)
	}
	return v
}

// said returns what the console complained of since the last call. The browser's own word for a page
// that was meant to be refused is no complaint.
func (b *tab) said() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, w := range b.wrong {
		if !strings.Contains(w, "status of 4") {
			out = append(out, w)
		}
	}
	b.wrong = nil
	return out
}

// site boots the site on SQLite, with Linfen's plan and work in it, as of a day in its second phase.
func site(t *testing.T) (*webtest.Site, campaign.Campaign) {
	t.Helper()
	clock := kernel.FixedClock(func() time.Time { return time.Date(2024, 3, 27, 1, 40, 0, 0, time.UTC) })
	d := dbtest.Open(t, db.SQLite)
	s := webtest.Open(t, d, clock)
	c := s.OpenCampaign(t, "examples/pinghe/plan.txt")
	fillWithWork(t, s, c)
	s.Account(t, "system", 0, kernel.SystemAdmin)
	s.Account(t, "security", 0, kernel.SecurityAdmin)
	s.Account(t, "audit", 0, kernel.AuditAdmin)
	s.Account(t, "office", officeSeat(t, d, c.ID), kernel.NoAdmin)
	return s, c
}

func officeSeat(t *testing.T, d *db.DB, campaignID int64) int64 {
	t.Helper()
	seats, err := roster.SeatsOf(t.Context(), d.Reader(), campaignID)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range seats {
		if s.BodyKind == plan.Office {
			return s.PersonID
		}
	}
	t.Fatal("nobody sits in the office")
	return 0
}

// allItems is the work of a campaign that has no more than a page of it.
func allItems(s *webtest.Site, c campaign.Campaign) ([]campaign.ItemRow, error) {
	page, err := s.Campaigns.ItemsByTask(webtest.System(), c.ID, 0, "")
	return page.Rows, err
}

// fillWithWork breaks the first tasks into work items: done, late, soon and far off.
func fillWithWork(t *testing.T, s *webtest.Site, c campaign.Campaign) {
	t.Helper()
	tasks, err := s.Campaigns.Tasks(webtest.System(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	seats, err := roster.SeatsOf(webtest.System(), s.DB.Reader(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	for i, task := range tasks[:min(12, len(tasks))] {
		seat := seats[i%len(seats)]
		items := []campaign.WorkItemInput{
			{Title: "市场区域标志和生熟分区改造", Unit: seat.UnitName, Person: seat.PersonName, Site: "北关农贸市场", Start: "2023-07-01", Due: "2023-10-31"},
			{Title: "休市消毒制度上墙并逐日登记", Unit: seat.UnitName, Start: "2023-12-01", Due: "2024-03-20"},
			{Title: "建立长效保洁机制，做到责任到点、到人，名单在点位公示", Unit: seat.UnitName, Start: "2024-01-01", Due: "2024-09-20"},
		}
		if err := s.Campaigns.AddWorkItems(webtest.System(), c.ID, task.ID, items); err != nil {
			t.Fatalf("task %s: %v", task.Name, err)
		}
	}
	rows, err := allItems(s, c)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range rows {
		if i%3 == 0 {
			if err := s.Campaigns.FinishWorkItem(webtest.System(), c.ID, w.ID, "12 处市场已全部完成"); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// axe runs axe-core in the page and returns its violations, one a line.
func axe(t *testing.T, b *tab) []string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(webtest.Root(), "node_modules/axe-core/axe.min.js"))
	if err != nil {
		t.Fatalf("axe-core is missing (run script/bootstrap): %v", err)
	}
	eval[int](t, b, string(source)+"\n;0")
	return eval[[]string](t, b, `axe.run(document, {runOnly: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]})
		.then(r => r.violations.flatMap(v => v.nodes.slice(0, 3).map(n => v.id + ": " + n.html.slice(0, 160) + " | " + n.failureSummary.slice(0, 200))))`)
}

// TestScreens_NoSidewaysScrollingNoViolationNoConsoleError walks every screen at both sizes.
func TestScreens_NoSidewaysScrollingNoViolationNoConsoleError(t *testing.T) {
	s, c := site(t)
	draft := startDraft(t, s, 0, "examples/linfen-2023/plan.txt")
	revision := startDraft(t, s, c.ID, "internal/web/testdata/pinghe-revised.txt")
	bare := s.OpenCampaign(t, "internal/plan/testdata/plans/08-shitan-education-bureau.txt") // a task without a name, no phases
	forOffice, forReporter := reportPages(t, s, c)
	figuresForOffice, figuresForUnit := indicatorPages(t, s, c)
	tours := []struct{ login, pages string }{
		{"", "/signin /signin/link?token=x"},
		{"system", fmt.Sprintf("/ /drafts /drafts/%d /drafts/%d?edit=task.2 /drafts/%d?edit=appointment.1.2 /accounts /me /c/999", draft, draft, draft)},
		{"system", barePages(t, s, bare)},
		{"security", "/accounts"},
		{"audit", "/log"},
		{"office", campaignPages(t, s, c, revision)},
		{"office", casePages(t, s, c)},
		{"system", "/calendar /calendar?year=2030"},
		{"office", tellPages(t, s, c.ID)},
		{"office", forOffice},
		{"reporter", forReporter},
		{"office", figuresForOffice},
		{"liaison", figuresForUnit},
		{"system", "/deliveries /deliveries?state=failed /deliveries?state=dropped"},
	}
	browser := chromium(t)
	for _, size := range sizes {
		for _, tour := range tours {
			b := newTab(t, browser, s, tour.login, size.width, size.height)
			b.said()
			for page := range strings.FieldsSeq(tour.pages) {
				visit(t, b, size.name, page)
			}
		}
	}
}

func visit(t *testing.T, b *tab, size, page string) {
	t.Helper()
	b.do(t, chromedp.Navigate(b.base+page), chromedp.WaitReady(chromedp.CSS("main")))
	over := eval[float64](t, b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`)
	if over > 0 {
		culprit := eval[string](t, b, `(() => { const w = document.documentElement.clientWidth; const e = [...document.querySelectorAll("body *")].find(e => e.getBoundingClientRect().right > w + 1); return e ? e.outerHTML.slice(0, 200) : ""; })()`)
		t.Errorf("%s %s scrolls sideways by %v px: %s", size, page, over, culprit)
	}
	if screens != "" {
		keep(t, b, size, page)
	}
	for _, v := range axe(t, b) {
		t.Errorf("%s %s axe: %s", size, page, v)
	}
	for _, w := range b.said() {
		t.Errorf("%s %s console: %s", size, page, w)
	}
}

// keep leaves a picture of the page for somebody to look at.
func keep(t *testing.T, b *tab, size, page string) {
	t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	name := strings.Trim(strings.NewReplacer("/", "_", "?", "-", "=", "-").Replace(page), "_")
	if err := os.WriteFile(filepath.Join(screens, size+"_"+b.login+"_"+name+".png"), png, 0o600); err != nil {
		t.Fatal(err)
	}
}

func startDraft(t *testing.T, s *webtest.Site, campaignID int64, path string) int64 {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(webtest.Root(), path))
	if err != nil {
		t.Fatal(err)
	}
	src, err := source.Read(filepath.Base(path), content)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Read(src)
	if err != nil {
		t.Fatal(err)
	}
	id, err := s.Campaigns.StartDraft(webtest.System(), campaign.Upload{CampaignID: campaignID, Source: src, Original: content, Plan: p})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// barePages are those that a plan with little in it leaves half empty.
func barePages(t *testing.T, s *webtest.Site, c campaign.Campaign) string {
	t.Helper()
	tasks, err := s.Campaigns.Tasks(webtest.System(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	pages := ""
	for _, p := range []string{"", "/tasks", "/phases", "/gantt", "/measures", "/reports", "/indicators", "/figures", "/incidents", fmt.Sprintf("/tasks/%d", tasks[0].ID), fmt.Sprintf("/tasks/%d", tasks[len(tasks)-1].ID)} {
		pages += fmt.Sprintf("/c/%d%s ", c.ID, p)
	}
	return pages
}

// campaignPages lists every kind of page inside a campaign, with one object of each kind.
func campaignPages(t *testing.T, s *webtest.Site, c campaign.Campaign, revision int64) string {
	t.Helper()
	tasks, err := s.Campaigns.Tasks(webtest.System(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	items, err := allItems(s, c)
	if err != nil {
		t.Fatal(err)
	}
	seats, err := roster.SeatsOf(webtest.System(), s.DB.Reader(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, p := range []string{"", "/tasks", "/gantt", "/measures", "/phases", "/bodies", "/people", "/units", "/matrix", "/plan", "/checkup", "/ledger",
		"/drafts", "/items", "/search", "/search?q=市场", "/search?q=没有这个词",
		fmt.Sprintf("/tasks/%d", tasks[0].ID), fmt.Sprintf("/tasks/%d", tasks[len(tasks)-1].ID), fmt.Sprintf("/items/%d", items[1].ID),
		fmt.Sprintf("/gantt?task=%d", tasks[0].ID), fmt.Sprintf("/bodies/%d", seats[0].BodyID), fmt.Sprintf("/people/%d", seats[0].PersonID),
		fmt.Sprintf("/units/%d", seats[len(seats)/2].UnitID)} {
		fmt.Fprintf(&b, "/c/%d%s ", c.ID, p)
	}
	fmt.Fprintf(&b, "/drafts/%d", revision)
	return b.String()
}

package web_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/notify"
	"pinzhi/internal/web/webtest"

	"github.com/chromedp/chromedp"
)

// renewTelling tells what happened, makes a calendar, and a message that was given up.
func (s *stage) renewTelling(t *testing.T) {
	t.Helper()
	s.tell(t)
	lead := s.as(t, "lead")
	p, err := s.Notify.Inbox(lead, 0, false)
	if err != nil || len(p.Items) == 0 {
		t.Fatalf("%d notices, %v", len(p.Items), err)
	}
	s.ids["{q}"] = fmt.Sprint(p.Items[0].ID)
	if s.ids["{token_of_feed}"], err = s.Notify.MakeFeed(s.as(t, "leader")); err != nil {
		t.Fatal(err)
	}
	// Nobody listens there; a test is given up at once, and when it was sent again once more.
	if err := s.Notify.SetChannel(lead, notify.Channel{Kind: notify.Webhook, Address: "http://127.0.0.1:1/", Active: true}); err != nil {
		t.Fatal(err)
	}
	if s.ids["{z}"] == "" {
		if err := s.Notify.Test(lead, notify.Webhook); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Notify.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	failed, err := s.Notify.Deliveries(s.as(t, "system"), notify.Failed, 0)
	if err != nil || len(failed.Rows) == 0 {
		t.Fatal(failed, err)
	}
	s.ids["{z}"] = fmt.Sprint(failed.Rows[0].ID)
}

// tell seals what happened and tells it.
func (s *stage) tell(t *testing.T) {
	t.Helper()
	if _, err := s.keeper.SealNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Notify.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// tellPages tells what happened on a site, makes messages of every fate, and lists the pages that show them.
func tellPages(t *testing.T, s *webtest.Site, campaignID int64) string {
	t.Helper()
	keeper, err := ledger.Open(t.Context(), s.DB, t.TempDir(), kernel.Clock{})
	if err != nil {
		t.Fatal(err)
	}
	st := &stage{Site: s, keeper: keeper}
	office := st.as(t, "office")
	for kind, address := range map[notify.Kind]string{notify.Webhook: "http://127.0.0.1:1/", notify.WeCom: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k", notify.Mail: "zhu.jian@example.gov.cn"} {
		if err := s.Notify.SetChannel(office, notify.Channel{Kind: kind, Address: address, Active: true, UrgentOnly: kind == notify.WeCom}); err != nil {
			t.Fatal(err)
		}
	}
	st.tell(t)
	for i := range 25 { // come in together, so they are one line
		r := cases.Registration{Words: fmt.Sprintf("解放路 %d 号门前路灯不亮", i+1), Source: cases.Hotline, Address: fmt.Sprintf("解放路 %d 号", i+1)}
		if _, err := s.Cases.Register(webtest.System(), campaignID, r); err != nil {
			t.Fatal(err)
		}
	}
	st.tell(t)
	if err := s.Notify.SetChannel(office, notify.Channel{Kind: notify.WeCom, Address: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k"}); err != nil {
		t.Fatal(err) // off again: what waited is dropped
	}
	if err := s.Notify.Test(office, notify.Webhook); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Notify.Deliver(t.Context(), notify.Webhook); err != nil {
		t.Fatal(err)
	}
	p, err := s.Notify.Inbox(office, 0, false)
	if err != nil || len(p.Items) < 4 {
		t.Fatalf("%d notices, %v", len(p.Items), err)
	}
	if err := s.Notify.MarkRead(office, p.Items[2].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Notify.MakeFeed(office); err != nil {
		t.Fatal(err)
	}
	return "/inbox /inbox?unread=1 /me/notify"
}

// running has the site tell by itself, as the program does.
func (s *stage) running(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Notify.Run(ctx, slog.New(slog.DiscardHandler)) }()
	go s.keeper.Run(ctx)
	t.Cleanup(func() { stop(); <-done })
}

func (b *tab) bell(t *testing.T) string {
	t.Helper()
	return eval[string](t, b, `(() => { const b = document.querySelector("[data-bell] b"); return b.hidden ? "" : b.textContent })()`)
}

// waitBell waits until the bell shows a count, without the page being loaded again.
func (b *tab) waitBell(t *testing.T, want string) {
	t.Helper()
	for began := time.Now(); b.bell(t) != want; time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("the bell shows %q, want %q", b.bell(t), want)
		}
	}
}

// TestBell_CountsWhileThePageStaysOpen: somebody else dispatches; the bell of an open page goes up, and down when it is
// read elsewhere.
func TestBell_CountsWhileThePageStaysOpen(t *testing.T) {
	s := stageFor(t)
	s.running(t)
	b := newTab(t, chromium(t), s.Site, "lead", 1440, 900)
	lead := s.as(t, "lead")
	b.open(t, "/inbox")
	b.fill(t, "form[action='/inbox/read']", nil) // all of it
	b.waitBell(t, "")
	b.open(t, "/me")
	eval[bool](t, b, `(() => { document.body.dataset.stayed = "1"; return true })()`)
	for _, want := range []string{"1", "2"} {
		id, _ := s.caseOf(t, s.as(t, "inspector"), s.home.ID)
		s.step(t, s.as(t, "office"), id, cases.Act{Verb: cases.Dispatch, Unit: s.unit(t, s.home.ID, "市园林绿化中心")})
		b.waitBell(t, want)
	}
	p, err := s.Notify.Inbox(lead, 0, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Notify.MarkRead(lead, p.Items[0].ID); err != nil {
		t.Fatal(err)
	}
	b.waitBell(t, "1")
	if !eval[bool](t, b, `document.body.dataset.stayed === "1"`) {
		t.Error("the page was loaded again")
	}
	b.do(t, chromedp.Click(chromedp.CSS("[data-bell]")), chromedp.WaitReady(chromedp.CSS(".inbox")))
	b.do(t, chromedp.Click(chromedp.CSS(".inbox li.new a.hit")), chromedp.WaitReady(chromedp.CSS(".stages")))
	b.mustSay(t, "行道树枯死", "待签收")
	b.waitBell(t, "")
	for _, w := range b.said() {
		t.Errorf("console: %s", w)
	}
}

// TestBell_TheLineEndsWithTheSession: whoever signs out hears nothing more.
func TestBell_TheLineEndsWithTheSession(t *testing.T) {
	s := stageFor(t)
	s.running(t)
	client := s.Client(t, "office")
	res, err := client.Get(s.URL + "/inbox/events")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if kind := res.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		t.Fatal(kind)
	}
	lines := bufio.NewReader(res.Body)
	for text := ""; !strings.HasPrefix(text, "data: "); {
		if text, err = lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	out, err := client.Post(s.URL+"/signout", "application/x-www-form-urlencoded", nil)
	if err != nil || out.StatusCode != http.StatusSeeOther {
		t.Fatal(out, err)
	}
	_ = out.Body.Close()
	ended := make(chan error, 1)
	go func() { _, err := io.Copy(io.Discard, lines); ended <- err }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("the line stays open")
	}
	if res, err = client.Get(s.URL + "/inbox/events"); err != nil || res.StatusCode != http.StatusSeeOther {
		t.Errorf("%v, %v: without a session it leads to the sign-in page", res, err)
	}
}

// TestBell_AnOpenPageKeepsNobodySignedIn: eight hours without a step end the session, whatever the bell asks meanwhile.
func TestBell_AnOpenPageKeepsNobodySignedIn(t *testing.T) {
	s := webtest.Open(t, dbtest.Open(t, db.SQLite), kernel.Clock{})
	c := s.OpenCampaign(t, "examples/pinghe/plan.txt")
	s.Account(t, "office", officeSeat(t, s.DB, c.ID), kernel.NoAdmin)
	client := s.Client(t, "office")
	get := func(path string) int {
		res, err := client.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	// left is 1 while the session has its full eight hours before it.
	left := func() (n int) {
		if err := s.DB.Reader().NewRaw("SELECT count(*) FROM sessions WHERE expires_at > ?", time.Now().Add(8*time.Hour-time.Minute)).Scan(t.Context(), &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if left() != 1 {
		t.Fatal("signing in begins no session")
	}
	err := s.DB.Write(t.Context(), func(tx db.Tx) error {
		_, err := tx.NewRaw("UPDATE sessions SET expires_at = ?", time.Now().UTC().Add(time.Hour)).Exec(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if status := get("/inbox/events?once=1"); status != http.StatusOK || left() != 0 {
		t.Errorf("status %d; the bell put off the end of the session", status)
	}
	if status := get("/me"); status != http.StatusOK || left() != 1 {
		t.Errorf("status %d; a step does not put it off", status)
	}
}

// TestTelling_BySettingsAloneWithoutAScript: the forms as they are, with plain requests.
func TestTelling_BySettingsAloneWithoutAScript(t *testing.T) {
	s := stageFor(t)
	client := s.Client(t, "support")
	post := func(path, form string) (int, string) {
		res, err := client.Post(s.URL+path, "application/x-www-form-urlencoded", strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(body)
	}
	for _, c := range []struct {
		path, form string
		status     int
		says       string
	}{
		{"/me/notify/channel", "kind=mail&active=1&address=nobody", 422, "不是邮箱地址"},
		{"/me/notify/channel", "kind=webhook&active=1&address=ftp://x", 422, "https:// 或 http:// 开头"},
		{"/me/notify/channel", "kind=pigeon&active=1&address=https://x.example", 422, "没有这种通知方式"},
		{"/me/notify/test", "kind=wecom", 422, "请先启用并存下"},
		{"/me/notify/channel", "kind=webhook&active=1&address=https://hooks.example/x&when=urgent", 303, ""},
		{"/me/notify/test", "kind=webhook", 303, ""},
		{"/me/notify/test", "kind=webhook", 422, "还在发送"},
		{"/me/notify/feed", "", 200, "/feed/"},
		{"/me/notify/feed/revoke", "", 303, ""},
	} {
		status, body := post(c.path, c.form)
		if status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s %s: status %d, want %d that says %s", c.path, c.form, status, c.status, c.says)
		}
	}
	if text := s.page(t, "support", "/me/notify"); !strings.Contains(text, "https://hooks.example/x") {
		t.Error("what was set is not shown")
	}
	list, err := s.Notify.Channels(s.as(t, "support"))
	if err != nil || len(list) != 1 || !list[0].UrgentOnly || len(list[0].Secret) < 30 {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestFeed_OverHTTP: its type, its tag, nothing for a wrong address.
func TestFeed_OverHTTP(t *testing.T) {
	s := stageFor(t)
	path := "/feed/" + s.ids["{token_of_feed}"] + ".ics"
	get := func(path, tag string) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("If-None-Match", tag)
		res, err := s.clients["outsider"].Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res
	}
	res := get(path, "")
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/calendar; charset=utf-8" || res.Header.Get("ETag") == "" || len(res.Cookies()) != 0 {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	if again := get(path, res.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("unchanged: %d", again.StatusCode)
	}
	for _, wrong := range []string{"/feed/guessed.ics", "/feed/.ics", strings.TrimSuffix(path, ".ics")} {
		if res := get(wrong, ""); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", wrong, res.StatusCode)
		}
	}
}

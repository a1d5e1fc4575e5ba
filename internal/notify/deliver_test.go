package notify_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/notify"
	"pinzhi/internal/web/webtest"

	"github.com/emersion/go-smtp"
)

func mailing(t *testing.T, d *db.DB) (*town, *postOffice) {
	t.Helper()
	office := openPostOffice(t)
	return openedWith(t, d, notify.Config{URL: "https://pinzhi.example", PrivateHooks: true,
		SMTP: notify.SMTP{Addr: office.addr, From: "pinzhi@example.gov.cn", TLS: "never"}}), office
}

// TestMail_OneDigestADayUrgentAtOnceNoneAtNight lives through three days of somebody's mailbox.
func TestMail_OneDigestADayUrgentAtOnceNoneAtNight(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, office := mailing(t, d)
		w.channel(t, "lead", notify.Channel{Kind: notify.Mail, Address: "hua.rui@example.gov.cn"})
		hand := func(severity cases.Severity) {
			c := w.register(t, severity)
			w.take(t, "office", c.ID, w.act(cases.Dispatch))
			w.tell(t)
		}
		// sent is the subjects of what arrives at a moment.
		sent := func(moment string) (subjects []string) {
			w.at(moment)
			w.deliver(t)
			for _, l := range office.taken() {
				if l.to != "hua.rui@example.gov.cn" {
					t.Errorf("a letter to %s", l.to)
				}
				subjects = append(subjects, strings.TrimPrefix(l.subject, "【品质】【演练】"))
			}
			return subjects
		}
		must := func(moment string, want ...string) {
			t.Helper()
			got := sent(moment)
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", moment, got, want)
			}
		}
		const title = "行道树枯死，三棵；解放路：派给本单位，整改到 "
		hand(cases.Ordinary) // Monday 09:12
		w.at("2024-03-18 10:00")
		hand(cases.Ordinary)
		must("2024-03-18 10:01")
		w.at("2024-03-18 20:59")
		hand(cases.Urgent)
		must("2024-03-18 20:59", title+"2024年3月19日 20:59")
		w.at("2024-03-18 21:00")
		hand(cases.Urgent)
		w.at("2024-03-19 03:00")
		hand(cases.Urgent)
		must("2024-03-19 03:00")
		must("2024-03-19 07:29")
		must("2024-03-19 07:30", "紧急 2 条")
		must("2024-03-19 08:29")
		must("2024-03-19 08:30", "今日汇总 2 条")
		must("2024-03-19 12:00")
		w.at("2024-03-22 18:00") // a Friday; its digest comes on Monday
		hand(cases.Ordinary)
		must("2024-03-23 08:30")
		must("2024-03-24 09:00")
		w.at("2024-03-24 10:00")
		hand(cases.Ordinary)
		must("2024-03-25 08:31", "今日汇总 2 条")
		must("2024-03-26 08:31")
		if n := w.count(t, "select count(*) from notice_deliveries where state <> 'sent'"); n != 0 {
			t.Errorf("%d messages were not sent", n)
		}
	})
}

// TestMail_IsProperAndTellsNoMoreThanItMay reads a digest as it arrived.
func TestMail_IsProperAndTellsNoMoreThanItMay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, office := mailing(t, d)
		w.channel(t, "lead", notify.Channel{Kind: notify.Mail, Address: "hua.rui@example.gov.cn"})
		w.channel(t, "office", notify.Channel{Kind: notify.Mail, Address: "zhu.jian@example.gov.cn"})
		c := w.register(t, cases.Ordinary)
		w.take(t, "coordinator", c.ID, w.act(cases.Dispatch))
		w.take(t, "lead", c.ID, w.act(cases.Return))
		w.take(t, "coordinator", c.ID, w.act(cases.RefuseReturn))
		w.tell(t)
		w.at("2024-03-19 08:30")
		w.deliver(t)
		letters := office.taken()
		if len(letters) != 2 {
			t.Fatalf("%d letters, want 2", len(letters))
		}
		slices.SortFunc(letters, func(a, b letter) int { return strings.Compare(a.to, b.to) })
		lead := letters[0]
		if lead.subject != "【品质】【演练】今日汇总 2 条" || lead.from != "pinzhi@example.gov.cn" {
			t.Errorf("%s from %s", lead.subject, lead.from)
		}
		want := fmt.Sprintf(`【演练】平河市城市品质提升行动

2024-%06d 行道树枯死，三棵；解放路
    派给本单位，整改到 2024年3月25日 24:00
    现在：整改中，时限：2024年3月25日 24:00
    https://pinzhi.example/inbox/`, c.ID)
		if !strings.HasPrefix(lead.body, want) || strings.Count(lead.body, "https://pinzhi.example/inbox/") != 2 || !strings.Contains(lead.body, "https://pinzhi.example/me/notify") {
			t.Errorf("body:\n%s\nwant it to begin:\n%s", lead.body, want)
		}
		for _, l := range letters {
			for _, secret := range []string{"13900000000", "张先生", "机密理由", "解放路与平阳街口"} {
				if strings.Contains(l.body+l.subject, secret) {
					t.Errorf("the letter to %s tells %s", l.to, secret)
				}
			}
			for header, want := range map[string]string{"Auto-Submitted": "auto-generated", "List-Unsubscribe": "<https://pinzhi.example/me/notify>"} {
				if got := l.header.Get(header); got != want {
					t.Errorf("%s: %q, want %q", header, got, want)
				}
			}
			for i, line := range strings.Split(l.raw, "\r\n") {
				if len(line) > 998 || strings.ContainsFunc(line, func(r rune) bool { return r > 126 }) {
					t.Errorf("line %d is not plain ASCII of lawful length: %.80q", i, line)
				}
			}
		}
	})
}

// TestMail_AFailureIsTriedAgainWithTheSameNumberThenGivenUp: pauses grow, none ends at night, the administrator sees
// it and has it sent again.
func TestMail_AFailureIsTriedAgainWithTheSameNumberThenGivenUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, office := mailing(t, d)
		w.channel(t, "lead", notify.Channel{Kind: notify.Mail, Address: "hua.rui@example.gov.cn"})
		office.refuse = &smtp.SMTPError{Code: 550, Message: "no such mailbox"}
		c := w.register(t, cases.Urgent)
		w.at("2024-03-18 15:00")
		w.take(t, "office", c.ID, w.act(cases.Dispatch))
		w.tell(t)
		for i, at := range []string{"15:00", "15:01", "15:06", "15:36", "17:36"} {
			before, err := time.ParseInLocation("2006-01-02 15:04", "2024-03-18 "+at, kernel.Shanghai)
			if err != nil {
				t.Fatal(err)
			}
			w.now.Store(before.Add(-time.Second).UnixMicro())
			if n := w.deliver(t); n != 0 && i > 0 {
				t.Errorf("attempt %d comes before %s", i+1, at)
			}
			w.at("2024-03-18 " + at)
			if n := w.deliver(t); n != 1 && i > 0 {
				t.Errorf("attempt %d does not come at %s", i+1, at)
			}
		}
		w.at("2024-03-18 23:40") // six hours later would be now: at night nobody is tried
		if n := w.deliver(t); n != 0 {
			t.Error("tried at night")
		}
		w.at("2024-03-19 07:30")
		if n := w.deliver(t); n != 1 {
			t.Error("not tried in the morning")
		}
		system := kernel.WithActor(t.Context(), kernel.Actor{AccountID: 999, Name: "系统管理员", Admin: kernel.SystemAdmin})
		p, err := w.notify.Deliveries(system, notify.Failed, 0)
		if err != nil || len(p.Rows) != 1 {
			t.Fatalf("%+v, %v", p, err)
		}
		row := p.Rows[0]
		if row.Attempts != 6 || !strings.Contains(row.Error, "no such mailbox") || row.To != "hua.rui@example.gov.cn" || row.Name != "花蕊" {
			t.Errorf("%+v", row)
		}
		if n, err := w.notify.FailedLately(system); err != nil || n != 1 {
			t.Errorf("%d failed lately, %v", n, err)
		}
		if err := w.notify.Retry(w.as("office"), row.ID); kernel.CodeOf(err) != kernel.Forbidden {
			t.Errorf("the office retries: %v", err)
		}
		office.refuse = nil
		if err := w.notify.Retry(system, row.ID); err != nil {
			t.Fatal(err)
		}
		w.deliver(t)
		if letters := office.taken(); len(letters) != 1 || letters[0].header.Get("Message-Id") != fmt.Sprintf("<%d.%s.notice@example.gov.cn>", row.ID, strings.ReplaceAll(row.Slot, ":", "-")) {
			t.Errorf("%d letters, %v", len(letters), letters)
		}
		if err := w.notify.Retry(system, row.ID); kernel.CodeOf(err) != kernel.Conflict {
			t.Errorf("what was sent is sent again: %v", err)
		}
	})
}

// TestDeliver_SwitchedOffMeansSilent: nothing more, not even what waits; likewise a locked account and what was read.
func TestDeliver_SwitchedOffMeansSilent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, office := mailing(t, d)
		for _, role := range []string{"lead", "head", "support", "other"} {
			w.channel(t, role, notify.Channel{Kind: notify.Mail, Address: role + "@example.gov.cn", UrgentOnly: role == "other"})
		}
		c := w.register(t, cases.Ordinary)
		w.take(t, "office", c.ID, w.act(cases.Dispatch))
		c = w.register(t, cases.Ordinary)
		a := w.act(cases.Dispatch)
		a.Unit, a.Support = w.units["other"], nil
		w.take(t, "office", c.ID, a)
		w.tell(t)
		if err := w.notify.SetChannel(w.as("lead"), notify.Channel{Kind: notify.Mail, Address: "lead@example.gov.cn"}); err != nil { // off
			t.Fatal(err)
		}
		if err := w.Accounts.Lock(webtest.System(), w.accounts["head"].ID); err != nil {
			t.Fatal(err)
		}
		p, err := w.notify.Inbox(w.as("support"), 0, false)
		if err != nil || len(p.Items) != 1 {
			t.Fatal(p, err)
		}
		if err := w.notify.MarkRead(w.as("support"), p.Items[0].ID); err != nil {
			t.Fatal(err)
		}
		w.at("2024-03-19 08:30")
		w.deliver(t)
		c = w.register(t, cases.Urgent)
		w.take(t, "office", c.ID, w.act(cases.Dispatch))
		w.tell(t)
		w.deliver(t)
		var to []string
		for _, l := range office.taken() {
			to = append(to, l.to)
		}
		if want := []string{"support@example.gov.cn"}; !slices.Equal(to, want) { // the urgent one
			t.Errorf("letters to %q, want %q", to, want)
		}
		if w.count(t, "select count(*) from notice_deliveries where state = 'waiting'") != 0 {
			t.Error("something still waits")
		}
	})
}

// TestWebhook_IsSignedAndTriedUntilItIsTaken: the receiver fails twice, then checks and accepts.
func TestWebhook_IsSignedAndTriedUntilItIsTaken(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := openedWith(t, d, notify.Config{URL: "https://pinzhi.example", PrivateHooks: true})
		r := openReceiver(t, signedBy("our-secret"), status(http.StatusInternalServerError), status(http.StatusBadGateway))
		w.channel(t, "lead", notify.Channel{Kind: notify.Webhook, Address: r.url + "/in?key=hidden", Secret: "our-secret"})
		c := w.register(t, cases.Urgent)
		w.take(t, "office", c.ID, w.act(cases.Dispatch))
		w.tell(t)
		for _, at := range []string{"09:12", "09:13", "09:18", "09:48", "12:00", "18:00"} {
			w.at("2024-03-18 " + at)
			w.deliver(t)
		}
		calls := r.taken()
		if len(calls) != 3 {
			t.Fatalf("%d calls, want 3", len(calls))
		}
		if a, b := calls[0].header.Get("Pinzhi-Delivery"), calls[2].header.Get("Pinzhi-Delivery"); a == "" || a != b {
			t.Errorf("the number changed from %q to %q", a, b)
		}
		type item struct{ Campaign, Number, Title, Text, Step, Due, URL, Verb string }
		got := unmarshal[struct {
			ID, Kind string
			Drill    bool
			Items    []item
		}](t, calls[2].body)
		want := item{"平河市城市品质提升行动", c.Number(), "行道树枯死，三棵；解放路", "派给本单位，整改到 2024年3月19日 09:12", "待签收", "2024年3月19日 09:12",
			fmt.Sprintf("https://pinzhi.example/c/%d/cases/%d", w.campaign.ID, c.ID), "dispatched"}
		if got.Kind != "urgent" || !got.Drill || len(got.Items) != 1 || got.Items[0] != want || got.ID != calls[2].header.Get("Pinzhi-Delivery") {
			t.Errorf("%+v, want %+v", got, want)
		}
		latest, err := w.notify.Latest(w.as("lead"))
		if err != nil || latest[notify.Webhook].State != notify.Sent || strings.Contains(latest[notify.Webhook].Address, "hidden") {
			t.Errorf("%+v, %v", latest, err)
		}
	})
}

// TestRobots_TakeWhatTheySayTheyTook: both answer 200 to a refusal.
func TestRobots_TakeWhatTheySayTheyTook(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := opened(t, d)
		wecom := openReceiver(t, nil, answer(`{"errcode":45009,"errmsg":"api freq out of limit"}`))
		ding := openReceiver(t, nil, answer(`<html>not a robot</html>`))
		w.channel(t, "lead", notify.Channel{Kind: notify.WeCom, Address: wecom.url + "/cgi-bin/webhook/send?key=k"})
		w.channel(t, "lead", notify.Channel{Kind: notify.DingTalk, Address: ding.url + "/robot/send?access_token=t", Secret: "SECabc"})
		c := w.register(t, cases.Urgent)
		w.take(t, "office", c.ID, w.act(cases.Dispatch))
		w.tell(t)
		w.deliver(t)
		latest, err := w.notify.Latest(w.as("lead"))
		if err != nil {
			t.Fatal(err)
		}
		if x := latest[notify.WeCom]; x.State != notify.Waiting || !strings.Contains(x.Error, "45009") {
			t.Errorf("%+v", x)
		}
		if x := latest[notify.DingTalk]; x.State != notify.Waiting || x.Error == "" {
			t.Errorf("%+v", x)
		}
		w.at("2024-03-18 09:13")
		w.deliver(t)
		for name, r := range map[string]*receiver{"wecom": wecom, "dingtalk": ding} {
			calls := r.taken()
			if len(calls) != 2 {
				t.Fatalf("%s: %d calls, want 2", name, len(calls))
			}
			got := unmarshal[struct {
				MsgType string `json:"msgtype"`
				Text    struct{ Content string }
			}](t, calls[1].body)
			if got.MsgType != "text" || !strings.HasPrefix(got.Text.Content, "【品质】【演练】行道树枯死，三棵；解放路：派给本单位") || len(got.Text.Content) > 2048 {
				t.Errorf("%s: %+v", name, got)
			}
			if name == "dingtalk" {
				// timestamp and secret by DingTalk's rule, computed apart: 2024-03-18 09:13 in Shanghai
				if q := calls[1].query; q["timestamp"][0] != "1710724380000" || q["access_token"][0] != "t" || len(q["sign"][0]) != 44 {
					t.Errorf("query %v", q)
				}
			}
		}
	})
}

// TestRobots_ALongDigestFits: WeCom takes 2048 bytes.
func TestRobots_ALongDigestFits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := opened(t, d)
		r := openReceiver(t, nil)
		w.channel(t, "office", notify.Channel{Kind: notify.WeCom, Address: r.url})
		for range 40 {
			w.register(t, cases.Ordinary)
			w.tell(t) // one by one: many at once would be one line
		}
		w.at("2024-03-19 08:30")
		w.deliver(t)
		calls := r.taken()
		if len(calls) != 1 {
			t.Fatalf("%d calls", len(calls))
		}
		text := unmarshal[struct{ Text struct{ Content string } }](t, calls[0].body).Text.Content
		if len(text) > 2048 || !strings.Contains(text, "今日汇总 40 条") || !strings.Contains(text, "另有 ") {
			t.Errorf("%d bytes:\n%s", len(text), text)
		}
	})
}

// TestDeliver_ADeadChannelHoldsUpNobody: one server takes connections and says nothing, another does not exist.
func TestDeliver_ADeadChannelHoldsUpNobody(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	w := opened(t, d)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	alive := openReceiver(t, nil)
	w.channel(t, "lead", notify.Channel{Kind: notify.Webhook, Address: "http://" + silent.Addr().String()})
	w.channel(t, "head", notify.Channel{Kind: notify.Webhook, Address: "http://127.0.0.1:1"})
	w.channel(t, "support", notify.Channel{Kind: notify.Webhook, Address: alive.url})
	for range 3 {
		c := w.register(t, cases.Urgent)
		w.take(t, "office", c.ID, w.act(cases.Dispatch))
	}
	w.tell(t)
	done := make(chan struct{})
	go func() { defer close(done); w.deliver(t) }()
	began := time.Now()
	for got := 0; got < 1; got += len(alive.taken()) {
		if time.Since(began) > 5*time.Second {
			t.Fatal("the living channel waits for the dead ones")
		}
		time.Sleep(10 * time.Millisecond)
	}
	c := w.register(t, cases.Ordinary) // and so does nobody who works
	w.take(t, "office", c.ID, w.act(cases.Dispatch))
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("working took %s", took)
	}
	<-done
	if n := w.count(t, "select count(*) from notice_deliveries where attempts > 1"); n != 0 {
		t.Errorf("%d messages tried twice without a pause", n)
	}
	if n := w.count(t, "select count(*) from notice_deliveries where attempts = 1 and state = 'waiting'"); n != 2 {
		t.Errorf("%d messages tried at the dead channels, want one each", n)
	}
}

// TestDeliver_EachMessageOnceByHoweverMany: several instances deliver at once.
func TestDeliver_EachMessageOnceByHoweverMany(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := opened(t, d)
		r := openReceiver(t, nil)
		roles := []string{"office", "coordinator", "lead", "head", "support", "inspector", "other", "leader"}
		for _, role := range roles {
			w.channel(t, role, notify.Channel{Kind: notify.Webhook, Address: r.url + "/" + role})
		}
		const n = 10
		for range n {
			c := w.register(t, cases.Urgent)
			w.take(t, "office", c.ID, w.act(cases.Dispatch))
		}
		w.tell(t)
		want := w.count(t, "select count(*) from notice_deliveries")
		if want < 4*n {
			t.Fatalf("only %d messages", want)
		}
		var running sync.WaitGroup
		for range 4 {
			running.Go(func() {
				for idle := 0; idle < 3; {
					sent, err := w.notify.Deliver(t.Context(), notify.Webhook)
					if err != nil {
						t.Error(err)
						return
					}
					if sent == 0 {
						idle++
					}
				}
			})
		}
		running.Wait()
		w.deliver(t)
		seen := map[string]int{}
		for _, c := range r.taken() {
			seen[c.header.Get("Pinzhi-Delivery")]++
		}
		for id, times := range seen {
			if times != 1 {
				t.Errorf("message %s went out %d times", id, times)
			}
		}
		if len(seen) != want {
			t.Errorf("%d messages went out, want %d", len(seen), want)
		}
	})
}

// TestHooks_LeadNowhereInside: not by a literal address, a name, nor a redirect.
func TestHooks_LeadNowhereInside(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	w := openedWith(t, d, notify.Config{})
	inner := openReceiver(t, nil)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(inner.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"http://127.0.0.1/x", "http://10.1.2.3/", "https://192.168.1.1/", "http://[::1]/", "http://169.254.169.254/latest", "http://[::ffff:10.0.0.1]/",
		"http://0.0.0.0/", "http://100.64.1.1/", "ftp://example.com/", "https://user:pw@example.com/", "javascript:alert(1)", "//example.com", "example.com"} {
		if err := w.notify.SetChannel(w.as("lead"), notify.Channel{Kind: notify.Webhook, Address: address, Active: true}); kernel.CodeOf(err) != kernel.Invalid {
			t.Errorf("%s is taken: %v", address, err)
		}
	}
	w.channel(t, "lead", notify.Channel{Kind: notify.Webhook, Address: "http://localhost:" + port})
	if err := w.notify.Test(w.as("lead"), notify.Webhook); err != nil {
		t.Fatal(err)
	}
	w.deliver(t)
	latest, err := w.notify.Latest(w.as("lead"))
	if err != nil || latest[notify.Webhook].State != notify.Failed || !strings.Contains(latest[notify.Webhook].Error, "内网") {
		t.Errorf("%+v, %v", latest, err)
	}
	if n := len(inner.taken()); n != 0 {
		t.Errorf("the inner server was called %d times", n)
	}
}

// TestHooks_FollowNoRedirect: where one leads was never asked.
func TestHooks_FollowNoRedirect(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	w := opened(t, d)
	behind := openReceiver(t, nil)
	before := openReceiver(t, nil, func(rw http.ResponseWriter) {
		rw.Header().Set("Location", behind.url)
		rw.WriteHeader(http.StatusTemporaryRedirect)
		_, _ = io.WriteString(rw, "{}")
	})
	w.channel(t, "lead", notify.Channel{Kind: notify.Webhook, Address: before.url})
	if err := w.notify.Test(w.as("lead"), notify.Webhook); err != nil {
		t.Fatal(err)
	}
	w.at("2024-03-18 23:00") // a test goes out at night too: somebody waits for it
	w.deliver(t)
	if len(before.taken()) != 1 || len(behind.taken()) != 0 {
		t.Error("the redirect was followed")
	}
}

// TestMail_MustBeEncryptedUnlessTheOperatorSaysOtherwise: to a server without TLS nothing is said.
func TestMail_MustBeEncryptedUnlessTheOperatorSaysOtherwise(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	office := openPostOffice(t)
	w := openedWith(t, d, notify.Config{SMTP: notify.SMTP{Addr: office.addr, From: "品质办 <pinzhi@example.gov.cn>"}})
	w.channel(t, "lead", notify.Channel{Kind: notify.Mail, Address: "hua.rui@example.gov.cn"})
	if err := w.notify.Test(w.as("lead"), notify.Mail); err != nil {
		t.Fatal(err)
	}
	w.deliver(t)
	latest, err := w.notify.Latest(w.as("lead"))
	if err != nil || latest[notify.Mail].State != notify.Failed || !strings.Contains(latest[notify.Mail].Error, "STARTTLS") || len(office.taken()) != 0 {
		t.Errorf("%+v, %v", latest, err)
	}
}

// TestChannel_TestsAreFew: an address need not be its owner's.
func TestChannel_TestsAreFew(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	w, office := mailing(t, d)
	w.channel(t, "lead", notify.Channel{Kind: notify.Mail, Address: "somebody.else@example.gov.cn"})
	refused := 0
	for range 10 {
		if err := w.notify.Test(w.as("lead"), notify.Mail); kernel.CodeOf(err) == kernel.Conflict {
			refused++
		}
		w.deliver(t)
	}
	if n := len(office.taken()); n != 6 || refused != 4 {
		t.Errorf("%d tests arrived, %d were refused", n, refused)
	}
}

func TestNew_RefusesSettingsThatCannotBeMeant(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	for _, c := range []notify.Config{
		{URL: "pinzhi.example"}, {SMTP: notify.SMTP{Addr: "smtp.example.com", From: "a@example.com"}}, {SMTP: notify.SMTP{Addr: "smtp.example.com:x", From: "a@example.com"}},
		{SMTP: notify.SMTP{Addr: "smtp.example.com:587"}}, {SMTP: notify.SMTP{Addr: "smtp.example.com:587", From: "a@example.com", TLS: "perhaps"}},
	} {
		if _, err := notify.New(d, kernel.Clock{}, nil, nil, nil, nil, c); kernel.CodeOf(err) != kernel.Invalid {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestDigest_OfADayThatWasMissedGoesIntoTheNext: the server stood still on Tuesday.
func TestDigest_OfADayThatWasMissedGoesIntoTheNext(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, office := mailing(t, d)
		w.channel(t, "office", notify.Channel{Kind: notify.Mail, Address: "office@example.gov.cn"})
		w.register(t, cases.Ordinary)
		w.tell(t)
		w.at("2024-03-19 10:00")
		w.register(t, cases.Ordinary)
		w.tell(t)
		w.at("2024-03-20 09:00")
		w.deliver(t)
		letters := office.taken()
		if len(letters) != 1 || !strings.HasSuffix(letters[0].subject, "今日汇总 2 条") {
			t.Errorf("%d letters: %v", len(letters), letters)
		}
	})
}

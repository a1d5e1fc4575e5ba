package notify_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pinzhi/internal/access"
	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/notify"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/webtest"
)

// town is the made-up city's campaign with everybody who deals with cases, a clock that can be moved, and a ledger that
// is sealed when the test says so.
type town struct {
	*webtest.Site

	campaign campaign.Campaign
	now      *atomic.Int64
	clock    kernel.Clock
	keeper   *ledger.Ledger
	accounts map[string]access.Account
	units    map[string]int64
	notify   *notify.Service
}

// people of examples/pinghe/plan.txt, by what they are here.
var people = map[string]string{
	"office":      "竺简",  // a member of the office
	"coordinator": "白芷兰", // a deputy head of the office
	"inspector":   "谈笑",  // of the inspection group
	"leader":      "闻人岳", // 组长
	"lead":        "花蕊",  // 市园林绿化中心
	"head":        "林荫",  // its 主任
	"support":     "景明",  // 市自然资源局
	"other":       "明辉",  // 国网平河供电公司
}

const start = "2024-03-18 09:12" // a Monday

func opened(t *testing.T, d *db.DB) *town {
	t.Helper()
	return openedWith(t, d, notify.Config{PrivateHooks: true})
}

func openedWith(t *testing.T, d *db.DB, config notify.Config) *town {
	t.Helper()
	w := &town{now: new(atomic.Int64), accounts: map[string]access.Account{}, units: map[string]int64{}}
	w.at(start)
	w.clock = kernel.FixedClock(func() time.Time { return time.UnixMicro(w.now.Load()).UTC() })
	w.Site = webtest.Open(t, d, w.clock)
	w.campaign = w.OpenCampaign(t, "examples/pinghe/plan.txt")
	for role, name := range people {
		p, err := roster.PersonCalled(webtest.System(), d.Reader(), w.campaign.ID, name)
		if err != nil {
			t.Fatal(err)
		}
		if w.accounts[role], err = w.Accounts.Create(webtest.System(), access.NewAccount{Login: role, Name: name, PersonID: p.ID}); err != nil {
			t.Fatal(err)
		}
	}
	for role, unit := range map[string]string{"lead": "市园林绿化中心", "support": "市自然资源局", "other": "国网平河供电公司"} {
		u, err := roster.UnitNamed(t.Context(), d.Reader(), w.campaign.ID, unit)
		if err != nil || u.ID == 0 {
			t.Fatal(unit, err)
		}
		w.units[role] = u.ID
	}
	var err error
	if w.keeper, err = ledger.Open(t.Context(), d, t.TempDir(), w.clock); err != nil {
		t.Fatal(err)
	}
	if w.notify, err = notify.New(d, w.clock, w.Calendar, w.Campaigns, w.Cases, w.Accounts, config); err != nil {
		t.Fatal(err)
	}
	w.tell(t)
	return w
}

// at sets the clock to a time in Shanghai.
func (w *town) at(moment string) {
	t, err := time.ParseInLocation("2006-01-02 15:04", moment, kernel.Shanghai)
	if err != nil {
		panic(err)
	}
	w.now.Store(t.UnixMicro())
}

// as is somebody of the cast acting.
func (w *town) as(role string) context.Context {
	return kernel.WithActor(context.Background(), w.accounts[role].Actor())
}

func (w *town) register(t *testing.T, severity cases.Severity) cases.Case {
	t.Helper()
	c, err := w.Cases.Register(w.as("inspector"), w.campaign.ID, cases.Registration{Title: "行道树枯死，三棵；解放路", Words: "解放路东段行道树枯死三棵，张先生 13900000000 反映", Source: cases.Hotline,
		Severity: severity, Address: "解放路与平阳街口东 40 米", Caller: cases.Caller{Name: "张先生", Phone: "13900000000"}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *town) take(t *testing.T, role string, id int64, a cases.Act) cases.Case {
	t.Helper()
	a.Revision = -1
	c, err := w.Cases.Take(w.as(role), w.campaign.ID, id, a)
	if err != nil {
		t.Fatalf("%s by %s: %v", a.Verb, role, err)
	}
	return c
}

// act is a step with what it needs.
func (w *town) act(verb cases.Verb) cases.Act {
	a := cases.Act{Verb: verb, Reason: "现场看过，机密理由"}
	switch verb {
	case cases.Dispatch:
		a.Unit, a.Support = w.units["lead"], []int64{w.units["support"]}
	case cases.Redirect:
		a.Unit = w.units["other"]
	case cases.AskExtension, cases.AskDeferral:
		a.Day = "2024-06-28"
	case cases.Close:
		a.Outcome = cases.Fixed
	}
	return a
}

// tell seals what happened, tells it, and returns how many notices that made.
func (w *town) tell(t *testing.T) int {
	t.Helper()
	if _, err := w.keeper.SealNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	n, err := w.notify.Follow(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// deliver sends whatever is due.
func (w *town) deliver(t *testing.T) int {
	t.Helper()
	total := 0
	for {
		n, err := w.notify.Deliver(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if total += n; n == 0 {
			return total
		}
	}
}

// news is what is new in everybody's inbox since the last call, as role: text.
func (w *town) news(t *testing.T) []string {
	t.Helper()
	var out []string
	for role := range w.accounts {
		p, err := w.notify.Inbox(w.as(role), 0, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range p.Items {
			mark := ""
			if x.Urgent {
				mark = "！"
			}
			out = append(out, fmt.Sprintf("%s: %s%s", role, mark, x.Text))
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

func (w *town) channel(t *testing.T, role string, c notify.Channel) {
	t.Helper()
	c.Active = true
	if err := w.notify.SetChannel(w.as(role), c); err != nil {
		t.Fatal(err)
	}
}

func (w *town) count(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	if err := w.DB.Reader().NewRaw(query, args...).Scan(t.Context(), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func equal(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s: told\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

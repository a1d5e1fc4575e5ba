package cases_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/webtest"
)

// city is the made-up city's campaign with everybody who deals with cases, and a clock that can be moved.
type city struct {
	*cases.Service

	db       *db.DB
	calendar *calendar.Service
	evidence *evidence.Service
	campaign campaign.Campaign
	now      *atomic.Int64
	units    map[string]int64
}

// people of examples/pinghe/plan.txt, by what they are here.
var people = map[string]string{
	"office":      "竺简",  // a member of the office
	"coordinator": "白芷兰", // a deputy head of the office
	"inspector":   "谈笑",  // of the inspection group
	"second":      "严谨",  // of it too
	"leader":      "闻人岳", // 组长
	"lead":        "花蕊",  // 市园林绿化中心
	"support":     "景明",  // 市自然资源局
	"other":       "明辉",  // 国网平河供电公司
}

func opened(t *testing.T, d *db.DB) *city {
	t.Helper()
	return openedFrom(t, d, false)
}

// openedFrom opens the campaign with the limit that its plan gives, or without.
func openedFrom(t *testing.T, d *db.DB, planned bool) *city {
	t.Helper()
	c := &city{db: d, now: new(atomic.Int64), units: map[string]int64{}}
	c.at("2024-03-18 08:12")
	clock := kernel.FixedClock(func() time.Time { return time.UnixMicro(c.now.Load()).UTC() })
	campaigns := campaign.New(d, clock)
	o := webtest.Reading(t, "examples/pinghe/plan.txt")
	o.Drill = true
	if !planned {
		o.Reading.Plan.Limits = nil // these tests count by the usual limits
	}
	var err error
	if c.campaign, err = campaigns.Open(webtest.System(), o); err != nil {
		t.Fatal(err)
	}
	blobs, err := evidence.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c.calendar = calendar.New(d, clock)
	c.evidence = evidence.New(d, blobs, clock, evidence.DefaultLimits)
	c.Service = cases.New(d, clock, c.calendar, campaigns, c.evidence)
	for _, who := range []string{"lead", "support", "other"} {
		c.units[who] = c.seat(t, who).UnitID
	}
	return c
}

// at sets the clock to a time in Shanghai.
func (c *city) at(moment string) {
	t, err := time.ParseInLocation("2006-01-02 15:04", moment, kernel.Shanghai)
	if err != nil {
		panic(err)
	}
	c.now.Store(t.UnixMicro())
}

func (c *city) seat(t *testing.T, who string) roster.Person {
	t.Helper()
	p, err := roster.PersonCalled(webtest.System(), c.db.Reader(), c.campaign.ID, people[who])
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// as is somebody of the cast acting; "program" is the program itself.
func (c *city) as(t *testing.T, who string) context.Context {
	t.Helper()
	if who == "program" {
		return webtest.System()
	}
	p := c.seat(t, who)
	return kernel.WithActor(context.Background(), kernel.Actor{AccountID: 1000 + p.ID, PersonID: p.ID, Name: p.Name})
}

func (c *city) register(t *testing.T, who string) cases.Case {
	t.Helper()
	x, err := c.Register(c.as(t, who), c.campaign.ID, cases.Registration{Words: "解放路东段行道树枯死三棵", Source: cases.Inspection, Category: "绿化亮化",
		Address: "解放路与平阳街口东 40 米"})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// step is one act of a story: who does what.
type step struct {
	who string
	act cases.Act
}

func (c *city) take(t *testing.T, id int64, s step) (cases.Case, error) {
	t.Helper()
	s.act.Revision = -1
	return c.Take(c.as(t, s.who), c.campaign.ID, id, s.act)
}

func (c *city) must(t *testing.T, id int64, steps ...step) cases.Case {
	t.Helper()
	var x cases.Case
	for _, s := range steps {
		var err error
		if x, err = c.take(t, id, s); err != nil {
			t.Fatalf("%s by %s: %v", s.act.Verb, s.who, err)
		}
	}
	return x
}

// acts are the acts of the stories, complete.
func (c *city) act(verb cases.Verb) cases.Act {
	a := cases.Act{Verb: verb, Reason: "现场看过"}
	switch verb {
	case cases.Dispatch:
		a.Unit, a.Support = c.units["lead"], []int64{c.units["support"]}
	case cases.Redirect:
		a.Unit = c.units["other"]
	case cases.AskExtension, cases.AskDeferral:
		a.Day = "2024-06-28"
	case cases.Close:
		a.Outcome = cases.Fixed
	}
	return a
}

package report_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"
	"pinzhi/internal/web/webtest"
)

// city is a campaign whose clock the test sets.
type city struct {
	*report.Service

	db        *db.DB
	now       *atomic.Int64
	calendar  *calendar.Service
	campaigns *campaign.Service
	campaign  campaign.Campaign
}

func opened(t *testing.T, d *db.DB, moment string) *city {
	t.Helper()
	c := &city{db: d, now: new(atomic.Int64)}
	c.at(moment)
	clock := kernel.FixedClock(func() time.Time { return time.UnixMicro(c.now.Load()).UTC() })
	c.campaigns = campaign.New(d, clock)
	var err error
	if c.campaign, err = c.campaigns.Open(webtest.System(), webtest.Reading(t, linfen)); err != nil {
		t.Fatal(err)
	}
	c.calendar = calendar.New(d, clock)
	c.Service = report.New(d, clock, c.calendar, c.campaigns)
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

const linfen = "examples/linfen-2023/plan.txt"

// TestAdopt_LinfenOwesWhatItsPlanSays: line 129, over the phase of lines 119: nine reporters, fifteen months, five
// quarters, five meetings of the office.
func TestAdopt_LinfenOwesWhatItsPlanSays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d, "2023-06-28 10:00")
		if n, err := c.Adopt(t.Context(), c.campaign.ID); err != nil || n != 135+45+5+5 {
			t.Fatalf("%d filings: %v", n, err)
		}
		if n, err := c.Adopt(t.Context(), c.campaign.ID); err != nil || n != 0 {
			t.Errorf("%d filings the second time: %v", n, err)
		}
		list, err := c.Matrices(t.Context(), c.campaign.ID)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range list {
			got = append(got, fmt.Sprintf("%s %s%s: %d × %d, %s to %s", m.Obligation.Kind, m.Obligation.Cadence.Name(), m.Obligation.What, len(m.Rows), len(m.Periods),
				m.Periods[0].Name(), m.Periods[len(m.Periods)-1].Name()))
			for _, r := range m.Rows {
				if (r.Reporter.BodyID == 0) == (r.Reporter.UnitID == 0) {
					t.Errorf("%s is neither a body nor a unit, or both", r.Reporter.Name)
				}
				if i := slices.Index(r.Filings, nil); i >= 0 {
					t.Errorf("%s owes nothing for %s", r.Reporter.Name, m.Periods[i])
				}
			}
		}
		want := []string{
			"filing 每月报送工作动态: 9 × 15, 2023年7月 to 2024年9月",
			"filing 每季度书面报送工作进展情况: 9 × 5, 2023年第三季度 to 2024年第三季度",
			"meeting 每季度召开一次例会: 1 × 5, 2023年第三季度 to 2024年第三季度",
			"other 每季度季通报、季评价制度: 1 × 5, 2023年第三季度 to 2024年第三季度",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		// The fifth working day after July 2023 is Monday, 7 August; after September, with the National Day holiday
		// and two worked weekend days (国办发明电〔2022〕16号), Wednesday, 11 October.
		for _, x := range []struct {
			period report.Period
			due    kernel.Date
		}{{"2023-07", "2023-08-07"}, {"2023-09", "2023-10-11"}} {
			f := list[0].Rows[0].Filings[slices.Index(list[0].Periods, x.period)]
			if last, whole := calendar.LastDay(f.DueAt); last != x.due || !whole {
				t.Errorf("%s is due on %s, want %s", x.period, last, x.due)
			}
			dues, err := calendar.Of(t.Context(), d.Reader(), c.campaign.ID, report.Kind, f.ID)
			if err != nil || len(dues) != 1 || !dues[0].DueAt.Equal(f.DueAt) || !dues[0].Running() {
				t.Errorf("dues of %s: %+v: %v", x.period, dues, err)
			}
		}
	})
}

func TestPeriod_KnowsItsMonths(t *testing.T) {
	for _, x := range []struct {
		cadence report.Cadence
		month   kernel.Month
		period  report.Period
		name    string
		first   kernel.Date
		last    kernel.Date
		next    report.Period
	}{
		{report.Monthly, "2023-12", "2023-12", "2023年12月", "2023-12-01", "2023-12-31", "2024-01"},
		{report.Monthly, "2024-02", "2024-02", "2024年2月", "2024-02-01", "2024-02-29", "2024-03"},
		{report.Quarterly, "2023-09", "2023Q3", "2023年第三季度", "2023-07-01", "2023-09-30", "2023Q4"},
		{report.Quarterly, "2023-12", "2023Q4", "2023年第四季度", "2023-10-01", "2023-12-31", "2024Q1"},
		{report.HalfYearly, "2024-06", "2024H1", "2024年上半年", "2024-01-01", "2024-06-30", "2024H2"},
		{report.Yearly, "2024-06", "2024", "2024年", "2024-01-01", "2024-12-31", "2025"},
	} {
		p := report.PeriodOf(x.cadence, x.month)
		if p != x.period || p.Name() != x.name || p.First() != x.first || p.Last() != x.last || p.Next() != x.next || p.Cadence() != x.cadence {
			t.Errorf("%s: %s %s %s–%s, then %s, %s", x.month, p, p.Name(), p.First(), p.Last(), p.Next(), p.Cadence())
		}
		if again, err := report.ParsePeriod(x.cadence, string(p)); err != nil || again != p {
			t.Errorf("%s read back: %s: %v", p, again, err)
		}
	}
	for _, bad := range []string{"", "2023", "2023-13", "2023-00", "2023Q5", "2023Q0", "abcd-07", "2023-7", "20231"} {
		if p, err := report.ParsePeriod(report.Monthly, bad); err == nil {
			t.Errorf("%q is read as %s", bad, p)
		}
	}
	for _, bad := range []string{"2023Q5", "2023Q0", "2023Q", "2023-07", "2023Q11"} {
		if p, err := report.ParsePeriod(report.Quarterly, bad); err == nil {
			t.Errorf("%q is read as %s", bad, p)
		}
	}
}

// TestAdopt_EveryDistrictGovernmentIsOne: 各区政府 of the made-up city's plan are its two districts, each for itself; the
// plan's own words are nobody.
func TestAdopt_EveryDistrictGovernmentIsOne(t *testing.T) {
	s := webtest.Open(t, dbtest.Open(t, db.SQLite), kernel.Clock{})
	c := s.OpenCampaign(t, "examples/pinghe/plan.txt")
	list, err := s.Reports.Matrices(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range list[0].Rows[7:] { // after the seven work groups
		names = append(names, r.Reporter.Name)
	}
	if want := []string{"平江区人民政府", "河西区人民政府", "平河经济开发区管委会"}; !slices.Equal(names, want) {
		t.Errorf("beside the groups report %q, want %q", names, want)
	}
}

package indicator_test

import (
	"context"
	"errors"
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
	"pinzhi/internal/indicator"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/report"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/webtest"
)

// city is the made-up city's campaign, whose clock the test sets.
type city struct {
	*indicator.Service

	db        *db.DB
	now       *atomic.Int64
	campaigns *campaign.Service
	campaign  campaign.Campaign
}

func opened(tb testing.TB, d *db.DB, moment string) *city {
	tb.Helper()
	c := &city{db: d, now: new(atomic.Int64)}
	c.at(moment)
	clock := kernel.FixedClock(func() time.Time { return time.UnixMicro(c.now.Load()).UTC() })
	c.campaigns = campaign.New(d, clock)
	var err error
	if c.campaign, err = c.campaigns.Open(webtest.System(), webtest.Reading(tb, "examples/pinghe/plan.txt")); err != nil {
		tb.Fatal(err)
	}
	c.Service = indicator.New(d, clock, calendar.New(d, clock), c.campaigns)
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

// as is somebody of the plan acting. 竺简 and 闻达 sit in the office, 花蕊 for 市园林绿化中心, 景明 for 市自然资源局.
func (c *city) as(t *testing.T, name string) context.Context {
	t.Helper()
	p, err := roster.PersonCalled(t.Context(), c.db.Reader(), c.campaign.ID, name)
	if err != nil {
		t.Fatal(err)
	}
	return kernel.WithActor(t.Context(), kernel.Actor{AccountID: p.ID, PersonID: p.ID, Name: name})
}

func (c *city) list(t *testing.T) indicator.List {
	t.Helper()
	l, err := c.List(webtest.System(), c.campaign.ID)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// called is the indicator whose name holds the words.
func (c *city) called(t *testing.T, words string) indicator.Row {
	t.Helper()
	rows := c.list(t).Rows
	n := slices.IndexFunc(rows, func(r indicator.Row) bool { return strings.Contains(r.Name, words) })
	if n < 0 {
		t.Fatalf("no indicator is called %s", words)
	}
	return rows[n]
}

// places are the places by name.
func (c *city) places(t *testing.T) map[string]int64 {
	t.Helper()
	list, _, err := c.Places(webtest.System(), c.campaign.ID)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int64{}
	for _, p := range list {
		out[p.Name] = p.ID
	}
	return out
}

// add adds an indicator as the office.
func (c *city) add(t *testing.T, in indicator.Input) int64 {
	t.Helper()
	c.list(t) // the plan's own come first
	if in.Direction == "" {
		in.Direction = indicator.AtLeast
	}
	if in.Cadence == "" {
		in.Cadence = report.Monthly
	}
	id, err := c.Add(c.as(t, "竺简"), c.campaign.ID, in)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (c *city) enter(ctx context.Context, t *testing.T, entries ...indicator.Entry) {
	t.Helper()
	if _, err := c.Enter(ctx, c.campaign.ID, entries, indicator.Entering{}); err != nil {
		t.Fatal(describe(err))
	}
}

// describe lists the faults of a refusal.
func describe(err error) string {
	refused, ok := errors.AsType[*indicator.RefusedError](err)
	if !ok {
		return fmt.Sprint(err)
	}
	lines := []string{refused.Error()}
	for _, f := range refused.Faults {
		lines = append(lines, fmt.Sprintf("%s %s %s %s: %s", f.At, f.Name, f.Place, f.Period, f.Message))
	}
	return strings.Join(lines, "\n")
}

func (c *city) page(t *testing.T, id, place int64) indicator.Page {
	t.Helper()
	p, err := c.See(webtest.System(), c.campaign.ID, id, place)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// figure is an indicator's figure at a place for a period.
func (c *city) figure(t *testing.T, id, place int64, period report.Period) indicator.Reading {
	t.Helper()
	for _, row := range c.page(t, id, place).Series {
		if row.Period == period && row.Reading != nil {
			return *row.Reading
		}
	}
	t.Fatalf("no figure for %s", period)
	return indicator.Reading{}
}

func (c *city) verbs(t *testing.T, kind string, id int64) string {
	t.Helper()
	rows, err := ledger.Timeline(t.Context(), c.db.Reader(), c.campaign.ID, kind, id, 0, 50)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range slices.Backward(rows) {
		out = append(out, r.Verb)
	}
	return strings.Join(out, " ")
}

// TestAdopt_TakesOverWhatThePlanNames: indicators of examples/pinghe/plan.txt with direction, target and who leads the
// task; the districts that its roster knows.
func TestAdopt_TakesOverWhatThePlanNames(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d, "2024-03-27 09:40")
		rows := c.list(t).Rows
		for words, want := range map[string]string{
			"绿化覆盖率":  "at_least ≥ 41% quarterly 市园林绿化中心",
			"近视率":    "down  quarterly 市教育局",
			"公共厕所设施": "class 二类及以上 quarterly 市城管局",
			"控制水平":   "class C级及以上 quarterly 市卫健委",
			"口袋公园":   "at_least ≥ 12 个 quarterly 市园林绿化中心",
		} {
			r := c.called(t, words)
			if got := fmt.Sprintf("%s %s %s %s", r.Direction, r.Target, r.Cadence, r.Unit); got != want {
				t.Errorf("%s: %s, want %s", r.Name, got, want)
			}
			if r.FirstPeriod != "2024Q1" || r.Missing != 0 {
				t.Errorf("%s owes from %s, %d missing already", r.Name, r.FirstPeriod, r.Missing)
			}
		}
		if r := c.called(t, "优良天数"); r.Name != "市区环境空气优良天数比例" {
			t.Errorf("called %s", r.Name)
		}
		if n, err := c.Adopt(webtest.System(), c.campaign.ID); err != nil || n != 0 {
			t.Errorf("%d taken over the second time: %v", n, err)
		}
		asked, err := c.campaigns.Indicators(t.Context(), c.campaign.ID)
		if err != nil || len(asked) != len(rows) {
			t.Errorf("%d of %d: %v", len(rows), len(asked), err)
		}
		places := c.places(t)
		if len(places) != 4 || places["全市"] == 0 || places["平江区"] == 0 || places["河西区"] == 0 || places["平河经济开发区"] == 0 {
			t.Errorf("places: %v", places)
		}
		if got := c.verbs(t, indicator.Kind, rows[0].ID); got != "adopted" {
			t.Errorf("told as %q", got)
		}
	})
}

// TestFigure_FromLateToRestated: a figure comes late, is sent back, corrected, approved, restated and approved again.
// What it was stays, with who, when and why; until the new one is approved the old one counts.
func TestFigure_FromLateToRestated(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d, "2024-01-10 09:00")
		id := c.add(t, indicator.Input{Name: "路灯亮灯率", Unit: "%", UnitName: "市园林绿化中心", Lowest: "0", Highest: "100", Jump: "50"})
		whole := c.places(t)["全市"]
		unit, office, other := c.as(t, "花蕊"), c.as(t, "竺简"), c.as(t, "景明")
		january := indicator.Entry{IndicatorID: id, PlaceID: whole, Period: "2024-01", Value: "94.5"}

		c.at("2024-02-07 09:00") // the fifth working day of February, with Sunday the 4th worked, is Tuesday the 6th
		if p := c.page(t, id, 0); p.Missing != 1 || p.Series[1].Mark != indicator.Missing {
			t.Errorf("%d missing, January %s", p.Missing, p.Series[1].Mark)
		}
		if _, err := c.Enter(other, c.campaign.ID, []indicator.Entry{january}, indicator.Entering{}); !strings.Contains(describe(err), "不归你的单位填报") {
			t.Errorf("another unit: %s", describe(err))
		}
		c.enter(unit, t, january)
		f := c.figure(t, id, whole, "2024-01")
		seen, err := c.Figure(unit, c.campaign.ID, f.ID)
		if err != nil || seen.Mark != indicator.CameLate || seen.Step != indicator.Submitted || seen.Counts != nil {
			t.Errorf("%s %s counts %v: %v", seen.Mark, seen.Step, seen.Counts, err)
		}

		decide := func(ctx context.Context, version int, d indicator.Decision) error {
			return c.Decide(ctx, c.campaign.ID, []indicator.Seen{{ID: f.ID, Version: version}}, d)
		}
		if err := decide(unit, 1, indicator.Decision{Approve: true}); kernel.CodeOf(err) != kernel.Forbidden {
			t.Errorf("who gave it approves it: %v", err)
		}
		if err := decide(office, 1, indicator.Decision{}); kernel.CodeOf(err) != kernel.Invalid {
			t.Errorf("sent back without a question: %v", err)
		}
		if err := decide(office, 1, indicator.Decision{Question: "没有算背街小巷"}); err != nil {
			t.Fatal(err)
		}
		corrected := january
		corrected.Value, corrected.Version = "92", 1
		c.enter(unit, t, corrected)
		if err := decide(office, 1, indicator.Decision{Approve: true}); kernel.CodeOf(err) != kernel.Conflict {
			t.Errorf("approved as it was before: %v", err)
		}
		if err := decide(office, 2, indicator.Decision{Approve: true}); err != nil {
			t.Fatal(err)
		}
		restated := january
		restated.Value, restated.Version = "91", 2
		if _, err := c.Enter(unit, c.campaign.ID, []indicator.Entry{restated}, indicator.Entering{}); !strings.Contains(describe(err), "原来是 92%") {
			t.Errorf("restated without a reason: %s", describe(err))
		}
		restated.Reason = "新增了 40 盏灯，分母变了"
		c.enter(unit, t, restated)
		if f = c.figure(t, id, whole, "2024-01"); f.Value != 91 || f.Counts == nil || *f.Counts != 92 {
			t.Errorf("while it waits %v counts, want 92", f.Counts)
		}
		if err := decide(office, 3, indicator.Decision{Approve: true}); err != nil {
			t.Fatal(err)
		}
		if seen, err = c.Figure(office, c.campaign.ID, f.ID); err != nil || *seen.Counts != 91 || len(seen.Versions) != 3 {
			t.Fatalf("counts %v after %d versions: %v", seen.Counts, len(seen.Versions), err)
		}
		var story []string
		for _, v := range seen.Versions {
			story = append(story, fmt.Sprintf("%v %s %s %s %q %q", v.Value, v.GivenName, v.Step, v.DecidedName, v.Reason, v.Question))
		}
		want := []string{`91 花蕊 approved 竺简 "新增了 40 盏灯，分母变了" ""`, `92 花蕊 approved 竺简 "" ""`, `94.5 花蕊 returned 竺简 "" "没有算背街小巷"`}
		if !slices.Equal(story, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(story, "\n"), strings.Join(want, "\n"))
		}
		if got := c.verbs(t, indicator.FigureKind, f.ID); got != "submitted sent_back corrected approved restated approved" {
			t.Errorf("told as %q", got)
		}
		c.mustBeSound(t)
	})
}

func (c *city) mustBeSound(t *testing.T) {
	t.Helper()
	if wrong, err := indicator.Examine(t.Context(), c.db.Reader()); err != nil || len(wrong) > 0 {
		t.Errorf("outlines stand otherwise than counted: %v: %v", wrong, err)
	}
}

// TestEnter_AllOrNothing: one of three figures cannot be; none is written, and the one is named.
func TestEnter_AllOrNothing(t *testing.T) {
	c := opened(t, dbtest.Open(t, db.SQLite), "2024-04-10 09:00")
	id := c.add(t, indicator.Input{Name: "亮灯率", Unit: "%", Numerator: "亮灯数", Denominator: "路灯数", Lowest: "0", Highest: "100", FirstPeriod: "2024-01"})
	whole := c.places(t)["全市"]
	one := func(period report.Period, n, d string) indicator.Entry {
		return indicator.Entry{IndicatorID: id, PlaceID: whole, Period: period, Numerator: n, Denominator: d}
	}
	for _, x := range []struct {
		entry indicator.Entry
		says  string
	}{
		{one("2024-02", "130", "120"), "部分不能大于整体：亮灯数 130，路灯数 120"},
		{one("2024-02", "九十", "120"), "分子（亮灯数）“九十”不是数字"},
		{one("2024-02", "90", ""), "分母（路灯数）没有填"},
		{one("2024-02", "0", "0"), "要大于 0"},
		{one("2024-05", "90", "120"), "2024年5月还没有到"},
		{one("2024Q1", "90", "120"), "每月填报"},
		{indicator.Entry{IndicatorID: id, PlaceID: c.places(t)["平江区"], Period: "2024-02", Numerator: "1", Denominator: "2"}, "不分地区"},
	} {
		_, err := c.Enter(c.as(t, "竺简"), c.campaign.ID, []indicator.Entry{one("2024-01", "90", "120"), x.entry, one("2024-03", "95", "120")}, indicator.Entering{})
		refused, ok := errors.AsType[*indicator.RefusedError](err)
		if !ok || len(refused.Faults) != 1 || !strings.Contains(refused.Faults[0].Message, x.says) || kernel.CodeOf(err) != kernel.Invalid {
			t.Errorf("%s: %s", x.says, describe(err))
		}
	}
	if p := c.page(t, id, 0); len(p.Waits) != 0 {
		t.Errorf("%d figures were written", len(p.Waits))
	}
	c.enter(c.as(t, "竺简"), t, one("2024-01", "90", "120"), one("2024-03", " 9,５ ", "120"))
	if f := c.figure(t, id, whole, "2024-03"); f.Value != 79.166667 {
		t.Errorf("95 of 120 is %v", f.Value)
	}
}

// TestEnter_AsksBeforeItRefuses: what is unlikely wants a reason, and with one is taken, the question kept beside it.
func TestEnter_AsksBeforeItRefuses(t *testing.T) {
	c := opened(t, dbtest.Open(t, db.SQLite), "2024-12-10 09:00")
	id := c.add(t, indicator.Input{Name: "垃圾清运量", Unit: "吨", Lowest: "0", Low: "500", Jump: "50", FirstPeriod: "2024-01"})
	whole, office := c.places(t)["全市"], c.as(t, "竺简")
	for n, v := range []string{"1000", "1010", "990", "1005", "1001", "998", "1003"} {
		c.enter(office, t, indicator.Entry{IndicatorID: id, PlaceID: whole, Period: report.Period(fmt.Sprintf("2024-%02d", n+1)), Value: v})
	}
	for _, x := range []struct{ value, says string }{
		{"400", "400 吨 低于通常的 500 吨；比上期 1003 吨 降 60%，超过 50%；偏离前 7 期的中位数 1001 吨 很远（修正 z 分数 -135.1，超过 3.5）"},
		{"1100", "偏离前 7 期的中位数 1001 吨 很远（修正 z 分数 22.3，超过 3.5）"},
		{"1600", "比上期 1003 吨 升 60%，超过 50%；偏离前 7 期的中位数 1001 吨 很远（修正 z 分数 134.7，超过 3.5）"},
	} {
		entry := indicator.Entry{IndicatorID: id, PlaceID: whole, Period: "2024-08", Value: x.value}
		_, err := c.Enter(office, c.campaign.ID, []indicator.Entry{entry}, indicator.Entering{})
		refused, ok := errors.AsType[*indicator.RefusedError](err)
		if !ok || refused.Asked != 1 || refused.Faults[0].Message != x.says {
			t.Errorf("%s: %s", x.value, describe(err))
		}
	}
	c.enter(office, t, indicator.Entry{IndicatorID: id, PlaceID: whole, Period: "2024-08", Value: "1100", Reason: "汛期清淤"})
	if f := c.figure(t, id, whole, "2024-08"); f.Reason != "汛期清淤" || !strings.Contains(f.Warning, "修正 z 分数 22.3") {
		t.Errorf("kept %q because of %q", f.Reason, f.Warning)
	}
	if _, err := c.ApproveQuiet(c.as(t, "闻达"), c.campaign.ID, 0); err != nil {
		t.Fatal(err)
	}
	if w := c.page(t, id, 0).Waits; len(w) != 1 || w[0].Reading.Period != "2024-08" {
		t.Errorf("after all quiet ones were approved %d wait", len(w))
	}
	c.mustBeSound(t)
}

// TestDraft_IsKeptAndCountsForNothing: what is only kept is checked for numbers alone, leaves no version, is not late.
func TestDraft_IsKeptAndCountsForNothing(t *testing.T) {
	c := opened(t, dbtest.Open(t, db.SQLite), "2024-03-10 09:00")
	id := c.add(t, indicator.Input{Name: "清运量", Unit: "吨", FirstPeriod: "2024-02"})
	whole, office := c.places(t)["全市"], c.as(t, "竺简")
	e := indicator.Entry{IndicatorID: id, PlaceID: whole, Period: "2024-02", Value: "10"}
	for _, v := range []string{"10", "12"} {
		e.Value = v
		if _, err := c.Enter(office, c.campaign.ID, []indicator.Entry{e}, indicator.Entering{Draft: true}); err != nil {
			t.Fatal(describe(err))
		}
		e.Version++
	}
	f := c.figure(t, id, whole, "2024-02")
	seen, err := c.Figure(office, c.campaign.ID, f.ID)
	if err != nil || seen.Step != indicator.Draft || len(seen.Versions) != 1 || seen.Mark != indicator.Missing || c.called(t, "清运量").Missing != 1 {
		t.Errorf("%s, %d versions, %s: %v", seen.Step, len(seen.Versions), seen.Mark, err)
	}
	c.enter(office, t, e)
	if _, err := c.Enter(office, c.campaign.ID, []indicator.Entry{{IndicatorID: id, PlaceID: whole, Period: "2024-02", Value: "13", Version: 3}}, indicator.Entering{Draft: true}); !strings.Contains(describe(err), "不能再存为草稿") {
		t.Errorf("a figure handed in became a draft: %s", describe(err))
	}
}

// TestCity_IsMadeOfItsDistricts: shares add up by their parts, once all districts are approved; of a figure that is being
// changed it is the approved one.
func TestCity_IsMadeOfItsDistricts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d, "2024-02-05 09:00")
		id := c.add(t, indicator.Input{Name: "案件销号率", Unit: "%", Numerator: "已整改", Denominator: "应整改", ByPlace: true, Summed: true, Lowest: "0", Highest: "100", FirstPeriod: "2024-01"})
		places, office := c.places(t), c.as(t, "竺简")
		give := func(place, n, d string) {
			c.enter(office, t, indicator.Entry{IndicatorID: id, PlaceID: places[place], Period: "2024-01", Numerator: n, Denominator: d, Reason: "核对过台账", Version: indicator.Unseen})
			if _, err := c.ApproveQuiet(c.as(t, "闻达"), c.campaign.ID, id); err != nil && kernel.CodeOf(err) != kernel.Conflict {
				t.Fatal(err)
			}
		}
		give("平江区", "10", "20")
		give("河西区", "90", "100")
		if v := c.called(t, "销号率").Latest; v != nil {
			t.Errorf("with two of three the city has %v", *v.Value)
		}
		give("平河经济开发区", "20", "30")
		if v := c.called(t, "销号率").Latest; v == nil || *v.Value != 80 {
			t.Errorf("120 of 150 is %+v", v)
		}
		give("平江区", "20", "20") // restated, waits: it is asked about
		if v := c.called(t, "销号率").Latest; v == nil || *v.Value != 80 {
			t.Errorf("while a district waits the city is %+v", v)
		}
		p := c.page(t, id, 0)
		if len(p.Places) != 4 || !p.Places[0].Place.Whole || p.Series[0].City == nil || p.Series[0].City.Counts != 3 {
			t.Errorf("%d places, city %+v", len(p.Places), p.Series[0])
		}
		c.mustBeSound(t)
	})
}

// TestTargets_OfTheYearThePlaceAndTheAcceptance finds the target of a year, a place, the acceptance.
func TestTargets_OfTheYearThePlaceAndTheAcceptance(t *testing.T) {
	c := opened(t, dbtest.Open(t, db.SQLite), "2024-02-05 09:00")
	id := c.add(t, indicator.Input{Name: "回收率", Unit: "%", ByPlace: true, Lowest: "0", Highest: "100"})
	places, office := c.places(t), c.as(t, "竺简")
	whole, district := places["全市"], places["平江区"]
	set := func(place int64, year int, value string) error {
		return c.SetTargets(office, c.campaign.ID, id, []indicator.TargetInput{{PlaceID: place, Year: year, Value: value}})
	}
	for _, x := range []struct {
		place int64
		year  int
		value string
	}{{whole, 0, "≥ 35"}, {whole, 2023, "30"}, {district, 2024, "32"}} {
		if err := set(x.place, x.year, x.value); err != nil {
			t.Fatal(err)
		}
	}
	p := c.page(t, id, 0)
	for _, x := range []struct {
		place int64
		year  int
		want  float64
	}{{whole, 2023, 30}, {whole, 2024, 35}, {district, 2024, 32}, {district, 2023, 30}, {places["河西区"], 2024, 35}} {
		if v, ok := p.TargetFor(p.Targets, x.place, whole, x.year); !ok || v != x.want {
			t.Errorf("place %d in %d: %v", x.place, x.year, v)
		}
	}
	for _, bad := range []string{"一百", "120", "-1"} {
		if err := set(whole, 0, bad); kernel.CodeOf(err) != kernel.Invalid {
			t.Errorf("target %s: %v", bad, err)
		}
	}
	if err := c.SetTargets(c.as(t, "花蕊"), c.campaign.ID, id, []indicator.TargetInput{{PlaceID: whole, Value: "1"}}); kernel.CodeOf(err) != kernel.Forbidden {
		t.Errorf("a unit sets its own target: %v", err)
	}
	if err := set(whole, 2023, ""); err != nil {
		t.Fatal(err)
	}
	if p = c.page(t, id, 0); len(p.Targets) != 2 {
		t.Errorf("%d targets after one was taken away", len(p.Targets))
	}
	if got := c.verbs(t, indicator.Kind, id); got != "added target_set target_set target_set target_dropped" {
		t.Errorf("told as %q", got)
	}
}

// TestIncident_TurnsItsIndicatorRed: one in the register is enough; withdrawn it stays to be read and counts no more.
func TestIncident_TurnsItsIndicatorRed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d, "2024-02-05 09:00")
		id := c.add(t, indicator.Input{Name: "燃气爆炸事故", Unit: "起", Direction: indicator.Zero, UnitName: "市园林绿化中心", FirstPeriod: "2024-01"})
		places, office := c.places(t), c.as(t, "竺简")
		in := indicator.IncidentInput{IndicatorID: id, PlaceID: places["河西区"], HappenedOn: "2024-01-20", Grade: "重大", Title: "河西区一餐馆液化气爆燃"}
		if _, err := c.Record(c.as(t, "景明"), c.campaign.ID, in); kernel.CodeOf(err) != kernel.Forbidden {
			t.Errorf("a unit that does not answer for it: %v", err)
		}
		for field, bad := range map[string]indicator.IncidentInput{"happened_on": {HappenedOn: "2024-03-01"}, "grade": {Grade: "小"}, "title": {Title: " "}} {
			x := in
			x.HappenedOn, x.Grade, x.Title = firstOf(bad.HappenedOn, in.HappenedOn), firstOf(bad.Grade, in.Grade), firstOf(bad.Title, in.Title)
			if _, err := c.Record(office, c.campaign.ID, x); kernel.CodeOf(err) != kernel.Invalid {
				t.Errorf("bad %s: %v", field, err)
			}
		}
		incident, err := c.Record(c.as(t, "花蕊"), c.campaign.ID, in)
		if err != nil {
			t.Fatal(err)
		}
		if l := c.called(t, "燃气爆炸").Light; l.State != "late" || l.Word != "发生 1 起" {
			t.Errorf("the light is %+v", l)
		}
		none := indicator.Entry{IndicatorID: id, PlaceID: places["全市"], Period: "2024-01", Value: "0"}
		if _, err := c.Enter(office, c.campaign.ID, []indicator.Entry{none}, indicator.Entering{}); !strings.Contains(describe(err), "事故登记里这一期有 1 起，这里填的是 0 起") {
			t.Errorf("nought against the register: %s", describe(err))
		}
		if err := c.Withdraw(office, c.campaign.ID, incident, ""); kernel.CodeOf(err) != kernel.Invalid {
			t.Errorf("withdrawn without a reason: %v", err)
		}
		if err := c.Withdraw(office, c.campaign.ID, incident, "经查为一般事故"); err != nil {
			t.Fatal(err)
		}
		if err := c.Withdraw(office, c.campaign.ID, incident, "再撤一次"); kernel.CodeOf(err) != kernel.Conflict {
			t.Errorf("withdrawn twice: %v", err)
		}
		c.enter(office, t, none)
		r, err := c.Incidents(office, c.campaign.ID)
		if err != nil || len(r.Rows) != 1 || r.Rows[0].Stands() || r.Rows[0].WithdrawnWhy != "经查为一般事故" || r.Rows[0].Place != "河西区" {
			t.Errorf("the register: %+v: %v", r.Rows, err)
		}
		if got := c.verbs(t, indicator.IncidentKind, incident); got != "recorded withdrawn" {
			t.Errorf("told as %q", got)
		}
	})
}

func firstOf(list ...string) string {
	for _, text := range list {
		if text != "" && text != " " {
			return text
		} else if text == " " {
			return ""
		}
	}
	return ""
}

// TestInput_SaysWhichFieldIsWrong goes through what an indicator may not be.
func TestInput_SaysWhichFieldIsWrong(t *testing.T) {
	c := opened(t, dbtest.Open(t, db.SQLite), "2024-02-05 09:00")
	good := indicator.Input{Name: "回收率", Unit: "%", Direction: indicator.AtLeast, Cadence: report.Monthly}
	id := c.add(t, good)
	office := c.as(t, "竺简")
	for field, change := range map[string]func(*indicator.Input){
		"name": func(in *indicator.Input) { in.Name = " " }, "code": func(in *indicator.Input) { in.Code = "a b" },
		"direction": func(in *indicator.Input) { in.Direction = "sideways" }, "cadence": func(in *indicator.Input) { in.Cadence = "daily" },
		"numerator": func(in *indicator.Input) { in.Numerator = "回收量" }, "classes": func(in *indicator.Input) { in.Direction, in.Classes = indicator.Class, "A级" },
		"first_period": func(in *indicator.Input) { in.FirstPeriod = "去年" }, "last_period": func(in *indicator.Input) { in.LastPeriod = "2023-01" },
		"highest": func(in *indicator.Input) { in.Lowest, in.Highest = "10", "1" }, "low": func(in *indicator.Input) { in.Low = "低" },
		"jump": func(in *indicator.Input) { in.Jump = "-1" }, "summed": func(in *indicator.Input) { in.ByPlace, in.Summed = true, true },
	} {
		in := good
		change(&in)
		_, err := c.Add(office, c.campaign.ID, in)
		e, ok := errors.AsType[*kernel.Error](err)
		if !ok || e.Field != field || e.Code != kernel.Invalid {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := c.Add(c.as(t, "花蕊"), c.campaign.ID, good); kernel.CodeOf(err) != kernel.Forbidden {
		t.Errorf("a unit adds an indicator: %v", err)
	}
	c.enter(office, t, indicator.Entry{IndicatorID: id, PlaceID: c.places(t)["全市"], Period: "2024-02", Value: "30"})
	quarterly := good
	quarterly.Cadence, quarterly.FirstPeriod = report.Quarterly, "2024Q1"
	if err := c.Change(office, c.campaign.ID, id, 0, quarterly); kernel.CodeOf(err) != kernel.Invalid {
		t.Errorf("monthly figures became quarterly: %v", err)
	}
	renamed := good
	renamed.Name, renamed.FirstPeriod = "生活垃圾回收利用率", "2024-02"
	if err := c.Change(office, c.campaign.ID, id, 0, renamed); err != nil {
		t.Fatal(err)
	}
	if err := c.Change(office, c.campaign.ID, id, 0, good); kernel.CodeOf(err) != kernel.Conflict {
		t.Errorf("changed as it was before: %v", err)
	}
}

// TestApproveQuiet_LeavesWhatTheActorsOwnUnitReports: 竺简 of the office sits for 市档案馆, whose figure waits for somebody
// else; so does a figure that he gave for another unit.
func TestApproveQuiet_LeavesWhatTheActorsOwnUnitReports(t *testing.T) {
	c := opened(t, dbtest.Open(t, db.SQLite), "2024-03-05 09:00")
	own := c.add(t, indicator.Input{Name: "档案归集率", Unit: "%", UnitName: "市档案馆", FirstPeriod: "2024-02"})
	others := c.add(t, indicator.Input{Name: "成活率", Unit: "%", UnitName: "市园林绿化中心", FirstPeriod: "2024-02"})
	whole, me, colleague := c.places(t)["全市"], c.as(t, "竺简"), c.as(t, "闻达")
	c.enter(colleague, t, indicator.Entry{IndicatorID: own, PlaceID: whole, Period: "2024-02", Value: "80"})
	c.enter(me, t, indicator.Entry{IndicatorID: others, PlaceID: whole, Period: "2024-02", Value: "90"})
	if n, err := c.ApproveQuiet(me, c.campaign.ID, 0); n != 0 || kernel.CodeOf(err) != kernel.Conflict {
		t.Errorf("approved %d: %v", n, err)
	}
	if p, err := c.See(me, c.campaign.ID, own, 0); err != nil || len(p.Waits) != 1 || !p.Waits[0].Mine {
		t.Errorf("%d wait: %v", len(p.Waits), err)
	}
	if n, err := c.ApproveQuiet(colleague, c.campaign.ID, 0); n != 1 || err != nil {
		t.Errorf("approved %d: %v", n, err)
	}
}

// TestGrid_OfAUnitAMonth: monthly figures, and in the last month of a quarter those of the quarter; the office finds what
// nobody's unit answers for.
func TestGrid_OfAUnitAMonth(t *testing.T) {
	c := opened(t, dbtest.Open(t, db.SQLite), "2024-03-05 09:00")
	c.add(t, indicator.Input{Name: "清运量", Unit: "吨", UnitName: "市园林绿化中心", ByPlace: true, PlacesReport: true, FirstPeriod: "2024-02"})
	grid := func(ctx context.Context, unit int64, month kernel.Month) indicator.Grid {
		g, err := c.Grid(ctx, c.campaign.ID, unit, month, 0)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	names := func(g indicator.Grid) string {
		var list []string
		for _, r := range g.Rows {
			list = append(list, r.Indicator.Name+" "+r.Place.Name+" "+string(r.Period))
		}
		return strings.Join(list, ", ")
	}
	unit := c.as(t, "花蕊")
	if g := grid(unit, 0, "2024-02"); names(g) != "清运量 全市 2024-02" || !g.Mine || g.Unit.Name != "市园林绿化中心" || g.Rows[0].Mark != indicator.Ahead {
		t.Errorf("February: %s of %s", names(g), g.Unit.Name)
	}
	if g := grid(unit, 0, "2024-03"); !strings.Contains(names(g), "建成区绿化覆盖率 全市 2024Q1") || !strings.Contains(names(g), "清运量 全市 2024-03") {
		t.Errorf("March: %s", names(g))
	}
	c.add(t, indicator.Input{Name: "倒树伤人", Unit: "起", Direction: indicator.Zero, UnitName: "市园林绿化中心", FirstPeriod: "2024-02"})
	for month, known := range map[kernel.Month]string{"2024-02": "0", "2024-03": ""} { // March is not over
		rows := grid(unit, 0, month).Rows
		if r := rows[len(rows)-1]; r.Indicator.Name != "倒树伤人" || r.Known != known {
			t.Errorf("of %s the system knows %q of %s, want %q", month, r.Known, r.Indicator.Name, known)
		}
	}
	if g := grid(c.as(t, "竺简"), indicator.NoUnit, "2024-03"); !g.Mine || !strings.Contains(names(g), "群众满意度 全市 2024Q1") {
		t.Errorf("nobody's: %s", names(g))
	}
	if g := grid(unit, indicator.NoUnit, "2024-03"); g.Mine {
		t.Error("a unit fills in what nobody answers for")
	}
	district := grid(c.as(t, "竺简"), 0, "2024-02")
	n := slices.IndexFunc(district.Units, func(u indicator.UnitChoice) bool { return strings.HasPrefix(u.Name, "平江区") })
	if n < 0 {
		t.Fatalf("no district reports: %+v", district.Units)
	}
	if g := grid(c.as(t, "竺简"), district.Units[n].ID, "2024-02"); names(g) != "清运量 平江区 2024-02" {
		t.Errorf("the district's: %s", names(g))
	}
	if _, err := c.Grid(unit, c.campaign.ID, 99_999, "2024-02", 0); kernel.CodeOf(err) != kernel.NotFound {
		t.Errorf("a unit that reports nothing: %v", err)
	}
}

// TestAdopt_GivesNoCodeTwice: the office took the code that the next of the plan's would have got.
func TestAdopt_GivesNoCodeTwice(t *testing.T) {
	c := opened(t, dbtest.Open(t, db.SQLite), "2024-03-05 09:00")
	n := len(c.list(t).Rows)
	c.add(t, indicator.Input{Code: fmt.Sprintf("ZB%03d", n+2), Name: "清运量", Unit: "吨"})
	more := []campaign.Indicator{{CampaignID: c.campaign.ID, Position: n + 1, Name: "新增的率", Comparator: ">=", Value: "5", Unit: "%"}}
	if err := c.db.Write(t.Context(), func(tx db.Tx) error { return db.InsertAll(t.Context(), tx, more) }); err != nil {
		t.Fatal(err)
	}
	if r := c.called(t, "新增的率"); r.Code != fmt.Sprintf("ZB%03d", n+3) {
		t.Errorf("its code is %s", r.Code)
	}
}

package web_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pinzhi/internal/campaign"
	"pinzhi/internal/indicator"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/webtest"
)

// someFigures is DHIS2's JSON with a figure of the stage's indicator.
const someFigures = "figures"

// fileForm is a form that sends a file.
func fileForm(t *testing.T, field, name string, content []byte) (body io.Reader, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	f, err := w.CreateFormFile(field, name)
	if err == nil {
		_, err = f.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return &b, w.FormDataContentType()
}

// renewIndicators makes the indicator, the figure and the incident that forms are tried on.
func (s *stage) renewIndicators(t *testing.T) {
	t.Helper()
	maps.Copy(s.ids, s.indicatorOf(t, s.as(t, "lead"), s.home.ID, "市园林绿化中心"))
}

// indicatorOf makes an indicator that a unit answers for, with a figure that giver hands in, and one of no incidents with
// an incident.
func (s *stage) indicatorOf(t *testing.T, giver context.Context, campaignID int64, unit string) map[string]string {
	t.Helper()
	ctx := webtest.System()
	places, _, err := s.Indicators.Places(ctx, campaignID)
	if err != nil {
		t.Fatal(err)
	}
	add := func(in indicator.Input) int64 {
		in.Cadence, in.FirstPeriod, in.UnitName = report.Monthly, "2024-01", unit
		id, err := s.Indicators.Add(ctx, campaignID, in)
		if err != nil {
			t.Fatal(err)
		}
		// Its code is its number, so that a row can speak of it.
		in.Code = fmt.Sprintf("ZX%d", id)
		if err := s.Indicators.Change(ctx, campaignID, id, 0, in); err != nil {
			t.Fatal(err)
		}
		return id
	}
	id := add(indicator.Input{Name: "行道树成活率", Unit: "%", Direction: indicator.AtLeast})
	zero := add(indicator.Input{Name: "倒树伤人", Unit: "起", Direction: indicator.Zero})
	e := indicator.Entry{IndicatorID: id, PlaceID: places[0].ID, Period: "2024-02", Value: "90"}
	if _, err := s.Indicators.Enter(giver, campaignID, []indicator.Entry{e}, indicator.Entering{}); err != nil {
		t.Fatal(err)
	}
	p, err := s.Indicators.See(ctx, campaignID, id, 0)
	if err != nil || len(p.Waits) != 1 {
		t.Fatal(len(p.Waits), err)
	}
	incident, err := s.Indicators.Record(ctx, campaignID, indicator.IncidentInput{IndicatorID: zero, PlaceID: places[0].ID, HappenedOn: "2024-02-01", Grade: "一般", Title: "大风倒树"})
	if err != nil {
		t.Fatal(err)
	}
	text := func(n int64) string { return strconv.FormatInt(n, 10) }
	return map[string]string{"{indicator}": text(id), "{figure}": text(p.Waits[0].Reading.ID), "{incident}": text(incident), "{zero}": text(zero), "{place}": text(places[0].ID)}
}

// indicatorPages are the indicators of a campaign in every state, for the office, and for one of a unit that reports and
// sits nowhere else, who signs in as "liaison".
func indicatorPages(t *testing.T, s *webtest.Site, c campaign.Campaign) (office, unit string) {
	t.Helper()
	m := measuring{t: t, s: s, c: c}
	m.unit, m.office, m.second = m.as("花蕊"), m.as("竺简"), m.as("闻达")
	places, _, err := s.Indicators.Places(webtest.System(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	m.places = places
	rate := m.add(indicator.Input{Name: "建成区林荫道路覆盖率", Unit: "%", Numerator: "林荫道路里程（公里）", Denominator: "道路总里程（公里）", Direction: indicator.AtLeast, Cadence: report.Monthly, FirstPeriod: "2024-01",
		Definition: "林荫覆盖率达到 90% 以上的人行道、自行车道里程占建成区道路总里程的比例。不含高速公路和在建道路。", UnitName: "市园林绿化中心", Source: "园林绿化普查，每月更新", Lowest: "0", Highest: "100", Jump: "20", ByPlace: true, Summed: true})
	clearing := m.add(indicator.Input{Name: "生活垃圾分类收集点每日平均清运及时率（含开发区、城中村和无物业管理老旧小区）", Unit: "%", Direction: indicator.AtLeast, Cadence: report.Monthly, FirstPeriod: "2024-01", UnitName: "市园林绿化中心", Lowest: "0", Highest: "100", Low: "60", Jump: "15"})
	zero := m.add(indicator.Input{Name: "较大及以上燃气事故", Unit: "起", Direction: indicator.Zero, Cadence: report.Monthly, FirstPeriod: "2024-01", UnitName: "市园林绿化中心"})
	for n := range 14 {
		p := report.PeriodOf(report.Monthly, kernel.Month("2023-01").Add(n))
		for k, place := range places[1:] {
			m.give(m.unit, indicator.Entry{IndicatorID: rate, PlaceID: place.ID, Period: p, Numerator: fmt.Sprint(100 + 3*n + 7*k + int(4*math.Sin(float64(n+k)))), Denominator: fmt.Sprint(220 + 10*k), Reason: "普查数据更新"})
		}
		if n < 13 {
			m.give(m.unit, indicator.Entry{IndicatorID: clearing, PlaceID: places[0].ID, Period: p, Value: fmt.Sprint(82 + n%4), Reason: "台账核对"})
		}
	}
	m.give(m.unit, indicator.Entry{IndicatorID: zero, PlaceID: places[0].ID, Period: "2024-01", Value: "0"})
	m.approve()
	m.returnOne(clearing, "2024-01", "这个月的日报表缺 12 日、13 日两天，请补齐再算，并写明缺的原因")
	m.give(m.unit, indicator.Entry{IndicatorID: clearing, PlaceID: places[0].ID, Period: "2024-02", Value: "55", Reason: "春节期间停运三天"})
	m.give(m.unit, indicator.Entry{IndicatorID: rate, PlaceID: places[2].ID, Period: "2024-02", Numerator: "160", Denominator: "240", Reason: "河西区新增林荫道 11 公里，上月漏报"})
	for _, x := range []indicator.TargetInput{{PlaceID: places[0].ID, Value: "70"}, {PlaceID: places[1].ID, Year: 2024, Value: "66"}} {
		if err := s.Indicators.SetTargets(m.office, c.ID, rate, []indicator.TargetInput{x}); err != nil {
			t.Fatal(err)
		}
	}
	for _, title := range []string{"河西区一餐馆液化气爆燃，两人轻伤", "平江区施工挖断中压燃气管道"} {
		id, err := s.Indicators.Record(m.unit, c.ID, indicator.IncidentInput{IndicatorID: zero, PlaceID: places[2].ID, HappenedOn: "2024-02-18", Grade: "较大", Title: title, Account: "当日 11 时 40 分，后厨软管老化漏气。", Measures: "已停业整改，全市餐饮用气排查。"})
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(title, "平江") {
			if err := s.Indicators.Withdraw(m.office, c.ID, id, "核实为一般事故，不在登记范围"); err != nil {
				t.Fatal(err)
			}
		}
	}
	seat := m.person("花蕊")
	s.Account(t, "liaison", seat, kernel.NoAdmin)
	at := func(format string, args ...any) string {
		return fmt.Sprintf("/c/%d", c.ID) + fmt.Sprintf(format, args...) + " "
	}
	restated, returned := m.figure(rate, places[2].ID, "2024-02"), m.figure(clearing, places[0].ID, "2024-01")
	office = at("/indicators") + at("/indicators/%d", rate) + at("/indicators/%d?place=%d&all=1", rate, places[2].ID) + at("/indicators/%d", clearing) + at("/indicators/%d", zero) +
		at("/indicators/new") + at("/indicators/%d/edit", rate) + at("/indicators/import") + at("/figures/%d", restated) + at("/figures/%d", returned) + at("/places") + at("/incidents") +
		at("/figures?month=2024-02")
	unit = at("/figures?month=2024-01") + at("/figures?month=2024-03") + at("/figures?month=2024-02") + at("/figures/%d", returned) + at("/incidents") + at("/indicators/%d", clearing)
	return office, unit
}

// measuring is a campaign in which figures are given, approved and sent back.
type measuring struct {
	t                    *testing.T
	s                    *webtest.Site
	c                    campaign.Campaign
	unit, office, second context.Context
	places               []indicator.Place
}

func (m measuring) person(name string) int64 {
	m.t.Helper()
	p, err := roster.PersonCalled(webtest.System(), m.s.DB.Reader(), m.c.ID, name)
	if err != nil {
		m.t.Fatal(err)
	}
	return p.ID
}

func (m measuring) as(name string) context.Context {
	id := m.person(name)
	return kernel.WithActor(m.t.Context(), kernel.Actor{AccountID: 2e6 + id, PersonID: id, Name: name})
}

func (m measuring) add(in indicator.Input) int64 {
	m.t.Helper()
	id, err := m.s.Indicators.Add(webtest.System(), m.c.ID, in)
	if err != nil {
		m.t.Fatal(err)
	}
	return id
}

func (m measuring) give(ctx context.Context, e indicator.Entry) {
	m.t.Helper()
	e.Version = indicator.Unseen
	if _, err := m.s.Indicators.Enter(ctx, m.c.ID, []indicator.Entry{e}, indicator.Entering{}); err != nil {
		m.t.Fatalf("%+v: %v", e, err)
	}
}

// approve approves all that waits.
func (m measuring) approve() {
	m.t.Helper()
	list, err := m.s.Indicators.List(m.office, m.c.ID)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, row := range list.Rows {
		p, err := m.s.Indicators.See(m.office, m.c.ID, row.ID, 0)
		if err != nil {
			m.t.Fatal(err)
		}
		for _, w := range p.Waits {
			if err := m.s.Indicators.Decide(m.second, m.c.ID, []indicator.Seen{{ID: w.Reading.ID, Version: w.Reading.Version}}, indicator.Decision{Approve: true}); err != nil {
				m.t.Fatal(err)
			}
		}
	}
}

func (m measuring) figure(id, place int64, period report.Period) int64 {
	m.t.Helper()
	p, err := m.s.Indicators.See(m.office, m.c.ID, id, place)
	if err != nil {
		m.t.Fatal(err)
	}
	n := slices.IndexFunc(p.Series, func(r indicator.FigureRow) bool { return r.Period == period && r.Reading != nil })
	if n < 0 {
		m.t.Fatalf("no figure of %s", period)
	}
	return p.Series[n].Reading.ID
}

// returnOne changes an approved figure, and the office sends it back.
func (m measuring) returnOne(id int64, period report.Period, question string) {
	m.t.Helper()
	m.give(m.unit, indicator.Entry{IndicatorID: id, PlaceID: m.places[0].ID, Period: period, Value: "88", Reason: "补登两天的数据"})
	f, err := m.s.Indicators.Figure(m.office, m.c.ID, m.figure(id, 0, period))
	if err == nil {
		err = m.s.Indicators.Decide(m.office, m.c.ID, []indicator.Seen{{ID: f.ID, Version: f.Version}}, indicator.Decision{Question: question})
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

// TestFigures_FromTheFormToTheChart: a unit fills in a page with one figure that cannot be and one that is asked about,
// mends them where they stand, hands them in; the office sees what was asked and approves.
func TestFigures_FromTheFormToTheChart(t *testing.T) {
	s, c := site(t)
	_, _ = indicatorPages(t, s, c)
	browser := chromium(t)
	b := newTab(t, browser, s, "liaison", 390, 844)
	b.open(t, fmt.Sprintf("/c/%d/figures?month=2024-03", c.ID))
	first := eval[string](t, b, `document.querySelector("main form input.figure[name^='v:']").name`)
	b.fill(t, "main form.sheet", map[string]string{first: "一半"})
	b.mustSay(t, "“一半”不是数字")
	if got := eval[string](t, b, `document.querySelector("[name='`+first+`']").value`); got != "一半" {
		t.Errorf("what was typed is %q", got)
	}
	b.look(t, "figures_refused")
	b.fill(t, "main form.sheet", map[string]string{first: "12"})
	b.mustSay(t, "已提交 1 个数", "待审核")
	b.open(t, fmt.Sprintf("/c/%d/figures?month=2024-02", c.ID))
	b.mustSay(t, "待审核", "55%")
}

// TestIndicators_AFileThatIsWrongIsToldCellByCell hands a faulty file in over HTTP.
func TestIndicators_AFileThatIsWrongIsToldCellByCell(t *testing.T) {
	s, c := site(t)
	_, _ = indicatorPages(t, s, c)
	client := s.Client(t, "office")
	body, kind := fileForm(t, "file", "坏.json", []byte(`{"dataValues": [{"dataElement": "没有", "period": "202401", "orgUnit": "全市", "value": "1"}]}`))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+fmt.Sprintf("/c/%d/indicators/import", c.ID), body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	page, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(string(page), "dataValues[0]") || !strings.Contains(string(page), "没有编号为“没有”的指标") {
		t.Errorf("status %d, %v:\n%s", res.StatusCode, err, page)
	}
}

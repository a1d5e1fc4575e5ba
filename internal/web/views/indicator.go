package views

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pinzhi/internal/campaign"
	"pinzhi/internal/indicator"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"
	"pinzhi/internal/web/views/ui"
)

// Indicators is the list of what is measured.
type Indicators struct {
	Base
	Problem
	indicator.List

	Today kernel.Date
	Done  string // what was just done
}

// IndicatorPage is one indicator.
type IndicatorPage struct {
	Base
	Problem
	indicator.Page

	All      bool // every period is listed
	Today    kernel.Date
	Question string // as somebody typed it
	Ticked   map[int64]bool
	Timeline []ui.Entry
	Typed    TypedTarget
}

// TypedTarget is a target as somebody typed it.
type TypedTarget struct{ Place, Year, Value string }

// listedPeriods is how many periods a page lists, unless all are asked for.
const listedPeriods = 24

func (v IndicatorPage) listed() []indicator.FigureRow {
	if v.All {
		return v.Series
	}
	return v.Series[:min(len(v.Series), listedPeriods)]
}

func (v IndicatorPage) at(place int64) string {
	return v.To("/indicators/%d?place=%d", v.ID, place)
}

// charts are the series drawn wide and narrow: letters stay readable on a phone.
func (v IndicatorPage) charts() (list []*Chart) {
	for _, c := range []*Chart{chartOf(v.Page, 920, 300, "chart wide-only"), chartOf(v.Page, 360, 250, "chart narrow-only")} {
		if c != nil {
			list = append(list, c)
		}
	}
	return list
}

// IndicatorForm is an indicator as it stands in its form: stored, or as somebody typed it.
type IndicatorForm struct {
	Base
	Problem
	indicator.Input

	ID       int64 // 0 for a new one
	Revision int
	Units    []string
	HasData  bool
}

func (v IndicatorForm) action() string {
	if v.ID == 0 {
		return v.To("/indicators")
	}
	return v.To("/indicators/%d", v.ID)
}

// Figures is what a unit fills in for a month.
type Figures struct {
	Base
	Problem
	indicator.Grid

	Typed  map[string]string // what a form held that was refused, by field
	Faults map[string]indicator.Fault
	How    []HowDue
	Done   string
}

// key is what a row's fields are called after.
func figureKey(r indicator.GridRow) string {
	return fmt.Sprintf("%d:%d:%s", r.Indicator.ID, r.Place.ID, r.Period)
}

// typed is what a field of a row holds: as it was typed, else as it stands, else what the system knows.
func (v Figures) typed(field string, r indicator.GridRow) string {
	if text, ok := v.Typed[field+":"+figureKey(r)]; ok {
		return text
	}
	if r.Reading == nil {
		if field == "v" {
			return r.Known
		}
		return ""
	}
	switch field {
	case "n":
		return optional(r.Reading.Numerator)
	case "d":
		return optional(r.Reading.Denominator)
	case "r":
		return r.Reading.Reason
	}
	if r.Indicator.Direction == indicator.Class {
		return r.Indicator.Text(r.Reading.Value)
	}
	return optional(&r.Reading.Value)
}

func optional(v *float64) string {
	if v == nil {
		return ""
	}
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.6f", *v), "0"), ".")
}

// open reports whether a row is to be filled in here; what was handed in is changed on its own page.
func (v Figures) open(r indicator.GridRow) bool {
	return r.MayFill && (r.Reading == nil || r.Reading.Step == indicator.Draft || r.Reading.Step == indicator.Returned)
}

func (v Figures) anyOpen() bool {
	return slices.ContainsFunc(v.Rows, v.open)
}

func (v Figures) invalidRow(r indicator.GridRow) bool {
	_, bad := v.Faults[figureKey(r)]
	return bad
}

func (v Figures) page(from int) string {
	return v.To("/figures?unit=%d&month=%s&from=%d", v.Unit.ID, v.Month, from)
}

// FigurePage is one figure with everything it was.
type FigurePage struct {
	Base
	Problem
	indicator.FigureSeen

	Today    kernel.Date
	Value    string // as somebody typed it, or as it stands
	Above    string
	Below    string
	Reason   string
	Question string
	Timeline []ui.Entry
}

// ImportFigures is the form that takes a file, with what was wrong with the last one.
type ImportFigures struct {
	Base
	Problem

	Reason string
	Faults []indicator.Fault
	More   int
	Done   string
}

// PlacesView is where figures are gathered.
type PlacesView struct {
	Base
	Problem

	Places  []indicator.Place
	Units   map[int64]string
	Names   []string
	MayKeep bool
	Typed   indicator.PlaceInput
	TypedAt int64
}

// IncidentsView is the register of incidents.
type IncidentsView struct {
	Base
	Problem
	indicator.Register

	Typed indicator.IncidentInput
	Today kernel.Date
}

// markLight is the light of a figure: where it stands and whether it came in time.
func markLight(m indicator.Mark) campaign.Light {
	return campaign.Light{State: map[indicator.Mark]string{indicator.OnTime: "ok", indicator.CameLate: "soon", indicator.Missing: "late", indicator.Asked: "soon", indicator.Ahead: "idle", indicator.Free: "idle"}[m], Word: m.Name()}
}

func stepLight(s indicator.Step) campaign.Light {
	return campaign.Light{State: map[indicator.Step]string{indicator.Draft: "idle", indicator.Submitted: "soon", indicator.Approved: "ok", indicator.Returned: "late"}[s], Word: s.Name()}
}

// partsText is what a ratio is made of.
func partsText(above, below *float64) string {
	if above == nil || below == nil {
		return ""
	}
	return optional(above) + " / " + optional(below)
}

// saidBy says who gave a figure and when.
func saidBy(name string, r indicator.Version, today kernel.Date) string {
	return name + " " + ui.When(r.GivenAt, today)
}

// decidedText says what the office said to a version, who and when.
func decidedText(r indicator.Version, today kernel.Date) string {
	if r.DecidedAt.IsZero() {
		return ""
	}
	return r.DecidedName + " " + ui.When(r.DecidedAt, today)
}

func unitText(i indicator.Indicator) string {
	if i.Unit == "" || i.Direction == indicator.Class {
		return i.Cadence.Name()
	}
	return i.Unit + " · " + i.Cadence.Name()
}

// monthText is a month with the longer periods that end with it.
func monthText(m kernel.Month) string {
	text := m.Chinese()
	for _, c := range report.Cadences[1:] {
		if p := report.PeriodOf(c, m); p.LastMonth() == m {
			text += "、" + strings.TrimPrefix(p.Name(), string(m[:4])+"年")
			if c == report.Yearly {
				text = strings.TrimSuffix(text, "、") + "、全年"
			}
		}
	}
	return text
}

// rulesText says what the rules ask.
func rulesText(i indicator.Indicator) string {
	var parts []string
	limits := func(low, high *float64, word string) {
		switch {
		case low != nil && high != nil:
			parts = append(parts, fmt.Sprintf("%s %s 到 %s", word, i.Shown(*low), i.Shown(*high)))
		case low != nil:
			parts = append(parts, fmt.Sprintf("%s不低于 %s", word, i.Shown(*low)))
		case high != nil:
			parts = append(parts, fmt.Sprintf("%s不高于 %s", word, i.Shown(*high)))
		}
	}
	limits(i.Lowest, i.Highest, "只收")
	limits(i.Low, i.High, "通常")
	if i.Jump > 0 {
		parts = append(parts, fmt.Sprintf("比上期变动超过 %s%% 提醒", optional(&i.Jump)))
	}
	return strings.Join(parts, "；")
}

// whoReports says who fills in an indicator.
func whoReports(p indicator.Page) string {
	name := p.Unit
	if name == "" {
		name = "还没有定"
	}
	if p.PlacesReport {
		return name + "；各地区自报"
	}
	return name
}

func lastMeans(list []indicator.Mean) []indicator.Mean {
	return list[max(0, len(list)-listedPeriods):]
}

func placeName(list []indicator.Place, id int64) string {
	for _, p := range list {
		if p.ID == id {
			return p.Name
		}
	}
	return ""
}

func targetYear(year int) string {
	if year == 0 {
		return "验收"
	}
	return fmt.Sprintf("%d年", year)
}

// at is the problem of the form of a place; other forms have none.
func (v PlacesView) at(id int64) Problem {
	if v.Message != "" && v.TypedAt == id {
		return v.Problem
	}
	return Problem{}
}

// input is a place as its form shows it.
func (v PlacesView) input(p indicator.Place) indicator.PlaceInput {
	if v.Message != "" && v.TypedAt == p.ID {
		return v.Typed
	}
	return indicator.PlaceInput{Name: p.Name, Code: p.Code, Unit: v.Units[p.UnitID]}
}

// version is that of a row's figure as the form shows it.
func version(r indicator.GridRow) string {
	if r.Reading == nil {
		return "0"
	}
	return strconv.Itoa(r.Reading.Version)
}

// correctName is what changing a figure is called where it stands.
func correctName(s indicator.Step) string {
	return map[indicator.Step]string{indicator.Draft: "填报", indicator.Submitted: "更正", indicator.Returned: "修改后重报", indicator.Approved: "改动已审定的数"}[s]
}

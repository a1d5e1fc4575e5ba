package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"pinzhi/internal/indicator"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"
)

func indicatorsPage(q *request) error { return q.indicators(views.Problem{}) }

func (q *request) indicators(problem views.Problem) error {
	v := views.Indicators{Base: q.base(), Problem: problem, Today: q.today()}
	var err error
	if v.List, err = q.s.Indicators.List(q.ctx(), q.view.ID); err != nil {
		return err
	}
	slices.SortStableFunc(v.Rows, func(a, b indicator.Row) int { return urgency(a) - urgency(b) })
	if n, err := strconv.Atoi(q.FormValue("approved")); err == nil && n > 0 {
		v.Done = fmt.Sprintf("审定了 %d 个数。", n)
	}
	return q.render(statusFor(problem), "指标", views.IndicatorsPage(v))
}

// urgency is where an indicator stands in the list: what is wrong first, what nobody has measured yet last, else as in
// the plan.
func urgency(r indicator.Row) int {
	switch {
	case r.Light.State == "late":
		return 0
	case r.Missing+r.Returned > 0:
		return 1
	case r.Light.State == "soon":
		return 2
	case r.Light.State == "ok":
		return 3
	case r.Latest != nil || r.Waiting > 0:
		return 4
	}
	return 5
}

// statusFor is the status of a page that shows what was refused.
func statusFor(problem views.Problem) int {
	if problem.Message == "" {
		return http.StatusOK
	}
	return http.StatusUnprocessableEntity
}

// approveQuiet approves what nothing is asked about.
func approveQuiet(q *request) error {
	id, _ := strconv.ParseInt(q.FormValue("indicator"), 10, 64)
	n, err := q.s.Indicators.ApproveQuiet(q.ctx(), q.view.ID, id)
	if problem, ok := refused(err); ok {
		return q.indicators(problem)
	}
	if err != nil {
		return err
	}
	return q.seeOther("%s", q.at("/indicators?approved=%d", n))
}

func indicatorPage(q *request) error {
	id, err := q.id("indicator")
	if err != nil {
		return err
	}
	place, _ := strconv.ParseInt(q.FormValue("place"), 10, 64)
	return q.indicator(id, place, views.IndicatorPage{})
}

// indicator shows an indicator; v holds what a form held that was not taken.
func (q *request) indicator(id, place int64, v views.IndicatorPage) error {
	v.Base, v.Today, v.All = q.base(), q.today(), q.FormValue("all") != ""
	var err error
	if v.Page, err = q.s.Indicators.See(q.ctx(), q.view.ID, id, place); err != nil {
		return err
	}
	if v.Timeline, err = q.timeline(indicator.Kind, id); err != nil {
		return err
	}
	return q.render(statusFor(v.Problem), v.Name, views.IndicatorView(v), ui.Crumb{Text: "指标", Href: q.at("/indicators")}, ui.Crumb{Text: v.Name})
}

func newIndicatorPage(q *request) error {
	if !indicator.MayKeep(q.view) {
		return kernel.E(kernel.Forbidden, "指标由领导小组办公室添加")
	}
	in := indicator.Input{Direction: indicator.AtLeast, Cadence: report.Monthly, FirstPeriod: string(q.today().Month()), Lowest: "0", Jump: "50"}
	return q.indicatorForm(views.IndicatorForm{Input: in})
}

func (q *request) indicatorForm(v views.IndicatorForm) error {
	v.Base = q.base()
	units, err := q.s.Campaigns.Units(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	for _, u := range units {
		v.Units = append(v.Units, u.Name)
	}
	title := "修改指标"
	if v.ID == 0 {
		title = "添加指标"
	}
	return q.render(statusFor(v.Problem), title, views.IndicatorFormPage(v), ui.Crumb{Text: "指标", Href: q.at("/indicators")}, ui.Crumb{Text: title})
}

func (q *request) indicatorInput() indicator.Input {
	on := func(name string) bool { return q.FormValue(name) != "" }
	return indicator.Input{Code: q.FormValue("code"), Name: q.FormValue("name"), Definition: strings.ReplaceAll(q.FormValue("definition"), "\r\n", "\n"), Unit: q.FormValue("unit"),
		Numerator: q.FormValue("numerator"), Denominator: q.FormValue("denominator"), Direction: indicator.Direction(q.FormValue("direction")), Classes: q.FormValue("classes"),
		Cadence: report.Cadence(q.FormValue("cadence")), FirstPeriod: q.FormValue("first_period"), LastPeriod: q.FormValue("last_period"),
		ByPlace: on("by_place"), PlacesReport: on("places_report"), Summed: on("summed"), UnitName: q.FormValue("unit_name"), Source: q.FormValue("source"),
		Lowest: q.FormValue("lowest"), Highest: q.FormValue("highest"), Low: q.FormValue("low"), High: q.FormValue("high"), Jump: q.FormValue("jump")}
}

func addIndicator(q *request) error {
	in := q.indicatorInput()
	id, err := q.s.Indicators.Add(q.ctx(), q.view.ID, in)
	if problem, ok := refused(err); ok {
		return q.indicatorForm(views.IndicatorForm{Problem: problem, Input: in})
	}
	if err != nil {
		return err
	}
	return q.seeOther("%s", q.at("/indicators/%d", id))
}

func editIndicatorPage(q *request) error {
	id, err := q.id("indicator")
	if err != nil {
		return err
	}
	p, err := q.s.Indicators.See(q.ctx(), q.view.ID, id, 0)
	if err != nil {
		return err
	}
	if !p.MayKeep {
		return kernel.E(kernel.Forbidden, "指标由领导小组办公室修改")
	}
	return q.indicatorForm(views.IndicatorForm{Input: indicator.InputOf(p.Indicator), ID: id, Revision: p.Revision})
}

func changeIndicator(q *request) error {
	id, err := q.id("indicator")
	if err != nil {
		return err
	}
	in := q.indicatorInput()
	revision, _ := strconv.Atoi(q.FormValue("revision"))
	err = q.s.Indicators.Change(q.ctx(), q.view.ID, id, revision, in)
	if problem, ok := refused(err); ok {
		return q.indicatorForm(views.IndicatorForm{Problem: problem, Input: in, ID: id, Revision: revision})
	}
	if err != nil {
		return err
	}
	return q.seeOther("%s", q.at("/indicators/%d", id))
}

func setTargets(q *request) error {
	id, err := q.id("indicator")
	if err != nil {
		return err
	}
	typed := views.TypedTarget{Place: q.FormValue("place"), Year: strings.TrimSpace(q.FormValue("year")), Value: q.FormValue("value")}
	in := indicator.TargetInput{Value: typed.Value}
	in.PlaceID, _ = strconv.ParseInt(typed.Place, 10, 64)
	if typed.Year != "" && typed.Year != "验收" {
		if in.Year, err = strconv.Atoi(strings.TrimSuffix(typed.Year, "年")); err != nil || in.Year == 0 {
			in.Year = -1 // no year: refused with the others
		}
	}
	err = q.s.Indicators.SetTargets(q.ctx(), q.view.ID, id, []indicator.TargetInput{in})
	if problem, ok := refused(err); ok {
		return q.indicator(id, 0, views.IndicatorPage{Problem: problem, Typed: typed})
	}
	if err != nil {
		return err
	}
	return q.seeOther("%s", q.at("/indicators/%d", id))
}

func placesPage(q *request) error { return q.places(views.PlacesView{TypedAt: -1}) }

func (q *request) places(v views.PlacesView) error {
	v.Base, v.MayKeep = q.base(), indicator.MayKeep(q.view)
	var err error
	if v.Places, v.Units, err = q.s.Indicators.Places(q.ctx(), q.view.ID); err != nil {
		return err
	}
	units, err := q.s.Campaigns.Units(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	for _, u := range units {
		v.Names = append(v.Names, u.Name)
	}
	return q.render(statusFor(v.Problem), "地区", views.PlacesPage(v), ui.Crumb{Text: "指标", Href: q.at("/indicators")}, ui.Crumb{Text: "地区"})
}

func keepPlace(q *request) error {
	id, _ := strconv.ParseInt(q.FormValue("id"), 10, 64)
	in := indicator.PlaceInput{Name: q.FormValue("name"), Code: q.FormValue("code"), Unit: q.FormValue("unit")}
	var err error
	if id == 0 {
		err = q.s.Indicators.AddPlace(q.ctx(), q.view.ID, in)
	} else {
		err = q.s.Indicators.ChangePlace(q.ctx(), q.view.ID, id, in)
	}
	if problem, ok := refused(err); ok {
		return q.places(views.PlacesView{Problem: problem, Typed: in, TypedAt: id})
	}
	if err != nil {
		return err
	}
	return q.seeOther("%s", q.at("/places"))
}

func incidentsPage(q *request) error { return q.incidents(views.IncidentsView{}) }

func (q *request) incidents(v views.IncidentsView) error {
	v.Base, v.Today = q.base(), q.today()
	var err error
	if v.Register, err = q.s.Indicators.Incidents(q.ctx(), q.view.ID); err != nil {
		return err
	}
	return q.render(statusFor(v.Problem), "事故登记", views.IncidentsPage(v), ui.Crumb{Text: "指标", Href: q.at("/indicators")}, ui.Crumb{Text: "事故登记"})
}

func recordIncident(q *request) error {
	in := indicator.IncidentInput{HappenedOn: q.FormValue("happened_on"), Grade: q.FormValue("grade"), Title: q.FormValue("title"), Account: q.FormValue("account"), Measures: q.FormValue("measures")}
	in.IndicatorID, _ = strconv.ParseInt(q.FormValue("indicator"), 10, 64)
	in.PlaceID, _ = strconv.ParseInt(q.FormValue("place"), 10, 64)
	_, err := q.s.Indicators.Record(q.ctx(), q.view.ID, in)
	if problem, ok := refused(err); ok {
		return q.incidents(views.IncidentsView{Problem: problem, Typed: in})
	}
	if err != nil {
		return err
	}
	return q.seeOther("%s", q.at("/incidents"))
}

func withdrawIncident(q *request) error {
	id, err := q.id("incident")
	if err != nil {
		return err
	}
	err = q.s.Indicators.Withdraw(q.ctx(), q.view.ID, id, q.FormValue("why"))
	if problem, ok := refused(err); ok {
		return q.incidents(views.IncidentsView{Problem: problem})
	}
	if err != nil {
		return err
	}
	return q.seeOther("%s", q.at("/incidents"))
}

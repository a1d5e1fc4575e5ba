package web

import (
	"strconv"
	"strings"

	"pinzhi/internal/calendar"
	"pinzhi/internal/cases"
	"pinzhi/internal/kernel"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"
)

func ordersPage(q *request) error {
	v, err := cases.ViewerFrom(q.view)
	if err != nil {
		return err
	}
	before, _ := strconv.ParseInt(q.FormValue("before"), 10, 64)
	rows, next, err := q.s.Cases.Orders(q.ctx(), v, before)
	if err != nil {
		return err
	}
	return q.page("督办单", views.OrdersPage(views.OrderList{Base: q.base(), Rows: rows, Next: next, Today: q.today()}))
}

func orderPage(q *request) error {
	id, err := q.id("o")
	if err != nil {
		return err
	}
	order, rows, err := q.s.Cases.SeeOrder(q.ctx(), q.view.ID, id)
	if err != nil {
		return err
	}
	v := views.OrderPage{Base: q.base(), Order: order, Rows: q.caseRows(rows), Today: q.today(), Place: q.view.Place}
	return q.page(order.Number, views.OrderView(v), ui.Crumb{Text: "督办单", Href: q.at("/orders")}, ui.Crumb{Text: order.Number})
}

// issueOrder issues an order for several cases: their numbers, one unit, what is demanded, by when.
func issueOrder(q *request) error {
	unit, err := q.unitNamed(q.FormValue("unit"), "unit")
	if err != nil {
		return err
	}
	o := cases.NewOrder{UUID: q.FormValue("uuid"), Unit: unit, Requirement: q.FormValue("requirement"), Day: kernel.Date(q.FormValue("order_day")), Signer: q.FormValue("signer")}
	for text := range strings.FieldsSeq(strings.NewReplacer("、", " ", "，", " ", ",", " ").Replace(q.FormValue("cases"))) {
		o.Cases = append(o.Cases, caseNumber(text))
	}
	order, err := q.s.Cases.Issue(q.ctx(), q.view.ID, o)
	if err != nil {
		return err
	}
	return q.seeOther("%s", q.at("/orders/%d", order.ID))
}

func rulesPage(q *request) error { return q.rules(views.Problem{}) }

func (q *request) rules(problem views.Problem) error {
	viewer, err := cases.ViewerFrom(q.view)
	if err != nil {
		return err
	}
	v := views.RulesPage{Base: q.base(), Problem: problem, May: viewer.Standing.InOffice()}
	if v.Rules, err = q.s.Cases.Rules(q.ctx(), q.view.ID); err != nil {
		return err
	}
	v.Example = cases.NumberBy(v.Rules.Pattern(), q.view.Place, q.s.Clock.Now().In(kernel.Shanghai).Year(), 1)
	if v.Categories, err = q.categories(); err != nil {
		return err
	}
	status := 200
	if problem.Message != "" {
		status = 422
	}
	return q.render(status, "案件规则", views.RulesView(v), ui.Crumb{Text: "案件", Href: q.at("/cases")}, ui.Crumb{Text: "案件规则"})
}

// setRule takes one of the page's small forms: a limit, a category's photographs, or the pattern of the numbers.
func setRule(q *request) error {
	var err error
	switch {
	case q.FormValue("step") != "":
		n, _ := strconv.Atoi(q.FormValue("n"))
		err = q.s.Cases.SetLimit(q.ctx(), q.view.ID, cases.Limit{Severity: cases.Severity(q.FormValue("severity")), Step: q.FormValue("step"), N: n,
			Measure: calendar.Measure(q.FormValue("measure"))})
	case q.FormValue("category") != "":
		err = q.s.Cases.SetRule(q.ctx(), q.view.ID, cases.Rule{Category: q.FormValue("category"), Photos: q.FormValue("photos") != ""})
	default:
		err = q.s.Cases.SetRule(q.ctx(), q.view.ID, cases.Rule{Pattern: strings.TrimSpace(q.FormValue("pattern"))})
	}
	if err == nil {
		return q.seeOther("%s", q.at("/cases/rules"))
	}
	problem, ok := refused(err)
	if !ok {
		return err
	}
	return q.rules(problem)
}

func calendarPage(q *request) error { return q.calendar(views.CalendarPage{}) }

func (q *request) calendar(v views.CalendarPage) error {
	days, err := q.s.Calendar.Days(q.ctx())
	if err != nil {
		return err
	}
	if v.Year, err = strconv.Atoi(q.FormValue("year")); err != nil || v.Year < 2002 || v.Year > 2100 {
		v.Year = q.s.Clock.Now().In(kernel.Shanghai).Year()
	}
	v.Known, v.Missing, v.Rows, v.May = days.Known(v.Year), q.s.Calendar.Missing(q.ctx()), days.Exceptions(v.Year), q.actor.Admin == kernel.SystemAdmin
	if v.Text == "" {
		v.Text = views.ExceptionsText(v.Rows)
	}
	status := 200
	if v.Message != "" {
		status = 422
	}
	return q.render(status, "放假安排", views.CalendarView(v))
}

func setCalendar(q *request) error {
	v := views.CalendarPage{Text: q.FormValue("days"), Source: q.FormValue("source")}
	year, _ := strconv.Atoi(q.FormValue("year"))
	rows, err := parseDays(v.Text)
	if err == nil || q.actor.Admin != kernel.SystemAdmin {
		err = q.s.Calendar.SetYear(q.ctx(), year, rows, v.Source)
	}
	if err == nil {
		return q.seeOther("/calendar?year=%d", year)
	}
	problem, ok := refused(err)
	if !ok {
		return err
	}
	v.Problem = problem
	return q.calendar(v)
}

// parseDays reads lines such as "2027-02-06 休 春节"; it fails with invalid, naming the line.
func parseDays(text string) ([]calendar.Exception, error) {
	var rows []calendar.Exception
	n := 0
	for line := range strings.Lines(text) {
		n++
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		day, err := kernel.ParseDate(words[0])
		if err != nil {
			return nil, kernel.E(kernel.Invalid, "第 %d 行：“%s”不是日期，请写成 2027-02-06 这样", n, words[0]).On("days")
		}
		if len(words) != 3 || (words[1] != "休" && words[1] != "班") {
			return nil, kernel.E(kernel.Invalid, "第 %d 行：日期后面写“休”或“班”，再写节日，中间空一格", n).On("days")
		}
		rows = append(rows, calendar.Exception{Day: day, Worked: words[1] == "班", Name: words[2]})
	}
	return rows, nil
}

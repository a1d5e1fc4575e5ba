package web

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/cases"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"
	"pinzhi/internal/web/views"
)

// monthPage is a month of everything that is due: of a unit in ?unit=, or of all.
func monthPage(q *request) error {
	month := q.today().Month()
	if first, err := kernel.ParseDate(q.FormValue("month") + "-01"); err == nil {
		month = first.Month()
	}
	unit, _ := strconv.ParseInt(q.FormValue("unit"), 10, 64)
	days, err := q.s.Calendar.Days(q.ctx())
	if err != nil {
		return err
	}
	m := &monthOfDues{q: q, unit: unit, from: month.First(), to: month.Last(), now: q.s.Clock.Now(), days: days, by: map[kernel.Date][]views.DueEntry{}}
	if err := m.gather(); err != nil {
		return err
	}
	v := views.MonthPage{Base: q.base(), Month: month, Today: q.today(), Unit: unit, Days: days, By: m.by}
	units, err := q.s.Campaigns.Units(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	for _, u := range units {
		v.Units = append(v.Units, views.Choice{ID: u.ID, Name: u.Name})
	}
	return q.page("日历", views.MonthView(v))
}

// monthOfDues gathers what is due on each day of a month.
type monthOfDues struct {
	q        *request
	unit     int64
	from, to kernel.Date
	now      time.Time
	days     *calendar.Days
	by       map[kernel.Date][]views.DueEntry
}

// gather gathers all that there is for the viewer. Administrators see no case, nor that there is one.
func (m *monthOfDues) gather() error {
	parts := []func() error{m.reports, m.work}
	v, err := m.q.s.Cases.Viewer(m.q.ctx(), m.q.view.ID)
	if err != nil && kernel.CodeOf(err) != kernel.Forbidden {
		return err
	}
	if err == nil {
		parts = append(parts, func() error { return m.orders(v) }, func() error { return m.cases(v) })
	}
	for _, add := range parts {
		if err := add(); err != nil {
			return err
		}
	}
	for day := range m.by {
		slices.SortStableFunc(m.by[day], func(a, b views.DueEntry) int { return cmp.Compare(stateRank[a.State], stateRank[b.State]) })
	}
	return nil
}

func (m *monthOfDues) add(day kernel.Date, e views.DueEntry) { m.by[day] = append(m.by[day], e) }

// begin and end are the instants between which a due falls into the month: the end of a day is due at the next one's
// first instant.
func (m *monthOfDues) begin() time.Time { return m.from.Time() }
func (m *monthOfDues) end() time.Time   { return m.to.AddDays(1).Time() }

// reports adds what is reported, all of one period in one line.
func (m *monthOfDues) reports() error {
	list, err := m.q.s.Reports.DueWithin(m.q.ctx(), m.q.view.ID, m.begin(), m.end())
	if err != nil {
		return err
	}
	if m.unit != 0 {
		list = slices.DeleteFunc(list, func(c report.Concern) bool { return c.Reporter.UnitID != m.unit })
	}
	for len(list) > 0 {
		first := list[0]
		n := slices.IndexFunc(list, func(c report.Concern) bool {
			return c.ObligationID != first.ObligationID || c.Period != first.Period || !c.DueAt.Equal(first.DueAt)
		})
		if n < 0 {
			n = len(list)
		}
		m.add(lastDay(first.DueAt), m.reported(list[:n]))
		list = list[n:]
	}
	return nil
}

func (m *monthOfDues) reported(group []report.Concern) views.DueEntry {
	first, come, late := group[0], 0, 0
	for _, c := range group {
		switch c.MarkAt(m.now) {
		case report.InTime, report.CameLate:
			come++
		case report.Missing:
			late++
		case report.SentBack, report.Waiting, report.NotAsked:
		}
	}
	e := views.DueEntry{Kind: "报送", Text: first.Period.Name() + first.What, Href: m.q.at("/reports"), State: "open"}
	if len(group) == 1 {
		e.Text, e.Href = first.Title(), m.q.at("/filings/%d", first.ID)
	} else {
		e.Text += fmt.Sprintf("，%d 家", len(group))
	}
	switch {
	case late > 0 && first.Kind != report.ToFile:
		e.State, e.Said = "late", "没有办"
	case late > 0:
		e.State, e.Said = "late", fmt.Sprintf("%d 家未报", late)
	case come == len(group) && first.Kind != report.ToFile:
		e.State, e.Said = "done", "已办"
	case come == len(group):
		e.State, e.Said = "done", "都报了"
	case come > 0:
		e.Said = fmt.Sprintf("已报 %d 家", come)
	}
	return e
}

func (m *monthOfDues) work() error {
	work, milestones, err := m.q.s.Campaigns.DueWithin(m.q.ctx(), m.q.view.ID, m.unit, m.from, m.to)
	if err != nil {
		return err
	}
	for _, w := range work {
		m.add(w.DueDay, views.DueEntry{Kind: "工作项", Text: w.Title, Said: w.UnitName, Href: m.q.at("/items/%d", w.ID), State: m.state(w.DueDay, w.DoneOn != "")})
	}
	for _, x := range milestones {
		m.add(x.DueDay, views.DueEntry{Kind: "节点", Text: x.Name, Href: m.q.at("/items/%d", x.ItemID), State: m.state(x.DueDay, x.DoneOn != "")})
	}
	return nil
}

func (m *monthOfDues) orders(v cases.Viewer) error {
	list, err := m.q.s.Cases.OrdersDue(m.q.ctx(), v, m.unit, m.from, m.to)
	for _, o := range list {
		m.add(o.DueDay, views.DueEntry{Kind: "督办单", Text: o.Number, Said: fmt.Sprintf("还有 %d 件", o.OpenCases), Href: m.q.at("/orders/%d", o.ID), State: m.state(o.DueDay, false)})
	}
	return err
}

// cases adds how many cases are due on each day: one by one they are in the list of cases.
func (m *monthOfDues) cases(v cases.Viewer) error {
	n, err := m.q.s.Cases.DueDays(m.q.ctx(), v, m.unit, m.begin(), m.end())
	if err != nil {
		return err
	}
	href := m.q.at("/cases")
	if m.unit != 0 {
		href += fmt.Sprintf("?unit=%d", m.unit)
	}
	for day, k := range n {
		m.add(day, views.DueEntry{Kind: "案件", Text: fmt.Sprintf("%d 件案件到期", k), Href: href, State: m.state(day, false)})
	}
	return nil
}

var stateRank = map[string]int{"late": 0, "open": 1, "done": 2}

func (m *monthOfDues) state(day kernel.Date, done bool) string {
	switch {
	case done:
		return "done"
	case day < kernel.DateOf(m.now):
		return "late"
	}
	return "open"
}

// lastDay is the day at whose end, or on which, something is due.
func lastDay(due time.Time) kernel.Date {
	day, _ := calendar.LastDay(due)
	return day
}

package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pinzhi/internal/campaign"
	"pinzhi/internal/kernel"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"
)

// maxMonths is how many columns a timetable has at most: five years fit on A3.
const maxMonths = 60

// ganttPage is the timetable of the campaign, or of the one task in ?task=; ?after= is where the page begins.
func ganttPage(q *request) error {
	title, one := "时间表、路线图", int64(0)
	if id, err := strconv.ParseInt(q.FormValue("task"), 10, 64); err == nil {
		task, err := q.s.Campaigns.TaskByID(q.ctx(), q.view.ID, id)
		if err != nil {
			return err
		}
		title, one = views.TitleOf(task.Name, task.Text, task.Path)+"　时间表", id
	}
	page, err := q.s.Campaigns.ItemsByTask(q.ctx(), q.view.ID, one, q.FormValue("after"))
	if err != nil {
		return err
	}
	phases, err := q.s.Campaigns.Phases(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	// Tasks that a revision added have later keys, but their places among the others.
	slices.SortStableFunc(page.Rows, func(a, b campaign.ItemRow) int { return a.TaskPosition - b.TaskPosition })
	months := monthsOf(page.Rows, phases, q.today())
	v := views.GanttPage(title, months, q.ganttRows(page.Rows, months), nextGantt(q, one, page.Next))
	return q.page(title, v, ui.Crumb{Text: "任务", Href: q.at("/tasks")}, ui.Crumb{Text: "时间表"})
}

func (q *request) ganttRows(rows []campaign.ItemRow, months []views.MonthCol) []views.GanttRow {
	var out []views.GanttRow
	var last int64
	for _, w := range rows {
		if w.TaskID != last {
			last = w.TaskID
			out = append(out, views.GanttRow{Heading: strings.TrimSpace(w.TaskPath + " " + w.TaskName), Href: q.at("/tasks/%d", w.TaskID)})
		}
		out = append(out, ganttRow(q.base(), w, months, q.today()))
	}
	return out
}

func nextGantt(q *request, task int64, next string) string {
	switch {
	case next == "":
		return ""
	case task != 0:
		return q.at("/gantt?task=%d&after=%s", task, next)
	}
	return q.at("/gantt?after=%s", next)
}

// monthsOf is the run of months that the items, and the phases if given, lie in.
func monthsOf(rows []campaign.ItemRow, phases []campaign.Phase, today kernel.Date) []views.MonthCol {
	var first, last kernel.Month
	widen := func(from, to kernel.Month) {
		if from != "" && (first == "" || from < first) {
			first = from
		}
		if to > last {
			last = to
		}
	}
	for _, w := range rows {
		from := w.StartDay.Month()
		if from == "" {
			from = w.DueDay.Month()
		}
		widen(from, w.DueDay.Month())
	}
	for _, p := range phases {
		widen(p.StartMonth, p.EndMonth)
	}
	if first == "" || last == "" || first > last {
		return nil
	}
	if first.MonthsUntil(last) >= maxMonths {
		last = first.Add(maxMonths - 1)
	}
	var cols []views.MonthCol
	year := -1
	for m := first; m <= last; m = m.Add(1) {
		c := views.MonthCol{Month: m, Label: strings.TrimPrefix(string(m[5:]), "0"), Now: m == today.Month()}
		if len(cols) == 0 || m[5:] == "01" {
			year = len(cols)
			c.Year = string(m[:4]) + "年"
		}
		cols = append(cols, c)
		cols[year].Span++
	}
	return cols
}

func ganttRow(base views.Base, w campaign.ItemRow, months []views.MonthCol, today kernel.Date) views.GanttRow {
	light := campaign.LightOf(w.WorkItem, today)
	r := views.GanttRow{Href: base.To("/items/%d", w.ID), Text: w.Title, Who: who(w), Light: light, When: span(w), Cells: make([]string, len(months))}
	from, to := w.StartDay.Month(), w.DueDay.Month()
	if from == "" {
		from = to
	}
	state := "on"
	if w.DoneOn != "" {
		state = "done"
	} else if light.State == "late" {
		state = "late"
	}
	for i, m := range months {
		if m.Month < from || m.Month > to {
			continue
		}
		r.Cells[i] = state
		if m.Month == from {
			r.Cells[i] += " first"
		}
		if m.Month == to {
			r.Cells[i] += " last"
		}
	}
	return r
}

func who(w campaign.ItemRow) string {
	return strings.TrimSpace(w.UnitName + " " + w.PersonName)
}

func span(w campaign.ItemRow) string {
	if w.StartDay == "" {
		return w.DueDay.Chinese() + "前"
	}
	return fmt.Sprintf("%s—%s", w.StartDay.Chinese(), w.DueDay.Chinese())
}

package web

import (
	"fmt"
	"strconv"
	"strings"

	"pinzhi/internal/campaign"
	"pinzhi/internal/kernel"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"
)

// maxMonths is how many columns a timetable has at most: five years fit on A3.
const maxMonths = 60

// ganttPage is the timetable of the campaign, or of the one task in ?task=.
func ganttPage(q *request) error {
	rows, err := q.s.Campaigns.GanttItems(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	phases, err := q.s.Campaigns.Phases(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	title, cut := "时间表、路线图", len(rows) >= campaign.GanttLimit
	if one, err := strconv.ParseInt(q.FormValue("task"), 10, 64); err == nil {
		task, err := q.s.Campaigns.TaskByID(q.ctx(), q.view.ID, one)
		if err != nil {
			return err
		}
		if rows, err = q.s.Campaigns.ItemsOfTask(q.ctx(), q.view.ID, one); err != nil {
			return err
		}
		if cut = len(rows) > campaign.GanttLimit; cut {
			rows = openFirst(rows)[:campaign.GanttLimit]
		}
		title = views.TitleOf(task.Name, task.Text, task.Path) + "　时间表"
	}
	months := monthsOf(rows, phases, q.today())
	var out []views.GanttRow
	var last int64
	for _, w := range rows {
		if w.TaskID != last {
			last = w.TaskID
			out = append(out, views.GanttRow{Heading: strings.TrimSpace(w.TaskPath + " " + w.TaskName), Href: q.at("/tasks/%d", w.TaskID)})
		}
		out = append(out, ganttRow(q.base(), w, months, q.today()))
	}
	return q.page(title, views.GanttPage(q.base(), title, months, out, cut), ui.Crumb{Text: "任务", Href: q.at("/tasks")}, ui.Crumb{Text: "时间表"})
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

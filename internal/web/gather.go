package web

import (
	"slices"
	"strings"

	"pinzhi/internal/campaign"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/views"
)

// tree reads the actions with their tasks, units and progress. Tasks outside any action come last,
// under an entry without a name. bodies may be nil.
func (q *request) tree(bodies []roster.BodyRow) ([]views.ActionRow, error) {
	svc, id := q.s.Campaigns, q.view.ID
	actions, err := svc.Actions(q.ctx(), id)
	if err != nil {
		return nil, err
	}
	tasks, err := svc.Tasks(q.ctx(), id)
	if err != nil {
		return nil, err
	}
	units, err := svc.UnitsAtTasks(q.ctx(), id)
	if err != nil {
		return nil, err
	}
	progress, err := svc.ProgressOn(q.ctx(), id, q.today())
	if err != nil {
		return nil, err
	}
	indicators, err := svc.Indicators(q.ctx(), id)
	if err != nil {
		return nil, err
	}
	return plant(actions, tasks, units, progress, indicators, bodies), nil
}

func plant(actions []campaign.Action, tasks []campaign.Task, units map[int64][]campaign.UnitAt, progress map[int64]campaign.Progress,
	indicators []campaign.Indicator, bodies []roster.BodyRow,
) []views.ActionRow {
	byTask := map[int64][]campaign.Indicator{}
	for _, i := range indicators {
		byTask[i.TaskID] = append(byTask[i.TaskID], i)
	}
	rows := make([]views.ActionRow, 0, len(actions)+1)
	at := map[int64]int{}
	for _, a := range actions {
		at[a.ID] = len(rows)
		rows = append(rows, views.ActionRow{Action: a, Short: campaign.ShortName(a.Name), Body: bodyOf(a.ID, bodies)})
	}
	loose := views.ActionRow{Short: "其他任务"}
	if len(actions) == 0 {
		loose.Short = "全部任务"
	}
	for _, t := range tasks {
		row := views.TaskRow{Task: t, Progress: progress[t.ID], Indicators: byTask[t.ID]}
		row.Leads, row.Support = chips(units[t.ID])
		action := &loose
		if i, ok := at[t.ActionID]; ok {
			action = &rows[i]
		}
		action.Tasks = append(action.Tasks, row)
		action.Progress = action.Progress.Plus(row.Progress)
		action.Leads = addChips(action.Leads, row.Leads)
	}
	if len(loose.Tasks) > 0 {
		rows = append(rows, loose)
	}
	return rows
}

func bodyOf(actionID int64, bodies []roster.BodyRow) *roster.BodyRow {
	for i := range bodies {
		if bodies[i].ActionID == actionID && actionID != 0 {
			return &bodies[i]
		}
	}
	return nil
}

// chips sorts the units of a task into lead and support, each unit once.
func chips(units []campaign.UnitAt) (leads, support []views.UnitChip) {
	for _, u := range units {
		c := views.UnitChip{ID: u.UnitID, Name: u.UnitName, Printed: u.Printed, Derived: u.Derived, Scope: u.Scope}
		if u.Role == campaign.Lead {
			leads = addChips(leads, []views.UnitChip{c})
		} else {
			support = addChips(support, []views.UnitChip{c})
		}
	}
	return leads, support
}

func addChips(list, more []views.UnitChip) []views.UnitChip {
	for _, c := range more {
		if !slices.ContainsFunc(list, func(x views.UnitChip) bool { return x.ID == c.ID }) {
			list = append(list, c)
		}
	}
	return list
}

// phaseViews puts the phases on the line of time as of a day.
func phaseViews(phases []campaign.Phase, today kernel.Date) []views.PhaseView {
	month := today.Month()
	out := make([]views.PhaseView, 0, len(phases))
	for _, p := range phases {
		v := views.PhaseView{Phase: p, Weight: weight(p)}
		switch {
		case p.Holds(month):
			v.State = "now"
			if p.StartMonth != "" && p.EndMonth != "" {
				v.Which = monthOf(p, month)
			}
		case p.EndMonth != "" && p.EndMonth < month:
			v.State = "past"
		}
		out = append(out, v)
	}
	return out
}

func monthOf(p campaign.Phase, month kernel.Month) string {
	return "第 " + itoa(p.StartMonth.MonthsUntil(month)+1) + " / " + itoa(p.StartMonth.MonthsUntil(p.EndMonth)+1) + " 个月"
}

// weight is how long a phase is, in the few steps that the style sheet knows.
func weight(p campaign.Phase) string {
	if p.StartMonth == "" || p.EndMonth == "" {
		return "w2"
	}
	switch n := p.StartMonth.MonthsUntil(p.EndMonth) + 1; {
	case n <= 1:
		return "w1"
	case n <= 2:
		return "w2"
	case n <= 4:
		return "w3"
	case n <= 8:
		return "w4"
	case n <= 14:
		return "w5"
	}
	return "w6"
}

// people groups seats into persons, in the order in which the plan first names them.
func people(seats []roster.Seat, unitNames map[int64]string) []views.PersonRow {
	var rows []views.PersonRow
	at := map[int64]int{}
	for _, s := range seats {
		i, ok := at[s.PersonID]
		if !ok {
			i = len(rows)
			at[s.PersonID] = i
			rows = append(rows, views.PersonRow{ID: s.PersonID, Name: s.PersonName})
		}
		r := &rows[i]
		r.Seats = append(r.Seats, s)
		if r.Unit == "" {
			r.Unit = unitNames[s.UnitID]
		}
		if s.Post != "" && !slices.Contains(r.Posts, s.Post) {
			r.Posts = append(r.Posts, s.Post)
		}
	}
	return rows
}

func unitNamesOf(seats []roster.Seat) map[int64]string {
	names := map[int64]string{}
	for _, s := range seats {
		names[s.UnitID] = s.UnitName
	}
	return names
}

// indicatorFrom says where an indicator stands, and where that is on the screen.
func indicatorFrom(base views.Base, i campaign.Indicator, tasks map[int64]campaign.Task) (from, href string) {
	if t, ok := tasks[i.TaskID]; ok {
		return t.Path + " " + t.Name, base.To("/tasks/%d", t.ID)
	}
	return strings.ReplaceAll(i.Path, "#", " 职责 "), ""
}

// hasPeople reports whether a body has people of its own, and so a column in the matrix.
func hasPeople(b roster.BodyRow) bool { return b.Kind != plan.Section || b.Members > 0 }

func chipNames(units []views.UnitChip) string {
	names := make([]string, 0, len(units))
	for _, u := range units {
		if u.Derived {
			names = append(names, u.Name+"（推定）")
		} else {
			names = append(names, u.Name)
		}
	}
	return strings.Join(names, "、")
}

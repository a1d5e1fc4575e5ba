package web

import (
	"slices"

	"pinzhi/internal/campaign"
	"pinzhi/internal/plan"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"
)

func bodiesPage(q *request) error {
	bodies, err := roster.Bodies(q.ctx(), q.s.DB.Reader(), q.view.ID)
	if err != nil {
		return err
	}
	return q.page("机构", views.BodiesPage(q.base(), bodies))
}

func bodyPage(q *request) error {
	id, err := q.id("b")
	if err != nil {
		return err
	}
	tx, c := q.s.DB.Reader(), q.view.ID
	v := views.BodyPage{Base: q.base()}
	if v.Body, err = roster.BodyByID(q.ctx(), tx, c, id); err != nil {
		return err
	}
	if v.Seats, err = roster.SeatsInBody(q.ctx(), tx, c, id); err != nil {
		return err
	}
	if v.Duties, err = roster.DutiesInBody(q.ctx(), tx, c, id); err != nil {
		return err
	}
	all, err := roster.Bodies(q.ctx(), tx, c)
	if err != nil {
		return err
	}
	for _, b := range all {
		if b.ParentID == id {
			v.Sections = append(v.Sections, b)
		}
	}
	actions, err := q.s.Campaigns.Actions(q.ctx(), c)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(actions, func(a campaign.Action) bool { return a.ID == v.Body.ActionID }); i >= 0 {
		v.Action = &actions[i]
	}
	if v.Timeline, err = q.timeline("body", id); err != nil {
		return err
	}
	return q.page(v.Body.Name, views.BodyView(v), ui.Crumb{Text: "机构", Href: q.at("/bodies")}, ui.Crumb{Text: roster.KindName(v.Body.Kind)})
}

func peoplePage(q *request) error {
	seats, err := roster.SeatsOf(q.ctx(), q.s.DB.Reader(), q.view.ID)
	if err != nil {
		return err
	}
	return q.page("人员", views.PeoplePage(q.base(), people(seats, unitNamesOf(seats)), len(seats)))
}

func personPage(q *request) error {
	id, err := q.id("p")
	if err != nil {
		return err
	}
	tx, c := q.s.DB.Reader(), q.view.ID
	v := views.PersonPage{Base: q.base()}
	if v.Person, err = roster.PersonByID(q.ctx(), tx, c, id); err != nil {
		return err
	}
	if v.Person.UnitID != 0 {
		if v.Unit, err = roster.UnitByID(q.ctx(), tx, v.Person.UnitID); err != nil {
			return err
		}
	}
	if v.Seats, err = roster.SeatsOfPerson(q.ctx(), tx, c, id); err != nil {
		return err
	}
	page, err := q.s.Campaigns.ItemsOfPerson(q.ctx(), c, id, q.FormValue("after"))
	if err != nil {
		return err
	}
	v.Items, v.Next = q.itemViews(page.Rows), page.Next
	if v.Timeline, err = q.timeline("person", id); err != nil {
		return err
	}
	return q.page(v.Person.Name, views.PersonView(v), ui.Crumb{Text: "人员", Href: q.at("/people")}, ui.Crumb{Text: v.Person.Name})
}

func unitsPage(q *request) error {
	rows, err := q.s.Campaigns.Units(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	slices.SortStableFunc(rows, func(a, b campaign.UnitRow) int { return (b.Leads*100 + b.People) - (a.Leads*100 + a.People) })
	return q.page("单位", views.UnitsPage(q.base(), rows))
}

func unitPage(q *request) error {
	id, err := q.id("u")
	if err != nil {
		return err
	}
	v := views.UnitPage{Base: q.base()}
	if v.Unit, err = q.s.Campaigns.UnitByID(q.ctx(), q.view.ID, id); err != nil {
		return err
	}
	for _, f := range []func(*request, *views.UnitPage) error{unitTasks, unitSeats, unitOwes, unitItems} {
		if err := f(q, &v); err != nil {
			return err
		}
	}
	if v.Timeline, err = q.timeline("unit", id); err != nil {
		return err
	}
	return q.page(v.Unit.Name, views.UnitView(v), ui.Crumb{Text: "单位", Href: q.at("/units")}, ui.Crumb{Text: v.Unit.Name})
}

func unitTasks(q *request, v *views.UnitPage) error {
	rows, err := q.s.Campaigns.TasksOfUnit(q.ctx(), q.view.ID, v.Unit.ID)
	for _, t := range rows {
		if t.Role == campaign.Lead {
			v.Leads = append(v.Leads, t)
		} else {
			v.Support = append(v.Support, t)
		}
	}
	return err
}

func unitSeats(q *request, v *views.UnitPage) error {
	tx := q.s.DB.Reader()
	var err error
	if v.Seats, err = roster.SeatsOfUnit(q.ctx(), tx, q.view.ID, v.Unit.ID); err != nil {
		return err
	}
	duties, err := roster.DutiesOf(q.ctx(), tx, q.view.ID)
	if err != nil {
		return err
	}
	at := map[int64]int{}
	for _, s := range v.Seats {
		if _, ok := at[s.BodyID]; !ok {
			at[s.BodyID] = len(v.Bodies)
			v.Bodies = append(v.Bodies, views.UnitBody{ID: s.BodyID, Name: s.BodyName})
		}
	}
	for _, d := range duties {
		if i, ok := at[d.BodyID]; ok {
			v.Bodies[i].Duties = append(v.Bodies[i].Duties, d)
		}
	}
	return nil
}

func unitOwes(q *request, v *views.UnitPage) error {
	rows, err := q.s.Campaigns.Obligations(q.ctx(), q.view.ID)
	for _, o := range rows {
		if slices.ContainsFunc(o.Who, func(w string) bool { return plan.NormalUnit(w) == v.Unit.Name }) {
			v.Owes = append(v.Owes, o)
		}
	}
	return err
}

func unitItems(q *request, v *views.UnitPage) error {
	page, err := q.s.Campaigns.ItemsOfUnit(q.ctx(), q.view.ID, v.Unit.ID, q.FormValue("after"))
	v.Items, v.Next = q.itemViews(page.Rows), page.Next
	return err
}

func matrixPage(q *request) error {
	v, err := q.matrix()
	if err != nil {
		return err
	}
	return q.page("任职一览", views.MatrixView(v), ui.Crumb{Text: "人员", Href: q.at("/people")}, ui.Crumb{Text: "任职一览"})
}

// matrix is persons × bodies, with the role in each cell.
func (q *request) matrix() (views.MatrixPage, error) {
	tx := q.s.DB.Reader()
	v := views.MatrixPage{Base: q.base()}
	bodies, err := roster.Bodies(q.ctx(), tx, q.view.ID)
	if err != nil {
		return v, err
	}
	col := map[int64]int{}
	for _, b := range bodies {
		if b.Members > 0 {
			col[b.ID] = len(v.Bodies)
			v.Bodies = append(v.Bodies, b)
		}
	}
	seats, err := roster.SeatsOf(q.ctx(), tx, q.view.ID)
	if err != nil {
		return v, err
	}
	for _, p := range people(seats, unitNamesOf(seats)) {
		row := views.MatrixRow{PersonRow: p, Cells: make([]string, len(v.Bodies))}
		for _, s := range p.Seats {
			cell := &row.Cells[col[s.BodyID]]
			if *cell != "" {
				*cell += "、"
			}
			*cell += s.Role
		}
		v.Rows = append(v.Rows, row)
	}
	return v, nil
}

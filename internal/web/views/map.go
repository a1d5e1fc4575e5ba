package views

import (
	"fmt"
	"strings"

	"pinzhi/internal/cases"
)

// MapPage is the ground with the cases on it.
type MapPage struct {
	CaseList

	Base     Base
	Placed   cases.Placed
	Box      cases.Box
	Tiles    string
	Credit   string
	Boundary string
	List     MapList
}

func (m MapPage) bounds() string {
	return fmt.Sprintf("%.5f,%.5f,%.5f,%.5f", m.Box.West, m.Box.South, m.Box.East, m.Box.North)
}

// filters is what the filter form of the list needs.
func (m MapPage) filters() CaseList {
	l := m.CaseList
	l.Base = m.Base
	return l
}

// MapList is the list beside the map: what is in the window, what is due first at the top.
type MapList struct {
	Base Base
	Rows []CaseRow
	N    int
	Late int
	Open bool
}

// order says which cases the list has where it has not all.
func (l MapList) order() string {
	if l.Open {
		return "最先到期的"
	}
	return "最新的"
}

// Board is the open cases by step.
type Board struct {
	Base    Base
	Desks   []Desk
	Columns []BoardColumn
}

// BoardColumn is a column with its cards.
type BoardColumn struct {
	cases.Column

	Cards []CaseRow
}

// Aside reports whether the column has what stepped aside from the line.
func (c BoardColumn) Aside() bool { return len(c.Steps) > 1 }

// Name is what stands above a column.
func (c BoardColumn) Name() string {
	if c.Aside() {
		return "退单、协调、挂账"
	}
	return c.Steps[0].Name()
}

func (c BoardColumn) id() string { return "col-" + string(c.Steps[0]) }

// viewHref is where a kept view leads: its query is read and written anew.
func viewHref(base Base, w cases.View) string {
	return strings.TrimSuffix(base.To("/cases?%s", w.Filter().Query().Encode()), "?")
}

// narrowed reports whether there is a filter worth keeping.
func (l CaseList) narrowed() bool { return len(l.Filter.Query()) > 0 }

// kept reports whether a view is the one that is looked at.
func (l CaseList) kept(w cases.View) bool {
	return w.Filter().Query().Encode() == l.Filter.Query().Encode()
}

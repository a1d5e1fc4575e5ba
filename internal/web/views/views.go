// Package views turns small structs into pages. A component takes what it shows, nothing else.
package views

import (
	"fmt"
	"strings"

	"pinzhi/internal/campaign"
	"pinzhi/internal/kernel"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/views/ui"

	"github.com/a-h/templ"
)

// Base is the address that a campaign's pages begin with.
type Base string

// Field is the address of the field page for this campaign.
func (b Base) Field() string { return "/field?c=" + strings.TrimPrefix(string(b), "/c/") }

// To is the address of a page of the campaign.
func (b Base) To(format string, args ...any) string { return string(b) + fmt.Sprintf(format, args...) }

// PlanAt is where a line of the plan stands on the screen.
func (b Base) PlanAt(line int) string { return b.To("/plan#L%d", line) }

// PhaseView is a phase on the line of time.
type PhaseView struct {
	campaign.Phase

	State  string // past, now, ""
	Weight string // how long it is, as a class
	Which  string // 第 9 / 15 个月, of the present one
}

// Months writes the span of a phase: 2023.7—2024.9.
func (p PhaseView) Months() string { return MonthSpan(p.StartMonth, p.EndMonth) }

// MonthSpan writes two months as people do; an open end stays open.
func MonthSpan(start, end kernel.Month) string {
	short := func(m kernel.Month) string {
		if m == "" {
			return ""
		}
		return strings.Replace(strings.Replace(string(m), "-0", ".", 1), "-", ".", 1)
	}
	switch {
	case start == "" && end == "":
		return "方案未写时间"
	case start == end:
		return short(start)
	case start == "":
		return short(end) + " 前"
	case end == "":
		return short(start) + " 起"
	}
	return short(start) + "—" + short(end)
}

// Overview is the first page of a campaign.
type Overview struct {
	Base     Base
	Campaign campaign.Campaign
	Phases   []PhaseView
	Actions  []ActionRow
	Tasks    int
	OnTime   int // tasks with work and nothing late
	Broken   int // tasks broken into work items
	Items    campaign.Progress
	Bodies   int
	People   int
	Seats    int
	Duties   int
	Open     int // findings without an answer
	Findings int
	Due      []campaign.ItemRow
	Today    kernel.Date
	Recent   []ui.Entry
}

// ActionRow is an action with its tasks and how they stand.
type ActionRow struct {
	campaign.Action

	Short    string
	Leads    []UnitChip
	Tasks    []TaskRow
	Progress campaign.Progress
	Body     *roster.BodyRow
}

// TaskRow is a task as lists show it.
type TaskRow struct {
	campaign.Task

	Leads      []UnitChip
	Support    []UnitChip
	Progress   campaign.Progress
	Indicators []campaign.Indicator
}

// Title is what a task is called on the screen: its name, or else how its text begins.
func (t TaskRow) Title() string { return TitleOf(t.Name, t.Text, t.Path) }

// TitleOf is a name, or where the plan gave none the beginning of the text, or the number.
func TitleOf(name, text, path string) string {
	if name != "" {
		return name
	}
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if r := []rune(first); len(r) > 24 {
		return string(r[:24]) + "…"
	}
	return fallback(first, path)
}

// UnitChip is a unit at a task.
type UnitChip struct {
	ID      int64
	Name    string
	Printed string
	Derived bool
	Scope   string
}

// Problem is why a form was not taken, and the field concerned.
type Problem struct{ Message, Field string }

// invalid marks the field that the problem concerns.
func (p Problem) invalid(field string) templ.Attributes {
	if p.Message == "" || p.Field != field {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-describedby": "why", "autofocus": true}
}

// ItemForm is a work item as it stands in its form: stored, or as somebody typed it.
type ItemForm struct {
	campaign.WorkItemInput
	Problem

	Revision int
}

// FormOf fills the form from a stored work item.
func FormOf(w campaign.ItemRow) ItemForm {
	return ItemForm{Revision: w.Revision, WorkItemInput: campaign.WorkItemInput{Title: w.Title, Unit: w.UnitName, Person: w.PersonName,
		Site: w.Site, Start: string(w.StartDay), Due: string(w.DueDay)}}
}

// TaskPage is one task with everything that belongs to it.
type TaskPage struct {
	Base       Base
	Tree       []ActionRow
	Task       TaskRow
	Action     *ActionRow
	Source     []ui.SourceLine
	Related    []roster.Duty
	Others     []roster.Duty
	Items      []ItemView
	Next       string // the key of the page after these items, or ""
	Months     []MonthCol
	Gantt      []GanttRow
	MayPlan    bool
	Timeline   []ui.Entry
	Today      kernel.Date
	Units      []string
	People     []string
	Gone       kernel.Date
	PhaseNow   string
	RuleHref   string
	Form       ItemForm
	Lines      string  // pasted rows that were not taken
	LinesError Problem // and why
}

// ItemView is a work item with its light and milestones.
type ItemView struct {
	campaign.ItemRow

	Light      campaign.Light
	Milestones []campaign.Milestone
	MayFinish  bool
}

// MonthCol is a column of the Gantt chart.
type MonthCol struct {
	Month kernel.Month
	Label string // the month's number
	Year  string // set in the first month of a year and in the first column
	Span  int    // columns of that year
	Now   bool
}

// GanttRow is one bar, or a heading where Heading is set.
type GanttRow struct {
	Heading string
	Href    string
	Text    string
	Who     string
	When    string
	Light   campaign.Light
	Cells   []string // a class for each month: "", on, done, late, with first and last
}

// ItemPage is one work item.
type ItemPage struct {
	Base     Base
	Item     ItemView
	MayPlan  bool
	Today    kernel.Date
	Units    []string
	People   []string
	Timeline []ui.Entry
	Form     ItemForm
	Done     Problem // why it was not marked as done
	Stone    Problem // why the milestone was not taken
	Typed    map[string]string
}

// BodyPage is one body with its people and duties.
type BodyPage struct {
	Base     Base
	Body     roster.Body
	Action   *campaign.Action
	Sections []roster.BodyRow
	Seats    []roster.Seat
	Duties   []roster.Duty
	Timeline []ui.Entry
}

// PersonRow is a person with all seats.
type PersonRow struct {
	ID    int64
	Name  string
	Unit  string
	Posts []string
	Seats []roster.Seat
}

// PersonPage is one person.
type PersonPage struct {
	Base     Base
	Person   roster.Person
	Unit     roster.Unit
	Seats    []roster.Seat
	Items    []ItemView
	Next     string
	Timeline []ui.Entry
}

// UnitPage is one unit with every task, duty and body that names it.
type UnitPage struct {
	Base     Base
	Unit     roster.Unit
	Leads    []campaign.UnitTask
	Support  []campaign.UnitTask
	Seats    []roster.Seat
	Bodies   []UnitBody
	Owes     []campaign.Obligation
	Items    []ItemView
	Next     string
	Timeline []ui.Entry
}

// UnitBody is a body that a unit sits in, with the duties it shares there.
type UnitBody struct {
	ID     int64
	Name   string
	Duties []roster.Duty
}

// MatrixPage is persons × bodies.
type MatrixPage struct {
	Base   Base
	Bodies []roster.BodyRow
	Rows   []MatrixRow
}

// MatrixRow is one person's roles, body by body.
type MatrixRow struct {
	PersonRow

	Cells []string
}

// MeasureRow is an indicator with where it comes from.
type MeasureRow struct {
	campaign.Indicator

	From string
	Href string
}

// SearchRow is one thing found.
type SearchRow struct {
	campaign.SearchEntry

	Href  string
	Title []ui.Part
	Parts []ui.Part
}

// LedgerRow is one event in the campaign's or the system's ledger.
type LedgerRow struct {
	ui.Entry

	ID   int64
	Href string
}

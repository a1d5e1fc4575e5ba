// Package campaign is the running campaign: its plan, actions, tasks, phases, work items and milestones.
// It owns the tables campaigns, plans, drafts, phases, actions, tasks, task_units, obligations,
// indicators, findings, work_items, milestones and search_entries.
package campaign

import (
	"strings"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"

	"github.com/uptrace/bun"
)

// Campaign is one city's running programme, opened from a Plan.
type Campaign struct {
	bun.BaseModel `bun:"table:campaigns,alias:c"`

	ID             int64 `bun:"id,pk,autoincrement"`
	Place          string
	Name           string
	DocumentNumber string
	Issuer         string
	IssuedOn       kernel.Date
	PrintedOn      kernel.Date
	Drill          bool // practice: every page and paper is marked 演练
	PlanVersion    int
	OpenedAt       time.Time
	Stamp          int64
}

// PlanVersion is one plan as it was opened or applied, with the file it came from.
type PlanVersion struct {
	bun.BaseModel `bun:"table:plans,alias:pv"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	Version    int
	FileName   string
	Format     string
	SHA256     string `bun:"sha256"`
	Original   []byte
	Source     string
	Reading    string
	Edits      string
	AppliedAt  time.Time
}

// Phase is a stage of the campaign with its first and last month; "" is an open end.
type Phase struct {
	bun.BaseModel `bun:"table:phases,alias:ph"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	Position   int
	Name       string
	StartMonth kernel.Month
	EndMonth   kernel.Month
	Text       string
	LineFrom   int
	LineTo     int
	GoneOn     kernel.Date
}

// Lines is the passage the phase was read from.
func (p Phase) Lines() plan.Lines { return plan.Lines{p.LineFrom, p.LineTo} }

// Holds reports whether the month lies in the phase.
func (p Phase) Holds(m kernel.Month) bool {
	if p.StartMonth == "" && p.EndMonth == "" {
		return false
	}
	return (p.StartMonth == "" || p.StartMonth <= m) && (p.EndMonth == "" || m <= p.EndMonth)
}

// Action is one of the campaign's special actions (专项行动).
type Action struct {
	bun.BaseModel `bun:"table:actions,alias:ac"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	Position   int
	Path       string
	Name       string
	LineFrom   int
	LineTo     int
	GoneOn     kernel.Date
}

// Lines is the passage the action was read from.
func (a Action) Lines() plan.Lines { return plan.Lines{a.LineFrom, a.LineTo} }

// ShortName drops the word that all actions share, as people do when they speak.
func ShortName(action string) string {
	if s := strings.TrimSuffix(action, "专项行动"); s != "" {
		return s
	}
	return action
}

// Task is one numbered piece of work of an Action.
type Task struct {
	bun.BaseModel `bun:"table:tasks,alias:t"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	ActionID   int64 `bun:",nullzero"`
	Position   int
	Path       string
	Name       string
	Text       string
	Deadline   kernel.Date
	LineFrom   int
	LineTo     int
	GoneOn     kernel.Date
}

// Lines is the passage the task was read from.
func (t Task) Lines() plan.Lines { return plan.Lines{t.LineFrom, t.LineTo} }

// Number is the task's own number: the last step of its path.
func (t Task) Number() string { return t.Path[strings.LastIndex(t.Path, "/")+1:] }

// The roles of a unit at a task.
const (
	Lead    = "lead"
	Support = "support"
)

// TaskUnit says that a unit answers for a task, or for a passage of it.
type TaskUnit struct {
	bun.BaseModel `bun:"table:task_units,alias:tu"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	TaskID     int64
	UnitID     int64
	Role       string
	Printed    string // the plan's own word: 牵头, 配合, 指导
	Derived    bool   // not printed at the task, but follows from a rule of the plan (推定)
	Scope      string // the sentence it stands for; "" for the whole task
	LineFrom   int
	LineTo     int
	Position   int
}

// Lines is the passage it was read from or follows from.
func (t TaskUnit) Lines() plan.Lines { return plan.Lines{t.LineFrom, t.LineTo} }

// Obligation says who owes what to whom how often.
type Obligation struct {
	bun.BaseModel `bun:"table:obligations,alias:ob"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	Position   int
	Who        []string `bun:"type:text"`
	What       string
	Cadence    string
	Receiver   string
	LineFrom   int
	LineTo     int
	GoneOn     kernel.Date
}

// Lines is the passage the obligation was read from.
func (o Obligation) Lines() plan.Lines { return plan.Lines{o.LineFrom, o.LineTo} }

// Indicator is a measure with target and direction.
type Indicator struct {
	bun.BaseModel `bun:"table:indicators,alias:i"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	Position   int
	TaskID     int64 `bun:",nullzero"`
	Path       string
	Name       string
	Comparator string
	Value      string
	Unit       string
	LineFrom   int
	LineTo     int
	GoneOn     kernel.Date
}

// Lines is the passage the indicator was read from.
func (i Indicator) Lines() plan.Lines { return plan.Lines{i.LineFrom, i.LineTo} }

// Target writes the target as people do: ≥ 38.5%, 二类标准, 逐年下降.
func (i Indicator) Target() string { return TargetText(i.Comparator, i.Value, i.Unit) }

// TargetText writes comparator, value and unit as people do.
func TargetText(comparator, value, unit string) string {
	switch comparator {
	case "falling":
		return "逐步下降"
	case "rising":
		return "逐步提高"
	case "none":
		return "不得发生"
	case ">=":
		return "≥ " + value + unit
	case "<=":
		return "≤ " + value + unit
	case "=":
		if value == "0" {
			return "零 " + unit
		}
		return value + unit
	case "":
		return value + unit
	}
	return comparator + " " + value + unit
}

// Finding is a result of the check-up as the campaign keeps it, with the clerk's answer.
type Finding struct {
	bun.BaseModel `bun:"table:findings,alias:f"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	Version    int
	Position   int
	Code       string
	Severity   string
	Message    string
	LineFrom   int
	LineTo     int
	Answer     string // "", accepted, kept
	Note       string
}

// Lines is the passage the finding concerns.
func (f Finding) Lines() plan.Lines { return plan.Lines{f.LineFrom, f.LineTo} }

// WorkItem is what a Task is broken into: a deliverable with unit, person, site, start and due day.
type WorkItem struct {
	bun.BaseModel `bun:"table:work_items,alias:w"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	TaskID     int64
	Title      string
	UnitID     int64 `bun:",nullzero"`
	PersonID   int64 `bun:",nullzero"`
	Site       string
	StartDay   kernel.Date
	DueDay     kernel.Date
	DoneOn     kernel.Date
	DoneNote   string
	Revision   int
	CreatedAt  time.Time
}

// Milestone is a day within a work item by which something must stand.
type Milestone struct {
	bun.BaseModel `bun:"table:milestones,alias:m"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	WorkItemID int64
	Name       string
	DueDay     kernel.Date
	DoneOn     kernel.Date
	DoneNote   string
}

// Service is the campaign's verbs.
type Service struct {
	db    *db.DB
	clock kernel.Clock
}

// New makes the service on a database.
func New(d *db.DB, clock kernel.Clock) *Service {
	return &Service{db: d, clock: clock}
}

// Package cases is the case pipeline: whatever is wrong, whoever found it, from registration to closing, and the
// supervision orders that demand it be put right. It owns the tables cases, case_units, case_spans, case_callers,
// case_counts, case_limits, case_rules, case_imports, case_views, orders, order_cases and order_serials.
package cases

import (
	"fmt"
	"slices"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
)

// Kind and OrderKind name cases and orders as subjects of events, dues and evidence.
const (
	Kind      = "case"
	OrderKind = "order"
)

// Case is anything wrong, whoever found it, from registration to closing.
type Case struct {
	bun.BaseModel `bun:"table:cases,alias:ca"`

	ID           int64 `bun:"id,pk,autoincrement"`
	CampaignID   int64
	UUID         string `bun:"uuid"`
	Title        string
	Words        string
	Source       Source
	Category     string
	Severity     Severity
	Address      string
	District     string
	Lat          *float64
	Lon          *float64
	TaskID       int64 `bun:",nullzero"`
	DutyID       int64 `bun:",nullzero"`
	BodyID       int64 `bun:",nullzero"`
	FoundBy      int64
	FoundPerson  int64
	FoundName    string
	FoundAt      time.Time
	RegisteredAt time.Time

	Step            Step
	Hand            Hand
	LeadUnitID      int64
	StepAt          time.Time
	DueAt           time.Time `bun:",nullzero"`
	AmberAt         time.Time `bun:",nullzero"`
	DispatchedAt    time.Time `bun:",nullzero"`
	RespondedAt     time.Time `bun:",nullzero"`
	RespondedBy     int64
	RespondedPerson int64
	ClosedAt        time.Time `bun:",nullzero"`
	Outcome         Outcome
	MergedInto      int64 `bun:",nullzero"`
	Asking          string
	AskedDay        kernel.Date
	Round           int
	Reworks         int
	Returns         int
	Extensions      int
	Reopened        int
	Escalated       int
	Revision        int
}

// Number is how people cite a case: the year it was registered in Shanghai, and its own number.
func (c Case) Number() string {
	return fmt.Sprintf("%d-%06d", c.RegisteredAt.In(kernel.Shanghai).Year(), c.ID)
}

// Light is the case's light at an instant: of the clock that runs.
func (c Case) Light(days *calendar.Days, now time.Time) calendar.Light {
	if c.Hand == Nobody {
		return calendar.Light{State: "ok", Word: c.Step.Name()}
	}
	return calendar.LightAt(days, c.AmberAt, c.DueAt, now)
}

// Ended reports whether nothing more is expected of anybody.
func (c Case) Ended() bool {
	return c.Step == Closed || c.Step == Declined || c.Step == Merged
}

// Source is how a case became known.
type Source string

// The sources.
const (
	Inspection Source = "inspection"
	SelfCheck  Source = "self_check"
	Hotline    Source = "hotline"
	Web        Source = "web"
	Letter     Source = "letter"
	Expert     Source = "expert"
	Media      Source = "media"
	LeaderNote Source = "leader"
	Meeting    Source = "meeting"
)

// Sources lists them in the order of the form.
var Sources = []Source{Inspection, SelfCheck, Hotline, Web, Letter, Expert, Media, LeaderNote, Meeting}

var sourceNames = map[Source]string{Inspection: "督导检查", SelfCheck: "单位自查", Hotline: "热线", Web: "网上反映", Letter: "来信来访",
	Expert: "专家", Media: "媒体", LeaderNote: "领导批示", Meeting: "会议"}

// Name is the source in Chinese.
func (s Source) Name() string { return sourceNames[s] }

// Severity is how grave a case is; limits go by it.
type Severity string

// The severities.
const (
	Ordinary Severity = "ordinary"
	Serious  Severity = "serious"
	Urgent   Severity = "urgent"
)

// Severities lists them, the mildest first.
var Severities = []Severity{Ordinary, Serious, Urgent}

// Name is the severity in Chinese.
func (s Severity) Name() string {
	return map[Severity]string{Ordinary: "一般", Serious: "较重", Urgent: "紧急"}[s]
}

// Outcome is what became of a case, honestly.
type Outcome string

// The outcomes.
const (
	Fixed       Outcome = "fixed"
	FixedForNow Outcome = "fixed_for_now"
	CannotBe    Outcome = "cannot_be_fixed"
	Gone        Outcome = "gone"
)

// Outcomes lists them in the order of the form.
var Outcomes = []Outcome{Fixed, FixedForNow, CannotBe, Gone}

// Name is the outcome in Chinese.
func (o Outcome) Name() string {
	return map[Outcome]string{Fixed: "已整改", FixedForNow: "临时整改，需跟踪", CannotBe: "暂无法整改", Gone: "现场已不存在"}[o]
}

// CaseUnit says that a case concerns a unit.
type CaseUnit struct {
	bun.BaseModel `bun:"table:case_units,alias:cu"`

	CampaignID int64
	UnitID     int64
	CaseID     int64
	Role       string
}

// The roles of a unit at a case.
const (
	Lead    = "lead"
	Support = "support"
	Former  = "former" // had it and gave it back
	Found   = "found"  // found it
)

// Span is how long a case stood at a step, in whose hand.
type Span struct {
	bun.BaseModel `bun:"table:case_spans,alias:sp"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	CaseID     int64
	Step       Step
	Hand       Hand
	UnitID     int64
	FromAt     time.Time
	ToAt       time.Time `bun:",nullzero"`
}

// Caller is the member of the public who reported a case: kept apart and never in the ledger.
type Caller struct {
	bun.BaseModel `bun:"table:case_callers,alias:cc"`

	CampaignID int64
	CaseID     int64
	Name       string
	Phone      string
}

func known[T comparable](list []T, v T) bool { return slices.Contains(list, v) }

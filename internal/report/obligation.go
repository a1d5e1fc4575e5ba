// Package report keeps what is asked period after period: who reports what to whom, by when, what was filed, and how
// each reporter stands (统筹调度). What is asked comes from the plan; the office sets the day, and adds, pauses and
// changes from a period on. What is past stays as it was.
package report

import (
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
)

// ObligationKind is what an obligation asks for.
type ObligationKind string

// The kinds.
const (
	ToFile ObligationKind = "filing"  // something is handed in: 工作动态, 工作进展
	ToMeet ObligationKind = "meeting" // a meeting is held: 例会
	ToAct  ObligationKind = "other"   // something is done: 季通报、季评价
)

// Obligation is something asked of some, period after period (报送要求).
type Obligation struct {
	bun.BaseModel `bun:"table:report_obligations,alias:ro"`

	ID          int64 `bun:"id,pk,autoincrement"`
	CampaignID  int64
	PlanID      int64 // the plan's obligation that it was taken from; 0 for one that the office added
	What        string
	Kind        ObligationKind
	Cadence     Cadence
	FirstPeriod Period
	LastPeriod  Period
	AddedAt     time.Time
}

// Term is how an obligation is asked from a period on.
type Term struct {
	bun.BaseModel `bun:"table:report_terms,alias:rt"`

	ID           int64 `bun:"id,pk,autoincrement"`
	CampaignID   int64
	ObligationID int64
	FromPeriod   Period
	Days         int // the working day after the period on which it is due
	Receiver     string
	Paused       bool
	Reason       string
	SetAt        time.Time
	SetBy        int64
	SetName      string
}

// Reporter is a body or a unit of which an obligation asks something.
type Reporter struct {
	bun.BaseModel `bun:"table:reporters,alias:rp"`

	ID           int64 `bun:"id,pk,autoincrement"`
	CampaignID   int64
	ObligationID int64
	Position     int
	Name         string // as the plan or the office calls it
	BodyID       int64  // 0 for a unit
	UnitID       int64  // 0 for a body
	FirstPeriod  Period
	LastPeriod   Period // "" as long as the obligation lasts
}

// owes reports whether the reporter is asked for a period.
func (r Reporter) owes(p Period) bool {
	return r.FirstPeriod <= p && (r.LastPeriod == "" || p <= r.LastPeriod)
}

// defaultDays is the working day after the period on which something is due unless the office says otherwise.
const defaultDays = 5

// termFor is the term in force for a period, of terms in any order.
func termFor(terms []Term, p Period) (t Term, ok bool) {
	for _, x := range terms {
		if x.FromPeriod <= p && (!ok || x.FromPeriod > t.FromPeriod) {
			t, ok = x, true
		}
	}
	return t, ok
}

// Step is where a filing stands.
type Step string

// The steps of a filing.
const (
	Owed      Step = "owed"
	Submitted Step = "submitted" // the reporter's head has not approved it yet
	Approved  Step = "approved"  // it lies at the office
	Returned  Step = "returned"  // sent back with a question
	Accepted  Step = "accepted"
	Paused    Step = "paused" // nothing is asked for this period
)

// Name is the step in Chinese.
func (s Step) Name() string {
	return map[Step]string{Owed: "待报送", Submitted: "待审核", Approved: "待接收", Returned: "退回修改", Accepted: "已接收", Paused: "暂停"}[s]
}

// Kind is the subject kind of filings in the ledger and the calendar.
const Kind = "filing"

// What a filing owes, as steps of its dues.
const (
	OweFiling = "file"  // for the period
	OweAgain  = "amend" // after it was sent back
)

// OweName is what is owed, in Chinese.
func OweName(step string) string {
	return map[string]string{OweFiling: "报送", OweAgain: "修改后重报"}[step]
}

// Filing is what one reporter owes for one period, and what became of it.
type Filing struct {
	bun.BaseModel `bun:"table:filings,alias:f"`

	ID           int64 `bun:"id,pk,autoincrement"`
	CampaignID   int64
	ObligationID int64
	ReporterID   int64
	Period       Period
	Step         Step
	DueAt        time.Time
	AmberAt      time.Time
	SubmittedAt  time.Time `bun:",nullzero"`
	SubmittedBy  string
	ApprovedAt   time.Time `bun:",nullzero"` // first: by this it is in time or late
	ApprovedBy   string
	AcceptedAt   time.Time `bun:",nullzero"`
	AcceptedBy   string
	Returns      int
	Revision     int
}

// came is when it reached the office; now, where it has not.
func (f Filing) came(now time.Time) time.Time {
	if f.ApprovedAt.IsZero() {
		return now
	}
	return f.ApprovedAt
}

func (f Filing) late(now time.Time) bool { return !f.came(now).Before(f.DueAt) }

// LateBy is by how many working days it came late, or is late at an instant if it did not come: one that comes on the
// next worked day is late by one, one that comes on a day of rest before it by none. It is 0 where it is in time.
func (f Filing) LateBy(days *calendar.Days, now time.Time) int {
	if !f.late(now) {
		return 0
	}
	last, _ := calendar.LastDay(f.DueAt)
	return days.Between(last, kernel.DateOf(f.came(now)))
}

// Mark is how a filing shows in the matrix.
type Mark string

// The marks of the matrix, in the order of its legend.
const (
	InTime   Mark = "in_time"
	CameLate Mark = "late"
	Missing  Mark = "missing" // overdue and not filed
	SentBack Mark = "sent_back"
	Waiting  Mark = "waiting" // not due yet
	NotAsked Mark = "paused"
)

// Name is the mark in Chinese.
func (m Mark) Name() string {
	return map[Mark]string{InTime: "按时", CameLate: "迟报", Missing: "未报", SentBack: "退回修改", Waiting: "未到期", NotAsked: "暂停"}[m]
}

// MarkAt is the filing's mark at an instant. Whoever's filing lies with the head is not in time yet.
func (f Filing) MarkAt(now time.Time) Mark {
	switch {
	case f.Step == Paused:
		return NotAsked
	case f.Step == Returned:
		return SentBack
	case f.ApprovedAt.IsZero() && f.late(now):
		return Missing
	case f.ApprovedAt.IsZero():
		return Waiting
	case f.late(now):
		return CameLate
	}
	return InTime
}

var errNoFiling = kernel.E(kernel.NotFound, "没有这份报送")

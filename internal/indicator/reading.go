package indicator

import (
	"time"

	"pinzhi/internal/report"

	"github.com/uptrace/bun"
)

// Step is where a figure stands.
type Step string

// The steps of a figure.
const (
	Draft     Step = "draft"
	Submitted Step = "submitted"
	Approved  Step = "approved"
	Returned  Step = "returned" // sent back with a question
)

// Name is the step in Chinese.
func (s Step) Name() string {
	return map[Step]string{Draft: "未提交", Submitted: "待审核", Approved: "已审定", Returned: "退回修改"}[s]
}

// FigureKind is the subject kind of figures in the ledger.
const FigureKind = "reading"

// Reading is one figure: of an indicator, at a place, for a period, as it stands. What it was before is in Versions.
type Reading struct {
	bun.BaseModel `bun:"table:readings,alias:rd"`

	ID          int64 `bun:"id,pk,autoincrement"`
	CampaignID  int64
	IndicatorID int64
	PlaceID     int64
	Period      report.Period
	Step        Step
	Numerator   *float64
	Denominator *float64
	Value       float64
	Counts      *float64 // the approved figure; while a new one waits, the old
	CountsAbove *float64 // of a ratio, what it is made of
	CountsBelow *float64
	Warning     string // what the rules asked, each on a line
	Reason      string // why it is right all the same, or why it was changed
	Source      string // "" by hand, or the file it came from
	GivenAt     time.Time
	GivenBy     int64
	GivenName   string
	FirstAt     time.Time `bun:",nullzero"` // first handed in: by this it is in time or late
	DecidedAt   time.Time `bun:",nullzero"`
	DecidedBy   int64
	DecidedName string
	Question    string
	Version     int
}

// Version is what a figure was before it was written anew.
type Version struct {
	bun.BaseModel `bun:"table:reading_versions,alias:rv"`

	CampaignID  int64 `bun:",pk"`
	ReadingID   int64 `bun:",pk"`
	Version     int   `bun:",pk"`
	Step        Step
	Numerator   *float64
	Denominator *float64
	Value       float64
	Warning     string
	Reason      string
	Source      string
	GivenAt     time.Time
	GivenBy     int64
	GivenName   string
	DecidedAt   time.Time `bun:",nullzero"`
	DecidedBy   int64
	DecidedName string
	Question    string
}

// asVersion is the figure as it stands now, to be kept.
func (r Reading) asVersion() Version {
	return Version{CampaignID: r.CampaignID, ReadingID: r.ID, Version: r.Version, Step: r.Step, Numerator: r.Numerator, Denominator: r.Denominator, Value: r.Value,
		Warning: r.Warning, Reason: r.Reason, Source: r.Source, GivenAt: r.GivenAt, GivenBy: r.GivenBy, GivenName: r.GivenName,
		DecidedAt: r.DecidedAt, DecidedBy: r.DecidedBy, DecidedName: r.DecidedName, Question: r.Question}
}

// Given is a value as somebody gives it: of a ratio the two numbers, else the value alone.
type Given struct {
	Value       float64
	Numerator   *float64
	Denominator *float64
}

// same reports whether a figure says already what is given.
func (r Reading) same(g Given) bool {
	return r.Value == g.Value && equal(r.Numerator, g.Numerator) && equal(r.Denominator, g.Denominator)
}

func equal(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// counting is the figure with what it says as that which counts.
func (r Reading) counting() Reading {
	v := r.Value
	r.Counts, r.CountsAbove, r.CountsBelow = &v, r.Numerator, r.Denominator
	return r
}

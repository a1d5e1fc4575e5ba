package calendar

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
)

// Due is whatever has an instant by which it is owed: a step of a case, an order, a filing, a meeting.
type Due struct {
	bun.BaseModel `bun:"table:dues,alias:du"`

	ID          int64 `bun:"id,pk,autoincrement"`
	CampaignID  int64
	SubjectKind string
	SubjectID   int64
	Step        string
	Hand        string
	UnitID      int64
	Reckoning   string
	StartedAt   time.Time
	AmberAt     time.Time
	DueAt       time.Time
	MetAt       time.Time `bun:",nullzero"`
	DroppedAt   time.Time `bun:",nullzero"`
	Mark        Mark
	MarkAt      time.Time `bun:",nullzero"`
	Version     int64
}

// How is the reckoning of the due.
func (d Due) How() Reckoning {
	var r Reckoning
	_ = json.Unmarshal([]byte(d.Reckoning), &r) // written by owe alone
	return r
}

// Light is the due's light at an instant.
func (d Due) Light(days *Days, now time.Time) Light { return LightAt(days, d.AmberAt, d.DueAt, now) }

// Mark is a moment of a due at which somebody is told, each once.
type Mark int

// The marks, in order. Escalation goes to the unit's head when it is late, to the group's leader two working days
// later, to the leading group after five.
const (
	HalfWay Mark = iota
	DayBefore
	OnTheDay
	ToUnitHead
	ToGroupLeader
	ToLeadingGroup
	noMark
)

// Escalates reports whether the mark carries the matter upwards.
func (m Mark) Escalates() bool { return m >= ToUnitHead && m < noMark }

// String is the mark's name in the ledger.
func (m Mark) String() string {
	return [...]string{"half_way", "day_before", "on_the_day", "to_unit_head", "to_group_leader", "to_leading_group", ""}[m]
}

const (
	morning     = 8*time.Hour + 30*time.Minute // when people are reminded
	toLeader    = 2                            // working days after the due
	toTheGroup  = 5
	soonWorkday = 1 // a light turns amber a working day before
)

// at is when the mark of a due falls; zero where it has none: a limit of hours has no day before, and a reminder that
// would not come before the next one is left out.
func (m Mark) at(days *Days, start, due time.Time) time.Time {
	t := m.unchecked(days, start, due)
	if m >= ToUnitHead {
		return t
	}
	if !t.After(start) || !t.Before(due) {
		return time.Time{}
	}
	for later := m + 1; later < ToUnitHead; later++ {
		if after := later.at(days, start, due); !after.IsZero() && !t.Before(after) {
			return time.Time{}
		}
	}
	return t
}

func (m Mark) unchecked(days *Days, start, due time.Time) time.Time {
	last := lastDay(due)
	switch m {
	case HalfWay:
		return halfWay(start, due)
	case DayBefore:
		return days.Add(last, -soonWorkday).Time().Add(morning).UTC()
	case OnTheDay:
		return last.Time().Add(morning).UTC()
	case ToUnitHead:
		return due.UTC()
	case ToGroupLeader:
		return endOf(days.Add(last, toLeader)).UTC()
	case ToLeadingGroup:
		return endOf(days.Add(last, toTheGroup)).UTC()
	case noMark:
	}
	return time.Time{}
}

// next is the first mark from m on that the due still has to pass.
func next(days *Days, m Mark, start, due time.Time) (Mark, time.Time) {
	for ; m < noMark; m++ {
		if t := m.at(days, start, due); !t.IsZero() {
			return m, t
		}
	}
	return noMark, time.Time{}
}

// reckoned is the due with what follows from the reckoning.
func (d Due) reckoned(days *Days, r Reckoning) (Due, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return d, err
	}
	d.Reckoning, d.StartedAt, d.DueAt, d.Version = string(text), r.Start.UTC(), r.End(days), days.version
	d.AmberAt = days.Add(lastDay(d.DueAt), -soonWorkday).Time().UTC()
	if d.AmberAt.Before(d.StartedAt) {
		d.AmberAt = halfWay(d.StartedAt, d.DueAt)
	}
	d.Mark, d.MarkAt = next(days, d.Mark, d.StartedAt, d.DueAt)
	return d, nil
}

// halfWay is cut to what every database keeps.
func halfWay(start, due time.Time) time.Time {
	return start.Add(due.Sub(start) / 2).UTC().Truncate(time.Microsecond)
}

// Owing is what Owe writes down.
type Owing struct {
	CampaignID  int64
	SubjectKind string
	SubjectID   int64
	Step        string
	Hand        string
	UnitID      int64
	Reckoning   Reckoning
}

// Owe writes down that something is owed, within the caller's transaction.
func Owe(ctx context.Context, tx db.Tx, days *Days, o Owing) (Due, error) {
	d, err := Reckon(days, o)
	if err == nil {
		err = Enter(ctx, tx, &d)
	}
	return d, err
}

// Reckon computes what Owe would write down: for a subject that has no number yet.
func Reckon(days *Days, o Owing) (Due, error) {
	d := Due{CampaignID: o.CampaignID, SubjectKind: o.SubjectKind, SubjectID: o.SubjectID, Step: o.Step, Hand: o.Hand, UnitID: o.UnitID}
	return d.reckoned(days, o.Reckoning)
}

// Enter writes down what was reckoned, within the caller's transaction.
func Enter(ctx context.Context, tx db.Tx, d *Due) error {
	if err := db.Insert(ctx, tx, d); err != nil {
		return fmt.Errorf("due of %s %d: %w", d.SubjectKind, d.SubjectID, err)
	}
	return nil
}

// Change gives an open due another reckoning: an extension, days given back. Marks that were passed stay passed,
// unless the new end lies after now: then those still ahead come again before it.
// It fails with conflict if the due is met or dropped.
func Change(ctx context.Context, tx db.Tx, days *Days, d Due, r Reckoning, now time.Time) (Due, error) {
	passed := d.Mark
	d.Mark = HalfWay
	d, err := d.reckoned(days, r)
	if err != nil {
		return d, err
	}
	for d.Mark < ToUnitHead && !d.MarkAt.After(now) {
		d.Mark, d.MarkAt = next(days, d.Mark+1, d.StartedAt, d.DueAt)
	}
	if !d.DueAt.After(now) {
		d.Mark, d.MarkAt = next(days, max(d.Mark, passed), d.StartedAt, d.DueAt)
	}
	open, err := store(ctx, tx, d)
	if err == nil && !open {
		err = kernel.E(kernel.Conflict, "这一时限已经了结，不能再改")
	}
	return d, err
}

// store writes what was reckoned, and reports false for a due that is closed: that one is left as it is.
func store(ctx context.Context, tx db.Tx, d Due) (open bool, err error) {
	n, err := restore.Affected(ctx, tx, d.Reckoning, d.StartedAt, d.AmberAt, d.DueAt, int(d.Mark), db.Moment(d.MarkAt), d.Version, d.CampaignID, d.ID)
	if err != nil {
		return false, fmt.Errorf("due %d: %w", d.ID, err)
	}
	return n > 0, nil
}

// storeAll is store of open dues: on PostgreSQL in one statement, since each would be a way there and back.
func storeAll(ctx context.Context, tx db.Tx, rows []Due) error {
	if len(rows) == 0 {
		return nil
	}
	if db.KindOf(tx) == db.Postgres {
		_, err := tx.NewUpdate().Model(&rows).Column("reckoning", "started_at", "amber_at", "due_at", "mark", "mark_at", "version").Bulk().Exec(ctx)
		return err
	}
	for _, d := range rows {
		if _, err := store(ctx, tx, d); err != nil {
			return err
		}
	}
	return nil
}

// Meet closes the open dues of a subject for the given steps: done at this instant, in time or late.
func Meet(ctx context.Context, tx db.Tx, campaignID int64, kind string, id int64, at time.Time, steps ...string) error {
	return closeDues(ctx, tx, meets, campaignID, kind, id, at, steps)
}

// Drop closes open dues without their being met: the case was returned, merged, put off. Without steps all of them.
func Drop(ctx context.Context, tx db.Tx, campaignID int64, kind string, id int64, at time.Time, steps ...string) error {
	return closeDues(ctx, tx, drops, campaignID, kind, id, at, steps)
}

func closeDues(ctx context.Context, tx db.Tx, how closing, campaignID int64, kind string, id int64, at time.Time, steps []string) error {
	if len(steps) == 0 {
		if err := how.all.Exec(ctx, tx, at, campaignID, kind, id); err != nil {
			return fmt.Errorf("close dues of %s %d: %w", kind, id, err)
		}
	}
	for _, step := range steps {
		if err := how.step.Exec(ctx, tx, at, campaignID, kind, id, step); err != nil {
			return fmt.Errorf("close dues of %s %d: %w", kind, id, err)
		}
	}
	return nil
}

// closing is how open dues of a subject are closed: all of them, or those of a step.
type closing struct{ all, step *db.Statement }

func closes(column string) closing {
	all := "UPDATE dues SET " + column + " = ?, mark_at = NULL WHERE campaign_id = ? AND subject_kind = ? AND subject_id = ? AND met_at IS NULL AND dropped_at IS NULL"
	return closing{db.Prepare(all), db.Prepare(all + " AND step = ?")}
}

var (
	meets   = closes("met_at")
	drops   = closes("dropped_at")
	marked  = db.Prepare(`UPDATE dues SET mark = ?, mark_at = ?, version = ? WHERE campaign_id = ? AND id = ? AND met_at IS NULL AND dropped_at IS NULL`)
	restore = db.Prepare(`UPDATE dues SET reckoning = ?, started_at = ?, amber_at = ?, due_at = ?, mark = ?, mark_at = ?, version = ?
		WHERE campaign_id = ? AND id = ? AND met_at IS NULL AND dropped_at IS NULL`)
)

// Of lists the dues of a subject, the oldest first.
func Of(ctx context.Context, tx db.Tx, campaignID int64, kind string, id int64) ([]Due, error) {
	rows, err := duesOf.All(ctx, tx, campaignID, kind, id)
	if err != nil {
		return nil, fmt.Errorf("dues of %s %d: %w", kind, id, err)
	}
	return rows, nil
}

// Last is the newest due of a subject for a step; it reports false where there is none.
func Last(ctx context.Context, tx db.Tx, campaignID int64, kind string, id int64, step string) (Due, bool, error) {
	rows, err := lastDue.All(ctx, tx, campaignID, kind, id, step)
	if err != nil {
		return Due{}, false, fmt.Errorf("dues of %s %d: %w", kind, id, err)
	}
	if len(rows) == 0 {
		return Due{}, false, nil
	}
	return rows[0], true, nil
}

var lastDue = db.Select[Due]("WHERE du.campaign_id = ? AND du.subject_kind = ? AND du.subject_id = ? AND du.step = ? ORDER BY du.id DESC LIMIT 1")

var duesOf = db.Select[Due]("WHERE du.campaign_id = ? AND du.subject_kind = ? AND du.subject_id = ? ORDER BY du.id")

// OpenOf lists what is still owed for some subjects of a kind, what is due first at the top.
func OpenOf(ctx context.Context, tx db.Tx, campaignID int64, kind string, ids []int64) ([]Due, error) {
	var rows []Due
	if len(ids) == 0 {
		return rows, nil
	}
	err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", campaignID).Where("subject_kind = ?", kind).Where("subject_id IN (?)", bun.List(ids)).
		Where("met_at IS NULL").Where("dropped_at IS NULL").Order("due_at", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("open dues: %w", err)
	}
	return rows, nil
}

// OverdueAt lists which of some subjects of a kind owed one of the steps past its time at an instant, whatever became of
// it since.
func OverdueAt(ctx context.Context, tx db.Tx, campaignID int64, kind string, ids []int64, at time.Time, steps ...string) (late []int64, err error) {
	for part := range slices.Chunk(ids, 500) {
		var rows []int64
		err := tx.NewSelect().Model((*Due)(nil)).ColumnExpr("DISTINCT du.subject_id").Where("du.campaign_id = ?", campaignID).Where("du.subject_kind = ?", kind).
			Where("du.subject_id IN (?)", bun.List(part)).Where("du.step IN (?)", bun.List(steps)).Where("du.due_at < ?", at).
			Where("du.met_at IS NULL OR du.met_at >= ?", at).Where("du.dropped_at IS NULL OR du.dropped_at >= ?", at).Order("du.subject_id").Scan(ctx, &rows)
		if err != nil {
			return nil, fmt.Errorf("overdue dues: %w", err)
		}
		late = append(late, rows...)
	}
	return late, nil
}

// Owed is how many dues of a subject are open.
type Owed struct{ CampaignID, SubjectID, N int64 }

// OwedBy lists the subjects of a kind of which something is still owed, in every campaign: for looking through the books.
func OwedBy(ctx context.Context, tx db.Tx, kind string) (list []Owed, err error) {
	err = tx.NewRaw(`SELECT campaign_id, subject_id, count(*) AS n FROM dues WHERE met_at IS NULL AND dropped_at IS NULL AND subject_kind = ?
		GROUP BY campaign_id, subject_id`, kind).Scan(ctx, &list)
	if err != nil {
		return nil, fmt.Errorf("what is owed: %w", err)
	}
	return list, nil
}

// LastDay is the civil day on whose end an end at midnight falls; ok is false for an end within a day.
func LastDay(end time.Time) (day kernel.Date, ok bool) { return lastDay(end), midnight(end) }

// Running reports whether the due is still owed.
func (d Due) Running() bool { return d.MetAt.IsZero() && d.DroppedAt.IsZero() }

// ParseLimit reads a limit that a clerk typed; it fails with invalid.
func ParseLimit(n int, measure string) (Limit, error) {
	l := Limit{N: n, Measure: Measure(measure)}
	if l.Measure != Hours && l.Measure != Workdays && l.Measure != AllDays {
		return l, kernel.E(kernel.Invalid, "时限的单位只能是小时、工作日或天").On("measure")
	}
	if n < 1 || n > 720 {
		return l, kernel.E(kernel.Invalid, "时限要在 1 到 720 之间").On("n")
	}
	return l, nil
}

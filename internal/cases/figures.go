package cases

import (
	"context"
	"fmt"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
)

// Whose is whose cases are counted: those that a unit leads, or those that fall to a body.
type Whose struct{ UnitID, BodyID int64 }

// Known reports whether it says whose.
func (w Whose) Known() bool { return w.UnitID != 0 || w.BodyID != 0 }

// Figure is one of the numbers that a period's report has of cases.
type Figure string

// The figures of a period.
const (
	Taken    Figure = "taken"  // dispatched within it, by the last dispatch
	Finished Figure = "closed" // closed within it, if not opened again since
	Standing Figure = "open"   // dispatched and not closed at its end
	Overdue  Figure = "late"   // of those, whose time for putting right had passed at its end
)

// Figures lists them in order.
var Figures = []Figure{Taken, Finished, Standing, Overdue}

// within is the cases that a figure of a period counts. They are reached by cases_of_unit and cases_of_body.
func within(tx db.Tx, campaignID int64, w Whose, f Figure, from, to kernel.Date) *bun.SelectQuery {
	begin, end := from.Time(), to.AddDays(1).Time()
	q := tx.NewSelect().TableExpr("cases AS ca").Where("ca.campaign_id = ?", campaignID)
	if w.UnitID != 0 {
		q = q.Where("ca.lead_unit_id = ?", w.UnitID).Where("ca.lead_unit_id <> 0")
	} else {
		q = q.Where("ca.body_id = ?", w.BodyID)
	}
	switch f {
	case Taken: // whatever was dispatched since it began is open or was closed since
		return q.Where("ca.closed_at >= ? OR ca.closed_at IS NULL", begin).Where("ca.dispatched_at >= ?", begin).Where("ca.dispatched_at < ?", end)
	case Finished:
		return q.Where("ca.closed_at >= ?", begin).Where("ca.closed_at < ?", end).Where("ca.step = ?", Closed)
	case Overdue:
		q = q.Where(`EXISTS (SELECT 1 FROM dues du WHERE du.campaign_id = ca.campaign_id AND du.subject_kind = ? AND du.subject_id = ca.id AND du.step IN (?, ?)
			AND du.due_at < ? AND (du.met_at IS NULL OR du.met_at >= ?) AND (du.dropped_at IS NULL OR du.dropped_at >= ?))`, Kind, OweRectify, OweRework, end, end, end)
	case Standing:
	}
	return q.Where("ca.closed_at >= ? OR ca.closed_at IS NULL", end).Where("ca.dispatched_at < ?", end)
}

// CountWithin counts a period's cases from a day to a day, both included, in the order of Figures.
func CountWithin(ctx context.Context, tx db.Tx, campaignID int64, w Whose, from, to kernel.Date) (map[Figure]int, error) {
	n := map[Figure]int{}
	for _, f := range Figures {
		count, err := within(tx, campaignID, w, f, from, to).Count(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s cases: %w", f, err)
		}
		n[f] = int(count)
	}
	return n, nil
}

// ListWithin lists the cases that a figure counts, the oldest first, at most so many.
func ListWithin(ctx context.Context, tx db.Tx, campaignID int64, w Whose, f Figure, from, to kernel.Date, most int) (list []Case, err error) {
	err = within(tx, campaignID, w, f, from, to).Column("ca.id", "ca.campaign_id", "ca.title", "ca.step", "ca.registered_at", "ca.address").Order("ca.id").Limit(int64(most)).Scan(ctx, &list)
	if err != nil {
		return nil, fmt.Errorf("%s cases: %w", f, err)
	}
	return list, nil
}

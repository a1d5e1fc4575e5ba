package cases

import (
	"context"
	"fmt"

	"pinzhi/internal/calendar"
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
	case Standing, Overdue: // the latter's dues are looked at afterwards
	}
	return q.Where("ca.closed_at >= ? OR ca.closed_at IS NULL", end).Where("ca.dispatched_at < ?", end)
}

// CountWithin counts a period's cases from a day to a day, both included.
func CountWithin(ctx context.Context, tx db.Tx, campaignID int64, w Whose, from, to kernel.Date) (map[Figure]int, error) {
	n := map[Figure]int{}
	for _, f := range Figures {
		if f == Overdue {
			late, err := overdue(ctx, tx, campaignID, w, from, to)
			if err != nil {
				return nil, err
			}
			n[f] = len(late)
			continue
		}
		count, err := within(tx, campaignID, w, f, from, to).Count(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s cases: %w", f, err)
		}
		n[f] = int(count)
	}
	return n, nil
}

// overdue lists the cases whose time for putting right had passed at a period's end.
func overdue(ctx context.Context, tx db.Tx, campaignID int64, w Whose, from, to kernel.Date) ([]int64, error) {
	var ids []int64
	if err := within(tx, campaignID, w, Standing, from, to).Column("ca.id").Order("ca.id").Scan(ctx, &ids); err != nil {
		return nil, fmt.Errorf("%s cases: %w", Standing, err)
	}
	return calendar.OverdueAt(ctx, tx, campaignID, Kind, ids, to.AddDays(1).Time(), OweRectify, OweRework)
}

// ListWithin lists the cases that a figure counts, the oldest first, at most so many.
func ListWithin(ctx context.Context, tx db.Tx, campaignID int64, w Whose, f Figure, from, to kernel.Date, most int) (list []Case, err error) {
	q := within(tx, campaignID, w, f, from, to)
	if f == Overdue {
		late, err := overdue(ctx, tx, campaignID, w, from, to)
		if err != nil || len(late) == 0 {
			return nil, err
		}
		q = q.Where("ca.id IN (?)", bun.List(late[:min(most, len(late))]))
	}
	err = q.Column("ca.id", "ca.campaign_id", "ca.title", "ca.step", "ca.registered_at", "ca.address").Order("ca.id").Limit(int64(most)).Scan(ctx, &list)
	if err != nil {
		return nil, fmt.Errorf("%s cases: %w", f, err)
	}
	return list, nil
}

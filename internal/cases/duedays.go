package cases

import (
	"context"
	"fmt"
	"time"

	"pinzhi/internal/kernel"
)

// DueDays counts the open cases that the viewer may see by the day on which what is owed of them falls due, from an
// instant to another: of one lead unit, or with 0 of all.
func (s *Service) DueDays(ctx context.Context, v Viewer, unitID int64, from, to time.Time) (map[kernel.Date]int, error) {
	sh, err := s.held(ctx, v.CampaignID)
	if err != nil {
		return nil, err
	}
	defer sh.RUnlock()
	n := map[kernel.Date]int{}
	begin, end := from.UnixMicro(), to.UnixMicro()
	q := sh.ask(v, Filter{Open: true, Unit: unitID}, s.clock.Now())
	for l := range q.lines() {
		if l.due > begin && l.due <= end {
			n[kernel.DateOf(time.UnixMicro(l.due-1))]++ // the last instant of a day is the next one's first
		}
	}
	return n, nil
}

// OrdersDue lists the open orders that the viewer may see and that are due from a day to a day: of one unit, or with 0
// of all.
func (s *Service) OrdersDue(ctx context.Context, v Viewer, unitID int64, from, to kernel.Date) (list []Order, err error) {
	var rows []Order
	q := s.db.Reader().NewSelect().Model(&rows).Where("campaign_id = ?", v.CampaignID).Where("closed_at IS NULL").Where("due_day >= ?", from).Where("due_day <= ?", to)
	if unitID != 0 {
		q = q.Where("unit_id = ?", unitID)
	}
	if err := q.Order("due_day", "id").Limit(mostOrdersDue).Scan(ctx); err != nil {
		return nil, fmt.Errorf("orders due: %w", err)
	}
	for _, o := range rows {
		if v.SeesOrder(o) {
			list = append(list, o)
		}
	}
	return list, nil
}

// mostOrdersDue is how many orders a month's calendar shows.
const mostOrdersDue = 500

package campaign

import (
	"context"
	"fmt"

	"pinzhi/internal/kernel"
)

// MilestoneDue is a milestone with the day on which it is due.
type MilestoneDue struct {
	Name   string
	DueDay kernel.Date
	DoneOn kernel.Date
	ItemID int64
	UnitID int64
}

// DueWithin lists the work items and milestones that are due from a day to a day, both included, done or not: of one
// unit, or with 0 of all.
func (s *Service) DueWithin(ctx context.Context, campaignID, unitID int64, from, to kernel.Date) (work []ItemRow, milestones []MilestoneDue, err error) {
	where, args := "", []any{campaignID, from, to}
	if unitID != 0 {
		where, args = " AND w.unit_id = ?", append(args, unitID)
	}
	tx := s.db.Reader()
	work, err = items(ctx, tx, "WHERE w.campaign_id = ? AND w.due_day >= ? AND w.due_day <= ?"+where+" ORDER BY w.due_day, t.position, w.id", args...)
	if err != nil {
		return nil, nil, err
	}
	err = tx.NewRaw(`SELECT m.name, m.due_day, m.done_on, m.work_item_id AS item_id, w.unit_id FROM milestones m
		JOIN work_items w ON w.campaign_id = m.campaign_id AND w.id = m.work_item_id
		WHERE m.campaign_id = ? AND m.due_day >= ? AND m.due_day <= ?`+where+" ORDER BY m.due_day, m.id", args...).Scan(ctx, &milestones)
	if err != nil {
		return nil, nil, fmt.Errorf("milestones of campaign %d: %w", campaignID, err)
	}
	return work, milestones, nil
}

package campaign

import (
	"context"
	"fmt"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
)

// Scope is whose work is counted: of an action, or of a unit; with neither, of the whole campaign.
type Scope struct {
	ActionID int64
	UnitID   int64
}

func (s Scope) clause() (where string, args []any) {
	switch {
	case s.ActionID != 0:
		return " AND t.action_id = ?", []any{s.ActionID}
	case s.UnitID != 0:
		return " AND w.unit_id = ?", []any{s.UnitID}
	}
	return "", nil
}

// WorkDone is the work of a scope over some days, as lists: what was finished, what is late at the end of them, what is
// due within the days after, each at most so many; and how many there are.
type WorkDone struct {
	Done, Running, Late, Next    int
	DoneRows, LateRows, NextRows []ItemRow
	Milestones                   int // reached within the days
}

// mostNamed is how many work items a text names; more would be read by nobody.
const mostNamed = 20

// WorkWithin reads the work of a scope from a day to a day, both included, and what is due until another.
func (s *Service) WorkWithin(ctx context.Context, tx db.Tx, campaignID int64, scope Scope, from, to, until kernel.Date) (w WorkDone, err error) {
	where, args := scope.clause()
	of := func(tail string, more ...any) (int, []ItemRow, error) {
		all := append(append([]any{campaignID}, args...), more...)
		var n int
		err := tx.NewRaw("SELECT count(*) FROM work_items w JOIN tasks t ON t.campaign_id = w.campaign_id AND t.id = w.task_id WHERE w.campaign_id = ?"+where+tail, all...).Scan(ctx, &n)
		if err != nil || n == 0 {
			return n, nil, err
		}
		rows, err := items(ctx, tx, "WHERE w.campaign_id = ?"+where+tail+" ORDER BY t.position, w.due_day, w.id LIMIT ?", append(all, mostNamed)...)
		return n, rows, err
	}
	const open = " AND (w.done_on = '' OR w.done_on > ?)"
	for _, q := range []struct {
		n    *int
		rows *[]ItemRow
		tail string
		args []any
	}{
		{&w.Done, &w.DoneRows, " AND w.done_on >= ? AND w.done_on <= ?", []any{from, to}},
		{&w.Running, nil, open + " AND w.start_day <= ?", []any{to, to}},
		{&w.Late, &w.LateRows, open + " AND w.due_day <= ?", []any{to, to}},
		{&w.Next, &w.NextRows, open + " AND w.due_day > ? AND w.due_day <= ?", []any{to, to, until}},
	} {
		n, rows, err := of(q.tail, q.args...)
		if err != nil {
			return w, fmt.Errorf("work of campaign %d: %w", campaignID, err)
		}
		*q.n = n
		if q.rows != nil {
			*q.rows = rows
		}
	}
	err = tx.NewRaw(`SELECT count(*) FROM milestones m JOIN work_items w ON w.campaign_id = m.campaign_id AND w.id = m.work_item_id
		JOIN tasks t ON t.campaign_id = w.campaign_id AND t.id = w.task_id WHERE m.campaign_id = ?`+where+" AND m.done_on >= ? AND m.done_on <= ?",
		append(append([]any{campaignID}, args...), from, to)...).Scan(ctx, &w.Milestones)
	if err != nil {
		return w, fmt.Errorf("milestones of campaign %d: %w", campaignID, err)
	}
	return w, nil
}

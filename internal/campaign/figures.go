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

// WorkFigure is one of the numbers that a period's report has of the work.
type WorkFigure string

// The figures of a period.
const (
	WorkFinished WorkFigure = "done"     // within it
	WorkRunning  WorkFigure = "running"  // begun and not finished at its end
	WorkOverdue  WorkFigure = "late"     // due and not finished at its end
	WorkNext     WorkFigure = "next_due" // due in the next one and not finished at the end of this
)

// WorkPeriod is the days that figures are about: from a day to a day, both included, and what is due until another.
type WorkPeriod struct{ From, To, Until kernel.Date }

// clause is the condition on work_items w of what a figure counts.
func (p WorkPeriod) clause(f WorkFigure) (where string, args []any) {
	const open = " AND (w.done_on = '' OR w.done_on > ?)"
	switch f {
	case WorkFinished:
		return " AND w.done_on >= ? AND w.done_on <= ?", []any{p.From, p.To}
	case WorkRunning:
		return open + " AND w.start_day <= ?", []any{p.To, p.To}
	case WorkOverdue:
		return open + " AND w.due_day <= ?", []any{p.To, p.To}
	case WorkNext:
	}
	return open + " AND w.due_day > ? AND w.due_day <= ?", []any{p.To, p.To, p.Until}
}

// WorkRows lists the work items that a figure counts, in the plan's order, at most so many.
func (s *Service) WorkRows(ctx context.Context, tx db.Tx, campaignID int64, scope Scope, p WorkPeriod, f WorkFigure, most int) ([]ItemRow, error) {
	where, args := scope.clause()
	tail, more := p.clause(f)
	all := append(append([]any{campaignID}, args...), more...)
	return items(ctx, tx, "WHERE w.campaign_id = ?"+where+tail+" ORDER BY t.position, w.due_day, w.id LIMIT ?", append(all, most)...)
}

func countWork(ctx context.Context, tx db.Tx, campaignID int64, scope Scope, p WorkPeriod, f WorkFigure) (n int, err error) {
	where, args := scope.clause()
	tail, more := p.clause(f)
	err = tx.NewRaw("SELECT count(*) FROM work_items w JOIN tasks t ON t.campaign_id = w.campaign_id AND t.id = w.task_id WHERE w.campaign_id = ?"+where+tail,
		append(append([]any{campaignID}, args...), more...)...).Scan(ctx, &n)
	return n, err
}

// WorkWithin reads the work of a scope in a period.
func (s *Service) WorkWithin(ctx context.Context, tx db.Tx, campaignID int64, scope Scope, p WorkPeriod) (w WorkDone, err error) {
	for _, q := range []struct {
		f    WorkFigure
		n    *int
		rows *[]ItemRow
	}{{WorkFinished, &w.Done, &w.DoneRows}, {WorkRunning, &w.Running, nil}, {WorkOverdue, &w.Late, &w.LateRows}, {WorkNext, &w.Next, &w.NextRows}} {
		*q.n, err = countWork(ctx, tx, campaignID, scope, p, q.f)
		if err == nil && *q.n > 0 && q.rows != nil {
			*q.rows, err = s.WorkRows(ctx, tx, campaignID, scope, p, q.f, mostNamed)
		}
		if err != nil {
			return w, fmt.Errorf("work of campaign %d: %w", campaignID, err)
		}
	}
	where, args := scope.clause()
	err = tx.NewRaw(`SELECT count(*) FROM milestones m JOIN work_items w ON w.campaign_id = m.campaign_id AND w.id = m.work_item_id
		JOIN tasks t ON t.campaign_id = w.campaign_id AND t.id = w.task_id WHERE m.campaign_id = ?`+where+" AND m.done_on >= ? AND m.done_on <= ?",
		append(append([]any{campaignID}, args...), p.From, p.To)...).Scan(ctx, &w.Milestones)
	if err != nil {
		return w, fmt.Errorf("milestones of campaign %d: %w", campaignID, err)
	}
	return w, nil
}

// MilestonesDone lists the milestones of a scope that were reached in a period, at most so many.
func (s *Service) MilestonesDone(ctx context.Context, tx db.Tx, campaignID int64, scope Scope, p WorkPeriod, most int) (list []MilestoneDone, err error) {
	where, args := scope.clause()
	err = tx.NewRaw(`SELECT m.name, m.done_on, w.id AS item_id FROM milestones m JOIN work_items w ON w.campaign_id = m.campaign_id AND w.id = m.work_item_id
		JOIN tasks t ON t.campaign_id = w.campaign_id AND t.id = w.task_id WHERE m.campaign_id = ?`+where+" AND m.done_on >= ? AND m.done_on <= ? ORDER BY m.done_on, m.id LIMIT ?",
		append(append([]any{campaignID}, args...), p.From, p.To, most)...).Scan(ctx, &list)
	return list, err
}

// MilestoneDone is a milestone that was reached.
type MilestoneDone struct {
	Name   string
	DoneOn kernel.Date
	ItemID int64
}

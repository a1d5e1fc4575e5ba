package campaign

import (
	"context"

	"pinzhi/internal/calendar"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
)

// Limits lists what the plan that the campaign runs on gives units to put right what was found, in the plan's order.
func (s *Service) Limits(ctx context.Context, tx db.Tx, campaignID int64) ([]plan.Limit, error) {
	_, p, err := currentPlan(ctx, tx, campaignID)
	if kernel.CodeOf(err) == kernel.NotFound {
		return nil, nil
	}
	return p.Limits, err
}

// LimitText writes a limit of the plan as people do: 5 个工作日.
func LimitText(l plan.Limit) string {
	return calendar.Limit{N: l.N, Measure: calendar.Measure(l.Measure)}.String()
}

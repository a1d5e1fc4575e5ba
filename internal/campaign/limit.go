package campaign

import (
	"context"
	"fmt"

	"pinzhi/internal/calendar"
	"pinzhi/internal/db"
	"pinzhi/internal/plan"
)

var newestPlan = db.Prepare("SELECT coalesce(max(version), 0) FROM plans WHERE campaign_id = ?")

// planLimits is what was read of one version of a campaign's plan.
type planLimits struct {
	version int
	list    []plan.Limit
}

// Limits lists what the plan that the campaign runs on gives units to put right what was found, in the plan's order.
// Every step of a case asks it, so a version is read once; which one runs stands in an index, away from the file.
func (s *Service) Limits(ctx context.Context, tx db.Tx, campaignID int64) ([]plan.Limit, error) {
	var version int
	if _, err := newestPlan.One(ctx, tx, []any{campaignID}, &version); err != nil {
		return nil, fmt.Errorf("plan of campaign %d: %w", campaignID, err)
	}
	if version == 0 {
		return nil, nil
	}
	s.mu.Lock()
	have := s.limits[campaignID]
	s.mu.Unlock()
	if have.version == version {
		return have.list, nil
	}
	_, p, err := currentPlan(ctx, tx, campaignID)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.limits[campaignID] = planLimits{version, p.Limits}
	s.mu.Unlock()
	return p.Limits, nil
}

// forgetLimits: where writes share a commit, a case may have read a revision that was then not committed, and the next
// one has its number.
func (s *Service) forgetLimits(campaignID int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.limits, campaignID)
}

// LimitText writes a limit of the plan as people do: 5 个工作日.
func LimitText(l plan.Limit) string {
	return calendar.Limit{N: l.N, Measure: calendar.Measure(l.Measure)}.String()
}

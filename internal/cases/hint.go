package cases

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pinzhi/internal/cases/suggest"
	"pinzhi/internal/db"
	"pinzhi/internal/roster"
)

// hint is the suggestions of one campaign, as far as they were learnt.
type hint struct {
	index   *suggest.Index
	made    time.Time
	version int // of the plan
}

const (
	hintsLast   = 10 * time.Minute // then past dispatches are read again
	learntFrom  = 3000             // the newest dispatched cases
	suggestions = 3
)

// Suggest lists the likeliest units for what somebody complains of, with the passage that says so; none where
// nobody in the plan answers for it.
func (s *Service) Suggest(ctx context.Context, campaignID int64, text string) ([]suggest.Suggestion, error) {
	x, err := s.Index(ctx, campaignID)
	if err != nil {
		return nil, err
	}
	return x.Suggest(text, suggestions), nil
}

// Index is what the campaign's plan and its past dispatches say about who answers for what.
func (s *Service) Index(ctx context.Context, campaignID int64) (*suggest.Index, error) {
	view, err := s.campaigns.See(ctx, campaignID)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.hints[campaignID]; h != nil && h.version == view.PlanVersion && time.Since(h.made) < hintsLast {
		return h.index, nil
	}
	_, p, err := s.campaigns.CurrentPlan(ctx, campaignID)
	if err != nil {
		return nil, err
	}
	x := suggest.New(suggest.FromPlan(&p))
	if err := learn(ctx, s.db.Reader(), campaignID, x); err != nil {
		return nil, err
	}
	s.hints[campaignID] = &hint{index: x, made: time.Now(), version: view.PlanVersion}
	return x, nil
}

// learn reads what was handed to whom, the oldest first.
func learn(ctx context.Context, tx db.Tx, campaignID int64, x *suggest.Index) error {
	var rows []struct {
		Title, Words string
		LeadUnitID   int64
	}
	err := tx.NewRaw(`SELECT title, words, lead_unit_id FROM cases WHERE campaign_id = ? AND lead_unit_id <> 0
		ORDER BY id DESC LIMIT ?`, campaignID, learntFrom).Scan(ctx, &rows)
	if err != nil {
		return fmt.Errorf("past dispatches: %w", err)
	}
	ids := make([]int64, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, r.LeadUnitID)
	}
	names, err := unitNames(ctx, tx, ids)
	if err != nil {
		return err
	}
	for _, r := range slices.Backward(rows) {
		x.Learn(text(r.Title, r.Words), names[r.LeadUnitID])
	}
	return nil
}

// text is what a case says; a title is often only the beginning of the words.
func text(title, words string) string {
	if words == "" {
		return title
	}
	return words
}

// learnt teaches the suggestions a dispatch that was just made. What cannot be learnt now is read with the next index.
func (s *Service) learnt(ctx context.Context, c Case) {
	unit, err := roster.UnitName(ctx, s.db.Reader(), c.LeadUnitID)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.hints[c.CampaignID]; h != nil {
		h.index.Learn(text(c.Title, c.Words), unit)
	}
}

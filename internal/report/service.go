package report

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
)

// Service keeps obligations and filings.
type Service struct {
	db        *db.DB
	clock     kernel.Clock
	calendar  *calendar.Service
	campaigns *campaign.Service
}

// New makes the service, and has the calendar tell it of its dues.
func New(d *db.DB, clock kernel.Clock, days *calendar.Service, campaigns *campaign.Service) *Service {
	s := &Service{db: d, clock: clock, calendar: days, campaigns: campaigns}
	days.Watch(Kind, s.watch())
	return s
}

// adoptEvery is how often it is looked whether a plan asks for something new.
const adoptEvery = time.Minute

// Run takes over what the plans ask for, until ctx ends.
func (s *Service) Run(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(adoptEvery)
	defer tick.Stop()
	for {
		if err := s.AdoptAll(ctx); err != nil && ctx.Err() == nil {
			log.Error("obligations", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// AdoptAll is Adopt for every campaign.
func (s *Service) AdoptAll(ctx context.Context) error {
	ids, err := s.campaigns.IDs(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, failed := s.Adopt(ctx, id); failed != nil {
			err = errors.Join(err, fmt.Errorf("campaign %d: %w", id, failed)) // the others go on
		}
	}
	return err
}

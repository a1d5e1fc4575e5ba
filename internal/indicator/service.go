package indicator

import (
	"context"
	"fmt"
	"slices"

	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
)

// Service keeps indicators, figures and incidents.
type Service struct {
	db        *db.DB
	clock     kernel.Clock
	calendar  *calendar.Service
	campaigns *campaign.Service
}

// New makes the service.
func New(d *db.DB, clock kernel.Clock, days *calendar.Service, campaigns *campaign.Service) *Service {
	return &Service{db: d, clock: clock, calendar: days, campaigns: campaigns}
}

var (
	errNoIndicator = kernel.E(kernel.NotFound, "没有这项指标")
	errNoFigure    = kernel.E(kernel.NotFound, "没有这个数")
	errNoIncident  = kernel.E(kernel.NotFound, "没有这起事故")
)

var (
	indicatorsOf = db.Select[Indicator]("WHERE ti.campaign_id = ? ORDER BY ti.id")
	placesOf     = db.Select[Place]("WHERE ip.campaign_id = ? ORDER BY ip.position, ip.id")
	targetsOf    = db.Select[Target]("WHERE it.campaign_id = ? ORDER BY it.indicator_id, it.place_id, it.year")
)

// book is what a campaign measures, where, and what it wants.
type book struct {
	view       campaign.View
	indicators []Indicator
	places     []Place
	targets    map[int64][]Target // by indicator
	whole      Place
}

func (s *Service) open(ctx context.Context, tx db.Tx, campaignID int64) (b book, err error) {
	if b.view, err = s.campaigns.SeeIn(ctx, tx, campaignID); err != nil {
		return b, err
	}
	return b, b.read(ctx, tx, campaignID)
}

func (b *book) read(ctx context.Context, tx db.Tx, campaignID int64) (err error) {
	if b.indicators, err = indicatorsOf.All(ctx, tx, campaignID); err != nil {
		return fmt.Errorf("indicators of campaign %d: %w", campaignID, err)
	}
	if b.places, err = placesOf.All(ctx, tx, campaignID); err != nil {
		return fmt.Errorf("places of campaign %d: %w", campaignID, err)
	}
	targets, err := targetsOf.All(ctx, tx, campaignID)
	if err != nil {
		return fmt.Errorf("targets of campaign %d: %w", campaignID, err)
	}
	b.targets = map[int64][]Target{}
	for _, t := range targets {
		b.targets[t.IndicatorID] = append(b.targets[t.IndicatorID], t)
	}
	if n := slices.IndexFunc(b.places, func(p Place) bool { return p.Whole }); n >= 0 {
		b.whole = b.places[n]
	}
	return nil
}

func (b *book) indicator(id int64) (Indicator, bool) {
	if n := slices.IndexFunc(b.indicators, func(i Indicator) bool { return i.ID == id }); n >= 0 {
		return b.indicators[n], true
	}
	return Indicator{}, false
}

func (b *book) place(id int64) (Place, bool) {
	if n := slices.IndexFunc(b.places, func(p Place) bool { return p.ID == id }); n >= 0 {
		return b.places[n], true
	}
	return Place{}, false
}

package cases

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/evidence"
)

// Alike is a case that may be the same matter, with how sure that is, from 0 to 1.
type Alike struct {
	Row

	Sure float64
}

const (
	alikeAmong = 1500                // the newest cases that are looked through
	alikeDays  = 60 * 24 * time.Hour // an older one is another matter
	alikeNear  = 150.0               // metres
	alikeFrom  = 0.34
	alikeMost  = 5
)

// Alike lists the cases that may be the same matter as what somebody is writing down: by place, time and words.
// except is the case itself, 0 for none. Only what the viewer may see is listed.
func (s *Service) Alike(ctx context.Context, v Viewer, r Registration, except int64) ([]Alike, error) {
	words, place := pairSet(r.Title+" "+r.Words), pairSet(r.Address)
	if len(words) < 2 && len(place) < 2 {
		return nil, nil
	}
	ids, err := s.newest(ctx, v, Filter{}, math.MaxInt64, alikeAmong)
	if err != nil {
		return nil, err
	}
	rows, err := s.rows(ctx, v.CampaignID, ids, "id", "title", "words", "address", "lat", "lon", "step", "registered_at")
	if err != nil {
		return nil, err
	}
	var list []Alike
	for _, row := range rows {
		if row.ID == except || row.Step == Merged || row.Step == Declined || row.RegisteredAt.Before(s.clock.Now().Add(-alikeDays)) {
			continue
		}
		if sure := sureness(row.Case, words, place, r); sure >= alikeFrom {
			list = append(list, Alike{row, sure})
		}
	}
	slices.SortStableFunc(list, func(a, b Alike) int { return cmp.Compare(b.Sure, a.Sure) })
	return s.whole(ctx, v.CampaignID, list[:min(len(list), alikeMost)])
}

// whole reads what is listed in full.
func (s *Service) whole(ctx context.Context, campaignID int64, list []Alike) ([]Alike, error) {
	ids := make([]int64, len(list))
	for i, a := range list {
		ids[i] = a.ID
	}
	rows, err := s.rows(ctx, campaignID, ids)
	if err != nil || len(rows) != len(list) {
		return nil, err
	}
	err = s.name(ctx, rows)
	for i := range list {
		list[i].Row = rows[i]
	}
	return list, err
}

// sureness weighs words and place alike: the same rubbish elsewhere is another case, and so is another evil here.
func sureness(c Case, words, place map[string]bool, r Registration) float64 {
	near := overlap(place, pairSet(c.Address))
	if r.Lat != nil && c.Lat != nil {
		if evidence.Distance(evidence.Place{Lat: *r.Lat, Lon: *r.Lon}, evidence.Place{Lat: *c.Lat, Lon: *c.Lon}) <= alikeNear {
			near = max(near, 0.9)
		}
	}
	if near < alikeFrom { // whatever the words are
		return 0
	}
	return near * overlap(words, pairSet(c.Title+" "+c.Words))
}

func pairSet(text string) map[string]bool {
	set := map[string]bool{}
	for _, p := range db.Pairs(strings.TrimSpace(text)) {
		set[p] = true
	}
	return set
}

// overlap is how much of the smaller set stands in the other.
func overlap(a, b map[string]bool) float64 {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) == 0 {
		return 0
	}
	n := 0
	for p := range a {
		if b[p] {
			n++
		}
	}
	return float64(n) / float64(len(a))
}

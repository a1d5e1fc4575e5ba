package cases

import (
	"cmp"
	"context"
	"math"
	"slices"

	"pinzhi/internal/evidence"
)

// nearDegrees is how far north and south of somebody the cases around him lie: some two kilometres.
const nearDegrees = 0.02

// Near lists the open cases around a place that the viewer may see, the nearest first, at most n.
func (s *Service) Near(ctx context.Context, v Viewer, at evidence.Place, n int) ([]Row, error) {
	narrowing := max(0.01, math.Cos(at.Lat*math.Pi/180)) // a degree of longitude is shorter than one of latitude
	wide := nearDegrees / narrowing
	box := Box{West: max(-180, at.Lon-wide), South: max(-90, at.Lat-nearDegrees), East: min(180, at.Lon+wide), North: min(90, at.Lat+nearDegrees)}
	if err := box.Check(); err != nil {
		return nil, err
	}
	type spot struct {
		id  int64
		far float64
	}
	var spots []spot
	sh, err := s.held(ctx, v.CampaignID)
	if err != nil {
		return nil, err
	}
	q := sh.ask(v, Filter{Open: true}, s.clock.Now())
	q.within(box)
	for l := range q.lines() {
		north, east := l.lat.degree()-at.Lat, (l.lon.degree()-at.Lon)*narrowing
		spots = append(spots, spot{l.id, north*north + east*east})
	}
	sh.RUnlock()
	slices.SortFunc(spots, func(a, b spot) int { return cmp.Or(cmp.Compare(a.far, b.far), cmp.Compare(a.id, b.id)) })
	ids := make([]int64, 0, n)
	for _, p := range spots[:min(n, len(spots))] {
		ids = append(ids, p.id)
	}
	rows, err := s.rows(ctx, v.CampaignID, ids)
	if err != nil {
		return nil, err
	}
	return rows, s.name(ctx, rows)
}

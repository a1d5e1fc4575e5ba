package indicator

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"
)

// Row is an indicator as the list shows it.
type Row struct {
	Indicator

	Unit     string
	Target   string // "" where none is set
	Light    campaign.Light
	Latest   *Mean
	Means    []Mean
	Missing  int // figures that are overdue, of the periods that are kept
	Waiting  int
	Returned int
}

// List is every indicator of a campaign.
type List struct {
	Rows      []Row
	Waiting   int
	Returned  int
	Missing   int
	MayKeep   bool
	MayDecide bool
}

// List reads the indicators with how they stand. Of a campaign that was opened a moment ago it takes over first what the
// plan names.
func (s *Service) List(ctx context.Context, campaignID int64) (l List, err error) {
	if _, err := s.Adopt(ctx, campaignID); err != nil {
		return l, err
	}
	days, err := s.calendar.Days(ctx)
	if err != nil {
		return l, err
	}
	err = s.db.Snapshot(ctx, func(tx db.Tx) error {
		l, err = s.list(ctx, tx, campaignID, newDueList(days))
		return err
	})
	return l, err
}

func (s *Service) list(ctx context.Context, tx db.Tx, campaignID int64, dues *dueList) (l List, err error) {
	b, err := s.open(ctx, tx, campaignID)
	if err != nil {
		return l, err
	}
	outlines, err := outlinesOf.All(ctx, tx, campaignID)
	if err != nil {
		return l, fmt.Errorf("outlines: %w", err)
	}
	happened, err := standing(ctx, tx, campaignID)
	if err != nil {
		return l, err
	}
	units, err := b.unitNames(ctx, tx)
	if err != nil {
		return l, err
	}
	l.MayKeep, l.MayDecide = MayKeep(b.view), MayDecide(b.view)
	now := s.clock.Now()
	for _, i := range b.indicators {
		row := Row{Indicator: i, Unit: firstOf(units[i.UnitID], i.UnitName)}
		if n, ok := slices.BinarySearchFunc(outlines, i.ID, func(o outline, id int64) int { return int(o.IndicatorID - id) }); ok {
			if row.Means, err = outlines[n].means(); err != nil {
				return l, err
			}
			row.Waiting, row.Returned = outlines[n].Waiting, outlines[n].Returned
		}
		b.judge(&row, i.happened(happened, kernel.DateOf(now)), dues, now)
		l.Rows = append(l.Rows, row)
		l.Waiting, l.Returned, l.Missing = l.Waiting+row.Waiting, l.Returned+row.Returned, l.Missing+row.Missing
	}
	return l, nil
}

func firstOf(list ...string) string {
	for _, text := range list {
		if text != "" {
			return text
		}
	}
	return ""
}

func (b *book) judge(row *Row, happened int, dues *dueList, now time.Time) {
	row.Latest = last(row.Means)
	year := kernel.DateOf(now).Time().Year()
	if row.Latest != nil {
		year = YearOf(row.Latest.Period)
	}
	target, has := row.TargetFor(b.targets[row.ID], b.whole.ID, b.whole.ID, year)
	if has {
		row.Target = row.TargetText(target)
	}
	row.Light = row.light(row.Means, target, has, happened, kernel.DateOf(now))
	row.Missing = b.missing(row.Indicator, row.Means, dues, now)
}

// missing counts the figures that are overdue in the periods that an outline keeps.
func (b *book) missing(i Indicator, list []Mean, dues *dueList, now time.Time) (n int) {
	slots := len(i.slots(b.places))
	p := dues.latestDue(i.Cadence, now)
	for range keptPeriods {
		if !i.owes(p) && p < i.FirstPeriod {
			break
		}
		if i.owes(p) {
			given := 0
			if k := slices.IndexFunc(list, func(m Mean) bool { return m.Period == p }); k >= 0 {
				given = list[k].Given
			}
			n += max(0, slots-given)
		}
		p = report.PeriodOf(i.Cadence, p.FirstMonth().Add(-1))
	}
	return n
}

// FigureRow is a period of a series with its figure, where there is one.
type FigureRow struct {
	Period  report.Period
	Reading *Reading
	Mark    Mark
	City    *Mean // of a city that is made of its districts
}

// PlaceRow is a place on an indicator's page.
type PlaceRow struct {
	Place   Place
	Unit    string
	Latest  *Mean
	Means   []Mean
	Target  string
	Light   campaign.Light
	Missing int
}

// Waiting is a figure that waits for the office.
type Waiting struct {
	Reading Reading
	Place   Place
	Mine    bool // whoever looks gave it, or his unit did
}

// Page is an indicator with all that its page shows.
type Page struct {
	Row

	Place     Place // whose series is shown
	Places    []PlaceRow
	All       []Place // of the campaign
	Series    []FigureRow
	Approved  []Point
	Pending   []Point
	TargetV   *float64 // of the series shown
	Foreseen  Forecast
	Verdict   string
	Phase     campaign.Phase // of the acceptance
	Targets   []Target
	Waits     []Waiting
	Incidents []Incident
	FromPlan  *campaign.Indicator
	MayKeep   bool
	MayDecide bool
	MayFill   bool
	Reporter  int64 // who fills in the series shown, or NoUnit
	Now       time.Time
}

// See reads an indicator's page for a place; 0 is the city, or where that has no figures the first that has. It fails
// with not_found.
func (s *Service) See(ctx context.Context, campaignID, id, placeID int64) (p Page, err error) {
	days, err := s.calendar.Days(ctx)
	if err != nil {
		return p, err
	}
	asked, err := s.campaigns.Indicators(ctx, campaignID)
	if err != nil {
		return p, err
	}
	phases, err := s.campaigns.Phases(ctx, campaignID)
	if err != nil {
		return p, err
	}
	err = s.db.Snapshot(ctx, func(tx db.Tx) error {
		p = Page{Phase: acceptance(phases)}
		return s.see(ctx, tx, campaignID, id, placeID, newDueList(days), &p)
	})
	if n := slices.IndexFunc(asked, func(i campaign.Indicator) bool { return i.ID == p.PlanID }); n >= 0 {
		p.FromPlan = &asked[n]
	}
	return p, err
}

// acceptance is the phase in which results are accepted: one that says so, else the last.
func acceptance(phases []campaign.Phase) (p campaign.Phase) {
	for _, x := range phases {
		if x.StartMonth != "" && (p.ID == 0 || !strings.Contains(p.Name, "验收") || strings.Contains(x.Name, "验收")) {
			p = x
		}
	}
	return p
}

var readingsOf = db.Select[Reading]("WHERE rd.campaign_id = ? AND rd.indicator_id = ? ORDER BY rd.place_id, rd.period")

func (s *Service) see(ctx context.Context, tx db.Tx, campaignID, id, placeID int64, dues *dueList, p *Page) error {
	b, err := s.open(ctx, tx, campaignID)
	if err != nil {
		return err
	}
	i, ok := b.indicator(id)
	if !ok {
		return errNoIndicator
	}
	rows, err := readingsOf.All(ctx, tx, campaignID, id)
	if err != nil {
		return fmt.Errorf("figures of indicator %d: %w", id, err)
	}
	units, err := b.unitNames(ctx, tx)
	if err != nil {
		return err
	}
	if i.Direction == Zero {
		all, err := standing(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		p.Incidents = slices.DeleteFunc(all, func(x Incident) bool { return x.IndicatorID != id })
	}
	p.Now = s.clock.Now()
	p.Row = Row{Indicator: i, Unit: firstOf(units[i.UnitID], i.UnitName), Means: i.city(b.places, rows)}
	b.judge(&p.Row, i.happened(p.Incidents, kernel.DateOf(p.Now)), dues, p.Now)
	p.All, p.Targets, p.MayKeep, p.MayDecide = b.places, b.targets[id], MayKeep(b.view), MayDecide(b.view)
	b.placeRows(p, rows, units, dues)
	if err := b.choose(p, placeID); err != nil {
		return err
	}
	b.series(p, rows, dues)
	b.waiting(p, rows)
	return nil
}

// placeRows are the places at which the indicator is measured, with the city before them where it is made of them.
func (b *book) placeRows(p *Page, rows []Reading, units map[int64]string, dues *dueList) {
	slots := p.slots(b.places)
	if p.Summed && p.ByPlace {
		p.Places = append(p.Places, PlaceRow{Place: b.whole, Latest: p.Latest, Means: p.Means, Target: p.Target, Light: p.Light})
	}
	today := kernel.DateOf(p.Now)
	for _, place := range slots {
		one := p.Indicator
		one.Summed, one.ByPlace = false, false
		own := place
		own.Whole = true // alone, a place is all there is
		row := PlaceRow{Place: place, Unit: units[p.reporter(place)], Means: one.city([]Place{own}, ofPlace(rows, place.ID))}
		row.Latest = last(row.Means)
		year := today.Time().Year()
		if row.Latest != nil {
			year = YearOf(row.Latest.Period)
		}
		target, has := p.TargetFor(b.targets[p.ID], place.ID, b.whole.ID, year)
		if has {
			row.Target = p.TargetText(target)
		}
		happened := 0
		for _, x := range p.Incidents {
			if place.Whole || x.PlaceID == place.ID {
				happened++
			}
		}
		row.Light = p.light(row.Means, target, has, happened, today)
		alone := book{places: []Place{own}}
		row.Missing = alone.missing(one, row.Means, dues, p.Now)
		p.Places = append(p.Places, row)
	}
}

// ofPlace are the rows of a place, of rows in the order of places.
func ofPlace(rows []Reading, place int64) []Reading {
	from := slices.IndexFunc(rows, func(r Reading) bool { return r.PlaceID == place })
	if from < 0 {
		return nil
	}
	to := from
	for to < len(rows) && rows[to].PlaceID == place {
		to++
	}
	return rows[from:to]
}

func (b *book) choose(p *Page, placeID int64) error {
	if placeID == 0 && len(p.Places) > 0 {
		p.Place = p.Places[0].Place
		return nil
	}
	n := slices.IndexFunc(p.Places, func(r PlaceRow) bool { return r.Place.ID == placeID })
	if n < 0 {
		return kernel.E(kernel.NotFound, "这项指标没有这个地区的数")
	}
	p.Place = p.Places[n].Place
	return nil
}

// series is the chosen place's figures, the latest first, the missing among them.
func (b *book) series(p *Page, rows []Reading, dues *dueList) {
	p.MayFill, p.Reporter = mayFill(b.view, p.reporter(p.Place)), cmp.Or(p.reporter(p.Place), NoUnit)
	year := kernel.DateOf(p.Now).Time().Year()
	if v, ok := p.TargetFor(b.targets[p.ID], p.Place.ID, b.whole.ID, year); ok {
		p.TargetV = &v
	}
	if p.Place.Whole && p.Summed && p.ByPlace {
		for n := range p.Means {
			m := &p.Means[n]
			p.Series = append(p.Series, FigureRow{Period: m.Period, City: m, Mark: Free})
			if m.Value != nil {
				p.Approved = append(p.Approved, Point{m.Period, ordinal(m.Period), *m.Value})
			}
		}
	} else {
		own := ofPlace(rows, p.Place.ID)
		for n := range own {
			r := &own[n]
			p.Series = append(p.Series, FigureRow{Period: r.Period, Reading: r, Mark: dues.markOf(p.Indicator, r.Period, r, p.Now)})
			if r.Counts != nil {
				p.Approved = append(p.Approved, Point{r.Period, ordinal(r.Period), *r.Counts})
			}
			if r.Step == Submitted {
				p.Pending = append(p.Pending, Point{r.Period, ordinal(r.Period), r.Value})
			}
		}
		p.Series = append(p.Series, b.gaps(p, dues)...)
	}
	slices.SortFunc(p.Series, func(a, c FigureRow) int { return ordinal(c.Period) - ordinal(a.Period) })
	slices.SortFunc(p.Approved, func(a, c Point) int { return a.X - c.X })
	p.foresee()
}

// gaps are the periods that are owed and have no figure, the one that runs with them.
func (b *book) gaps(p *Page, dues *dueList) (list []FigureRow) {
	current := report.PeriodOf(p.Cadence, kernel.DateOf(p.Now).Month())
	for q := p.FirstPeriod; q <= current; q = q.Next() {
		if p.owes(q) && !slices.ContainsFunc(p.Series, func(r FigureRow) bool { return r.Period == q }) {
			list = append(list, FigureRow{Period: q, Mark: dues.markOf(p.Indicator, q, nil, p.Now)})
		}
	}
	return list
}

func (p *Page) foresee() {
	var until report.Period
	if p.Phase.StartMonth != "" {
		until = report.PeriodOf(p.Cadence, p.Phase.StartMonth)
	}
	p.Foreseen = p.Foresee(p.Approved, until)
	target := 0.0
	if p.TargetV != nil {
		target = *p.TargetV
	}
	p.Verdict = p.Judge(p.Foreseen, target, p.TargetV != nil)
}

func (b *book) waiting(p *Page, rows []Reading) {
	for _, r := range rows {
		if r.Step == Submitted {
			place, _ := b.place(r.PlaceID)
			p.Waits = append(p.Waits, Waiting{r, place, !mayDecideOn(b.view, p.reporter(place), r)})
		}
	}
	slices.SortStableFunc(p.Waits, func(a, c Waiting) int { return ordinal(c.Reading.Period) - ordinal(a.Reading.Period) })
}

// FigureSeen is one figure with everything it was.
type FigureSeen struct {
	Reading

	Indicator Indicator
	Place     Place
	Versions  []Version // with the one that stands, the latest first
	Mark      Mark
	Reporter  string
	MayFill   bool
	MayDecide bool
}

// Figure reads a figure with everything it was. It fails with not_found.
func (s *Service) Figure(ctx context.Context, campaignID, id int64) (f FigureSeen, err error) {
	days, err := s.calendar.Days(ctx)
	if err != nil {
		return f, err
	}
	err = s.db.Snapshot(ctx, func(tx db.Tx) error {
		b, err := s.open(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		rows, err := readingByID.All(ctx, tx, campaignID, id)
		if err != nil {
			return fmt.Errorf("figure %d: %w", id, err)
		}
		if len(rows) == 0 {
			return errNoFigure
		}
		f = FigureSeen{Reading: rows[0]}
		if f.Versions, err = versionsOf.All(ctx, tx, campaignID, id); err != nil {
			return fmt.Errorf("versions of figure %d: %w", id, err)
		}
		f.Versions = append([]Version{f.asVersion()}, f.Versions...)
		f.Indicator, _ = b.indicator(f.IndicatorID)
		f.Place, _ = b.place(f.PlaceID)
		unit := f.Indicator.reporter(f.Place)
		units, err := b.unitNames(ctx, tx)
		if err != nil {
			return err
		}
		f.Reporter = firstOf(units[unit], f.Indicator.UnitName)
		f.Mark = newDueList(days).markOf(f.Indicator, f.Period, &f.Reading, s.clock.Now())
		f.MayFill, f.MayDecide = mayFill(b.view, unit), mayDecideOn(b.view, unit, f.Reading) && f.Step == Submitted
		return nil
	})
	return f, err
}

var versionsOf = db.Select[Version]("WHERE rv.campaign_id = ? AND rv.reading_id = ? ORDER BY rv.version DESC")

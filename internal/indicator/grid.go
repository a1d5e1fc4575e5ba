package indicator

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"pinzhi/internal/calendar"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"

	"github.com/uptrace/bun"
)

// GridRow is one figure to be filled in.
type GridRow struct {
	Indicator Indicator
	Place     Place
	Period    report.Period
	Reading   *Reading
	Before    string // the figure of the period before
	Target    string
	Known     string // what the system knows: incidents in the register
	Mark      Mark
	MayFill   bool
}

// NoUnit stands for whoever is known by name only: the office fills in for him.
const NoUnit = -1

// UnitChoice is a unit that reports something, or NoUnit.
type UnitChoice struct {
	ID   int64
	Name string
	N    int // figures a month at most
}

// Grid is what a unit fills in for a month: monthly figures, and those of longer periods that end with it.
type Grid struct {
	Unit   UnitChoice
	Units  []UnitChoice
	Month  kernel.Month
	Rows   []GridRow
	Of     int // rows in all
	From   int // of the first on this page, from 0
	Next   int // of the first on the next page; 0 for none
	Due    calendar.Reckoning
	Mine   bool // the unit is the viewer's, or he is of the office
	Given  int  // of this page
	Office bool
}

// gridRows is how many figures a page asks for.
const gridRows = 60

// ends reports whether a cadence's period ends with a month, and which.
func ends(c report.Cadence, m kernel.Month) (report.Period, bool) {
	p := report.PeriodOf(c, m)
	return p, p.LastMonth() == m
}

// Grid reads what a unit fills in for a month. unit 0 is the viewer's own, or for whoever has none the first that reports;
// month "" is that of the latest period that is over.
func (s *Service) Grid(ctx context.Context, campaignID, unit int64, month kernel.Month, from int) (g Grid, err error) {
	if _, err := s.Adopt(ctx, campaignID); err != nil {
		return g, err
	}
	days, err := s.calendar.Days(ctx)
	if err != nil {
		return g, err
	}
	if month == "" {
		month = s.clock.Today().Month().Add(-1)
	}
	err = s.db.Snapshot(ctx, func(tx db.Tx) error {
		b, err := s.open(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		g = Grid{Month: month, From: max(0, from), Office: MayKeep(b.view), Due: HowDue(report.PeriodOf(report.Monthly, month))}
		if err := b.chooseUnit(ctx, tx, &g, unit); err != nil {
			return err
		}
		return s.fillGrid(ctx, tx, &b, newDueList(days), &g)
	})
	return g, err
}

// chooseUnit lists the units that report something and picks one.
func (b *book) chooseUnit(ctx context.Context, tx db.Tx, g *Grid, unit int64) error {
	names, err := b.unitNames(ctx, tx)
	if err != nil {
		return err
	}
	n := map[int64]int{}
	for _, i := range b.indicators {
		for _, p := range i.slots(b.places) {
			n[cmp.Or(i.reporter(p), NoUnit)]++
		}
	}
	for id, count := range n {
		name := names[id]
		if id == NoUnit {
			name = "没有对应到单位的指标"
		}
		g.Units = append(g.Units, UnitChoice{id, name, count})
	}
	slices.SortFunc(g.Units, func(a, c UnitChoice) int { return cmp.Or(cmp.Compare(c.N, a.N), cmp.Compare(a.ID, c.ID)) })
	at := slices.IndexFunc(g.Units, func(u UnitChoice) bool { return u.ID == unit })
	if unit == 0 {
		if own := slices.IndexFunc(g.Units, func(u UnitChoice) bool { return b.view.Standing.OfUnit(u.ID) }); own >= 0 {
			at = own
		}
	}
	if at < 0 && unit != 0 {
		return kernel.E(kernel.NotFound, "这个单位没有要填的指标")
	}
	if len(g.Units) > 0 {
		g.Unit = g.Units[max(0, at)]
	}
	g.Mine = mayFill(b.view, g.Unit.ID)
	return nil
}

func (s *Service) fillGrid(ctx context.Context, tx db.Tx, b *book, dues *dueList, g *Grid) error {
	now := s.clock.Now()
	var rows []GridRow
	for _, i := range b.indicators {
		p, ok := ends(i.Cadence, g.Month)
		if !ok || (i.LastPeriod != "" && p > i.LastPeriod) {
			continue
		}
		for _, place := range i.slots(b.places) {
			if cmp.Or(i.reporter(place), NoUnit) == g.Unit.ID {
				rows = append(rows, GridRow{Indicator: i, Place: place, Period: p, MayFill: g.Mine})
			}
		}
	}
	g.Of = len(rows)
	g.From = min(g.From, max(0, len(rows)-1))
	end := min(len(rows), g.From+gridRows)
	if end < len(rows) {
		g.Next = end
	}
	g.Rows = rows[g.From:end]
	if err := b.readGrid(ctx, tx, g); err != nil {
		return err
	}
	happened, err := standing(ctx, tx, b.view.ID)
	if err != nil {
		return err
	}
	for n := range g.Rows {
		r := &g.Rows[n]
		r.Mark = dues.markOf(r.Indicator, r.Period, r.Reading, now)
		if v, ok := r.Indicator.TargetFor(b.targets[r.Indicator.ID], r.Place.ID, b.whole.ID, YearOf(r.Period)); ok {
			r.Target = r.Indicator.TargetText(v)
		}
		if r.Indicator.Direction == Zero && kernel.DateOf(now) > r.Period.Last() { // before that more may happen
			r.Known = strconv.Itoa(r.Indicator.happenedIn(happened, r.Place, r.Period))
		}
		if r.Reading != nil && r.Reading.Step != Draft {
			g.Given++
		}
	}
	return nil
}

// readGrid reads the figures of the page and those of the period before.
func (b *book) readGrid(ctx context.Context, tx db.Tx, g *Grid) error {
	if len(g.Rows) == 0 {
		return nil
	}
	var indicators, places []int64
	var periods []string
	for _, r := range g.Rows {
		indicators, places = append(indicators, r.Indicator.ID), append(places, r.Place.ID)
		periods = append(periods, string(r.Period), string(before(r.Period)))
	}
	var rows []Reading
	err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", b.view.ID).Where("indicator_id IN (?)", bun.List(distinct(indicators))).
		Where("place_id IN (?)", bun.List(distinct(places))).Where("period IN (?)", bun.List(distinct(periods))).Scan(ctx)
	if err != nil {
		return fmt.Errorf("grid: %w", err)
	}
	at := map[pair]map[report.Period]*Reading{}
	for n := range rows {
		key := pair{rows[n].IndicatorID, rows[n].PlaceID}
		if at[key] == nil {
			at[key] = map[report.Period]*Reading{}
		}
		at[key][rows[n].Period] = &rows[n]
	}
	for n := range g.Rows {
		r := &g.Rows[n]
		own := at[pair{r.Indicator.ID, r.Place.ID}]
		r.Reading = own[r.Period]
		if was := own[before(r.Period)]; was != nil {
			r.Before = r.Indicator.Shown(was.Value)
		}
	}
	return nil
}

func before(p report.Period) report.Period {
	return report.PeriodOf(p.Cadence(), p.FirstMonth().Add(-1))
}

func distinct[T cmp.Ordered](list []T) []T {
	slices.Sort(list)
	return slices.Compact(list)
}

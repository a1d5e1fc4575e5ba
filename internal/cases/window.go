package cases

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"

	"github.com/uptrace/bun"
)

// The map shows a window of the ground. Where few cases lie in it, each is a mark; where many do, cells are counted.
// Nobody waits for that: what everybody asks for (the whole city, nothing narrowed) stands counted in case_cells,
// which every registration and every end of a case keeps; what is narrowed is counted in indexes that hold all that
// a filter asks for.

const (
	// mostMarks is how many single cases a window shows. More than that no eye tells apart.
	mostMarks = 1000
	// windowRows is how many cases stand in the list beside the map.
	windowRows = 50
	// mostFound is how many cases with a text the map looks at, the newest.
	mostFound = 2000
	// perDegree is how many cells of case_cells a degree has.
	perDegree = 200
	// cellPixels is how wide a counted cell is on the screen, at the least.
	cellPixels = 52
	maxZoom    = 19
)

// Box is a part of the ground, in degrees.
type Box struct{ West, South, East, North float64 }

// Check fails with invalid where the box is none.
func (b Box) Check() error {
	ok := b.West < b.East && b.South < b.North && b.West >= -180 && b.East <= 180 && b.South >= -90 && b.North <= 90
	if !ok { // also where one is not a number
		return kernel.E(kernel.Invalid, "地图范围要写成 西,南,东,北")
	}
	return nil
}

// Mark is how a case looks on the map: its light, without words.
type Mark string

// The marks, the most urgent first.
const (
	MarkLate Mark = "late"
	MarkSoon Mark = "soon"
	MarkOpen Mark = "ok"
	MarkDone Mark = "idle" // nobody's clock runs
)

// Point is a single case on the map.
type Point struct {
	ID       int64
	Title    string
	Lat, Lon float64
	Hand     Hand
	DueAt    time.Time
	AmberAt  time.Time
	Mark     Mark `bun:"-"`
}

func (p Point) mark(now time.Time) Mark {
	switch {
	case p.Hand == Nobody:
		return MarkDone
	case !p.DueAt.IsZero() && !p.DueAt.After(now):
		return MarkLate
	case !p.AmberAt.IsZero() && !p.AmberAt.After(now):
		return MarkSoon
	}
	return MarkOpen
}

// Cell is how many cases lie in a square of the ground.
type Cell struct {
	Box

	N    int
	Late int
}

// Window is what the map shows of a box: single cases or cells, never both, and the cases that stand first in it.
type Window struct {
	N      int // of the single cases, or of the cells shown, which reach over the edge
	Late   int
	Points []Point
	Cells  []Cell
	Rows   []Row
}

// Window returns what the map shows of a box at a zoom (256·2^zoom pixels around the Earth): of the cases that the
// viewer may see and the filter leaves. The list beside has what is due first; without Filter.Open the newest.
// It fails with invalid where the box is none.
func (s *Service) Window(ctx context.Context, v Viewer, f Filter, box Box, zoom int) (w Window, err error) {
	if err := box.Check(); err != nil {
		return w, err
	}
	look := looking{s: s, v: v, f: f, box: box, side: sideAt(zoom)}
	if strings.TrimSpace(f.Text) != "" {
		if look.ids, err = db.CaseText.Page(ctx, s.db.Reader(), v.CampaignID, f.Text, math.MaxInt64, mostFound); err != nil {
			return w, fmt.Errorf("window: %w", err)
		}
	}
	w.Cells, err = look.cells(ctx)
	for _, c := range w.Cells {
		w.N, w.Late = w.N+c.N, w.Late+c.Late
	}
	if err == nil && w.N <= mostMarks {
		w = Window{}
		err = look.single(ctx, &w)
	} else if err == nil {
		w.Rows, err = look.first(ctx)
	}
	if err != nil {
		return w, fmt.Errorf("window: %w", err)
	}
	return w, s.name(ctx, w.Rows)
}

// sideAt is the side of a counted cell at a zoom, in steps of case_cells: 4 is four of them, -2 a quarter of one.
func sideAt(zoom int) int {
	zoom = max(0, min(zoom, maxZoom))
	pixels := 256 * math.Exp2(float64(zoom)) / 360 / perDegree
	k := int(math.Ceil(math.Log2(cellPixels / pixels)))
	if k >= 0 {
		return 1 << k
	}
	return -(1 << -k)
}

// looking is one look through a window.
type looking struct {
	s    *Service
	v    Viewer
	f    Filter
	box  Box
	side int
	ids  []int64 // what has the text asked for
}

// counted reports whether case_cells answers: where all is seen, and nothing is narrowed but to what is open.
func (l looking) counted() bool {
	f := l.f
	f.Open, f.After = false, ""
	return l.side > 0 && l.v.SeesAll() && f == Filter{}
}

func (l looking) query() *bun.SelectQuery { return l.over("cases AS ca") }

// over is the query of the window over the table, by whatever index of it.
func (l looking) over(table string) *bun.SelectQuery {
	q := l.s.narrow(l.v, l.f, l.s.within(l.v, l.s.db.Reader().NewSelect().TableExpr(table).Where("ca.campaign_id = ?", l.v.CampaignID)))
	if strings.TrimSpace(l.f.Text) != "" {
		q = q.Where("ca.id IN (?)", bun.List(append(l.ids, 0)))
	}
	return q.Where("ca.lat IS NOT NULL")
}

// seen are the cases that exist for the viewer, as within says it, but for what reads all of them: the units' cases
// are collected first, instead of every case being asked whether it is one of them.
func (s *Service) seen(v Viewer) *bun.SelectQuery {
	q := s.db.Reader().NewSelect().TableExpr("cases AS ca").Where("ca.campaign_id = ?", v.CampaignID)
	if len(v.Units()) == 0 || len(v.headsOf(plan.WorkGroup)) > 0 {
		return s.within(v, q)
	}
	if v.SeesAll() {
		return q
	}
	return q.Where(`ca.id IN (SELECT case_id FROM case_units WHERE campaign_id = ? AND unit_id IN (?)
		UNION SELECT id FROM cases WHERE campaign_id = ? AND found_by = ?)`, v.CampaignID, bun.List(v.Units()), v.CampaignID, v.Actor.AccountID)
}

// rowColumns are the columns of a case that a short row shows; there are three times as many.
var rowColumns = []string{"id", "campaign_id", "title", "source", "severity", "address", "registered_at", "step", "hand", "lead_unit_id", "due_at", "amber_at", "escalated"}

func in(q *bun.SelectQuery, b Box) *bun.SelectQuery {
	return q.Where("ca.lat >= ? AND ca.lat < ?", b.South, b.North).Where("ca.lon >= ? AND ca.lon < ?", b.West, b.East)
}

// scale is how many cells as they are shown a degree has.
func (l looking) scale() float64 {
	if l.side > 0 {
		return perDegree / float64(l.side)
	}
	return perDegree * float64(-l.side)
}

// cellRow is a cell by its place in the grid: X and Y count from the meridian and the equator.
type cellRow struct {
	Y, X int64
	N    int
	Late int
}

// cells counts by cells that are whole, so that a cell never shows a part of what lies in it.
func (l looking) cells(ctx context.Context) ([]Cell, error) {
	per := l.scale()
	whole := Box{math.Floor(l.box.West*per) / per, math.Floor(l.box.South*per) / per, math.Ceil(l.box.East*per) / per, math.Ceil(l.box.North*per) / per}
	var rows []cellRow
	var err error
	if l.counted() {
		rows, err = l.summed(ctx, whole)
	} else {
		rows, err = l.grouped(ctx, whole)
	}
	if err != nil {
		return nil, fmt.Errorf("cells: %w", err)
	}
	list := make([]Cell, 0, len(rows))
	for _, r := range rows {
		b := Box{float64(r.X) / per, float64(r.Y) / per, float64(r.X+1) / per, float64(r.Y+1) / per}
		list = append(list, Cell{Box: b, N: r.N, Late: r.Late})
	}
	return list, nil
}

// grouped counts in the indexes of the places. What is late is always open, so it is counted in the smaller one.
func (l looking) grouped(ctx context.Context, b Box) (rows []cellRow, err error) {
	y, x, late := "CAST(floor(ca.lat * ?) AS bigint) AS y", "CAST(floor(ca.lon * ?) AS bigint) AS x", "sum(CASE WHEN ca.due_at <= ? THEN 1 ELSE 0 END) AS late"
	q := in(l.over(l.covering()), b).ColumnExpr(y, l.scale()).ColumnExpr(x, l.scale()).ColumnExpr("count(*) AS n").GroupExpr("1, 2")
	if l.f.Open {
		q = q.ColumnExpr(late, l.s.clock.Now())
	}
	if err := q.Scan(ctx, &rows); err != nil || l.f.Open {
		return rows, err
	}
	l.f.Open, l.f.Late = true, true
	var overdue []cellRow
	if err := in(l.over(l.covering()), b).ColumnExpr(y, l.scale()).ColumnExpr(x, l.scale()).ColumnExpr("count(*) AS late").GroupExpr("1, 2").Scan(ctx, &overdue); err != nil {
		return nil, err
	}
	return gathered(append(rows, overdue...), 1), nil
}

// covering names the index that holds all that counting asks for. SQLite would rather take the one of the category
// and look at every case of it; PostgreSQL weighs that by itself.
func (l looking) covering() string {
	f := l.f
	few := len(l.ids) > 0
	switch {
	case few || db.KindOf(l.s.db.Reader()) != db.SQLite:
		return "cases AS ca"
	case f.Open:
		return "cases AS ca INDEXED BY cases_open_places"
	case f.Step == "" && f.Unit == 0 && !f.Late && !f.Mine && l.v.SeesAll():
		return "cases AS ca INDEXED BY cases_places"
	}
	return "cases AS ca"
}

// summed reads the cells that are counted already, and what of them is late: that changes by the clock alone.
func (l looking) summed(ctx context.Context, b Box) ([]cellRow, error) {
	n := "n"
	if l.f.Open {
		n = "open"
	}
	var rows, late []cellRow
	side := l.side
	err := l.s.db.Reader().NewSelect().TableExpr("case_cells").ColumnExpr("y").ColumnExpr("x").ColumnExpr("? AS n", bun.Ident(n)).
		Where("campaign_id = ?", l.v.CampaignID).Where("y BETWEEN ? AND ?", cellOf(b.South), cellOf(b.North)-1).
		Where("x BETWEEN ? AND ?", cellOf(b.West), cellOf(b.East)-1).Where("? > 0", bun.Ident(n)).Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	q := in(l.s.db.Reader().NewSelect().TableExpr("cases AS ca").Where("ca.campaign_id = ?", l.v.CampaignID), b)
	err = q.Where("ca.hand <> ''").Where("ca.lat IS NOT NULL").Where("ca.due_at <= ?", l.s.clock.Now()).
		ColumnExpr("CAST(floor(ca.lat * ?) AS bigint) AS y", perDegree).ColumnExpr("CAST(floor(ca.lon * ?) AS bigint) AS x", perDegree).
		ColumnExpr("count(*) AS late").GroupExpr("1, 2").Scan(ctx, &late)
	if err != nil {
		return nil, err
	}
	return gathered(append(rows, late...), int64(side)), nil
}

// gathered adds small cells up to those that are shown.
func gathered(rows []cellRow, side int64) []cellRow {
	type key struct{ y, x int64 }
	at := map[key]int{}
	var list []cellRow
	for _, r := range rows {
		k := key{floorDiv(r.Y, side), floorDiv(r.X, side)}
		i, ok := at[k]
		if !ok {
			i = len(list)
			at[k] = i
			list = append(list, cellRow{Y: k.y, X: k.x})
		}
		list[i].N, list[i].Late = list[i].N+r.N, list[i].Late+r.Late
	}
	return list
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// single reads the cases one by one, the most urgent first, and the rows of those that stand in the list.
func (l looking) single(ctx context.Context, w *Window) error {
	q := in(l.query(), l.box).ColumnExpr("ca.id, ca.title, ca.lat, ca.lon, ca.hand, ca.due_at, ca.amber_at")
	if err := q.Limit(mostMarks).Scan(ctx, &w.Points); err != nil {
		return fmt.Errorf("points: %w", err)
	}
	now := l.s.clock.Now()
	for i := range w.Points {
		p := &w.Points[i]
		if p.Mark = p.mark(now); p.Mark == MarkLate {
			w.Late++
		}
	}
	w.N = len(w.Points)
	slices.SortFunc(w.Points, func(a, b Point) int {
		if !l.f.Open {
			return cmp.Compare(b.ID, a.ID)
		}
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	var ids []int64
	for _, p := range w.Points[:min(len(w.Points), windowRows)] {
		ids = append(ids, p.ID)
	}
	if len(ids) == 0 {
		return nil
	}
	err := l.s.db.Reader().NewSelect().Model(&w.Rows).Column(rowColumns...).Where("ca.campaign_id = ?", l.v.CampaignID).Where("ca.id IN (?)", bun.List(ids)).Scan(ctx)
	slices.SortFunc(w.Rows, func(a, b Row) int { return cmp.Compare(slices.Index(ids, a.ID), slices.Index(ids, b.ID)) })
	return err
}

// first reads the rows of the list where too many cases lie in the box to read them all: it goes through them in
// the list's order and stops when the list is full, which is soon.
func (l looking) first(ctx context.Context) (rows []Row, err error) {
	var ids []int64
	order := []string{"ca.id DESC"}
	if l.f.Open {
		order = []string{"ca.due_at", "ca.id"}
	}
	q := in(l.query(), l.box)
	if db.KindOf(l.s.db.Reader()) == db.SQLite && l.v.SeesAll() && len(l.ids) == 0 {
		q = l.inOrder()
	}
	if err := q.Column("ca.id").Order(order...).Limit(windowRows).Scan(ctx, &ids); err != nil || len(ids) == 0 {
		return nil, err
	}
	err = l.s.db.Reader().NewSelect().Model(&rows).Column(rowColumns...).Where("ca.campaign_id = ?", l.v.CampaignID).Where("ca.id IN (?)", bun.List(ids)).Scan(ctx)
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(slices.Index(ids, a.ID), slices.Index(ids, b.ID)) })
	return rows, err
}

// inOrder keeps SQLite from collecting the whole box by the index of the places and sorting it: with the plus it does
// not see that the index would serve. PostgreSQL weighs that by itself.
func (l looking) inOrder() *bun.SelectQuery {
	table := "cases AS ca"
	if l.f.Open {
		table = "cases AS ca INDEXED BY cases_due_places"
	}
	return l.over(table).Where("+ca.lat >= ? AND +ca.lat < ?", l.box.South, l.box.North).Where("+ca.lon >= ? AND +ca.lon < ?", l.box.West, l.box.East)
}

// Placed is how much of what a viewer may see has a place, and where on the ground that lies.
type Placed struct {
	N, Of int
	Box   Box // empty where nothing has a place
}

// Placed counts the cases that the map can show, of those that there are: open ones, or all.
func (s *Service) Placed(ctx context.Context, v Viewer, open bool) (p Placed, err error) {
	if v.SeesAll() {
		return s.placedOfAll(ctx, v, open)
	}
	var row struct {
		N, Total                 int
		West, South, East, North float64
	}
	q := s.narrow(v, Filter{Open: open}, s.seen(v))
	err = q.ColumnExpr("count(ca.lat) AS n, count(*) AS total, coalesce(min(ca.lon), 0.0) AS west, coalesce(min(ca.lat), 0.0) AS south").
		ColumnExpr("coalesce(max(ca.lon), 0.0) AS east, coalesce(max(ca.lat), 0.0) AS north").Scan(ctx, &row)
	if err != nil {
		return p, fmt.Errorf("placed: %w", err)
	}
	return Placed{row.N, row.Total, Box{row.West, row.South, row.East, row.North}}, nil
}

func (s *Service) placedOfAll(ctx context.Context, v Viewer, open bool) (p Placed, err error) {
	var row struct{ N, South, North, West, East int64 }
	n := "n"
	if open {
		n = "open"
	}
	err = s.db.Reader().NewSelect().TableExpr("case_cells").ColumnExpr("coalesce(sum(?), 0) AS n", bun.Ident(n)).
		ColumnExpr("coalesce(min(y), 0) AS south, coalesce(max(y) + 1, 0) AS north, coalesce(min(x), 0) AS west, coalesce(max(x) + 1, 0) AS east").
		Where("campaign_id = ?", v.CampaignID).Where("? > 0", bun.Ident(n)).Scan(ctx, &row)
	if err != nil {
		return p, fmt.Errorf("placed: %w", err)
	}
	p = Placed{N: int(row.N), Box: Box{float64(row.West) / perDegree, float64(row.South) / perDegree, float64(row.East) / perDegree, float64(row.North) / perDegree}}
	counts, err := s.CountByStep(ctx, v.CampaignID, 0)
	for step, n := range counts {
		if !open || handAt[step] != Nobody {
			p.Of += n
		}
	}
	return p, err
}

// cellOf is the cell of case_cells in which a degree lies. What is meant to be on a line stays on it.
func cellOf(degree float64) int64 { return int64(math.Floor(degree*perDegree + 1e-9)) }

// place keeps case_cells: a case appears in its cell, and leaves the open ones when nobody's clock runs any more.
func place(ctx context.Context, tx db.Tx, was, c Case) error {
	if c.Lat == nil || c.Lon == nil {
		return nil
	}
	n, open := 0, 0
	if was.ID == 0 {
		n = 1
	}
	if was.ID != 0 && was.Hand != Nobody {
		open--
	}
	if c.Hand != Nobody {
		open++
	}
	if n == 0 && open == 0 {
		return nil
	}
	_, err := tx.NewRaw(`INSERT INTO case_cells (campaign_id, y, x, n, open) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (campaign_id, y, x) DO UPDATE SET n = case_cells.n + excluded.n, open = case_cells.open + excluded.open`,
		c.CampaignID, math.Floor(*c.Lat*perDegree), math.Floor(*c.Lon*perDegree), n, open).Exec(ctx)
	if err != nil {
		return fmt.Errorf("cell of case %d: %w", c.ID, err)
	}
	return nil
}

package cases

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"pinzhi/internal/kernel"
)

// The map shows a window of the ground. Where few cases lie in it, each is a mark; where many do, cells are counted.
// Both come out of one pass over the sheet.

const (
	// mostMarks is how many single cases a window shows. More than that no eye tells apart.
	mostMarks = 1000
	// windowRows is how many cases stand in the list beside the map.
	windowRows = 50
	// mostCells is how many cells a window counts, at the most; a screen shows some two hundred.
	mostCells = 4096
	// mostFound is how many cases with a text the map looks at, the newest.
	mostFound = 2000
	// cellZoom is by how many halvings a cell is wider than a pixel: 45 pixels on the screen.
	cellZoom = 6
	maxZoom  = 19
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
	Mark     Mark
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
	texts, err := s.withText(ctx, v, f)
	if err != nil {
		return w, err
	}
	sh, err := s.held(ctx, v.CampaignID)
	if err != nil {
		return w, err
	}
	q := sh.ask(v, f, s.clock.Now())
	q.texts = texts
	look := q.look(box, zoom)
	sh.RUnlock()
	if len(look.cells) > 0 {
		w.N, w.Late, w.Cells = look.n, look.late, look.cells
	} else if err := s.single(ctx, v.CampaignID, look.marks, !f.Open, &w); err != nil {
		return w, err
	}
	if w.Rows, err = s.rows(ctx, v.CampaignID, look.first.ids(), rowColumns...); err != nil {
		return w, err
	}
	return w, s.name(ctx, w.Rows)
}

// rowColumns are the columns of a case that a short row shows; there are three times as many.
var rowColumns = []string{"id", "campaign_id", "title", "source", "severity", "address", "registered_at", "step", "hand", "lead_unit_id", "due_at", "amber_at", "escalated"}

// look is what one pass over the sheet finds in a window: marks where they are few, else cells.
type look struct {
	n, late int // in the cells
	cells   []Cell
	marks   []int64
	first   firsts
}

// look passes over the sheet. Cells are counted whole, so that one never shows a part of what lies in it: the
// question is put over all that the box touches, and whether the marks are too many is judged by that too.
func (q *question) look(box Box, zoom int) look {
	q.within(box)
	inner, g := *q, gridOver(q, zoom)
	k := look{first: firsts{n: windowRows, newest: !q.open}}
	for l := range q.lines() {
		c := g.cell(l)
		k.n++
		c.n++
		if q.overdue(l) {
			k.late++
			c.late++
		}
		if !inner.inBox(l) {
			continue
		}
		if len(k.marks) < mostMarks {
			k.marks = append(k.marks, l.id)
		}
		k.first.add(l)
	}
	if k.n > mostMarks {
		k.cells, k.marks = g.boxes(), nil
	}
	return k
}

// grid is the cells that cover a part of the ground, row by row from the south west.
type grid struct {
	bits        uint // a cell is two to so many of the ground's steps wide and high
	south, west ground
	width       ground
	cells       []struct{ n, late int }
}

// gridOver lays cells over the question's box and widens the box to what they cover.
func gridOver(q *question, zoom int) grid {
	// At zoom z the ground's 360·2²³ steps are 256·2^z pixels. The widest cell is 32 degrees, which no int32 is left by.
	g := grid{bits: uint(min(23+cellZoom-max(0, min(zoom, maxZoom)), 28))}
	for ; ; g.bits++ { // whoever asks for the world as if it were a street gets the cells of a world
		g.south, g.west = q.south>>g.bits<<g.bits, q.west>>g.bits<<g.bits
		height := (q.north-1)>>g.bits - q.south>>g.bits + 1
		g.width = (q.east-1)>>g.bits - q.west>>g.bits + 1
		if int(height)*int(g.width) <= mostCells {
			g.cells = make([]struct{ n, late int }, int(height)*int(g.width))
			q.south, q.west = g.south, g.west
			q.north, q.east = g.south+height<<g.bits, g.west+g.width<<g.bits
			return g
		}
	}
}

func (g *grid) cell(l *line) *struct{ n, late int } {
	return &g.cells[(l.lat-g.south)>>g.bits*g.width+(l.lon-g.west)>>g.bits]
}

// boxes are the cells in which something lies.
func (g *grid) boxes() (list []Cell) {
	side := ground(1) << g.bits
	b := Box{West: g.west.degree(), South: g.south.degree(), East: (g.west + side).degree(), North: (g.south + side).degree()}
	for first := b; len(g.cells) > 0; g.cells = g.cells[g.width:] {
		for _, c := range g.cells[:g.width] {
			if c.n > 0 {
				list = append(list, Cell{Box: b, N: c.n, Late: c.late})
			}
			b.West, b.East = b.East, b.East+side.degree()
		}
		b.West, b.East = first.West, first.East
		b.South, b.North = b.North, b.North+side.degree()
	}
	return list
}

// single reads the cases that stand on the map one by one, in the order of the list.
func (s *Service) single(ctx context.Context, campaignID int64, ids []int64, newest bool, w *Window) error {
	rows, err := s.rows(ctx, campaignID, ids, "id", "title", "lat", "lon", "hand", "due_at", "amber_at")
	if err != nil {
		return err
	}
	now := s.clock.Now()
	for _, r := range rows {
		if r.Lat == nil || r.Lon == nil {
			continue
		}
		p := Point{ID: r.ID, Title: r.Title, Lat: *r.Lat, Lon: *r.Lon, Hand: r.Hand, DueAt: r.DueAt, AmberAt: r.AmberAt}
		if p.Mark = p.mark(now); p.Mark == MarkLate {
			w.Late++
		}
		w.Points = append(w.Points, p)
	}
	w.N = len(w.Points)
	slices.SortFunc(w.Points, func(a, b Point) int {
		if newest {
			return cmp.Compare(b.ID, a.ID)
		}
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	return nil
}

// Placed is how much of what a viewer may see has a place, and where on the ground that lies.
type Placed struct {
	N, Of int
	Box   Box // empty where nothing has a place
}

// withText are the cases with the filter's text, as many as the map looks at; nil where it has none.
func (s *Service) withText(ctx context.Context, v Viewer, f Filter) (map[int64]bool, error) {
	if strings.TrimSpace(f.Text) == "" {
		return nil, nil //nolint:nilnil // nothing is asked for
	}
	ids, err := s.db.CasesWith(ctx, v.CampaignID, f.Text, math.MaxInt64, mostFound)
	if err != nil {
		return nil, fmt.Errorf("window: %w", err)
	}
	texts := map[int64]bool{}
	for _, id := range ids {
		texts[id] = true
	}
	return texts, nil
}

// narrows reports whether a filter leaves fewer than there are.
func (f Filter) narrows() bool {
	f.Open, f.After = false, ""
	return f != (Filter{})
}

// Start is what the map's page has before its script asks for a window: of the open cases that there are, or of all,
// how many it can show and where they lie, and of those what the filter leaves, with the list beside. One pass over the
// sheet finds all of it.
func (s *Service) Start(ctx context.Context, v Viewer, f Filter) (p Placed, w Window, err error) {
	texts, err := s.withText(ctx, v, f)
	if err != nil {
		return p, w, err
	}
	sh, err := s.held(ctx, v.CampaignID)
	if err != nil {
		return p, w, err
	}
	now := s.clock.Now()
	all, left := sh.ask(v, Filter{Open: f.Open}, now), sh.ask(v, f, now)
	left.texts = texts
	narrows, first := f.narrows(), firsts{n: windowRows, newest: !f.Open}
	south, north, west, east := ground(math.MaxInt32), nowhere, ground(math.MaxInt32), nowhere
	for l := range all.lines() {
		if p.Of++; l.lat == nowhere {
			continue
		}
		p.N++
		south, north, west, east = min(south, l.lat), max(north, l.lat), min(west, l.lon), max(east, l.lon)
		if narrows && !left.keeps(l) {
			continue
		}
		w.N++
		if left.overdue(l) {
			w.Late++
		}
		first.add(l)
	}
	sh.RUnlock()
	if p.N > 0 { // a place lies somewhere within its step
		p.Box = Box{West: west.degree(), South: south.degree(), East: (east + 1).degree(), North: (north + 1).degree()}
	}
	if w.Rows, err = s.rows(ctx, v.CampaignID, first.ids(), rowColumns...); err != nil {
		return p, w, err
	}
	return p, w, s.name(ctx, w.Rows)
}

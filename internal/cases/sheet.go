package cases

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"
	"sync"
	"time"

	"pinzhi/internal/plan"
)

// The sheet (总表) is what a campaign's cases are narrowed and counted by, one short line each, in memory: 48 bytes a
// case. Any filter of anybody is one pass over it, some milliseconds for a million cases, where an index for each
// filter would cost every registration its upkeep and still not serve two of them together. It holds no words and
// decides nothing: what is shown is read from the database, and what is done is checked there. See ADR 12.

// sheet is the lines of one campaign, by id. Readers hold its lock.
type sheet struct {
	sync.RWMutex

	lines      []line
	open       []int32 // the lines in somebody's hand, by their places: few among many
	concerned  []code  // the units of each case, one list after the other, each ended by 0
	units      codes[int64]
	bodies     codes[int64]
	accounts   codes[int64]
	persons    codes[int64]
	categories codes[string]
	steps      codes[Step]
	severities codes[Severity]
	sources    codes[Source]
	hands      codes[Hand]
}

// line is what a case is narrowed by.
type line struct {
	id                           int64
	due                          int64 // microseconds; 0 where no clock runs
	lat, lon                     ground
	concerned                    uint32 // where its units begin in the sheet's list
	foundBy, foundPerson         code
	category                     code
	lead, body                   uint16
	step, hand, severity, source uint8
}

// code stands for a word or a number in a line; 0 for none.
type code = uint32

// codes gives out codes as words come up.
type codes[T comparable] map[T]code

func (c codes[T]) put(v T) code {
	var none T
	if v == none {
		return 0
	}
	n, ok := c[v]
	if !ok {
		n = code(len(c) + 1) //nolint:gosec // there are not so many units, people or words
		c[v] = n
	}
	return n
}

// of returns the code of a word; for one that never came up, one that no line has.
func (c codes[T]) of(v T) code {
	var none T
	if v == none {
		return 0
	}
	if n, ok := c[v]; ok {
		return n
	}
	return math.MaxUint32
}

// ground is a degree in steps of 2⁻²³, some 1.3 cm: so that the map's cells, which halve at every zoom, are whole
// numbers of steps.
type ground int32

const (
	steps   = 1 << 23
	nowhere = ground(math.MinInt32)
)

func onGround(degree float64) ground { return ground(math.Floor(degree * steps)) }

func (g ground) degree() float64 { return float64(g) / steps }

func newSheet() *sheet {
	return &sheet{units: codes[int64]{}, bodies: codes[int64]{}, accounts: codes[int64]{}, persons: codes[int64]{}, categories: codes[string]{},
		steps: codes[Step]{}, severities: codes[Severity]{}, sources: codes[Source]{}, hands: codes[Hand]{}}
}

// put writes a case's line anew, or for the first time, with the units that it concerns.
func (s *sheet) put(c Case, units []int64) error {
	l := line{id: c.ID, lat: nowhere, lon: nowhere, foundBy: s.accounts.put(c.FoundBy), foundPerson: s.persons.put(c.FoundPerson), category: s.categories.put(c.Category)}
	if c.Lat != nil && c.Lon != nil {
		l.lat, l.lon = onGround(*c.Lat), onGround(*c.Lon)
	}
	if c.Hand != Nobody && !c.DueAt.IsZero() {
		l.due = c.DueAt.UnixMicro()
	}
	lead, body, step, severity, source, hand := s.units.put(c.LeadUnitID), s.bodies.put(c.BodyID), s.steps.put(c.Step), s.severities.put(c.Severity), s.sources.put(c.Source), s.hands.put(c.Hand)
	if max(lead, body) > math.MaxUint16 || max(step, severity, source, hand) > math.MaxUint8 {
		return fmt.Errorf("case %d: more units, bodies or words than a sheet holds", c.ID)
	}
	//nolint:gosec // looked at just now
	l.lead, l.body, l.step, l.severity, l.source, l.hand = uint16(lead), uint16(body), uint8(step), uint8(severity), uint8(source), uint8(hand)
	s.enter(l, units)
	return nil
}

// enter puts a line in its place. Ids come nearly always in order.
func (s *sheet) enter(l line, units []int64) {
	i, known := len(s.lines), false
	if i > 0 && s.lines[i-1].id >= l.id {
		i, known = s.find(l.id)
	}
	if known && s.concerns(s.lines[i], units) {
		l.concerned = s.lines[i].concerned
	} else {
		l.concerned = s.concern(units)
	}
	if known {
		s.lines[i] = l
	} else {
		s.lines = slices.Insert(s.lines, i, l)
		for j := len(s.open) - 1; j >= 0 && int(s.open[j]) >= i; j-- { // nearly never
			s.open[j]++
		}
	}
	s.mark(int32(i), l.hand != 0) //nolint:gosec // as many lines as fit into memory
}

// mark keeps the places of the open lines.
func (s *sheet) mark(place int32, open bool) {
	at, marked := slices.BinarySearch(s.open, place)
	switch {
	case open && !marked:
		s.open = slices.Insert(s.open, at, place)
	case !open && marked:
		s.open = slices.Delete(s.open, at, at+1)
	}
}

// concern keeps a list of units and returns where it begins.
func (s *sheet) concern(units []int64) uint32 {
	at := uint32(len(s.concerned)) //nolint:gosec // four milliards of units
	for _, u := range units {
		s.concerned = append(s.concerned, s.units.put(u))
	}
	s.concerned = append(s.concerned, 0)
	return at
}

// concerns reports whether a line has just these units.
func (s *sheet) concerns(l line, units []int64) bool {
	i := int(l.concerned)
	for _, u := range units {
		if s.concerned[i] == 0 || s.concerned[i] != s.units.of(u) {
			return false
		}
		i++
	}
	return s.concerned[i] == 0
}

func (s *sheet) find(id int64) (int, bool) {
	return slices.BinarySearchFunc(s.lines, id, func(l line, id int64) int { return cmp.Compare(l.id, id) })
}

// question is a filter as a viewer asks it, in the sheet's codes. What is 0 does not narrow.
type question struct {
	sheet              *sheet
	unit, category     code
	step, hand         code
	severity, source   code
	open, late, placed bool
	mine, all          bool
	boxed              bool
	now                int64
	account, person    code // the viewer's, or none that a line has
	units, bodies      []code
	leads              []code         // one of these leads; nil where that does not matter
	texts              map[int64]bool // what has the text, nil where none was asked for

	south, north, west, east ground
}

// ask puts a filter and a viewer's rights into the sheet's codes; it is good while the sheet is held.
func (s *sheet) ask(v Viewer, f Filter, now time.Time) question {
	q := question{sheet: s, unit: s.units.of(f.Unit), category: s.categories.of(f.Category), step: s.steps.of(f.Step), severity: s.severities.of(f.Severity),
		source: s.sources.of(f.Source), open: f.Open, late: f.Late, placed: f.Placed, mine: f.Mine, all: v.SeesAll(), now: now.UnixMicro(),
		account: s.accounts.of(v.Actor.AccountID), person: s.persons.of(v.Actor.PersonID)}
	if q.account == 0 {
		q.account = math.MaxUint32
	}
	if q.person == 0 {
		q.person = math.MaxUint32
	}
	for _, u := range v.Units() {
		q.units = append(q.units, s.units.of(u))
	}
	for _, b := range v.headsOf(plan.WorkGroup) {
		q.bodies = append(q.bodies, s.bodies.of(b))
	}
	return q
}

// at asks what waits at a desk: the unit's has its own units' cases, the others what the whole campaign waits for.
func (s *sheet) at(v Viewer, h Hand, now time.Time) question {
	q := s.ask(v, Filter{Open: true}, now)
	q.all, q.hand = true, s.hands.of(h)
	if h == Unit {
		q.leads = q.units
	}
	return q
}

// within narrows the question to a part of the ground.
func (q *question) within(b Box) {
	q.placed, q.boxed = true, true
	q.south, q.north, q.west, q.east = onGround(b.South), onGround(b.North), onGround(b.West), onGround(b.East)
}

// keeps reports whether a line answers the question, and exists for who asks.
func (q *question) keeps(l *line) bool {
	switch {
	case q.open && l.hand == 0,
		q.late && !q.overdue(l),
		q.placed && l.lat == nowhere,
		q.boxed && !q.inBox(l),
		q.step != 0 && q.step != code(l.step),
		q.hand != 0 && q.hand != code(l.hand),
		q.leads != nil && !slices.Contains(q.leads, code(l.lead)),
		q.unit != 0 && q.unit != code(l.lead),
		q.category != 0 && q.category != l.category,
		q.severity != 0 && q.severity != code(l.severity),
		q.source != 0 && q.source != code(l.source),
		q.mine && !q.found(l),
		q.texts != nil && !q.texts[l.id]:
		return false
	}
	return q.all || q.exists(l)
}

func (q *question) inBox(l *line) bool {
	return l.lat >= q.south && l.lat < q.north && l.lon >= q.west && l.lon < q.east
}

func (q *question) overdue(l *line) bool { return l.due != 0 && l.due <= q.now }

func (q *question) found(l *line) bool { return l.foundBy == q.account || l.foundPerson == q.person }

// exists is Viewer.sees, of a line.
func (q *question) exists(l *line) bool {
	if q.found(l) || (l.body != 0 && slices.Contains(q.bodies, code(l.body))) {
		return true
	}
	for _, u := range q.sheet.concerned[l.concerned:] {
		if u == 0 {
			return false
		}
		if slices.Contains(q.units, u) {
			return true
		}
	}
	return false
}

// newest lists the ids that answer, the newest first: at most n of them, all below before.
func (q *question) newest(before int64, n int) (ids []int64) {
	last, _ := q.sheet.find(before)
	for l := range q.below(last) {
		if len(ids) == n {
			break
		}
		ids = append(ids, l.id)
	}
	return ids
}

// among keeps those of the ids that answer, in their order: at most n.
func (q *question) among(ids []int64, n int) (kept []int64) {
	for _, id := range ids {
		if len(kept) == n {
			break
		}
		if i, ok := q.sheet.find(id); ok && q.keeps(&q.sheet.lines[i]) {
			kept = append(kept, id)
		}
	}
	return kept
}

// lines are the lines that answer, the newest first.
func (q *question) lines() iter.Seq[*line] { return q.below(len(q.sheet.lines)) }

// below are the lines that answer and stand before a place. What asks for open ones does not look at the others.
func (q *question) below(place int) iter.Seq[*line] {
	return func(yield func(*line) bool) {
		if q.open || q.late || q.hand != 0 {
			last, _ := slices.BinarySearch(q.sheet.open, int32(place)) //nolint:gosec // as many lines as fit into memory
			for i := last - 1; i >= 0; i-- {
				if l := &q.sheet.lines[q.sheet.open[i]]; q.keeps(l) && !yield(l) {
					return
				}
			}
			return
		}
		for i := place - 1; i >= 0; i-- {
			if l := &q.sheet.lines[i]; q.keeps(l) && !yield(l) {
				return
			}
		}
	}
}

// firsts keeps the n lines that are due first; where the newest are wanted, those.
type firsts struct {
	n      int
	newest bool
	lines  []line
}

func (f *firsts) order(a, b line) int {
	if f.newest {
		return cmp.Compare(b.id, a.id)
	}
	return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.id, b.id))
}

func (f *firsts) add(l *line) {
	if len(f.lines) == f.n {
		if f.order(*l, f.lines[f.n-1]) >= 0 {
			return
		}
		f.lines = f.lines[:f.n-1]
	}
	i, _ := slices.BinarySearchFunc(f.lines, *l, f.order)
	f.lines = slices.Insert(f.lines, i, *l)
}

func (f *firsts) ids() []int64 {
	ids := make([]int64, len(f.lines))
	for i, l := range f.lines {
		ids[i] = l.id
	}
	return ids
}

package cases

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/roster"

	"github.com/uptrace/bun"
)

func unitNames(ctx context.Context, tx db.Tx, ids []int64) (map[int64]string, error) {
	names, _, err := roster.Names(ctx, tx, ids, nil)
	return names, err
}

// Row is a case with the name of its lead unit.
type Row struct {
	Case `bun:",extend"`

	UnitName string `bun:"-"`
}

// Page is one page of a list; Next asks for the next one, "" at the end.
type Page struct {
	Rows []Row
	Next string
}

const pageSize = 50

// Filter narrows the list of all cases; what is empty does not narrow.
type Filter struct {
	Step     Step
	Unit     int64
	Category string
	Severity Severity
	Source   Source
	Late     bool
	Open     bool // in somebody's hand
	Mine     bool // registered by the viewer
	Placed   bool // with coordinates
	Text     string
	After    string // Next of the page before
}

// Viewer reads what the actor is at the cases of a campaign. It fails with forbidden for the three administrators,
// not_found for strangers.
func (s *Service) Viewer(ctx context.Context, campaignID int64) (Viewer, error) {
	return viewerOf(ctx, s.db.Reader(), campaignID)
}

// List lists the cases that the viewer may see, the newest first.
func (s *Service) List(ctx context.Context, v Viewer, f Filter) (Page, error) {
	before := int64(math.MaxInt64)
	if n, err := strconv.ParseInt(f.After, 10, 64); err == nil {
		before = n
	}
	if strings.TrimSpace(f.Text) != "" {
		return s.search(ctx, v, f, before)
	}
	ids, err := s.newest(ctx, v, f, before, pageSize+1)
	if err != nil {
		return Page{}, err
	}
	rows, err := s.rows(ctx, v.CampaignID, ids)
	if err != nil {
		return Page{}, err
	}
	return s.page(ctx, rows, byID)
}

func byID(r Row) string { return strconv.FormatInt(r.ID, 10) }

// newest asks the sheet for the newest cases below an id that a filter leaves of what the viewer may see. It does not
// look at Filter.Text.
func (s *Service) newest(ctx context.Context, v Viewer, f Filter, before int64, n int) ([]int64, error) {
	sh, err := s.held(ctx, v.CampaignID)
	if err != nil {
		return nil, err
	}
	defer sh.RUnlock()
	q := sh.ask(v, f, s.clock.Now())
	return q.newest(before, n), nil
}

// rows reads cases whole, in the order of the ids.
func (s *Service) rows(ctx context.Context, campaignID int64, ids []int64, columns ...string) (rows []Row, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	err = s.db.Reader().NewSelect().Model(&rows).Column(columns...).Where("ca.campaign_id = ?", campaignID).Where("ca.id IN (?)", bun.List(ids)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read cases: %w", err)
	}
	place := make(map[int64]int, len(ids))
	for i, id := range ids {
		place[id] = i
	}
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(place[a.ID], place[b.ID]) })
	return rows, nil
}

// searchChunks is how much of the index one page reads: then a rare filter over a common word gives what it has,
// and a key to go on.
var searchChunks = []int{200, 800}

// search lists what has the text, filtered: it reads the index from the newest on until the page is full.
func (s *Service) search(ctx context.Context, v Viewer, f Filter, before int64) (Page, error) {
	var found []int64
	more := false
	for _, chunk := range searchChunks {
		ids, err := s.db.CasesWith(ctx, v.CampaignID, f.Text, before, chunk)
		if err != nil {
			return Page{}, fmt.Errorf("search cases: %w", err)
		}
		if more = len(ids) == chunk; len(ids) == 0 {
			break
		}
		kept, err := s.among(ctx, v, f, ids, pageSize+1-len(found))
		if err != nil {
			return Page{}, err
		}
		found, before = append(found, kept...), ids[len(ids)-1]
		if len(found) > pageSize || !more {
			break
		}
	}
	rows, err := s.rows(ctx, v.CampaignID, found)
	if err != nil {
		return Page{}, err
	}
	p, err := s.page(ctx, rows, byID)
	if p.Next == "" && more {
		p.Next = strconv.FormatInt(before, 10)
	}
	return p, err
}

// among keeps of some cases those that a filter leaves of what the viewer may see. It does not look at Filter.Text.
func (s *Service) among(ctx context.Context, v Viewer, f Filter, ids []int64, n int) ([]int64, error) {
	sh, err := s.held(ctx, v.CampaignID)
	if err != nil {
		return nil, err
	}
	defer sh.RUnlock()
	q := sh.ask(v, f, s.clock.Now())
	return q.among(ids, n), nil
}

func (s *Service) page(ctx context.Context, rows []Row, key func(Row) string) (p Page, err error) {
	if len(rows) > pageSize {
		rows = rows[:pageSize]
		p.Next = key(rows[pageSize-1])
	}
	p.Rows = rows
	return p, s.name(ctx, rows)
}

func (s *Service) name(ctx context.Context, rows []Row) error {
	ids := make([]int64, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, r.LeadUnitID)
	}
	names, err := unitNames(ctx, s.db.Reader(), ids)
	for i := range rows {
		rows[i].UnitName = names[rows[i].LeadUnitID]
	}
	return err
}

// Desk lists what waits in one hand, what is due first at the top: the unit's desk shows its own units' cases, the
// others what the whole campaign waits for.
func (s *Service) Desk(ctx context.Context, v Viewer, h Hand, after string) (Page, error) {
	if !v.atDesk(h) {
		return Page{}, kernel.E(kernel.Forbidden, "这张桌子由%s用", h.Name())
	}
	ids, err := s.firstAt(ctx, v, h, cutKey(after), pageSize+1)
	if err != nil {
		return Page{}, err
	}
	rows, err := s.rows(ctx, v.CampaignID, ids)
	if err != nil {
		return Page{}, err
	}
	return s.page(ctx, rows, func(r Row) string { return r.DueAt.Format(keyTime) + "_" + strconv.FormatInt(r.ID, 10) })
}

// firstAt picks what is due first at a desk after a key.
func (s *Service) firstAt(ctx context.Context, v Viewer, h Hand, after deskKey, n int) ([]int64, error) {
	sh, err := s.held(ctx, v.CampaignID)
	if err != nil {
		return nil, err
	}
	defer sh.RUnlock()
	q := sh.at(v, h, s.clock.Now())
	f := firsts{n: n}
	key := line{id: after.id}
	if !after.due.IsZero() {
		key.due = after.due.UnixMicro()
	}
	for l := range q.lines() {
		if f.order(*l, key) > 0 {
			f.add(l)
		}
	}
	return f.ids(), nil
}

// atDesk reports whether the viewer works at a desk.
func (v Viewer) atDesk(h Hand) bool {
	switch h {
	case Office:
		return v.Standing.InOffice()
	case Unit:
		return len(v.Units()) > 0
	case Verifier:
		return v.Standing.InOffice() || v.Standing.Inspects()
	case Coordinator:
		return v.Coordinates()
	case Leader:
		return v.Standing.Leads()
	case Nobody:
	}
	return false
}

// Desks lists the desks at which the viewer works, his first one first.
func (v Viewer) Desks() (list []Hand) {
	for _, h := range []Hand{Leader, Office, Coordinator, Verifier, Unit} {
		if v.atDesk(h) {
			list = append(list, h)
		}
	}
	return list
}

const keyTime = "2006-01-02T15:04:05.999999Z"

type deskKey struct {
	due time.Time
	id  int64
}

func cutKey(text string) deskKey {
	due, id, _ := strings.Cut(text, "_")
	t, err1 := time.Parse(keyTime, due)
	n, err2 := strconv.ParseInt(id, 10, 64)
	if err1 != nil || err2 != nil {
		return deskKey{}
	}
	return deskKey{t, n}
}

// Waiting is how much waits at a desk, and how much of it is late.
type Waiting struct {
	Hand Hand
	N    int
	Late int
}

// WaitingAt counts what waits at each of the viewer's desks.
func (s *Service) WaitingAt(ctx context.Context, v Viewer) (list []Waiting, err error) {
	sh, err := s.held(ctx, v.CampaignID)
	if err != nil {
		return nil, err
	}
	defer sh.RUnlock()
	now := s.clock.Now()
	for _, h := range v.Desks() {
		w := Waiting{Hand: h}
		q := sh.at(v, h, now)
		for l := range q.lines() {
			w.N++
			if q.overdue(l) {
				w.Late++
			}
		}
		list = append(list, w)
	}
	return list, nil
}

// CountByStep counts the campaign's cases by step from the summary rows: of all, or of one lead unit.
func (s *Service) CountByStep(ctx context.Context, campaignID, unitID int64) (map[Step]int, error) {
	var rows []struct {
		Step Step
		N    int
	}
	err := s.db.Reader().NewRaw("SELECT step, sum(n) AS n FROM case_counts WHERE campaign_id = ? AND unit_id = ? GROUP BY step", campaignID, unitID).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count cases: %w", err)
	}
	counts := map[Step]int{}
	for _, r := range rows {
		counts[r.Step] = r.N
	}
	return counts, nil
}

// Seen is a case with everything its page shows.
type Seen struct {
	Row

	Viewer  Viewer
	Units   []CaseUnit
	Names   map[int64]string // of the units
	Spans   []Span
	Dues    []calendar.Due
	Orders  []Order
	Open    []Transition
	Caller  Caller // for the office only
	Into    string // the number of the case that this one was merged into, if the viewer may see it
	History []ledger.Record
}

const historyLength = 200

// See returns a case with all that its page shows; it fails with not_found where it does not exist for the actor.
func (s *Service) See(ctx context.Context, campaignID, id int64) (Seen, error) {
	tx := s.db.Reader()
	v, err := viewerOf(ctx, tx, campaignID)
	if err != nil {
		return Seen{}, err
	}
	c, units, err := visible(ctx, tx, v, id)
	if err != nil {
		return Seen{}, err
	}
	seen := Seen{Row: Row{Case: c}, Viewer: v, Units: units, Open: v.Open(c, units)}
	if err := seen.read(ctx, tx); err != nil {
		return seen, err
	}
	seen.UnitName = seen.Names[c.LeadUnitID]
	if c.MergedInto != 0 {
		into, _, err := visible(ctx, tx, v, c.MergedInto)
		if err != nil && kernel.CodeOf(err) != kernel.NotFound {
			return seen, err
		}
		if err == nil {
			seen.Into = into.Number()
		}
	}
	return seen, nil
}

func (x *Seen) read(ctx context.Context, tx db.Tx) (err error) {
	c := x.Case
	if err = tx.NewSelect().Model(&x.Spans).Where("campaign_id = ?", c.CampaignID).Where("case_id = ?", c.ID).Order("id").Scan(ctx); err != nil {
		return fmt.Errorf("spans of case %d: %w", c.ID, err)
	}
	if x.Dues, err = calendar.Of(ctx, tx, c.CampaignID, Kind, c.ID); err != nil {
		return err
	}
	if x.Orders, err = ordersOfCase(ctx, tx, c.CampaignID, c.ID); err != nil {
		return err
	}
	ids := []int64{c.LeadUnitID}
	for _, u := range x.Units {
		ids = append(ids, u.UnitID)
	}
	for _, sp := range x.Spans {
		ids = append(ids, sp.UnitID)
	}
	if x.Names, err = unitNames(ctx, tx, ids); err != nil {
		return err
	}
	if x.Viewer.Standing.InOffice() {
		var callers []Caller
		if err = tx.NewSelect().Model(&callers).Where("campaign_id = ?", c.CampaignID).Where("case_id = ?", c.ID).Scan(ctx); err != nil {
			return fmt.Errorf("caller of case %d: %w", c.ID, err)
		}
		if len(callers) > 0 {
			x.Caller = callers[0]
		}
	}
	x.History, err = ledger.Timeline(ctx, tx, c.CampaignID, Kind, c.ID, 0, historyLength)
	return err
}

func ordersOfCase(ctx context.Context, tx db.Tx, campaignID, id int64) (rows []Order, err error) {
	err = tx.NewSelect().Model(&rows).Where("campaign_id = ?", campaignID).
		Where("id IN (SELECT order_id FROM order_cases WHERE campaign_id = ? AND case_id = ?)", campaignID, id).Order("id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("orders of case %d: %w", id, err)
	}
	return rows, nil
}

// OrderRow is an order with the name of its unit.
type OrderRow struct {
	Order `bun:",extend"`

	UnitName string `bun:"-"`
}

// Orders lists the orders that the viewer may see, the newest first; before is the id of the last one of the page
// before, 0 for the first page.
func (s *Service) Orders(ctx context.Context, v Viewer, before int64) (rows []OrderRow, next int64, err error) {
	q := s.db.Reader().NewSelect().Model(&rows).Where("o.campaign_id = ?", v.CampaignID)
	if before > 0 {
		q = q.Where("o.id < ?", before)
	}
	if !v.SeesAll() {
		q = q.Where("o.unit_id IN (?)", bun.List(append(v.Units(), 0)))
	}
	if err := q.Order("o.id DESC").Limit(pageSize + 1).Scan(ctx); err != nil {
		return nil, 0, fmt.Errorf("orders: %w", err)
	}
	if len(rows) > pageSize {
		rows = rows[:pageSize]
		next = rows[pageSize-1].ID
	}
	return rows, next, s.nameOrders(ctx, rows)
}

func (s *Service) nameOrders(ctx context.Context, rows []OrderRow) error {
	ids := make([]int64, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, r.UnitID)
	}
	names, err := unitNames(ctx, s.db.Reader(), ids)
	for i := range rows {
		rows[i].UnitName = names[rows[i].UnitID]
	}
	return err
}

// SeeOrder returns an order and its cases; it fails with not_found where it does not exist for the actor: for
// everybody but its unit, the office, the inspection group and the leading group's heads.
func (s *Service) SeeOrder(ctx context.Context, campaignID, id int64) (OrderRow, []Row, error) {
	v, err := s.Viewer(ctx, campaignID)
	if err != nil {
		return OrderRow{}, nil, err
	}
	var rows []OrderRow
	if err := s.db.Reader().NewSelect().Model(&rows).Where("o.campaign_id = ?", campaignID).Where("o.id = ?", id).Scan(ctx); err != nil {
		return OrderRow{}, nil, fmt.Errorf("order %d: %w", id, err)
	}
	if len(rows) == 0 || (!v.SeesAll() && !v.Standing.OfUnit(rows[0].UnitID)) {
		return OrderRow{}, nil, kernel.E(kernel.NotFound, "没有这张督办单")
	}
	if err := s.nameOrders(ctx, rows); err != nil {
		return OrderRow{}, nil, err
	}
	var list []Row
	err = s.db.Reader().NewSelect().Model(&list).Where("ca.campaign_id = ?", campaignID).
		Where("ca.id IN (SELECT case_id FROM order_cases WHERE campaign_id = ? AND order_id = ?)", campaignID, id).Order("ca.id").Scan(ctx)
	if err != nil {
		return OrderRow{}, nil, fmt.Errorf("cases of order %d: %w", id, err)
	}
	return rows[0], list, s.name(ctx, list)
}

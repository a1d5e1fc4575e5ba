package cases

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/ledger"

	"github.com/uptrace/bun"
)

// Every instance keeps sheets of its own. What happens to a case is told to the ledger in the same transaction, so
// the ledger says which lines to read anew: before every answer, so that whoever wrote something finds it in the
// next list. Until then a sheet costs nothing, and one that nobody asks for is forgotten.

const (
	followEvery = 250 * time.Millisecond // while a sheet is asked for, so that an answer has little to catch up with
	followFor   = time.Minute
	forgetAfter = 72 * time.Hour // a weekend
	warmFrom    = 10_000         // cases, for which a first answer would be waited for
	followPiece = 500            // lines read anew in one query
	readPiece   = 2000           // and when all are read
	followMost  = 50_000         // events to catch up with; after more, reading everything is quicker
	stillFor    = 2 * time.Second
	behind      = 20_000 // events before the newest in which one may still appear
)

// follower keeps the sheet of one campaign up with the ledger.
type follower struct {
	campaignID int64
	db         *db.DB
	started    atomic.Int64 // looks at the ledger, counted when they begin
	asked      atomic.Int64 // when it was last asked for, seconds

	mu    sync.Mutex // one look at a time
	sheet *sheet     // nil until it is read
	mark  mark
}

// mark is how far the ledger was followed. On SQLite ids appear in their order. On PostgreSQL an event may appear
// after one with a higher id; when every transaction has ended that ran while a number was the highest, none below
// it can.
type mark struct {
	low  int64          // up to here nothing new can appear
	seen map[int64]bool // what appeared above
	high int64
	next struct{ high, ends int64 } // once all transactions before ends are over, low rises to high
}

// held returns the campaign's sheet, caught up with everything that was written before the call. The caller holds
// its lock for reading, and releases it.
func (s *Service) held(ctx context.Context, campaignID int64) (*sheet, error) {
	f := s.follower(campaignID)
	f.asked.Store(time.Now().Unix())
	sh, err := f.caughtUp(ctx)
	if err != nil {
		return nil, fmt.Errorf("sheet of campaign %d: %w", campaignID, err)
	}
	sh.RLock()
	return sh, nil
}

func (s *Service) follower(campaignID int64) *follower {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.sheets[campaignID]
	if f == nil {
		f = &follower{campaignID: campaignID, db: s.db}
		s.sheets[campaignID] = f
	}
	return f
}

// Run reads the sheets of the big campaigns, keeps those that are asked for caught up, and forgets the others, until
// ctx ends. Without it whoever asks waits for that.
func (s *Service) Run(ctx context.Context) {
	s.warm(ctx)
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.follow(ctx)
		}
	}
}

func (s *Service) warm(ctx context.Context) {
	var big []int64
	err := s.db.Reader().NewRaw("SELECT campaign_id FROM case_counts WHERE unit_id = 0 GROUP BY campaign_id HAVING sum(n) >= ?", warmFrom).Scan(ctx, &big)
	for _, id := range big {
		if err != nil || ctx.Err() != nil {
			return // whoever asks is told what is wrong
		}
		f := s.follower(id)
		f.asked.Store(time.Now().Unix())
		_, err = f.caughtUp(ctx)
	}
}

func (s *Service) follow(ctx context.Context) {
	s.mu.Lock()
	var hot []*follower
	for id, f := range s.sheets {
		switch idle := time.Since(time.Unix(f.asked.Load(), 0)); {
		case idle > forgetAfter:
			delete(s.sheets, id)
		case idle < followFor:
			hot = append(hot, f)
		}
	}
	s.mu.Unlock()
	for _, f := range hot {
		_, _ = f.caughtUp(ctx) // as above
	}
}

// caughtUp follows the ledger, unless a look began after the call and has done so.
func (f *follower) caughtUp(ctx context.Context) (*sheet, error) {
	arrived := f.started.Load()
	ctx = context.WithoutCancel(ctx) // others wait for it too, and half a look would be worth nothing
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sheet != nil && f.started.Load() > arrived {
		return f.sheet, nil
	}
	f.started.Add(1)
	if f.sheet == nil {
		err := f.readAll(ctx)
		return f.sheet, err
	}
	changed, err := f.changed(ctx)
	if err != nil {
		return nil, err
	}
	if len(changed) > followMost {
		err := f.readAll(ctx)
		return f.sheet, err
	}
	if err := f.readAnew(ctx, changed); err != nil {
		f.sheet = nil // what was caught up with is not known any more
		return nil, err
	}
	return f.sheet, nil
}

// changed lists the cases of which the ledger has heard since.
func (f *follower) changed(ctx context.Context) ([]int64, error) {
	m, before := &f.mark, f.mark.high
	now := still{}
	if len(m.seen) > 0 {
		var err error
		if now, err = stillness(ctx, f.db); err != nil {
			return nil, err
		}
	}
	heard, err := ledger.Heard(ctx, f.db.Reader(), f.campaignID, m.low)
	if err != nil {
		return nil, err
	}
	var ids []int64
	added := map[int64]bool{}
	for _, e := range heard {
		if m.seen[e.ID] {
			continue
		}
		m.seen[e.ID] = true
		m.high = max(m.high, e.ID)
		if e.SubjectKind == Kind && !added[e.SubjectID] {
			added[e.SubjectID] = true
			ids = append(ids, e.SubjectID)
		}
	}
	m.settle(f.db.Kind(), now, before)
	return ids, nil
}

// settle raises the mark as far as nothing new can appear below.
// before was the highest number when now was asked.
func (m *mark) settle(kind db.Kind, now still, before int64) {
	switch {
	case kind == db.SQLite:
		m.rise(m.high)
	case m.next.high > m.low && now.oldest >= m.next.ends:
		m.rise(m.next.high)
		m.next.high = 0
	case m.next.high <= m.low && now.next > 0 && before > m.low:
		// whoever drew a number up to before began before now.next
		m.next.high, m.next.ends = before, now.next
	}
}

func (m *mark) rise(to int64) {
	m.low = to
	for id := range m.seen {
		if id <= to {
			delete(m.seen, id)
		}
	}
}

// still says which transactions of PostgreSQL are under way: none before oldest, none yet from next on.
type still struct{ oldest, next int64 }

func stillness(ctx context.Context, d *db.DB) (st still, err error) {
	if d.Kind() == db.SQLite {
		return st, nil
	}
	err = d.Reader().NewRaw("SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM pg_current_snapshot() AS s").Scan(ctx, &st.oldest, &st.next)
	if err != nil {
		return st, fmt.Errorf("transactions under way: %w", err)
	}
	return st, nil
}

// readAll reads the whole sheet. What is written meanwhile is above the mark, and read again with the next look.
func (f *follower) readAll(ctx context.Context) error {
	low, err := f.lowest(ctx)
	if err != nil {
		return err
	}
	sh := newSheet()
	n, err := f.cases().Count(ctx)
	if err != nil {
		return fmt.Errorf("size of the sheet: %w", err)
	}
	sh.lines = make([]line, 0, n+n/8)
	for last := int64(0); ; {
		list, err := lean(ctx, f.cases().Where("id > ?", last).Order("id").Limit(readPiece))
		if err != nil {
			return err
		}
		if len(list) == 0 {
			break
		}
		from := last
		last = list[len(list)-1].ID
		if err := sh.take(ctx, list, f.units().Where("case_id > ? AND case_id <= ?", from, last)); err != nil {
			return err
		}
	}
	f.sheet, f.mark = sh, mark{low: low, high: low, seen: map[int64]bool{}}
	return nil
}

// lowest is an event before which every other can be seen.
func (f *follower) lowest(ctx context.Context) (int64, error) {
	high, err := ledger.Last(ctx, f.db.Reader(), f.campaignID)
	if err != nil || f.db.Kind() == db.SQLite {
		return high, err
	}
	first, err := stillness(ctx, f.db)
	if err != nil {
		return 0, err
	}
	for began := time.Now(); time.Since(began) < stillFor; time.Sleep(10 * time.Millisecond) {
		now, err := stillness(ctx, f.db)
		if err != nil || now.oldest >= first.next {
			return high, err
		}
	}
	return max(0, high-behind), nil
}

func (f *follower) cases() *bun.SelectQuery {
	return f.db.Reader().NewSelect().TableExpr("cases").Where("campaign_id = ?", f.campaignID)
}

func (f *follower) units() *bun.SelectQuery {
	return f.db.Reader().NewSelect().TableExpr("case_units").Where("campaign_id = ?", f.campaignID)
}

// readAnew reads some lines again.
func (f *follower) readAnew(ctx context.Context, ids []int64) error {
	for piece := range slices.Chunk(ids, followPiece) {
		list, err := lean(ctx, f.cases().Where("id IN (?)", bun.List(piece)))
		if err != nil {
			return err
		}
		if err := f.sheet.take(ctx, list, f.units().Where("case_id IN (?)", bun.List(piece))); err != nil {
			return err
		}
	}
	return nil
}

// take puts cases into the sheet, with the units that a query finds for them. Nobody is kept waiting while the
// database answers.
func (s *sheet) take(ctx context.Context, list []Case, q *bun.SelectQuery) error {
	units, err := concernedUnits(ctx, q)
	if err != nil {
		return err
	}
	s.Lock()
	defer s.Unlock()
	for _, c := range list {
		if err := s.put(c, units[c.ID]); err != nil {
			return err
		}
	}
	return nil
}

// lean reads what a sheet holds of cases, without the detours that reading whole cases takes.
func lean(ctx context.Context, q *bun.SelectQuery) (list []Case, err error) {
	rows, err := q.Column("id", "lat", "lon", "due_at", "found_by", "found_person", "category", "lead_unit_id", "body_id", "step", "hand", "severity", "source").Rows(ctx)
	if err != nil {
		return nil, fmt.Errorf("read sheet: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var c Case
		var due bun.NullTime
		var body sql.NullInt64
		if err := rows.Scan(&c.ID, &c.Lat, &c.Lon, &due, &c.FoundBy, &c.FoundPerson, &c.Category, &c.LeadUnitID, &body, &c.Step, &c.Hand, &c.Severity, &c.Source); err != nil {
			return nil, fmt.Errorf("read sheet: %w", err)
		}
		c.DueAt, c.BodyID = due.Time, body.Int64
		list = append(list, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read sheet: %w", err)
	}
	return list, nil
}

// concernedUnits reads which units cases concern.
func concernedUnits(ctx context.Context, q *bun.SelectQuery) (map[int64][]int64, error) {
	rows, err := q.Column("case_id", "unit_id").Rows(ctx)
	if err != nil {
		return nil, fmt.Errorf("units of the sheet: %w", err)
	}
	defer func() { _ = rows.Close() }()
	units := map[int64][]int64{}
	for rows.Next() {
		var id, unit int64
		if err := rows.Scan(&id, &unit); err != nil {
			return nil, fmt.Errorf("units of the sheet: %w", err)
		}
		if !slices.Contains(units[id], unit) { // it may concern a unit in two ways
			units[id] = append(units[id], unit)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("units of the sheet: %w", err)
	}
	return units, nil
}

package calendar

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
)

// Passed is told that a due passed a mark, within the transaction that notes it: the subject's room says so in its
// timeline and to whom it carries the matter.
type Passed func(ctx context.Context, tx db.Tx, d Due, m Mark) error

// Shift is an open due that a changed calendar moved, with the instant at which it was due before.
type Shift struct {
	Due

	Before time.Time
}

// Moved is told of open dues that a changed calendar moved: many at a time, for a holiday moves most there are.
type Moved func(ctx context.Context, tx db.Tx, list []Shift) error

// Watcher is what a room does about its dues.
type Watcher struct {
	Passed Passed
	Moved  Moved
}

// Service keeps the calendar and goes through the dues.
type Service struct {
	db       *db.DB
	clock    kernel.Clock
	watchers map[string]Watcher // by subject kind

	mu     sync.Mutex
	days   *Days
	loaded time.Time
}

// New makes the service; watchers by the kind of subject.
func New(d *db.DB, clock kernel.Clock) *Service {
	return &Service{db: d, clock: clock, watchers: map[string]Watcher{}}
}

// Watch sets what a room does about the dues of a kind of subject. Call it before Run.
func (s *Service) Watch(kind string, w Watcher) { s.watchers[kind] = w }

// fresh is how long the calendar in memory is used before it is read again: another instance may have changed it.
// Dues computed by the older one in between are found by their version and computed again.
const fresh = 5 * time.Second

// Days is the calendar as it stands.
func (s *Service) Days(ctx context.Context) (*Days, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.days != nil && time.Since(s.loaded) < fresh {
		return s.days, nil
	}
	return s.read(ctx)
}

// standing is the calendar as the database has it now.
func (s *Service) standing(ctx context.Context) (*Days, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read(ctx)
}

// read wants the lock held.
func (s *Service) read(ctx context.Context) (*Days, error) {
	days, err := load(ctx, s.db.Reader())
	if err != nil {
		return nil, err
	}
	s.days, s.loaded = days, time.Now()
	return days, nil
}

func load(ctx context.Context, tx db.Tx) (*Days, error) {
	d := Published()
	var years []struct{ Year, Version int64 }
	if err := tx.NewRaw("SELECT year, version FROM calendar_years").Scan(ctx, &years); err != nil {
		return nil, fmt.Errorf("calendar: %w", err)
	}
	if len(years) == 0 {
		return d, nil
	}
	var rows []struct {
		Year   int64
		Day    kernel.Date
		Worked bool
		Name   string
	}
	if err := tx.NewRaw("SELECT year, day, worked, name FROM calendar_days").Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("calendar: %w", err)
	}
	byYear := map[int64][]Exception{}
	for _, r := range rows {
		byYear[r.Year] = append(byYear[r.Year], Exception{r.Day, r.Worked, r.Name})
	}
	for _, y := range years {
		d.with(int(y.Year), byYear[y.Year])
		d.version = max(d.version, y.Version)
	}
	return d, nil
}

// SetYear puts a year's table in place of the one the program brings. source is the notice it was taken from.
// Open dues are moved by the next Sweep.
func (s *Service) SetYear(ctx context.Context, year int, exceptions []Exception, source string) error {
	a := kernel.ActorFrom(ctx)
	if !a.System && a.Admin != kernel.SystemAdmin {
		return kernel.E(kernel.Forbidden, "放假安排由系统管理员录入")
	}
	if err := check(year, exceptions, source); err != nil {
		return err
	}
	err := s.db.Write(ctx, func(tx db.Tx) error { return s.setYear(ctx, tx, year, exceptions, source) })
	s.mu.Lock()
	s.days = nil
	s.mu.Unlock()
	return err
}

func check(year int, exceptions []Exception, source string) error {
	if year < 2000 || year > 2100 {
		return kernel.E(kernel.Invalid, "年份要在 2000 到 2100 之间").On("year")
	}
	if strings.TrimSpace(source) == "" {
		return kernel.E(kernel.Invalid, "请写依据的通知，如“国办发明电〔2026〕7号”").On("source")
	}
	seen := map[kernel.Date]bool{}
	for i, e := range exceptions {
		switch {
		case yearOf(e.Day) != year:
			return kernel.E(kernel.Invalid, "第 %d 行：%s 不在 %d 年", i+1, e.Day, year).On("days")
		case e.Worked && !ordinalOf(e.Day).weekend():
			return kernel.E(kernel.Invalid, "第 %d 行：%s 不是周末，本来就上班", i+1, e.Day).On("days")
		case seen[e.Day]:
			return kernel.E(kernel.Invalid, "第 %d 行：%s 写了两次", i+1, e.Day).On("days")
		}
		seen[e.Day] = true
	}
	return nil
}

func (s *Service) setYear(ctx context.Context, tx db.Tx, year int, exceptions []Exception, source string) error {
	var last []int64
	if err := tx.NewRaw("SELECT version FROM calendar_years ORDER BY version DESC LIMIT 1").Scan(ctx, &last); err != nil {
		return err
	}
	version := int64(1)
	if len(last) > 0 {
		version = last[0] + 1
	}
	now := s.clock.Now()
	_, err := tx.NewRaw(`INSERT INTO calendar_years (year, version, source, changed_by, changed_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (year) DO UPDATE SET version = excluded.version, source = excluded.source,
		changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
		year, version, strings.TrimSpace(source), kernel.ActorFrom(ctx).Name, now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("calendar of %d: %w", year, err)
	}
	if _, err := tx.NewRaw("DELETE FROM calendar_days WHERE year = ?", year).Exec(ctx); err != nil {
		return fmt.Errorf("calendar of %d: %w", year, err)
	}
	for _, e := range exceptions {
		_, err := tx.NewRaw("INSERT INTO calendar_days (day, year, worked, name) VALUES (?, ?, ?, ?)", e.Day, year, e.Worked, e.Name).Exec(ctx)
		if err != nil {
			return fmt.Errorf("calendar of %d: %w", year, err)
		}
	}
	return ledger.Append(ctx, tx, ledger.At(now, ledger.Event{CampaignID: ledger.System, SubjectKind: "calendar", SubjectID: int64(year),
		Verb: "changed", Data: map[string]any{"year": year, "days": len(exceptions), "source": source}})...)
}

// batch is how many dues one transaction goes through.
const batch = 200

// moveBatch is how many dues a changed calendar moves in one transaction: at some tens of microseconds each, others wait
// a blink.
const moveBatch = 500

// Sweep moves open dues that were computed by an older calendar, then passes the marks whose time has come.
// It returns how many dues it touched. Several instances may sweep at once.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	total := 0
	for _, x := range []struct {
		once func(context.Context) (int, error)
		most int
	}{{s.moveOnce, moveBatch}, {s.passOnce, batch}} {
		for {
			n, err := x.once(ctx)
			total += n
			if err != nil {
				return total, err
			}
			if n < x.most {
				break
			}
		}
	}
	return total, nil
}

func (s *Service) moveOnce(ctx context.Context) (n int, err error) {
	days, err := s.standing(ctx)
	if err != nil {
		return 0, err
	}
	err = s.db.Write(ctx, func(tx db.Tx) error {
		var rows []Due
		err := tx.NewSelect().Model(&rows).Where("version < ?", days.version).Where("met_at IS NULL").Where("dropped_at IS NULL").
			Order("version").Limit(moveBatch).Scan(ctx)
		if err != nil {
			return err
		}
		n = len(rows)
		return s.move(ctx, tx, days, rows)
	})
	return n, err
}

// move reckons dues anew, writes them, and tells the rooms whose they are of those that moved.
func (s *Service) move(ctx context.Context, tx db.Tx, days *Days, rows []Due) error {
	by := map[string][]Shift{}
	var kinds []string
	for i, d := range rows {
		before := d.DueAt
		d, err := d.reckoned(days, d.How())
		if err != nil {
			return err
		}
		rows[i] = d
		if d.DueAt.Equal(before) || s.watchers[d.SubjectKind].Moved == nil {
			continue
		}
		if by[d.SubjectKind] == nil {
			kinds = append(kinds, d.SubjectKind)
		}
		by[d.SubjectKind] = append(by[d.SubjectKind], Shift{d, before})
	}
	if err := storeAll(ctx, tx, rows); err != nil {
		return err
	}
	for _, kind := range kinds {
		if err := s.watchers[kind].Moved(ctx, tx, by[kind]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) passOnce(ctx context.Context) (n int, err error) {
	days, err := s.standing(ctx)
	if err != nil {
		return 0, err
	}
	now := s.clock.Now()
	err = s.db.Write(ctx, func(tx db.Tx) error {
		var rows []Due
		if err := tx.NewSelect().Model(&rows).Where("mark_at <= ?", now).Order("mark_at").Limit(batch).Scan(ctx); err != nil {
			return err
		}
		n = len(rows)
		for _, d := range rows {
			if err := s.pass(ctx, tx, days, d, now); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// pass notes a mark. Where the program slept through several, every escalation is told, and of the reminders only the
// last: none once it is late, as a reminder then would mislead.
func (s *Service) pass(ctx context.Context, tx db.Tx, days *Days, d Due, now time.Time) error {
	for d.Mark < noMark && !d.MarkAt.After(now) {
		mark := d.Mark
		d.Mark, d.MarkAt = next(days, mark+1, d.StartedAt, d.DueAt)
		slept := !mark.Escalates() && d.Mark < noMark && !d.MarkAt.After(now)
		if w := s.watchers[d.SubjectKind].Passed; w != nil && !slept {
			if err := w(ctx, tx, d, mark); err != nil {
				return err
			}
		}
	}
	d.Version = min(d.Version, days.version) // computed by an older calendar than the due was: the next sweep finds it
	if err := marked.Exec(ctx, tx, int(d.Mark), db.Moment(d.MarkAt), d.Version, d.CampaignID, d.ID); err != nil {
		return fmt.Errorf("due %d: %w", d.ID, err)
	}
	return nil
}

// Run sweeps every few seconds until ctx ends, and warns in the log of a year without a table.
func (s *Service) Run(ctx context.Context, log *slog.Logger) {
	system := kernel.WithActor(ctx, kernel.TheSystem)
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	s.warn(ctx, log)
	warned := s.clock.Today()
	for {
		if _, err := s.Sweep(system); err != nil && ctx.Err() == nil {
			log.Error("dues", "err", err)
		}
		if today := s.clock.Today(); today != warned {
			warned = today
			s.warn(ctx, log)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Service) warn(ctx context.Context, log *slog.Logger) {
	for _, year := range s.Missing(ctx) {
		log.Warn("no holiday table", "year", year, "assumed", "Monday to Friday")
	}
}

// noticeFrom is when the State Council has published the next year's days, at the latest.
const noticeFrom = 12

// Missing lists the years that are needed now and have no table: this one, and in December the next.
func (s *Service) Missing(ctx context.Context) (years []int) {
	days, err := s.Days(ctx)
	if err != nil {
		return nil
	}
	now := s.clock.Now().In(kernel.Shanghai)
	if !days.Known(now.Year()) {
		years = append(years, now.Year())
	}
	if now.Month() >= noticeFrom && !days.Known(now.Year()+1) {
		years = append(years, now.Year()+1)
	}
	return years
}

package indicator

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"

	"github.com/uptrace/bun"
)

// Entry is a figure as somebody types it, or as a cell of a spreadsheet has it.
type Entry struct {
	IndicatorID int64
	PlaceID     int64
	Period      report.Period
	Value       string // of a ratio Numerator and Denominator instead
	Numerator   string
	Denominator string
	Reason      string
	Version     int    // as whoever types it saw it: 0 for none yet; Unseen where he saw nothing
	At          string // where it stands, for whoever has to mend it: a cell; "" in a form
	seq         int    // among those that came with it
}

// Unseen is the version of an entry that was written without looking.
const Unseen = -1

// Fault is what is wrong with an entry, or asked about it.
type Fault struct {
	Entry

	Name    string // of the indicator
	Place   string
	Message string
	Asks    bool // a reason is enough
}

// RefusedError says that nothing was written, and why.
type RefusedError struct {
	Faults []Fault
	More   int // that are not listed
	Asked  int // of all, how many a reason is enough for
}

// mostFaults is how many are listed.
const mostFaults = 500

// Error says how many there are.
func (r *RefusedError) Error() string {
	n := len(r.Faults) + r.More - r.Asked
	switch {
	case n > 0 && r.Asked > 0:
		return fmt.Sprintf("没有写入：%d 处要改，另有 %d 处要写明理由", n, r.Asked)
	case n > 0:
		return fmt.Sprintf("没有写入：%d 处要改", n)
	}
	return fmt.Sprintf("没有写入：有 %d 处看着不寻常，请核对；确实没有错，写一句理由再提交", r.Asked)
}

// Unwrap makes it invalid.
func (r *RefusedError) Unwrap() error { return kernel.E(kernel.Invalid, "%s", r.Error()).On("figures") }

func (r *RefusedError) add(f Fault) {
	if f.Asks {
		r.Asked++
	}
	if len(r.Faults) < mostFaults {
		r.Faults = append(r.Faults, f)
	} else {
		r.More++
	}
}

// Entering is how figures are given.
type Entering struct {
	Draft  bool   // kept, not handed in: only numbers are checked
	Source string // the file they come from
	Reason string // for all that none is given for
}

// Entered counts what became of entries.
type Entered struct{ New, Changed, Same int }

// Enter writes down figures, all or none. It fails with *RefusedError where any cannot be or is asked about and no reason is
// given, forbidden where the actor may fill in nothing of it.
func (s *Service) Enter(ctx context.Context, campaignID int64, entries []Entry, how Entering) (done Entered, err error) {
	days, err := s.calendar.Days(ctx)
	if err != nil {
		return done, err
	}
	err = s.db.Write(ctx, func(tx db.Tx) error {
		b, err := s.open(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		done, err = s.enter(ctx, tx, &b, newDueList(days), entries, how)
		return err
	})
	return done, err
}

func (s *Service) enter(ctx context.Context, tx db.Tx, b *book, dues *dueList, entries []Entry, how Entering) (Entered, error) {
	e := &entering{s: s, b: b, how: how, now: s.clock.Now(), dues: dues}
	if e.gather(entries); e.foreign > 0 && e.foreign == len(entries) {
		return Entered{}, kernel.E(kernel.Forbidden, "%s", notYours)
	}
	if err := e.read(ctx, tx); err != nil {
		return Entered{}, err
	}
	var err error
	if e.happened, err = standing(ctx, tx, b.view.ID); err != nil {
		return Entered{}, err
	}
	for _, x := range e.series {
		e.weigh(x)
	}
	if len(e.refused.Faults) > 0 {
		slices.SortStableFunc(e.refused.Faults, func(a, b Fault) int { return a.seq - b.seq })
		return Entered{}, &e.refused
	}
	return e.done, e.write(ctx, tx)
}

// entering is one Enter at work.
type entering struct {
	s       *Service
	b       *book
	how     Entering
	now     time.Time
	dues    *dueList
	series  []*series
	at      map[pair]*series
	whole   bool // all figures of the touched indicators were read
	foreign int  // entries that are another unit's
	refused RefusedError
	done    Entered

	happened []Incident

	fresh   []Reading
	changed []change
}

type pair struct{ indicator, place int64 }

// series is the figures of an indicator at a place with what is to be entered, both in order of time.
type series struct {
	i       Indicator
	place   Place
	rows    []Reading
	entries []Entry
	next    []Reading // as the rows will be
}

type change struct {
	was Reading // lean
	is  Reading
}

// gather sorts the entries by indicator and place; what leads nowhere is a fault.
func (e *entering) gather(entries []Entry) {
	e.at = map[pair]*series{}
	allowed := map[pair]string{}
	for n, x := range entries {
		x.seq = n
		key := pair{x.IndicatorID, x.PlaceID}
		if t := e.at[key]; t != nil {
			t.entries = append(t.entries, x)
			continue
		}
		i, _ := e.b.indicator(x.IndicatorID)
		place, _ := e.b.place(x.PlaceID)
		wrong, ok := allowed[key]
		if !ok {
			wrong = e.mayNot(i, place)
			allowed[key] = wrong
		}
		if wrong != "" {
			e.refused.add(Fault{Entry: x, Name: i.Name, Place: place.Name, Message: wrong})
			if wrong == notYours {
				e.foreign++
			}
			continue
		}
		t := &series{i: i, place: place, entries: []Entry{x}}
		e.at[key] = t
		e.series = append(e.series, t)
	}
}

// mayNot says why the actor may not fill in an indicator at a place; "" where he may.
func (e *entering) mayNot(i Indicator, place Place) string {
	switch {
	case i.ID == 0:
		return "没有这项指标"
	case place.ID == 0:
		return "没有这个地区"
	case !slices.ContainsFunc(i.slots(e.b.places), func(p Place) bool { return p.ID == place.ID }):
		if place.Whole {
			return "这项指标的全市数由各地区汇总，不用单独填"
		}
		return "这项指标不分地区填报"
	case !mayFill(e.b.view, i.reporter(place)):
		return notYours
	}
	return ""
}

const notYours = "这个数不归你的单位填报"

// few is how many series are read one by one rather than indicator by indicator.
const few = 200

func (e *entering) read(ctx context.Context, tx db.Tx) error {
	var indicators, places []int64
	for _, x := range e.series {
		indicators, places = append(indicators, x.i.ID), append(places, x.place.ID)
		slices.SortStableFunc(x.entries, func(a, b Entry) int { return strings.Compare(string(a.Period), string(b.Period)) })
	}
	slices.Sort(indicators)
	indicators = slices.Compact(indicators)
	slices.Sort(places)
	if len(e.series) <= few && len(e.series) > 0 {
		var rows []Reading
		err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", e.b.view.ID).Where("indicator_id IN (?)", bun.List(indicators)).
			Where("place_id IN (?)", bun.List(slices.Compact(places))).Order("indicator_id", "place_id", "period").Scan(ctx)
		if err != nil {
			return fmt.Errorf("figures: %w", err)
		}
		e.deal(rows)
		return nil
	}
	e.whole = true
	for _, id := range indicators {
		rows, err := figures(ctx, tx, e.b.view.ID, id)
		if err != nil {
			return err
		}
		e.deal(rows)
	}
	return nil
}

// deal hands the rows to their series. Of places that nothing is entered for, the series is read only.
func (e *entering) deal(rows []Reading) {
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].IndicatorID == rows[0].IndicatorID && rows[n].PlaceID == rows[0].PlaceID {
			n++
		}
		if x := e.at[pair{rows[0].IndicatorID, rows[0].PlaceID}]; x != nil {
			x.rows = rows[:n:n]
		} else if i, ok := e.b.indicator(rows[0].IndicatorID); ok {
			place, _ := e.b.place(rows[0].PlaceID)
			x = &series{i: i, place: place, rows: rows[:n:n]}
			e.at[pair{i.ID, rows[0].PlaceID}] = x
			e.series = append(e.series, x)
		}
		rows = rows[n:]
	}
}

// weigh goes through a series in order of time and puts each entry to the rules with the figures before it.
func (e *entering) weigh(x *series) {
	before := make([]float64, 0, len(x.rows)+len(x.entries))
	x.next = make([]Reading, 0, len(x.rows)+len(x.entries))
	r, n := 0, 0
	for r < len(x.rows) || n < len(x.entries) {
		if n == len(x.entries) || (r < len(x.rows) && x.rows[r].Period < x.entries[n].Period) {
			before, x.next = append(before, x.rows[r].Value), append(x.next, x.rows[r])
			r++
			continue
		}
		entry := x.entries[n]
		var was *Reading
		if r < len(x.rows) && x.rows[r].Period == entry.Period {
			was = &x.rows[r]
			r++
		}
		n++
		if n < len(x.entries) && x.entries[n].Period == entry.Period {
			e.fault(x, x.entries[n], "这一期填了两次："+entry.At, false)
			n++
		}
		is, ok := e.one(x, entry, was, before)
		if ok {
			before, x.next = append(before, is.Value), append(x.next, is)
		} else if was != nil {
			before, x.next = append(before, was.Value), append(x.next, *was)
		}
	}
}

func (e *entering) fault(x *series, entry Entry, message string, asks bool) {
	e.refused.add(Fault{Entry: entry, Name: x.i.Name, Place: x.place.Name, Message: message, Asks: asks})
}

// one puts an entry to the rules and makes the figure of it; false where it is refused or says what stands already.
func (e *entering) one(x *series, entry Entry, was *Reading, before []float64) (is Reading, ok bool) {
	if message := e.timely(x.i, entry.Period); message != "" {
		e.fault(x, entry, message, false)
		return is, false
	}
	given, err := x.i.parse(entry.Value, entry.Numerator, entry.Denominator)
	if err != nil {
		e.fault(x, entry, kernel.MessageOf(err), false)
		return is, false
	}
	if was != nil {
		if was.same(given) && (was.Step == Submitted || was.Step == Approved) {
			e.done.Same++
			return is, false
		}
		if message := e.mayReplace(*was, entry); message != "" {
			e.fault(x, entry, message, false)
			return is, false
		}
	}
	reason := strings.TrimSpace(entry.Reason)
	if reason == "" {
		reason = strings.TrimSpace(e.how.Reason)
	}
	var asked []string
	if !e.how.Draft {
		asked = x.i.warnings(given, before)
		if n := x.i.happenedIn(e.happened, x.place, entry.Period); x.i.Direction == Zero && float64(n) != given.Value {
			asked = append(asked, fmt.Sprintf("事故登记里这一期有 %d 起，这里填的是 %s 起", n, plain(given.Value)))
		}
		if was != nil && was.Counts != nil {
			asked = append(asked, "改动已审定的数：原来是 "+x.i.Shown(*was.Counts))
		}
		if len(asked) > 0 && reason == "" {
			e.fault(x, entry, strings.Join(asked, "；"), true)
			return is, false
		}
	}
	is = e.reading(x, entry, was, given, reason)
	is.Warning = strings.Join(asked, "\n")
	e.note(was, is)
	return is, true
}

// timely says why a figure of a period cannot be given now: it lies ahead, or the indicator is measured otherwise.
func (e *entering) timely(i Indicator, p report.Period) string {
	switch {
	case p.Cadence() != i.Cadence:
		return fmt.Sprintf("这项指标%s填报，不收 %s 的数", i.Cadence.Name(), p.Name())
	case p.FirstMonth() > kernel.DateOf(e.now).Month():
		return p.Name() + "还没有到"
	case i.LastPeriod != "" && p > i.LastPeriod:
		return "这项指标填到" + i.LastPeriod.Name() + "为止"
	}
	return ""
}

// mayReplace says why a figure cannot be written anew as it was seen.
func (e *entering) mayReplace(was Reading, entry Entry) string {
	switch {
	case entry.Version != Unseen && entry.Version != was.Version:
		return "刚刚被别人改过，请刷新后再填"
	case e.how.Draft && (was.Step == Submitted || was.Step == Approved):
		return "已经提交的数不能再存为草稿，要改请写明理由再提交"
	}
	return ""
}

// reading is the figure as it will stand.
func (e *entering) reading(x *series, entry Entry, was *Reading, given Given, reason string) Reading {
	is := Reading{CampaignID: e.b.view.ID, IndicatorID: x.i.ID, PlaceID: x.place.ID, Period: entry.Period}
	if was != nil {
		is = *was
	}
	is.Step, is.Value, is.Numerator, is.Denominator = Submitted, given.Value, given.Numerator, given.Denominator
	is.Reason, is.Source, is.Version = reason, e.how.Source, is.Version+1
	is.GivenAt, is.GivenBy, is.GivenName = e.now, e.b.view.Actor.AccountID, e.b.view.Actor.Name
	is.DecidedAt, is.DecidedBy, is.DecidedName = time.Time{}, 0, ""
	if e.how.Draft {
		is.Step = Draft
		return is
	}
	is.Question = ""
	if is.FirstAt.IsZero() {
		is.FirstAt = e.now
	}
	return is
}

func (e *entering) note(was *Reading, is Reading) {
	if was == nil {
		e.done.New++
		e.fresh = append(e.fresh, is)
		return
	}
	e.done.Changed++
	e.changed = append(e.changed, change{*was, is})
}

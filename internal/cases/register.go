package cases

import (
	"context"
	"fmt"
	"sync"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/db"
	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
)

// Register writes down a case and returns it. Handing in the same UUID again returns what was registered first.
// It fails with invalid where words or place are missing, naming the field.
func (s *Service) Register(ctx context.Context, campaignID int64, r Registration) (Case, error) {
	if c, err := r.check(campaignID); err != nil {
		return c, err
	}
	v, err := s.Viewer(ctx, campaignID)
	if err != nil {
		return Case{}, err
	}
	return s.RegisterAs(ctx, v, r)
}

// RegisterAs is Register for somebody whose standing was read just now: that it is read again for every case would
// cost more than it keeps out, since whoever lost his seat a moment ago might as well have come a moment earlier.
func (s *Service) RegisterAs(ctx context.Context, v Viewer, r Registration) (Case, error) {
	c, err := r.check(v.CampaignID)
	if err != nil {
		return c, err
	}
	if row, _ := rowFor(Case{}, Register); !v.may(row, c, nil) && !v.Actor.System {
		return c, refusal(row)
	}
	a := applicant{v: v, draft: c, r: r}
	if len(r.Evidence) > 0 {
		return s.registerAlone(ctx, a) // a file may be refused
	}
	return s.counter.register(ctx, s, a)
}

func (s *Service) registerAlone(ctx context.Context, a applicant) (c Case, err error) {
	days, err := s.calendar.Days(ctx)
	if err != nil {
		return c, err
	}
	err = s.db.Write(ctx, func(tx db.Tx) error {
		list, err := s.enrol(ctx, tx, days, []applicant{a})
		if err == nil {
			c = list[0]
		}
		return err
	})
	return c, err
}

// applicant is somebody with a case that was checked as far as it can be without the database.
type applicant struct {
	v     Viewer
	draft Case
	r     Registration
	done  chan registered
}

type registered struct {
	c   Case
	err error
}

// counter is where cases are handed in. Whoever comes while others are being served waits for the next round, and is
// served in it with all who came meanwhile: one transaction, one look at the rules, one change of the counts.
type counter struct {
	mu      sync.Mutex
	waiting []applicant
	serving bool
}

// roundSize is how many are served in one transaction: the last of them waits for it.
const roundSize = 64

func (k *counter) register(ctx context.Context, s *Service, a applicant) (Case, error) {
	if err := ctx.Err(); err != nil {
		return Case{}, err
	}
	a.done = make(chan registered, 1)
	k.mu.Lock()
	k.waiting = append(k.waiting, a)
	first := !k.serving
	k.serving = true
	k.mu.Unlock()
	if first {
		go k.serve(context.WithoutCancel(ctx), s)
	}
	out := <-a.done // what was handed in is registered, whether its sender still listens or not
	return out.c, out.err
}

// serve serves rounds until nobody waits.
func (k *counter) serve(ctx context.Context, s *Service) {
	for {
		k.mu.Lock()
		n := min(len(k.waiting), roundSize)
		round := k.waiting[:n:n]
		k.waiting = k.waiting[n:]
		if n == 0 {
			k.waiting, k.serving = nil, false
			k.mu.Unlock()
			return
		}
		k.mu.Unlock()
		for i, out := range s.registerRound(ctx, round) {
			round[i].done <- out
		}
	}
}

// registerRound registers what several handed in. Where the database refuses, each is tried by himself, so that nobody
// pays for another.
func (s *Service) registerRound(ctx context.Context, round []applicant) []registered {
	var out []registered
	days, err := s.calendar.Days(ctx)
	if err == nil {
		err = s.db.Write(ctx, func(tx db.Tx) error {
			list, err := s.enrol(ctx, tx, days, round)
			out = make([]registered, len(list))
			for i, c := range list {
				out[i].c = c
			}
			return err
		})
	}
	if err == nil {
		return out
	}
	out = make([]registered, len(round))
	for i, a := range round {
		out[i].c, out[i].err = s.registerAlone(ctx, a)
	}
	return out
}

// enrolment is registering within one transaction, however many cases there are.
type enrolment struct {
	s    *Service
	tx   db.Tx
	days *calendar.Days
	now  time.Time

	rules  map[int64]Rules         // by campaign
	counts map[int64]int           // new cases by campaign
	first  map[kindOf]calendar.Due // what is owed first, of cases registered at one moment

	// what is written for all of them together
	units  []CaseUnit
	spans  []Span
	dues   []calendar.Due
	events []ledger.Event
	texts  []db.Text // what they are found by
}

// kindOf is what a case's first limit depends on.
type kindOf struct {
	campaign int64
	category string
	severity Severity
}

// enrol registers cases within a transaction, with all that hangs on them.
func (s *Service) enrol(ctx context.Context, tx db.Tx, days *calendar.Days, round []applicant) ([]Case, error) {
	e := &enrolment{s: s, tx: tx, days: days, now: s.clock.Now(), rules: map[int64]Rules{}, counts: map[int64]int{}, first: map[kindOf]calendar.Due{}}
	list, dues := make([]Case, len(round)), make([]calendar.Due, len(round))
	for i, a := range round {
		list[i] = a.draft
		var err error
		if dues[i], err = e.fill(ctx, a.v, &list[i]); err != nil {
			return nil, err
		}
	}
	are, err := insertAll(ctx, tx, list)
	if err != nil {
		return nil, err
	}
	for i, a := range round {
		if !are[i] {
			continue // registered before
		}
		if err := e.hang(ctx, a, list[i], dues[i]); err != nil {
			return nil, err
		}
	}
	return list, e.finish(ctx)
}

func (e *enrolment) rulesOf(ctx context.Context, campaignID int64) (r Rules, err error) {
	r, known := e.rules[campaignID]
	if !known {
		r, err = e.s.rulesOf(ctx, e.tx, campaignID)
		e.rules[campaignID] = r
	}
	return r, err
}

// fill fills in what a case is from the moment on at which it is registered, and returns what is owed of it first.
func (e *enrolment) fill(ctx context.Context, v Viewer, c *Case) (calendar.Due, error) {
	rules, err := e.rulesOf(ctx, c.CampaignID)
	if err != nil {
		return calendar.Due{}, err
	}
	row, _ := rowFor(Case{}, Register)
	c.FoundBy, c.FoundPerson, c.FoundName = v.Actor.AccountID, v.Actor.PersonID, v.Actor.Name
	c.RegisteredAt, c.StepAt, c.Step, c.Hand, c.Round = e.now, e.now, row.To, row.Clock, 1
	if c.FoundAt.IsZero() || c.FoundAt.After(e.now) {
		c.FoundAt = e.now
	}
	kind := kindOf{c.CampaignID, c.Category, c.Severity}
	d, known := e.first[kind]
	if !known {
		if d, err = (&clock{tx: e.tx, days: e.days, rules: rules, now: e.now, c: c}).firstDue(); err != nil {
			return d, err
		}
		e.first[kind] = d
	}
	c.DueAt, c.AmberAt = d.DueAt, d.AmberAt
	return d, nil
}

// hang notes what hangs on a case that was written.
func (e *enrolment) hang(ctx context.Context, a applicant, c Case, due calendar.Due) error {
	due.SubjectID = c.ID
	e.counts[c.CampaignID]++
	e.dues, e.spans = append(e.dues, due), append(e.spans, spanOf(c, c.RegisteredAt))
	e.texts = append(e.texts, db.Text{CampaignID: c.CampaignID, ID: c.ID, Body: searchable(c)})
	for _, unit := range a.v.Units() {
		e.units = append(e.units, CaseUnit{CampaignID: c.CampaignID, UnitID: unit, CaseID: c.ID, Role: Found})
	}
	return e.tell(ctx, a.v, c, a.r)
}

// tell keeps what came with the case, and notes what the ledger is told.
func (e *enrolment) tell(ctx context.Context, v Viewer, c Case, r Registration) error {
	if err := r.keepCaller(ctx, e.tx, c); err != nil {
		return err
	}
	files, err := e.s.attach(kernel.WithActor(ctx, v.Actor), e.tx, c, r.Evidence, evidence.Before)
	if err != nil {
		return err
	}
	data := map[string]any{"number": c.Number(), "title": c.Title, "source": c.Source, "severity": c.Severity, "address": c.Address}
	if len(files) > 0 {
		data["evidence"] = files
	}
	event := caseEvent(c, string(Register), data)
	event.Actor = v.Actor
	e.events = append(e.events, event)
	return nil
}

// finish writes what hangs on the cases, counts them, tells the ledger, and makes them found by their words.
func (e *enrolment) finish(ctx context.Context) error {
	err := firstErr(db.InsertMany(ctx, e.tx, e.units, "ON CONFLICT DO NOTHING"), db.InsertMany(ctx, e.tx, e.spans, ""), db.InsertMany(ctx, e.tx, e.dues, ""),
		ledger.Append(ctx, e.tx, ledger.At(e.now, e.events...)...))
	if err != nil {
		return fmt.Errorf("register cases: %w", err)
	}
	row, _ := rowFor(Case{}, Register)
	for campaignID, n := range e.counts {
		if err := count(ctx, e.tx, counted{Case{CampaignID: campaignID, Step: row.To, ID: e.now.UnixMicro()}, n}); err != nil {
			return err
		}
	}
	if err := db.AddCaseTexts(ctx, e.tx, e.texts...); err != nil {
		return fmt.Errorf("index cases: %w", err)
	}
	return nil
}

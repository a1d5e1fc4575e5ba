package cases

import (
	"context"
	"maps"
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
func (s *Service) Register(ctx context.Context, campaignID int64, r Registration) (c Case, err error) {
	if c, err = r.check(campaignID); err != nil {
		return c, err
	}
	if len(r.Evidence) == 0 {
		return s.counter.register(ctx, s, applicant{draft: c, r: r, actor: kernel.ActorFrom(ctx)})
	}
	return s.registerAlone(ctx, applicant{draft: c, r: r, actor: kernel.ActorFrom(ctx)}) // a file may be refused
}

func (s *Service) registerAlone(ctx context.Context, a applicant) (c Case, err error) {
	days, err := s.calendar.Days(ctx)
	if err != nil {
		return c, err
	}
	err = s.db.Write(ctx, func(tx db.Tx) error {
		e := s.enrolment(tx, days)
		c = a.draft
		if err := e.register(ctx, a.actor, &c, a.r); err != nil {
			return err
		}
		return e.finish(ctx)
	})
	return c, err
}

// applicant is somebody with a case that was checked as far as it can be without the database.
type applicant struct {
	actor kernel.Actor
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

// registerRound registers what several handed in. Who may not, or registered before, is told apart before anything is
// written for him; where the database refuses, each is tried by himself, so that nobody pays for another.
func (s *Service) registerRound(ctx context.Context, round []applicant) []registered {
	var out []registered
	days, err := s.calendar.Days(ctx)
	if err == nil {
		err = s.db.Write(ctx, func(tx db.Tx) error {
			out = make([]registered, len(round))
			e := s.enrolment(tx, days)
			for i, a := range round {
				out[i].c = a.draft
				if out[i].err = e.admit(ctx, a.actor, a.draft.CampaignID); kernel.CodeOf(out[i].err) == kernel.Internal && out[i].err != nil {
					return out[i].err
				}
				if out[i].err == nil {
					if err := e.register(ctx, a.actor, &out[i].c, a.r); err != nil {
						return err
					}
				}
			}
			return e.finish(ctx)
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

	viewers map[viewing]Viewer
	rules   map[int64]Rules
	counts  map[int64]int // new cases by campaign
}

type viewing struct {
	campaignID, account, person int64
	system                      bool
}

func (s *Service) enrolment(tx db.Tx, days *calendar.Days) *enrolment {
	return &enrolment{s: s, tx: tx, days: days, now: s.clock.Now(), viewers: map[viewing]Viewer{}, rules: map[int64]Rules{}, counts: map[int64]int{}}
}

// admit reads what the actor is in the campaign, and what holds there; it fails with forbidden where he may not
// register.
func (e *enrolment) admit(ctx context.Context, actor kernel.Actor, campaignID int64) (err error) {
	k := viewing{campaignID, actor.AccountID, actor.PersonID, actor.System}
	v, known := e.viewers[k]
	if !known {
		if v, err = viewerOf(kernel.WithActor(ctx, actor), e.tx, campaignID); err != nil {
			return err
		}
		e.viewers[k] = v
	}
	row, _ := rowFor(Case{}, Register)
	if !v.may(row, Case{CampaignID: campaignID}, nil) && !v.Actor.System {
		return refusal(row)
	}
	if _, known := e.rules[campaignID]; !known {
		e.rules[campaignID], err = e.s.rulesOf(ctx, e.tx, campaignID)
	}
	return err
}

// register writes one case with all that hangs on it but the count of cases, which finish writes for all.
func (e *enrolment) register(ctx context.Context, actor kernel.Actor, c *Case, r Registration) error {
	if err := e.admit(ctx, actor, c.CampaignID); err != nil {
		return err
	}
	if again, ok, err := byUUID(ctx, e.tx, c.CampaignID, c.UUID); err != nil || ok {
		*c = again
		return err
	}
	row, _ := rowFor(Case{}, Register)
	v := e.viewers[viewing{c.CampaignID, actor.AccountID, actor.PersonID, actor.System}]
	c.FoundBy, c.FoundPerson, c.FoundName = actor.AccountID, actor.PersonID, actor.Name
	c.RegisteredAt, c.StepAt, c.Step, c.Hand, c.Round = e.now, e.now, row.To, row.Clock, 1
	if c.FoundAt.IsZero() || c.FoundAt.After(e.now) {
		c.FoundAt = e.now
	}
	k := &clock{tx: e.tx, days: e.days, rules: e.rules[c.CampaignID], now: e.now, c: c}
	due, err := k.firstDue()
	if err != nil {
		return err
	}
	if err := insert(ctx, e.tx, c, v); err != nil {
		return err
	}
	due.SubjectID = c.ID
	if err := calendar.Enter(ctx, e.tx, &due); err != nil {
		return err
	}
	e.counts[c.CampaignID]++
	return e.tell(kernel.WithActor(ctx, actor), c, r)
}

// tell keeps what came with the case, and tells the ledger.
func (e *enrolment) tell(ctx context.Context, c *Case, r Registration) error {
	if err := r.keepCaller(ctx, e.tx, *c); err != nil {
		return err
	}
	files, err := e.s.attach(ctx, e.tx, *c, r.Evidence, evidence.Before)
	if err != nil {
		return err
	}
	data := map[string]any{"number": c.Number(), "title": c.Title, "source": c.Source, "severity": c.Severity, "address": c.Address}
	if len(files) > 0 {
		data["evidence"] = files
	}
	return ledger.Append(ctx, e.tx, ledger.At(e.now, caseEvent(*c, string(Register), data))...)
}

// finish counts what was registered.
func (e *enrolment) finish(ctx context.Context) error {
	row, _ := rowFor(Case{}, Register)
	for campaignID, n := range maps.All(e.counts) {
		if err := count(ctx, e.tx, Case{CampaignID: campaignID, Step: row.To, ID: e.now.UnixMicro()}, n); err != nil {
			return err
		}
	}
	return nil
}

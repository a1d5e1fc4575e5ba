// Package drill lets a made-up city live for some months (演练): people find what is wrong, the office hands it on,
// units with different habits put it right, late, badly or not at all. Everything is done by the services that people
// use, one step after the other, by a clock of its own. The same seed gives the same city.
package drill

import (
	"container/heap"
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"pinzhi/examples"
	"pinzhi/internal/access"
	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
	"pinzhi/internal/plan/source"
)

// Options says how big the city's life is.
type Options struct {
	Cases    int
	Months   int
	Seed     uint64
	Pictures int // cases that have photographs: painting them takes time
}

// start is the first morning: the plan's second phase begins.
var start = time.Date(2023, 7, 1, 0, 0, 0, 0, kernel.Shanghai)

// End is the instant at which a drill of so many months stops.
func End(months int) time.Time { return start.AddDate(0, months, -1).Add(16 * time.Hour) }

// Result is what came of it.
type Result struct {
	Campaign campaign.Campaign
	Until    time.Time
	Steps    map[cases.Verb]int
	Refused  int // steps that the rules did not allow, as people try them too
}

// city is the state of the life.
type city struct {
	Options
	*cast

	ctx       context.Context //nolint:containedctx // of the program, for the whole life
	held      *db.Held
	r         *rand.Rand
	now       time.Time
	days      *calendar.Days
	calendar  *calendar.Service
	campaigns *campaign.Service
	cases     *cases.Service
	evidence  *evidence.Service
	accounts  *access.Service
	result    Result
	agenda    agenda
	seq       int
	recent    []*matter // some that were dispatched of late
	usual     map[string]*unit
	painted   int
}

// holding is how many writes are committed together. On PostgreSQL every change of a count leaves a row behind that the
// next must step over until the commit, so there they are few.
func holding(kind db.Kind) int {
	if kind == db.Postgres {
		return 50
	}
	return 20_000
}

// Live opens the made-up city's plan in an empty database and lives in it. tell is told the day now and then.
func Live(ctx context.Context, d *db.DB, blobs evidence.Blobs, o Options, tell func(day kernel.Date, n int)) (Result, error) {
	c := &city{Options: o, ctx: kernel.WithActor(ctx, kernel.TheSystem), r: rand.New(rand.NewPCG(o.Seed, 20230701)), //nolint:gosec // the same city every time
		now: start.Add(8 * time.Hour), usual: map[string]*unit{}, result: Result{Steps: map[cases.Verb]int{}, Until: End(o.Months)}}
	c.held = d.Hold(holding(d.Kind()))
	clock := kernel.FixedClock(func() time.Time { return c.now })
	c.calendar, c.campaigns = calendar.New(c.held.DB, clock), campaign.New(c.held.DB, clock)
	c.evidence = evidence.New(c.held.DB, blobs, clock, evidence.DefaultLimits)
	c.cases = cases.New(c.held.DB, clock, c.calendar, c.campaigns, c.evidence)
	c.accounts = access.NewService(c.held.DB, clock)
	if err := c.found(); err != nil {
		return c.result, err
	}
	if err := c.live(tell); err != nil {
		return c.result, err
	}
	if err := c.held.Release(); err != nil {
		return c.result, err
	}
	return c.result, d.IndexWords(ctx)
}

// found opens the campaign and gives its people accounts.
func (c *city) found() error {
	src, err := source.Read("plan.txt", examples.Pinghe)
	if err != nil {
		return err
	}
	p, err := plan.Read(src)
	if err != nil {
		return err
	}
	c.result.Campaign, err = c.campaigns.Open(c.ctx, campaign.Opening{Source: src, Original: examples.Pinghe, SHA256: campaign.Hash(examples.Pinghe), Drill: true,
		Reading: campaign.Reading{Plan: *p, Edits: []campaign.Edit{}, Answers: map[int]campaign.Answer{}}})
	if err != nil {
		return err
	}
	if c.days, err = c.calendar.Days(c.ctx); err != nil {
		return err
	}
	if c.cast, err = c.castOf(); err != nil {
		return err
	}
	return c.breakDownTasks()
}

// breakDownTasks gives every task some work items over the months, as the office's clerk would.
func (c *city) breakDownTasks() error {
	tasks, err := c.campaigns.Tasks(c.ctx, c.result.Campaign.ID)
	if err != nil {
		return err
	}
	for _, t := range tasks {
		var list []campaign.WorkItemInput
		for i := range 3 + c.r.IntN(4) {
			u := c.units[c.r.IntN(len(c.units))]
			from := kernel.DateOf(start).AddDays(c.r.IntN(30 * c.Months))
			list = append(list, campaign.WorkItemInput{Title: fmt.Sprintf("%s：第 %d 批点位", t.Name, i+1), Unit: u.name, Person: u.person.Name + "（" + u.name + "）",
				Start: string(from), Due: string(from.AddDays(30 + c.r.IntN(90)))})
		}
		if err := c.campaigns.AddWorkItems(c.ctx, c.result.Campaign.ID, t.ID, list); err != nil {
			return err
		}
		items, err := c.campaigns.ItemsOfTask(c.ctx, c.result.Campaign.ID, t.ID)
		if err != nil {
			return err
		}
		for _, w := range items {
			due := w.DueDay.Time().Add(time.Duration(c.r.IntN(20*24)-12*24) * time.Hour)
			if c.chance(8) { // it drags on
				due = due.AddDate(0, 0, 10+c.r.IntN(60))
			}
			if due.After(c.now) && due.Before(c.result.Until) {
				c.plan(due, func() error {
					return c.campaigns.FinishWorkItem(c.ctx, c.result.Campaign.ID, w.ID, "点位已整治完成，现场看过")
				})
			}
		}
	}
	return nil
}

// entry is something that somebody is going to do.
type entry struct {
	at  time.Time
	seq int // of two at the same instant the one that was planned first
	do  func() error
}

type agenda []entry

func (a *agenda) Len() int { return len(*a) }
func (a *agenda) Less(i, j int) bool {
	x, y := (*a)[i], (*a)[j]
	return x.at.Before(y.at) || (x.at.Equal(y.at) && x.seq < y.seq)
}
func (a *agenda) Swap(i, j int) { (*a)[i], (*a)[j] = (*a)[j], (*a)[i] }
func (a *agenda) Push(x any)    { *a = append(*a, x.(entry)) } //nolint:forcetypeassert // nothing else is pushed
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

func (c *city) plan(at time.Time, do func() error) {
	c.seq++
	heap.Push(&c.agenda, entry{at.Truncate(time.Microsecond), c.seq, do})
}

// live goes from day to day: what is found comes over the day, what is planned at its time, and the program looks at
// the dues in the morning and at midnight.
func (c *city) live(tell func(kernel.Date, int)) error {
	left := c.Cases
	days := int(c.result.Until.Sub(start).Hours()/24) + 1
	for day := range days {
		morning := start.AddDate(0, 0, day)
		n := c.share(left, days-day, kernel.DateOf(morning))
		left -= n
		for range n {
			c.plan(c.when(morning), c.find)
		}
		for _, at := range []time.Duration{8*time.Hour + 31*time.Minute, 24*time.Hour + time.Second} {
			c.plan(morning.Add(at), c.sweep)
		}
		if err := c.until(morning.Add(24 * time.Hour)); err != nil {
			return err
		}
		if tell != nil && day%30 == 29 {
			tell(kernel.DateOf(morning), c.Cases-left)
		}
	}
	return nil
}

// share is how many are found on a day: fewer on days of rest, more in the first months and in summer.
func (c *city) share(left, days int, day kernel.Date) int {
	if days <= 1 {
		return left
	}
	weight := 0.8 + 0.5*c.r.Float64()
	if !c.days.Worked(day) {
		weight *= 0.35
	}
	return min(left, int(float64(left)/float64(days)*weight*1.14+c.r.Float64()))
}

func (c *city) until(at time.Time) error {
	if at.After(c.result.Until) {
		at = c.result.Until
	}
	for len(c.agenda) > 0 && c.agenda[0].at.Before(at) {
		e := heap.Pop(&c.agenda).(entry) //nolint:forcetypeassert // as above
		if e.at.After(c.now) {
			c.now = e.at
		}
		if err := c.ctx.Err(); err != nil {
			return err
		}
		if err := e.do(); err != nil {
			return err
		}
	}
	return nil
}

func (c *city) sweep() error {
	_, err := c.calendar.Sweep(c.ctx)
	return err
}

// when is some time of a day: people find things from six to ten, most of them by day.
func (c *city) when(morning time.Time) time.Time {
	hour := 6 + 16*(c.r.Float64()+c.r.Float64()+c.r.Float64())/3
	return morning.Add(time.Duration(hour * float64(time.Hour)))
}

// working moves an instant into the hours that offices work.
func (c *city) working(at time.Time) time.Time {
	for {
		local := at.In(kernel.Shanghai)
		day := kernel.DateOf(local)
		open, shut := day.Time().Add(8*time.Hour+30*time.Minute), day.Time().Add(18*time.Hour)
		switch {
		case !c.days.Worked(day) || local.After(shut):
			at = day.AddDays(1).Time().Add(8*time.Hour + 30*time.Minute).Add(time.Duration(c.r.IntN(120)) * time.Minute)
		case local.Before(open):
			return open.Add(time.Duration(c.r.IntN(60)) * time.Minute)
		default:
			return at
		}
	}
}

// later is so many working days on, at some time of the day.
func (c *city) later(days float64) time.Time {
	at := c.now
	for ; days >= 1; days-- {
		at = kernel.DateOf(at).AddDays(1).Time().Add(9 * time.Hour)
		for !c.days.Worked(kernel.DateOf(at)) {
			at = at.AddDate(0, 0, 1)
		}
	}
	at = at.Add(time.Duration(days * 9 * float64(time.Hour)))
	if !at.After(c.now) {
		at = c.now.Add(time.Minute)
	}
	return c.working(at)
}

func (c *city) soon(minutes int) time.Time {
	return c.working(c.now.Add(time.Duration(1+c.r.IntN(minutes)) * time.Minute))
}

// chance is true so many times in a hundred.
func (c *city) chance(percent float64) bool { return c.r.Float64()*100 < percent }

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

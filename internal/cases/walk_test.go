package cases_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/web/webtest"

	"pgregory.net/rapid"
)

// walk is a case on a random way through the pipeline, and what must be true of it.
type walk struct {
	*rapid.T

	city  *city
	cast  map[string]context.Context
	id    int64
	into  int64
	now   cases.Seen
	spans []cases.Span // as they must be
}

// TestPipeline_HoldsItsBooksOnEveryWay: whatever steps are taken in whatever order, by whom and when, also refused
// ones, time adds up, clocks agree, and the counts are right.
func TestPipeline_HoldsItsBooksOnEveryWay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		cast := map[string]context.Context{}
		for who := range people {
			cast[who] = c.as(t, who) //nolint:fatcontext // each has his own
		}
		into := c.register(t, "office").ID
		rapid.Check(t, func(rt *rapid.T) {
			w := walk{T: rt, city: c, cast: cast, into: into}
			w.begin()
			for range rapid.IntRange(1, 12).Draw(rt, "steps") {
				w.wait()
				w.tryStep()
			}
			w.checkCounts()
		})
	})
}

func (w *walk) begin() {
	w.city.at("2024-03-18 08:12")
	w.wait()
	x, err := w.city.Register(w.cast["inspector"], w.city.campaign.ID, cases.Registration{Words: "解放路东段行道树枯死三棵", Source: cases.Hotline,
		Severity: rapid.SampledFrom(cases.Severities).Draw(w.T, "severity"), Address: "解放路"})
	if err != nil {
		w.Fatal(err)
	}
	w.id = x.ID
	w.see()
	w.moveSpans(cases.Case{}, x)
	w.check()
}

// wait lets some hours pass, and sometimes the program look at the dues.
func (w *walk) wait() {
	w.city.now.Add((time.Duration(rapid.IntRange(0, 60*60).Draw(w.T, "minutes")) * time.Minute).Microseconds())
	if w.id == 0 || !rapid.Bool().Draw(w.T, "sweep") {
		return
	}
	if _, err := w.city.calendar.Sweep(webtest.System()); err != nil {
		w.Fatal(err)
	}
	was := w.now
	w.see()
	if w.now.Step != was.Step || !w.now.StepAt.Equal(was.StepAt) || w.now.Escalated < was.Escalated {
		w.Fatalf("the clock moved the case: %+v to %+v", was.Case, w.now.Case)
	}
}

func (w *walk) see() {
	var err error
	if w.now, err = w.city.See(w.cast["office"], w.city.campaign.ID, w.id); err != nil {
		w.Fatal(err)
	}
}

// tryStep takes a step that is open, or tries any other.
func (w *walk) tryStep() {
	var open []cases.Verb
	for _, row := range cases.Transitions {
		answers := row.When == cases.AskingMore
		if row.From == w.now.Step && row.Verb != cases.Escalate && !slices.Contains(open, row.Verb) && (!answers || w.now.Asking != "") {
			open = append(open, row.Verb)
		}
	}
	if len(open) == 0 || rapid.IntRange(0, 9).Draw(w.T, "any") == 0 {
		open = []cases.Verb{cases.Accept, cases.Dispatch, cases.Respond, cases.Close, cases.Reopen, cases.Escalate, cases.Object}
	}
	a := w.city.act(rapid.SampledFrom(open).Draw(w.T, "verb"))
	a.Revision, a.Into = w.now.Revision, w.into
	if a.Day != "" {
		a.Day = kernel.DateOf(time.UnixMicro(w.city.now.Load())).AddDays(rapid.IntRange(5, 60).Draw(w.T, "days"))
	}
	if a.Verb == cases.Redirect && w.now.LeadUnitID == w.city.units["other"] {
		a.Unit = w.city.units["lead"]
	}
	// the first of the cast who may
	taken := false
	for _, who := range []string{"office", "second", "coordinator", "leader", "lead", "other", "inspector"} {
		x, err := w.city.Take(w.cast[who], w.city.campaign.ID, w.id, a)
		if err == nil {
			w.took(a.Verb, x)
			taken = true
			break
		}
		if code := kernel.CodeOf(err); code == kernel.Internal || code == kernel.Unavailable {
			w.Fatalf("%s by %s: %v", a.Verb, who, err)
		}
	}
	if !taken {
		was := w.now
		if w.see(); w.now.Case != was.Case || len(w.now.History) != len(was.History) {
			w.Fatalf("a refused %s left a trace: %+v, before %+v", a.Verb, w.now.Case, was.Case)
		}
	}
	w.check()
}

func (w *walk) took(verb cases.Verb, x cases.Case) {
	was := w.now
	w.see()
	if w.now.Case != x {
		w.Fatalf("%s gave %+v, the database has %+v", verb, x, w.now.Case)
	}
	if x.Revision != was.Revision+1 {
		w.Fatalf("%s: revision %d after %d", verb, x.Revision, was.Revision)
	}
	if n := len(w.now.History) - len(was.History); n != 1 || w.now.History[0].Verb != string(verb) {
		w.Fatalf("%s left %d events, the last is %s", verb, n, w.now.History[0].Verb)
	}
	w.moveSpans(was.Case, x)
}

// moveSpans is what a step does to the times at each step.
func (w *walk) moveSpans(was, x cases.Case) {
	now := time.UnixMicro(w.city.now.Load()).UTC()
	if was.Step == x.Step {
		return
	}
	if n := len(w.spans); was.Hand != cases.Nobody {
		w.spans[n-1].ToAt = now
	}
	if x.Hand == cases.Nobody {
		return
	}
	sp := cases.Span{Step: x.Step, Hand: x.Hand, FromAt: now}
	if x.Hand == cases.Unit {
		sp.UnitID = x.LeadUnitID
	}
	w.spans = append(w.spans, sp)
}

func (w *walk) check() {
	if len(w.spans) != len(w.now.Spans) {
		w.Fatalf("%d spans, want %d", len(w.now.Spans), len(w.spans))
	}
	var total, stood time.Duration
	for i, got := range w.now.Spans {
		want := w.spans[i]
		if got.Step != want.Step || got.Hand != want.Hand || got.UnitID != want.UnitID || !got.FromAt.Equal(want.FromAt) || !got.ToAt.Equal(want.ToAt) {
			w.Fatalf("span %d is %+v, want %+v", i, got, want)
		}
		if !got.ToAt.IsZero() {
			stood += got.ToAt.Sub(got.FromAt)
		}
		total += want.ToAt.Sub(want.FromAt)
		if got.ToAt.IsZero() != (i == len(w.spans)-1 && w.now.Hand != cases.Nobody) {
			w.Fatalf("span %d of %d ends %s, the case is with %q", i, len(w.spans), got.ToAt, w.now.Hand)
		}
	}
	if n := len(w.spans); w.now.Hand == cases.Nobody && total != stood && n > 0 {
		w.Fatalf("the case stood for %s, its spans say %s", total, stood)
	}
	w.checkDues()
}

// checkDues: one clock runs for the matter, and the case shows it; beside it only the unit's signature is owed.
func (w *walk) checkDues() {
	matter, signature := 0, 0
	for _, d := range w.now.Dues {
		switch {
		case !d.Running():
		case d.Step == cases.OweAcknowledge:
			signature++
		default:
			matter++
			if !d.DueAt.Equal(w.now.DueAt) || !d.AmberAt.Equal(w.now.AmberAt) || d.Hand != string(w.now.Hand) {
				w.Fatalf("the case is due %s with %s, its clock %s with %s", w.now.DueAt, w.now.Hand, d.DueAt, d.Hand)
			}
		}
	}
	ended := w.now.Hand == cases.Nobody
	if (matter == 1) == ended || matter > 1 || w.now.DueAt.IsZero() != ended {
		w.Fatalf("%d clocks run at %s, due %s", matter, w.now.Step, w.now.DueAt)
	}
	if (signature == 1) != (w.now.Step == cases.Dispatched) || signature > 1 {
		w.Fatalf("%d signatures are owed at %s", signature, w.now.Step)
	}
}

// checkCounts counts the slow way.
func (w *walk) checkCounts() {
	var rows []struct {
		Step cases.Step
		Lead int64
		N    int
	}
	err := w.city.db.Reader().NewRaw("SELECT step, lead_unit_id AS lead, count(*) AS n FROM cases WHERE campaign_id = ? GROUP BY step, lead_unit_id",
		w.city.campaign.ID).Scan(w.Context(), &rows)
	if err != nil {
		w.Fatal(err)
	}
	want := map[int64]map[cases.Step]int{0: {}}
	for _, r := range rows {
		want[0][r.Step] += r.N
		if r.Lead == 0 {
			continue
		}
		if want[r.Lead] == nil {
			want[r.Lead] = map[cases.Step]int{}
		}
		want[r.Lead][r.Step] += r.N
	}
	for unit := range want {
		got, err := w.city.CountByStep(w.Context(), w.city.campaign.ID, unit)
		if err != nil {
			w.Fatal(err)
		}
		maps.DeleteFunc(got, func(_ cases.Step, n int) bool { return n == 0 })
		if !maps.Equal(got, want[unit]) {
			w.Fatalf("unit %d: counted %v, there are %v", unit, got, want[unit])
		}
	}
}

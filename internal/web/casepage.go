package web

import (
	"slices"
	"strings"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"
)

// caseView gathers what the page of a case shows.
func (q *request) caseView(id int64) (views.CasePage, error) {
	seen, err := q.s.Cases.See(q.ctx(), q.view.ID, id)
	if err != nil {
		return views.CasePage{}, err
	}
	v := views.CasePage{Seen: seen, Base: q.base(), Now: q.s.Clock.Now(), Today: q.today(), Accept: evidence.Accepted,
		UUID: reference() + reference() + reference() + reference(), Timeline: q.entries(seen.History)}
	days, err := q.s.Calendar.Days(q.ctx())
	if err != nil {
		return v, err
	}
	v.Light = campaign.Light(seen.Light(days, v.Now))
	v.Stages = stages(seen, v.Today)
	v.How = howDues(seen.Dues, days, func(d calendar.Due) string { return cases.OweName(d.Step) + "（" + cases.Hand(d.Hand).Name() + "）" })
	v.Forms = stepForms(seen.Open)
	if v.Photos, err = q.s.Cases.Photos(q.ctx(), seen); err != nil {
		return v, err
	}
	for _, fill := range []func(*request, *views.CasePage) error{fillCaseSource, fillCaseHints} {
		if err := fill(q, &v); err != nil {
			return v, err
		}
	}
	return v, nil
}

// mainVerbs are the steps that most often come next.
var mainVerbs = []cases.Verb{cases.Dispatch, cases.Acknowledge, cases.Respond, cases.Close, cases.GrantExtension, cases.GrantDeferral, cases.Redirect}

// stepForms puts the main step first and leaves the others folded.
func stepForms(open []cases.Transition) []views.StepForm {
	list := make([]views.StepForm, 0, len(open))
	for _, t := range open {
		list = append(list, views.StepForm{Transition: t})
	}
	slices.SortStableFunc(list, func(a, b views.StepForm) int { return rankOf(a.Verb) - rankOf(b.Verb) })
	if len(list) > 0 && rankOf(list[0].Verb) < len(mainVerbs) {
		list[0].Main = true
	}
	return list
}

func rankOf(v cases.Verb) int {
	if i := slices.Index(mainVerbs, v); i >= 0 {
		return i
	}
	return len(mainVerbs)
}

// stages is the line at the head of the page: what was passed, when, where the case stands.
func stages(x cases.Seen, today kernel.Date) []views.Stage {
	at := map[cases.Verb]time.Time{}
	for _, r := range slices.Backward(x.History) { // the last of each counts
		at[cases.Verb(r.Verb)] = r.At
	}
	for _, r := range x.History {
		if at[cases.Verb(r.Verb)].Before(r.At) {
			at[cases.Verb(r.Verb)] = r.At
		}
	}
	line := []struct {
		name string
		verb cases.Verb
		here []cases.Step
	}{
		{"登记", cases.Register, []cases.Step{cases.Registered}}, {"派遣", cases.Dispatch, []cases.Step{cases.Accepted, cases.Returning, cases.Coordinating}},
		{"签收", cases.Acknowledge, []cases.Step{cases.Dispatched}}, {"整改", cases.Respond, []cases.Step{cases.Rectifying, cases.Deferring, cases.Deferred}},
		{"核查", cases.Close, []cases.Step{cases.Responded}}, {"结案", cases.Close, []cases.Step{cases.Closed, cases.Declined, cases.Merged}},
	}
	here := slices.IndexFunc(line, func(s struct {
		name string
		verb cases.Verb
		here []cases.Step
	}) bool {
		return slices.Contains(s.here, x.Step)
	})
	list := make([]views.Stage, 0, len(line))
	for i, s := range line {
		st := views.Stage{Name: s.name}
		switch {
		case i < here:
			st.State = "done"
			if t := at[s.verb]; !t.IsZero() {
				st.Small = ui.When(t, today)
			}
		case i == here:
			st.State, st.Small = "on", x.Step.Name()
			if x.Step == cases.Rectifying && x.Round > 1 {
				st.Small += " · 第 " + itoa(x.Round) + " 轮"
			}
			if x.Ended() {
				st.State = "done"
			}
			if x.Outcome != "" {
				st.Small = x.Outcome.Name()
			}
		}
		list = append(list, st)
	}
	return list
}

// howDues answers "how was this computed" for what runs, the newest first, and then for what has ended.
func howDues(dues []calendar.Due, days *calendar.Days, title func(calendar.Due) string) (list []views.HowDue) {
	for _, d := range slices.Backward(dues) {
		if !d.Running() && len(list) >= 4 {
			continue
		}
		h := views.HowDue{Title: title(d), Lines: d.How().Explain(days)}
		switch {
		case !d.MetAt.IsZero() && d.MetAt.Before(d.DueAt):
			h.Ended = "按时办了"
		case !d.MetAt.IsZero():
			h.Ended = "逾期才办"
		case !d.DroppedAt.IsZero():
			h.Ended = "不再计时"
		}
		list = append(list, h)
	}
	return list
}

// fillCaseSource reads the passage of the plan that the case offends.
func fillCaseSource(q *request, v *views.CasePage) error {
	if v.DutyID != 0 {
		duties, err := roster.DutiesOf(q.ctx(), q.s.DB.Reader(), q.view.ID)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(duties, func(d roster.Duty) bool { return d.ID == v.DutyID }); i >= 0 {
			v.Duty = &duties[i]
			body, err := roster.BodyByID(q.ctx(), q.s.DB.Reader(), q.view.ID, duties[i].BodyID)
			if err != nil {
				return err
			}
			v.DutyBody = body.Name
		}
	}
	if v.TaskID != 0 {
		task, err := q.s.Campaigns.TaskByID(q.ctx(), q.view.ID, v.TaskID)
		if err != nil {
			return err
		}
		v.Task = &task
	}
	return nil
}

// fillCaseHints offers units, duties and likely duplicates where somebody can use them.
func fillCaseHints(q *request, v *views.CasePage) error {
	handsOut := func(f views.StepForm) bool { return f.Verb == cases.Dispatch || f.Verb == cases.Redirect }
	if !slices.ContainsFunc(v.Forms, handsOut) {
		return nil
	}
	var err error
	if v.Hints, err = q.s.Cases.Suggest(q.ctx(), q.view.ID, strings.TrimSpace(v.Words+" "+v.Address)); err != nil {
		return err
	}
	r := cases.Registration{Title: v.Title, Words: v.Words, Address: v.Address, Lat: v.Lat, Lon: v.Lon}
	if v.Alike, err = q.s.Cases.Alike(q.ctx(), v.Viewer, r, v.ID); err != nil {
		return err
	}
	rows, err := q.s.Campaigns.Units(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	for _, u := range rows {
		v.Units = append(v.Units, u.Name)
	}
	if v.Tasks, err = q.s.Campaigns.Tasks(q.ctx(), q.view.ID); err != nil {
		return err
	}
	v.Duties, err = q.dutyGroups()
	return err
}

func (q *request) dutyGroups() (list []views.DutyGroup, err error) {
	bodies, err := roster.Bodies(q.ctx(), q.s.DB.Reader(), q.view.ID)
	if err != nil {
		return nil, err
	}
	duties, err := roster.DutiesOf(q.ctx(), q.s.DB.Reader(), q.view.ID)
	if err != nil {
		return nil, err
	}
	for _, b := range bodies {
		g := views.DutyGroup{Body: b.Name}
		for _, d := range duties {
			if d.BodyID == b.ID {
				g.Duties = append(g.Duties, d)
			}
		}
		if len(g.Duties) > 0 {
			list = append(list, g)
		}
	}
	return list, nil
}

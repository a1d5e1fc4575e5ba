package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"
)

func filingPage(q *request) error { return q.filing(views.Problem{}) }

func (q *request) filing(problem views.Problem) error {
	id, err := q.id("filing")
	if err != nil {
		return err
	}
	v := views.FilingPage{Base: q.base(), Problem: problem}
	if v.Seen, err = q.s.Reports.See(q.ctx(), q.view.ID, id); err != nil {
		return err
	}
	days, err := q.s.Calendar.Days(q.ctx())
	if err != nil {
		return err
	}
	now := q.s.Clock.Now()
	v.Light, v.Stand = filingLight(v.Filing, days, now), filingStand(v.Filing)
	v.Today = q.today()
	v.How = howDues(v.Dues, days, func(d calendar.Due) string { return report.OweName(d.Step) })
	status := 200
	if problem.Message != "" {
		status = 422
		q.typed(&v)
	}
	if v.Timeline, err = q.timeline(report.Kind, id); err != nil {
		return err
	}
	return q.render(status, v.Period.Name()+v.Obligation.What, views.FilingView(v), ui.Crumb{Text: "报送", Href: q.at("/reports")}, ui.Crumb{Text: v.Reporter.Name})
}

// behindPage lists the rows behind a figure.
func behindPage(q *request) error {
	id, err := q.id("filing")
	if err != nil {
		return err
	}
	v := views.BehindPage{Base: q.base()}
	if v.Behind, err = q.s.Reports.Behind(q.ctx(), q.view.ID, id, q.PathValue("part")); err != nil {
		return err
	}
	name := v.Period.Name() + v.Obligation.What
	return q.render(200, v.Figure.Title, views.BehindView(v), ui.Crumb{Text: name, Href: q.at("/filings/%d", id)})
}

// typed puts back what was typed into a form that was refused.
func (q *request) typed(v *views.FilingPage) {
	for i, f := range v.Fields {
		if v.MayFill && q.Form.Has(f.Key) {
			v.Fields[i].Value, v.Fields[i].Reason = q.FormValue(f.Key), q.FormValue("reason_"+f.Key)
		}
	}
	v.Question, v.Note = q.FormValue("question"), q.FormValue("note")
}

// stepFiling keeps, hands in, approves, accepts, sends back.
func stepFiling(q *request) error {
	id, err := q.id("filing")
	if err != nil {
		return err
	}
	revision, _ := strconv.Atoi(q.FormValue("revision"))
	filling := report.Filling{Values: map[string]string{}, Reasons: map[string]string{}}
	for _, p := range report.Parts {
		if q.Form.Has(p.Key) {
			filling.Values[p.Key], filling.Reasons[p.Key] = q.FormValue(p.Key), q.FormValue("reason_"+p.Key)
		}
	}
	if verb := q.FormValue("do"); verb == "keep" {
		err = q.s.Reports.Keep(q.ctx(), q.view.ID, id, revision, filling)
	} else {
		err = q.s.Reports.Take(q.ctx(), q.view.ID, id, report.Act{Verb: report.Verb(verb), Revision: revision, Filling: filling, Question: q.FormValue("question"), Part: q.FormValue("part"), Note: q.FormValue("note")})
	}
	if err == nil {
		return q.seeOther("%s", q.at("/filings/%d", id))
	}
	problem, ok := refused(err)
	if !ok {
		return err
	}
	return q.filing(problem)
}

// commentFiling keeps what the office says of a report.
func commentFiling(q *request) error {
	id, err := q.id("filing")
	if err != nil {
		return err
	}
	if err := q.s.Reports.SayOf(q.ctx(), q.view.ID, id, q.FormValue("comment")); err != nil {
		problem, ok := refused(err)
		if !ok {
			return err
		}
		return q.filing(problem)
	}
	return q.seeOther("%s", q.at("/filings/%d", id))
}

// filingLight is the light of what is owed, and once it came, whether it came in time.
func filingLight(f report.Filing, days *calendar.Days, now time.Time) campaign.Light {
	switch mark := f.MarkAt(now); mark {
	case report.InTime:
		return campaign.Light{State: "ok", Word: mark.Name()}
	case report.CameLate:
		return campaign.Light{State: "late", Word: mark.Name()}
	case report.SentBack:
		return campaign.Light{State: "soon", Word: mark.Name()}
	case report.NotAsked:
		return campaign.Light{State: "idle", Word: mark.Name()}
	case report.Waiting, report.Missing:
	}
	return campaign.Light(calendar.LightAt(days, f.AmberAt, f.DueAt, now))
}

// filingStand says where a report stands.
func filingStand(f report.Filing) string {
	parts := []string{f.Step.Name()}
	for _, x := range []struct {
		at   time.Time
		who  string
		what string
	}{{f.SubmittedAt, f.SubmittedBy, "提交"}, {f.ApprovedAt, f.ApprovedBy, "审核报出"}, {f.AcceptedAt, f.AcceptedBy, "接收"}} {
		if !x.at.IsZero() {
			parts = append(parts, fmt.Sprintf("%s %s %s", kernel.DateOf(x.at).Chinese(), x.who, x.what))
		}
	}
	return strings.Join(parts, " · ")
}

package web

import (
	"cmp"
	"strconv"

	"pinzhi/internal/campaign"
	"pinzhi/internal/report"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"
)

func reportsPage(q *request) error {
	v := views.Reports{Base: q.base(), Today: q.today(), Current: map[report.Cadence]report.Period{}}
	var err error
	if v.Matrices, err = q.s.Reports.Matrices(q.ctx(), q.view.ID); err != nil {
		return err
	}
	if v.Days, err = q.s.Calendar.Days(q.ctx()); err != nil {
		return err
	}
	for _, c := range report.Cadences {
		v.Current[c] = report.PeriodOf(c, v.Today.Month())
	}
	v.Sums = mayRead(q.view)
	return q.page("报送", views.ReportsPage(v))
}

// mayRead reports whether the viewer reads all reports: the office and the leading group.
func mayRead(v campaign.View) bool { return v.Actor.System || report.ReadsAll(v.Standing) }

func summaryPage(q *request) error { return q.summary(views.Problem{}) }

func (q *request) summary(problem views.Problem) error {
	id, err := q.id("ro")
	if err != nil {
		return err
	}
	v := views.SummaryPage{Base: q.base(), Problem: problem}
	if v.Gathered, err = q.s.Reports.Gather(q.ctx(), q.view.ID, id, report.Period(q.PathValue("period"))); err != nil {
		return err
	}
	status := 200
	v.Typed = cmp.Or(v.Text, v.Draft)
	if problem.Message != "" {
		status, v.Typed = 422, q.FormValue("text")
	}
	if v.ID != 0 {
		if v.Timeline, err = q.timeline(report.SummaryKind, v.ID); err != nil {
			return err
		}
	}
	return q.render(status, v.Gathered.Period.Name()+v.Obligation.What+"汇总", views.SummaryView(v), ui.Crumb{Text: "报送", Href: q.at("/reports")}, ui.Crumb{Text: "汇总"})
}

// keepSummary keeps the office's text, or sends it up.
func keepSummary(q *request) error {
	id, err := q.id("ro")
	if err != nil {
		return err
	}
	period := report.Period(q.PathValue("period"))
	revision, _ := strconv.Atoi(q.FormValue("revision"))
	err = q.s.Reports.KeepSummary(q.ctx(), q.view.ID, id, period, revision, q.FormValue("text"), q.FormValue("do") == "send")
	if err == nil {
		return q.seeOther("%s", q.at("/reports/%d/%s", id, period))
	}
	problem, ok := refused(err)
	if !ok {
		return err
	}
	return q.summary(problem)
}

package web

import (
	"pinzhi/internal/report"
	"pinzhi/internal/web/views"
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
	return q.page("报送", views.ReportsPage(v))
}

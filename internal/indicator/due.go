package indicator

import (
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"
)

// dueDays is the working day after the period on which a figure is due, as for reports (internal/report).
const dueDays = 5

// HowDue is how the day of a period's figures is computed.
func HowDue(p report.Period) calendar.Reckoning {
	return calendar.Reckoning{Label: p.Name() + "结束", Start: p.Last().AddDays(1).Time().Add(-time.Minute),
		Parts: []calendar.Part{{Label: "指标填报", Limit: calendar.Limit{N: dueDays, Measure: calendar.Workdays}}}}
}

// dueList knows by when the figures of each period are due.
type dueList struct {
	days *calendar.Days
	of   map[report.Period]time.Time
}

func newDueList(days *calendar.Days) *dueList { return &dueList{days, map[report.Period]time.Time{}} }

func (l *dueList) due(p report.Period) time.Time {
	t, ok := l.of[p]
	if !ok {
		t = HowDue(p).End(l.days)
		l.of[p] = t
	}
	return t
}

// latestDue is the latest period of a cadence whose figures are due already.
func (l *dueList) latestDue(c report.Cadence, now time.Time) report.Period {
	m := kernel.DateOf(now).Month()
	for p := report.PeriodOf(c, m); ; p = report.PeriodOf(c, p.FirstMonth().Add(-1)) {
		if !now.Before(l.due(p)) {
			return p
		}
	}
}

// Mark is how the figure of a place and period shows.
type Mark string

// The marks.
const (
	OnTime   Mark = "in_time"
	CameLate Mark = "late"
	Missing  Mark = "missing" // overdue and not handed in
	Asked    Mark = "sent_back"
	Ahead    Mark = "waiting" // not due yet
	Free     Mark = "paused"  // not owed: before the first period, or added afterwards
)

// Name is the mark in Chinese.
func (m Mark) Name() string {
	return map[Mark]string{OnTime: "按时", CameLate: "迟报", Missing: "缺报", Asked: "退回修改", Ahead: "未到期", Free: "历史数据"}[m]
}

// markOf is the mark of a period's figure; r is nil where there is none.
func (l *dueList) markOf(i Indicator, p report.Period, r *Reading, now time.Time) Mark {
	owed, due := i.owes(p), l.due(p)
	switch {
	case r != nil && r.Step == Returned:
		return Asked
	case !owed:
		return Free
	case r != nil && !r.FirstAt.IsZero() && r.FirstAt.Before(due):
		return OnTime
	case r != nil && !r.FirstAt.IsZero():
		return CameLate
	case now.Before(due):
		return Ahead
	}
	return Missing
}

package views

import (
	"fmt"
	"strings"

	"pinzhi/internal/calendar"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"
)

// Reports is the page of reports.
type Reports struct {
	Base

	Matrices []report.Matrix
	Current  map[report.Cadence]report.Period // that runs now
	Days     *calendar.Days
	Today    kernel.Date
	Sums     bool // the viewer reads all reports
}

// reportMarks is the legend.
var reportMarks = []report.Mark{report.InTime, report.CameLate, report.Missing, report.SentBack, report.Waiting, report.NotAsked}

var reportGlyph = map[report.Mark]string{report.InTime: "✓", report.CameLate: "迟", report.Missing: "✕", report.SentBack: "退", report.Waiting: "", report.NotAsked: "–"}

// cellText is the mark's sign, with the working days by which it was late.
func cellText(f report.Filing, m report.Matrix, days *calendar.Days) string {
	mark := f.MarkAt(m.Now)
	if mark != report.CameLate && mark != report.Missing {
		return reportGlyph[mark]
	}
	if n := f.LateBy(days, m.Now); n > 0 {
		return fmt.Sprintf("%s%d", reportGlyph[mark], n)
	}
	return reportGlyph[mark]
}

func filingTitle(r report.Reporter, f report.Filing, m report.Matrix) string {
	last, _ := calendar.LastDay(f.DueAt)
	return fmt.Sprintf("%s，%s：%s，期限 %s", r.Name, f.Period.Name(), f.MarkAt(m.Now).Name(), last.Chinese())
}

// shortPeriod is a period as a column's head: 7月, 一季度; the year where it begins.
func shortPeriod(p report.Period) string {
	name := strings.TrimPrefix(p.Name(), string(p[:4])+"年")
	name = strings.TrimPrefix(name, "第")
	if name == "" || p.FirstMonth() == kernel.Month(p[:4]+"-01") {
		return strings.TrimSuffix(string(p[:4])+"年"+name, "年年")
	}
	return name
}

// shortReporter is a body without the words that all work groups share.
func shortReporter(name string) string {
	return strings.TrimSuffix(shortBody(name), "专项行动")
}

// termsText says by when, and to whom.
func termsText(m report.Matrix) string {
	if len(m.Terms) == 0 {
		return ""
	}
	t := m.Terms[len(m.Terms)-1]
	text := fmt.Sprintf("期满后第 %d 个工作日前", t.Days)
	if t.Receiver != "" {
		text += "报" + t.Receiver
	}
	return text
}

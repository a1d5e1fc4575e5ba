package views

import (
	"fmt"
	"strconv"
	"strings"

	"pinzhi/internal/kernel"
	"pinzhi/internal/report"
	"pinzhi/internal/web/views/ui"
)

// SummaryPage is a period of reports put together.
type SummaryPage struct {
	Base
	Problem
	report.Gathered

	Typed    string // the text as it is to be edited
	Timeline []ui.Entry
}

func (v SummaryPage) mayWrite() bool { return v.MayEdit && v.SentAt.IsZero() }

func (v SummaryPage) draftDiffers() bool { return v.Draft != v.Typed }

// figures are the fields that are numbers.
func (v SummaryPage) figures() (list []report.PartSpec) {
	for _, p := range report.Parts {
		if p.Figure {
			list = append(list, p)
		}
	}
	return list
}

// total adds up a figure of all who reported it.
func (v SummaryPage) total(key string) string {
	sum := 0
	for _, r := range v.Rows {
		n, _ := strconv.Atoi(r.Parts[key])
		sum += n
	}
	return strconv.Itoa(sum)
}

func (v SummaryPage) countText() string {
	n, parts := v.Count(), []string{fmt.Sprintf("应报 %d 家", len(v.Rows))}
	for _, m := range reportMarks {
		if n[m] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", m.Name(), n[m]))
		}
	}
	return strings.Join(parts, " · ")
}

func (v SummaryPage) sentText() string {
	if v.SentAt.IsZero() {
		return ""
	}
	return kernel.DateOf(v.SentAt).Chinese() + "由" + v.SentBy + "报领导小组"
}

func (v SummaryPage) keptText() string {
	if v.Revision == 0 {
		return "由各家报送合成，请改成办公室的话"
	}
	return kernel.DateOf(v.SavedAt).Chinese() + " " + v.SavedBy + " 保存"
}

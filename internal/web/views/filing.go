package views

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pinzhi/internal/campaign"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"
	"pinzhi/internal/web/views/ui"
)

// FilingPage is one report.
type FilingPage struct {
	Base
	Problem
	report.Seen

	Light    campaign.Light
	Stand    string // where it stands, in a sentence
	How      []HowDue
	Question string // as somebody typed it
	Note     string // likewise
	Timeline []ui.Entry
	Today    kernel.Date
}

// BehindPage is the rows behind a figure of a report.
type BehindPage struct {
	Base
	report.Behind
}

// filledText says how much of it is done already.
func (v FilingPage) filledText() string {
	filled := 0
	for _, f := range v.Fields {
		if f.Value != "" {
			filled++
		}
	}
	return fmt.Sprintf("%d 栏已由系统填好 %d 栏，核对后提交", len(v.Fields), filled)
}

func (v FilingPage) submitName() string {
	if v.Heads {
		return "提交并报出"
	}
	return report.Submit.Name()
}

// decisions are what is to be done beside filling in.
func (v FilingPage) decisions() []report.Verb {
	return slices.DeleteFunc(slices.Clone(v.May), func(x report.Verb) bool { return x == report.Submit || x == report.Hold })
}

// mayHold reports whether the viewer may say that it was held or done.
func (v FilingPage) mayHold() bool { return slices.Contains(v.May, report.Hold) }

// height is how many lines a text's field has.
func (v FilingPage) height(f report.Field) string {
	return strconv.Itoa(min(14, max(3, strings.Count(f.Value, "\n")+2)))
}

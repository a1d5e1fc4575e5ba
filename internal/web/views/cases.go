package views

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/cases/suggest"
	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/views/ui"
)

// CaseRow is a case as lists show it.
type CaseRow struct {
	cases.Row

	Light campaign.Light
	When  string
}

// CaseList is a page of cases: all of them narrowed by a filter, or a desk.
type CaseList struct {
	Base       Base
	Desks      []Desk
	Here       cases.Hand // "" for the list of all
	Rows       []CaseRow
	Next       string
	Filter     cases.Filter
	Counts     []StepCount
	Categories []string
	MayImport  bool
	Office     bool // the reader hands cases out
	Units      []string
	BulkUnit   string // what a form that was not taken held
	Ticked     map[int64]bool
	Problem    Problem
	Views      []cases.View
	ViewError  string // why a view was not kept
}

// MayHandOut reports whether several cases can be handed out at once: the office, where some wait for it.
func (l CaseList) MayHandOut() bool {
	return l.Office && slices.ContainsFunc(l.Rows, func(r CaseRow) bool { return r.Step == cases.Registered || r.Step == cases.Accepted })
}

// Desk is a tab: what waits in one hand.
type Desk struct {
	cases.Waiting

	Name string
}

// StepCount is how many cases stand at a step.
type StepCount struct {
	Step cases.Step
	N    int
}

// DeskName is what a desk is called by who works at it.
func DeskName(h cases.Hand) string {
	return map[cases.Hand]string{cases.Office: "办公室待办", cases.Unit: "我要办的", cases.Verifier: "待核查", cases.Coordinator: "待协调", cases.Leader: "待批"}[h]
}

// query is the address of the list with one field of the filter changed.
func (l CaseList) query(key, value string) string {
	v := l.Filter.Query()
	if key != "" {
		v.Del(key)
	}
	if value != "" {
		v.Set(key, value)
	}
	return l.Base.To("/cases?%s", v.Encode())
}

// CaseForm is a case as somebody writes it down.
type CaseForm struct {
	Problem

	Base       Base
	UUID       string
	Values     cases.Registration
	Sources    []cases.Source
	Categories []string
	Hotline    bool
	Accept     string
	Alike      AlikeList
}

// AlikeList is what may be the same matter.
type AlikeList struct {
	Base Base
	Rows []cases.Alike
}

// CasePage is one case with everything that belongs to it.
type CasePage struct {
	cases.Seen

	Base     Base
	Light    campaign.Light
	Now      time.Time
	Today    kernel.Date
	Stages   []Stage
	Photos   []cases.Photo
	How      []HowDue
	Timeline []ui.Entry
	Forms    []StepForm
	Duty     *roster.Duty
	DutyBody string
	Task     *campaign.Task
	Alike    []cases.Alike
	Hints    []suggest.Suggestion
	Units    []string
	Duties   []DutyGroup
	Tasks    []campaign.Task
	Problem  Problem
	Failed   cases.Verb // the step whose form was not taken
	Typed    url.Values
	Accept   string
	Desk     bool // shown beside the intake list
	UUID     string
}

// DutyGroup is the duties of one body, for a drop-down.
type DutyGroup struct {
	Body   string
	Duties []roster.Duty
}

// Stage is a step of the line as the head of the page shows it.
type Stage struct {
	Name  string
	State string // done, on, ""
	Small string
}

// HowDue is a deadline and how it was computed.
type HowDue struct {
	Title string
	Lines []calendar.Line
	Ended string
}

// StepForm is the form of one step that the reader may take.
type StepForm struct {
	cases.Transition

	Main bool
}

// needs reports whether the step asks for something.
func (f StepForm) needs(n cases.Need) bool { return slices.Contains(f.Needs, n) }

// takesFiles reports whether files can come with the step.
func (f StepForm) takesFiles() bool {
	return slices.Contains([]cases.Verb{cases.Respond, cases.SendBack, cases.Close, cases.Return, cases.Reopen}, f.Verb)
}

// takesText reports whether something may be written with the step.
func (f StepForm) takesText() bool {
	return f.needs(cases.NeedReason) || f.needs(cases.NeedText) || f.Verb == cases.Close
}

// label is what its text is called.
func (f StepForm) label() string {
	switch f.Verb {
	case cases.Respond:
		return "办理情况"
	case cases.Close:
		return "核查意见（“已整改”可以不写）"
	}
	return "理由"
}

// dayLabel is what its day is called.
func (f StepForm) dayLabel() string {
	if f.Verb == cases.AskDeferral {
		return "复核日"
	}
	return "延到哪天"
}

// of lists the photographs of a purpose; of the present round alone where round is not 0.
func (v CasePage) of(purpose string, round int) (list []cases.Photo) {
	for _, p := range v.Photos {
		if p.Purpose == purpose && (round == 0 || p.Round == round) {
			list = append(list, p)
		}
	}
	return list
}

// earlier lists photographs of a purpose of earlier rounds.
func (v CasePage) earlier(purpose string) (list []cases.Photo) {
	for _, p := range v.Photos {
		if p.Purpose == purpose && p.Round < v.Round {
			list = append(list, p)
		}
	}
	return list
}

// typed is what a form that was not taken held.
func (v CasePage) typed(verb cases.Verb, field string) string {
	if v.Failed != verb {
		return ""
	}
	return v.Typed.Get(field)
}

// proposed is the unit that a dispatch form begins with.
func (v CasePage) proposed(f StepForm) string {
	if t := v.typed(f.Verb, "unit"); t != "" {
		return t
	}
	if len(v.Hints) > 0 && f.Verb == cases.Dispatch {
		return v.Hints[0].Unit
	}
	return ""
}

// basis is the passage that a suggestion rests on, as the form's choice has it: duty-12, task-3; "" for none.
func (v CasePage) basis(h suggest.Suggestion) string {
	if h.Because.Kind == suggest.ByTask {
		for _, t := range v.Tasks {
			if t.Path == h.Because.Path {
				return fmt.Sprintf("task-%d", t.ID)
			}
		}
	}
	if h.Because.Kind != suggest.ByDuty {
		return ""
	}
	for _, g := range v.Duties {
		for _, d := range g.Duties {
			if g.Body == h.Body && d.Number == h.Because.Number {
				return fmt.Sprintf("duty-%d", d.ID)
			}
		}
	}
	return ""
}

// proposedBasis is what the form begins with: what was typed, else the likeliest unit's passage.
func (v CasePage) proposedBasis(f StepForm) string {
	if v.Failed == f.Verb {
		return v.Typed.Get("basis")
	}
	if len(v.Hints) == 0 || f.Verb != cases.Dispatch {
		return ""
	}
	return v.basis(v.Hints[0])
}

// told is what is uncertain about a photograph without being suspicious: most of those sent on by WeChat say nothing.
func told(p cases.Photo) (quiet, loud []evidence.Doubt) {
	for _, d := range p.Doubts {
		if d.Code == evidence.NoTime || d.Code == evidence.NoPlace {
			quiet = append(quiet, d)
		} else {
			loud = append(loud, d)
		}
	}
	return quiet, loud
}

// without names what a photograph does not say.
func without(p cases.Photo) string {
	quiet, _ := told(p)
	if len(quiet) == 0 {
		return ""
	}
	var words []string
	for _, d := range quiet {
		words = append(words, map[string]string{evidence.NoTime: "拍摄时间", evidence.NoPlace: "位置"}[d.Code])
	}
	return "照片没有" + strings.Join(words, "和")
}

func loudDoubts(p cases.Photo) []evidence.Doubt {
	_, loud := told(p)
	return loud
}

// because says where the plan says that a unit answers.
func because(b suggest.Suggestion) string {
	words := "以往同类派给它"
	switch b.Because.Kind {
	case suggest.ByDuty:
		words = fmt.Sprintf("%s职责 %d", b.Body, b.Because.Number)
	case suggest.ByTask:
		words = "任务 " + b.Because.Path
	}
	if b.Past != "" && b.Because.Kind != suggest.ByPast {
		words += "；以往同类也派给它"
	}
	return words
}

// caption is what stands below a photograph.
func caption(p cases.Photo, today kernel.Date) string {
	var parts []string
	switch {
	case !p.TakenAt.IsZero():
		parts = append(parts, "拍摄 "+ui.When(p.TakenAt, today))
	case !p.DeviceAt.IsZero():
		parts = append(parts, "设备 "+ui.When(p.DeviceAt, today))
	}
	parts = append(parts, "收到 "+ui.When(p.ReceivedAt, today))
	if w := without(p); w != "" && p.Kind == evidence.Photo {
		parts = append(parts, w)
	}
	if p.ByName != "" {
		parts = append(parts, p.ByName)
	}
	return strings.Join(parts, " · ")
}

// OrderPage is one order, as on paper.
type OrderPage struct {
	Base  Base
	Order cases.OrderRow
	Rows  []CaseRow
	Words map[int64]string
	Today kernel.Date
	Place string
}

// OrderList is the orders of a campaign.
type OrderList struct {
	Base  Base
	Rows  []cases.OrderRow
	Next  int64
	Today kernel.Date
}

// RulesPage is what the office set for cases.
type RulesPage struct {
	Problem

	Base       Base
	Rules      cases.Rules
	Categories []string
	May        bool
	Example    string
}

// planSays tells what becomes of the limit at i of those that the plan gives.
func (v RulesPage) planSays(i int) string {
	if i > 0 {
		return "方案有几处写了时限，照第一处。"
	}
	var follow, shorter, set []string
	for _, s := range cases.Severities {
		usual := v.Rules.LimitFor("", s, cases.OweRectify)
		switch _, planned := v.Rules.FromPlan("", s, cases.OweRectify); {
		case planned:
			follow = append(follow, s.Name())
		case v.Rules.Set(s, cases.OweRectify):
			set = append(set, s.Name()+" "+usual.String())
		default:
			shorter = append(shorter, s.Name()+" "+usual.String())
		}
	}
	var parts []string
	if len(follow) > 0 {
		parts = append(parts, strings.Join(follow, "、")+"案件的整改反馈照方案")
	}
	if len(shorter) > 0 {
		parts = append(parts, strings.Join(shorter, "、")+"，本来不比方案长，不放宽")
	}
	if len(set) > 0 {
		parts = append(parts, strings.Join(set, "、")+"，由办公室另定")
	}
	return strings.Join(parts, "；") + "。"
}

// CalendarPage is one year's working days.
type CalendarPage struct {
	Problem

	Year    int
	Known   bool
	Missing []int
	Rows    []calendar.Exception
	May     bool
	Text    string
	Source  string
}

// ExceptionsText writes a year's exceptions as the form takes them.
func ExceptionsText(rows []calendar.Exception) string {
	var b strings.Builder
	for _, e := range rows {
		word := "休"
		if e.Worked {
			word = "班"
		}
		fmt.Fprintf(&b, "%s %s %s\n", e.Day, word, e.Name)
	}
	return b.String()
}

func clip(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n]) + "…"
	}
	return text
}

func durationText(d time.Duration) string {
	switch minutes := int(d.Minutes()); {
	case minutes < 1:
		return "不到 1 分钟"
	case minutes < 60:
		return fmt.Sprintf("%d 分钟", minutes)
	case minutes < 24*60:
		return fmt.Sprintf("%d 小时 %d 分", minutes/60, minutes%60)
	default:
		return fmt.Sprintf("%d 天 %d 小时", minutes/(24*60), minutes/60%24)
	}
}

func coordinate(x *float64) string {
	if x == nil {
		return ""
	}
	return fmt.Sprintf("%.6f", *x)
}

func (v CaseForm) heading() string {
	if v.Hotline {
		return "接热线"
	}
	return "登记问题"
}

func (v CaseForm) wordsLabel() string {
	if v.Hotline {
		return "反映的问题（照来电人的话写）"
	}
	return "看到的问题"
}

// supports lists the supporting units of the case.
func (v CasePage) supports() (list []cases.CaseUnit) {
	for _, u := range v.Seen.Units {
		if u.Role == cases.Support {
			list = append(list, u)
		}
	}
	return list
}

// counts tells how often the case went other ways than straight on.
func (v CasePage) counts() string {
	var parts []string
	for _, x := range []struct {
		n    int
		word string
	}{{v.Reworks, "返工"}, {v.Returns, "退单"}, {v.Extensions, "延期"}, {v.Reopened, "重开"}} {
		if x.n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d 次", x.word, x.n))
		}
	}
	return strings.Join(parts, "，")
}

// holder is in whose hand a span was.
func (v CasePage) holder(s cases.Span) string {
	if s.Hand == cases.Unit {
		return v.Names[s.UnitID]
	}
	return s.Hand.Name()
}

// problemAt is the problem of one form.
func (v CasePage) problemAt(verb cases.Verb) Problem {
	if v.Failed != verb {
		return Problem{}
	}
	return v.Problem
}

// asked is what was asked for, at the form that answers it.
func (v CasePage) asked(f StepForm) string {
	switch f.Verb {
	case cases.GrantExtension:
		return "申请延到 " + v.AskedDay.Chinese()
	case cases.GrantDeferral:
		return "申请挂账，复核日 " + v.AskedDay.Chinese()
	}
	return ""
}

// photoTitle heads what was seen before and after.
func (v CasePage) photoTitle() string {
	if len(v.of(evidence.After, 0)) == 0 {
		return "问题"
	}
	return "整改前后"
}

// Package views turns small structs into pages. A component takes what it shows, nothing else.
package views

import (
	"fmt"
	"html"
	"strings"

	"pinzhi/internal/access"
	"pinzhi/internal/campaign"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/views/ui"

	"github.com/a-h/templ"
)

// Base is the address that a campaign's pages begin with.
type Base string

// To is the address of a page of the campaign.
func (b Base) To(format string, args ...any) string { return string(b) + fmt.Sprintf(format, args...) }

// PlanAt is where a line of the plan stands on the screen.
func (b Base) PlanAt(line int) string { return b.To("/plan#L%d", line) }

// PhaseView is a phase on the line of time.
type PhaseView struct {
	campaign.Phase

	State  string // past, now, ""
	Weight string // how long it is, as a class
	Which  string // 第 9 / 15 个月, of the present one
}

// Months writes the span of a phase: 2023.7—2024.9.
func (p PhaseView) Months() string { return MonthSpan(p.StartMonth, p.EndMonth) }

// MonthSpan writes two months as people do; an open end stays open.
func MonthSpan(start, end kernel.Month) string {
	short := func(m kernel.Month) string {
		if m == "" {
			return ""
		}
		return strings.Replace(strings.Replace(string(m), "-0", ".", 1), "-", ".", 1)
	}
	switch {
	case start == "" && end == "":
		return "方案未写时间"
	case start == end:
		return short(start)
	case start == "":
		return short(end) + " 前"
	case end == "":
		return short(start) + " 起"
	}
	return short(start) + "—" + short(end)
}

// Overview is the first page of a campaign.
type Overview struct {
	Base     Base
	Campaign campaign.Campaign
	Phases   []PhaseView
	Actions  []ActionRow
	Tasks    int
	OnTime   int // tasks with work and nothing late
	Broken   int // tasks broken into work items
	Items    campaign.Progress
	Bodies   int
	People   int
	Seats    int
	Duties   int
	Open     int // findings without an answer
	Findings int
	Due      []campaign.ItemRow
	Today    kernel.Date
	Recent   []ui.Entry
}

// ActionRow is an action with its tasks and how they stand.
type ActionRow struct {
	campaign.Action

	Short    string
	Leads    []UnitChip
	Tasks    []TaskRow
	Progress campaign.Progress
	Body     *roster.BodyRow
}

// TaskRow is a task as lists show it.
type TaskRow struct {
	campaign.Task

	Leads      []UnitChip
	Support    []UnitChip
	Progress   campaign.Progress
	Indicators []campaign.Indicator
}

// Title is what a task is called on the screen: its name, or else how its text begins.
func (t TaskRow) Title() string { return TitleOf(t.Name, t.Text, t.Path) }

// TitleOf is a name, or where the plan gave none the beginning of the text, or the number.
func TitleOf(name, text, path string) string {
	if name != "" {
		return name
	}
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if r := []rune(first); len(r) > 24 {
		return string(r[:24]) + "…"
	}
	return fallback(first, path)
}

// UnitChip is a unit at a task.
type UnitChip struct {
	ID      int64
	Name    string
	Printed string
	Derived bool
	Scope   string
}

// Problem is why a form was not taken, and the field concerned.
type Problem struct{ Message, Field string }

// invalid marks the field that the problem concerns.
func (p Problem) invalid(field string) templ.Attributes {
	if p.Message == "" || p.Field != field {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-describedby": "why", "autofocus": true}
}

// ItemForm is a work item as it stands in its form: stored, or as somebody typed it.
type ItemForm struct {
	campaign.WorkItemInput
	Problem

	Revision int
}

// FormOf fills the form from a stored work item.
func FormOf(w campaign.ItemRow) ItemForm {
	return ItemForm{Revision: w.Revision, WorkItemInput: campaign.WorkItemInput{Title: w.Title, Unit: w.UnitName, Person: w.PersonName,
		Site: w.Site, Start: string(w.StartDay), Due: string(w.DueDay)}}
}

// TaskPage is one task with everything that belongs to it.
type TaskPage struct {
	Base       Base
	Tree       []ActionRow
	Task       TaskRow
	Action     *ActionRow
	Source     []ui.SourceLine
	Related    []roster.Duty
	Others     []roster.Duty
	Items      []ItemView
	Next       string // the key of the page after these items, or ""
	Months     []MonthCol
	Gantt      []GanttRow
	MayPlan    bool
	Timeline   []ui.Entry
	Today      kernel.Date
	Units      []string
	People     []string
	Gone       kernel.Date
	PhaseNow   string
	RuleHref   string
	Form       ItemForm
	Lines      string  // pasted rows that were not taken
	LinesError Problem // and why
}

// ItemView is a work item with its light and milestones.
type ItemView struct {
	campaign.ItemRow

	Light      campaign.Light
	Milestones []campaign.Milestone
	MayFinish  bool
}

// MonthCol is a column of the Gantt chart.
type MonthCol struct {
	Month kernel.Month
	Label string // the month's number
	Year  string // set in the first month of a year and in the first column
	Span  int    // columns of that year
	Now   bool
}

// GanttRow is one bar, or a heading where Heading is set.
type GanttRow struct {
	Heading string
	Href    string
	Text    string
	Who     string
	When    string
	Light   campaign.Light
	Cells   []string // a class for each month: "", on, done, late, with first and last
}

// ItemPage is one work item.
type ItemPage struct {
	Base     Base
	Item     ItemView
	MayPlan  bool
	Today    kernel.Date
	Units    []string
	People   []string
	Timeline []ui.Entry
	Form     ItemForm
	Done     Problem // why it was not marked as done
	Stone    Problem // why the milestone was not taken
	Typed    map[string]string
}

// BodyPage is one body with its people and duties.
type BodyPage struct {
	Base     Base
	Body     roster.Body
	Action   *campaign.Action
	Sections []roster.BodyRow
	Seats    []roster.Seat
	Duties   []roster.Duty
	Timeline []ui.Entry
}

// PersonRow is a person with all seats.
type PersonRow struct {
	ID    int64
	Name  string
	Unit  string
	Posts []string
	Seats []roster.Seat
}

// PersonPage is one person.
type PersonPage struct {
	Base     Base
	Person   roster.Person
	Unit     roster.Unit
	Seats    []roster.Seat
	Items    []ItemView
	Next     string
	Timeline []ui.Entry
}

// UnitPage is one unit with every task, duty and body that names it.
type UnitPage struct {
	Base     Base
	Unit     roster.Unit
	Leads    []campaign.UnitTask
	Support  []campaign.UnitTask
	Seats    []roster.Seat
	Bodies   []UnitBody
	Owes     []campaign.Obligation
	Items    []ItemView
	Next     string
	Timeline []ui.Entry
}

// UnitBody is a body that a unit sits in, with the duties it shares there.
type UnitBody struct {
	ID     int64
	Name   string
	Duties []roster.Duty
}

// MatrixPage is persons × bodies.
type MatrixPage struct {
	Base   Base
	Bodies []roster.BodyRow
	Rows   []MatrixRow
}

// MatrixRow is one person's roles, body by body.
type MatrixRow struct {
	PersonRow

	Cells []string
}

// MeasureRow is an indicator with where it comes from.
type MeasureRow struct {
	campaign.Indicator

	From string
	Href string
}

// CadenceName says how often in Chinese.
func CadenceName(c string) string {
	switch c {
	case "daily":
		return "每天"
	case "weekly":
		return "每周"
	case "monthly":
		return "每月"
	case "quarterly":
		return "每季度"
	case "half_yearly":
		return "每半年"
	case "yearly":
		return "每年"
	case "regular":
		return "定期"
	case "irregular":
		return "不定期"
	case "once":
		return "一次"
	}
	return c
}

// SeverityName says how grave a finding is.
func SeverityName(s string) string {
	switch s {
	case plan.Grave:
		return "矛盾"
	case plan.Warning:
		return "请核对"
	}
	return "已修补"
}

// AnswerName says how a finding was answered.
func AnswerName(a string) string {
	switch a {
	case "accepted":
		return "已采纳"
	case "kept":
		return "保留原文"
	}
	return "未答复"
}

// NoteClass is the look of a finding.
func NoteClass(severity string) string {
	switch severity {
	case plan.Grave:
		return "bad"
	case plan.Warning:
		return ""
	}
	return "plain"
}

// KindName names what a search found.
func KindName(kind string) string {
	names := map[string]string{"person": "人员", "unit": "单位", "body": "机构", "action": "专项行动", "task": "任务", "duty": "职责",
		"phase": "阶段", "appointment": "任职", "obligation": "报送", "indicator": "指标", "plan": "文件", "finding": "体检"}
	if n, ok := names[kind]; ok {
		return n
	}
	return kind
}

func days(start, due kernel.Date) string {
	if start == "" {
		return due.Chinese() + " 前"
	}
	return start.Chinese() + "—" + due.Chinese()
}

// shortDays writes a span as tables have room for: 2023.7.1—2024.3.20.
func shortDays(start, due kernel.Date) string {
	short := func(d kernel.Date) string {
		t := d.Time()
		return fmt.Sprintf("%d.%d.%d", t.Year(), int(t.Month()), t.Day())
	}
	if start == "" {
		return short(due) + " 前"
	}
	return short(start) + "—" + short(due)
}

func plain(p []string) string { return strings.Join(p, "、") }

// shortBody drops what all groups of a campaign share from a body's name.
func shortBody(name string) string {
	if s := strings.TrimSuffix(name, "工作组"); s != name && s != "" {
		return s
	}
	if i := strings.Index(name, "领导小组"); i > 0 && strings.HasSuffix(name, "领导小组") {
		return "领导小组"
	}
	return name
}

// SearchRow is one thing found.
type SearchRow struct {
	campaign.SearchEntry

	Href  string
	Title []ui.Part
	Parts []ui.Part
}

// LedgerRow is one event in the campaign's or the system's ledger.
type LedgerRow struct {
	ui.Entry

	ID   int64
	Href string
}

// Drafts is the list of plans being checked, with the form to hand in another.
type Drafts struct {
	Action   string
	Rows     []campaign.DraftRow
	Revision bool
	Error    string
	Today    kernel.Date
}

// Draft is the checking screen.
type Draft struct {
	Draft    *campaign.Draft
	Reading  campaign.Reading
	Name     string
	Source   []ui.SourceLine
	Leads    map[string][]string // derived lead units by the action's path
	Changes  []campaign.Change   // of a revision
	Edit     string              // which entry is open for correction: task.5, appointment.2.7
	Posted   map[string]string   // what was typed into it, where it was not taken
	Problem  Problem             // and why
	Back     string
	BackHref string
}

// typed is what a field of the open form holds: what was typed, or else what was read.
func (d Draft) typed(name, read string) string {
	if v, ok := d.Posted[name]; ok {
		return v
	}
	return read
}

// counts says what was read: 7 个专项行动、27 项任务 and so on.
func (d Draft) counts() string {
	p := d.Reading.Plan
	seats, duties := 0, 0
	for _, b := range p.Bodies {
		seats += len(b.Appointments)
		duties += len(b.Duties)
	}
	return fmt.Sprintf("读出 %d 个专项行动、%d 项任务、%d 个机构、%d 个任职、%d 条职责、%d 个阶段", len(p.Actions), len(p.Tasks), len(p.Bodies), seats, duties, len(p.Phases))
}

// open counts the findings that wait for an answer; what the reader mended needs none.
func (d Draft) open() int {
	n := 0
	for i, f := range d.Reading.Plan.Findings {
		if d.Reading.Answers[i].Answer == "" && f.Severity != plan.Info {
			n++
		}
	}
	return n
}

// findings lists the places of the findings of some severities, the gravest first.
func (d Draft) findings(severities ...string) []int {
	var out []int
	for _, s := range severities {
		for i, f := range d.Reading.Plan.Findings {
			if f.Severity == s {
				out = append(out, i)
			}
		}
	}
	return out
}

// where is the address of the draft with one entry open for correction.
func (d Draft) where(edit string) string {
	return fmt.Sprintf("/drafts/%d?edit=%s#%s", d.Draft.ID, edit, strings.ReplaceAll(edit, ".", "-"))
}

// closeAt is the address of the draft with nothing open, at the entry that was.
func (d Draft) closeAt() string {
	return fmt.Sprintf("/drafts/%d#%s", d.Draft.ID, strings.ReplaceAll(d.Edit, ".", "-"))
}

// lastEdit names the correction that can be taken back: 更正任务, 去掉任职.
func (d Draft) lastEdit() string {
	e := d.Reading.Edits[len(d.Reading.Edits)-1]
	does := map[string]string{"set": "更正", "add": "添加", "remove": "去掉", "split": "拆分", "merge": "并入", "answer": "答复"}
	return fallback(does[e.Op], "改动") + KindName(e.Kind)
}

// closed reports whether nothing can be changed any more.
func (d Draft) closed() bool { return d.Draft.OpenedCampaignID != 0 }

// actionTasks are the tasks of one action with their index in the plan's list.
type actionTasks struct {
	Index int // of the action; -1 for tasks outside any
	Name  string
	Path  string
	Tasks []int
}

func (d Draft) byAction() []actionTasks {
	p := d.Reading.Plan
	var out []actionTasks
	at := map[string]int{}
	for i, a := range p.Actions {
		at[a.Path] = len(out)
		out = append(out, actionTasks{Index: i, Name: a.Name, Path: a.Path})
	}
	loose := actionTasks{Index: -1, Name: "不在专项行动下的任务"}
	for i, t := range p.Tasks {
		if j, ok := at[t.Action]; ok && t.Action != "" {
			out[j].Tasks = append(out[j].Tasks, i)
		} else {
			loose.Tasks = append(loose.Tasks, i)
		}
	}
	if len(loose.Tasks) > 0 {
		out = append(out, loose)
	}
	return out
}

// targetsOf are the indicators that stand in a task.
func (d Draft) targetsOf(path string) []plan.Indicator {
	var out []plan.Indicator
	for _, i := range d.Reading.Plan.Indicators {
		if i.Path == path && path != "" {
			out = append(out, i)
		}
	}
	return out
}

func fallback(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// SortName says how an entry changed.
func SortName(sort string) string {
	switch sort {
	case campaign.Added:
		return "新增"
	case campaign.Gone:
		return "取消"
	}
	return "改动"
}

// SignIn is the sign-in form.
type SignIn struct{ Login, To, Error, Assets string }

// Link is the form behind a one-time link.
type Link struct{ Token, Name, Login, Error string }

// Me is one's own account.
type Me struct {
	Account access.Account
	Error   string
}

// Accounts is the list of accounts.
type Accounts struct {
	Rows      []access.Account
	Campaigns []campaign.Campaign
	Actor     kernel.Actor
	Link      string
	Error     string
	MayCreate bool
	MayGrant  bool
	Next      int64
	Today     kernel.Date
}

// AdminName is the Chinese name of an administrator.
func AdminName(r kernel.AdminRole) string {
	switch r {
	case kernel.SystemAdmin:
		return "系统管理员"
	case kernel.SecurityAdmin:
		return "安全管理员"
	case kernel.AuditAdmin:
		return "审计管理员"
	case kernel.NoAdmin:
	}
	return ""
}

// around is how much of the unchanged text a difference keeps on either side.
const around = 14

// diffHTML writes the stretch that differs between two texts, old struck through, new marked.
func diffHTML(before, after string) string {
	a, b := []rune(before), []rune(after)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	lead, trail := a[max(0, head-around):head], a[len(a)-tail:min(len(a), len(a)-tail+around)]
	var out strings.Builder
	if head > around {
		out.WriteString("…")
	}
	out.WriteString(html.EscapeString(string(lead)))
	if old := a[head : len(a)-tail]; len(old) > 0 || len(a) == 0 {
		out.WriteString(`<del class="del">` + html.EscapeString(clipText(string(old))) + `</del> `)
	}
	if fresh := b[head : len(b)-tail]; len(fresh) > 0 || len(b) == 0 {
		out.WriteString(`<ins class="ins">` + html.EscapeString(clipText(string(fresh))) + `</ins>`)
	}
	out.WriteString(html.EscapeString(string(trail)))
	if tail > around {
		out.WriteString("…")
	}
	return out.String()
}

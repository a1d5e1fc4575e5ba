package views

import (
	"fmt"
	"html"
	"strings"

	"pinzhi/internal/campaign"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
	"pinzhi/internal/web/views/ui"
)

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
		if d.Reading.Answers[i].Answer == "" && plan.Asks(f.Severity) {
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

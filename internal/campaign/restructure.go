package campaign

import (
	"fmt"
	"slices"
	"strings"

	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
)

// add puts a new entry behind At (its index in the list; -1 for the front) and sets its fields.
func (r *Reading) add(e Edit) error {
	p := &r.Plan
	i, j := index(e.At, 0), index(e.At, 1)
	at := slices.Clone(e.At)
	switch {
	case e.Kind == "task" && i >= -1 && i < len(p.Tasks):
		t := plan.Task{LeadUnits: []string{}, SupportUnits: []string{}, Responsibilities: []plan.Responsibility{}}
		if i >= 0 {
			t.Action, t.Path = p.Tasks[i].Action, p.Tasks[i].Path+"+"
		}
		p.Tasks = slices.Insert(p.Tasks, i+1, t)
		at[0]++
	case e.Kind == "phase" && i >= -1 && i < len(p.Phases):
		p.Phases = slices.Insert(p.Phases, i+1, plan.Phase{})
		at[0]++
	case e.Kind == "body" && i >= -1 && i < len(p.Bodies):
		p.Bodies = slices.Insert(p.Bodies, i+1, plan.Body{Kind: plan.WorkGroup, Sections: []string{}})
		at[0]++
	case e.Kind == "appointment" && in(i, p.Bodies) && j >= -1 && j < len(p.Bodies[i].Appointments):
		b := &p.Bodies[i]
		b.Appointments = slices.Insert(b.Appointments, j+1, plan.Appointment{Role: "成员"})
		at[1]++
	case e.Kind == "duty" && in(i, p.Bodies) && j >= -1 && j < len(p.Bodies[i].Duties):
		b := &p.Bodies[i]
		b.Duties = slices.Insert(b.Duties, j+1, plan.Duty{Number: j + 2})
		at[1]++
	case e.Kind == "obligation" && i >= -1 && i < len(p.Obligations):
		p.Obligations = slices.Insert(p.Obligations, i+1, plan.Obligation{Who: []string{}})
		at[0]++
	case e.Kind == "indicator" && i >= -1 && i < len(p.Indicators):
		p.Indicators = slices.Insert(p.Indicators, i+1, plan.Indicator{})
		at[0]++
	default:
		return errStale
	}
	return r.set(Edit{Kind: e.Kind, At: at, Fields: e.Fields})
}

// remove takes an entry out of the reading: the machine read something that is not there.
func (r *Reading) remove(e Edit) error {
	p := &r.Plan
	i, j := index(e.At, 0), index(e.At, 1)
	switch {
	case e.Kind == "task" && in(i, p.Tasks):
		p.Tasks = slices.Delete(p.Tasks, i, i+1)
	case e.Kind == "phase" && in(i, p.Phases):
		p.Phases = slices.Delete(p.Phases, i, i+1)
	case e.Kind == "body" && in(i, p.Bodies):
		p.Bodies = slices.Delete(p.Bodies, i, i+1)
	case e.Kind == "appointment" && in(i, p.Bodies) && in(j, p.Bodies[i].Appointments):
		p.Bodies[i].Appointments = slices.Delete(p.Bodies[i].Appointments, j, j+1)
	case e.Kind == "duty" && in(i, p.Bodies) && in(j, p.Bodies[i].Duties):
		p.Bodies[i].Duties = slices.Delete(p.Bodies[i].Duties, j, j+1)
	case e.Kind == "obligation" && in(i, p.Obligations):
		p.Obligations = slices.Delete(p.Obligations, i, i+1)
	case e.Kind == "indicator" && in(i, p.Indicators):
		p.Indicators = slices.Delete(p.Indicators, i, i+1)
	case e.Kind == "limit" && in(i, p.Limits):
		p.Limits = slices.Delete(p.Limits, i, i+1)
	default:
		return errStale
	}
	return nil
}

// split cuts a task in two where the text field "from" begins; the second part gets the name in "name".
func (r *Reading) split(e Edit) error {
	p := &r.Plan
	i := index(e.At, 0)
	if e.Kind != "task" || !in(i, p.Tasks) {
		return errStale
	}
	from, name := strings.TrimSpace(e.Fields["from"]), strings.TrimSpace(e.Fields["name"])
	first := &p.Tasks[i]
	cut := strings.Index(first.Text, from)
	switch {
	case from == "":
		return kernel.E(kernel.Invalid, "请抄下新任务从哪几个字开始").On("from")
	case cut < 0:
		return kernel.E(kernel.Invalid, "这条任务的正文里找不到“%s”，请照原文抄", from).On("from")
	case cut == 0:
		return kernel.E(kernel.Invalid, "从第一个字拆开，前一条就空了。请从后面一句拆").On("from")
	case name == "":
		return kernel.E(kernel.Invalid, "请给拆出的任务起个名称").On("name")
	}
	second := *first
	second.Name, second.Text = name, first.Text[cut:]
	second.Path = freePath(p.Tasks, first.Path)
	second.LeadUnits, second.SupportUnits = slices.Clone(first.LeadUnits), slices.Clone(first.SupportUnits)
	first.Text = strings.TrimSpace(first.Text[:cut])
	p.Tasks = slices.Insert(p.Tasks, i+1, second)
	return nil
}

// freePath makes a path for a task that was split off: 三/(一)/2 becomes 三/(一)/2-2.
func freePath(tasks []plan.Task, path string) string {
	for n := 2; ; n++ {
		try := fmt.Sprintf("%s-%d", path, n)
		if !slices.ContainsFunc(tasks, func(t plan.Task) bool { return t.Path == try }) {
			return try
		}
	}
}

// merge joins a task to the one before it, text and units.
func (r *Reading) merge(e Edit) error {
	p := &r.Plan
	i := index(e.At, 0)
	if e.Kind != "task" || !in(i, p.Tasks) {
		return errStale
	}
	if i == 0 {
		return kernel.E(kernel.Invalid, "这是第一条任务，前面没有可并入的")
	}
	into, from := &p.Tasks[i-1], p.Tasks[i]
	into.Text = strings.TrimSpace(into.Text + "\n" + from.Name + "。" + from.Text)
	for _, u := range from.LeadUnits {
		into.LeadUnits = appendNew(slices.Clip(into.LeadUnits), u)
	}
	for _, u := range from.SupportUnits {
		into.SupportUnits = appendNew(slices.Clip(into.SupportUnits), u)
	}
	into.Responsibilities = slices.Concat(into.Responsibilities, from.Responsibilities)
	into.Lines[1] = max(into.Lines[1], from.Lines[1])
	p.Tasks = slices.Delete(p.Tasks, i, i+1)
	return nil
}

// answer records what the clerk says of a finding.
func (r *Reading) answer(e Edit) error {
	i := index(e.At, 0)
	if !in(i, r.Plan.Findings) {
		return errStale
	}
	a := Answer{Answer: e.Fields["answer"], Note: strings.TrimSpace(e.Fields["note"])}
	switch a.Answer {
	case "accepted", "kept", "":
		r.Answers[i] = a
		return nil
	}
	return kernel.E(kernel.Invalid, "请选“采纳”或“保留原文”").On("answer")
}

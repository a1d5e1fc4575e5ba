package campaign

import (
	"slices"
	"strings"

	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
)

// Edit is one correction of a reading, kept as data: the reading at hand is always the machine's
// first reading with all edits applied in order, so that every correction can be seen and taken back.
type Edit struct {
	Op     string            `json:"op"`   // set, add, remove, split, merge, answer
	Kind   string            `json:"kind"` // plan, action, task, phase, body, appointment, duty, obligation, indicator, limit, finding
	At     []int             `json:"at"`   // index in the plan's list; of an appointment or duty: body, then index
	Fields map[string]string `json:"fields,omitempty"`
	By     string            `json:"by"`
}

// Answer is what the clerk said of a finding.
type Answer struct {
	Answer string // accepted: the plan will be corrected; kept: it stays as printed
	Note   string
}

// Reading is a plan as corrected.
type Reading struct {
	Plan    plan.Plan
	Edits   []Edit
	Answers map[int]Answer // by index in Plan.Findings
}

// Correct applies edits to a first reading, in order. It changes nothing in first.
// It fails with invalid, naming the field, for an edit that does not fit.
func Correct(first plan.Plan, edits []Edit) (Reading, error) {
	r := Reading{Plan: clonePlan(first), Answers: map[int]Answer{}}
	for _, e := range edits {
		if err := r.apply(e); err != nil {
			return Reading{}, err
		}
		r.Edits = append(r.Edits, e)
	}
	return r, nil
}

func clonePlan(p plan.Plan) plan.Plan {
	p.Actions = slices.Clone(p.Actions)
	p.Tasks = slices.Clone(p.Tasks)
	p.Phases = slices.Clone(p.Phases)
	p.Obligations = slices.Clone(p.Obligations)
	p.Indicators = slices.Clone(p.Indicators)
	p.Limits = slices.Clone(p.Limits)
	p.Findings = slices.Clone(p.Findings)
	p.Bodies = slices.Clone(p.Bodies)
	for i := range p.Bodies {
		b := &p.Bodies[i]
		b.Appointments, b.Duties, b.Sections = slices.Clone(b.Appointments), slices.Clone(b.Duties), slices.Clone(b.Sections)
	}
	return p
}

func (r *Reading) apply(e Edit) error {
	switch e.Op {
	case "set":
		return r.set(e)
	case "add":
		return r.add(e)
	case "remove":
		return r.remove(e)
	case "split":
		return r.split(e)
	case "merge":
		return r.merge(e)
	case "answer":
		return r.answer(e)
	}
	return kernel.E(kernel.Invalid, "不认识的修改“%s”，请刷新页面再改", e.Op)
}

var errStale = kernel.E(kernel.Conflict, "这一条已经不在了，可能刚被别人改过。请刷新页面再改")

// set changes fields of one entry.
func (r *Reading) set(e Edit) error {
	fields, err := r.fieldsOf(e.Kind, e.At)
	if err != nil {
		return err
	}
	for name, value := range e.Fields {
		f, ok := fields[name]
		if !ok {
			return kernel.E(kernel.Invalid, "这里没有“%s”这一项", name).On(name)
		}
		if err := f(strings.TrimSpace(value)); err != nil {
			return err
		}
	}
	return nil
}

// setter writes one field of an entry, or says why the value does not fit.
type setter func(value string) error

// fieldsOf lists what can be corrected of an entry: rules as data, read by set and by the form on the screen.
func (r *Reading) fieldsOf(kind string, at []int) (map[string]setter, error) {
	p := &r.Plan
	i, j := index(at, 0), index(at, 1)
	switch {
	case kind == "plan":
		return planFields(p), nil
	case kind == "action" && in(i, p.Actions):
		return map[string]setter{"name": required(&p.Actions[i].Name, "专项行动的名称", "name")}, nil
	case kind == "task" && in(i, p.Tasks):
		return taskFields(&p.Tasks[i]), nil
	case kind == "phase" && in(i, p.Phases):
		ph := &p.Phases[i]
		return map[string]setter{"name": required(&ph.Name, "阶段名称", "name"), "start": month(&ph.Start, "start"), "end": month(&ph.End, "end")}, nil
	case kind == "body" && in(i, p.Bodies):
		b := &p.Bodies[i]
		return map[string]setter{"name": required(&b.Name, "机构名称", "name"), "kind": bodyKind(&b.Kind), "sections": list(&b.Sections)}, nil
	case kind == "appointment" && in(i, p.Bodies) && in(j, p.Bodies[i].Appointments):
		a := &p.Bodies[i].Appointments[j]
		return map[string]setter{"role": required(&a.Role, "角色", "role"), "name": required(&a.Name, "姓名", "name"), "post": free(&a.Post), "unit": free(&a.Unit)}, nil
	case kind == "duty" && in(i, p.Bodies) && in(j, p.Bodies[i].Duties):
		return map[string]setter{"text": required(&p.Bodies[i].Duties[j].Text, "职责", "text")}, nil
	case kind == "obligation" && in(i, p.Obligations):
		o := &p.Obligations[i]
		return map[string]setter{"who": list(&o.Who), "what": required(&o.What, "报送内容", "what"), "cadence": free(&o.Cadence), "to": free(&o.To)}, nil
	case kind == "indicator" && in(i, p.Indicators):
		x := &p.Indicators[i]
		return map[string]setter{"name": required(&x.Name, "指标名称", "name"), "comparator": free(&x.Comparator), "value": free(&x.Value), "unit": free(&x.Unit)}, nil
	}
	return nil, errStale
}

func planFields(p *plan.Plan) map[string]setter {
	return map[string]setter{
		"title": required(&p.Title, "标题", "title"), "plan_title": free(&p.PlanTitle), "document_number": free(&p.DocumentNumber),
		"issuer": free(&p.Issuer), "issued_on": day(&p.IssuedOn, "issued_on"), "printed_on": day(&p.PrintedOn, "printed_on"),
	}
}

func taskFields(t *plan.Task) map[string]setter {
	return map[string]setter{
		"name": required(&t.Name, "任务名称", "name"), "text": free(&t.Text), "deadline": day(&t.Deadline, "deadline"),
		"lead_units": list(&t.LeadUnits), "support_units": list(&t.SupportUnits),
	}
}

func index(at []int, n int) int {
	if n >= len(at) {
		return -1
	}
	return at[n]
}

func in[T any](i int, list []T) bool { return i >= 0 && i < len(list) }

func free(to *string) setter { return func(v string) error { *to = v; return nil } }

func required(to *string, what, field string) setter {
	return func(v string) error {
		if v == "" {
			return kernel.E(kernel.Invalid, "%s不能空着", what).On(field)
		}
		*to = v
		return nil
	}
}

func day(to *string, field string) setter {
	return func(v string) error {
		if v != "" {
			if _, err := kernel.ParseDate(v); err != nil {
				return kernel.E(kernel.Invalid, "“%s”不是日期，请写成 2023-06-28 这样", v).On(field)
			}
		}
		*to = v
		return nil
	}
}

func month(to *string, field string) setter {
	return func(v string) error {
		if v != "" {
			if _, err := kernel.ParseDate(v + "-01"); err != nil {
				return kernel.E(kernel.Invalid, "“%s”不是月份，请写成 2023-07 这样", v).On(field)
			}
		}
		*to = v
		return nil
	}
}

func bodyKind(to *string) setter {
	return func(v string) error {
		switch v {
		case plan.LeadingGroup, plan.Office, plan.Section, plan.WorkGroup, plan.InspectionGroup:
			*to = v
			return nil
		}
		return kernel.E(kernel.Invalid, "请选机构的类别").On("kind")
	}
}

// list splits names as clerks write them: 市教育局、市公安局，市财政局.
func list(to *[]string) setter {
	return func(v string) error {
		*to = SplitNames(v)
		return nil
	}
}

// SplitNames splits a list of names at 、，,；; and line ends, dropping blanks and repeats.
func SplitNames(v string) []string {
	names := []string{}
	for _, s := range strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune("、，,；;\n\r", r) }) {
		if s = strings.TrimSpace(s); s != "" {
			names = appendNew(names, s)
		}
	}
	return names
}

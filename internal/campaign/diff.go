package campaign

import (
	"fmt"
	"strconv"
	"strings"

	"pinzhi/internal/plan"
)

// The sorts of change between two versions of a plan.
const (
	Added   = "added"
	Changed = "changed"
	Gone    = "gone"
)

// Change is one difference between the plan as it runs and its revision.
type Change struct {
	Sort   string // added, changed, gone
	Kind   string // phase, action, task, body, appointment, duty, obligation, indicator
	Name   string
	Fields []FieldChange // of a changed entry
	Lines  plan.Lines    // in the revised text; of a gone entry, in the old one
}

// FieldChange is one field of a changed entry before and after.
type FieldChange struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// pair joins an entry of the old plan to one of the new: -1 stands for none.
type pair struct{ old, new int }

// pairUp joins entries whose keys agree, trying one key after another on what is still alone.
// A key that is not unique among the remaining entries joins in order. Empty keys join nothing.
func pairUp[T any](old, new []T, keys ...func(T) string) []pair {
	partner := make([]int, len(new))
	for i := range partner {
		partner[i] = -1
	}
	taken := make([]bool, len(old))
	for _, key := range keys {
		waiting := map[string][]int{}
		for i, o := range old {
			if k := key(o); !taken[i] && k != "" {
				waiting[k] = append(waiting[k], i)
			}
		}
		for j, n := range new {
			k := key(n)
			if partner[j] >= 0 || len(waiting[k]) == 0 {
				continue
			}
			partner[j], waiting[k] = waiting[k][0], waiting[k][1:]
			taken[partner[j]] = true
		}
	}
	var pairs []pair
	for j := range new {
		pairs = append(pairs, pair{partner[j], j})
	}
	for i := range old {
		if !taken[i] {
			pairs = append(pairs, pair{i, -1})
		}
	}
	return pairs
}

func pairActions(old, new []plan.Action) []pair {
	return pairUp(old, new, func(a plan.Action) string { return a.Name }, func(a plan.Action) string { return a.Path })
}

// pairTasks: the same name within the same action; the same name anywhere; the same place in the outline.
func pairTasks(old, new *plan.Plan) []pair {
	actionName := func(p *plan.Plan) map[string]string {
		names := map[string]string{}
		for _, a := range p.Actions {
			names[a.Path] = a.Name
		}
		return names
	}
	was, is := actionName(old), actionName(new)
	type keyed struct {
		plan.Task

		action string
	}
	wrap := func(tasks []plan.Task, names map[string]string) []keyed {
		var out []keyed
		for _, t := range tasks {
			out = append(out, keyed{t, names[t.Action]})
		}
		return out
	}
	return pairUp(wrap(old.Tasks, was), wrap(new.Tasks, is),
		func(t keyed) string { return t.action + "\x00" + t.Name },
		func(t keyed) string { return t.Name },
		func(t keyed) string { return t.Path })
}

func pairPhases(old, new []plan.Phase) []pair {
	return pairUp(old, new, func(p plan.Phase) string { return p.Name }, func(p plan.Phase) string { return p.Start + p.End })
}

func pairBodies(old, new []plan.Body) []pair {
	return pairUp(old, new, func(b plan.Body) string { return b.Name })
}

func pairAppointments(old, new []plan.Appointment) []pair {
	return pairUp(old, new, func(a plan.Appointment) string { return a.Name + "\x00" + a.Unit }, func(a plan.Appointment) string { return a.Name })
}

func pairDuties(old, new []plan.Duty) []pair {
	return pairUp(old, new, func(d plan.Duty) string { return d.Text }, func(d plan.Duty) string { return strconv.Itoa(d.Number) })
}

func pairObligations(old, new []plan.Obligation) []pair {
	return pairUp(old, new,
		func(o plan.Obligation) string {
			return strings.Join(o.Who, "、") + "\x00" + o.What + "\x00" + o.Cadence
		},
		func(o plan.Obligation) string { return o.What + "\x00" + o.Cadence })
}

func pairIndicators(old, new []plan.Indicator) []pair {
	return pairUp(old, new,
		func(i plan.Indicator) string { return i.Path + "\x00" + i.Name + "\x00" + i.Value },
		func(i plan.Indicator) string { return i.Path + "\x00" + i.Name })
}

// Compare lists what differs between the plan as it runs and its revision, in the plan's order.
func Compare(old, new *plan.Plan) []Change {
	var out []Change
	out = append(out, changes("phase", pairPhases(old.Phases, new.Phases), old.Phases, new.Phases, phaseFields, func(p plan.Phase) (string, plan.Lines) { return p.Name, p.Lines })...)
	out = append(out, changes("action", pairActions(old.Actions, new.Actions), old.Actions, new.Actions, actionFields, func(a plan.Action) (string, plan.Lines) { return a.Name, a.Lines })...)
	out = append(out, changes("task", pairTasks(old, new), old.Tasks, new.Tasks, taskTexts, func(t plan.Task) (string, plan.Lines) { return t.Name, t.Lines })...)
	bodies := pairBodies(old.Bodies, new.Bodies)
	out = append(out, changes("body", bodies, old.Bodies, new.Bodies, bodyFields, func(b plan.Body) (string, plan.Lines) { return b.Name, b.Lines })...)
	for _, p := range bodies {
		if p.old >= 0 && p.new >= 0 {
			out = append(out, compareBody(old.Bodies[p.old], new.Bodies[p.new])...)
		}
	}
	out = append(out, changes("obligation", pairObligations(old.Obligations, new.Obligations), old.Obligations, new.Obligations, obligationFields, func(o plan.Obligation) (string, plan.Lines) { return o.What, o.Lines })...)
	out = append(out, changes("indicator", pairIndicators(old.Indicators, new.Indicators), old.Indicators, new.Indicators, indicatorFields, func(i plan.Indicator) (string, plan.Lines) { return i.Name, i.Lines })...)
	return out
}

func compareBody(old, new plan.Body) []Change {
	out := changes("appointment", pairAppointments(old.Appointments, new.Appointments), old.Appointments, new.Appointments, appointmentFields,
		func(a plan.Appointment) (string, plan.Lines) { return new.Name + " " + a.Name, a.Lines })
	return append(out, changes("duty", pairDuties(old.Duties, new.Duties), old.Duties, new.Duties, dutyFields,
		func(d plan.Duty) (string, plan.Lines) {
			return fmt.Sprintf("%s 职责 %d", new.Name, d.Number), d.Lines
		})...)
}

// changes turns pairs into changes; fields lists what of an entry a reader would call a change.
func changes[T any](kind string, pairs []pair, old, new []T, fields func(T) []FieldChange, name func(T) (string, plan.Lines)) []Change {
	var out []Change
	for _, p := range pairs {
		switch {
		case p.old < 0:
			n, l := name(new[p.new])
			out = append(out, Change{Sort: Added, Kind: kind, Name: n, Lines: l})
		case p.new < 0:
			n, l := name(old[p.old])
			out = append(out, Change{Sort: Gone, Kind: kind, Name: n, Lines: l})
		default:
			if f := fieldChanges(fields(old[p.old]), fields(new[p.new])); len(f) > 0 {
				n, l := name(new[p.new])
				out = append(out, Change{Sort: Changed, Kind: kind, Name: n, Fields: f, Lines: l})
			}
		}
	}
	return out
}

// fieldChanges compares two lists of fields that run parallel; the value is carried in After.
func fieldChanges(old, new []FieldChange) []FieldChange {
	var out []FieldChange
	for i := range old {
		if old[i].After != new[i].After {
			out = append(out, FieldChange{Field: old[i].Field, Before: old[i].After, After: new[i].After})
		}
	}
	return out
}

func value(field, v string) FieldChange { return FieldChange{Field: field, After: v} }

func phaseFields(p plan.Phase) []FieldChange {
	return []FieldChange{value("名称", p.Name), value("开始", p.Start), value("结束", p.End), value("内容", p.Text)}
}

func actionFields(a plan.Action) []FieldChange { return []FieldChange{value("名称", a.Name)} }

func taskTexts(t plan.Task) []FieldChange {
	return []FieldChange{value("名称", t.Name), value("正文", t.Text), value("牵头单位", strings.Join(t.LeadUnits, "、")),
		value("配合单位", strings.Join(t.SupportUnits, "、")), value("完成时限", t.Deadline)}
}

func bodyFields(b plan.Body) []FieldChange {
	return []FieldChange{value("类别", b.Kind), value("内设组", strings.Join(b.Sections, "、"))}
}

func appointmentFields(a plan.Appointment) []FieldChange {
	return []FieldChange{value("角色", a.Role), value("职务", a.Post), value("单位", a.Unit)}
}

func dutyFields(d plan.Duty) []FieldChange { return []FieldChange{value("内容", d.Text)} }

func obligationFields(o plan.Obligation) []FieldChange {
	return []FieldChange{value("谁报", strings.Join(o.Who, "、")), value("报给", o.To)}
}

func indicatorFields(i plan.Indicator) []FieldChange {
	return []FieldChange{value("目标", TargetText(i.Comparator, i.Value, i.Unit))}
}

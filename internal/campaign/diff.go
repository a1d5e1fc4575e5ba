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
	Kind   string // phase, action, task, body, appointment, duty, obligation, indicator, limit
	Name   string
	Fields []FieldChange // of a changed entry
	Lines  plan.Lines    // in the revised text; of a gone entry, in the was one
}

// FieldChange is one field of a changed entry before and after.
type FieldChange struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// pair joins an entry of the plan that was to one of the plan that is: -1 stands for none.
type pair struct{ was, is int }

// pairUp joins entries whose keys agree, trying one key after another on what is still alone.
// A key that is not unique among the remaining entries joins in order. Empty keys join nothing.
func pairUp[T any](was, is []T, keys ...func(T) string) []pair {
	partner := make([]int, len(is))
	for i := range partner {
		partner[i] = -1
	}
	taken := make([]bool, len(was))
	for _, key := range keys {
		waiting := map[string][]int{}
		for i, o := range was {
			if k := key(o); !taken[i] && k != "" {
				waiting[k] = append(waiting[k], i)
			}
		}
		for j, n := range is {
			k := key(n)
			if partner[j] >= 0 || len(waiting[k]) == 0 {
				continue
			}
			partner[j], waiting[k] = waiting[k][0], waiting[k][1:]
			taken[partner[j]] = true
		}
	}
	var pairs []pair
	for j := range is {
		pairs = append(pairs, pair{partner[j], j})
	}
	for i := range was {
		if !taken[i] {
			pairs = append(pairs, pair{i, -1})
		}
	}
	return pairs
}

func pairActions(was, is []plan.Action) []pair {
	return pairUp(was, is, func(a plan.Action) string { return a.Name }, func(a plan.Action) string { return a.Path })
}

// pairTasks: the same name within the same action; the same name anywhere; the same place in the outline.
func pairTasks(was, is *plan.Plan) []pair {
	actionName := func(p *plan.Plan) map[string]string {
		names := map[string]string{}
		for _, a := range p.Actions {
			names[a.Path] = a.Name
		}
		return names
	}
	wasNames, isNames := actionName(was), actionName(is)
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
	return pairUp(wrap(was.Tasks, wasNames), wrap(is.Tasks, isNames),
		func(t keyed) string { return t.action + "\x00" + t.Name },
		func(t keyed) string { return t.Name },
		func(t keyed) string { return t.Path })
}

func pairPhases(was, is []plan.Phase) []pair {
	return pairUp(was, is, func(p plan.Phase) string { return p.Name }, func(p plan.Phase) string { return p.Start + p.End })
}

func pairBodies(was, is []plan.Body) []pair {
	return pairUp(was, is, func(b plan.Body) string { return b.Name })
}

func pairAppointments(was, is []plan.Appointment) []pair {
	return pairUp(was, is, func(a plan.Appointment) string { return a.Name + "\x00" + a.Unit }, func(a plan.Appointment) string { return a.Name })
}

func pairDuties(was, is []plan.Duty) []pair {
	return pairUp(was, is, func(d plan.Duty) string { return d.Text }, func(d plan.Duty) string { return strconv.Itoa(d.Number) })
}

func pairObligations(was, is []plan.Obligation) []pair {
	return pairUp(was, is,
		func(o plan.Obligation) string {
			return strings.Join(o.Who, "、") + "\x00" + o.What + "\x00" + o.Cadence
		},
		func(o plan.Obligation) string { return o.What + "\x00" + o.Cadence })
}

func pairIndicators(was, is []plan.Indicator) []pair {
	return pairUp(was, is,
		func(i plan.Indicator) string { return i.Path + "\x00" + i.Name + "\x00" + i.Value },
		func(i plan.Indicator) string { return i.Path + "\x00" + i.Name })
}

func pairLimits(was, is []plan.Limit) []pair {
	return pairUp(was, is, func(l plan.Limit) string { return l.Text }, func(plan.Limit) string { return "any" })
}

// Compare lists what differs between the plan as it runs and its revision, in the plan's order.
func Compare(was, is *plan.Plan) []Change {
	var out []Change
	out = append(out, changes("phase", pairPhases(was.Phases, is.Phases), was.Phases, is.Phases, phaseFields, func(p plan.Phase) (string, plan.Lines) { return p.Name, p.Lines })...)
	out = append(out, changes("action", pairActions(was.Actions, is.Actions), was.Actions, is.Actions, actionFields, func(a plan.Action) (string, plan.Lines) { return a.Name, a.Lines })...)
	out = append(out, changes("task", pairTasks(was, is), was.Tasks, is.Tasks, taskTexts, func(t plan.Task) (string, plan.Lines) { return t.Name, t.Lines })...)
	bodies := pairBodies(was.Bodies, is.Bodies)
	out = append(out, changes("body", bodies, was.Bodies, is.Bodies, bodyFields, func(b plan.Body) (string, plan.Lines) { return b.Name, b.Lines })...)
	for _, p := range bodies {
		if p.was >= 0 && p.is >= 0 {
			out = append(out, compareBody(was.Bodies[p.was], is.Bodies[p.is])...)
		}
	}
	out = append(out, changes("obligation", pairObligations(was.Obligations, is.Obligations), was.Obligations, is.Obligations, obligationFields, func(o plan.Obligation) (string, plan.Lines) { return o.What, o.Lines })...)
	out = append(out, changes("indicator", pairIndicators(was.Indicators, is.Indicators), was.Indicators, is.Indicators, indicatorFields, func(i plan.Indicator) (string, plan.Lines) { return i.Name, i.Lines })...)
	out = append(out, changes("limit", pairLimits(was.Limits, is.Limits), was.Limits, is.Limits, limitFields, func(l plan.Limit) (string, plan.Lines) { return l.Text, l.Lines })...)
	return out
}

func compareBody(was, is plan.Body) []Change {
	out := changes("appointment", pairAppointments(was.Appointments, is.Appointments), was.Appointments, is.Appointments, appointmentFields,
		func(a plan.Appointment) (string, plan.Lines) { return is.Name + " " + a.Name, a.Lines })
	return append(out, changes("duty", pairDuties(was.Duties, is.Duties), was.Duties, is.Duties, dutyFields,
		func(d plan.Duty) (string, plan.Lines) {
			return fmt.Sprintf("%s 职责 %d", is.Name, d.Number), d.Lines
		})...)
}

// changes turns pairs into changes; fields lists what of an entry a reader would call a change.
func changes[T any](kind string, pairs []pair, was, is []T, fields func(T) []FieldChange, name func(T) (string, plan.Lines)) []Change {
	var out []Change
	for _, p := range pairs {
		switch {
		case p.was < 0:
			n, l := name(is[p.is])
			out = append(out, Change{Sort: Added, Kind: kind, Name: n, Lines: l})
		case p.is < 0:
			n, l := name(was[p.was])
			out = append(out, Change{Sort: Gone, Kind: kind, Name: n, Lines: l})
		default:
			if f := fieldChanges(fields(was[p.was]), fields(is[p.is])); len(f) > 0 {
				n, l := name(is[p.is])
				out = append(out, Change{Sort: Changed, Kind: kind, Name: n, Fields: f, Lines: l})
			}
		}
	}
	return out
}

// fieldChanges compares two lists of fields that run parallel; the value is carried in After.
func fieldChanges(was, is []FieldChange) []FieldChange {
	var out []FieldChange
	for i := range was {
		if was[i].After != is[i].After {
			out = append(out, FieldChange{Field: was[i].Field, Before: was[i].After, After: is[i].After})
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

func limitFields(l plan.Limit) []FieldChange { return []FieldChange{value("时限", LimitText(l))} }

func indicatorFields(i plan.Indicator) []FieldChange {
	return []FieldChange{value("目标", TargetText(i.Comparator, i.Value, i.Unit))}
}

package campaign

import (
	"slices"
	"strings"

	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
)

func phaseRows(campaignID int64, p *plan.Plan) []Phase {
	rows := make([]Phase, 0, len(p.Phases))
	for i, ph := range p.Phases {
		rows = append(rows, Phase{CampaignID: campaignID, Position: i + 1, Name: ph.Name, StartMonth: kernel.Month(ph.Start),
			EndMonth: kernel.Month(ph.End), Text: ph.Text, LineFrom: ph.Lines[0], LineTo: ph.Lines[1]})
	}
	return rows
}

func actionRows(campaignID int64, p *plan.Plan) []Action {
	rows := make([]Action, 0, len(p.Actions))
	for i, a := range p.Actions {
		rows = append(rows, Action{CampaignID: campaignID, Position: i + 1, Path: a.Path, Name: a.Name,
			LineFrom: a.Lines[0], LineTo: a.Lines[1]})
	}
	return rows
}

func taskRows(campaignID int64, p *plan.Plan, actionIDs map[string]int64) []Task {
	rows := make([]Task, 0, len(p.Tasks))
	for i, t := range p.Tasks {
		rows = append(rows, Task{CampaignID: campaignID, ActionID: actionIDs[t.Action], Position: i + 1, Path: t.Path, Name: t.Name,
			Text: t.Text, Deadline: kernel.Date(t.Deadline), LineFrom: t.Lines[0], LineTo: t.Lines[1]})
	}
	return rows
}

func findingRows(campaignID int64, version int, r Reading) []Finding {
	rows := make([]Finding, 0, len(r.Plan.Findings))
	for i, f := range r.Plan.Findings {
		a := r.Answers[i]
		rows = append(rows, Finding{CampaignID: campaignID, Version: version, Position: i + 1, Code: f.Code, Severity: f.Severity,
			Message: f.Message, LineFrom: f.Lines[0], LineTo: f.Lines[1], Answer: a.Answer, Note: a.Note})
	}
	return rows
}

func obligationRows(campaignID int64, p *plan.Plan) []Obligation {
	rows := make([]Obligation, 0, len(p.Obligations))
	for i, o := range p.Obligations {
		who := o.Who
		if who == nil {
			who = []string{}
		}
		rows = append(rows, Obligation{CampaignID: campaignID, Position: i + 1, Who: who, What: o.What, Cadence: o.Cadence,
			Receiver: o.To, LineFrom: o.Lines[0], LineTo: o.Lines[1]})
	}
	return rows
}

func indicatorRows(campaignID int64, p *plan.Plan, tasks []Task) []Indicator {
	ids := map[string]int64{}
	for _, t := range tasks {
		ids[t.Path] = t.ID
	}
	rows := make([]Indicator, 0, len(p.Indicators))
	for i, x := range p.Indicators {
		rows = append(rows, Indicator{CampaignID: campaignID, Position: i + 1, TaskID: ids[x.Path], Path: x.Path, Name: x.Name,
			Comparator: x.Comparator, Value: x.Value, Unit: x.Unit, LineFrom: x.Lines[0], LineTo: x.Lines[1]})
	}
	return rows
}

// taskUnitRows says who answers for each task: as printed, or, where the plan names no lead there,
// as its own rule has it, marked derived.
func taskUnitRows(campaignID int64, p *plan.Plan, tasks []Task, units map[string]int64) []TaskUnit {
	derived := derivedLeads(p)
	var rows []TaskUnit
	for i, t := range p.Tasks {
		printed := printedUnits(campaignID, tasks[i].ID, t, units)
		if len(t.LeadUnits) == 0 {
			for _, d := range derived[t.Action] {
				printed = append(printed, TaskUnit{CampaignID: campaignID, TaskID: tasks[i].ID, UnitID: units[plan.NormalUnit(d.unit)], Role: Lead,
					Printed: "牵头", Derived: true, LineFrom: d.lines[0], LineTo: d.lines[1]})
			}
		}
		for j := range printed {
			printed[j].Position = j + 1
		}
		rows = append(rows, printed...)
	}
	return rows
}

// printedUnits lists the units that a task names: each with the printed word and the passage it stands for,
// and those that a correction added without a passage.
func printedUnits(campaignID, taskID int64, t plan.Task, units map[string]int64) []TaskUnit {
	var rows []TaskUnit
	seen := map[string]bool{}
	add := func(unit, role, printed, scope string, lines plan.Lines) {
		key := strings.Join([]string{plan.NormalUnit(unit), role, scope}, "\x00")
		if unit == "" || seen[key] {
			return
		}
		seen[key], seen[unit+"\x00"+role] = true, true
		rows = append(rows, TaskUnit{CampaignID: campaignID, TaskID: taskID, UnitID: units[plan.NormalUnit(unit)], Role: role, Printed: printed,
			Scope: scope, LineFrom: lines[0], LineTo: lines[1]})
	}
	for _, r := range t.Responsibilities {
		for _, u := range r.Units {
			switch {
			case slices.Contains(t.LeadUnits, u) && leads(r.Role):
				add(u, Lead, r.Role, r.Scope, r.Lines)
			case slices.Contains(t.SupportUnits, u) || slices.Contains(t.LeadUnits, u):
				add(u, Support, r.Role, r.Scope, r.Lines)
			}
		}
	}
	for _, u := range t.LeadUnits {
		if !seen[u+"\x00"+Lead] {
			add(u, Lead, "牵头", "", t.Lines)
		}
	}
	for _, u := range t.SupportUnits {
		if !seen[u+"\x00"+Support] {
			add(u, Support, "配合", "", t.Lines)
		}
	}
	return rows
}

// leads reports whether a printed role makes a unit answer for the work rather than help with it.
func leads(role string) bool {
	switch role {
	case "配合", "参与", "协助", "指导":
		return false
	}
	return true
}

type derivedLead struct {
	unit  string
	lines plan.Lines
}

// derivedLeads applies the plan's own rule to every action with a work group, by the action's path.
func derivedLeads(p *plan.Plan) map[string][]derivedLead {
	out := map[string][]derivedLead{}
	rule, ok := FindLeadRule(p)
	if !ok {
		return out
	}
	for _, a := range p.Actions {
		g := GroupOf(a.Name, p.Bodies)
		if g < 0 {
			continue
		}
		for _, unit := range DerivedLeads(rule, p.Bodies[g]) {
			out[a.Path] = append(out[a.Path], derivedLead{unit, rule.Lines})
		}
	}
	return out
}

// DerivedUnits names the lead units that follow from the plan's own rule, by the action's path.
func DerivedUnits(p *plan.Plan) map[string][]string {
	out := map[string][]string{}
	for path, leads := range derivedLeads(p) {
		for _, l := range leads {
			out[path] = append(out[path], l.unit)
		}
	}
	return out
}

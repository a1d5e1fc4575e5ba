package campaign

import (
	"regexp"
	"slices"
	"strings"

	"pinzhi/internal/plan"
)

// LeadRule is the plan's own rule by which the lead unit of an action can be told from its work group.
type LeadRule struct {
	Role  string     // the role that the head of the lead unit holds: 组长 or 副组长
	Text  string     // the words of the plan
	Lines plan.Lines // where they stand
}

// leadRule finds sentences like 牵头部门主要负责人任副组长 (Linfen, line 127).
var leadRule = regexp.MustCompile(`牵头(?:部门|单位)(?:的)?主要(?:负责人|负责同志|领导)(?:任|担任|为)(组长|副组长)`)

// FindLeadRule looks for the rule in the plan's text; ok is false where the plan has none.
func FindLeadRule(p *plan.Plan) (rule LeadRule, ok bool) {
	walk(p.Outline, func(h plan.Heading) {
		if ok {
			return
		}
		if m := leadRule.FindStringSubmatch(h.Text); m != nil {
			rule, ok = LeadRule{Role: m[1], Text: m[0], Lines: h.Lines}, true
		}
	})
	return rule, ok
}

func walk(hs []plan.Heading, f func(plan.Heading)) {
	for _, h := range hs {
		f(h)
		walk(h.Children, f)
	}
}

// GroupOf finds the work group that answers for an action: the one whose name begins with the action's.
// It returns -1 where there is none.
func GroupOf(action string, bodies []plan.Body) int {
	key := ShortName(action)
	for i, b := range bodies {
		if b.Kind == plan.WorkGroup && strings.HasPrefix(ShortName(strings.TrimSuffix(b.Name, "工作组")), key) {
			return i
		}
	}
	return -1
}

// heads are titles of the first man of a unit; deputies and advisers do not make their unit the lead.
var heads = regexp.MustCompile(`(?:^|[^副])(?:局长|主任|支队长|队长|区长|县长|行长|书记|部长|院长|校长|社长|台长)$`)

// DerivedLeads returns the lead units of an action's work group by the rule, in the plan's order:
// the units whose heads hold the rule's role. Deputy secretaries of the government hold it too, but lead no department.
func DerivedLeads(rule LeadRule, group plan.Body) []string {
	var units []string
	for _, a := range group.Appointments {
		title := strings.TrimSpace(strings.TrimPrefix(a.Post, a.Unit))
		if a.Role != rule.Role || a.Unit == "" || strings.Contains(a.Post, "秘书长") || !heads.MatchString(title) {
			continue
		}
		units = appendNew(units, a.Unit)
	}
	return units
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

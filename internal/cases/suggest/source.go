package suggest

import (
	"regexp"
	"slices"
	"strings"

	"pinzhi/internal/plan"
)

// Part is the part a unit has in a duty or task, the heaviest first.
type Part int

// The parts.
const (
	Leads    Part = iota // the plan names it as the one in the lead
	Supports             // the plan names it among the others responsible
	Heads                // its head is a head of the work group that has the duty
	Sits                 // somebody of it sits in the work group
)

// Charge is a unit's part in a duty or task.
type Charge struct {
	Unit string
	Part Part
}

// Duty is a numbered duty of a body with the units that answer for it.
type Duty struct {
	Body   string
	Number int
	Text   string
	Lines  plan.Lines
	Units  []Charge
}

// Task is a task, or the passage of one that has units of its own.
type Task struct {
	Path  string
	Body  string // the work group of its action, "" where there is none
	Text  string
	Lines plan.Lines
	Units []Charge
}

// Source is what a campaign says about who answers for what.
type Source struct {
	Units  []string // every unit the campaign knows, named as the plan names it
	Duties []Duty
	Tasks  []Task
}

// FromPlan gathers a Source from a plan as read. Governments are written in full, as a campaign does.
func FromPlan(p *plan.Plan) Source {
	s := planReader{plan: p, districts: districtsOf(p)}
	for _, b := range p.Bodies {
		charges := chargesOf(b)
		s.addUnits(charges)
		if b.Kind == plan.Office || b.Kind == plan.LeadingGroup {
			continue // they keep the campaign going; what is wrong in the city is the groups'
		}
		for _, d := range b.Duties {
			if restDuty.MatchString(d.Text) {
				continue
			}
			s.out.Duties = append(s.out.Duties, Duty{Body: b.Name, Number: d.Number, Text: d.Text, Lines: d.Lines, Units: charges})
		}
	}
	for _, t := range p.Tasks {
		s.addTask(t)
	}
	return s.out
}

// restDuty is the last duty of every list, which speaks of nothing.
var restDuty = regexp.MustCompile(`^(?:完成|承办|做好).{0,12}交办的其他(?:工作|事项|任务)`)

// ownGovernment are the posts of those who head the campaign; they belong to no department.
var ownGovernment = regexp.MustCompile(`^(?:[省市县区旗州]|.{2,5}[省市县区旗州])?(?:人民政府|党?委|政府办公?室?|委办公?室|人大常委会|政协|纪委|监委)$`)

type planReader struct {
	plan      *plan.Plan
	out       Source
	districts []string
}

func (r *planReader) addUnits(charges []Charge) {
	for _, c := range charges {
		if !slices.Contains(r.out.Units, c.Unit) {
			r.out.Units = append(r.out.Units, c.Unit)
		}
	}
}

// districtsOf are the governments of parts of the city in the rosters: what a plan means by 各区政府.
func districtsOf(p *plan.Plan) (out []string) {
	for _, b := range p.Bodies {
		for _, a := range b.Appointments {
			if isDistrict(a.Unit) && !slices.Contains(out, a.Unit) {
				out = append(out, a.Unit)
			}
		}
	}
	return out
}

var districtUnit = regexp.MustCompile(`.{2,}(?:[区县市]人民政府|管委会|街道|街道办事处|[乡镇]人民政府|镇)$`)

func isDistrict(unit string) bool { return districtUnit.MatchString(unit) }

// head is the title of a unit's first man.
var head = regexp.MustCompile(`(?:^|[^副])(?:局长|主任|支队长|大队长|队长|区长|县长|镇长|行长|书记|部长|院长|社长|台长|经理)$`)

// leading are the roles of a group's heads.
var leading = regexp.MustCompile(`组长|召集人|指挥|主任`)

func chargesOf(b plan.Body) (out []Charge) {
	for _, a := range b.Appointments {
		unit := plan.NormalUnit(a.Unit)
		member := isDistrict(unit) && a.Role == "成员" // a district, unlike the government above it, is not in the lead
		if unit == "" || ownGovernment.MatchString(unit) && !member {
			continue
		}
		part := Sits
		title := strings.TrimPrefix(a.Post, a.Unit)
		if leading.MatchString(a.Role) && (head.MatchString(title) || a.Role == "组长") {
			part = Heads
		}
		out = charge(out, unit, part)
	}
	return out
}

// charge adds a unit's part; of two parts the heavier counts.
func charge(list []Charge, unit string, part Part) []Charge {
	for i := range list {
		if list[i].Unit == unit {
			list[i].Part = min(list[i].Part, part)
			return list
		}
	}
	return append(list, Charge{unit, part})
}

// leadRoles are the brackets that name who is in the lead.
var leadRoles = regexp.MustCompile(`牵头|负责|主管|主办|指导`)

func (r *planReader) addTask(t plan.Task) {
	group := r.groupOf(t.Action)
	whole := Task{Path: t.Path, Text: t.Name + "。" + t.Text, Lines: t.Lines}
	if group != nil {
		whole.Body = group.Name
	}
	if len(t.LeadUnits)+len(t.SupportUnits) == 0 {
		if group != nil {
			whole.Units = chargesOf(*group)
		}
		r.out.Tasks = append(r.out.Tasks, whole)
		return
	}
	scopes := scopesOf(t)
	for _, scope := range scopes {
		part := whole
		if scope != "" && len(scopes) > 1 {
			part.Text = t.Name + "。" + scope
		}
		part.Units = r.namedIn(t, scope)
		r.addUnits(part.Units)
		r.out.Tasks = append(r.out.Tasks, part)
	}
}

func scopesOf(t plan.Task) (out []string) {
	for _, a := range t.Responsibilities {
		if !slices.Contains(out, a.Scope) {
			out = append(out, a.Scope)
		}
	}
	if len(out) == 0 {
		out = []string{""}
	}
	return out
}

// namedIn are the units that the brackets of one passage of a task name.
func (r *planReader) namedIn(t plan.Task, scope string) (out []Charge) {
	anyLead := false
	add := func(units []string, part Part) {
		for _, u := range units {
			for _, unit := range r.meant(u) {
				out = charge(out, unit, part)
			}
		}
	}
	for _, a := range t.Responsibilities {
		if a.Scope == scope && leadRoles.MatchString(a.Role) {
			add(a.Units, Leads)
			anyLead = true
		}
	}
	for _, a := range t.Responsibilities {
		switch {
		case a.Scope != scope || leadRoles.MatchString(a.Role):
		case anyLead:
			add(a.Units, Supports)
		default:
			add(a.Units[:min(1, len(a.Units))], Leads)
			add(a.Units, Supports)
		}
	}
	if len(t.Responsibilities) == 0 {
		add(t.LeadUnits, Leads)
		add(t.SupportUnits, Supports)
	}
	return out
}

var collective = regexp.MustCompile(`^各|^有关|[^人]单位$|部门$|^市直|^县直`)

// meant are the units behind a name in a bracket: 各区政府 means the districts of the roster.
func (r *planReader) meant(name string) []string {
	name = plan.NormalUnit(name)
	switch {
	case !collective.MatchString(name):
		return []string{name}
	case !strings.ContainsAny(name, "区县乡镇街") || strings.Contains(name, "直各"):
		return nil
	case len(r.districts) > 0:
		return r.districts
	}
	return []string{name}
}

// groupOf is the work group of an action: the one whose name begins with the action's.
func (r *planReader) groupOf(path string) *plan.Body {
	for _, a := range r.plan.Actions {
		if a.Path != path || path == "" {
			continue
		}
		key := strings.TrimSuffix(a.Name, "专项行动")
		for i, b := range r.plan.Bodies {
			if b.Kind == plan.WorkGroup && strings.HasPrefix(b.Name, key) {
				return &r.plan.Bodies[i]
			}
		}
	}
	return nil
}

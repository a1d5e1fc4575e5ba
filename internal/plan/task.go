package plan

import (
	"slices"
	"strings"
)

// work is what the reading of tasks needs to know of the plan as a whole.
type work struct {
	actions []Action
	tasks   []Task
	nodes   map[string]*node // by path of the task
	found   []Finding
	// fromTable: the tasks are the rows of an annex, the text has none
	fromTable bool
}

// tasksOf finds the actions and tasks of a plan. A container (工作任务 …) is no action; its parts are tasks where they
// are leaves, and actions where they hold numbered tasks. Where a plan has no container, its topical sections
// are tasks themselves, or actions if they have parts.
func tasksOf(root *node, title string) work {
	w := work{nodes: map[string]*node{}}
	if namesRoster(title) {
		return w
	}
	sections := topSections(root)
	containers := false
	for _, n := range sections {
		containers = containers || kindOfSection(n.title) == taskSection && len(n.children) > 0
	}
	closing := closingSections(sections)
	for i, n := range sections {
		kind := kindOfSection(n.title)
		if kind == requirementSection && !containers && (i < closing || namesUnits(n)) {
			kind = topical // 健全工作机制 in the midst of the matters is one of them
		}
		switch {
		case kind == taskSection && len(w.tasks) > 0 && containsAny(n.title, "措施", "举措") && !containsAny(n.title, "主要措施", "重点措施", "主要举措", "重点举措") && !namesUnits(n):
			// 工作措施 after 工作任务: how it is to be done, no further tasks
		case kind == taskSection && len(n.children) > 0:
			w.container(n)
		case kind == topical && (!containers || namesUnits(n)):
			w.section(n)
		case kind == taskSection && !containers && namesUnits(n):
			w.section(n)
		}
	}
	if !containers && len(w.tasks) == 0 {
		w.nestedContainers(sections)
	}
	if len(w.tasks) == 0 {
		for _, n := range sections {
			if t := squeeze(n.title); kindOfSection(n.title) == goalSection && strings.Contains(t, "任务") && len(n.children) > 1 {
				w.container(n)
			}
		}
	}
	return w
}

// closingSections is where the sections that close a plan begin: requirements to its end.
func closingSections(sections []*node) int {
	i := len(sections)
	for i > 0 && kindOfSection(sections[i-1].title) != topical && kindOfSection(sections[i-1].title) != taskSection {
		i--
	}
	return i
}

// nestedContainers takes 重点任务 and the like that stand one level below a section about something else.
func (w *work) nestedContainers(sections []*node) {
	for _, n := range sections {
		for _, c := range n.children {
			if kindOfSection(c.title) == taskSection && len(c.children) > 1 {
				for _, item := range c.children {
					w.task(item, "")
				}
			}
		}
	}
}

// namesRoster reports the titles of papers that only set up a body: 关于成立…领导小组的通知, …成员名单.
func namesRoster(title string) bool {
	return !containsAny(title, "方案", "意见", "计划", "要点", "办法") && (containsAny(title, "关于成立", "关于调整", "关于组建", "组成人员") || hasAnySuffix(title, "名单")) && bodyName(title) != ""
}

// topSections are the sections of the plan itself, not of its annexes; chapters are opened to the articles or
// sections below them only where they are named as containers.
func topSections(root *node) []*node {
	var out []*node
	for _, c := range root.children {
		if c.mark.kind != annexMark {
			out = append(out, c)
		}
	}
	return out
}

// namesUnits reports that most of a section's parts, or the section itself, say who answers for them.
func namesUnits(n *node) bool {
	if len(n.children) == 0 {
		return len(responsibilities(n.paras)) > 0
	}
	named := 0
	for _, c := range n.children {
		if len(responsibilities(c.all())) > 0 {
			named++
		}
	}
	return named*2 >= len(n.children)
}

// container takes the parts of a generic section.
func (w *work) container(n *node) {
	for _, c := range n.children {
		if parts := taskParts(c); len(parts) > 0 {
			w.action(c, parts)
		} else {
			w.task(c, "")
		}
	}
}

// section takes a topical section: an action with its parts, or a task.
func (w *work) section(n *node) {
	if parts := sectionParts(n); len(parts) > 0 {
		for _, c := range parts {
			if len(taskParts(c)) > 0 && len(taskParts(c)) == len(c.children) && c.mark.kind == hanBracket && (deeper(parts) || allResponsible(taskParts(c))) {
				w.action(c, taskParts(c))
				continue
			}
			w.ensureAction(n)
			w.task(c, n.path)
		}
		return
	}
	w.task(n, "")
}

// deeper reports that most parts hold numbered items of their own with headings.
func deeper(parts []*node) bool {
	n := 0
	for _, p := range parts {
		if len(taskParts(p)) > 0 {
			n++
		}
	}
	return n*2 > len(parts)
}

func (w *work) ensureAction(n *node) {
	for _, a := range w.actions {
		if a.Path == n.path {
			return
		}
	}
	w.actions = append(w.actions, Action{Path: n.path, Name: actionName(n), Lines: n.whole()})
}

// sectionParts are the parts of a topical section that can be tasks.
func sectionParts(n *node) []*node {
	var out []*node
	for _, c := range n.children {
		if c.mark.kind == hanBracket || c.mark.kind == digitMark || c.mark.kind == hanMark || c.mark.kind == articleMark {
			out = append(out, c)
		}
	}
	return out
}

// taskParts are the items 1. 2. 3. of an action. （1） and ① are steps within a task, and items without heading
// or units under a part that has them are its details.
func taskParts(n *node) []*node {
	var out []*node
	headed := 0
	grouped := n.mark.kind == digitMark && len(n.paras) == 0 && n.parent != nil && n.parent.mark.kind <= hanMark && namesUnits(n)
	for _, c := range n.children {
		if c.isPoint() {
			continue
		}
		if c.mark.kind == digitMark || n.mark.kind <= hanMark && c.mark.kind == hanBracket || grouped && c.mark.kind == digitBracket {
			out = append(out, c)
			if c.title != "" {
				headed++
			}
		}
	}
	if n.mark.kind == digitMark && !grouped || len(out) < 1 {
		return nil
	}
	// The part itself says who answers, its items do not: they are its details.
	if own := ownResponsibilities(n); len(own) > 0 && !anyResponsible(out) && (headed*2 < len(out) || !anyText(out)) {
		return nil
	}
	if n.title != "" && !anyResponsible(out) && endInSemicolons(out) {
		return nil // 1.是否明码标价；2.是否哄抬价格。
	}
	// 1、…。2、…。责任科室：甲科: items without headings of their own, and the units under all of them.
	if headed == 0 && n.title != "" && len(out) > 0 && len(closingResponsibilities(out)) > 0 {
		return nil
	}
	return out
}

// endInSemicolons reports items that are the points of one sentence, each but the last ending in ；.
func endInSemicolons(nodes []*node) bool {
	if len(nodes) < 2 {
		return false
	}
	for _, c := range nodes[:len(nodes)-1] {
		if len(c.children) > 0 || !hasAnySuffix(c.title+c.stop+text(c.paras), "；", ";") {
			return false
		}
	}
	return true
}

func ownResponsibilities(n *node) []Responsibility {
	return responsibilities(n.paras)
}

// anyText reports that one of the items says more than its heading.
func anyText(nodes []*node) bool {
	for _, c := range nodes {
		if len(c.all()) > 0 {
			return true
		}
	}
	return false
}

// allResponsible reports items each of which names who answers for it: they are the tasks.
func allResponsible(nodes []*node) bool {
	for _, c := range nodes {
		if len(responsibilities(c.all())) == 0 {
			return false
		}
	}
	return len(nodes) > 1
}

func anyResponsible(nodes []*node) bool {
	for _, c := range nodes {
		if len(responsibilities(c.all())) > 0 {
			return true
		}
	}
	return false
}

func (w *work) action(n *node, parts []*node) {
	w.actions = append(w.actions, Action{Path: n.path, Name: actionName(n), Lines: n.whole()})
	from := len(w.tasks)
	for _, c := range parts {
		w.task(c, n.path)
	}
	// Units named for the action alone answer for each of its tasks.
	own := ownResponsibilities(n)
	if len(own) == 0 {
		own = closingResponsibilities(parts)
	}
	if len(own) == 0 || anyResponsible(parts[:len(parts)-1]) || len(ownResponsibilities(n)) > 0 && anyResponsible(parts) {
		return
	}
	for i := from; i < len(w.tasks); i++ {
		if len(w.tasks[i].Responsibilities) > 0 {
			continue
		}
		w.tasks[i].Responsibilities = append(w.tasks[i].Responsibilities, own...)
		w.tasks[i].LeadUnits, w.tasks[i].SupportUnits = unitsOf(own)
	}
}

// closingResponsibilities are the units on a line of their own after the last item of an action, where no other item
// names any: they answer for the whole action.
func closingResponsibilities(parts []*node) []Responsibility {
	if len(parts) < 2 || anyResponsible(parts[:len(parts)-1]) {
		return nil
	}
	last := parts[len(parts)-1].paras
	if len(last) < 2 || len(responsibilities(last[:1])) > 0 {
		return nil
	}
	line := last[len(last)-1]
	if !startsResponsibility(line.Text) && !onlyUnits(line.Text) {
		return nil
	}
	return responsibilities([]Paragraph{line})
}

func actionName(n *node) string { return strings.TrimRight(n.title, "。：:") }

func (w *work) task(n *node, action string) {
	paras := n.all()
	for _, p := range n.paras {
		if labels := roleLabels(p.Text); len(labels) > 0 && labels[0].from == 0 {
			return // a roster
		}
	}
	resp := responsibilities(paras)
	t := Task{Path: n.path, Action: action, Name: n.title, Text: taskText(n), Responsibilities: resp, Lines: n.whole()}
	if t.Responsibilities == nil {
		t.Responsibilities = []Responsibility{}
	}
	if len(resp) == 0 {
		t.Responsibilities = orEmpty(spokenUnits(paras))
	}
	t.LeadUnits, t.SupportUnits = unitsOf(t.Responsibilities)
	t.Deadline = deadlineOf(t.Text)
	if t.Deadline != "" && scoped(t.Responsibilities) && !deadlineLabel().MatchString(t.Text) {
		t.Deadline = "" // it stands for one passage of several
	}
	w.tasks = append(w.tasks, t)
	w.nodes[n.path] = n
}

// scoped reports that different units answer for different passages.
func scoped(list []Responsibility) bool {
	for _, r := range list {
		if r.Scope != "" && r.Scope != list[0].Scope {
			return true
		}
	}
	return false
}

// taskText is the text below the name of a task, with the numbers of its details.
func taskText(n *node) string {
	parts := []string{}
	if own := text(n.paras); own != "" {
		parts = append(parts, own)
	}
	for _, c := range n.children {
		parts = append(parts, numbered(c))
	}
	return strings.Join(parts, "\n")
}

func numbered(n *node) string {
	dot := map[markerKind]string{hanMark: "、", digitMark: "."}[n.mark.kind]
	parts := []string{n.mark.label + dot + n.title + n.stop + text(n.paras)}
	for _, c := range n.children {
		parts = append(parts, numbered(c))
	}
	return strings.Join(parts, "\n")
}

// unitsOf sums up who leads and who supports; who leads once does not also support.
func unitsOf(list []Responsibility) (lead, support []string) {
	for _, r := range list {
		if leads(r.Role) && !r.assists {
			lead = append(lead, r.Units...)
		} else {
			support = append(support, r.Units...)
		}
	}
	lead, support = unique(lead), unique(support)
	kept := []string{}
	for _, u := range support {
		if !contains(lead, u) {
			kept = append(kept, u)
		}
	}
	return lead, kept
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }

var deadlineLabel = lazy(`(?:完成时限|完成时间|时限要求|办结时限|整改时限|时间要求|完成期限|时限)\s*[：:]?\s*([^。；;）)\n]{2,40})`)

// deadlineOf reads 完成时限：…, or the one time before which the text demands something. Two such times leave it open.
func deadlineOf(s string) string {
	if m := deadlineLabel().FindStringSubmatch(s); m != nil {
		if list := periods(m[1], 0); len(list) > 0 {
			return list[len(list)-1].end
		}
	}
	days := map[string]bool{}
	last := ""
	t := timeText(s)
	for _, p := range periods(s, 0) {
		printed := t[p.off:p.to]
		if p.deadline || hasAnySuffix(printed, "底", "末") {
			days[p.end] = true
			last = p.end
		}
	}
	if len(days) != 1 {
		return ""
	}
	return last
}

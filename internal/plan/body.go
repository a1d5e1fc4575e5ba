package plan

import "strings"

// bodyWords are what the names of bodies end in.
var bodyWords = []string{"领导小组", "指挥部", "联席会议", "工作专班", "专班", "委员会", "协调小组", "工作小组", "专家组", "督导组", "检查组", "工作组", "办公室", "小组", "组", "联合会议", "协调机制", "专项办", "协调会议", "总指挥部", "推进会", "队"}

var rosterTail = lazy(`(?:主要)?(?:组成人员|成员|人员|组成|领导成员|机构成员)?(?:及(?:其)?(?:办公室|职责|工作职责|主要职责|职责分工)[^，。]*)?(?:名单|组成人员|成员|组成|人员|职责|情况|及职责分工|一览表)?$`)

// bodyName makes the name of a body out of a heading: 成立县…领导小组, …领导小组成员名单. It is "" where the heading
// names none (组织领导, 部门委员).
func bodyName(title string) string {
	t := squeeze(title)
	t = strings.Trim(t, "：:。")
	if i := strings.LastIndexAny(t, "（("); i > 0 && hasAnySuffix(t, "）", ")") {
		t = t[:i]
	}
	for _, verb := range []string{"关于成立", "关于调整", "关于建立", "关于组建", "关于设立"} {
		if i := strings.Index(t, verb); i >= 0 {
			t = t[i+len(verb):]
			break
		}
	}
	for _, verb := range []string{"关于成立", "关于调整", "关于建立", "关于组建", "成立", "建立", "组建", "设立", "调整", "健全", "关于印发"} {
		if i := strings.Index(t, verb); i >= 0 && i <= 40 {
			t = t[i+len(verb):]
			break
		}
	}
	t = strings.TrimSuffix(t, "的通知")
	if n := bodyEnd(t); n > 0 {
		if rest := t[n:]; rest == "" || rosterTail().FindString(rest) == rest {
			return t[:n]
		}
	}
	return ""
}

// bodyEnd is where the last word for a body ends in t, 0 if there is none.
func bodyEnd(t string) int {
	best := 0
	for _, w := range bodyWords {
		i := strings.LastIndex(t, w)
		if (w == "组" || w == "队") && i >= 0 && hasAnyPrefix(t[i+len(w):], "成", "织", "长", "员", "建", "伍") {
			i = -1 // 组成人员, 组织机构
		}
		if i >= 0 && i+len(w) > best && (i > 0 || w != "组" && w != "队" && w != "小组") {
			best = i + len(w)
		}
	}
	return best
}

// kindOf tells the kind of a body by its name.
func kindOf(name string) string {
	switch {
	case containsAny(name, "督导", "督查", "检查", "督察") && strings.HasSuffix(name, "组") && !strings.HasSuffix(name, "领导小组"):
		return InspectionGroup
	case hasAnySuffix(name, "办公室", "专项办"):
		return Office
	case hasAnySuffix(name, "领导小组", "指挥部", "委员会", "联席会议", "协调小组", "领导机构", "推进小组", "工作小组", "联合会议", "协调机制"):
		return LeadingGroup
	case hasAnySuffix(name, "组", "专班", "队"):
		return WorkGroup
	default:
		return LeadingGroup
	}
}

// rosterReader walks the plan and collects its bodies.
type rosterReader struct {
	bodies   []Body
	issuing  string         // the title of the notice, which names the body where nothing else does
	dutyNode map[*node]bool // headings that are numbered duties, no parts of the outline
}

// bodiesOf reads every roster, its sections and duties.
func bodiesOf(root *node, title string) ([]Body, map[*node]bool) {
	r := &rosterReader{issuing: title, dutyNode: map[*node]bool{}}
	r.read(root)
	root.walk(r.read)
	r.readTable(root)
	root.walk(r.readTable)
	r.readProse(root)
	r.readNameless(root)
	root.walk(r.readDuties)
	for i := range r.bodies {
		b := &r.bodies[i]
		if b.Sections == nil {
			b.Sections = []string{}
		}
	}
	return r.bodies, r.dutyNode
}

// read reads what stands directly under one heading.
func (r *rosterReader) read(n *node) { //nolint:gocognit // one line after another, each asked what it is
	if r.dutyNode[n] {
		return
	}
	first := len(r.bodies)
	current, pending, pendingLine := -1, "", Lines{}
	role := roleOfTitle(n.title)
	if role != "" {
		current = r.bodyAbove(n)
	}
	for i, p := range n.paras {
		if dutyLabel(p.Text) {
			role = ""
			continue
		}
		list, next, ok := rosterLine(p, role)
		if !ok {
			if r.readWithin(p) {
				continue
			}
			if role != "" && current >= 0 {
				role = ""
			}
			if name := bodyLine(p.Text); name != "" {
				pending, pendingLine = name, p.Lines
			}
			continue
		}
		list = append(list, r.knownPeople(p)...)
		starts := labelsOf(p.Text)
		if current < 0 || pending != "" || len(starts) > 0 && opensRoster(starts[0]) && r.hasMembers(current, starts[0]) {
			name, at := pending, pendingLine
			if name == "" {
				name, at = r.nameFor(n, n.paras[:i])
			}
			if current < 0 && len(list) == 0 && (name == "" || len(starts) == 0 || !opensRoster(starts[0]) && !memberRole(starts[0])) {
				continue
			}
			if name == "" && len(starts) > 0 {
				name = namelessBody(starts[0])
			}
			current = r.open(name, span(at, p.Lines))
			pending = ""
		}
		role = next
		b := &r.bodies[current]
		b.Appointments = append(b.Appointments, list...)
		b.Lines = span(b.Lines, p.Lines)
	}
	if len(r.bodies) == first && current < 0 && unitGroup(n) {
		r.open(bodyName(n.title), n.lines())
	}
	r.finish(n, first)
}

// readWithin reads the heads of an office that labels name in the midst of prose: …设在市卫健委。办公室主任：张三，副主任：李四.
func (r *rosterReader) readWithin(p Paragraph) bool {
	labels := roleLabels(p.Text)
	if len(labels) == 0 || labels[0].from == 0 || !strings.Contains(labels[0].role, "主任") {
		return false
	}
	before := trim(p.Text[:labels[0].from])
	if !hasAnySuffix(before, "。", "；", "，", ",") || !strings.Contains(before, "办公室") {
		return false
	}
	rest := p.slice(labels[0].from, len(p.Text))
	list, _, ok := rosterLine(rest, "")
	if !ok || len(list) == 0 {
		return false
	}
	i := r.office(before, p)
	for _, a := range list {
		r.appoint(i, strings.TrimPrefix(a.Role, "办公室"), a.Name, a.Post, p)
	}
	return true
}

// unitGroup reports a heading that sets up a group of units, with nobody named: 综合协调组。由区市场监管局牵头，成员单位：….
func unitGroup(n *node) bool {
	name := bodyName(n.title)
	if !hasAnySuffix(name, "组", "专班") || hasAnySuffix(name, "小组") || runeLen(name) > 24 {
		return false
	}
	for _, p := range n.paras {
		if containsAny(p.Text, "成员单位", "牵头", "牵头单位", "责任单位") || dutyLabel(p.Text) {
			return true
		}
	}
	return false
}

// readTable reads an annex that is a table of people.
func (r *rosterReader) readTable(n *node) {
	list := tablePeople(n)
	if len(list) == 0 {
		return
	}
	name := bodyName(n.title)
	if name == "" {
		name = n.title
	}
	if n.parent == nil && n.mark.kind == noMarker {
		name = bodyName(r.issuing)
	}
	i := r.open(name, n.lines())
	if list[0].Role == "联络员" {
		r.bodies[i].Kind = Section
	}
	r.bodies[i].Appointments = append(r.bodies[i].Appointments, list...)
}

// readNameless opens the leading body that the text founds without naming anybody, where no roster opened one.
func (r *rosterReader) readNameless(root *node) {
	for _, b := range r.bodies {
		if b.Kind == LeadingGroup {
			return
		}
	}
	root.walk(func(n *node) {
		for _, p := range n.paras {
			name := foundedIn(p.Text)
			if name == "" || runeLen(name) < 8 || kindOf(name) != LeadingGroup || strings.Contains(p.Text, "撤销"+name) || r.knows(name) {
				continue
			}
			i := r.open(name, p.Lines)
			r.bodies[i].Sections = orEmpty(sectionsIn(p.Text))
		}
	})
}

// namelessBody is what a roster is called that no words name: by the role it begins with.
func namelessBody(role string) string {
	switch {
	case strings.Contains(role, "指挥"), role == "政委":
		return "指挥部"
	case strings.Contains(role, "召集人"):
		return "联席会议"
	case strings.Contains(role, "委员"):
		return "委员会"
	case strings.Contains(role, "主任"):
		return "办公室"
	default:
		return "领导小组"
	}
}

// open adds a body, or returns the one of that name.
func (r *rosterReader) open(name string, lines Lines) int {
	for i, b := range r.bodies {
		if b.Name == name && name != "" && len(b.Appointments) == 0 {
			r.bodies[i].Lines = span(b.Lines, lines)
			return i
		}
	}
	r.bodies = append(r.bodies, Body{Name: name, Kind: kindOf(name), Lines: lines, Sections: []string{}, Appointments: []Appointment{}, Duties: []Duty{}})
	return len(r.bodies) - 1
}

// bodyAbove is the body that a heading like 部门委员 continues: the last one opened above it.
func (r *rosterReader) bodyAbove(n *node) int {
	if bodyName(n.title) != "" {
		return -1
	}
	return len(r.bodies) - 1
}

func (r *rosterReader) hasMembers(i int, starting string) bool {
	for _, a := range r.bodies[i].Appointments {
		if memberRole(a.Role) {
			return true
		}
		if a.Role == starting && !strings.Contains(starting, "副") {
			return true
		}
	}
	return false
}

func memberRole(role string) bool {
	switch role {
	case "成员", "组员", "委员", "队员", "成员单位", "组成人员", "组成单位":
		return true
	}
	return false
}

// opensRoster reports the roles with which a roster begins.
func opensRoster(role string) bool {
	return !memberRole(role) && !strings.HasPrefix(role, "办公室") && !strings.Contains(role, "副") && role != "联络员" && role != "秘书长" && role != "顾问" && role != "秘书" && role != "干事" && role != "专家" && role != "负责人"
}

// nameFor finds the name of the body whose roster begins here: in the prose before it, the heading, the headings
// above, the title of the notice.
func (r *rosterReader) nameFor(n *node, before []Paragraph) (string, Lines) {
	for i := len(before) - 1; i >= 0 && i >= len(before)-3; i-- {
		if name := foundedIn(before[i].Text); name != "" {
			return name, before[i].Lines
		}
	}
	for at := n; at != nil && at.parent != nil; at = at.parent {
		if name := bodyName(at.title); name != "" {
			lines := at.head
			if at != n {
				lines = Lines{}
			}
			return r.fullName(name, at), lines
		}
	}
	if name := bodyName(r.issuing); name != "" {
		return name, Lines{}
	}
	if name := foundedIn(r.issuing); name != "" {
		return name, Lines{}
	}
	return "", Lines{}
}

// fullName writes a bare 领导小组 in full where the title or the text around it founds it by its whole name.
func (r *rosterReader) fullName(name string, at *node) string {
	if runeLen(name) > 4 || name == "办公室" {
		return name
	}
	for _, s := range []string{bodyName(r.issuing), foundedIn(r.issuing)} {
		if strings.HasSuffix(s, name) {
			return s
		}
	}
	for up := at.parent; up != nil; up = up.parent {
		for _, p := range up.paras {
			if s := foundedIn(p.Text); strings.HasSuffix(s, name) {
				return s
			}
		}
	}
	return name
}

var foundingVerb = lazy(`(?:成立|组建|建立|设立|调整)(?:了)?`)

// foundedIn finds the body that a sentence founds: 成立…领导小组，组成人员如下; 成立由市长任组长的…领导小组.
func foundedIn(text string) string {
	for _, s := range sentences(text) {
		if strings.Contains(s, "撤销") && !strings.Contains(s, "成立") {
			continue
		}
		for _, at := range foundingVerb().FindAllStringIndex(s, -1) {
			if name := bodyAfter(s[at[1]:]); name != "" {
				return name
			}
		}
	}
	return ""
}

// bodyAfter is the body whose name follows a founding verb, without what stands before its name with 的.
func bodyAfter(rest string) string {
	end := -1
	for _, w := range []string{"领导小组", "指挥部", "联席会议", "工作专班", "专班", "协调小组", "委员会", "工作小组", "工作组"} {
		if i := strings.Index(rest, w); i >= 0 && (end < 0 || i+len(w) < end) {
			end = i + len(w)
		}
	}
	if end < 0 {
		return ""
	}
	name := rest[:end]
	if hasAnyPrefix(name, "由", "以") {
		i := strings.LastIndex(name, "的")
		if i < 0 {
			return ""
		}
		name = name[i+len("的"):]
	}
	name = squeeze(strings.Trim(name, "“”\""))
	if strings.ContainsAny(name, "，。；：:（(,、") || runeLen(name) > 45 || hasAnyPrefix(name, "相应", "各级", "相关") {
		return ""
	}
	return name
}

// bodyLine recognises a line that is only the name of a body whose roster follows.
func bodyLine(s string) string {
	if runeLen(s) > 45 || strings.ContainsAny(s, "。，,；;") {
		return ""
	}
	return bodyName(s)
}

// roleOfTitle is the role in which a heading inside a roster puts those below it: 部门委员 is 委员.
func roleOfTitle(title string) string {
	t := squeeze(title)
	if runeLen(t) > 10 || bodyName(t) != "" {
		return ""
	}
	role, from := roleBefore(t)
	if role != "" && (from == 0 || memberRole(role)) {
		return role
	}
	return ""
}

// finish reads the duties and sections of the bodies that the heading n opened.
func (r *rosterReader) finish(n *node, first int) {
	if len(r.bodies) == first {
		return
	}
	b := &r.bodies[len(r.bodies)-1]
	for _, p := range n.paras {
		if list := sectionsIn(p.Text); len(list) > 0 {
			b.Sections = append(b.Sections, list...)
			b.Lines = span(b.Lines, p.Lines)
		}
	}
	if label := dutyLabelIn(n.paras); label != nil {
		b.Duties = append(b.Duties, r.duties(n, *label)...)
		b.Lines = span(b.Lines, label.Lines)
	} else if len(n.children) > 0 && n.children[0].mark.kind == digitMark && rosterEnds(n) {
		b.Duties = append(b.Duties, r.duties(n, Paragraph{})...)
	}
	for _, d := range b.Duties {
		b.Lines = span(b.Lines, d.Lines)
	}
	if len(n.children) == 0 || n.children[0].mark.kind != digitMark {
		b.Lines = span(b.Lines, n.lines())
	}
}

// rosterEnds reports that the text under n is a roster to its end, so that numbers after it count duties.
func rosterEnds(n *node) bool {
	return n.parent != nil && bodyName(n.title) != "" && len(n.paras) > 0 && len(labelsOf(n.paras[0].Text)) > 0
}

func dutyLabelIn(paras []Paragraph) *Paragraph {
	for i := range paras {
		if dutyLabel(paras[i].Text) {
			return &paras[i]
		}
	}
	return nil
}

// dutyLabel recognises 主要职责：, 工作职责 and the like at the start of a line.
func dutyLabel(s string) bool {
	t := squeeze(s)
	if !hasAnyPrefix(t, "主要职责", "工作职责", "职责：", "职责:", "职责是", "职责任务", "具体职责", "职能职责", "职责分工", "主要任务：", "主要任务:", "工作任务：", "工作任务:") {
		return false
	}
	return runeLen(t) < 12 || strings.ContainsAny(t, "：:")
}

// readDuties reads duties that stand apart from the roster: 领导小组办公室主要职责 with its numbers below.
func (r *rosterReader) readDuties(n *node) {
	t := strings.TrimRight(squeeze(n.title), "：:")
	if !strings.HasSuffix(t, "职责") || len(n.children) == 0 {
		return
	}
	for _, w := range []string{"主要", "工作", "具体"} {
		t = strings.Replace(t, w+"职责", "职责", 1)
	}
	name := strings.TrimSuffix(strings.TrimSuffix(t, "职责"), "的")
	for i := range r.bodies {
		b := &r.bodies[i]
		if len(b.Duties) > 0 || name == "" || !strings.HasSuffix(b.Name, name) {
			continue
		}
		for _, c := range n.children {
			b.Duties = append(b.Duties, Duty{Number: c.mark.n, Text: strings.ReplaceAll(itemText(c), "\n", ""), Lines: c.whole()})
		}
		return
	}
}

// duties reads the numbered duties under n. A duty with several paragraphs keeps them in one.
func (r *rosterReader) duties(n *node, label Paragraph) []Duty {
	var out []Duty
	if i := strings.IndexAny(label.Text, "：:"); i > 0 {
		if own := trim(strings.TrimLeft(label.Text[i:], "：:")); runeLen(own) > 4 {
			out = append(out, Duty{Number: 1, Text: own, Lines: label.Lines})
		}
	}
	for _, c := range n.children {
		if c.mark.kind != digitMark && c.mark.kind != digitBracket && c.mark.kind != circleMark {
			continue
		}
		r.dutyNode[c] = true
		c.walk(func(d *node) { r.dutyNode[d] = true })
		out = append(out, Duty{Number: c.mark.n, Text: strings.ReplaceAll(itemText(c), "\n", ""), Lines: c.whole()})
	}
	return out
}

// itemText is an item as printed without its number: title and text.
func itemText(n *node) string {
	body := text(n.all())
	switch {
	case n.title == "":
		return body
	case body == "":
		return n.title + n.stop
	default:
		return n.title + n.stop + body
	}
}

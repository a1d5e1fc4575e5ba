package plan

import (
	"slices"
	"strings"

	"pinzhi/internal/kernel"
)

// maxParagraph is the longest paragraph that is read, in bytes: some 60,000 characters, more than whole plans have.
// The rules look at a paragraph's sentences and brackets against each other, which a paragraph without end would
// turn into minutes.
const maxParagraph = 180_000

// Read reads an official plan. It fails with invalid where the text is empty or no official paper; what is
// uncertain in a plan is a finding, never an error.
func Read(src Source) (*Plan, error) {
	paras, found := Paragraphs(src)
	if len(paras) == 0 {
		return nil, kernel.E(kernel.Invalid, "“%s”里没有文字。请换一份有正文的方案。", src.Name)
	}
	if long := slices.IndexFunc(paras, func(p Paragraph) bool { return len(p.Text) > maxParagraph }); long >= 0 {
		return nil, kernel.E(kernel.TooLarge, "“%s”第%d行起的一段有%d万多字，不像方案的正文。请检查是否选错了文件，或分段后再上传。",
			src.Name, paras[long].Lines[0], runeLen(paras[long].Text)/10000)
	}
	doc := documentOf(paras)
	root, more := outlineOf(doc)
	found = append(found, more...)

	p := &Plan{Title: doc.title, PlanTitle: doc.planTitle, DocumentNumber: doc.number, Issuer: strings.Join(doc.issuers, "、"),
		IssuedOn: doc.issuedOn, PrintedOn: doc.printedOn, Addressees: doc.addressees, CC: doc.cc}
	var duties map[*node]bool
	p.Bodies, duties = bodiesOf(root, titleOfPlan(doc))
	w := tasksOf(root, titleOfPlan(doc))
	if src.Format == "pdf" {
		found = append(found, unreadTables(root)...)
	} else {
		w.addTables(root, yearOf(doc.issuedOn))
	}
	p.Actions, p.Tasks = w.actions, w.tasks
	found = append(found, w.found...)
	p.Outline = headings(root, duties)
	var phaseFindings []Finding
	p.Phases, phaseFindings = phasesOf(root, doc.issuedOn)
	found = append(found, phaseFindings...)
	if len(p.Outline) == 0 && len(p.Bodies) == 0 && len(p.Tasks) == 0 {
		return nil, kernel.E(kernel.Invalid, "“%s”不像方案：没有读到“一、”“（一）”之类的标题，也没有人员名单。请检查是否选错了文件。", src.Name)
	}
	p.Obligations = obligationsOf(root, p.Bodies, duties)
	p.Limits = limitsOf(paras)
	var rows []Task
	if w.fromTable {
		rows = w.tasks
	}
	p.Indicators = indicatorsOf(root, w.nodes, rows, p.Bodies, duties)
	found = append(found, checkUp(p, doc, root)...)
	p.Findings = found
	fillEmpty(p)
	return p, nil
}

func titleOfPlan(d document) string {
	if d.planTitle != "" {
		return d.planTitle
	}
	return d.title
}

// outlineOf builds the outline over the body of the plan and its annexes.
func outlineOf(d document) (*node, []Finding) {
	o := &outliner{root: &node{}}
	o.at = o.root
	ps := d.body
	for i := 0; i < len(ps); i++ {
		if m, rest, ok := readAnnex(ps[i].Text); ok {
			title := ps[i].rest(rest)
			if rest == "" {
				n := annexTitle(ps[i+1:])
				title = joinTitle(ps[i], ps[i+1:i+1+n])
				i += n
			}
			o.annex(m, title)
			continue
		}
		for _, item := range o.items(ps[i]) {
			o.place(item, ps[i+1:])
		}
	}
	return o.root, o.found
}

// annexTitle returns how many of the paragraphs after 附件 are its title.
func annexTitle(ps []Paragraph) int {
	n := 0
	for n < len(ps) && n < 3 {
		t := ps[n].Text
		s := squeeze(t)
		m, _, ok := readMarker(t)
		if ok && !m.weak || strings.ContainsRune(t, '\t') || runeLen(s) > 45 || hasAnySuffix(s, "。", "；", "：", ":", "，") || len(roleLabels(t)) > 0 || readsAsEntry(t) {
			break
		}
		n++
		if hasAnySuffix(s, "名单", "表", "领导小组", "方案", "清单", "名录", "组成人员", "指挥部", "联席会议", "目录", "标准", "办法", "细则", "分工", "成员", "职责", "台账", "情况", "指标体系", "委员会", "办公室", "专班", "工作组", "任务") {
			break
		}
	}
	if n > 1 && !hasAnySuffix(squeeze(ps[n-1].Text), "名单", "表", "领导小组", "方案", "清单", "名录", "组成人员", "指挥部", "联席会议", "目录", "标准", "办法", "细则", "分工", "成员", "职责", "台账", "情况", "指标体系", "委员会", "办公室", "专班", "工作组", "任务") {
		return 1
	}
	return n
}

func joinTitle(at Paragraph, ps []Paragraph) Paragraph {
	out := Paragraph{Lines: at.Lines}
	for _, p := range ps {
		out.Text += squeeze(p.Text)
	}
	if len(ps) > 0 {
		out.Lines = span(at.Lines, ps[len(ps)-1].Lines)
	}
	return out
}

// headings turns the tree into the outline of the contract. Numbered duties are no headings.
func headings(n *node, duties map[*node]bool) []Heading {
	out := []Heading{}
	for _, c := range n.children {
		if duties[c] || c.isPoint() || c.title == "" && c.mark.kind >= digitBracket || roleOfTitle(c.title) != "" && n.parent != nil || listsDuty(n, c) {
			continue // numbered duties, steps within a task, and sub-heads of a roster
		}
		out = append(out, Heading{Number: c.mark.label, Title: c.title, Path: c.path, Text: text(c.paras), Lines: c.lines(), Children: headings(c, duties)})
	}
	return out
}

// listsDuty reports an item below a heading about duties that says one duty and has no text of its own.
func listsDuty(n, c *node) bool {
	return n.parent != nil && kindOfSection(n.title) == dutySection && !containsAny(n.title, "分工", "部门职责") && c.mark.kind >= hanBracket && len(c.children) == 0 && (c.title == "" || len(c.paras) == 0)
}

// fillEmpty makes every list of the contract a list: no null in the JSON.
func fillEmpty(p *Plan) {
	p.Addressees = orEmpty(p.Addressees)
	p.CC = orEmpty(p.CC)
	p.Actions = orEmpty(p.Actions)
	p.Tasks = orEmpty(p.Tasks)
	p.Phases = orEmpty(p.Phases)
	p.Bodies = orEmpty(p.Bodies)
	p.Obligations = orEmpty(p.Obligations)
	p.Indicators = orEmpty(p.Indicators)
	p.Limits = orEmpty(p.Limits)
	p.Findings = orEmpty(p.Findings)
	for i := range p.Bodies {
		b := &p.Bodies[i]
		b.Sections, b.Appointments, b.Duties = orEmpty(b.Sections), orEmpty(b.Appointments), orEmpty(b.Duties)
	}
	for i := range p.Tasks {
		t := &p.Tasks[i]
		t.LeadUnits, t.SupportUnits, t.Responsibilities = orEmpty(t.LeadUnits), orEmpty(t.SupportUnits), orEmpty(t.Responsibilities)
	}
	for i := range p.Obligations {
		p.Obligations[i].Who = orEmpty(p.Obligations[i].Who)
	}
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

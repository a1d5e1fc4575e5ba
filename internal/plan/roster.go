package plan

import "strings"

// rosterLine reads one paragraph of a roster: labels with people, or, while role is open, people alone.
// next is the role in which the lines below stand. ok is false where the paragraph is no part of a roster.
func rosterLine(p Paragraph, role string) (list []Appointment, next string, ok bool) {
	labels := roleLabels(p.Text)
	if len(labels) == 0 {
		if role == "" || strings.ContainsAny(p.Text, "。：:") && !strings.HasSuffix(p.Text, "。") {
			return nil, role, false
		}
		entries, good := readEntries(strings.TrimRight(p.Text, "。"))
		if !good {
			// One line that is nobody does not end a roster: the next may go on.
			return nil, role, memberRole(role) && (unitsOnly(p.Text) || runeLen(p.Text) < 26 && !strings.ContainsAny(p.Text, "，,。：:") ||
				runeLen(p.Text) < 200 && hasAnySuffix(p.Text, "负责同志", "负责人", "分管领导", "主要领导", "主要负责同志。"))
		}
		return appointments(p, 0, role, entries), role, true
	}
	if labels[0].from > 0 {
		before := p.Text[:labels[0].from]
		entries, good := readEntries(before)
		if role == "" || !good {
			return nil, role, false
		}
		list = appointments(p, 0, role, entries)
	}
	for i, l := range labels {
		end := len(p.Text)
		if i+1 < len(labels) {
			end = labels[i+1].from
		}
		content := strings.TrimRight(p.Text[l.to:end], "。；;，, 　")
		entries, _ := readEntries(content)
		if i := topIndex(content, "；;"); i > 0 && !peopleOnly(content[i:]) {
			entries, _ = readEntries(content[:i]) // 组长：张三；成员从各单位抽调
		}
		if l.role == "成员单位" || l.role == "组成单位" {
			entries = nil
		}
		if strings.ContainsAny(content, "。：") {
			entries = nil // prose after all
		}
		list = append(list, appointments(p, l.to, l.role, entries)...)
		next = l.role
	}
	return list, next, true
}

func peopleOnly(s string) bool {
	_, ok := readEntries(strings.TrimLeft(s, "；; 　"))
	return ok
}

// unitsOnly reports a line that lists units, no people.
func unitsOnly(s string) bool {
	list := unitList(s)
	return len(list) > 0 && allUnits(list) && !strings.Contains(s, "。")
}

// labelsOf are the roles that a paragraph labels.
func labelsOf(s string) []string {
	var out []string
	for _, l := range roleLabels(s) {
		out = append(out, l.role)
	}
	return out
}

func appointments(p Paragraph, base int, role string, entries []entry) []Appointment {
	var out []Appointment
	for _, e := range entries {
		line := p.lineAt(base + e.at)
		unit, _ := SplitPost(e.post)
		out = append(out, Appointment{Role: role, Name: squeeze(e.name), Post: e.post, Unit: unit, Lines: Lines{line, line}})
	}
	return out
}

var sectionList = lazy(`下设(?:了)?(?:\d+个|[一二三四五六七八九十]+个)?([^。；;]*?(?:组|部|处|科|专班))(?:[^、和及\p{Han}]|等|$|[一二三四五六七八九十\d]+个)`)

// sectionsIn reads the named parts in 办公室下设综合协调组、材料组、宣传组.
func sectionsIn(s string) []string {
	var out []string
	for _, m := range sectionList().FindAllStringSubmatch(s, -1) {
		list := m[1]
		if i := strings.LastIndexAny(list, "：:"); i >= 0 {
			list = strings.TrimLeft(list[i:], "：:")
		}
		for _, part := range splitTop(list, "、，,") {
			for _, name := range splitGroups(part) {
				if sectionName(name) {
					out = append(out, name)
				}
			}
		}
	}
	if len(out) < 2 {
		return nil
	}
	return unique(out)
}

func splitGroups(s string) []string {
	for _, and := range []string{"和", "及", "以及"} {
		if i := strings.Index(s, and); i > 0 && hasAnySuffix(s[:i], "组", "部") {
			return []string{s[:i], s[i+len(and):]}
		}
	}
	return []string{s}
}

func sectionName(s string) bool {
	return hasAnySuffix(s, "组", "部", "处", "科", "专班") && runeLen(s) >= 3 && runeLen(s) <= 16 && !containsAny(s, "“", "个", "一办", "领导小组", "办公室") && s != "工作组" && !strings.ContainsAny(s, "0123456789")
}

var (
	officeBy  = lazy(`([\p{Han}]{0,20}?)办公室(?:[^，。；由]{0,3}，(?:办公室)?设在[^，。；由]{2,30}，)?(第一副主任|常务副主任|副主任|主任)?由([^，。；]{2,60}?)(?:同志)?(?:分别)?(?:兼任|担任|兼|任(?:主任)?)(主任|副主任)?`)
	officeAs  = lazy(`([^，。；：由]{2,40}?)同?志?(?:兼任|兼|担任|任)(?:[\p{Han}]{0,12})?办公室(第一副主任|常务副主任|副主任|主任)`)
	officeAnd = lazy(`[，；,;](第一副主任|常务副主任|副主任)由([^，。；]{2,90}?)(?:同志)?(?:分别)?(?:兼任|担任)`)
	officeToo = lazy(`[，；,;]([^，,。；;：由]{2,60}?)(?:同志)?(?:兼任|担任|任)(第一副主任|常务副主任|副主任)`)
	leaderBy  = lazy(`(?:^|由|，|,|。|；)([^，,。；：]{2,40}?)(?:同志)?(?:担任|兼任|任|为)(第一组长|常务副组长|副组长|组长|常务副总指挥|副总指挥|总指挥|第一召集人|副召集人|召集人|副指挥长|指挥长|主任委员|副主任委员)`)
	roleBy    = lazy(`(?:^|，|,|。|；|，由)(第一组长|常务副组长|副组长|组长|副总指挥|总指挥|召集人|副召集人|副指挥长|指挥长)由([^，,。；：由]{2,60}?)(?:同志)?(?:分别)?(?:担任|兼任)`)
	officeOf  = lazy(`(?:领导小组|指挥部|联席会议|委员会|专班)办公室`)
	officeSub = lazy(`([\p{Han}]{2,30}?)下设办公室`)
)

// readProse reads people whom a sentence, not a list, puts in a body: 办公室主任由刘明同志兼任. Where the sentence
// names nobody there is no appointment. Abolished bodies (撤销…) are none.
func (r *rosterReader) readProse(root *node) {
	visit := func(n *node) {
		for _, p := range n.paras {
			for _, s := range sentences(p.Text) {
				if strings.Contains(s, "撤销") {
					continue
				}
				r.readGroups(s, p)
				if strings.HasSuffix(n.title, "办公室") && !strings.Contains(s, "办公室") {
					r.readOffice(n.title+"，"+s, p) // （一）指挥部办公室。设在县卫健局，主任由…
					continue
				}
				r.readOffice(s, p)
				r.readSections(s)
			}
		}
	}
	lead := func(n *node) {
		for _, p := range n.paras {
			r.readLeaders(p)
		}
	}
	lead(root)
	root.walk(lead)
	visit(root)
	root.walk(func(n *node) {
		if !r.dutyNode[n] {
			visit(n)
		}
	})
}

// readOffice reads who heads an office that the sentence sets up.
func (r *rosterReader) readOffice(s string, p Paragraph) {
	if !strings.Contains(s, "办公室") || len(roleLabels(s)) > 0 {
		return
	}
	type found struct{ role, who string }
	var list []found
	for _, m := range officeBy().FindAllStringSubmatch(s, -1) {
		role := m[2]
		if role == "" {
			role = m[4]
		}
		if role == "" {
			role = "主任"
		}
		list = append(list, found{role, m[3]})
	}
	if len(list) == 0 {
		for _, m := range officeAs().FindAllStringSubmatch(s, -1) {
			list = append(list, found{m[2], m[1]})
		}
	}
	if len(list) > 0 {
		for _, m := range officeAnd().FindAllStringSubmatch(s, -1) {
			list = append(list, found{m[1], m[2]})
		}
		for _, m := range officeToo().FindAllStringSubmatch(s, -1) {
			if !strings.Contains(m[1], "办公室主任由") && !strings.HasSuffix(m[1], "兼") {
				list = append(list, found{m[2], m[1]})
			}
		}
	}
	for _, f := range list {
		for _, who := range splitTop(f.who, "、") {
			name, post := r.nameAtEnd(who)
			if name == "" {
				continue
			}
			i := r.office(s, p)
			r.appoint(i, f.role, name, post, p)
		}
	}
}

var groupChief = lazy(`([\p{Han}]{2,10}?组)(组长|副组长)(?:为|由|是)?([^，。；;：:由]{2,30}?)(?:同志)?(?:兼任|担任)?(?:[，,、](副组长)(?:为|由)?([^，。；;：:]{2,40}?)(?:同志)?(?:兼任|担任)?)?(?:[，。；;,]|$)`)

// readGroups reads who heads a group in a sentence: 督查组组长张三，副组长李四.
func (r *rosterReader) readGroups(s string, p Paragraph) {
	if len(roleLabels(s)) > 0 {
		return
	}
	for _, m := range groupChief().FindAllStringSubmatch(s, -1) {
		if hasAnySuffix(m[1], "小组", "领导组") {
			continue
		}
		for _, x := range [][2]string{{m[2], m[3]}, {m[4], m[5]}} {
			for _, who := range splitTop(x[1], "、") {
				if name, post := r.nameAtEnd(who); name != "" {
					r.appoint(r.group(m[1], p), x[0], name, post, p)
				}
			}
		}
	}
}

// group finds the body of that name, or opens it.
func (r *rosterReader) group(name string, p Paragraph) int {
	for i, b := range r.bodies {
		if b.Name == name {
			return i
		}
	}
	return r.open(name, p.Lines)
}

// office finds or opens the office that a sentence speaks of.
func (r *rosterReader) office(s string, p Paragraph) int {
	for i, b := range r.bodies {
		if b.Kind == Office {
			return i
		}
	}
	name := "办公室"
	if m := officeSub().FindStringSubmatch(s); m != nil {
		name = shortName(m[1]) + "办公室"
	} else if m := officeOf().FindString(s); m != "" {
		name = m
	} else if len(r.bodies) > 0 {
		name = shortName(r.bodies[0].Name) + "办公室"
	}
	r.bodies = append(r.bodies, Body{Name: name, Kind: Office, Lines: p.Lines, Sections: []string{}, Appointments: []Appointment{}, Duties: []Duty{}})
	return len(r.bodies) - 1
}

// shortName is the word by which a text refers to a body: 领导小组, 联席会议.
func shortName(name string) string {
	for _, w := range bodyWords {
		if strings.HasSuffix(name, w) {
			return w
		}
	}
	return name
}

func (r *rosterReader) appoint(i int, role, name, post string, p Paragraph) {
	b := &r.bodies[i]
	for _, a := range b.Appointments {
		if a.Name == name && a.Role == role {
			return
		}
	}
	unit, _ := SplitPost(post)
	b.Appointments = append(b.Appointments, Appointment{Role: role, Name: name, Post: post, Unit: unit, Lines: p.Lines})
	b.Lines = span(b.Lines, p.Lines)
}

// nameAtEnd is nameAtEnd, but whoever a roster of the plan has named is known by name.
func (r *rosterReader) nameAtEnd(s string) (name, post string) {
	if bare := strings.TrimPrefix(strings.TrimSuffix(squeeze(s), "同志"), "由"); r.named(bare) {
		return bare, ""
	}
	return nameAtEnd(s)
}

// named reports that a roster has put somebody of that name into a body.
func (r *rosterReader) named(name string) bool {
	for _, b := range r.bodies {
		for _, a := range b.Appointments {
			if a.Name == name {
				return true
			}
		}
	}
	return false
}

// knownPeople reads the labels of a line that nobody was read from and that name only people known from a roster:
// 副组长：常委, where 常委 is a name.
func (r *rosterReader) knownPeople(p Paragraph) []Appointment {
	var out []Appointment
	labels := roleLabels(p.Text)
	for i, l := range labels {
		end := len(p.Text)
		if i+1 < len(labels) {
			end = labels[i+1].from
		}
		content := strings.TrimRight(p.Text[l.to:end], "。；; 　")
		if entries, ok := readEntries(content); ok && len(entries) > 0 {
			continue
		}
		var list []entry
		for _, x := range pieces(content) {
			if !r.named(x.text) {
				list = nil
				break
			}
			list = append(list, entry{name: x.text, at: x.from})
		}
		out = append(out, appointments(p, l.to, l.role, list)...)
	}
	return out
}

// nameAtEnd parts 市卫健委主任张三 into name and post; the name is "" where the words end in none.
func nameAtEnd(s string) (name, post string) {
	s = strings.TrimSuffix(squeeze(s), "同志")
	if i := strings.IndexAny(s, "（("); i > 0 {
		if inner := inBracket(s[i:]); endsAsTitle(inner) && isName(s[:i]) {
			return s[:i], inner
		}
		s = s[:i]
	}
	s = strings.TrimPrefix(s, "由")
	if isName(s) && !exactPost(s) && !endsAsTitle(s) {
		return s, ""
	}
	runes := []rune(s)
	for _, n := range []int{3, 2, 4} {
		if len(runes) <= n {
			continue
		}
		head, tail := string(runes[:len(runes)-n]), string(runes[len(runes)-n:])
		if isName(tail) && endsAsTitle(head) && !endsAsTitle(tail) {
			return tail, head
		}
	}
	return "", ""
}

// readSections gives the named parts in a sentence to the body it speaks of.
func (r *rosterReader) readSections(s string) {
	list := sectionsIn(s)
	if len(list) == 0 {
		return
	}
	office := strings.Contains(s[:max(strings.Index(s, "下设"), 0)], "办公室")
	for i := range r.bodies {
		b := &r.bodies[i]
		if (b.Kind == Office) != office || len(b.Sections) > 0 && !sameList(b.Sections, list) {
			continue
		}
		b.Sections = list
		return
	}
}

func sameList(a, b []string) bool {
	return strings.Join(a, "、") == strings.Join(b, "、")
}

// readLeaders reads 成立由副市长张三任组长、…的领导小组 where no roster names the body.
func (r *rosterReader) readLeaders(p Paragraph) {
	name := foundedIn(p.Text)
	if name == "" || r.knows(name) {
		return
	}
	at := -1
	type chief struct{ role, who string }
	var chiefs []chief
	for _, m := range roleBy().FindAllStringSubmatch(p.Text, -1) {
		chiefs = append(chiefs, chief{m[1], m[2]})
	}
	for _, m := range leaderBy().FindAllStringSubmatch(p.Text, -1) {
		chiefs = append(chiefs, chief{m[2], m[1]})
	}
	for _, c := range chiefs {
		who := c.who
		if i := strings.LastIndex(who, "由"); i >= 0 {
			who = who[i+len("由"):]
		}
		if i := strings.LastIndex(who, "以"); i >= 0 {
			who = who[i+len("以"):] // 成立以县长张三为组长…
		}
		list := []string{who}
		parts := splitTop(who, "、")
		if name, post := nameAtEnd(who); name == "" || post == "" || allNamed(parts) {
			list = parts // 副局长李华、王芳
		}
		for i, one := range list {
			person, post := nameAtEnd(one)
			if person == "" || post == "" && i == 0 {
				break
			}
			if at < 0 {
				at = r.open(name, p.Lines)
			}
			r.appoint(at, c.role, person, post, p)
		}
	}
}

// allNamed reports parts each of which ends in a name: 副县长刘敏、县水利局局长何伟, not 市委副书记、市长张伟.
func allNamed(parts []string) bool {
	for _, p := range parts {
		if name, _ := nameAtEnd(p); name == "" {
			return false
		}
	}
	return true
}

func (r *rosterReader) knows(name string) bool {
	for _, b := range r.bodies {
		if strings.HasSuffix(b.Name, name) || strings.HasSuffix(name, b.Name) {
			return true
		}
	}
	return false
}

package plan

import (
	"fmt"
	"sort"
	"strings"
)

// checkUp is the check-up of a plan (方案体检): where it disagrees with itself, and what a drafter forgot.
// Each finding is one sentence that says where and what to do.
func checkUp(p *Plan, d document, root *node) []Finding {
	var out []Finding
	for _, check := range []func(*Plan, document, *node) []Finding{
		checkCounts, checkDates, checkPeople, checkGroups, checkObligations, checkPhases, checkNumbers, checkAnnexes, checkDuties, checkRules,
	} {
		out = append(out, check(p, d, root)...)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Lines[0] < out[j].Lines[0] })
	return out
}

const countDigits = `(\d+|[一二三四五六七八九十两]+)`

var countedThings = lazy(countDigits + `\s*(?:大|个|项|条)?(?:方面)?(专项行动|工作任务|重点任务|工作组|阶段|行动组)`)
var officeAndGroups = lazy(`一办([一二三四五六七八九十]+)组`)

// checkCounts compares the counts that the text states (七大专项行动, 27 项工作任务, 一办八组) with what it then names.
func checkCounts(p *Plan, _ document, root *node) []Finding {
	groups := 0
	for _, b := range p.Bodies {
		if b.Kind == WorkGroup || b.Kind == InspectionGroup {
			groups++
		}
	}
	have := map[string]int{"专项行动": len(p.Actions), "工作任务": len(p.Tasks), "重点任务": len(p.Tasks), "工作组": groups, "行动组": groups, "阶段": len(p.Phases)}
	var out []Finding
	said := map[string]bool{}
	disagree := func(printed, thing string, want int, lines Lines) {
		got := have[thing]
		if got == 0 || want == got || want < 2 || said[thing+itoa(want)] {
			return
		}
		said[thing+itoa(want)] = true
		out = append(out, Finding{"count_disagrees", Warning,
			fmt.Sprintf("第%d行写“%s”，正文实际列出%d个，请核对数目。", lines[0], printed, got), lines})
	}
	root.walk(func(n *node) {
		if kindOfSection(topOf(n).title) == goalSection {
			return
		}
		for _, para := range n.paras {
			for _, m := range countedThings().FindAllStringSubmatchIndex(para.Text, -1) {
				if strings.HasSuffix(para.Text[:m[0]], "第") || strings.HasSuffix(para.Text[:m[0]], "年") {
					continue
				}
				disagree(para.Text[m[0]:m[1]], para.Text[m[4]:m[5]], number(para.Text[m[2]:m[3]]), para.slice(m[0], m[1]).Lines)
			}
			for _, m := range officeAndGroups().FindAllStringSubmatchIndex(para.Text, -1) {
				disagree(para.Text[m[0]:m[1]], "工作组", number(para.Text[m[2]:m[3]]), para.slice(m[0], m[1]).Lines)
			}
		}
	})
	return out
}

func topOf(n *node) *node {
	for n.parent != nil && n.parent.parent != nil {
		n = n.parent
	}
	return n
}

// checkDates compares the day of issue with the day of printing, which cannot come before it.
func checkDates(p *Plan, d document, _ *node) []Finding {
	if p.IssuedOn == "" || p.PrintedOn == "" || p.PrintedOn >= p.IssuedOn {
		return nil
	}
	return []Finding{{"dates_disagree", Grave,
		fmt.Sprintf("第%d行成文日期是%s，第%d行印发日期却是%s，印发早于成文，请更正。", d.issuedLines[0], chineseDay(p.IssuedOn), d.printLines[0], chineseDay(p.PrintedOn)), d.printLines}}
}

func chineseDay(day string) string {
	if len(day) != len("2023-06-28") {
		return day
	}
	return fmt.Sprintf("%s年%d月%d日", day[:4], number(day[5:7]), number(day[8:]))
}

// checkPeople reports a person who stands in one unit under different posts, and equal names in different units.
func checkPeople(p *Plan, _ document, _ *node) []Finding {
	var out []Finding
	names := map[string][]Person{}
	for _, person := range People(p) {
		names[person.Name] = append(names[person.Name], person)
		if len(person.Posts) < 2 {
			continue
		}
		first, other := firstWith(person, person.Posts[0]), firstWith(person, person.Posts[1])
		lines := other.Lines
		where := fmt.Sprintf("“%s”在“%s”（第%d行）写作“%s”，在“%s”（第%d行）写作“%s”", person.Name,
			first.Body, first.Lines[0], first.Post, other.Body, other.Lines[0], other.Post)
		if samePost(first.Post, other.Post) {
			out = append(out, Finding{"post_forms", Info, where + "，是同一职务的两种写法，请统一。", lines})
			continue
		}
		out = append(out, Finding{"two_posts", Warning, where + "，同一人在同一单位职务不一致，请核实现任职务。", lines})
	}
	for _, list := range names {
		if len(list) < 2 {
			continue
		}
		a, b := list[0].Appointments[0], list[1].Appointments[0]
		out = append(out, Finding{"same_name", Info, fmt.Sprintf("“%s”出现在两个单位：“%s”（第%d行）和“%s”（第%d行），已按两人处理，若是同一人请统一职务。",
			a.Name, a.Post, a.Lines[0], b.Post, b.Lines[0]), b.Lines})
	}
	return out
}

func firstWith(p Person, post string) Membership {
	for _, m := range p.Appointments {
		if m.Post == post {
			return m
		}
	}
	return p.Appointments[0]
}

// samePost reports two ways to write one post: with or without the unit before a bare title (副市长, 市政府副市长).
func samePost(a, b string) bool {
	split := func(post string) map[string]bool {
		out := map[string]bool{}
		last := ""
		for _, p := range splitTop(post, "、，, ") {
			unit, title := splitOne(p, last)
			last = unit
			out[NormalUnit(unit)+"|"+title] = true
		}
		return out
	}
	x, y := split(a), split(b)
	if len(x) != len(y) {
		return false
	}
	for k := range x {
		if !y[k] {
			return false
		}
	}
	return true
}

// checkGroups matches special actions with work groups by name: each action needs a group, each such group an action.
func checkGroups(p *Plan, _ document, _ *node) []Finding {
	matched := map[string]bool{}
	var without []Action
	for _, a := range p.Actions {
		found := false
		for _, b := range p.Bodies {
			if b.Kind == WorkGroup && strings.Contains(squeeze(b.Name), squeeze(a.Name)) {
				matched[b.Name], found = true, true
			}
		}
		if !found {
			without = append(without, a)
		}
	}
	if len(matched) == 0 {
		return nil // the plan does not organise its groups by action
	}
	var out []Finding
	for _, a := range without {
		out = append(out, Finding{"action_without_group", Warning, fmt.Sprintf("“%s”没有对应的工作组，请补上或说明由谁负责。", a.Name), a.Lines})
	}
	for _, b := range p.Bodies {
		if b.Kind == WorkGroup && strings.Contains(b.Name, "行动") && !matched[b.Name] {
			out = append(out, Finding{"group_without_action", Warning, fmt.Sprintf("“%s”在工作任务里没有对应的专项行动，请核对名称。", b.Name), b.Lines})
		}
	}
	return out
}

// checkObligations reports what is to be handed in without saying to whom.
func checkObligations(p *Plan, _ document, _ *node) []Finding {
	var out []Finding
	for _, o := range p.Obligations {
		if o.To == "" && containsAny(o.What, "报送", "上报", "报告", "报表") {
			out = append(out, Finding{"obligation_without_receiver", Warning, fmt.Sprintf("第%d行要求“%s”，没有写明报给谁，请补充。", o.Lines[0], o.What), o.Lines})
		}
		if len(o.Who) == 0 && containsAny(o.What, "报送", "上报", "报告") {
			out = append(out, Finding{"obligation_without_owner", Warning, fmt.Sprintf("第%d行要求“%s”，没有写明由谁办理，请补充。", o.Lines[0], o.What), o.Lines})
		}
	}
	return out
}

// checkPhases reports a stage that ends before it begins, and gaps and overlaps between stages.
func checkPhases(p *Plan, _ document, _ *node) []Finding {
	var out []Finding
	for i, ph := range p.Phases {
		if ph.Start != "" && ph.End != "" && ph.End < ph.Start {
			out = append(out, Finding{"phase_backwards", Grave, fmt.Sprintf("“%s”从%s到%s，结束早于开始，请更正。", ph.Name, ph.Start, ph.End), ph.Lines})
		}
		if i == 0 || ph.Start == "" || p.Phases[i-1].End == "" {
			continue
		}
		before := p.Phases[i-1]
		switch want := nextMonth(before.End); {
		case ph.Start > want:
			out = append(out, Finding{"phase_gap", Warning, fmt.Sprintf("“%s”到%s结束，“%s”从%s才开始，中间有空档，请核对。", before.Name, before.End, ph.Name, ph.Start), ph.Lines})
		case ph.Start < before.End:
			out = append(out, Finding{"phase_overlap", Warning, fmt.Sprintf("“%s”到%s结束，“%s”从%s就开始，时间重叠，请核对。", before.Name, before.End, ph.Name, ph.Start), ph.Lines})
		}
	}
	return out
}

func nextMonth(m string) string {
	if len(m) != len("2023-07") {
		return ""
	}
	year, mon := number(m[:4]), number(m[5:])+1
	if mon > 12 {
		year, mon = year+1, 1
	}
	return fmt.Sprintf("%04d-%02d", year, mon)
}

// checkNumbers reports numbering that jumps or repeats among the parts of one heading.
func checkNumbers(_ *Plan, _ document, root *node) []Finding {
	var out []Finding
	check := func(n *node) {
		last := map[markerKind]*node{}
		for _, c := range n.children {
			before := last[c.mark.kind]
			last[c.mark.kind] = c
			if before == nil || c.mark.kind == annexMark || c.mark.n == before.mark.n+1 || c.mark.n == 1 {
				continue
			}
			word, code := "跳号", "number_jumps"
			if c.mark.n <= before.mark.n {
				word, code = "重号或倒号", "number_repeats"
			}
			out = append(out, Finding{code, Warning, fmt.Sprintf("第%d行的序号“%s”接在“%s”（第%d行）之后，%s，请核对。", c.head[0], c.mark.label, before.mark.label, before.head[0], word), c.head})
		}
	}
	check(root)
	root.walk(check)
	return out
}

var annexNamed = lazy(`(?:详?见|按|依照|名单见)附件\s*(\d+|[一二三四五六七八九十])`)

// checkAnnexes reports annexes that the text announces but does not bring, and annexes without a title.
func checkAnnexes(_ *Plan, d document, root *node) []Finding {
	var out []Finding
	have := map[int]bool{}
	count := 0
	if d.annexIsPlan {
		count, have[1] = 1, true
	}
	for _, n := range root.children {
		if n.mark.kind != annexMark {
			continue
		}
		have[n.mark.n] = true
		count++
		if n.title == "" {
			out = append(out, Finding{"annex_without_title", Warning, fmt.Sprintf("第%d行的%s没有标题，请补上。", n.head[0], n.mark.label), n.head})
		}
	}
	if len(d.annexList) > count {
		out = append(out, Finding{"annex_missing", Warning, fmt.Sprintf("第%d行列出%d个附件，文中只有%d个，请补齐附件。", d.annexListLines[0], len(d.annexList), count), d.annexListLines})
	}
	reported := map[int]bool{}
	root.walk(func(n *node) {
		for _, p := range n.paras {
			for _, m := range annexNamed().FindAllStringSubmatch(p.Text, -1) {
				k := number(m[1])
				if k > 0 && !have[k] && !reported[k] && len(d.annexList) <= count {
					reported[k] = true
					out = append(out, Finding{"annex_missing", Warning, fmt.Sprintf("第%d行提到附件%d，文中没有，请补上。", p.Lines[0], k), p.Lines})
				}
			}
		}
	})
	return out
}

// checkDuties reports a group without duties where the other groups have them.
func checkDuties(p *Plan, _ document, _ *node) []Finding {
	with := 0
	for _, b := range p.Bodies {
		if len(b.Duties) > 0 {
			with++
		}
	}
	var out []Finding
	for _, b := range p.Bodies {
		if with > 0 && len(b.Duties) == 0 && (b.Kind == WorkGroup || b.Kind == InspectionGroup || b.Kind == Office) && len(b.Appointments) > 1 {
			out = append(out, Finding{"body_without_duties", Warning, fmt.Sprintf("“%s”没有写主要职责，其他机构都有，请补上。", b.Name), b.Lines})
		}
	}
	return out
}

var ruleForAll = lazy(`以下均[^。；）)]{2,40}`)

// checkRules reports a rule that stands for all later items: it names units that the items do not repeat.
func checkRules(_ *Plan, _ document, root *node) []Finding {
	var out []Finding
	root.walk(func(n *node) {
		for _, p := range n.paras {
			if loc := ruleForAll().FindStringIndex(p.Text); loc != nil {
				lines := p.slice(loc[0], loc[1]).Lines
				out = append(out, Finding{"rule_for_all", Info, fmt.Sprintf("第%d行规定“%s”，对其后各项都适用，分派任务时请一并考虑。", lines[0], p.Text[loc[0]:loc[1]]), lines})
			}
		}
	})
	return out
}

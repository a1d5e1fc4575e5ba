package plan

import (
	"fmt"
	"strings"
)

var stage = lazy(`^第([一二三四五六七八九十\d]+)(?:阶段|步|个阶段)\s*[:：、，。]?`)

// stageLabel reports a line that begins 第一阶段 or 第一步.
func stageLabel(s string) bool { return stage().MatchString(s) }

var namedStage = lazy(`^[\p{Han}、]{2,12}(?:阶段|环节)\s*(?:[:：]|[（(][^（）()]*[\d月][^（）()]*[）)])`)

// startsStage reports a paragraph that opens a stage in a section about stages: 第一阶段…, 整治提高阶段：4月下旬至7月。
func startsStage(s string) bool {
	return stageLabel(s) || namedStage().MatchString(s)
}

// phasesOf reads the stages of the campaign from the sections about its course.
// issued is the day of issue: its year is that of stages printed without one, and its month the start of 即日起.
func phasesOf(root *node, issued string) ([]Phase, []Finding) {
	var out []Phase
	var found []Finding
	for _, n := range phaseSections(root) {
		year := yearOf(issued)
		if year == 0 {
			year = firstYear(n)
		}
		for _, s := range stagesOf(n) {
			p, guessed := phaseOf(s, year)
			if p.Start == "" && p.End != "" && strings.Contains(s.title+firstLine(s.text), "即日起") {
				p.Start = month(issued)
			}
			if guessed {
				found = append(found, Finding{"phase_without_year", Info,
					fmt.Sprintf("“%s”没有写年份，已按发文年份%d年读，请核对。", p.Name, year), p.Lines})
			}
			out = append(out, p)
		}
	}
	return out, found
}

// firstYear is the first year that a section prints above its stages: 从2015年3月开始，至6月结束.
func firstYear(n *node) int {
	for _, p := range n.paras {
		if list := periods(p.Text, 0); len(list) > 0 {
			return max(yearOf(list[0].start), yearOf(list[0].end))
		}
	}
	return 0
}

// phaseSections are the sections about the course of the campaign: by title, first at the top, then below; else
// the section most of whose parts carry a time in their heading.
func phaseSections(root *node) []*node {
	var top, below, timed []*node
	for _, n := range topSections(root) {
		kind := kindOfSection(n.title)
		if kind == phaseSection {
			top = append(top, n)
			continue
		}
		for _, c := range n.children {
			if kindOfSection(c.title) == phaseSection && kind != taskSection {
				below = append(below, c)
			}
		}
		if kind != taskSection && kind != goalSection && timedParts(n) {
			timed = append(timed, n)
		}
	}
	switch {
	case len(top) > 0:
		return top
	case len(below) > 0:
		return below
	}
	return timed
}

// timedParts reports that two or more parts, and most of them, begin with a time in brackets after their heading.
func timedParts(n *node) bool {
	timed := 0
	for _, c := range n.children {
		if len(c.paras) > 0 && hasAnyPrefix(c.paras[0].Text, "（", "(") {
			if end := closing(c.paras[0].Text, 0); end > 0 && len(responsibilityGroups(c.paras[0].Text)) == 0 && len(periods(c.paras[0].Text[:end], 2000)) > 0 {
				timed++
			}
		}
	}
	return timed >= 2 && timed*2 > len(n.children)
}

// stagePart is a stage before it is understood: a heading or 第一阶段 with its text.
type stagePart struct {
	title, text string
	lines       Lines
}

func stagesOf(n *node) []stagePart {
	var out []stagePart
	open := false
	for _, p := range n.paras {
		if list := stagesInSentence(p); len(list) > 0 {
			out = append(out, list...)
			continue
		}
		if startsStage(p.Text) {
			title, body := splitStage(p)
			out = append(out, stagePart{title, body, p.Lines})
			open = true
			continue
		}
		if open {
			last := &out[len(out)-1]
			last.text, last.lines = joinLines(last.text, p.Text), span(last.lines, p.Lines)
		}
	}
	for _, c := range n.children {
		if c.title == "" && len(c.paras) == 0 {
			continue
		}
		if kindOfSection(c.title) == phaseSection && len(stagesOf(c)) > 1 {
			out = append(out, stagesOf(c)...) // 第三章 工作进度 with its 第九条（时间安排）
			continue
		}
		title, body := c.title, taskText(c)
		if title == "" {
			title = leadingName(body)
		}
		out = append(out, stagePart{title, body, c.whole()})
	}
	return out
}

var countedStages = lazy(`分(?:为)?(?:[二两三四五六七]|\d)个?(?:阶段|步)[^：:。]{0,12}[：:]`)

// stagesInSentence reads the stages that one sentence counts: 分三个阶段：2018年第四季度，部署启动；2019年，全面推进。
func stagesInSentence(p Paragraph) []stagePart {
	loc := countedStages().FindStringIndex(p.Text)
	if loc == nil {
		return nil
	}
	end := len(p.Text)
	if i := strings.Index(p.Text[loc[1]:], "。"); i >= 0 {
		end = loc[1] + i
	}
	var out []stagePart
	for _, part := range splitTop(p.Text[loc[1]:end], "；;") {
		clauses := splitTop(part, "，,")
		list := periods(part, 2000)
		if len(list) == 0 || len(clauses) < 2 && list[0].off == 0 {
			return nil
		}
		title := clauses[0]
		if list[0].off == 0 {
			title += "，" + clauses[1]
		}
		out = append(out, stagePart{title, part, p.Lines})
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

// firstLine is the first sentence of a stage's text.
func firstLine(s string) string {
	if i := strings.IndexAny(s, "。，"); i > 0 {
		return s[:i]
	}
	return s
}

func joinLines(a, b string) string {
	if a == "" {
		return b
	}
	return a + "\n" + b
}

// leadingName is what stands before the time in brackets or the first comma; where the time comes first, what follows
// it to the end of the sentence.
func leadingName(s string) string {
	if list := periods(s, 2000); len(list) > 0 && list[0].off == 0 {
		if i := strings.IndexAny(s, "。；"); i > 0 && runeLen(s[:i]) <= longestTitle {
			return s[:i]
		}
	}
	if i := strings.IndexAny(s, "（(：:，,。"); i > 0 && runeLen(s[:i]) <= 20 {
		return s[:i]
	}
	return ""
}

// splitStage parts 第一阶段:动员部署阶段(2023年6月)。成立… into heading and text.
func splitStage(p Paragraph) (title, body string) {
	end := topIndex(p.Text, "。")
	if loc := stageTime().FindStringIndex(p.Text); loc != nil && runeLen(p.Text[:loc[0]]) <= 24 {
		return p.Text[:loc[1]], strings.TrimLeft(p.Text[loc[1]:], "。，,：:；; 　")
	}
	label := stage().FindString(p.Text)
	if end < 0 || runeLen(p.Text[:end]) > longestTitle {
		if i := topIndex(p.Text[len(label):], "：:，,"); i > 0 && runeLen(p.Text[len(label):len(label)+i]) <= 30 {
			end = len(label) + i
		} else if end < 0 {
			return p.Text, ""
		} else {
			return label, trim(p.Text[len(label):])
		}
	}
	return p.Text[:end], trim(p.Text[end+len(string(firstRune(p.Text[end:]))):])
}

func phaseOf(s stagePart, year int) (Phase, bool) {
	p := Phase{Name: phaseName(s.title), Text: s.text, Lines: s.lines}
	if list := periods(s.title, year); len(list) > 0 {
		p.Start, p.End = month(list[0].start), month(list[len(list)-1].end)
		return p, list[0].guessed
	}
	list := periods(s.text, year)
	t := timeText(s.text)
	switch {
	case len(list) == 0:
	case opens(t, list[0]):
		p.Start, p.End = month(list[0].start), month(list[0].end)
		return p, list[0].guessed
	case len(list) == 1 && !list[0].guessed:
		p.End = month(list[0].end) // 2019年上半年，…印发实施方案: by when, not since when
	}
	return p, false
}

// opens reports that the text begins with the time: only a bracket, 从 or a label like 时间： may stand before it.
func opens(t string, p period) bool {
	before := strings.Trim(t[:p.off], " （(从自于即日起至到截-，,：:")
	return runeLen(before) <= 5 && !strings.ContainsAny(before, "，。,")
}

var stageTime = lazy(`[（(][^（()）]*(?:\d|年|月|日|季度|阶段|长期|每)[^（()）]*[)）]`)

// phaseName is the name of a stage without number and time: 动员部署阶段.
func phaseName(title string) string {
	label := stage().FindString(title)
	rest := trim(title[len(label):])
	if loc := stageTime().FindStringIndex(rest); loc != nil && loc[0] > 0 {
		rest = rest[:loc[0]] // 调查摸底(2020年3月—4月)，各区…
	}
	if list := periods(rest, 2000); len(list) > 0 && list[0].off == 0 {
		// 2019年4月，制定方案，动员部署
		if i := strings.IndexAny(rest, "，,：:"); i > 0 && runeLen(rest[:i]) <= 24 {
			rest = rest[i+len(string(firstRune(rest[i:]))):]
		}
	}
	rest = trim(stageTime().ReplaceAllString(rest, ""))
	rest = strings.Trim(rest, "：:。，,、 　—-")
	if i := topIndex(rest, "：:"); i > 0 && len(periods(rest[i:], 2000)) > 0 {
		rest = rest[:i]
	}
	if rest == "" || len(periods(rest, 0)) > 0 && runeLen(rest) < 20 && !strings.Contains(rest, "阶段") {
		if label != "" {
			return strings.TrimRight(label, "：:、，。 ")
		}
	}
	return rest
}

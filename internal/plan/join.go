package plan

import (
	"fmt"
	"strings"
)

// Paragraphs mends the lines of src and makes paragraphs of them. Every repair is reported.
func Paragraphs(src Source) ([]Paragraph, []Finding) {
	lines, found := mendLines(src.Lines)
	wrap := wrapWidth(lines, src.Format == "pdf")
	var out []Paragraph
	table := false
	for i, l := range lines {
		l = dropBullet(l)
		if l == "" {
			continue
		}
		table = inTable(table, l)
		next := newParagraph(l, i+1)
		indented := strings.HasPrefix(src.Lines[i], "　") || strings.HasPrefix(src.Lines[i], "    ")
		if len(out) == 0 || table || !continues(out[len(out)-1], l, indented, wrap) {
			out = append(out, next)
			continue
		}
		last := &out[len(out)-1]
		drop, f := doubled(*last, next)
		found = append(found, f...)
		if wrap == 0 || next.Lines[0]-last.Lines[1] > 1 {
			found = append(found, Finding{"cut_paragraph", Info,
				fmt.Sprintf("第%d行与第%d行本是一段，中间被断开，已接上。", last.Lines[1], next.Lines[0]),
				Lines{last.Lines[1], next.Lines[0]}})
		}
		*last = last.joined(next, drop)
	}
	return out, found
}

// inTable follows whether the lines stand in an annex that is a table: its rows end in no stop and are no
// cut paragraphs.
func inTable(before bool, l string) bool {
	if _, _, ok := readAnnex(l); ok {
		return false
	}
	s := squeeze(l)
	return before || containsAny(s, "牵头单位", "责任单位", "责任部门") && containsAny(s, "配合单位", "完成时限", "序号", "协办单位", "参与单位") && !strings.ContainsAny(s, "：:。，（")
}

// dropBullet takes away a bullet that a converter put before a line. A lone * may be a redacted name.
func dropBullet(l string) string {
	for _, b := range []string{"- ", "* ", "• ", "● ", "■ ", "◆ ", "▪ ", "· ", "•", "●", "◆", "■", "➢", "", "▶", "★ "} {
		if rest, ok := strings.CutPrefix(l, b); ok && rest != "" {
			return trim(rest)
		}
	}
	return l
}

// wrapWidth is the line length at which a text was broken by hand or by a printer, 0 where paragraphs stand
// one a line. A PDF is always broken. Otherwise such a text has many lines of nearly the same greatest length, most of
// them unfinished.
func wrapWidth(lines []string, always bool) int {
	var lengths, unfinished [200]int
	long, longest, filled := 0, 0, 0
	for _, l := range lines {
		n := displayWidth(l) / 2
		if n == 0 || strings.Contains(trim(l), "    ") || strings.ContainsRune(l, '\t') {
			continue // nothing, or the row of a table
		}
		filled++
		if n >= len(lengths) {
			return 0
		}
		lengths[n]++ //nolint:gosec // n is below its length
		if !strings.ContainsRune("。；;：:！？!?）)", lastRune(l)) {
			unfinished[n]++ //nolint:gosec // as above
		}
		longest = max(longest, n)
	}
	for n := longest; n > 12; n-- {
		near := lengths[n] + lengths[n-1] + lengths[n-2]
		open := unfinished[n] + unfinished[n-1] + unfinished[n-2]
		if near*5 >= filled && near >= 8 && long*20 <= filled || always && near >= 3 {
			return n
		}
		// Many short lines (a roster, labels) beside a few broken paragraphs.
		if n >= 24 && open >= 8 && open*4 >= near*3 && long*12 <= filled && open*2 >= sum(lengths[n*2/3:n-2]) {
			return n
		}
		long += lengths[n]
	}
	return 0
}

func sum(list []int) int {
	n := 0
	for _, x := range list {
		n += x
	}
	return n
}

func displayWidth(s string) int {
	n := 0
	for _, r := range s {
		if r < 0x2000 {
			n++
		} else {
			n += 2
		}
	}
	return n
}

// continues decides whether line l is the rest of the paragraph p that a page or a printer cut.
func continues(p Paragraph, l string, indented bool, wrap int) bool { //nolint:gocyclo // one question after another, in the order in which they decide
	end := lastRune(p.Text)
	if cutInside(p.Text, l) {
		return true
	}
	if wrap > 0 && end == '。' && hasAnyPrefix(l, "（", "(") && len(responsibilityGroups(l)) > 0 {
		return true // the bracket of units that the line's end parted from its sentence
	}
	if strings.ContainsRune("。；;：:！？!?…", end) || endsQuoted(p.Text) || startsOwnLine(l) || strings.ContainsRune(p.Text+l, '\t') {
		return false
	}
	open := strings.ContainsRune("，,、（(《“—", end) || unclosed(p.Text)
	if open {
		return !standsAlone(p.Text) || strings.ContainsRune("，,、", end)
	}
	lastLine := p.Text[p.marks[len(p.marks)-1].off:]
	if indented {
		return false
	}
	if labels := roleLabels(p.Text); wrap > 0 && len(labels) > 0 && strings.Count(p.Text, "、") >= 3 && (displayWidth(lastLine)/2 >= wrap-4 || hasAnyPrefix(l, "（", "(")) && !strings.ContainsAny(l, "。：:") {
		return true // a list of names that runs over its line
	}
	if wrap > 0 && len(roleLabels(p.Text)) > 0 && strings.ContainsAny(p.Text, "；;") && displayWidth(lastLine)/2 >= wrap-indent(p) && !readsAsEntry(l) {
		return true // 组长：…；副组长：…；成员 that runs over its line
	}
	if standsAlone(p.Text) {
		return false
	}
	if wrap > 0 {
		return displayWidth(lastLine)/2 >= wrap-indent(p) && !readsAsEntry(l)
	}
	if strings.ContainsRune("）)", end) {
		return false
	}
	return runeLen(p.Text) >= 22 && (strings.ContainsAny(p.Text, "，,。；;") || strings.Count(p.Text, "、") >= 3 && !strings.ContainsAny(l, "，,。：:")) && !endsRoster(p.Text, l) && !readsAsEntry(l)
}

// indent is how far a full line may fall short of the width: the first line of a paragraph was set two characters in.
func indent(p Paragraph) int {
	if p.Lines[0] == p.Lines[1] {
		return 5
	}
	return 3
}

// endsRoster reports that p is a list of people and l begins the sentence after it.
func endsRoster(p, l string) bool {
	labels := roleLabels(p)
	return len(labels) > 0 && labels[0].from == 0 && strings.ContainsAny(l, "。")
}

// cutInside reports the cuts that no form of the next line can hide: inside a bracket before its number
// （详见附件｜2）, after the label of a list of units, inside a name of a list.
func cutInside(p, l string) bool {
	open := strings.Count(p, "（") + strings.Count(p, "(") - strings.Count(p, "）") - strings.Count(p, ")")
	m, _, numbered := readMarker(l)
	afterNumber := numbered && m.kind == digitBracket && !strings.HasPrefix(m.label, "(")
	if open > 0 && strings.ContainsAny(l, "）)") && (!numbered || m.weak || afterNumber) {
		return runeLen(p[strings.LastIndexAny(p, "（("):]) < 120
	}
	if numberAtEnd().MatchString(p) && !numbered {
		return true // …巡查。(四)｜筹措资金
	}
	if loc := labelsAt(p); len(loc) > 0 && loc[len(loc)-1][1] == len(p) && runeLen(p) > 12 {
		return true
	}
	if strings.HasPrefix(l, "·") && isHan(lastRune(p)) || strings.HasSuffix(p, "·") {
		return true
	}
	labels := roleLabels(p)
	if len(labels) == 0 || strings.Count(p, "、")+strings.Count(l, "、") < 2 || strings.Contains(l, "。") {
		return false
	}
	before, after := pieces(p[labels[len(labels)-1].to:]), pieces(l)
	if len(before) == 0 || len(after) == 0 {
		return false
	}
	last, first := before[len(before)-1], after[0]
	head, bracket := cutBracket(first.text)
	part := runeLen(head) == 1 && (bracket != "" || len(after) > 1 && after[1].sep == "、") || strings.Contains(head, "·") && strings.Index(head, "·") <= len("江")
	return last.to == len(p)-labels[len(labels)-1].to && (runeLen(last.text) == 1 && last.sep == "、" || part)
}

// numberAtEnd is the number of an item whose words the next line holds.
var numberAtEnd = lazy(`[。；)）][（(][一二三四五六七八九十\d]{1,3}[)）]$`)

// unclosed reports a bracket or a quotation that the text opened last and did not close.
func unclosed(s string) bool {
	return strings.Count(s, "（")+strings.Count(s, "(") > strings.Count(s, "）")+strings.Count(s, ")") ||
		strings.Count(s, "《") > strings.Count(s, "》") || strings.Count(s, "“") > strings.Count(s, "”")
}

func endsQuoted(s string) bool {
	return hasAnySuffix(s, "。”", "；”", "。）", "。)", "！”", "？”")
}

// standsAlone reports that a line is whole by its form: a date, a number, a title, a person, a bare heading.
func standsAlone(s string) bool {
	if isDateLine(s) || isDocumentNumber(s) || hasAnySuffix(s, "的通知", "的 通 知", "印发") {
		return true
	}
	if m, _, ok := readAnnex(s); ok && m.kind == annexMark && runeLen(s) < 40 {
		return true
	}
	if labels := roleLabels(s); len(labels) > 0 {
		if runes := runeLen(s); runes < 40 && !strings.HasSuffix(s, "、") {
			return true
		}
	}
	return readsAsEntry(s) && !strings.HasSuffix(s, "、")
}

// startsOwnLine reports that a line begins something new by its form.
func startsOwnLine(l string) bool {
	if m, _, ok := readMarker(l); ok && !m.weak {
		return true
	}
	if _, _, ok := readAnnex(l); ok {
		return true
	}
	if isDateLine(l) || isDocumentNumber(l) || startsResponsibility(l) || stageLabel(l) {
		return true
	}
	if labels := roleLabels(l); len(labels) > 0 && labels[0].from == 0 {
		return true
	}
	return hasAnyPrefix(squeeze(l), "抄送", "主送", "（此件", "(此件", "主要职责", "工作职责", "主题词", "印发") || strings.HasSuffix(l, "印发") && runeLen(l) < 50
}

// repeated characters that Chinese doubles on purpose: not damage.
const reduplicated = "人天年月日家户处事层时常渐渐稳往步点种样项条件节块片条慢仅刚悄默频屡历代村镇县市区校个级科班组步环丝"

// doubled returns how many bytes at the start of q repeat the end of p: a page cut printed them twice.
func doubled(p, q Paragraph) (int, []Finding) {
	a, b := []rune(p.Text), []rune(q.Text)
	if len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[0] && strings.ContainsRune("，,、；：", b[0]) {
		return len(string(b[0])), []Finding{{"doubled_character", Info,
			fmt.Sprintf("第%d行末与第%d行首重复“%c”，已按一个读。", p.Lines[1], q.Lines[0], b[0]), Lines{p.Lines[1], q.Lines[0]}}}
	}
	if len(a) > 0 && len(b) > 1 && a[len(a)-1] == b[0] && strings.ContainsRune("市县区", b[0]) && b[1] == '政' {
		return len(string(b[0])), []Finding{{"doubled_character", Warning,
			fmt.Sprintf("第%d行末与第%d行首重复“%c”，已按一个读，请核对原文。", p.Lines[1], q.Lines[0], b[0]), Lines{p.Lines[1], q.Lines[0]}}}
	}
	for k := min(4, len(a), len(b)); k >= 1; k-- {
		tail, head := string(a[len(a)-k:]), string(b[:k])
		if tail != head || !allHan(tail) || k == 1 && (strings.Contains(reduplicated, tail) || len(roleLabels(p.Text)) > 0) {
			continue
		}
		return len(head), []Finding{{"doubled_character", Warning,
			fmt.Sprintf("第%d行末与第%d行首重复“%s”，已按一个读，请核对原文。", p.Lines[1], q.Lines[0], head),
			Lines{p.Lines[1], q.Lines[0]}}}
	}
	return 0, nil
}

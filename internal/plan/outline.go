package plan

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// node is a heading while it is being read: its title, what stands directly below it, and its parts.
type node struct {
	mark     marker
	title    string
	stop     string // the mark between title and text as printed: 。 ： or nothing
	path     string
	head     Lines       // the lines of the title
	paras    []Paragraph // own text: what follows the title, and the paragraphs below it
	children []*node
	parent   *node
}

// lines is the heading with all that belongs to it alone.
func (n *node) lines() Lines { return span(n.head, spanOf(n.paras)) }

// whole is the heading with its parts.
func (n *node) whole() Lines {
	s := n.lines()
	for _, c := range n.children {
		s = span(s, c.whole())
	}
	return s
}

// walk visits n's descendants in the order of the text.
func (n *node) walk(visit func(*node)) {
	for _, c := range n.children {
		visit(c)
		c.walk(visit)
	}
}

// all returns n's own paragraphs and those of its parts, titles included, in order.
func (n *node) all() []Paragraph {
	out := append([]Paragraph(nil), n.paras...)
	for _, c := range n.children {
		out = append(out, c.withTitle()...)
	}
	return out
}

func (n *node) withTitle() []Paragraph {
	var out []Paragraph
	if n.title != "" {
		out = append(out, newParagraph(n.title, n.head[0]))
	}
	return append(out, n.all()...)
}

// outliner places paragraphs in the tree.
type outliner struct {
	root  *node
	at    *node // where running text goes
	found []Finding
}

// place puts one paragraph or item where it belongs.
func (o *outliner) place(p Paragraph, next []Paragraph) {
	m, rest, ok := readMarker(p.Text)
	if ok && m.weak && !o.inSequence(m, next) {
		ok = false
	}
	if ok && (m.kind == circleMark || m.kind == digitBracket) && m.n > 1 && o.lastOf(m.kind) != m.n-1 {
		ok = false // ③ that a line's end put first, while ① and ② stand in the text
	}
	if ok && m.kind >= digitMark && o.inRoster() && readsAsEntry(rest) {
		p, ok = p.rest(rest), false // 1. 张三 市教育局局长: a roster that numbers its people
	}
	if ok && o.inRoster() && groupOfRoster(rest) && len(next) > 0 && continuesRoster(next[0].Text) {
		ok = false // 一、区级部门: a group within a roster, no section
	}
	if !ok {
		o.at.paras = append(o.at.paras, p)
		return
	}
	if m.weak {
		o.found = append(o.found, Finding{"number_without_dot", Info,
			fmt.Sprintf("第%d行的序号“%s”后漏了点号，已按序号读。", p.Lines[0], m.label), p.Lines})
	}
	o.open(m, p.rest(rest))
}

// inRoster reports that the last paragraph put people into a body.
func (o *outliner) inRoster() bool {
	if len(o.at.paras) == 0 {
		return false
	}
	last := o.at.paras[len(o.at.paras)-1].Text
	labels := roleLabels(last)
	return len(labels) > 0 && labels[0].from == 0 || readsAsEntry(last)
}

// groupOfRoster reports a line that only groups the people below it: 区级部门, 街道, 各镇.
func groupOfRoster(s string) bool {
	s = strings.TrimRight(squeeze(s), "：:")
	return runeLen(s) <= 12 && !strings.ContainsAny(s, "，。；：:") && bodyName(s) == "" &&
		hasAnySuffix(s, "部门", "单位", "街道", "乡镇", "镇", "企业", "社区", "学校", "科室", "团体", "机构", "系统", "领导", "专家", "人员", "委员", "代表", "区县", "县区", "县（市、区）", "乡（镇）")
}

func continuesRoster(s string) bool {
	labels := roleLabels(s)
	return readsAsEntry(s) || len(labels) > 0 && labels[0].from == 0
}

// open starts a heading. Its parent is the nearest heading of a higher level: levels may be skipped.
func (o *outliner) open(m marker, rest Paragraph) {
	parent := o.at
	for parent.parent != nil && parent.mark.kind >= m.kind {
		parent = parent.parent
	}
	n := &node{mark: m, parent: parent, path: joinPath(parent.path, m.label), head: Lines{rest.Lines[0], rest.Lines[0]}}
	title, body := splitTitle(rest)
	n.title = closeSpread(title.Text)
	if title.Text != "" {
		n.head = title.Lines
	}
	if body.Text != "" {
		n.stop = stopAfter(rest.Text, title.Text)
	} else if title.Text != "" {
		n.stop = strings.TrimPrefix(rest.Text, title.Text)
	}
	if body.Text != "" {
		n.paras = append(n.paras, body)
	}
	parent.children = append(parent.children, n)
	o.at = n
}

// annex starts an annex, above which nothing stands.
func (o *outliner) annex(m marker, title Paragraph) {
	n := &node{mark: m, parent: o.root, path: m.label, title: squeeze(title.Text), head: title.Lines}
	o.root.children = append(o.root.children, n)
	o.at = n
}

func joinPath(parent, label string) string {
	if parent == "" {
		return label
	}
	return parent + "/" + label
}

// inSequence decides on a number without its dot: it must follow its predecessor, or be 1 and be followed by 2.
func (o *outliner) inSequence(m marker, next []Paragraph) bool {
	if last := o.lastOf(m.kind); last == m.n-1 && last > 0 {
		return true
	}
	if m.n != 1 {
		return false
	}
	for _, p := range next[:min(8, len(next))] {
		if after, _, ok := readMarker(p.Text); ok && after.kind == m.kind && after.n == 2 {
			return true
		}
	}
	return false
}

// lastDigit is the number of the item 1. 2. 3. that is open here, 0 if none is.
func (o *outliner) lastDigit() int { return o.lastOf(digitMark) }

// lastOf is the number of the heading of a kind that is open here, 0 if none is.
func (o *outliner) lastOf(kind markerKind) int {
	for n := o.at; n != nil; n = n.parent {
		if n.mark.kind == kind {
			return n.mark.n
		}
	}
	return 0
}

// items cuts a paragraph that holds several numbered items: 1、… 2、… 3、…, or （一）…（二）….
func (o *outliner) items(p Paragraph) []Paragraph {
	if cut := o.gluedItem(p.Text); cut > 0 {
		return append(o.items(p.slice(0, cut)), p.slice(cut, len(p.Text)))
	}
	kind, next := digitMark, 1
	if m, _, ok := readMarker(p.Text); ok && (m.kind == digitMark || m.kind == hanBracket) {
		kind, next = m.kind, m.n+1
	} else if startsResponsibility(p.Text) || len(itemCuts(p.Text, digitMark, 1)) == 0 && o.lastDigit() > 0 && len(itemCuts(p.Text, digitMark, o.lastDigit()+1)) > 0 && responsibilityBefore(p.Text, itemCuts(p.Text, digitMark, o.lastDigit()+1)[0]) {
		next = o.lastDigit() + 1 // the items of one paragraph, whose first lines a page parted
	}
	cuts := itemCuts(p.Text, kind, next)
	if len(cuts) == 0 && kind != digitMark {
		cuts = itemCuts(p.Text, digitMark, 1)
		next = 1
	}
	// A lone 1. in running text is no list.
	if len(cuts) == 0 || next == 1 && len(cuts) < 2 || next == 1 && enumerates(p.Text, cuts) {
		return []Paragraph{p}
	}
	var out []Paragraph
	from := 0
	for _, c := range append(cuts, len(p.Text)) {
		if part := p.slice(from, c); part.Text != "" {
			out = append(out, part)
		}
		from = c
	}
	return out
}

// gluedItem finds where the next heading begins that stands on the line of the units before it:
// 责任单位：市教育局、市财政局（二）加强保障. It is 0 where there is none.
func (o *outliner) gluedItem(s string) int {
	label := labelAt(s)
	if label == nil {
		return 0
	}
	for i, r := range s[label[1]:] {
		if i == 0 || !isDigit(r) && !strings.ContainsRune("第（("+hanDigits, r) {
			continue
		}
		at := label[1] + i
		m, rest, ok := readMarker(s[at:])
		if !ok || m.weak || rest == "" || m.kind > digitMark || m.n != o.lastOf(m.kind)+1 && (m.n != 1 || m.kind != digitMark) {
			continue
		}
		if before := trim(s[label[1]:at]); endsAsUnit(strings.TrimRight(before, "。；;")) && !strings.HasSuffix(before, "第") {
			return at
		}
	}
	return 0
}

// responsibilityBefore reports that a bracket of units ends right before the byte at.
func responsibilityBefore(s string, at int) bool {
	return responsibilityBracket(trim(s[:at])) > 0 || onlyUnits(trim(s[:at]))
}

// enumerates reports that the items in a paragraph only list points of what it says: 重点检查：1、…；2、…；3、….
func enumerates(s string, cuts []int) bool {
	return hasAnySuffix(trim(s[:cuts[0]]), "：", ":", "。") && hasAnySuffix(trim(s[:cuts[1]]), "；", ";", "，")
}

// itemCuts finds where, after the end of a sentence, the items next, next+1, … of a list begin.
func itemCuts(s string, kind markerKind, next int) []int {
	var cuts []int
	prev := utf8.RuneError
	for i, r := range s {
		border := i > 0 && (strings.ContainsRune("。；;：:！）)", prev) || isSpace(prev))
		if border && (isDigit(r) || r == '（' || r == '(') {
			if m, rest, ok := readMarker(s[i:]); ok && !m.weak && m.kind == kind && m.n == next && runeLen(rest) > 3 {
				cuts = append(cuts, i)
				next++
			}
		}
		prev = r
	}
	return cuts
}

// closeSpread closes a heading spread over the line (指 导 思 想): every character stands alone.
func closeSpread(s string) string {
	fields := strings.FieldsFunc(s, isSpace)
	if len(fields) < 2 {
		return s
	}
	for _, f := range fields {
		if runeLen(f) > 1 {
			return s
		}
	}
	return strings.Join(fields, "")
}

// isPoint reports that n only lists a point of the sentence above it: …应当符合下列要求：（一）符合规划；（二）….
func (n *node) isPoint() bool {
	if n.parent == nil || n.parent.parent == nil || n.parent.mark.kind == annexMark {
		return false
	}
	above := n.parent.stop
	if k := len(n.parent.paras); k > 0 {
		above = n.parent.paras[k-1].Text
	}
	if !hasAnySuffix(above, "：", ":") {
		return false
	}
	semicolons := 0
	for i, c := range n.parent.children {
		if len(c.children) > 0 || len(c.paras) > 0 && c.title != "" {
			return false
		}
		if hasAnySuffix(c.title+c.stop+text(c.paras), "；", ";") {
			semicolons++
		} else if i < len(n.parent.children)-1 {
			return false
		}
	}
	return semicolons > 0
}

// stopAfter is the 。 or ： that parts title and text.
func stopAfter(s, title string) string {
	if title == "" {
		return ""
	}
	if r := firstRune(trim(strings.TrimPrefix(s, title))); strings.ContainsRune("。：:", r) {
		return string(r)
	}
	return ""
}

// bracketedTitle returns the length of a heading in brackets that opens an article: （目的和依据）为了…, 【范围】….
func bracketedTitle(s string) int {
	r := firstRune(s)
	if !strings.ContainsRune("（(【〔", r) {
		return 0
	}
	end := strings.IndexAny(s, "）)】〕")
	if end < 0 || end > 60 {
		return 0
	}
	inner := s[len(string(r)):end]
	if runeLen(inner) < 2 || !allHan(strings.Map(dropMarks, inner)) || len(periods(inner, 2000)) > 0 {
		return 0
	}
	return end + len(string(firstRune(s[end:])))
}

func dropMarks(r rune) rune {
	if strings.ContainsRune("、，“”", r) {
		return -1
	}
	return r
}

const longestTitle = 50

// splitTitle parts an item's first paragraph into heading and text. A heading ends at its 。 or at the line's
// end, before a short label's ：, or at a space before running text; an item that is one long sentence has none.
func splitTitle(p Paragraph) (title, body Paragraph) {
	if size := bracketedTitle(p.Text); size > 0 {
		open := len(string(firstRune(p.Text)))
		return p.slice(open, size-len(string(lastRune(p.Text[:size])))), p.slice(size, len(p.Text))
	}
	if loc := stageTime().FindStringIndex(p.Text); loc != nil && loc[0] > 0 && runeLen(p.Text[:loc[0]]) <= 16 && allHan(squeeze(p.Text[:loc[0]])) {
		// 自查自纠（3月1日—4月30日）各学校开展自查
		if len(periods(p.Text[loc[0]:loc[1]], 2000)) > 0 {
			return p.slice(0, loc[0]), p.slice(loc[0], len(p.Text))
		}
	}
	end := titleEnd(p.Text)
	if end <= 0 {
		return Paragraph{}, p
	}
	after := end
	if r := firstRune(p.Text[end:]); strings.ContainsRune("。：:", r) {
		after += utf8.RuneLen(r)
	}
	title, body = p.slice(0, end), p.slice(after, len(p.Text))
	if strings.Trim(body.Text, "；;，,、。") == "" {
		body = Paragraph{}
	}
	if cut := responsibilityBracket(title.Text); cut > 0 {
		body = p.slice(cut, len(p.Text))
		title = p.slice(0, cut)
	}
	if cut := timeBracket(title.Text); cut > 0 {
		body = p.slice(cut, len(p.Text))
		title = p.slice(0, cut)
	}
	return title, body
}

// withoutUnits is a heading without the bracket of units that may end it.
func withoutUnits(s string) string {
	if cut := responsibilityBracket(s); cut > 0 {
		return s[:cut]
	}
	return s
}

// timeBracket returns where a bracket with a time begins that ends a heading (（二）推进阶段（2019年6月—2020年6月）);
// 0 if there is none. The time then begins the text.
func timeBracket(s string) int {
	if !hasAnySuffix(s, "）", ")") {
		return 0
	}
	i := strings.LastIndexAny(s, "（(")
	if i <= 0 || closing(s, i) != len(s)-len(string(lastRune(s))) {
		return 0
	}
	if inner := s[i:]; len(periods(inner, 2000)) > 0 && runeLen(inner) < 40 || strings.Contains(inner, "即日起") {
		return i
	}
	return 0
}

func titleEnd(s string) int {
	stop := topIndex(s, "。")
	whole := stop < 0
	if whole {
		stop = len(s)
	}
	if colon := topIndex(s[:stop], "：:"); colon > 0 && !stageLabel(s) && runeLen(s[:colon]) <= 20 && !strings.ContainsAny(s[:colon], "，,。") && trim(s[colon:]) != "" {
		if trim(s[colon+len(string(firstRune(s[colon:]))):]) == "" {
			return colon
		}
		if !startsResponsibility(s) {
			return colon
		}
	}
	if gap := strings.IndexFunc(s[:stop], isSpace); gap > 0 && allHan(s[:gap]) && runeLen(s[:gap]) >= 4 && runeLen(s[:gap]) <= 14 && runeLen(s[gap:stop]) > 24 {
		return gap
	}
	bare := strings.TrimRight(s[:stop], "；;：:，,")
	if !whole && isSentence(bare, s[stop:]) {
		return 0
	}
	if runeLen(withoutUnits(bare)) > longestTitle || topIndex(bare, "；;") >= 0 || startsResponsibility(s) {
		return 0
	}
	if whole && bare != s[:stop] && hasAnySuffix(s, "；", ";", "，", ",") && strings.ContainsAny(bare, "，,") {
		return 0
	}
	return len(bare)
}

// isSentence reports that what stands before the first 。 is running text, no heading: it binds somebody (各地要…),
// or it is long and nothing but a bracket of units follows.
func isSentence(s, after string) bool {
	after = trim(strings.TrimLeft(after, "。"))
	alone := after == "" || onlyUnits(after)
	n := runeLen(s)
	if alone && n > 24 || n > 45 || alone && saysAll(s) {
		return true
	}
	for _, w := range []string{"要", "应当", "必须", "负责", "应于", "自印发之日"} {
		i := strings.Index(s, w)
		if i <= 3 || n <= 16 {
			continue
		}
		if w == "要" && containsAny(s[i-3:min(i+6, len(s))], "重要", "要求", "主要", "需要", "要素", "必要", "要点", "要道", "要害", "纪要", "概要") {
			continue
		}
		if w == "负责" && (containsAny(s, "负责人", "负责制", "负责任") || !alone) {
			continue
		}
		return true
	}
	return false
}

// saysAll reports a short item that is a sentence: it has a subject (各学校每月报一次), or its clauses are no pair of
// equal calls (推进架空线入地，完成道路8条 beside 提高站位，落实责任).
func saysAll(s string) bool {
	if strings.HasPrefix(s, "各") && runeLen(s) > 10 {
		return true
	}
	clauses := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("，,", r) })
	if runeLen(s) <= 16 || len(clauses) < 2 || isDigit(firstRune(s)) {
		return false // 2019年4月，制定方案，动员部署 is the heading of a stage
	}
	if strings.ContainsAny(s, "0123456789") {
		return true // how much or how many: no call, a measure
	}
	for _, c := range clauses[1:] {
		if d := runeLen(c) - runeLen(clauses[0]); d > 2 || d < -2 {
			return true
		}
	}
	return false
}

// onlyUnits reports that s is one bracket and it names units.
func onlyUnits(s string) bool {
	if strings.IndexAny(s, "（(【[") != 0 {
		return false
	}
	groups := responsibilityGroups(s)
	return len(groups) == 1 && groups[0].from == 0 && strings.Trim(s[groups[0].to:], "。 　") == ""
}

// topIndex is the first index of any of stops outside brackets and quotations.
func topIndex(s, stops string) int {
	depth := 0
	for i, r := range s {
		switch r {
		case '（', '(', '“', '《', '「':
			depth++
		case '）', ')', '”', '》', '」':
			depth = max(depth-1, 0)
		default:
			if depth == 0 && strings.ContainsRune(stops, r) {
				return i
			}
		}
	}
	return -1
}

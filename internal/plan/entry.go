package plan

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// roles are what a person can be in a body, longest first so that 副组长 is not read as 组长.
var roles = []string{"第一副总指挥", "常务副总指挥", "常务副主任委员", "副主任委员", "第一召集人", "总召集人", "副召集人", "办公室副主任", "办公室主任",
	"常务副总指挥长", "常务副指挥长", "副总指挥长", "总指挥长", "第一总指挥", "常务副组长", "第一副组长", "常务副主任", "执行副组长", "第一组长", "执行组长", "主任委员", "双组长", "副总指挥", "总指挥", "副指挥长", "指挥长", "副指挥", "指挥",
	"副秘书长", "秘书长", "总协调人", "总协调", "召集人", "牵头人", "负责人", "联络员", "副组长", "组长", "副主任", "主任", "副政委", "政委", "副会长", "会长", "副理事长", "理事长",
	"副队长", "队长", "副团长", "团长", "副主席", "主席", "成员单位", "组成人员", "组成单位", "成员", "组员", "委员", "队员", "顾问", "主持人", "副总召集人", "总督导", "副总督导", "督导长", "路长", "副总长", "总路长", "河长", "总河长", "副总河长", "专家", "秘书", "干事", "执行主任", "荣誉主任", "名誉组长"}

// roleOf reports whether s is a role and nothing else, spaces inside allowed.
func roleOf(s string) (string, bool) {
	s = squeeze(s)
	for _, r := range roles {
		if s == r {
			return r, true
		}
	}
	return "", false
}

// roleLabel is a role found in a paragraph: Text[from:to] is the label with its colon.
type roleLabel struct {
	role     string
	from, to int
}

// roleLabels finds every 组 长：, 成　员: and the like in s, and one at the start without a colon.
func roleLabels(s string) []roleLabel {
	var out []roleLabel
	if role, n := openingRole(s); n > 0 {
		out = append(out, roleLabel{role, 0, n})
	}
	for i, r := range s {
		if r != '：' && r != ':' {
			continue
		}
		role, from := roleBefore(s[:i])
		if role == "" || len(out) > 0 && from < out[len(out)-1].to {
			continue
		}
		out = append(out, roleLabel{role, from, i + utf8.RuneLen(r)})
	}
	return out
}

// roleBefore returns the longest role that ends s, spaces inside allowed, and where it begins.
func roleBefore(s string) (string, int) {
	for _, role := range roles {
		if from := endsSpaced(s, role); from >= 0 {
			// 副 主 任 may be listed later than 主任: prefer what is longer.
			if longer := endsSpaced(s[:from], "副"); longer >= 0 {
				if _, ok := roleOf("副" + role); ok {
					return "副" + role, longer
				}
			}
			return role, from
		}
	}
	return "", -1
}

// endsSpaced reports where word, spread with spaces or not, begins at the end of s; -1 if it does not end s.
func endsSpaced(s, word string) int {
	s = strings.TrimRightFunc(s, isSpace)
	for i, r := range slices.Backward([]rune(word)) {
		if lastRune(s) != r {
			return -1
		}
		s = s[:len(s)-utf8.RuneLen(r)]
		if i > 0 {
			s = strings.TrimRightFunc(s, isSpace)
		}
	}
	return len(s)
}

// openingRole reads a role at the start of s that no colon follows: alone on the line (组长), or before a
// space and a name (成 员 张三 …). It returns the length read, 0 if there is none.
func openingRole(s string) (string, int) {
	best, bestLen := "", 0
	for _, role := range roles {
		n := startsSpaced(s, role)
		if n <= bestLen {
			continue
		}
		tail := s[n:]
		if trim(tail) == "" || isSpace(firstRune(tail)) && readsAsEntry(trim(tail)) {
			best, bestLen = role, n
		}
	}
	return best, bestLen
}

func startsSpaced(s, word string) int {
	rest := s
	for i, r := range word {
		if i > 0 {
			rest = strings.TrimLeftFunc(rest, isSpace)
		}
		if firstRune(rest) != r {
			return 0
		}
		rest = rest[utf8.RuneLen(r):]
	}
	return len(s) - len(rest)
}

// entry is one person of a roster as read from a line: at is the byte offset in the paragraph.
type entry struct {
	name, post string
	at         int
}

// piece is a run of text between separators.
type piece struct {
	text     string
	from, to int
	sep      string // what stands before it: "", space, 、, ，
	column   bool   // a tab stands before it
	spread   bool   // two characters with a gap between them: a name by its form
}

// pieces cuts s at spaces, commas and pause marks outside brackets, after closing the gaps of spaced names.
func pieces(s string) []piece {
	var out []piece
	depth, from, sep, column := 0, -1, "", false
	flush := func(to int) {
		if from >= 0 {
			out = append(out, piece{text: s[from:to], from: from, to: to, sep: sep, column: column})
			from, sep, column = -1, "", false
		}
	}
	for i, r := range s {
		switch {
		case r == '（' || r == '(' || r == '〔' || r == '[':
			depth++
		case (r == '）' || r == ')' || r == '〕' || r == ']') && depth > 0:
			depth--
		case depth == 0 && (isSpace(r) || strings.ContainsRune("、，,；;。", r)):
			flush(i)
			if isSpace(r) {
				if sep == "" {
					sep = " "
				}
				column = column || r == '\t'
			} else {
				sep = string(r)
			}
			continue
		}
		if depth == 0 && from >= 0 && isHan(r) && i > 0 && hasAnySuffix(s[from:i], "）", ")") && nextPerson(s[i:]) {
			flush(i)
			sep = "、"
		}
		if from < 0 {
			from = i
		}
	}
	flush(len(s))
	return closeGaps(out)
}

// nextPerson reports that another person with a bracket begins right after a bracket: 张三（副市长）李四（市商务局局长）.
func nextPerson(s string) bool {
	open := strings.IndexAny(s, "（(")
	if open <= 0 || open > 40 {
		return false
	}
	name := squeeze(s[:open])
	return isName(name) && !endsAsTitle(name) && readsAsPost(inBracket(s[open:]))
}

// closeGaps joins the two pieces of a name that clerks spread to the width of three characters (王　渊).
func closeGaps(in []piece) []piece {
	var out []piece
	for i := 0; i < len(in); i++ {
		p := in[i]
		//nolint:nestif // four ways to close one gap, tried in order
		if i+1 < len(in) && in[i+1].sep == " " && runeLen(p.text) == 1 && isHan(firstRune(p.text)) {
			// 王 五一 市城管局局长: a space only behind the family name
			if n := in[i+1].text; runeLen(n) == 2 && isName(p.text+n) && i+2 < len(in) && in[i+2].sep == " " && readsAsPost(in[i+2].text) && !readsAsPost(n) {
				out = append(out, p.with(n, in[i+1]))
				i++
				continue
			}
			name, note := cutBracket(in[i+1].text)
			// 李 华县财政局副局长: a spaced name with the post glued to it
			if glued, _ := unglue(p.text + in[i+1].text); note == "" && runeLen(glued) == 2 {
				p = p.with(in[i+1].text, in[i+1])
				i++
				out = append(out, p)
				continue
			}
			// 泰 来县广播电视局局长: no family name in use, but the gap says where the name ends
			if first := string(firstRune(name)); isHan(firstRune(name)) && endsAsTitle(name) && startsAsPost(strings.TrimPrefix(name, first)) {
				at := in[i+1].from + len(first)
				out = append(out, piece{text: p.text + first, from: p.from, to: at, sep: p.sep, spread: true},
					piece{text: in[i+1].text[len(first):], from: at, to: in[i+1].to, sep: " "})
				i++
				continue
			}
			if runeLen(name) == 1 && isHan(firstRune(name)) {
				p = p.with(name+note, in[i+1])
				p.spread = true
				i++
				// 程　　小　明, three characters spread as well
				if i+1 < len(in) && in[i+1].sep == " " && note == "" && runeLen(in[i+1].text) == 1 && isHan(firstRune(in[i+1].text)) && (i+2 >= len(in) || runeLen(in[i+2].text) > 1) {
					p = p.with(in[i+1].text, in[i+1])
					i++
				}
			}
		}
		out = append(out, p)
	}
	return out
}

// with is p with more text, which ends where q does.
func (p piece) with(more string, q piece) piece {
	p.text, p.to = p.text+more, q.to
	return p
}

// cutBracket parts 张三（副市长） into the name and the bracket with what follows it.
func cutBracket(s string) (string, string) {
	if i := strings.IndexAny(s, "（([〔"); i > 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// annotations in a bracket after a name say nothing about the post.
var annotation = lazy(`^(?:兼|兼任|女|男|女士|\p{Han}{1,4}族|挂职|主持工作|暂缺|待定|[女男][，,、]\p{Han}{1,4}族|兼办公室(?:副)?主任|兼(?:副)?组长|主持|党外|特邀|专职|常务)$`)

// readEntries reads the people in one stretch of a roster: 张三 副市长, 张三（副市长）、李四（市纪委), 张三、李四,
// a name glued to its post, a post before its name. ok is false where something in it is no person
// with a post, so that prose and lists of units are left alone.
func readEntries(s string) (list []entry, ok bool) {
	ps := pieces(s)
	ok = len(ps) > 0
	if names := bareNames(ps); names != nil {
		return names, true
	}
	for i := 0; i < len(ps); {
		e, used, good := readEntry(ps[i:])
		if !good {
			ok = false
			i++
			continue
		}
		if e.name != "" {
			list = append(list, e)
		}
		i += used
	}
	return list, ok && len(list) > 0
}

// bareNames reads a list of names alone, 张三、丹珠、李四: where most are names by their own evidence, the others are
// names too if nothing speaks against them. nil if the list is something else.
func bareNames(ps []piece) []entry {
	var out []entry
	sure := 0
	for i, p := range ps {
		head, note := cutBracket(p.text)
		head = strings.TrimSuffix(head, "同志")
		if i > 0 && p.sep == " " && len(ps) < 4 || note != "" && !annotation().MatchString(inBracket(note)) {
			return nil
		}
		if isName(head) {
			sure++
		} else if n := runeLen(head); !allHan(head) || n < 2 || n > 4 || looksLikeNoName(head) || endsAsUnit(head) || endsAsTitle(head) {
			return nil
		}
		out = append(out, entry{name: head, at: p.from})
	}
	if len(out) < 3 || sure*2 < len(out) {
		return nil
	}
	return out
}

// readEntry reads one person from the front of ps and says how many pieces it took.
func readEntry(ps []piece) (entry, int, bool) {
	head, note := cutBracket(ps[0].text)
	head = strings.TrimSuffix(head, "同志")
	if name, ok := standsAsName(head, ps, note); ok {
		return readPostAfter(name, note, "", ps)
	}
	if annotation().MatchString(inBracket(note)) && afterBracket(note) == "" {
		note = "" // 张三县委宣传部部长（兼）
	}
	if name, post := unglue(head + note); name != "" {
		return readPostAfter(name, "", post, ps)
	}
	// 区委宣传部副部长孙立国: the post glued before the name
	if name, post := nameAtEnd(head); name != "" && post != "" && note == "" {
		return entry{name, post, ps[0].from}, 1, true
	}
	// 副市长 张三: the post comes first
	if endsAsTitle(head) || endsAsUnit(head) && len(ps) > 1 {
		post := head
		for i := 1; i < len(ps) && i < 4; i++ {
			next, after := cutBracket(ps[i].text)
			if isName(next) && ps[i].sep == " " && !readsAsPost(next) && (i+1 == len(ps) || ps[i+1].sep != " ") {
				return entry{next, post, ps[i].from}, i + 1, after == "" || annotation().MatchString(inBracket(after))
			}
			if !readsAsPost(next) {
				break
			}
			post += ps[i].sep + next
		}
	}
	return entry{}, 1, false
}

// standsAsName decides whether the first piece is a name, asking also what follows: before a post or a bracket
// with one, any two to four characters are a name; alone they must prove themselves.
func standsAsName(head string, ps []piece, note string) (string, bool) {
	n := runeLen(head)
	if post := len(ps) > 1 && ps[1].sep == " " && readsAsPost(ps[1].text); post && nameByForm(head, ps) {
		return head, true
	}
	if isName(head) {
		return head, !exactPost(head)
	}
	if !allHan(head) || n < 2 || n > 4 || exactPost(head) || looksLikeNoName(head) {
		return "", false
	}
	if inner := inBracket(note); inner != "" && (readsAsPost(inner) || annotation().MatchString(inner)) {
		return head, !endsAsUnit(head)
	}
	if len(ps) > 1 && ps[1].sep == " " && readsAsPost(ps[1].text) && endsAsTitle(ps[len(ps)-1].text) {
		return head, !endsAsUnit(head) && !endsAsTitle(head)
	}
	return "", false
}

// nameByForm reports what stands in the place of a name before a post: two characters spread apart (安　全), the first
// column of a table, or up to six characters that are neither unit nor post (a name written as it sounds).
func nameByForm(head string, ps []piece) bool {
	n := runeLen(head)
	if !allHan(head) || n < 2 || n > 6 || columnTitle(head) || containsAny(head, "办公", "领导", "名单", "成员", "组长", "委员会") {
		return false
	}
	if ps[0].spread {
		return n == 2
	}
	if endsAsUnit(head) && n > 2 || endsAsTitle(head) || looksLikeNoName(head) || roleBegins(head) {
		return false
	}
	return ps[1].column || n > 4 && len(ps) > 1 && endsAsTitle(ps[len(ps)-1].text) && !startsAsPlace(head)
}

// columnTitle reports the words over the columns of a roster.
func columnTitle(s string) bool {
	switch s {
	case "姓名", "单位", "职务", "部门", "备注", "序号", "职称", "电话", "性别", "手机", "级别", "组别", "分组":
		return true
	}
	return false
}

func roleBegins(s string) bool {
	for _, r := range roles {
		if strings.HasPrefix(s, r) {
			return true
		}
	}
	return false
}

// readPostAfter collects the post that follows a name, in a bracket or after a space.
func readPostAfter(name, note, post string, ps []piece) (entry, int, bool) {
	e := entry{name: name, post: post, at: ps[0].from}
	inner := inBracket(note)
	tail := afterBracket(note)
	if inner != "" && !annotation().MatchString(inner) {
		e.post = strings.TrimPrefix(inner, "兼")
	}
	if strings.HasPrefix(tail, "（") || strings.HasPrefix(tail, "(") {
		tail = inBracket(tail) // （女）（副县长）
		if annotation().MatchString(tail) {
			tail = ""
		}
	}
	if tail != "" && tail != "同志" {
		e.post = tail
	}
	used := 1
	for used < len(ps) {
		p := ps[used]
		text, bracket := cutBracket(p.text)
		if !continuesPost(e, text, p, ps[used:]) {
			break
		}
		if in := inBracket(bracket); bracket != "" && (annotation().MatchString(in) || in == "") {
			bracket = ""
		}
		e.post = joinSep(e.post, p.sep, text+bracket)
		used++
	}
	return e, used, true
}

// continuesPost decides whether a piece still belongs to the post of e rather than naming the next person.
func continuesPost(e entry, text string, p piece, rest []piece) bool {
	switch {
	case exactPost(text):
		return true
	case e.post == "" && p.sep == "、":
		return false // 张三、李四: a list of names
	case e.post == "" && isName(text) && !endsAsTitle(text):
		return false
	case isName(text) && (len(rest) > 1 && rest[1].sep == " " || p.sep == " " || strings.HasSuffix(p.text, "）") || strings.HasSuffix(p.text, ")")) && !endsAsTitle(text):
		return false
	case isName(text) && !endsAsTitle(text) && !endsAsUnit(text):
		return false
	}
	if name, _ := unglue(text); name != "" && e.post != "" && !startsAsPlace(text) {
		return false
	}
	return readsAsPost(text) || e.post == "" && p.sep == " " && endsAsUnit(text) || len(rest) > 1 && p.sep == " " && e.post == "" && postWithin(rest)
}

// postWithin reports whether the pieces still to come end as a post: a unit may hold 、 (组织、人力资源部部长).
func postWithin(rest []piece) bool {
	for i, p := range rest {
		if i > 3 {
			return false
		}
		if endsAsTitle(p.text) {
			return true
		}
	}
	return false
}

func joinSep(a, sep, b string) string {
	if a == "" {
		return b
	}
	return a + sep + b
}

func inBracket(note string) string {
	if note == "" {
		return ""
	}
	end := closing(note, 0)
	if end < 0 {
		return trim(strings.Trim(note, "（()）[]〔〕"))
	}
	return trim(note[len(string(firstRune(note))):end])
}

func afterBracket(note string) string {
	if end := closing(note, 0); note != "" && end >= 0 {
		return trim(note[end+len(string(lastRune(note[:end+1+min(2, len(note)-end-1)]))):])
	}
	return ""
}

// exactPost are the shortest posts, which could pass for names.
func exactPost(s string) bool {
	switch s {
	case "市长", "县长", "区长", "省长", "镇长", "乡长", "局长", "主任", "书记", "副市长", "副县长", "副区长", "副镇长", "副乡长", "副局长", "副主任", "副书记", "常委", "主席", "副主席", "院长", "校长", "董事长", "总经理", "调研员", "巡视员", "党委书记", "党组书记", "党工委书记", "检察长":
		return true
	}
	return false
}

// readsAsPost reports whether s can be a post: a title at its end, or a unit.
func readsAsPost(s string) bool {
	s = trim(s)
	return s != "" && runeLen(s) <= 45 && !strings.ContainsAny(s, "。；：“”") && (endsAsTitle(s) || endsAsUnit(s) || startsAsPlace(s) && runeLen(s) <= 16 && endsAsUnit(s))
}

// startsAsPlace reports whether s begins as posts begin: 市, 县, 区, 副, 党 and the like.
func startsAsPlace(s string) bool {
	return hasAnyPrefix(s, "市", "县", "区", "省", "州", "镇", "乡", "旗", "盟", "副", "党", "常务", "国家", "国网", "中国", "中共", "人民", "街道", "自治", "政府", "纪委", "组织部", "宣传部", "统战部", "政法委", "人大", "政协", "团市委", "团县委", "团区委", "团省委", "团州委", "共青团", "妇联", "总工会", "公安", "各", "原", "行政", "管委会", "新区", "开发区", "高新区", "经开区", "人武部", "军分区", "武警", "消防")
}

// unglue parts 张三县委常委 into name and post. The name ends where a word that begins posts begins; of several
// places to cut, the one wins where a whole unit of this level begins (鄢红旗｜区公安分局…, not 鄢红｜旗区…).
func unglue(s string) (name, post string) {
	if !endsAsTitle(s) && !endsAsUnit(s) {
		return "", ""
	}
	runes := []rune(s)
	best := 0
	for n := 2; n <= len(runes)-2 && n <= 16; n++ {
		head, tail := string(runes[:n]), string(runes[n:])
		if n > 4 && !dotted(head) || !isName(head) || !endsAsTitle(tail) || !startsAsPost(tail) || !dotted(head) && strings.ContainsAny(s, "·•") {
			continue
		}
		score := 1
		switch {
		case youthLeague(tail):
			score = 4
		case levelUnit().MatchString(tail):
			score = 3
		case hasAnyPrefix(tail, "副", "党", "常务") || placedOrgan().MatchString(tail):
			score = 2
		}
		if endsAsOrganName(head) && score < 3 {
			continue
		}
		if score > best || score == best && n == 3 {
			best, name, post = score, head, tail
		}
	}
	return name, post
}

// levelUnit reports a post that begins with a level and what belongs to it: 区公安分局…, 县委…, 市政府….
var levelUnit = lazy(`^[市县区省州旗镇乡](?:委|政府|人民政府|人大|政协|纪委|直|[^市县区省州旗镇乡][\p{Han}]{0,10}?(?:局|委|办|部|厅|院|中心|队|会|社|公司|办公室))`)

// placedOrgan reports a post that begins with a place's name without its level: 城关镇镇长, …日报社副总编辑, …供电公司经理.
var placedOrgan = lazy(`^[^市县区副党团]\p{Han}{1,2}(?:镇|乡|街道|办事处|日报|晚报|报业|广播电视台|广播电台|电视台|供电|烟草|海关|火车站|车务段|机场|大学|学院|银行|农商行|师范|医院|军分区|经开区|高新区|开发区|新区)`)

func youthLeague(s string) bool {
	return hasAnyPrefix(s, "团市委", "团县委", "团区委", "团省委", "团州委", "团旗委", "共青团")
}

// startsAsPost reports whether s begins as posts do that are glued to a name.
func startsAsPost(s string) bool { return startsAsPlace(s) || placedOrgan().MatchString(s) }

// endsAsOrganName holds against a "name" that is the place of a longer unit: 高平市, 方城县.
func endsAsOrganName(s string) bool {
	return hasAnySuffix(s, "市", "县", "区", "镇", "乡", "省", "州", "旗", "街", "城", "矿", "铁", "国", "新")
}

// readsAsEntry reports whether a whole line is one or more people of a roster.
func readsAsEntry(s string) bool {
	if runeLen(s) > 60 || strings.ContainsAny(s, "。：:“”《》") {
		return false
	}
	list, ok := readEntries(s)
	return ok && len(list) > 0
}

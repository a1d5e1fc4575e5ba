package plan

import (
	"strings"
	"sync"
)

// Words that say how a unit answers for a piece of work. The first lead, the others support.
var (
	leadWords    = []string{"牵头", "负责", "责任", "落实", "主办", "承办", "实施", "组织实施", "主责"}
	supportWords = []string{"配合", "参与", "协助", "指导", "协办", "参加", "支持", "协同", "监督"}
)

func leads(role string) bool {
	for _, w := range supportWords {
		if strings.Contains(role, w) {
			return false
		}
	}
	return true
}

// responsibilityLabel finds 牵头单位：, 责任部门:, 责任主体：, 配合单位： and so on.
var responsibilityLabel = lazy(`(?:[省市区县州]级|[省市区县州]直|主要|具体|第一|任务)?(牵头(?:负责|主办|责任)?|责任(?:落实)?|配合(?:落实)?|参与|参加|协办|协同|主办|落实|负责|指导|协助|承办|实施|完成|主责|整改|组织|监督|监管|主管|包保)(?:责任|市直|市级|县直|县级|区直|区级)?(单位|部门|主体|领导|责任人|人|处室|科室|股室|处|科|股|机构|时限|时间|期限|单位及责任人)(?:[及和][^：:，。；]{1,8})?\s*[：:]|(牵头|配合|责任)\s*[：:]`)

// labelAt is the place of the first label in s, nil if there is none. Most text has no colon, and costs nothing.
func labelAt(s string) []int {
	if !strings.ContainsAny(s, "：:") {
		return nil
	}
	return responsibilityLabel().FindStringIndex(s)
}

func labelsAt(s string) [][]int {
	if !strings.ContainsAny(s, "：:") {
		return nil
	}
	return responsibilityLabel().FindAllStringIndex(s, -1)
}

// startsResponsibility reports that a line begins with such a label, bracket or not.
func startsResponsibility(s string) bool {
	s = strings.TrimLeft(s, "（([【〔")
	if len(s) > 60 {
		s = s[:60]
	}
	loc := labelAt(squeezeHead(s))
	return loc != nil && loc[0] == 0
}

// squeezeHead closes gaps in a label at the start of s (责 任 单 位：).
func squeezeHead(s string) string {
	if i := strings.IndexAny(s, "：:"); i > 0 && i < 40 {
		return squeeze(s[:i]) + s[i:]
	}
	return s
}

// responsibilityBracket returns where a bracket naming units begins that ends s; 0 if there is none.
func responsibilityBracket(s string) int {
	if !hasAnySuffix(s, "）", ")", "】", "]", "〕") {
		return 0
	}
	for i, r := range s {
		if (r == '（' || r == '(' || r == '【' || r == '[' || r == '〔') && i > 0 {
			inner := strings.Trim(s[i:], "（()）【】[]〔〕")
			if len(parseResponsibility(inner)) > 0 {
				return i
			}
		}
	}
	return 0
}

// responsibilities reads every bracket and label of the paragraphs of one task.
// The scope of each is the text since the one before it; "" where there is only one.
func responsibilities(paras []Paragraph) []Responsibility {
	var out []Responsibility
	groups := 0
	for _, p := range paras {
		rest := 0
		for _, g := range responsibilityGroups(p.Text) {
			scope := strings.TrimRight(trim(p.Text[min(rest, g.from):g.from]), "。；;，,")
			lines := p.slice(g.from, g.to).Lines
			for _, r := range g.list {
				r.Lines, r.Scope = lines, strings.TrimLeft(scope, "。；;，, ")
				out = append(out, r)
			}
			rest = g.to
			groups++
		}
	}
	if groups == 1 {
		for i := range out {
			out[i].Scope = ""
		}
	}
	return underLeader(out)
}

// underLeader marks 责任单位 that stand beside a 牵头单位 for the same passage: they answer under its lead.
func underLeader(list []Responsibility) []Responsibility {
	led := map[string]bool{}
	for _, r := range list {
		if r.Role == "牵头" {
			led[r.Scope] = true
		}
	}
	for i, r := range list {
		list[i].assists = r.assists || r.labelled && r.Role != "牵头" && leads(r.Role) && (led[r.Scope] || led[""] && len(led) > 0)
	}
	return list
}

var spoken = lazy(`由([^，。；,;由]{2,60}?)(牵头|负责|配合|承办|主办)(?:[，,]\s*(?:会同)?([^，。；,;由]{2,60}?)(负责|配合|参与|协助|制定|组织|推进|实施|开展|落实|研究|等部门))?`)

// spokenUnits reads the units that a sentence, not a bracket, makes answer: …由区卫生局负责检查.
func spokenUnits(paras []Paragraph) []Responsibility {
	var out []Responsibility
	for _, p := range paras {
		for _, s := range sentences(p.Text) {
			if list := subjects(s); len(list) > 0 {
				for i := range list {
					list[i].Lines, list[i].Scope = p.Lines, strings.TrimRight(s, "。；;")
				}
				out = append(out, list...)
				continue
			}
			for _, m := range spoken().FindAllStringSubmatch(s, -1) {
				units := unitList(m[1])
				if len(units) == 0 || !allUnits(units) || !containsAny(m[1], "市", "县", "区", "各", "局", "委", "办", "镇", "乡", "街道", "所", "站", "中心", "公司", "集团", "院", "部", "厅", "股", "科", "处", "队") {
					continue
				}
				scope := strings.TrimRight(s, "。；;")
				out = append(out, Responsibility{Role: m[2], Units: units, Scope: scope, Lines: p.Lines})
				if others := unitList(m[3]); len(others) > 0 && allUnits(others) {
					role := m[4]
					if leads(role) {
						role = "配合" // 由甲牵头，会同乙制定: 乙 works under 甲
					}
					out = append(out, Responsibility{Role: role, Units: others, Scope: scope, Lines: p.Lines})
				}
			}
		}
	}
	return out
}

// subjects reads a sentence whose subject is a list of units that lead or answer: 县住建局牵头负责管网改造，县财政局配合。
func subjects(s string) []Responsibility {
	var out []Responsibility
	if strings.HasPrefix(s, "由") {
		return nil
	}
	for i, c := range splitTop(strings.TrimRight(s, "。；;"), "，,") {
		role, list := roleWithin(c)
		if at, units := roleAtEnd(c); at != "" && allUnits(unitList(units)) {
			role, list = at, unitList(units)
		}
		named := len(list) > 0
		for _, u := range list {
			named = named && (i > 0 && !leads(role) || hasAnyPrefix(u, "市", "县", "区", "省", "各县", "各市", "各区", "各乡", "各镇", "各街道", "国家")) && endsAsUnit(u) && runeLen(u) > 2 && !hasAnySuffix(u, "主体", "企业")
		}
		if !named || i == 0 && !leads(role) {
			if i == 0 {
				return nil
			}
			continue
		}
		out = append(out, Responsibility{Role: role, Units: list})
	}
	return out
}

// bracketWidths writes every bracket round, at the same length in bytes.
var bracketWidths = sync.OnceValue(func() *strings.Replacer {
	return strings.NewReplacer("【", "（", "】", "）", "〔", "（", "〕", "）", "[", "(", "]", ")")
})

type responsibilityGroup struct {
	from, to int
	list     []Responsibility
}

// responsibilityGroups finds the brackets, and outside brackets the labels, that name units.
func responsibilityGroups(s string) []responsibilityGroup {
	var out []responsibilityGroup
	for i := 0; i < len(s); {
		open := strings.IndexAny(s[i:], "（(【[〔")
		if open < 0 {
			open = len(s)
		} else {
			open += i
		}
		if loc := labelIn(s[i:open]); loc >= 0 {
			to := labelledEnd(s, i+loc)
			out = append(out, responsibilityGroup{i + loc, to, parseResponsibility(s[i+loc : to])})
			i = to
			continue
		}
		if open == len(s) {
			break
		}
		end := closing(bracketWidths().Replace(s), open)
		if end < 0 {
			break
		}
		size := len(string(firstRune(s[open:])))
		list := parseResponsibility(s[open+size : end])
		if after := trim(s[end+len(string(firstRune(s[end:]))):]); len(list) == 0 && (after == "" || after == "。") {
			list = unitsAlone(s[open+size : end])
		}
		if len(list) > 0 {
			out = append(out, responsibilityGroup{open, end + len(string(firstRune(s[end:]))), list})
		}
		i = end + len(string(firstRune(s[end:])))
	}
	return out
}

// labelIn finds a responsibility label at the start of s or after the end of a sentence; -1 if none.
func labelIn(s string) int {
	for _, loc := range labelsAt(s) {
		before := strings.TrimRightFunc(s[:loc[0]], isSpace)
		if before == "" || before != s[:loc[0]] || hasAnySuffix(before, "。", "；", ";", "\n", "）", ")") {
			return loc[0]
		}
	}
	return -1
}

// labelledEnd is where a run of labels outside brackets ends: at 。 or at the paragraph's end.
func labelledEnd(s string, from int) int {
	if stop := topIndex(s[from:], "。\n"); stop >= 0 {
		next := from + stop
		rest := s[next+len(string(firstRune(s[next:]))):]
		if loc := labelIn(rest); loc == 0 {
			return labelledEnd(s, next+len(string(firstRune(s[next:]))))
		}
		return next
	}
	return len(s)
}

// parseResponsibility reads the inside of a bracket or a labelled line. It returns nothing unless every unit
// reads as one: a bracket may as well be an explanation.
func parseResponsibility(s string) []Responsibility {
	s = trim(s)
	if s == "" || runeLen(s) > 400 {
		return nil
	}
	if loc := labelAt(s); loc != nil && loc[0] == 0 {
		return labelled(s)
	}
	return clauses(s)
}

// labelled reads 牵头单位：甲；责任单位：乙、丙.
func labelled(s string) []Responsibility {
	locs := responsibilityLabel().FindAllStringSubmatchIndex(s, -1)
	var out []Responsibility
	for i, loc := range locs {
		end := len(s)
		if i+1 < len(locs) {
			end = locs[i+1][0]
		}
		role, of := labelWords(s, loc)
		if of == "时限" || of == "时间" || of == "期限" || of == "人" || of == "领导" || of == "责任人" || role == "完成" || role == "组织" && of != "单位" {
			continue
		}
		content := strings.TrimRight(s[loc[1]:end], "；;。，, ")
		if stop := topIndex(content, "。"); stop > 0 {
			content = content[:stop] // 列第一位者为牵头单位，下同
		}
		if spoken := clauses(content); len(spoken) > 0 && containsAny(content, "牵头", "配合", "协助") {
			out = append(out, spoken...) // 责任单位：甲牵头，乙配合
			continue
		}
		units := unitList(content)
		if len(units) > 0 {
			out = append(out, Responsibility{Role: strings.TrimSuffix(role, "负责"), Units: units, labelled: true})
		}
	}
	return out
}

// labelWords are the words of a label: 牵头 and 单位 of 牵头单位：. A bare 牵头： speaks of units.
func labelWords(s string, loc []int) (role, of string) {
	if loc[6] >= 0 {
		return s[loc[6]:loc[7]], "单位"
	}
	for _, word := range []string{"负责", "主办", "落实", "责任"} {
		if rest, ok := strings.CutSuffix(s[loc[2]:loc[3]], word); ok && rest != "" {
			return rest, s[loc[4]:loc[5]]
		}
	}
	return s[loc[2]:loc[3]], s[loc[4]:loc[5]]
}

// clauses reads 甲牵头，乙、丙配合: units, then the word that gives their role.
func clauses(s string) []Responsibility { //nolint:gocognit // one line after another, each asked what it is
	if i := strings.Index(s, "。"); i >= 0 {
		first, more := clauses(s[:i]), clauses(trim(s[i+len("。"):]))
		if len(first) == 0 || len(more) == 0 || containsAny(s[i:], "以下", "下同") {
			return first // 以下均需试点城市政府落实，不再列出
		}
		return append(first, followers(first, more)...)
	}
	if s == "" {
		return nil
	}
	var out []Responsibility
	var waiting []string
	for _, c := range splitTop(s, "，,；;") {
		if timeClause(c) {
			continue
		}
		role, units := roleAtEnd(c)
		if role == "" {
			role, units = roleAtStart(c)
		}
		if rest, ok := strings.CutPrefix(c, "会同"); ok {
			if _, units = roleAtEnd(rest); units == rest {
				units = withoutVerb(rest)
			}
			role = "配合"
		}
		list := unitList(units)
		if others, ok := together(units); ok && leads(role) {
			out = append(out, Responsibility{Role: role, Units: others[0]}, Responsibility{Role: "配合", Units: others[1]})
			continue
		}
		if !allUnits(list) {
			if role, list = roleWithin(c); role == "" {
				return nil
			}
		}
		if role == "" {
			waiting = append(waiting, list...)
			continue
		}
		list = append(waiting, list...)
		waiting = nil
		if len(list) == 0 {
			return nil
		}
		out = append(out, Responsibility{Role: role, Units: list})
	}
	if len(out) > 0 && len(waiting) > 0 {
		out[len(out)-1].Units = append(out[len(out)-1].Units, waiting...)
	}
	if len(out) > 1 {
		followers(out[:1], out[1:])
	}
	return out
}

// followers marks who works under the leader of the same bracket: 乙 in 甲牵头，乙负责.
func followers(first, more []Responsibility) []Responsibility {
	if first[0].Role == "牵头" {
		for i := range more {
			more[i].assists = more[i].Role != "牵头"
		}
	}
	return more
}

// withoutVerb is 乙局、丙局 of 乙局、丙局推进.
func withoutVerb(s string) string {
	for _, verb := range []string{"推进", "实施", "开展", "落实", "制定", "组织", "完成", "研究", "等部门", "抓好", "做好"} {
		s = strings.TrimSuffix(s, verb)
	}
	return s
}

// timeClause reports that a clause of a bracket only says by when: 2024年5月底前完成, 长期坚持, 持续推进.
func timeClause(c string) bool {
	c = trim(c)
	if hasAnyPrefix(c, "完成时限", "完成时间", "时限", "长期", "持续", "立即", "常态化", "每年", "每月", "每季度", "全年", "年底前", "年内", "排第一", "排名第一", "列第一", "排在第一", "排首位", "下同", "以下均") {
		return true
	}
	list := periods(c, 2000)
	return len(list) > 0 && list[0].off <= len("于") && runeLen(c) <= 30 && hasAnySuffix(c, "前", "底", "末", "月", "日", "年", "完成", "起", "实施", "推进", "间", "旬", "季度", "坚持")
}

// together parts 甲局会同乙局、丙局: the first leads, the others support.
func together(units string) ([2][]string, bool) {
	for _, word := range []string{"会同", "商", "联合"} {
		i := topIndex(units, word[:3])
		if i <= 0 || !strings.HasPrefix(units[i:], word) || word == "商" && strings.HasPrefix(units[i:], "商务") {
			continue
		}
		first, others := unitList(units[:i]), unitList(units[i+len(word):])
		if len(first) > 0 && len(others) > 0 && allUnits(first) && allUnits(others) && endsAsUnit(units[:i]) {
			return [2][]string{first, others}, true
		}
	}
	return [2][]string{}, false
}

// roleWithin reads a clause that says what the units do: 市疾控中心负责技术指导, 市财政局落实经费.
func roleWithin(c string) (role string, list []string) {
	at := -1
	for _, w := range append([]string{"牵头负责", "牵头"}, append(leadWords, supportWords...)...) {
		i := topIndex(c, string(firstRune(w)))
		if i <= 0 || !strings.HasPrefix(c[i:], w) || at >= 0 && i >= at {
			continue
		}
		if units := unitList(c[:i]); len(units) > 0 && allUnits(units) && endsAsUnit(c[:i]) {
			role, list, at = w, units, i
		}
	}
	if at < 0 || runeLen(c[at:]) > 20 {
		return "", nil
	}
	if role == "负责" && hasAnySuffix(c, "指导", "配合", "协助", "监督", "支持") {
		role = string([]rune(c)[runeLen(c)-2:])
	}
	return strings.TrimSuffix(role, "负责") + map[bool]string{true: "负责"}[role == "负责"], list
}

// roleAtEnd parts 乙、丙等按职责分工负责 into 负责 and 乙、丙.
func roleAtEnd(c string) (role, units string) {
	for _, tail := range []string{"工作", "实施", "具体", "共同", ""} {
		c = strings.TrimSuffix(c, tail)
	}
	for _, w := range append(append([]string{}, leadWords...), supportWords...) {
		if !strings.HasSuffix(c, w) {
			continue
		}
		units = strings.TrimSuffix(c, w)
		for again := true; again; {
			again = false
			for _, filler := range []string{"按照", "按", "根据", "依", "各自", "职责分工", "各自职责", "职责", "任务分工", "分工", "分别", "共同", "具体", "组织", "做好", "予以", "积极", "密切", "协同", "负责", "牵头", "联合", "要", "等"} {
				if strings.HasSuffix(units, filler) && units != filler {
					if filler == "负责" || filler == "牵头" {
						role = filler
					}
					units, again = strings.TrimSuffix(units, filler), true
				}
			}
		}
		if role == "牵头" {
			return role, units
		}
		return w, units
	}
	return "", c
}

// roleAtStart reads 由甲牵头's other order: 牵头甲 does not occur, but 配合单位甲 without its colon does.
func roleAtStart(c string) (role, units string) {
	for _, w := range append(append([]string{}, leadWords...), supportWords...) {
		for _, of := range []string{"单位", "部门"} {
			if rest, ok := strings.CutPrefix(c, w+of); ok {
				return w, strings.TrimLeft(rest, "为： :")
			}
		}
	}
	return "", c
}

// unitsAlone reads a bracket at the end of an item that holds nothing but units: （市住建局、各区政府）.
func unitsAlone(s string) []Responsibility {
	list := unitList(s)
	if len(list) == 0 || !allUnits(list) {
		return nil
	}
	for _, u := range list {
		if !endsAsUnit(u) || !hasAnyPrefix(u, "市", "县", "区", "省", "州", "旗", "各", "镇", "乡", "国家", "团") || runeLen(u) < 3 || hasAnyPrefix(u, "市区", "县区", "区县", "县城", "区域", "市场", "市民", "省市", "市县") && len(list) == 1 {
			return nil
		}
	}
	return []Responsibility{{Role: "责任", Units: list}}
}

func allUnits(list []string) bool {
	for _, u := range list {
		if !readsAsUnit(u) {
			return false
		}
	}
	return true
}

// readsAsUnit reports whether u can be a unit or a class of units (有关镇政府, 各成员单位).
func readsAsUnit(u string) bool {
	if n := runeLen(u); n < 2 || n > 32 || strings.ContainsAny(u, "。；：:“”《》\t") {
		return false
	}
	if strings.ContainsAny(u, "，,") && !strings.ContainsAny(u, "（(") {
		return false
	}
	return endsAsUnit(u) || hasAnyPrefix(u, "各", "有关", "相关") && runeLen(u) <= 16 || nationalUnit(u)
}

// nationalUnit knows the short forms that end in no word for a unit.
func nationalUnit(u string) bool {
	return hasAnySuffix(u, "国管局", "中央网信办", "总工会", "残联", "妇联", "科协", "文联", "工商联", "侨联", "台联", "团中央", "团省委", "团市委", "共青团", "法制办", "电网", "铁路", "国网", "石油", "石化", "邮政", "供电", "电力", "高校", "人行", "武警", "海事", "气象", "消防", "公积金", "银保监", "金融监管", "高速", "热力", "燃气", "供水", "水务", "环卫", "网信", "广电", "口岸")
}

// unitList reads a list of units separated by 、 ， ； or a 和 between two units.
func unitList(s string) []string {
	var out []string
	s = trim(strings.Trim(s, "。；;"))
	for _, part := range splitTop(s, "、，,；; \t　\n") {
		for _, u := range splitAnd(part) {
			if u = tidyUnit(u); u != "" && u != "/" && u != "—" && u != "-" && u != "无" {
				out = append(out, u)
			}
		}
	}
	return unique(mergeUnits(out))
}

// splitAnd cuts 甲局和乙局, 甲局及乙局 but not 文化和旅游部.
func splitAnd(s string) []string {
	for _, and := range []string{"以及", "和", "及", "与"} {
		depthless := topIndex(s, and)
		if depthless <= 0 {
			continue
		}
		if i := strings.Index(s, and); i > 0 && endsAsUnit(s[:i]) && runeLen(s[:i]) >= 2 && readsAsUnit(tidyUnit(s[i+len(and):])) && !organOnly(s[i+len(and):]) && !hasAnySuffix(s[:i], "社会", "文化", "组织", "规划") {
			return append([]string{s[:i]}, splitAnd(s[i+len(and):])...)
		}
	}
	return []string{s}
}

// organOnly reports an organ without its place, which the organ before it named: 各乡镇党委和人民政府.
func organOnly(u string) bool {
	return hasAnyPrefix(u, "人民政府", "政府", "管委会", "管理委员会", "办事处") || u == "企业" || u == "个人"
}

// tidyUnit takes away what stands around a unit without naming it: 由…, …等, （…，下同）.
func tidyUnit(u string) string {
	u = trim(u)
	for i, r := range u {
		if i == 0 || r != '（' && r != '(' {
			continue
		}
		if end := closing(u, i); end > 0 && containsAny(u[i:end], "下同", "以下简称", "以下统称", "排名", "按职责") {
			u = u[:i] + u[end+len(string(firstRune(u[end:]))):]
			break
		}
	}
	u = strings.TrimPrefix(u, "由")
	for _, tail := range []string{"等市直有关部门", "等市级有关部门", "等市有关部门", "等县直有关部门", "等各有关部门", "等各部门", "等多部门", "等部门（单位）", "等部门和地方", "等有关部门和单位", "等有关部门单位", "等相关部门单位", "等相关单位和部门", "等部门负责", "等有关部门", "等相关部门", "等有关单位", "等相关单位", "等部门和单位", "等部门单位", "等部门", "等单位", "等按职责分工负责", "按职责分工负责", "按职责分工", "等"} {
		if rest, ok := strings.CutSuffix(u, tail); ok && rest != "" {
			u = rest
		}
	}
	return trim(strings.Trim(u, "。；;，,、"))
}

// mergeUnits keeps lists like 区政府有关委、办、局 and 各县、区政府 in one piece.
func mergeUnits(list []string) []string {
	var out []string
	for _, u := range list {
		if n := len(out); n > 0 && (runeLen(u) == 1 || strings.HasSuffix(out[n-1], "党委") && (u == "政府" || u == "人民政府") || levelsOnly(out[n-1]) && startsWithLevel(u)) {
			out[n-1] += "、" + u
			continue
		}
		out = append(out, u)
	}
	return out
}

// levelsOnly reports the first half of 各县、区政府: every place of one level, its organ not yet named.
func levelsOnly(u string) bool {
	switch u {
	case "各县", "各市", "各区", "各乡", "各镇", "各县（市）", "各县(市)", "各市（县）", "各旗", "各州", "各市县", "各省", "各省（区）", "各省（区、市）", "各街道":
		return true
	}
	return false
}

// startsWithLevel reports the other half: 区政府, 镇人民政府, 区（市）党委.
func startsWithLevel(u string) bool {
	for _, level := range []string{"街道", "乡镇", "省", "市", "县", "区", "乡", "镇", "旗", "州"} {
		if rest, ok := strings.CutPrefix(u, level); ok {
			return rest == "" || hasAnyPrefix(rest, "（", "(", "政府", "人民政府", "党委", "党工委", "委", "管委会", "爱卫", "办事处", "直", "有关", "级") || endsAsUnit(rest) && runeLen(rest) <= 6 && runeLen(level) == 1 && u != "市政府"
		}
	}
	return false
}

func unique(list []string) []string {
	seen := map[string]bool{}
	out := []string{}
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

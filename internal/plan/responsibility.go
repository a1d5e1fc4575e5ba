package plan

import "strings"

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
var responsibilityLabel = lazy(`(牵头(?:负责)?|责任|配合|参与|参加|协办|协同|主办|落实|负责|指导|协助|承办|实施|完成|主责|整改|组织|监督)(?:责任)?(单位|部门|主体|领导|责任人|人|处室|科室|时限|时间|期限|单位及责任人)(?:及[^：:，。；]{1,8})?\s*[：:]`)

// startsResponsibility reports that a line begins with such a label, bracket or not.
func startsResponsibility(s string) bool {
	s = strings.TrimLeft(s, "（([【〔")
	if len(s) > 60 {
		s = s[:60]
	}
	loc := responsibilityLabel().FindStringIndex(squeezeHead(s))
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
	if !hasAnySuffix(s, "）", ")", "】", "]") {
		return 0
	}
	for i, r := range s {
		if (r == '（' || r == '(' || r == '【' || r == '[') && i > 0 {
			inner := strings.Trim(s[i:], "（()）【】[]")
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
		list[i].assists = r.labelled && r.Role != "牵头" && leads(r.Role) && (led[r.Scope] || led[""] && len(led) > 0)
	}
	return list
}

var spoken = lazy(`由([^，。；,;由]{2,60}?)(牵头|负责|配合|承办|主办)(?:[，,]\s*([^，。；,;由]{2,60}?)(配合|参与|协助))?`)

// spokenUnits reads the units that a sentence, not a bracket, makes answer: …由区卫生局负责检查.
func spokenUnits(paras []Paragraph) []Responsibility {
	var out []Responsibility
	for _, p := range paras {
		for _, s := range sentences(p.Text) {
			for _, m := range spoken().FindAllStringSubmatch(s, -1) {
				units := unitList(m[1])
				if len(units) == 0 || !allUnits(units) || !containsAny(m[1], "市", "县", "区", "各", "局", "委", "办") {
					continue
				}
				scope := strings.TrimRight(s, "。；;")
				out = append(out, Responsibility{Role: m[2], Units: units, Scope: scope, Lines: p.Lines})
				if others := unitList(m[3]); len(others) > 0 && allUnits(others) {
					out = append(out, Responsibility{Role: m[4], Units: others, Scope: scope, Lines: p.Lines})
				}
			}
		}
	}
	return out
}

type responsibilityGroup struct {
	from, to int
	list     []Responsibility
}

// responsibilityGroups finds the brackets, and outside brackets the labels, that name units.
func responsibilityGroups(s string) []responsibilityGroup {
	var out []responsibilityGroup
	for i := 0; i < len(s); {
		open := strings.IndexAny(s[i:], "（(【[")
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
		end := closing(strings.NewReplacer("【", "（", "】", "）", "[", "(", "]", ")").Replace(s), open)
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
	for _, loc := range responsibilityLabel().FindAllStringIndex(s, -1) {
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
	if loc := responsibilityLabel().FindStringIndex(s); loc != nil && loc[0] == 0 {
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
		role, of := s[loc[2]:loc[3]], s[loc[4]:loc[5]]
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

// clauses reads 甲牵头，乙、丙配合: units, then the word that gives their role.
func clauses(s string) []Responsibility {
	if i := strings.Index(s, "。"); i >= 0 {
		s = s[:i] // 以下均需试点城市政府落实，不再列出
	}
	var out []Responsibility
	var waiting []string
	for _, c := range splitTop(s, "，,；;") {
		role, units := roleAtEnd(c)
		if role == "" {
			role, units = roleAtStart(c)
		}
		list := unitList(units)
		if !allUnits(list) {
			return nil
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
	return out
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
		if i := strings.Index(s, and); i > 0 && endsAsUnit(s[:i]) && runeLen(s[:i]) >= 2 && readsAsUnit(tidyUnit(s[i+len(and):])) && !hasAnySuffix(s[:i], "社会", "文化", "组织", "规划") {
			return append([]string{s[:i]}, splitAnd(s[i+len(and):])...)
		}
	}
	return []string{s}
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
	for _, tail := range []string{"等有关部门", "等相关部门", "等有关单位", "等相关单位", "等部门和单位", "等部门单位", "等部门", "等单位", "等按职责分工负责", "按职责分工负责", "按职责分工", "等"} {
		if rest, ok := strings.CutSuffix(u, tail); ok && rest != "" {
			u = rest
		}
	}
	return trim(strings.Trim(u, "。；;，,、"))
}

// mergeUnits keeps lists like 区政府有关委、办、局 in one piece.
func mergeUnits(list []string) []string {
	var out []string
	for _, u := range list {
		if len(out) > 0 && runeLen(u) == 1 {
			out[len(out)-1] += "、" + u
			continue
		}
		out = append(out, u)
	}
	return out
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

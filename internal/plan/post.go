package plan

import "strings"

// SplitPost parts a post as printed into the unit and the title in it: 市公安局交警支队副支队长 is
// 市公安局交警支队 and 副支队长. Of several posts joined by 、 the one in government counts before the one in
// the Party (市委常委、副市长 sits in the campaign for the government), the first before the later.
// A bare head of government (副市长, 尧都区区长) belongs to the people's government of that level.
// The unit is "" where the post names none. unitOnly posts (市纪委) come back with an empty title.
func SplitPost(post string) (unit, title string) {
	type part struct{ unit, title string }
	var parts []part
	last := ""
	for _, p := range splitTop(strings.NewReplacer("兼", "、").Replace(post), "、，, \t　;；/") {
		u, t := splitOne(p, last)
		if u == "" && t == "" {
			continue
		}
		if bareOrgan(u) && last != "" {
			u = withoutParty(last) + u
		} else if partyPart(u) && strings.HasSuffix(last, "委") {
			u = last + u // 区委常委、宣传部部长
		}
		if u != "" {
			last = u
		}
		parts = append(parts, part{u, t})
	}
	best := -1
	for i, p := range parts {
		if p.unit == "局党组" || p.unit == "党组" || runeLen(p.unit) < 2 {
			continue // 局党组书记、局长: which bureau only the reader's own paper knows
		}
		if p.unit != "" && (best < 0 || partyOrgan(parts[best].unit) && !partyOrgan(p.unit)) {
			best = i
		}
	}
	if best < 0 {
		if len(parts) > 0 {
			return "", parts[0].title
		}
		return "", ""
	}
	return NormalUnit(parts[best].unit), parts[best].title
}

// bareOrgan reports an organ named without its place, which the post before it has named.
func bareOrgan(u string) bool {
	return u == "管委会" || u == "管理委员会" || u == "人民政府" || u == "政府"
}

// partyPart reports a part of a party committee named without it.
func partyPart(u string) bool {
	switch u {
	case "宣传部", "组织部", "统战部", "政法委", "办公室", "社会工作部":
		return true
	}
	return false
}

func withoutParty(unit string) string {
	for _, organ := range []string{"党工委", "工委", "党委", "委"} {
		if rest, ok := strings.CutSuffix(unit, organ); ok {
			return rest
		}
	}
	return unit
}

// NormalUnit writes the people's governments and their offices in full: 市政府 is 市人民政府.
func NormalUnit(unit string) string {
	if strings.HasSuffix(unit, "政府") && !strings.HasSuffix(unit, "人民政府") && runeLen(unit) <= 8 {
		return strings.TrimSuffix(unit, "政府") + "人民政府"
	}
	return unit
}

// splitOne parts one post; last is the unit of the post before it in the same line (尧都区委副书记、区长).
func splitOne(p, last string) (unit, title string) {
	p = trim(p)
	if i := strings.LastIndexAny(p, "（("); i > 0 && closing(p, i) == len(p)-len(string(lastRune(p))) && endsAsTitle(p[:i]) {
		p = trim(p[:i]) // 县公安局副局长（正科级）
	}
	if head, ok := governmentHead(p); ok {
		place := strings.TrimSuffix(p, head)
		switch level := string([]rune(head)[runeLen(head)-2]); {
		case place == "" && strings.HasSuffix(last, level+"委"):
			return strings.TrimSuffix(last, "委") + "人民政府", head
		case place == "":
			return level + "人民政府", head
		case hasAnySuffix(place, "政府"):
			return NormalUnit(place), head
		case strings.HasSuffix(place, level):
			return place + "人民政府", head
		default:
			return place + level + "人民政府", head
		}
	}
	for _, part := range []string{"宣传", "组织", "统战"} {
		if place, ok := strings.CutSuffix(p, part+"部长"); ok {
			return place + part + "部", "部长" // 宣传部长 heads the 宣传部
		}
	}
	cut := titleStart(p)
	if cut < 0 {
		if endsAsUnit(p) {
			return p, ""
		}
		return "", p
	}
	return strings.TrimRight(p[:cut], "的"), p[cut:]
}

// governmentHead recognises 市长, 副区长, 常务副县长, 代市长 at the end of a post.
func governmentHead(p string) (string, bool) {
	for _, level := range []string{"省长", "市长", "县长", "区长", "州长", "旗长", "镇长", "乡长", "盟长"} {
		if !strings.HasSuffix(p, level) {
			continue
		}
		for _, mod := range []string{"党组成员兼副", "常务副", "副", "代", "代理", ""} {
			if strings.HasSuffix(p, mod+level) {
				return mod + level, true
			}
		}
	}
	return "", false
}

// titleStart returns where the title begins in p, -1 if p ends in no title. The longest title wins whose
// rest still ends as a unit, so that 交警支队支队长 is parted between 支队 and 支队长.
func titleStart(p string) int {
	best, fallback := -1, -1
	for _, core := range titleEnds {
		if !strings.HasSuffix(p, core) {
			continue
		}
		cut := len(p) - len(core)
		for {
			if cut == 0 || endsAsOrgan(p[:cut]) {
				if best < 0 || cut < best {
					best = cut
				}
			}
			if fallback < 0 || cut < fallback {
				fallback = cut
			}
			mod := modifierBefore(p[:cut])
			if mod == "" {
				break
			}
			cut -= len(mod)
		}
	}
	if best >= 0 {
		return best
	}
	return fallback
}

// endsAsOrgan is endsAsUnit for the part before a title: a bare 市 or 区 before 教育局长 is not yet a unit.
func endsAsOrgan(s string) bool {
	if runeLen(s) < 2 || hasAnySuffix(s, "副") {
		return false
	}
	return endsAsUnit(s)
}

func modifierBefore(s string) string {
	best := ""
	for _, m := range titleModifiers {
		if strings.HasSuffix(s, m) && len(m) > len(best) {
			best = m
		}
	}
	return best
}

// partyOrgan reports whether a unit is the Party's committee itself, in which a person sits besides his office.
func partyOrgan(unit string) bool {
	return hasAnySuffix(unit, "市委", "县委", "区委", "省委", "州委", "旗委", "党委", "党工委", "党组", "工委", "镇委", "乡委")
}

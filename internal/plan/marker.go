package plan

import (
	"strings"
	"unicode/utf8"
)

// markerKind is a level of numbering; a smaller one stands above a greater one.
type markerKind int

const (
	noMarker     markerKind = iota
	annexMark               // 附件1
	chapterMark             // 第一章, 第一部分
	sectionMark             // 第一节
	articleMark             // 第三条
	hanMark                 // 一、
	hanBracket              // （一）
	digitMark               // 1.
	digitBracket            // （1）, 1)
	circleMark              // ①
)

// marker is the number before a heading or an item.
type marker struct {
	kind  markerKind
	n     int
	label string // as it stands in a path: 三, (一), 1, (1), ①, 第一章, 附件2
	weak  bool   // the dot is missing: only the sequence can tell whether it is a number at all
}

const hanDigits = "〇零一二三四五六七八九十百"

// readMarker reads the number at the start of s and returns what follows it.
func readMarker(s string) (marker, string, bool) {
	if strings.ContainsRune(s, '\t') {
		return marker{}, s, false // a table's row
	}
	for _, read := range []func(string) (marker, string, bool){
		readOrdinal, readHanMark, readBracketMark, readDigitMark, readCircle,
	} {
		if m, rest, ok := read(s); ok {
			return m, trim(rest), true
		}
	}
	return marker{}, s, false
}

// takeWhile returns the longest prefix of s made of runes in set.
func takeWhile(s, set string) string {
	for i, r := range s {
		if !strings.ContainsRune(set, r) {
			return s[:i]
		}
	}
	return s
}

// readOrdinal reads 第一章, 第二部分, 第三条.
func readOrdinal(s string) (marker, string, bool) {
	rest, ok := strings.CutPrefix(s, "第")
	if !ok {
		return marker{}, s, false
	}
	digits := takeWhile(rest, hanDigits+"0123456789")
	if digits == "" {
		return marker{}, s, false
	}
	after := rest[len(digits):]
	for word, kind := range map[string]markerKind{"章": chapterMark, "部分": chapterMark, "编": chapterMark, "节": sectionMark, "条": articleMark} {
		if tail, ok := strings.CutPrefix(after, word); ok && (tail == "" || !isHan(firstRune(tail)) || kind == chapterMark) {
			tail = strings.TrimLeft(tail, "：:、.．")
			return marker{kind: kind, n: number(digits), label: "第" + digits + word}, tail, true
		}
	}
	return marker{}, s, false
}

// readHanMark reads 一、 and the rarer 一. and 一．, the dot of either width.
func readHanMark(s string) (marker, string, bool) {
	digits := takeWhile(s, hanDigits)
	if digits == "" {
		return marker{}, s, false
	}
	rest := strings.TrimLeftFunc(s[len(digits):], isSpace)
	for _, dot := range []string{"、", "．", ".", "﹑"} {
		tail, ok := strings.CutPrefix(rest, dot)
		if !ok {
			continue
		}
		// 一、二、三级医院: a list of numbers, no heading.
		next := takeWhile(tail, hanDigits)
		if next != "" && strings.HasPrefix(tail[len(next):], "、") {
			return marker{}, s, false
		}
		return marker{kind: hanMark, n: number(digits), label: digits}, tail, true
	}
	if gap := s[len(digits):]; rest != gap && rest != "" && runeLen(rest) >= 4 && runeLen(rest) <= 20 && allHan(rest) {
		return marker{kind: hanMark, n: number(digits), label: digits, weak: true}, rest, true // 一 指导思想
	}
	return marker{}, s, false
}

// readBracketMark reads （一）, (一), （1）, ㈠ and ⑴ in any mixture of brackets.
func readBracketMark(s string) (marker, string, bool) {
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case r >= '㈠' && r <= '㈩':
		n := int(r-'㈠') + 1
		return marker{kind: hanBracket, n: n, label: "(" + string([]rune(hanDigits)[n+1]) + ")"}, s[size:], true
	case r >= '⑴' && r <= '⒇':
		n := int(r-'⑴') + 1
		return marker{kind: digitBracket, n: n, label: "(" + itoa(n) + ")"}, s[size:], true
	case r != '（' && r != '(' && r != '〔':
		return marker{}, s, false
	}
	inner := strings.TrimLeftFunc(s[size:], isSpace)
	for _, try := range []struct {
		set  string
		kind markerKind
	}{{hanDigits, hanBracket}, {"0123456789０１２３４５６７８９", digitBracket}} {
		digits := takeWhile(inner, try.set)
		if digits == "" || runeLen(digits) > 3 {
			continue
		}
		tail := strings.TrimLeftFunc(inner[len(digits):], isSpace)
		for _, end := range []string{"）", ")", "〕"} {
			if rest, ok := strings.CutPrefix(tail, end); ok {
				rest = strings.TrimLeft(rest, "、.．")
				return marker{kind: try.kind, n: number(digits), label: "(" + halfWidth(digits) + ")"}, rest, true
			}
		}
	}
	return marker{}, s, false
}

// readDigitMark reads 1. 1． 1、 1) and, weakly, 1 with the dot forgotten.
func readDigitMark(s string) (marker, string, bool) {
	digits := takeWhile(s, "0123456789０１２３４５６７８９")
	if digits == "" || runeLen(digits) > 2 {
		return marker{}, s, false
	}
	m := marker{kind: digitMark, n: number(digits), label: itoa(number(digits))}
	rest := strings.TrimLeftFunc(s[len(digits):], isSpace)
	if rest == "" || m.n == 0 {
		return marker{}, s, false
	}
	for _, dot := range []string{"．", "、", ".", "﹒"} {
		if tail, ok := strings.CutPrefix(rest, dot); ok {
			tail = strings.TrimLeftFunc(strings.TrimLeft(tail, ".．、"), isSpace)
			if tail == "" || isDigit(firstRune(tail)) && !startsWithTime(tail) {
				return marker{}, s, false // 2.2 平方米
			}
			return m, tail, true
		}
	}
	for _, end := range []string{"）", ")"} {
		if tail, ok := strings.CutPrefix(rest, end); ok {
			m.kind, m.label = digitBracket, m.label+")"
			return m, tail, true
		}
	}
	if strings.Contains(rest, "  ") || strings.Contains(rest, "　") {
		return marker{}, s, false // a table's row whose cells are parted by spaces
	}
	if isHan(firstRune(rest)) && !strings.ContainsRune("年月日号个项家人户次类种级期天小时分万亿余多名处座所条件批轮县市区镇乡村米公元吨平周岁张部辆台套倍成至", firstRune(rest)) {
		m.weak = true
		return m, rest, true
	}
	return marker{}, s, false
}

// startsWithTime reports a text that begins with a year or a month: 1．2023年6月底前….
func startsWithTime(s string) bool {
	list := periods(s[:min(len(s), 60)], 2000)
	return len(list) > 0 && list[0].off == 0
}

func readCircle(s string) (marker, string, bool) {
	r, size := utf8.DecodeRuneInString(s)
	if r >= '①' && r <= '⑳' {
		return marker{kind: circleMark, n: int(r-'①') + 1, label: string(r)}, s[size:], true
	}
	return marker{}, s, false
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' || r >= '０' && r <= '９' }

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + max(n, 0)))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

// readAnnex reads 附件, 附件1, 附件：, 附件一, 附表2; rest is what stands on the same line.
func readAnnex(s string) (marker, string, bool) {
	t := trim(s)
	word := ""
	for _, w := range []string{"附件", "附 件", "附　件", "附表"} {
		if strings.HasPrefix(t, w) {
			word = w
			break
		}
	}
	if word == "" && (t == "附" || hasAnyPrefix(t, "附：", "附:")) {
		rest := trim(strings.TrimLeft(strings.TrimPrefix(t, "附"), "：:"))
		return marker{kind: annexMark, label: "附件"}, rest, true
	}
	if word == "" {
		return marker{}, s, false
	}
	rest := trim(t[len(word):])
	digits := takeWhile(rest, "0123456789０１２３４５６７８９"+hanDigits)
	tail := strings.TrimLeftFunc(rest[len(digits):], isSpace)
	bare := strings.TrimLeft(tail, "：:.．、")
	if digits == "" && tail != "" && bare == tail {
		return marker{}, s, false // 附件材料…: prose
	}
	if digits != "" && tail != "" && bare == tail && !strings.HasPrefix(rest[len(digits):], " ") && !strings.HasPrefix(rest[len(digits):], "　") {
		return marker{}, s, false
	}
	m := marker{kind: annexMark, label: squeeze(word)}
	if digits != "" {
		m.n = number(digits)
		m.label += itoa(m.n)
	}
	return m, trim(bare), true
}

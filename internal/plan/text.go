package plan

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// lazy compiles a pattern when it is first needed: most commands of the program never read a plan.
func lazy(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) || r == '〇' }

// isSpace knows the full-width space and the invisible characters that word processors leave behind.
func isSpace(r rune) bool {
	switch r {
	case '\u3000', '\u00a0', '\u200b', '\ufeff', '\u200c', '\u200d':
		return true
	}
	return unicode.IsSpace(r)
}

func trim(s string) string { return strings.TrimFunc(s, isSpace) }

// squeeze removes every space: for titles and names, where spaces are only layout.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if isSpace(r) {
			return -1
		}
		return r
	}, s)
}

func runeLen(s string) int { return utf8.RuneCountInString(s) }

func firstRune(s string) rune { r, _ := utf8.DecodeRuneInString(s); return r }

func lastRune(s string) rune { r, _ := utf8.DecodeLastRuneInString(s); return r }

func allHan(s string) bool {
	for _, r := range s {
		if !isHan(r) {
			return false
		}
	}
	return s != ""
}

func hasAnySuffix(s string, suffixes ...string) bool {
	for _, x := range suffixes {
		if strings.HasSuffix(s, x) {
			return true
		}
	}
	return false
}

func hasAnyPrefix(s string, prefixes ...string) bool {
	for _, x := range prefixes {
		if strings.HasPrefix(s, x) {
			return true
		}
	}
	return false
}

func containsAny(s string, parts ...string) bool {
	for _, x := range parts {
		if strings.Contains(s, x) {
			return true
		}
	}
	return false
}

// halfWidth turns full-width digits, letters and brackets into ASCII, and lengthens nothing else.
func halfWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' {
			return r - '！' + '!'
		}
		return r
	}, s)
}

// closing returns the byte index of the bracket that closes the one at s[open:], counting brackets in brackets
// of either width ("（市统计局)" is one pair); -1 if it stays open.
func closing(s string, open int) int {
	depth := 0
	for i, r := range s[open:] {
		switch r {
		case '（', '(':
			depth++
		case '）', ')':
			depth--
			if depth == 0 {
				return open + i
			}
		}
	}
	return -1
}

// splitTop cuts s at every rune of seps that stands outside brackets.
func splitTop(s, seps string) []string {
	var parts []string
	depth, from := 0, 0
	for i, r := range s {
		switch {
		case r == '（' || r == '(':
			depth++
		case (r == '）' || r == ')') && depth > 0:
			depth--
		case depth == 0 && strings.ContainsRune(seps, r):
			parts = append(parts, trim(s[from:i]))
			from = i + utf8.RuneLen(r)
		}
	}
	parts = append(parts, trim(s[from:]))
	return nonEmpty(parts)
}

func nonEmpty(list []string) []string {
	out := list[:0]
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// sentences cuts s after each 。 ； ！ ？ (either width).
func sentences(s string) []string {
	var out []string
	from := 0
	for i, r := range s {
		if strings.ContainsRune("。；;！？\n", r) {
			out = append(out, trim(s[from:i+utf8.RuneLen(r)]))
			from = i + utf8.RuneLen(r)
		}
	}
	return nonEmpty(append(out, trim(s[from:])))
}

var chineseDigits = map[rune]int{'〇': 0, '○': 0, '零': 0, 'O': 0, '一': 1, '二': 2, '两': 2, '三': 3, '四': 4, '五': 5,
	'六': 6, '七': 7, '八': 8, '九': 9}

// number reads a count in Arabic or Chinese digits: 27, 二十七, 八, 一百零三; -1 if it is none.
func number(s string) int {
	s = halfWidth(s)
	if s == "" {
		return -1
	}
	if s[0] >= '0' && s[0] <= '9' {
		n := 0
		for _, r := range s {
			if r < '0' || r > '9' || n > 1e6 {
				return -1
			}
			n = n*10 + int(r-'0')
		}
		return n
	}
	return chineseNumber(s)
}

func chineseNumber(s string) int {
	total, digit, units := 0, 0, false
	for _, r := range s {
		switch d, ok := chineseDigits[r]; {
		case ok && !units && digit > 0:
			digit = digit*10 + d
		case ok:
			digit = d
		case r == '十' || r == '百':
			unit := map[rune]int{'十': 10, '百': 100}[r]
			total += max(digit, 1) * unit
			digit, units = 0, true
		default:
			return -1
		}
		if digit > 1e5 {
			return -1
		}
	}
	return total + digit
}

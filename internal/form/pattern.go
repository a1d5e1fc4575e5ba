package form

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// A pattern of regex() must match the whole value, as ODK says of it. Go, JavaScript and Java read different dialects;
// what is taken here is what they share: literals, ., classes, \d \w \s \D \W \S, \uXXXX, \p{L} \p{N} \p{Lu} \p{Ll},
// groups, |, and the quantifiers. Everything else is refused by name.

// patternReader goes through a pattern; its methods return what is wrong, "" for nothing.
type patternReader struct {
	in       []rune
	pos      int
	out      strings.Builder
	depth    int
	inClass  bool
	anchored bool // the last was ^, $, \b or \B, which nothing repeats
	several  bool // the last in a class was \d, \w and the like, which begins no range
}

const maxPattern = 500

// translatePattern checks a pattern and writes it for Go's regexp.
func translatePattern(pattern string) (string, string) {
	p := &patternReader{in: []rune(pattern)}
	if len(p.in) > maxPattern {
		return "", "正则表达式超过 " + strconv.Itoa(maxPattern) + " 个字"
	}
	for p.pos < len(p.in) {
		if fault := p.next(); fault != "" {
			return "", fault
		}
	}
	switch {
	case p.inClass:
		return "", "正则表达式里的 [ 没有用 ] 收住"
	case p.depth > 0:
		return "", "正则表达式里的 ( 没有用 ) 收住"
	}
	return p.out.String(), ""
}

func (p *patternReader) rest() string { return string(p.in[p.pos:min(len(p.in), p.pos+12)]) }

func (p *patternReader) next() string {
	c := p.in[p.pos]
	if c == '\\' {
		return p.escape()
	}
	p.pos++
	if p.inClass {
		return p.member(c)
	}
	if p.anchored && strings.ContainsRune("*+?{", c) {
		return "正则表达式里的 " + string(c) + " 前面没有可以重复的字"
	}
	p.anchored = c == '^' || c == '$'
	switch c {
	case '[':
		return p.open()
	case '(':
		return p.group()
	case ')':
		if p.depth--; p.depth < 0 {
			return "正则表达式里多了一个 )"
		}
	case '{':
		return p.count()
	case '}', ']':
		return "正则表达式里的 " + string(c) + " 要写成 \\" + string(c)
	case '.':
		p.out.WriteString(`[^\n\r\x{2028}\x{2029}]`)
		return ""
	}
	p.out.WriteRune(c)
	return ""
}

func (p *patternReader) open() string {
	p.inClass, p.several = true, false
	p.out.WriteByte('[')
	if p.pos < len(p.in) && p.in[p.pos] == '^' {
		p.out.WriteByte('^')
		p.pos++
	}
	if p.pos < len(p.in) && p.in[p.pos] == ']' {
		return "正则表达式里的 [] 是空的"
	}
	return ""
}

func (p *patternReader) member(c rune) string {
	switch c {
	case ']':
		p.inClass = false
	case '[':
		return `正则表达式的 [] 里面，[ 要写成 \[`
	case '-':
		if p.several && p.pos < len(p.in) && p.in[p.pos] != ']' {
			return `正则表达式的 [] 里面，这个 - 要写成 \-`
		}
	}
	p.several = false
	p.out.WriteRune(c)
	return ""
}

func (p *patternReader) group() string {
	p.depth++
	p.out.WriteByte('(')
	if p.pos < len(p.in) && p.in[p.pos] == '?' {
		if !strings.HasPrefix(p.rest(), "?:") {
			return "正则表达式里不支持 (" + string(p.in[p.pos:min(len(p.in), p.pos+2)]) + "，只支持 ( 和 (?:"
		}
		p.out.WriteString("?:")
		p.pos += 2
	}
	return ""
}

// count reads {2}, {2,} or {2,5}.
func (p *patternReader) count() string {
	end := p.pos
	for end < len(p.in) && p.in[end] != '}' {
		end++
	}
	low, high, ranged := strings.Cut(string(p.in[p.pos:end]), ",")
	from, ok := digitsIn(low)
	to := from
	if ok && ranged && high != "" {
		to, ok = digitsIn(high)
	}
	if end == len(p.in) || !ok || to < from || to > 1000 {
		return `正则表达式里的 { 后面要写次数，如 {2} 或 {2,5}（最多 1000），要写 { 这个字就写成 \{`
	}
	p.out.WriteString("{" + string(p.in[p.pos:end]) + "}")
	p.pos = end + 1
	return ""
}

// escape reads what follows a backslash.
func (p *patternReader) escape() string {
	if p.pos+1 == len(p.in) {
		return `正则表达式不能以 \ 结尾`
	}
	c := p.in[p.pos+1]
	rest := string(p.in[p.pos+2 : min(len(p.in), p.pos+8)])
	p.pos += 2
	p.anchored, p.several = c == 'b' || c == 'B', strings.ContainsRune("dDwWsp", c)
	switch {
	case strings.ContainsRune("dDwWnrtf", c):
		p.out.WriteString(`\` + string(c))
	case c == 's' || c == 'S':
		return p.space(c)
	case (c == 'b' || c == 'B') && !p.inClass:
		p.out.WriteString(`\` + string(c))
	case c == 'u' && len(rest) >= 4 && hexDigits(rest[:4]) && !surrogate(rest):
		p.out.WriteString(`\x{` + rest[:4] + `}`)
		p.pos += 4
	case c == 'p':
		return p.property(rest)
	case strings.ContainsRune(`\^$.|?*+()[]{}-/&~!@#%:;,=<>_'" `, c):
		if strings.ContainsRune(`"' `, c) {
			p.out.WriteRune(c)
		} else {
			p.out.WriteString(`\` + string(c))
		}
	default:
		return `正则表达式里不支持 \` + string(c)
	}
	return ""
}

func (p *patternReader) space(c rune) string {
	const white = `\t\n\x0b\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}`
	switch {
	case c == 's' && p.inClass:
		p.out.WriteString(white)
	case c == 's':
		p.out.WriteString("[" + white + "]")
	case p.inClass:
		return `正则表达式的 [] 里面不支持 \S`
	default:
		p.out.WriteString("[^" + white + "]")
	}
	return ""
}

func (p *patternReader) property(rest string) string {
	for _, name := range []string{"{L}", "{N}", "{Lu}", "{Ll}"} {
		if strings.HasPrefix(rest, name) {
			p.out.WriteString(`\p` + name)
			p.pos += len(name)
			return ""
		}
	}
	return `正则表达式里的 \p 只支持 \p{L} \p{N} \p{Lu} \p{Ll}，汉字请写 [\u4e00-\u9fa5]`
}

// surrogate reports whether four digits name half a character.
func surrogate(hex string) bool { return strings.ContainsRune("dD", rune(hex[0])) && hex[1] >= '8' }

func hexDigits(s string) bool {
	for _, c := range s {
		if !digit(c) && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

// compilePattern makes a regular expression that matches whole values; the string says what is wrong.
func compilePattern(pattern string) (*regexp.Regexp, string) {
	text, fault := translatePattern(pattern)
	if fault != "" {
		return nil, fault
	}
	re, err := regexp.Compile(`\A(?:` + text + `)\z`)
	if err != nil {
		return nil, "正则表达式写错了，请检查括号、次数和 [] 里的范围"
	}
	return re, ""
}

// patterns keeps the last patterns compiled: a form asks for the same few again and again.
var patterns = struct {
	sync.Mutex

	by map[string]*regexp.Regexp
}{by: map[string]*regexp.Regexp{}}

const keptPatterns = 500

// matches reports whether the whole of s matches; nothing matches a pattern that is none.
func matches(s, pattern string) bool {
	patterns.Lock()
	re, known := patterns.by[pattern]
	patterns.Unlock()
	if !known {
		re, _ = compilePattern(pattern)
		patterns.Lock()
		if len(patterns.by) >= keptPatterns {
			clear(patterns.by)
		}
		patterns.by[pattern] = re
		patterns.Unlock()
	}
	return re != nil && re.MatchString(s)
}

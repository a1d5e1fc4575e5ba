package form

import (
	"fmt"
	"strconv"
	"strings"
)

// ExpressionError says what is wrong with an expression and where: At counts characters from 1.
type ExpressionError struct {
	At      int
	Message string // Chinese
}

// Error says the place and the message.
func (e *ExpressionError) Error() string { return fmt.Sprintf("第 %d 个字：%s", e.At, e.Message) }

func wrongAt(at int, format string, args ...any) *ExpressionError {
	return &ExpressionError{At: at, Message: fmt.Sprintf(format, args...)}
}

type tokenKind int

const (
	endToken      tokenKind = iota
	numberToken             // 18, .5
	literalToken            // 'yes'
	nameToken               // a function or a column of a choice
	refToken                // ${age}
	operatorToken           // + - * div mod = != < <= > >= and or
	dotToken                // .
	parentToken             // ..
	slashToken
	openToken
	closeToken
	commaToken
)

// token is a piece of an expression. Text is what it says: of a literal without its quotes, of a reference the name.
type token struct {
	kind     tokenKind
	text     string
	at       int // characters from 1
	from, to int // where it stands in the runes of the expression
}

// endsOperand reports whether a name or * that follows is an operator (XPath 1.0, 3.7).
func (t token) endsOperand() bool {
	switch t.kind {
	case numberToken, literalToken, nameToken, refToken, dotToken, parentToken, closeToken:
		return true
	}
	return false
}

// wide are full-width signs that are typed by mistake, with what was meant.
var wide = map[rune]string{
	'（': "(", '）': ")", '，': ",", '＝': "=", '＜': "<", '＞': ">", '＋': "+", '－': "-", '＊': "*", '／': "div", '×': "*", '÷': "div",
	'｛': "{", '｝': "}", '＄': "$", '！': "!", '。': ".", '；': ",", '、': ",", '≥': ">=", '≤': "<=", '≠': "!=",
}

// closing are the quotes a literal may stand in. Spreadsheet programs turn straight ones into curved ones.
var closing = map[rune]rune{'\'': '\'', '"': '"', '‘': '’', '“': '”', '’': '’', '”': '”'}

type lexer struct {
	text []rune
	pos  int
	out  []token
}

// tokens cuts an expression into tokens, the last of which is the end.
func tokens(text string) ([]token, *ExpressionError) {
	l := &lexer{text: []rune(text)}
	if len(l.text) > MaxExpression {
		return nil, wrongAt(MaxExpression+1, "表达式超过 %d 个字，请拆成几个 calculate", MaxExpression)
	}
	for l.pos < len(l.text) {
		if space(l.text[l.pos]) {
			l.pos++
			continue
		}
		if err := l.next(); err != nil {
			return nil, err
		}
	}
	l.add(endToken, "", 0)
	return l.out, nil
}

func (l *lexer) peek(n int) rune {
	if l.pos+n < len(l.text) {
		return l.text[l.pos+n]
	}
	return 0
}

// add takes n runes as a token.
func (l *lexer) add(kind tokenKind, text string, n int) {
	l.out = append(l.out, token{kind, text, l.pos + 1, l.pos, l.pos + n})
	l.pos += n
}

func (l *lexer) afterOperand() bool { return len(l.out) > 0 && l.out[len(l.out)-1].endsOperand() }

func (l *lexer) next() *ExpressionError {
	c := l.peek(0)
	switch {
	case digit(c), c == '.' && digit(l.peek(1)):
		l.number()
		return nil
	case nameStart(c):
		l.name()
		return nil
	case c == '$':
		return l.reference()
	case closing[c] != 0:
		return l.literal()
	}
	return l.sign(c)
}

func (l *lexer) number() {
	n := l.digits(0)
	if l.peek(n) == '.' {
		n += 1 + l.digits(n+1)
	}
	l.add(numberToken, string(l.text[l.pos:l.pos+n]), n)
}

func (l *lexer) digits(from int) (n int) {
	for digit(l.peek(from + n)) {
		n++
	}
	return n
}

func (l *lexer) name() {
	n := l.nameAt(0)
	if l.peek(n) == ':' && nameStart(l.peek(n+1)) { // jr:choice-name
		n += 1 + l.nameAt(n+1)
	}
	text := string(l.text[l.pos : l.pos+n])
	kind := nameToken
	if l.afterOperand() && (text == "and" || text == "or" || text == "div" || text == "mod") {
		kind = operatorToken
	}
	l.add(kind, text, n)
}

func (l *lexer) nameAt(from int) (n int) {
	for namePart(l.peek(from + n)) {
		n++
	}
	return n
}

func (l *lexer) reference() *ExpressionError {
	if l.peek(1) != '{' {
		return wrongAt(l.pos+1, "$ 后面要写 {题目的 name}，如 ${age}")
	}
	end := 2
	for l.peek(end) != '}' {
		if l.pos+end >= len(l.text) {
			return wrongAt(l.pos+1, "${ 没有用 } 收住")
		}
		end++
	}
	name := strings.TrimSpace(string(l.text[l.pos+2 : l.pos+end]))
	if !ValidName(name) {
		return wrongAt(l.pos+1, "${%s} 里的不是题目的 name", name)
	}
	l.add(refToken, name, end+1)
	return nil
}

func (l *lexer) literal() *ExpressionError {
	quote := closing[l.peek(0)]
	end := 1
	for l.peek(end) != quote {
		if l.pos+end >= len(l.text) {
			return wrongAt(l.pos+1, "引号 %c 没有收住", l.peek(0))
		}
		end++
	}
	l.add(literalToken, string(l.text[l.pos+1:l.pos+end]), end+1)
	return nil
}

func (l *lexer) sign(c rune) *ExpressionError {
	two := string([]rune{c, l.peek(1)})
	switch {
	case two == "!=" || two == "<=" || two == ">=":
		l.add(operatorToken, two, 2)
	case two == "..":
		l.add(parentToken, "..", 2)
	case c == '=' || c == '<' || c == '>' || c == '+' || c == '-':
		l.add(operatorToken, string(c), 1)
	case c == '*' && l.afterOperand():
		l.add(operatorToken, "*", 1)
	case c == '.':
		l.add(dotToken, ".", 1)
	case c == '/':
		l.add(slashToken, "/", 1)
	case c == '(':
		l.add(openToken, "(", 1)
	case c == ')':
		l.add(closeToken, ")", 1)
	case c == ',':
		l.add(commaToken, ",", 1)
	case wide[c] != "":
		return wrongAt(l.pos+1, "“%c”是全角符号，请改成半角的 %s", c, wide[c])
	case c == '[' || c == '|' || c == '@':
		return wrongAt(l.pos+1, "这里不支持“%c”，请用 ${name} 和函数写", c)
	default:
		return wrongAt(l.pos+1, "不认识“%c”", c)
	}
	return nil
}

func space(c rune) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\u00a0' || c == '\u3000'
}

func digit(c rune) bool { return c >= '0' && c <= '9' }

// nameStart reports whether a name may begin with c: letters of Latin and Han, and _. They are those that XML allowed from
// the beginning (XML 1.0, fourth edition, appendix B): many readers of XML know no others.
func nameStart(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' ||
		c >= 0xC0 && c <= 0xFF && c != 0xD7 && c != 0xF7 || c >= 0x4E00 && c <= 0x9FA5
}

func namePart(c rune) bool { return nameStart(c) || digit(c) || c == '-' || c == '.' }

// ValidName reports whether s can name an item: letters, digits, hyphens, underscores, periods; a letter or underscore
// first (xlsform.org, "The survey worksheet"), at most 64 characters.
func ValidName(s string) bool {
	n := 0
	for _, c := range s {
		if n == 0 && !nameStart(c) || !namePart(c) {
			return false
		}
		n++
	}
	return n > 0 && n <= maxNameLength
}

// literalNumber is the value of a number token.
func literalNumber(text string) float64 {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && f == 0 {
		return 0
	}
	return f
}

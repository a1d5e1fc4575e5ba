package form

import "slices"

// term is a part of an expression. The shapes: number, literal, reference, location, column, call, binary, negation.
type term interface{ eval(m *moment) value }

type (
	number  float64
	literal string
	// reference is ${name}; target is found by Compile.
	reference struct {
		name   string
		at     int
		target *entry
	}
	// location is ., .., ../name or current()/../name: up so many nodes, then down by names.
	location struct {
		up    int
		names []string
		at    int
		// current says that it begins with current(): with the question, not with the choice a filter looks at.
		current bool
		target  *entry
	}
	// column is a bare name: a column of the choice that a choice filter looks at.
	column struct {
		name string
		at   int
	}
	call struct {
		name string
		at   int
		args []term
		does function
		list *List // of jr:choice-name
	}
	binary struct {
		op          string
		at          int
		left, right term
	}
	negation struct{ of term }
)

const maxNesting = 60

type parser struct {
	tokens []token
	pos    int
	depth  int
}

// parse reads an expression: the part of XPath 1.0 that XLSForm uses (https://getodk.github.io/xforms-spec/).
func parse(text string) (term, *ExpressionError) {
	list, err := tokens(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: list}
	if p.at().kind == endToken {
		return nil, wrongAt(1, "没有写表达式")
	}
	t, err := p.binary(0)
	if err != nil {
		return nil, err
	}
	switch next := p.at(); next.kind {
	case endToken:
		return t, nil
	case closeToken:
		return nil, wrongAt(next.at, "多了一个 )")
	default:
		return nil, wrongAt(next.at, "“%s”前面少了运算符", next.text)
	}
}

func (p *parser) at() token { return p.tokens[p.pos] }

func (p *parser) take() token {
	t := p.tokens[p.pos]
	if t.kind != endToken {
		p.pos++
	}
	return t
}

// levels are the operators from the loosest to the tightest (XPath 1.0, 3.5).
var levels = [][]string{{"or"}, {"and"}, {"=", "!="}, {"<", "<=", ">", ">="}, {"+", "-"}, {"*", "div", "mod"}}

func (p *parser) binary(level int) (term, *ExpressionError) {
	if level == len(levels) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	if err != nil {
		return nil, err
	}
	for p.operator(levels[level]) {
		op := p.take()
		right, err := p.binary(level + 1)
		if err != nil {
			return nil, err
		}
		left = &binary{op: op.text, at: op.at, left: left, right: right}
	}
	return left, nil
}

func (p *parser) operator(among []string) bool {
	return p.at().kind == operatorToken && slices.Contains(among, p.at().text)
}

func (p *parser) unary() (term, *ExpressionError) {
	minus := 0
	for p.operator([]string{"-"}) {
		p.take()
		minus++
	}
	t, err := p.primary()
	if err != nil {
		return nil, err
	}
	for range min(minus, 2-minus%2) { // an even number of them still makes a number
		t = &negation{t}
	}
	return t, nil
}

func (p *parser) primary() (term, *ExpressionError) {
	t := p.take()
	switch t.kind {
	case numberToken:
		return number(literalNumber(t.text)), nil
	case literalToken:
		return literal(t.text), nil
	case refToken:
		if next := p.at(); next.kind == slashToken {
			return nil, wrongAt(next.at, "${%s} 后面不能再写路径，请直接写要用的题目 ${name}", t.text)
		}
		return &reference{name: t.text, at: t.at}, nil
	case dotToken, parentToken:
		p.pos--
		return p.path(&location{at: t.at})
	case openToken:
		return p.inner()
	case nameToken:
		return p.named(t)
	case endToken:
		return nil, wrongAt(t.at, "表达式没有写完")
	case slashToken:
		return nil, wrongAt(t.at, "不支持从 / 写起的路径，请写 ${name}")
	default:
		return nil, wrongAt(t.at, "“%s”放错了地方", t.text)
	}
}

func (p *parser) inner() (term, *ExpressionError) {
	open := p.tokens[p.pos-1]
	if p.depth++; p.depth > maxNesting {
		return nil, wrongAt(open.at, "括号套得太深（超过 %d 层）", maxNesting)
	}
	t, err := p.binary(0)
	if err != nil {
		return nil, err
	}
	if p.at().kind != closeToken {
		return nil, wrongAt(open.at, "这个 ( 没有 ) 收住")
	}
	p.take()
	p.depth--
	return t, nil
}

func (p *parser) named(t token) (term, *ExpressionError) {
	if p.at().kind != openToken {
		return &column{name: t.text, at: t.at}, nil
	}
	open := p.take()
	if p.depth++; p.depth > maxNesting {
		return nil, wrongAt(t.at, "括号套得太深（超过 %d 层）", maxNesting)
	}
	args, err := p.arguments(open)
	if err != nil {
		return nil, err
	}
	p.depth--
	if t.text == "current" && len(args) == 0 {
		if p.at().kind != slashToken {
			return nil, wrongAt(t.at, "current() 后面要接路径，如 current()/../age")
		}
		p.take()
		return p.path(&location{at: t.at, current: true})
	}
	does, known := functions[t.text]
	if !known {
		return nil, wrongAt(t.at, "%s", unknownFunction(t.text))
	}
	if len(args) < does.min || len(args) > does.max {
		return nil, wrongAt(t.at, "%s() 要 %s，这里写了 %d 个", t.text, does.wants(), len(args))
	}
	return &call{name: t.text, at: t.at, args: args, does: does}, nil
}

func (p *parser) arguments(open token) (args []term, err *ExpressionError) {
	if p.at().kind == closeToken {
		p.take()
		return nil, nil
	}
	for {
		arg, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
		switch next := p.take(); next.kind {
		case closeToken:
			return args, nil
		case commaToken:
		case endToken:
			return nil, wrongAt(open.at, "这个 ( 没有 ) 收住")
		default:
			return nil, wrongAt(next.at, "“%s”前面少了逗号或运算符", next.text)
		}
	}
}

// path reads the steps of ., .. and ../name.
func (p *parser) path(to *location) (term, *ExpressionError) {
	for {
		t := p.take()
		switch {
		case t.kind == dotToken:
		case t.kind == parentToken && len(to.names) == 0:
			to.up++
		case t.kind == nameToken && p.at().kind != openToken:
			to.names = append(to.names, t.text)
		default:
			return nil, wrongAt(max(t.at, to.at), "路径里只能写 .、.. 和题目的 name")
		}
		if p.at().kind != slashToken {
			return to, nil
		}
		p.take()
	}
}

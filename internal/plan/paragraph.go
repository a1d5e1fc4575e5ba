package plan

import "strings"

// Paragraph is a paragraph made whole; it remembers the source line of every part of its text.
type Paragraph struct {
	Text  string
	Lines Lines
	marks []mark // where in Text a source line begins
}

type mark struct{ off, line int }

// newParagraph makes a paragraph of one line.
func newParagraph(text string, line int) Paragraph {
	return Paragraph{Text: text, Lines: Lines{line, line}, marks: []mark{{0, line}}}
}

// lineAt returns the source line of the byte at off.
func (p Paragraph) lineAt(off int) int {
	line := p.Lines[0]
	for _, m := range p.marks {
		if m.off > off {
			break
		}
		line = m.line
	}
	return line
}

// slice returns the part [i, j) of p without the spaces around it, with the lines it came from.
func (p Paragraph) slice(i, j int) Paragraph {
	for i < j && isSpace(firstRune(p.Text[i:j])) {
		i += len(string(firstRune(p.Text[i:j])))
	}
	j = i + len(strings.TrimRightFunc(p.Text[i:j], isSpace))
	out := Paragraph{Text: p.Text[i:j], Lines: Lines{p.lineAt(i), p.lineAt(max(i, j-1))}}
	out.marks = append(out.marks, mark{0, p.lineAt(i)})
	for _, m := range p.marks {
		if m.off > i && m.off < j {
			out.marks = append(out.marks, mark{m.off - i, m.line})
		}
	}
	return out
}

// rest returns p without its first n bytes less those of tail: p.rest(tail) where tail is a suffix of p.Text.
func (p Paragraph) rest(tail string) Paragraph {
	return p.slice(len(p.Text)-len(tail), len(p.Text))
}

// joined appends q to p, dropping the first drop bytes of q.
func (p Paragraph) joined(q Paragraph, drop int) Paragraph {
	out := Paragraph{Lines: Lines{p.Lines[0], q.Lines[1]}}
	out.marks = append(out.marks, p.marks...)
	glue := ""
	if latin(lastRune(p.Text)) && latin(firstRune(q.Text[drop:])) && !strings.HasSuffix(p.Text, "-") {
		glue = " "
	}
	base := len(p.Text) + len(glue) - drop
	for _, m := range q.marks {
		out.marks = append(out.marks, mark{max(m.off+base, len(p.Text)), m.line})
	}
	out.Text = p.Text + glue + q.Text[drop:]
	return out
}

func latin(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

func span(a, b Lines) Lines {
	switch {
	case a == (Lines{}):
		return b
	case b == (Lines{}):
		return a
	}
	return Lines{min(a[0], b[0]), max(a[1], b[1])}
}

// text joins paragraphs as running text, one paragraph a line.
func text(paras []Paragraph) string {
	parts := make([]string, len(paras))
	for i, p := range paras {
		parts[i] = p.Text
	}
	return strings.Join(parts, "\n")
}

// spanOf is the lines from the first paragraph to the last.
func spanOf(paras []Paragraph) Lines {
	var s Lines
	for _, p := range paras {
		s = span(s, p.Lines)
	}
	return s
}

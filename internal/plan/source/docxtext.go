package source

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
)

var (
	errTooDeep = errors.New("elements nested too deep")
	errTooLong = errors.New("too many lines")
)

// docReader turns document.xml into lines.
type docReader struct {
	dec     *xml.Decoder
	numbers *numbering
	depth   int
	lines   int
}

// document reads the whole part.
func (r *docReader) document() ([]string, error) {
	var out []string
	for {
		t, err := r.dec.Token()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if start, ok := t.(xml.StartElement); ok {
			lines, err := r.block(start)
			if err != nil {
				return nil, err
			}
			out = append(out, lines...)
		}
	}
}

// unread are the elements whose content is no part of the text.
var unread = map[string]bool{"del": true, "moveFrom": true, "instrText": true, "delText": true, "Fallback": true, "sectPr": true,
	"rt": true, "footnoteReference": true, "endnoteReference": true, "commentReference": true, "tblPr": true, "tblGrid": true, "trPr": true, "sdtPr": true}

// block reads an element that holds paragraphs and tables.
func (r *docReader) block(start xml.StartElement) ([]string, error) {
	switch {
	case unread[start.Name.Local]:
		return nil, r.dec.Skip()
	case start.Name.Local == "p":
		return r.paragraph()
	case start.Name.Local == "tbl":
		return r.table()
	}
	var out []string
	err := r.children(func(child xml.StartElement) error {
		lines, err := r.block(child)
		out = append(out, lines...)
		return err
	}, nil)
	return out, err
}

// children calls each for every child element up to the end of the current one, and chars for its text.
func (r *docReader) children(each func(xml.StartElement) error, chars func(string)) error {
	if r.depth++; r.depth > maxDepth {
		return errTooDeep
	}
	defer func() { r.depth-- }()
	for {
		t, err := r.dec.Token()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if err := each(t); err != nil {
				return err
			}
		case xml.CharData:
			if chars != nil {
				chars(string(t))
			}
		case xml.EndElement:
			return nil
		}
	}
}

// para gathers a paragraph: its text, its list level, and the text boxes anchored in it.
type para struct {
	text         strings.Builder
	boxes        []string
	style, numID string
	level        int
	hasLevel     bool
}

// paragraph reads w:p into its lines: one, more where it holds line breaks, and those of its text boxes.
func (r *docReader) paragraph() ([]string, error) {
	p := &para{}
	if err := r.children(func(child xml.StartElement) error { return r.inline(child, p) }, nil); err != nil {
		return nil, err
	}
	text := r.numbers.label(p) + p.text.String()
	lines := append(strings.Split(text, "\n"), p.boxes...)
	if r.lines += len(lines); r.lines > maxLines {
		return nil, errTooLong
	}
	return lines, nil
}

// inline reads what stands inside a paragraph.
func (r *docReader) inline(start xml.StartElement, p *para) error {
	name := start.Name.Local
	switch {
	case unread[name]:
		return r.dec.Skip()
	case name == "pPr":
		return r.children(func(c xml.StartElement) error { return r.property(c, p) }, nil)
	case name == "r":
		return r.run(p)
	case name == "txbxContent":
		lines, err := r.block(start)
		p.boxes = append(p.boxes, lines...)
		return err
	case name == "t":
		return r.children(r.skip, func(s string) { p.text.WriteString(s) })
	case name == "tab" || name == "ptab":
		p.text.WriteByte('\t')
	case name == "br" || name == "cr":
		if kind := attr(start, "type"); kind != "column" {
			p.text.WriteByte('\n')
		}
	case name == "noBreakHyphen":
		p.text.WriteByte('-')
	}
	return r.children(func(c xml.StartElement) error { return r.inline(c, p) }, nil)
}

// run reads w:r; hidden text is not part of the document.
func (r *docReader) run(p *para) error {
	hidden := false
	mark := p.text.Len()
	err := r.children(func(c xml.StartElement) error {
		if c.Name.Local != "rPr" {
			return r.inline(c, p)
		}
		return r.children(func(pr xml.StartElement) error {
			if pr.Name.Local == "vanish" && on(attr(pr, "val")) {
				hidden = true
			}
			return r.dec.Skip()
		}, nil)
	}, nil)
	if hidden {
		kept := p.text.String()[:mark]
		p.text.Reset()
		p.text.WriteString(kept)
	}
	return err
}

func (r *docReader) property(c xml.StartElement, p *para) error {
	switch c.Name.Local {
	case "pStyle":
		p.style = attr(c, "val")
	case "numPr":
		return r.children(func(n xml.StartElement) error {
			switch n.Name.Local {
			case "numId":
				p.numID = attr(n, "val")
			case "ilvl":
				p.level, p.hasLevel = small(attr(n, "val")), true
			}
			return r.dec.Skip()
		}, nil)
	}
	return r.dec.Skip()
}

func (r *docReader) skip(xml.StartElement) error { return r.dec.Skip() }

// table reads w:tbl: a row a line, its cells parted by tabs. A cell merged upwards comes out blank, one that
// spans columns is followed by blanks, so that every row has the same columns. A table of one cell a row only
// draws a frame: its paragraphs stay lines.
func (r *docReader) table() ([]string, error) {
	var out []string
	err := r.children(func(c xml.StartElement) error {
		switch {
		case unread[c.Name.Local]:
			return r.dec.Skip()
		case c.Name.Local == "tr":
			lines, err := r.row()
			out = append(out, lines...)
			return err
		}
		lines, err := r.block(c) // sdt, customXml around rows
		out = append(out, lines...)
		return err
	}, nil)
	return out, err
}

func (r *docReader) row() ([]string, error) {
	var cells [][]string
	err := r.children(func(c xml.StartElement) error {
		if c.Name.Local != "tc" {
			if unread[c.Name.Local] || c.Name.Local == "tblPrEx" {
				return r.dec.Skip()
			}
			return r.children(func(in xml.StartElement) error {
				if in.Name.Local == "tc" {
					return r.cell(&cells)
				}
				return r.children(func(tc xml.StartElement) error {
					if tc.Name.Local == "tc" {
						return r.cell(&cells)
					}
					return r.dec.Skip()
				}, nil)
			}, nil)
		}
		return r.cell(&cells)
	}, nil)
	if err != nil {
		return nil, err
	}
	if len(cells) == 1 {
		return cells[0], nil
	}
	flat := make([]string, len(cells))
	for i, c := range cells {
		flat[i] = strings.Join(strings.Fields(strings.Join(c, " ")), " ")
	}
	return []string{strings.Join(flat, "\t")}, nil
}

// cell reads w:tc and the blanks that follow it.
func (r *docReader) cell(cells *[][]string) error {
	var lines []string
	span, merged := 1, false
	err := r.children(func(c xml.StartElement) error {
		if c.Name.Local != "tcPr" {
			more, err := r.block(c)
			lines = append(lines, more...)
			return err
		}
		return r.children(func(pr xml.StartElement) error {
			switch pr.Name.Local {
			case "gridSpan":
				span = min(max(small(attr(pr, "val")), 1), 64)
			case "vMerge":
				merged = attr(pr, "val") != "restart"
			}
			return r.dec.Skip()
		}, nil)
	}, nil)
	if merged {
		lines = nil
	}
	*cells = append(*cells, lines)
	for ; span > 1; span-- {
		*cells = append(*cells, nil)
	}
	return err
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// on reads an on/off property: present without a value means on.
func on(val string) bool { return val != "0" && val != "false" && val != "off" && val != "none" }

// small reads a small number; what is none is 0.
func small(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 1_000_000 {
		return 0
	}
	return n
}

package source

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// numbering renders Word's automatic numbers: clerks let Word count 一、 （一） 1. for them.
type numbering struct {
	abstract map[string]map[int]level // by abstract list and level
	list     map[string]string        // numId to abstract list
	start    map[string]map[int]int   // numId: levels that begin anew
	styles   map[string]listStyle
	count    map[string][]int // by abstract list: the counters of its levels
	begun    map[string]bool  // numIds whose own start was used
}

type level struct {
	start  int
	format string
	text   string
}

type listStyle struct {
	numID, basedOn string
	level          int
}

type numberingXML struct {
	Abstract []struct {
		ID     string     `xml:"abstractNumId,attr"`
		Levels []levelXML `xml:"lvl"`
	} `xml:"abstractNum"`
	Num []struct {
		ID       string `xml:"numId,attr"`
		Abstract struct {
			Val string `xml:"val,attr"`
		} `xml:"abstractNumId"`
		Override []struct {
			Level int `xml:"ilvl,attr"`
			Start *struct {
				Val int `xml:"val,attr"`
			} `xml:"startOverride"`
		} `xml:"lvlOverride"`
	} `xml:"num"`
}

type levelXML struct {
	Level int `xml:"ilvl,attr"`
	Start struct {
		Val string `xml:"val,attr"`
	} `xml:"start"`
	Format struct {
		Val string `xml:"val,attr"`
	} `xml:"numFmt"`
	Text struct {
		Val string `xml:"val,attr"`
	} `xml:"lvlText"`
}

type stylesXML struct {
	Styles []struct {
		ID      string `xml:"styleId,attr"`
		BasedOn struct {
			Val string `xml:"val,attr"`
		} `xml:"basedOn"`
		PPr struct {
			NumPr *struct {
				NumID struct {
					Val string `xml:"val,attr"`
				} `xml:"numId"`
				Level struct {
					Val string `xml:"val,attr"`
				} `xml:"ilvl"`
			} `xml:"numPr"`
		} `xml:"pPr"`
	} `xml:"style"`
}

// numbering reads numbering.xml and the list styles; a document without them has no automatic numbers.
func (p pack) numbering(dir string) (*numbering, error) {
	n := &numbering{abstract: map[string]map[int]level{}, list: map[string]string{}, start: map[string]map[int]int{},
		styles: map[string]listStyle{}, count: map[string][]int{}, begun: map[string]bool{}}
	if p.files[dir+"/numbering.xml"] == nil {
		return n, nil
	}
	data, err := p.read(dir + "/numbering.xml")
	if err != nil {
		return nil, err
	}
	var x numberingXML
	if err := xml.Unmarshal(data, &x); err != nil {
		return nil, p.damaged("numbering.xml", err)
	}
	for _, a := range x.Abstract {
		levels := map[int]level{}
		for _, l := range a.Levels {
			start := 1
			if l.Start.Val != "" {
				start = small(l.Start.Val)
			}
			levels[l.Level] = level{start, l.Format.Val, l.Text.Val}
		}
		n.abstract[a.ID] = levels
	}
	for _, num := range x.Num {
		n.list[num.ID] = num.Abstract.Val
		for _, o := range num.Override {
			if o.Start != nil {
				if n.start[num.ID] == nil {
					n.start[num.ID] = map[int]int{}
				}
				n.start[num.ID][o.Level] = o.Start.Val
			}
		}
	}
	return n, n.readStyles(p, dir)
}

func (n *numbering) readStyles(p pack, dir string) error {
	if p.files[dir+"/styles.xml"] == nil {
		return nil
	}
	data, err := p.read(dir + "/styles.xml")
	if err != nil {
		return err
	}
	var x stylesXML
	if err := xml.Unmarshal(data, &x); err != nil {
		return p.damaged("styles.xml", err)
	}
	for _, s := range x.Styles {
		style := listStyle{basedOn: s.BasedOn.Val}
		if s.PPr.NumPr != nil {
			style.numID, style.level = s.PPr.NumPr.NumID.Val, small(s.PPr.NumPr.Level.Val)
		}
		n.styles[s.ID] = style
	}
	return nil
}

// label is the number Word prints before a paragraph, "" where it prints none; it counts the paragraph.
func (n *numbering) label(p *para) string {
	id, lvl := p.numID, p.level
	for style, hops := p.style, 0; id == "" && style != "" && hops < 20; hops++ {
		s := n.styles[style]
		if s.numID != "" {
			id = s.numID
			if !p.hasLevel {
				lvl = s.level
			}
		}
		style = s.basedOn
	}
	if id == "" || id == "0" || lvl > 8 {
		return ""
	}
	abstract, ok := n.list[id]
	levels := n.abstract[abstract]
	l, known := levels[lvl]
	if !ok || !known || strings.TrimSpace(p.text.String()) == "" && len(p.boxes) == 0 {
		return ""
	}
	n.advance(id, abstract, lvl)
	if l.format == "bullet" || l.format == "none" {
		return ""
	}
	out := l.text
	for i := 0; i <= lvl; i++ {
		out = strings.ReplaceAll(out, "%"+strconv.Itoa(i+1), formatNumber(n.count[abstract][i], levels[i].format))
	}
	if out != "" && out[len(out)-1] < 0x80 && out[len(out)-1] != ')' {
		out += " "
	}
	return out
}

// advance counts one paragraph on a level and starts the levels below anew.
func (n *numbering) advance(id, abstract string, lvl int) {
	levels := n.abstract[abstract]
	if n.count[abstract] == nil {
		n.count[abstract] = make([]int, 9)
		for i := range n.count[abstract] {
			n.count[abstract][i] = levels[i].start - 1
		}
	}
	c := n.count[abstract]
	if over := n.start[id]; over != nil && !n.begun[id] {
		for i, from := range over {
			if i >= 0 && i < len(c) {
				c[i] = from - 1
			}
		}
	}
	n.begun[id] = true
	for i := range lvl {
		if c[i] < levels[i].start {
			c[i] = levels[i].start // a level above that never came up counts as begun
		}
	}
	c[lvl]++
	for i := lvl + 1; i < len(c); i++ {
		c[i] = levels[i].start - 1
	}
}

// formatNumber writes n as the list format asks.
func formatNumber(n int, format string) string {
	switch format {
	case "chineseCounting", "chineseCountingThousand", "japaneseCounting", "ideographDigital", "taiwaneseCounting", "taiwaneseCountingThousand", "koreanDigital2", "ideographTraditional":
		return chineseCount(n)
	case "chineseLegalSimplified", "ideographLegalTraditional":
		return strings.NewReplacer("一", "壹", "二", "贰", "三", "叁", "四", "肆", "五", "伍", "六", "陆", "七", "柒", "八", "捌", "九", "玖", "十", "拾", "百", "佰").Replace(chineseCount(n))
	case "decimalEnclosedCircle", "decimalEnclosedCircleChinese":
		if n >= 1 && n <= 20 {
			return string(rune('①' + n - 1))
		}
	case "decimalFullWidth", "decimalFullWidth2":
		return strings.Map(func(r rune) rune { return r - '0' + '０' }, strconv.Itoa(max(n, 0)))
	case "upperLetter", "lowerLetter":
		if n >= 1 && n <= 26 {
			return string(rune(map[string]byte{"upperLetter": 'A', "lowerLetter": 'a'}[format]) + rune(n-1))
		}
	case "upperRoman":
		return roman(n)
	case "lowerRoman":
		return strings.ToLower(roman(n))
	case "decimalZero":
		if n < 10 {
			return "0" + strconv.Itoa(n)
		}
	}
	return strconv.Itoa(n)
}

func chineseCount(n int) string {
	digits := []rune("〇一二三四五六七八九")
	switch {
	case n < 0 || n > 999:
		return strconv.Itoa(n)
	case n < 10:
		return string(digits[n])
	case n < 20:
		return strings.TrimSuffix("十"+string(digits[n-10]), "〇")
	case n < 100:
		return strings.TrimSuffix(string(digits[n/10])+"十"+string(digits[n%10]), "〇")
	}
	rest := chineseCount(n % 100)
	switch {
	case n%100 == 0:
		rest = ""
	case n%100 < 10:
		rest = "零" + rest
	case n%100 < 20:
		rest = "一" + rest
	}
	return string(digits[n/100]) + "百" + rest
}

func roman(n int) string {
	if n < 1 || n > 3999 {
		return strconv.Itoa(n)
	}
	var b strings.Builder
	for _, r := range []struct {
		n int
		s string
	}{{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}} {
		for ; n >= r.n; n -= r.n {
			b.WriteString(r.s)
		}
	}
	return b.String()
}

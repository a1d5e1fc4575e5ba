package form

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"pinzhi/internal/kernel"
)

// Answers are what is filled in, by the names of the items: a question's is a string as XForms writes it (an integer
// 12, a day 2023-06-28, a select its choices' names with spaces between, a geopoint "纬度 经度 海拔 精度", an image the
// name of its file), a group's are Answers, a repeat's a list of them. A name that is absent was never asked: its
// default holds. An empty string is an answer that was taken away.
type Answers map[string]any

const maxAnswers = 8 << 20

// ReadAnswers reads answers from JSON. It fails with invalid or too_large.
func ReadAnswers(content []byte) (Answers, error) {
	if len(content) > maxAnswers {
		return nil, kernel.E(kernel.TooLarge, "答案超过 %d MB，请减少重复的条数", maxAnswers>>20)
	}
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.UseNumber()
	var a Answers
	if err := dec.Decode(&a); err != nil {
		return nil, kernel.E(kernel.Invalid, "答案读不出来，请重新提交").Because(err)
	}
	return a, nil
}

// textOf is an answer as it is kept; false where it is none.
func textOf(v any) (string, bool) {
	switch x := v.(type) {
	case nil:
		return "", true
	case string:
		return clean(x), true
	case json.Number:
		return numberText(x), true
	case float64:
		return formatNumber(x), true
	case int:
		return strconv.Itoa(x), true
	case bool:
		return strconv.FormatBool(x), true
	}
	return "", false
}

// numberText writes a number of JSON as XPath would: 1e3 is 1000.
func numberText(n json.Number) string {
	f, err := n.Float64()
	if err != nil {
		return n.String()
	}
	return formatNumber(f)
}

// clean takes out what no XML document can hold.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7F || r == 0xFFFE || r == 0xFFFF || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
}

// cut leaves the first characters of a text that is longer than an answer may be: what is computed of long answers would
// double and double again.
func cut(s string) string {
	if len(s) <= MaxAnswer || utf8.RuneCountInString(s) <= MaxAnswer {
		return s
	}
	return string([]rune(s)[:MaxAnswer])
}

// builder makes the nodes of a form from answers.
type builder struct {
	form   *Form
	faults []AnswerFault
	made   int
}

func (b *builder) say(path, message string) {
	b.faults = append(b.faults, AnswerFault{Path: path, Message: message})
}

// fill makes the nodes of the items within n.
func (b *builder) fill(n *node, given Answers) {
	n.kids = make([][]*node, len(n.items))
	n.off = make([]bool, len(n.items))
	for i, e := range n.items {
		v, present := given[e.Name]
		switch e.Kind {
		case Repeat:
			b.instances(n, e, v, present)
		case Group:
			n.kids[i] = []*node{b.group(n, e, 1, v)}
		default:
			n.kids[i] = []*node{b.question(n, e, v, present)}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if n.child(name) == nil {
			b.say(joined(n.place(), orElse(name, "?")), "这份表单里没有这一题，答案没有采用")
		}
	}
}

func (b *builder) node(parent *node, e *entry, index int) *node {
	b.made++
	return &node{entry: e, parent: parent, index: index}
}

func (b *builder) group(parent *node, e *entry, index int, v any) *node {
	n := b.node(parent, e, index)
	given, ok := asAnswers(v)
	if !ok && v != nil {
		b.say(n.place(), "这里是一组题，答案的样子不对")
	}
	b.fill(n, given)
	return n
}

func asAnswers(v any) (Answers, bool) {
	switch x := v.(type) {
	case Answers:
		return x, true
	case map[string]any:
		return x, true
	}
	return nil, false
}

func (b *builder) question(parent *node, e *entry, v any, present bool) *node {
	n := b.node(parent, e, 1)
	text, ok := textOf(v)
	if !ok {
		b.say(n.place(), "这里是一道题，答案的样子不对")
	}
	if e.Kind != Text {
		text = strings.Trim(text, " \t\r\n")
	}
	n.value = text
	if n.fresh = !present; n.fresh && e.begins == nil {
		n.value = e.Default
	}
	if whole := n.value; cut(whole) != whole {
		n.value = cut(whole)
		b.say(n.place(), fmt.Sprintf("超过 %d 个字，多出的没有采用", MaxAnswer))
	}
	return n
}

// instances makes those of a repeat: as many as there are answers; one to begin with where nothing was said and no
// count is given.
func (b *builder) instances(parent *node, e *entry, v any, present bool) {
	list, ok := asList(v)
	place := joined(parent.place(), e.Name)
	if !ok && v != nil {
		b.say(place, "这里是重复的一组题，答案的样子不对")
	}
	if !present && e.counted == nil {
		list = []any{nil}
	}
	if len(list) > MaxInstances || b.made > maxNodes {
		list = list[:min(len(list), MaxInstances)]
		b.say(place, fmt.Sprintf("最多 %d 条，多出的没有采用", MaxInstances))
	}
	if b.made > maxNodes {
		return
	}
	for i, one := range list {
		parent.kids[e.order] = append(parent.kids[e.order], b.group(parent, e, i+1, one))
	}
}

func asList(v any) (list []any, ok bool) {
	switch x := v.(type) {
	case []any:
		return x, true
	case []Answers:
		for _, a := range x {
			list = append(list, a)
		}
		return list, true
	}
	return nil, false
}

// place is where a node stands, for people: household[2]/age.
func (n *node) place() string {
	if n.parent == nil {
		return ""
	}
	name := n.Name
	if n.Kind == Repeat {
		name = fmt.Sprintf("%s[%d]", name, n.index)
	}
	return joined(n.parent.place(), name)
}

func joined(place, name string) string {
	if place == "" {
		return name
	}
	return place + "/" + name
}

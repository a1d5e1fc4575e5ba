package form

import (
	"math"
	"time"

	"fmt"
)

// State is what follows from answers: what is asked for, what is computed, what is wrong. Its JSON is the same whether
// the server or the browser made it.
type State struct {
	Name   string        `json:"name"` // what the copy is called, by the form's instance_name
	Fields []*Field      `json:"fields"`
	Faults []AnswerFault `json:"faults"` // in the order of the form; empty where the copy may be handed in
}

// Field is an item as it stands in a filled-in form. A group has Fields; a repeat has one Field of kind repeat an
// instance, in Instances.
type Field struct {
	Path      string   `json:"path"` // household[2]/age
	Kind      Kind     `json:"kind"`
	Name      string   `json:"name"`
	Label     string   `json:"label"`
	Hint      string   `json:"hint"`
	Value     string   `json:"value"`
	Relevant  bool     `json:"relevant"` // false: not asked for, and left out of what is handed in
	Required  bool     `json:"required"`
	ReadOnly  bool     `json:"read_only"` // computed, or said to be
	Choices   []Choice `json:"choices,omitempty"`
	Fields    []*Field `json:"fields,omitempty"`
	Instances []*Field `json:"instances,omitempty"`
	Fixed     bool     `json:"fixed,omitempty"` // of a repeat: how many there are is computed
}

// AnswerFault is what is wrong with one answer. Path names the question (household[2]/age), Label is its text, Message
// says in Chinese what to do.
type AnswerFault struct {
	Path    string `json:"path"`
	Label   string `json:"label"`
	Message string `json:"message"`
}

// String says the place and the message.
func (f AnswerFault) String() string { return f.Path + "：" + f.Message }

// Fill works out what follows from answers at a time: relevance, computed values, defaults, filtered choices, and what
// is wrong. It changes nothing in answers. A computed value takes the place of an answer.
func (f *Form) Fill(answers Answers, now time.Time) *State {
	b := &builder{form: f}
	top := b.node(nil, f.root, 1)
	b.fill(top, answers)
	for _, s := range f.steps {
		s.run(b, top, now)
	}
	p := &presenter{now: now, faults: b.faults}
	state := &State{Fields: p.fields(top, true)}
	if f.title != nil {
		state.Name = stringOf(f.title.eval(&moment{at: top, now: now}))
	}
	state.Faults = p.faults
	if state.Faults == nil {
		state.Faults = []AnswerFault{}
	}
	return state
}

// run does a step wherever its item stands.
func (s *step) run(b *builder, top *node, now time.Time) {
	outer := nodes{top}
	way := s.of.way()
	for _, e := range way[:len(way)-1] {
		outer = outer.of(e)
	}
	for _, parent := range outer {
		if s.of.Kind == Repeat {
			s.runRepeat(b, parent, now)
			continue
		}
		n := parent.kids[s.of.order][0]
		m := &moment{at: n, now: now}
		switch s.column {
		case "relevant":
			n.irrelevant = !booleanOf(s.does.eval(m))
		case "default":
			if n.fresh {
				n.value = storedOf(s.does.eval(m))
			}
		default:
			n.value = storedOf(s.does.eval(m))
		}
	}
}

// storedOf is a computed value as an answer: what is no number is no answer.
func storedOf(v value) string {
	if f, isNumber := v.(float64); isNumber && math.IsNaN(f) {
		return ""
	}
	return cut(clean(stringOf(v)))
}

func (s *step) runRepeat(b *builder, parent *node, now time.Time) {
	e := s.of
	m := &moment{at: &node{entry: e, parent: parent, index: 1}, now: now}
	v := s.does.eval(m)
	if s.column == "relevant" {
		parent.off[e.order] = !booleanOf(v)
		for _, n := range parent.kids[e.order] {
			n.irrelevant = parent.off[e.order]
		}
		return
	}
	count := math.Trunc(numberOf(v))
	if math.IsNaN(count) || count < 0 {
		count = 0
	}
	if count > MaxInstances {
		b.say(joined(parent.place(), e.Name), fmt.Sprintf("算出要填 %s 条，最多 %d 条", formatNumber(count), MaxInstances))
		count = MaxInstances
	}
	list := parent.kids[e.order]
	for len(list) < int(count) && b.made <= maxNodes {
		list = append(list, b.group(parent, e, len(list)+1, nil))
	}
	parent.kids[e.order] = list[:min(len(list), int(count))]
}

// presenter turns nodes into fields and gathers what is wrong.
type presenter struct {
	now    time.Time
	faults []AnswerFault
}

// fields are those of the items within n; asked says whether n itself is asked for.
func (p *presenter) fields(n *node, asked bool) []*Field {
	list := make([]*Field, 0, len(n.items))
	for i, e := range n.items {
		if e.Kind == Repeat {
			list = append(list, p.repeat(n, e, asked))
			continue
		}
		list = append(list, p.field(n.kids[i][0], asked))
	}
	return list
}

func (p *presenter) repeat(parent *node, e *entry, asked bool) *Field {
	m := &moment{at: &node{entry: e, parent: parent, index: 1}, now: p.now}
	fd := &Field{
		Path: joined(parent.place(), e.Name), Kind: Repeat, Name: e.Name, Label: e.label.render(m), Hint: e.hint.render(m),
		Relevant: asked && !parent.off[e.order], Fixed: e.counted != nil, Instances: []*Field{},
	}
	for _, n := range parent.kids[e.order] {
		fd.Instances = append(fd.Instances, p.field(n, asked))
	}
	return fd
}

func (p *presenter) field(n *node, asked bool) *Field {
	m := &moment{at: n, now: p.now}
	fd := &Field{
		Path: n.place(), Kind: n.Kind, Name: n.Name, Label: n.label.render(m), Hint: n.hint.render(m), Value: n.value,
		Relevant: asked && !n.irrelevant,
		ReadOnly: n.computed != nil || n.Kind == Note || n.readOnlyIf != nil && booleanOf(n.readOnlyIf.eval(m)),
	}
	if n.Holds() {
		fd.Fields = p.fields(n, fd.Relevant)
		return fd
	}
	fd.Required = n.requiredIf != nil && booleanOf(n.requiredIf.eval(m))
	if n.list != nil {
		fd.Choices = n.choices(m)
	}
	if fd.Relevant {
		p.check(n, m, fd)
	}
	return fd
}

// choices are those that the filter lets through, without their further columns.
func (n *node) choices(m *moment) []Choice {
	list := []Choice{}
	for i := range n.list.Choices {
		c := &n.list.Choices[i]
		if n.filter == nil || booleanOf(n.filter.eval(&moment{at: m.at, now: m.now, choice: c})) {
			list = append(list, Choice{Name: c.Name, Label: c.Label})
		}
	}
	return list
}

// Answers are what is handed in: the relevant answers, the computed among them; no notes.
func (s *State) Answers() Answers { return answersOf(s.Fields, false) }

// Draft is everything that was filled in, relevant or not, to go on with later.
func (s *State) Draft() Answers { return answersOf(s.Fields, true) }

func answersOf(fields []*Field, all bool) Answers {
	a := Answers{}
	for _, f := range fields {
		switch {
		case !f.Relevant && !all, f.Kind == Note && f.Value == "":
		case f.Kind == Group:
			a[f.Name] = answersOf(f.Fields, all)
		case f.Kind == Repeat:
			list := []Answers{}
			for _, one := range f.Instances {
				list = append(list, answersOf(one.Fields, all))
			}
			a[f.Name] = list
		default:
			a[f.Name] = f.Value
		}
	}
	return a
}

package form

import (
	"math"
	"time"
)

// moment is what an expression is evaluated against: the node it belongs to, the choice that a filter looks at, the
// time.
type moment struct {
	at     *node
	choice *Choice
	now    time.Time
}

// node is one question, group or instance of a repeat as it is filled in.
type node struct {
	*entry

	parent     *node
	index      int // from 1 among its like
	value      string
	irrelevant bool      // by its own condition; see relevant
	fresh      bool      // nothing was said of it: its default holds
	kids       [][]*node // of each item within, in order: one node, or a repeat's instances
	off        []bool    // of each repeat within, in order: not asked for by its own condition
}

// relevant reports whether the node is asked for: it and everything it stands in.
func (n *node) relevant() bool {
	for ; n != nil; n = n.parent {
		if n.irrelevant {
			return false
		}
	}
	return true
}

func (x number) eval(*moment) value  { return float64(x) }
func (x literal) eval(*moment) value { return string(x) }

func (x *reference) eval(m *moment) value {
	if x.target == nil {
		return ""
	}
	return relevantOf(reach(m.at, x.target, nil))
}

func (x *location) eval(m *moment) value {
	at := m.at
	for range x.up {
		if at == nil {
			return nodes{}
		}
		at = at.parent
	}
	if at == nil {
		return nodes{}
	}
	set := nodes{at}
	for _, name := range x.names {
		set = set.named(name)
	}
	return relevantOf(set)
}

// named are the children of that name.
func (set nodes) named(name string) (all nodes) {
	for _, n := range set {
		for i, item := range n.items {
			if item.Name == name {
				all = append(all, n.kids[i]...)
			}
		}
	}
	return all
}

func (x *column) eval(m *moment) value {
	if m.choice == nil {
		return nodes{}
	}
	return nodes{&node{value: m.choice.column(x.name)}}
}

func (x *call) eval(m *moment) value { return x.does.does(m, x) }

func (x *negation) eval(m *moment) value { return -numberOf(x.of.eval(m)) }

func (x *binary) eval(m *moment) value {
	switch x.op {
	case "and":
		return booleanOf(x.left.eval(m)) && booleanOf(x.right.eval(m))
	case "or":
		return booleanOf(x.left.eval(m)) || booleanOf(x.right.eval(m))
	case "+", "-", "*", "div", "mod":
		return arithmetic(x.op, numberOf(x.left.eval(m)), numberOf(x.right.eval(m)))
	}
	return compare(x.op, x.left.eval(m), x.right.eval(m))
}

// reach finds the nodes of an item as seen from a node: within the repeat instances that both stand in, and all
// instances of the other repeats on the way, or the one that picks names (from 1). So ${name} within a repeat is this
// instance's, and all of them from outside.
func reach(from *node, target *entry, picks map[*entry]int) nodes {
	set := nodes{root(from)}
	shared := true
	for _, step := range target.way() {
		if picked, is := picks[step]; is {
			set, shared = set.picked(step, picked), false
			continue
		}
		if mine := from.within(step); shared && mine != nil && (step.Kind != Repeat || step != target) {
			set = nodes{mine}
			continue
		}
		shared = shared && step.Kind != Repeat
		set = set.of(step)
	}
	return set
}

func root(n *node) *node {
	for n.parent != nil {
		n = n.parent
	}
	return n
}

// within is the node of an item that n is or stands in, nil if there is none.
func (n *node) within(e *entry) *node {
	for ; n != nil; n = n.parent {
		if n.entry == e {
			return n
		}
	}
	return nil
}

func (set nodes) of(e *entry) (all nodes) {
	for _, n := range set {
		all = append(all, n.kids[e.order]...)
	}
	return all
}

func (set nodes) picked(e *entry, index int) (all nodes) {
	for _, n := range set {
		if list := n.kids[e.order]; index >= 1 && index <= len(list) {
			all = append(all, list[index-1])
		}
	}
	return all
}

func relevantOf(set nodes) nodes {
	kept := nodes{}
	for _, n := range set {
		if n.relevant() {
			kept = append(kept, n)
		}
	}
	return kept
}

// indexedRepeat finds a question in the instances that are named by number: indexed-repeat(${q}, ${repeat}, 2).
func indexedRepeat(m *moment, c *call) value {
	question, ok := c.args[0].(*reference)
	if !ok || question.target == nil {
		return nodes{}
	}
	picks := map[*entry]int{}
	for i := 1; i+1 < len(c.args); i += 2 {
		repeat, ok := c.args[i].(*reference)
		if !ok || repeat.target == nil {
			return nodes{}
		}
		f := math.Trunc(c.num(m, i+1))
		if math.IsNaN(f) || f < 1 || f > maxNodes {
			f = 0
		}
		picks[repeat.target] = int(f)
	}
	return relevantOf(reach(m.at, question.target, picks))
}

package form

import (
	"slices"
	"strings"
)

// step is one thing that is computed when a form is filled in: whether an item is asked for, how many instances a
// repeat has, what a calculation or a computed default comes to.
type step struct {
	of     *entry
	column string // relevant, repeat_count, calculation, default
	does   term
	needs  []*step
	mark   int // 1 while its needs are looked at, 2 when it is in order
}

// arrange puts the steps into an order in which each comes after those it needs, and names the circles.
func (c *compiler) arrange() {
	by := map[*entry][]*step{}
	var all []*step
	for _, e := range c.form.all() {
		for _, x := range []struct {
			column string
			does   term
		}{{"repeat_count", e.counted}, {"relevant", e.relevantIf}, {"calculation", e.computed}, {"default", e.begins}} {
			if x.does == nil || x.column == "default" && e.computed != nil {
				continue
			}
			s := &step{of: e, column: x.column, does: x.does}
			by[e] = append(by[e], s)
			all = append(all, s)
		}
	}
	for _, s := range all {
		s.needs = c.needs(s, by)
	}
	for _, s := range all {
		c.place(s, nil)
	}
}

// all are the entries of the form in its order.
func (f *Form) all() (list []*entry) {
	var walk func(e *entry)
	walk = func(e *entry) {
		for _, x := range e.items {
			list = append(list, x)
			walk(x)
		}
	}
	walk(f.root)
	return list
}

// needs are the steps that must come before s: what decides its own instances, and whatever decides the values,
// relevance and instances of what it asks for.
func (c *compiler) needs(s *step, by map[*entry][]*step) (list []*step) {
	listed := map[*step]bool{}
	needs := func(other *step) {
		if !listed[other] {
			listed[other] = true
			list = append(list, other)
		}
	}
	add := func(e *entry, columns ...string) {
		for _, other := range by[e] {
			if slices.Contains(columns, other.column) {
				needs(other)
			}
		}
	}
	for _, outer := range s.of.way()[:len(s.of.way())-1] {
		add(outer, "repeat_count")
	}
	if s.of.Kind == Repeat && s.column == "relevant" {
		add(s.of, "repeat_count")
	}
	b := &binder{form: c.form, at: s.of, column: s.column}
	b.walk(s.does, true)
	for _, used := range b.used {
		if used != s.of && slices.Contains(used.way(), s.of) {
			needs(s) // a group's condition asks what stands in the group
			continue
		}
		if slices.Contains(s.of.way(), used) && used.Holds() {
			continue // position(..) asks for what the step stands in
		}
		for _, outer := range used.way() {
			add(outer, "repeat_count", "relevant")
		}
		add(used, "calculation", "default")
		if used == s.of {
			needs(s) // it asks for itself
		}
	}
	return list
}

func (c *compiler) place(s *step, trail []*step) {
	switch s.mark {
	case 2:
		return
	case 1:
		c.circle(s, trail)
		return
	}
	s.mark = 1
	for _, need := range s.needs {
		c.place(need, append(trail, s))
	}
	s.mark = 2
	c.form.steps = append(c.form.steps, s)
}

func (c *compiler) circle(s *step, trail []*step) {
	trail = trail[slices.Index(trail, s):]
	if len(trail) == 1 {
		c.faultf(s.of, s.column, "“%s”的 %s 用到了它自己，请改用别的题目", s.of.Name, s.column)
		return
	}
	var names []string
	for _, x := range append(trail, s) {
		names = append(names, x.of.Name)
	}
	c.faultf(s.of, s.column, "算来算去绕成了圈：%s，请去掉其中一处", strings.Join(names, " → "))
}

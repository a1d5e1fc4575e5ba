package form

import (
	"maps"
	"slices"
	"strings"
)

// binder finds what the references of one expression mean, and what in it is not allowed there.
type binder struct {
	form   *Form
	at     *entry
	column string
	wrong  []*ExpressionError
	used   []*entry // whose values or instances are asked for
}

func (b *binder) sayf(at int, format string, args ...any) {
	if len(b.wrong) >= maxFaultsInOne {
		return
	}
	b.wrong = append(b.wrong, wrongAt(at, format, args...))
}

// walk goes through a term; asNodes says that it is an argument which takes groups and repeats.
func (b *binder) walk(t term, asNodes bool) {
	switch x := t.(type) {
	case *reference:
		b.reference(x, asNodes)
	case *location:
		b.path(x, asNodes)
	case *column:
		b.columnName(x)
	case *negation:
		b.walk(x.of, false)
	case *binary:
		b.walk(x.left, false)
		b.walk(x.right, false)
		b.truths(x)
	case *call:
		b.call(x)
	}
}

// conditions are the columns whose expression is asked for true or false.
var conditions = []string{"relevant", "required", "constraint", "read_only", "choice_filter"}

// condition refuses a bare answer where true or false is asked for: XPath takes it for true when there is the question,
// ODK Collect when there is an answer, and "false" is an answer too.
func (b *binder) condition(t term) {
	var at int
	var name string
	switch x := t.(type) {
	case *reference:
		at, name = x.at, "${"+x.name+"}"
	case *location:
		at, name = x.at, "."
	default:
		return
	}
	b.sayf(at, "这里要的是真假，请把 %s 写成 %s != ''，或和具体的答案比", name, name)
}

// truths looks at both sides of and, or, and of a comparison with true() or false().
func (b *binder) truths(x *binary) {
	switch x.op {
	case "and", "or":
		b.condition(x.left)
		b.condition(x.right)
	case "=", "!=":
		if isTruth(x.left) {
			b.condition(x.right)
		}
		if isTruth(x.right) {
			b.condition(x.left)
		}
	}
}

func isTruth(t term) bool {
	c, ok := t.(*call)
	return ok && (c.name == "true" || c.name == "false")
}

func (b *binder) reference(x *reference, asNodes bool) {
	found := b.form.names[x.name]
	switch len(found) {
	case 0:
		b.sayf(x.at, "没有叫“%s”的题目%s", x.name, b.form.suggestion(x.name))
		return
	case 1:
		x.target = found[0]
	default:
		x.target = b.closest(found)
	}
	if x.target == nil {
		b.sayf(x.at, "有 %d 道题都叫“%s”，分不清是哪一道；请改成不同的 name", len(found), x.name)
		return
	}
	b.use(x.target, x.at, asNodes)
}

// closest is the one of several of a name that stands in the innermost repeat around the expression.
func (b *binder) closest(found []*entry) *entry {
	for at := b.at; at != nil; at = at.parent {
		if at.Kind != Repeat {
			continue
		}
		var within []*entry
		for _, e := range found {
			if slices.Contains(e.way(), at) {
				within = append(within, e)
			}
		}
		if len(within) == 1 {
			return within[0]
		}
	}
	return nil
}

// suggestion is what a name that is not there is likely to mean.
func (f *Form) suggestion(name string) string {
	if f.suggested++; f.suggested > maxSuggestions {
		return ""
	}
	if other := nearest(name, slices.Collect(maps.Keys(f.names))); other != "" {
		return "，是不是 ${" + other + "}"
	}
	return ""
}

// use notes that an item is asked for, and refuses a group where an answer is wanted.
func (b *binder) use(e *entry, at int, asNodes bool) {
	b.used = append(b.used, e)
	switch {
	case e.parent == nil && !asNodes, e.Holds() && !asNodes:
		b.sayf(at, "“%s”是一组题，不是一道题；只能用在 count() 和 position() 里", e.Name)
	case e.Kind == Note && !asNodes && e.Calculation == "":
		b.sayf(at, "“%s”是一句说明（note），没有答案可用", e.Name)
	}
}

func (b *binder) path(x *location, asNodes bool) {
	if b.column == "choice_filter" && !x.current {
		b.sayf(x.at, "choice_filter 里的 . 和 .. 指的是选项，请写 ${name} 或选项的列名")
		return
	}
	target := b.at
	for range x.up {
		if target = target.parent; target == nil {
			b.sayf(x.at, ".. 写多了，外面没有分组了")
			return
		}
	}
	for _, name := range x.names {
		child := target.child(name)
		if child == nil {
			b.sayf(x.at, "这里没有叫“%s”的题目", name)
			return
		}
		target = child
	}
	x.target = target
	b.use(target, x.at, asNodes)
}

func (b *binder) columnName(x *column) {
	if b.column != "choice_filter" {
		if len(b.form.names[x.name]) > 0 {
			b.sayf(x.at, "要用“%s”的答案，请写成 ${%s}", x.name, x.name)
			return
		}
		b.sayf(x.at, "不认识“%s”：文字请加引号，题目请写 ${name}", x.name)
		return
	}
	if b.at.list == nil || x.name == "name" || x.name == "label" {
		return
	}
	for _, c := range b.at.list.Choices {
		if _, has := c.Columns[x.name]; has {
			return
		}
	}
	b.sayf(x.at, "选项表“%s”没有“%s”这一列，请在 choices 工作表里加上；文字请加引号，题目请写 ${name}", b.at.List, x.name)
}

func (b *binder) call(x *call) {
	switch x.name {
	case "jr:choice-name":
		b.walk(x.args[0], false)
		b.choiceName(x)
		return
	case "regex":
		b.regex(x)
	case "indexed-repeat":
		b.indexedRepeat(x)
	case "selected":
		if _, bare := x.args[1].(number); bare {
			b.sayf(x.at, "selected() 的第 2 个参数是选项的 name，要加引号，如 '2'")
		}
	case "not", "boolean", "if":
		b.condition(x.args[0])
	case "once":
		if b.column != "calculation" && b.column != "default" {
			b.sayf(x.at, "once() 只能用在 calculation 和 default 里")
		}
	}
	for i, arg := range x.args {
		takesNodes := slices.Contains(x.does.nodes, i)
		if takesNodes && !isNodes(arg) {
			b.sayf(x.at, "%s() 的第 %d 个参数要写 ${name}", x.name, i+1)
		}
		b.walk(arg, takesNodes && (x.name == "count" || x.name == "position" || x.name == "indexed-repeat" && i > 0))
	}
}

func isNodes(t term) bool {
	switch t.(type) {
	case *reference, *location:
		return true
	}
	return false
}

func (b *binder) regex(x *call) {
	pattern, fixed := x.args[1].(literal)
	if !fixed {
		return
	}
	if _, fault := compilePattern(string(pattern)); fault != "" {
		b.sayf(x.at, "%s", fault)
	}
}

// choiceName finds the list of the question that the second argument names: jr:choice-name(${q}, '${q}').
func (b *binder) choiceName(x *call) {
	text, _ := x.args[1].(literal)
	name, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "${")
	name, closed := strings.CutSuffix(name, "}")
	found := b.form.names[strings.TrimSpace(name)]
	switch {
	case !ok || !closed:
		b.sayf(x.at, "jr:choice-name() 的第 2 个参数要写成加引号的题目，如 '${district}'")
	case len(found) == 0:
		b.sayf(x.at, "没有叫“%s”的题目", name)
	case !found[0].Chooses():
		b.sayf(x.at, "“%s”不是选择题，没有选项的名称", name)
	default:
		x.list = found[0].list
	}
}

func (b *binder) indexedRepeat(x *call) {
	if len(x.args)%2 == 0 {
		b.sayf(x.at, "indexed-repeat() 要写：题目，然后每个重复组和第几个成对地写")
		return
	}
	for i := 1; i < len(x.args); i += 2 {
		ref, ok := x.args[i].(*reference)
		if !ok {
			b.sayf(x.at, "indexed-repeat() 的第 %d 个参数要写 ${重复组的 name}", i+1)
			continue
		}
		if found := b.form.names[ref.name]; len(found) > 0 && found[0].Kind != Repeat {
			b.sayf(ref.at, "“%s”不是重复组（begin_repeat）", ref.name)
		}
	}
	if _, ok := x.args[0].(*reference); !ok {
		b.sayf(x.at, "indexed-repeat() 的第 1 个参数要写 ${题目的 name}")
	}
}

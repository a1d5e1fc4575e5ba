package form

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Form is a definition that holds: its expressions are read, its references found, its calculations in an order in
// which each comes after what it needs. It may be used by many at once.
type Form struct {
	*Definition

	root  *entry
	names map[string][]*entry
	lists map[string]*List
	steps []*step
	title term // of instance_name

	suggested int // names, while it is compiled
}

// entry is an item in its place.
type entry struct {
	*Item

	parent *entry
	items  []*entry
	order  int // among the items of parent
	list   *List

	relevantIf, requiredIf, holds, computed, begins, readOnlyIf, filter, counted term

	label, hint, requiredText, constraintText template
}

// path is how an item is named to people and in faults: household/age.
func (e *entry) path() string {
	var names []string
	for _, step := range e.way() {
		names = append(names, step.Name)
	}
	return strings.Join(names, "/")
}

// way are the items from the top down to e.
func (e *entry) way() []*entry {
	var way []*entry
	for ; e.parent != nil; e = e.parent {
		way = append(way, e)
	}
	slices.Reverse(way)
	return way
}

func (e *entry) child(name string) *entry {
	for _, c := range e.items {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Of very many faults these are told; the rest is likely to be more of the same.
const (
	maxFaults      = 1_000
	maxFaultsInOne = 20  // expression
	maxSuggestions = 100 // of a name for one that is not there; each looks at all names
)

// compiler turns a definition into a form and gathers what is wrong with it.
type compiler struct {
	form   *Form
	faults []Fault
	count  int
}

// Compile reads the expressions of a definition. With faults there is no form; every fault is found, not the first.
func Compile(d *Definition) (*Form, []Fault) {
	c := &compiler{form: &Form{Definition: d, names: map[string][]*entry{}, lists: map[string]*List{}}}
	c.readLists()
	c.form.root = &entry{Item: &Item{Kind: Group, Items: d.Items}}
	c.enter(c.form.root, 0)
	if c.count > MaxItems {
		c.faults = append(c.faults, Fault{Message: fmt.Sprintf("题目超过 %d 个，请拆成几个表单", MaxItems)})
		return nil, c.faults
	}
	if c.count == 0 && len(c.faults) == 0 {
		c.faults = append(c.faults, Fault{Message: "表单里没有题目，请在 survey 工作表里写"})
	}
	c.bindAll(c.form.root)
	c.bindTitle()
	if len(c.faults) == 0 {
		c.arrange()
	}
	if len(c.faults) > 0 {
		return nil, c.faults
	}
	return c.form, nil
}

func (c *compiler) faultf(e *entry, column, format string, args ...any) {
	if len(c.faults) >= maxFaults {
		return
	}
	c.faults = append(c.faults, Fault{Item: e.path(), Column: column, item: e.Item, Message: fmt.Sprintf(format, args...)})
}

func (c *compiler) readLists() {
	total := 0
	for _, l := range c.form.Lists {
		if _, twice := c.form.lists[l.Name]; twice || l.Name == "" {
			c.faults = append(c.faults, Fault{list: l, choice: -1, Column: "list_name", Message: fmt.Sprintf("选项表“%s”重复或没有名字", l.Name)})
		} else if !validID(l.Name) {
			c.faults = append(c.faults, Fault{list: l, Column: "list_name", Message: fmt.Sprintf("选项表的名字“%s”只能有字母、汉字、数字和 - _ .，最多 %d 个字", l.Name, maxNameLength)})
		}
		c.form.lists[l.Name] = l
		total += len(l.Choices)
		c.readChoices(l)
	}
	if total > MaxChoices {
		c.faults = append(c.faults, Fault{Message: fmt.Sprintf("选项超过 %d 个，请减少", MaxChoices)})
	}
}

func (c *compiler) readChoices(l *List) {
	seen := map[string]bool{}
	for i, x := range l.Choices {
		say := func(column, format string, args ...any) {
			c.faults = append(c.faults, Fault{list: l, choice: i, Item: l.Name, Column: column, Message: fmt.Sprintf(format, args...)})
		}
		switch {
		case x.Name == "":
			say("name", "选项没有写 name，请补上")
		case seen[x.Name] && !c.form.DuplicateChoices:
			say("name", "选项表“%s”里已经有“%s”，请改一个 name；要用 choice_filter 分开同名的，在 settings 里写 allow_choice_duplicates 为 yes", l.Name, x.Name)
		case utf8.RuneCountInString(x.Name) > maxNameLength:
			say("name", "选项的 name 超过 %d 个字，请改短；要给人看的写在 label 里", maxNameLength)
		}
		seen[x.Name] = true
		switch {
		case x.Label == "":
			say("label", "选项“%s”没有写 label，请写给填表人看的字", x.Name)
		case utf8.RuneCountInString(x.Label) > maxChoiceLabel:
			say("label", "选项的 label 超过 %d 个字，请改短", maxChoiceLabel)
		}
	}
}

// enter makes entries of the items within e.
func (c *compiler) enter(e *entry, depth int) {
	if depth > MaxDepth {
		c.faultf(e, "type", "分组套得太深（超过 %d 层），请减少层数", MaxDepth)
		return
	}
	for i, item := range e.Items {
		if c.count++; c.count > MaxItems {
			return
		}
		child := &entry{Item: item, parent: e, order: i}
		c.checkName(e, child)
		e.items = append(e.items, child)
		c.form.names[item.Name] = append(c.form.names[item.Name], child)
		c.checkItem(child)
		c.enter(child, depth+1)
	}
}

func (c *compiler) checkName(e, child *entry) {
	switch name := child.Name; {
	case name == "":
		c.faultf(child, "name", "没有写 name，请补上（字母、汉字或下划线开头）")
	case !ValidName(name):
		c.faultf(child, "name", "name“%s”不合规则：字母、汉字或下划线开头，后面只能有字母、汉字、数字、- _ .，最多 %d 个字", name, maxNameLength)
	case strings.EqualFold(name, "meta"), name == "__proto__": // ODK's own, and JavaScript's
		c.faultf(child, "name", "name 不能用 %s，请改一个", name)
	case e.child(name) != nil:
		c.faultf(child, "name", "这里已经有一个“%s”，请改一个 name", name)
	}
}

func (c *compiler) checkItem(e *entry) {
	c.checkTexts(e)
	switch {
	case e.Chooses():
		c.checkList(e)
	case e.Kind == Calculate && e.Calculation == "" && e.Default == "":
		c.faultf(e, "calculation", "calculate 没有写 calculation，请写要算什么")
	case e.Holds() && len(e.Items) == 0:
		c.faultf(e, "type", "“%s”里面一道题也没有，请加题或删去", e.Name)
	case e.Kind == Note && e.Required != "" && !slices.Contains(no, strings.ToLower(e.Required)):
		c.faultf(e, "required", "note 只是一句说明，不能填，也就不能必填；请删去")
	}
	if e.ChoiceFilter != "" && !e.Chooses() {
		c.faultf(e, "choice_filter", "只有 select_one 和 select_multiple 才有选项可筛，请删去")
	}
	if e.RepeatCount != "" && e.Kind != Repeat {
		c.faultf(e, "repeat_count", "只有 begin_repeat 才能写 repeat_count，请删去")
	}
	if e.Label == "" && e.Hint == "" && e.Kind != Calculate && !e.Holds() {
		c.faultf(e, "label", "没有写 label，请写给填表人看的问题")
	}
	if strings.Contains(e.Appearance, "search(") {
		c.faultf(e, "appearance", "暂不支持 search()，请把选项写进 choices，用 choice_filter 筛")
	}
	if e.Constraint == "" && e.ConstraintMessage != "" {
		c.faultf(e, "constraint_message", "写了 constraint_message，却没有写 constraint，请补上条件或删去这句话")
	}
}

func (c *compiler) checkTexts(e *entry) {
	for _, x := range []struct{ column, text string }{
		{"label", e.Label}, {"hint", e.Hint}, {"required_message", e.RequiredMessage},
		{"constraint_message", e.ConstraintMessage}, {"default", e.Default}, {"appearance", e.Appearance},
	} {
		if n := utf8.RuneCountInString(x.text); n > MaxText {
			c.faultf(e, x.column, "有 %d 个字，最多 %d 个", n, MaxText)
		}
	}
}

func (c *compiler) checkList(e *entry) {
	e.list = c.form.lists[e.List]
	if e.list == nil {
		near := ""
		if other := nearest(e.List, listNames(c.form.Lists)); other != "" {
			near = "，是不是“" + other + "”"
		}
		c.faultf(e, "type", "choices 工作表里没有选项表“%s”%s", e.List, near)
		return
	}
	if e.Kind != SelectMultiple {
		return
	}
	for _, x := range e.list.Choices {
		if strings.ContainsFunc(x.Name, space) {
			c.faultf(e, "type", "多选题的选项 name 不能有空格：选项表“%s”里的“%s”", e.List, x.Name)
			return
		}
	}
}

func listNames(lists []*List) (names []string) {
	for _, l := range lists {
		names = append(names, l.Name)
	}
	return names
}

// yes and no are how XLSForm lets a condition be written without an expression.
var (
	yes = []string{"yes", "true", "true()", "1"}
	no  = []string{"no", "false", "false()", "0"}
)

// bindAll reads the expressions and texts of the items within e.
func (c *compiler) bindAll(e *entry) {
	for _, x := range e.items {
		x.relevantIf = c.bind(x, "relevant", x.Relevant)
		x.requiredIf = c.bind(x, "required", x.Required)
		x.readOnlyIf = c.bind(x, "read_only", x.ReadOnly)
		x.holds = c.bind(x, "constraint", x.Constraint)
		x.computed = c.bind(x, "calculation", x.Calculation)
		x.counted = c.bind(x, "repeat_count", x.RepeatCount)
		x.filter = c.bind(x, "choice_filter", x.ChoiceFilter)
		x.begins = c.bindDefault(x)
		x.label = c.template(x, "label", x.Label)
		x.hint = c.template(x, "hint", x.Hint)
		x.requiredText = c.template(x, "required_message", x.RequiredMessage)
		x.constraintText = c.template(x, "constraint_message", x.ConstraintMessage)
		c.bindAll(x)
	}
}

// bind reads one expression of an item; nil where there is none, or none that always holds.
func (c *compiler) bind(e *entry, column, text string) term {
	if column == "required" || column == "read_only" {
		switch word := strings.ToLower(strings.TrimSpace(text)); {
		case slices.Contains(yes, word):
			return literal("yes")
		case slices.Contains(no, word):
			return nil
		}
	}
	if text == "" {
		return nil
	}
	t, err := parse(text)
	if err != nil {
		c.faultf(e, column, "第 %d 个字：%s%s", err.At, err.Message, adviceFor(column))
		return nil
	}
	b := &binder{form: c.form, at: e, column: column}
	b.walk(t, false)
	if slices.Contains(conditions, column) {
		b.condition(t)
	}
	for _, err := range b.wrong {
		c.faultf(e, column, "第 %d 个字：%s", err.At, err.Message)
	}
	return t
}

func adviceFor(column string) string {
	if column == "required" || column == "read_only" {
		return "（要么写 yes 或 no，要么写表达式）"
	}
	return ""
}

// bindDefault reads a default that is an expression: one that calls a function or asks for an answer.
func (c *compiler) bindDefault(e *entry) term {
	if e.Default == "" {
		return nil
	}
	if e.Kind == Note || e.Holds() {
		c.faultf(e, "default", "这里填不进答案，不能有默认值，请删去")
		return nil
	}
	if t, err := parse(e.Default); err == nil && asks(t) || strings.Contains(e.Default, "${") {
		return c.bind(e, "default", e.Default)
	}
	if message := e.wrong(e.Default); message != "" {
		c.faultf(e, "default", "默认值%s", message)
	} else if e.Chooses() && e.list != nil {
		c.checkDefaultChoice(e)
	}
	return nil
}

func (c *compiler) checkDefaultChoice(e *entry) {
	for _, name := range e.chosen(e.Default) {
		if !slices.ContainsFunc(e.list.Choices, func(x Choice) bool { return x.Name == name }) {
			c.faultf(e, "default", "默认值“%s”不在选项表“%s”里，请写选项的 name", name, e.List)
		}
	}
}

// asks reports whether an expression calls a function or asks for an answer.
func asks(t term) bool {
	switch x := t.(type) {
	case *reference, *call:
		return true
	case *negation:
		return asks(x.of)
	case *binary:
		return asks(x.left) || asks(x.right)
	}
	return false
}

func (c *compiler) bindTitle() {
	if c.form.InstanceName == "" {
		return
	}
	say := func(err *ExpressionError) {
		c.faults = append(c.faults, Fault{Column: "instance_name", Message: err.Error()})
	}
	t, err := parse(c.form.InstanceName)
	if err != nil {
		say(err)
		return
	}
	b := &binder{form: c.form, at: c.form.root, column: "instance_name"}
	b.walk(t, false)
	for _, err := range b.wrong {
		say(err)
	}
	c.form.title = t
}

// piece is part of a text: words, or the answer that stands in for ${name}.
type piece struct {
	text string
	ref  *reference
}

// template is a text with answers in it.
type template []piece

// template reads a text in which ${name} stands for an answer.
func (c *compiler) template(e *entry, column, text string) (t template) {
	for text != "" {
		before, rest, found := strings.Cut(text, "${")
		if before != "" {
			t = append(t, piece{text: before})
		}
		if !found {
			return t
		}
		name, after, closed := strings.Cut(rest, "}")
		name = strings.TrimSpace(name)
		if !closed || !ValidName(name) {
			c.faultf(e, column, "${ 后面要写题目的 name 并用 } 收住，如 ${age}")
			return t
		}
		ref := &reference{name: name}
		b := &binder{form: c.form, at: e, column: column}
		b.walk(ref, false)
		for _, err := range b.wrong {
			c.faultf(e, column, "%s", err.Message)
		}
		t = append(t, piece{ref: ref})
		text = after
	}
	return t
}

func (t template) render(m *moment) string {
	if len(t) == 1 && t[0].ref == nil {
		return t[0].text
	}
	var b strings.Builder
	for _, p := range t {
		if p.ref == nil {
			b.WriteString(p.text)
			continue
		}
		b.WriteString(stringOf(p.ref.eval(m)))
	}
	return cut(b.String())
}

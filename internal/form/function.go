package form

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// function is one function an expression may call. Nodes are the arguments, counted from 0, that must be questions or
// repeats and not computed; every is so for all from there on.
type function struct {
	min, max int
	nodes    []int
	does     func(m *moment, c *call) value
}

const many = 20

func (f function) wants() string {
	switch {
	case f.max == 0:
		return "空着的括号"
	case f.min == f.max:
		return fmt.Sprintf("%d 个参数", f.min)
	case f.max == many:
		return fmt.Sprintf("%d 到 %d 个参数", f.min, many)
	}
	return fmt.Sprintf("%d 或 %d 个参数", f.min, f.max)
}

// functions are those of the XForms specification of ODK that a form here may use
// (https://getodk.github.io/xforms-spec/#xpath-functions).
var functions map[string]function

func init() { //nolint:gochecknoinits // the table and the parser need each other
	functions = map[string]function{
		// choosing
		"if":       {min: 3, max: 3, does: choose},
		"coalesce": {min: 2, max: 2, does: coalesce},
		"once":     {min: 1, max: 1, does: once},
		// booleans
		"true":                {does: func(*moment, *call) value { return true }},
		"false":               {does: func(*moment, *call) value { return false }},
		"not":                 {min: 1, max: 1, does: func(m *moment, c *call) value { return !c.boolean(m, 0) }},
		"boolean":             {min: 1, max: 1, does: func(m *moment, c *call) value { return c.boolean(m, 0) }},
		"boolean-from-string": {min: 1, max: 1, does: func(m *moment, c *call) value { s := c.str(m, 0); return s == "true" || s == "1" }},
		// answers of selects
		"selected":       {min: 2, max: 2, does: selected},
		"selected-at":    {min: 2, max: 2, does: selectedAt},
		"count-selected": {min: 1, max: 1, does: func(m *moment, c *call) value { return float64(len(words(c.str(m, 0)))) }},
		"jr:choice-name": {min: 2, max: 2, does: choiceName},
		// many nodes
		"count":           {min: 1, max: 1, nodes: []int{0}, does: func(m *moment, c *call) value { return float64(len(c.nodes(m))) }},
		"count-non-empty": {min: 1, max: 1, nodes: []int{0}, does: countNonEmpty},
		"sum":             {min: 1, max: 1, nodes: []int{0}, does: sum},
		"min":             {min: 1, max: many, does: func(m *moment, c *call) value { return c.extreme(m, math.Min) }},
		"max":             {min: 1, max: many, does: func(m *moment, c *call) value { return c.extreme(m, math.Max) }},
		"join":            {min: 1, max: many, does: func(m *moment, c *call) value { return cut(strings.Join(c.strings(m, 1), c.str(m, 0))) }},
		"concat":          {min: 1, max: many, does: func(m *moment, c *call) value { return cut(strings.Join(c.strings(m, 0), "")) }},
		"position":        {min: 1, max: 1, nodes: []int{0}, does: position},
		"indexed-repeat":  {min: 3, max: 7, nodes: []int{0, 1, 3, 5}, does: indexedRepeat},
		// numbers
		"number":  {min: 1, max: 1, does: func(m *moment, c *call) value { return c.num(m, 0) }},
		"int":     {min: 1, max: 1, does: func(m *moment, c *call) value { return math.Trunc(c.num(m, 0)) }},
		"round":   {min: 1, max: 2, does: rounded},
		"floor":   {min: 1, max: 1, does: func(m *moment, c *call) value { return math.Floor(c.num(m, 0)) }},
		"ceiling": {min: 1, max: 1, does: func(m *moment, c *call) value { return math.Ceil(c.num(m, 0)) }},
		"abs":     {min: 1, max: 1, does: func(m *moment, c *call) value { return math.Abs(c.num(m, 0)) }},
		"pow":     {min: 2, max: 2, does: func(m *moment, c *call) value { return power(c.num(m, 0), c.num(m, 1)) }},
		// texts
		"string":           {min: 1, max: 1, does: func(m *moment, c *call) value { return c.str(m, 0) }},
		"string-length":    {min: 1, max: 1, does: func(m *moment, c *call) value { return float64(len([]rune(c.str(m, 0)))) }},
		"substr":           {min: 2, max: 3, does: substr},
		"substring-before": {min: 2, max: 2, does: substringBefore},
		"substring-after":  {min: 2, max: 2, does: substringAfter},
		"contains":         {min: 2, max: 2, does: func(m *moment, c *call) value { return strings.Contains(c.str(m, 0), c.str(m, 1)) }},
		"starts-with":      {min: 2, max: 2, does: func(m *moment, c *call) value { return strings.HasPrefix(c.str(m, 0), c.str(m, 1)) }},
		"ends-with":        {min: 2, max: 2, does: func(m *moment, c *call) value { return strings.HasSuffix(c.str(m, 0), c.str(m, 1)) }},
		"normalize-space":  {min: 1, max: 1, does: func(m *moment, c *call) value { return strings.Join(words(c.str(m, 0)), " ") }},
		"translate":        {min: 3, max: 3, does: translate},
		"regex":            {min: 2, max: 2, does: func(m *moment, c *call) value { return matches(c.str(m, 0), c.str(m, 1)) }},
		// days and times
		"today":             {does: func(m *moment, _ *call) value { return civilAt(m.now).dateText() }},
		"now":               {does: func(m *moment, _ *call) value { return nowText(m.now) }},
		"date":              {min: 1, max: 1, does: dateFrom},
		"format-date":       {min: 2, max: 2, does: formatDate},
		"format-date-time":  {min: 2, max: 2, does: formatDate},
		"decimal-date-time": {min: 1, max: 1, does: decimalDateTime},
	}
}

// refused are functions of ODK that a form here may not use, with what to do.
var refused = map[string]string{
	"uuid":      "不支持 uuid()：每份答卷自带编号，不用再算",
	"random":    "不支持 random()：服务器和浏览器要算出同样的结果",
	"pulldata":  "不支持 pulldata()：把数据写进 choices 工作表，用 choice_filter 或 jr:choice-name",
	"instance":  "不支持 instance()：选项请用 choice_filter 筛",
	"randomize": "不支持 randomize()：选项按表里的次序显示",
	"last":      "不支持 last()：用 count(${重复组的 name})",
	"substring": "不支持 substring()：用 substr(文字, 从 0 数的起点, 终点)",
	"sqrt":      "不支持 sqrt()：用 pow(数, 0.5)",
}

func unknownFunction(name string) string {
	if why := refused[name]; why != "" {
		return why
	}
	if near := nearest(name, functionNames()); near != "" {
		return fmt.Sprintf("不认识函数 %s()，是不是 %s()", name, near)
	}
	return fmt.Sprintf("不支持函数 %s()", name)
}

func functionNames() (names []string) {
	for name := range functions {
		names = append(names, name)
	}
	return names
}

// str, num and boolean are an argument as a text, a number, true or false.
func (c *call) str(m *moment, i int) string   { return stringOf(c.args[i].eval(m)) }
func (c *call) num(m *moment, i int) float64  { return numberOf(c.args[i].eval(m)) }
func (c *call) boolean(m *moment, i int) bool { return booleanOf(c.args[i].eval(m)) }
func (c *call) nodes(m *moment) nodes         { set, _ := c.args[0].eval(m).(nodes); return set }
func words(s string) []string                 { return strings.FieldsFunc(s, white) }
func white(r rune) bool                       { return r == ' ' || r == '\t' || r == '\n' || r == '\r' }
func spaced(s string) []string                { return strings.Split(s, " ") }
func (c *call) strings(m *moment, from int) (all []string) {
	for _, a := range c.args[from:] {
		v := a.eval(m)
		set, isSet := v.(nodes)
		if !isSet {
			all = append(all, stringOf(v))
			continue
		}
		for _, n := range set {
			all = append(all, n.value)
		}
	}
	return all
}

// numbers are the arguments as numbers, of a node-set each node's.
func (c *call) numbers(m *moment) (all []float64) {
	for _, a := range c.args {
		v := a.eval(m)
		set, isSet := v.(nodes)
		if !isSet {
			all = append(all, numberOf(v))
			continue
		}
		for _, n := range set {
			all = append(all, numberIn(n.value))
		}
	}
	return all
}

// extreme is min() or max(): NaN where there is nothing, or something that is no number.
func (c *call) extreme(m *moment, of func(a, b float64) float64) value {
	all := c.numbers(m)
	if len(all) == 0 {
		return math.NaN()
	}
	best := all[0]
	for _, f := range all[1:] {
		if math.IsNaN(f) || math.IsNaN(best) {
			return math.NaN()
		}
		best = of(best, f)
	}
	return best
}

// choose evaluates only the branch that is taken.
func choose(m *moment, c *call) value {
	if c.boolean(m, 0) {
		return c.args[1].eval(m)
	}
	return c.args[2].eval(m)
}

func coalesce(m *moment, c *call) value {
	if s := c.str(m, 0); s != "" {
		return s
	}
	return c.str(m, 1)
}

// once keeps what the question has, and computes only while it has nothing.
func once(m *moment, c *call) value {
	if m.at != nil && m.at.value != "" {
		return m.at.value
	}
	return c.str(m, 0)
}

func selected(m *moment, c *call) value {
	want := strings.Trim(c.str(m, 1), " \t\r\n")
	return slices.Contains(spaced(c.str(m, 0)), want)
}

func selectedAt(m *moment, c *call) value {
	list := spaced(c.str(m, 0))
	i := math.Trunc(c.num(m, 1))
	if math.IsNaN(i) || i < 0 || i >= float64(len(list)) {
		return ""
	}
	return list[int(i)]
}

func choiceName(m *moment, c *call) value {
	if c.list == nil {
		return ""
	}
	want := c.str(m, 0)
	for _, choice := range c.list.Choices {
		if choice.Name == want {
			return choice.Label
		}
	}
	return ""
}

func countNonEmpty(m *moment, c *call) value {
	n := 0.0
	for _, x := range c.nodes(m) {
		if x.value != "" {
			n++
		}
	}
	return n
}

func sum(m *moment, c *call) value {
	total := 0.0
	for _, x := range c.nodes(m) {
		total += numberIn(x.value)
	}
	return total
}

func position(m *moment, c *call) value {
	set := c.nodes(m)
	if len(set) == 0 {
		return math.NaN()
	}
	return float64(set[0].index)
}

func rounded(m *moment, c *call) value {
	digits := 0.0
	if len(c.args) == 2 {
		digits = c.num(m, 1)
	}
	return round(c.num(m, 0), digits)
}

// substr counts characters from 0; a negative place counts from the end.
func substr(m *moment, c *call) value {
	text := []rune(c.str(m, 0))
	from := placeIn(c.num(m, 1), len(text))
	to := len(text)
	if len(c.args) == 3 {
		to = placeIn(c.num(m, 2), len(text))
	}
	if from >= to {
		return ""
	}
	return string(text[from:to])
}

func placeIn(f float64, n int) int {
	switch {
	case math.IsNaN(f):
		return 0
	case f < 0:
		f = math.Max(0, math.Trunc(f)+float64(n))
	}
	return int(math.Min(math.Trunc(f), float64(n)))
}

func substringBefore(m *moment, c *call) value {
	before, _, found := strings.Cut(c.str(m, 0), c.str(m, 1))
	if !found {
		return ""
	}
	return before
}

func substringAfter(m *moment, c *call) value {
	_, after, _ := strings.Cut(c.str(m, 0), c.str(m, 1))
	return after
}

func translate(m *moment, c *call) value {
	from, to := []rune(c.str(m, 1)), []rune(c.str(m, 2))
	becomes := map[rune]rune{}
	for i, r := range from {
		if _, known := becomes[r]; known {
			continue
		}
		becomes[r] = -1
		if i < len(to) {
			becomes[r] = to[i]
		}
	}
	return strings.Map(func(r rune) rune {
		if other, known := becomes[r]; known {
			return other
		}
		return r
	}, c.str(m, 0))
}

func dateFrom(m *moment, c *call) value {
	if day, ok := momentOf(c.args[0].eval(m)); ok {
		return day.dateText()
	}
	return ""
}

func formatDate(m *moment, c *call) value {
	if day, ok := momentOf(c.args[0].eval(m)); ok {
		return formatMoment(day, c.str(m, 1))
	}
	return ""
}

func decimalDateTime(m *moment, c *call) value {
	v := c.args[0].eval(m)
	if f, isNumber := v.(float64); isNumber {
		return f
	}
	day, ok := readMoment(strings.Trim(stringOf(v), " \t\r\n"))
	if !ok {
		return math.NaN()
	}
	return day.utcDays()
}

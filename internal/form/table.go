package form

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// Record is one handed-in copy on its way out. Key is what rows of repeats point to: a number or the instanceID.
type Record struct {
	Key     string
	Extra   []string // the values of ExportOptions.Extra
	Answers Answers
}

// Records are copies one after another. They may be gone through more than once.
type Records = iter.Seq2[Record, error]

// ExportOptions say how answers are written out.
type ExportOptions struct {
	Labels bool     // the labels of questions and choices; else their names
	Extra  []string // heads of further columns before the answers: who, when
}

// table is one sheet of an export: the copies, or the instances of one repeat.
type table struct {
	name    string
	of      *entry // the root, or a repeat
	columns []exportColumn
}

// exportColumn is a question, or one choice of a select_multiple, which is 0 or 1.
type exportColumn struct {
	head   string
	of     *entry
	choice *Choice
}

// The heads of the columns that say which row belongs to which.
var keyHeads = map[bool][]string{true: {"编号", "序号", "上级序号"}, false: {"_key", "_index", "_parent_index"}}

// tables are the sheets of an export: the copies first, then each repeat in the order of the form.
func (f *Form) tables(o ExportOptions) []table {
	first := table{name: "submissions", of: f.root}
	if o.Labels {
		first.name = "答卷"
	}
	all := []table{first}
	for _, e := range f.all() {
		if e.Kind == Repeat {
			name := e.Name
			if o.Labels {
				name = orElse(e.Label, e.Name)
			}
			all = append(all, table{name: name, of: e})
		}
	}
	taken := map[string]bool{}
	for i := range all {
		all[i].name = freeName(all[i].name, taken)
		all[i].columns = columnsOf(all[i].of, o, "")
	}
	return all
}

const maxSheetName = 31

// freeName makes a name that a worksheet and a file may have, and that none has yet.
func freeName(name string, taken map[string]bool) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\'"<>|`, r) || r < ' ' {
			return '_'
		}
		return r
	}, name)
	base := []rune(name)
	for n := 1; ; n++ {
		tail := ""
		if n > 1 {
			tail = strconv.Itoa(n)
		}
		free := string(base[:min(len(base), maxSheetName-len(tail))]) + tail
		if key := strings.ToLower(free); !taken[key] {
			taken[key] = true
			return free
		}
	}
}

// columnsOf are the columns of the questions within e, but not of repeats within it.
func columnsOf(e *entry, o ExportOptions, before string) (list []exportColumn) {
	for _, x := range e.items {
		head := before + x.head(o)
		switch {
		case x.Kind == Repeat, x.Kind == Note && x.computed == nil:
		case x.Kind == Group:
			list = append(list, columnsOf(x, o, head+"/")...)
		default:
			list = append(list, exportColumn{head: head, of: x})
			if x.Kind == SelectMultiple {
				list = append(list, splitColumns(x, o, head)...)
			}
		}
	}
	return list
}

func splitColumns(e *entry, o ExportOptions, head string) (list []exportColumn) {
	seen := map[string]bool{}
	for i := range e.list.Choices {
		c := &e.list.Choices[i]
		if seen[c.Name] {
			continue
		}
		seen[c.Name] = true
		name := c.Name
		if o.Labels {
			name = c.Label
		}
		list = append(list, exportColumn{head: head + "/" + name, of: e, choice: c})
	}
	return list
}

func (e *entry) head(o ExportOptions) string {
	if o.Labels {
		return orElse(strings.ReplaceAll(e.Label, "\n", " "), e.Name)
	}
	return e.Name
}

// heads are the first row of a table.
func (t table) heads(o ExportOptions) []any {
	keys := keyHeads[o.Labels]
	if t.of.parent == nil {
		keys = keys[:1]
	}
	row := make([]any, 0, len(keys)+len(o.Extra)+len(t.columns))
	for _, k := range keys {
		row = append(row, k)
	}
	if t.of.parent == nil {
		for _, x := range o.Extra {
			row = append(row, x)
		}
	}
	for _, c := range t.columns {
		row = append(row, c.head)
	}
	return row
}

// rows hands out the rows that a copy has in a table; a cell is a string, a float64, or nil for nothing.
func (t table) rows(r Record, o ExportOptions, add func(row []any) error) error {
	var way []*entry
	for _, e := range t.of.way() {
		if e.Kind == Repeat {
			way = append(way, e)
		}
	}
	return t.descend(r, o, way, r.Answers, nil, add)
}

// descend goes down the repeats on the way to the table's; indexes are those of the instances it is in.
func (t table) descend(r Record, o ExportOptions, way []*entry, at Answers, indexes []string, add func([]any) error) error {
	if len(way) == 0 {
		return add(t.row(r, o, at, indexes))
	}
	for i, one := range way[0].instancesIn(at) {
		inner := slices.Concat(indexes, []string{strconv.Itoa(i + 1)})
		if err := t.descend(r, o, way[1:], one, inner, add); err != nil {
			return err
		}
	}
	return nil
}

// instancesIn finds the instances of a repeat within the answers of the repeat around it.
func (e *entry) instancesIn(at Answers) (list []Answers) {
	for _, group := range e.groupsAround() {
		at, _ = asAnswers(at[group])
	}
	found, _ := asList(at[e.Name])
	for _, one := range found {
		a, _ := asAnswers(one)
		list = append(list, a)
	}
	return list
}

// groupsAround are the names of the groups between an item and the repeat it stands in.
func (e *entry) groupsAround() (names []string) {
	for at := e.parent; at != nil && at.parent != nil && at.Kind == Group; at = at.parent {
		names = append([]string{at.Name}, names...)
	}
	return names
}

func (t table) row(r Record, o ExportOptions, at Answers, indexes []string) []any {
	row := []any{r.Key}
	if n := len(indexes); n > 0 {
		row = append(row, strings.Join(indexes, "."), strings.Join(indexes[:n-1], "."))
	} else {
		for i := range o.Extra {
			cell := ""
			if i < len(r.Extra) {
				cell = r.Extra[i]
			}
			row = append(row, cell)
		}
	}
	for _, c := range t.columns {
		row = append(row, c.cell(at, o))
	}
	return row
}

func (c exportColumn) cell(at Answers, o ExportOptions) any {
	for _, group := range c.of.groupsAround() {
		at, _ = asAnswers(at[group])
	}
	answer, _ := textOf(at[c.of.Name])
	switch {
	case answer == "":
		return nil
	case c.choice != nil:
		if slices.Contains(words(answer), c.choice.Name) {
			return 1.0
		}
		return 0.0
	case o.Labels && c.of.list != nil:
		return c.of.labels(answer)
	case c.of.Kind == Integer || c.of.Kind == Decimal || c.of.Kind == Calculate && countable(answer):
		if c.of.Kind == Calculate || c.of.wrong(answer) == "" {
			return numberIn(answer)
		}
	}
	return answer
}

// countable reports whether a computed text is a number that loses nothing as one: 12.5, but not 007.
func countable(s string) bool { return plainNumber(s) && formatNumber(numberIn(s)) == s }

// labels are the labels of the choices an answer takes; a name that is no choice stands as it is.
func (e *entry) labels(answer string) string {
	var list []string
	for _, name := range e.chosen(answer) {
		label := name
		for _, c := range e.list.Choices {
			if c.Name == name {
				label = c.Label
				break
			}
		}
		list = append(list, label)
	}
	return strings.Join(list, "、")
}

// textCell is a cell as CSV has it.
func textCell(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case float64:
		return formatNumber(x)
	}
	return fmt.Sprint(v)
}

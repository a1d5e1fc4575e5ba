// Package form is the engine of forms: what a form asks (Definition), how one is read from a workbook (ReadXLSForm),
// what follows from answers (Fill), and how forms and answers are exchanged with others (XForm, ReadInstance, exports).
// It keeps nothing: no tables, no network. Its twin in the browser is internal/web/assets/src/form; both are tested over
// the same cases.
package form

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"pinzhi/internal/kernel"
)

// Kind is what an Item is: a type of question as XLSForm spells it, or a group or repeat of items.
type Kind string

// The kinds (xlsform.org, "Question types").
const (
	Text           Kind = "text"
	Integer        Kind = "integer"
	Decimal        Kind = "decimal"
	Day            Kind = "date"
	SelectOne      Kind = "select_one"
	SelectMultiple Kind = "select_multiple"
	Note           Kind = "note"
	Image          Kind = "image"
	Geopoint       Kind = "geopoint"
	Calculate      Kind = "calculate"
	Group          Kind = "group"
	Repeat         Kind = "repeat"
)

var kinds = []Kind{Text, Integer, Decimal, Day, SelectOne, SelectMultiple, Note, Image, Geopoint, Calculate, Group, Repeat}

// What a definition may have.
const (
	MaxItems       = 2_000
	MaxChoices     = 20_000
	MaxDepth       = 8     // groups and repeats within one another
	MaxText        = 5_000 // characters of a label, a hint, a message, a default
	MaxExpression  = 5_000 // characters
	MaxInstances   = 500   // of one repeat, in one place
	MaxAnswer      = 20_000
	maxNodes       = 50_000 // of one filled-in form
	maxDefinition  = 8 << 20
	maxNameLength  = 64
	maxChoiceLabel = 500
)

// Definition is one version of a form, in one language. Its JSON is what the database keeps and the browser gets.
// ID and Title are empty where the workbook has no settings; the caller gives them then.
type Definition struct {
	ID       string `json:"id"`
	Version  string `json:"version"`
	Title    string `json:"title"`
	Language string `json:"language,omitempty"` // as the workbook names it: "中文 (zh)"; "" where it names none
	// InstanceName is an expression: what one filled-in copy is called in lists.
	InstanceName string `json:"instance_name,omitempty"`
	// DuplicateChoices lets a list have a name more than once, for filters to tell apart (allow_choice_duplicates).
	DuplicateChoices bool    `json:"allow_choice_duplicates,omitempty"`
	Items            []*Item `json:"items"`
	Lists            []*List `json:"lists,omitempty"`
}

// Item is a question, a group or a repeat. Required, Relevant, Constraint, Calculation, ReadOnly, ChoiceFilter and
// RepeatCount are expressions, "" where there is none. Label, Hint and the messages are texts in which ${name} stands
// for an answer.
type Item struct {
	Kind              Kind    `json:"kind"`
	Name              string  `json:"name"`
	Label             string  `json:"label,omitempty"`
	Hint              string  `json:"hint,omitempty"`
	Required          string  `json:"required,omitempty"`
	RequiredMessage   string  `json:"required_message,omitempty"`
	Relevant          string  `json:"relevant,omitempty"`
	Constraint        string  `json:"constraint,omitempty"`
	ConstraintMessage string  `json:"constraint_message,omitempty"`
	Calculation       string  `json:"calculation,omitempty"`
	Default           string  `json:"default,omitempty"` // a value, or an expression with a function or ${name}
	ReadOnly          string  `json:"read_only,omitempty"`
	Appearance        string  `json:"appearance,omitempty"`
	List              string  `json:"list,omitempty"` // of a select
	ChoiceFilter      string  `json:"choice_filter,omitempty"`
	RepeatCount       string  `json:"repeat_count,omitempty"`
	Items             []*Item `json:"items,omitempty"` // of a group or repeat
}

// Holds reports whether the item holds other items.
func (i *Item) Holds() bool { return i.Kind == Group || i.Kind == Repeat }

// Chooses reports whether the item is answered from a list.
func (i *Item) Chooses() bool { return i.Kind == SelectOne || i.Kind == SelectMultiple }

// List is a list of choices.
type List struct {
	Name    string   `json:"name"`
	Choices []Choice `json:"choices"`
}

// Choice is one choice of a list. Columns are the further columns of its row, which a choice filter may ask for.
type Choice struct {
	Name    string            `json:"name"`
	Label   string            `json:"label"`
	Columns map[string]string `json:"columns,omitempty"`
}

func sortedColumns(c Choice) []string { return slices.Sorted(maps.Keys(c.Columns)) }

// column is what an expression finds under a bare name in a choice filter.
func (c Choice) column(name string) string {
	switch name {
	case "name":
		return c.Name
	case "label":
		return c.Label
	}
	return c.Columns[name]
}

// ReadDefinition reads a definition from its JSON. It fails with invalid for JSON of another shape; whether its
// expressions hold is for Compile to say.
func ReadDefinition(content []byte) (*Definition, error) {
	if len(content) > maxDefinition {
		return nil, kernel.E(kernel.TooLarge, "表单定义超过 %d MB", maxDefinition>>20)
	}
	var d Definition
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return nil, kernel.E(kernel.Invalid, "表单定义读不出来，请从表格文件重新导入").Because(err)
	}
	if err := whole(d.Items, 0); err != nil {
		return nil, err
	}
	if slices.Contains(d.Lists, nil) {
		return nil, kernel.E(kernel.Invalid, "表单定义里有空的选项表，请从表格文件重新导入")
	}
	return &d, nil
}

// whole refuses what no form has, before anything walks it.
func whole(items []*Item, depth int) error {
	if depth > MaxDepth {
		return kernel.E(kernel.Invalid, "分组套得太深（超过 %d 层），请减少层数", MaxDepth)
	}
	for _, i := range items {
		if i == nil || !slices.Contains(kinds, i.Kind) || !i.Holds() && len(i.Items) > 0 {
			return kernel.E(kernel.Invalid, "表单定义里有不认识的题目，请从表格文件重新导入")
		}
		if err := whole(i.Items, depth+1); err != nil {
			return err
		}
	}
	return nil
}

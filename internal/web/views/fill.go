package views

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"pinzhi/internal/form"

	"github.com/a-h/templ"
)

// FillPage is a form as it stands while somebody fills it in.
type FillPage struct {
	Problem

	Base      Base
	FormID    int64
	VersionID int64
	Instance  string // what the copy will be called: handing in twice changes nothing
	Form      *form.Form
	State     *form.State
	Told      bool // it was to be handed in, and something does not hold
}

// PicturePrefix begins the name of a picture's file field; its path follows.
const PicturePrefix = "file:"

// AnswerInput names the field of an answer by its path.
func AnswerInput(path string) string { return "q:" + path }

// CountName names the field that says how many there are of a repeat.
func CountName(path string) string { return "n:" + path }

// label is what a question says; its name where it says nothing.
func label(f *form.Field) string { return cmp.Or(f.Label, f.Name) }

func fieldID(f *form.Field) string { return "a-" + f.Path }

// fault is what is wrong with an answer, once somebody wanted to hand the copy in.
func (v FillPage) fault(f *form.Field) string {
	if !v.Told {
		return ""
	}
	i := slices.IndexFunc(v.State.Faults, func(x form.AnswerFault) bool { return x.Path == f.Path })
	if i < 0 {
		return ""
	}
	return v.State.Faults[i].Message
}

// describes are the attributes of an answer's field: who explains it.
func (v FillPage) describes(f *form.Field) templ.Attributes {
	a := templ.Attributes{}
	var by []string
	if f.Hint != "" {
		by = append(by, fieldID(f)+"-hint")
	}
	if v.fault(f) != "" {
		a["aria-invalid"] = "true"
	}
	a["aria-describedby"] = strings.Join(append(by, fieldID(f)+"-why"), " ")
	return a
}

var inInstance = regexp.MustCompile(`\[\d+\]`)

// item is the question that a field stands for.
func (v FillPage) item(f *form.Field) *form.Item {
	items, found := v.Form.Items, &form.Item{}
	for name := range strings.SplitSeq(inInstance.ReplaceAllString(f.Path, ""), "/") {
		i := slices.IndexFunc(items, func(x *form.Item) bool { return x.Name == name })
		if i < 0 {
			return &form.Item{}
		}
		found, items = items[i], items[i].Items
	}
	return found
}

// asks reports whether a question's appearance asks for something.
func (v FillPage) asks(f *form.Field, word string) bool {
	return slices.Contains(strings.Fields(v.item(f).Appearance), word)
}

// fewChoices is up to how many choices stand beside each other.
const fewChoices = 8

func (v FillPage) dropDown(f *form.Field) bool {
	return f.Kind == form.SelectOne && (v.most(f) > fewChoices || v.asks(f, "minimal"))
}

// most is how many choices there may be, whatever a filter lets through now.
func (v FillPage) most(f *form.Field) int {
	list := v.item(f).List
	for _, l := range v.Form.Lists {
		if l.Name == list {
			return len(l.Choices)
		}
	}
	return len(f.Choices)
}

// chosen reports whether a choice is among the answers.
func chosen(f *form.Field, name string) bool { return slices.Contains(strings.Fields(f.Value), name) }

// brings reports whether the form asks for pictures.
func (v FillPage) brings() bool {
	var within func(items []*form.Item) bool
	within = func(items []*form.Item) bool {
		return slices.ContainsFunc(items, func(x *form.Item) bool { return x.Kind == form.Image || within(x.Items) })
	}
	return within(v.Form.Items)
}

func (v FillPage) encoding() string {
	if v.brings() {
		return "multipart/form-data"
	}
	return "application/x-www-form-urlencoded"
}

// inputMode is the keyboard that a phone shows.
func inputMode(f *form.Field) string {
	return map[form.Kind]string{form.Integer: "numeric", form.Decimal: "decimal"}[f.Kind]
}

func answerType(f *form.Field) string {
	if f.Kind == form.Day {
		return "date"
	}
	return "text"
}

// round is what one of a repeat is called.
func round(f *form.Field, i int) string { return fmt.Sprintf("%s %d", label(f), i+1) }

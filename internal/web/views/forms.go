package views

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"pinzhi/internal/form"
	"pinzhi/internal/kernel"
	"pinzhi/internal/submission"
	"pinzhi/internal/web/views/ui"
)

// Forms is the list of a campaign's forms, and what was wrong with a workbook that was sent.
type Forms struct {
	Problem

	Base       Base
	Rows       []submission.Listed
	Manages    bool
	Server     string // what is typed into ODK Collect
	Sent       string // the workbook that has faults
	Faults     []form.Fault
	MoreFaults int
	Today      kernel.Date
}

// plain reports whether the site is reached without TLS: ODK Collect then sends no password (Basic) to it.
func (v Forms) plain() bool { return strings.HasPrefix(v.Server, "http://") }

// FormPage is one form.
type FormPage struct {
	submission.Seen

	Base     Base
	Timeline []ui.Entry
	Today    kernel.Date
}

// Question is a line of the list of what a form asks.
type Question struct {
	*form.Item

	Depth int
}

// questions lists what the form asks, in order, groups before what they hold.
func (v FormPage) questions() (list []Question) {
	var walk func(items []*form.Item, depth int)
	walk = func(items []*form.Item, depth int) {
		for _, item := range items {
			list = append(list, Question{item, depth})
			walk(item.Items, depth+1)
		}
	}
	walk(v.Current.Items, 0)
	return list
}

// text is what the question says; its name where it says nothing.
func (x Question) text() string { return cmp.Or(inText.ReplaceAllString(x.Label, "〔…〕"), x.Name) }

// inText is where a text speaks of an answer.
var inText = regexp.MustCompile(`\$\{[^}]*\}`)

// indent is a class: how far within groups.
func (x Question) indent() string { return fmt.Sprintf("in%d", min(x.Depth, 4)) }

var kindNames = map[form.Kind]string{form.Text: "文字", form.Integer: "整数", form.Decimal: "小数", form.Day: "日期", form.SelectOne: "单选", form.SelectMultiple: "多选",
	form.Note: "说明", form.Image: "照片", form.Geopoint: "位置", form.Calculate: "计算", form.Group: "分组", form.Repeat: "可重复"}

func (x Question) kind() string { return kindNames[x.Kind] }

// rules says in words what the question asks for beside an answer.
func (x Question) rules() string {
	var list []string
	for _, r := range []struct {
		given string
		word  string
	}{{x.Required, "必填"}, {x.Relevant, "有条件才问"}, {x.Constraint, "有要求"}} {
		if r.given != "" {
			list = append(list, r.word)
		}
	}
	return strings.Join(list, "、")
}

// CopyPage is one filled-in copy.
type CopyPage struct {
	submission.SeenCopy

	Base     Base
	Timeline []ui.Entry
	Today    kernel.Date
}

// Heading is what the copy is called.
func (v CopyPage) Heading() string { return CopyName(v.Copy) }

// CopyName is what a copy is called: by its form, else by its number.
func CopyName(c submission.Copy) string { return cmp.Or(c.Name, fmt.Sprintf("第 %d 号填报", c.ID)) }

// AnswerRow is a line of a filled-in copy.
type AnswerRow struct {
	*form.Field

	Head   bool // of a group or of one round of a repeat
	Depth  int
	Answer string
}

// rows lists what was asked and answered.
func (v CopyPage) rows() (list []AnswerRow) {
	var walk func(fields []*form.Field, depth int)
	walk = func(fields []*form.Field, depth int) {
		for _, f := range fields {
			switch {
			case !f.Relevant || f.Kind == form.Note:
			case f.Kind == form.Repeat && f.Instances != nil:
				for i, one := range f.Instances {
					list = append(list, AnswerRow{Field: &form.Field{Label: fmt.Sprintf("%s %d", cmp.Or(f.Label, f.Name), i+1)}, Head: true, Depth: depth})
					walk(one.Fields, depth+1)
				}
			case f.Kind == form.Group:
				list = append(list, AnswerRow{Field: f, Head: true, Depth: depth})
				walk(f.Fields, depth+1)
			case f.Kind == form.Calculate && f.Label == "":
			default:
				list = append(list, AnswerRow{Field: f, Depth: depth, Answer: answerOf(f)})
			}
		}
	}
	walk(v.State.Fields, 0)
	return list
}

func (r AnswerRow) text() string { return cmp.Or(r.Label, r.Name) }

func (r AnswerRow) indent() string { return fmt.Sprintf("in%d", min(r.Depth, 4)) }

// answerOf writes an answer for people: the labels of what was chosen, two coordinates of a place.
func answerOf(f *form.Field) string {
	switch f.Kind {
	case form.SelectOne:
		return labelOf(f, f.Value)
	case form.SelectMultiple:
		var list []string
		for name := range strings.FieldsSeq(f.Value) {
			list = append(list, labelOf(f, name))
		}
		return strings.Join(list, "、")
	case form.Geopoint:
		parts := strings.Fields(f.Value)
		return strings.Join(parts[:min(len(parts), 2)], ", ")
	}
	return f.Value
}

func labelOf(f *form.Field, name string) string {
	for _, c := range f.Choices {
		if c.Name == name {
			return c.Label
		}
	}
	return name
}

// export is the address of a version's copies as a file.
func (v FormPage) export(versionID int64, how string) string {
	return v.Base.To("/forms/%d/export/%d", v.ID, versionID) + how
}

package form

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// ReadXLSForm reads a form from an .xlsx file as XLSForm has it (https://xlsform.org/en/): sheets survey, choices,
// settings, the columns and types spelt as there. It gives a definition or faults, never both; every fault is found,
// and each names its sheet and cell. ID and Title are empty where there are no settings.
//
// Of several languages it takes the default_language of the settings, else the column without a language, else the
// first.
func ReadXLSForm(r io.Reader) (*Definition, []Fault) {
	book, faults := readWorkbook(r)
	if book == nil {
		return nil, faults
	}
	return book.definition()
}

// definition reads a form from the sheets.
func (book *workbook) definition() (*Definition, []Fault) {
	x := &xlsform{workbook: book, rows: map[*Item]int{}, choiceRows: map[*List][]int{}, form: &Definition{}}
	x.faults = append(x.faults, book.faults...)
	x.read()
	if len(x.faults) > 0 {
		return nil, x.sorted()
	}
	return x.form, nil
}

// xlsform gathers a definition from the sheets of a workbook.
type xlsform struct {
	*workbook

	form       *Definition
	language   string
	faults     []Fault
	rows       map[*Item]int
	choiceRows map[*List][]int
}

var surveyColumns = columnRule{
	known: []string{
		"type", "name", "label", "hint", "required", "required_message", "relevant", "constraint", "constraint_message",
		"calculation", "default", "read_only", "appearance", "choice_filter", "repeat_count",
	},
	translated: []string{"label", "hint", "required_message", "constraint_message"},
	aliases:    map[string]string{"readonly": "read_only", "relevance": "relevant", "calculate": "calculation", "caption": "label"},
	refused:    []string{"trigger", "parameters", "media", "image", "audio", "video", "big-image", "body", "bind", "instance", "guidance_hint", "save_to", "query", "autoplay", "noapperrorstring", "intent"},
}

var choiceColumns = columnRule{
	known:      []string{"list_name", "name", "label"},
	translated: []string{"label"},
	aliases:    map[string]string{"value": "name", "caption": "label"},
	refused:    []string{"media", "image", "audio", "video", "big-image"},
	open:       true,
}

var settingColumns = columnRule{
	known:   []string{"form_title", "form_id", "version", "default_language", "instance_name", "style", "allow_choice_duplicates"},
	aliases: map[string]string{"title": "form_title", "id_string": "form_id"},
	refused: []string{"public_key", "submission_url", "auto_send", "auto_delete", "omit_instanceid", "sms_keyword", "sms_separator", "name", "client_editable", "namespaces", "attribute", "compact_prefix", "compact_delimiter", "compact_tag", "clean_text_values"},
}

func (x *xlsform) sayf(s *sheet, cell, format string, args ...any) {
	x.faults = append(x.faults, Fault{Sheet: s.name, Cell: cell, Message: fmt.Sprintf(format, args...)})
}

func (x *xlsform) read() {
	if x.survey == nil {
		x.survey = &sheet{name: "survey"}
		x.sayf(x.survey, "A1", "没有 survey 工作表，请加上（名字就叫 survey）")
		return
	}
	for _, s := range []struct {
		*sheet

		rule columnRule
	}{{x.survey, surveyColumns}, {x.choices, choiceColumns}, {x.settings, settingColumns}} {
		if s.sheet != nil {
			x.faults = append(x.faults, s.readHeads(s.rule)...)
			x.formulas(s.sheet)
		}
	}
	whole := x.need(x.survey, "type", "name", "label")
	if !x.need(x.choices, "list_name", "name", "label") || !whole {
		return
	}
	x.readSettings()
	x.form.Language = x.language
	x.readSurvey()
	x.readChoices()
	x.compile()
}

// formulas finds cells whose formula went wrong.
func (x *xlsform) formulas(s *sheet) {
	for _, r := range s.rows {
		for _, c := range s.columns {
			if text := r.at(c.at); excelError(text) {
				x.sayf(s, cellAt(c.at, r.n), "公式出错（%s），请改成值", text)
			}
		}
	}
}

// need finds fault with columns that must be there, and reports whether all are.
func (x *xlsform) need(s *sheet, keys ...string) (whole bool) {
	whole = true
	if s == nil {
		return whole
	}
	for _, key := range keys {
		if !slices.ContainsFunc(s.columns, func(c sheetColumn) bool { return c.key == key }) {
			x.sayf(s, cellAt(0, max(s.headRow, 1)), "没有 %s 这一列，请在第一行加上", key)
			whole = false
		}
	}
	return whole
}

// languages are those of the translated columns, in order.
func (x *xlsform) languages() (list []string) {
	for _, s := range []*sheet{x.survey, x.choices} {
		if s == nil {
			continue
		}
		for _, c := range s.columns {
			if c.language != "" && !slices.Contains(list, c.language) {
				list = append(list, c.language)
			}
		}
	}
	return list
}

func (x *xlsform) readSettings() {
	languages := x.languages()
	_, plain := x.survey.column("label", "")
	if len(languages) > 0 && !plain {
		x.language = languages[0]
	}
	if x.settings == nil || len(x.settings.rows) == 0 {
		return
	}
	s, row := x.settings, x.settings.rows[0]
	if len(s.rows) > 1 {
		x.sayf(s, cellAt(0, s.rows[1].n), "settings 只能写一行，请删去这一行")
	}
	d := x.form
	d.Title, d.ID, d.Version = s.cell(row, "form_title", ""), s.cell(row, "form_id", ""), s.cell(row, "version", "")
	d.Title = orElse(d.Title, d.ID) // xlsform.org, "Settings worksheet"
	d.InstanceName = s.cell(row, "instance_name", "")
	if d.ID != "" && !validID(d.ID) {
		x.sayf(s, s.where(row.n, "", "form_id"), "form_id“%s”只能有字母、汉字、数字和 - _ .，最多 %d 个字", d.ID, maxNameLength)
	}
	if len([]rune(d.Title)) > 200 {
		x.sayf(s, s.where(row.n, "", "form_title"), "form_title 超过 200 个字，请改短")
	}
	if len([]rune(d.Version)) > maxNameLength {
		x.sayf(s, s.where(row.n, "", "version"), "version 超过 %d 个字，请改短", maxNameLength)
	}
	d.DuplicateChoices = slices.Contains(yes, strings.ToLower(s.cell(row, "allow_choice_duplicates", "")))
	x.chooseLanguage(s, row, languages, plain)
}

// validID reports whether s can name a form: it may begin with a digit, else as a question.
func validID(s string) bool { return ValidName("_"+s) && len([]rune(s)) < maxNameLength }

func (x *xlsform) chooseLanguage(s *sheet, row sheetRow, languages []string, plain bool) {
	wanted := s.cell(row, "default_language", "")
	if wanted == "" {
		return
	}
	for _, l := range languages {
		bare, _, _ := strings.Cut(l, " (")
		if l == wanted || bare == wanted {
			x.language = l
			return
		}
	}
	if !plain {
		x.sayf(s, s.where(row.n, "", "default_language"), "没有“label::%s”这一列，请改成 survey 里有的语言：%s", wanted, strings.Join(languages, "、"))
		return
	}
	x.language = wanted
}

// askedColumns are the further columns that filters ask for, by list. Others are the author's, and not kept.
func (x *xlsform) askedColumns() map[string]map[string]bool {
	asked := map[string]map[string]bool{}
	for item := range x.rows {
		list, err := tokens(item.ChoiceFilter)
		if err != nil {
			continue
		}
		for _, t := range list {
			if t.kind != nameToken || t.text == "name" || t.text == "label" {
				continue
			}
			if asked[item.List] == nil {
				asked[item.List] = map[string]bool{}
			}
			asked[item.List][t.text] = true
		}
	}
	return asked
}

func (x *xlsform) readChoices() {
	if x.choices == nil {
		return
	}
	s := x.choices
	lists, asked := map[string]*List{}, x.askedColumns()
	for _, r := range s.rows {
		name := s.cell(r, "list_name", "")
		c := Choice{Name: s.cell(r, "name", ""), Label: s.cell(r, "label", x.language)}
		for _, col := range s.columns {
			if text := r.at(col.at); text != "" && asked[name][col.key] {
				if c.Columns == nil {
					c.Columns = map[string]string{}
				}
				c.Columns[col.key] = text
			}
		}
		if name == "" {
			if c.Name != "" || c.Label != "" {
				x.sayf(s, s.where(r.n, "", "list_name"), "选项没有写 list_name，请写它属于哪个选项表")
			}
			continue
		}
		l := lists[name]
		if l == nil {
			l = &List{Name: name}
			lists[name] = l
			x.form.Lists = append(x.form.Lists, l)
		}
		l.Choices = append(l.Choices, c)
		x.choiceRows[l] = append(x.choiceRows[l], r.n)
	}
	for _, l := range x.form.Lists {
		evenColumns(l)
	}
}

// evenColumns gives every choice of a list the columns that any of them has, so that a filter finds them empty.
func evenColumns(l *List) {
	names := map[string]bool{}
	for _, c := range l.Choices {
		for name := range c.Columns {
			names[name] = true
		}
	}
	for i := range l.Choices {
		for name := range names {
			if l.Choices[i].Columns == nil {
				l.Choices[i].Columns = map[string]string{}
			}
			if _, has := l.Choices[i].Columns[name]; !has {
				l.Choices[i].Columns[name] = ""
			}
		}
	}
}

// compile finds what is wrong with the definition and says in which cell.
func (x *xlsform) compile() {
	_, faults := Compile(x.form)
	for _, f := range faults {
		x.faults = append(x.faults, x.located(f))
	}
	used := map[string]bool{}
	var walk func([]*Item)
	walk = func(items []*Item) {
		for _, i := range items {
			used[i.List] = true
			walk(i.Items)
		}
	}
	walk(x.form.Items)
	x.form.Lists = slices.DeleteFunc(x.form.Lists, func(l *List) bool { return !used[l.Name] })
}

// located gives a fault of the definition its cell.
func (x *xlsform) located(f Fault) Fault {
	switch {
	case f.item != nil && x.rows[f.item] > 0:
		f.Sheet, f.Cell = x.survey.name, x.survey.where(x.rows[f.item], x.language, f.Column, "name", "type")
		if f.Column == "label" || f.Column == "calculation" { // what is missing may lack its column, too
			f.Cell = x.survey.where(x.rows[f.item], x.language, f.Column, "type")
		}
	case f.list != nil && f.choice >= 0:
		f.Sheet, f.Cell = x.choices.name, x.choices.where(x.choiceRows[f.list][f.choice], x.language, f.Column, "name")
	case f.Column == "instance_name":
		f.Sheet, f.Cell = x.settings.name, x.settings.where(x.settings.rows[0].n, "", f.Column)
	default:
		f.Sheet, f.Cell = x.survey.name, cellAt(0, max(x.survey.headRow, 1))
	}
	return f
}

// sorted are the faults in the order of the sheets, rows and columns.
func (x *xlsform) sorted() []Fault {
	order := func(f Fault) (int, int, int) {
		sheet := slices.Index([]string{"survey", "choices", "settings"}, strings.ToLower(f.Sheet))
		column, row, err := excelize.CellNameToCoordinates(f.Cell)
		if err != nil {
			return sheet, 0, 0
		}
		return sheet, row, column
	}
	slices.SortStableFunc(x.faults, func(a, b Fault) int {
		s1, r1, c1 := order(a)
		s2, r2, c2 := order(b)
		return cmp.Or(cmp.Compare(s1, s2), cmp.Compare(r1, r2), cmp.Compare(c1, c2))
	})
	return slices.CompactFunc(x.faults, func(a, b Fault) bool { return a.String() == b.String() })
}

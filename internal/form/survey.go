package form

import (
	"fmt"
	"slices"
	"strings"
)

// typeAliases are other spellings of types that XLSForm takes.
var typeAliases = map[string]Kind{"int": Integer, "string": Text, "photo": Image, "gps": Geopoint, "location": Geopoint, "select1": SelectOne}

// metaTypes are questions that nobody is asked. Those that can be computed are; the device's own are refused.
var metaTypes = map[string]string{"today": "once(today())", "start": "once(now())", "end": "now()"}

// refusedTypes are types of XLSForm that a form here does not have, with what to do.
var refusedTypes = map[string]string{
	"range": "请用 integer 加 constraint", "select_one_from_file": "请把选项写进 choices，用 select_one", "select_multiple_from_file": "请把选项写进 choices，用 select_multiple",
	"select_one_external": "请把选项写进 choices，用 select_one", "rank": "请用 select_multiple", "geotrace": "请用 geopoint", "geoshape": "请用 geopoint",
	"time": "请用 text 加 constraint", "datetime": "请用 date", "audio": "请用 image", "video": "请用 image", "file": "请用 image", "barcode": "请用 text",
	"acknowledge": "请用 select_one", "trigger": "请用 select_one", "hidden": "请用 calculate", "xml-external": "请把数据写进 choices", "csv-external": "请把数据写进 choices",
	"deviceid": "请删去", "username": "请删去，谁填的系统知道", "email": "请用 text", "phonenumber": "请用 text", "simserial": "请删去", "subscriberid": "请删去",
	"audit": "请删去", "background-audio": "请删去", "start-geopoint": "请用 geopoint", "background-geopoint": "请用 geopoint",
}

// openItem is a group or repeat whose end has not come yet.
type openItem struct {
	item *Item
	row  int
}

// readSurvey makes items of the rows of the survey.
func (x *xlsform) readSurvey() {
	s := x.survey
	var open []openItem
	for _, r := range s.rows {
		text := s.cell(r, "type", "")
		if text == "" {
			x.withoutType(r)
			continue
		}
		word := strings.ReplaceAll(strings.ToLower(text), " ", "_")
		switch word {
		case "end_group", "end_repeat":
			open = x.closeItem(open, word, r)
			continue
		}
		item := x.item(r, text)
		if item == nil {
			continue
		}
		if len(open) == 0 {
			x.form.Items = append(x.form.Items, item)
		} else {
			outer := open[len(open)-1].item
			outer.Items = append(outer.Items, item)
		}
		if item.Holds() {
			open = append(open, openItem{item, r.n})
		}
	}
	for _, o := range open {
		x.sayf(s, s.where(o.row, "", "type"), "begin_%s 没有 end_%s，请在这一组的最后补上", o.item.Kind, o.item.Kind)
	}
}

// withoutType finds fault with a row that says something but not what it is.
func (x *xlsform) withoutType(r sheetRow) {
	for _, c := range x.survey.columns {
		if r.at(c.at) != "" {
			x.sayf(x.survey, x.survey.where(r.n, "", "type"), "没有写 type，请写题目的类型（这一行的“%s”列有字）", c.head)
			return
		}
	}
}

func (x *xlsform) closeItem(open []openItem, word string, r sheetRow) []openItem {
	cell := x.survey.where(r.n, "", "type")
	if len(open) == 0 {
		x.sayf(x.survey, cell, "多了一个 %s，前面没有对应的 begin", word)
		return open
	}
	last := open[len(open)-1]
	if want := "end_" + string(last.item.Kind); want != word {
		x.sayf(x.survey, cell, "这里该写 %s：最近的一组是第 %d 行的 begin_%s", want, last.row, last.item.Kind)
	}
	return open[:len(open)-1]
}

// item reads a row; nil where its type is none.
func (x *xlsform) item(r sheetRow, text string) *Item {
	kind, list, fault := readType(text)
	if fault != "" {
		x.sayf(x.survey, x.survey.where(r.n, "", "type"), "%s", fault)
		// The row stays, so that what asks for its answer finds it; the fault keeps the form from being used.
		kind = Text
	}
	s := x.survey
	get := func(key string) string { return s.cell(r, key, x.language) }
	item := &Item{
		Kind: kind, Name: get("name"), Label: get("label"), Hint: get("hint"),
		Required: get("required"), RequiredMessage: get("required_message"), Relevant: get("relevant"),
		Constraint: get("constraint"), ConstraintMessage: get("constraint_message"), Calculation: get("calculation"),
		Default: get("default"), ReadOnly: get("read_only"), Appearance: get("appearance"),
		List: list, ChoiceFilter: get("choice_filter"), RepeatCount: get("repeat_count"),
	}
	if computed := metaTypes[strings.ToLower(text)]; computed != "" {
		item.Calculation = computed
	}
	if fault != "" {
		item.Label, item.ChoiceFilter, item.RepeatCount, item.Default = orElse(item.Label, item.Name), "", "", ""
	}
	x.tidyItem(item)
	x.rows[item] = r.n
	return item
}

// tidyItem puts right what a spreadsheet program makes of what was typed.
func (x *xlsform) tidyItem(item *Item) {
	for _, condition := range []*string{&item.Required, &item.ReadOnly} {
		if slices.Contains(no, strings.ToLower(*condition)) {
			*condition = ""
		} else if slices.Contains(yes, strings.ToLower(*condition)) {
			*condition = "yes"
		}
	}
	if item.Kind == Day && item.Default != "" && plainNumber(item.Default) {
		epoch := 25_569 // 1970-01-01 as spreadsheets count days
		if x.date1904 {
			epoch -= 1_462
		}
		if c, ok := momentIn(numberIn(item.Default) - float64(epoch)); ok {
			item.Default = c.dateText()
		}
	}
}

// readType reads a cell of the type column: the kind, the list of a select, and what is wrong with it.
func readType(text string) (kind Kind, list, fault string) {
	parts := strings.Fields(text)
	first := strings.ToLower(parts[0])
	joined := strings.ToLower(strings.Join(parts, "_"))
	switch {
	case joined == "begin_group":
		return Group, "", ""
	case joined == "begin_repeat":
		return Repeat, "", ""
	case first == "select_one" || first == "select_multiple" || first == "select1":
		return readSelect(first, parts[1:])
	case first == "select" && len(parts) > 1 && (strings.EqualFold(parts[1], "one") || strings.EqualFold(parts[1], "multiple")):
		return readSelect("select_"+strings.ToLower(parts[1]), parts[2:])
	case metaTypes[joined] != "":
		return Calculate, "", ""
	case len(parts) == 1 && typeAliases[first] != "":
		return typeAliases[first], "", ""
	case len(parts) == 1 && slices.Contains(kinds, Kind(first)) && first != "group" && first != "repeat":
		return Kind(first), "", ""
	case refusedTypes[first] != "":
		return "", "", fmt.Sprintf("暂不支持 %s 类型，%s", parts[0], refusedTypes[first])
	}
	if near := nearest(joined, typeNames()); near != "" {
		return "", "", fmt.Sprintf("不认识类型“%s”，是不是 %s", text, near)
	}
	return "", "", fmt.Sprintf("不认识类型“%s”，可以写：%s", text, strings.Join(typeNames(), "、"))
}

func typeNames() []string {
	names := []string{"begin_group", "end_group", "begin_repeat", "end_repeat"}
	for _, k := range kinds {
		if k != Group && k != Repeat {
			names = append(names, string(k))
		}
	}
	return names
}

// readSelect reads what follows select_one or select_multiple.
func readSelect(first string, rest []string) (kind Kind, list, fault string) {
	kind = SelectOne
	if first == "select_multiple" {
		kind = SelectMultiple
	}
	if len(rest) > 0 && strings.EqualFold(rest[0], "from") {
		rest = rest[1:]
	}
	switch {
	case len(rest) == 0:
		return kind, "", fmt.Sprintf("%s 后面要写选项表的名字，如 %s yes_no", kind, kind)
	case len(rest) > 1 && strings.Contains(strings.ToLower(strings.Join(rest[1:], "_")), "other"):
		return kind, rest[0], "不支持 or_other：请在 choices 里加一个“其他”选项，再加一道 text 题，relevant 写 selected(${这道题}, 'other')"
	case len(rest) > 1:
		return kind, rest[0], fmt.Sprintf("%s 后面只能写一个选项表的名字，名字里不能有空格", kind)
	}
	return kind, rest[0], ""
}

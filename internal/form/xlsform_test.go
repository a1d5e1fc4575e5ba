package form

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// mustRead reads a workbook that has no faults.
func mustRead(tb testing.TB, name string, content []byte) *Form {
	tb.Helper()
	d, faults := ReadXLSForm(bytes.NewReader(content))
	for _, f := range faults {
		tb.Errorf("%s: %s", name, f)
	}
	if d == nil {
		tb.FailNow()
	}
	f, faults := Compile(d)
	if len(faults) > 0 {
		tb.Fatalf("%s: %v", name, faults)
	}
	return f
}

func TestReadXLSForm_TwentyFormsOfACityOfficeImportAsTheyAre(t *testing.T) {
	files := formFiles(t)
	if len(files) < 20 {
		t.Fatalf("%d files", len(files))
	}
	used := map[string]bool{}
	for name, content := range files {
		f := mustRead(t, name, content)
		for _, e := range f.all() {
			used[string(e.Kind)] = true
			for column, text := range map[string]string{
				"required": e.Required, "relevant": e.Relevant, "constraint": e.Constraint, "constraint_message": e.ConstraintMessage,
				"calculation": e.Calculation, "choice_filter": e.ChoiceFilter, "default": e.Default, "hint": e.Hint,
				"read_only": e.ReadOnly, "repeat_count": e.RepeatCount, "required_message": e.RequiredMessage, "appearance": e.Appearance,
			} {
				used[column] = used[column] || text != ""
			}
		}
		content, err := json.Marshal(f.Definition)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ReadDefinition(content)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(f.Definition, again); diff != "" {
			t.Errorf("%s comes back from JSON otherwise: %s", name, diff)
		}
	}
	for _, what := range append(typeNames()[4:], "group", "repeat", "required", "relevant", "constraint", "constraint_message", "calculation", "choice_filter", "default", "hint", "read_only", "repeat_count", "required_message", "appearance") {
		if !used[what] {
			t.Errorf("no form uses %s", what)
		}
	}
}

// sections are the parts of a file of testdata, each after a line ==== name.
func sections(text string) map[string]string {
	all := map[string]string{}
	for part := range strings.SplitSeq("\n"+text, "\n==== ") {
		name, body, _ := strings.Cut(part, "\n")
		if name != "" {
			all[name] = body
		}
	}
	return all
}

func TestReadXLSForm_ReadsWhatTheSheetsSay(t *testing.T) {
	f := mustRead(t, "20", formFiles(t)["20-督导综合表"])
	d := f.Definition
	if d.ID != "inspection" || d.Title != "督导综合检查表" || d.Version != "2023070301" || d.Language != "中文" {
		t.Errorf("settings: %+v", d)
	}
	issue := f.root.child("issue")
	want := &Item{
		Kind: Day, Name: "due", Label: "整改期限", Required: "yes", Constraint: ". > ${day}",
		ConstraintMessage: "要晚于检查当天（${day}）", Default: "date(today() + 15)",
	}
	if diff := cmp.Diff(want, issue.child("due").Item); diff != "" {
		t.Error(diff)
	}
	if issue.RepeatCount != "coalesce(${number}, 0)" || issue.child("step").RepeatCount != "2" {
		t.Errorf("counts: %q, %q", issue.RepeatCount, issue.child("step").RepeatCount)
	}
	towns := f.lists["town"].Choices
	if len(towns) != 3 || towns[2].Name != "t3" || towns[2].Label != "滨河街道" || towns[2].Columns["district"] != "d2" {
		t.Errorf("towns: %+v", towns)
	}
	if today := f.root.child("day"); today.Kind != Calculate || today.Calculation != "once(today())" {
		t.Errorf("today: %+v", today.Item)
	}
}

func TestReadXLSForm_TakesTheDefaultLanguage(t *testing.T) {
	content := formFiles(t)["08-双语窗口评价"]
	if f := mustRead(t, "08", content); f.root.items[0].Label != "哪个窗口" || f.lists["rate"].Choices[0].Label != "好" || f.root.items[1].ConstraintMessage != "请填 0 到 480" {
		t.Errorf("%+v", f.root.items[0].Item)
	}
	const text = "survey\ntype | name | label::English | label::中文\ntext | a | A | 甲\n"
	if f := mustRead(t, "first", workbookOf(t, text)); f.root.items[0].Label != "A" || f.Language != "English" {
		t.Errorf("%q %+v", f.Language, f.root.items[0].Item)
	}
	if f := mustRead(t, "bare", workbookOf(t, text+"settings\ndefault_language | \n中文 | \n")); f.root.items[0].Label != "甲" {
		t.Errorf("%+v", f.root.items[0].Item)
	}
}

func readSections(t *testing.T, path string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return sections(string(text))
}

// testdata/broken.txt says of each workbook which cells have a fault, and a part of what is said.
func TestReadXLSForm_NamesTheCellOfEveryFault(t *testing.T) {
	all := readSections(t, "testdata/broken.txt")
	if len(all) < 40 {
		t.Fatalf("%d broken workbooks", len(all))
	}
	for name, body := range all {
		var want []string
		for strings.HasPrefix(body, "! ") {
			line, rest, _ := strings.Cut(body, "\n")
			want, body = append(want, strings.TrimPrefix(line, "! ")), rest
		}
		d, faults := ReadXLSForm(bytes.NewReader(workbookOf(t, body)))
		if d != nil || len(want) == 0 || len(faults) != len(want) {
			t.Errorf("%s: %d faults, want %d: %v", name, len(faults), len(want), faults)
			continue
		}
		for _, w := range want {
			cell, part, _ := strings.Cut(w, " ")
			if !slices.ContainsFunc(faults, func(f Fault) bool { return f.Sheet+"!"+f.Cell == cell && strings.Contains(f.Message, part) }) {
				t.Errorf("%s: no fault %s in %v", name, w, faults)
			}
		}
	}
}

// The examples of https://xlsform.org/en/ that ask for nothing beyond what a form here has.
func TestReadXLSForm_ExamplesOfTheDocumentationImportAsTheyAre(t *testing.T) {
	for name, body := range readSections(t, "testdata/xlsform.org.txt") {
		mustRead(t, name, workbookOf(t, body))
	}
}

func TestReadXLSForm_SaysWhatIsWrongWithTheFileItself(t *testing.T) {
	for _, c := range []struct{ content, says string }{
		{"", "不是 .xlsx"},
		{"type,name,label\ntext,a,甲\n", "不是 .xlsx"},
		{"\xd0\xcf\x11\xe0 old", "旧格式"},
		{"PK\x03\x04 broken", "读不出"},
		{"PK" + strings.Repeat("x", MaxWorkbook), "超过 5 MB"},
	} {
		d, faults := ReadXLSForm(strings.NewReader(c.content))
		if d != nil || len(faults) != 1 || !strings.Contains(faults[0].String(), c.says) {
			t.Errorf("%.20q: %v, want %s", c.content, faults, c.says)
		}
	}
}

// A workbook that is wrong everywhere is told of in bounds: each of these looks like every other name.
func TestReadXLSForm_OfVeryManyFaultsTellsAThousand(t *testing.T) {
	var b strings.Builder
	b.WriteString("survey\ntype | name | label | calculation\n")
	for i := range 1_500 {
		fmt.Fprintf(&b, "calculate | question_%d | | %s0\n", i, strings.Repeat("${qestion_x} + ", 50))
	}
	_, faults := ReadXLSForm(bytes.NewReader(workbookOf(t, b.String())))
	if len(faults) != maxFaults || !strings.Contains(faults[0].String(), "survey!D2：第 1 个字：没有叫“qestion_x”的题目") {
		t.Errorf("%d faults, %v", len(faults), faults[0])
	}
}

// What a spreadsheet program keeps as numbers, days and truth values is read as it was meant.
func TestReadXLSForm_OfCellsThatAreNoText(t *testing.T) {
	f := excelize.NewFile()
	defer f.Close()
	if err := f.SetSheetName("Sheet1", "survey"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"choices", "settings"} {
		if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
	}
	for sheet, rows := range map[string][][]any{
		"survey": {
			{"type", "name", "label", "required", "default", "repeat_count", "read_only", "constraint"},
			{"date", "day", "日期", true, time.Date(2023, 6, 28, 0, 0, 0, 0, time.UTC), nil, false},
			{"select_one n", "n", 1, false, 2},
			{"begin_repeat", "r", "组", nil, nil, 3},
			{"decimal", "x", "数", nil, 0.5, nil, nil, ". > 0"},
			{"end_repeat"},
		},
		"choices":  {{"list_name", "name", "label"}, {"n", 1, "一"}, {"n", 2, 2023}},
		"settings": {{"form_title", "form_id", "version"}, {"数", 12, 2023063001}},
	} {
		for i, row := range rows {
			if err := f.SetSheetRow(sheet, cellAt(0, i+1), &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	form := mustRead(t, "typed", b.Bytes())
	day, n, x := form.root.items[0], form.root.items[1], form.root.items[2].items[0]
	if day.Required != "yes" || day.Default != "2023-06-28" || day.ReadOnly != "" || n.Required != "" || n.Default != "2" || n.Label != "1" || x.Default != "0.5" || x.parent.RepeatCount != "3" {
		t.Errorf("%+v %+v %+v", day.Item, n.Item, x.Item)
	}
	if form.ID != "12" || form.Version != "2023063001" || form.lists["n"].Choices[1].Label != "2023" {
		t.Errorf("%+v", form.Definition)
	}
}

func TestReadXLSForm_KeepsToItsLimits(t *testing.T) {
	rows := func(n int, row string) string { return strings.Repeat(row+"\n", n) }
	var many, deep strings.Builder
	for i := range MaxItems + 1 {
		fmt.Fprintf(&many, "text | q%d | 题\n", i)
	}
	for i := range MaxDepth + 2 {
		fmt.Fprintf(&deep, "begin_group | g%d | 组\n", i)
	}
	head := "survey\ntype | name | label\n"
	for name, c := range map[string]struct{ text, says string }{
		"items":      {head + many.String(), "超过 2000 个"},
		"depth":      {head + deep.String() + "text | a | 甲\n" + rows(MaxDepth+2, "end_group | |"), "套得太深"},
		"columns":    {head + "text | a | 甲" + strings.Repeat(" | x", maxColumns) + "\n", "多余的列"},
		"label":      {head + "text | a | " + strings.Repeat("长", MaxText+1) + "\n", "最多 5000 个"},
		"expression": {"survey\ntype | name | label | constraint\ntext | a | 甲 | 1" + strings.Repeat("+1", MaxExpression/2+1) + "\n", "超过 5000 个字"},
		"nesting":    {"survey\ntype | name | label | constraint\ntext | a | 甲 | " + strings.Repeat("(", 70) + "1" + strings.Repeat(")", 70) + "\n", "套得太深"},
	} {
		_, faults := ReadXLSForm(bytes.NewReader(workbookOf(t, c.text)))
		if len(faults) == 0 || !slices.ContainsFunc(faults, func(f Fault) bool { return strings.Contains(f.Message, c.says) }) {
			t.Errorf("%s: %.300v, want %s", name, faults, c.says)
		}
	}
}

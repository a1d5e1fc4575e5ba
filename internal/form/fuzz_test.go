package form

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pinzhi/internal/kernel"
)

var fuzzNow = time.Date(2023, 6, 30, 9, 0, 0, 0, kernel.Shanghai)

// FuzzExpression guards the reader of expressions: no panic, a mistake's place lies in the text, and whatever is read can
// be evaluated anywhere and written as XPath.
func FuzzExpression(f *testing.F) {
	content, err := os.ReadFile("testdata/expressions.json")
	if err != nil {
		f.Fatal(err)
	}
	var all expressionCases
	if err := json.Unmarshal(content, &all); err != nil {
		f.Fatal(err)
	}
	for i, c := range all.Cases {
		if i%7 == 0 {
			f.Add(c.Expr)
		}
	}
	d, err := ReadDefinition(all.Form)
	if err != nil {
		f.Fatal(err)
	}
	form, faults := Compile(d)
	if len(faults) > 0 {
		f.Fatal(faults)
	}
	top := filledNodes(form, all.Answers["a"], all.Now)
	places := []*node{nodeAt(top, "age"), nodeAt(top, "member[2]/mname"), nodeAt(top, "member[1]/pet[2]/pet_name")}
	f.Fuzz(func(t *testing.T, text string) {
		for _, at := range places {
			tree, wrong := parse(text)
			if wrong != nil {
				if n := len([]rune(text)); wrong.At < 1 || wrong.At > n+1 || wrong.Message == "" {
					t.Errorf("%q of %d: %v", text, n, wrong)
				}
				return
			}
			b := &binder{form: form, at: at.entry, column: "calculation"}
			b.walk(tree, false)
			_ = stringOf(tree.eval(&moment{at: at, now: all.Now}))
			_ = form.xpath(at.entry, "calculation", text)
		}
	})
}

// FuzzPattern guards the translation of regular expressions: what it lets through, Go compiles or refuses, and never
// panics over.
func FuzzPattern(f *testing.F) {
	for _, p := range []string{`1[3-9]\d{9}`, `[\u4e00-\u9fa5]+`, `(?:ab){2,}|c`, `a\-[\w\-]`, `^[^@]+@\p{L}$`, `[a-`, `{`, `(`, `\`, `a{2`, `[\s\S]`} {
		f.Add(p, "平河市 13800000000")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		re, fault := compilePattern(pattern)
		if (re == nil) == (fault == "") {
			t.Errorf("%q: %v and %q", pattern, re, fault)
		}
		_ = matches(text, pattern)
	})
}

// FuzzReadXLSForm guards the reader of workbooks against bytes that are none.
func FuzzReadXLSForm(f *testing.F) {
	f.Add(workbookOf(f, "survey\ntype | name | label\ntext | a | 甲\n"))
	f.Add(workbookOf(f, "survey\ntype | name | label\nselect_one y | a | 甲\n\nchoices\nlist_name | name | label\ny | yes | 是\n"))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, content []byte) {
		d, faults := ReadXLSForm(bytes.NewReader(content))
		if (d == nil) == (len(faults) == 0) {
			t.Errorf("%v and %v", d, faults)
		}
	})
}

// FuzzSheets guards what is made of cells, whatever they say: a definition that holds, or faults that each name a cell.
func FuzzSheets(f *testing.F) {
	for _, pattern := range []string{"testdata/forms/*.txt", "testdata/broken.txt", "testdata/xlsform.org.txt"} {
		paths, _ := filepath.Glob(pattern)
		for _, path := range paths {
			content, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			for _, body := range sections("==== x\n" + string(content)) {
				f.Add(body)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, faults := bookOf(text).definition()
		if (d == nil) == (len(faults) == 0) {
			t.Fatalf("%v and %v", d, faults)
		}
		for _, fault := range faults {
			if fault.Sheet == "" || fault.Cell == "" || fault.Message == "" {
				t.Errorf("a fault without a place: %+v", fault)
			}
		}
		if d != nil {
			useDefinition(t, d)
		}
	})
}

// bookOf makes the sheets that a workbook of that text would be read as.
func bookOf(text string) *workbook {
	book := &workbook{}
	for _, s := range readSheetTexts(text) {
		made := &sheet{name: s.name}
		for i, cells := range s.rows {
			if tidy(cells) > 0 {
				made.rows = append(made.rows, sheetRow{i + 1, cells})
			}
		}
		switch strings.ToLower(s.name) {
		case "survey":
			book.survey = made
		case "choices":
			book.choices = made
		case "settings":
			book.settings = made
		}
	}
	return book
}

// useDefinition does with a definition whatever is done with one.
func useDefinition(t *testing.T, d *Definition) {
	t.Helper()
	content, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadDefinition(content)
	if err != nil {
		t.Fatal(err)
	}
	form, faults := Compile(again)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	state := form.Fill(nil, fuzzNow)
	if d.ID != "" && d.Title != "" {
		xform, err := form.XForm()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readElements(xform); err != nil {
			t.Errorf("%v in %s", err, xform)
		}
		if _, err := form.ReadInstance([]byte(instanceXML(form, "uuid:1", state.Fields))); err != nil {
			t.Error(err)
		}
	}
	var b bytes.Buffer
	if err := form.WriteCSV(&b, slicesOf(Record{Key: "1", Answers: state.Answers()}), ExportOptions{Labels: true}); err != nil {
		t.Error(err)
	}
}

// FuzzReadInstance guards the reader of what clients hand in.
func FuzzReadInstance(f *testing.F) {
	content, err := os.ReadFile("testdata/forms/20-督导综合表.xlsx")
	if err != nil {
		f.Fatal(err)
	}
	form := mustRead(f, "20", content)
	f.Add([]byte(`<data id="inspection" version="2023070301"><check><found>dirt</found></check><issue><what>a</what></issue><meta><instanceID>uuid:1</instanceID></meta></data>`))
	f.Add([]byte(`<data id="inspection" version="2023070301" xmlns:o="x"><o:meta><o:instanceID>uuid:1</o:instanceID></o:meta><x/>&amp;</data>`))
	f.Fuzz(func(t *testing.T, content []byte) {
		in, err := form.ReadInstance(content)
		if err != nil {
			if kernel.CodeOf(err) == kernel.Internal {
				t.Error(err)
			}
			return
		}
		_ = form.Fill(in.Answers, fuzzNow)
	})
}

// FuzzFill guards filling in against answers of any shape.
func FuzzFill(f *testing.F) {
	content, err := os.ReadFile("testdata/forms/20-督导综合表.xlsx")
	if err != nil {
		f.Fatal(err)
	}
	form := mustRead(f, "20", content)
	f.Add([]byte(`{"check":{"found":"dirt","number":3},"issue":[{"what":"a"},null,[],"x"]}`))
	f.Add([]byte(`{"issue":{},"check":[],"nobody":1e9,"place":true}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		a, err := ReadAnswers(content)
		if err != nil {
			return
		}
		state := form.Fill(a, fuzzNow)
		for _, fault := range state.Faults {
			if fault.Path == "" || fault.Message == "" {
				t.Errorf("a fault without a place: %+v", fault)
			}
		}
	})
}

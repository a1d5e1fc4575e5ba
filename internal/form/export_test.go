package form

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"pinzhi/internal/kernel"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// treeRecords are two copies of the count of trees: repeats within repeats.
func treeRecords(t *testing.T) (*Form, Records) {
	t.Helper()
	f := mustRead(t, "11", formFiles(t)["11-树木普查"])
	now := time.Date(2023, 6, 30, 9, 0, 0, 0, kernel.Shanghai)
	a, err := ReadAnswers([]byte(`{"street":[{"sname":"鼓楼街","tree":[{"species":"huai","girth":"30.5","at":"36.1 111.5"},{"species":"liu","girth":45}]},{"sname":"空街","tree":[]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	b := Answers{"street": []Answers{{"sname": "滨河路", "tree": []Answers{{"species": "yang", "girth": "20"}}}}}
	return f, slicesOf(
		Record{Key: "1", Extra: []string{"钱九"}, Answers: f.Fill(a, now).Answers()},
		Record{Key: "2", Extra: []string{"=1+1"}, Answers: f.Fill(b, now).Answers()},
	)
}

func slicesOf(list ...Record) Records {
	return func(yield func(Record, error) bool) {
		for _, r := range list {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// sheetsOf reads a workbook as rows of text, a cell of a number with # before it.
func sheetsOf(t *testing.T, content []byte) map[string][]string {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string][]string{}
	for _, name := range f.GetSheetList() {
		rows, err := f.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		for r, row := range rows {
			for c := range row {
				if kind, err := f.GetCellType(name, cellAt(c, r+1)); err == nil && kind == excelize.CellTypeUnset && row[c] != "" {
					row[c] = "#" + row[c]
				}
			}
			all[name] = append(all[name], strings.Join(row, "|"))
		}
	}
	return all
}

func TestWriteXLSX_ARepeatIsASheetThatPointsToItsCopy(t *testing.T) {
	f, records := treeRecords(t)
	var b bytes.Buffer
	if err := f.WriteXLSX(&b, records, ExportOptions{Labels: true, Extra: []string{"填表人"}}); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"答卷": {"编号|填表人|all_trees|thickest", "1|钱九|#2|#45", "2|=1+1|#1|#20"},
		"街道": {"编号|序号|上级序号|街道名|n", "1|1||鼓楼街|#2", "1|2||空街|#0", "2|1||滨河路|#1"},
		"树":  {"编号|序号|上级序号|树种|胸径（厘米）|位置", "1|1.1|1|国槐|#30.5|36.1 111.5", "1|1.2|1|旱柳|#45", "2|1.1|1|毛白杨|#20"},
	}
	if diff := cmp.Diff(want, sheetsOf(t, b.Bytes())); diff != "" {
		t.Error(diff)
	}
	b.Reset()
	if err := f.WriteXLSX(&b, records, ExportOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := sheetsOf(t, b.Bytes())["tree"]; !slices.Equal(got[:2], []string{"_key|_index|_parent_index|species|girth|at", "1|1.1|1|huai|#30.5|36.1 111.5"}) {
		t.Errorf("%q", got)
	}
}

func TestWriteXLSX_ASelectMultipleHasAColumnForEachChoice(t *testing.T) {
	f := mustRead(t, "01", formFiles(t)["01-环境卫生检查"])
	records := slicesOf(
		Record{Key: "uuid:1", Answers: Answers{"street": "gulou", "spot": "007", "trouble": "water stall"}},
		Record{Key: "uuid:2", Answers: Answers{"street": "elsewhere", "spot": "-5"}},
	)
	var b bytes.Buffer
	if err := f.WriteXLSX(&b, records, ExportOptions{Labels: true}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"编号|检查的街道|点位|位置|检查日期|发现的问题|发现的问题/没有问题|发现的问题/乱扔垃圾|发现的问题/积水|发现的问题/占道经营|现场照片|问题说明",
		"uuid:1|鼓楼街道|007|||积水、占道经营|#0|#0|#1|#1", "uuid:2|elsewhere|-5",
	}
	if diff := cmp.Diff(want, sheetsOf(t, b.Bytes())["答卷"]); diff != "" {
		t.Error(diff)
	}
}

func TestWriteCSV_OneFileWithoutRepeats(t *testing.T) {
	f := mustRead(t, "18", formFiles(t)["18-车辆违停"])
	if f.CSVExtension() != "csv" {
		t.Error(f.CSVExtension())
	}
	var b bytes.Buffer
	records := slicesOf(Record{Key: "1", Answers: Answers{"plate": "平A1\n,\"2", "remark": "=HYPERLINK(1)", "lanes": "-3", "place": "-36.1 111.5"}})
	if err := f.WriteCSV(&b, records, ExportOptions{}); err != nil {
		t.Fatal(err)
	}
	want := "\ufeff_key,plate,city,photo,place,remark,lanes,serious,north\r\n1,\"平A1\r\n,\"\"2\",,,'-36.1 111.5,'=HYPERLINK(1),-3,,\r\n"
	if b.String() != want {
		t.Errorf("got  %q\nwant %q", b.String(), want)
	}
}

func TestWriteCSV_AZipOfAFileForEachRepeat(t *testing.T) {
	f, records := treeRecords(t)
	if f.CSVExtension() != "zip" {
		t.Error(f.CSVExtension())
	}
	var b bytes.Buffer
	if err := f.WriteCSV(&b, records, ExportOptions{Labels: true, Extra: []string{"填表人"}}); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, file := range z.File {
		r, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(content), "\ufeff"))).ReadAll()
		if err != nil || !bytes.HasPrefix(content, []byte("\ufeff")) {
			t.Fatalf("%s: %v", file.Name, err)
		}
		got[file.Name] = len(rows)
		if file.Name == "答卷.csv" && rows[2][1] != "'=1+1" {
			t.Errorf("%q", rows)
		}
	}
	if diff := cmp.Diff(map[string]int{"答卷.csv": 3, "街道.csv": 4, "树.csv": 4}, got); diff != "" {
		t.Error(diff)
	}
}

// Ten thousand copies go out as a stream, and what goes wrong on the way is told.
func TestWriteXLSX_OfManyCopies(t *testing.T) {
	f := mustRead(t, "18", formFiles(t)["18-车辆违停"])
	const n = 10_000
	many := func(yield func(Record, error) bool) {
		for i := range n {
			if !yield(Record{Key: fmt.Sprint(i), Answers: Answers{"plate": "平A" + fmt.Sprint(i), "lanes": "2"}}, nil) {
				return
			}
		}
	}
	var b bytes.Buffer
	if err := f.WriteXLSX(&b, many, ExportOptions{}); err != nil {
		t.Fatal(err)
	}
	if rows := sheetsOf(t, b.Bytes())["submissions"]; len(rows) != n+1 || rows[n] != "9999|平A9999|||||#2" {
		t.Errorf("%d rows, the last %q", len(rows), rows[len(rows)-1])
	}
	broken := errors.New("the database went away")
	failing := func(yield func(Record, error) bool) { yield(Record{}, broken) }
	if err := f.WriteXLSX(io.Discard, failing, ExportOptions{}); !errors.Is(err, broken) {
		t.Error(err)
	}
	if err := f.WriteCSV(io.Discard, failing, ExportOptions{}); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestFreeName_IsOneAWorksheetMayHave(t *testing.T) {
	taken := map[string]bool{}
	for _, c := range []struct{ name, want string }{
		{"街道", "街道"}, {"街道", "街道2"}, {"a/b:c", "a_b_c"}, {"Tree", "Tree"}, {"tree", "tree2"},
		{strings.Repeat("长", 40), strings.Repeat("长", 31)}, {strings.Repeat("长", 40), strings.Repeat("长", 30) + "2"},
	} {
		if got := freeName(c.name, taken); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

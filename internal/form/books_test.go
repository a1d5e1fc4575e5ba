package form

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// sheetText is a workbook as it is written in testdata: the name of a sheet on its own line, then its rows, cells parted
// by " | ". A line with nothing is an empty row.
type sheetText struct {
	name string
	rows [][]string
}

func readSheetTexts(text string) (sheets []sheetText) {
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		cells := strings.Split(strings.ReplaceAll(" "+line+" ", " ", "  "), " | ") // doubled: two bars share a space
		for i := range cells {
			cells[i] = strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(cells[i]), "  ", " "), `\n`, "\n")
		}
		switch {
		case len(cells) == 1 && cells[0] != "" && !strings.Contains(line, "|"):
			sheets = append(sheets, sheetText{name: cells[0]})
		case len(sheets) > 0:
			last := &sheets[len(sheets)-1]
			last.rows = append(last.rows, cells)
		}
	}
	return sheets
}

// workbookOf makes the .xlsx of a workbook as it is written in testdata.
func workbookOf(tb testing.TB, text string) []byte {
	tb.Helper()
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	for i, s := range readSheetTexts(text) {
		if i == 0 {
			if err := f.SetSheetName("Sheet1", s.name); err != nil {
				tb.Fatal(err)
			}
		} else if _, err := f.NewSheet(s.name); err != nil {
			tb.Fatal(err)
		}
		for r, row := range s.rows {
			for c, text := range row {
				if text == "" {
					continue
				}
				if err := f.SetCellStr(s.name, cellAt(c, r+1), text); err != nil {
					tb.Fatal(err)
				}
			}
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// formFiles are the workbooks of testdata/forms by name, without .xlsx.
func formFiles(tb testing.TB) map[string][]byte {
	tb.Helper()
	paths, err := filepath.Glob("testdata/forms/*.xlsx")
	if err != nil {
		tb.Fatal(err)
	}
	files := map[string][]byte{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		files[strings.TrimSuffix(filepath.Base(path), ".xlsx")] = content
	}
	return files
}

// sameCells reports whether two workbooks say the same.
func sameCells(t *testing.T, a, b []byte) bool {
	t.Helper()
	var said [2]string
	for i, content := range [][]byte{a, b} {
		f, err := excelize.OpenReader(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range f.GetSheetList() {
			rows, err := f.GetRows(name)
			if err != nil {
				t.Fatal(err)
			}
			said[i] += name + "\n"
			for _, row := range rows {
				said[i] += strings.TrimRight(strings.Join(row, "|"), "|") + "\n"
			}
		}
		_ = f.Close()
	}
	return said[0] == said[1]
}

// The workbooks are made from the texts beside them: PINZHI_WRITE=1 go test ./internal/form -run AreAsTheTexts.
func TestBooks_AreAsTheTextsBesideThemSay(t *testing.T) {
	texts, err := filepath.Glob("testdata/forms/*.txt")
	if err != nil || len(texts) < 20 {
		t.Fatalf("%d texts: %v", len(texts), err)
	}
	for _, path := range texts {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		made, book := workbookOf(t, string(text)), strings.TrimSuffix(path, ".txt")+".xlsx"
		if os.Getenv("PINZHI_WRITE") != "" {
			if err := os.WriteFile(book, made, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		have, err := os.ReadFile(book)
		if err != nil {
			t.Fatal(err)
		}
		if !sameCells(t, have, made) {
			t.Errorf("%s does not say what %s says", book, path)
		}
	}
}

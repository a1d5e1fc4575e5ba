package cases

import (
	"bytes"
	"strings"
	"unicode"

	"pinzhi/internal/kernel"

	"github.com/xuri/excelize/v2"
)

// What a spreadsheet may have.
const (
	MaxSheet     = 10 << 20 // bytes of the file
	MaxSheetRows = 20_000

	maxUnzipped  = 64 << 20
	maxSheetText = 32 << 20 // one text may stand in many cells, so the cells are counted, not the file
	maxColumns   = 256
	maxMerged    = 2_000
	maxSheets    = 5 // that are searched for the header
)

// SheetRow is a row of a worksheet as it stands there: N is its number on the screen.
type SheetRow struct {
	N     int
	Cells []string
}

// Worksheet is the cells of a worksheet: values of formulas, numbers as they are stored, no blank rows.
type Worksheet struct {
	Rows     []SheetRow
	Merged   map[int]bool // rows across which cells are merged: titles and captions, not problems
	Date1904 bool         // days are counted as old Macintosh programs did
}

// reading lets one spreadsheet at a time be unpacked: each may take some hundred megabytes.
var reading = make(chan struct{}, 1)

// ReadWorksheet reads the first worksheet of an .xlsx file that has the columns of an import. It fails with invalid or
// too_large, saying what to do.
func ReadWorksheet(content []byte) (w Worksheet, err error) {
	reading <- struct{}{}
	defer func() { <-reading }()
	defer func() {
		if v := recover(); v != nil { // the reader of the format was not made for files that somebody broke on purpose
			err = unreadable
		}
	}()
	f, err := openWorkbook(content)
	if err != nil {
		return w, err
	}
	defer func() { _ = f.Close() }()
	names := f.GetSheetList()
	for i, name := range names[:min(len(names), maxSheets)] {
		one, readErr := readRows(f, name)
		if readErr == nil {
			_, readErr = headerOf(one)
		}
		if readErr == nil {
			return one, nil
		}
		if i == 0 {
			err = readErr // what people see first is what they are told of
		}
	}
	if err == nil {
		err = unreadable
	}
	return w, err
}

var unreadable = kernel.E(kernel.Invalid, "读不出这个表格。请用表格软件打开它，另存为 .xlsx，再传一次").On("sheet")

func openWorkbook(content []byte) (*excelize.File, error) {
	switch {
	case len(content) > MaxSheet:
		return nil, kernel.E(kernel.TooLarge, "文件超过 %d MB，请分成几个文件，或去掉里面的图片", MaxSheet>>20).On("sheet")
	case bytes.HasPrefix(content, []byte("\xd0\xcf\x11\xe0")):
		return nil, kernel.E(kernel.Invalid, "这是旧格式（.xls）或加了密码的表格，请另存为不带密码的 .xlsx").On("sheet")
	case !bytes.HasPrefix(content, []byte("PK")):
		return nil, kernel.E(kernel.Invalid, "这不是 .xlsx 表格，请另存为 .xlsx 再传").On("sheet")
	}
	f, err := excelize.OpenReader(bytes.NewReader(content), excelize.Options{UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxUnzipped, RawCellValue: true})
	if err != nil && strings.Contains(err.Error(), "unzip size") {
		return nil, kernel.E(kernel.TooLarge, "表格展开后超过 %d MB，请分成几个文件，或去掉里面的图片", maxUnzipped>>20).On("sheet").Because(err)
	}
	if err != nil {
		return nil, unreadable.Because(err)
	}
	return f, nil
}

func readRows(f *excelize.File, name string) (w Worksheet, err error) {
	rows, err := f.Rows(name)
	if err != nil {
		return w, unreadable.Because(err)
	}
	defer func() { _ = rows.Close() }()
	total := 0
	for n := 1; rows.Next(); n++ {
		cells, err := rows.Columns()
		if err != nil {
			return w, unreadable.Because(err)
		}
		if len(cells) > maxColumns {
			return w, kernel.E(kernel.Invalid, "第 %d 行用到了第 %d 列。请删去右边多余的列再传", n, len(cells)).On("sheet")
		}
		if total += clean(cells); blank(cells) {
			continue
		}
		w.Rows = append(w.Rows, SheetRow{n, cells})
		if len(w.Rows) > MaxSheetRows+headerWithin {
			return w, kernel.E(kernel.TooLarge, "超过 %d 行，请分成几个文件", MaxSheetRows).On("sheet")
		}
		if total > maxSheetText {
			return w, kernel.E(kernel.TooLarge, "文字太多（超过 %d MB），请分成几个文件", maxSheetText>>20).On("sheet")
		}
	}
	if props, err := f.GetWorkbookProps(); err == nil && props.Date1904 != nil {
		w.Date1904 = *props.Date1904
	}
	w.Merged, err = mergedRows(f, name, w.Rows)
	return w, err
}

// clean takes out of cells what nobody sees and databases refuse, and returns how long they are.
func clean(cells []string) (total int) {
	for i, c := range cells {
		c = strings.Map(func(r rune) rune {
			switch {
			case r == '\n':
				return r
			case r == '\t':
				return ' '
			case unicode.IsControl(r), r == '\ufeff', r == '\u200b':
				return -1
			}
			return r
		}, strings.ToValidUTF8(c, ""))
		cells[i] = strings.TrimSpace(c)
		total += len(cells[i])
	}
	return total
}

func blank(cells []string) bool {
	for _, c := range cells {
		if c != "" {
			return false
		}
	}
	return true
}

// mergedRows lists the rows across which cells are merged. Most sheets have none: then the sheet is not read again.
func mergedRows(f *excelize.File, name string, rows []SheetRow) (map[int]bool, error) {
	n := 0
	f.Pkg.Range(func(_, part any) bool {
		if text, ok := part.([]byte); ok {
			n += bytes.Count(text, []byte("mergeCell "))
		}
		return true
	})
	if n == 0 {
		return nil, nil //nolint:nilnil // an empty map reads like none
	}
	if n > maxMerged {
		return nil, kernel.E(kernel.Invalid, "合并的单元格太多（%d 处），请取消合并再传", n).On("sheet")
	}
	ranges, err := f.GetMergeCells(name, true)
	if err != nil {
		return nil, unreadable.Because(err)
	}
	merged := map[int]bool{}
	for _, m := range ranges {
		left, top, err1 := excelize.CellNameToCoordinates(m.GetStartAxis())
		right, bottom, err2 := excelize.CellNameToCoordinates(m.GetEndAxis())
		if err1 != nil || err2 != nil || left == right {
			continue // down one column: the rows are problems all the same
		}
		for _, r := range rows {
			if r.N >= top && r.N <= bottom {
				merged[r.N] = true
			}
		}
	}
	return merged, nil
}

package form

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// What a workbook may have.
const (
	MaxWorkbook = 5 << 20 // bytes of the file

	maxUnzipped  = 64 << 20
	maxBookText  = 8 << 20 // of all cells read
	maxColumns   = 120
	maxBlankRows = 5_000 // rows of a sheet that say nothing
)

// workbook is the three sheets of an XLSForm as they stand.
type workbook struct {
	survey, choices, settings *sheet
	date1904                  bool
	faults                    []Fault
}

// sheet is the cells of a worksheet: values of formulas, numbers as they are stored, no blank rows.
type sheet struct {
	name    string // as the file spells it
	columns []sheetColumn
	rows    []sheetRow
	headRow int
}

type sheetRow struct {
	n     int // from 1, as on the screen
	cells []string
}

// sheetColumn is one head: key is what XLSForm calls it ("label"), language what follows ::.
type sheetColumn struct {
	at            int // from 0
	head          string
	key, language string
}

// reading lets one workbook at a time be unpacked: each may take some hundred megabytes.
var reading = make(chan struct{}, 1)

const unreadable = "读不出这个表格。请用表格软件打开它，另存为 .xlsx，再传一次"

// readWorkbook reads the sheets of an XLSForm. What is wrong with the file as a whole is a fault without a cell.
func readWorkbook(r io.Reader) (book *workbook, faults []Fault) {
	content, err := io.ReadAll(io.LimitReader(r, MaxWorkbook+1))
	if err != nil {
		return nil, []Fault{{Message: unreadable}}
	}
	reading <- struct{}{}
	defer func() { <-reading }()
	defer func() {
		if v := recover(); v != nil { // the reader of the format was not made for files that somebody broke on purpose
			book, faults = nil, []Fault{{Message: unreadable}}
		}
	}()
	f, message := openWorkbook(content)
	if message != "" {
		return nil, []Fault{{Message: message}}
	}
	defer func() { _ = f.Close() }()
	return readSheets(f)
}

func openWorkbook(content []byte) (*excelize.File, string) {
	switch {
	case len(content) > MaxWorkbook:
		return nil, fmt.Sprintf("文件超过 %d MB，请去掉里面的图片和用不着的工作表", MaxWorkbook>>20)
	case bytes.HasPrefix(content, []byte("\xd0\xcf\x11\xe0")):
		return nil, "这是旧格式（.xls）或加了密码的表格，请另存为不带密码的 .xlsx"
	case !bytes.HasPrefix(content, []byte("PK")):
		return nil, "这不是 .xlsx 表格，请另存为 .xlsx 再传"
	}
	f, err := excelize.OpenReader(bytes.NewReader(content), excelize.Options{UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxUnzipped, RawCellValue: true})
	if err != nil && strings.Contains(err.Error(), "unzip size") {
		return nil, fmt.Sprintf("表格展开后超过 %d MB，请去掉图片和用不着的工作表", maxUnzipped>>20)
	}
	if err != nil {
		return nil, unreadable
	}
	return f, ""
}

// refusedSheets are sheets that XLSForm knows and that are not read here.
var refusedSheets = map[string]string{
	"external_choices": "暂不支持 external_choices 工作表，请把选项写进 choices",
	"entities":         "暂不支持 entities 工作表，请删去",
	"osm":              "暂不支持 osm 工作表，请删去",
}

func readSheets(f *excelize.File) (*workbook, []Fault) {
	book := &workbook{}
	if props, err := f.GetWorkbookProps(); err == nil && props.Date1904 != nil {
		book.date1904 = *props.Date1904
	}
	left := maxBookText
	for _, name := range f.GetSheetList() {
		var to **sheet
		switch key := strings.ToLower(strings.TrimSpace(name)); key {
		case "survey":
			to = &book.survey
		case "choices":
			to = &book.choices
		case "settings":
			to = &book.settings
		default:
			if why := refusedSheets[key]; why != "" {
				book.faults = append(book.faults, Fault{Sheet: name, Cell: "A1", Message: why})
			}
			continue
		}
		s, fault := readSheet(f, name, &left)
		if fault != nil {
			return nil, []Fault{*fault}
		}
		*to = s
	}
	return book, nil
}

func readSheet(f *excelize.File, name string, left *int) (*sheet, *Fault) {
	rows, err := f.Rows(name)
	if err != nil {
		return nil, &Fault{Sheet: name, Message: unreadable}
	}
	defer func() { _ = rows.Close() }()
	s := &sheet{name: name}
	blank := 0
	for n := 1; rows.Next(); n++ {
		cells, err := rows.Columns()
		if err != nil {
			return nil, &Fault{Sheet: name, Message: unreadable}
		}
		if len(cells) > maxColumns {
			return nil, &Fault{Sheet: name, Cell: cellAt(maxColumns, n), Message: fmt.Sprintf("用到了第 %d 列，请删去右边多余的列", len(cells))}
		}
		size := tidy(cells)
		if *left -= size; *left < 0 {
			return nil, &Fault{Sheet: name, Cell: cellAt(0, n), Message: fmt.Sprintf("文字太多（超过 %d MB），请拆成几个表单", maxBookText>>20)}
		}
		if size == 0 {
			if blank++; blank > maxBlankRows {
				return nil, &Fault{Sheet: name, Cell: cellAt(0, n), Message: "空行太多，请删去下面的空行"}
			}
			continue
		}
		if len(s.rows) > MaxChoices {
			return nil, &Fault{Sheet: name, Cell: cellAt(0, n), Message: fmt.Sprintf("超过 %d 行，请拆成几个表单", MaxChoices)}
		}
		s.rows = append(s.rows, sheetRow{n, cells})
	}
	return s, nil
}

// tidy takes out of cells what nobody sees, and returns how long they are.
func tidy(cells []string) (total int) {
	for i, c := range cells {
		c = strings.Map(func(r rune) rune {
			switch r {
			case '\u00a0':
				return ' '
			case '\ufeff', '\u200b', '\u200c', '\u200d':
				return -1
			}
			return r
		}, clean(strings.ReplaceAll(c, "\r\n", "\n")))
		cells[i] = strings.TrimSpace(c)
		total += len(cells[i])
	}
	return total
}

// cellAt names a cell: column from 0, row from 1.
func cellAt(column, row int) string {
	name, err := excelize.CoordinatesToCellName(column+1, row)
	if err != nil {
		return ""
	}
	return name
}

func (r sheetRow) at(column int) string {
	if column < len(r.cells) {
		return r.cells[column]
	}
	return ""
}

// columnRule says how the heads of a sheet are read.
type columnRule struct {
	known      []string
	translated []string          // of the known: those that may come in several languages
	aliases    map[string]string // other spellings
	refused    []string          // XLSForm has them; they are not read here
	open       bool              // other heads are columns of their own
}

// readHeads takes the first row as heads, and finds fault with those that cannot be meant.
func (s *sheet) readHeads(rule columnRule) (faults []Fault) {
	if len(s.rows) == 0 {
		return nil
	}
	head := s.rows[0]
	s.rows, s.headRow = s.rows[1:], head.n
	seen := map[string]bool{}
	for i, text := range head.cells {
		if text == "" {
			continue
		}
		c := sheetColumn{at: i, head: text}
		c.key, c.language = rule.read(text)
		id := c.key + "::" + c.language
		switch fault := rule.wrong(c, seen[id], s.filled(i)); {
		case fault != "":
			faults = append(faults, Fault{Sheet: s.name, Cell: cellAt(i, head.n), Message: fault})
		case c.key != "":
			s.columns = append(s.columns, c)
		}
		seen[id] = true
	}
	return faults
}

// read finds what a head means: its key, "" for a column of the author's own, and the language after ::.
func (r columnRule) read(head string) (key, language string) {
	base, language, translated := strings.Cut(head, "::")
	if !translated {
		base, language, translated = strings.Cut(head, ":")
	}
	key = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(base)), " ", "_")
	if other := r.aliases[key]; other != "" {
		key = other
	}
	language = strings.TrimSpace(language)
	switch {
	case slices.Contains(r.known, key) && !translated, slices.Contains(r.translated, key):
		return key, language
	case slices.Contains(r.refused, key):
		return key, ""
	case r.open:
		return strings.TrimSpace(head), ""
	}
	return "", ""
}

func (r columnRule) wrong(c sheetColumn, twice, filled bool) string {
	switch {
	case slices.Contains(r.refused, c.key):
		if filled {
			return fmt.Sprintf("暂不支持“%s”这一列，请删去", c.head)
		}
	case twice && (c.key != "" && !r.open || slices.Contains(r.known, c.key)):
		return fmt.Sprintf("“%s”这一列有两列，请删去一列", c.head)
	case c.key == "" && nearest(strings.ToLower(c.head), r.known) != "":
		return fmt.Sprintf("不认识“%s”这一列，是不是 %s", c.head, nearest(strings.ToLower(c.head), r.known))
	}
	return ""
}

// filled reports whether a column says anything below its head.
func (s *sheet) filled(column int) bool {
	for _, r := range s.rows {
		if r.at(column) != "" {
			return true
		}
	}
	return false
}

// column finds a column by its key in a language; where that language has none, the one without a language.
func (s *sheet) column(key, language string) (sheetColumn, bool) {
	var plain sheetColumn
	found := false
	for _, c := range s.columns {
		switch {
		case c.key != key:
		case c.language == language:
			return c, true
		case c.language == "":
			plain, found = c, true
		}
	}
	return plain, found
}

// cell is what a row says in a column.
func (s *sheet) cell(r sheetRow, key, language string) string {
	if c, ok := s.column(key, language); ok {
		return r.at(c.at)
	}
	return ""
}

// where is the cell of a row in a column; where there is no such column, that of another.
func (s *sheet) where(row int, language string, keys ...string) string {
	for _, key := range keys {
		if c, ok := s.column(key, language); ok {
			return cellAt(c.at, row)
		}
	}
	return cellAt(0, row)
}

// excelError reports whether a cell's formula went wrong.
func excelError(s string) bool {
	return strings.HasPrefix(s, "#") && utf8.RuneCountInString(s) <= 8 && (strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") || s == "#N/A")
}

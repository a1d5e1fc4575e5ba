package cases

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"pinzhi/internal/kernel"

	"github.com/xuri/excelize/v2"
)

// ImportRow is a row of a spreadsheet that can be registered.
type ImportRow struct {
	Row      int       `json:"row"`
	Title    string    `json:"title"`
	Words    string    `json:"words"`
	Source   Source    `json:"source"`
	Category string    `json:"category"`
	Severity Severity  `json:"severity"`
	Address  string    `json:"address"`
	District string    `json:"district"`
	Lat      *float64  `json:"lat"`
	Lon      *float64  `json:"lon"`
	FoundAt  time.Time `json:"found_at"`
	Caller   string    `json:"caller"`
	Phone    string    `json:"phone"`
}

func (r ImportRow) registration(uuid string) Registration {
	return Registration{UUID: uuid, Title: r.Title, Words: r.Words, Source: r.Source, Category: r.Category, Severity: r.Severity, Address: r.Address,
		District: r.District, Lat: r.Lat, Lon: r.Lon, FoundAt: r.FoundAt, Caller: Caller{Name: r.Caller, Phone: r.Phone}}
}

// Fault is what is wrong in one cell, and what to write there.
type Fault struct {
	Row    int    `json:"row"`
	Column string `json:"column"` // its letter; "" where the sheet has no such column
	Name   string `json:"name"`
	Words  string `json:"words"`
}

// String says it as the clerk finds it: 第 18 行 D 列（严重程度）：….
func (f Fault) String() string {
	if f.Column == "" {
		return fmt.Sprintf("第 %d 行（%s）：%s", f.Row, f.Name, f.Words)
	}
	return fmt.Sprintf("第 %d 行 %s 列（%s）：%s", f.Row, f.Column, f.Name, f.Words)
}

// Checked is what a spreadsheet turned out to hold.
type Checked struct {
	Good   []ImportRow `json:"good"`
	Faults []Fault     `json:"faults"`
	Bad    int         `json:"bad"`    // rows with a fault
	Merged []int       `json:"merged"` // rows passed over because cells are merged across them
	Unused []string    `json:"unused"` // columns that mean nothing to us
}

// SheetColumn is one column of the import: the table below is the template, the reading and the manual.
type SheetColumn struct {
	Name   string
	Needed bool
	Most   int // characters
	Width  float64
	field  string // of Registration.check
	read   func(k *rowCheck, text string) string
}

// The columns that are spoken of elsewhere.
const (
	wordsColumn   = "问题"
	addressColumn = "地点"
	lonColumn     = "经度"
	latColumn     = "纬度"
)

// SheetColumns lists the columns in the order of the template.
var SheetColumns = []SheetColumn{
	{wordsColumn, true, 5000, 48, "words", func(k *rowCheck, text string) string { k.r.Words = text; return "" }},
	{"标题", false, 100, 28, "title", func(k *rowCheck, text string) string { k.r.Title = text; return "" }},
	{addressColumn, false, 200, 32, "address", func(k *rowCheck, text string) string { k.r.Address = text; return "" }},
	{"县区", false, 50, 12, "district", func(k *rowCheck, text string) string { k.r.District = text; return "" }},
	{"类别", false, 100, 16, "category", (*rowCheck).category},
	{"严重程度", false, 100, 10, "severity", (*rowCheck).severity},
	{"来源", true, 100, 12, "source", (*rowCheck).source},
	{"发现时间", false, 100, 18, "found_at", (*rowCheck).foundAt},
	{lonColumn, false, 100, 12, "lon", func(k *rowCheck, text string) string { return degreesIn(text, 180, &k.r.Lon) }},
	{latColumn, false, 100, 12, "lat", func(k *rowCheck, text string) string { return degreesIn(text, 90, &k.r.Lat) }},
	{"来电人", false, 50, 10, "caller", func(k *rowCheck, text string) string { k.r.Caller = text; return "" }},
	{"电话", false, 30, 16, "phone", (*rowCheck).phone},
}

// ExampleMark begins the words of the template's example row, which is never registered.
const ExampleMark = "例："

// header is where the columns stand.
type header struct {
	row    int
	at     map[string]int // position in the row by name
	unused []string
}

const headerWithin = 10 // rows: above the header there may be titles

// headerOf finds the row that names the columns, in any order.
func headerOf(w Worksheet) (best header, err error) {
	var twice string
	for _, r := range w.Rows[:min(len(w.Rows), headerWithin)] {
		h, again := namesIn(r)
		if len(h.at) > len(best.at) {
			best, twice = h, again
		}
	}
	if len(best.at) < 2 {
		return best, kernel.E(kernel.Invalid, "没有找到列名。第一行要写“问题”“地点”“来源”这样的列名，可以先下载模板").On("sheet")
	}
	if twice != "" {
		return best, kernel.E(kernel.Invalid, "第 %d 行%s，请只留一列", best.row, twice).On("sheet")
	}
	for _, c := range SheetColumns {
		if _, ok := best.at[c.Name]; c.Needed && !ok {
			return best, kernel.E(kernel.Invalid, "第 %d 行的列名里没有“%s”，这一列必须有", best.row, c.Name).On("sheet")
		}
	}
	if !best.has(addressColumn) && (!best.has(lonColumn) || !best.has(latColumn)) {
		return best, kernel.E(kernel.Invalid, "第 %d 行的列名里没有“地点”，也没有“经度”和“纬度”，请补上一样", best.row).On("sheet")
	}
	return best, nil
}

func namesIn(r SheetRow) (h header, twice string) {
	h = header{row: r.N, at: map[string]int{}}
	for i, cell := range r.Cells {
		name := strings.Trim(strings.Join(strings.Fields(cell), ""), "*＊")
		if cut := strings.IndexAny(name, "（("); cut > 0 {
			name = name[:cut] // 问题（必填）
		}
		switch {
		case name == "":
		case !slices.ContainsFunc(SheetColumns, func(c SheetColumn) bool { return c.Name == name }):
			h.unused = append(h.unused, shorten(cell, quoted))
		case h.has(name):
			twice = fmt.Sprintf("“%s”写了两次（%s 列和 %s 列）", name, letter(h.at[name]), letter(i))
		default:
			h.at[name] = i
		}
	}
	return h, twice
}

func (h header) has(name string) bool {
	_, ok := h.at[name]
	return ok
}

func letter(i int) string {
	name, err := excelize.ColumnNumberToName(i + 1)
	if err != nil {
		return ""
	}
	return name
}

// rowCheck reads one row.
type rowCheck struct {
	r          ImportRow
	h          header
	faults     []Fault
	categories []string
	now        time.Time
	date1904   bool
}

// CheckWorksheet reads every row as a case and names every fault by its cell. It fails with invalid where columns or
// rows are missing altogether.
func CheckWorksheet(w Worksheet, categories []string, now time.Time) (c Checked, err error) {
	h, err := headerOf(w)
	if err != nil {
		return c, err
	}
	c.Unused = h.unused
	for _, r := range w.Rows {
		words := at(r, h.at[wordsColumn])
		if r.N <= h.row || strings.HasPrefix(words, ExampleMark) {
			continue
		}
		if w.Merged[r.N] {
			c.Merged = append(c.Merged, r.N)
			continue
		}
		k := rowCheck{r: ImportRow{Row: r.N}, h: h, categories: categories, now: now, date1904: w.Date1904}
		if !k.read(r) {
			continue
		}
		if len(k.faults) > 0 {
			c.Faults = append(c.Faults, k.faults...)
			c.Bad++
			continue
		}
		c.Good = append(c.Good, k.r)
	}
	switch n := len(c.Good) + c.Bad; {
	case n == 0:
		return c, kernel.E(kernel.Invalid, "第 %d 行列名下面没有问题，请填好再传", h.row).On("sheet")
	case n > MaxSheetRows:
		return c, kernel.E(kernel.TooLarge, "超过 %d 行，请分成几个文件", MaxSheetRows).On("sheet")
	}
	return c, nil
}

func at(r SheetRow, i int) string {
	if i < len(r.Cells) {
		return r.Cells[i]
	}
	return ""
}

// read reads the cells of a row; it is false where none of our columns has anything.
func (k *rowCheck) read(r SheetRow) (written bool) {
	for _, c := range SheetColumns {
		i, ok := k.h.at[c.Name]
		if !ok {
			continue
		}
		text := at(r, i)
		if text != "" {
			written = true
		}
		if words := k.cell(c, text); words != "" {
			k.fault(c.Name, words)
		}
	}
	if written {
		k.place()
		k.backstop()
	}
	return written
}

func (k *rowCheck) fault(name, words string) {
	f := Fault{Row: k.r.Row, Name: name, Words: words}
	if i, ok := k.h.at[name]; ok {
		f.Column = letter(i)
	}
	k.faults = append(k.faults, f)
}

var formulaErrors = []string{"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"}

// cell reads one cell and says what is wrong with it, "" for nothing.
func (k *rowCheck) cell(c SheetColumn, text string) string {
	switch {
	case text == "" && c.Needed && c.field == "source":
		return "没有写，请写" + oneOf(Sources)
	case text == "" && c.Needed:
		return "没有写，这一列必须填"
	case text == "":
		return ""
	case slices.Contains(formulaErrors, text):
		return "公式出错（" + text + "），请改成值"
	case len([]rune(text)) > c.Most:
		return fmt.Sprintf("有 %d 字，最多 %d 字", len([]rune(text)), c.Most)
	}
	return c.read(k, text)
}

// place: a case is somewhere, by words or on the map; half a coordinate is none.
func (k *rowCheck) place() {
	faulty := func(names ...string) bool {
		return slices.ContainsFunc(k.faults, func(f Fault) bool { return slices.Contains(names, f.Name) })
	}
	switch {
	case faulty(lonColumn, latColumn):
	case k.r.Lat == nil && k.r.Lon != nil:
		k.fault(latColumn, "写了经度没写纬度，请补上或都不写")
	case k.r.Lon == nil && k.r.Lat != nil:
		k.fault(lonColumn, "写了纬度没写经度，请补上或都不写")
	case k.r.Lat == nil && k.r.Address == "" && !faulty(addressColumn):
		k.fault(addressColumn, "没有写，请写地点，或写经度和纬度")
	}
}

// backstop asks the rule of registration itself, so that an agreed row is never refused.
func (k *rowCheck) backstop() {
	if len(k.faults) > 0 {
		return
	}
	_, err := k.r.registration("").check(0)
	if err == nil {
		return
	}
	name := wordsColumn
	if e, ok := errors.AsType[*kernel.Error](err); ok {
		for _, c := range SheetColumns {
			if c.field == e.Field {
				name = c.Name
			}
		}
	}
	k.fault(name, kernel.MessageOf(err))
}

const quoted = 20 // characters of a cell that are said again

func (k *rowCheck) category(text string) string {
	if !slices.Contains(k.categories, text) {
		return fmt.Sprintf("没有“%s”这个类别，请写%s", shorten(text, quoted), either(k.categories))
	}
	k.r.Category = text
	return ""
}

func (k *rowCheck) severity(text string) string { return choose(Severities, text, &k.r.Severity) }
func (k *rowCheck) source(text string) string   { return choose(Sources, text, &k.r.Source) }

// named is a word of ours with a name in Chinese.
type named interface {
	comparable
	Name() string
}

func choose[T named](list []T, text string, into *T) string {
	for _, x := range list {
		if x.Name() == text {
			*into = x
			return ""
		}
	}
	return fmt.Sprintf("“%s”不认识，请写%s", shorten(text, quoted), oneOf(list))
}

func oneOf[T named](list []T) string {
	names := make([]string, 0, len(list))
	for _, x := range list {
		names = append(names, x.Name())
	}
	return either(names)
}

// either joins names: 一般、较重或紧急.
func either(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], "、") + "或" + names[len(names)-1]
}

var dateLayouts = []string{"2006-1-2", "2006-1-2 15:4", "2006-1-2 15:4:5", "20060102"}

const (
	firstSerial = 36526 // 2000-01-01, in days as spreadsheets count them
	lastSerial  = 73051 // 2100-01-01
)

// foundAt reads a date of the spreadsheet or one that was typed, as a time in Shanghai.
func (k *rowCheck) foundAt(text string) string {
	t, ok := k.moment(text)
	switch {
	case !ok:
		return fmt.Sprintf("“%s”不是日期，请写成 2024-03-18 或 2024-03-18 08:12", shorten(text, quoted))
	case t.Year() < 2000:
		return t.Format(time.DateOnly) + " 太早了，请看看年份"
	case t.After(k.now):
		return t.Format("2006-01-02 15:04") + " 还没有到，请看看日期"
	}
	k.r.FoundAt = t.UTC()
	return ""
}

func (k *rowCheck) moment(text string) (time.Time, bool) {
	serial, err := strconv.ParseFloat(text, 64)
	if k.date1904 {
		serial += 1462
	}
	if err == nil && serial >= firstSerial && serial < lastSerial {
		t, err := excelize.ExcelDateToTime(serial, false)
		t = t.Round(time.Second)
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, kernel.Shanghai), err == nil
	}
	text = strings.NewReplacer("年", "-", "月", "-", "日", " ", "/", "-", ".", "-", "T", " ", "：", ":", "　", " ").Replace(text)
	text = strings.Join(strings.Fields(text), " ")
	for _, layout := range dateLayouts {
		if t, err := time.ParseInLocation(layout, text, kernel.Shanghai); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func degreesIn(text string, most float64, into **float64) string {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(x) {
		return fmt.Sprintf("“%s”不是经纬度，请写成 36.08400 这样的数", shorten(text, quoted))
	}
	if x < -most || x > most {
		return fmt.Sprintf("%s 不在 -%g 到 %g 之间，经度和纬度是不是写反了", shorten(text, quoted), most, most)
	}
	*into = &x
	return ""
}

// phone reads a number; what is wrong with it is not repeated, because it may be somebody's.
func (k *rowCheck) phone(text string) string {
	if x, err := strconv.ParseFloat(text, 64); err == nil && strings.ContainsAny(text, "eE") && x > 0 && x < 1e15 {
		text = strconv.FormatFloat(x, 'f', 0, 64) // a number so long that the program wrote it with an exponent
	}
	digits := 0
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case !strings.ContainsRune("+-－—()（）转、,，;；", r) && !unicode.IsSpace(r):
			return "电话里有不是号码的字，请写成 13800000000 或 0357-2000000"
		}
	}
	if digits < 3 {
		return "电话不完整，请写成 13800000000 或 0357-2000000"
	}
	k.r.Phone = text
	return ""
}

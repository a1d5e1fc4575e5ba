package views

import (
	"strconv"
	"strings"

	"pinzhi/internal/cases"
	"pinzhi/internal/kernel"
)

// ImportForm takes a spreadsheet of problems.
type ImportForm struct {
	Problem

	Base    Base
	Rows    []cases.Import // handed in before
	Columns []cases.SheetColumn
	Today   kernel.Date
}

// ImportView is a spreadsheet as it was read, before anybody agrees and after.
type ImportView struct {
	Problem

	Base    Base
	Import  cases.Import
	Checked cases.Checked
	Good    []cases.ImportRow // the first ones
	Faults  []cases.Fault     // as many as a page holds
	Today   kernel.Date
}

// columnNames lists the columns that must be filled in, or those that may.
func (v ImportForm) columnNames(needed bool) string {
	var list []string
	for _, c := range v.Columns {
		if c.Needed == needed {
			list = append(list, c.Name)
		}
	}
	return strings.Join(list, "、")
}

// rowList names rows: 3、18、40 等 12 行.
func rowList(rows []int) string {
	const most = 10
	var list []string
	for _, n := range rows[:min(len(rows), most)] {
		list = append(list, strconv.Itoa(n))
	}
	if len(rows) > most {
		return strings.Join(list, "、") + " 等 " + strconv.Itoa(len(rows)) + " 行"
	}
	return strings.Join(list, "、") + " 行"
}

// thousands writes a number as tables do: 4,800.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// export is the address of the list as a file, with the same filter.
func (l CaseList) export(kind string) string {
	_, filter, _ := strings.Cut(l.query("after", ""), "?")
	return l.Base.To("/cases.%s", kind) + "?" + filter
}

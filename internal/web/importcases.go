package web

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"pinzhi/internal/cases"
	"pinzhi/internal/kernel"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"

	"github.com/xuri/excelize/v2"
)

// importPage takes a spreadsheet of problems and shows those that were handed in before.
func importPage(q *request) error { return q.importForm(http.StatusOK, views.Problem{}) }

func (q *request) importForm(status int, problem views.Problem) error {
	rows, err := q.s.Cases.Imports(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	v := views.ImportForm{Problem: problem, Base: q.base(), Rows: rows, Columns: cases.SheetColumns, Today: q.today()}
	return q.render(status, "导入案件", views.ImportFormPage(v), ui.Crumb{Text: "案件", Href: q.at("/cases")}, ui.Crumb{Text: "导入"})
}

// startImport reads and checks a spreadsheet; nothing is registered.
func startImport(q *request) error {
	if _, err := q.s.Cases.Imports(q.ctx(), q.view.ID); err != nil {
		return err // who may not import may not make us read files either
	}
	id, err := q.readImport()
	if err == nil {
		return q.seeOther("%s", q.at("/cases/import/%d", id))
	}
	problem, ok := refused(err)
	if !ok {
		return err
	}
	return q.importForm(statusOf(kernel.CodeOf(err)), problem)
}

func (q *request) readImport() (int64, error) {
	if err := q.ParseMultipartForm(filesMemory); err != nil {
		if _, tooBig := errors.AsType[*http.MaxBytesError](err); tooBig {
			return 0, kernel.E(kernel.TooLarge, "文件超过 %d MB，请分成几个文件，或去掉里面的图片", cases.MaxSheet>>20).On("sheet")
		}
		return 0, kernel.E(kernel.Invalid, "没有收到完整的文件，请重新选一次").On("sheet").Because(err)
	}
	file, head, err := q.FormFile("sheet")
	if err != nil {
		return 0, kernel.E(kernel.Invalid, "请先选一个 .xlsx 表格").On("sheet")
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, cases.MaxSheet+1))
	if err != nil {
		return 0, kernel.E(kernel.Invalid, "文件没有传完，请重新选一次").On("sheet").Because(err)
	}
	categories, err := q.categories()
	if err != nil {
		return 0, err
	}
	x, err := q.s.Cases.StartImport(q.ctx(), q.view.ID, head.Filename, content, categories)
	return x.ID, err
}

// importPreview shows what would be registered and every fault, before anybody agrees.
func importPreview(q *request) error { return q.preview(http.StatusOK, views.Problem{}) }

const (
	firstRows  = 10    // of the good ones, to see that the columns are the right ones
	mostFaults = 2_000 // on one page; who has more mends these first
)

func (q *request) preview(status int, problem views.Problem) error {
	id, err := q.id("x")
	if err != nil {
		return err
	}
	x, err := q.s.Cases.ImportByID(q.ctx(), q.view.ID, id)
	if err != nil {
		return err
	}
	c, err := x.Contents()
	if err != nil {
		return err
	}
	v := views.ImportView{Problem: problem, Base: q.base(), Import: x, Checked: c, Today: q.today()}
	v.Good = c.Good[:min(len(c.Good), firstRows)]
	v.Faults = c.Faults[:min(len(c.Faults), mostFaults)]
	return q.render(status, "导入案件", views.ImportPage(v), ui.Crumb{Text: "案件", Href: q.at("/cases")},
		ui.Crumb{Text: "导入", Href: q.at("/cases/import")}, ui.Crumb{Text: x.Name})
}

// agreeImport registers the good rows, once.
func agreeImport(q *request) error {
	id, err := q.id("x")
	if err != nil {
		return err
	}
	err = q.s.Cases.AgreeImport(q.ctx(), q.view.ID, id)
	if problem, ok := refused(err); ok {
		return q.preview(statusOf(kernel.CodeOf(err)), problem)
	}
	if err != nil {
		return err
	}
	return q.seeOther("%s", q.at("/cases/import/%d", id))
}

const (
	problemsTab = "问题"
	choicesTab  = "可选的值"
)

// importTemplate is an empty spreadsheet with the columns, an example and drop-downs.
func importTemplate(q *request) error {
	if _, err := q.s.Cases.Imports(q.ctx(), q.view.ID); err != nil {
		return err
	}
	categories, err := q.categories()
	if err != nil {
		return err
	}
	f, err := templateSheet(categories)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	h := q.w.Header()
	h.Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": "案件导入模板.xlsx"}))
	q.w.WriteHeader(http.StatusOK)
	return f.Write(q.w)
}

func templateSheet(categories []string) (*excelize.File, error) {
	f := excelize.NewFile()
	if err := f.SetSheetName("Sheet1", problemsTab); err != nil {
		return nil, err
	}
	if _, err := f.NewSheet(choicesTab); err != nil {
		return nil, err
	}
	style, err := sheet{}.styles(f)
	if err != nil {
		return nil, err
	}
	number := "@"
	asText, err := f.NewStyle(&excelize.Style{CustomNumFmt: &number})
	if err != nil {
		return nil, err
	}
	choices := map[string][]string{"来源": names(cases.Sources), "严重程度": names(cases.Severities), "类别": categories}
	example := map[string]any{"问题": cases.ExampleMark + "解放路东段人行道堆放垃圾（这一行是样子，不会登记，请从下一行写起）", "地点": "解放路与平阳街口东 40 米",
		"类别": categories[0], "严重程度": cases.Ordinary.Name(), "来源": cases.Hotline.Name(), "发现时间": "2024-03-18 08:12", "电话": "0357-2000000"}
	next := 0 // column of the choices
	for i, c := range cases.SheetColumns {
		head := c.Name
		if c.Needed {
			head += "（必填）"
		}
		column, _, err := excelize.SplitCellName(cell(i, 0))
		if err != nil {
			return nil, err
		}
		err = firstError(f.SetCellValue(problemsTab, cell(i, 0), head), f.SetCellStyle(problemsTab, cell(i, 0), cell(i, 0), style.head),
			f.SetColWidth(problemsTab, column, column, c.Width), f.SetCellValue(problemsTab, cell(i, 1), example[c.Name]))
		if list := choices[c.Name]; err == nil && list != nil {
			err = dropDown(f, i, next, c.Name, list)
			next++
		}
		if c.Name == "电话" && err == nil {
			err = f.SetCellStyle(problemsTab, cell(i, 1), cell(i, 2000), asText) // else a long number loses its last digits
		}
		if err != nil {
			return nil, err
		}
	}
	return f, f.SetPanes(problemsTab, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

// dropDown lists the values of a column beside, and lets the column be chosen from them.
func dropDown(f *excelize.File, column, at int, name string, list []string) error {
	if err := f.SetSheetCol(choicesTab, cell(at, 0), new(append([]string{name}, list...))); err != nil {
		return err
	}
	letter, _, err := excelize.SplitCellName(cell(at, 0))
	if err != nil {
		return err
	}
	v := excelize.NewDataValidation(true)
	v.SetSqref(cell(column, 1) + ":" + cell(column, cases.MaxSheetRows))
	v.SetSqrefDropList(fmt.Sprintf("'%s'!$%s$2:$%s$%d", choicesTab, letter, letter, len(list)+1))
	v.SetError(excelize.DataValidationErrorStyleStop, name, "请从下拉里选")
	return f.AddDataValidation(problemsTab, v)
}

func names[T interface{ Name() string }](list []T) []string {
	out := make([]string, 0, len(list))
	for _, x := range list {
		out = append(out, x.Name())
	}
	return out
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

package web

import (
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"pinzhi/internal/campaign"
	"pinzhi/internal/roster"

	"github.com/xuri/excelize/v2"
)

// sheet is one table on its way to a spreadsheet, made to be printed as it comes.
type sheet struct {
	name    string // of the worksheet and, after the campaign, of the file
	title   string
	heads   []string
	widths  []float64
	rows    [][]any
	wide    bool // A3 landscape
	pinned  int  // columns that stay when one scrolls
	isDrill bool

	// stream adds what should not be in memory all at once, after rows.
	stream func(add func(row []any) error) error
}

// send writes the sheet as .xlsx: title, head row, thin rules, frozen head, print set-up.
func (q *request) send(s sheet) error {
	s.isDrill = q.view.Drill
	f, err := s.build(q.view.Name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	name := fmt.Sprintf("%s%s %s.xlsx", q.view.Name, s.name, q.today())
	h := q.w.Header()
	h.Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	q.w.WriteHeader(http.StatusOK)
	return f.Write(q.w)
}

func (s sheet) build(campaignName string) (*excelize.File, error) {
	f := excelize.NewFile()
	if err := f.SetSheetName("Sheet1", s.name); err != nil {
		return nil, err
	}
	title := campaignName + s.title
	if s.isDrill {
		title += "（演练）"
	}
	styles, err := s.styles(f)
	if err != nil {
		return nil, err
	}
	if err := s.printSetup(f); err != nil { // before the stream: it writes the sheet's head first
		return nil, err
	}
	w, err := f.NewStreamWriter(s.name)
	if err != nil {
		return nil, err
	}
	for i, width := range s.widths {
		if err := w.SetColWidth(i+1, i+1, width); err != nil {
			return nil, err
		}
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, XSplit: s.pinned, YSplit: 2, TopLeftCell: cell(s.pinned, 2), ActivePane: "bottomRight"}); err != nil {
		return nil, err
	}
	if err := s.write(w, title, styles); err != nil {
		return nil, err
	}
	return f, nil
}

type sheetStyles struct{ title, head, body, when int }

func (s sheet) styles(f *excelize.File) (st sheetStyles, err error) {
	border := []excelize.Border{}
	for _, side := range []string{"left", "right", "top", "bottom"} {
		border = append(border, excelize.Border{Type: side, Color: "999999", Style: 1})
	}
	if st.title, err = f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true, Size: 16, Family: "宋体"},
		Alignment: &excelize.Alignment{Horizontal: "center", Vertical: "center"}}); err != nil {
		return st, err
	}
	if st.head, err = f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true, Size: 11, Family: "宋体"}, Border: border,
		Fill:      excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"F2EFE8"}},
		Alignment: &excelize.Alignment{Horizontal: "center", Vertical: "center", WrapText: true}}); err != nil {
		return st, err
	}
	body := excelize.Style{Font: &excelize.Font{Size: 11, Family: "宋体"}, Border: border, Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}}
	if st.body, err = f.NewStyle(&body); err != nil {
		return st, err
	}
	minute := "yyyy-mm-dd hh:mm"
	body.CustomNumFmt = &minute
	st.when, err = f.NewStyle(&body)
	return st, err
}

func (s sheet) write(w *excelize.StreamWriter, title string, st sheetStyles) error {
	if err := w.SetRow("A1", []any{excelize.Cell{StyleID: st.title, Value: title}}, excelize.RowOpts{Height: 30}); err != nil {
		return err
	}
	if err := w.MergeCell("A1", cell(len(s.heads)-1, 0)); err != nil {
		return err
	}
	heads := make([]any, len(s.heads))
	for i, h := range s.heads {
		heads[i] = excelize.Cell{StyleID: st.head, Value: h}
	}
	if err := w.SetRow("A2", heads, excelize.RowOpts{Height: max(22, s.height(texts(s.heads)))}); err != nil {
		return err
	}
	n := 1
	add := func(row []any) error {
		n++
		cells := make([]any, len(row))
		for j, v := range row {
			cells[j] = excelize.Cell{StyleID: st.of(v), Value: v}
		}
		return w.SetRow(cell(0, n), cells, excelize.RowOpts{Height: s.height(row)})
	}
	for _, row := range s.rows {
		if err := add(row); err != nil {
			return err
		}
	}
	if s.stream != nil {
		if err := s.stream(add); err != nil {
			return err
		}
	}
	return w.Flush()
}

// of is the style of a value: an instant is written as one.
func (st sheetStyles) of(v any) int {
	if _, ok := v.(time.Time); ok {
		return st.when
	}
	return st.body
}

func texts(list []string) []any {
	out := make([]any, len(list))
	for i, t := range list {
		out[i] = t
	}
	return out
}

// height is what a row needs: programs do not reckon it themselves for wrapped text in streamed sheets.
func (s sheet) height(row []any) float64 {
	lines := 1
	for j, v := range row {
		text, ok := v.(string)
		if !ok || j >= len(s.widths) {
			continue
		}
		perLine := max(1, int(s.widths[j]/2.1)) // a Chinese character is about two digits wide
		n := 0
		for part := range strings.SplitSeq(text, "\n") {
			n += (len([]rune(part)) + perLine - 1) / perLine
		}
		lines = max(lines, n)
	}
	return min(409, float64(lines)*15+3) // 409 points is the most a row may have
}

func (s sheet) printSetup(f *excelize.File) error {
	size, orientation, one, zero := 9, "landscape", 1, 0 // 9 is A4, 8 is A3
	if s.wide {
		size = 8
	}
	if err := f.SetPageLayout(s.name, &excelize.PageLayoutOptions{Size: &size, Orientation: &orientation, FitToWidth: &one, FitToHeight: &zero}); err != nil {
		return err
	}
	fit := true
	if err := f.SetSheetProps(s.name, &excelize.SheetPropsOptions{FitToPage: &fit}); err != nil {
		return err
	}
	if err := f.SetHeaderFooter(s.name, &excelize.HeaderFooterOptions{OddFooter: "&C第 &P 页，共 &N 页"}); err != nil {
		return err
	}
	return f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: fmt.Sprintf("'%s'!$1:$2", s.name), Scope: s.name})
}

// cell names a cell by column and row, both from 0.
func cell(col, row int) string {
	name, err := excelize.CoordinatesToCellName(col+1, row+1)
	if err != nil {
		panic(err) // both are our own numbers
	}
	return name
}

func tasksSheet(q *request) error {
	tree, err := q.tree(nil)
	if err != nil {
		return err
	}
	s := sheet{name: "任务清单", title: "任务清单", pinned: 3, wide: true,
		heads:  []string{"专项行动", "编号", "任务", "内容", "牵头单位", "配合单位", "指标", "完成时限", "工作项", "办结", "逾期", "方案行号"},
		widths: []float64{16, 7, 20, 60, 18, 24, 22, 12, 8, 8, 8, 12}}
	for _, a := range tree {
		for _, t := range a.Tasks {
			var targets []string
			for _, i := range t.Indicators {
				targets = append(targets, i.Name+" "+i.Target())
			}
			s.rows = append(s.rows, []any{a.Short, t.Number(), t.Name, t.Text, chipNames(t.Leads), chipNames(t.Support), strings.Join(targets, "\n"),
				t.Deadline.Chinese(), t.Progress.Total, t.Progress.Done, t.Progress.Late, lineSpan(t.Task)})
		}
	}
	return q.send(s)
}

func peopleSheet(q *request) error {
	seats, err := roster.SeatsOf(q.ctx(), q.s.DB.Reader(), q.view.ID)
	if err != nil {
		return err
	}
	s := sheet{name: "人员名单", title: "人员名单", pinned: 3, heads: []string{"机构", "序号", "姓名", "角色", "职务", "单位", "方案行号"},
		widths: []float64{34, 7, 12, 12, 36, 28, 10}}
	n, last := 0, int64(0)
	for _, x := range seats {
		if x.BodyID != last {
			n, last = 0, x.BodyID
		}
		n++
		s.rows = append(s.rows, []any{x.BodyName, n, x.PersonName, x.Role, x.Post, x.UnitName, x.LineFrom})
	}
	return q.send(s)
}

func matrixSheet(q *request) error {
	v, err := q.matrix()
	if err != nil {
		return err
	}
	s := sheet{name: "任职一览", title: "任职一览", wide: true, pinned: 1, heads: []string{"姓名", "单位"}, widths: []float64{12, 26}}
	for _, b := range v.Bodies {
		s.heads, s.widths = append(s.heads, campaign.ShortName(b.Name)), append(s.widths, 14)
	}
	s.heads, s.widths = append(s.heads, "任职数"), append(s.widths, 8)
	for _, r := range v.Rows {
		row := []any{r.Name, r.Unit}
		for _, c := range r.Cells {
			row = append(row, c)
		}
		s.rows = append(s.rows, append(row, len(r.Seats)))
	}
	return q.send(s)
}

func lineSpan(t campaign.Task) string {
	if t.LineTo <= t.LineFrom {
		return itoa(t.LineFrom)
	}
	return fmt.Sprintf("%d—%d", t.LineFrom, t.LineTo)
}

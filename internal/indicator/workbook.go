package indicator

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"

	"github.com/xuri/excelize/v2"
)

// A workbook holds what a campaign measures: a sheet of the indicators, one of the targets, and for each cadence one of
// figures with a column for every period. What was written can be changed and handed in again.

// The sheets of a workbook; those of figures are named after their cadence (每月).
const (
	cardSheet   = "指标"
	targetSheet = "目标"
)

// The columns before those of the periods.
var figureHeads = []string{"编号", "指标", "地区", "项", "单位"}

// What of a figure a row holds.
const (
	valueRow       = "数值"
	numeratorRow   = "分子"
	denominatorRow = "分母"
	shareRow       = "比值" // reckoned; not read back
)

// WriteWorkbook writes all that a campaign measures. Figures that are only drafted are left out.
func (s *Service) WriteWorkbook(ctx context.Context, campaignID int64, w io.Writer) error {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	err := s.db.Snapshot(ctx, func(tx db.Tx) error {
		b, err := s.open(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		units, err := b.unitNames(ctx, tx)
		if err != nil {
			return err
		}
		if err := f.SetSheetName("Sheet1", cardSheet); err != nil {
			return err
		}
		if err := b.writeCards(f, units); err != nil {
			return err
		}
		if err := b.writeTargets(f); err != nil {
			return err
		}
		for _, c := range report.Cadences {
			if err := b.writeFigures(ctx, tx, f, c); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return f.Write(w)
}

// cardColumns are the columns of the sheet of indicators, each with how it is written and read.
var cardColumns = []struct {
	name  string
	width float64
	write func(in Input) string
	read  func(in *Input, text string) error
}{
	{"编号", 12, func(in Input) string { return in.Code }, func(in *Input, t string) error { in.Code = t; return nil }},
	{"名称", 34, func(in Input) string { return in.Name }, func(in *Input, t string) error { in.Name = t; return nil }},
	{"定义", 40, func(in Input) string { return in.Definition }, func(in *Input, t string) error { in.Definition = t; return nil }},
	{"单位", 10, func(in Input) string { return in.Unit }, func(in *Input, t string) error { in.Unit = t; return nil }},
	{"分子", 22, func(in Input) string { return in.Numerator }, func(in *Input, t string) error { in.Numerator = t; return nil }},
	{"分母", 22, func(in Input) string { return in.Denominator }, func(in *Input, t string) error { in.Denominator = t; return nil }},
	{"方向", 12, func(in Input) string { return in.Direction.Name() }, readDirection},
	{"等级", 16, func(in Input) string { return in.Classes }, func(in *Input, t string) error { in.Classes = t; return nil }},
	{"多久一次", 10, func(in Input) string { return in.Cadence.Name() }, readCadence},
	{"第一期", 10, func(in Input) string { return in.FirstPeriod }, func(in *Input, t string) error { in.FirstPeriod = t; return nil }},
	{"最后一期", 10, func(in Input) string { return in.LastPeriod }, func(in *Input, t string) error { in.LastPeriod = t; return nil }},
	{"分地区", 8, func(in Input) string { return yesNo(in.ByPlace) }, func(in *Input, t string) error { return readYes(&in.ByPlace, t) }},
	{"地区自报", 8, func(in Input) string { return yesNo(in.PlacesReport) }, func(in *Input, t string) error { return readYes(&in.PlacesReport, t) }},
	{"全市由地区汇总", 8, func(in Input) string { return yesNo(in.Summed) }, func(in *Input, t string) error { return readYes(&in.Summed, t) }},
	{"负责单位", 24, func(in Input) string { return in.UnitName }, func(in *Input, t string) error { in.UnitName = t; return nil }},
	{"数据来源", 24, func(in Input) string { return in.Source }, func(in *Input, t string) error { in.Source = t; return nil }},
	{"可能的下限", 10, func(in Input) string { return in.Lowest }, func(in *Input, t string) error { in.Lowest = t; return nil }},
	{"可能的上限", 10, func(in Input) string { return in.Highest }, func(in *Input, t string) error { in.Highest = t; return nil }},
	{"通常的下限", 10, func(in Input) string { return in.Low }, func(in *Input, t string) error { in.Low = t; return nil }},
	{"通常的上限", 10, func(in Input) string { return in.High }, func(in *Input, t string) error { in.High = t; return nil }},
	{"跳变提醒%", 10, func(in Input) string { return in.Jump }, func(in *Input, t string) error { in.Jump = t; return nil }},
}

func yesNo(v bool) string { return map[bool]string{true: "是", false: "否"}[v] }

func readYes(into *bool, text string) error {
	switch text {
	case "是", "1", "true", "TRUE":
		*into = true
	case "否", "", "0", "false", "FALSE":
		*into = false
	default:
		return kernel.E(kernel.Invalid, "“%s”要填“是”或“否”", clip(text))
	}
	return nil
}

func readDirection(in *Input, text string) error {
	for _, d := range Directions {
		if d.Name() == text {
			in.Direction = d
			return nil
		}
	}
	return kernel.E(kernel.Invalid, "“%s”不是方向，应是 不低于目标、不高于目标、逐步提高、逐步下降、零发生、达到等级", clip(text))
}

func readCadence(in *Input, text string) error {
	for _, c := range report.Cadences {
		if c.Name() == text {
			in.Cadence = c
			return nil
		}
	}
	return kernel.E(kernel.Invalid, "“%s”不是多久一次，应是 每月、每季度、每半年、每年", clip(text))
}

func (b *book) writeCards(f *excelize.File, units map[int64]string) error {
	heads, widths := make([]string, len(cardColumns)), make([]float64, len(cardColumns))
	for n, c := range cardColumns {
		heads[n], widths[n] = c.name, c.width
	}
	return writeSheet(f, cardSheet, heads, widths, 2, func(add func(...any) error) error {
		for _, i := range b.indicators {
			in := InputOf(i)
			in.UnitName = firstOf(units[i.UnitID], i.UnitName)
			row := make([]any, len(cardColumns))
			for n, c := range cardColumns {
				row[n] = c.write(in)
			}
			if err := add(row...); err != nil {
				return err
			}
		}
		return nil
	})
}

var targetHeads = []string{"编号", "指标", "地区", "年份", "目标"}

func (b *book) writeTargets(f *excelize.File) error {
	if _, err := f.NewSheet(targetSheet); err != nil {
		return err
	}
	return writeSheet(f, targetSheet, targetHeads, []float64{12, 34, 18, 10, 12}, 2, func(add func(...any) error) error {
		for _, i := range b.indicators {
			for _, t := range b.targets[i.ID] {
				place, _ := b.place(t.PlaceID)
				var value any = t.Value
				if i.Direction == Class {
					value = i.Text(t.Value)
				}
				if err := add(i.Code, i.Name, place.Name, strings.TrimSuffix(yearName(t.Year), "年"), value); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// writeFigures writes the sheet of a cadence, if anything is measured so.
func (b *book) writeFigures(ctx context.Context, tx db.Tx, f *excelize.File, c report.Cadence) error {
	own := slices.DeleteFunc(slices.Clone(b.indicators), func(i Indicator) bool { return i.Cadence != c })
	if len(own) == 0 {
		return nil
	}
	periods, err := periodsOf(ctx, tx, b.view.ID, c, own)
	if err != nil {
		return err
	}
	if _, err := f.NewSheet(c.Name()); err != nil {
		return err
	}
	heads, widths := slices.Clone(figureHeads), []float64{12, 34, 16, 8, 10}
	for _, p := range periods {
		heads, widths = append(heads, string(p)), append(widths, 10)
	}
	return writeSheet(f, c.Name(), heads, widths, len(figureHeads), func(add func(...any) error) error {
		for _, i := range own {
			list, err := figures(ctx, tx, b.view.ID, i.ID)
			if err != nil {
				return err
			}
			if err := b.writeIndicator(i, list, periods, add); err != nil {
				return err
			}
		}
		return nil
	})
}

// periodsOf are the periods of a cadence that have figures, in order, and of indicators that have none the one that runs.
func periodsOf(ctx context.Context, tx db.Tx, campaignID int64, c report.Cadence, own []Indicator) (list []report.Period, err error) {
	for _, i := range own {
		var some []report.Period
		if err := periodsThere.Scan(ctx, tx, &some, campaignID, i.ID); err != nil {
			return nil, fmt.Errorf("periods of indicator %d: %w", i.ID, err)
		}
		list = append(append(list, some...), i.FirstPeriod)
		if len(list) > 10_000 {
			list = distinct(list)
		}
	}
	list = slices.DeleteFunc(distinct(list), func(p report.Period) bool { return p.Cadence() != c })
	return list, nil
}

var periodsThere = db.Prepare("SELECT DISTINCT period FROM readings WHERE campaign_id = ? AND indicator_id = ?")

// writeIndicator writes an indicator's rows: for each place one, or of a ratio its numerator, denominator and the share.
func (b *book) writeIndicator(i Indicator, list []Reading, periods []report.Period, add func(...any) error) error {
	column := map[report.Period]int{}
	for n, p := range periods {
		column[p] = len(figureHeads) + n
	}
	for _, place := range i.slots(b.places) {
		rows := [][]any{{i.Code, i.Name, place.Name, valueRow, i.Unit}}
		if i.Ratio() {
			rows = [][]any{{i.Code, i.Name, place.Name, numeratorRow, ""}, {i.Code, i.Name, place.Name, denominatorRow, ""}, {i.Code, i.Name, place.Name, shareRow, i.Unit}}
		}
		for n := range rows {
			rows[n] = append(rows[n], make([]any, len(periods))...)
		}
		for _, r := range ofPlace(list, place.ID) {
			at, ok := column[r.Period]
			if !ok || r.Step == Draft {
				continue
			}
			for n, v := range i.cells(r) {
				rows[n][at] = v
			}
		}
		for _, row := range rows {
			if err := add(row...); err != nil {
				return err
			}
		}
	}
	return nil
}

func (i Indicator) cells(r Reading) []any {
	switch {
	case i.Ratio() && r.Numerator != nil && r.Denominator != nil:
		return []any{*r.Numerator, *r.Denominator, r.Value}
	case i.Direction == Class:
		return []any{i.Text(r.Value)}
	}
	return []any{r.Value}
}

// writeSheet streams rows under a head that stays when one scrolls.
func writeSheet(f *excelize.File, name string, heads []string, widths []float64, pinned int, rows func(add func(...any) error) error) error {
	head, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"F2EFE8"}}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "center"}})
	if err != nil {
		return err
	}
	w, err := f.NewStreamWriter(name)
	if err != nil {
		return err
	}
	for n, width := range widths {
		if err := w.SetColWidth(n+1, n+1, width); err != nil {
			return err
		}
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, XSplit: pinned, YSplit: 1, TopLeftCell: cellName(pinned, 1), ActivePane: "bottomRight"}); err != nil {
		return err
	}
	cells := make([]any, len(heads))
	for n, h := range heads {
		cells[n] = excelize.Cell{StyleID: head, Value: h}
	}
	if err := w.SetRow("A1", cells); err != nil {
		return err
	}
	n := 0
	if err := rows(func(row ...any) error {
		n++
		return w.SetRow(cellName(0, n), row)
	}); err != nil {
		return err
	}
	return w.Flush()
}

// cellName names a cell by column and row, both from 0.
func cellName(col, row int) string {
	name, err := excelize.CoordinatesToCellName(col+1, row+1)
	if err != nil {
		panic(err) // both are our own numbers
	}
	return name
}

// What a file may have.
const (
	MaxFile     = 20 << 20 // bytes
	maxUnzipped = 256 << 20
	maxCells    = 2_000_000
	maxSheets   = 12
)

// reading lets one workbook at a time be unpacked: each may take some hundred megabytes.
var reading = make(chan struct{}, 1)

var unreadable = kernel.E(kernel.Invalid, "读不出这个表格。请用表格软件打开它，另存为 .xlsx，再传一次").On("file")

// Workbook is the cells of a file, by sheet, as they are stored.
type Workbook struct{ sheets []grid }

type grid struct {
	name string
	rows [][]string
}

// ReadWorkbook reads an .xlsx file. It fails with invalid or too_large, saying what to do.
func ReadWorkbook(content []byte) (w Workbook, err error) {
	switch {
	case len(content) > MaxFile:
		return w, kernel.E(kernel.TooLarge, "文件超过 %d MB，请分成几个文件", MaxFile>>20).On("file")
	case bytes.HasPrefix(content, []byte("\xd0\xcf\x11\xe0")):
		return w, kernel.E(kernel.Invalid, "这是旧格式（.xls）或加了密码的表格，请另存为不带密码的 .xlsx").On("file")
	case !bytes.HasPrefix(content, []byte("PK")):
		return w, kernel.E(kernel.Invalid, "这不是 .xlsx 表格，也不是 DHIS2 的 JSON").On("file")
	}
	reading <- struct{}{}
	defer func() { <-reading }()
	defer func() {
		if v := recover(); v != nil { // the reader of the format was not made for files that somebody broke on purpose
			err = unreadable
		}
	}()
	f, err := excelize.OpenReader(bytes.NewReader(content), excelize.Options{UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxUnzipped, RawCellValue: true})
	if err != nil && strings.Contains(err.Error(), "unzip size") {
		return w, kernel.E(kernel.TooLarge, "表格展开后超过 %d MB，请分成几个文件", maxUnzipped>>20).On("file").Because(err)
	}
	if err != nil {
		return w, unreadable.Because(err)
	}
	defer func() { _ = f.Close() }()
	names := f.GetSheetList()
	total := 0
	for _, name := range names[:min(len(names), maxSheets)] {
		g, err := readGrid(f, name, &total)
		if err != nil {
			return w, err
		}
		w.sheets = append(w.sheets, g)
	}
	return w, nil
}

func readGrid(f *excelize.File, name string, total *int) (g grid, err error) {
	g.name = strings.TrimSpace(name)
	rows, err := f.Rows(name)
	if err != nil {
		return g, unreadable.Because(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		cells, err := rows.Columns()
		if err != nil {
			return g, unreadable.Because(err)
		}
		if *total += len(cells) + 1; *total > maxCells {
			return g, kernel.E(kernel.TooLarge, "超过 %d 个格子，请分成几个文件", maxCells).On("file")
		}
		for n, c := range cells {
			cells[n] = tidy(c)
		}
		g.rows = append(g.rows, cells)
	}
	return g, nil
}

// tidy takes out of a cell what nobody sees and databases refuse. Most cells have nothing of the sort.
func tidy(c string) string {
	odd := func(r rune) bool {
		return r < ' ' || r == 0x7f || r == '\ufeff' || r == '\u200b' || r == unicode.ReplacementChar
	}
	if strings.IndexFunc(c, odd) >= 0 {
		c = strings.Map(func(r rune) rune {
			if odd(r) && r != '\n' {
				return -1
			}
			return r
		}, strings.ToValidUTF8(c, ""))
	}
	return strings.TrimSpace(c)
}

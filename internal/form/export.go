package form

import (
	"archive/zip"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"pinzhi/internal/kernel"

	"github.com/xuri/excelize/v2"
)

// What a worksheet holds (Excel 2007 and later).
const (
	maxSheetRows = 1_048_576
	maxSheetCols = 16_384
)

// WriteXLSX writes copies as a workbook: a sheet of the copies, one column a question, and a sheet for each repeat, whose
// rows name their copy (编号), themselves (序号: 2, or 2.1 in a repeat within a repeat) and the instance they stand in
// (上级序号). A select_multiple has a column with all that was chosen, and one of 0 and 1 for each choice. It fails with
// too_large past what a worksheet holds.
func (f *Form) WriteXLSX(w io.Writer, records Records, o ExportOptions) (err error) {
	file := excelize.NewFile()
	defer func() { err = errors.Join(err, file.Close()) }()
	tables := f.tables(o)
	streams := make([]*sheetStream, len(tables))
	for i, t := range tables {
		if streams[i], err = newSheetStream(file, t, o, i == 0); err != nil {
			return err
		}
	}
	for r, err := range records {
		if err != nil {
			return err
		}
		for i, t := range tables {
			if err := t.rows(r, o, streams[i].add); err != nil {
				return err
			}
		}
	}
	for _, s := range streams {
		if err := s.to.Flush(); err != nil {
			return err
		}
	}
	return file.Write(w)
}

// sheetStream writes one worksheet row by row.
type sheetStream struct {
	to *excelize.StreamWriter
	n  int // rows written
}

func newSheetStream(file *excelize.File, t table, o ExportOptions, first bool) (*sheetStream, error) {
	if first {
		if err := file.SetSheetName("Sheet1", t.name); err != nil {
			return nil, err
		}
	} else if _, err := file.NewSheet(t.name); err != nil {
		return nil, err
	}
	heads := t.heads(o)
	if len(heads) > maxSheetCols {
		return nil, kernel.E(kernel.TooLarge, "导出有 %d 列，表格最多 %d 列，请导出 CSV", len(heads), maxSheetCols)
	}
	to, err := file.NewStreamWriter(t.name)
	if err != nil {
		return nil, err
	}
	if err := to.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, err
	}
	bold, err := file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return nil, err
	}
	s := &sheetStream{to: to}
	for i, h := range heads {
		heads[i] = excelize.Cell{StyleID: bold, Value: h}
	}
	return s, s.add(heads)
}

func (s *sheetStream) add(row []any) error {
	if s.n++; s.n > maxSheetRows {
		return kernel.E(kernel.TooLarge, "导出超过 %d 行，请缩小时间范围，或导出 CSV", maxSheetRows)
	}
	return s.to.SetRow(cellAt(0, s.n), row)
}

// CSVExtension is what WriteCSV writes: csv for a form without repeats, else zip.
func (f *Form) CSVExtension() string {
	if len(f.tables(ExportOptions{})) > 1 {
		return "zip"
	}
	return "csv"
}

// WriteCSV writes copies as CSV in UTF-8 with a byte-order mark, so that Excel and WPS read the Chinese. Columns are those
// of WriteXLSX. A form without repeats is one file; one with repeats is a zip with a file for the copies and one for each
// repeat, for which records are gone through once a file. Text that a spreadsheet program would take for a formula gets
// an apostrophe before it.
func (f *Form) WriteCSV(w io.Writer, records Records, o ExportOptions) error {
	tables := f.tables(o)
	if len(tables) == 1 {
		return tables[0].writeCSV(w, records, o)
	}
	z := zip.NewWriter(w)
	for _, t := range tables {
		file, err := z.Create(t.name + ".csv")
		if err != nil {
			return err
		}
		if err := t.writeCSV(file, records, o); err != nil {
			return err
		}
	}
	return z.Close()
}

func (t table) writeCSV(w io.Writer, records Records, o ExportOptions) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	c := csv.NewWriter(w)
	c.UseCRLF = true
	add := func(row []any) error {
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = harmless(textCell(v))
		}
		return c.Write(cells)
	}
	if err := add(t.heads(o)); err != nil {
		return err
	}
	for r, err := range records {
		if err != nil {
			return err
		}
		if err := t.rows(r, o, add); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// harmless keeps a text from being taken for a formula.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) && !plainNumber(s) {
		return "'" + s
	}
	return s
}

package web_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/indicator"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"
	"pinzhi/internal/web/webtest"

	"github.com/xuri/excelize/v2"
)

// What the speed test measures: 200 indicators, every fourth a ratio, at 20 districts over 60 months.
const (
	speedIndicators = 200
	speedPlaces     = 20
	speedMonths     = 60
)

// TestSpeed_OfTwoHundredIndicators prints how long it takes to import 200 indicators × 20 districts × 60 months from
// .xlsx, to import the same once more with a fault in a thousand cells, to write all of it, and to show the pages. It judges nothing:
// machines differ.
func TestSpeed_OfTwoHundredIndicators(t *testing.T) {
	if os.Getenv("PINZHI_SPEED") == "" {
		t.Skip("PINZHI_SPEED=1 runs it: a minute or two, and it says nothing on a busy machine")
	}
	full, faulty := speedBook(t, 0), speedBook(t, 240)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := time.Date(2024, 3, 18, 0, 12, 0, 0, time.UTC)
		s := webtest.Open(t, d, kernel.FixedClock(func() time.Time { return now }))
		c := s.OpenCampaign(t, "examples/pinghe/plan.txt")
		m := measuring{t: t, s: s, c: c}
		m.office, m.second = m.as("竺简"), m.as("闻达")
		for n := range speedPlaces {
			if err := s.Indicators.AddPlace(m.office, c.ID, indicator.PlaceInput{Name: speedPlace(n)}); err != nil {
				t.Fatal(err)
			}
		}
		took := func(what string, do func() error) {
			t.Helper()
			start := time.Now()
			if err := do(); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			t.Logf("%-10s %-60s %6.2f s", d.Kind(), what, time.Since(start).Seconds())
		}
		took(fmt.Sprintf("import with a fault in 240 cells, %d kB", len(faulty)/1000), func() error {
			_, err := s.Indicators.Import(m.office, c.ID, "有错.xlsx", faulty, "")
			if err == nil || !strings.Contains(err.Error(), "240 处要改") {
				return fmt.Errorf("not refused as it should be: %w", err)
			}
			return nil
		})
		took(fmt.Sprintf("import of all, %d kB", len(full)/1000), func() error {
			done, err := s.Indicators.Import(m.office, c.ID, "全部.xlsx", full, "历年数据")
			if err == nil && done.Figures.New != speedIndicators*speedPlaces*speedMonths {
				err = fmt.Errorf("%+v", done)
			}
			return err
		})
		took("import of the same once more", func() error {
			done, err := s.Indicators.Import(m.office, c.ID, "全部.xlsx", full, "历年数据")
			if err == nil && done.Figures.Same != speedIndicators*speedPlaces*speedMonths {
				err = fmt.Errorf("%+v", done)
			}
			return err
		})
		took("approval of what nothing is asked about", func() error {
			_, err := s.Indicators.ApproveQuiet(m.second, c.ID, 0)
			return err
		})
		var out bytes.Buffer
		took(".xlsx of all", func() error { return s.Indicators.WriteWorkbook(m.office, c.ID, &out) })
		took("DHIS2 of all", func() error { return s.Indicators.WriteDataValues(m.office, c.ID, &out) })
		s.Account(t, "office", m.person("竺简"), kernel.NoAdmin)
		client := s.Client(t, "office")
		list, err := s.Indicators.List(m.office, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		last := list.Rows[len(list.Rows)-1].ID
		for _, page := range []string{"/indicators", fmt.Sprintf("/indicators/%d", last), fmt.Sprintf("/indicators/%d?place=%d", last, speedPlaces), "/figures?month=2024-02", "/figures?month=2024-03&from=3000", "/figures/100000", "/incidents"} {
			timePage(t, client, s.URL+fmt.Sprintf("/c/%d", c.ID)+page, fmt.Sprintf("%s %s", d.Kind(), page))
		}
	})
}

func speedPlace(n int) string { return fmt.Sprintf("第%02d街道", n+1) }

// speedBook is a workbook of all that the speed test measures, with so many faulty cells.
func speedBook(t *testing.T, faulty int) []byte {
	t.Helper()
	f := excelize.NewFile()
	if err := f.SetSheetName("Sheet1", "指标"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.NewSheet("每月"); err != nil {
		t.Fatal(err)
	}
	cards, err := f.NewStreamWriter("指标")
	if err != nil {
		t.Fatal(err)
	}
	row := func(w *excelize.StreamWriter, n int, cells ...any) {
		at, _ := excelize.CoordinatesToCellName(1, n)
		if err := w.SetRow(at, cells); err != nil {
			t.Fatal(err)
		}
	}
	row(cards, 1, "编号", "名称", "单位", "分子", "分母", "方向", "多久一次", "第一期", "分地区", "全市由地区汇总", "可能的下限")
	for n := range speedIndicators {
		above, below, unit := "", "", "吨"
		if n%4 == 0 {
			above, below, unit = "合格数", "总数", "%"
		}
		row(cards, n+2, fmt.Sprintf("SD%03d", n+1), fmt.Sprintf("指标%03d", n+1), unit, above, below, "不低于目标", "每月", "2019-03", "是", "是", "0")
	}
	figures, err := f.NewStreamWriter("每月")
	if err != nil {
		t.Fatal(err)
	}
	speedFigures(figures, row, faulty)
	if err := cards.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := figures.Flush(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func speedFigures(w *excelize.StreamWriter, row func(w *excelize.StreamWriter, n int, cells ...any), faulty int) {
	head := []any{"编号", "地区", "项"}
	for n := range speedMonths {
		head = append(head, string(report.PeriodOf(report.Monthly, kernel.Month("2019-03").Add(n))))
	}
	row(w, 1, head...)
	at, cell := 2, 0
	for n := range speedIndicators {
		for k := range speedPlaces {
			parts := []string{"数值"}
			if n%4 == 0 {
				parts = []string{"分子", "分母"}
			}
			for _, part := range parts {
				cells := []any{fmt.Sprintf("SD%03d", n+1), speedPlace(k), part}
				for m := range speedMonths {
					v := any(1000 + 7*n + 3*k + (m*37+n*11+k*5)%29)
					if part == "分母" {
						v = 12000
					}
					if cell++; part != "分母" && faulty > 0 && cell%1000 == 1 {
						v = "见附表"
						faulty--
					}
					cells = append(cells, v)
				}
				row(w, at, cells...)
				at++
			}
		}
	}
}

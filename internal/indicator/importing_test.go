package indicator_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/indicator"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"
	"pinzhi/internal/web/webtest"

	"github.com/xuri/excelize/v2"
)

// measured adds a ratio of the districts, a plain figure and a class, with three months of approved figures.
func (c *city) measured(t *testing.T) (ratio, plain int64) {
	t.Helper()
	ratio = c.add(t, indicator.Input{Code: "SH01", Name: "案件销号率", Unit: "%", Numerator: "已销号", Denominator: "应销号", ByPlace: true, Summed: true, Lowest: "0", Highest: "100", FirstPeriod: "2024-01"})
	plain = c.add(t, indicator.Input{Code: "QY01", Name: "垃圾清运量", Unit: "吨", FirstPeriod: "2024-01", UnitName: "市园林绿化中心", Jump: "50"})
	class := c.add(t, indicator.Input{Code: "SZ01", Name: "河道水质", Direction: indicator.Class, Classes: "Ⅰ类、Ⅱ类、Ⅲ类、Ⅳ类", Cadence: report.Quarterly, FirstPeriod: "2024Q1"})
	places := c.places(t)
	var entries []indicator.Entry
	for n, p := range []report.Period{"2024-01", "2024-02", "2024-03"} {
		for k, name := range []string{"平江区", "河西区", "平河经济开发区"} {
			entries = append(entries, indicator.Entry{IndicatorID: ratio, PlaceID: places[name], Period: p, Numerator: fmt.Sprint(60 + 5*n + k), Denominator: "90"})
		}
		entries = append(entries, indicator.Entry{IndicatorID: plain, PlaceID: places["全市"], Period: p, Value: fmt.Sprint(1000.5 + float64(n))})
	}
	entries = append(entries, indicator.Entry{IndicatorID: class, PlaceID: places["全市"], Period: "2024Q1", Value: "Ⅲ类"})
	c.enter(c.as(t, "竺简"), t, entries...)
	if _, err := c.ApproveQuiet(c.as(t, "闻达"), c.campaign.ID, 0); err != nil {
		t.Fatal(err)
	}
	return ratio, plain
}

func (c *city) workbook(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := c.WriteWorkbook(webtest.System(), c.campaign.ID, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// edited is a workbook with cells written anew, as sheet!cell.
func edited(t *testing.T, content []byte, cells map[string]any) []byte {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for at, v := range cells {
		sheet, cell, _ := strings.Cut(at, "!")
		if n, _ := f.GetSheetIndex(sheet); n < 0 {
			if _, err := f.NewSheet(sheet); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.SetCellValue(sheet, cell, v); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// cellOf finds the cell of a sheet by its row's first columns and its column's head.
func cellOf(t *testing.T, content []byte, sheet, head string, row ...string) string {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := f.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	col := slices.Index(rows[0], head)
	for n, r := range rows {
		if col >= 0 && !slices.ContainsFunc(row, func(text string) bool { return !slices.Contains(r, text) }) {
			name, _ := excelize.CoordinatesToCellName(col+1, n+1)
			return sheet + "!" + name
		}
	}
	t.Fatalf("no %s in row %v of %s", head, row, sheet)
	return ""
}

// TestWorkbook_ComesBackAsItWentOut: handed in unchanged it changes nothing; handed in to another city with the same plan
// it makes the same figures, and what that city writes out is the same.
func TestWorkbook_ComesBackAsItWentOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d, "2024-04-10 09:00")
		c.measured(t)
		first := c.workbook(t)
		done, err := c.Import(c.as(t, "竺简"), c.campaign.ID, "指标.xlsx", first, "")
		if err != nil || done != (indicator.Imported{Figures: indicator.Entered{Same: 13}}) {
			t.Fatalf("%+v: %s", done, describe(err))
		}
		twin := opened(t, dbtest.Open(t, d.Kind()), "2024-04-10 09:00")
		done, err = twin.Import(twin.as(t, "竺简"), twin.campaign.ID, "指标.xlsx", first, "")
		if err != nil || done != (indicator.Imported{Added: 3, Figures: indicator.Entered{New: 13}}) {
			t.Fatalf("%+v: %s", done, describe(err))
		}
		if a, b := cellsOf(t, first), cellsOf(t, twin.workbook(t)); a != b {
			t.Errorf("went out as\n%s\ncame back as\n%s", a, b)
		}
		twin.mustBeSound(t)
	})
}

func cellsOf(t *testing.T, content []byte) string {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			fmt.Fprintln(&b, sheet, strings.Join(r, "|"))
		}
	}
	return b.String()
}

// TestImport_NamesEveryFaultyCellAndWritesNothing: faults in every sheet, each with its cell; a restated figure wants a
// reason; with all mended, and a reason for the whole file, it is taken and the old figures stay.
func TestImport_NamesEveryFaultyCellAndWritesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d, "2024-04-10 09:00")
		ratio, plain := c.measured(t)
		before, office := c.workbook(t), c.as(t, "竺简")
		above := cellOf(t, before, "每月", "2024-02", "SH01", "河西区", "分子")
		clearing := cellOf(t, before, "每月", "2024-02", "QY01", "数值")
		class := cellOf(t, before, "每季度", "2024Q1", "SZ01", "数值")
		direction := cellOf(t, before, "指标", "方向", "QY01")
		file := edited(t, before, map[string]any{above: 95, clearing: "一千", class: "Ⅴ类", direction: "向上", "每月!Z1": "2024-13", "每月!A60": "没有", "目标!D2": "明年"})
		_, err := c.Import(office, c.campaign.ID, "坏.xlsx", file, "")
		refused, ok := errors.AsType[*indicator.RefusedError](err)
		if !ok {
			t.Fatal(describe(err))
		}
		got := describe(err)
		for _, want := range []string{direction + " 垃圾清运量", "“向上”不是方向", "目标!D2", "“明年”不是年份", "每月!Z1", "2024-13", "每月!A60", "没有编号为“没有”的指标"} {
			if !strings.Contains(got, want) {
				t.Errorf("nothing says %s in\n%s", want, got)
			}
		}
		if len(refused.Faults) != 4 {
			t.Errorf("%d faults:\n%s", len(refused.Faults), got)
		}
		// Once the sheets are in order the figures are put to the rules.
		_, err = c.Import(office, c.campaign.ID, "坏.xlsx", edited(t, before, map[string]any{above: 95, clearing: "一千", class: "Ⅴ类"}), "")
		got = describe(err)
		for _, want := range []string{"没有写入：3 处要改", above + " 案件销号率 河西区 2024-02: 部分不能大于整体", clearing + " 垃圾清运量 全市 2024-02: “一千”不是数字", class + " 河道水质 全市 2024Q1: “Ⅴ类”不是它的等级"} {
			if !strings.Contains(got, want) {
				t.Errorf("nothing says %s in\n%s", want, got)
			}
		}
		mended := edited(t, before, map[string]any{above: 70, clearing: 1010})
		if _, err = c.Import(office, c.campaign.ID, "好.xlsx", mended, ""); !strings.Contains(describe(err), "有 2 处看着不寻常") {
			t.Errorf("restated without a reason: %s", describe(err))
		}
		if after := c.workbook(t); cellsOf(t, after) != cellsOf(t, before) {
			t.Error("something was written")
		}
		done, err := c.Import(office, c.campaign.ID, "好.xlsx", mended, "年终核对台账")
		if err != nil || done.Figures != (indicator.Entered{Changed: 2, Same: 11}) {
			t.Fatalf("%+v: %s", done, describe(err))
		}
		f := c.figure(t, plain, 0, "2024-02")
		seen, err := c.Figure(office, c.campaign.ID, f.ID)
		if err != nil || len(seen.Versions) != 2 || seen.Source != "好.xlsx" || seen.Reason != "年终核对台账" || *seen.Counts != 1001.5 || seen.Versions[1].Value != 1001.5 {
			t.Errorf("%+v: %v", seen, err)
		}
		if v := c.page(t, ratio, 0).Means[1].Value; v == nil || *v != 73.333333 { // 65+66+67 of 270: as approved
			t.Errorf("the city's February is %v", v)
		}
		c.mustBeSound(t)
	})
}

// TestImport_AUnitBringsItsOwnFiguresOnly: a unit's file may hold everything that is there already, and change its own.
func TestImport_AUnitBringsItsOwnFiguresOnly(t *testing.T) {
	c := opened(t, dbtest.Open(t, db.SQLite), "2024-04-10 09:00")
	c.measured(t)
	before, unit := c.workbook(t), c.as(t, "花蕊")
	own := cellOf(t, before, "每月", "2024-03", "QY01", "数值")
	if _, err := c.Import(unit, c.campaign.ID, "我的.xlsx", before, ""); !strings.Contains(describe(err), "不归你的单位填报") {
		t.Errorf("others' figures: %s", describe(err))
	}
	only := excelize.NewFile()
	_ = only.SetSheetName("Sheet1", "每月")
	for at, v := range map[string]any{"A1": "编号", "B1": "地区", "C1": "2024-03", "A2": "QY01", "B2": "全市", "C2": 1003} {
		_ = only.SetCellValue("每月", at, v)
	}
	var b bytes.Buffer
	if err := only.Write(&b); err != nil {
		t.Fatal(err)
	}
	if done, err := c.Import(unit, c.campaign.ID, "我的.xlsx", b.Bytes(), "复核过磅单"); err != nil || done.Figures.Changed != 1 {
		t.Errorf("%+v: %s", done, describe(err))
	}
	name := cellOf(t, before, "指标", "名称", "QY01")
	if _, err := c.Import(unit, c.campaign.ID, "我的.xlsx", edited(t, before, map[string]any{name: "改个名", own: 1}), "x"); !strings.Contains(describe(err), "由领导小组办公室设置") {
		t.Errorf("a unit renames an indicator: %s", describe(err))
	}
}

func TestImport_SaysWhatAFileIsThatItCannotRead(t *testing.T) {
	c := opened(t, dbtest.Open(t, db.SQLite), "2024-04-10 09:00")
	empty := excelize.NewFile()
	var b bytes.Buffer
	if err := empty.Write(&b); err != nil {
		t.Fatal(err)
	}
	for says, content := range map[string][]byte{"旧格式": []byte("\xd0\xcf\x11\xe0…"), "也不是 DHIS2": []byte("编号,地区"), "读不出这个表格": []byte("PK\x03\x04…"), "没有认得的工作表": b.Bytes(),
		"读不出这份 JSON": []byte(`{"dataValues": 7}`), "没有 dataValues": []byte(`{}`)} {
		if _, err := c.Import(c.as(t, "竺简"), c.campaign.ID, "x", content, ""); kernel.CodeOf(err) != kernel.Invalid || !strings.Contains(kernel.MessageOf(err), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

// TestDHIS2_ComesBackAsItWentOut: what one city writes another takes over, and writes the same.
func TestDHIS2_ComesBackAsItWentOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d, "2024-04-10 09:00")
		c.measured(t)
		office := c.as(t, "竺简")
		if err := c.ChangePlace(office, c.campaign.ID, c.places(t)["河西区"], indicator.PlaceInput{Name: "河西区", Code: "O6uvpzGd5pu"}); err != nil {
			t.Fatal(err)
		}
		write := func(c *city) string {
			var b bytes.Buffer
			if err := c.WriteDataValues(office, c.campaign.ID, &b); err != nil {
				t.Fatal(err)
			}
			return b.String()
		}
		out := write(c)
		var set struct {
			DataValues []indicator.DataValue `json:"dataValues"`
		}
		if err := json.Unmarshal([]byte(out), &set); err != nil || len(set.DataValues) != 2*9+3+1 {
			t.Fatalf("%d values: %v", len(set.DataValues), err)
		}
		for _, want := range []indicator.DataValue{{DataElement: "SH01.N", Period: "202402", OrgUnit: "O6uvpzGd5pu", Value: "66"}, {DataElement: "SH01.D", Period: "202402", OrgUnit: "平江区", Value: "90"},
			{DataElement: "QY01", Period: "202401", OrgUnit: "全市", Value: "1000.5"}, {DataElement: "SZ01", Period: "2024Q1", OrgUnit: "全市", Value: "3"}} {
			if !slices.Contains(set.DataValues, want) {
				t.Errorf("no %+v in\n%s", want, out)
			}
		}
		twin := opened(t, dbtest.Open(t, d.Kind()), "2024-04-10 09:00")
		for _, in := range []indicator.Input{
			{Code: "SH01", Name: "案件销号率", Unit: "%", Numerator: "已销号", Denominator: "应销号", ByPlace: true, Summed: true, Lowest: "0", Highest: "100"}, {Code: "QY01", Name: "垃圾清运量", Unit: "吨"},
			{Code: "SZ01", Name: "河道水质", Direction: indicator.Class, Classes: "Ⅰ类、Ⅱ类、Ⅲ类、Ⅳ类", Cadence: report.Quarterly},
		} {
			twin.add(t, in)
		}
		if err := twin.ChangePlace(office, twin.campaign.ID, twin.places(t)["河西区"], indicator.PlaceInput{Name: "河西区", Code: "O6uvpzGd5pu"}); err != nil {
			t.Fatal(err)
		}
		if done, err := twin.Import(twin.as(t, "竺简"), twin.campaign.ID, "dataValueSets.json", []byte(out), ""); err != nil || done.Figures.New != 13 {
			t.Fatalf("%+v: %s", done, describe(err))
		}
		if _, err := twin.ApproveQuiet(twin.as(t, "闻达"), twin.campaign.ID, 0); err != nil {
			t.Fatal(err)
		}
		if back := write(twin); back != out {
			t.Errorf("went out as\n%s\ncame back as\n%s", out, back)
		}
	})
}

// TestDHIS2_NamesEveryFaultyValue: by its place in the set; the set's own period and unit stand for missing ones.
func TestDHIS2_NamesEveryFaultyValue(t *testing.T) {
	c := opened(t, dbtest.Open(t, db.SQLite), "2024-05-10 09:00")
	_, plain := c.measured(t)
	office := c.as(t, "竺简")
	_, err := c.Import(office, c.campaign.ID, "x.json", []byte(`{"dataValues": [
		{"dataElement": "QY01", "period": "2024Q1", "orgUnit": "全市", "value": "1"}, {"dataElement": "QY01", "period": "202404", "orgUnit": "海南", "value": "1"},
		{"dataElement": "SH01", "period": "202404", "orgUnit": "平江区", "value": "1"}, {"dataElement": "QY01", "period": "202404", "orgUnit": "全市", "value": "1", "deleted": true},
		{"dataElement": "QY01", "period": "202404", "orgUnit": "全市", "value": 1100}, {"dataElement": "QY01", "period": "202404", "orgUnit": "全市", "value": "1100"}]}`), "")
	got := describe(err)
	for _, want := range []string{"dataValues[0]", "period “2024Q1”不是每月的期，应像 202307", "dataValues[1]", "没有编码或名称为“海南”的地区", "dataValues[2]", "要写成 编号.N 和 编号.D", "dataValues[3]", "不收删除", "dataValues[5]", "同一个数写了两次，前一次在 dataValues[4]"} {
		if !strings.Contains(got, want) {
			t.Errorf("nothing says %s in\n%s", want, got)
		}
	}
	done, err := c.Import(office, c.campaign.ID, "x.json", []byte(`{"dataSet": "pBOMPrpg1QX", "completeDate": "2024-05-02", "period": "202404", "orgUnit": "全市", "dataValues": [{"dataElement": "QY01", "value": 1100}]}`), "")
	if f := c.figure(t, plain, 0, "2024-04"); err != nil || done.Figures.New != 1 || f.Value != 1100 || f.Source != "x.json" {
		t.Errorf("%+v %v: %s", done, f.Value, describe(err))
	}
}

// FuzzImport: whatever is handed in, it is refused in Chinese or taken whole, and never ends the program.
func FuzzImport(f *testing.F) {
	c := opened(f, dbtest.Open(f, db.SQLite), "2024-04-10 09:00")
	f.Add([]byte(`{"dataValues": [{"dataElement": "ZB001", "period": "2024Q1", "orgUnit": "全市", "value": "1"}]}`))
	f.Add([]byte("PK\x03\x04"))
	ctx := webtest.System()
	if _, err := c.Adopt(ctx, c.campaign.ID); err != nil {
		f.Fatal(err)
	}
	var b bytes.Buffer
	if err := c.WriteWorkbook(ctx, c.campaign.ID, &b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, content []byte) {
		_, err := c.Import(ctx, c.campaign.ID, "x", content, "")
		if code := kernel.CodeOf(err); err != nil && code != kernel.Invalid && code != kernel.TooLarge {
			t.Errorf("%v", err)
		}
	})
}

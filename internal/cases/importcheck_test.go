package cases_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"

	"github.com/xuri/excelize/v2"
)

var (
	sheetNow        = time.Date(2024, 3, 27, 9, 40, 0, 0, kernel.Shanghai)
	sheetCategories = []string{"绿化亮化", "环境卫生", "其他"}
)

// worksheet is rows as they were read, from row 1 on.
func worksheet(rows ...[]string) (w cases.Worksheet) {
	for i, r := range rows {
		w.Rows = append(w.Rows, cases.SheetRow{N: i + 1, Cells: r})
	}
	return w
}

func checked(t *testing.T, w cases.Worksheet) cases.Checked {
	t.Helper()
	c, err := cases.CheckWorksheet(w, sheetCategories, sheetNow)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCheckWorksheet_NamesEveryFaultByRowAndColumn(t *testing.T) {
	heads := []string{"问题", "地点", "类别", "严重程度", "来源", "发现时间", "经度", "纬度", "电话"}
	good := []string{"井盖松动", "鼓楼南街", "其他", "一般", "热线", "2024-03-18", "111.5", "36.08", "13800000000"}
	for _, c := range []struct {
		column int
		text   string
		says   string // "" for nothing wrong
	}{
		{0, "", "第 2 行 A 列（问题）：没有写，这一列必须填"},
		{0, strings.Repeat("长", 5001), "第 2 行 A 列（问题）：有 5001 字，最多 5000 字"},
		{0, "#REF!", "第 2 行 A 列（问题）：公式出错（#REF!），请改成值"},
		{1, "", ""}, // it has coordinates
		{1, strings.Repeat("远", 201), "第 2 行 B 列（地点）：有 201 字，最多 200 字"},
		{2, "绿化", "第 2 行 C 列（类别）：没有“绿化”这个类别，请写绿化亮化、环境卫生或其他"},
		{2, "", ""},
		{3, "很严重", "第 2 行 D 列（严重程度）：“很严重”不认识，请写一般、较重或紧急"},
		{3, "", ""},
		{4, "", "第 2 行 E 列（来源）：没有写，请写督导检查、单位自查、热线、网上反映、来信来访、专家、媒体、领导批示或会议"},
		{5, "去年", "第 2 行 F 列（发现时间）：“去年”不是日期，请写成 2024-03-18 或 2024-03-18 08:12"},
		{5, "2024-02-30", "第 2 行 F 列（发现时间）：“2024-02-30”不是日期，请写成 2024-03-18 或 2024-03-18 08:12"},
		{5, "2025-03-18", "第 2 行 F 列（发现时间）：2025-03-18 00:00 还没有到，请看看日期"},
		{5, "1924-03-18", "第 2 行 F 列（发现时间）：1924-03-18 太早了，请看看年份"},
		{6, "", "第 2 行 G 列（经度）：写了纬度没写经度，请补上或都不写"},
		{6, "东经111", "第 2 行 G 列（经度）：“东经111”不是经纬度，请写成 36.08400 这样的数"},
		{6, "NaN", "第 2 行 G 列（经度）：“NaN”不是经纬度，请写成 36.08400 这样的数"},
		{7, "111.5", "第 2 行 H 列（纬度）：111.5 不在 -90 到 90 之间，经度和纬度是不是写反了"},
		{8, "打过电话", "第 2 行 I 列（电话）：电话里有不是号码的字，请写成 13800000000 或 0357-2000000"},
		{8, "1.38E+10", ""},
	} {
		row := append([]string(nil), good...)
		row[c.column] = c.text
		got := checked(t, worksheet(heads, row))
		var says []string
		for _, f := range got.Faults {
			says = append(says, f.String())
		}
		if strings.Join(says, "\n") != c.says || (c.says == "") != (len(got.Good) == 1) {
			t.Errorf("%s %.20q: %q, want %q", heads[c.column], c.text, says, c.says)
		}
	}
}

func TestCheckWorksheet_NamesAllFaultsOfARow(t *testing.T) {
	got := checked(t, worksheet([]string{"来源", "问题", "发现时间", "经度", "纬度"}, []string{"网络", "", "昨天", "", ""}))
	if got.Bad != 1 || len(got.Faults) != 4 {
		t.Fatalf("%d rows, %v", got.Bad, got.Faults)
	}
	if says := got.Faults[3].String(); says != "第 2 行（地点）：没有写，请写地点，或写经度和纬度" {
		t.Error(says)
	}
}

func TestCheckWorksheet_ReadsDatesInShanghai(t *testing.T) {
	for text, want := range map[string]string{
		"2024-03-18":       "2024-03-18 00:00",
		"2024-03-18 08:12": "2024-03-18 08:12",
		"2024/3/18":        "2024-03-18 00:00",
		"2024/3/18 8:05":   "2024-03-18 08:05",
		"2024.3.18":        "2024-03-18 00:00",
		"2024年3月18日":       "2024-03-18 00:00",
		"2024年3月18日 8:12":  "2024-03-18 08:12",
		"20240318":         "2024-03-18 00:00",
		"45369":            "2024-03-18 00:00", // as spreadsheets store a day
		"45369.3416666667": "2024-03-18 08:12", // and a minute
		"45378":            "2024-03-27 00:00", // today
	} {
		got := checked(t, worksheet([]string{"问题", "地点", "来源", "发现时间"}, []string{"井盖松动", "鼓楼南街", "热线", text}))
		if len(got.Good) != 1 || got.Good[0].FoundAt.In(kernel.Shanghai).Format("2006-01-02 15:04") != want {
			t.Errorf("%s: %v %v, want %s", text, got.Good, got.Faults, want)
		}
	}
}

func TestCheckWorksheet_FindsTheHeaderInAnyOrderBelowATitle(t *testing.T) {
	got := checked(t, worksheet([]string{"2023 年问题台账"}, []string{"序号", "来源*", "地 点", "问题（必填）", "整改人"}, []string{"1", "热线", "鼓楼南街", "井盖松动", "甲"}))
	if len(got.Good) != 1 || got.Good[0].Words != "井盖松动" || got.Good[0].Row != 3 || fmt.Sprint(got.Unused) != "[序号 整改人]" {
		t.Errorf("%+v", got)
	}
}

// saved is an .xlsx file of a workbook.
func saved(t *testing.T, f *excelize.File) []byte {
	t.Helper()
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadWorksheet_ReadsFormulasAndDatesAndPassesOverBlankAndMergedRows(t *testing.T) {
	f := excelize.NewFile()
	set := func(at string, v any) {
		t.Helper()
		if err := f.SetCellValue("Sheet1", at, v); err != nil {
			t.Fatal(err)
		}
	}
	for i, row := range [][]any{
		{"问题", "地点", "来源", "发现时间"},
		{"井盖松动", "鼓楼南街 3 号", "热线", time.Date(2024, 3, 18, 8, 12, 0, 0, time.UTC)},
		{},
		{"以下是二季度的"},
		{"路灯不亮", "尧都路", "热线", "2024/3/18"},
	} {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.MergeCell("Sheet1", "A4", "D4"); err != nil {
		t.Fatal(err)
	}
	set("A6", "树枝遮挡信号灯")
	set("C6", "媒体")
	f.SetCellFormula("Sheet1", "B6", `="解放路"&"东段"`)
	content := rewritten(t, saved(t, f), "xl/worksheets/sheet1.xml", "</f>", "</f><v>解放路东段</v>")
	w, err := cases.ReadWorksheet(content)
	if err != nil {
		t.Fatal(err)
	}
	got := checked(t, w)
	if len(got.Good) != 3 || got.Bad != 0 || fmt.Sprint(got.Merged) != "[4]" {
		t.Fatalf("%+v", got)
	}
	if at := got.Good[0].FoundAt.In(kernel.Shanghai).Format("2006-01-02 15:04"); at != "2024-03-18 08:12" {
		t.Error(at)
	}
	if got.Good[1].Row != 5 || got.Good[2].Address != "解放路东段" {
		t.Errorf("%+v", got.Good)
	}
}

// rewritten changes one file of an archive.
func rewritten(t *testing.T, content []byte, name, before, after string) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if _, err := text.ReadFrom(in); err != nil {
			t.Fatal(err)
		}
		out, err := w.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		part := text.String()
		if f.Name == name {
			if !strings.Contains(part, before) {
				t.Fatalf("%s has no %s: %s", name, before, part)
			}
			part = strings.Replace(part, before, after, 1)
		}
		if _, err := out.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadWorksheet_RefusesWhatIsTooLarge(t *testing.T) {
	rows := func(n int, row ...any) []byte {
		f := excelize.NewFile()
		w, err := f.NewStreamWriter("Sheet1")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.SetRow("A1", []any{"问题", "地点", "来源"}); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if err := w.SetRow(fmt.Sprintf("A%d", i+2), row); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		return saved(t, f)
	}
	bomb := rewritten(t, rows(1, "井盖松动"), "xl/worksheets/sheet1.xml", "</worksheet>", "<!--"+strings.Repeat(" ", 65<<20)+"--></worksheet>")
	for name, c := range map[string]struct {
		content []byte
		says    string
	}{
		"rows": {rows(cases.MaxSheetRows+20, "井盖松动"), "超过 20000 行，请分成几个文件"},
		"text": {rows(1500, strings.Repeat("长", 8000)), "文字太多（超过 32 MB），请分成几个文件"},
		"bomb": {bomb, "表格展开后超过 64 MB，请分成几个文件，或去掉里面的图片"},
	} {
		if _, err := cases.ReadWorksheet(c.content); kernel.CodeOf(err) != kernel.TooLarge || kernel.MessageOf(err) != c.says {
			t.Errorf("%s (%d bytes): %v, want %s", name, len(c.content), err, c.says)
		}
	}
}

func TestImport_RegistersEachGoodRowOnceOnBothDatabases(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		f := excelize.NewFile()
		for i, row := range [][]any{{"问题", "地点", "来源", "来电人", "电话"}, {"井盖松动", "鼓楼南街", "热线", "来电人甲", "13800000000"}, {"路灯不亮", "", "热线"}} {
			if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
				t.Fatal(err)
			}
		}
		office := c.as(t, "office")
		x, err := c.StartImport(office, c.campaign.ID, "台账.xlsx", saved(t, f), sheetCategories)
		if err != nil || x.Good != 1 || x.Bad != 1 {
			t.Fatal(x, err)
		}
		for _, who := range []string{"inspector", "leader", "lead"} {
			if err := c.AgreeImport(c.as(t, who), c.campaign.ID, x.ID); kernel.CodeOf(err) != kernel.Forbidden {
				t.Errorf("%s agrees: %v", who, err)
			}
		}
		for range 2 {
			if err := c.AgreeImport(office, c.campaign.ID, x.ID); err != nil {
				t.Fatal(err)
			}
		}
		v, err := c.Viewer(office, c.campaign.ID)
		if err != nil {
			t.Fatal(err)
		}
		page, err := c.List(office, v, cases.Filter{})
		if err != nil || len(page.Rows) != 1 || page.Rows[0].Words != "井盖松动" || page.Rows[0].Step != cases.Registered {
			t.Fatal(page.Rows, err)
		}
		if seen, err := c.See(office, c.campaign.ID, page.Rows[0].ID); err != nil || seen.Caller.Phone != "13800000000" {
			t.Error(seen.Caller, err)
		}
		if x, err = c.ImportByID(office, c.campaign.ID, x.ID); err != nil || !x.Agreed() || strings.Contains(x.Checked, "13800000000") {
			t.Error("a caller's number stands in the import after it was agreed", x.Checked, err)
		}
	})
}

// FuzzCheckWorksheet: whatever stands in the cells, a row is good or has a fault, and a good one can be registered.
func FuzzCheckWorksheet(f *testing.F) {
	f.Add("井盖松动", "鼓楼南街", "热线", "一般", "其他", "2024-03-18", "111.5", "36.08", "13800000000")
	f.Add("", "", "", "", "", "45369.5", "", "1e400", "1.38E+10")
	f.Add("例：", "#N/A", "热线", "紧急", "", "9999999999999999999", "Inf", "-0", "转")
	f.Fuzz(func(t *testing.T, words, address, source, severity, category, found, lon, lat, phone string) {
		w := worksheet([]string{"问题", "地点", "来源", "严重程度", "类别", "发现时间", "经度", "纬度", "电话"},
			[]string{words, address, source, severity, category, found, lon, lat, phone})
		c, err := cases.CheckWorksheet(w, sheetCategories, sheetNow)
		if err != nil {
			if kernel.CodeOf(err) != kernel.Invalid {
				t.Fatal(err)
			}
			return
		}
		if len(c.Good)+c.Bad != 1 || (c.Bad == 1) != (len(c.Faults) > 0) {
			t.Fatalf("%d good, %d bad, %d faults", len(c.Good), c.Bad, len(c.Faults))
		}
		for _, fault := range c.Faults {
			if fault.Row != 2 || fault.Column == "" || fault.Words == "" {
				t.Errorf("fault %+v says not where or what", fault)
			}
		}
		for _, r := range c.Good {
			placed := r.Lat != nil && r.Lon != nil && *r.Lat >= -90 && *r.Lat <= 90 && *r.Lon >= -180 && *r.Lon <= 180
			if strings.TrimFunc(r.Words, unicode.IsSpace) == "" || r.Source.Name() == "" || (r.Lat == nil) != (r.Lon == nil) || (r.Lat != nil && !placed) || r.FoundAt.After(sheetNow) {
				t.Errorf("passed as good: %+v", r)
			}
		}
	})
}

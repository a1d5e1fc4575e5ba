package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/webtest"

	"github.com/xuri/excelize/v2"
)

// problemSheet stands for a spreadsheet of problems in the table of rights.
const problemSheet = "problems.xlsx"

var someProblems = [][]any{{"问题", "地点", "来源"}, {"井盖松动", "鼓楼南街 3 号", "热线"}, {"路灯不亮", "", "热线"}}

// workbook makes an .xlsx file of one worksheet.
func workbook(t *testing.T, rows [][]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		if err := w.SetRow(fmt.Sprintf("A%d", i+1), row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sheetForm(t *testing.T, name string, content []byte) (io.Reader, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	f, err := w.CreateFormFile("sheet", name)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.Write(content)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b, w.FormDataContentType()
}

// importOf hands in a spreadsheet with one good and one bad row.
func (s *stage) importOf(t *testing.T, ctx context.Context, campaignID int64) string {
	t.Helper()
	x, err := s.Cases.StartImport(ctx, campaignID, problemSheet, workbook(t, someProblems), []string{"其他"})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(x.ID)
}

// ask sends a request as a role and returns the answer with its body.
func (s *stage) ask(t *testing.T, role, method, path string, body io.Reader, kind string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+s.filled(path), body)
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	res, err := s.clients[role].Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

func (s *stage) casesIn(t *testing.T) (n int) {
	t.Helper()
	if err := s.DB.Reader().NewRaw("SELECT count(*) FROM cases WHERE campaign_id = ?", s.home.ID).Scan(t.Context(), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// handIn uploads a spreadsheet as the office and returns where its preview stands, and the preview.
func (s *stage) handIn(t *testing.T, content []byte) (path, preview string) {
	t.Helper()
	body, kind := sheetForm(t, "旧台账.xlsx", content)
	res, text := s.ask(t, "office", http.MethodPost, "/c/{c}/cases/import", body, kind)
	path = res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("upload: status %d, %s", res.StatusCode, problemOn(text))
	}
	res, preview = s.ask(t, "office", http.MethodGet, path, nil, "")
	if res.StatusCode != http.StatusOK {
		t.Fatalf("preview: status %d", res.StatusCode)
	}
	return path, preview
}

var dataError = regexp.MustCompile(`data-error[^>]*>([^<]*)<`)

func problemOn(page string) string {
	if m := dataError.FindStringSubmatch(page); m != nil {
		return m[1]
	}
	return ""
}

const (
	manyProblems = 5000
	manyFaulty   = 200
)

// oldLedger is a spreadsheet of 5,000 problems; every 25th row has a fault, of five sorts in turn. It returns what each
// fault must be called.
func oldLedger() (rows [][]any, faults []string) {
	rows = append(rows, []any{"来源", "问题", "地点", "严重程度", "发现时间", "经度", "纬度", "电话"})
	for i := range manyProblems {
		n := i + 2 // its row on the screen
		row := []any{"热线", fmt.Sprintf("第 %d 处人行道破损，雨后积水，行人绕行", i), fmt.Sprintf("平阳街 %d 号门前", i), "较重",
			"2024-03-18 08:12", 111.5 + float64(i)/1e5, 36.08, "0357-2012345"}
		if i%25 == 24 {
			switch i / 25 % 5 {
			case 0:
				row[3] = "很严重"
				faults = append(faults, fmt.Sprintf("第 %d 行 D 列（严重程度）：“很严重”不认识，请写一般、较重或紧急", n))
			case 1:
				row[1] = ""
				faults = append(faults, fmt.Sprintf("第 %d 行 B 列（问题）：没有写，这一列必须填", n))
			case 2:
				row[4] = "上个月"
				faults = append(faults, fmt.Sprintf("第 %d 行 E 列（发现时间）：“上个月”不是日期，请写成 2024-03-18 或 2024-03-18 08:12", n))
			case 3:
				row[6] = 136.08
				faults = append(faults, fmt.Sprintf("第 %d 行 G 列（纬度）：136.08 不在 -90 到 90 之间，经度和纬度是不是写反了", n))
			case 4:
				row[0] = "12345"
				faults = append(faults, fmt.Sprintf("第 %d 行 A 列（来源）：“12345”不认识，请写督导检查、单位自查、热线、网上反映、来信来访、专家、媒体、领导批示或会议", n))
			}
		}
		rows = append(rows, row)
	}
	return rows, faults
}

func TestImport_FiveThousandRowsWithTwoHundredBadOnesMakeFourThousandEightHundredCases(t *testing.T) {
	s := stageFor(t)
	rows, faults := oldLedger()
	if len(faults) != manyFaulty {
		t.Fatalf("%d faults in the making", len(faults))
	}
	before, all := s.casesIn(t), s.everything(t)
	path, preview := s.handIn(t, workbook(t, rows))
	for _, f := range faults {
		if !strings.Contains(preview, f) {
			t.Errorf("the preview does not say: %s", f)
		}
	}
	if n := strings.Count(preview, "<li>第 "); n != manyFaulty {
		t.Errorf("%d faults named, want %d", n, manyFaulty)
	}
	for _, want := range []string{`<b class="num">4,800</b> 行`, `<b class="num">200</b> 行，200 处`, "同意，登记这 4,800 件"} {
		if !strings.Contains(preview, want) {
			t.Errorf("the preview does not say %q", want)
		}
	}
	for i, now := range s.everything(t) {
		if now != all[i] && !strings.HasPrefix(now, "case_imports:") {
			t.Errorf("before anybody agreed: %s, was %s", now, all[i])
		}
	}
	for range 2 { // pressed twice
		if res, text := s.ask(t, "office", http.MethodPost, path+"/agree", nil, ""); res.StatusCode != http.StatusSeeOther {
			t.Fatalf("agree: status %d, %s", res.StatusCode, problemOn(text))
		}
		if n := s.casesIn(t) - before; n != manyProblems-manyFaulty {
			t.Fatalf("%d cases registered, want %d", n, manyProblems-manyFaulty)
		}
	}
	if _, after := s.ask(t, "office", http.MethodGet, path, nil, ""); strings.Contains(after, "同意，登记") || !strings.Contains(after, "登记了 4,800 件") {
		t.Error("the page does not say that it is done")
	}
	var events int
	if err := s.DB.Reader().NewRaw("SELECT count(*) FROM events WHERE verb = 'cases_imported'").Scan(t.Context(), &events); err != nil || events != 1 {
		t.Errorf("%d events of the import, %v", events, err)
	}
}

func TestImport_AfterACrashHalfWayRegistersTheRest(t *testing.T) {
	s := stageFor(t)
	rows := [][]any{{"问题", "地点", "来源"}}
	for i := range 450 { // three pieces
		rows = append(rows, []any{fmt.Sprintf("第 %d 处破损", i), fmt.Sprintf("平阳街 %d 号", i), "热线"})
	}
	path, _ := s.handIn(t, workbook(t, rows))
	before := s.casesIn(t)
	cut := func(sql string) {
		t.Helper()
		if err := s.DB.Write(t.Context(), func(tx db.Tx) error { _, err := tx.NewRaw(sql).Exec(t.Context()); return err }); err != nil {
			t.Fatal(err)
		}
	}
	// The disk fails in the second piece: the first is whole, nothing of the second stands.
	cut("CREATE TRIGGER broken BEFORE INSERT ON cases WHEN NEW.words = '第 300 处破损' BEGIN SELECT raise(abort, 'disk'); END")
	if res, _ := s.ask(t, "office", http.MethodPost, path+"/agree", nil, ""); res.StatusCode != http.StatusInternalServerError {
		t.Fatalf("status %d, want 500", res.StatusCode)
	}
	if n := s.casesIn(t) - before; n != 200 {
		t.Fatalf("%d cases after the crash, want the first piece of 200", n)
	}
	cut("DROP TRIGGER broken")
	if res, _ := s.ask(t, "office", http.MethodPost, path+"/agree", nil, ""); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("again: status %d", res.StatusCode)
	}
	if n := s.casesIn(t) - before; n != 450 {
		t.Errorf("%d cases, want 450", n)
	}
}

func TestImport_ItsOwnTemplateIsReadAndTheExampleIsNotRegistered(t *testing.T) {
	s := stageFor(t)
	res, text := s.ask(t, "office", http.MethodGet, "/c/{c}/cases/template.xlsx", nil, "")
	if res.StatusCode != http.StatusOK {
		t.Fatalf("status %d", res.StatusCode)
	}
	f, err := excelize.OpenReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if v, err := f.GetDataValidations("问题"); err != nil || len(v) != 3 {
		t.Errorf("%d drop-downs, %v", len(v), err)
	}
	body, kind := sheetForm(t, "空.xlsx", []byte(text))
	res, page := s.ask(t, "office", http.MethodPost, "/c/{c}/cases/import", body, kind)
	if res.StatusCode != http.StatusUnprocessableEntity || problemOn(page) != "第 1 行列名下面没有问题，请填好再传" {
		t.Errorf("the empty template: status %d, %s", res.StatusCode, problemOn(page))
	}
	for col, v := range map[string]any{"A": "井盖松动", "C": "鼓楼南街 3 号", "F": "紧急", "G": "热线", "L": "13800000000"} {
		if err := f.SetCellValue("问题", col+"3", v); err != nil {
			t.Fatal(err)
		}
	}
	filled, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	if _, preview := s.handIn(t, filled.Bytes()); !strings.Contains(preview, "同意，登记这 1 件") {
		t.Error("the filled template is not one case")
	}
}

func TestImport_SaysWhatIsWrongWithAFile(t *testing.T) {
	s := stageFor(t)
	for _, c := range []struct {
		content []byte
		status  int
		says    string
	}{
		{[]byte("问题,地点,来源"), 422, "这不是 .xlsx 表格，请另存为 .xlsx 再传"},
		{[]byte("\xd0\xcf\x11\xe0 old"), 422, "这是旧格式（.xls）或加了密码的表格，请另存为不带密码的 .xlsx"},
		{[]byte("PK\x03\x04 broken"), 422, "读不出这个表格。请用表格软件打开它，另存为 .xlsx，再传一次"},
		{workbook(t, [][]any{{"井盖松动", "鼓楼南街"}}), 422, "没有找到列名。第一行要写“问题”“地点”“来源”这样的列名，可以先下载模板"},
		{workbook(t, [][]any{{"问题", "地点"}, {"井盖松动", "鼓楼南街"}}), 422, "第 1 行的列名里没有“来源”，这一列必须有"},
		{workbook(t, [][]any{{"问题", "来源"}, {"井盖松动", "热线"}}), 422, "第 1 行的列名里没有“地点”，也没有“经度”和“纬度”，请补上一样"},
		{workbook(t, [][]any{{"问题", "地点", "来源", "地点"}, {"井盖松动", "鼓楼南街", "热线"}}), 422, "第 1 行“地点”写了两次（B 列和 D 列），请只留一列"},
		{bytes.Repeat([]byte("PK"), cases.MaxSheet/2+1), 413, "文件超过 10 MB，请分成几个文件，或去掉里面的图片"},
	} {
		body, kind := sheetForm(t, "台账.xlsx", c.content)
		res, page := s.ask(t, "office", http.MethodPost, "/c/{c}/cases/import", body, kind)
		if res.StatusCode != c.status || problemOn(page) != c.says {
			t.Errorf("status %d %q, want %d %q", res.StatusCode, problemOn(page), c.status, c.says)
		}
	}
}

// collection is a GeoJSON file as map programs read it.
type collection struct {
	Type     string `json:"type"`
	Features []struct {
		Type     string `json:"type"`
		Geometry struct {
			Type        string    `json:"type"`
			Coordinates []float64 `json:"coordinates"`
		} `json:"geometry"`
		Properties map[string]string `json:"properties"`
	} `json:"features"`
}

func (s *stage) exported(t *testing.T, role, query string) (rows [][]string, c collection) {
	t.Helper()
	res, text := s.ask(t, role, http.MethodGet, "/c/{c}/cases.xlsx"+query, nil, "")
	if res.StatusCode != http.StatusOK {
		t.Fatalf("xlsx as %s: status %d", role, res.StatusCode)
	}
	f, err := excelize.OpenReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if rows, err = f.GetRows("案件"); err != nil {
		t.Fatal(err)
	}
	res, text = s.ask(t, role, http.MethodGet, "/c/{c}/cases.geojson"+query, nil, "")
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/geo+json" {
		t.Fatalf("geojson as %s: status %d", role, res.StatusCode)
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return rows[2:], c // below title and heads
}

func TestExport_HoldsWhatTheViewerMaySeeAndNoOtherUnitsCases(t *testing.T) {
	s := stageFor(t)
	lon, lat := 111.51234, 36.08
	place := func(words, unit string) cases.Case {
		t.Helper()
		office := s.as(t, "office")
		c, err := s.Cases.Register(office, s.home.ID, cases.Registration{Words: words, Source: cases.Hotline, Severity: cases.Serious, Category: "其他",
			Lat: &lat, Lon: &lon, Caller: cases.Caller{Name: "来电人甲", Phone: "13800000000"}})
		if err != nil {
			t.Fatal(err)
		}
		u, err := roster.UnitNamed(webtest.System(), s.DB.Reader(), s.home.ID, unit)
		if err != nil || u.ID == 0 {
			t.Fatal(unit, err)
		}
		s.step(t, office, fmt.Sprint(c.ID), cases.Act{Verb: cases.Dispatch, Unit: u.ID})
		return c
	}
	mine, theirs := place("树穴里积了垃圾", "市园林绿化中心"), place("电杆歪斜有危险", "国网平河供电公司")

	holds := func(role, query, number string) bool {
		t.Helper()
		rows, c := s.exported(t, role, query)
		var inSheet, onMap bool
		for _, r := range rows {
			inSheet = inSheet || r[0] == number
		}
		for _, f := range c.Features {
			onMap = onMap || f.Properties["number"] == number
		}
		if inSheet != onMap {
			t.Errorf("%s as %s: in the sheet %t, on the map %t", number, role, inSheet, onMap)
		}
		return inSheet
	}
	for _, c := range []struct {
		role, query  string
		mine, theirs bool
	}{
		{"office", "", true, true},
		{"inspector", "", true, true},
		{"lead", "", true, false},
		{"given", "", false, true},
		{"lead", "?q=%E7%94%B5%E6%9D%86", false, false}, // 电杆: searching finds no more
		{"office", "?q=%E7%94%B5%E6%9D%86", false, true},
		{"office", "?severity=urgent", false, false},
		{"office", "?step=dispatched", true, true},
	} {
		if got := holds(c.role, c.query, mine.Number()); got != c.mine {
			t.Errorf("%s%s has 市园林绿化中心's: %t", c.role, c.query, got)
		}
		if got := holds(c.role, c.query, theirs.Number()); got != c.theirs {
			t.Errorf("%s%s has 供电公司's: %t", c.role, c.query, got)
		}
	}

	rows, c := s.exported(t, "lead", "?severity=serious")
	if len(rows) != 1 || len(c.Features) != 1 {
		t.Fatalf("%d rows, %d features", len(rows), len(c.Features))
	}
	want := []string{mine.Number(), "树穴里积了垃圾", "树穴里积了垃圾", "热线", "其他", "较重", "", "", "111.51234", "36.08", "2024-03-27 09:40", "2024-03-27 09:40", "待签收", "市园林绿化中心", "2024-04-01 23:59", "1"}
	for i, v := range want {
		if rows[0][i] != v {
			t.Errorf("column %d: %q, want %q", i+1, rows[0][i], v)
		}
	}
	f := c.Features[0]
	if c.Type != "FeatureCollection" || f.Type != "Feature" || f.Geometry.Type != "Point" || fmt.Sprint(f.Geometry.Coordinates) != fmt.Sprint([]float64{lon, lat}) {
		t.Errorf("%+v", c)
	}
	for k, v := range map[string]string{"title": "树穴里积了垃圾", "severity": "较重", "category": "其他", "unit": "市园林绿化中心", "registered_at": "2024-03-27T09:40:00+08:00"} {
		if f.Properties[k] != v {
			t.Errorf("%s is %q, want %q", k, f.Properties[k], v)
		}
	}
	if len(f.Properties) != 7 {
		t.Errorf("properties %v", f.Properties)
	}
}

func TestExport_ReadsPieceByPieceAndMissesNothing(t *testing.T) {
	s := stageFor(t)
	var list []cases.Registration
	lat, lon := 36.08, 111.5
	for i := range 2100 {
		r := cases.Registration{UUID: fmt.Sprint("piece-", i), Words: fmt.Sprintf("第 %d 处破损", i), Address: "平阳街", Source: cases.Hotline}
		if i%2 == 0 {
			r.Lat, r.Lon = &lat, &lon
		}
		list = append(list, r)
	}
	if err := s.Cases.RegisterAll(s.as(t, "office"), s.home.ID, list); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"?source=hotline", "?source=hotline&q=%E7%A0%B4%E6%8D%9F"} {
		rows, c := s.exported(t, "office", query)
		seen := map[string]bool{}
		for _, r := range rows {
			seen[r[0]] = true
		}
		if len(rows) != 2100 || len(seen) != 2100 || len(c.Features) != 1050 {
			t.Errorf("%s: %d rows, %d different, %d on the map", query, len(rows), len(seen), len(c.Features))
		}
	}
}

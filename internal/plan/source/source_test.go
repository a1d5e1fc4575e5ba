package source

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

func fixture(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func lines(tb testing.TB, name string, data []byte) []string {
	tb.Helper()
	src, err := Read(name, data)
	if err != nil {
		tb.Fatal(err)
	}
	return src.Lines
}

func TestText_EncodingsReadTheSame(t *testing.T) {
	text := "一、工作目标\n到2022年底。\n"
	want := []string{"一、工作目标", "到2022年底。"}
	gb, _ := simplifiedchinese.GB18030.NewEncoder().String(text)
	le, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	be, _ := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(text)
	for name, data := range map[string]string{"utf-8": text, "bom": "\xef\xbb\xbf" + text, "gb18030": gb, "utf-16le": le, "utf-16be": be,
		"crlf": strings.ReplaceAll(text, "\n", "\r\n"), "no newline at the end": strings.TrimSuffix(text, "\n")} {
		if d := cmp.Diff(want, lines(t, name+".txt", []byte(data))); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestText_LinesCountAsCatCountsThem(t *testing.T) {
	got := lines(t, "a.txt", []byte("\n\n一、目标\n\n二、任务\n\n"))
	if d := cmp.Diff([]string{"", "", "一、目标", "", "二、任务", ""}, got); d != "" {
		t.Error(d)
	}
}

// docx packs a document.xml, and other parts by name, into a .docx.
func docx(tb testing.TB, body string, parts ...[2]string) []byte {
	tb.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	if body != "" {
		parts = append(parts, [2]string{"word/document.xml", `<w:document xmlns:w="w" xmlns:mc="mc"><w:body>` + body + `</w:body></w:document>`})
	}
	for _, p := range parts {
		w, err := z.Create(p[0])
		if err != nil {
			tb.Fatal(err)
		}
		fmt.Fprint(w, p[1])
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

func par(text string) string { return `<w:p><w:r><w:t>` + text + `</w:t></w:r></w:p>` }

func numbered(id, level int, text string) string {
	return fmt.Sprintf(`<w:p><w:pPr><w:numPr><w:ilvl w:val="%d"/><w:numId w:val="%d"/></w:numPr></w:pPr><w:r><w:t>%s</w:t></w:r></w:p>`, level, id, text)
}

func TestDocx_DeletedHiddenAndFieldTextIsLeftOut(t *testing.T) {
	body := `<w:p><w:r><w:t>甲</w:t></w:r><w:del><w:r><w:delText>删</w:delText></w:r></w:del><w:ins><w:r><w:t>乙</w:t></w:r></w:ins>` +
		`<w:r><w:rPr><w:vanish/></w:rPr><w:t>藏</w:t></w:r><w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:tab/><w:t>丙</w:t><w:br/><w:t>丁</w:t></w:r></w:p>`
	if d := cmp.Diff([]string{"甲乙\t丙", "丁"}, lines(t, "a.docx", docx(t, body))); d != "" {
		t.Error(d)
	}
}

func TestDocx_TextBoxIsReadOnce(t *testing.T) {
	box := `<w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent>` + par("框里的字") + `</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent>` + par("框里的字") + `</w:txbxContent></mc:Fallback></mc:AlternateContent></w:r></w:p>`
	got := strings.Join(lines(t, "a.docx", docx(t, par("一、目标")+box)), "|")
	if strings.Count(got, "框里的字") != 1 {
		t.Error(got)
	}
}

func TestDocx_TableRowIsALineAndMergedCellsComeOutBlank(t *testing.T) {
	cell := func(pr, text string) string { return `<w:tc><w:tcPr>` + pr + `</w:tcPr>` + par(text) + `</w:tc>` }
	body := `<w:tbl><w:tr>` + cell("", "任务") + cell("", "牵头单位") + cell("", "时限") + `</w:tr>` +
		`<w:tr>` + cell("", "清河") + cell(`<w:vMerge w:val="restart"/>`, "市水务局") + cell("", "6月") + `</w:tr>` +
		`<w:tr>` + cell("", "清岸") + cell(`<w:vMerge/>`, "") + cell("", "7月") + `</w:tr>` +
		`<w:tr>` + cell(`<w:gridSpan w:val="2"/>`, "合计") + cell("", "2项") + `</w:tr></w:tbl>`
	want := []string{"任务\t牵头单位\t时限", "清河\t市水务局\t6月", "清岸\t\t7月", "合计\t\t2项"}
	if d := cmp.Diff(want, lines(t, "a.docx", docx(t, body))); d != "" {
		t.Error(d)
	}
}

const chineseLists = `<w:numbering xmlns:w="w"><w:abstractNum w:abstractNumId="0">` +
	`<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="%1、"/></w:lvl>` +
	`<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="（%2）"/></w:lvl>` +
	`<w:lvl w:ilvl="2"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%3."/></w:lvl></w:abstractNum>` +
	`<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>` +
	`<w:num w:numId="2"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num></w:numbering>`

func TestDocx_AutomaticNumbersArePrinted(t *testing.T) {
	body := numbered(1, 0, "目标") + numbered(1, 0, "任务") + numbered(1, 1, "行动甲") + numbered(1, 2, "清河") + numbered(1, 2, "清岸") +
		numbered(1, 1, "行动乙") + numbered(1, 2, "清路") + numbered(1, 0, "要求") + numbered(2, 0, "另起")
	got := lines(t, "a.docx", docx(t, body, [2]string{"word/numbering.xml", chineseLists}))
	want := []string{"一、目标", "二、任务", "（一）行动甲", "1. 清河", "2. 清岸", "（二）行动乙", "1. 清路", "三、要求", "一、另起"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestDocx_NumbersOfAStyleArePrinted(t *testing.T) {
	styles := `<w:styles xmlns:w="w"><w:style w:styleId="H1"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>` +
		`<w:style w:styleId="H1b"><w:basedOn w:val="H1"/></w:style></w:styles>`
	p := func(style, text string) string {
		return `<w:p><w:pPr><w:pStyle w:val="` + style + `"/></w:pPr><w:r><w:t>` + text + `</w:t></w:r></w:p>`
	}
	got := lines(t, "a.docx", docx(t, p("H1", "目标")+p("H1b", "任务"), [2]string{"word/numbering.xml", chineseLists}, [2]string{"word/styles.xml", styles}))
	if d := cmp.Diff([]string{"一、目标", "二、任务"}, got); d != "" {
		t.Error(d)
	}
}

func TestRead_BadFilesAreRefusedWithWhatToDo(t *testing.T) {
	bomb := docx(t, par(strings.Repeat("零", maxPart/3+10)))
	deep := docx(t, strings.Repeat("<w:x>", 100_000)+strings.Repeat("</w:x>", 100_000))
	for _, c := range []struct {
		name string
		data []byte
		code kernel.Code
		says string
	}{
		{"empty.txt", nil, kernel.Invalid, "空的"},
		{"blank.txt", []byte(" \n\n "), kernel.Invalid, "空的"},
		{"big.txt", make([]byte, 50<<20), kernel.TooLarge, "20MB"},
		{"bomb.docx", bomb, kernel.TooLarge, "解开后太大"},
		{"deep.docx", deep, kernel.TooLarge, "太复杂"},
		{"nobody.docx", docx(t, "", [2]string{"word/styles.xml", "<x/>"}), kernel.Invalid, "缺少正文"},
		{"other.zip", docx(t, "", [2]string{"a.txt", "x"}), kernel.Invalid, "压缩包"},
		{"table.xlsx", docx(t, "", [2]string{"xl/workbook.xml", "<x/>"}), kernel.Invalid, "表格"},
		{"broken.docx", docx(t, par("一")+"<w:p>"), kernel.Invalid, "已损坏"},
		{"cut.docx", docx(t, par("一"))[:60], kernel.Invalid, "打不开"},
		{"locked.pdf", fixture(t, "locked.pdf"), kernel.Invalid, "密码"},
		{"scan.pdf", fixture(t, "scan.pdf"), kernel.Invalid, "扫描件"},
		{"cut.pdf", fixture(t, "plan.pdf")[:200], kernel.Invalid, "打不开"},
		{"old.doc", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1xxxx"), kernel.Invalid, "另存为 .docx"},
		{"a.png", []byte("\x89PNG\r\n\x1a\nxxxx"), kernel.Invalid, "图片"},
		{"a.html", []byte("<html><body>一、目标</body></html>"), kernel.Invalid, "网页"},
		{"noise.txt", []byte("\x00\x01\x02\x03\xff\xfe\xfd"), kernel.Invalid, "编码"},
	} {
		_, err := Read(c.name, c.data)
		if kernel.CodeOf(err) != c.code || !strings.Contains(kernel.MessageOf(err), c.says) || !strings.Contains(kernel.MessageOf(err), c.name) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestRead_TheSamePlanReadsTheSameFromTextWordAndPDF(t *testing.T) {
	var want string
	for _, name := range []string{"plan.txt", "plan.docx", "plan.pdf"} {
		src, err := Read(name, fixture(t, name))
		if err != nil {
			t.Fatal(err)
		}
		p, err := plan.Read(src)
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintln(p.Title, p.PlanTitle, p.DocumentNumber, p.Issuer, p.IssuedOn, p.Addressees)
		for _, task := range p.Tasks {
			got += fmt.Sprintln(task.Path, task.Name, task.Text, task.LeadUnits, task.SupportUnits)
		}
		for _, b := range p.Bodies {
			for _, a := range b.Appointments {
				got += fmt.Sprintln(b.Name, a.Role, a.Name, a.Post)
			}
		}
		if want == "" {
			want = got
		}
		if d := cmp.Diff(want, got); d != "" || len(p.Tasks) != 2 {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte("一、目标\r\n二、任务\n"))
	f.Add([]byte("\xff\xfea\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, err := textLines("a.txt", data)
		if err == nil && strings.Contains(strings.Join(lines, ""), "\n") {
			t.Error("a line holds a line break")
		}
	})
}

func FuzzDocx(f *testing.F) {
	f.Add([]byte(par("一、目标") + numbered(1, 0, "任务") + `<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="9"/></w:tcPr></w:tc></w:tr></w:tbl>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		lines, err := docxLines("a.docx", docx(t, string(body)+" ", [2]string{"word/numbering.xml", chineseLists}))
		if err != nil && kernel.CodeOf(err) == kernel.Internal {
			t.Error(err)
		}
		_ = lines
	})
}

func FuzzDocxBytes(f *testing.F) {
	f.Add(docx(f, par("一、目标"), [2]string{"word/numbering.xml", chineseLists}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := docxLines("a.docx", data); err != nil && kernel.CodeOf(err) == kernel.Internal {
			t.Error(err)
		}
	})
}

// FuzzPageLines guards the placing of characters: every visible character comes out once, whatever the boxes.
func FuzzPageLines(f *testing.F) {
	f.Add("一、目标abc", 10.0, 12.0, 700.0)
	f.Fuzz(func(_ *testing.T, s string, left, size, top float64) {
		var glyphs []glyph
		for i, r := range []rune(s) {
			x := left + float64(i%40)*size
			y := top - float64(i/40)*size*1.5
			glyphs = append(glyphs, glyph{text: string(r), left: x, right: x + size, top: y, bottom: y - size})
		}
		pageLines(glyphs)
	})
}

package source

import (
	"errors"
	"fmt"
	"math"
	"sort"
	"strings"
	"sync"
	"time"

	"pinzhi/internal/kernel"

	"github.com/klippa-app/go-pdfium"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
)

// Limits of a PDF: a plan has tens of pages.
const (
	maxPages = 500
	maxChars = 2_000_000
)

// pdfium takes seconds to start, so it is started when the first PDF comes and kept.
// It is given no file system: what it reads it gets in memory.
var startPDFium = sync.OnceValues(func() (pdfium.Pool, error) {
	return webassembly.Init(webassembly.Config{MinIdle: 0, MaxIdle: 1, MaxTotal: 1, FSConfig: wazero.NewFSConfig()})
})

// pdfLines reads the text of a PDF as lines in reading order, page after page.
func pdfLines(name string, data []byte) (lines []string, err error) {
	defer func() {
		if r := recover(); r != nil {
			lines, err = nil, damagedPDF(name, fmt.Errorf("pdfium: %v", r))
		}
	}()
	pool, err := startPDFium()
	if err != nil {
		return nil, kernel.E(kernel.Internal, "读 PDF 的部件没有启动成功。请稍后再试，或先另存为 .docx 上传。").Because(err)
	}
	instance, err := pool.GetInstance(time.Minute)
	if err != nil {
		return nil, kernel.E(kernel.Unavailable, "正在读别的 PDF。请稍后再试。").Because(err)
	}
	defer func() { _ = instance.Close() }() // goes back to the pool either way
	doc, err := instance.OpenDocument(&requests.OpenDocument{File: &data})
	switch {
	case errors.Is(err, pdfiumerrors.ErrPassword), errors.Is(err, pdfiumerrors.ErrSecurity):
		return nil, kernel.E(kernel.Invalid, "“%s”设了密码。请去掉密码后另存，再上传。", name).Because(err)
	case err != nil:
		return nil, damagedPDF(name, err)
	}
	return documentLines(name, instance, doc.Document)
}

func damagedPDF(name string, cause error) error {
	return kernel.E(kernel.Invalid, "“%s”打不开，PDF 可能已损坏。请重新导出一份再上传。", name).Because(cause)
}

func documentLines(name string, instance pdfium.Pdfium, doc references.FPDF_DOCUMENT) ([]string, error) {
	count, err := instance.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: doc})
	if err != nil {
		return nil, damagedPDF(name, err)
	}
	if count.PageCount > maxPages {
		return nil, kernel.E(kernel.TooLarge, "“%s”有%d页，超过%d页。请只上传方案正文。", name, count.PageCount, maxPages)
	}
	var lines []string
	chars := 0
	for i := range count.PageCount {
		page, err := instance.GetPageTextStructured(&requests.GetPageTextStructured{
			Page: requests.Page{ByIndex: &requests.PageByIndex{Document: doc, Index: i}},
			Mode: requests.GetPageTextStructuredModeChars,
		})
		if err != nil {
			return nil, kernel.E(kernel.Invalid, "“%s”的第%d页读不出来。请重新导出一份再上传。", name, i+1).Because(err)
		}
		glyphs := make([]glyph, 0, len(page.Chars))
		for _, c := range page.Chars {
			p := c.PointPosition
			glyphs = append(glyphs, glyph{text: c.Text, left: p.Left, right: p.Right, top: p.Top, bottom: p.Bottom, angle: c.Angle})
		}
		if chars += len(glyphs); chars > maxChars {
			return nil, kernel.E(kernel.TooLarge, "“%s”的文字太多。请只上传方案正文。", name)
		}
		lines = append(lines, pageLines(glyphs)...)
	}
	if strings.TrimSpace(strings.Join(lines, "")) == "" {
		return nil, kernel.E(kernel.Invalid, "“%s”是扫描件，里面只有图片，没有文字。请上传 .docx 或文字版 PDF，或先做文字识别。", name)
	}
	return lines, nil
}

// glyph is a character with its box on the page, in points, y upwards.
type glyph struct {
	text                     string
	left, right, top, bottom float64
	angle                    float64
}

func (g glyph) center() float64 { return (g.left + g.right) / 2 }

func (g glyph) middle() float64 { return (g.top + g.bottom) / 2 }

// pageLines puts the characters of a page into lines by where they stand: from top to bottom, left to right.
func pageLines(glyphs []glyph) []string {
	size := glyphSize(glyphs)
	var rows [][]glyph
	sorted := make([]glyph, 0, len(glyphs))
	for _, g := range glyphs {
		if visible(g, size) && math.Abs(g.angle) < 0.1 && !math.IsNaN(g.left+g.right+g.top+g.bottom) {
			sorted = append(sorted, g)
		}
	}
	sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].middle() > sorted[j].middle() })
	for _, g := range sorted {
		if n := len(rows); n > 0 && math.Abs(rowMiddle(rows[n-1])-g.middle()) < size*0.55 {
			rows[n-1] = append(rows[n-1], g)
			continue
		}
		rows = append(rows, []glyph{g})
	}
	margin := math.Inf(1)
	for _, r := range rows {
		sort.SliceStable(r, func(i, j int) bool { return r[i].left < r[j].left })
		if len(r) > 10 {
			margin = math.Min(margin, r[0].left)
		}
	}
	var out []string
	for _, r := range rows {
		out = append(out, rowText(r, size, margin))
	}
	return out
}

// visible keeps what a reader sees: characters, and spaces that take room. pdfium also makes up spaces without any.
func visible(g glyph, size float64) bool {
	if strings.TrimSpace(g.text) != "" {
		return true
	}
	return (g.text == " " || g.text == "　" || g.text == "\t") && g.right-g.left > size*0.15
}

func rowMiddle(row []glyph) float64 {
	sum := 0.0
	for _, g := range row {
		sum += g.middle()
	}
	return sum / float64(len(row))
}

// glyphSize is the usual width of a Chinese character on the page.
func glyphSize(glyphs []glyph) float64 {
	var widths []float64
	for _, g := range glyphs {
		if w := g.right - g.left; w > 3 && len(g.text) >= 3 {
			widths = append(widths, w)
		}
	}
	if len(widths) == 0 {
		return 12
	}
	sort.Float64s(widths)
	return widths[len(widths)/2]
}

// rowText writes a row; a gap becomes a space, and an indent of two characters is kept, for it begins a paragraph.
func rowText(row []glyph, size, margin float64) string {
	var b strings.Builder
	if indent := row[0].left - margin; indent > size*1.4 && indent < size*3 {
		b.WriteString("　　")
	}
	pitch := usualPitch(row, size)
	for i, g := range row {
		if i > 0 {
			gap := g.left - row[i-1].right
			wide := size * 0.75
			switch narrow := !wideText(g.text); {
			case narrow && !wideText(row[i-1].text):
				wide = size * 0.25
			case narrow || !wideText(row[i-1].text):
				wide = size * 0.55 // typesetters put a quarter between Chinese and digits: no space in the text
			}
			// Punctuation fills only half of its square: the gap before the next character is no space.
			if punctuation(row[i-1].text) || punctuation(g.text) {
				wide = size * 1.4
			}
			if punctuation(row[i-1].text) && punctuation(g.text) {
				wide = size * 1.7
			}
			if square(g) && square(row[i-1]) && g.center()-row[i-1].center() > pitch*1.17 {
				wide = -1 // Chinese characters stand evenly: a step wider than the others holds a space
			}
			switch {
			case gap > size*2.2:
				b.WriteByte('\t') // another column
			case gap > wide:
				b.WriteByte(' ')
			}
			if gap < -size*0.7 && g.text == row[i-1].text {
				continue // bold by printing twice
			}
		}
		b.WriteString(g.text)
	}
	return strings.TrimRight(b.String(), " 　\t")
}

// square reports a Chinese character, which fills its square.
func square(g glyph) bool {
	return wideText(g.text) && !punctuation(g.text) && g.text != "一" && g.text != "　"
}

// usualPitch is the usual step from one Chinese character to the next in a row.
func usualPitch(row []glyph, size float64) float64 {
	var steps []float64
	for i := 1; i < len(row); i++ {
		if square(row[i]) && square(row[i-1]) {
			steps = append(steps, row[i].center()-row[i-1].center())
		}
	}
	if len(steps) < 4 {
		return size * 1.1
	}
	sort.Float64s(steps)
	return steps[len(steps)/2]
}

func wideText(s string) bool { return len(s) >= 3 }

func punctuation(s string) bool {
	return strings.ContainsAny(s, "，。、；：？！（）《》“”‘’〔〕【】—…·")
}

package web_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestPrint_TimetableAndMatrixComeOnA3Landscape prints as the browser would and looks at the pages' size.
func TestPrint_TimetableAndMatrixComeOnA3Landscape(t *testing.T) {
	s, _ := site(t)
	b := newTab(t, chromium(t), s, "office", 1440, 900)
	for _, page := range []string{"gantt", "matrix"} {
		b.do(t, chromedp.Navigate(s.URL+"/c/1/"+page))
		pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF(chromedp.PDFPreferCSSPageSize()))
		if err != nil {
			t.Fatal(err)
		}
		if screens != "" {
			if err := os.WriteFile(filepath.Join(screens, page+".pdf"), pdf, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		boxes := regexp.MustCompile(`/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]`).FindAllSubmatch(pdf, -1)
		if len(boxes) == 0 {
			t.Fatalf("%s: no pages", page)
		}
		for _, box := range boxes {
			// A3 is 297 × 420 mm: 842 × 1191 points
			if !bytes.HasPrefix(box[1], []byte("119")) || !bytes.HasPrefix(box[2], []byte("84")) {
				t.Errorf("%s: a page of %s × %s points is not A3 landscape", page, box[1], box[2])
			}
		}
	}
}

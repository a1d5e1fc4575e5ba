package web_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestScreens_OfImporting walks the screens of importing at both sizes, before and after somebody agrees by the button.
func TestScreens_OfImporting(t *testing.T) {
	s := stageFor(t)
	rows, _ := oldLedger()
	rows = rows[:60]
	rows[0] = append(rows[0], "经办人")
	browser := chromium(t)
	for _, size := range sizes {
		path, _ := s.handIn(t, workbook(t, rows))
		b := newTab(t, browser, s.Site, "office", size.width, size.height)
		b.said()
		for _, page := range []string{"/c/{c}/cases", "/c/{c}/cases/import", path + "?before"} {
			visit(t, b, size.name, s.filled(page))
		}
		b.do(t, chromedp.Click(chromedp.CSS("form[action$='/agree'] button")), chromedp.WaitReady(chromedp.CSS("main .note a")))
		visit(t, b, size.name, path)
	}
}

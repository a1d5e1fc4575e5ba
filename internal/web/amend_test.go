package web_test

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"pinzhi/internal/cases"

	"github.com/PuerkitoBio/goquery"
	"github.com/chromedp/chromedp"
)

// placed registers a case with lines and coordinates that a form must not change by itself.
func (s *stage) placed(t *testing.T, ctx context.Context) cases.Case {
	t.Helper()
	lat, lon := 36.0840123456789, 111.5137
	c, err := s.Cases.Register(ctx, s.home.ID, cases.Registration{Words: "解放路东段行道树枯死三棵\n树池里堆着垃圾", Address: "解放路与平阳街口东 40 米",
		Source: cases.Inspection, Category: "旧类别", Lat: &lat, Lon: &lon})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCorrect_AFormThatIsRefusedKeepsWhatWasTyped: the reason beside the field, every field as it was.
func TestCorrect_AFormThatIsRefusedKeepsWhatWasTyped(t *testing.T) {
	s := stageFor(t)
	c := s.placed(t, s.as(t, "inspector"))
	path := s.filled("/c/{c}/correct/") + itoa(c.ID)
	shown, err := goquery.NewDocumentFromReader(strings.NewReader(s.page(t, "office", path)))
	if err != nil {
		t.Fatal(err)
	}
	asShown := func() url.Values {
		form := url.Values{}
		shown.Find("form.writing [name]").Each(func(_ int, f *goquery.Selection) {
			v := f.AttrOr("value", strings.ReplaceAll(f.Text(), "\n", "\r\n")) // as browsers send a textarea
			if f.Is("select") {
				o := f.Find("option[selected]")
				v = o.AttrOr("value", o.Text())
			}
			form.Set(f.AttrOr("name", ""), v)
		})
		return form
	}
	for _, r := range []struct {
		name, says string
		field      string // that is marked
		status     int
		change     url.Values
	}{
		{"as it was shown", "没有改动", "", http.StatusUnprocessableEntity, url.Values{"reason": {"看看"}}},
		{"no reason", "请写更正的理由", "reason", http.StatusUnprocessableEntity, url.Values{"address": {"平阳街"}}},
		{"no number", "不是经纬度", "lat", http.StatusUnprocessableEntity, url.Values{"lat": {"北纬三十六"}, "reason": {"补"}}},
		{"half a place", "要么都写", "lat", http.StatusUnprocessableEntity, url.Values{"lon": {""}, "reason": {"补"}}},
		{"an older state", "刚被别人办过", "", http.StatusConflict, url.Values{"address": {"平阳街"}, "reason": {"补"}, "revision": {"99"}}},
	} {
		form := asShown()
		maps.Copy(form, r.change)
		status, doc := post(t, s.Site, "office", path, form)
		if status != r.status {
			t.Errorf("%s: status %d", r.name, status)
			continue
		}
		if said := doc.Find("[data-error]").Text(); !strings.Contains(said, r.says) {
			t.Errorf("%s: says %q", r.name, said)
		}
		if got := doc.Find("[aria-invalid]").AttrOr("name", ""); got != r.field {
			t.Errorf("%s: marks %q", r.name, got)
		}
		for name := range form {
			f := doc.Find("form.writing [name=" + name + "]")
			got := f.AttrOr("value", f.Text())
			if f.Is("select") {
				o := f.Find("option[selected]")
				got = o.AttrOr("value", o.Text())
			}
			if strings.ReplaceAll(got, "\r\n", "\n") != strings.ReplaceAll(form.Get(name), "\r\n", "\n") {
				t.Errorf("%s: %s holds %q, typed %q", r.name, name, got, form.Get(name))
			}
		}
	}
	form := asShown()
	form.Set("address", "平阳街 12 号")
	form.Set("severity", "urgent")
	form.Set("reason", "来电人说错了")
	if status, _ := post(t, s.Site, "office", path, form); status != http.StatusSeeOther {
		t.Fatalf("status %d", status)
	}
	said := "更正了严重程度：“一般”改为“紧急”；地点：“解放路与平阳街口东 40 米”改为“平阳街 12 号”。理由：来电人说错了"
	if page := s.page(t, "inspector", s.filled("/c/{c}/cases/")+itoa(c.ID)); !strings.Contains(page, said) || !strings.Contains(page, "/correct/") {
		t.Errorf("the page of the case does not say %s, or offers no correction to its finder", said)
	}
	if page := s.page(t, "leader", s.filled("/c/{c}/cases/")+itoa(c.ID)); strings.Contains(page, "/correct/") {
		t.Error("the leader is offered a correction")
	}
}

// TestScreens_OfAmending walks the screens by which a case is amended, at both sizes.
func TestScreens_OfAmending(t *testing.T) {
	s := stageFor(t)
	office := s.as(t, "office")
	browser := chromium(t)
	for _, size := range sizes {
		c := s.placed(t, office)
		page, form := s.filled("/c/{c}/cases/")+itoa(c.ID), s.filled("/c/{c}/correct/")+itoa(c.ID)
		s.step(t, office, strconv.FormatInt(c.ID, 10), cases.Act{Verb: cases.Dispatch, Unit: s.unit(t, s.home.ID, "市园林绿化中心")})
		b := newTab(t, browser, s.Site, "office", size.width, size.height)
		b.said()
		visit(t, b, size.name, form)
		b.fill(t, "form.writing", map[string]string{"reason": "看看"})
		b.mustSay(t, "没有改动，不用更正")
		b.look(t, size.name+"-correct-nothing")
		b.fill(t, "form.writing", map[string]string{"reason": "来电人把路名说错了", "address": "平阳街 12 号门前", "severity": "urgent", "district": "平河区"})
		b.do(t, chromedp.WaitReady(chromedp.CSS(".stages")))
		b.mustSay(t, "更正了严重程度：“一般”改为“紧急”；地点：“解放路与平阳街口东 40 米”改为“平阳街 12 号门前”；县区：补写“平河区”。理由：来电人把路名说错了")
		visit(t, b, size.name, page)
		s.walkNote(t, browser, size.name, page, size.width, size.height)
	}
}

// walkNote: the unit that has the case, and is not at its step, adds to it, first too little.
func (s *stage) walkNote(t *testing.T, browser context.Context, size, page string, width, height int64) {
	t.Helper()
	b := newTab(t, browser, s.Site, "lead", width, height)
	b.said()
	b.step(t, page, "noted", map[string]string{"text": " "}, saved(t, scene(uint64(width)), 85))
	b.mustSay(t, "请写补充的情况")
	b.look(t, size+"-note-empty")
	b.fill(t, "#do-noted form", map[string]string{"text": "管线单位明天到场，先设了围挡"}, saved(t, scene(uint64(height)), 85))
	b.mustSay(t, "补充说明：管线单位明天到场，先设了围挡（附 1 个文件）", "其他附件")
	eval[bool](t, b, `(() => { document.querySelector("[data-do=do-noted]").click(); return true })()`)
	b.look(t, size+"-note-open")
	for _, w := range b.said() {
		t.Errorf("%s console: %s", size, w)
	}
}

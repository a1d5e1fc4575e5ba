package web_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinzhi/internal/campaign"
	"pinzhi/internal/kernel"
	"pinzhi/internal/web/webtest"

	"github.com/PuerkitoBio/goquery"
	"github.com/chromedp/chromedp"
)

// paper fills in a form as a browser without scripts does: it takes the fields as the page has them, and presses a button.
type paper struct {
	client *http.Client
	site   *webtest.Site
	path   string
	doc    *goquery.Document
	status int
	after  string // where the last press led
}

func openPaper(t *testing.T, s *webtest.Site, login, path string) *paper {
	t.Helper()
	p := &paper{client: s.Client(t, login), site: s, path: path}
	res, err := p.client.Get(s.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	p.read(t, res)
	return p
}

func (p *paper) read(t *testing.T, res *http.Response) {
	t.Helper()
	defer func() { _ = res.Body.Close() }()
	doc, err := goquery.NewDocumentFromReader(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	p.status, p.after, p.doc = res.StatusCode, res.Header.Get("Location"), doc
}

// press sends what stands on the page, with some answers put in place of it, and one button: "do=send".
func (p *paper) press(t *testing.T, button string, answers map[string][]string, pictures map[string][]byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	put := func(name, value string) {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	p.doc.Find("template").Remove() // a browser sends nothing of them
	p.doc.Find("form.fill").Find("input, select, textarea").Each(func(_ int, x *goquery.Selection) {
		name, kind := x.AttrOr("name", ""), x.AttrOr("type", "")
		_, checked := x.Attr("checked")
		if _, given := answers[name]; given || kind == "file" || ((kind == "radio" || kind == "checkbox") && !checked) {
			return
		}
		value := x.AttrOr("value", "")
		switch goquery.NodeName(x) {
		case "select":
			value = x.Find("option[selected]").AttrOr("value", "")
		case "textarea":
			value = x.Text()
		}
		put(name, value)
	})
	for name, values := range answers {
		for _, value := range values {
			put(name, value)
		}
	}
	for name, picture := range pictures {
		f, err := w.CreateFormFile(name, "现场.jpg")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = f.Write(picture)
	}
	name, value, _ := strings.Cut(button, "=")
	put(name, value)
	_ = w.Close()
	res, err := p.client.Post(p.site.URL+p.path, w.FormDataContentType(), &b)
	if err != nil {
		t.Fatal(err)
	}
	p.read(t, res)
}

func (p *paper) asks(path string) bool {
	p.doc.Find("template").Remove()
	return p.doc.Find(`[name="q:`+path+`"]:not([type=hidden]), [name="file:`+path+`"]`).Length() > 0
}

// formIn sends one of the engine's forms to a campaign as its office.
func formIn(t *testing.T, s *webtest.Site, c campaign.Campaign, name string) string {
	t.Helper()
	v, faults, err := s.Forms.Send(webtest.System(), c.ID, name, exampleForm(t, name))
	if err != nil || len(faults) > 0 {
		t.Fatal(faults, err)
	}
	return fmt.Sprintf("/c/%d/forms/%d", c.ID, v.FormID)
}

func TestFill_WithoutScriptsQuestionsFollowTheAnswersAndThePictureWaits(t *testing.T) {
	s, c := site(t)
	s.Account(t, "filler", officeSeat(t, s.DB, c.ID), kernel.NoAdmin)
	p := openPaper(t, s, "filler", formIn(t, s, c, "01-环境卫生检查.xlsx")+"/fill")
	p.press(t, "do=look", map[string][]string{"q:trouble": {"none"}}, nil)
	if p.status != http.StatusOK || p.asks("photo") {
		t.Errorf("status %d; with nothing wrong a photograph is asked for: %t", p.status, p.asks("photo"))
	}
	p.press(t, "do=look", map[string][]string{"q:trouble": {"litter", "water"}}, nil)
	if !p.asks("photo") || p.doc.Find(`[name="q:trouble"][checked]`).Length() != 2 {
		t.Fatal("with litter and water a photograph is to be asked for, and both stay ticked")
	}
	picture := photograph(t, 21)
	p.press(t, "do=send", map[string][]string{"q:spot": {"鼓楼"}, "q:words": {"两袋"}}, map[string][]byte{"file:photo": picture})
	said := p.doc.Find("[role=alert]").Text()
	if p.status != http.StatusUnprocessableEntity || !strings.Contains(said, "点位至少写 4 个字") || !strings.Contains(said, "检查的街道") {
		t.Fatalf("status %d: %s", p.status, said)
	}
	if p.doc.Find(`[name="q:spot"]`).AttrOr("value", "") != "鼓楼" || p.doc.Find(`[name="q:photo"]`).AttrOr("value", "") == "" {
		t.Fatal("what was typed and the picture that came are to stay")
	}
	whole := map[string][]string{"q:spot": {"鼓楼南街 12 号"}, "q:street": {"gulou"}, "q:day": {"2024-03-26"}}
	if p.press(t, "do=send", whole, nil); p.status != http.StatusSeeOther {
		t.Fatalf("status %d: %s", p.status, p.doc.Find("main").Text())
	}
	status, page := get(t, s, "filler", p.after)
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(page))
	if err != nil || status != http.StatusOK {
		t.Fatal(status, err)
	}
	for _, want := range []string{"鼓楼街道 鼓楼南街 12 号", "乱扔垃圾、积水", "两袋", "合要求"} {
		if !strings.Contains(doc.Find("main").Text(), want) {
			t.Errorf("the copy's page lacks %s: %s", want, doc.Find("main").Text())
		}
	}
	if _, got := get(t, s, "filler", doc.Find("td > a:has(img)").AttrOr("href", "")); !bytes.Equal(got, picture) {
		t.Errorf("the picture came back with %d bytes of %d", len(got), len(picture))
	}
}

func TestFill_HandedInTwiceItIsThereOnce(t *testing.T) {
	s, c := site(t)
	s.Account(t, "filler", officeSeat(t, s.DB, c.ID), kernel.NoAdmin)
	p := openPaper(t, s, "filler", formIn(t, s, c, "01-环境卫生检查.xlsx")+"/fill")
	page, answers := p.doc, map[string][]string{"q:trouble": {"none"}, "q:spot": {"鼓楼南街 12 号"}, "q:street": {"gulou"}, "q:day": {"2024-03-26"}}
	var led []string
	for range 2 {
		p.doc = page
		if p.press(t, "do=send", answers, nil); p.status != http.StatusSeeOther {
			t.Fatalf("status %d: %s", p.status, p.doc.Find("main").Text())
		}
		led = append(led, p.after)
	}
	if led[0] != led[1] {
		t.Errorf("two copies: %v", led)
	}
}

func TestFill_OneMoreAndOneLessOfARepeat(t *testing.T) {
	s, c := site(t)
	s.Account(t, "filler", officeSeat(t, s.DB, c.ID), kernel.NoAdmin)
	p := openPaper(t, s, "filler", formIn(t, s, c, "03-住户走访.xlsx")+"/fill")
	p.press(t, "do=look", map[string][]string{"q:people": {"2"}, "q:pets": {"yes"}}, nil)
	if n := p.doc.Find(`[name^="q:member["]`).Closest("fieldset.part").Length(); n != 2 {
		t.Errorf("two people in the house, %d parts", n)
	}
	repeat := p.doc.Find("button[name=add]").AttrOr("value", "")
	if repeat == "" {
		t.Fatalf("no repeat on the page: %s", p.doc.Find("main").Text())
	}
	count := func() int { return p.doc.Find(`button[name=drop][value^="` + repeat + `["]`).Length() }
	began := count()
	p.press(t, "add="+repeat, nil, nil)
	p.press(t, "add="+repeat, nil, nil)
	field := p.doc.Find(`[name^="q:`+repeat+`[2]/"][type=text]`).First().AttrOr("name", "")
	p.press(t, "do=look", map[string][]string{field: {"留下的"}}, nil)
	if count() != began+2 || field == "" {
		t.Fatalf("%d of %s, began with %d", count(), repeat, began)
	}
	p.press(t, "drop="+repeat+"[1]", nil, nil)
	first := strings.Replace(field, "[2]", "[1]", 1)
	if count() != began+1 || p.doc.Find(`[name="`+first+`"]`).AttrOr("value", "") != "留下的" {
		t.Errorf("after taking the first away: %d left, the second is %q", count(), p.doc.Find(`[name="`+first+`"]`).AttrOr("value", ""))
	}
}

// TestFillScreens_InTheBrowser fills a form in and looks at every page of forms at both sizes.
func TestFillScreens_InTheBrowser(t *testing.T) {
	s, c := site(t)
	s.Account(t, "filler", officeSeat(t, s.DB, c.ID), kernel.NoAdmin)
	form := formIn(t, s, c, "01-环境卫生检查.xlsx")
	visits := formIn(t, s, c, "03-住户走访.xlsx")
	browser, picture := chromium(t), filepath.Join(t.TempDir(), "现场.jpg")
	if err := os.WriteFile(picture, photograph(t, 31), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, size := range [][2]int64{{1440, 900}, {390, 844}} {
		b, name := newTab(t, browser, s, "filler", size[0], size[1]), fmt.Sprintf("forms-%d-", size[0])
		look := func(page string) {
			b.look(t, name+page)
			if wide := eval[int](t, b, "document.documentElement.scrollWidth - innerWidth"); wide > 0 {
				t.Errorf("%s%s is %d pixels too wide", name, page, wide)
			}
			if said := b.said(); len(said) > 0 {
				t.Errorf("%s%s: %v", name, page, said)
			}
		}
		press := func(button string) {
			eval[bool](t, b, `(() => { document.body.dataset.before = "1"; return true })()`)
			b.do(t, chromedp.Click(chromedp.CSS(button)), chromedp.WaitReady(chromedp.CSS("body:not([data-before]) main")))
		}
		b.open(t, fmt.Sprintf("/c/%d/forms", c.ID))
		look("list")
		b.open(t, visits+"/fill")
		eval[bool](t, b, `(() => { document.querySelector("[name='q:people']").value = "2"; document.querySelector("[name='q:pets'][value=yes]").checked = true; return true })()`)
		press("p.acts button[value=look]")
		press("button[name=add]")
		look("repeat")
		b.open(t, form+"/fill")
		b.do(t, chromedp.Click(chromedp.CSS(`[name="q:trouble"][value=litter]`)))
		press("button.go[name=do]")
		look("faults")
		b.do(t, chromedp.SetUploadFiles(chromedp.CSS(`[name="file:photo"]`), []string{picture}))
		eval[bool](t, b, `(() => { for (const [n, v] of Object.entries({street: "gulou", spot: "鼓楼南街 12 号", day: "2024-03-26", words: "两袋垃圾"})) document.querySelector(`+"`[name=\"q:${n}\"]`"+`).value = v; return true })()`)
		press("button.go[name=do]")
		b.mustSay(t, "鼓楼南街 12 号", "乱扔垃圾", "合要求")
		look("copy")
		b.open(t, form)
		look("form")
	}
}

// TestFill_WhileTyping: the page's script asks, takes back and says what is wrong before anything is sent.
func TestFill_WhileTyping(t *testing.T) {
	s, c := site(t)
	s.Account(t, "filler", officeSeat(t, s.DB, c.ID), kernel.NoAdmin)
	form, visits := formIn(t, s, c, "01-环境卫生检查.xlsx"), formIn(t, s, c, "03-住户走访.xlsx")
	b := newTab(t, chromium(t), s, "filler", 390, 844)
	shown := func(path string) bool {
		return eval[bool](t, b, fmt.Sprintf(`(() => { const x = document.querySelector("[data-at='%s']"); return x !== null && x.checkVisibility() })()`, path))
	}
	b.open(t, form+"/fill")
	b.do(t, chromedp.WaitReady(chromedp.CSS("form.fill[data-ready]")))
	tick := func(value string) { b.do(t, chromedp.Click(chromedp.CSS(`[name="q:trouble"][value=`+value+`]`))) }
	if tick("none"); shown("photo") {
		t.Error("nothing is wrong, and a photograph is asked for")
	}
	tick("none")
	if tick("litter"); !shown("photo") {
		t.Error("there is litter, and no photograph is asked for")
	}
	b.do(t, chromedp.SendKeys(chromedp.CSS(`[name="q:spot"]`), "鼓楼\t"))
	why := func() string { return eval[string](t, b, `document.querySelector("[data-why=spot]").textContent`) }
	if !strings.Contains(why(), "点位至少写 4 个字") {
		t.Errorf("a short spot: %q", why())
	}
	b.do(t, chromedp.SendKeys(chromedp.CSS(`[name="q:spot"]`), "南街 12 号\t"))
	if why() != "" {
		t.Errorf("a good spot: %q", why())
	}
	if note := eval[string](t, b, `document.querySelector("[data-at=thanks]").textContent`); !strings.Contains(note, "鼓楼南街 12 号检查完毕") {
		t.Errorf("the note: %q", note)
	}
	b.look(t, "forms-typing")

	b.open(t, visits+"/fill")
	b.do(t, chromedp.WaitReady(chromedp.CSS("form.fill[data-ready]")))
	if shown("pet") {
		t.Error("pets are asked for before anybody said that there are any")
	}
	b.do(t, chromedp.Click(chromedp.CSS(`[name="q:pets"][value=yes]`)))
	if !shown("pet") || !shown("pet[1]/pet_name") {
		t.Error("there is a pet, and it is not asked for")
	}
	sent := eval[[]string](t, b, `[...new FormData(document.querySelector("form.fill")).keys()]`)
	if !strings.Contains(strings.Join(sent, " "), "n:pet q:pet[1]/pet_name") {
		t.Errorf("sent: %v", sent)
	}
	if said := b.said(); len(said) > 0 {
		t.Error(said)
	}
}

func TestFill_ChoicesFollowWhatWasChosenBefore(t *testing.T) {
	s, c := site(t)
	s.Account(t, "filler", officeSeat(t, s.DB, c.ID), kernel.NoAdmin)
	b := newTab(t, chromium(t), s, "filler", 390, 844)
	b.open(t, formIn(t, s, c, "05-行政区划三级.xlsx")+"/fill")
	b.do(t, chromedp.WaitReady(chromedp.CSS("form.fill[data-ready]")))
	choose := func(name, value string) {
		b.do(t, chromedp.Click(chromedp.CSS(`[name="q:`+name+`"][value=`+value+`]`)))
	}
	offered := func(name string) string {
		return eval[string](t, b, `[...document.querySelectorAll("[name='q:`+name+`']:not([type=hidden])")].map((x) => x.value + (x.checked ? "*" : "")).join(" ")`)
	}
	choose("district", "d1")
	choose("town", "t1")
	choose("village", "v2")
	if got := offered("town") + ", " + offered("village"); got != "t1* t2, v1 v2*" {
		t.Errorf("offered: %s", got)
	}
	choose("district", "d2")
	if got := offered("town") + ", " + offered("village"); got != "t3, " {
		t.Errorf("after another district: %s", got)
	}
	if note := eval[string](t, b, `document.querySelector("[data-at=shown]").textContent.trim()`); note != "您选的是河西区" {
		t.Errorf("the note: %s", note)
	}
}

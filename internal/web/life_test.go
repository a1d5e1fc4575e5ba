package web_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/web/webtest"

	"github.com/chromedp/chromedp"
	"github.com/disintegration/imaging"
)

// scene draws a street as a camera might see it: sky, houses, ground, things, grain; another one for each seed.
func scene(seed uint64) image.Image {
	r := rand.New(rand.NewPCG(seed, 7))
	img := image.NewNRGBA(image.Rect(0, 0, 1280, 960))
	for y := range 960 {
		for x := range 1280 {
			v := uint8(200 - y/12 + r.IntN(14))
			img.SetNRGBA(x, y, color.NRGBA{v, v - 8, v - 20, 255})
		}
	}
	for range 140 {
		x, y := r.IntN(1280), 200+r.IntN(760)
		w, h := 10+r.IntN(160), 10+r.IntN(140)
		c := color.NRGBA{uint8(r.IntN(230)), uint8(r.IntN(230)), uint8(r.IntN(230)), 255}
		for yy := y; yy < min(y+h, 960); yy++ {
			for xx := x; xx < min(x+w, 1280); xx++ {
				img.SetNRGBA(xx, yy, c)
			}
		}
	}
	return imaging.Blur(img, 0.8)
}

// saved writes a picture as a JPEG of a quality and returns its path.
func saved(t *testing.T, img image.Image, quality int) string {
	t.Helper()
	var b bytes.Buffer
	if err := imaging.Encode(&b, img, imaging.JPEG, imaging.JPEGQuality(quality)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "现场照片.jpg")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// cropped cuts a twelfth off, more on one side than on the other.
func cropped(img image.Image) image.Image {
	b := img.Bounds()
	return imaging.Crop(img, image.Rect(b.Dx()/20, b.Dy()/30, b.Dx()-b.Dx()/30, b.Dy()-b.Dy()/20))
}

func (b *tab) open(t *testing.T, path string) {
	t.Helper()
	b.do(t, chromedp.Navigate(b.base+path), chromedp.WaitReady(chromedp.CSS("main")))
}

// fill puts values into the fields of a form and files into its file field, then sends it.
func (b *tab) fill(t *testing.T, form string, fields map[string]string, files ...string) {
	t.Helper()
	for name, v := range fields {
		b.do(t, chromedp.SetValue(chromedp.CSS(fmt.Sprintf("%s [name='%s']", form, name)), v))
	}
	if len(files) > 0 {
		b.do(t, chromedp.SetUploadFiles(chromedp.CSS(form+" [name=files]"), files))
	}
	eval[bool](t, b, `(() => { document.body.dataset.before = "1"; return true })()`)
	b.do(t, chromedp.Click(chromedp.CSS(form+" button:not([type=button])")))
	b.do(t, chromedp.WaitReady(chromedp.CSS("body:not([data-before]) main")))
}

// step opens the form of a step and sends it.
func (b *tab) step(t *testing.T, page, verb string, fields map[string]string, files ...string) {
	t.Helper()
	b.open(t, page)
	eval[bool](t, b, fmt.Sprintf(`(() => { document.getElementById("do-%s").open = true; return true })()`, verb))
	b.fill(t, "#do-"+verb+" form", fields, files...)
}

func (b *tab) text(t *testing.T) string {
	t.Helper()
	return eval[string](t, b, `document.querySelector("main").innerText`)
}

func (b *tab) mustSay(t *testing.T, words ...string) {
	t.Helper()
	text := b.text(t)
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Fatalf("%s does not say %q:\n%.1500s", b.login, w, text)
		}
	}
}

func (b *tab) look(t *testing.T, name string) {
	t.Helper()
	if screens != "" {
		keep(t, b, "life", name)
	}
	for _, v := range axe(t, b) {
		t.Errorf("%s axe: %s", name, v)
	}
}

// TestLife_FromTheFindToTheClosedOrder: an inspector finds, the office hands out by an order, the unit answers with
// the picture of before, is found out, does it right, and somebody else closes it.
func TestLife_FromTheFindToTheClosedOrder(t *testing.T) {
	s := stageFor(t)
	browser := chromium(t)
	cast := map[string]*tab{}
	for _, login := range []string{"inspector", "office", "lead"} {
		cast[login] = newTab(t, browser, s.Site, login, 1440, 900)
	}
	inspector, office, lead := cast["inspector"], cast["office"], cast["lead"]
	home := fmt.Sprintf("/c/%d", s.home.ID)
	before, after := scene(1), scene(2)

	inspector.open(t, home+"/cases/new")
	inspector.look(t, "new")
	inspector.fill(t, "form.writing", map[string]string{"words": "学府路北口三株行道树枯死，树池里堆着垃圾", "address": "学府路北口", "source": "inspection"}, saved(t, before, 92))
	inspector.mustSay(t, "待受理", "学府路北口三株行道树枯死")
	page := eval[string](t, inspector, "location.pathname")

	id := page[strings.LastIndex(page, "/")+1:]
	office.open(t, home+"/desk/office?case="+id)
	office.look(t, "desk")
	office.step(t, page, "dispatched", map[string]string{"unit": "市园林绿化中心", "order_day": "2024-04-10", "signer": "竺简", "requirement": "补植行道树，清理树池"})
	office.mustSay(t, "待签收", "平城品督〔2024〕")

	lead.open(t, home+"/desk/unit")
	lead.mustSay(t, "学府路北口三株行道树枯死")
	lead.look(t, "unit-desk")
	lead.step(t, page, "acknowledged", nil)
	lead.step(t, page, "responded", map[string]string{"reason": "已补植、清理"}, saved(t, cropped(before), 60))
	lead.mustSay(t, "待核查")

	office.open(t, page)
	office.mustSay(t, "这张照片用过", "本案整改前的照片是同一画面")
	office.look(t, "warned")
	office.step(t, page, "sent_back", map[string]string{"reason": "照片不是整改后拍的，请重新整改"})
	office.mustSay(t, "整改中", "第 2 轮")

	lead.step(t, page, "responded", map[string]string{"reason": "补植三株国槐，清运垃圾"}, saved(t, after, 88))
	inspector.open(t, page)
	if text := inspector.text(t); strings.Contains(text, "这张照片用过") {
		t.Error("a picture of its own is taken for one of before")
	}
	inspector.step(t, page, "closed", map[string]string{"outcome": "fixed", "reason": "现场看过"})
	inspector.mustSay(t, "结案", "已整改", "返工 1 次", "照片不是整改后拍的", "列入督办单")
	inspector.look(t, "closed")
	inspector.do(t, chromedp.Click(chromedp.CSS(".facts a[href*='/orders/']")), chromedp.WaitReady(chromedp.CSS(".paper")))
	inspector.mustSay(t, "已办结", "市园林绿化中心", "补植行道树，清理树池")
	inspector.look(t, "order")

	var verbs []string
	rows, err := ledger.Timeline(webtest.System(), s.DB.Reader(), s.home.ID, "case", atoi(t, id), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		verbs = append([]string{r.Verb}, verbs...)
	}
	if got, want := strings.Join(verbs, " "), "registered dispatched ordered acknowledged responded sent_back responded closed"; got != want {
		t.Errorf("the ledger tells %s, want %s", got, want)
	}
	for _, b := range cast {
		for _, w := range b.said() {
			t.Errorf("%s console: %s", b.login, w)
		}
	}
}

// TestLife_ThroughReturnCoordinationExtensionDeferralAndReopening takes the ways beside the line.
func TestLife_ThroughReturnCoordinationExtensionDeferralAndReopening(t *testing.T) {
	s := stageFor(t)
	s.Account(t, "coordinator", s.person(t, s.home.ID, "白芷兰"), kernel.NoAdmin)
	browser := chromium(t)
	cast := map[string]*tab{}
	for _, login := range []string{"inspector", "office", "lead", "leader", "given", "coordinator"} {
		cast[login] = newTab(t, browser, s.Site, login, 390, 844)
	}
	home := fmt.Sprintf("/c/%d", s.home.ID)
	inspector := cast["inspector"]
	inspector.open(t, home+"/cases/new")
	inspector.look(t, "new-phone")
	inspector.fill(t, "form.writing", map[string]string{"words": "滨河路公园灯杆倾斜，线缆裸露", "address": "滨河路公园南门", "source": "inspection"})
	page := eval[string](t, inspector, "location.pathname")
	for _, x := range []struct {
		who, verb, says string
		fields          map[string]string
	}{
		{"office", "dispatched", "待签收", map[string]string{"unit": "市园林绿化中心"}},
		{"lead", "returned", "退单待定", map[string]string{"reason": "灯杆由供电公司管"}},
		{"office", "redirected", "待签收", map[string]string{"unit": "国网平河供电公司", "reason": "查过台账，灯杆归供电公司"}},
		{"given", "returned", "协调中", map[string]string{"reason": "公园内的灯归园林"}},
		{"coordinator", "redirected", "待签收", map[string]string{"unit": "市园林绿化中心", "reason": "公园红线内归园林"}},
		{"lead", "acknowledged", "整改中", nil},
		{"lead", "extension_asked", "申请延期", map[string]string{"reason": "等灯杆到货", "day": "2024-04-30"}},
		{"office", "extension_granted", "同意延期到 2024年4月30日 24:00", nil},
		{"lead", "deferral_asked", "挂账待批", map[string]string{"reason": "要随公园改造一并换线", "day": "2024-06-28"}},
		{"leader", "deferral_granted", "挂账", nil},
		{"office", "resumed", "整改中", nil},
		{"lead", "responded", "待核查", map[string]string{"reason": "灯杆扶正，线缆入管"}},
		{"office", "closed", "已结案", nil},
		{"inspector", "reopened", "待签收", map[string]string{"reason": "又斜了"}},
	} {
		b := cast[x.who]
		b.step(t, page, x.verb, x.fields)
		b.mustSay(t, x.says)
		b.look(t, x.verb)
	}
	cast["office"].open(t, page)
	cast["office"].mustSay(t, "退单 2 次，延期 1 次，重开 1 次")
	for login, b := range cast {
		for _, w := range b.said() {
			t.Errorf("%s console: %s", login, w)
		}
	}
}

func atoi(t *testing.T, text string) (n int64) {
	t.Helper()
	if _, err := fmt.Sscan(text, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestDesk_TheKeyboardAloneIsEnough: down the list, a suggested unit, handed out; and several at once from the list.
func TestDesk_TheKeyboardAloneIsEnough(t *testing.T) {
	s := stageFor(t)
	s.caseOf(t, s.as(t, "inspector"), s.home.ID)
	b := newTab(t, chromium(t), s.Site, "office", 1440, 900)
	home := fmt.Sprintf("/c/%d", s.home.ID)
	b.open(t, home+"/desk/office")
	first := b.openCase(t)
	b.key(t, "j", "body:not([data-before]) .queue li:nth-child(2) a[aria-current]")
	second := b.openCase(t)
	if first == second {
		t.Fatal("j does not go down the list")
	}
	b.do(t, chromedp.KeyEvent("1"))
	if unit := eval[string](t, b, "document.activeElement.name + ' ' + document.activeElement.value"); unit != "unit 市园林绿化中心" {
		t.Fatalf("1 leads to %q", unit)
	}
	b.key(t, "\r", "body:not([data-before]) main")
	if left := eval[int](t, b, "document.querySelectorAll('.queue li').length"); left != 1 {
		t.Errorf("%d cases wait, want 1: Enter did not hand out", left)
	}
	b.key(t, "o", "body:not([data-before]) .stages")
	b.mustSay(t, "待受理")

	b.open(t, home+"/cases?step=registered")
	eval[bool](t, b, `(() => { document.querySelector("input[name=case]").click(); return true })()`)
	b.fill(t, "form[action$='/dispatch']", map[string]string{"unit": "国网平河供电公司"})
	b.mustSay(t, "没有符合的案件")
	for _, w := range b.said() {
		t.Errorf("console: %s", w)
	}
}

func (b *tab) openCase(t *testing.T) string {
	t.Helper()
	return eval[string](t, b, "document.querySelector('[data-open]').href")
}

// key presses a key that leads to another page.
func (b *tab) key(t *testing.T, key, ready string) {
	t.Helper()
	eval[bool](t, b, `(() => { document.body.dataset.before = "1"; return true })()`)
	b.do(t, chromedp.KeyEvent(key), chromedp.WaitReady(chromedp.CSS(ready)))
}

// TestHotline_DuplicatesShowWhileTyping: before the operator has sent anything.
func TestHotline_DuplicatesShowWhileTyping(t *testing.T) {
	s := stageFor(t)
	b := newTab(t, chromium(t), s.Site, "office", 1440, 900)
	b.open(t, fmt.Sprintf("/c/%d/cases/new?source=hotline", s.home.ID))
	b.do(t, chromedp.SendKeys(chromedp.CSS("[name=address]"), "解放路与平阳街口"), chromedp.SendKeys(chromedp.CSS("[name=words]"), "行道树枯死了没人管"),
		chromedp.WaitReady(chromedp.CSS("#alike a")))
	b.mustSay(t, "可能已经登记过", "解放路东段行道树枯死三棵")
	b.look(t, "hotline")
	b.fill(t, "form.writing", map[string]string{"caller": "张先生", "phone": "13900000000"})
	b.mustSay(t, "热线", "张先生", "13900000000", "只有办公室看得到")
	for _, w := range b.said() {
		t.Errorf("console: %s", w)
	}
}

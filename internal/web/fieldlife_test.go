package web_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pinzhi/internal/cases"
	"pinzhi/internal/evidence"
	"pinzhi/internal/web/webtest"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/disintegration/imaging"
)

// signal is the network between a device and the site. It can be off, so that nothing listens any more, and it can
// break in the middle of what a device sends.
type signal struct {
	t    *testing.T
	site string // host and port
	addr string // the device's way to it

	mu       sync.Mutex
	listener net.Listener
	open     map[net.Conn]bool
	sent     atomic.Int64 // bytes from the device
	cutAt    atomic.Int64 // of them; 0 for never
}

func newSignal(t *testing.T, s *webtest.Site) *signal {
	t.Helper()
	g := &signal{t: t, site: strings.TrimPrefix(s.URL, "http://"), addr: "127.0.0.1:0", open: map[net.Conn]bool{}}
	g.on()
	t.Cleanup(g.off)
	return g
}

func (g *signal) on() {
	g.t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	l, err := net.Listen("tcp", g.addr)
	if err != nil {
		g.t.Fatal(err)
	}
	g.listener, g.addr = l, l.Addr().String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go g.pass(c)
		}
	}()
}

func (g *signal) off() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listener != nil {
		_ = g.listener.Close()
	}
	for c := range g.open {
		_ = c.Close()
	}
	clear(g.open)
}

func (g *signal) hold(c net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open[c] = true
}

func (g *signal) pass(device net.Conn) {
	defer device.Close()
	site, err := net.Dial("tcp", g.site)
	if err != nil {
		return
	}
	defer site.Close()
	g.hold(device)
	g.hold(site)
	go func() {
		_, _ = io.Copy(device, site)
		_ = device.Close()
	}()
	_, _ = io.Copy(site, counted{device, g})
}

// counted counts what the device sends, and breaks the network where it is to be cut.
type counted struct {
	net.Conn

	g *signal
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	sent := c.g.sent.Add(int64(n))
	if at := c.g.cutAt.Load(); at > 0 && sent > at {
		c.g.off()
		return 0, errors.New("cut")
	}
	return n, err
}

// device opens the inspector's browser on a profile that outlives it. stop closes it.
func device(t *testing.T, profile string, g *signal) (b *tab, stop func()) {
	t.Helper()
	alloc, stopAlloc := chromedp.NewExecAllocator(t.Context(), chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless, chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.UserDataDir(profile), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-quic", true))
	ctx, cancel := chromedp.NewContext(alloc)
	b = &tab{ctx: ctx, base: "http://" + g.addr, login: "inspector"}
	b.listen()
	b.do(t, chromedp.EmulateViewport(390, 844))
	lat, lon, accuracy := 36.0812, 111.5212, 8.0
	if _, err := chromedp.Call(ctx, emulation.SetGeolocationOverride, emulation.SetGeolocationOverrideParams{Latitude: &lat, Longitude: &lon, Accuracy: &accuracy}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.CallBrowser(ctx, browser.SetPermission, browser.SetPermissionParams{Permission: &browser.PermissionDescriptor{Name: "geolocation"}, Setting: browser.PermissionSettingGranted}); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	stop = func() {
		once.Do(func() {
			end, done := context.WithTimeout(ctx, 20*time.Second)
			defer done()
			_ = chromedp.Cancel(end)
			cancel()
			stopAlloc()
		})
	}
	t.Cleanup(stop)
	return b, stop
}

// signIn signs in on a device.
func (b *tab) signIn(t *testing.T) {
	t.Helper()
	b.do(t, chromedp.Navigate(b.base+"/signin?to=/field"), chromedp.SendKeys(chromedp.CSS("input[name=login]"), b.login),
		chromedp.SendKeys(chromedp.CSS("input[name=password]"), webtest.Password), chromedp.Click(chromedp.CSS("form[action='/signin'] button")),
		chromedp.WaitReady(chromedp.CSS("body.field[data-ready]")))
}

// field opens the field page, or one of its views, and says yes to whatever it asks. It returns how long it took.
func (b *tab) field(t *testing.T, view string) time.Duration {
	t.Helper()
	from := time.Now()
	b.do(t, chromedp.Navigate("about:blank"), chromedp.Navigate(b.base+"/field"+view), chromedp.WaitReady(chromedp.CSS("body.field[data-ready]")))
	took := time.Since(from)
	eval[bool](t, b, `(() => { window.confirm = () => true; return true })()`)
	return took
}

// network tells the browser what the signal is; that there is none it also finds out by itself.
func (b *tab) network(t *testing.T, offline bool) {
	t.Helper()
	p := network.OverrideNetworkStateParams{Offline: offline, DownloadThroughput: -1, UploadThroughput: -1}
	if _, err := chromedp.Call(b.ctx, network.OverrideNetworkState, p); err != nil {
		t.Fatal(err)
	}
}

// until waits for an expression of the page to become true.
func (b *tab) until(t *testing.T, what, js string) {
	t.Helper()
	for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if eval[bool](t, b, "(async () => Boolean(await ("+js+")))()") {
			return
		}
	}
	if screens != "" {
		keep(t, b, "failed", what)
	}
	t.Fatalf("%s: never %s:\n%.1500s", b.login, what, eval[string](t, b, `document.body.innerText`))
}

func (b *tab) untilSays(t *testing.T, words string) {
	t.Helper()
	b.until(t, "says "+words, fmt.Sprintf("document.body.innerText.includes(%q)", words))
}

// find writes down a case with photographs and puts it into the queue.
func (b *tab) find(t *testing.T, words, address string, photos ...string) {
	t.Helper()
	b.field(t, "#register")
	if len(photos) > 0 {
		b.do(t, chromedp.SetUploadFiles(chromedp.CSS("input[name=camera]"), photos))
		b.until(t, "shows the photographs", fmt.Sprintf(`document.querySelectorAll(".shot img[src^=blob]").length === %d`, len(photos)))
	}
	b.do(t, chromedp.SendKeys(chromedp.CSS("input[name=address]"), address), chromedp.SendKeys(chromedp.CSS("textarea[name=words]"), words),
		chromedp.SendKeys(chromedp.CSS("input[name=category_find]"), "绿化"), chromedp.Click(chromedp.CSS(".hits .chip")), chromedp.Click(chromedp.CSS(".do .go")))
	b.untilSays(t, words)
	b.until(t, "is in the queue", `location.hash === "#queue"`)
}

// photoFile writes a photograph of its own and returns its path and hash.
func photoFile(t *testing.T, img image.Image, quality int) (path, hash string) {
	t.Helper()
	path = saved(t, img, quality)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, hashOf(content)
}

// filed lists the hashes of the photographs of every case with these words.
func (s *stage) filed(t *testing.T, words string) (hashes [][]string) {
	t.Helper()
	v, err := s.Cases.Viewer(s.as(t, "office"), s.home.ID)
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Cases.List(t.Context(), v, cases.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list.Rows {
		if r.Words != words {
			continue
		}
		files, err := evidence.Of(t.Context(), s.DB.Reader(), s.home.ID, cases.Kind, r.ID)
		if err != nil {
			t.Fatal(err)
		}
		found := []string{}
		for _, f := range files {
			found = append(found, f.SHA256)
			if at, ok := f.DevicePlace(); !ok || at.Lat != 36.0812 || f.DeviceAccuracy != 8 || f.DeviceAt.IsZero() {
				t.Errorf("a photograph of %q lost where or when it was taken: %v %v %v", words, at, f.DeviceAccuracy, f.DeviceAt)
			}
		}
		hashes = append(hashes, found)
	}
	return hashes
}

func (s *stage) mustBeFiledOnce(t *testing.T, words string, want ...string) {
	t.Helper()
	if got := s.filed(t, words); len(got) != 1 || fmt.Sprint(got[0]) != fmt.Sprint(want) {
		t.Errorf("%q is filed as %v, want once with %v", words, got, want)
	}
}

// TestField_WithoutSignal: an inspector's phone and the office's browser; the network really goes off and on.
func TestField_WithoutSignal(t *testing.T) {
	s := stageFor(t)
	g := newSignal(t, s.Site)
	profile := filepath.Join(t.TempDir(), "profile")
	phone, closeBrowser := device(t, profile, g)
	phone.signIn(t)
	phone.until(t, "has its worker", `navigator.serviceWorker.ready.then(() => caches.keys()).then(k => k.length > 0)`)
	if found, err := chromedp.Call(phone.ctx, page.GetInstallabilityErrors, cdp.Empty{}); err != nil || len(found.InstallabilityErrors) > 0 {
		t.Errorf("it cannot be installed: %v, %v", found.InstallabilityErrors, err)
	}
	phone.look(t, "field-register")

	t.Log("no signal from here on")
	g.off()
	phone.network(t, true)
	if took := phone.field(t, "#register"); took > 2*time.Second {
		t.Errorf("the second visit without network took %v", took)
	} else {
		t.Logf("the second visit without network took %v", took)
	}
	phone.untilSays(t, "无信号")
	var hashes [3]string
	words := []string{"学府路北口三株行道树枯死", "滨河路井盖缺失，没有围挡", "村口垃圾池满溢"}
	for i, w := range words {
		path, hash := photoFile(t, scene(uint64(i+1)), 90)
		hashes[i] = hash
		phone.find(t, w, "临汾路 "+fmt.Sprint(i+1)+" 号", path)
	}
	phone.untilSays(t, "等信号 3")
	phone.look(t, "field-queue-offline")
	closeBrowser()

	phone, closeBrowser = device(t, profile, g)
	phone.network(t, true)
	if took := phone.field(t, "#queue"); took > 2*time.Second {
		t.Errorf("after a new start without network it took %v", took)
	} else {
		t.Logf("after a new start without network it took %v", took)
	}
	phone.untilSays(t, "等信号 3")
	g.on()
	phone.network(t, false)
	phone.untilSays(t, "没有待传的")
	for i, w := range words {
		s.mustBeFiledOnce(t, w, hashes[i])
	}
	phone.look(t, "field-sent")
	closeBrowser()
	office := newTab(t, chromium(t), s.Site, "office", 1440, 900)
	office.open(t, fmt.Sprintf("/c/%d/cases", s.home.ID))
	office.mustSay(t, words...)
}

// TestField_WhatGoesWrong: a case that was closed meanwhile, an upload cut in the middle, a file that is none.
func TestField_WhatGoesWrong(t *testing.T) {
	s := stageFor(t)
	g := newSignal(t, s.Site)
	profile := filepath.Join(t.TempDir(), "profile")
	phone, closeBrowser := device(t, profile, g)
	phone.signIn(t)
	office := newTab(t, chromium(t), s.Site, "office", 1440, 900)

	t.Log("verified without signal, and closed meanwhile by the office")
	phone.field(t, "#verify")
	phone.look(t, "field-verify")
	g.off()
	phone.network(t, true)
	phone.field(t, "#verify/"+s.ids["{v}"])
	phone.untilSays(t, "单位反馈：已补植")
	phone.until(t, "shows the photograph of before", `document.querySelector(".shot img[src^=blob]")?.naturalWidth > 0`)
	eval[bool](t, phone, `(() => { document.querySelector("input[value=sent_back]").click(); return true })()`)
	phone.do(t, chromedp.SendKeys(chromedp.CSS("textarea[name=text]"), "树池里还有垃圾"))
	phone.look(t, "field-verify-one")
	phone.do(t, chromedp.Click(chromedp.CSS(".do .go")))
	phone.untilSays(t, "等信号 1")
	office.step(t, fmt.Sprintf("/c/%d/cases/%s", s.home.ID, s.ids["{v}"]), "closed", map[string]string{"outcome": "fixed"})
	g.on()
	phone.network(t, false)
	phone.untilSays(t, "已由office结案")
	phone.untilSays(t, "卡住 1")
	phone.look(t, "field-conflict")
	eval[bool](t, phone, `(() => { document.querySelector(".outbox .ways a").click(); return true })()`)
	phone.untilSays(t, "树池里还有垃圾")
	phone.untilSays(t, "您写的没有办")
	phone.look(t, "field-conflict-one")
	if seen, err := s.Cases.See(s.as(t, "office"), s.home.ID, atoi(t, s.ids["{v}"])); err != nil || seen.Step != cases.Closed || seen.Reworks != 0 {
		t.Errorf("the case was overwritten: %+v, %v", seen.Case, err)
	}

	t.Log("an upload is cut in the middle and goes on")
	path, hash := photoFile(t, imaging.Resize(scene(5), 4000, 0, imaging.Linear), 97)
	stat, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	g.sent.Store(0)
	g.cutAt.Store(stat.Size() * 2 / 3)
	phone.find(t, "北关市场污水外溢", "北关市场", path)
	phone.until(t, "is cut", `document.body.innerText.includes("无信号")`)
	phone.network(t, true)
	var received int64
	if err := s.DB.Reader().NewRaw("SELECT coalesce(max(received), 0) FROM uploads WHERE bytes = ?", stat.Size()).Scan(t.Context(), &received); err != nil || received == 0 || received >= stat.Size() {
		t.Fatalf("%d of %d bytes are there, want some: %v", received, stat.Size(), err)
	}
	phone.look(t, "field-cut")
	for _, w := range phone.said() {
		if !strings.Contains(w, "ERR_") {
			t.Errorf("console: %s", w)
		}
	}
	closeBrowser()
	phone, closeBrowser = device(t, profile, g)
	phone.network(t, true)
	phone.field(t, "#queue")
	phone.untilSays(t, "等信号 1")
	first := g.sent.Load()
	g.cutAt.Store(0)
	g.on()
	phone.network(t, false)
	phone.until(t, "is up", `!document.body.innerText.includes("上传中") && !document.body.innerText.includes("等上传") && !document.body.innerText.includes("等信号")`)
	s.mustBeFiledOnce(t, "北关市场污水外溢", hash)
	t.Logf("%d bytes: %d before the cut, of which %d were kept, %d after it", stat.Size(), first, received, g.sent.Load()-first)
	if rest := g.sent.Load() - first; rest > stat.Size()-received+100_000 {
		t.Errorf("%d bytes were sent after the cut, though only %d were missing", rest, stat.Size()-received)
	}

	t.Log("a file that is no photograph is refused, and its record deleted alone")
	broken := filepath.Join(t.TempDir(), "坏照片.jpg")
	if err := os.WriteFile(broken, []byte(strings.Repeat("这不是照片。", 3000)), 0o600); err != nil {
		t.Fatal(err)
	}
	g.off()
	phone.network(t, true)
	good, goodHash := photoFile(t, scene(6), 85)
	b := len(s.filed(t, "广告牌破损"))
	phone.field(t, "#register")
	phone.do(t, chromedp.SetUploadFiles(chromedp.CSS("input[name=camera]"), []string{broken}))
	phone.until(t, "shows that the photograph cannot be seen", `document.querySelector(".shot.gone")`)
	phone.do(t, chromedp.SendKeys(chromedp.CSS("textarea[name=words]"), "广告牌破损"), chromedp.Click(chromedp.CSS(".do .go")))
	phone.until(t, "is in the queue", `location.hash === "#queue"`)
	phone.find(t, "公厕无洗手液", "体育街公厕", good)
	g.on()
	phone.network(t, false)
	phone.untilSays(t, "卡住 2")
	phone.until(t, "has sent the good one", `!document.querySelector(".outbox").innerText.includes("公厕无洗手液")`)
	s.mustBeFiledOnce(t, "公厕无洗手液", goodHash)
	phone.untilSays(t, "“坏照片.jpg”不是能收的文件")
	phone.look(t, "field-stuck")
	eval[bool](t, phone, `(() => { window.confirm = () => true; const li = [...document.querySelectorAll(".outbox li")].find(l => l.innerText.includes("广告牌破损")); [...li.querySelectorAll("button")].find(b => b.innerText === "删除").click(); return true })()`)
	phone.untilSays(t, "卡住 1")
	phone.until(t, "still has the other one", `document.querySelector(".outbox").innerText.includes("结案") && !document.querySelector(".outbox").innerText.includes("广告牌破损")`)
	if n := len(s.filed(t, "广告牌破损")) + b; n != 0 {
		t.Errorf("the broken one was filed %d times", n)
	}
	t.Log("another broken one is put right and goes up")
	phone.field(t, "#register")
	phone.do(t, chromedp.SetUploadFiles(chromedp.CSS("input[name=camera]"), []string{broken}))
	phone.until(t, "shows that the photograph cannot be seen", `document.querySelector(".shot.gone")`)
	phone.do(t, chromedp.SendKeys(chromedp.CSS("textarea[name=words]"), "公交站牌倒伏"), chromedp.Click(chromedp.CSS(".do .go")))
	phone.untilSays(t, "卡住 2")
	eval[bool](t, phone, `(() => { [...document.querySelectorAll(".outbox button")].find(b => b.innerText === "修改").click(); return true })()`)
	phone.until(t, "opens the form", `document.querySelector(".shot .off")`)
	phone.do(t, chromedp.Click(chromedp.CSS(".shot .off")))
	phone.until(t, "has no photograph left", `!document.querySelector(".shot")`)
	phone.do(t, chromedp.Click(chromedp.CSS(".do .go")))
	phone.untilSays(t, "卡住 1")
	phone.until(t, "is up", `document.querySelector("#view").innerText.includes("公交站牌倒伏") && !document.querySelector(".outbox").innerText.includes("公交站牌倒伏")`)
	s.mustBeFiledOnce(t, "公交站牌倒伏")
	for _, w := range phone.said() {
		if !strings.Contains(w, "ERR_") {
			t.Errorf("console: %s", w)
		}
	}
	closeBrowser()
}

// TestField_ADeviceOfTwoPeople: what one has not sent is not shown to the other, not sent as the other's, and not lost.
func TestField_ADeviceOfTwoPeople(t *testing.T) {
	s := stageFor(t)
	g := newSignal(t, s.Site)
	phone, closeBrowser := device(t, filepath.Join(t.TempDir(), "profile"), g)
	phone.signIn(t)
	g.off()
	phone.network(t, true)
	path, hash := photoFile(t, scene(9), 80)
	phone.find(t, "村道边乱倒建筑垃圾", "村口桥头", path)
	phone.field(t, "#register")
	phone.do(t, chromedp.SendKeys(chromedp.CSS("textarea[name=words]"), "写到一半"))
	phone.until(t, "keeps the draft", `new Promise(on => { const o = indexedDB.open("pinzhi-field"); o.onsuccess = () => { const r = o.result.transaction("records").objectStore("records").getAll(); r.onsuccess = () => on(r.result.some(x => x.state === "draft" && x.fields.words === "写到一半")); } })`)
	phone.field(t, "#register")
	phone.until(t, "goes on with the draft", `document.querySelector("textarea[name=words]").value === "写到一半"`)

	t.Log("the session has ended meanwhile")
	if _, err := chromedp.Call(phone.ctx, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	g.on()
	phone.network(t, false)
	phone.field(t, "#queue")
	phone.untilSays(t, "等登录 1")
	phone.untilSays(t, "请重新登录")
	phone.look(t, "field-signed-out")

	t.Log("somebody else signs in on the device")
	phone.login = "office"
	phone.signIn(t)
	phone.field(t, "#queue")
	phone.untilSays(t, "没有待传的")
	if text := eval[string](t, phone, "document.body.innerText"); strings.Contains(text, "建筑垃圾") || strings.Contains(text, "写到一半") {
		t.Errorf("another's records are shown:\n%s", text)
	}
	if kept := eval[string](t, phone, `new Promise(on => { const o = indexedDB.open("pinzhi-field"); o.onsuccess = () => { const r = o.result.transaction("meta").objectStore("meta").getAllKeys(); r.onsuccess = () => on(r.result.join(" ")); } })`); strings.Count(kept, "data:") != 1 {
		t.Errorf("the device still knows what the first one sees: %s", kept)
	}
	if n := len(s.filed(t, "村道边乱倒建筑垃圾")); n != 0 {
		t.Error("it was sent as another's")
	}
	eval[bool](t, phone, `(() => { document.querySelector("form[action='/signout'] button").click(); return true })()`)
	phone.do(t, chromedp.WaitReady(chromedp.CSS("input[name=password]")))
	if kept := eval[string](t, phone, `new Promise(on => { const o = indexedDB.open("pinzhi-field"); o.onsuccess = () => { const r = o.result.transaction("meta").objectStore("meta").getAllKeys(); r.onsuccess = () => on(r.result.join(" ")); } })`); kept != "" {
		t.Errorf("after signing out the device knows %s", kept)
	}

	t.Log("the first one comes back")
	phone.login = "inspector"
	phone.signIn(t)
	phone.field(t, "#queue")
	phone.untilSays(t, "没有待传的")
	phone.untilSays(t, "没写完的")
	s.mustBeFiledOnce(t, "村道边乱倒建筑垃圾", hash)
	closeBrowser()
}

// TestField_NotesAndVoicesNearby: a case close by is seen before it is registered twice, and added to with a voice.
func TestField_NotesAndVoicesNearby(t *testing.T) {
	s := stageFor(t)
	lat, lon := 36.0815, 111.5215
	c, err := s.Cases.Register(s.as(t, "office"), s.home.ID, cases.Registration{Words: "路灯不亮", Address: "平阳街", Source: cases.SelfCheck, Lat: &lat, Lon: &lon})
	if err != nil {
		t.Fatal(err)
	}
	g := newSignal(t, s.Site)
	phone, closeBrowser := device(t, filepath.Join(t.TempDir(), "profile"), g)
	phone.signIn(t)
	phone.until(t, "has a fix", `document.body.innerText.includes("定位 ±8 米")`)
	phone.field(t, "#near")
	phone.untilSays(t, "路灯不亮")
	phone.untilSays(t, "43 米")
	phone.look(t, "field-near")
	g.off()
	phone.network(t, true)
	voice := filepath.Join(t.TempDir(), "录音.m4a")
	if err := os.WriteFile(voice, append([]byte("\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00"), make([]byte, 5000)...), 0o600); err != nil {
		t.Fatal(err)
	}
	phone.field(t, fmt.Sprintf("#near/%d", c.ID))
	phone.do(t, chromedp.SetUploadFiles(chromedp.CSS("input[name=voice]"), []string{voice}), chromedp.WaitReady(chromedp.CSS(".voice")),
		chromedp.SendKeys(chromedp.CSS("textarea[name=text]"), "又有两盏"))
	phone.look(t, "field-near-one")
	phone.do(t, chromedp.Click(chromedp.CSS(".do .go")))
	phone.untilSays(t, "等信号 1")
	g.on()
	phone.network(t, false)
	phone.untilSays(t, "没有待传的")
	files, err := evidence.Of(t.Context(), s.DB.Reader(), s.home.ID, cases.Kind, c.ID)
	if err != nil || len(files) != 1 || files[0].Kind != evidence.Audio || files[0].Format != "m4a" {
		t.Errorf("%+v, %v", files, err)
	}
	closeBrowser()
}

// TestField_ScreensAtBothSizes: nothing scrolls sideways, nothing a reader of screens stumbles over, no complaint.
func TestField_ScreensAtBothSizes(t *testing.T) {
	s := stageFor(t)
	chrome := chromium(t)
	for _, size := range sizes {
		for _, login := range []string{"inspector", "system"} {
			b := newTab(t, chrome, s.Site, login, size.width, size.height)
			for _, view := range []string{"#register", "#verify", "#verify/" + s.ids["{v}"], "#near", "#queue", "#choose"} {
				b.field(t, view)
				if over := eval[float64](t, b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
					t.Errorf("%s %s scrolls sideways by %v px", size.name, view, over)
				}
				b.look(t, "field-"+size.name+strings.NewReplacer("#", "-", "/", "-").Replace(view))
			}
			for _, w := range b.said() {
				t.Errorf("console: %s", w)
			}
		}
	}
}

// TestField_ARecordGoesAgainOnceSomebodyHasLooked: the case was put right by the office, and still waits for its verifier.
func TestField_ARecordGoesAgainOnceSomebodyHasLooked(t *testing.T) {
	s := stageFor(t)
	g := newSignal(t, s.Site)
	phone, closeBrowser := device(t, filepath.Join(t.TempDir(), "profile"), g)
	phone.signIn(t)
	g.off()
	phone.network(t, true)
	phone.field(t, "#verify/"+s.ids["{v}"])
	eval[bool](t, phone, `(() => { document.querySelector("input[value=closed]").click(); document.querySelector("input[value=fixed]").click(); return true })()`)
	phone.do(t, chromedp.SendKeys(chromedp.CSS("textarea[name=text]"), "现场看过"), chromedp.Click(chromedp.CSS(".do .go")))
	phone.untilSays(t, "等信号 1")

	id := atoi(t, s.ids["{v}"])
	seen, err := s.Cases.See(s.as(t, "office"), s.home.ID, id)
	if err != nil {
		t.Fatal(err)
	}
	k := cases.CorrectionOf(seen.Case)
	k.Severity, k.Reason = cases.Serious, "核对过"
	if _, err := s.Cases.Correct(s.as(t, "office"), s.home.ID, id, k); err != nil {
		t.Fatal(err)
	}
	g.on()
	phone.network(t, false)
	phone.untilSays(t, "卡住 1")
	phone.untilSays(t, "刚被别人办过")
	eval[bool](t, phone, `(() => { [...document.querySelectorAll(".outbox button")].find(b => b.innerText === "照我的再办").click(); return true })()`)
	phone.untilSays(t, "没有待传的")
	if seen, err = s.Cases.See(s.as(t, "office"), s.home.ID, id); err != nil || seen.Step != cases.Closed || seen.Outcome != cases.Fixed {
		t.Errorf("%+v, %v", seen.Case, err)
	}
	closeBrowser()
}

package web_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/roster"
	"pinzhi/internal/web"
	"pinzhi/internal/web/webtest"

	"github.com/chromedp/chromedp"
)

// registerOnMap registers cases all over the made-up city and takes them along the line, as of several days before.
func registerOnMap(t *testing.T, s *webtest.Site, c campaign.Campaign, n int, now *time.Time) {
	t.Helper()
	ctx := webtest.System()
	r := rand.New(rand.NewPCG(5, 6))
	titles := []string{"解放路东段行道树枯死三棵", "北关农贸市场占道经营", "平阳街人行道砖松动", "滨河公园路灯不亮", "东城小区楼道堆物", "工地出入口未冲洗车辆", "鼓楼北街垃圾桶满溢"}
	lead, err := roster.UnitNamed(ctx, s.DB.Reader(), c.ID, "市园林绿化中心")
	if err != nil {
		t.Fatal(err)
	}
	end := *now
	for i := range n {
		*now = end.Add(-time.Duration(n-i) * 240 * time.Hour / time.Duration(n))
		lat, lon := 36.085+r.NormFloat64()*0.02, 111.51+r.NormFloat64()*0.03
		in := cases.Registration{Words: titles[i%len(titles)], Source: cases.Sources[i%3], Address: fmt.Sprintf("解放路 %d 号门前", 3*i+1), Lat: &lat, Lon: &lon}
		if i%9 == 0 {
			in.Lat, in.Lon = nil, nil
		}
		if i%11 == 0 {
			in.Severity = cases.Serious
		}
		k, err := s.Cases.Register(ctx, c.ID, in)
		if err != nil {
			t.Fatal(err)
		}
		if i%4 == 0 {
			continue
		}
		act := cases.Act{Verb: cases.Accept, Revision: -1}
		if i%4 > 1 {
			act = cases.Act{Verb: cases.Dispatch, Unit: lead.ID, Revision: -1}
		}
		office := kernel.WithActor(ctx, kernel.Actor{AccountID: 1, PersonID: officeSeat(t, s.DB, c.ID), Name: "竺简"})
		if _, err := s.Cases.Take(office, c.ID, k.ID, act); err != nil {
			t.Fatal(err)
		}
	}
	*now = end
}

// mapped is the site with cases on its map.
func mapped(t *testing.T, n int) (*webtest.Site, campaign.Campaign) {
	t.Helper()
	now := time.Date(2024, 3, 27, 1, 40, 0, 0, time.UTC)
	d := dbtest.Open(t, db.SQLite)
	s := webtest.Open(t, d, kernel.FixedClock(func() time.Time { return now }))
	c := s.OpenCampaign(t, "examples/pinghe/plan.txt")
	s.Account(t, "office", officeSeat(t, d, c.ID), kernel.NoAdmin)
	registerOnMap(t, s, c, n, &now)
	return s, c
}

func TestMapAndBoard_AtBothSizes(t *testing.T) {
	s, c := mapped(t, 60)
	browser := chromium(t)
	for _, size := range sizes {
		b := newTab(t, browser, s, "office", size.width, size.height)
		b.said()
		for _, page := range []string{"/board", "/cases?late=1", "/map", "/map?all=1&late=1"} {
			visit(t, b, size.name, fmt.Sprintf("/c/%d%s", c.ID, page))
			if strings.HasPrefix(page, "/map") {
				b.do(t, chromedp.WaitReady(chromedp.CSS("#ground[data-shown]")))
				visitNow(t, b, size.name, "map"+strings.NewReplacer("?", "-", "&", "-", "=", "").Replace(page[4:]))
			}
		}
	}
}

// visitNow looks at a page as it stands after its script has done its part.
func visitNow(t *testing.T, b *tab, size, name string) {
	t.Helper()
	if screens != "" {
		keep(t, b, size, name)
	}
	if over := eval[float64](t, b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
		t.Errorf("%s %s scrolls sideways by %v px", size, name, over)
	}
	for _, v := range axe(t, b) {
		t.Errorf("%s %s axe: %s", size, name, v)
	}
	for _, w := range b.said() {
		t.Errorf("%s %s console: %s", size, name, w)
	}
}

func TestMap_TheListFollowsTheMapAndAClickOpensTheCase(t *testing.T) {
	s, c := mapped(t, 60)
	b := newTab(t, chromium(t), s, "office", 1440, 900)
	b.do(t, chromedp.Navigate(fmt.Sprintf("%s/c/%d/map", s.URL, c.ID)), chromedp.WaitReady(chromedp.CSS("#ground[data-shown]")))
	all := eval[int](t, b, `Number(document.querySelector("#ground").dataset.shown)`)
	if want := 60 - 7; all != want {
		t.Errorf("%d cases shown, want %d: those with a place", all, want)
	}
	// Moved by keyboard: what lies beyond the edge is gone from the list too.
	fewer := eval[int](t, b, `new Promise(done => {
		const g = document.querySelector("#ground");
		delete g.dataset.shown;
		g.focus();
		g.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, keyCode: 37, shiftKey: true }));
		const wait = () => g.dataset.shown ? done(Number(g.dataset.shown)) : setTimeout(wait, 30); wait();
	})`)
	if fewer >= all || fewer == 0 {
		t.Errorf("after the pan %d cases are shown, %d before", fewer, all)
	}
	if rows := eval[int](t, b, `document.querySelectorAll("#listed a[data-id]").length`); rows != min(fewer, 50) {
		t.Errorf("the list has %d rows, the map %d cases", rows, fewer)
	}
	if marks := eval[int](t, b, `document.querySelectorAll("#ground .mk").length`); marks != fewer {
		t.Errorf("the map has %d marks of %d cases", marks, fewer)
	}
	hash := eval[string](t, b, `location.hash`)
	b.do(t, chromedp.Navigate(fmt.Sprintf("%s/c/%d/map%s", s.URL, c.ID, hash)), chromedp.WaitReady(chromedp.CSS("#ground[data-shown]")))
	if again := eval[int](t, b, `Number(document.querySelector("#ground").dataset.shown)`); again != fewer {
		t.Errorf("coming back to %s shows %d cases, want %d", hash, again, fewer)
	}
	eval[int](t, b, `document.querySelector("#ground .mk.late").click(), 0`)
	b.do(t, chromedp.WaitReady(chromedp.CSS(".stages")))
	for _, w := range b.said() {
		t.Error("console:", w)
	}
}

func TestMap_ManyCasesAreSquaresThatOpen(t *testing.T) {
	s, c := mapped(t, 1300)
	b := newTab(t, chromium(t), s, "office", 1440, 900)
	b.do(t, chromedp.Navigate(fmt.Sprintf("%s/c/%d/map", s.URL, c.ID)), chromedp.WaitReady(chromedp.CSS("#ground[data-shown] .cell")))
	visitNow(t, b, "wide", "map-many")
	if rows := eval[int](t, b, `document.querySelectorAll("#listed a[data-id]").length`); rows != 50 {
		t.Errorf("%d rows in the list, want 50", rows)
	}
	eval[int](t, b, `[...document.querySelectorAll("#ground .cell")].pop().dispatchEvent(new MouseEvent("click", { bubbles: true })), 0`)
	b.do(t, chromedp.WaitReady(chromedp.CSS("#ground[data-shown] .mk")))
	visitNow(t, b, "wide", "map-opened")
}

func TestViews_AreKeptAndDroppedOnTheList(t *testing.T) {
	s, c := mapped(t, 4)
	browser := chromium(t)
	for _, size := range sizes {
		b := newTab(t, browser, s, "office", size.width, size.height)
		b.do(t, chromedp.Navigate(fmt.Sprintf("%s/c/%d/cases?open=1&source=hotline", s.URL, c.ID)), chromedp.Click(chromedp.CSS(".kept summary")),
			chromedp.SendKeys(chromedp.CSS("#vn"), "热线在办"), chromedp.Click(chromedp.CSS(".kept details button")), chromedp.WaitReady(chromedp.CSS(".kept li a[aria-current]")))
		visitNow(t, b, size.name, "views")
		if at := eval[string](t, b, `location.search`); at != "?open=1&source=hotline" {
			t.Errorf("%s: kept, and now at %s", size.name, at)
		}
		b.do(t, chromedp.Click(chromedp.CSS(".kept li button")), chromedp.WaitReady(chromedp.CSS("input[name=open]:not(:checked)")))
		if left := eval[int](t, b, `document.querySelectorAll(".kept li").length`); left != 0 {
			t.Errorf("%s: %d views left", size.name, left)
		}
	}
}

func TestMap_WithoutSettingsOrWithTiles(t *testing.T) {
	edge := filepath.Join(webtest.Root(), "internal/web/testdata/pinghe-boundary.json")
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte(`{"type":"Point","coordinates":[36.08,211.5]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		tiles, boundary string
		ok              bool
	}{
		{"", "", true}, {"", edge, true}, {"https://tiles.example/{z}/{x}/{y}.png?tk=1", "", true}, {"/tiles/{z}/{x}/{y}.png", "", true},
		{"https://{s}.example/{z}/{x}/{y}.png", "", false}, {"https://tiles.example/{z}/{x}.png", "", false}, {"ftp://tiles.example/{z}/{x}/{y}", "", false},
		{"https://a.example; script-src *;/{z}/{x}/{y}", "", false}, {"", bad, false}, {"", "nowhere.json", false},
	} {
		if _, err := web.NewGround(x.tiles, "", x.boundary); (err == nil) != x.ok || (err != nil && kernel.CodeOf(err) != kernel.Invalid) {
			t.Errorf("%q %q: %v", x.tiles, x.boundary, err)
		}
	}
	g, err := web.NewGround("https://tiles.example/{z}/{x}/{y}.png?tk=1", "天地图 GS(2024)0650号", "")
	if err != nil {
		t.Fatal(err)
	}
	s := webtest.OpenOn(t, dbtest.Open(t, db.SQLite), kernel.Clock{}, g)
	res, err := http.Get(s.URL + "/signin")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if p := res.Header.Get("Content-Security-Policy"); !strings.Contains(p, "img-src 'self' data: https://tiles.example;") || strings.Count(p, "tiles.example") != 1 {
		t.Errorf("policy %s", p)
	}
}

func TestMap_AnswersGeoJSON(t *testing.T) {
	s, c := mapped(t, 12)
	client := s.Client(t, "office")
	get := func(query string) (int, []byte) {
		res, err := client.Get(fmt.Sprintf("%s/c/%d/map.json?%s", s.URL, c.ID, query))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		content, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, content
	}
	status, content := get("bbox=111,35,112,37&zoom=11")
	var out struct {
		Type     string `json:"type"`
		N        int    `json:"n"`
		Features []struct {
			Geometry struct {
				Coordinates []float64 `json:"coordinates"`
			} `json:"geometry"`
		} `json:"features"`
	}
	if err := json.Unmarshal(content, &out); err != nil || status != http.StatusOK || out.Type != "FeatureCollection" || out.N != 10 || len(out.Features) != 10 {
		t.Fatalf("status %d, %v, %+v", status, err, out)
	}
	if p := out.Features[0].Geometry.Coordinates; len(p) != 2 || p[0] < 111 || p[0] > 112 {
		t.Errorf("coordinates %v, want longitude first", p)
	}
	for _, q := range []string{"", "bbox=1,2,3&zoom=11", "bbox=112,35,111,37&zoom=11", "bbox=NaN,35,112,37&zoom=11", "bbox=111,35,112,37&zoom=x", "bbox=-900,35,112,37&zoom=3"} {
		if status, _ := get(q); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d, want 422", q, status)
		}
	}
}

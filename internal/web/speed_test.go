package web_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pinzhi/internal/cases/casestest"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/webtest"
)

// TestSpeed_OfThePagesOverAHundredThousandCases prints how long each page takes from request to last byte, over HTTP
// and signed in, for somebody who sees every case and for a unit. It judges nothing: machines differ.
func TestSpeed_OfThePagesOverAHundredThousandCases(t *testing.T) {
	if os.Getenv("PINZHI_SPEED") == "" {
		t.Skip("PINZHI_SPEED=1 runs it: a minute or two, and it says nothing on a busy machine")
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := time.Date(2025, 3, 18, 0, 12, 0, 0, time.UTC)
		s := webtest.Open(t, d, kernel.FixedClock(func() time.Time { return now }))
		c := s.OpenCampaign(t, "examples/pinghe/plan.txt")
		lead, err := roster.UnitNamed(webtest.System(), d.Reader(), c.ID, "市园林绿化中心")
		if err != nil {
			t.Fatal(err)
		}
		casestest.Fill(t, d, casestest.Filling{CampaignID: c.ID, Lead: lead.ID, Start: now.AddDate(-1, 0, 0), N: howMany(100_000)})
		for role, name := range map[string]string{"office": "竺简", "unit": "花蕊"} {
			p, err := roster.PersonCalled(webtest.System(), d.Reader(), c.ID, name)
			if err != nil {
				t.Fatal(err)
			}
			s.Account(t, role, p.ID, kernel.NoAdmin)
			client := s.Client(t, role)
			for _, page := range pagesToTime(role, lead.ID) {
				if only := os.Getenv("PINZHI_SPEED_OF"); only != "" && !strings.Contains(page, only) {
					continue
				}
				timePage(t, client, s.URL+fmt.Sprintf("/c/%d", c.ID)+page, fmt.Sprintf("%s %s %s", d.Kind(), role, page))
			}
		}
	})
}

// howMany is how many cases are filled in: PINZHI_SPEED_N, or what is usual.
func howMany(usual int) int {
	if n, err := strconv.Atoi(os.Getenv("PINZHI_SPEED_N")); err == nil && n > 0 {
		return n
	}
	return usual
}

func pagesToTime(role string, unit int64) []string {
	list := []string{"", "/board", "/map", "/map?all=1", "/cases/70001", "/orders", "/ledger"}
	for _, query := range []string{"", "after=50000", "after=60", "step=closed", "step=rectifying", "category=" + url.QueryEscape("河道水体"), "severity=urgent", "source=meeting", "late=1", "mine=1",
		"open=1", fmt.Sprintf("unit=%d", unit), "step=closed&source=meeting", "severity=urgent&source=media&late=1", "q=" + url.QueryEscape("垃圾"), "q=" + url.QueryEscape("鹦鹉"),
		"q=" + url.QueryEscape("路灯") + "&source=meeting", "q=" + url.QueryEscape("没有")} {
		list = append(list, "/cases?"+query)
	}
	for _, box := range []string{"113.9,29.9,115.1,31.1&zoom=10", "114.3,30.3,114.7,30.7&zoom=12", "114.5,30.5,114.54,30.53&zoom=15"} {
		for _, query := range []string{"", "&all=1", "&all=1&severity=ordinary", "&all=1&category=" + url.QueryEscape("市容环境"), "&late=1", "&all=1&q=" + url.QueryEscape("垃圾")} {
			list = append(list, "/map.json?bbox="+box+query)
		}
	}
	if role == "office" {
		return append(list, "/desk/office", "/desk/verifier", "/cases/alike?words="+url.QueryEscape("解放路东段路灯不亮")+"&address="+url.QueryEscape("解放路东段"))
	}
	return append(list, "/desk/unit")
}

func timePage(t *testing.T, client *http.Client, address, name string) {
	t.Helper()
	const times = 100
	took := make([]time.Duration, 0, times)
	size := 0
	for i := range times + 3 {
		start := time.Now()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d, %v", name, res.StatusCode, err)
		}
		if size = len(body); i >= 3 { // the first ones read the sheet
			took = append(took, time.Since(start))
		}
	}
	slices.Sort(took)
	if text, err := url.QueryUnescape(name); err == nil {
		name = text
	}
	t.Logf("%-80s p50 %7s  p99 %7s  %4d kB", strings.TrimSpace(name), took[times/2].Round(100*time.Microsecond), took[times*99/100].Round(100*time.Microsecond), size/1000)
}

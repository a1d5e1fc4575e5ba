package web_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/webtest"
)

// TestSpeed_OfRegistering prints how many cases a second sixteen people register over HTTP, how long one waits, and
// how much of the processors a case costs. It judges nothing: machines differ.
func TestSpeed_OfRegistering(t *testing.T) {
	if os.Getenv("PINZHI_SPEED") == "" {
		t.Skip("PINZHI_SPEED=1 runs it")
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := webtest.Open(t, d, kernel.Clock{})
		c := s.OpenCampaign(t, "examples/pinghe/plan.txt")
		names := []string{"竺简", "花蕊", "谈笑", "严谨", "景明", "明辉"}
		const clients = 16
		signedIn := make([]*http.Client, clients)
		for i := range clients {
			p, err := roster.PersonCalled(webtest.System(), d.Reader(), c.ID, names[i%len(names)])
			if err != nil {
				t.Fatal(err)
			}
			login := fmt.Sprint("client", i)
			s.Account(t, login, p.ID, kernel.NoAdmin)
			signedIn[i] = s.Client(t, login)
			signedIn[i].Transport = &http.Transport{MaxIdleConnsPerHost: 2}
		}
		const enough = 20_000
		var n atomic.Int64
		took := make([][]time.Duration, clients)
		var before, after syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
		start := time.Now()
		var all sync.WaitGroup
		for i, client := range signedIn {
			all.Go(func() {
				for k := n.Add(1); k <= enough; k = n.Add(1) {
					form := url.Values{"uuid": {fmt.Sprint("speed-", k)}, "words": {fmt.Sprint("解放路东段路灯不亮，晚上行人看不清路，第 ", k, " 次反映，请尽快处理")}, "source": {string(cases.Hotline)},
						"category": {"市容环境"}, "severity": {"ordinary"}, "address": {fmt.Sprint("解放路 ", k%700, " 号门前")}, "lat": {"36.0840"}, "lon": {"111.5137"}}
					began := time.Now()
					res, err := client.Post(fmt.Sprintf("%s/c/%d/cases", s.URL, c.ID), "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
					if err != nil {
						t.Error(err)
						return
					}
					_, _ = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
					if res.StatusCode != http.StatusSeeOther {
						t.Error(res.Status)
						return
					}
					took[i] = append(took[i], time.Since(began))
				}
			})
		}
		all.Wait()
		passed := time.Since(start)
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
		cpu := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
		each := slices.Concat(took...)
		slices.Sort(each)
		t.Logf("%s: %.0f cases a second, p50 %s, p99 %s; %s of the processors a case, the clients' work included", d.Kind(), float64(len(each))/passed.Seconds(),
			each[len(each)/2].Round(100*time.Microsecond), each[len(each)*99/100].Round(100*time.Microsecond), (cpu / time.Duration(len(each))).Round(time.Microsecond))
	})
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
	"pinzhi/internal/roster"
)

// stopwatch takes the time of each request at the server.
type stopwatch struct {
	next http.Handler
	took chan time.Duration // holds one; nobody waits to put a time in
}

// ServeHTTP implements http.Handler.
func (s *stopwatch) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	s.next.ServeHTTP(w, r)
	select {
	case s.took <- time.Since(start):
	default:
	}
}

// visitor is somebody of the office, signed in, with all who register.
type visitor struct {
	*benched

	url     string
	client  *http.Client
	clients []*http.Client
	watch   *stopwatch
	tasks   []campaign.Task
	seats   []roster.Seat
}

const benchPassword = "correct-horse-staple"

// enter signs in as many people as register; the first of them, of the office, looks at the pages.
func (b *benched) enter(ctx context.Context, at string, watch *stopwatch) (*visitor, error) {
	v := &visitor{benched: b, url: at, watch: watch}
	var err error
	if v.tasks, err = b.campaigns.Tasks(ctx, b.campaign.ID); err != nil {
		return nil, err
	}
	if v.seats, err = roster.SeatsOf(ctx, b.db.Reader(), b.campaign.ID); err != nil {
		return nil, err
	}
	people := peopleOf(v.seats, b.Clients)
	if len(people) == 0 {
		return nil, kernel.E(kernel.Invalid, "这份方案里没有办公室的人，测不了")
	}
	for i := range b.Clients {
		c, err := v.signIn(ctx, people[i%len(people)])
		if err != nil {
			return nil, err
		}
		v.clients = append(v.clients, c)
	}
	v.client = v.clients[0]
	return v, nil
}

// peopleOf lists people, those of the office first.
func peopleOf(seats []roster.Seat, most int) (ids []int64) {
	for _, office := range []bool{true, false} {
		for _, s := range seats {
			if (s.BodyKind == plan.Office) == office && !slices.Contains(ids, s.PersonID) && len(ids) < most {
				ids = append(ids, s.PersonID)
			}
		}
	}
	return ids
}

func (v *visitor) signIn(ctx context.Context, personID int64) (*http.Client, error) {
	a, err := v.accounts.ByPerson(ctx, personID)
	if err != nil {
		return nil, err
	}
	token, err := v.accounts.IssueLink(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	if _, err := v.accounts.RedeemLink(ctx, token, benchPassword); err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	c := &http.Client{Jar: jar, Transport: &http.Transport{MaxIdleConnsPerHost: 2},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c, v.post(ctx, c, "/signin", url.Values{"login": {a.Login}, "password": {benchPassword}})
}

func (v *visitor) post(ctx context.Context, c *http.Client, path string, form url.Values) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := c.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	_, err = io.Copy(io.Discard, res.Body)
	if res.StatusCode != http.StatusSeeOther {
		return errors.Join(err, fmt.Errorf("POST %s: %s", path, res.Status))
	}
	return err
}

// get fetches a page and returns its size.
func get(ctx context.Context, client *http.Client, address string) (size int64, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	size, err = io.Copy(io.Discard, res.Body)
	if res.StatusCode != http.StatusOK {
		return 0, errors.Join(err, fmt.Errorf("GET %s: %s", address, res.Status))
	}
	return size, err
}

// slow is what a page must not take at the median.
const slow = 10 * time.Millisecond

// pages measures every page of the campaign and prints a line for each.
func (v *visitor) pages(ctx context.Context) error {
	list, err := v.list(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{{"页", "字节", "中位", "99%", "最长", ""}}
	for _, page := range list {
		size, took, err := v.page(ctx, page)
		if err != nil {
			return err
		}
		verdict := ""
		if median(took) >= slow {
			verdict = "慢"
		}
		name := fmt.Sprintf("%s: %d cases, page %s", v.db.Kind(), v.Cases, strings.TrimPrefix(page, fmt.Sprintf("/c/%d", v.campaign.ID)))
		v.keep(name+", half within", median(took).Seconds()*1000, "ms")
		v.keep(name+", 99 of 100 within", share(took, 99).Seconds()*1000, "ms")
		rows = append(rows, []string{page, strconv.FormatInt(size, 10), ms(median(took)), ms(share(took, 99)), ms(share(took, 100)), verdict})
	}
	var b strings.Builder
	grid(&b, rows)
	_, err = fmt.Fprintf(v.out, "各页在服务器上的时间（每页 %d 次）\n%s", v.Requests, b.String())
	return err
}

func (v *visitor) page(ctx context.Context, path string) (size int64, took []time.Duration, err error) {
	const warmUp = 5
	for i := range warmUp + v.Requests {
		select {
		case <-v.watch.took: // of whatever came before
		default:
		}
		if size, err = get(ctx, v.client, v.url+path); err != nil {
			return 0, nil, err
		}
		if d := <-v.watch.took; i >= warmUp {
			took = append(took, d)
		}
	}
	return size, took, nil
}

// list is every page inside a campaign, with one object of each kind: the one with most in it where they differ.
func (v *visitor) list(ctx context.Context) ([]string, error) {
	items, err := v.campaigns.ItemsOfTask(ctx, v.campaign.ID, v.tasks[0].ID)
	if err != nil {
		return nil, err
	}
	seat := v.seats[0]
	for _, s := range v.seats {
		if s.BodyKind == "work_group" {
			seat = s
			break
		}
	}
	paths := []string{"", "/tasks", fmt.Sprintf("/tasks/%d", v.tasks[0].ID), "/items", fmt.Sprintf("/items?after=0__%s_0", v.today),
		fmt.Sprintf("/items/%d", items[0].ID), "/gantt", fmt.Sprintf("/gantt?after=%d___0", v.tasks[len(v.tasks)/2].ID), fmt.Sprintf("/gantt?task=%d", v.tasks[0].ID), "/measures", "/phases",
		"/bodies", fmt.Sprintf("/bodies/%d", seat.BodyID), "/people", fmt.Sprintf("/people/%d", seat.PersonID),
		"/units", fmt.Sprintf("/units/%d", seat.UnitID), "/matrix", "/plan", "/checkup", "/search?q=" + url.QueryEscape("市场"), "/ledger", "/drafts",
		"/tasks.xlsx", "/people.xlsx", "/matrix.xlsx", "/plan/original"}
	q := url.QueryEscape
	paths = append(paths, "/desk/office", "/desk/verifier", "/cases", "/cases?after="+strconv.Itoa(v.Cases/2), "/cases?step=closed", "/cases?source=meeting", "/cases?category="+q("市容环境")+"&severity=serious",
		"/cases?late=1", "/cases?q="+q("垃圾"), "/cases?q="+q("杨家渡村"), "/board", "/map", "/map.json?bbox=111.4,36,111.65,36.17&zoom=12", "/map.json?bbox=111.4,36,111.65,36.17&zoom=12&all=1",
		"/map.json?bbox=111.5,36.07,111.53,36.09&zoom=15&all=1&severity=serious", fmt.Sprintf("/cases/%d", v.Cases/2), "/orders", "/cases/alike?words="+q("路灯不亮")+"&address="+q("解放路 12 号"))
	for i, p := range paths {
		paths[i] = fmt.Sprintf("/c/%d%s", v.campaign.ID, p)
	}
	return append([]string{"/me", "/inbox"}, paths...), nil
}

// registers counts how many cases so many people at once can register, each by the form that they use.
func (v *visitor) registers(ctx context.Context) error {
	before, err := v.bytes(ctx)
	if err != nil {
		return err
	}
	took := make([][]time.Duration, len(v.clients))
	people := make([]int, len(v.clients))
	for i := range people {
		people[i] = i
	}
	var n atomic.Int64
	begin := time.Now()
	end := begin.Add(time.Duration(v.Seconds) * time.Second)
	err = atOnce(len(people), people, func(i int) error {
		for time.Now().Before(end) {
			k := n.Add(1)
			form := url.Values{"uuid": {fmt.Sprintf("bench-%d-%d", begin.UnixNano(), k)}, "words": {fmt.Sprintf("解放路路灯不亮，晚上行人看不清路，第 %d 次反映，请尽快处理", k)}, "source": {"hotline"},
				"category": {"绿化亮化"}, "severity": {"ordinary"}, "address": {fmt.Sprintf("解放路 %d 号门前", k%420)}, "lat": {"36.0791"}, "lon": {"111.5012"}}
			began := time.Now()
			if err := v.post(ctx, v.clients[i], fmt.Sprintf("/c/%d/cases", v.campaign.ID), form); err != nil {
				return err
			}
			took[i] = append(took[i], time.Since(began))
		}
		return nil
	})
	if err != nil {
		return err
	}
	passed, each := time.Since(begin), slices.Concat(took...)
	after, err := v.bytes(ctx)
	if err != nil {
		return err
	}
	if len(each) == 0 {
		return kernel.E(kernel.Internal, "一件案件也没有登记上")
	}
	rate, growth := float64(len(each))/passed.Seconds(), float64(after-before)/float64(len(each))
	fmt.Fprintf(v.out, "登记案件，%d 人同时：每秒 %.0f 件，中位 %s，99%% %s；数据库每件增长 %.0f 字节（含日志文件）\n", len(people), rate, ms(median(each)), ms(share(each, 99)), growth)
	name := fmt.Sprintf("%s: registering through HTTP by %d people", v.db.Kind(), len(people))
	v.keep(name, rate, "cases/s")
	v.keep(name+", 99 of 100 within", share(each, 99).Seconds()*1000, "ms")
	v.keep(string(v.db.Kind())+": growth of the database a case", growth, "bytes")
	return nil
}

// bytes is how big the database is.
func (v *visitor) bytes(ctx context.Context) (n int64, err error) {
	if v.db.Kind() == db.Postgres {
		err = v.db.Reader().NewRaw("SELECT pg_database_size(current_database())").Scan(ctx, &n)
		return n, err
	}
	for _, end := range []string{"", "-wal"} {
		info, err := os.Stat(filepath.Join(v.Data, databaseName+end))
		if err != nil && !os.IsNotExist(err) {
			return 0, err
		}
		if err == nil {
			n += info.Size()
		}
	}
	return n, nil
}

// machineMemory is the machine's memory in MB, 0 where it is not told.
func machineMemory() int { return inKB("/proc/meminfo", "MemTotal:") / 1024 }

// mostMemory is the most that this process used, in MB.
func mostMemory() int { return inKB("/proc/self/status", "VmHWM:") / 1024 }

func inKB(file, line string) int {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), line)
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(fields[0])
	return n
}

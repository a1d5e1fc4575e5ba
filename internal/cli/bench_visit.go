package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"pinzhi/internal/access"
	"pinzhi/internal/campaign"
	"pinzhi/internal/kernel"
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

// visitor is somebody of the office, signed in.
type visitor struct {
	*benched

	url    string
	client *http.Client
	watch  *stopwatch
	tasks  []campaign.Task
	seats  []roster.Seat
}

const (
	benchLogin    = "bench"
	benchPassword = "correct-horse-staple"
)

func (b *benched) accountOf(ctx context.Context, personID int64) error {
	a, err := b.accounts.Create(ctx, access.NewAccount{Login: benchLogin, Name: "基准测试", PersonID: personID})
	if err != nil {
		return err
	}
	token, err := b.accounts.IssueLink(ctx, a.ID)
	if err != nil {
		return err
	}
	_, err = b.accounts.RedeemLink(ctx, token, benchPassword)
	return err
}

func (b *benched) enter(ctx context.Context, at string, watch *stopwatch) (*visitor, error) {
	v := &visitor{benched: b, url: at, watch: watch}
	var err error
	if v.tasks, err = b.campaigns.Tasks(ctx, b.campaign.ID); err != nil {
		return nil, err
	}
	if v.seats, err = roster.SeatsOf(ctx, b.db.Reader(), b.campaign.ID); err != nil {
		return nil, err
	}
	if err := b.account(ctx, v.seats); err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	v.client = &http.Client{Jar: jar, Transport: &http.Transport{MaxIdleConnsPerHost: b.Clients},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return v, v.post(ctx, "/signin", url.Values{"login": {benchLogin}, "password": {benchPassword}})
}

func (v *visitor) post(ctx context.Context, path string, form url.Values) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := v.client.Do(req)
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
	rows := [][]string{{"页", "字节", "中位", "95%", "最长", ""}}
	for _, page := range list {
		size, took, err := v.page(ctx, page)
		if err != nil {
			return err
		}
		verdict := ""
		if median(took) >= slow {
			verdict = "慢"
		}
		rows = append(rows, []string{page, strconv.FormatInt(size, 10), ms(median(took)), ms(share(took, 95)), ms(share(took, 100)), verdict})
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
	for i, p := range paths {
		paths[i] = fmt.Sprintf("/c/%d%s", v.campaign.ID, p)
	}
	return append([]string{"/me"}, paths...), nil
}

// writing is for how long work items are added.
const writing = 3 * time.Second

// writes counts how many work items so many people at once can add, each by a form of its own.
func (v *visitor) writes(ctx context.Context) error {
	var n atomic.Int64
	end := time.Now().Add(writing)
	people := make([]int, v.Clients)
	for i := range people {
		people[i] = i
	}
	err := atOnce(v.Clients, people, func(i int) error {
		for time.Now().Before(end) {
			task := v.tasks[i%len(v.tasks)]
			form := url.Values{"title": {"新登记的点位"}, "due": {string(v.today.AddDays(i))}, "unit": {v.seats[i].UnitName}}
			if err := v.post(ctx, fmt.Sprintf("/c/%d/tasks/%d/items", v.campaign.ID, task.ID), form); err != nil {
				return err
			}
			n.Add(1)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if n.Load() == 0 {
		return kernel.E(kernel.Internal, "一个工作项也没有写进去")
	}
	fmt.Fprintf(v.out, "登记工作项，%d 人同时：每秒 %.0f 个\n", v.Clients, float64(n.Load())/writing.Seconds())
	return nil
}

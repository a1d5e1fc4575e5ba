package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
)

// postForm sends a form and wants to be sent on.
func postForm(ctx context.Context, c *http.Client, address string, form url.Values) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
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
		return errors.Join(err, fmt.Errorf("POST %s: %s", address, res.Status))
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

// settle waits until the program has read its cases into memory and made the sizes of the photographs, as it does after
// every drill: then it rests.
func (v *visitors) settle(ctx context.Context) error {
	began := time.Now()
	for range 3 {
		if _, err := get(ctx, v.office, v.url+fmt.Sprintf("/c/%d/cases", v.campaign)); err != nil {
			return err
		}
	}
	listed := time.Since(began)
	const rest = 40 * time.Millisecond // of a second
	for used := v.server.used(); time.Since(began) < 5*time.Minute; {
		time.Sleep(time.Second)
		before := used
		if used = v.server.used(); used-before < rest {
			break
		}
	}
	_, err := fmt.Fprintf(v.out, "启动 %s 后答复；案件读进内存、第一次列出用 %.1f 秒，歇下来用 %.1f 秒；内存此时 %d MB，这之中最多 %d MB\n",
		ms(v.server.up), listed.Seconds(), time.Since(began).Seconds(), v.server.memory(), v.server.mostMemory())
	return err
}

// slow is what a page must not take at the 99th percentile.
const slow = 30 * time.Millisecond

// pages measures every page of the campaign, from the request to its last byte, and prints a line for each.
func (v *visitors) pages(ctx context.Context) error {
	rows := [][]string{{"谁", "页", "字节", "中位", "99%", "最长", ""}}
	for _, who := range []struct {
		name   string
		client *http.Client
		paths  []string
	}{{"office", v.office, v.paths}, {"unit", v.liaison, v.units}} {
		for _, path := range who.paths {
			if who.client == nil {
				continue
			}
			size, took, err := v.page(ctx, who.client, path)
			if err != nil {
				return err
			}
			verdict := ""
			if share(took, 99) >= slow {
				verdict = "慢"
			}
			name := fmt.Sprintf("%s: %d cases, %s, page %s", v.kind, v.total, who.name, strings.TrimPrefix(path, fmt.Sprintf("/c/%d", v.campaign)))
			v.keep(name+", half within", median(took).Seconds()*1000, "ms")
			v.keep(name+", 99 of 100 within", share(took, 99).Seconds()*1000, "ms")
			shown, err := url.QueryUnescape(path)
			if err != nil {
				shown = path
			}
			rows = append(rows, []string{who.name, shown, strconv.FormatInt(size, 10), ms(median(took)), ms(share(took, 99)), ms(share(took, 100)), verdict})
		}
	}
	var b strings.Builder
	grid(&b, rows)
	_, err := fmt.Fprintf(v.out, "各页从请求到最后一个字节的时间（每页 %d 次）\n%s看各页时服务的内存最多 %d MB\n", v.Requests, b.String(), v.server.mostMemory())
	return err
}

func (v *visitors) page(ctx context.Context, client *http.Client, path string) (size int64, took []time.Duration, err error) {
	const warmUp = 5
	for i := range warmUp + v.Requests {
		began := time.Now()
		if size, err = get(ctx, client, v.url+path); err != nil {
			return 0, nil, err
		}
		if i >= warmUp {
			took = append(took, time.Since(began))
		}
	}
	return size, took, nil
}

// registrar is somebody who registers cases by the form that people use. It writes HTTP by itself, over one connection:
// what a client costs is taken from the same processors that serve.
type registrar struct {
	v      *visitors
	conn   net.Conn
	answer *bufio.Reader
	head   string
	took   []time.Duration
}

func (v *visitors) registrar(ctx context.Context, i int) (*registrar, error) {
	u, err := url.Parse(v.url)
	if err != nil {
		return nil, err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	var cookies []string
	for _, c := range v.jars[i].Cookies(u) {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	head := fmt.Sprintf("POST /c/%d/cases HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ", v.campaign, u.Host, strings.Join(cookies, "; "))
	return &registrar{v: v, conn: conn, answer: bufio.NewReader(conn), head: head}, nil
}

// register registers the case with a number and wants to be sent to its page.
func (r *registrar) register(k int64) error {
	form := url.Values{"uuid": {fmt.Sprintf("%012x-7%03x-%016x", time.Now().UnixMilli(), k&0xfff, uint64(k)*0x9e3779b97f4a7c15)}, "words": {fmt.Sprintf("解放路路灯不亮，晚上行人看不清路，第 %d 次反映，请尽快处理", k)}, "source": {"hotline"}, //nolint:gosec // as the form brings them: of version 7
		"category": {"绿化亮化"}, "severity": {"ordinary"}, "address": {fmt.Sprintf("解放路 %d 号门前", k%420)}, "lat": {"36.0791"}, "lon": {"111.5012"}}.Encode()
	began := time.Now()
	if _, err := io.WriteString(r.conn, r.head+strconv.Itoa(len(form))+"\r\n\r\n"+form); err != nil {
		return err
	}
	res, err := http.ReadResponse(r.answer, nil)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusSeeOther {
		return fmt.Errorf("register: %s", res.Status)
	}
	r.took = append(r.took, time.Since(began))
	return nil
}

// registers counts how many cases so many people at once can register.
func (v *visitors) registers(ctx context.Context) error {
	before, err := v.bytes(ctx)
	if err != nil {
		return err
	}
	people, err := v.registrars(ctx)
	if err != nil {
		return err
	}
	var n atomic.Int64
	begin := time.Now()
	end := begin.Add(time.Duration(v.Seconds) * time.Second)
	err = atOnce(len(people), people, func(r *registrar) error {
		defer func() { _ = r.conn.Close() }()
		for time.Now().Before(end) {
			if err := r.register(n.Add(1)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	passed := time.Since(begin)
	var each []time.Duration
	for _, r := range people {
		each = append(each, r.took...)
	}
	after, err := v.bytes(ctx)
	if err != nil {
		return err
	}
	if len(each) == 0 {
		return kernel.E(kernel.Internal, "一件案件也没有登记上")
	}
	rate, growth := float64(len(each))/passed.Seconds(), float64(after-before)/float64(len(each))
	fmt.Fprintf(v.out, "登记案件，%d 人同时：每秒 %.0f 件，中位 %s，99%% %s，最长 %s；数据库每件增长 %.0f 字节（含日志文件）；服务的内存最多 %d MB\n",
		len(people), rate, ms(median(each)), ms(share(each, 99)), ms(share(each, 100)), growth, v.server.mostMemory())
	name := fmt.Sprintf("%s: %d cases, registering through HTTP by %d people", v.kind, v.total, len(people))
	v.keep(name, rate, "cases/s")
	v.keep(name+", half within", median(each).Seconds()*1000, "ms")
	v.keep(name+", 99 of 100 within", share(each, 99).Seconds()*1000, "ms")
	v.keep(string(v.kind)+": growth of the database a case registered", growth, "bytes")
	return nil
}

func (v *visitors) registrars(ctx context.Context) ([]*registrar, error) {
	list := make([]*registrar, v.Clients)
	for i := range list {
		var err error
		if list[i], err = v.registrar(ctx, i); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// looksPerCase is how many pages somebody looks at for every case that he registers.
const looksPerCase = 20

// days has everybody look and register without a pause for some minutes, and watches the program's memory.
func (v *visitors) days(ctx context.Context) error {
	if v.Minutes == 0 {
		return nil
	}
	people, err := v.registrars(ctx)
	if err != nil {
		return err
	}
	// Lists, desks, maps, cases; the papers that are made as files are asked for more seldom than that.
	pages := slices.DeleteFunc(slices.Clone(v.paths), func(p string) bool { return strings.HasSuffix(p, ".xlsx") || strings.HasSuffix(p, "/original") })
	var n, looked atomic.Int64
	begin := time.Now()
	end := begin.Add(time.Duration(v.Minutes) * time.Minute)
	memory := make(chan []int, 1)
	go func() { memory <- v.minutes(begin) }()
	who := make([]int, len(people))
	for i := range who {
		who[i] = i
	}
	err = atOnce(len(who), who, func(i int) error {
		defer func() { _ = people[i].conn.Close() }()
		for k := i; time.Now().Before(end); k++ {
			if k%looksPerCase == 0 {
				if err := people[i].register(n.Add(1)); err != nil {
					return err
				}
				continue
			}
			if _, err := get(ctx, v.clients[i%v.officers], v.url+pages[(k*7+i)%len(pages)]); err != nil {
				return err
			}
			looked.Add(1)
		}
		return nil
	})
	if err != nil {
		return err
	}
	each := <-memory
	passed := time.Since(begin).Seconds()
	fmt.Fprintf(v.out, "%d 人不停地看和登记 %d 分钟：每秒 %.0f 页、%.0f 件；服务的内存每分钟最多 %d MB\n", len(people), v.Minutes, float64(looked.Load())/passed, float64(n.Load())/passed, each)
	v.keep(fmt.Sprintf("%s: %d cases, most memory of the server over %d minutes", v.kind, v.total, v.Minutes), float64(slices.Max(each)), "MB")
	v.keep(fmt.Sprintf("%s: %d cases, memory of the server in the first of %d minutes", v.kind, v.total, v.Minutes), float64(each[0]), "MB")
	v.keep(fmt.Sprintf("%s: %d cases, memory of the server in the last of %d minutes", v.kind, v.total, v.Minutes), float64(each[len(each)-1]), "MB")
	return nil
}

// minutes is the most memory that the program held in each minute.
func (v *visitors) minutes(begin time.Time) (list []int) {
	for i := range v.Minutes {
		time.Sleep(time.Until(begin.Add(time.Duration(i+1)*time.Minute - time.Second)))
		list = append(list, v.server.mostMemory())
	}
	return list
}

// bytes is how big the database is.
func (v *visitors) bytes(ctx context.Context) (n int64, err error) {
	if v.kind == db.Postgres {
		d, err := db.Open(ctx, v.dsn())
		if err != nil {
			return 0, err
		}
		defer d.Close() //nolint:errcheck // only read
		err = d.Reader().NewRaw("SELECT pg_database_size(current_database())").Scan(ctx, &n)
		return n, err
	}
	for _, file := range db.FilesOf(filepath.Join(v.Data, databaseName)) {
		for _, end := range []string{"", "-wal"} {
			info, err := os.Stat(file + end)
			if err != nil && !os.IsNotExist(err) {
				return 0, err
			}
			if err == nil {
				n += info.Size()
			}
		}
	}
	return n, nil
}

// starts measures from starting the program on the filled database to its first page, five times.
func (v *visitors) starts(ctx context.Context) error {
	var healthy, page []time.Duration
	for range 5 {
		began := time.Now()
		p, err := v.serve(ctx, v.ground, "")
		if err != nil {
			return err
		}
		_, err = get(ctx, http.DefaultClient, p.url+"/signin")
		healthy, page = append(healthy, p.up), append(page, time.Since(began))
		p.stop()
		if err != nil {
			return err
		}
	}
	v.keep(string(v.kind)+": from start to first page", median(page).Seconds()*1000, "ms")
	_, err := fmt.Fprintf(v.out, "在这个库上启动：到 /healthz 答复 %s，到第一页 %s（5 次的中位）\n", ms(median(healthy)), ms(median(page)))
	return err
}

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"time"

	"pinzhi/internal/access"
	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/drill"
	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/notify"
	"pinzhi/internal/web"
)

// benchCmd measures what people wait for, in a made-up city that lived for months, over HTTP. It only prints and keeps
// what it measured: a machine that is busy must fail no test.
type benchCmd struct {
	DB       string `name:"db" placeholder:"postgres://…" help:"在这个空的 PostgreSQL 库上再测一遍。"`
	Read     string `type:"existingfile" default:"examples/linfen-2023/plan.txt" help:"测读方案用哪一份。"`
	Cases    int    `default:"100000" help:"演练多少件案件。"`
	Months   int    `default:"15" help:"演练几个月。"`
	Requests int    `default:"100" help:"每一页请求多少次。"`
	Clients  int    `default:"16" help:"登记案件时同时有多少人。"`
	Seconds  int    `default:"10" help:"登记案件测多少秒。"`
	Keep     string `type:"path" default:"bench/latest.json" help:"结果存到哪个文件。"`
	Profile  string `type:"path" placeholder:"FILE" help:"把请求各页时的 CPU 剖析写到文件，go tool pprof 可看。"`

	kept []measured
}

// measured is one figure, with the machine it was taken on.
type measured struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Cores  int     `json:"cores"`
	Memory int     `json:"memory"` // of the machine, MB
}

func (c *benchCmd) keep(name string, value float64, unit string) {
	c.kept = append(c.kept, measured{name, math.Round(value*1000) / 1000, unit, runtime.NumCPU(), machineMemory()})
}

// Run prints a table for each database, and keeps the figures.
func (c *benchCmd) Run(ctx context.Context, s *streams) error {
	fmt.Fprintf(s.out, "%s/%s，%d 个处理器，内存 %d MB，%s\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), machineMemory(), runtime.Version())
	if err := c.processes(ctx, s.out); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "pinzhi-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, g := range []ground{{Data: filepath.Join(dir, "sqlite")}, {Data: filepath.Join(dir, "postgres"), DB: c.DB}} {
		if g.DB == "" && filepath.Base(g.Data) == "postgres" {
			continue
		}
		if err := c.measure(ctx, s.out, g); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(c.Keep), 0o750); err != nil {
		return err
	}
	text, err := json.MarshalIndent(c.kept, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(c.Keep, append(text, '\n'), 0o600)
}

// benched is a running site to measure.
type benched struct {
	*benchCmd
	ground

	out       io.Writer
	db        *db.DB
	campaigns *campaign.Service
	accounts  *access.Service
	campaign  campaign.Campaign
	today     kernel.Date
}

func (c *benchCmd) measure(ctx context.Context, out io.Writer, g ground) error {
	ctx = kernel.WithActor(ctx, kernel.TheSystem)
	d, closeDB, err := g.openGround(ctx)
	if err != nil {
		return err
	}
	defer closeDB() //nolint:errcheck // thrown away
	fmt.Fprintf(out, "\n== %s ==\n", d.Kind())
	if err := mustBeEmpty(ctx, d); err != nil {
		return err
	}
	blobs, err := evidence.NewFolder(filepath.Join(g.Data, "evidence"))
	if err != nil {
		return err
	}
	began := time.Now()
	lived, err := drill.Live(ctx, d, blobs, drill.Options{Cases: c.Cases, Months: c.Months, Seed: 1, Pictures: 40}, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "演练 %d 件、%d 个月：%.1f 秒\n", c.Cases, c.Months, time.Since(began).Seconds())
	c.keep(fmt.Sprintf("%s: drill of %d cases", d.Kind(), c.Cases), time.Since(began).Seconds(), "s")
	until := time.Now()
	clock := kernel.FixedClock(func() time.Time { return lived.Until.Add(time.Since(until)) })
	b := &benched{benchCmd: c, ground: g, out: out, db: d, campaigns: campaign.New(d, clock), accounts: access.NewService(d, clock), campaign: lived.Campaign, today: clock.Today()}
	began = time.Now()
	keeper, err := ledger.Open(ctx, d, g.Data, clock)
	if err != nil {
		return err
	}
	if _, err := keeper.SealNow(ctx); err != nil {
		return err
	}
	fmt.Fprintf(out, "封存流水：%.1f 秒\n", time.Since(began).Seconds())
	if d.Kind() == db.Postgres { // as autovacuum does within minutes
		if _, err := d.Reader().ExecContext(ctx, "VACUUM ANALYZE"); err != nil {
			return err
		}
	}
	background, stop := context.WithCancel(ctx)
	defer stop()
	go keeper.Run(background) // as in serve
	return b.visit(background, clock, blobs)
}

// visit boots the handler that ships, on a loopback address, and measures its pages, writing, and its start.
func (b *benched) visit(ctx context.Context, clock kernel.Clock, blobs evidence.Blobs) error {
	log := slog.New(slog.DiscardHandler)
	days, files := calendar.New(b.db, clock), evidence.New(b.db, blobs, clock, evidence.DefaultLimits)
	matters := cases.New(b.db, clock, days, b.campaigns, files)
	telling, err := notify.New(b.db, clock, days, b.campaigns, matters, b.accounts, notify.Config{})
	if err != nil {
		return err
	}
	go matters.Run(ctx)
	go days.Run(ctx, log)
	go telling.Run(ctx, log)
	server := &web.Server{DB: b.db, Clock: clock, Campaigns: b.campaigns, Cases: matters, Calendar: days, Evidence: files, Accounts: b.accounts, Notify: telling,
		Sessions: access.NewSessions(b.accounts, false), Log: log}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	watch := &stopwatch{next: server.Handler(), took: make(chan time.Duration, 1)}
	h := &http.Server{Handler: watch, ReadHeaderTimeout: time.Minute}
	go h.Serve(l)   //nolint:errcheck // closed below
	defer h.Close() //nolint:errcheck // thrown away
	v, err := b.enter(ctx, "http://"+l.Addr().String(), watch)
	if err != nil {
		return err
	}
	if err := b.profiled(func() error { return v.pages(ctx) }); err != nil {
		return err
	}
	if err := v.registers(ctx); err != nil {
		return err
	}
	fmt.Fprintf(b.out, "服务和演练、压测在同一进程，内存最多用到 %d MB\n", mostMemory())
	b.keep(string(b.db.Kind())+": most memory of the process, filling and clients included", float64(mostMemory()), "MB")
	return b.start(ctx)
}

func (c *benchCmd) profiled(do func() error) error {
	if c.Profile == "" {
		return do()
	}
	f, err := os.Create(c.Profile)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return do()
}

// processes measures reading a plan as whoever types the command waits for it.
func (c *benchCmd) processes(ctx context.Context, out io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var took []time.Duration
	for range 11 {
		start := time.Now()
		//nolint:gosec // this very program, on a file that its caller named
		if err := exec.CommandContext(ctx, self, "plan", "read", c.Read, "--format", "json").Run(); err != nil {
			return fmt.Errorf("plan read: %w", err)
		}
		took = append(took, time.Since(start))
	}
	fmt.Fprintf(out, "读方案 %s，从启动进程到退出：中位 %s，最长 %s\n", c.Read, ms(median(took)), ms(slices.Max(took)))
	return nil
}

// starts is how often the start is measured.
const starts = 5

// start measures from starting the program on the filled database to its first page. The program listens only once
// the schema is checked, so answering /healthz and the page is all there is to wait for.
func (b *benched) start(ctx context.Context) error {
	var healthy, page []time.Duration
	for range starts {
		h, p, err := b.startOnce(ctx)
		if err != nil {
			return err
		}
		healthy, page = append(healthy, h), append(page, p)
	}
	b.keep(string(b.db.Kind())+": from start to first page", median(page).Seconds()*1000, "ms")
	fmt.Fprintf(b.out, "在这个库上启动：到 /healthz 答复 %s，到第一页 %s（%d 次的中位）\n", ms(median(healthy)), ms(median(page)), starts)
	return nil
}

func (b *benched) startOnce(ctx context.Context) (healthy, page time.Duration, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, 0, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0") // a port that is free
	if err != nil {
		return 0, 0, err
	}
	addr := l.Addr().String()
	_ = l.Close()
	args := []string{"serve", "--addr", addr, "--data", b.Data, "--log", os.DevNull}
	if b.ground.DB != "" {
		args = append(args, "--db", b.ground.DB)
	}
	p := exec.CommandContext(ctx, self, args...) //nolint:gosec // this very program
	begin := time.Now()
	if err := p.Start(); err != nil {
		return 0, 0, err
	}
	defer func() {
		_ = p.Process.Signal(os.Interrupt)
		_ = p.Wait()
	}()
	for time.Since(begin) < time.Minute {
		if _, err := get(ctx, http.DefaultClient, "http://"+addr+"/healthz"); err == nil {
			healthy = time.Since(begin)
			_, err = get(ctx, http.DefaultClient, "http://"+addr+"/signin")
			return healthy, time.Since(begin), err
		}
		time.Sleep(time.Millisecond)
	}
	return 0, 0, kernel.E(kernel.Unavailable, "一分钟里没有启动起来")
}

func median(d []time.Duration) time.Duration { return share(d, 50) }

// share is the time within which so many per cent lie.
func share(d []time.Duration, percent int) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[min(len(d)-1, len(d)*percent/100)]
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
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
	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/web"
)

// benchCmd measures what people wait for, on a made-up city's campaign filled through the services that everybody
// uses, over HTTP. It only prints: a machine that is busy must fail no test.
type benchCmd struct {
	DB       string `name:"db" placeholder:"postgres://…" help:"在这个空的 PostgreSQL 库上再测一遍。"`
	Plan     string `type:"existingfile" default:"examples/pinghe/plan.txt" help:"用哪份方案启动演练行动。"`
	Read     string `type:"existingfile" default:"examples/linfen-2023/plan.txt" help:"测读方案用哪一份。"`
	Items    int    `default:"385" help:"每项任务分解出多少工作项。"`
	Requests int    `default:"60" help:"每一页请求多少次。"`
	Clients  int    `default:"16" help:"登记工作项时同时有多少人。"`
	Profile  string `type:"path" placeholder:"FILE" help:"把请求各页时的 CPU 剖析写到文件，go tool pprof 可看。"`
}

// Run prints a table for each database.
func (c *benchCmd) Run(ctx context.Context, s *streams) error {
	fmt.Fprintf(s.out, "%s/%s，%d 个处理器，%s\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
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
	return nil
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
	// A day in the middle of the plan's phases, so that the pages hold what they hold in use.
	clock := kernel.FixedClock(func() time.Time { return time.Date(2024, 3, 27, 1, 40, 0, 0, time.UTC) })
	b := &benched{benchCmd: c, ground: g, out: out, db: d, campaigns: campaign.New(d, clock), accounts: access.NewService(d, clock), today: clock.Today()}
	fmt.Fprintf(out, "\n== %s ==\n", d.Kind())
	if err := b.fill(ctx); err != nil {
		return err
	}
	keeper, err := ledger.Open(ctx, d, g.Data, clock)
	if err != nil {
		return err
	}
	if _, err := keeper.SealNow(ctx); err != nil {
		return err
	}
	background, stop := context.WithCancel(ctx)
	defer stop()
	go keeper.Run(background) // as in serve
	return b.visit(ctx, clock)
}

// visit boots the handler that ships, on a loopback address, and measures its pages, writing, and its start.
func (b *benched) visit(ctx context.Context, clock kernel.Clock) error {
	server := &web.Server{DB: b.db, Clock: clock, Campaigns: b.campaigns, Accounts: b.accounts,
		Sessions: access.NewSessions(b.accounts, false), Log: slog.New(slog.DiscardHandler)}
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
	if err := v.writes(ctx); err != nil {
		return err
	}
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

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/drill"
	"pinzhi/internal/kernel"
)

// benchCmd measures what people wait for, in a made-up city that lived for months: the program itself runs as a process
// of its own, and people come to it over HTTP. It only prints and keeps what it measured: a machine that is busy must
// fail no test.
type benchCmd struct {
	DB       string `name:"db" placeholder:"postgres://…" help:"在这个空的 PostgreSQL 库上再测一遍。"`
	Only     string `default:"" enum:",sqlite,postgres" help:"只测一种数据库。"`
	City     string `type:"existingdir" placeholder:"DIR" help:"用这个已经演练好的数据目录（SQLite），不另演练；会在里面登记案件。"`
	Moved    string `type:"existingdir" placeholder:"DIR" help:"--db 的库里已经恢复好了演练，这是它的数据目录，不另搬。"`
	Read     string `type:"existingfile" default:"examples/linfen-2023/plan.txt" help:"测读方案用哪一份。"`
	Cases    int    `default:"100000" help:"演练多少件案件。"`
	Months   int    `default:"15" help:"演练几个月。"`
	Requests int    `default:"200" help:"每一页请求多少次。"`
	Clients  int    `default:"16" help:"同时有多少人。"`
	Seconds  int    `default:"10" help:"登记案件测多少秒。"`
	Minutes  int    `default:"1" help:"大家不停地看和登记，看服务的内存，测多少分钟。"`
	Keep     string `type:"path" default:"bench/latest.json" help:"结果存到哪个文件。"`
	Profile  string `type:"path" placeholder:"FILE" help:"把服务的 CPU 剖析写到文件，go tool pprof 可看。"`

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
	city := ground{Data: filepath.Join(dir, "sqlite")}
	switch {
	case c.City != "":
		city.Data = c.City
	case c.Moved != "" && c.Only == string(db.Postgres):
	default:
		if err := c.drill(ctx, s.out, city); err != nil {
			return err
		}
	}
	if c.DB != "" && c.Only != string(db.SQLite) { // before the city on SQLite is written to
		if err := c.onPostgres(ctx, s.out, city, dir); err != nil {
			return err
		}
	}
	if c.Only != string(db.Postgres) {
		if err := c.measure(ctx, s.out, city); err != nil {
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

// drill has the city live, by the command that people use.
func (c *benchCmd) drill(ctx context.Context, out io.Writer, g ground) error {
	began := time.Now()
	err := c.self(ctx, out, "drill", "--data", g.Data, "--cases", strconv.Itoa(c.Cases), "--months", strconv.Itoa(c.Months), "--seed", "1")
	c.keep(fmt.Sprintf("sqlite: drill of %d cases over %d months", c.Cases, c.Months), time.Since(began).Seconds(), "s")
	return err
}

// onPostgres measures the city on the other database.
func (c *benchCmd) onPostgres(ctx context.Context, out io.Writer, city ground, dir string) error {
	moved := ground{Data: c.Moved, DB: c.DB}
	if c.Moved == "" {
		moved.Data = filepath.Join(dir, "postgres")
		if err := c.move(ctx, out, city, moved, filepath.Join(dir, "city.tar.gz")); err != nil {
			return err
		}
	}
	return c.measure(ctx, out, moved)
}

// move carries the city from one database to the other: by its backup, which restoring reads on any of them. Living
// again through every step would take hours where each statement is a way there and back.
func (c *benchCmd) move(ctx context.Context, out io.Writer, from, to ground, by string) error {
	began := time.Now()
	if err := c.self(ctx, out, "backup", "--data", from.Data, by); err != nil {
		return err
	}
	fmt.Fprintf(out, "备份用 %.1f 秒\n", time.Since(began).Seconds())
	began = time.Now()
	if err := c.self(ctx, out, "restore", "--data", to.Data, "--db", to.DB, by); err != nil {
		return err
	}
	fmt.Fprintf(out, "恢复到 PostgreSQL 用 %.1f 秒\n", time.Since(began).Seconds())
	d, closeDB, err := to.openGround(ctx)
	if err != nil {
		return err
	}
	defer closeDB()                                        //nolint:errcheck // written is committed
	_, err = d.Reader().ExecContext(ctx, "VACUUM ANALYZE") // as autovacuum does within minutes
	return err
}

// self runs another command of this program.
func (c *benchCmd) self(ctx context.Context, out io.Writer, args ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	p := exec.CommandContext(ctx, self, args...) //nolint:gosec // this very program
	p.Stdout, p.Stderr = out, out
	if err := p.Run(); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return nil
}

// measure starts the program on a city, and comes to it.
func (c *benchCmd) measure(ctx context.Context, out io.Writer, g ground) error {
	v, err := c.prepare(kernel.WithActor(ctx, kernel.TheSystem), out, g)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n== %s，%d 件案件 ==\n", v.kind, v.total)
	p, err := c.serve(ctx, g, c.Profile)
	if err != nil {
		return err
	}
	defer p.stop()
	v.url, v.server = p.url, p
	if err := v.signInAll(ctx); err != nil {
		return err
	}
	if err := v.settle(ctx); err != nil {
		return err
	}
	for _, part := range []func(context.Context) error{v.pages, v.registers, v.days} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	p.stop()
	return v.starts(ctx)
}

// until is the instant at which the drill stopped, as --now takes it.
func (c *benchCmd) until() string {
	return drill.End(c.Months).In(kernel.Shanghai).Format("2006-01-02T15:04")
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

func median(d []time.Duration) time.Duration { return share(d, 50) }

// share is the time within which so many per cent lie.
func share(d []time.Duration, percent int) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[min(len(d)-1, len(d)*percent/100)]
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

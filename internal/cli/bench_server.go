package cli

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"pinzhi/internal/kernel"
)

// process is the program serving, as a process of its own.
type process struct {
	url  string
	up   time.Duration // from its start to its first answer
	cmd  *exec.Cmd
	said bytes.Buffer

	watching chan struct{}
	stopped  sync.Once

	mu   sync.Mutex
	most int // of memory, since the last look
}

// serve starts the program and waits until it answers. Where its processors' time is wanted, profile is the file.
func (c *benchCmd) serve(ctx context.Context, g ground, profile string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0") // a port that is free
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	_ = l.Close()
	args := []string{"serve", "--addr", addr, "--data", g.Data, "--now", c.until(), "--log", os.DevNull}
	if g.DB != "" {
		args = append(args, "--db", g.DB)
	}
	if profile != "" {
		args = append(args, "--profile", profile)
	}
	p := &process{url: "http://" + addr, cmd: exec.CommandContext(ctx, self, args...), watching: make(chan struct{})} //nolint:gosec // this very program
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for time.Since(began) < time.Minute {
		if _, err := get(ctx, http.DefaultClient, p.url+"/healthz"); err == nil {
			p.up = time.Since(began)
			go p.watch()
			return p, nil
		}
		time.Sleep(time.Millisecond)
	}
	_ = p.cmd.Process.Kill()
	return nil, kernel.E(kernel.Unavailable, "一分钟里没有启动起来").Because(fmt.Errorf("%w: %s", p.cmd.Wait(), p.said.String()))
}

// stop lets it end as Ctrl-C does.
func (p *process) stop() {
	p.stopped.Do(func() {
		close(p.watching)
		_ = p.cmd.Process.Signal(os.Interrupt)
		_ = p.cmd.Wait()
	})
}

// watch looks at its memory five times a second.
func (p *process) watch() {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-p.watching:
			return
		case <-tick.C:
			now := p.memory()
			p.mu.Lock()
			p.most = max(p.most, now)
			p.mu.Unlock()
		}
	}
}

// memory is what it holds of the machine's memory (RSS), in MB; 0 where that is not told.
func (p *process) memory() int {
	return inKB("/proc/"+strconv.Itoa(p.cmd.Process.Pid)+"/status", "VmRSS:") / 1024
}

// used is how long processors have worked for it; 0 where that is not told.
func (p *process) used() time.Duration {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/stat")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name may have spaces
	fields := strings.Fields(rest)
	const user, system, tick = 11, 12, 10 * time.Millisecond
	if len(fields) <= system {
		return 0
	}
	u, _ := strconv.Atoi(fields[user])
	s, _ := strconv.Atoi(fields[system])
	return time.Duration(u+s) * tick
}

// mostMemory is the most that it held since the last look.
func (p *process) mostMemory() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	most := p.most
	p.most = 0
	return most
}

// machineMemory is the machine's memory in MB, 0 where it is not told.
func machineMemory() int { return inKB("/proc/meminfo", "MemTotal:") / 1024 }

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

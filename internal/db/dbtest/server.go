package dbtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

var errNoPrograms = errors.New("initdb and postgres are neither in PATH nor in /usr/lib/postgresql")

// The server's folder, shared by the test processes of one user of the machine:
//
//	lock   held while a process starts or joins the server
//	lease  touched every few seconds by each process that uses it
//	ready  there while the server may be joined
//	data   the cluster
//
// The keeper, a small shell script, stops the server and removes the folder when the lease is over a minute old.
// It first takes ready away and then looks at the lease again; a process first touches the lease and then looks
// for ready. So one of the two sees the other, and no test joins a server about to stop.
func serverFolder() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("pinzhi-pg-%d", os.Getuid()))
}

const keeper = `
dir=$1; bin=$2
while :; do
  sleep 5
  [ -d "$dir/data" ] || exit 0
  [ -n "$(find "$dir/lease" -mmin -1 2>/dev/null)" ] && continue
  rm -f "$dir/ready"
  if [ -n "$(find "$dir/lease" -mmin -1 2>/dev/null)" ]; then : > "$dir/ready"; continue; fi
  "$bin/pg_ctl" stop -D "$dir/data" -m immediate -w >/dev/null 2>&1
  rm -rf "$dir/data" "$dir"/.s.PGSQL.*
  exit 0
done
`

// join returns the folder of a running server, started if need be, and keeps the lease from then on.
func join() (string, error) {
	bin, err := programs()
	if err != nil {
		return "", err
	}
	s := starter{dir: serverFolder(), bin: bin}
	if err := s.prepare(); err != nil {
		return "", err
	}
	unlock, err := lockFile(filepath.Join(s.dir, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if err := s.touchLease(); err != nil {
		return "", err
	}
	go s.keepLease()
	return s.dir, s.ensureRunning()
}

// programs finds the folder of initdb and postgres, the newest version first.
func programs() (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(p), nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is well-formed
	if len(found) == 0 {
		return "", errNoPrograms
	}
	return filepath.Dir(found[len(found)-1]), nil
}

type starter struct {
	dir, bin string
	as       *syscall.Credential // who runs the server: PostgreSQL refuses root
}

func (s *starter) prepare() error {
	if err := os.MkdirAll(s.dir, 0o755); err != nil { //nolint:gosec // the server's user must get in
		return err
	}
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("PostgreSQL must not run as root: %w", err)
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32) // a number on every Unix
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	s.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(s.dir, int(uid), int(gid))
}

func (s *starter) touchLease() error {
	return os.WriteFile(filepath.Join(s.dir, "lease"), nil, 0o644) //nolint:gosec // the keeper reads it
}

func (s *starter) keepLease() {
	for range time.Tick(10 * time.Second) {
		now := time.Now()
		_ = os.Chtimes(filepath.Join(s.dir, "lease"), now, now)
	}
}

// ensureRunning waits for a server that is just stopping, joins a running one, or starts one.
func (s *starter) ensureRunning() error {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if s.has("ready") {
			if s.answers() {
				return nil
			}
			break // killed from outside: start afresh
		}
		if !s.has("data") {
			break
		}
	}
	return s.start()
}

func (s *starter) has(name string) bool {
	_, err := os.Stat(filepath.Join(s.dir, name))
	return err == nil
}

func (s *starter) answers() bool {
	return s.run("pg_ctl", "status", "-D", filepath.Join(s.dir, "data")) == nil
}

// start makes a cluster that need not survive anything, and its keeper.
func (s *starter) start() error {
	data := filepath.Join(s.dir, "data")
	_ = os.Remove(filepath.Join(s.dir, "ready"))
	_ = s.run("pg_ctl", "stop", "-D", data, "-m", "immediate") // fails where nothing runs
	if err := os.RemoveAll(data); err != nil {
		return err
	}
	if err := s.run("initdb", "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C", "-N"); err != nil {
		return err
	}
	options := fmt.Sprintf("-k %s -c listen_addresses='' -c fsync=off -c synchronous_commit=off "+
		"-c full_page_writes=off -c max_connections=300 -c shared_buffers=64MB -c autovacuum=off", s.dir)
	if err := s.run("pg_ctl", "start", "-w", "-D", data, "-l", filepath.Join(data, "log"), "-o", options); err != nil {
		return err
	}
	k := s.command("/bin/sh", "-c", keeper, "keeper", s.dir, s.bin)
	k.SysProcAttr.Setsid = true
	if err := k.Start(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, "ready"), nil, 0o644) //nolint:gosec // the keeper removes it
}

// command prepares a program of the server's user. It gets no pipe of ours: go test waits for pipes to close.
func (s *starter) command(program string, args ...string) *exec.Cmd {
	c := exec.Command(program, args...) //nolint:gosec,noctx // a program found by us; the server outlives the test
	c.Dir = s.dir
	c.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.as}
	return c
}

func (s *starter) run(program string, args ...string) error {
	out, err := os.CreateTemp("", "pinzhi-pg-*.log")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	c := s.command(filepath.Join(s.bin, program), args...)
	c.Stdout, c.Stderr = out, out
	if err := c.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		return fmt.Errorf("%s: %w\n%s", program, err, bytes.TrimSpace(said))
	}
	return nil
}

// lockFile takes an advisory lock that the kernel gives back when the process ends, however it ends.
func lockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// isBusyTemplate recognises "source database is being accessed by other users".
func isBusyTemplate(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "55006"
}

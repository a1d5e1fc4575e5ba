package db

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Every connection of a pool must behave alike, so all of it stands in the DSN: a pragma run once would reach
// one connection only. FULL, not NORMAL: what was answered with "done" survives a power cut.
var (
	pragmas = []string{
		"journal_mode(wal)", "synchronous(full)", "foreign_keys(on)", "busy_timeout(10000)",
		"temp_store(memory)", "journal_size_limit(67108864)",
	}
	// Every reader keeps pages of its own; what it does not have is mostly in the system's memory.
	readerPragmas = append([]string{"query_only(on)", "cache_size(-8000)"}, pragmas...)
	// The writer leaves it to a connection of its own to carry the log over into the file, so that nobody's write
	// waits for that; only where the log has grown far does it lend a hand.
	writerPragmas  = append([]string{"wal_autocheckpoint(40000)", "cache_size(-16000)"}, pragmas...)
	carrierPragmas = append([]string{"cache_size(-1000)"}, pragmas...)
)

// carryEvery is how often the log is carried over into the file.
const carryEvery = 500 * time.Millisecond

// carry carries the log over until stop is closed. It never waits for readers or the writer.
func carry(pool *bun.DB, stop <-chan struct{}, done chan<- struct{}) {
	defer close(done)
	tick := time.NewTicker(carryEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			_, _ = pool.ExecContext(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)") // again in a moment
		}
	}
}

func openSQLite(ctx context.Context, path string) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, kernel.E(kernel.Unavailable, "数据目录“%s”建不起来", filepath.Dir(path)).Because(err)
	}
	if err := keepPrivate(path); err != nil {
		return nil, kernel.E(kernel.Unavailable, "数据库文件“%s”建不起来", path).Because(err)
	}
	writer, err := sqlitePool(ctx, path, writerPragmas, 1)
	if err != nil {
		return nil, kernel.E(kernel.Unavailable, "数据库文件“%s”打不开", path).Because(err)
	}
	reader, err := sqlitePool(ctx, path, readerPragmas, max(4, 2*runtime.NumCPU()))
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	carrier, err := sqlitePool(ctx, path, carrierPragmas, 1)
	if err != nil {
		return nil, errors.Join(err, writer.Close(), reader.Close())
	}
	stop, carried := make(chan struct{}), make(chan struct{})
	go carry(carrier, stop, carried) //nolint:gosec // it outlives this call
	index := &words{path: wordsFile(path)}
	following, endFollowing := context.WithCancel(context.WithoutCancel(ctx))
	var follower sync.WaitGroup
	follower.Go(func() { index.follow(following, reader) })
	d := &DB{kind: SQLite, reader: reader, writer: writer, queue: newQueue(writer), words: index} //nolint:contextcheck // the queue outlives this call
	d.closer = sync.OnceValue(func() error {
		close(stop)
		endFollowing()
		<-carried
		follower.Wait()
		d.queue.close()
		forgetPrepared(reader, writer)
		return errors.Join(index.close(), carrier.Close(), reader.Close(), writer.Close())
	})
	return d, nil
}

// keepPrivate makes a missing file such that only its owner reads it; SQLite gives its other files the same mode.
func keepPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func sqlitePool(ctx context.Context, path string, pragmas []string, size int) (*bun.DB, error) {
	pool, err := sql.Open("sqlite", sqliteDSN(path, pragmas))
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return bun.NewDB(pool, sqlitedialect.New()), nil
}

// sqliteDSN escapes the path so that a '?', '#' or '%' in a folder's name stays part of the name.
func sqliteDSN(path string, pragmas []string) string {
	q := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}, "_timezone": {"UTC"}}
	parts := strings.Split(filepath.ToSlash(path), "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return "file:" + strings.Join(parts, "/") + "?" + q.Encode()
}

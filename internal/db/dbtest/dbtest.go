// Package dbtest gives a test a fresh, migrated database of each kind.
//
// SQLite is a file in the test's own folder. PostgreSQL is a throw-away server that the first test of the machine
// starts and all test processes share; it ends by itself a minute after the last of them.
package dbtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"pinzhi/internal/db"
)

// Each runs fn as a subtest on each database.
func Each(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	for _, kind := range []db.Kind{db.SQLite, db.Postgres} {
		t.Run(string(kind), func(t *testing.T) { fn(t, Open(t, kind)) })
	}
}

// Open returns a fresh, migrated database that is closed and gone after the test.
// Without PostgreSQL's programs the test is skipped, or under CI fails: there a skip would hide half the proof.
func Open(tb testing.TB, kind db.Kind) *db.DB {
	tb.Helper()
	return open(tb, DSN(tb, kind))
}

// DSN makes a fresh, migrated database and returns where it is, for tests that open it themselves.
func DSN(tb testing.TB, kind db.Kind) string {
	tb.Helper()
	if kind == db.SQLite {
		return copyOfTemplate(tb)
	}
	return postgresDatabase(tb, true)
}

// EmptyDSN is a fresh database without any table.
func EmptyDSN(tb testing.TB, kind db.Kind) string {
	tb.Helper()
	if kind == db.SQLite {
		return filepath.Join(tb.TempDir(), "empty.db")
	}
	return postgresDatabase(tb, false)
}

func open(tb testing.TB, dsn string) *db.DB {
	tb.Helper()
	d, err := db.Open(tb.Context(), dsn)
	if err != nil {
		tb.Fatalf("open %s: %v", dsn, err)
	}
	tb.Cleanup(func() {
		if err := d.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return d
}

// sqliteTemplate migrates once a process; a test starts from a copy.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "pinzhi-template-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "template.db")
	if err := migrate(path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func copyOfTemplate(tb testing.TB) string {
	tb.Helper()
	content, err := sqliteTemplate()
	if err != nil {
		tb.Fatalf("make the template: %v", err)
	}
	path := filepath.Join(tb.TempDir(), "test.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// migrate opens, migrates and closes, so that the whole database is in its file.
func migrate(dsn string) error {
	ctx := context.Background()
	d, err := db.Open(ctx, dsn)
	if err != nil {
		return err
	}
	if err := d.Migrate(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", dsn, err)
	}
	return d.Close()
}

func randomName(prefix string) string {
	b := make([]byte, 6)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return fmt.Sprintf("%s%x", prefix, b)
}

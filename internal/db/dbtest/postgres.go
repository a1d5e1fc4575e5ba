package dbtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// postgresDatabase makes a database, migrated or empty, dropped after the test.
func postgresDatabase(tb testing.TB, migrated bool) string {
	tb.Helper()
	s, err := server()
	switch {
	case errors.Is(err, errNoPrograms) && os.Getenv("CI") == "":
		tb.Skip("PostgreSQL 的程序没有安装，跳过它的一半测试；script/bootstrap 会装上")
	case err != nil:
		tb.Fatalf("PostgreSQL for tests: %v", err)
	}
	template := "template1"
	if migrated {
		if template, err = s.template(); err != nil {
			tb.Fatalf("make the template: %v", err)
		}
	}
	name := randomName("test_")
	if err := s.exec(fmt.Sprintf("create database %s template %s", name, template)); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.exec("drop database " + name + " with (force)"); err != nil {
			tb.Errorf("drop database: %v", err)
		}
	})
	return s.dsn(name)
}

// cluster is the running server, as this process sees it.
type cluster struct {
	dir      string
	admin    *sql.DB
	template func() (string, error)
}

// server starts the machine's test server, or joins it if it runs.
var server = sync.OnceValues(func() (*cluster, error) {
	dir, err := join()
	if err != nil {
		return nil, err
	}
	s := &cluster{dir: dir}
	if s.admin, err = sql.Open("pgx", s.dsn("postgres")); err != nil {
		return nil, err
	}
	s.admin.SetMaxOpenConns(2)
	s.template = sync.OnceValues(s.migratedTemplate)
	return s, nil
})

// dsn reaches a database through the socket in the server's folder. No port is opened.
func (s *cluster) dsn(database string) string {
	q := url.Values{"host": {s.dir}, "user": {"postgres"}, "sslmode": {"disable"}}
	return "postgres:///" + database + "?" + q.Encode()
}

// exec runs a statement of the server. Databases copied from one template at the same time are refused for a moment.
func (s *cluster) exec(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		_, err := s.admin.ExecContext(ctx, statement)
		if err == nil || !isBusyTemplate(err) {
			return err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// migratedTemplate makes this process's template: another process may be built from other migrations.
func (s *cluster) migratedTemplate() (string, error) {
	name := randomName("template_")
	if err := s.exec("create database " + name); err != nil {
		return "", err
	}
	return name, migrate(s.dsn(name))
}

package db

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"math"

	"pinzhi/internal/kernel"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/uptrace/bun"
)

// Both folders hold the same numbers: 00001_ground.sql here is 00001_ground.sql there.
// A file that has been released never changes.
//
//go:embed migrations
var migrations embed.FS

// Migrate brings the schema to what this program knows. Several instances may start at once on PostgreSQL:
// the first takes a lock, the others wait and find the work done.
// It fails with conflict on a schema newer than the program, which it would misread.
func (d *DB) Migrate(ctx context.Context) error { return d.MigrateTo(ctx, math.MaxInt64) }

// MigrateTo stops at the given version: a restore fills the schema as it was, then migrates on.
func (d *DB) MigrateTo(ctx context.Context, version int64) error {
	p, err := d.provider()
	if err != nil {
		return err
	}
	current, known, err := p.GetVersions(ctx)
	if err != nil {
		return kernel.E(kernel.Unavailable, "读不出数据库的版本").Because(err)
	}
	if current > known {
		return kernel.E(kernel.Conflict,
			"数据库的版本是 %d，比本程序认识的 %d 新。请换用新版程序，或恢复到旧版的备份", current, known)
	}
	if _, err := p.UpTo(ctx, min(version, known)); err != nil {
		return kernel.E(kernel.Internal, "数据库升级没有完成，数据保持原样").Because(err)
	}
	return nil
}

// SchemaVersion is the number of the newest migration that was applied, 0 for an empty database.
func (d *DB) SchemaVersion(ctx context.Context) (int64, error) {
	p, err := d.provider()
	if err != nil {
		return 0, err
	}
	return p.GetDBVersion(ctx)
}

func (d *DB) provider() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations/"+string(d.kind))
	if err != nil {
		return nil, err
	}
	return newProvider(d.writer, d.kind, files)
}

func newProvider(pool *bun.DB, kind Kind, files fs.FS) (*goose.Provider, error) {
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	dialect := goose.DialectSQLite3
	if kind == Postgres {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, pool.DB, files, options...)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, nil
}

package db

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"time"

	"pinzhi/internal/kernel"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

func openPostgres(ctx context.Context, dsn string) (*DB, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, kernel.E(kernel.Invalid, "PostgreSQL 地址读不懂，应像 postgres://用户@主机/库名").Because(err)
	}
	tune(config, dsn)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err == nil {
		err = pool.Ping(ctx)
	}
	if err != nil {
		return nil, kernel.E(kernel.Unavailable, "连不上 PostgreSQL，请检查地址、账号和服务是否开着").Because(err)
	}
	shared := bun.NewDB(stdlib.OpenDBFromPool(pool), pgdialect.New())
	d := &DB{kind: Postgres, reader: shared, writer: shared}
	d.closer = func() error {
		err := shared.Close()
		pool.Close()
		return err
	}
	return d, nil
}

func tune(config *pgxpool.Config, dsn string) {
	if !strings.Contains(dsn, "pool_max_conns") {
		config.MaxConns = int32(max(10, 4*runtime.NumCPU())) //nolint:gosec // no machine has 2^29 processors
	}
	// bun writes parameters into the SQL, so hardly two statements are equal: preparing each would cost a round
	// trip and fill the server's memory.
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.ConnConfig.RuntimeParams["timezone"] = "UTC"
	config.ConnConfig.RuntimeParams["standard_conforming_strings"] = "on"
	config.AfterConnect = func(_ context.Context, c *pgx.Conn) error {
		c.TypeMap().RegisterType(&pgtype.Type{
			Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
		})
		return nil
	}
}

// snapshotOptions asks PostgreSQL for one view over all reads; SQLite's readers have that by nature.
func (d *DB) snapshotOptions() *sql.TxOptions {
	if d.kind == Postgres {
		return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	return &sql.TxOptions{ReadOnly: true}
}

// maxAttempts bounds how often a transaction that lost a race is run.
const maxAttempts = 12

// retryLane lets those that lost a race pass one at a time. Otherwise, where many write one row (a counter),
// the losers meet again at once and lose again. They compete with newcomers only, so each gets through soon.
type retryLane struct{ sync.Mutex }

// writePostgres runs fn as a serializable transaction, so that a rule that read rows before it wrote holds,
// as it does behind SQLite's single writer.
func (d *DB) writePostgres(ctx context.Context, fn func(tx Tx) error) error {
	err := d.attempt(ctx, fn)
	if !lostRace(err) {
		return err
	}
	d.again.Lock()
	defer d.again.Unlock()
	for n := 1; n < maxAttempts && lostRace(err); n++ {
		if err := pause(ctx, n); err != nil {
			return err
		}
		err = d.attempt(ctx, fn)
	}
	if lostRace(err) {
		return kernel.E(kernel.Unavailable, "同时办理的人太多，没有办成，请再试一次").Because(err)
	}
	return err
}

func (d *DB) attempt(ctx context.Context, fn func(tx Tx) error) error {
	tx, err := d.writer.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit this does nothing; before it the cause is already returned
	if err := runClosure(fn, writeTx{Tx: tx, db: d.writer}); err != nil {
		return err
	}
	return tx.Commit()
}

// lostRace recognises serialization_failure and deadlock_detected.
func lostRace(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

func pause(ctx context.Context, attempt int) error {
	longest := time.Duration(attempt) * 4 * time.Millisecond
	t := time.NewTimer(rand.N(longest)) //nolint:gosec // jitter, not a secret
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

package db

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"runtime"

	"github.com/uptrace/bun"
)

// writeTx is the Tx a write closure gets. It differs from bun's in two ways.
//
// A statement of a shared transaction must not be cancelled: SQLite answers an interrupted INSERT, UPDATE or
// DELETE by rolling back the whole transaction, so one reader closing his browser would undo the work of
// everybody in the same commit. Where steady is set, statements therefore run with a context that cannot end.
//
// And it does not nest: a room that thinks it commits must not find out later that it did not.
type writeTx struct {
	bun.Tx

	db     *bun.DB
	steady bool
	bound  map[*Statement]*sql.Stmt // prepared statements, in this transaction; nil on PostgreSQL
	conn   *sql.Conn                // the connection, inside LoadAll on PostgreSQL
}

var errNoNesting = errors.New("db: the transaction belongs to Write; it cannot be begun again inside")

func (t writeTx) context(ctx context.Context) context.Context {
	if t.steady {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// ExecContext implements bun.IConn.
func (t writeTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return t.Tx.ExecContext(t.context(ctx), query, args...)
}

// QueryContext implements bun.IConn.
func (t writeTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return t.Tx.QueryContext(t.context(ctx), query, args...)
}

// QueryRowContext implements bun.IConn.
func (t writeTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return t.Tx.QueryRowContext(t.context(ctx), query, args...)
}

// BeginTx always fails: see writeTx.
func (t writeTx) BeginTx(context.Context, *sql.TxOptions) (bun.Tx, error) {
	return bun.Tx{}, errNoNesting
}

// RunInTx always fails: see writeTx.
func (t writeTx) RunInTx(context.Context, *sql.TxOptions, func(context.Context, bun.Tx) error) error {
	return errNoNesting
}

// The constructors hand the queries this connection, so that they too run steady.

// NewValues implements bun.IDB.
func (t writeTx) NewValues(model any) *bun.ValuesQuery { return t.db.NewValues(model).Conn(t) }

// NewSelect implements bun.IDB.
func (t writeTx) NewSelect() *bun.SelectQuery { return t.db.NewSelect().Conn(t) }

// NewInsert implements bun.IDB.
func (t writeTx) NewInsert() *bun.InsertQuery { return t.db.NewInsert().Conn(t) }

// NewUpdate implements bun.IDB.
func (t writeTx) NewUpdate() *bun.UpdateQuery { return t.db.NewUpdate().Conn(t) }

// NewDelete implements bun.IDB.
func (t writeTx) NewDelete() *bun.DeleteQuery { return t.db.NewDelete().Conn(t) }

// NewMerge implements bun.IDB.
func (t writeTx) NewMerge() *bun.MergeQuery { return t.db.NewMerge().Conn(t) }

// NewRaw implements bun.IDB.
func (t writeTx) NewRaw(query string, args ...any) *bun.RawQuery {
	return t.db.NewRaw(query, args...).Conn(t)
}

// runClosure runs fn. Its frame on the stack is what insideWrite looks for, so it is never inlined.
//
//go:noinline
func runClosure(fn func(tx Tx) error, tx Tx) error {
	err := fn(tx)
	runtime.KeepAlive(tx) // keeps this a real call: a tail call would leave no frame
	return err
}

var runClosureEntry = reflect.ValueOf(runClosure).Pointer()

// insideWrite reports whether this goroutine is running a write closure. The stack is asked because a closure
// is given tx, not a context that could carry the mark. It costs about a microsecond.
func insideWrite() bool {
	var callers [48]uintptr
	for _, pc := range callers[:runtime.Callers(2, callers[:])] {
		if f := runtime.FuncForPC(pc - 1); f != nil && f.Entry() == runClosureEntry {
			return true
		}
	}
	return false
}

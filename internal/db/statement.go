package db

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// Statement is SQL that runs very often. bun writes values into the SQL, so a database must read each statement anew,
// which on SQLite is most of what a small one costs; here the SQL stays and the values are bound.
//
// It changes nothing else: parameters are ?, and what runs in a write transaction runs in it.
type Statement struct {
	query string // with ?
	pg    string // with $1, $2

	mu       sync.RWMutex
	prepared map[*sql.DB]*sql.Stmt
}

// Prepare makes a statement; it is for package variables. A ? in it is a parameter.
func Prepare(query string) *Statement {
	s := &Statement{query: query, prepared: map[*sql.DB]*sql.Stmt{}}
	var b strings.Builder
	n := 0
	for _, r := range query {
		if r == '?' {
			n++
			b.WriteString("$" + strconv.Itoa(n))
			continue
		}
		b.WriteRune(r)
	}
	s.pg = b.String()
	statements.Lock()
	defer statements.Unlock()
	statements.all = append(statements.all, s)
	return s
}

// Exec runs the statement.
func (s *Statement) Exec(ctx context.Context, tx Tx, args ...any) error {
	_, err := s.exec(ctx, tx, args)
	return err
}

// Affected runs the statement and returns how many rows it changed.
func (s *Statement) Affected(ctx context.Context, tx Tx, args ...any) (int64, error) {
	res, err := s.exec(ctx, tx, args)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (s *Statement) exec(ctx context.Context, tx Tx, args []any) (sql.Result, error) {
	if KindOf(tx) == Postgres {
		return beneath(tx).ExecContext(ctx, s.pg, append([]any{pgx.QueryExecModeCacheStatement}, args...)...)
	}
	bound(args)
	stmt, err := s.on(ctx, tx) //nolint:sqlclosecheck // closed with its pool or its transaction
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return tx.ExecContext(ctx, s.query, args...)
	}
	return stmt.ExecContext(steady(ctx, tx), args...)
}

// Scan runs the statement and reads what it returns into dest, as bun does: a struct, a slice, plain values.
func (s *Statement) Scan(ctx context.Context, tx Tx, dest any, args ...any) error {
	rows, db, err := s.rows(ctx, tx, args)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	if err := db.ScanRows(ctx, rows, dest); err != nil {
		return err
	}
	return rows.Err()
}

// One runs a statement that returns one row, and reads it into plain variables. It reports false where there is none.
func (s *Statement) One(ctx context.Context, tx Tx, args []any, dest ...any) (bool, error) {
	rows, _, err := s.rows(ctx, tx, args)
	if err != nil {
		return false, err
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		return false, rows.Err()
	}
	if err := rows.Scan(dest...); err != nil {
		return false, err
	}
	return true, rows.Close()
}

func (s *Statement) rows(ctx context.Context, tx Tx, args []any) (*sql.Rows, *bun.DB, error) {
	db := bunOf(tx)
	if KindOf(tx) == Postgres {
		rows, err := beneath(tx).QueryContext(ctx, s.pg, append([]any{pgx.QueryExecModeCacheStatement}, args...)...)
		return rows, db, err
	}
	bound(args)
	stmt, err := s.on(ctx, tx) //nolint:sqlclosecheck // closed with its pool or its transaction
	if err != nil {
		return nil, nil, err
	}
	if stmt == nil {
		rows, err := tx.QueryContext(ctx, s.query, args...)
		return rows, db, err
	}
	rows, err := stmt.QueryContext(steady(ctx, tx), args...)
	return rows, db, err
}

// bound writes instants as bun writes them for SQLite; the driver would write them otherwise.
func bound(args []any) {
	for i, a := range args {
		if t, ok := a.(time.Time); ok {
			args[i] = t.UTC().Format(sqliteTime)
		}
	}
}

const sqliteTime = "2006-01-02 15:04:05.999999-07:00"

// Moment is an instant as a value to bind: nothing where it is zero.
func Moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// conn is what database/sql's DB and Tx share.
type conn interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// beneath is what bun's Tx runs on: bun itself would write the values into the SQL.
func beneath(tx Tx) conn {
	switch x := tx.(type) {
	case writeTx:
		return x.Tx.Tx
	case bun.Tx:
		return x.Tx
	case *bun.DB:
		return x.DB
	}
	panic("db: a statement runs on what Reader, Write or Snapshot hands out")
}

// steady is the context that a statement runs with on SQLite: see writeTx. Outside of it too, for to watch over one that
// takes microseconds costs as much as it does.
func steady(ctx context.Context, tx Tx) context.Context {
	if t, ok := tx.(writeTx); ok {
		return t.context(ctx)
	}
	return context.WithoutCancel(ctx)
}

func bunOf(tx Tx) *bun.DB {
	switch x := tx.(type) {
	case writeTx:
		return x.db
	case *bun.DB:
		return x
	}
	return bun.NewDB(nil, tx.Dialect()) // a snapshot's: only to read rows into structs
}

// on is the statement as it is prepared where tx runs; nil where it is not, and is run as it is.
func (s *Statement) on(ctx context.Context, tx Tx) (*sql.Stmt, error) {
	switch x := tx.(type) {
	case *bun.DB:
		if stmt := s.of(x.DB); stmt != nil {
			return stmt, nil
		}
		return s.prepare(ctx, x.DB)
	case writeTx:
		if stmt := x.bound[s]; stmt != nil {
			return stmt, nil
		}
		stmt := s.of(x.db.DB)
		if stmt == nil || x.bound == nil {
			want(x.db.DB, s) // the only connection is taken; it is prepared before the next batch
			return nil, nil  //nolint:nilnil // as said
		}
		x.bound[s] = x.StmtContext(x.context(ctx), stmt)
		return x.bound[s], nil
	}
	return nil, nil //nolint:nilnil // a snapshot's
}

// bind prepares the statement in a write transaction that will run it very often: else it would run as it is until the
// next. The transaction closes it.
func (s *Statement) bind(ctx context.Context, tx Tx) error {
	x, ok := tx.(writeTx)
	if !ok || x.bound == nil || x.bound[s] != nil || s.of(x.db.DB) != nil {
		return nil
	}
	stmt, err := x.PrepareContext(x.context(ctx), s.query) //nolint:sqlclosecheck // closed with its transaction
	if err != nil {
		return fmt.Errorf("prepare %.60s: %w", s.query, err)
	}
	x.bound[s] = stmt
	return nil
}

func (s *Statement) of(pool *sql.DB) *sql.Stmt {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.prepared[pool]
}

func (s *Statement) prepare(ctx context.Context, pool *sql.DB) (*sql.Stmt, error) {
	stmt, err := pool.PrepareContext(context.WithoutCancel(ctx), s.query)
	if err != nil {
		return nil, fmt.Errorf("prepare %.60s: %w", s.query, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if have := s.prepared[pool]; have != nil {
		return have, stmt.Close() //nolint:sqlclosecheck // another was quicker
	}
	s.prepared[pool] = stmt
	return stmt, nil
}

// forget closes what was prepared on a pool.
func (s *Statement) forget(pool *sql.DB) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stmt := s.prepared[pool]; stmt != nil {
		_ = stmt.Close()
		delete(s.prepared, pool)
	}
}

// wants reports whether something ran unprepared on a pool.
func wants(pool *sql.DB) bool {
	wanted.Lock()
	defer wanted.Unlock()
	return len(wanted.by[pool]) > 0
}

// wanted are the statements that ran unprepared in a pool's transactions.
var wanted struct {
	sync.Mutex

	by map[*sql.DB]map[*Statement]bool
}

func want(pool *sql.DB, s *Statement) {
	wanted.Lock()
	defer wanted.Unlock()
	if wanted.by == nil {
		wanted.by = map[*sql.DB]map[*Statement]bool{}
	}
	if wanted.by[pool] == nil {
		wanted.by[pool] = map[*Statement]bool{}
	}
	wanted.by[pool][s] = true
}

// prepareWanted prepares what ran unprepared, between transactions. What cannot be prepared is run as it is.
func prepareWanted(ctx context.Context, pool *sql.DB) {
	wanted.Lock()
	list := wanted.by[pool]
	delete(wanted.by, pool)
	wanted.Unlock()
	for s := range list {
		_, _ = s.prepare(ctx, pool) //nolint:sqlclosecheck // closed with its pool
	}
}

// statements are all that were made, so that a closing database can let go of what it prepared.
var statements struct {
	sync.Mutex

	all []*Statement
}

func forgetPrepared(pools ...*bun.DB) {
	statements.Lock()
	all := slices.Clone(statements.all)
	statements.Unlock()
	for _, pool := range pools {
		for _, s := range all {
			s.forget(pool.DB)
		}
		wanted.Lock()
		delete(wanted.by, pool.DB)
		wanted.Unlock()
	}
}

// Query reads rows of a model by a statement.
type Query[T any] struct {
	tail string
	once sync.Once
	s    *Statement
}

// Select makes a query of whole rows of a model; tail is what follows FROM table AS alias. It is for package variables.
func Select[T any](tail string) *Query[T] { return &Query[T]{tail: tail} }

// All returns what the query finds.
func (q *Query[T]) All(ctx context.Context, tx Tx, args ...any) (rows []T, err error) {
	q.once.Do(func() {
		table := bunOf(tx).Table(reflect.TypeFor[T]())
		var names []string
		for _, f := range table.Fields {
			names = append(names, table.Alias+"."+f.Name)
		}
		q.s = Prepare("SELECT " + strings.Join(names, ", ") + " FROM " + table.Name + " AS " + table.Alias + " " + q.tail)
	})
	err = q.s.Scan(ctx, tx, &rows, args...)
	return rows, err
}

// Update writes rows of a model that stand already, found by their campaign and id.
type Update[T any] struct {
	but    []string
	once   sync.Once
	s      *Statement
	fields []*schema.Field
}

// Change makes an update of all columns of a model but some. It is for package variables.
func Change[T any](but ...string) *Update[T] {
	return &Update[T]{but: append(but, "campaign_id", "id")}
}

// Exec writes a row.
func (u *Update[T]) Exec(ctx context.Context, tx Tx, row *T) error {
	u.once.Do(func() {
		table := bunOf(tx).Table(reflect.TypeFor[T]())
		var sets []string
		for _, f := range table.Fields {
			if !slices.Contains(u.but, f.Name) {
				u.fields, sets = append(u.fields, f), append(sets, f.Name+" = ?")
			}
		}
		u.s = Prepare("UPDATE " + table.Name + " SET " + strings.Join(sets, ", ") + " WHERE campaign_id = ? AND id = ?")
		u.fields = append(u.fields, table.FieldMap["campaign_id"], table.FieldMap["id"])
	})
	return u.s.Exec(ctx, tx, valuesOf(reflect.ValueOf(row).Elem(), u.fields)...)
}

// rowsOf is how rows of a model are inserted: its columns, and how a value is taken from each field.
type rowsOf struct {
	statement *Statement
	fields    []*schema.Field
	id        *schema.Field // given by the database; nil where the table has none
}

var inserts sync.Map // insertKey to *rowsOf

type insertKey struct {
	kind     Kind
	model    reflect.Type
	conflict string
	rows     int
}

// Insert writes a row of a model, a pointer to a struct, as bun's NewInsert would, and fills its id from the database.
func Insert(ctx context.Context, tx Tx, model any) error { return InsertOr(ctx, tx, model, "") }

// InsertOr is Insert with what happens where the row conflicts with one that stands: "ON CONFLICT DO NOTHING". The id
// of a row that was not inserted stays as it is.
func InsertOr(ctx context.Context, tx Tx, model any, conflict string) error {
	v := reflect.ValueOf(model).Elem()
	r := insertOf(tx, insertKey{KindOf(tx), v.Type(), conflict, 1})
	args := valuesOf(v, r.fields)
	if r.id == nil {
		return r.statement.Exec(ctx, tx, args...)
	}
	if KindOf(tx) == SQLite { // knows the last row by itself
		res, err := r.statement.exec(ctx, tx, args)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		id, err := res.LastInsertId()
		r.id.Value(v).SetInt(id)
		return err
	}
	var id int64
	inserted, err := r.statement.One(ctx, tx, args, &id)
	if inserted {
		r.id.Value(v).SetInt(id)
	}
	return err
}

// InsertMany is InsertOr for many rows; it fills in no ids. PostgreSQL gets them in one statement, since each would
// be a way there and back; SQLite gets them by sixteen, and the rest by eight, four, two and one.
func InsertMany[T any](ctx context.Context, tx Tx, rows []T, conflict string) error {
	if KindOf(tx) == Postgres && len(rows) > 1 {
		q := tx.NewInsert().Model(&rows).Returning("NULL")
		if conflict != "" {
			q = q.On(strings.TrimPrefix(conflict, "ON "))
		}
		_, err := q.Exec(ctx)
		return err
	}
	for len(rows) > 0 {
		n := many
		for n > len(rows) {
			n /= 2
		}
		if err := insertPart(ctx, tx, rows[:n], conflict); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// InsertNew writes rows of a model on SQLite and fills in their ids: those of one statement follow each other. It fails,
// with nothing written by the statement that failed, where a row conflicts with one that stands.
func InsertNew[T any](ctx context.Context, tx Tx, rows []T) error {
	for len(rows) > 0 {
		n := many
		for n > len(rows) {
			n /= 2
		}
		r, args := insertArgs(tx, rows[:n], "")
		res, err := r.statement.exec(ctx, tx, args)
		if err != nil {
			return err
		}
		last, err := res.LastInsertId()
		if err != nil {
			return err
		}
		for i := range rows[:n] {
			r.id.Value(reflect.ValueOf(&rows[i]).Elem()).SetInt(last - int64(n-1-i))
		}
		rows = rows[n:]
	}
	return nil
}

// many is how many rows SQLite takes by one statement: with more there is little to be saved on each.
const many = 16

func insertPart[T any](ctx context.Context, tx Tx, rows []T, conflict string) error {
	r, args := insertArgs(tx, rows, conflict)
	return r.statement.Exec(ctx, tx, args...)
}

func insertArgs[T any](tx Tx, rows []T, conflict string) (r *rowsOf, args []any) {
	r = insertOf(tx, insertKey{KindOf(tx), reflect.TypeFor[T](), conflict, len(rows)})
	args = make([]any, 0, len(rows)*len(r.fields))
	for i := range rows {
		args = append(args, valuesOf(reflect.ValueOf(&rows[i]).Elem(), r.fields)...)
	}
	return r, args
}

func insertOf(tx Tx, key insertKey) *rowsOf {
	if r, ok := inserts.Load(key); ok {
		return r.(*rowsOf) //nolint:forcetypeassert // nothing else is stored
	}
	table := bunOf(tx).Table(key.model)
	r := &rowsOf{}
	var names, marks []string
	for _, f := range table.Fields {
		if f.AutoIncrement {
			r.id = f
			continue
		}
		r.fields = append(r.fields, f)
		names, marks = append(names, f.Name), append(marks, "?")
	}
	row := "(" + strings.Join(marks, ", ") + ")"
	query := "INSERT INTO " + table.Name + " (" + strings.Join(names, ", ") + ") VALUES " + strings.Repeat(row+", ", key.rows-1) + row + " " + key.conflict
	if r.id != nil && KindOf(tx) == Postgres {
		query += " RETURNING " + r.id.Name
	}
	r.statement = Prepare(query)
	have, _ := inserts.LoadOrStore(key, r)
	return have.(*rowsOf) //nolint:forcetypeassert // nothing else is stored
}

// valuesOf takes the values of fields as they are bound: null where a field is to be null when it is zero.
func valuesOf(v reflect.Value, fields []*schema.Field) []any {
	args := make([]any, len(fields))
	for i, f := range fields {
		x := f.Value(v)
		switch {
		case f.NullZero && x.IsZero():
		case x.Kind() == reflect.Pointer && x.IsNil():
		case x.Kind() == reflect.Pointer:
			args[i] = x.Elem().Interface()
		case x.Kind() == reflect.String:
			args[i] = x.String() // whatever it is called
		case x.CanInt():
			args[i] = x.Int()
		default:
			args[i] = x.Interface()
		}
	}
	return args
}

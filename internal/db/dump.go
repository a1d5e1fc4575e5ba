package db

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A dump is the rows of the tables as text that either database can take back: a line of JSON with the column
// names, then a line with the values for each row. Whole numbers, texts, yes or no, and null stand as they are;
// an instant is {"time": …}, bytes are {"bytes": …}.

// textIndex is the index a table keeps the texts of.
func textIndex(table string) (TextIndex, bool) {
	i := slices.IndexFunc(textIndexes, func(x TextIndex) bool { return x.text == table })
	if i < 0 {
		return TextIndex{}, false
	}
	return textIndexes[i], true
}

// notDumped are the tables that a backup leaves out, by prefix.
var notDumped = []string{
	"goose_db_version", // the manifest has the schema's version
	"sqlite_",          // SQLite's own
	"search_fts",       // the index, made again from search_text
	"case_fts",         // and from case_text
	"sessions",         // whoever was signed in signs in again
	"river_",           // queued work belongs to the running system
}

// Tables names the tables that a dump holds, sorted.
func Tables(ctx context.Context, tx Tx) ([]string, error) {
	query := "select name from sqlite_schema where type = 'table'"
	if KindOf(tx) == Postgres {
		query = "select tablename from pg_tables where schemaname = current_schema()"
	}
	var names []string
	if err := tx.NewRaw(query).Scan(ctx, &names); err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		return slices.ContainsFunc(notDumped, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	})
	slices.Sort(names)
	return names, nil
}

// Dump hands the table's lines to emit, the column names first. It reads a row at a time.
func Dump(ctx context.Context, tx Tx, table string, emit func(line []byte) error) error {
	columns := "*"
	if _, ok := textIndex(table); ok {
		columns = "campaign_id, id, body" // grams is the index
	}
	rows, err := tx.QueryContext(ctx, "select "+columns+" from "+quote(table))
	if err != nil {
		return fmt.Errorf("dump %s: %w", table, err)
	}
	defer rows.Close()
	names, booleans, err := columnsOf(rows)
	if err != nil {
		return err
	}
	if err := emitJSON(emit, names); err != nil {
		return err
	}
	cells, targets := make([]any, len(names)), make([]any, len(names))
	for i := range cells {
		targets[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return fmt.Errorf("dump %s: %w", table, err)
		}
		for i, c := range cells {
			cells[i] = neutral(c, booleans[i])
		}
		if err := emitJSON(emit, cells); err != nil {
			return err
		}
	}
	return rows.Err()
}

// columnsOf returns the names, and which columns are yes or no: SQLite hands those over as numbers.
func columnsOf(rows *sql.Rows) (names []string, booleans []bool, err error) {
	types, err := rows.ColumnTypes()
	for _, t := range types {
		names = append(names, t.Name())
		booleans = append(booleans, strings.HasPrefix(t.DatabaseTypeName(), "BOOL"))
	}
	return names, booleans, err
}

func emitJSON(emit func(line []byte) error, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	return emit(b.Bytes())
}

// cell is a value that JSON has no form for.
type cell struct {
	Time  *time.Time `json:"time,omitempty"`
	Bytes *[]byte    `json:"bytes,omitempty"`
}

func neutral(v any, boolean bool) any {
	switch v := v.(type) {
	case int64:
		if boolean {
			return v != 0
		}
		return v
	case time.Time:
		utc := v.UTC()
		return cell{Time: &utc}
	case []byte:
		return cell{Bytes: &v}
	default:
		return v
	}
}

// parseCell is neutral's reverse.
func parseCell(raw json.RawMessage) (any, error) {
	if len(raw) > 0 && raw[0] == '{' {
		var c cell
		if err := json.Unmarshal(raw, &c); err != nil {
			return nil, err
		}
		switch {
		case c.Time != nil:
			return *c.Time, nil
		case c.Bytes != nil:
			return *c.Bytes, nil
		}
		return nil, errors.New("neither an instant nor bytes")
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	n, ok := v.(json.Number)
	if !ok {
		return v, nil
	}
	if i, err := n.Int64(); err == nil {
		return i, nil
	}
	return n.Float64()
}

// loadBatch is how many rows one insert takes.
const loadBatch = 200

// Load puts the lines of a dump back into the table, which exists. lines yields nil after the last.
func Load(ctx context.Context, tx Tx, table string, lines func() ([]byte, error)) error {
	header, err := lines()
	if err != nil || header == nil {
		return err
	}
	l := loader{table: table}
	if err := json.Unmarshal(header, &l.columns); err != nil {
		return fmt.Errorf("load %s: column names: %w", table, err)
	}
	for {
		line, err := lines()
		if err != nil {
			return err
		}
		if line == nil {
			return l.flush(ctx, tx)
		}
		if err := l.add(line); err != nil {
			return fmt.Errorf("load %s: %w", table, err)
		}
		if l.waiting == loadBatch {
			if err := l.flush(ctx, tx); err != nil {
				return err
			}
		}
	}
}

type loader struct {
	table   string
	columns []string
	cells   []any
	waiting int // rows
}

func (l *loader) add(line []byte) error {
	var raw []json.RawMessage
	if err := json.Unmarshal(line, &raw); err != nil {
		return err
	}
	if len(raw) != len(l.columns) {
		return fmt.Errorf("a row has %d values for %d columns", len(raw), len(l.columns))
	}
	for _, r := range raw {
		v, err := parseCell(r)
		if err != nil {
			return err
		}
		l.cells = append(l.cells, v)
	}
	l.waiting++
	return nil
}

func (l *loader) flush(ctx context.Context, tx Tx) error {
	if l.waiting == 0 {
		return nil
	}
	defer func() { l.cells, l.waiting = l.cells[:0], 0 }()
	if x, ok := textIndex(l.table); ok {
		return l.index(ctx, tx, x)
	}
	names := make([]string, len(l.columns))
	for i, c := range l.columns {
		names[i] = quote(c)
	}
	row := "(?" + strings.Repeat(", ?", len(names)-1) + ")"
	query := "insert into " + quote(l.table) + " (" + strings.Join(names, ", ") + ") values " +
		row + strings.Repeat(", "+row, l.waiting-1)
	if _, err := tx.NewRaw(query, l.cells...).Exec(ctx); err != nil {
		return fmt.Errorf("load %s: %w", l.table, err)
	}
	return nil
}

// index makes the search index anew; the columns are Dump's: campaign_id, id, body.
func (l *loader) index(ctx context.Context, tx Tx, x TextIndex) error {
	for row := range slices.Chunk(l.cells, 3) {
		campaignID, ok1 := row[0].(int64)
		id, ok2 := row[1].(int64)
		body, ok3 := row[2].(string)
		if !ok1 || !ok2 || !ok3 {
			return fmt.Errorf("load %s: %v is not a campaign, an entry and a text", l.table, row)
		}
		if err := x.Put(ctx, tx, campaignID, id, body); err != nil {
			return err
		}
	}
	return nil
}

// LoadAll runs fill, which loads every table, with the foreign keys set aside: tables come in any order, and a
// row may refer to a later one. Afterwards the keys are checked, and new rows get numbers beyond the loaded ones.
// Rows that the migrations themselves made go first; they are in the dump too.
func LoadAll(ctx context.Context, tx Tx, fill func() error) error {
	if KindOf(tx) == SQLite {
		// Checked at the commit. SQLite continues its numbers by itself.
		if _, err := tx.NewRaw("pragma defer_foreign_keys = on").Exec(ctx); err != nil {
			return err
		}
		return emptyAndFill(ctx, tx, fill)
	}
	keys, err := dropForeignKeys(ctx, tx)
	if err != nil {
		return err
	}
	if err := emptyAndFill(ctx, tx, fill); err != nil {
		return err
	}
	for _, k := range keys {
		_, err := tx.NewRaw("alter table " + k.Table + " add constraint " + quote(k.Name) + " " + k.Definition).Exec(ctx)
		if err != nil {
			return fmt.Errorf("foreign key %s: %w", k.Name, err)
		}
	}
	return continueNumbers(ctx, tx)
}

func emptyAndFill(ctx context.Context, tx Tx, fill func() error) error {
	tables, err := Tables(ctx, tx)
	if err != nil {
		return err
	}
	for _, t := range tables {
		if _, err := tx.NewRaw("delete from " + quote(t)).Exec(ctx); err != nil {
			return err
		}
	}
	return fill()
}

type foreignKey struct{ Table, Name, Definition string }

func dropForeignKeys(ctx context.Context, tx Tx) ([]foreignKey, error) {
	var keys []foreignKey
	err := tx.NewRaw(`select conrelid::regclass::text as "table", conname as name, pg_get_constraintdef(oid) as definition
		from pg_constraint where contype = 'f' and connamespace = current_schema()::regnamespace`).Scan(ctx, &keys)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if _, err := tx.NewRaw("alter table " + k.Table + " drop constraint " + quote(k.Name)).Exec(ctx); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

func continueNumbers(ctx context.Context, tx Tx) error {
	var columns []struct{ Table, Name string }
	err := tx.NewRaw(`select table_name as "table", column_name as name from information_schema.columns
		where table_schema = current_schema() and is_identity = 'YES'`).Scan(ctx, &columns)
	if err != nil {
		return err
	}
	for _, c := range columns {
		query := fmt.Sprintf("select setval(pg_get_serial_sequence(?, ?), max(%s)) from %s", quote(c.Name), quote(c.Table))
		if _, err := tx.NewRaw(query, quote(c.Table), c.Name).Exec(ctx); err != nil {
			return fmt.Errorf("number of %s: %w", c.Table, err)
		}
	}
	return nil
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

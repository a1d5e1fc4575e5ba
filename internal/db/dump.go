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

// ofTexts reports whether a table holds texts beside what they are found by, which is made again from them.
func ofTexts(table string) bool { return table == "search_text" || table == "case_text" }

// notDumped are the tables that a backup leaves out, by prefix.
var notDumped = []string{
	"goose_db_version", // the manifest has the schema's version
	"sqlite_",          // SQLite's own
	"search_fts",       // the index, made again from search_text
	"case_text_key",    // which texts the index of case_text has
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
	if ofTexts(table) {
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

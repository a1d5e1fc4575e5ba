package db

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
)

// loadBatch is how many rows one insert takes on SQLite.
const loadBatch = 200

// Load puts the lines of a dump back into the table, which exists. tx is LoadAll's. lines yields nil after the last.
func Load(ctx context.Context, tx Tx, table string, lines func() ([]byte, error)) error {
	header, err := lines()
	if err != nil || header == nil {
		return err
	}
	l := loader{table: table}
	if err := json.Unmarshal(header, &l.columns); err != nil {
		return fmt.Errorf("load %s: column names: %w", table, err)
	}
	if KindOf(tx) == Postgres {
		err = l.copyAll(ctx, tx, lines)
	} else {
		err = l.insertAll(ctx, tx, lines)
	}
	if err != nil {
		return fmt.Errorf("load %s: %w", table, err)
	}
	return nil
}

type loader struct {
	table   string
	columns []string
	cells   []any
	waiting int // rows
}

func (l *loader) cellsOf(line []byte) ([]json.RawMessage, error) {
	raw := make([]json.RawMessage, 0, len(l.columns))
	if err := json.Unmarshal(line, &raw); err != nil {
		return nil, err
	}
	if len(raw) != len(l.columns) {
		return nil, fmt.Errorf("a row has %d values for %d columns", len(raw), len(l.columns))
	}
	return raw, nil
}

// insertAll loads the rows into SQLite.
func (l *loader) insertAll(ctx context.Context, tx Tx, lines func() ([]byte, error)) error {
	flush := l.flush
	if l.table == "search_text" {
		flush = l.putEntries
	}
	for {
		line, err := lines()
		if err != nil {
			return err
		}
		if line != nil {
			if err := l.add(line); err != nil {
				return err
			}
		}
		if l.waiting > 0 && (line == nil || l.waiting == loadBatch) {
			if err := flush(ctx, tx); err != nil {
				return err
			}
			l.cells, l.waiting = l.cells[:0], 0
		}
		if line == nil {
			return nil
		}
	}
}

func (l *loader) add(line []byte) error {
	raw, err := l.cellsOf(line)
	if err != nil {
		return err
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
	row := "(?" + strings.Repeat(", ?", len(l.columns)-1) + ")"
	query := "insert into " + quote(l.table) + " (" + l.names() + ") values " + row + strings.Repeat(", "+row, l.waiting-1)
	_, err := tx.NewRaw(query, l.cells...).Exec(ctx)
	return err
}

func (l *loader) names() string {
	names := make([]string, len(l.columns))
	for i, c := range l.columns {
		names[i] = quote(c)
	}
	return strings.Join(names, ", ")
}

// putEntries writes search entries with their index; the columns are Dump's: campaign_id, id, body. The index of cases
// follows by itself.
func (l *loader) putEntries(ctx context.Context, tx Tx) error {
	for i := 0; i < len(l.cells); i += len(l.columns) {
		t, err := textOf(l.cells[i : i+len(l.columns)])
		if err != nil {
			return err
		}
		if err := PutSearchText(ctx, tx, t.CampaignID, t.ID, t.Body); err != nil {
			return err
		}
	}
	return nil
}

func textOf(row []any) (Text, error) {
	if len(row) == 3 {
		campaignID, ok1 := row[0].(int64)
		id, ok2 := row[1].(int64)
		body, ok3 := row[2].(string)
		if ok1 && ok2 && ok3 {
			return Text{ID: id, CampaignID: campaignID, Body: body}, nil
		}
	}
	return Text{}, fmt.Errorf("%v is not a campaign, an entry and a text", row)
}

// copyAll loads the rows into PostgreSQL by COPY: a statement with the rows in it would be read as SQL.
func (l *loader) copyAll(ctx context.Context, tx Tx, lines func() ([]byte, error)) error {
	t, ok := tx.(writeTx)
	if !ok || t.conn == nil {
		return errors.New("not inside LoadAll")
	}
	texts := ofTexts(l.table)
	names := l.names()
	if texts {
		names += ", grams"
	}
	// COPY reads while the next rows are made ready.
	from, to := io.Pipe()
	var writing sync.WaitGroup
	writing.Go(func() { to.CloseWithError(l.writeRows(to, texts, lines)) })
	defer writing.Wait() // whoever reads the lines next finds them at rest
	defer from.Close()   //nolint:errcheck // a pipe closes without fail
	return t.conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("%T is not pgx's connection", driver)
		}
		_, err := c.Conn().PgConn().CopyFrom(ctx, from, "copy "+quote(l.table)+" ("+names+") from stdin")
		return err
	})
}

func (l *loader) writeRows(to io.Writer, texts bool, lines func() ([]byte, error)) error {
	const several = 64 << 10 // bytes written at once
	b := make([]byte, 0, 2*several)
	for {
		line, err := lines()
		if err != nil {
			return err
		}
		if line != nil {
			if b, err = l.appendRow(b, line, texts); err != nil {
				return err
			}
		}
		if line == nil || len(b) > several {
			if _, err := to.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
		if line == nil {
			return nil
		}
	}
}

// appendRow writes a row in the text format of COPY: cells parted by tabs, \N for null.
func (l *loader) appendRow(b, line []byte, texts bool) ([]byte, error) {
	raw, err := l.cellsOf(line)
	if err != nil {
		return b, err
	}
	row := make([]any, len(raw))
	for i, r := range raw {
		if row[i], err = parseCell(r); err != nil {
			return b, err
		}
		if i > 0 {
			b = append(b, '\t')
		}
		b = appendCopied(b, row[i])
	}
	if texts {
		t, err := textOf(row)
		if err != nil {
			return b, err
		}
		b = append(append(b, '\t'), vector(Pairs(t.Body))...) // letters and digits: nothing to escape
	}
	return append(b, '\n'), nil
}

// appendCopied writes one of parseCell's values.
func appendCopied(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, `\N`...)
	case bool:
		return strconv.AppendBool(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case float64:
		return strconv.AppendFloat(b, v, 'g', -1, 64)
	case time.Time:
		return v.UTC().AppendFormat(b, "2006-01-02 15:04:05.999999+00")
	case []byte:
		return fmt.Appendf(b, `\\x%x`, v)
	default:
		s, _ := v.(string)
		for i := range len(s) {
			switch c := s[i]; c {
			case '\\':
				b = append(b, `\\`...)
			case '\n':
				b = append(b, `\n`...)
			case '\r':
				b = append(b, `\r`...)
			case '\t':
				b = append(b, `\t`...)
			default:
				b = append(b, c)
			}
		}
		return b
	}
}

// LoadAll runs fill, which loads every table, in one transaction with the foreign keys set aside: tables come in any
// order, and a row may refer to a later one. Afterwards the keys are checked, and new rows get numbers beyond the
// loaded ones. Rows that the migrations themselves made go first; they are in the dump too.
func (d *DB) LoadAll(ctx context.Context, fill func(tx Tx) error) error {
	if d.kind == SQLite {
		return d.Write(ctx, func(tx Tx) error {
			// Checked at the commit. SQLite continues its numbers by itself.
			if _, err := tx.NewRaw("pragma defer_foreign_keys = on").Exec(ctx); err != nil {
				return err
			}
			if err := emptyAndFill(ctx, tx, fill); err != nil {
				return err
			}
			_, err := tx.NewRaw("update case_text_key set key = lower(hex(randomblob(16)))").Exec(ctx) // other texts
			return err
		})
	}
	conn, err := d.writer.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it goes back to its pool
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit this does nothing; before it the cause is already returned
	if err := fillPostgres(ctx, writeTx{Tx: tx, db: d.writer, conn: conn.Conn}, fill); err != nil {
		return err
	}
	return tx.Commit()
}

// fillPostgres sets the indexes aside too: making one over all rows takes a fraction of keeping it at each.
func fillPostgres(ctx context.Context, tx Tx, fill func(tx Tx) error) error {
	keys, err := foreignKeys(ctx, tx)
	if err != nil {
		return err
	}
	indexes, err := plainIndexes(ctx, tx)
	if err != nil {
		return err
	}
	aside := slices.Concat(keys, indexes)
	for _, a := range aside {
		if _, err := tx.NewRaw(a.Drop).Exec(ctx); err != nil {
			return err
		}
	}
	if err := emptyAndFill(ctx, tx, fill); err != nil {
		return err
	}
	if _, err := tx.NewRaw("set local maintenance_work_mem = '256MB'").Exec(ctx); err != nil {
		return err
	}
	for _, a := range slices.Backward(aside) { // the keys last: they are checked through indexes
		if _, err := tx.NewRaw(a.Make).Exec(ctx); err != nil {
			return fmt.Errorf("%s: %w", a.Make, err)
		}
	}
	return continueNumbers(ctx, tx)
}

func emptyAndFill(ctx context.Context, tx Tx, fill func(tx Tx) error) error {
	tables, err := Tables(ctx, tx)
	if err != nil {
		return err
	}
	for _, t := range tables {
		if _, err := tx.NewRaw("delete from " + quote(t)).Exec(ctx); err != nil {
			return err
		}
	}
	return fill(tx)
}

// setAside is the SQL that drops something and makes it again.
type setAside struct{ Drop, Make string }

func foreignKeys(ctx context.Context, tx Tx) (list []setAside, err error) {
	err = tx.NewRaw(`select format('alter table %s drop constraint %I', conrelid::regclass, conname) as "drop",
			format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as make
		from pg_constraint where contype = 'f' and connamespace = current_schema()::regnamespace`).Scan(ctx, &list)
	return list, err
}

// plainIndexes are those that no constraint stands on.
func plainIndexes(ctx context.Context, tx Tx) (list []setAside, err error) {
	err = tx.NewRaw(`select format('drop index %s', indexrelid::regclass) as "drop", pg_get_indexdef(indexrelid) as make
		from pg_index join pg_class on pg_class.oid = indexrelid
		where relnamespace = current_schema()::regnamespace and relkind = 'i'
			and not exists (select 1 from pg_constraint where conindid = indexrelid)`).Scan(ctx, &list)
	return list, err
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

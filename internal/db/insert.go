package db

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/uptrace/bun/schema"
)

// rowsPerInsert keeps one INSERT below SQLite's 32,766 parameters for tables of up to 65 columns.
const rowsPerInsert = 500

// InsertAll inserts rows in pieces and fills their ids from the database.
func InsertAll[T any](ctx context.Context, tx Tx, rows []T) error {
	for from := 0; from < len(rows); from += rowsPerInsert {
		part := rows[from:min(from+rowsPerInsert, len(rows))]
		if _, err := tx.NewInsert().Model(&part).Returning("id").Exec(ctx); err != nil {
			return fmt.Errorf("insert %T: %w", rows, err)
		}
	}
	return nil
}

// InsertColumns inserts very many rows of a model, whose ids nobody needs: on PostgreSQL column by column, as arrays, so
// that neither side has to write and read each value as text; on SQLite by a statement that is prepared at once. Its fields are whole numbers, texts, floats, yes or no,
// instants and pointers to floats.
func InsertColumns[T any](ctx context.Context, tx Tx, rows []T) error {
	if KindOf(tx) != Postgres {
		if len(rows) > many {
			r, _ := insertArgs(tx, rows[:many], "")
			if err := r.statement.bind(ctx, tx); err != nil {
				return fmt.Errorf("insert %T: %w", rows, err)
			}
		}
		return InsertMany(ctx, tx, rows, "")
	}
	c := arraysOf(tx, reflect.TypeFor[T]())
	for part := range slices.Chunk(rows, rowsPerColumn) {
		v := reflect.ValueOf(part)
		args := make([]any, len(c.fields))
		for i, f := range c.fields {
			args[i] = column(v, f)
		}
		if err := c.statement.Exec(ctx, tx, args...); err != nil {
			return fmt.Errorf("insert %T: %w", rows, err)
		}
	}
	return nil
}

// rowsPerColumn bounds what one statement carries.
const rowsPerColumn = 10_000

type columns struct {
	statement *Statement
	fields    []*schema.Field
}

var columnsByModel sync.Map // reflect.Type to *columns

func arraysOf(tx Tx, model reflect.Type) *columns {
	if c, ok := columnsByModel.Load(model); ok {
		return c.(*columns) //nolint:forcetypeassert // nothing else is stored
	}
	table := bunOf(tx).Table(model)
	c := &columns{}
	var names, arrays []string // unnest gives its columns in the order of the arrays, under these names
	for _, f := range table.Fields {
		if f.AutoIncrement {
			continue
		}
		c.fields = append(c.fields, f)
		names, arrays = append(names, f.Name), append(arrays, "?::"+arrayType(f.StructField.Type))
	}
	c.statement = Prepare("INSERT INTO " + table.Name + " (" + strings.Join(names, ", ") + ") SELECT " + strings.Join(names, ", ") + " FROM unnest(" + strings.Join(arrays, ", ") + ") AS row (" + strings.Join(names, ", ") + ")")
	have, _ := columnsByModel.LoadOrStore(model, c)
	return have.(*columns) //nolint:forcetypeassert // nothing else is stored
}

var instant = reflect.TypeFor[time.Time]()

func arrayType(t reflect.Type) string {
	switch {
	case t == instant:
		return "timestamptz[]"
	case t.Kind() == reflect.Pointer || t.Kind() == reflect.Float64:
		return "float8[]"
	case t.Kind() == reflect.String:
		return "text[]"
	case t.Kind() == reflect.Bool:
		return "boolean[]"
	}
	return "bigint[]"
}

// column is a field of all rows.
func column(rows reflect.Value, f *schema.Field) any {
	n := rows.Len()
	value := func(i int) reflect.Value { return f.Value(rows.Index(i)) }
	switch t := f.StructField.Type; {
	case t == instant:
		list := make([]*time.Time, n)
		for i := range list {
			if v := value(i); !f.NullZero || !v.IsZero() {
				at := v.Interface().(time.Time) //nolint:forcetypeassert // it is one
				list[i] = &at
			}
		}
		return list
	case t.Kind() == reflect.Pointer:
		list := make([]*float64, n)
		for i := range list {
			list[i] = value(i).Interface().(*float64) //nolint:forcetypeassert // as the doc asks
		}
		return list
	case t.Kind() == reflect.Float64:
		return each(n, func(i int) float64 { return value(i).Float() })
	case t.Kind() == reflect.String:
		return each(n, func(i int) string { return value(i).String() })
	case t.Kind() == reflect.Bool:
		return each(n, func(i int) bool { return value(i).Bool() })
	}
	return each(n, func(i int) int64 { return value(i).Int() })
}

func each[T any](n int, value func(i int) T) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = value(i)
	}
	return list
}

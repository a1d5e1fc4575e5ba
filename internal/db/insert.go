package db

import (
	"context"
	"fmt"
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

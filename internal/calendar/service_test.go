package calendar_test

import (
	"errors"
	"testing"

	"pinzhi/internal/calendar"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
)

func asError(err error) kernel.Error {
	if e, ok := errors.AsType[*kernel.Error](err); ok {
		return *e
	}
	return kernel.Error{}
}

// owed is a due as the database keeps it.
func owed(t *testing.T, days *calendar.Days, r calendar.Reckoning) (d calendar.Due) {
	t.Helper()
	store := dbtest.Open(t, db.SQLite)
	campaign(t, store)
	write(t, store, func(tx db.Tx) (err error) {
		d, err = calendar.Owe(t.Context(), tx, days, calendar.Owing{CampaignID: 1, SubjectKind: "case", SubjectID: 1, Step: "rectify", Reckoning: r})
		return err
	})
	return d
}

func write(t *testing.T, d *db.DB, fn func(tx db.Tx) error) {
	t.Helper()
	if err := d.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func campaign(t *testing.T, d *db.DB) {
	t.Helper()
	write(t, d, func(tx db.Tx) error {
		_, err := tx.NewRaw(`INSERT INTO campaigns (place, name, document_number, issuer, issued_on, printed_on, drill, plan_version, opened_at)
			VALUES ('', '', '', '', '', '', ?, 1, ?)`, false, moment("2024-01-01 00:00")).Exec(t.Context())
		return err
	})
}

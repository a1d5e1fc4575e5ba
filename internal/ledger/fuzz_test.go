package ledger_test

import (
	"testing"

	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
)

// FuzzOpenCheckpoint reads what somebody hands in as a kept checkpoint.
func FuzzOpenCheckpoint(f *testing.F) {
	d := dbtest.Open(f, db.SQLite)
	l, err := ledger.Open(f.Context(), d, f.TempDir(), kernel.Clock{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("pinzhi campaign 1\n10\nAAAA\n\n— pinzhi AAAA\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, signed string) {
		if c, err := ledger.OpenCheckpoint(signed, l.Verifier()); err == nil {
			t.Errorf("a forged checkpoint passes: %+v", c)
		}
	})
}

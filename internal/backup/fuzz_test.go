package backup_test

import (
	"bytes"
	"os"
	"testing"

	"pinzhi/internal/backup"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
)

// FuzzCheck reads files somebody hands in as backups: it may refuse, never crash.
func FuzzCheck(f *testing.F) {
	d := dbtest.Open(f, db.SQLite)
	var whole bytes.Buffer
	if _, err := (backup.Source{DB: d, DataDir: f.TempDir()}).Write(f.Context(), &whole); err != nil {
		f.Fatal(err)
	}
	f.Add(whole.Bytes())
	f.Add(whole.Bytes()[:whole.Len()/2])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		m, err := backup.Check(bytes.NewReader(content))
		if err == nil && len(m.Parts) == 0 {
			t.Error("an empty backup passes")
		}
	})
}

func TestRestore_RefusesAFileNameThatLeadsOutOfTheFolder(t *testing.T) {
	s := newSystem(t, dbtest.Open(t, db.SQLite))
	whole, err := os.ReadFile(s.backUp())
	if err != nil {
		t.Fatal(err)
	}
	m, err := backup.Check(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := db.Open(t.Context(), dbtest.EmptyDSN(t, db.SQLite))
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	evil := rename(t, whole, "files/settings.yaml", "files/../../outside")
	err = backup.Target{DB: fresh, DataDir: t.TempDir() + "/data"}.Restore(t.Context(), m, bytes.NewReader(evil))
	if err == nil {
		t.Error("a file was written outside the data folder")
	}
}

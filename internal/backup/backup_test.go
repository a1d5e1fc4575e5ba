package backup_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pinzhi/internal/access"
	"pinzhi/internal/backup"
	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/web/webtest"

	"github.com/google/go-cmp/cmp"
)

var kinds = []db.Kind{db.SQLite, db.Postgres}

// system is a running system with something of everything in it.
type system struct {
	t      *testing.T
	db     *db.DB
	dir    string
	ledger *ledger.Ledger
	turns  int
}

func newSystem(t *testing.T, d *db.DB) *system {
	t.Helper()
	s := &system{t: t, db: d, dir: t.TempDir()}
	l, err := ledger.Open(t.Context(), d, s.dir, kernel.Clock{})
	if err != nil {
		t.Fatal(err)
	}
	s.ledger = l
	room := access.NewService(d, kernel.Clock{})
	ctx := kernel.WithActor(t.Context(), kernel.TheSystem)
	for i := range 3 {
		a, err := room.Create(ctx, access.NewAccount{Login: fmt.Sprintf("user%d", i), Name: "王'渊?\n\\N\t\r", PersonID: int64(i)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := room.IssueLink(ctx, a.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := campaign.New(d, kernel.Clock{}).Open(ctx, webtest.Reading(t, "examples/linfen-2023/plan.txt")); err != nil {
		t.Fatal(err)
	}
	err = d.Write(ctx, func(tx db.Tx) error { return db.PutSearchText(ctx, tx, turns, 1e6, "独一无二的 \u2028 12345") })
	if err != nil {
		t.Fatal(err)
	}
	s.file("evidence/ab/照片.jpg", strings.Repeat("\x00\xff照", 5000))
	s.file("settings.yaml", "")
	for range 40 {
		s.turn(ctx)
	}
	return s
}

func (s *system) file(name, content string) {
	s.t.Helper()
	p := filepath.Join(s.dir, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o750), os.WriteFile(p, []byte(content), 0o600)); err != nil {
		s.t.Fatal(err)
	}
}

// turns is the campaign in which turns are taken; Linfen's is the first.
const turns = 77

// turn writes two rows that must never be seen without each other.
func (s *system) turn(ctx context.Context) {
	s.turns++
	err := s.db.Write(ctx, func(tx db.Tx) error {
		_, err := tx.NewRaw("insert into settings (name, value) values (?, 'x')", fmt.Sprintf("turn %06d", s.turns)).Exec(ctx)
		if err != nil {
			return err
		}
		return ledger.Append(ctx, tx, ledger.Event{CampaignID: turns, At: time.Now(), Actor: kernel.TheSystem,
			SubjectKind: "turn", SubjectID: int64(s.turns), Verb: "taken", Data: map[string]any{"n": s.turns, "half": 0.5}})
	})
	if err != nil && ctx.Err() == nil {
		s.t.Error(err)
	}
}

func (s *system) source() backup.Source {
	return backup.Source{DB: s.db, DataDir: s.dir, Program: "test", LedgerKey: s.ledger.PublicKey()}
}

// backUp writes a backup to a file while the system goes on working and sealing.
func (s *system) backUp() string {
	s.t.Helper()
	ctx, cancel := context.WithCancel(kernel.WithActor(s.t.Context(), kernel.TheSystem))
	var wg sync.WaitGroup
	underWay := make(chan struct{}) // once everything before was sealed
	wg.Go(func() {
		for sealed := false; ctx.Err() == nil; {
			s.turn(ctx)
			if _, err := s.ledger.SealNow(ctx); err != nil && ctx.Err() == nil {
				s.t.Error(err)
			}
			if !sealed {
				sealed = true
				close(underWay)
			}
		}
	})
	<-underWay
	path := filepath.Join(s.t.TempDir(), "backup.tar.gz")
	f, err := os.Create(path)
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = s.source().Write(ctx, f)
	cancel()
	wg.Wait()
	if err := errors.Join(err, f.Close()); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func open(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// restore makes a new system of the backup.
func restore(t *testing.T, path string, kind db.Kind) (*db.DB, string) {
	t.Helper()
	f := open(t, path)
	m, err := backup.Check(f)
	if err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), dbtest.EmptyDSN(t, kind))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	dir := filepath.Join(t.TempDir(), "data")
	if err := (backup.Target{DB: d, DataDir: dir}).Restore(t.Context(), m, f); err != nil {
		t.Fatal(err)
	}
	return d, dir
}

// rows is every table's rows as text, sorted, for comparing.
func rows(t *testing.T, d *db.DB) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := d.Snapshot(t.Context(), func(tx db.Tx) error {
		tables, err := db.Tables(t.Context(), tx)
		if err != nil {
			return err
		}
		for _, table := range tables {
			var text strings.Builder
			err := db.Dump(t.Context(), tx, table, func(line []byte) error { text.Write(line); return nil })
			if err != nil {
				return err
			}
			all[table] = text.String()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// parts reads the backup's tables and files.
func parts(t *testing.T, path string) (tables, files map[string]string) {
	t.Helper()
	tables, files = map[string]string{}, map[string]string{}
	unpacked, err := gzip.NewReader(open(t, path))
	if err != nil {
		t.Fatal(err)
	}
	r := tar.NewReader(unpacked)
	for h, err := r.Next(); err != io.EOF; h, err = r.Next() {
		content, err2 := io.ReadAll(r)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if name, ok := strings.CutPrefix(h.Name, "files/"); ok {
			files[name] = string(content)
		} else if name, ok := strings.CutPrefix(h.Name, "tables/"); ok {
			table, _, _ := strings.Cut(name, "/")
			tables[table] += string(content)
		}
	}
	return tables, files
}

func TestRestore_OnEitherDatabaseHasEveryRowAndFileOfTheBackup(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newSystem(t, d)
		path := s.backUp()
		wantTables, wantFiles := parts(t, path)
		if wantTables["settings"] == "" || wantFiles["evidence/ab/照片.jpg"] == "" {
			t.Fatal("the backup lacks what was put in")
		}
		for _, kind := range kinds {
			t.Run("to "+string(kind), func(t *testing.T) {
				got, dir := restore(t, path, kind)
				if diff := cmp.Diff(sorted(wantTables), sorted(rows(t, got))); diff != "" {
					t.Error(diff)
				}
				wantSameFiles(t, dir, wantFiles)
				wantSound(t, got, dir)
				wantWorking(t, got)
			})
		}
	})
}

func sorted(tables map[string]string) map[string][]string {
	all := map[string][]string{}
	for name, text := range tables {
		all[name] = strings.Split(text, "\n")
		slices.Sort(all[name])
	}
	return all
}

func wantSameFiles(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	for name := range want {
		content, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Error(err)
		}
		got[name] = string(content)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// wantSound verifies the ledger, and that each turn is there whole.
func wantSound(t *testing.T, d *db.DB, dir string) {
	t.Helper()
	l, err := ledger.Open(t.Context(), d, dir, kernel.Clock{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Verify(t.Context())
	if err != nil || !r.Sound() || len(r.Campaigns) != 3 || r.Campaigns[1].Size == 0 || r.Campaigns[2].Size == 0 {
		t.Errorf("%+v, %v", r, err)
	}
	var settings, events int
	err = errors.Join(
		d.Reader().NewRaw("select count(*) from settings where name like 'turn %'").Scan(t.Context(), &settings),
		d.Reader().NewRaw("select count(*) from events where verb = 'taken'").Scan(t.Context(), &events))
	if err != nil || settings != events || settings < 40 {
		t.Errorf("%d settings, %d events, %v", settings, events, err)
	}
}

// wantWorking makes new rows and searches.
func wantWorking(t *testing.T, d *db.DB) {
	t.Helper()
	ctx := kernel.WithActor(t.Context(), kernel.TheSystem)
	if _, err := access.NewService(d, kernel.Clock{}).Create(ctx, access.NewAccount{Login: "newcomer", Name: "新人"}); err != nil {
		t.Error(err)
	}
	query, args := "select count(*) from search_fts where search_fts match ?", []any{`"独一 一无 无二"`}
	if d.Kind() == db.Postgres {
		query, args = "select count(*) from search_text where grams @@ ?::tsquery", []any{"'独一' <-> '一无' <-> '无二'"}
	}
	var found int
	if err := d.Reader().NewRaw(query, args...).Scan(ctx, &found); err != nil || found != 1 {
		t.Errorf("found %d, %v", found, err)
	}
}

func TestRestore_RefusesASystemThatIsNotEmpty(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newSystem(t, d)
		f := open(t, s.backUp())
		m, err := backup.Check(f)
		if err != nil {
			t.Fatal(err)
		}
		err = backup.Target{DB: d, DataDir: t.TempDir()}.Restore(t.Context(), m, f)
		if kernel.CodeOf(err) != kernel.Conflict {
			t.Errorf("into a database in use: %v", err)
		}
		fresh, err := db.Open(t.Context(), dbtest.EmptyDSN(t, d.Kind()))
		if err != nil {
			t.Fatal(err)
		}
		defer fresh.Close()
		err = backup.Target{DB: fresh, DataDir: s.dir}.Restore(t.Context(), m, f)
		if kernel.CodeOf(err) != kernel.Conflict {
			t.Errorf("into a folder in use: %v", err)
		}
	})
}

func TestCheck_NoticesEveryChangedByteAndMissingPart(t *testing.T) {
	s := newSystem(t, dbtest.Open(t, db.SQLite))
	whole, err := os.ReadFile(s.backUp())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Check(bytes.NewReader(whole)); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"nothing": {}, "text": []byte("not a backup"), "cut": whole[:len(whole)*2/3],
		"a part changed":   rewrite(t, whole, "files/settings.yaml", []byte("more: true")),
		"a part missing":   rewrite(t, whole, "tables/accounts/000001.jsonl", nil),
		"without manifest": rewrite(t, whole, "manifest.json", nil),
		"another program":  rewrite(t, whole, "manifest.json", []byte(`{"format":"something else"}`)),
	} {
		if _, err := backup.Check(bytes.NewReader(content)); kernel.CodeOf(err) != kernel.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	for at := 0; at < len(whole); at += 1 + len(whole)/50 {
		changed := bytes.Clone(whole)
		changed[at] ^= 0x20
		if at >= 4 && at < 10 {
			continue // gzip's time and flags, which mean nothing
		}
		// A back reference may point to another copy of the same bytes: then nothing changed.
		if _, err := backup.Check(bytes.NewReader(changed)); err == nil && !bytes.Equal(unpack(changed), unpack(whole)) {
			t.Errorf("byte %d of %d was changed unnoticed", at, len(whole))
		}
	}
}

func unpack(packed []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	content, _ := io.ReadAll(r)
	return content
}

// rewrite replaces one entry's content, or drops it if content is nil.
func rewrite(t *testing.T, whole []byte, name string, content []byte) []byte {
	t.Helper()
	return repack(t, whole, func(h *tar.Header, old []byte) []byte {
		if h.Name == name {
			return content
		}
		return old
	})
}

func rename(t *testing.T, whole []byte, from, to string) []byte {
	t.Helper()
	return repack(t, whole, func(h *tar.Header, old []byte) []byte {
		if h.Name == from {
			h.Name = to
		}
		return old
	})
}

// repack passes every entry through change; nil drops it.
func repack(t *testing.T, whole []byte, change func(h *tar.Header, old []byte) []byte) []byte {
	t.Helper()
	unpacked, err := gzip.NewReader(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	packed := gzip.NewWriter(&out)
	r, w := tar.NewReader(unpacked), tar.NewWriter(packed)
	for h, err := r.Next(); err == nil; h, err = r.Next() {
		old, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		content := change(h, append([]byte{}, old...))
		if content == nil {
			continue
		}
		h.Size = int64(len(content))
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), packed.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

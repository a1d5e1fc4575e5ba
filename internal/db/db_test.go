package db_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
	"pgregory.net/rapid"
)

func put(ctx context.Context, tx db.Tx, name, value string) error {
	_, err := tx.NewRaw("insert into settings (name, value) values (?, ?)", name, value).Exec(ctx)
	return err
}

func settings(t *testing.T, d *db.DB) []string {
	t.Helper()
	var names []string
	if err := d.Reader().NewRaw("select name from settings order by name").Scan(t.Context(), &names); err != nil {
		t.Fatal(err)
	}
	return names
}

func wantSettings(t *testing.T, d *db.DB, want string) {
	t.Helper()
	if got := strings.Join(settings(t, d), " "); got != want {
		t.Errorf("settings: got %q, want %q", got, want)
	}
}

func TestWrite_KeepsWhatTheClosureWrote(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		if err := d.Write(ctx, func(tx db.Tx) error { return put(ctx, tx, "a", "1") }); err != nil {
			t.Fatal(err)
		}
		wantSettings(t, d, "a")
	})
}

func TestWrite_AClosureThatFailsLeavesNothingAndHarmsNobody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		failure := errors.New("no")
		var wg sync.WaitGroup
		for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
			wg.Go(func() {
				err := d.Write(ctx, func(tx db.Tx) error {
					if err := put(ctx, tx, name, ""); err != nil {
						return err
					}
					if name > "c" {
						return failure
					}
					return nil
				})
				if name > "c" && !errors.Is(err, failure) || name <= "c" && err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		wg.Wait()
		wantSettings(t, d, "a b c")
	})
}

func TestWrite_AFailedStatementIsTheCallersAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		err := d.Write(ctx, func(tx db.Tx) error {
			_, err := tx.NewRaw("insert into nowhere values (1)").Exec(ctx)
			return err
		})
		if err == nil {
			t.Error("a write to a missing table succeeded")
		}
		if err := d.Write(ctx, func(tx db.Tx) error { return put(ctx, tx, "a", "") }); err != nil {
			t.Error(err)
		}
		wantSettings(t, d, "a")
	})
}

func TestWrite_APanicReachesItsCallerAndIsRolledBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		func() {
			defer func() {
				if got := recover(); got != "boom" {
					t.Errorf("recovered %v", got)
				}
			}()
			_ = d.Write(ctx, func(tx db.Tx) error {
				if err := put(ctx, tx, "a", ""); err != nil {
					return err
				}
				panic("boom")
			})
		}()
		if err := d.Write(ctx, func(tx db.Tx) error { return put(ctx, tx, "b", "") }); err != nil {
			t.Error(err)
		}
		wantSettings(t, d, "b")
	})
}

func TestWrite_InsideWritePanicsInsteadOfWaitingForItself(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		defer func() {
			if got, _ := recover().(string); !strings.Contains(got, "inside Write") {
				t.Errorf("recovered %q", got)
			}
		}()
		_ = d.Write(ctx, func(db.Tx) error {
			return d.Write(ctx, func(db.Tx) error { return nil })
		})
	})
}

func TestWrite_DoesNotNestByBunEither(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		err := d.Write(ctx, func(tx db.Tx) error {
			return tx.RunInTx(ctx, nil, func(context.Context, bun.Tx) error { return nil })
		})
		if err == nil {
			t.Error("a transaction was begun inside a write")
		}
	})
}

func TestWrite_ACallerWhoLeavesBeforeHisTurnWritesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := d.Write(ctx, func(tx db.Tx) error { return put(ctx, tx, "a", "") })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		wantSettings(t, d, "")
	})
}

func TestWrite_ACallerWhoLeavesWhileWaitingIsForgotten(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	inTurn, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = d.Write(context.Background(), func(db.Tx) error {
			close(inTurn)
			<-leave
			return nil
		})
	})
	<-inTurn
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := d.Write(ctx, func(tx db.Tx) error { return put(ctx, tx, "a", "") })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	close(leave)
	wg.Wait()
	wantSettings(t, d, "")
}

// SQLite would roll back everybody's work if a statement of the shared transaction were interrupted.
func TestWrite_ACallerWhoLeavesDuringHisTurnDoesNotUndoOthers(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	ctx, cancel := context.WithCancel(t.Context())
	err := d.Write(ctx, func(tx db.Tx) error {
		if err := put(ctx, tx, "a", ""); err != nil {
			return err
		}
		cancel()
		return put(ctx, tx, "b", "")
	})
	if err != nil {
		t.Error(err)
	}
	wantSettings(t, d, "a b")
}

func TestWrite_ManyWritersOfOneRowAllSucceed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		if err := d.Write(ctx, func(tx db.Tx) error { return put(ctx, tx, "n", "0") }); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		const writers, each = 16, 10
		for range writers {
			wg.Go(func() {
				for range each {
					if err := d.Write(ctx, func(tx db.Tx) error { return increment(ctx, tx) }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var n int
		if err := d.Reader().NewRaw("select cast(value as integer) from settings").Scan(ctx, &n); err != nil {
			t.Fatal(err)
		}
		if n != writers*each {
			t.Errorf("counted %d, want %d", n, writers*each)
		}
	})
}

// increment reads, then writes what it read plus one: the form that loses updates without isolation.
func increment(ctx context.Context, tx db.Tx) error {
	var n int
	if err := tx.NewRaw("select cast(value as integer) from settings where name = 'n'").Scan(ctx, &n); err != nil {
		return err
	}
	_, err := tx.NewRaw("update settings set value = cast(? as text) where name = 'n'", n+1).Exec(ctx)
	return err
}

func TestClose_FinishesWhatWaitsAndRefusesWhatComesLater(t *testing.T) {
	path := dbtest.DSN(t, db.SQLite)
	d, err := db.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	started, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := d.Write(ctx, func(tx db.Tx) error {
			close(started)
			<-leave
			return put(ctx, tx, "a", "")
		})
		if err != nil {
			t.Errorf("the write under way at close: %v", err)
		}
	})
	<-started
	close(leave)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	err = d.Write(ctx, func(db.Tx) error { return nil })
	if kernel.CodeOf(err) != kernel.Unavailable {
		t.Errorf("a write after close: %v", err)
	}
}

func TestReader_CannotWriteOnSQLite(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	if err := put(t.Context(), d.Reader(), "a", ""); err == nil {
		t.Error("a reader wrote")
	}
}

func TestSnapshot_SeesOneMomentWhileOthersWrite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		count := func(tx db.Tx) (n int) {
			if err := tx.NewRaw("select count(*) from settings").Scan(ctx, &n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		err := d.Snapshot(ctx, func(tx db.Tx) error {
			before := count(tx)
			if err := d.Write(ctx, func(w db.Tx) error { return put(ctx, w, "a", "") }); err != nil {
				return err
			}
			if after := count(tx); after != before {
				t.Errorf("the snapshot moved from %d to %d", before, after)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		wantSettings(t, d, "a")
	})
}

// session is any table with an instant.
type session struct {
	bun.BaseModel `bun:"table:sessions"`

	Token     []byte `bun:"token,pk"`
	Data      []byte
	ExpiresAt time.Time
}

func TestInstants_ComeBackEqualAndInOrderOnBothDatabases(t *testing.T) {
	moments := rapid.SliceOfN(rapid.Int64Range(0, 4e15), 2, 12)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		rapid.Check(t, func(rt *rapid.T) { checkInstants(rt, d, moments.Draw(rt, "microseconds")) })
	})
}

func checkInstants(t *rapid.T, d *db.DB, moments []int64) {
	ctx := context.Background()
	rows := make([]session, len(moments))
	for i, m := range moments {
		rows[i] = session{Token: []byte{byte(i)}, Data: []byte{}, ExpiresAt: time.UnixMicro(m).UTC()}
	}
	err := d.Write(ctx, func(tx db.Tx) error {
		if _, err := tx.NewRaw("delete from sessions").Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewInsert().Model(&rows).Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []session
	if err := d.Reader().NewRaw("select token, data, expires_at from sessions order by expires_at").Scan(ctx, &got); err != nil {
		t.Fatal(err)
	}
	for i, g := range got {
		want := rows[g.Token[0]].ExpiresAt
		if g.ExpiresAt != want {
			t.Fatalf("wrote %v, read %v", want, g.ExpiresAt)
		}
		if i > 0 && g.ExpiresAt.Before(got[i-1].ExpiresAt) {
			t.Fatalf("%v stands before %v", got[i-1].ExpiresAt, g.ExpiresAt)
		}
	}
	var n int
	if err := d.Reader().NewRaw("select count(*) from sessions where expires_at = ?", rows[0].ExpiresAt).Scan(ctx, &n); err != nil || n < 1 {
		t.Fatalf("an instant is not found by its value: %d, %v", n, err)
	}
}

func TestInsert_ReturnsTheKeysOfManyRows(t *testing.T) {
	type account struct {
		bun.BaseModel `bun:"table:accounts"`

		ID        int64 `bun:"id,pk,autoincrement"`
		Login     string
		Name      string
		CreatedAt time.Time
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		rows := []account{{Login: "a"}, {Login: "b"}}
		err := d.Write(ctx, func(tx db.Tx) error {
			_, err := tx.NewInsert().Model(&rows).Returning("id").Exec(ctx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if rows[0].ID == 0 || rows[1].ID == rows[0].ID {
			t.Errorf("keys: %d, %d", rows[0].ID, rows[1].ID)
		}
	})
}

func TestMigrate_RefusesASchemaNewerThanTheProgram(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		err := d.Write(ctx, func(tx db.Tx) error {
			_, err := tx.NewRaw("insert into goose_db_version (version_id, is_applied) values (99999, true)").Exec(ctx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		err = d.Migrate(ctx)
		if kernel.CodeOf(err) != kernel.Conflict || !strings.Contains(kernel.MessageOf(err), "99999") {
			t.Errorf("got %v", err)
		}
	})
}

func TestMigrate_TwiceChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.Migrate(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestMigrate_SeveralInstancesMayStartAtOnce(t *testing.T) {
	dsn := dbtest.EmptyDSN(t, db.Postgres)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			d, err := db.Open(context.Background(), dsn)
			if err != nil {
				t.Error(err)
				return
			}
			defer d.Close()
			if err := d.Migrate(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestMigrations_CarryTheSameNumbersForBothDatabases(t *testing.T) {
	names := func(kind string) string {
		files, err := filepath.Glob("migrations/" + kind + "/*.sql")
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", kind, err)
		}
		for i := range files {
			files[i] = filepath.Base(files[i])
		}
		return strings.Join(files, " ")
	}
	if a, b := names("sqlite"), names("postgres"); a != b {
		t.Errorf("sqlite has   %s\npostgres has %s", a, b)
	}
}

func TestOpen_KeepsAFolderWithAQuestionMarkInItsName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "第 1 期?#%41", "pinzhi.db")
	d, err := db.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestOpen_RefusesWhatIsNoDatabase(t *testing.T) {
	for _, dsn := range []string{"", ":memory:", "postgres://[", "postgres:///x?host=/nowhere"} {
		if d, err := db.Open(t.Context(), dsn); err == nil {
			d.Close()
			t.Errorf("%q was opened", dsn)
		}
	}
}

package ledger_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"pgregory.net/rapid"
	"strings"
	"sync"
	"testing"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2023, 6, 28, 4, 0, 0, 123456000, time.UTC)

func fixedClock() kernel.Clock { return kernel.FixedClock(func() time.Time { return noon }) }

func open(t *testing.T, d *db.DB) (*ledger.Ledger, string) {
	t.Helper()
	dir := t.TempDir()
	l, err := ledger.Open(t.Context(), d, dir, fixedClock())
	if err != nil {
		t.Fatal(err)
	}
	return l, dir
}

// appendN writes n events of campaign in one transaction.
func appendN(t *testing.T, d *db.DB, campaign int64, n int) {
	t.Helper()
	ctx := kernel.WithActor(t.Context(), kernel.TheSystem)
	events := make([]ledger.Event, n)
	for i := range events {
		events[i] = ledger.Event{CampaignID: campaign, At: noon.Add(time.Duration(i) * time.Microsecond),
			SubjectKind: "case", SubjectID: int64(i%3 + 1), Verb: "registered", Data: map[string]any{"n": i}}
	}
	if err := d.Write(ctx, func(tx db.Tx) error { return ledger.Append(ctx, tx, events...) }); err != nil {
		t.Fatal(err)
	}
}

func seal(t *testing.T, l *ledger.Ledger, want int) {
	t.Helper()
	n, err := l.SealNow(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n != want {
		t.Fatalf("sealed %d events, want %d", n, want)
	}
}

func verify(t *testing.T, l *ledger.Ledger) ledger.Report {
	t.Helper()
	r, err := l.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func exec(t *testing.T, d *db.DB, sql string) {
	t.Helper()
	err := d.Write(t.Context(), func(tx db.Tx) error {
		_, err := tx.NewRaw(sql).Exec(t.Context())
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// slow is a map that Canonical does not know to come out sorted.
type slow map[string]any

func TestCanonical_OfAPlainMapIsWhatItIsTheLongWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"解放路", "<b>&\"\\", "\u2028\u2029", "\xff\xfe裂", "\x00\x1f", "\ufffd"}))
		value := rapid.Custom(func(t *rapid.T) any {
			switch rapid.IntRange(0, 7).Draw(t, "kind") {
			case 0:
				return rapid.Int64().Draw(t, "n")
			case 1:
				return rapid.Bool().Draw(t, "b")
			case 2:
				return rapid.SliceOf(text).Draw(t, "texts")
			case 3:
				return map[string]any{text.Draw(t, "key"): text.Draw(t, "in"), "a": int(1)}
			case 4:
				return struct{ B, A string }{"1", text.Draw(t, "field")}
			case 5:
				return nil
			}
			return text.Draw(t, "text")
		})
		m := rapid.MapOf(text, value).Draw(t, "data")
		plain, err := ledger.Canonical(m)
		long, err2 := ledger.Canonical(slow(m))
		if err != nil || err2 != nil || plain != long {
			t.Fatalf("%q, %v; the long way %q, %v", plain, err, long, err2)
		}
	})
}

func TestAppend_WritesTheSameCanonicalDataOnBothDatabases(t *testing.T) {
	type detail struct {
		Zebra string `json:"zebra"`
		Alpha int64  `json:"alpha"`
		HTML  string `json:"html"`
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := kernel.WithActor(t.Context(), kernel.Actor{AccountID: 7, Name: "王渊"})
		event := ledger.Event{CampaignID: 1, At: noon, SubjectKind: "case", SubjectID: 9, Verb: "registered",
			Data: detail{"斑马'?", 9007199254740993, "<b>&"}}
		if err := d.Write(ctx, func(tx db.Tx) error { return ledger.Append(ctx, tx, event) }); err != nil {
			t.Fatal(err)
		}
		got, err := ledger.Timeline(ctx, d.Reader(), 1, "case", 9, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		want := []ledger.Record{{ID: got[0].ID, CampaignID: 1, At: noon, ActorID: 7, ActorName: "王渊",
			SubjectKind: "case", SubjectID: 9, Verb: "registered",
			Data: json.RawMessage(`{"alpha":9007199254740993,"html":"<b>&","zebra":"斑马'?"}`)}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAppend_RefusesAnEventOfNobody(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	ctx := t.Context()
	complete := ledger.Event{At: noon, Actor: kernel.TheSystem, SubjectKind: "case", Verb: "registered"}
	for name, spoil := range map[string]func(e *ledger.Event){
		"actor":   func(e *ledger.Event) { e.Actor = kernel.Actor{} },
		"time":    func(e *ledger.Event) { e.At = time.Time{} },
		"subject": func(e *ledger.Event) { e.SubjectKind = "" },
		"verb":    func(e *ledger.Event) { e.Verb = "" },
	} {
		e := complete
		spoil(&e)
		err := d.Write(ctx, func(tx db.Tx) error { return ledger.Append(ctx, tx, e) })
		if kernel.CodeOf(err) != kernel.Internal {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestTimeline_PagesByKeyNewestFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		appendN(t, d, 1, 9)
		appendN(t, d, 2, 1)
		first, err := ledger.Timeline(t.Context(), d.Reader(), 1, "case", 2, 0, 2)
		if err != nil || len(first) != 2 {
			t.Fatalf("%v, %v", first, err)
		}
		second, err := ledger.Timeline(t.Context(), d.Reader(), 1, "case", 2, first[1].ID, 2)
		if err != nil || len(second) != 1 {
			t.Fatalf("%v, %v", second, err)
		}
		data := string(first[0].Data) + string(first[1].Data) + string(second[0].Data)
		if data != `{"n":7}{"n":4}{"n":1}` {
			t.Error(data)
		}
		recent, err := ledger.Recent(t.Context(), d.Reader(), 1, 0, 100)
		if err != nil || len(recent) != 9 {
			t.Errorf("%d recent, %v", len(recent), err)
		}
	})
}

func TestSeal_GivesEachCampaignItsOwnPlaces(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l, _ := open(t, d)
		appendN(t, d, 1, 5)
		appendN(t, d, 2, 3)
		seal(t, l, 8)
		appendN(t, d, 1, 4)
		seal(t, l, 4)
		seal(t, l, 0)
		appendN(t, d, 1, 2)
		want := ledger.Report{Campaigns: []ledger.CampaignReport{
			{CampaignID: 1, Size: 9, Unsealed: 2, Checkpoints: 2}, {CampaignID: 2, Size: 3, Checkpoints: 1},
		}}
		if diff := cmp.Diff(want, verify(t, l)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSeal_TakesBatchesUntilNothingWaits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l, _ := open(t, d)
		appendN(t, d, 1, 1203)
		seal(t, l, 1203)
		want := ledger.Report{Campaigns: []ledger.CampaignReport{{CampaignID: 1, Size: 1203, Checkpoints: 7}}}
		if diff := cmp.Diff(want, verify(t, l)); diff != "" {
			t.Error(diff)
		}
	})
}

// On PostgreSQL an event becomes visible when its transaction commits, perhaps after others with greater IDs.
func TestSeal_TakesAnEventThatBecomesVisibleLate(t *testing.T) {
	d := dbtest.Open(t, db.Postgres)
	l, _ := open(t, d)
	ctx := kernel.WithActor(t.Context(), kernel.TheSystem)
	written, commit := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := d.Write(ctx, func(tx db.Tx) error {
			err := ledger.Append(ctx, tx, ledger.Event{CampaignID: 1, At: noon, SubjectKind: "case", Verb: "late"})
			close(written)
			<-commit
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-written
	appendN(t, d, 1, 2)
	seal(t, l, 2)
	close(commit)
	wg.Wait()
	seal(t, l, 1)
	records, err := ledger.Recent(ctx, d.Reader(), 1, 0, 10)
	if err != nil || len(records) != 3 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	if oldest := records[2]; oldest.Verb != "late" || *oldest.Seq != 2 {
		t.Errorf("the late event: %+v", oldest)
	}
	if r := verify(t, l); !r.Sound() {
		t.Errorf("%+v", r)
	}
}

func TestSeal_BySeveralInstancesAtOnceMakesOneTree(t *testing.T) {
	dsn := dbtest.DSN(t, db.Postgres)
	dir := t.TempDir()
	var wg sync.WaitGroup
	ledgers := make([]*ledger.Ledger, 3)
	stores := make([]*db.DB, 3)
	for i := range ledgers {
		d, err := db.Open(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		stores[i] = d
		if ledgers[i], err = ledger.Open(t.Context(), d, dir, fixedClock()); err != nil {
			t.Fatal(err)
		}
	}
	for i := range ledgers {
		wg.Go(func() {
			for range 10 {
				appendN(t, stores[i], 1, 7)
				if _, err := ledgers[i].SealNow(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if _, err := ledgers[0].SealNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := verify(t, ledgers[0])
	if !r.Sound() || r.Campaigns[0].Size != 210 || r.Campaigns[0].Unsealed != 0 {
		t.Errorf("%+v", r)
	}
}

func TestRun_SealsWhenNudged(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	l, _ := open(t, d)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { l.Run(ctx) })
	appendN(t, d, 1, 1)
	l.Nudge()
	for verify(t, l).Campaigns[0].Unsealed > 0 {
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	wg.Wait()
}

func TestOpen_MakesAKeyThatOnlyItsOwnerReads(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	l, dir := open(t, d)
	stat, err := os.Stat(filepath.Join(dir, "ledger.key"))
	if err != nil || stat.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", stat, err)
	}
	again, err := ledger.Open(t.Context(), d, dir, fixedClock())
	if err != nil || again.PublicKey() != l.PublicKey() {
		t.Errorf("%v", err)
	}
}

func TestOpen_RefusesAnotherKeyThanTheDatabaseKnows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		open(t, d)
		_, err := ledger.Open(t.Context(), d, t.TempDir(), fixedClock())
		if kernel.CodeOf(err) != kernel.Conflict {
			t.Errorf("got %v", err)
		}
	})
}

func TestOpen_TakesTheKeyFromTheEnvironment(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	l, dir := open(t, d)
	text, err := os.ReadFile(filepath.Join(dir, "ledger.key"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PINZHI_LEDGER_KEY", string(text))
	elsewhere := t.TempDir()
	again, err := ledger.Open(t.Context(), d, elsewhere, fixedClock())
	if err != nil || again.PublicKey() != l.PublicKey() {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(elsewhere, "ledger.key")); err == nil {
		t.Error("a key was written though the environment has one")
	}
	secret := "PRIVATE+KEY+broken"
	t.Setenv("PINZHI_LEDGER_KEY", secret)
	_, err = ledger.Open(t.Context(), d, elsewhere, fixedClock())
	if kernel.CodeOf(err) != kernel.Invalid || strings.Contains(fmt.Sprint(err), secret) {
		t.Errorf("got %v", err)
	}
}

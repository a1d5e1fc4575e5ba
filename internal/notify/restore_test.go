package notify_test

import (
	"bytes"
	"testing"

	"pinzhi/internal/access"
	"pinzhi/internal/backup"
	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/notify"
)

// TestRestore_GoesOnWhereItWas: in a restored system what waits is sent, what was told is not told again, and addresses
// of calendars hold.
func TestRestore_GoesOnWhereItWas(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, office := mailing(t, d)
		w.channel(t, "lead", notify.Channel{Kind: notify.Mail, Address: "hua.rui@example.gov.cn"})
		c := w.register(t, cases.Ordinary)
		w.take(t, "office", c.ID, w.act(cases.Dispatch))
		w.tell(t)
		token, err := w.notify.MakeFeed(w.as("lead"))
		if err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		m, err := backup.Source{DB: d, DataDir: t.TempDir(), Program: "test", LedgerKey: w.keeper.PublicKey(), Clock: w.clock}.Write(t.Context(), &file)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range []db.Kind{db.SQLite, db.Postgres} {
			fresh, err := db.Open(t.Context(), dbtest.EmptyDSN(t, kind))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { fresh.Close() })
			if err := (backup.Target{DB: fresh, DataDir: t.TempDir()}).Restore(t.Context(), m, bytes.NewReader(file.Bytes())); err != nil {
				t.Fatal(err)
			}
			days, accounts := calendar.New(fresh, w.clock), access.NewService(fresh, w.clock)
			campaigns := campaign.New(fresh, w.clock)
			again, err := notify.New(fresh, w.clock, days, campaigns, cases.New(fresh, w.clock, days, campaigns, nil), accounts,
				notify.Config{URL: "https://pinzhi.example", SMTP: notify.SMTP{Addr: office.addr, From: "pinzhi@example.gov.cn", TLS: "never"}})
			if err != nil {
				t.Fatal(err)
			}
			if n, err := again.Follow(t.Context()); err != nil || n != 0 {
				t.Errorf("%s: %d told again, %v", kind, n, err)
			}
			w.at("2024-03-19 08:30")
			if n, err := again.Deliver(t.Context()); err != nil || n != 1 || len(office.taken()) != 1 {
				t.Errorf("%s: %d messages sent, %v", kind, n, err)
			}
			if list, err := again.Calendar(t.Context(), token); err != nil || len(list) == 0 {
				t.Errorf("%s: the calendar's address does not hold: %v", kind, err)
			}
			if err := again.MarkAllRead(w.as("office"), 1<<40); err != nil { // and it can be written on
				t.Error(err)
			}
			if _, err := again.MakeFeed(w.as("head")); err != nil {
				t.Error(err)
			}
		}
	})
}

package ledger_test

import (
	"os"
	"path/filepath"
	"testing"

	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// found is a finding without its sentence. seq stands for the event's ID too: the table's IDs begin at 1,
// its places at 0, so the ID of an untouched row is seq+1.
type found struct {
	What string
	ID   int64
	Seq  int64
}

func TestVerify_NamesWhatWasTamperedWith(t *testing.T) {
	cases := []struct {
		name string
		sql  []string
		want []found
	}{
		{"nothing", nil, nil},
		{"a text is changed", []string{"update events set data = '{\"n\":99}' where seq = 3"}, []found{{ledger.Changed, 4, 3}}},
		{"an actor is changed", []string{"update events set actor_id = 5 where seq = 0"}, []found{{ledger.Changed, 1, 0}}},
		{"a time is changed", []string{"update events set at = '2024-01-01 00:00:00+00:00' where seq = 9"}, []found{{ledger.Changed, 10, 9}}},
		{"a leaf is changed", []string{"update events set leaf = (select leaf from events where campaign_id = 1 and seq = 1) where seq = 2"}, []found{{ledger.Changed, 3, 2}}},
		{"a row is deleted", []string{"delete from events where seq = 4"}, []found{{ledger.Dropped, 0, 4}}},
		{"a row is deleted and those behind move up", []string{
			"delete from events where seq = 8", "update events set seq = 8 where seq = 9",
		}, []found{{ledger.Changed, 10, 8}, {ledger.Dropped, 0, 9}}},
		{"a row is put at the end", []string{insertAt("10")}, []found{{ledger.Inserted, 1000, 10}}},
		{"a row takes the place of another", []string{"delete from events where seq = 5", insertAt("5")},
			[]found{{ledger.Changed, 1000, 5}}},
		{"a row squeezes in", []string{"drop index events_seq", insertAt("5")}, []found{{ledger.Inserted, 1000, 5}}},
		{"a row stands before the first", []string{insertAt("-7")}, []found{{ledger.Inserted, 1000, -7}}},
		{"two rows swap places", []string{
			"update events set seq = -1 where seq = 2", "update events set seq = 2 where seq = 6",
			"update events set seq = 6 where seq = -1",
		}, []found{{ledger.Changed, 7, 2}, {ledger.Changed, 3, 6}}},
		{"the tail is deleted", []string{"delete from events where seq >= 8"},
			[]found{{ledger.Dropped, 0, 8}, {ledger.Dropped, 0, 9}}},
		{"the newest checkpoint is deleted", []string{"delete from ledger_checkpoints where size = 10"}, []found{
			{ledger.Inserted, 7, 6}, {ledger.Inserted, 8, 7}, {ledger.Inserted, 9, 8}, {ledger.Inserted, 10, 9},
			{ledger.TreeHash, 0, 6}, {ledger.Cut, 0, 10},
		}},
		{"the tail is deleted with all that belongs to it", []string{
			"delete from events where seq >= 6", "delete from ledger_checkpoints where size > 6",
			"delete from ledger_hashes where position >= 10",
		}, []found{{ledger.Cut, 0, 10}}},
		{"everything is deleted", []string{
			"delete from events", "delete from ledger_checkpoints", "delete from ledger_hashes",
		}, []found{{ledger.Cut, 0, 10}}},
		{"a hash of the tree is changed", []string{
			"update ledger_hashes set hash = (select hash from ledger_hashes where campaign_id = 1 and position = 0) where position = 2",
		}, []found{{ledger.TreeHash, 0, 1}}},
		{"a hash of the tree is deleted", []string{"delete from ledger_hashes where position = 2"},
			[]found{{ledger.TreeHash, 0, 2}}},
		{"a checkpoint's text is changed", []string{"update ledger_checkpoints set note = replace(note, '6', '7') where size = 6"},
			[]found{{ledger.Forged, 0, 6}}},
		{"a checkpoint of another campaign is put in", []string{
			"update ledger_checkpoints set note = (select max(note) from ledger_checkpoints where campaign_id = 2) where size = 6",
		}, []found{{ledger.Forged, 0, 6}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				l, _ := tamperable(t, d)
				for _, sql := range c.sql {
					exec(t, d, sql+withCampaign(sql))
				}
				r := verify(t, l)
				if diff := cmp.Diff(c.want, findings(r, 1), cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s\n%+v", diff, r)
				}
				if r.Sound() != (len(c.want) == 0) {
					t.Error("Sound says otherwise")
				}
			})
		})
	}
}

// tamperable has ten sealed events in campaign 1, under checkpoints of 6 and 10, and six in campaign 2.
func tamperable(t *testing.T, d *db.DB) (*ledger.Ledger, string) {
	t.Helper()
	l, dir := open(t, d)
	appendN(t, d, 1, 6)
	seal(t, l, 6)
	appendN(t, d, 1, 4)
	seal(t, l, 4)
	appendN(t, d, 2, 6)
	seal(t, l, 6)
	return l, dir
}

func insertAt(seq string) string {
	return `insert into events (id, campaign_id, at, actor_id, actor_name, subject_kind, subject_id, verb, data, seq, leaf)
		select 1000, 1, at, actor_id, actor_name, subject_kind, subject_id, verb, data, ` + seq + `, leaf
		from events where campaign_id = 1 and id = 1`
}

// withCampaign keeps an update or delete off campaign 2.
func withCampaign(sql string) string {
	switch {
	case sql == "delete from events", sql == "delete from ledger_checkpoints", sql == "delete from ledger_hashes":
		return " where campaign_id = 1"
	case sql[:6] == "insert", sql[:4] == "drop":
		return ""
	default:
		return " and campaign_id = 1"
	}
}

func findings(r ledger.Report, campaign int64) (all []found) {
	for _, c := range r.Campaigns {
		for _, f := range c.Findings {
			if c.CampaignID == campaign {
				all = append(all, found{f.What, f.EventID, f.Seq})
			} else {
				all = append(all, found{"another campaign: " + f.Message, f.EventID, f.Seq})
			}
		}
	}
	return all
}

func TestVerify_ANewTreeAfterACutShowsByTheKeptCheckpoint(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l, dir := tamperable(t, d)
		kept, err := os.ReadFile(filepath.Join(dir, "checkpoints", "1.checkpoint"))
		if err != nil {
			t.Fatal(err)
		}
		for _, sql := range []string{
			"delete from events where seq >= 6 and campaign_id = 1",
			"delete from ledger_checkpoints where size > 6 and campaign_id = 1",
			"delete from ledger_hashes where position >= 10 and campaign_id = 1",
		} {
			exec(t, d, sql)
		}
		if err := os.Remove(filepath.Join(dir, "checkpoints", "1.checkpoint")); err != nil {
			t.Fatal(err)
		}
		appendN(t, d, 1, 9)
		seal(t, l, 9) // the intruder's machine forgot, and the ledger grew beyond what it was
		if r := verify(t, l); !r.Sound() {
			t.Errorf("without a witness: %+v", r)
		}
		r, err := l.Verify(t.Context(), string(kept))
		if err != nil {
			t.Fatal(err)
		}
		want := []found{{ledger.Forged, 0, 10}}
		if diff := cmp.Diff(want, findings(r, 1)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSeal_StopsOnALedgerThatWasCut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l, _ := tamperable(t, d)
		exec(t, d, "delete from events where seq >= 6 and campaign_id = 1")
		exec(t, d, "delete from ledger_checkpoints where size > 6 and campaign_id = 1")
		exec(t, d, "delete from ledger_hashes where position >= 10 and campaign_id = 1")
		appendN(t, d, 1, 9)
		appendN(t, d, 2, 1)
		n, err := l.SealNow(t.Context())
		if kernel.CodeOf(err) != kernel.Conflict || n != 1 {
			t.Errorf("sealed %d, %v; want the one of campaign 2 only", n, err)
		}
	})
}

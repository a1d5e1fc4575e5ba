package campaign_test

import (
	"testing"

	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/webtest"

	"github.com/google/go-cmp/cmp"
)

// TestStandingOf_IsWhatTheRosterSaysAfterARevision: everybody was here a moment before, so everybody's standing is kept.
func TestStandingOf_IsWhatTheRosterSaysAfterARevision(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		svc, c := opened(t, d, linfen)
		seats, err := roster.SeatsOf(webtest.System(), d.Reader(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		people := map[int64]bool{}
		for _, s := range seats {
			people[s.PersonID] = true
		}
		changed := 0
		look := func(before map[int64]int) map[int64]int {
			had := map[int64]int{}
			for id := range people {
				a := kernel.Actor{AccountID: id, PersonID: id, Name: "某人"}
				want, err := roster.StandingOf(t.Context(), d.Reader(), c.ID, a)
				if err != nil {
					t.Fatal(err)
				}
				v, err := svc.See(kernel.WithActor(t.Context(), a), c.ID)
				if want.Any() != (err == nil) || (err != nil && kernel.CodeOf(err) != kernel.NotFound) {
					t.Errorf("%d with %d seats: %v", id, len(want.Seats), err)
				}
				if diff := cmp.Diff(want.Seats, v.Standing.Seats); err == nil && diff != "" {
					t.Errorf("%d: %s", id, diff)
				}
				if had[id] = len(want.Seats); before != nil && before[id] != had[id] {
					changed++
				}
			}
			return had
		}
		before := look(nil)
		draft := startDraft(t, svc, c.ID, linfen, revised)
		if _, err := svc.OpenDraft(webtest.System(), draft.ID, 0); err != nil {
			t.Fatal(err)
		}
		if look(before); changed == 0 {
			t.Error("the revision changed nobody's standing: this test sees nothing")
		}
	})
}

func TestRestamp_GivesAnotherStamp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		_, c := opened(t, d, linfen)
		seen := map[int64]bool{c.Stamp: true}
		for range 3 {
			if err := d.Write(t.Context(), func(tx db.Tx) error { return campaign.Restamp(t.Context(), tx, c.ID) }); err != nil {
				t.Fatal(err)
			}
			stamp, err := campaign.StampOf(t.Context(), d.Reader(), c.ID)
			if err != nil || seen[stamp] {
				t.Errorf("%d again, or %v", stamp, err)
			}
			seen[stamp] = true
		}
	})
}

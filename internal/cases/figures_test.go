package cases_test

import (
	"testing"
	"time"

	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/drill"
	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
)

// TestCountWithin_AsReadingEveryCase: of the made-up city's units, every month's figures are what going through all the
// cases and their dues gives, and the list behind each has as many.
func TestCountWithin_AsReadingEveryCase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		blobs, err := evidence.NewFolder(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		city, err := drill.Live(t.Context(), d, blobs, drill.Options{Cases: 400, Months: 3, Seed: 7}, nil)
		if err != nil {
			t.Fatal(err)
		}
		id := city.Campaign.ID
		var all []cases.Case
		if err := d.Reader().NewSelect().Model(&all).Where("campaign_id = ?", id).Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		units := map[int64]bool{}
		bodies := map[int64]bool{}
		for _, c := range all {
			units[c.LeadUnitID], bodies[c.BodyID] = true, true
		}
		delete(units, 0)
		delete(bodies, 0)
		sum := 0
		for _, month := range []kernel.Month{"2023-07", "2023-08", "2023-09"} {
			from, to := month.First(), month.Last()
			for u := range units {
				sum += wantFigures(t, d, all, cases.Whose{UnitID: u}, from, to, id)
			}
			for b := range bodies {
				wantFigures(t, d, all, cases.Whose{BodyID: b}, from, to, id)
			}
		}
		if sum < 400 {
			t.Error("the city is so small that this proves nothing:", sum)
		}
	})
}

func wantFigures(t *testing.T, d *db.DB, all []cases.Case, w cases.Whose, from, to kernel.Date, campaignID int64) (sum int) {
	t.Helper()
	begin, end := from.Time(), to.AddDays(1).Time()
	in := func(at time.Time) bool { return !at.IsZero() && !at.Before(begin) && at.Before(end) }
	want := map[cases.Figure]int{}
	for _, c := range all {
		if (w.UnitID != 0 && c.LeadUnitID != w.UnitID) || (w.BodyID != 0 && c.BodyID != w.BodyID) {
			continue
		}
		if in(c.DispatchedAt) {
			want[cases.Taken]++
		}
		if in(c.ClosedAt) && c.Step == cases.Closed {
			want[cases.Finished]++
		}
		if c.DispatchedAt.IsZero() || !c.DispatchedAt.Before(end) || (!c.ClosedAt.IsZero() && c.ClosedAt.Before(end)) {
			continue
		}
		want[cases.Standing]++
		var late int
		err := d.Reader().NewRaw(`SELECT count(*) FROM dues WHERE subject_kind = 'case' AND subject_id = ? AND step IN (?, ?) AND due_at < ?
			AND coalesce(met_at, dropped_at, ?) >= ?`, c.ID, cases.OweRectify, cases.OweRework, end, end, end).Scan(t.Context(), &late)
		if err != nil {
			t.Fatal(err)
		}
		want[cases.Overdue] += min(late, 1)
	}
	got, err := cases.CountWithin(t.Context(), d.Reader(), campaignID, w, from, to)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range cases.Figures {
		list, err := cases.ListWithin(t.Context(), d.Reader(), campaignID, w, f, from, to, 1000)
		if got[f] != want[f] || len(list) != want[f] || err != nil {
			t.Errorf("%+v, %s to %s: %d %s, %d in the list, %v; want %d", w, from, to, got[f], f, len(list), err, want[f])
		}
		sum += got[f]
	}
	return sum
}

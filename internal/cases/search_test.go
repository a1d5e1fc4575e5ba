package cases_test

import (
	"testing"

	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
)

// TestSearch_ARareFilterOverACommonWordGoesOn: a page reads only so much of the index, and its key leads to the rest.
func TestSearch_ARareFilterOverACommonWordGoesOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		oldest := c.along(t, "dispatched")
		for range 1200 {
			c.register(t, "office")
		}
		ctx := c.as(t, "office")
		v, err := c.Viewer(ctx, c.campaign.ID)
		if err != nil {
			t.Fatal(err)
		}
		f := cases.Filter{Text: "行道树", Step: cases.Dispatched}
		for range 3 {
			p, err := c.List(ctx, v, f)
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Rows) == 1 && p.Rows[0].ID == oldest.ID && p.Next == "" {
				return
			}
			if f.After = p.Next; p.Next == "" {
				break
			}
		}
		t.Error("the oldest case was not found")
	})
}

package cases_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
)

func TestExamine_FindsWhatWasChangedBehindTheBooksAndNothingElse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		c.live(t, rand.New(rand.NewPCG(5, 6)), 40)
		order, err := c.Issue(c.as(t, "office"), c.campaign.ID, cases.NewOrder{Cases: []int64{c.register(t, "office").ID}, Unit: c.units["lead"], Requirement: "补植", Day: "2030-01-10", Signer: "办公室"})
		if err != nil {
			t.Fatal(err)
		}
		if found, err := cases.Examine(t.Context(), d.Reader()); err != nil || len(found) != 0 {
			t.Fatalf("of sound books: %v, %v", found, err)
		}
		for harm, want := range map[string]string{
			"UPDATE case_counts SET n = n + 1 WHERE unit_id = 0 AND step = 'registered' AND shard = (SELECT min(shard) FROM case_counts WHERE unit_id = 0 AND step = 'registered')": "registered",
			"UPDATE orders SET open_cases = 3": order.Number,
			"UPDATE case_spans SET to_at = from_at WHERE id = (SELECT max(id) FROM case_spans WHERE to_at IS NULL)": "停留",
		} {
			err := d.Write(t.Context(), func(tx db.Tx) error {
				_, err := tx.NewRaw(harm).Exec(t.Context())
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			found, err := cases.Examine(t.Context(), d.Reader())
			if err != nil {
				t.Fatal(err)
			}
			heard := false
			for _, a := range found {
				heard = heard || (a.CampaignID == c.campaign.ID && strings.Contains(a.Text, want))
			}
			if !heard {
				t.Errorf("after %s: %v", harm, found)
			}
		}
	})
}

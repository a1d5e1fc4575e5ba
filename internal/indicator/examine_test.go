package indicator_test

import (
	"testing"

	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/indicator"
)

// TestExamine_FindsAnOutlineThatLies: a figure that was moved behind the program's back.
func TestExamine_FindsAnOutlineThatLies(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d, "2024-04-10 09:00")
		_, plain := c.measured(t)
		err := d.Write(t.Context(), func(tx db.Tx) error {
			_, err := tx.NewRaw("UPDATE readings SET counts = 7 WHERE indicator_id = ? AND period = '2024-02'", plain).Exec(t.Context())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		wrong, err := indicator.Examine(t.Context(), d.Reader())
		if err != nil || len(wrong) != 1 || wrong[0].Text != "指标 QY01 的列表与它的数对不上" {
			t.Errorf("%+v: %v", wrong, err)
		}
	})
}

package cases_test

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/web/webtest"
)

// TestSpeed_OfAHolidayThatMovesAHundredThousandDues prints how long it takes; it judges the outcome, not the time.
// PINZHI_SPEED=1 go test -run TestSpeed_OfAHoliday -v -timeout 30m ./internal/cases.
func TestSpeed_OfAHolidayThatMovesAHundredThousandDues(t *testing.T) {
	if os.Getenv("PINZHI_SPEED") == "" {
		t.Skip("PINZHI_SPEED=1 runs it: minutes")
	}
	const n = 100_000
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		var all sync.WaitGroup
		for w := range 64 {
			all.Go(func() {
				for i := w; i < n; i += 64 {
					_, err := c.Register(webtest.System(), c.campaign.ID, cases.Registration{UUID: fmt.Sprintf("%08d", i), Words: "解放路路灯不亮", Source: cases.Hotline, Address: "解放路"})
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		var due time.Time
		if err := d.Reader().NewRaw("SELECT due_at FROM cases ORDER BY id LIMIT 1").Scan(t.Context(), &due); err != nil {
			t.Fatal(err)
		}
		day, _ := calendar.LastDay(due)
		year := day.Time().In(kernel.Shanghai).Year()
		days, err := c.calendar.Days(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		exceptions := append(days.Exceptions(year), calendar.Exception{Day: day, Name: "临时放假"})
		if err := c.calendar.SetYear(webtest.System(), year, exceptions, "临时通知"); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		moved, err := c.calendar.Sweep(webtest.System())
		took := time.Since(began)
		if err != nil {
			t.Fatal(err)
		}
		var events, later int
		if err := d.Reader().NewRaw("SELECT count(*) FROM events WHERE verb = 'due_moved'").Scan(t.Context(), &events); err != nil {
			t.Fatal(err)
		}
		if err := d.Reader().NewRaw("SELECT count(*) FROM cases WHERE due_at > ?", due).Scan(t.Context(), &later); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d dues moved in %s", d.Kind(), moved, took.Round(time.Millisecond))
		if events != n || later != n {
			t.Errorf("%d events, %d cases are due later; want %d", events, later, n)
		}
	})
}

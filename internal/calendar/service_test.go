package calendar_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"

	"github.com/google/go-cmp/cmp"
)

func asError(err error) kernel.Error {
	if e, ok := errors.AsType[*kernel.Error](err); ok {
		return *e
	}
	return kernel.Error{}
}

// desk is a service on a database, a clock to set, and a room that writes in the ledger what it is told.
type desk struct {
	*calendar.Service

	t     *testing.T
	ctx   context.Context
	store *db.DB
	now   time.Time
}

func newDesk(t *testing.T, store *db.DB, now string) *desk {
	t.Helper()
	d := &desk{t: t, ctx: kernel.WithActor(t.Context(), kernel.TheSystem), store: store, now: moment(now)}
	d.Service = calendar.New(store, kernel.FixedClock(func() time.Time { return d.now }))
	d.Watch("case", calendar.Watcher{
		Passed: func(ctx context.Context, tx db.Tx, due calendar.Due, m calendar.Mark) error {
			return d.note(ctx, tx, due, m.String())
		},
		Moved: func(ctx context.Context, tx db.Tx, list []calendar.Shift) error {
			for _, x := range list {
				if err := d.note(ctx, tx, x.Due, fmt.Sprintf("moved from %s to %s", calendar.Moment(x.Before), calendar.Moment(x.DueAt))); err != nil {
					return err
				}
			}
			return nil
		},
	})
	return d
}

func (d *desk) note(ctx context.Context, tx db.Tx, due calendar.Due, what string) error {
	return ledger.Append(ctx, tx, ledger.Event{CampaignID: due.CampaignID, At: d.now, SubjectKind: "case", SubjectID: due.SubjectID,
		Verb: "told", Data: due.Step + " " + what})
}

func (d *desk) write(fn func(tx db.Tx) error) {
	d.t.Helper()
	if err := d.store.Write(d.ctx, fn); err != nil {
		d.t.Fatal(err)
	}
}

// campaign makes the one that the dues belong to.
func (d *desk) campaign() {
	d.t.Helper()
	d.write(func(tx db.Tx) error {
		_, err := tx.NewRaw(`INSERT INTO campaigns (place, name, document_number, issuer, issued_on, printed_on, drill, plan_version, opened_at, stamp)
			VALUES ('', '', '', '', '', '', ?, 1, ?, 1)`, false, d.now).Exec(d.ctx)
		return err
	})
}

func (d *desk) days() *calendar.Days {
	d.t.Helper()
	days, err := d.Days(d.ctx)
	if err != nil {
		d.t.Fatal(err)
	}
	return days
}

func (d *desk) owe(days *calendar.Days, subject int64, step string, r calendar.Reckoning) (due calendar.Due) {
	d.t.Helper()
	d.write(func(tx db.Tx) (err error) {
		due, err = calendar.Owe(d.ctx, tx, days, calendar.Owing{CampaignID: 1, SubjectKind: "case", SubjectID: subject,
			Step: step, Hand: "unit", UnitID: 7, Reckoning: r})
		return err
	})
	return due
}

func (d *desk) of(subject int64) []calendar.Due {
	d.t.Helper()
	dues, err := calendar.Of(d.ctx, d.store.Reader(), 1, "case", subject)
	if err != nil {
		d.t.Fatal(err)
	}
	return dues
}

// sweepAt sweeps at a time and expects n dues to be touched.
func (d *desk) sweepAt(now time.Time, want int) {
	d.t.Helper()
	d.now = now
	n, err := d.Sweep(d.ctx)
	if err != nil || n != want {
		d.t.Errorf("at %s touched %d, %v; want %d", calendar.Moment(now), n, err, want)
	}
}

// told is what the room was told of a subject, the oldest first.
func (d *desk) told(subject int64) (list []string) {
	d.t.Helper()
	records, err := ledger.Timeline(d.ctx, d.store.Reader(), 1, "case", subject, 0, 100)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, r := range slices.Backward(records) {
		var what string
		if err := json.Unmarshal(r.Data, &what); err != nil {
			d.t.Fatal(err)
		}
		list = append(list, what)
	}
	return list
}

func (d *desk) wantTold(subject int64, want ...string) {
	d.t.Helper()
	if diff := cmp.Diff(want, d.told(subject)); diff != "" {
		d.t.Error(diff)
	}
}

func each(t *testing.T, now string, fn func(d *desk)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, store *db.DB) {
		d := newDesk(t, store, now)
		d.campaign()
		fn(d)
	})
}

// owed is a due as Owe computes it.
func owed(t *testing.T, days *calendar.Days, r calendar.Reckoning) calendar.Due {
	t.Helper()
	d := newDesk(t, dbtest.Open(t, db.SQLite), "2024-01-01 00:00")
	d.campaign()
	return d.owe(days, 1, "rectify", r)
}

func TestOwe_IsReadBackAsItWasWritten(t *testing.T) {
	each(t, "2024-03-18 08:42", func(d *desk) {
		for i, r := range []calendar.Reckoning{
			from("2024-03-18 08:42:17.123457", workdays("整改时限", 7), until("延期", "2024-04-03")),
			from("2024-03-18 08:42:17.123457", hours("签收时限", 1)),
		} {
			due := d.owe(d.days(), int64(i+1), "rectify", r)
			got := d.of(int64(i + 1))
			if diff := cmp.Diff([]calendar.Due{due}, got); diff != "" {
				d.t.Fatal(diff)
			}
			if diff := cmp.Diff(r, got[0].How()); diff != "" {
				d.t.Error(diff)
			}
			if !got[0].Running() || got[0].UnitID != 7 {
				d.t.Errorf("%+v", got[0])
			}
		}
	})
}

func TestMeetAndDrop_CloseWhatTheyName(t *testing.T) {
	each(t, "2024-03-18 08:42", func(d *desk) {
		for _, step := range []string{"acknowledge", "rectify", "verify", "report"} {
			d.owe(d.days(), 1, step, from("2024-03-18 08:42", workdays("", 2)))
		}
		d.owe(d.days(), 2, "rectify", from("2024-03-18 08:42", workdays("", 2)))
		first, second := moment("2024-03-18 10:00"), moment("2024-03-18 11:00")
		d.write(func(tx db.Tx) error {
			return errors.Join(
				calendar.Meet(d.ctx, tx, 2, "case", 1, first),
				calendar.Meet(d.ctx, tx, 1, "order", 1, first),
				calendar.Meet(d.ctx, tx, 1, "case", 1, first, "acknowledge", "rectify"),
				calendar.Meet(d.ctx, tx, 1, "case", 1, second, "rectify"),
				calendar.Drop(d.ctx, tx, 1, "case", 1, second, "verify", "rectify"),
			)
		})
		var got []string
		for _, due := range d.of(1) {
			got = append(got, fmt.Sprint(due.Step, !due.MetAt.IsZero() && due.MetAt.Equal(first), due.DroppedAt.Equal(second), due.Running()))
		}
		want := []string{"acknowledgetrue false false", "rectifytrue false false", "verifyfalse true false", "reportfalse false true"}
		if diff := cmp.Diff(want, got); diff != "" {
			d.t.Error(diff)
		}
		d.write(func(tx db.Tx) error { return calendar.Drop(d.ctx, tx, 1, "case", 1, second) })
		d.sweepAt(moment("2024-06-01 00:00"), 1)
		d.wantTold(1)
		d.wantTold(2, "rectify to_unit_head", "rectify to_group_leader", "rectify to_leading_group")
	})
}

func TestSweep_PassesEachMarkOnceAndInOrder(t *testing.T) {
	each(t, "2024-03-18 08:42", func(d *desk) {
		d.owe(d.days(), 1, "rectify", from("2024-03-18 08:42", workdays("", 7)))
		var want []string
		for _, c := range []struct{ at, mark string }{
			{"2024-03-23 04:21", "half_way"}, {"2024-03-26 08:30", "day_before"}, {"2024-03-27 08:30", "on_the_day"},
			{"2024-03-28 00:00", "to_unit_head"}, {"2024-03-30 00:00", "to_group_leader"}, {"2024-04-04 00:00", "to_leading_group"},
		} {
			d.sweepAt(moment(c.at).Add(-time.Microsecond), 0)
			d.sweepAt(moment(c.at), 1)
			d.sweepAt(moment(c.at), 0)
			want = append(want, "rectify "+c.mark)
			d.wantTold(1, want...)
		}
		d.sweepAt(moment("2025-04-03 00:00"), 0)
		d.wantTold(1, want...)
	})
}

func TestSweep_AfterALongSleepTellsTheLastReminderAndEveryEscalation(t *testing.T) {
	const unitHead, leader, group = "rectify to_unit_head", "rectify to_group_leader", "rectify to_leading_group"
	for now, want := range map[string][]string{
		"2024-03-24 12:00": {"rectify half_way"},
		"2024-03-26 12:00": {"rectify day_before"},
		"2024-03-27 12:00": {"rectify on_the_day"},
		"2024-03-28 12:00": {unitHead}, // a reminder of what is late already would mislead
		"2024-03-30 12:00": {unitHead, leader},
		"2024-04-30 12:00": {unitHead, leader, group},
	} {
		d := newDesk(t, dbtest.Open(t, db.SQLite), "2024-03-18 08:42")
		d.campaign()
		d.owe(d.days(), 1, "rectify", from("2024-03-18 08:42", workdays("", 7)))
		d.sweepAt(moment(now), 1)
		d.sweepAt(moment(now), 0)
		d.wantTold(1, want...)
	}
}

func TestMarks_OfShortLimitsComeInOrderOrNotAtAll(t *testing.T) {
	for _, c := range []struct {
		reckoning calendar.Reckoning
		want      string
	}{
		{from("2024-03-18 10:00", hours("", 4)), "03-18 12:00 half_way, 03-18 14:00 to_unit_head"},
		{from("2024-03-18 10:00", hours("", 24)), "03-18 22:00 half_way, 03-19 08:30 on_the_day, 03-19 10:00 to_unit_head"},
		// Half the time would end after the morning of the last day.
		{from("2024-03-18 23:00", workdays("", 1)), "03-19 08:30 on_the_day, 03-20 00:00 to_unit_head"},
		// Half the time would end after the morning of the day before.
		{from("2024-03-18 08:42", workdays("", 2)), "03-19 08:30 day_before, 03-20 08:30 on_the_day, 03-21 00:00 to_unit_head"},
		// To a Sunday: the working day before is the Friday.
		{from("2024-03-28 10:00", until("", "2024-03-31")), "03-29 08:30 day_before, 03-31 08:30 on_the_day, 04-01 00:00 to_unit_head"},
	} {
		d := newDesk(t, dbtest.Open(t, db.SQLite), "2024-03-18 08:42")
		d.campaign()
		due := d.owe(d.days(), 1, "rectify", c.reckoning)
		var got []string
		for due.Mark <= calendar.ToUnitHead {
			got = append(got, due.MarkAt.In(kernel.Shanghai).Format("01-02 15:04 ")+due.Mark.String())
			if due.Mark.Escalates() != (due.Mark == calendar.ToUnitHead) {
				t.Errorf("%s escalates: %t", due.Mark, due.Mark.Escalates())
			}
			d.sweepAt(due.MarkAt, 1)
			due = d.of(1)[0]
		}
		if diff := cmp.Diff(c.want, strings.Join(got, ", ")); diff != "" {
			t.Error(diff)
		}
	}
}

func TestSweep_ByTwoInstancesTellsEachOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, store *db.DB) {
		const dues = 450 // more than two batches
		one := newDesk(t, store, "2024-03-18 08:42")
		one.campaign()
		days := one.days()
		one.write(func(tx db.Tx) error {
			for i := range dues {
				_, err := calendar.Owe(one.ctx, tx, days, calendar.Owing{CampaignID: 1, SubjectKind: "case", SubjectID: int64(i + 1),
					Step: "rectify", Reckoning: from("2024-03-18 08:42", workdays("", 7))})
				if err != nil {
					return err
				}
			}
			return nil
		})
		desks := []*desk{one, newDesk(t, store, "2024-03-18 08:42")}
		touched := make([]int, len(desks))
		var wg sync.WaitGroup
		for i, d := range desks {
			d.now = moment("2024-03-28 00:00")
			wg.Go(func() {
				n, err := d.Sweep(d.ctx)
				if err != nil {
					t.Error(err)
				}
				touched[i] = n
			})
		}
		wg.Wait()
		if touched[0]+touched[1] != dues {
			t.Errorf("touched %v of %d dues", touched, dues)
		}
		for i := range dues {
			one.wantTold(int64(i+1), "rectify to_unit_head")
		}
	})
}

func TestSweep_ThatARoomRefusesLeavesTheMark(t *testing.T) {
	each(t, "2024-03-18 08:42", func(d *desk) {
		due := d.owe(d.days(), 1, "rectify", from("2024-03-18 10:00", hours("", 4)))
		room := calendar.New(d.store, kernel.FixedClock(func() time.Time { return due.MarkAt }))
		refused := errors.New("refused")
		room.Watch("case", calendar.Watcher{Passed: func(context.Context, db.Tx, calendar.Due, calendar.Mark) error { return refused }})
		if _, err := room.Sweep(d.ctx); !errors.Is(err, refused) {
			d.t.Error(err)
		}
		if diff := cmp.Diff([]calendar.Due{due}, d.of(1)); diff != "" {
			d.t.Error(diff)
		}
		d.sweepAt(due.MarkAt, 1)
		d.wantTold(1, "rectify half_way")
	})
}

func TestSweep_LeavesADueThatItsRoomClosesOnBeingTold(t *testing.T) {
	each(t, "2024-03-18 08:42", func(d *desk) {
		d.owe(d.days(), 1, "rectify", from("2024-03-18 10:00", hours("", 4)))
		d.Watch("case", calendar.Watcher{Passed: func(ctx context.Context, tx db.Tx, due calendar.Due, _ calendar.Mark) error {
			return calendar.Drop(ctx, tx, due.CampaignID, due.SubjectKind, due.SubjectID, d.now)
		}})
		d.sweepAt(moment("2024-03-18 12:00"), 1)
		d.sweepAt(moment("2024-06-01 00:00"), 0)
		if due := d.of(1)[0]; !due.DroppedAt.Equal(moment("2024-03-18 12:00")) || !due.MarkAt.IsZero() {
			d.t.Errorf("%+v", due)
		}
	})
}

func (d *desk) change(due calendar.Due, r calendar.Reckoning) (changed calendar.Due, err error) {
	err = d.store.Write(d.ctx, func(tx db.Tx) (err error) {
		changed, err = calendar.Change(d.ctx, tx, d.days(), due, r, d.now)
		return err
	})
	return changed, err
}

func (d *desk) mustChange(due calendar.Due, r calendar.Reckoning) {
	d.t.Helper()
	changed, err := d.change(due, r)
	if err != nil {
		d.t.Fatal(err)
	}
	if diff := cmp.Diff([]calendar.Due{changed}, d.of(due.SubjectID)); diff != "" {
		d.t.Error(diff)
	}
}

func TestChange_ToALaterEndRemindsAgainBeforeIt(t *testing.T) {
	each(t, "2024-03-18 08:42", func(d *desk) {
		limit := workdays("整改时限", 7)
		d.owe(d.days(), 1, "rectify", from("2024-03-18 08:42", limit))
		d.sweepAt(moment("2024-03-28 09:00"), 1)
		d.mustChange(d.of(1)[0], from("2024-03-18 08:42", limit, until("延期", "2024-04-03")))
		d.sweepAt(moment("2024-03-28 09:00"), 0)
		d.sweepAt(moment("2024-04-02 09:00"), 1)
		d.sweepAt(moment("2024-04-04 09:00"), 1)
		d.wantTold(1, "rectify to_unit_head", "rectify day_before", "rectify to_unit_head")
	})
}

func TestChange_ToAnEndThatIsPastEscalatesNothingTwice(t *testing.T) {
	each(t, "2024-03-18 08:42", func(d *desk) {
		limit := workdays("整改时限", 7)
		d.owe(d.days(), 1, "rectify", from("2024-03-18 08:42", limit))
		d.sweepAt(moment("2024-04-01 09:00"), 1)
		d.mustChange(d.of(1)[0], from("2024-03-18 08:42", limit, workdays("退还", 1)))
		d.sweepAt(moment("2024-04-01 09:00"), 0)
		d.sweepAt(moment("2024-04-30 09:00"), 1)
		d.wantTold(1, "rectify to_unit_head", "rectify to_group_leader", "rectify to_leading_group")
	})
}

func TestChange_ToAnEndThatIsPastEscalatesAtOnce(t *testing.T) {
	each(t, "2024-03-18 08:42", func(d *desk) {
		d.owe(d.days(), 1, "rectify", from("2024-03-18 08:42", workdays("", 7)))
		d.sweepAt(moment("2024-03-24 09:00"), 1)
		d.mustChange(d.of(1)[0], from("2024-03-18 08:42", workdays("", 2)))
		d.sweepAt(moment("2024-03-24 09:00"), 1)
		d.wantTold(1, "rectify half_way", "rectify to_unit_head", "rectify to_group_leader")
	})
}

func TestChange_RefusesAClosedDue(t *testing.T) {
	each(t, "2024-03-18 08:42", func(d *desk) {
		open := d.owe(d.days(), 1, "rectify", from("2024-03-18 08:42", workdays("", 7)))
		d.write(func(tx db.Tx) error { return calendar.Meet(d.ctx, tx, 1, "case", 1, d.now) })
		closed := d.of(1)
		for name, due := range map[string]calendar.Due{"as it is": closed[0], "as it was": open} {
			if _, err := d.change(due, from("2024-03-18 08:42", workdays("", 9))); kernel.CodeOf(err) != kernel.Conflict {
				d.t.Errorf("%s: %v", name, err)
			}
		}
		if diff := cmp.Diff(closed, d.of(1)); diff != "" {
			d.t.Error(diff)
		}
		d.sweepAt(moment("2024-06-01 00:00"), 0)
	})
}

// newYear is a table for a year that the program brings none for.
var newYear = []calendar.Exception{
	{Day: "2049-01-01", Name: "元旦"}, {Day: "2049-01-02", Name: "元旦"}, {Day: "2049-01-03", Name: "元旦"},
	{Day: "2049-01-04", Name: "元旦"}, {Day: "2049-01-09", Worked: true, Name: "元旦"},
}

const (
	source  = "国办发明电〔2048〕7号"
	movedOn = "rectify moved from 2049年1月4日 24:00 to 2049年1月6日 24:00"
)

func TestSetYear_IsForTheSystemAdministrator(t *testing.T) {
	d := newDesk(t, dbtest.Open(t, db.SQLite), "2048-12-20 09:00")
	for name, c := range map[string]struct {
		actor kernel.Actor
		code  kernel.Code
	}{
		"nobody":                 {kernel.Actor{}, kernel.Forbidden},
		"clerk":                  {kernel.Actor{AccountID: 1, Name: "王渊"}, kernel.Forbidden},
		"security administrator": {kernel.Actor{AccountID: 1, Name: "安", Admin: kernel.SecurityAdmin}, kernel.Forbidden},
		"audit administrator":    {kernel.Actor{AccountID: 1, Name: "审", Admin: kernel.AuditAdmin}, kernel.Forbidden},
		"system administrator":   {kernel.Actor{AccountID: 1, Name: "系", Admin: kernel.SystemAdmin}, ""},
		"the system":             {kernel.TheSystem, ""},
	} {
		err := d.SetYear(kernel.WithActor(t.Context(), c.actor), 2049, newYear, source)
		if kernel.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSetYear_RefusesWhatIsNoTable(t *testing.T) {
	d := newDesk(t, dbtest.Open(t, db.SQLite), "2048-12-20 09:00")
	for name, c := range map[string]struct {
		year   int
		days   []calendar.Exception
		source string
		field  string
	}{
		"too early":         {1999, nil, source, "year"},
		"too late":          {2101, nil, source, "year"},
		"no source":         {2049, newYear, " \t", "source"},
		"another year":      {2050, newYear, source, "days"},
		"a day twice":       {2049, append(newYear[:2:2], newYear[0]), source, "days"},
		"no day":            {2049, []calendar.Exception{{Name: "元旦"}}, source, "days"},
		"a day of no month": {2049, []calendar.Exception{{Day: "2049-02-30", Name: "春节"}}, source, "days"},
		"a worked Monday":   {2049, []calendar.Exception{{Day: "2049-01-11", Worked: true, Name: "元旦"}}, source, "days"},
	} {
		err := d.SetYear(d.ctx, c.year, c.days, c.source)
		if e := asError(err); e.Code != kernel.Invalid || e.Field != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d.days().Known(2049) || d.days().Known(2050) {
		t.Error("a refused table was kept")
	}
}

func TestSetYear_PutsOneTableInPlaceOfAnother(t *testing.T) {
	each(t, "2048-12-20 09:00", func(d *desk) {
		if d.days().Known(2049) {
			d.t.Fatal("2049 is known already")
		}
		for _, table := range [][]calendar.Exception{newYear, newYear[1:3], nil, newYear} {
			if err := d.SetYear(d.ctx, 2049, table, source); err != nil {
				d.t.Fatal(err)
			}
			if diff := cmp.Diff(table, d.days().Exceptions(2049)); diff != "" || !d.days().Known(2049) {
				d.t.Error(diff)
			}
		}
		if d.days().Worked("2049-01-04") || !d.days().Worked("2049-01-09") {
			d.t.Error("the table is not followed")
		}
		records, err := ledger.Timeline(d.ctx, d.store.Reader(), ledger.System, "calendar", 2049, 0, 10)
		if err != nil || len(records) != 4 || string(records[0].Data) != `{"days":5,"source":"`+source+`","year":2049}` {
			d.t.Errorf("%+v, %v", records, err)
		}
		// The program's own table gives way too, and that of other years stands.
		if err := d.SetYear(d.ctx, 2024, nil, source); err != nil {
			d.t.Fatal(err)
		}
		if !d.days().Worked("2024-02-12") || d.days().Worked("2023-01-23") || d.days().Worked("2049-01-04") {
			d.t.Error("one year's table spoilt another's")
		}
		if calendar.Published().Worked("2024-02-12") {
			d.t.Error("what the program brings was changed")
		}
	})
}

func TestSweep_MovesOpenDuesToAChangedHoliday(t *testing.T) {
	each(t, "2048-12-28 09:00", func(d *desk) {
		span := from("2048-12-28 09:00", workdays("", 5))
		d.owe(d.days(), 1, "rectify", span)
		d.owe(d.days(), 2, "acknowledge", from("2048-12-28 09:00", hours("", 24)))
		d.owe(d.days(), 3, "rectify", span)
		d.owe(d.days(), 4, "rectify", span)
		d.write(func(tx db.Tx) error {
			return errors.Join(calendar.Meet(d.ctx, tx, 1, "case", 3, d.now), calendar.Drop(d.ctx, tx, 1, "case", 4, d.now))
		})
		met, dropped := d.of(3), d.of(4)
		if err := d.SetYear(d.ctx, 2049, newYear, source); err != nil {
			d.t.Fatal(err)
		}
		d.sweepAt(d.now, 2)
		d.sweepAt(d.now, 0)
		d.wantTold(1, movedOn)
		d.wantTold(2)
		if due := d.of(1)[0]; !due.DueAt.Equal(span.End(d.days())) || due.Version != 1 || !due.AmberAt.Equal(moment("2049-01-05 00:00")) {
			d.t.Errorf("%+v", due)
		}
		if diff := cmp.Diff([][]calendar.Due{met, dropped}, [][]calendar.Due{d.of(3), d.of(4)}); diff != "" {
			d.t.Error(diff)
		}
	})
}

func TestSweep_FindsADueComputedByAStaleCalendar(t *testing.T) {
	each(t, "2048-12-28 09:00", func(d *desk) {
		stale := d.days()
		other := newDesk(d.t, d.store, "2048-12-28 09:00")
		if err := other.SetYear(d.ctx, 2049, newYear, source); err != nil {
			d.t.Fatal(err)
		}
		other.sweepAt(other.now, 0)
		d.owe(stale, 1, "rectify", from("2048-12-28 09:00", workdays("", 5)))
		other.sweepAt(other.now, 1)
		other.sweepAt(other.now, 0)
		d.wantTold(1, movedOn)
	})
}

func TestSweep_PassesMarksByTheCalendarThatStands(t *testing.T) {
	each(t, "2048-12-28 09:00", func(d *desk) {
		d.owe(d.days(), 1, "rectify", from("2048-12-28 09:00", workdays("", 3))) // to the 31st
		other := newDesk(d.t, d.store, "2048-12-28 09:00")
		if err := other.SetYear(d.ctx, 2049, newYear, source); err != nil {
			d.t.Fatal(err)
		}
		d.sweepAt(moment("2049-01-01 00:00"), 2) // moved, though to the same end, and passed
		d.wantTold(1, "rectify to_unit_head")
		d.sweepAt(moment("2049-01-06 23:59"), 0)
		d.sweepAt(moment("2049-01-07 00:00"), 1)
		d.wantTold(1, "rectify to_unit_head", "rectify to_group_leader")
	})
}

// The clock is asked after the calendar was read and before the dues are: the moment for another instance to step in.
func TestSweep_ThatACalendarOvertakesLeavesTheDueToTheNext(t *testing.T) {
	each(t, "2049-01-01 00:00", func(other *desk) {
		other.owe(other.days(), 1, "rectify", from("2048-12-28 09:00", workdays("", 3)))
		var once sync.Once
		slow := calendar.New(other.store, kernel.FixedClock(func() time.Time {
			once.Do(func() {
				other.now = moment("2048-12-31 00:00")
				if err := other.SetYear(other.ctx, 2049, newYear, source); err != nil {
					other.t.Error(err)
				}
				other.sweepAt(other.now, 2)
			})
			return moment("2049-01-01 00:00")
		}))
		if _, err := slow.Sweep(other.ctx); err != nil {
			other.t.Error(err)
		}
		other.sweepAt(moment("2049-01-01 00:00"), 1)
		if at := other.of(1)[0].MarkAt; !at.Equal(moment("2049-01-07 00:00")) {
			other.t.Errorf("the next escalation is at %s", calendar.Moment(at))
		}
	})
}

func TestMissing_AsksForTheNextYearInDecember(t *testing.T) {
	for _, c := range []struct {
		now     string
		entered []int
		want    []int
	}{
		{"2026-11-24 09:00", nil, nil},
		{"2049-06-01 09:00", nil, []int{2049}},
		{"2049-11-30 23:59", []int{2049}, nil},
		{"2049-12-01 00:00", []int{2049}, []int{2050}},
		{"2049-12-31 23:59", []int{2049}, []int{2050}},
		{"2049-12-01 00:00", nil, []int{2049, 2050}},
		{"2049-12-01 00:00", []int{2049, 2050}, nil},
		{"2050-01-01 00:00", []int{2049}, []int{2050}},
	} {
		d := newDesk(t, dbtest.Open(t, db.SQLite), c.now)
		for _, year := range c.entered {
			if err := d.SetYear(d.ctx, year, nil, source); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(c.want, d.Missing(d.ctx)); diff != "" {
			t.Errorf("%s, entered %v: %s", c.now, c.entered, diff)
		}
	}
}

func TestRun_SweepsAsTheSystemUntilItIsEnded(t *testing.T) {
	d := newDesk(t, dbtest.Open(t, db.SQLite), "2049-03-18 08:42")
	d.campaign()
	due := d.owe(d.days(), 1, "rectify", from("2049-03-18 10:00", hours("", 4)))
	d.now = due.MarkAt
	who := make(chan kernel.Actor, 1)
	d.Watch("case", calendar.Watcher{Passed: func(ctx context.Context, _ db.Tx, _ calendar.Due, _ calendar.Mark) error {
		who <- kernel.ActorFrom(ctx)
		return nil
	}})
	var log strings.Builder
	ctx, end := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { d.Run(ctx, slog.New(slog.NewTextHandler(&log, nil))) })
	if actor := <-who; actor != kernel.TheSystem {
		t.Errorf("%+v", actor)
	}
	end()
	wg.Wait()
	if !strings.Contains(log.String(), "year=2049") || strings.Contains(log.String(), "ERROR") {
		t.Error(log.String())
	}
}

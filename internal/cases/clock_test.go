package cases_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/web/webtest"
)

// The year's days that matter here: Monday 18 March; 清明 off from Thursday 4 to Saturday 6 April, and Sunday 7 April
// worked for it. An ordinary case has seven working days from the dispatch, an urgent one 24 hours.

// dated is a step at a moment of Shanghai, and what the case's deadline is after it.
type dated struct {
	at   string
	who  string
	verb cases.Verb
	due  string // "" where it does not matter
}

// story lives through steps at their moments.
func (c *city) story(t *testing.T, severity cases.Severity, steps ...dated) cases.Case {
	t.Helper()
	c.at(steps[0].at)
	x, err := c.Register(c.as(t, "inspector"), c.campaign.ID, cases.Registration{Words: "解放路东段行道树枯死三棵", Source: cases.Inspection,
		Severity: severity, Address: "解放路与平阳街口东 40 米"})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		c.at(s.at)
		x = c.must(t, x.ID, step{s.who, c.act(s.verb)})
		if due := until(x); s.due != "" && due != s.due {
			t.Errorf("%s on %s: due %s, want %s", s.verb, s.at, due, s.due)
		}
	}
	return x
}

// until is a case's deadline as 03-27 24:00.
func until(x cases.Case) string {
	if x.DueAt.IsZero() {
		return "none"
	}
	local := x.DueAt.In(kernel.Shanghai)
	if local.Hour() == 0 && local.Minute() == 0 {
		return local.AddDate(0, 0, -1).Format("01-02") + " 24:00"
	}
	return local.Format("01-02 15:04")
}

func TestClock_AUnitsDaysRunFromTheDispatchNotFromItsSignature(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		opened(t, d).story(t, cases.Ordinary,
			dated{"2024-03-18 09:00", "office", cases.Dispatch, "03-27 24:00"},
			dated{"2024-03-21 17:00", "lead", cases.Acknowledge, "03-27 24:00"})
	})
}

func TestClock_AUnitIsNeverChargedForTheDaysOfOthers(t *testing.T) {
	giveBacks := []struct {
		name                   string
		severity               cases.Severity
		dispatch, gave, answer string
		due                    string
	}{
		{"the same day", cases.Ordinary, "2024-03-18 09:00", "2024-03-19 10:00", "2024-03-19 16:00", "03-27 24:00"},
		{"over a weekend", cases.Ordinary, "2024-03-18 09:00", "2024-03-22 10:00", "2024-03-25 09:00", "03-28 24:00"},
		{"within a weekend", cases.Ordinary, "2024-03-18 09:00", "2024-03-23 10:00", "2024-03-24 09:00", "03-27 24:00"},
		{"over 清明, its Sunday worked", cases.Ordinary, "2024-03-28 09:00", "2024-04-03 10:00", "2024-04-08 09:00", "04-11 24:00"},
		{"on the last day", cases.Ordinary, "2024-03-18 09:00", "2024-03-27 18:00", "2024-03-29 09:00", "03-29 24:00"},
		{"when it was late already", cases.Ordinary, "2024-03-18 09:00", "2024-03-28 18:00", "2024-03-29 09:00", "03-28 24:00"},
		{"hours, on a day", cases.Urgent, "2024-03-18 10:00", "2024-03-18 12:00", "2024-03-18 15:00", "03-19 13:00"},
		{"hours, over midnight", cases.Urgent, "2024-03-18 10:00", "2024-03-18 23:50", "2024-03-19 00:50", "03-19 11:00"},
		{"a part of an hour", cases.Urgent, "2024-03-18 10:00", "2024-03-18 12:00", "2024-03-18 13:30", "03-19 12:00"},
		{"hours, over a weekend", cases.Urgent, "2024-03-22 20:00", "2024-03-22 22:00", "2024-03-25 22:00", "03-26 20:00"},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		for _, g := range giveBacks {
			t.Run(g.name, func(t *testing.T) {
				c.story(t, g.severity, dated{g.dispatch, "office", cases.Dispatch, ""}, dated{g.gave, "lead", cases.Return, ""},
					dated{g.answer, "office", cases.RefuseReturn, g.due})
				c.story(t, g.severity, dated{g.dispatch, "office", cases.Dispatch, ""}, dated{g.dispatch, "lead", cases.Acknowledge, ""},
					dated{g.gave, "lead", cases.AskDeferral, ""}, dated{g.answer, "leader", cases.RefuseDeferral, g.due})
			})
		}
	})
}

// TestClock_AGivenBackCaseIsNotLateOnTheDayOfTheAnswer: a day that was granted need not be a working day.
func TestClock_AGivenBackCaseIsNotLateOnTheDayOfTheAnswer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		opened(t, d).story(t, cases.Ordinary,
			dated{"2024-06-17 09:00", "office", cases.Dispatch, ""},
			dated{"2024-06-17 10:00", "lead", cases.Acknowledge, ""},
			dated{"2024-06-18 10:00", "lead", cases.AskExtension, ""},
			dated{"2024-06-19 10:00", "office", cases.GrantExtension, "06-28 24:00"},
			dated{"2024-06-28 22:00", "lead", cases.Return, ""},
			dated{"2024-06-29 09:00", "office", cases.RefuseReturn, "06-29 24:00"}) // a Saturday
	})
}

func TestClock_AfterADeferralTheUnitHasItsDaysAnew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		deferred := []dated{
			{"2024-03-18 09:00", "office", cases.Dispatch, "03-27 24:00"},
			{"2024-03-18 10:00", "lead", cases.Acknowledge, "03-27 24:00"},
			{"2024-03-20 10:00", "lead", cases.AskDeferral, "03-25 24:00"},
			{"2024-03-21 10:00", "leader", cases.GrantDeferral, "06-28 24:00"},
		}
		c.story(t, cases.Ordinary, append(slices.Clone(deferred), dated{"2024-06-17 10:00", "lead", cases.Resume, "06-26 24:00"})...)
		c.story(t, cases.Ordinary, append(slices.Clone(deferred), dated{"2024-06-12 10:00", "lead", cases.AskDeferral, "06-17 24:00"},
			dated{"2024-06-17 10:00", "leader", cases.RefuseDeferral, "06-26 24:00"})...)
	})
}

func TestClock_AnExtensionMovesTheDeadlineAndIsCounted(t *testing.T) {
	asked := []dated{
		{"2024-03-18 09:00", "office", cases.Dispatch, "03-27 24:00"},
		{"2024-03-18 10:00", "lead", cases.Acknowledge, "03-27 24:00"},
		{"2024-03-27 10:00", "lead", cases.AskExtension, "03-27 24:00"},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		for _, answer := range []dated{
			{"2024-03-27 17:00", "office", cases.GrantExtension, "06-28 24:00"},
			{"2024-03-29 09:00", "office", cases.GrantExtension, "06-28 24:00"},
			{"2024-03-27 17:00", "office", cases.RefuseExtension, "03-27 24:00"},
			{"2024-03-29 09:00", "office", cases.RefuseExtension, "03-29 24:00"}, // it waited for the answer: it has that day
		} {
			x := c.story(t, cases.Ordinary, append(slices.Clone(asked), answer)...)
			want := 0
			if answer.verb == cases.GrantExtension {
				want = 1
			}
			if x.Extensions != want || x.Asking != "" {
				t.Errorf("%s: %d extensions, asking %q", answer.verb, x.Extensions, x.Asking)
			}
		}
	})
}

func TestClock_SentBackAUnitHasTheLimitForReworkOrWhatWasLeft(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		for _, s := range [][2]dated{
			{{"2024-03-26 10:00", "lead", cases.Respond, "03-29 24:00"}, {"2024-03-28 10:00", "second", cases.SendBack, "04-02 24:00"}}, // one day was left: three are given
			{{"2024-03-19 10:00", "lead", cases.Respond, "03-22 24:00"}, {"2024-03-19 16:00", "second", cases.SendBack, "03-27 24:00"}}, // six were left
			{{"2024-03-19 10:00", "lead", cases.Respond, "03-22 24:00"}, {"2024-03-25 10:00", "second", cases.SendBack, "04-02 24:00"}}, // and stay, whatever the verifier took
			{{"2024-03-29 10:00", "lead", cases.Respond, "04-03 24:00"}, {"2024-04-01 10:00", "second", cases.SendBack, "04-07 24:00"}}, // it was late
		} {
			x := c.story(t, cases.Ordinary, dated{"2024-03-18 09:00", "office", cases.Dispatch, ""}, s[0], s[1])
			if x.Reworks != 1 || x.Round != 2 {
				t.Errorf("%d reworks, round %d", x.Reworks, x.Round)
			}
		}
	})
}

func TestClock_AReopenedCaseBeginsAnew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		x := opened(t, d).story(t, cases.Ordinary,
			dated{"2024-03-18 09:00", "office", cases.Dispatch, "03-27 24:00"},
			dated{"2024-03-29 09:00", "lead", cases.Respond, "04-03 24:00"},
			dated{"2024-03-29 10:00", "second", cases.Close, "none"},
			dated{"2024-05-20 10:00", "inspector", cases.Reopen, "05-29 24:00"},
			dated{"2024-05-21 10:00", "lead", cases.Acknowledge, "05-29 24:00"})
		if x.Reopened != 1 || x.Round != 2 || x.Outcome != "" || !x.ClosedAt.IsZero() {
			t.Errorf("reopened %d, round %d, outcome %q, closed %s", x.Reopened, x.Round, x.Outcome, x.ClosedAt)
		}
	})
}

// told lists what a case's timeline says by itself, the oldest first.
func (c *city) told(t *testing.T, id int64) (words []string) {
	t.Helper()
	records, err := ledger.Timeline(t.Context(), c.db.Reader(), c.campaign.ID, cases.Kind, id, 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range slices.Backward(records) {
		if r.ActorName != kernel.TheSystem.Name {
			continue
		}
		var data struct {
			Step   string `json:"step"`
			Mark   string `json:"mark"`
			To     string `json:"to"`
			Before string `json:"before"`
			After  string `json:"after"`
		}
		if err := json.Unmarshal(r.Data, &data); err != nil {
			t.Fatal(err)
		}
		words = append(words, fmt.Sprint(r.At.In(kernel.Shanghai).Format("01-02 15:04 "), r.Verb, " ", data.Step, " ", data.Mark, data.To, data.Before, data.After))
	}
	return words
}

// watchFrom sweeps every half hour, and each time twice.
func (c *city) watchFrom(t *testing.T, from, to string) {
	t.Helper()
	c.at(to)
	end := c.now.Load()
	for c.at(from); c.now.Load() <= end; c.now.Add((30 * time.Minute).Microseconds()) {
		for range 2 {
			if _, err := c.calendar.Sweep(webtest.System()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (c *city) mustTell(t *testing.T, id int64, want []string) {
	t.Helper()
	if got := c.told(t, id); !slices.Equal(got, want) {
		t.Errorf("told\n%s\nwant\n%s", lines(got), lines(want))
	}
}

func lines(list []string) (text string) {
	for _, l := range list {
		text += "  " + l + "\n"
	}
	return text
}

func TestClock_RemindsAndEscalatesEachOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		x := c.story(t, cases.Ordinary, dated{"2024-03-18 09:00", "office", cases.Dispatch, ""})
		c.watchFrom(t, "2024-03-18 09:00", "2024-04-20 09:00")
		want := []string{
			"03-19 04:30 reminded 签收 half_way",
			"03-19 08:30 reminded 签收 on_the_day",
			"03-20 00:00 overdue 签收 to_unit_head",
			"03-22 00:00 overdue 签收 to_group_leader",
			"03-23 04:30 reminded 整改反馈 half_way",
			"03-26 08:30 reminded 整改反馈 day_before",
			"03-27 00:00 overdue 签收 to_leading_group",
			"03-27 08:30 reminded 整改反馈 on_the_day",
			"03-28 00:00 escalated 整改反馈 to_unit_head责任单位主要负责人",
			"03-30 00:00 escalated 整改反馈 to_group_leader工作组组长",
			"04-04 00:00 escalated 整改反馈 to_leading_group领导小组",
		}
		c.mustTell(t, x.ID, want)
		if x = c.caseNow(t, x.ID); x.Escalated != 3 {
			t.Errorf("escalated to %d", x.Escalated)
		}
	})
}

// TestClock_WhatBecomesLateInTheNextHandIsEscalatedToo: that the unit was late once hides nobody's lateness after it.
func TestClock_WhatBecomesLateInTheNextHandIsEscalatedToo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		x := c.story(t, cases.Urgent, dated{"2024-03-18 09:00", "office", cases.Dispatch, "03-19 09:00"})
		c.must(t, x.ID, step{"lead", c.act(cases.Acknowledge)})
		c.watchFrom(t, "2024-03-19 08:30", "2024-03-19 10:00")
		if x = c.caseNow(t, x.ID); x.Escalated != 1 {
			t.Fatalf("a late unit: escalated %d", x.Escalated)
		}
		x = c.must(t, x.ID, step{"lead", c.act(cases.Respond)})
		if x.Escalated != 0 {
			t.Errorf("in the verifier's hand: escalated %d", x.Escalated)
		}
		c.watchFrom(t, "2024-03-20 08:30", "2024-03-20 11:00")
		if x = c.caseNow(t, x.ID); x.Escalated != 1 {
			t.Errorf("a late verifier: escalated %d", x.Escalated)
		}
		if told := c.told(t, x.ID); !slices.Contains(told, "03-20 10:30 escalated 核查 to_unit_head领导小组办公室主任") {
			t.Errorf("told\n%s", lines(told))
		}
	})
}

// TestClock_AnExtendedDeadlineEscalatesAnew: the marks of the new deadline come again, and are told.
func TestClock_AnExtendedDeadlineEscalatesAnew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		for _, answer := range []cases.Verb{cases.GrantExtension, cases.RefuseExtension} {
			x := c.story(t, cases.Ordinary, dated{"2024-03-18 09:00", "office", cases.Dispatch, ""},
				dated{"2024-03-18 10:00", "lead", cases.Acknowledge, ""}, dated{"2024-03-27 10:00", "lead", cases.AskExtension, ""})
			c.watchFrom(t, "2024-03-28 00:00", "2024-03-28 00:00")
			c.at("2024-03-28 09:00")
			if x = c.must(t, x.ID, step{"office", c.act(answer)}); x.Escalated != 0 {
				t.Errorf("%s: escalated %d", answer, x.Escalated)
			}
			c.watchFrom(t, "2024-06-29 00:00", "2024-06-29 00:00")
			if x = c.caseNow(t, x.ID); x.Escalated == 0 {
				t.Errorf("%s: late again, and nobody is told", answer)
			}
		}
	})
}

func TestClock_AChangedHolidayMovesOpenCases(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		open := c.story(t, cases.Ordinary, dated{"2024-03-18 09:00", "office", cases.Dispatch, "03-27 24:00"})
		urgent := c.story(t, cases.Urgent, dated{"2024-03-18 09:00", "office", cases.Dispatch, "03-19 09:00"})
		closed := c.story(t, cases.Ordinary, dated{"2024-03-18 09:00", "office", cases.Dispatch, ""},
			dated{"2024-03-18 09:00", "lead", cases.Respond, ""}, dated{"2024-03-18 09:00", "second", cases.Close, "none"})
		days := append(calendar.Published().Exceptions(2024), calendar.Exception{Day: "2024-03-25", Name: "市民休假日"})
		if err := c.calendar.SetYear(webtest.System(), 2024, days, "平政办〔2024〕9号"); err != nil {
			t.Fatal(err)
		}
		c.watchFrom(t, "2024-03-18 09:00", "2024-03-18 09:00")
		c.mustTell(t, open.ID, []string{"03-18 09:00 due_moved 整改反馈 2024年3月27日 24:002024年3月28日 24:00"})
		c.mustTell(t, urgent.ID, nil)
		c.mustTell(t, closed.ID, nil)
		now := c.caseNow(t, open.ID)
		if until(now) != "03-28 24:00" || now.Revision != open.Revision+1 {
			t.Errorf("due %s, revision %d after %d", until(now), now.Revision, open.Revision)
		}
		if !now.AmberAt.Equal(time.Date(2024, 3, 27, 0, 0, 0, 0, kernel.Shanghai)) {
			t.Errorf("amber at %s", now.AmberAt)
		}
		if now := c.caseNow(t, closed.ID); until(now) != "none" || now.Revision != closed.Revision {
			t.Errorf("the closed case is due %s", until(now))
		}
	})
}

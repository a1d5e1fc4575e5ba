package cases_test

import (
	"slices"
	"strings"
	"testing"

	"pinzhi/internal/calendar"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/plan"
)

func TestRules_ThePlansLimitStandsBetweenTheOfficesAndTheUsual(t *testing.T) {
	days := func(n int, m string) []plan.Limit { return []plan.Limit{{N: n, Measure: m, Lines: plan.Lines{7, 7}}} }
	own := []cases.Limit{{Severity: cases.Ordinary, Step: cases.OweRectify, N: 6, Measure: calendar.Workdays},
		{Category: "绿化亮化", Severity: cases.Serious, Step: cases.OweRectify, N: 9, Measure: calendar.Hours}}
	for _, c := range []struct {
		name     string
		rules    cases.Rules
		category string
		want     string // ordinary, serious, urgent; * from the plan
	}{
		{"nobody says anything", cases.Rules{}, "", "7 个工作日, 3 个工作日, 24 小时"},
		{"the plan, shorter than the usual for ordinary cases", cases.Rules{Plan: days(5, plan.LimitWorkdays)}, "", "5 个工作日*, 3 个工作日, 24 小时"},
		{"the plan, longer", cases.Rules{Plan: days(15, plan.LimitDays)}, "", "15 天*, 3 个工作日, 24 小时"},
		{"the plan, shorter than for serious cases", cases.Rules{Plan: days(2, plan.LimitWorkdays)}, "", "2 个工作日*, 2 个工作日*, 24 小时"},
		{"the plan, by the hour", cases.Rules{Plan: days(12, plan.LimitHours)}, "", "12 小时*, 12 小时*, 12 小时*"},
		{"the first of two", cases.Rules{Plan: append(days(5, plan.LimitWorkdays), days(10, plan.LimitDays)...)}, "", "5 个工作日*, 3 个工作日, 24 小时"},
		{"the office, over the plan", cases.Rules{Plan: days(2, plan.LimitWorkdays), Limits: own}, "", "6 个工作日, 2 个工作日*, 24 小时"},
		{"the office, for one category", cases.Rules{Plan: days(2, plan.LimitWorkdays), Limits: own}, "绿化亮化", "6 个工作日, 9 小时, 24 小时"},
	} {
		var got []string
		for _, s := range cases.Severities {
			text := c.rules.LimitFor(c.category, s, cases.OweRectify).String()
			if l, ok := c.rules.FromPlan(c.category, s, cases.OweRectify); ok {
				text += "*"
				if l.Lines != (plan.Lines{7, 7}) {
					t.Errorf("%s: from %v", c.name, l.Lines)
				}
			}
			got = append(got, text)
			for _, o := range cases.Owed {
				if o != cases.OweRectify && c.rules.LimitFor(c.category, s, o) != (cases.Rules{}).LimitFor("", s, o) {
					t.Errorf("%s: the plan's limit reaches %s", c.name, o)
				}
			}
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: %s, want %s", c.name, strings.Join(got, ", "), c.want)
		}
	}
}

func TestClock_ACaseIsDueWhenThePlanSays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := openedFrom(t, d, true)
		x := c.along(t, "dispatched") // on Monday the 18th
		if got := calendar.Moment(x.DueAt); got != "2024年3月25日 24:00" {
			t.Errorf("an ordinary case is due %s", got)
		}
		dues, err := calendar.Of(t.Context(), d.Reader(), c.campaign.ID, cases.Kind, x.ID)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(dues, func(due calendar.Due) bool { return due.Step == cases.OweRectify })
		if i < 0 || !slices.ContainsFunc(dues[i].How().Explain(calendar.Published()), func(l calendar.Line) bool {
			return l.Label == "一般案件整改反馈（方案第 125 行）" && l.Value == "5 个工作日"
		}) {
			t.Errorf("the deadline does not say where it comes from: %+v", dues)
		}
		limit := cases.Limit{Severity: cases.Ordinary, Step: cases.OweRectify, N: 8, Measure: calendar.AllDays}
		if err := c.SetLimit(c.as(t, "office"), c.campaign.ID, limit); err != nil {
			t.Fatal(err)
		}
		if x = c.along(t, "dispatched"); calendar.Moment(x.DueAt) != "2024年3月26日 24:00" {
			t.Errorf("by the office's own limit it is due %s", calendar.Moment(x.DueAt))
		}
	})
}

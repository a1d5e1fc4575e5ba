package calendar_test

import (
	"strings"
	"testing"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// moment reads 2024-03-18 08:42 as Shanghai has it, seconds if they are written.
func moment(s string) time.Time {
	layout := "2006-01-02 15:04:05.999999"[:min(len("2006-01-02 15:04"), len(s))]
	if len(s) > len(layout) {
		layout = "2006-01-02 15:04:05.999999"
	}
	t, err := time.ParseInLocation(layout, s, kernel.Shanghai)
	if err != nil {
		panic(err)
	}
	return t
}

func workdays(label string, n int) calendar.Part {
	return calendar.Part{Label: label, Limit: calendar.Limit{N: n, Measure: calendar.Workdays}}
}

func hours(label string, n int) calendar.Part {
	return calendar.Part{Label: label, Limit: calendar.Limit{N: n, Measure: calendar.Hours}}
}

func allDays(label string, n int) calendar.Part {
	return calendar.Part{Label: label, Limit: calendar.Limit{N: n, Measure: calendar.AllDays}}
}

func until(label string, day kernel.Date) calendar.Part {
	return calendar.Part{Label: label, Limit: calendar.Limit{Measure: calendar.Until}, Day: day}
}

func from(start string, parts ...calendar.Part) calendar.Reckoning {
	return calendar.Reckoning{Label: "派遣", Start: moment(start), Parts: parts}
}

func TestReckoning_End(t *testing.T) {
	for name, c := range map[string]struct {
		reckoning calendar.Reckoning
		want      string
	}{
		"the day itself does not count":          {from("2024-03-18 08:42", workdays("", 7)), "2024-03-28 00:00"},
		"nor does its last minute":               {from("2024-03-18 23:59", workdays("", 1)), "2024-03-20 00:00"},
		"the first minute is the next day's":     {from("2024-03-19 00:00", workdays("", 1)), "2024-03-21 00:00"},
		"a weekend is gone around":               {from("2024-03-15 17:00", workdays("", 1)), "2024-03-19 00:00"},
		"from a free day":                        {from("2024-03-16 10:00", workdays("", 1)), "2024-03-19 00:00"},
		"spring festival, with its worked days":  {from("2024-02-02 10:00", workdays("", 7)), "2024-02-19 00:00"},
		"over new year":                          {from("2023-12-29 10:00", workdays("", 1)), "2024-01-03 00:00"},
		"hours run through the night":            {from("2024-03-18 20:30", hours("", 24)), "2024-03-19 20:30"},
		"and through holidays":                   {from("2024-02-09 20:30", hours("", 72)), "2024-02-12 20:30"},
		"to the end of a named day, free or not": {from("2024-03-18 08:42", until("", "2024-03-31")), "2024-04-01 00:00"},
		"all days count holidays":                {from("2024-03-18 08:42", allDays("", 7)), "2024-03-26 00:00"},
		"but do not end on one":                  {from("2024-03-18 08:42", allDays("", 5)), "2024-03-26 00:00"},
		"nor within a festival":                  {from("2024-02-05 08:42", allDays("", 7)), "2024-02-19 00:00"},
		"they may end on a worked Sunday":        {from("2024-02-01 08:42", allDays("", 3)), "2024-02-05 00:00"},
		"days given back after all days":         {from("2024-03-18 08:42", allDays("", 7), workdays("退还", 1)), "2024-03-27 00:00"},
		"days given back follow the limit":       {from("2024-03-18 08:42", workdays("", 7), workdays("退还", 2)), "2024-03-30 00:00"},
		"a granted day replaces the limit":       {from("2024-03-18 08:42", workdays("", 7), until("延期至", "2024-04-10")), "2024-04-11 00:00"},
		"days after hours, from where they end":  {from("2024-03-18 20:00", hours("", 5), workdays("", 1)), "2024-03-21 00:00"},
		"without parts the start is the end":     {from("2024-03-18 08:42"), "2024-03-18 08:42"},
	} {
		if got := c.reckoning.End(calendar.Published()); !got.Equal(moment(c.want)) || got.Location() != time.UTC {
			t.Errorf("%s: %s, want %s", name, got.In(kernel.Shanghai), c.want)
		}
	}
}

func TestReckoning_WorkdaysEndAtMidnightAfterAWorkedDay(t *testing.T) {
	days := calendar.Published()
	rapid.Check(t, func(t *rapid.T) {
		start := anyDay(t, "day").Time().Add(time.Duration(rapid.Int64Range(0, int64(24*time.Hour)-1).Draw(t, "time")))
		n := rapid.IntRange(1, 60).Draw(t, "n")
		end := calendar.Reckoning{Start: start, Parts: []calendar.Part{workdays("", n)}}.End(days)
		last := kernel.DateOf(end).AddDays(-1)
		if !end.Equal(kernel.DateOf(end).Time()) || !days.Worked(last) || days.Between(kernel.DateOf(start), last) != n {
			t.Fatalf("%s and %d days end at %s", start, n, end)
		}
	})
}

// explained writes the lines as a reader sees them: ! a warning, = the deadline.
func explained(days *calendar.Days, r calendar.Reckoning) string {
	var b strings.Builder
	for _, l := range r.Explain(days) {
		switch {
		case l.Warn:
			b.WriteString("! ")
		case l.Last:
			b.WriteString("= ")
		}
		b.WriteString(l.Label + "：" + l.Value + "\n")
	}
	return b.String()
}

func TestReckoning_Explain(t *testing.T) {
	for name, c := range map[string]struct {
		reckoning calendar.Reckoning
		want      string
	}{
		"plain days": {from("2024-03-18 08:42", workdays("整改时限", 7)), `
派遣：2024年3月18日 08:42
整改时限：7 个工作日
= 到期：2024年3月27日 24:00
`},
		"spring festival": {from("2024-02-02 10:00", workdays("整改时限", 7)), `
派遣：2024年2月2日 10:00
整改时限：7 个工作日
春节调休上班：2月4日
春节放假：2月10日—2月17日
春节调休上班：2月18日
= 到期：2024年2月18日 24:00
`},
		"two holidays side by side": {from("2023-09-28 10:00", workdays("整改时限", 1)), `
派遣：2023年9月28日 10:00
整改时限：1 个工作日
中秋节放假：9月29日
国庆节放假：9月30日—10月6日
国庆节调休上班：10月7日
= 到期：2023年10月7日 24:00
`},
		"worked days before and after": {from("2024-05-06 10:00", workdays("整改时限", 100)), `
派遣：2024年5月6日 10:00
整改时限：100 个工作日
劳动节调休上班：5月11日
端午节放假：6月8日—6月10日
中秋节调休上班：9月14日
中秋节放假：9月15日—9月17日
= 到期：2024年9月24日 24:00
`},
		"all days, the last a holiday": {from("2024-02-05 08:42", allDays("整改时限", 7), workdays("退还", 1)), `
派遣：2024年2月5日 08:42
整改时限：7 天
最后一天休息，顺延：2月12日到2月18日
退还：1 个工作日
春节放假：2月10日—2月17日
春节调休上班：2月18日
= 到期：2024年2月19日 24:00
`},
		"all days, the last one worked": {from("2024-03-18 08:42", allDays("整改时限", 3)), `
派遣：2024年3月18日 08:42
整改时限：3 天
= 到期：2024年3月21日 24:00
`},
		"hours go around nothing": {from("2024-02-09 20:30", hours("签收时限", 24)), `
派遣：2024年2月9日 20:30
签收时限：24 小时
= 到期：2024年2月10日 20:30
`},
		"a granted day": {from("2024-03-18 08:42", workdays("整改时限", 7), until("延期", "2024-04-03")), `
派遣：2024年3月18日 08:42
整改时限：7 个工作日
延期：至 2024年4月3日
= 到期：2024年4月3日 24:00
`},
		"a year without table": {from("2050-03-18 08:42", workdays("整改时限", 1)), `
派遣：2050年3月18日 08:42
整改时限：1 个工作日
! 2050 年放假安排：还没有录入，暂按周一至周五算
= 到期：2050年3月21日 24:00
`},
		"into a year without table": {from("2026-12-30 08:42", workdays("整改时限", 2)), `
派遣：2026年12月30日 08:42
整改时限：2 个工作日
! 2027 年放假安排：还没有录入，暂按周一至周五算
= 到期：2027年1月1日 24:00
`},
		"up to a year without table": {from("2026-12-30 08:42", workdays("整改时限", 1)), `
派遣：2026年12月30日 08:42
整改时限：1 个工作日
= 到期：2026年12月31日 24:00
`},
		"hours need no table": {from("2050-03-18 08:42", hours("签收时限", 4)), `
派遣：2050年3月18日 08:42
签收时限：4 小时
= 到期：2050年3月18日 12:42
`},
	} {
		if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), explained(calendar.Published(), c.reckoning)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestReckoning_ExplainJoinsOnlyDaysThatTouch(t *testing.T) {
	d := newDesk(t, dbtest.Open(t, db.SQLite), "2048-12-20 09:00")
	err := d.SetYear(d.ctx, 2049, []calendar.Exception{
		{Day: "2049-01-09", Worked: true, Name: "春节"}, {Day: "2049-01-16", Worked: true, Name: "春节"}, {Day: "2049-01-17", Worked: true, Name: "春节"},
	}, source)
	if err != nil {
		t.Fatal(err)
	}
	want := `派遣：2049年1月8日 10:00
整改时限：8 个工作日
春节调休上班：1月9日
春节调休上班：1月16日—1月17日
= 到期：2049年1月17日 24:00
`
	if diff := cmp.Diff(want, explained(d.days(), from("2049-01-08 10:00", workdays("整改时限", 8)))); diff != "" {
		t.Error(diff)
	}
}

func TestMoment_WritesMidnightAsTheEndOfTheDayBefore(t *testing.T) {
	for at, want := range map[string]string{
		"2024-03-18 08:42":           "2024年3月18日 08:42",
		"2024-03-19 00:00":           "2024年3月18日 24:00",
		"2024-03-19 00:00:00.500000": "2024年3月19日 00:00",
		"2024-03-19 00:00:59":        "2024年3月19日 00:00",
		"2024-01-01 00:00":           "2023年12月31日 24:00",
	} {
		if got := calendar.Moment(moment(at).UTC()); got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
}

func TestLightAt_TurnsAtTheMinute(t *testing.T) {
	days := calendar.Published()
	byDay := from("2024-03-18 08:42", workdays("", 7)) // to Wednesday the 27th, 24:00
	byHour := from("2024-03-18 08:42", hours("", 24))
	short := from("2024-03-18 20:00", hours("", 3))
	sunday := from("2024-03-18 08:42", until("", "2024-03-31"))
	for _, c := range []struct {
		reckoning calendar.Reckoning
		now, want string
	}{
		{byDay, "2024-03-18 08:42", "ok 剩 7 个工作日"},
		{byDay, "2024-03-23 12:00", "ok 剩 3 个工作日"},
		{byDay, "2024-03-25 23:59", "ok 剩 2 个工作日"},
		{byDay, "2024-03-26 00:00", "soon 剩 1 个工作日"},
		{byDay, "2024-03-26 23:59", "soon 剩 1 个工作日"},
		{byDay, "2024-03-27 00:00", "soon 今天到期"},
		{byDay, "2024-03-27 23:59", "soon 今天到期"},
		{byDay, "2024-03-27 23:59:59.999999", "soon 今天到期"},
		{byDay, "2024-03-28 00:00", "late 逾期 1 天"},
		{byDay, "2024-03-28 23:59", "late 逾期 1 天"},
		{byDay, "2024-03-29 00:00", "late 逾期 2 天"},
		{byHour, "2024-03-18 08:42", "ok 剩 1 个工作日"},
		{byHour, "2024-03-18 20:42", "soon 剩 1 个工作日"},
		{byHour, "2024-03-19 08:41", "soon 今天 08:42 到期"},
		{byHour, "2024-03-19 08:42", "late 逾期 1 小时"},
		{byHour, "2024-03-19 10:42", "late 逾期 2 小时"},
		{byHour, "2024-03-20 00:00", "late 逾期 1 天"},
		{short, "2024-03-18 20:00", "soon 今天 23:00 到期"},
		{sunday, "2024-03-28 23:59", "ok 剩 1 个工作日"},
		{sunday, "2024-03-29 00:00", "soon 剩 2 天"},
		{sunday, "2024-03-30 12:00", "soon 剩 1 天"},
		{sunday, "2024-03-31 12:00", "soon 今天到期"},
	} {
		due := owed(t, days, c.reckoning)
		light := due.Light(days, moment(c.now).UTC())
		if got := light.State + " " + light.Word; got != c.want {
			t.Errorf("due %s, now %s: %s, want %s", calendar.Moment(due.DueAt), c.now, got, c.want)
		}
	}
	if idle := calendar.LightAt(days, time.Time{}, time.Time{}, moment("2024-03-18 08:42")); idle.State != "idle" {
		t.Errorf("nothing owed: %+v", idle)
	}
}

func TestParseLimit(t *testing.T) {
	for _, c := range []struct {
		n       int
		measure string
		field   string
		text    string
	}{
		{1, "hours", "", "1 小时"}, {720, "hours", "", "720 小时"}, {7, "workdays", "", "7 个工作日"}, {15, "days", "", "15 天"},
		{0, "hours", "n", ""}, {721, "workdays", "n", ""}, {-1, "hours", "n", ""},
		{7, "until", "measure", ""}, {7, "", "measure", ""}, {7, "weeks", "measure", ""},
	} {
		l, err := calendar.ParseLimit(c.n, c.measure)
		if c.field == "" {
			if err != nil || l.String() != c.text {
				t.Errorf("%d %s: %s, %v", c.n, c.measure, l, err)
			}
			continue
		}
		if e := asError(err); e.Code != kernel.Invalid || e.Field != c.field {
			t.Errorf("%d %s: %v", c.n, c.measure, err)
		}
	}
}

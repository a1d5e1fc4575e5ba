package calendar

import (
	"fmt"
	"strings"
	"time"

	"pinzhi/internal/kernel"
)

// Measure is what a limit is counted in.
type Measure string

// The measures. A day is over at midnight in Shanghai: whoever hands in on the last evening is in time.
const (
	Hours    Measure = "hours"    // by the clock, nights and holidays too
	Workdays Measure = "workdays" // to the end of the last
	AllDays  Measure = "days"     // to the end of the last, or where that is a day of rest, of the next worked one (民法典 203)
	Until    Measure = "until"    // to the end of a named day
)

// Limit is how long something may take.
type Limit struct {
	N       int     `json:"n"`
	Measure Measure `json:"measure"`
}

// String writes a limit as people do: 7 个工作日, 24 小时.
func (l Limit) String() string {
	switch l.Measure {
	case Hours:
		return fmt.Sprintf("%d 小时", l.N)
	case AllDays:
		return fmt.Sprintf("%d 天", l.N)
	}
	return fmt.Sprintf("%d 个工作日", l.N)
}

// Part is one piece of a deadline: the rule's limit, days given back, a day granted.
type Part struct {
	Label string      `json:"label"`
	Limit Limit       `json:"limit"`
	Day   kernel.Date `json:"day,omitempty"` // of Until
}

// Reckoning is how a deadline is computed: from an instant, part after part.
type Reckoning struct {
	Label string    `json:"label"` // what happened at Start: 派遣
	Start time.Time `json:"start"`
	Parts []Part    `json:"parts"`
}

// End is the deadline: whatever happens at or after it is late.
func (r Reckoning) End(days *Days) time.Time {
	t := r.Start
	day := kernel.DateOf(t)
	for _, p := range r.Parts {
		switch p.Limit.Measure {
		case Hours:
			t = t.Add(time.Duration(p.Limit.N) * time.Hour)
			day = kernel.DateOf(t)
		case Workdays:
			day = days.Add(day, p.Limit.N)
			t = endOf(day)
		case AllDays:
			if day = day.AddDays(p.Limit.N); !days.Worked(day) {
				day = days.Add(day, 1)
			}
			t = endOf(day)
		case Until:
			day = p.Day
			t = endOf(day)
		}
	}
	return t.UTC()
}

func endOf(day kernel.Date) time.Time { return day.AddDays(1).Time() }

// Line is one line of the answer to "how was this computed".
type Line struct {
	Label string
	Value string
	Last  bool // the deadline itself
	Warn  bool // a year without a table
}

// Explain answers "how was this computed".
func (r Reckoning) Explain(days *Days) []Line {
	lines := []Line{{Label: r.Label, Value: Moment(r.Start)}}
	for i, p := range r.Parts {
		value := p.Limit.String()
		if p.Limit.Measure == Until {
			value = "至 " + p.Day.Chinese()
		}
		lines = append(lines, Line{Label: p.Label, Value: value})
		if p.Limit.Measure == AllDays {
			lines = append(lines, r.deferred(days, i)...)
		}
	}
	end := r.End(days)
	lines = append(lines, r.holidays(days, end)...)
	for _, year := range r.unknown(days, end) {
		lines = append(lines, Line{Label: fmt.Sprintf("%d 年放假安排", year), Value: "还没有录入，暂按周一至周五算", Warn: true})
	}
	return append(lines, Line{Label: "到期", Value: Moment(end), Last: true})
}

// deferred tells that the last of all days, of the part at i, is a day of rest.
func (r Reckoning) deferred(days *Days, i int) []Line {
	before := Reckoning{Start: r.Start, Parts: r.Parts[:i]}.End(days)
	if i > 0 && r.Parts[i-1].Limit.Measure != Hours {
		before = before.Add(-time.Microsecond) // midnight ends the day before
	}
	last := kernel.DateOf(before).AddDays(r.Parts[i].Limit.N)
	if days.Worked(last) {
		return nil
	}
	return []Line{{Label: "最后一天休息，顺延", Value: shortDay(last) + "到" + shortDay(days.Add(last, 1))}}
}

// unknown lists the years without a table that the working days were counted in. Midnight belongs to the day before.
func (r Reckoning) unknown(days *Days, end time.Time) []int {
	if !r.counts(Workdays) && !r.counts(AllDays) {
		return nil
	}
	return days.Unknown(r.Start, end.Add(-time.Microsecond))
}

// holidays names what the working days went around.
func (r Reckoning) holidays(days *Days, end time.Time) (lines []Line) {
	if !r.counts(Workdays) {
		return nil
	}
	var before kernel.Date
	for _, e := range days.within(kernel.DateOf(r.Start), lastDay(end)) {
		label := e.Name + "放假"
		if e.Worked {
			label = e.Name + "调休上班"
		}
		if n := len(lines); n > 0 && lines[n-1].Label == label && before.AddDays(1) == e.Day {
			first, _, _ := strings.Cut(lines[n-1].Value, "—")
			lines[n-1].Value = first + "—" + shortDay(e.Day)
		} else {
			lines = append(lines, Line{Label: label, Value: shortDay(e.Day)})
		}
		before = e.Day
	}
	return lines
}

func (r Reckoning) counts(m Measure) bool {
	for _, p := range r.Parts {
		if p.Limit.Measure == m {
			return true
		}
	}
	return false
}

func shortDay(day kernel.Date) string {
	t := day.Time().In(kernel.Shanghai)
	return fmt.Sprintf("%d月%d日", int(t.Month()), t.Day())
}

// lastDay is the last civil day before an end.
func lastDay(end time.Time) kernel.Date { return kernel.DateOf(end.Add(-time.Microsecond)) }

func midnight(t time.Time) bool { return t.Equal(kernel.DateOf(t).Time()) }

// Moment writes an instant: 2024年3月18日 08:42; midnight is the end of the day before, 24:00.
func Moment(t time.Time) string {
	if midnight(t) {
		return lastDay(t).Chinese() + " 24:00"
	}
	return kernel.DateOf(t).Chinese() + t.In(kernel.Shanghai).Format(" 15:04")
}

// Light is a state as the screen shows it: a shape, a word, and last a colour.
type Light struct {
	State string // ok, soon, late, idle
	Word  string
}

// LightAt is the light of what is owed, at an instant.
func LightAt(days *Days, amber, due, now time.Time) Light {
	today, last := kernel.DateOf(now), lastDay(due)
	switch {
	case due.IsZero():
		return Light{"idle", "不计时"}
	case !now.Before(due):
		if d := last.DaysUntil(today); d > 0 {
			return Light{"late", fmt.Sprintf("逾期 %d 天", d)}
		}
		return Light{"late", fmt.Sprintf("逾期 %d 小时", max(1, int(now.Sub(due).Hours())))}
	case today == last && midnight(due):
		return Light{"soon", "今天到期"}
	case today == last:
		return Light{"soon", "今天 " + due.In(kernel.Shanghai).Format("15:04") + " 到期"}
	case !now.Before(amber):
		return Light{"soon", left(days, today, last)}
	}
	return Light{"ok", left(days, today, last)}
}

// left is the time up to a later day; with only free days ahead it is told in days, as none of them is worked.
func left(days *Days, today, last kernel.Date) string {
	if n := days.Between(today, last); n > 0 {
		return fmt.Sprintf("剩 %d 个工作日", n)
	}
	return fmt.Sprintf("剩 %d 天", today.DaysUntil(last))
}

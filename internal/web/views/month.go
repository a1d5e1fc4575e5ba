package views

import (
	"fmt"
	"strings"

	"pinzhi/internal/calendar"
	"pinzhi/internal/kernel"
)

// MonthPage is a month of everything that is due.
type MonthPage struct {
	Base

	Month kernel.Month
	Today kernel.Date
	Unit  int64 // whose, 0 for all
	Units []Choice
	Days  *calendar.Days
	By    map[kernel.Date][]DueEntry
}

// Choice is something to choose.
type Choice struct {
	ID   int64
	Name string
}

// DueEntry is one line of a day.
type DueEntry struct {
	Kind  string
	Text  string
	Said  string
	Href  string
	State string // done, open, late
}

// mostOfADay is how many lines a day shows before the rest is folded away.
const mostOfADay = 4

// weeks are the month's days by weeks from Monday on; "" before the first and after the last.
func (v MonthPage) weeks() (list [][]kernel.Date) {
	day, last := v.Month.First(), v.Month.Last()
	week := make([]kernel.Date, 0, 7)
	for range (int(day.Time().In(kernel.Shanghai).Weekday()) + 6) % 7 {
		week = append(week, "")
	}
	for ; day <= last; day = day.AddDays(1) {
		if week = append(week, day); len(week) == 7 {
			list, week = append(list, week), make([]kernel.Date, 0, 7)
		}
	}
	for len(week) > 0 && len(week) < 7 {
		week = append(week, "")
	}
	if len(week) > 0 {
		list = append(list, week)
	}
	return list
}

func (v MonthPage) to(m kernel.Month) string {
	at := v.To("/calendar?month=%s", m)
	if v.Unit != 0 {
		at += fmt.Sprintf("&unit=%d", v.Unit)
	}
	return at
}

// line adds the month up in one line that a leader reads.
func (v MonthPage) line() string {
	late, open, done := 0, 0, 0
	for _, list := range v.By {
		for _, e := range list {
			switch e.State {
			case "late":
				late++
			case "done":
				done++
			default:
				open++
			}
		}
	}
	return fmt.Sprintf("到期 %d 项：已办 %d，未到期 %d，逾期 %d", late+open+done, done, open, late)
}

func (v MonthPage) dayClass(day kernel.Date) string {
	switch {
	case day == v.Today:
		return "day today"
	case day != "" && !v.Days.Worked(day):
		return "day rest"
	case len(v.By[day]) == 0:
		return "day bare"
	}
	return "day"
}

func dayNumber(day kernel.Date) string {
	return strings.TrimPrefix(string(day[8:]), "0")
}

// Package calendar knows working days, dues, lights, reminders and escalation; it knows nothing of what is due.
// It owns the tables calendar_years, calendar_days and dues.
package calendar

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"pinzhi/internal/kernel"

	"github.com/6tail/lunar-go/HolidayUtil"
)

// Exception is a day that is not as the week has it: a holiday, or a weekend that is worked (调休).
type Exception struct {
	Day    kernel.Date
	Worked bool
	Name   string // 春节, 国庆节
}

// Days is the State Council's calendar (国务院办公厅关于部分节假日安排的通知): which days are worked. A year that it
// does not know is taken as its weeks have it, and Known says so.
type Days struct {
	version    int64
	entered    map[int]bool // years whose table stands in the database
	exceptions map[kernel.Date]Exception
}

// Published is the calendar that the program brings.
func Published() *Days { return &Days{exceptions: maps.Clone(published)} }

var (
	published      = map[kernel.Date]Exception{}
	publishedYears = map[int]bool{}
)

func init() {
	for year := 2002; ; year++ {
		list := HolidayUtil.GetHolidaysByYear(year)
		if list.Len() == 0 {
			return
		}
		publishedYears[year] = true
		for e := list.Front(); e != nil; e = e.Next() {
			h, ok := e.Value.(*HolidayUtil.Holiday)
			if !ok {
				continue
			}
			day := kernel.Date(h.GetDay())
			published[day] = Exception{Day: day, Worked: h.IsWork(), Name: h.GetName()}
		}
	}
}

// with is the calendar with one year's table in place of its own.
func (d *Days) with(year int, exceptions []Exception) {
	for day := range d.exceptions {
		if yearOf(day) == year {
			delete(d.exceptions, day)
		}
	}
	for _, e := range exceptions {
		d.exceptions[e.Day] = e
	}
	if d.entered == nil {
		d.entered = map[int]bool{}
	}
	d.entered[year] = true
}

// Known reports whether the year's holidays are known.
func (d *Days) Known(year int) bool { return publishedYears[year] || d.entered[year] }

// Unknown lists the years between two instants whose holidays are not known.
func (d *Days) Unknown(from, to time.Time) (years []int) {
	for year := yearOf(kernel.DateOf(from)); year <= yearOf(kernel.DateOf(to)); year++ {
		if !d.Known(year) {
			years = append(years, year)
		}
	}
	return years
}

// Worked reports whether people work on the day.
func (d *Days) Worked(day kernel.Date) bool {
	if e, ok := d.exceptions[day]; ok {
		return e.Worked
	}
	weekday := day.Time().In(kernel.Shanghai).Weekday()
	return weekday != time.Saturday && weekday != time.Sunday
}

// Add moves by n working days: the first is the next worked day after day. A day counts from the day after it
// (民法典第二百零一条：开始的当日不计入). n may be negative; with 0 the day itself, or the next worked one.
func (d *Days) Add(day kernel.Date, n int) kernel.Date {
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	if n == 0 {
		for !d.Worked(day) {
			day = day.AddDays(1)
		}
		return day
	}
	for n > 0 {
		if day = day.AddDays(step); d.Worked(day) {
			n--
		}
	}
	return day
}

// Between counts the working days after from up to to; negative if to lies before.
func (d *Days) Between(from, to kernel.Date) int {
	if to < from {
		return -d.Between(to, from)
	}
	n := 0
	for from < to {
		if from = from.AddDays(1); d.Worked(from) {
			n++
		}
	}
	return n
}

// Exceptions lists a year's exceptions, by day.
func (d *Days) Exceptions(year int) []Exception {
	return d.within(kernel.Date(strconv.Itoa(year)+"-01-01"), kernel.Date(strconv.Itoa(year)+"-12-31"))
}

func (d *Days) within(from, to kernel.Date) (list []Exception) {
	for day, e := range d.exceptions {
		if from <= day && day <= to {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b Exception) int { return a.Day.Time().Compare(b.Day.Time()) })
	return list
}

func yearOf(day kernel.Date) int { return day.Time().In(kernel.Shanghai).Year() }

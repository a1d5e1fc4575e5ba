// Package calendar knows working days, dues, lights, reminders and escalation; it knows nothing of what is due.
// It owns the tables calendar_years, calendar_days and dues.
package calendar

import (
	"maps"
	"strconv"
	"sync"
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
	known      map[int]bool // years whose table the program brings or the database holds
	exceptions map[ordinal]Exception
}

// Published is the calendar that the program brings.
func Published() *Days {
	p := published()
	return &Days{known: maps.Clone(p.known), exceptions: maps.Clone(p.exceptions)}
}

// published reads the library's tables once.
var published = sync.OnceValue(func() *Days {
	d := &Days{known: map[int]bool{}, exceptions: map[ordinal]Exception{}}
	for year := 2002; ; year++ {
		list := HolidayUtil.GetHolidaysByYear(year)
		if list.Len() == 0 {
			return d
		}
		d.known[year] = true
		for e := list.Front(); e != nil; e = e.Next() {
			if h, ok := e.Value.(*HolidayUtil.Holiday); ok {
				day := kernel.Date(h.GetDay())
				d.exceptions[ordinalOf(day)] = Exception{Day: day, Worked: h.IsWork(), Name: h.GetName()}
			}
		}
	}
})

// with is the calendar with one year's table in place of its own.
func (d *Days) with(year int, exceptions []Exception) {
	maps.DeleteFunc(d.exceptions, func(_ ordinal, e Exception) bool { return yearOf(e.Day) == year })
	for _, e := range exceptions {
		d.exceptions[ordinalOf(e.Day)] = e
	}
	d.known[year] = true
}

// Known reports whether the year's holidays are known.
func (d *Days) Known(year int) bool { return d.known[year] }

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
func (d *Days) Worked(day kernel.Date) bool { return d.worked(ordinalOf(day)) }

func (d *Days) worked(o ordinal) bool {
	if e, ok := d.exceptions[o]; ok {
		return e.Worked
	}
	return !o.weekend()
}

// Add moves by n working days: the first is the next worked day after day. A day counts from the day after it
// (民法典第二百零一条：开始的当日不计入). n may be negative; with 0 the day itself, or the next worked one.
func (d *Days) Add(day kernel.Date, n int) kernel.Date {
	o, step := ordinalOf(day), ordinal(1)
	if n == 0 {
		o, n = o-1, 1
	}
	if n < 0 {
		step, n = -1, -n
	}
	for n > 0 {
		if o += step; d.worked(o) {
			n--
		}
	}
	return o.date()
}

// Between counts the working days after from up to to; negative if to lies before.
func (d *Days) Between(from, to kernel.Date) int {
	if to < from {
		return -d.Between(to, from)
	}
	n := 0
	for o, last := ordinalOf(from), ordinalOf(to); o < last; {
		if o++; d.worked(o) {
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
	for o, last := ordinalOf(from), ordinalOf(to); o <= last; o++ {
		if e, ok := d.exceptions[o]; ok {
			list = append(list, e)
		}
	}
	return list
}

func yearOf(day kernel.Date) int { return day.Time().In(kernel.Shanghai).Year() }

// ordinal is a civil day as a number, 1 January 1970 being 0: a walk over many days neither reads nor writes dates.
type ordinal int

const daySeconds = 24 * 60 * 60

func ordinalOf(day kernel.Date) ordinal {
	t := day.Time().In(kernel.Shanghai)
	_, offset := t.Zone()
	return ordinal((t.Unix() + int64(offset)) / daySeconds)
}

func (o ordinal) date() kernel.Date { return kernel.Date("1970-01-01").AddDays(int(o)) }

// weekend reports Saturday and Sunday: day 0 was a Thursday.
func (o ordinal) weekend() bool {
	const week, saturday, sunday = 7, 2, 3
	weekday := (o%week + week) % week
	return weekday == saturday || weekday == sunday
}

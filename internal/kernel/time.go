package kernel

import (
	"fmt"
	"time"
)

// Shanghai is the one civil time of the system: China has no daylight saving since 1991.
var Shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

// Clock tells the present instant. The zero value tells the real time.
type Clock struct{ now func() time.Time }

// FixedClock returns a clock that tells what now returns, for tests and practice.
func FixedClock(now func() time.Time) Clock { return Clock{now: now} }

// Now is the present instant in UTC, cut to microseconds so that every database keeps it exactly.
func (c Clock) Now() time.Time {
	if c.now != nil {
		return c.now().UTC().Truncate(time.Microsecond)
	}
	return time.Now().UTC().Truncate(time.Microsecond)
}

// Today is the present civil day in Shanghai.
func (c Clock) Today() Date { return DateOf(c.Now()) }

// Date is a civil day, written 2023-06-28; "" is no day. Dates compare as strings.
type Date string

// DateOf is the civil day of t in Shanghai.
func DateOf(t time.Time) Date { return Date(t.In(Shanghai).Format(time.DateOnly)) }

// ParseDate reads 2023-06-28; it fails with invalid for anything else, and for days no calendar has.
func ParseDate(s string) (Date, error) {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", E(Invalid, "“%s”不是日期，请写成 2023-06-28 这样", s)
	}
	return Date(s), nil
}

// Time is midnight in Shanghai at the start of the day; the zero time for "".
func (d Date) Time() time.Time {
	t, err := time.ParseInLocation(time.DateOnly, string(d), Shanghai)
	if err != nil {
		return time.Time{}
	}
	return t
}

// Month is the month the day lies in.
func (d Date) Month() Month {
	if len(d) < 7 {
		return ""
	}
	return Month(d[:7])
}

// AddDays moves by n civil days.
func (d Date) AddDays(n int) Date { return DateOf(d.Time().AddDate(0, 0, n)) }

// DaysUntil counts civil days from d to other, negative if other lies before.
func (d Date) DaysUntil(other Date) int {
	return int(other.Time().Sub(d.Time()).Hours() / 24)
}

// Chinese writes 2023年6月28日, without leading zeros (GB/T 9704-2012, 7.3.5).
func (d Date) Chinese() string {
	if d == "" {
		return ""
	}
	t := d.Time()
	return fmt.Sprintf("%d年%d月%d日", t.Year(), int(t.Month()), t.Day())
}

// Month is a civil month, written 2023-07; "" is no month. Months compare as strings.
type Month string

// First is the month's first day.
func (m Month) First() Date {
	if m == "" {
		return ""
	}
	return Date(m + "-01")
}

// Last is the month's last day.
func (m Month) Last() Date {
	if m == "" {
		return ""
	}
	return DateOf(m.First().Time().AddDate(0, 1, -1))
}

// Add moves by n months.
func (m Month) Add(n int) Month {
	return Month(m.First().Time().AddDate(0, n, 0).Format("2006-01"))
}

// MonthsUntil counts months from m to other: 0 in the same month.
func (m Month) MonthsUntil(other Month) int {
	a, b := m.First().Time(), other.First().Time()
	return (b.Year()-a.Year())*12 + int(b.Month()) - int(a.Month())
}

// Chinese writes 2023年7月.
func (m Month) Chinese() string {
	if m == "" {
		return ""
	}
	t := m.First().Time()
	return fmt.Sprintf("%d年%d月", t.Year(), int(t.Month()))
}

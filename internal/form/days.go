package form

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"pinzhi/internal/kernel"
)

const (
	dayMillis      = 86_400_000
	shanghaiMillis = 8 * 3_600_000
)

// moment of the calendar: a day, or a day with a time. Both are counted as Shanghai's civil time.
type civil struct {
	day    int // since 1970-01-01
	millis int // since midnight
}

// days is what the moment counts as a number.
func (c civil) days() float64 {
	return float64(c.day*dayMillis+c.millis) / dayMillis
}

// utcDays counts the days since 1970-01-01 in UTC, as decimal-date-time does.
func (c civil) utcDays() float64 {
	return float64(c.day*dayMillis+c.millis-shanghaiMillis) / dayMillis
}

func (c civil) date() (year, month, day int) { return dateOfDay(c.day) }

func (c civil) dateText() string {
	y, m, d := c.date()
	return fmt.Sprintf("%04d-%02d-%02d", y, m, d)
}

// civilAt is an instant in Shanghai.
func civilAt(t time.Time) civil {
	ms := t.UnixMilli() + shanghaiMillis
	day := floorDiv(int(ms), dayMillis)
	return civil{day, int(ms) - day*dayMillis}
}

// nowText writes an instant as an OpenRosa dateTime in Shanghai.
func nowText(t time.Time) string {
	return t.In(kernel.Shanghai).Format("2006-01-02T15:04:05.000+08:00")
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// dayOf counts the days since 1970-01-01 of a day of the Gregorian calendar.
func dayOf(year, month, day int) int {
	return int(time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Unix() / 86_400)
}

func dateOfDay(n int) (year, month, day int) {
	t := time.Unix(int64(n)*86_400, 0).UTC()
	return t.Year(), int(t.Month()), t.Day()
}

// lastDay and firstDay bound what is written with a year of four digits.
var (
	firstDay = dayOf(1, 1, 1)
	lastDay  = dayOf(9999, 12, 31)
)

// readMoment reads 2023-06-28, or 2023-06-28T08:12, with seconds, thousandths and an offset if there are; without an
// offset the time is Shanghai's.
func readMoment(s string) (c civil, ok bool) {
	date, clock, timed := strings.Cut(s, "T")
	if len(date) != 10 || date[4] != '-' || date[7] != '-' {
		return c, false
	}
	y, okY := digitsIn(date[:4])
	m, okM := digitsIn(date[5:7])
	d, okD := digitsIn(date[8:])
	if !okY || !okM || !okD || y < 1 || m < 1 || m > 12 || d < 1 || d > daysIn(y, m) {
		return c, false
	}
	c.day = dayOf(y, m, d)
	if !timed {
		return c, true
	}
	clock, offset, ok := cutOffset(clock)
	if !ok {
		return c, false
	}
	ms, ok := clockMillis(clock)
	if !ok {
		return c, false
	}
	total := c.day*dayMillis + ms - offset + shanghaiMillis
	c.day = floorDiv(total, dayMillis)
	c.millis = total - c.day*dayMillis
	return c, true
}

func digitsIn(s string) (int, bool) {
	if s == "" || !allDigits(s) {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

func daysIn(year, month int) int {
	return dayOf(year+month/12, month%12+1, 1) - dayOf(year, month, 1)
}

// cutOffset takes Z, +08:00 or -05:00 off a time; the offset is in thousandths of a second.
func cutOffset(s string) (clock string, offset int, ok bool) {
	if rest, z := strings.CutSuffix(s, "Z"); z {
		return rest, 0, true
	}
	i := strings.LastIndexAny(s, "+-")
	if i < 0 {
		return s, shanghaiMillis, true
	}
	h, m, cut := strings.Cut(s[i+1:], ":")
	hours, okH := digitsIn(h)
	minutes, okM := digitsIn(m)
	if !cut || len(h) != 2 || len(m) != 2 || !okH || !okM || hours > 14 || minutes > 59 {
		return "", 0, false
	}
	offset = (hours*60 + minutes) * 60_000
	if s[i] == '-' {
		offset = -offset
	}
	return s[:i], offset, true
}

// clockMillis reads 08:12, 08:12:30 or 08:12:30.250.
func clockMillis(s string) (int, bool) {
	s, fraction, split := strings.Cut(s, ".")
	ms := 0
	if split {
		n, ok := digitsIn(fraction)
		if !ok || len(fraction) > 3 {
			return 0, false
		}
		for range 3 - len(fraction) {
			n *= 10
		}
		ms = n
	}
	parts := strings.Split(s, ":")
	if len(parts) != 2 && len(parts) != 3 || split && len(parts) != 3 {
		return 0, false
	}
	top := []int{23, 59, 59}
	unit := []int{3_600_000, 60_000, 1_000}
	for i, p := range parts {
		n, ok := digitsIn(p)
		if !ok || len(p) != 2 || n > top[i] {
			return 0, false
		}
		ms += n * unit[i]
	}
	return ms, true
}

// momentOf reads a value as a day or a time: its text, or a number of days since 1970-01-01.
func momentOf(v value) (civil, bool) {
	if f, isNumber := v.(float64); isNumber {
		return momentIn(f)
	}
	text := strings.Trim(stringOf(v), " \t\r\n")
	if c, ok := readMoment(text); ok {
		return c, true
	}
	if plainNumber(text) {
		return momentIn(numberIn(text))
	}
	return civil{}, false
}

func momentIn(days float64) (civil, bool) {
	if math.IsNaN(days) || days < float64(firstDay) || days >= float64(lastDay+1) {
		return civil{}, false
	}
	total := int(math.Floor(float64(days*dayMillis) + 0.5))
	day := floorDiv(total, dayMillis)
	return civil{day, total - day*dayMillis}, true
}

var weekdays = []string{"日", "一", "二", "三", "四", "五", "六"}

// formatMoment writes a moment by the signs of format-date and format-date-time; months and weekdays in Chinese.
func formatMoment(c civil, format string) string {
	y, m, d := c.date()
	var b strings.Builder
	runes := []rune(format)
	for i := 0; i < len(runes); i++ {
		if runes[i] != '%' || i+1 == len(runes) {
			b.WriteRune(runes[i])
			continue
		}
		i++
		switch runes[i] {
		case 'Y':
			fmt.Fprintf(&b, "%04d", y)
		case 'y':
			fmt.Fprintf(&b, "%02d", y%100)
		case 'm':
			fmt.Fprintf(&b, "%02d", m)
		case 'n':
			b.WriteString(strconv.Itoa(m))
		case 'b':
			b.WriteString(strconv.Itoa(m) + "月")
		case 'd':
			fmt.Fprintf(&b, "%02d", d)
		case 'e':
			b.WriteString(strconv.Itoa(d))
		case 'a':
			b.WriteString("周" + weekdays[((c.day+4)%7+7)%7])
		case 'H':
			fmt.Fprintf(&b, "%02d", c.millis/3_600_000)
		case 'h':
			b.WriteString(strconv.Itoa(c.millis / 3_600_000))
		case 'M':
			fmt.Fprintf(&b, "%02d", c.millis/60_000%60)
		case 'S':
			fmt.Fprintf(&b, "%02d", c.millis/1000%60)
		case '3':
			fmt.Fprintf(&b, "%03d", c.millis%1000)
		case '%':
			b.WriteByte('%')
		default:
			b.WriteString("%" + string(runes[i]))
		}
	}
	return b.String()
}

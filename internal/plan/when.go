package plan

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// period is a time as printed: from its first day to its last.
type period struct {
	start, end string // 2023-07-01, 2024-09-30; "" where open
	deadline   bool   // …前: only the end counts
	off, to    int    // byte offsets in the normalised text
	guessed    bool   // the year was not printed
}

var (
	yearSpan  = lazy(`(\d{4})-(\d{4})年`)
	monthSpan = lazy(`(\d{1,2})-(\d{1,2})月`)
	daySpan   = lazy(`(\d{1,2})月(\d{1,2})-(\d{1,2})日`)
	dashes    = lazy(`\s*(?:[—－–―~～﹣\-]+)\s*`)
	pointTime = lazy(`(\d{4})年(?:(\d{1,2})月份?)?(?:(\d{1,2})[日号])?(上半年|下半年|第?[一二三四1-4]季度|上旬|中旬|下旬|[底末初])?|(\d{1,2})月份?(?:(\d{1,2})[日号])?(上旬|中旬|下旬|[底末初])?`)
	hanDate   = lazy(`([二一][〇○零OＯ0一二三四五六七八九]{3})年([一二三四五六七八九十]{1,2})月(?:([一二三四五六七八九十]{1,3})日)?`)
	digitGap  = lazy(`(\d)\s+([年月日])|([年月])\s+(\d)`)
)

// timeText writes dates so that one pattern reads them: ASCII digits, no spaces, one dash, 年 and 月 never left out.
func timeText(s string) string {
	s = halfWidth(s)
	s = digitGap().ReplaceAllString(digitGap().ReplaceAllString(s, "$1$2$3$4"), "$1$2$3$4")
	s = hanDate().ReplaceAllStringFunc(s, arabicDate)
	s = dashes().ReplaceAllString(s, "-")
	s = yearSpan().ReplaceAllString(s, "${1}年-${2}年")
	s = daySpan().ReplaceAllString(s, "${1}月${2}日-${1}月${3}日")
	return monthSpan().ReplaceAllString(s, "${1}月-${2}月")
}

// arabicDate writes 二〇一七年十二月十一日 as 2017年12月11日.
func arabicDate(s string) string {
	m := hanDate().FindStringSubmatch(s)
	year := 0
	for _, r := range m[1] {
		year = year*10 + chineseDigits[r] // every form of zero counts 0, known or not
	}
	out := fmt.Sprintf("%d年%d月", year, number(m[2]))
	if m[3] != "" {
		out += fmt.Sprintf("%d日", number(m[3]))
	}
	return out
}

type point struct {
	year, month, day int
	part             string
	off, to          int
}

func points(s string) []point {
	var out []point
	for _, m := range pointTime().FindAllStringSubmatchIndex(s, -1) {
		group := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return s[m[2*i]:m[2*i+1]]
		}
		p := point{off: m[0], to: m[1], part: group(4) + group(7)}
		p.year = max(number(group(1)), 0)
		p.month = max(number(group(2)+group(5)), 0)
		p.day = max(number(group(3)+group(6)), 0)
		if p.month > 12 || p.day > 31 || p.year != 0 && (p.year < 1990 || p.year > 2099) {
			continue
		}
		out = append(out, p)
	}
	return out
}

// periods finds the times in s. Months without a year take that of the time before them, or year if it is not 0.
func periods(s string, year int) []period {
	s = timeText(s)
	out := fiveYears(s)
	pts := points(s)
	for i := 0; i < len(pts); i++ {
		p := pts[i]
		guessed := p.year == 0
		if guessed {
			if p.year = year; year == 0 {
				continue
			}
		}
		got := period{off: p.off, to: p.to, guessed: guessed}
		got.start, got.end = p.firstDay(), p.lastDay()
		if i+1 < len(pts) && rangeBetween(s[p.to:pts[i+1].off]) {
			q := pts[i+1]
			if q.year == 0 {
				q.year = p.year
				if q.month < p.month {
					q.year++
				}
			}
			got.end, got.to = q.lastDay(), q.to
			i++
		}
		year = max(yearOf(got.end), 0)
		got.deadline = hasAnyPrefix(s[got.to:], "前", "以前", "之前") || hasAnySuffix(s[:got.off], "截至", "截止", "即日起至", "即日起到", "起至", "即日-", "即日起-")
		if got.deadline {
			got.start = ""
		}
		if hasAnyPrefix(s[got.to:], "起", "开始", "以后", "之后") && !strings.HasPrefix(s[got.to:], "起至") {
			got.end = ""
		}
		out = append(out, got)
	}
	return out
}

var fiveYearPlan = lazy(`“?(十二|十三|十四|十五|十六)五”?(?:期间|时期)(前两年|后两年|末)?`)

// fiveYears reads “十四五”期间: 2021 to 2025, or the first or last two years of it.
func fiveYears(s string) []period {
	var out []period
	for _, m := range fiveYearPlan().FindAllStringSubmatchIndex(s, -1) {
		first := 2021 + 5*(number(s[m[2]:m[3]])-14)
		last := first + 4
		if m[4] >= 0 {
			switch s[m[4]:m[5]] {
			case "前两年":
				last = first + 1
			case "后两年":
				first = last - 1
			case "末":
				first = last
			}
		}
		out = append(out, period{start: fmt.Sprintf("%d-01-01", first), end: fmt.Sprintf("%d-12-31", last), off: m[0], to: m[1]})
	}
	return out
}

func rangeBetween(s string) bool {
	switch trim(s) {
	case "-", "至", "到", "起至", "起到", "开始至", "起-":
		return true
	}
	return false
}

func yearOf(day string) int {
	if len(day) < 4 {
		return 0
	}
	return number(day[:4])
}

func (p point) firstDay() string {
	month, day := p.month, max(p.day, 1)
	if month == 0 {
		month = 1
		switch {
		case p.part == "下半年":
			month = 7
		case strings.HasSuffix(p.part, "季度"):
			month = quarter(p.part)*3 - 2
		case p.part == "底" || p.part == "末":
			month = 12
		}
	}
	return fmt.Sprintf("%04d-%02d-%02d", p.year, month, day)
}

func (p point) lastDay() string {
	month, day := p.month, p.day
	if month == 0 {
		month = 12
		switch {
		case p.part == "上半年":
			month = 6
		case p.part == "初":
			month = 1
		case strings.HasSuffix(p.part, "季度"):
			month = quarter(p.part) * 3
		}
	}
	switch {
	case day > 0:
	case p.part == "上旬" || p.part == "初" && p.month > 0:
		day = 10
	case p.part == "中旬":
		day = 20
	default:
		day = time.Date(p.year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	}
	return fmt.Sprintf("%04d-%02d-%02d", p.year, month, day)
}

func quarter(part string) int {
	return max(number(strings.TrimSuffix(strings.TrimPrefix(part, "第"), "季度")), 1)
}

func month(day string) string {
	if len(day) < 7 {
		return ""
	}
	return day[:7]
}

var dateLine = lazy(`^[（(]?(\d{4})年(\d{1,2})月(\d{1,2})日[)）]?$`)

// isDateLine reports that a line is a date and nothing else, in brackets or not.
func isDateLine(s string) bool { return dayOf(s) != "" }

// dayOf reads a line that is a date and nothing else.
func dayOf(s string) string {
	if len(s) > 60 {
		return ""
	}
	return firstDate(dateLine(), squeeze(timeText(squeeze(s))))
}

var anyDate = lazy(`(\d{4})年(\d{1,2})月(\d{1,2})日`)

func firstDate(re *regexp.Regexp, s string) string {
	m := re.FindStringSubmatch(s)
	if m == nil || number(m[2]) > 12 || number(m[3]) > 31 || number(m[2]) < 1 || number(m[3]) < 1 {
		return ""
	}
	return fmt.Sprintf("%s-%02d-%02d", m[1], number(m[2]), number(m[3]))
}

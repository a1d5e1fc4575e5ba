package report

import (
	"fmt"
	"strconv"

	"pinzhi/internal/campaign"
	"pinzhi/internal/kernel"
)

// Cadence is how often something is reported or done, in the words of the plan's reading.
type Cadence string

// The cadences that have periods. Others (regular, once) have none: nothing is owed for them on a day.
const (
	Monthly    Cadence = "monthly"
	Quarterly  Cadence = "quarterly"
	HalfYearly Cadence = "half_yearly"
	Yearly     Cadence = "yearly"
)

// Cadences are those that may be chosen, in order.
var Cadences = []Cadence{Monthly, Quarterly, HalfYearly, Yearly}

// Name is the cadence in Chinese.
func (c Cadence) Name() string {
	return map[Cadence]string{Monthly: "每月", Quarterly: "每季度", HalfYearly: "每半年", Yearly: "每年"}[c]
}

// months is how long a period is; 0 where there are none.
func (c Cadence) months() int {
	return map[Cadence]int{Monthly: 1, Quarterly: 3, HalfYearly: 6, Yearly: 12}[c]
}

// Known reports whether the cadence has periods.
func (c Cadence) Known() bool { return c.months() > 0 }

// Period is a month (2023-07), a quarter (2023Q3), half a year (2023H2) or a year (2023). Periods of one cadence
// compare as strings.
type Period string

// PeriodOf is the period of a cadence that a month lies in.
func PeriodOf(c Cadence, m kernel.Month) Period {
	year, month := string(m[:4]), monthOf(m)
	switch c {
	case Quarterly:
		return Period(fmt.Sprintf("%sQ%d", year, (month-1)/3+1))
	case HalfYearly:
		return Period(fmt.Sprintf("%sH%d", year, (month-1)/6+1))
	case Yearly:
		return Period(year)
	case Monthly:
	}
	return Period(m)
}

// ParsePeriod reads a period of a cadence; it fails with invalid for what is none.
func ParsePeriod(c Cadence, text string) (Period, error) {
	p := Period(text)
	if c.Known() && len(text) >= 4 && p.Cadence() == c {
		if first, err := kernel.ParseDate(string(p.FirstMonth()) + "-01"); err == nil && PeriodOf(c, first.Month()) == p {
			return p, nil
		}
	}
	return "", kernel.E(kernel.Invalid, "“%s”不是%s的报送期，应像 %s", text, c.Name(), PeriodOf(c, "2023-07")).On("period")
}

// Cadence is the period's.
func (p Period) Cadence() Cadence {
	switch {
	case len(p) == 4:
		return Yearly
	case p[4] == 'Q':
		return Quarterly
	case p[4] == 'H':
		return HalfYearly
	}
	return Monthly
}

// FirstMonth is the first month in it.
func (p Period) FirstMonth() kernel.Month {
	n, _ := strconv.Atoi(string(p[min(5, len(p)):])) // 0 for a year
	switch p.Cadence() {
	case Quarterly:
		return monthIn(p[:4], n*3-2)
	case HalfYearly:
		return monthIn(p[:4], n*6-5)
	case Yearly:
		return monthIn(p, 1)
	case Monthly:
	}
	return kernel.Month(p)
}

func monthIn(year Period, n int) kernel.Month { return kernel.Month(fmt.Sprintf("%s-%02d", year, n)) }

func monthOf(m kernel.Month) int {
	n, _ := strconv.Atoi(string(m[5:]))
	return n
}

// LastMonth is the last month in it.
func (p Period) LastMonth() kernel.Month { return p.FirstMonth().Add(p.Cadence().months() - 1) }

// First is its first day.
func (p Period) First() kernel.Date { return p.FirstMonth().First() }

// Last is its last day.
func (p Period) Last() kernel.Date { return p.LastMonth().Last() }

// Next is the period after it.
func (p Period) Next() Period { return PeriodOf(p.Cadence(), p.LastMonth().Add(1)) }

// Months are the months in it.
func (p Period) Months() (list []kernel.Month) {
	for i := range p.Cadence().months() {
		list = append(list, p.FirstMonth().Add(i))
	}
	return list
}

// Name writes it as people do: 2023年7月, 2023年第三季度, 2023年下半年, 2023年.
func (p Period) Name() string {
	year := string(p[:4]) + "年"
	switch p.Cadence() {
	case Quarterly:
		return year + "第" + []string{"一", "二", "三", "四"}[p[5]-'1'] + "季度"
	case HalfYearly:
		return year + []string{"上半年", "下半年"}[p[5]-'1']
	case Yearly:
		return year
	case Monthly:
	}
	return p.FirstMonth().Chinese()
}

// periodsWithin are the periods of a cadence in which any month from first to last lies, both included; a period that
// began before the phase and one that ends after it are owed too: 2024年第三季度 ends with the phase in September.
func periodsWithin(c Cadence, first, last kernel.Month) (list []Period) {
	if !c.Known() || first == "" || last == "" {
		return nil
	}
	for p := PeriodOf(c, first); p.FirstMonth() <= last; p = p.Next() {
		list = append(list, p)
	}
	return list
}

// work is the period's days and those of the next.
func (p Period) work() campaign.WorkPeriod {
	return campaign.WorkPeriod{From: p.First(), To: p.Last(), Until: p.Next().Last()}
}

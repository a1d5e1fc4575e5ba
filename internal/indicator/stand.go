package indicator

import (
	"fmt"
	"math"

	"pinzhi/internal/campaign"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"
)

// Light says in a word how an indicator stands: the latest figure against the target of its year. A target whose year is
// not over is not missed yet.
func (i Indicator) light(list []Mean, target float64, has bool, happened int, today kernel.Date) campaign.Light {
	latest := last(list)
	if i.Direction == Zero {
		return i.zeroLight(latest, happened)
	}
	switch {
	case latest == nil:
		return campaign.Light{State: "idle", Word: "还没有数"}
	case has && i.Meets(*latest.Value, target):
		return campaign.Light{State: "ok", Word: "达标"}
	case has && YearOf(latest.Period) < YearOf(report.Period(today[:4])):
		return campaign.Light{State: "late", Word: "未达标"}
	case has:
		return campaign.Light{State: "soon", Word: i.short(*latest.Value, target)}
	case i.Direction == Up || i.Direction == Down:
		return i.moving(list, *latest)
	}
	return campaign.Light{State: "idle", Word: "没有设目标"}
}

func (i Indicator) zeroLight(latest *Mean, happened int) campaign.Light {
	switch {
	case happened > 0:
		return campaign.Light{State: "late", Word: fmt.Sprintf("发生 %d 起", happened)}
	case latest != nil && *latest.Value > 0:
		return campaign.Light{State: "late", Word: fmt.Sprintf("发生 %s 起", plain(*latest.Value))}
	case latest == nil:
		return campaign.Light{State: "idle", Word: "还没有数"}
	}
	return campaign.Light{State: "ok", Word: "零发生"}
}

// short says by how much a figure falls short.
func (i Indicator) short(v, target float64) string {
	gap := i.Shown(roundTo(math.Abs(target-v), 100))
	switch i.Direction {
	case AtLeast, Up:
		return "还差 " + gap
	case AtMost, Down:
		return "超出 " + gap
	case Class, Zero:
	}
	return "未到" + i.Text(target)
}

// moving says whether a figure goes the right way: against the same period of the year before, else the first that is
// kept.
func (i Indicator) moving(list []Mean, latest Mean) campaign.Light {
	var base *Mean
	for n := range list {
		m := &list[n]
		if m.Value == nil || m.Period == latest.Period {
			continue
		}
		if base == nil || ordinal(m.Period)+i.periodsAYear() == ordinal(latest.Period) {
			base = m
		}
	}
	up := i.Direction == Up
	switch {
	case base == nil:
		return campaign.Light{State: "idle", Word: "只有一期"}
	case i.better(*base.Value, *latest.Value):
		return campaign.Light{State: "ok", Word: map[bool]string{true: "在提高", false: "在下降"}[up]}
	case *base.Value == *latest.Value:
		return campaign.Light{State: "soon", Word: "没有变化"}
	}
	return campaign.Light{State: "late", Word: map[bool]string{true: "反而下降", false: "反而上升"}[up]}
}

func (i Indicator) periodsAYear() int {
	return map[report.Cadence]int{report.Monthly: 12, report.Quarterly: 4, report.HalfYearly: 2, report.Yearly: 1}[i.Cadence]
}

// last is the latest period that has a value.
func last(list []Mean) *Mean {
	for n := len(list) - 1; n >= 0; n-- {
		if list[n].Value != nil {
			return &list[n]
		}
	}
	return nil
}

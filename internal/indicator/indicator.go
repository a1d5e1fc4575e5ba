// Package indicator keeps what is measured (指标): what each figure should be, the figures themselves with everything
// they were before, what the rules ask about them, where they are going, and the incidents that must not happen at all.
package indicator

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"pinzhi/internal/kernel"
	"pinzhi/internal/report"

	"github.com/uptrace/bun"
)

// Direction is which way a figure should go.
type Direction string

// The directions.
const (
	AtLeast Direction = "at_least"
	AtMost  Direction = "at_most"
	Up      Direction = "up"
	Down    Direction = "down"
	Zero    Direction = "zero"  // nothing of the sort may happen
	Class   Direction = "class" // 二类, C级: the first of the indicator's classes is the best
)

// Directions are those that may be chosen, in order.
var Directions = []Direction{AtLeast, AtMost, Up, Down, Zero, Class}

// Name is the direction in Chinese.
func (d Direction) Name() string {
	return map[Direction]string{AtLeast: "不低于目标", AtMost: "不高于目标", Up: "逐步提高", Down: "逐步下降", Zero: "零发生", Class: "达到等级"}[d]
}

// Known reports whether the direction is one of ours.
func (d Direction) Known() bool { return slices.Contains(Directions, d) }

// Indicator is a measure with its definition, direction and rules. Of a ratio, value = numerator / denominator, in the
// unit: % times a hundred, ‰ times a thousand.
type Indicator struct {
	bun.BaseModel `bun:"table:tracked_indicators,alias:ti"`

	ID           int64 `bun:"id,pk,autoincrement"`
	CampaignID   int64
	PlanID       int64 // the plan's indicator that it was taken from; 0 for one that was added by hand
	Code         string
	Name         string
	Definition   string
	Unit         string
	Numerator    string // what stands above the line; "" for a plain figure
	Denominator  string
	Direction    Direction
	Classes      string // the best first, each on a line
	Cadence      report.Cadence
	FirstPeriod  report.Period // from which on figures are owed; what lies before is history
	LastPeriod   report.Period // "" as long as the campaign lasts
	ByPlace      bool
	PlacesReport bool // each district's own unit reports, where it has one
	Summed       bool // the city's figure is made of its districts'
	UnitID       int64
	UnitName     string // who answers for it, as the office wrote it
	Source       string
	Lowest       *float64 // beyond these a figure is refused
	Highest      *float64
	Low          *float64 // beyond these it is asked about
	High         *float64
	Jump         float64 // percent of change from period to period that is asked about; 0 for never
	AddedAt      time.Time
	AddedName    string
	Revision     int
}

// Kind is the subject kind of indicators in the ledger; "indicator" is the plan's, with numbers of its own.
const Kind = "tracked_indicator"

// Ratio reports whether the figure is made of a numerator and a denominator.
func (i Indicator) Ratio() bool { return i.Denominator != "" }

// ClassNames are the classes, the best first.
func (i Indicator) ClassNames() []string {
	if i.Direction != Class {
		return nil
	}
	return strings.Split(i.Classes, "\n")
}

// per is what a ratio is multiplied by to stand in its unit.
func (i Indicator) per() float64 {
	switch {
	case strings.HasPrefix(i.Unit, "%"):
		return 100
	case strings.HasPrefix(i.Unit, "‰"):
		return 1000
	case strings.Contains(i.Unit, "10万") || strings.Contains(i.Unit, "十万"):
		return 100_000
	}
	return 1
}

// Share is the value of a numerator and a denominator in the indicator's unit.
func (i Indicator) Share(numerator, denominator float64) float64 {
	return round(numerator / denominator * i.per())
}

// round keeps six digits after the point: a thirtieth written in percent needs no more, and 0.1+0.2 becomes 0.3.
func round(x float64) float64 {
	n, err := strconv.ParseFloat(strconv.FormatFloat(x, 'f', 6, 64), 64)
	if err != nil {
		return x
	}
	return n
}

// Text writes a value as people do, without its unit: 38.5, Ⅱ类.
func (i Indicator) Text(v float64) string {
	if names := i.ClassNames(); names != nil {
		if n := int(v); n >= 1 && n <= len(names) {
			return names[n-1]
		}
	}
	if i.Ratio() { // two digits are what is looked at; the numbers behind it stand beside
		return strconv.FormatFloat(roundTo(v, 100), 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// Shown writes a value with its unit.
func (i Indicator) Shown(v float64) string {
	if i.Direction == Class {
		return i.Text(v)
	}
	unit := i.Unit
	if before, _, ok := strings.Cut(unit, "/"); ok && i.Direction == Zero { // 起/3年
		unit = before
	}
	if unit == "" || strings.HasPrefix(unit, "%") || strings.HasPrefix(unit, "‰") {
		return i.Text(v) + unit
	}
	return i.Text(v) + " " + unit
}

func roundTo(v, step float64) float64 {
	if v < 0 {
		return -roundTo(-v, step)
	}
	return float64(int64(v*step+0.5)) / step
}

// TargetText writes a target as people do: ≥ 41%, ≤ 3 起, Ⅱ类以上.
func (i Indicator) TargetText(v float64) string {
	switch i.Direction {
	case AtLeast, Up:
		return "≥ " + i.Shown(v)
	case AtMost, Down:
		return "≤ " + i.Shown(v)
	case Class:
		return i.Text(v) + "及以上"
	case Zero:
	}
	return "零发生"
}

// Meets reports whether a value is as good as a target.
func (i Indicator) Meets(v, target float64) bool {
	switch i.Direction {
	case AtLeast, Up:
		return v >= target
	case AtMost, Down, Class:
		return v <= target
	case Zero:
	}
	return v == 0
}

// better reports whether going from was to is goes the right way; the same is neither.
func (i Indicator) better(was, is float64) bool {
	if i.Direction == AtLeast || i.Direction == Up {
		return is > was
	}
	return is < was
}

// owes reports whether figures are owed for a period.
func (i Indicator) owes(p report.Period) bool {
	return i.FirstPeriod <= p && (i.LastPeriod == "" || p <= i.LastPeriod)
}

// Place is where figures are gathered: the whole city, or one of its parts (地区).
type Place struct {
	bun.BaseModel `bun:"table:indicator_places,alias:ip"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	Position   int
	Whole      bool
	Name       string
	Code       string // orgUnit of others' systems
	UnitID     int64  // who reports for it, where places report themselves
	GoneOn     kernel.Date
}

// PlaceKind is the subject kind of places in the ledger.
const PlaceKind = "indicator_place"

// slots are the places for which figures of an indicator are entered.
func (i Indicator) slots(places []Place) (list []Place) {
	for _, p := range places {
		entered := i.ByPlace
		if p.Whole {
			entered = !i.ByPlace || !i.Summed
		}
		if p.GoneOn == "" && entered {
			list = append(list, p)
		}
	}
	return list
}

// reporter is the unit that reports an indicator at a place; 0 where nobody is known.
func (i Indicator) reporter(p Place) int64 {
	if i.PlacesReport && !p.Whole && p.UnitID != 0 {
		return p.UnitID
	}
	return i.UnitID
}

// Target is what a figure should be at a place in a year; year 0 is the acceptance (验收).
type Target struct {
	bun.BaseModel `bun:"table:indicator_targets,alias:it"`

	CampaignID  int64 `bun:",pk"`
	IndicatorID int64 `bun:",pk"`
	PlaceID     int64 `bun:",pk"`
	Year        int   `bun:",pk"`
	Value       float64
	SetAt       time.Time
	SetName     string
}

// TargetFor is the target of a place in a year: the year's own, else that of the acceptance; a district without any has
// the city's, unless its figures add up to the city's: twelve parks of the city are not twelve of each district.
func (i Indicator) TargetFor(targets []Target, place, whole int64, year int) (v float64, ok bool) {
	if i.Direction == Zero {
		return 0, true
	}
	at := []int64{place}
	if place != whole && (i.Ratio() || !i.Summed) {
		at = append(at, whole)
	}
	for _, p := range at {
		for _, y := range []int{year, 0} {
			if n := slices.IndexFunc(targets, func(t Target) bool { return t.PlaceID == p && t.Year == y }); n >= 0 {
				return targets[n].Value, true
			}
		}
	}
	return 0, false
}

// YearOf is the year that a period lies in.
func YearOf(p report.Period) int {
	n, _ := strconv.Atoi(string(p[:4]))
	return n
}

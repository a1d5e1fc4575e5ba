package indicator

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"pinzhi/internal/report"
)

// Where a figure is going. The trend is the median of the slopes between all pairs of figures (Theil 1950, Sen 1968): a
// single wild figure, of which city statistics have many, does not move it. Its uncertainty is the interval of the
// slope, from the distribution of Kendall's S, with the scatter of the figures about the line on top. Four times out of
// five the figure should come to lie in the band, if things go on as they went; what is still to be done is not in it.

const (
	enough      = 6    // figures that a forecast needs at least
	trendOf     = 24   // figures that it looks at, the latest
	z80         = 1.28 // of a normal distribution, four out of five
	tenth       = 0.1  // of the scatter, left out on either side
	farthest    = 1.0  // how far it looks ahead, in lengths of what it looked back
	monthsAYear = 12
)

// Point is a figure of a series. X is its period as a number that counts on by one from period to period.
type Point struct {
	Period report.Period
	X      int
	Y      float64
}

// Forecast is where a series is going, or why that cannot be said.
type Forecast struct {
	Not     string // why there is none, in a sentence; "" where there is one
	Of      int    // figures that it is made from
	Until   report.Period
	Middle  float64
	Low     float64
	High    float64
	Points  []Band // from the last figure to Until
	Verdict string
}

// Band is a forecast for one period.
type Band struct {
	Period            report.Period
	X                 int
	Middle, Low, High float64
}

// ordinal numbers periods of one cadence without a gap.
func ordinal(p report.Period) int {
	m := p.FirstMonth()
	year, month := 0, 0
	_, _ = fmt.Sscanf(string(m), "%d-%d", &year, &month) // a period's month is one
	months := map[report.Cadence]int{report.Monthly: 1, report.Quarterly: 3, report.HalfYearly: 6, report.Yearly: monthsAYear}[p.Cadence()]
	return (year*monthsAYear + month - 1) / months
}

// Foresee carries a series of one cadence, in order of time, on to a period.
func (i Indicator) Foresee(points []Point, until report.Period) Forecast {
	f := Forecast{Until: until}
	points = points[max(0, len(points)-trendOf):]
	f.Of = len(points)
	if f.Not = i.unforeseeable(points, until); f.Not != "" {
		return f
	}
	t := trendOn(points)
	last := points[len(points)-1]
	for p := last.Period.Next(); ; p = p.Next() {
		f.Points = append(f.Points, i.within(t.at(p)))
		if p == until {
			break
		}
	}
	end := f.Points[len(f.Points)-1]
	f.Middle, f.Low, f.High = end.Middle, end.Low, end.High
	return f
}

func (i Indicator) unforeseeable(points []Point, until report.Period) string {
	switch {
	case i.Direction == Zero || i.Direction == Class:
		return "零发生和等级类指标不作预测。"
	case until == "":
		return "方案里没有读出验收阶段，不知道预测到哪一期。"
	case len(points) < enough:
		return fmt.Sprintf("数据太少：只有 %d 期已审定的数，至少要 %d 期才能看出走势，现在不作预测。", len(points), enough)
	}
	first, last := points[0].X, points[len(points)-1].X
	ahead := ordinal(until) - last
	switch {
	case ahead <= 0:
		return "已经有验收阶段的数，不用预测。"
	case float64(ahead) > farthest*float64(last-first+1):
		return fmt.Sprintf("离验收还有 %d 期，而手里的数只跨 %d 期，看不了那么远，现在不作预测。", ahead, last-first+1)
	}
	return ""
}

type trend struct {
	x0, y0           float64 // the middle of the figures
	slope, low, high float64
	below, above     float64 // scatter about the line
}

func trendOn(points []Point) (t trend) {
	xs, ys := make([]float64, len(points)), make([]float64, len(points))
	var slopes []float64
	for n, p := range points {
		xs[n], ys[n] = float64(p.X), p.Y
		for _, q := range points[:n] {
			slopes = append(slopes, (p.Y-q.Y)/float64(p.X-q.X))
		}
	}
	slices.Sort(slopes)
	t.slope, t.x0 = median(slopes), median(xs)
	n := float64(len(points))
	spread := z80 * math.Sqrt(n*(n-1)*(2*n+5)/18) // of Kendall's S
	t.low, t.high = quantileAt(slopes, (float64(len(slopes))-spread)/2-1), quantileAt(slopes, (float64(len(slopes))+spread)/2)
	rest := make([]float64, len(points))
	for k := range points {
		rest[k] = ys[k] - t.slope*(xs[k]-t.x0)
	}
	t.y0 = median(rest)
	for k := range rest {
		rest[k] -= t.y0
	}
	sort.Float64s(rest)
	// A line bends towards the figures it is laid through, so that new ones scatter more than they do.
	wider := math.Sqrt((n + 1) / (n - 2))
	t.below, t.above = quantileAt(rest, tenth*(n-1))*wider, quantileAt(rest, (1-tenth)*(n-1))*wider
	return t
}

// quantileAt reads a sorted list at a rank between its numbers; beyond its ends it gives the ends.
func quantileAt(sorted []float64, rank float64) float64 {
	if rank <= 0 {
		return sorted[0]
	}
	if rank >= float64(len(sorted)-1) {
		return sorted[len(sorted)-1]
	}
	k := int(rank)
	return sorted[k] + (rank-float64(k))*(sorted[k+1]-sorted[k])
}

func (t trend) at(p report.Period) Band {
	x := ordinal(p)
	ahead := float64(x) - t.x0
	middle := t.y0 + t.slope*ahead
	// The slope and the scatter are wrong independently, so that their errors do not add up in full.
	return Band{Period: p, X: x, Middle: middle, Low: middle - math.Hypot((t.slope-t.low)*ahead, t.below), High: middle + math.Hypot((t.high-t.slope)*ahead, t.above)}
}

// within keeps a forecast in what is possible: no rate beyond a hundred percent.
func (i Indicator) within(b Band) Band {
	hold := func(v float64) float64 {
		if i.Lowest != nil {
			v = max(v, *i.Lowest)
		}
		if i.Highest != nil {
			v = min(v, *i.Highest)
		}
		return v
	}
	b.Middle, b.Low, b.High = hold(b.Middle), hold(b.Low), hold(b.High)
	return b
}

// Judge says in plain words what a forecast means against a target.
func (i Indicator) Judge(f Forecast, target float64, has bool) string {
	if f.Not != "" {
		return f.Not
	}
	say := func(v float64) string { return i.Shown(roundTo(v, digitsFor(f.High-f.Low))) }
	text := fmt.Sprintf("照近 %d 期的走势，到%s大约是 %s，五次里有四次会落在 %s 到 %s 之间。", f.Of, f.Until.Name(), say(f.Middle), say(f.Low), say(f.High))
	if has {
		low, high := i.Meets(f.Low, target), i.Meets(f.High, target)
		switch {
		case low && high:
			text += "目标 " + i.TargetText(target) + "：多半能达到。"
		case !low && !high:
			text += "目标 " + i.TargetText(target) + "：照这样下去多半达不到。"
		default:
			text += "目标 " + i.TargetText(target) + "在这个范围里：能不能达到，现在还说不准。"
		}
	}
	return text + "这只是把过去的走势延长，还没有做的工作没有算进去。"
}

// digitsFor is the step in which figures of a spread are told: no more digits than they are worth.
func digitsFor(spread float64) float64 {
	switch {
	case spread >= 10:
		return 1
	case spread >= 1:
		return 10
	}
	return 100
}

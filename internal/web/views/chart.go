package views

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"pinzhi/internal/indicator"
	"pinzhi/internal/report"
)

// Chart is a series drawn to a size, with the target and what is foreseen.
type Chart struct {
	W, H              int
	Class             string
	Says              string // for who does not see it
	Line, Ahead, Band string // points of lines and of an area
	Target            float64
	HasTarget         bool
	Dots, Pending     []Dot
	Across, Up        []Tick
	Left, Right       float64
	Bottom            float64
}

// Dot is a figure.
type Dot struct {
	X, Y  float64
	Title string
}

// Tick is a number or a period at an axis.
type Tick struct {
	At   float64
	Text string
}

// frame turns periods and values into places on the paper.
type frame struct {
	x0, x1                   int
	y0, y1                   float64
	left, right, top, bottom float64
}

func (f frame) x(x int) float64 {
	if f.x1 == f.x0 {
		return (f.left + f.right) / 2
	}
	return f.left + (f.right-f.left)*float64(x-f.x0)/float64(f.x1-f.x0)
}

func (f frame) y(y float64) float64 { return f.bottom - (f.bottom-f.top)*(y-f.y0)/(f.y1-f.y0) }

// chartOf draws a page's series; nil where there is nothing to draw.
func chartOf(p indicator.Page, w, h int, class string) *Chart {
	if len(p.Approved)+len(p.Pending) == 0 {
		return nil
	}
	f := frame{x0: math.MaxInt, x1: math.MinInt, y0: math.Inf(1), y1: math.Inf(-1), left: 54, right: float64(w) - 26, top: 14, bottom: float64(h) - 30}
	see := func(x int, values ...float64) {
		f.x0, f.x1 = min(f.x0, x), max(f.x1, x)
		for _, y := range values {
			f.y0, f.y1 = min(f.y0, y), max(f.y1, y)
		}
	}
	for _, list := range [][]indicator.Point{p.Approved, p.Pending} {
		for _, d := range list {
			see(d.X, d.Y)
		}
	}
	for _, b := range p.Foreseen.Points {
		see(b.X, b.Low, b.High)
	}
	if p.TargetV != nil {
		see(f.x0, *p.TargetV)
	}
	c := &Chart{W: w, H: h, Class: class, Left: f.left, Right: f.right, Bottom: f.bottom}
	f, c.Up = f.scale(p.Indicator, max(2, h/70))
	c.draw(p, f)
	c.Across = f.periods(p, max(2, w/110))
	return c
}

func (c *Chart) draw(p indicator.Page, f frame) {
	var line, ahead, above, below []string
	for _, d := range p.Approved {
		line = append(line, pair(f.x(d.X), f.y(d.Y)))
		c.Dots = append(c.Dots, Dot{f.x(d.X), f.y(d.Y), d.Period.Name() + "：" + p.Shown(d.Y)})
	}
	for _, d := range p.Pending {
		c.Pending = append(c.Pending, Dot{f.x(d.X), f.y(d.Y), d.Period.Name() + "：" + p.Shown(d.Y) + "，待审核"})
	}
	if n := len(p.Approved); n > 0 && len(p.Foreseen.Points) > 0 {
		last := p.Approved[n-1]
		ahead = append(ahead, pair(f.x(last.X), f.y(last.Y)))
		above, below = append(above, ahead[0]), append(below, ahead[0])
	}
	for _, b := range p.Foreseen.Points {
		ahead = append(ahead, pair(f.x(b.X), f.y(b.Middle)))
		above, below = append(above, pair(f.x(b.X), f.y(b.High))), append([]string{pair(f.x(b.X), f.y(b.Low))}, below...)
	}
	c.Line, c.Ahead, c.Band = strings.Join(line, " "), strings.Join(ahead, " "), strings.Join(append(above, below...), " ")
	if p.TargetV != nil {
		c.Target, c.HasTarget = f.y(*p.TargetV), true
	}
	c.Says = fmt.Sprintf("%s，%s，%d 期", p.Name, p.Place.Name, len(p.Approved))
	if n := len(p.Approved); n > 0 {
		c.Says += fmt.Sprintf("，从%s的 %s 到%s的 %s", p.Approved[0].Period.Name(), p.Shown(p.Approved[0].Y), p.Approved[n-1].Period.Name(), p.Shown(p.Approved[n-1].Y))
	}
	if p.TargetV != nil {
		c.Says += "，目标 " + p.TargetText(*p.TargetV)
	}
}

// scale widens the frame to round numbers and names them.
func (f frame) scale(i indicator.Indicator, most int) (wide frame, list []Tick) {
	if i.Direction == indicator.Class {
		n := len(i.ClassNames())
		f.y0, f.y1 = float64(n)+.5, .5 // the best stands above
		for k := range n {
			list = append(list, Tick{f.y(float64(k + 1)), i.Text(float64(k + 1))})
		}
		return f, list
	}
	if f.y1-f.y0 < 1e-9 {
		f.y0, f.y1 = f.y0-math.Max(1, math.Abs(f.y0)*.05), f.y1+math.Max(1, math.Abs(f.y1)*.05)
	}
	step := niceStep((f.y1 - f.y0) / float64(most))
	f.y0, f.y1 = math.Floor(f.y0/step)*step, math.Ceil(f.y1/step)*step
	digits := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	for v := f.y0; v <= f.y1+step/2; v += step {
		list = append(list, Tick{f.y(v), short(v, digits)})
	}
	return f, list
}

// short writes a number for an axis: 3.5万 for 35000.
func short(v float64, digits int) string {
	if math.Abs(v) >= 1e8 {
		return strconv.FormatFloat(v/1e8, 'f', -1, 64) + "亿"
	}
	if math.Abs(v) >= 1e5 {
		return strconv.FormatFloat(v/1e4, 'f', -1, 64) + "万"
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

func niceStep(rough float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if m*power >= rough-1e-12 {
			return m * power
		}
	}
	return 10 * power
}

// periods names some of the periods along the time.
func (f frame) periods(p indicator.Page, most int) (list []Tick) {
	first, n := p.Approved, f.x1-f.x0+1
	if len(first) == 0 || (len(p.Pending) > 0 && p.Pending[len(p.Pending)-1].X < first[0].X) {
		first = p.Pending[len(p.Pending)-1:]
	}
	every := (n + most - 1) / most
	at := first[0].Period
	for k := range n {
		if k%every == 0 {
			list = append(list, Tick{f.x(f.x0 + k), axisPeriod(at)})
		}
		at = at.Next()
	}
	return list
}

// axisPeriod is a period for an axis: 24/03, 24Q1, 2024.
func axisPeriod(p report.Period) string {
	if len(p) <= 4 {
		return string(p)
	}
	return strings.Replace(string(p[2:]), "-", "/", 1)
}

func pair(x, y float64) string { return num(x) + "," + num(y) }

// num writes a place on the paper.
func num(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// sparkLine is the points of a small line, of what an outline keeps; "" for less than two.
func sparkLine(means []indicator.Mean, best bool) string {
	const w, h, edge = 110.0, 26.0, 3.0
	low, high, n := math.Inf(1), math.Inf(-1), 0
	for _, m := range means {
		if m.Value != nil {
			low, high, n = min(low, *m.Value), max(high, *m.Value), n+1
		}
	}
	if n < 2 {
		return ""
	}
	var b strings.Builder
	for k, m := range means {
		if m.Value == nil {
			continue
		}
		y := h / 2
		if high > low {
			y = h - edge - (h-2*edge)*(*m.Value-low)/(high-low)
		}
		if best { // of classes the first is the best
			y = h - y
		}
		b.WriteString(pair(edge+(w-2*edge)*float64(k)/float64(len(means)-1), y))
		b.WriteByte(' ')
	}
	return b.String()
}

// sparkEnd is where a small line ends.
func sparkEnd(line string) (x, y string) {
	at := strings.LastIndexByte(strings.TrimSpace(line), ' ')
	x, y, _ = strings.Cut(strings.TrimSpace(line)[at+1:], ",")
	return x, y
}

package indicator

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"pinzhi/internal/kernel"
)

// What is asked about a figure. A rule refuses what cannot be, and asks about what is unlikely: whoever gives the figure
// says in a sentence why it is right all the same.

// parse reads what somebody typed: of a ratio numerator and denominator, of a class its name, else a number. It refuses
// what is none and what cannot be; the message says what to do.
func (i Indicator) parse(value, numerator, denominator string) (g Given, err error) {
	switch {
	case i.Ratio():
		g, err = i.parseRatio(numerator, denominator)
	case i.Direction == Class:
		g.Value, err = i.parseClass(value)
	default:
		g.Value, err = number(value)
	}
	if err != nil {
		return g, err
	}
	return g, i.possible(g)
}

func (i Indicator) parseRatio(numerator, denominator string) (g Given, err error) {
	n, err := number(numerator)
	if err != nil {
		return g, kernel.E(kernel.Invalid, "分子（%s）%s", i.Numerator, kernel.MessageOf(err))
	}
	d, err := number(denominator)
	if err != nil {
		return g, kernel.E(kernel.Invalid, "分母（%s）%s", i.Denominator, kernel.MessageOf(err))
	}
	if d <= 0 {
		return g, kernel.E(kernel.Invalid, "分母（%s）要大于 0；本期没有就不填这一行", i.Denominator)
	}
	return Given{Value: i.Share(n, d), Numerator: &n, Denominator: &d}, nil
}

// parseClass takes the class by its name, with or without what all of them end with, or by its place in order.
func (i Indicator) parseClass(text string) (float64, error) {
	text = strings.TrimSpace(text)
	names := i.ClassNames()
	for n, name := range names {
		if text != "" && (text == name || text == strings.TrimRight(name, "类级等") || text == strconv.Itoa(n+1)) {
			return float64(n + 1), nil
		}
	}
	return 0, kernel.E(kernel.Invalid, "“%s”不是它的等级，应是 %s", text, strings.Join(names, "、"))
}

var digits = strings.NewReplacer("，", "", ",", "", "％", "", "%", "", "．", ".", "－", "-", "−", "-", " ", "", "　", "",
	"０", "0", "１", "1", "２", "2", "３", "3", "４", "4", "５", "5", "６", "6", "７", "7", "８", "8", "９", "9")

// number reads a number as people write it: 1,234.5, ３８.５, 38.5%.
func number(text string) (float64, error) {
	if v, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(v) <= 1e15 && !strings.ContainsAny(text, "xXpP_nN") {
		return v, nil // as programs write it
	}
	plain := digits.Replace(strings.TrimSpace(text))
	if plain == "" {
		return 0, kernel.E(kernel.Invalid, "没有填")
	}
	v, err := strconv.ParseFloat(plain, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) || strings.ContainsAny(plain, "xXpP_nN") {
		return 0, kernel.E(kernel.Invalid, "“%s”不是数字，请填数字，不带单位", clip(text))
	}
	if math.Abs(v) > 1e15 {
		return 0, kernel.E(kernel.Invalid, "“%s”太大了，请检查是不是多填了几位", clip(text))
	}
	return v, nil
}

func clip(text string) string {
	if r := []rune(text); len(r) > 20 {
		return string(r[:20]) + "…"
	}
	return text
}

// possible refuses what cannot be.
func (i Indicator) possible(g Given) error {
	if i.Ratio() && i.partOfWhole() && *g.Numerator > *g.Denominator {
		return kernel.E(kernel.Invalid, "部分不能大于整体：%s %s，%s %s", i.Numerator, plain(*g.Numerator), i.Denominator, plain(*g.Denominator))
	}
	if i.Direction == Zero && (g.Value < 0 || g.Value != math.Trunc(g.Value)) {
		return kernel.E(kernel.Invalid, "起数要填 0 或正整数，不是 %s", plain(g.Value))
	}
	if i.Lowest != nil && g.Value < *i.Lowest {
		return kernel.E(kernel.Invalid, "%s 低于可能的下限 %s", i.Shown(g.Value), i.Shown(*i.Lowest))
	}
	if i.Highest != nil && g.Value > *i.Highest {
		return kernel.E(kernel.Invalid, "%s 高于可能的上限 %s", i.Shown(g.Value), i.Shown(*i.Highest))
	}
	return nil
}

// partOfWhole reports whether the numerator is a part of the denominator: of percentages that may not pass a hundred.
func (i Indicator) partOfWhole() bool {
	return i.Highest != nil && *i.Highest == i.per() && i.per() > 1
}

func plain(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

const (
	// unusual is the modified z-score beyond which a figure is an outlier: Iglewicz and Hoaglin, How to Detect and
	// Handle Outliers (1993).
	unusual = 3.5
	// fewest is how many earlier figures the score needs.
	fewest = 6
	// looksBack is how many of them it looks at, the latest.
	looksBack = 24
)

// warnings are what is to be asked about a figure, given those of the periods before it, the latest last.
func (i Indicator) warnings(g Given, before []float64) (list []string) {
	if i.Direction == Zero {
		if g.Value > 0 {
			list = append(list, fmt.Sprintf("发生了 %s 起，应当为零", plain(g.Value)))
		}
		return list
	}
	if i.Low != nil && g.Value < *i.Low {
		list = append(list, fmt.Sprintf("%s 低于通常的 %s", i.Shown(g.Value), i.Shown(*i.Low)))
	}
	if i.High != nil && g.Value > *i.High {
		list = append(list, fmt.Sprintf("%s 高于通常的 %s", i.Shown(g.Value), i.Shown(*i.High)))
	}
	if i.Direction == Class || len(before) == 0 {
		return list
	}
	last := before[len(before)-1]
	if i.Jump > 0 && last != 0 {
		if change := (g.Value - last) / math.Abs(last) * 100; math.Abs(change) > i.Jump {
			list = append(list, fmt.Sprintf("比上期 %s %s %.0f%%，超过 %s%%", i.Shown(last), upOrDown(change), math.Abs(change), plain(i.Jump)))
		}
	}
	if z, ok := modifiedZ(g.Value, before[max(0, len(before)-looksBack):]); ok && math.Abs(z) > unusual {
		list = append(list, fmt.Sprintf("偏离前 %d 期的中位数 %s 很远（修正 z 分数 %.1f，超过 %.1f）", min(len(before), looksBack), i.Shown(median(before[max(0, len(before)-looksBack):])), z, unusual))
	}
	return list
}

func upOrDown(change float64) string {
	if change > 0 {
		return "升"
	}
	return "降"
}

// modifiedZ is 0.6745·(x − median) / MAD. Where half of the figures are the same and the MAD is nought, the mean
// deviation stands in for it (divided by 1.2533); where all are the same there is no score.
func modifiedZ(x float64, before []float64) (z float64, ok bool) {
	if len(before) < fewest {
		return 0, false
	}
	mid := median(before)
	deviations, sum := make([]float64, len(before)), 0.0
	for n, v := range before {
		deviations[n] = math.Abs(v - mid)
		sum += deviations[n]
	}
	if mad := median(deviations); mad > 0 {
		return 0.6745 * (x - mid) / mad, true
	}
	if mean := sum / float64(len(before)); mean > 0 {
		return (x - mid) / (1.253314 * mean), true
	}
	return 0, false
}

// median of one or more.
func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

package form

import (
	"math"
	"strconv"
	"strings"
)

// value is what an expression comes to: a string, a float64, a bool, or nodes (XPath 1.0, 1).
type value any

// nodes is a node-set in the order of the form; what is not relevant is not in it.
type nodes []*node

// stringOf is XPath 1.0, 4.2, string().
func stringOf(v value) string {
	switch x := v.(type) {
	case string:
		return x
	case bool:
		return strconv.FormatBool(x)
	case float64:
		return formatNumber(x)
	case nodes:
		if len(x) > 0 {
			return x[0].value
		}
	}
	return ""
}

// formatNumber writes a number as XPath does: no exponent, no sign of a zero.
func formatNumber(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		return "0"
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// numberOf is XPath 1.0, 4.4, number(), which OpenRosa extends: a date is its days since 1970-01-01. They are whole
// civil days, so that dates are counted and compared as people do, whatever the time zone.
func numberOf(v value) float64 {
	switch x := v.(type) {
	case float64:
		return x
	case bool:
		if x {
			return 1
		}
		return 0
	}
	return numberIn(stringOf(v))
}

func numberIn(s string) float64 {
	s = strings.Trim(s, " \t\r\n")
	if plainNumber(s) {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil && !math.IsInf(f, 0) {
			return math.NaN()
		}
		return f
	}
	if m, ok := readMoment(s); ok {
		return m.days()
	}
	return math.NaN()
}

// plainNumber reports whether s is a number as XPath writes them: no exponent, no plus.
func plainNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole, part, pointed := strings.Cut(s, ".")
	return allDigits(whole) && allDigits(part) && len(whole)+len(part) > 0 && (len(whole) > 0 || pointed)
}

func allDigits(s string) bool {
	for _, c := range s {
		if !digit(c) {
			return false
		}
	}
	return true
}

// booleanOf is XPath 1.0, 4.3, boolean(): a node-set is true when there is a node in it, empty or not.
func booleanOf(v value) bool {
	switch x := v.(type) {
	case bool:
		return x
	case float64:
		return x != 0 && !math.IsNaN(x)
	case nodes:
		return len(x) > 0
	}
	return stringOf(v) != ""
}

// compare is XPath 1.0, 3.4: with a node-set it asks whether some node compares so. Where there is no node it compares
// as an empty answer, as it does on an ODK client: what is not asked for is != 'yes'.
func compare(op string, a, b value) bool {
	a, b = answered(a), answered(b)
	set, isSet := a.(nodes)
	if _, isBool := b.(bool); isSet && !isBool {
		for _, n := range set {
			if compare(op, n.value, b) {
				return true
			}
		}
		return false
	}
	other, isSet := b.(nodes)
	if _, isBool := a.(bool); isSet && !isBool {
		for _, n := range other {
			if compare(op, a, n.value) {
				return true
			}
		}
		return false
	}
	switch op {
	case "=":
		return equal(a, b)
	case "!=":
		return !equal(a, b)
	}
	x, y := numberOf(asScalar(a)), numberOf(asScalar(b))
	switch op {
	case "<":
		return x < y
	case "<=":
		return x <= y
	case ">":
		return x > y
	}
	return x >= y
}

func answered(v value) value {
	if set, ok := v.(nodes); ok && len(set) == 0 {
		return ""
	}
	return v
}

// asScalar is a node-set as the boolean it is compared as.
func asScalar(v value) value {
	if set, ok := v.(nodes); ok {
		return len(set) > 0
	}
	return v
}

func equal(a, b value) bool {
	_, boolA := a.(bool)
	_, boolB := b.(bool)
	if boolA || boolB {
		return booleanOf(a) == booleanOf(b)
	}
	_, numA := a.(float64)
	_, numB := b.(float64)
	if numA || numB {
		return numberOf(a) == numberOf(b)
	}
	return stringOf(a) == stringOf(b)
}

func arithmetic(op string, x, y float64) float64 {
	switch op {
	case "+":
		return x + y
	case "-":
		return x - y
	case "*":
		return x * y
	case "div":
		return x / y
	}
	return math.Mod(x, y)
}

// power is x to the y, the same to the last bit here and in the browser: whole powers by multiplying, others cut to
// fourteen digits, because mathematical libraries differ in the last.
func power(x, y float64) float64 {
	if y == math.Trunc(y) && math.Abs(y) <= 1024 {
		result := 1.0
		for n := math.Abs(y); n > 0; n = math.Floor(n / 2) {
			if math.Mod(n, 2) == 1 {
				result = float64(result * x)
			}
			x = float64(x * x)
		}
		if y < 0 {
			return 1 / result
		}
		return result
	}
	if math.IsNaN(y) || math.IsInf(y, 0) && math.Abs(x) == 1 {
		return math.NaN()
	}
	p := math.Pow(x, y)
	if math.IsNaN(p) || math.IsInf(p, 0) {
		return p
	}
	cut, err := strconv.ParseFloat(strconv.FormatFloat(p, 'e', 13, 64), 64)
	if err != nil {
		return p
	}
	return cut
}

// round is XPath 1.0, 4.4: a half goes up. Digits after the point may be asked for, negative ones before it. After the
// point it rounds the number as it is written, as people and ODK Collect do: 1.005 to two digits is 1.01.
func round(x, digits float64) float64 {
	if math.IsNaN(digits) {
		return math.NaN()
	}
	d := int(math.Max(-15, math.Min(15, math.Trunc(digits))))
	if d >= 0 {
		return roundWritten(x, d)
	}
	p := math.Pow10(-d)
	return math.Floor(x/p+0.5) * p
}

func roundWritten(x float64, d int) float64 {
	whole, part, _ := strings.Cut(formatNumber(math.Abs(x)), ".")
	if len(part) <= d {
		return x
	}
	kept, rest := []byte(whole+part[:d]), part[d:]
	if rest[0] > '5' || rest[0] == '5' && (x > 0 || strings.Trim(rest[1:], "0") != "") {
		kept = oneMore(kept)
	}
	text := string(kept)
	f, err := strconv.ParseFloat(text[:len(text)-d]+"."+text[len(text)-d:], 64)
	if err != nil {
		return x
	}
	return math.Copysign(f, x)
}

// oneMore is the next number, of its digits.
func oneMore(digits []byte) []byte {
	for i := len(digits) - 1; i >= 0; i-- {
		if digits[i]++; digits[i] <= '9' {
			return digits
		}
		digits[i] = '0'
	}
	return append([]byte{'1'}, digits...)
}

package form

import (
	"fmt"
	"slices"
	"strings"
)

// What a question says where the form gives no words of its own.
const (
	requiredSays   = "这一题必须填"
	constraintSays = "填得不符合要求，请检查"
)

// check adds what is wrong with one answer: missing, not of its type, not among the choices, against the constraint.
func (p *presenter) check(n *node, m *moment, fd *Field) {
	message := ""
	switch {
	case n.value == "":
		if fd.Required && n.Kind != Note {
			message = orElse(n.requiredText.render(m), requiredSays)
		}
	case n.wrong(n.value) != "":
		message = n.wrong(n.value)
	case n.list != nil && n.outside(fd.Choices) != "":
		message = fmt.Sprintf("“%s”不在可选的选项里，请重新选", n.outside(fd.Choices))
	case n.holds != nil && !booleanOf(n.holds.eval(m)):
		message = orElse(n.constraintText.render(m), constraintSays)
	}
	if message != "" {
		p.faults = append(p.faults, AnswerFault{Path: fd.Path, Label: fd.Label, Message: message})
	}
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// outside is the first chosen name that is not among the choices; "" for none.
func (n *node) outside(choices []Choice) string {
	for _, name := range n.chosen(n.value) {
		if !slices.ContainsFunc(choices, func(c Choice) bool { return c.Name == name }) {
			return name
		}
	}
	return ""
}

// chosen are the names of the choices that an answer takes.
func (e *entry) chosen(answer string) []string {
	if e.Kind == SelectMultiple {
		return words(answer)
	}
	return []string{answer}
}

const (
	maxDigits   = 15 // what a float64 counts without loss
	maxFileName = 200
)

// wrong says why an answer is not of the item's type; "" where it is.
func (e *entry) wrong(answer string) string {
	switch e.Kind {
	case Integer:
		return wrongInteger(answer)
	case Decimal:
		if !plainNumber(answer) || len(strings.Trim(answer, "-0.")) > maxDigits+1 {
			return fmt.Sprintf("“%s”不是数，请写 12.5 这样的数（最多 %d 位）", short(answer), maxDigits)
		}
	case Day:
		if _, ok := readMoment(answer); !ok || len(answer) != len("2023-06-28") {
			return fmt.Sprintf("“%s”不是日期，请写成 2023-06-28 这样", short(answer))
		}
	case Geopoint:
		return wrongPlace(answer)
	case Image:
		if strings.ContainsAny(answer, "/\\\n") || len(answer) > maxFileName || strings.HasPrefix(answer, ".") {
			return fmt.Sprintf("“%s”不是照片的文件名，请重新选照片", short(answer))
		}
	case SelectMultiple:
		list := words(answer)
		for i, name := range list {
			if slices.Contains(list[:i], name) {
				return fmt.Sprintf("“%s”选了两次，请重新选", short(name))
			}
		}
	}
	return ""
}

func wrongInteger(answer string) string {
	digits := strings.TrimPrefix(answer, "-")
	if digits == "" || !allDigits(digits) || len(digits) > maxDigits {
		return fmt.Sprintf("“%s”不是整数，请写 12 这样的数（最多 %d 位）", short(answer), maxDigits)
	}
	return ""
}

// wrongPlace checks latitude, longitude, and altitude and accuracy in metres if there are (xforms-spec, geopoint).
func wrongPlace(answer string) string {
	parts := words(answer)
	top := []float64{90, 180, 100_000, 1_000_000}
	if len(parts) < 2 || len(parts) > len(top) {
		return fmt.Sprintf("“%s”不是位置，请写“纬度 经度”，如 36.08 111.52", short(answer))
	}
	for i, part := range parts {
		f := numberIn(part)
		if !plainNumber(part) || f > top[i] || f < -top[i] {
			return fmt.Sprintf("“%s”不是位置：纬度在 -90 到 90 之间，经度在 -180 到 180 之间", short(answer))
		}
	}
	return ""
}

// short is an answer as it is quoted.
func short(s string) string {
	if r := []rune(s); len(r) > 20 {
		return string(r[:20]) + "…"
	}
	return s
}

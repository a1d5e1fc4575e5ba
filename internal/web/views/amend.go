package views

import (
	"strconv"

	"pinzhi/internal/cases"
)

// CorrectForm is a case as somebody puts right what was written down of it.
type CorrectForm struct {
	Problem

	Base       Base
	Case       cases.Case // as it stands
	Values     cases.Correction
	Lat, Lon   string // as typed
	Categories []string
}

// Degrees writes a coordinate in full: a form that is handed in as it came must change nothing.
func Degrees(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'f', -1, 64)
}

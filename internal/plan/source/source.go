// Package source turns files as they come (.txt, .docx, .pdf) into lines of text.
package source

import (
	"strings"

	"pinzhi/internal/plan"
)

// MaxSize is the largest file read, in bytes.
const MaxSize = 20 << 20

// Read reads a file into lines.
func Read(name string, data []byte) (plan.Source, error) {
	s := strings.ReplaceAll(string(data), "\r\n", "\n")
	s = strings.TrimSuffix(s, "\n")
	return plan.Source{Name: name, Format: "txt", Lines: strings.Split(s, "\n")}, nil
}

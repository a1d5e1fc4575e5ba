package form

import (
	"fmt"
	"testing"
)

// A household of five hundred, the most a repeat holds: what every key on a page costs, and every copy that comes in.
func BenchmarkFill(b *testing.B) {
	f := mustRead(b, "03", formFiles(b)["03-住户走访"])
	members := []any{}
	for i := range MaxInstances {
		members = append(members, map[string]any{"mname": fmt.Sprint("住户", i), "age": fmt.Sprint(i % 100)})
	}
	a := Answers{"head": "王五", "people": fmt.Sprint(MaxInstances), "member": members, "pets": "no"}
	for b.Loop() {
		f.Fill(a, fuzzNow)
	}
}

// BenchmarkReadXLSForm reads the largest of the twenty forms.
func BenchmarkReadXLSForm(b *testing.B) {
	content := formFiles(b)["20-督导综合表"]
	for b.Loop() {
		mustRead(b, "20", content)
	}
}

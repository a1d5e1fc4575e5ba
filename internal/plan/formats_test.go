package plan_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"pinzhi/internal/plan"
	"pinzhi/internal/plan/source"
)

// TestRead_WordAndPDFReadLikeTheText scores the labelled plans that also come as .docx and .pdf: automatic
// numbering, merged cells, running heads and page numbers.
func TestRead_WordAndPDFReadLikeTheText(t *testing.T) {
	var files []string
	for _, ext := range []string{"docx", "pdf"} {
		found, err := filepath.Glob(filepath.Join("testdata", "plans", "*."+ext))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) != 6 {
		t.Fatalf("%d files: %v", len(files), files)
	}
	s := plan.Score{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		src, err := source.Read(filepath.Base(file), content)
		if err != nil {
			t.Fatal(err)
		}
		p, err := plan.Read(src)
		if err != nil {
			t.Fatal(err)
		}
		s.Add(t, regexp.MustCompile(`\.(docx|pdf)$`).ReplaceAllString(file, ".labels.json"), p)
	}
	s.Check(t, 0.02)
}

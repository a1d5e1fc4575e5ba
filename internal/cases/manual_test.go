package cases_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinzhi/internal/cases"
	"pinzhi/internal/web/webtest"
)

var update = flag.Bool("update", false, "write the table of transitions into the manual")

const (
	tableBegins = "<!-- 由流转表生成：go test ./internal/cases -run TestManual -update -->\n"
	tableEnds   = "<!-- 表止 -->"
)

// manualTable prints the table of transitions as the manual has it.
func manualTable() string {
	var b strings.Builder
	b.WriteString("| 办理 | 从 | 到 | 谁办 | 要有 | 之后谁的时间 |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, t := range cases.Transitions {
		who := make([]string, 0, len(t.Who))
		for _, r := range t.Who {
			who = append(who, r.Name())
		}
		needs := make([]string, 0, len(t.Needs))
		for _, n := range t.Needs {
			needs = append(needs, n.Name())
		}
		verb := t.Verb.Name()
		if t.When != cases.Always {
			verb += "（" + t.When.Name() + "）"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", verb, t.From.Name(), t.To.Name(), strings.Join(who, "；"), strings.Join(needs, "、"), t.Clock.Name())
	}
	return b.String()
}

// TestManual_PrintsTheTableThatTheServiceReads: the manual cannot say other than what the program does.
func TestManual_PrintsTheTableThatTheServiceReads(t *testing.T) {
	path := filepath.Join(webtest.Root(), "docs", "手册.md")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(content), tableBegins)
	printed, after, closed := strings.Cut(rest, tableEnds)
	if !ok || !closed {
		t.Fatal("the manual has no place for the table")
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+tableBegins+manualTable()+tableEnds+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if printed != manualTable() {
		t.Error("the manual's table is not the program's: run go test ./internal/cases -run TestManual -update")
	}
}

package notify_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pinzhi/internal/notify"
	"pinzhi/internal/web/webtest"
)

var update = flag.Bool("update", false, "write the table of rules into the manual")

const (
	tableBegins = "<!-- 由通知规则生成：go test ./internal/notify -run TestManual -update -->\n"
	tableEnds   = "<!-- 表止 -->"
)

var placeholder = regexp.MustCompile(`\{\w+\}`)

// manualTable prints the table of rules as the manual has it.
func manualTable() string {
	var b strings.Builder
	b.WriteString("| 事情 | 告诉谁 | 怎么说 | 紧急 |\n| --- | --- | --- | --- |\n")
	for _, r := range notify.Rules {
		urgent := ""
		switch {
		case r.Urgent:
			urgent = "是"
		case r.Asks && r.Subject == "case":
			urgent = "紧急案件时"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.Name(), r.To, placeholder.ReplaceAllString(r.Text, "……"), urgent)
	}
	return b.String()
}

// TestManual_PrintsTheTableThatTheProgramReads: the manual cannot say other than what the program does.
func TestManual_PrintsTheTableThatTheProgramReads(t *testing.T) {
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
		t.Error("the manual's table is not the program's: run go test ./internal/notify -run TestManual -update")
	}
}

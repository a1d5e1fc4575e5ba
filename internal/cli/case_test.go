package cli

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinzhi/internal/cases/suggest"
)

// withInput lets what runs read text from the standard input.
func withInput(t *testing.T, text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stdin")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	was := os.Stdin
	os.Stdin = f
	t.Cleanup(func() { os.Stdin = was; f.Close() })
}

func TestCaseSuggest_AnswersEveryLineWithOneLine(t *testing.T) {
	data := t.TempDir()
	ok(t, "campaign", "open", "--data", data, "../../examples/linfen-2023/plan.txt")
	withInput(t, "\ufeff窨井盖子没了\r\n\n社保从外地转回来怎么转")
	lines := strings.Split(strings.TrimSpace(ok(t, "case", "suggest", "--data", data, "--campaign", "1")), "\n")
	if len(lines) != 3 {
		t.Fatalf("%q", lines)
	}
	want := `{"text":"窨井盖子没了","units":[{"unit":"市城市管理局","score":`
	if !strings.HasPrefix(lines[0], want) || !strings.Contains(lines[0], `"because":{"kind":"duty","number":1,"lines":[`) {
		t.Error(lines[0])
	}
	if lines[1] != `{"text":"","units":[]}` || lines[2] != `{"text":"社保从外地转回来怎么转","units":[]}` {
		t.Error(lines[1], lines[2])
	}
	var answer suggested
	if err := json.Unmarshal([]byte(lines[0]), &answer); err != nil || len(answer.Units) > 3 {
		t.Error(answer, err)
	}
}

func TestCaseSuggest_SaysWhichCampaignIsMissing(t *testing.T) {
	data := t.TempDir()
	ok(t, "campaign", "open", "--data", data, "../../examples/linfen-2023/plan.txt")
	ok(t, "campaign", "open", "--data", data, "../../examples/pinghe/plan.txt")
	for says, args := range map[string][]string{"没有这项行动": {"--campaign", "99"}, "请写明编号": nil} {
		status, _, errs := run(append([]string{"case", "suggest", "--data", data}, args...)...)
		if status == 0 || !strings.Contains(errs, says) {
			t.Errorf("%v: %d %s", args, status, errs)
		}
	}
}

func TestSuggestLines_RefusesALineWithoutEnd(t *testing.T) {
	err := suggestLines(strings.NewReader(strings.Repeat("长", longestLine)), io.Discard, suggest.New(suggest.Source{}))
	if err == nil || !strings.Contains(err.Error(), "1 MB") {
		t.Error(err)
	}
}

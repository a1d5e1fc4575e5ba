package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinzhi/internal/plan"
)

const linfen = "../../examples/linfen-2023/plan.txt"

func TestPlanRead_JSONIsTheContract(t *testing.T) {
	status, out, errs := run("plan", "read", linfen, "--format", "json")
	if status != 0 || errs != "" {
		t.Fatal(status, errs)
	}
	var p plan.Plan
	d := json.NewDecoder(strings.NewReader(out))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out, ": null") || len(p.Tasks) != 27 {
		t.Errorf("null in the output, or %d tasks", len(p.Tasks))
	}
}

func TestPlanRead_TableAndYAMLSayTheSame(t *testing.T) {
	for format, want := range map[string]string{"table": "专项行动 7 个，工作任务 27 项", "yaml": "document_number: 临政办发〔2023〕24号"} {
		status, out, errs := run("plan", "read", linfen, "--format", format)
		if status != 0 || !strings.Contains(out, want) {
			t.Errorf("%s: status %d, %s", format, status, errs)
		}
	}
}

func TestPlanRead_BadInputExitsWith2AndSaysWhy(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"空的": "", "不像方案": "今天天气很好。\n", "图片": "\x89PNG\r\n\x1a\nxx"} {
		file := filepath.Join(dir, "a.txt")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		status, out, errs := run("plan", "read", file, "--format", "json")
		if status != exitInvalid || out != "" || !strings.Contains(errs, name) {
			t.Errorf("%s: status %d, out %q, err %q", name, status, out, errs)
		}
	}
	if status, _, errs := run("plan", "read", filepath.Join(dir, "none.txt")); status != exitInvalid || !strings.Contains(errs, "找不到") {
		t.Error(status, errs)
	}
	if status, _, errs := run("plan", "read", linfen, "--format", "xml"); status != exitInvalid || errs == "" {
		t.Error(status, errs)
	}
}

package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinzhi/internal/db"
	"pinzhi/internal/ledger"
)

// run is one call of the program: its exit status and what it printed.
func run(args ...string) (status int, out, errs string) {
	var o, e bytes.Buffer
	status = Main(args, &o, &e)
	return status, o.String(), e.String()
}

// ok runs a command that must succeed.
func ok(t *testing.T, args ...string) string {
	t.Helper()
	status, out, errs := run(args...)
	if status != 0 {
		t.Fatalf("pinzhi %s: exit status %d\n%s%s", strings.Join(args, " "), status, out, errs)
	}
	return out
}

func TestAccount_FromCreatingToLocking(t *testing.T) {
	data := t.TempDir()
	made := ok(t, "account", "create", "--data", data, "--login", "Zhao", "--name", "赵管理", "--admin", "security",
		"--url", "https://pinzhi.example/")
	if !strings.Contains(made, "https://pinzhi.example/signin/link?token=") {
		t.Error("no link in", made)
	}
	if list := ok(t, "account", "list", "--data", data); !strings.Contains(list, "zhao\t赵管理\tsecurity\t未设密码") {
		t.Error(list)
	}
	ok(t, "account", "link", "--data", data, "zhao")
	ok(t, "account", "lock", "--data", data, "zhao")
	if list := ok(t, "account", "list", "--data", data); !strings.Contains(list, "已停用") {
		t.Error(list)
	}
	ok(t, "account", "unlock", "--data", data, "zhao")
}

func TestAccount_ErrorsExitWithAStatusAndASentence(t *testing.T) {
	data := t.TempDir()
	ok(t, "account", "create", "--data", data, "--login", "zhao", "--name", "赵")
	for _, c := range []struct {
		status int
		says   string
		args   []string
	}{
		{exitFailed, "已经有人用了", []string{"create", "--login", "zhao", "--name", "赵"}},
		{exitInvalid, "登录名用", []string{"create", "--login", "z", "--name", "赵"}},
		{exitInvalid, "root", []string{"create", "--login", "root", "--name", "根", "--admin", "root"}},
		{exitFailed, "没有这个账号", []string{"lock", "nobody"}},
	} {
		args := append([]string{"account", c.args[0], "--data", data}, c.args[1:]...)
		status, _, errs := run(args...)
		if status != c.status || !strings.Contains(errs, c.says) {
			t.Errorf("%v: exit status %d, %s", args, status, errs)
		}
	}
}

func TestLedger_VerifyFailsOnTamperingAndNamesIt(t *testing.T) {
	data := t.TempDir()
	ok(t, "account", "create", "--data", data, "--login", "zhao", "--name", "赵")
	ok(t, "ledger", "seal", "--data", data)
	if out := ok(t, "ledger", "verify", "--data", data); !strings.Contains(out, "已封存 2 条，检查点 1 个，完好") {
		t.Error(out)
	}
	d, err := db.Open(t.Context(), filepath.Join(data, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	err = d.Write(t.Context(), func(tx db.Tx) error {
		_, err := tx.NewRaw("update events set actor_name = '别人' where seq = 1").Exec(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	status, out, errs := run("ledger", "verify", "--data", data)
	if status != exitFailed || !strings.Contains(out, "第 1 条（编号 2，account link_issued") {
		t.Errorf("exit status %d\n%s%s", status, out, errs)
	}
	_, out, _ = run("ledger", "verify", "--data", data, "--format", "json")
	var report ledger.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil || report.Sound() {
		t.Errorf("%v: %s", err, out)
	}
}

func TestLedger_VerifyComparesWithACheckpointKeptElsewhere(t *testing.T) {
	data := t.TempDir()
	ok(t, "account", "create", "--data", data, "--login", "zhao", "--name", "赵")
	ok(t, "ledger", "seal", "--data", data)
	kept := filepath.Join(data, "checkpoints", "0.checkpoint")
	ok(t, "ledger", "verify", "--data", data, "--against", kept)
	forged := filepath.Join(t.TempDir(), "forged")
	if err := os.WriteFile(forged, []byte("pinzhi campaign 0\n9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := run("ledger", "verify", "--data", data, "--against", forged); status != exitFailed {
		t.Error("exit status", status)
	}
}

func TestBackup_RestoresIntoANewFolderOnly(t *testing.T) {
	data, fresh := t.TempDir(), filepath.Join(t.TempDir(), "new")
	ok(t, "account", "create", "--data", data, "--login", "zhao", "--name", "赵")
	ok(t, "ledger", "seal", "--data", data)
	file := filepath.Join(data, "backup.tar.gz") // inside the folder it saves
	ok(t, "backup", "--data", data, file)
	if status, _, _ := run("backup", "--data", data, file); status == 0 {
		t.Error("a backup was overwritten")
	}
	if status, _, errs := run("restore", "--data", data, file); status == 0 || !strings.Contains(errs, "不是空的") {
		t.Error("restored over a system in use:", errs)
	}
	if out := ok(t, "restore", "--data", fresh, file); !strings.Contains(out, "完好") {
		t.Error(out)
	}
	if list := ok(t, "account", "list", "--data", fresh); !strings.Contains(list, "zhao") {
		t.Error(list)
	}
}

func TestCommandsOnAnExistingSystem_SayWhenThereIsNone(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	for _, args := range [][]string{{"ledger", "verify"}, {"ledger", "seal"}, {"backup", filepath.Join(t.TempDir(), "b")}} {
		status, _, errs := run(append(args, "--data", nowhere)...)
		if status != exitFailed || !strings.Contains(errs, "没有数据库文件") {
			t.Errorf("%v: exit status %d, %s", args, status, errs)
		}
		if _, err := os.Stat(nowhere); err == nil {
			t.Errorf("%v made a folder", args)
		}
	}
}

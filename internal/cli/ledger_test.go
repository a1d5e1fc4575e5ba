package cli

import (
	"strings"
	"testing"

	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
)

// TestLedger_OneRowOfACampaignTamperedWithIsNamed opens a campaign, changes one row behind the program's back, and
// asks the command that an auditor would run.
func TestLedger_OneRowOfACampaignTamperedWithIsNamed(t *testing.T) {
	for _, kind := range []db.Kind{db.SQLite, db.Postgres} {
		for _, c := range []struct{ name, sql, says string }{
			{"changed", `update events set data = replace(data, '花蕊', '某人'), actor_name = '某人' where campaign_id = 1 and seq = 100`, "第 100 条（编号 "},
			{"its leaf too", `update events set verb = 'forged', leaf = (select leaf from events where campaign_id = 1 and seq = 6) where campaign_id = 1 and seq = 5`, "第 5 条（编号 "},
			{"deleted", `delete from events where campaign_id = 1 and seq = 200`, "第 200 条不见了：这一行被删掉，或序号被改走"},
			{"slipped in", `insert into events (campaign_id, at, actor_id, actor_name, subject_kind, subject_id, verb, data, seq, leaf)
				select 1, at, 0, '系统', 'task', 1, 'read', '{}', 99999, leaf from events where campaign_id = 1 and seq = 0`, "的记录序号是 99999"},
		} {
			t.Run(string(kind)+" "+c.name, func(t *testing.T) {
				g := ground{Data: t.TempDir(), DB: dbtest.DSN(t, kind)}
				at := []string{"--data", g.Data, "--db", g.DB}
				ok(t, append([]string{"campaign", "open", killedPlan}, at...)...)
				if out := ok(t, append([]string{"ledger", "verify"}, at...)...); !strings.Contains(out, "完好；未封存 0 条") {
					t.Fatal("before tampering:", out)
				}
				tamper(t, g, c.sql)
				status, out, errs := run(append([]string{"ledger", "verify"}, at...)...)
				if status == 0 || !strings.Contains(out, c.says) || !strings.Contains(errs, "流水被动过") {
					t.Errorf("exit status %d, want another than 0 and %q in\n%s%s", status, c.says, out, errs)
				}
			})
		}
	}
}

func tamper(t *testing.T, g ground, sql string) {
	t.Helper()
	d := mustOpen(t, g)
	defer d.Close()
	err := d.Write(t.Context(), func(tx db.Tx) error {
		res, err := tx.NewRaw(sql).Exec(t.Context())
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n != 1 {
			t.Errorf("%d rows were tampered with, want 1", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

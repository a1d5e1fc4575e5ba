package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
)

type ledgerCmd struct {
	Verify ledgerVerifyCmd `cmd:"" help:"从头重算全部流水，指出被改、被删、被插的记录。"`
	Seal   ledgerSealCmd   `cmd:"" help:"立即封存还没有封存的流水。"`
}

type ledgerVerifyCmd struct {
	ground

	Against []string `type:"existingfile" placeholder:"FILE" help:"再与另外保存的检查点文件比对，可重复。"`
	Format  string   `enum:"text,json" default:"text" help:"text 或 json。"`
}

// Run fails with conflict if anything was tampered with.
func (c *ledgerVerifyCmd) Run(ctx context.Context, s *streams) error {
	kept := make([]string, len(c.Against))
	for i, path := range c.Against {
		signed, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		kept[i] = string(signed)
	}
	l, _, closeDB, err := c.openLedger(ctx)
	if err != nil {
		return err
	}
	defer closeDB() //nolint:errcheck // only read
	return verify(ctx, s.out, l, c.Format, kept...)
}

// verify prints the report.
func verify(ctx context.Context, out io.Writer, l *ledger.Ledger, format string, kept ...string) error {
	report, err := l.Verify(ctx, kept...)
	if err != nil {
		return err
	}
	if format == "json" {
		e := json.NewEncoder(out)
		e.SetIndent("", " ")
		err = e.Encode(report)
	} else {
		printReport(out, report)
	}
	if err == nil && !report.Sound() {
		err = kernel.E(kernel.Conflict, "流水被动过，见上")
	}
	return err
}

func printReport(out io.Writer, report ledger.Report) {
	for _, c := range report.Campaigns {
		name := fmt.Sprintf("行动 %d", c.CampaignID)
		if c.CampaignID == ledger.System {
			name = "系统"
		}
		verdict := "完好"
		if n := int64(len(c.Findings)) + c.More; n > 0 {
			verdict = fmt.Sprintf("发现 %d 处问题", n)
		}
		fmt.Fprintf(out, "%s：已封存 %d 条，检查点 %d 个，%s；未封存 %d 条\n", name, c.Size, c.Checkpoints, verdict, c.Unsealed)
		for _, f := range c.Findings {
			fmt.Fprintf(out, "  %s\n", f.Message)
		}
		if c.More > 0 {
			fmt.Fprintf(out, "  另有 %d 处\n", c.More)
		}
	}
	if len(report.Campaigns) == 0 {
		fmt.Fprintln(out, "还没有流水")
	}
}

type ledgerSealCmd struct{ ground }

// Run seals what waits.
func (c *ledgerSealCmd) Run(ctx context.Context, s *streams) error {
	l, _, closeDB, err := c.openLedger(ctx)
	if err != nil {
		return err
	}
	defer closeDB() //nolint:errcheck // sealed is committed
	n, err := l.SealNow(ctx)
	fmt.Fprintf(s.out, "封存了 %d 条\n", n)
	return err
}

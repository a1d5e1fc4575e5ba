package cli

import (
	"context"
	"fmt"

	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/indicator"
	"pinzhi/internal/kernel"
	"pinzhi/internal/submission"
)

// doctorCmd recounts slowly what the system keeps as it happens, and looks whether the database's file is whole.
type doctorCmd struct{ ground }

// Run prints what does not agree; the exit status is 1 if anything does not.
func (c *doctorCmd) Run(ctx context.Context, s *streams) error {
	d, closeDB, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer closeDB() //nolint:errcheck // nothing is written
	n := 0
	if d.Kind() == db.SQLite {
		var said []string
		if err := d.Reader().NewRaw("SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'").Scan(ctx, &said); err != nil {
			return err
		}
		for _, text := range said {
			fmt.Fprintf(s.out, "数据库文件：%s\n", text)
		}
		n += len(said)
	}
	list, err := cases.Examine(ctx, d.Reader())
	if err != nil {
		return err
	}
	for _, a := range list {
		fmt.Fprintf(s.out, "行动 %d：%s\n", a.CampaignID, a.Text)
	}
	figures, err := indicator.Examine(ctx, d.Reader())
	if err != nil {
		return err
	}
	for _, a := range figures {
		fmt.Fprintf(s.out, "行动 %d：%s\n", a.CampaignID, a.Text)
	}
	forms, err := submission.Examine(ctx, d.Reader())
	if err != nil {
		return err
	}
	for _, a := range forms {
		fmt.Fprintf(s.out, "行动 %d：%s\n", a.CampaignID, a.Text)
	}
	if n += len(list) + len(figures) + len(forms); n > 0 {
		return kernel.E(kernel.Internal, "有 %d 处对不上。请先备份，再把上面的内容发给维护的人", n)
	}
	fmt.Fprintln(s.out, "都对得上。")
	return nil
}

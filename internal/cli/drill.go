package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"time"

	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/drill"
	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
)

// drillCmd fills an empty system with the life of the made-up city.
type drillCmd struct {
	ground

	Cases    int    `default:"2000" help:"多少件案件。"`
	Months   int    `default:"15" help:"几个月，从 2023 年 7 月起。"`
	Seed     uint64 `default:"1" help:"种子：同一个种子，同一座城市。"`
	Pictures int    `default:"120" help:"多少件案件带照片。"`
}

// Run lives the months and prints what happened.
func (c *drillCmd) Run(ctx context.Context, s *streams) error {
	if c.Cases < 1 || c.Cases > 5_000_000 || c.Months < 1 || c.Months > 36 {
		return kernel.E(kernel.Invalid, "案件 1 到 500 万件，月数 1 到 36")
	}
	d, closeDB, err := c.openGround(ctx)
	if err != nil {
		return err
	}
	defer closeDB() //nolint:errcheck // written is committed
	if err := mustBeEmpty(ctx, d); err != nil {
		return err
	}
	blobs, err := evidence.NewFolder(filepath.Join(c.Data, "evidence"))
	if err != nil {
		return err
	}
	began := time.Now()
	// Nobody else is served: memory may stand for time, up to a bound.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(drillMemory))
	result, err := drill.Live(ctx, d, blobs, drill.Options{Cases: c.Cases, Months: c.Months, Seed: c.Seed, Pictures: c.Pictures}, func(day kernel.Date, n int) {
		fmt.Fprintf(s.out, "%s　已登记 %d 件（%.0f 秒）\n", day.Chinese(), n, time.Since(began).Seconds())
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "演练完成：%s，到 %s 止，用时 %.1f 秒\n", result.Campaign.Name, kernel.DateOf(result.Until).Chinese(), time.Since(began).Seconds())
	for _, v := range []cases.Verb{cases.Register, cases.Dispatch, cases.Return, cases.Respond, cases.SendBack, cases.Close, cases.Reopen} {
		fmt.Fprintf(s.out, "%s　%d\n", v.Name(), result.Steps[v])
	}
	c.seal(ctx, s, d)
	fmt.Fprintf(s.out, "封存流水后共 %.1f 秒\n看一看：pinzhi serve --data %s --now %s\n", time.Since(began).Seconds(), c.Data, result.Until.In(kernel.Shanghai).Format("2006-01-02T15:04"))
	return nil
}

// drillMemory is from where on memory is collected as usual.
const drillMemory = 2 << 30

// mustBeEmpty: practice never mixes with people's work.
func mustBeEmpty(ctx context.Context, d *db.DB) error {
	n, err := d.Reader().NewSelect().TableExpr("campaigns").Count(ctx)
	if err == nil && n > 0 {
		err = kernel.E(kernel.Conflict, "这个库里已经有行动。演练要一个空的数据目录，例如 --data ./演练")
	}
	return err
}

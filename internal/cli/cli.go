// Package cli is the command line: one struct a command, and the wiring of the rooms.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"

	"github.com/alecthomas/kong"
)

// Exit statuses: 0 done, 1 something failed, 2 the input or the call is wrong.
const (
	exitFailed  = 1
	exitInvalid = 2
)

type root struct {
	Serve    serveCmd    `cmd:"" help:"运行品质，打开浏览器就能用。"`
	Campaign campaignCmd `cmd:"" help:"行动：用方案启动、列出、导出。"`
	Plan     planCmd     `cmd:"" help:"读方案、查方案。"`
	Case     caseCmd     `cmd:"" help:"问题：按方案建议由哪个单位办。"`
	Account  accountCmd  `cmd:"" help:"账号：建立、停用、发一次性链接。"`
	Ledger   ledgerCmd   `cmd:"" help:"流水：核验是否被动过。"`
	Doctor   doctorCmd   `cmd:"" help:"体检：把系统随手记下的数重新数一遍，看数据库文件是否完好。"`
	Backup   backupCmd   `cmd:"" help:"把整个系统备份成一个文件，运行中也可以。"`
	Bench    benchCmd    `cmd:"" help:"在临时系统上测量各页、写入和启动的时间。"`
	Drill    drillCmd    `cmd:"" help:"演练：在空的数据目录里让虚构的平河市过上几个月。"`
	Restore  restoreCmd  `cmd:"" help:"用备份恢复出一个新的系统。"`
}

// streams is where a command writes; commands take it as a parameter of Run.
type streams struct{ out, err io.Writer }

// Main runs one command and returns the exit status. An interrupt ends the command's context.
func Main(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var r root
	parser, err := kong.New(&r, kong.Name("pinzhi"), kong.Description("品质：把方案变成正在运行的行动。"),
		kong.Writers(stdout, stderr), kong.Bind(&streams{stdout, stderr}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(finderFor(func(d *db.DB) personFinder { return rosterFinder{d} })))
	if err != nil {
		fmt.Fprintln(stderr, "pinzhi:", err)
		return exitFailed
	}
	call, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(stderr, "pinzhi:", err)
		return exitInvalid
	}
	return exitStatus(stderr, call.Run())
}

// exitStatus tells the person at the terminal what went wrong and chooses the status.
func exitStatus(stderr io.Writer, err error) int {
	if err == nil {
		return 0
	}
	var e *kernel.Error
	if !errors.As(err, &e) {
		fmt.Fprintln(stderr, "pinzhi:", err)
		return exitFailed
	}
	fmt.Fprintln(stderr, "pinzhi:", e.Message)
	switch e.Code {
	case kernel.Invalid, kernel.TooLarge:
		return exitInvalid
	default:
		if e.Err != nil {
			fmt.Fprintln(stderr, "  原因：", e.Err)
		}
		return exitFailed
	}
}

// Package cli is the command line: one struct a command, and the wiring of the rooms.
package cli

import (
	"errors"
	"fmt"
	"io"

	"pinzhi/internal/kernel"

	"github.com/alecthomas/kong"
)

// Exit statuses: 0 done, 1 something failed, 2 the input or the call is wrong.
const (
	exitFailed  = 1
	exitInvalid = 2
)

type root struct {
	Plan planCmd `cmd:"" help:"读方案、查方案。"`
}

// streams is where a command writes; commands take it as a parameter of Run.
type streams struct{ out, err io.Writer }

// Main runs one command and returns the exit status.
func Main(args []string, stdout, stderr io.Writer) int {
	var r root
	parser, err := kong.New(&r, kong.Name("pinzhi"), kong.Description("品质：把方案变成正在运行的行动。"),
		kong.Writers(stdout, stderr), kong.Bind(&streams{stdout, stderr}))
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

// Command pinzhi turns the official plan of a city campaign into the running campaign.
package main

import (
	"os"

	"pinzhi/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr)) }

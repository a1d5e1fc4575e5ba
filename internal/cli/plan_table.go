package cli

import (
	"io"

	"pinzhi/internal/plan"
)

func writePlanTable(w io.Writer, p *plan.Plan) error { return nil }

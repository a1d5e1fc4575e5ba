package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"

	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/cases/suggest"
	"pinzhi/internal/kernel"
)

type caseCmd struct {
	Suggest suggestCmd `cmd:"" help:"每行读入一条群众的话，每行输出最可能负责的单位和方案里的依据（JSON）。"`
}

type suggestCmd struct {
	ground

	Campaign int64 `placeholder:"ID" help:"行动的编号；只有一项行动时可以不写。"`
}

// Run answers every line of the standard input with one line.
func (c *suggestCmd) Run(ctx context.Context, s *streams) error {
	d, closeDB, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer closeDB() //nolint:errcheck // only read
	system, campaigns := kernel.WithActor(ctx, kernel.TheSystem), campaign.New(d, kernel.Clock{})
	id, err := theCampaign(system, campaigns, c.Campaign)
	if err != nil {
		return err
	}
	index, err := cases.New(d, kernel.Clock{}, calendar.New(d, kernel.Clock{}), campaigns, nil).Index(system, id)
	if err != nil {
		return err
	}
	return suggestLines(os.Stdin, s.out, index)
}

// longestLine is more than anybody tells on the telephone.
const longestLine = 1 << 20

// suggested is one line of the answer, as DESIGN's contract of pinzhi case suggest has it.
type suggested struct {
	Text  string               `json:"text"`
	Units []suggest.Suggestion `json:"units"`
}

func suggestLines(in io.Reader, out io.Writer, index *suggest.Index) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longestLine)
	e := json.NewEncoder(out) // one write a line, so that who asks one by one is answered one by one
	e.SetEscapeHTML(false)
	for lines.Scan() {
		text := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		answer := suggested{Text: text, Units: []suggest.Suggestion{}}
		for _, u := range index.Suggest(text, 3) {
			if u.Because.Kind != suggest.ByPast {
				u.Because.Text = "" // its lines say where to read it
			}
			answer.Units = append(answer.Units, u)
		}
		if err := e.Encode(answer); err != nil {
			return err
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return kernel.E(kernel.TooLarge, "有一行超过 1 MB，不像一条投诉。请每行写一条")
	case err != nil:
		return kernel.E(kernel.Invalid, "读不了输入").Because(err)
	}
	return nil
}

// theCampaign is the campaign that was named, or the only one there is.
func theCampaign(ctx context.Context, svc *campaign.Service, id int64) (int64, error) {
	if id != 0 {
		return id, nil
	}
	rows, err := svc.Visible(ctx)
	if err != nil {
		return 0, err
	}
	if len(rows) != 1 {
		return 0, kernel.E(kernel.Invalid, "这里有 %d 项行动，请写明编号（pinzhi campaign list 可以看到）", len(rows))
	}
	return rows[0].ID, nil
}

package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
	"pinzhi/internal/plan/source"
	"pinzhi/internal/roster"
)

type campaignCmd struct {
	Open   campaignOpenCmd   `cmd:"" help:"读一份方案，启动行动。"`
	List   campaignListCmd   `cmd:"" help:"列出行动。"`
	Export campaignExportCmd `cmd:"" help:"把一项行动写成 JSON；同一份方案在任何数据库上写出的字节都一样。"`
}

type campaignOpenCmd struct {
	ground

	File  string `arg:"" type:"existingfile" help:"方案文件：.docx、.pdf 或 .txt。"`
	Drill bool   `help:"演练：每一页都标明。"`
}

// Run opens a campaign from a file and prints its number.
func (c *campaignOpenCmd) Run(ctx context.Context, s *streams) error {
	o, err := readOpening(c.File, c.Drill)
	if err != nil {
		return err
	}
	d, closeDB, err := c.openGround(ctx)
	if err != nil {
		return err
	}
	defer closeDB() //nolint:errcheck // written is committed
	opened, err := campaign.New(d, kernel.Clock{}).Open(kernel.WithActor(ctx, kernel.TheSystem), o)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "已启动行动 %d：%s（%s）\n", opened.ID, opened.Name, opened.DocumentNumber)
	c.seal(ctx, s, d)
	return nil
}

// readOpening reads a plan's file into what a campaign is opened from, without corrections.
func readOpening(path string, drill bool) (campaign.Opening, error) {
	content, err := readLimited(path)
	if err != nil {
		return campaign.Opening{}, err
	}
	src, err := source.Read(filepath.Base(path), content)
	if err != nil {
		return campaign.Opening{}, err
	}
	p, err := plan.Read(src)
	if err != nil {
		return campaign.Opening{}, err
	}
	return campaign.Opening{Source: src, Original: content, SHA256: campaign.Hash(content), Drill: drill,
		Reading: campaign.Reading{Plan: *p, Edits: []campaign.Edit{}, Answers: map[int]campaign.Answer{}}}, nil
}

// readLimited reads a file of at most 20 MB and a byte: source.Read then says what is too large.
func readLimited(path string) ([]byte, error) {
	const limit = 20<<20 + 1
	f, err := os.Open(path)
	if err != nil {
		return nil, kernel.E(kernel.Invalid, "打不开文件“%s”，请看看路径和权限", path).Because(err)
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return nil, kernel.E(kernel.Invalid, "读不了文件“%s”", path).Because(err)
	}
	return content, nil
}

type campaignListCmd struct{ ground }

// Run prints a line for each campaign.
func (c *campaignListCmd) Run(ctx context.Context, s *streams) error {
	d, closeDB, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer closeDB() //nolint:errcheck // only read
	rows, err := campaign.New(d, kernel.Clock{}).Visible(kernel.WithActor(ctx, kernel.TheSystem))
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", r.ID, r.DocumentNumber, r.Name, r.Place)
	}
	return w.Flush()
}

type campaignExportCmd struct {
	ground

	Campaign int64 `arg:"" optional:"" help:"行动的编号；只有一项行动时可以不写。"`
}

// Run writes the campaign as JSON.
func (c *campaignExportCmd) Run(ctx context.Context, s *streams) error {
	d, closeDB, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer closeDB() //nolint:errcheck // only read
	ctx = kernel.WithActor(ctx, kernel.TheSystem)
	svc := campaign.New(d, kernel.Clock{})
	id, err := theCampaign(ctx, svc, c.Campaign)
	if err != nil {
		return err
	}
	out, err := svc.Export(ctx, id)
	if err != nil {
		return err
	}
	_, err = s.out.Write(out)
	return err
}

// rosterFinder finds people of a campaign's roster for the account commands.
type rosterFinder struct{ db *db.DB }

// PersonNamed implements personFinder.
func (r rosterFinder) PersonNamed(ctx context.Context, campaignID int64, name string) (int64, error) {
	p, err := roster.PersonCalled(ctx, r.db.Reader(), campaignID, name)
	return p.ID, err
}

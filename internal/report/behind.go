package report

import (
	"context"
	"fmt"

	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
)

// Row is one of the rows that a figure counts.
type Row struct {
	Title string
	Said  string // where it stands
	Path  string // of its page, within the campaign
}

// Behind is a figure of a filing with the rows behind it, as they stand now.
type Behind struct {
	Seen

	Figure Field
	Rows   []Row
	More   bool // there are more than are listed
}

// mostBehind is how many rows are listed behind a figure.
const mostBehind = 500

// Behind returns the rows behind a figure of a filing; it fails with not_found as See does, and for a part that counts
// nothing.
func (s *Service) Behind(ctx context.Context, campaignID, id int64, part string) (b Behind, err error) {
	err = s.db.Snapshot(ctx, func(tx db.Tx) error {
		v, err := s.campaigns.SeeIn(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		if b.Seen, err = s.see(ctx, tx, v, id); err != nil {
			return err
		}
		for _, f := range b.Fields {
			if f.Key == part && f.Figure {
				b.Figure = f
			}
		}
		if b.Figure.Key == "" {
			return kernel.E(kernel.NotFound, "这份报送里没有这个数字")
		}
		b.Rows, err = s.behind(ctx, tx, b.Reporter, b.Period, b.Figure.PartSpec)
		return err
	})
	if len(b.Rows) > mostBehind {
		b.Rows, b.More = b.Rows[:mostBehind], true
	}
	return b, err
}

func (s *Service) behind(ctx context.Context, tx db.Tx, r Reporter, p Period, spec PartSpec) ([]Row, error) {
	if spec.of != "" {
		if w := whoseOf(r); w.Known() {
			list, err := cases.ListWithin(ctx, tx, r.CampaignID, w, spec.of, p.First(), p.Last(), mostBehind+1)
			return caseRows(list), err
		}
		return nil, nil
	}
	scope, err := scopeOf(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	if spec.work != "" {
		items, err := s.campaigns.WorkRows(ctx, tx, r.CampaignID, scope, p.work(), spec.work, mostBehind+1)
		return itemRows(items), err
	}
	list, err := s.campaigns.MilestonesDone(ctx, tx, r.CampaignID, scope, p.work(), mostBehind+1)
	rows := make([]Row, len(list))
	for i, m := range list {
		rows[i] = Row{Title: m.Name, Said: m.DoneOn.Chinese() + "完成", Path: fmt.Sprintf("/items/%d", m.ItemID)}
	}
	return rows, err
}

func caseRows(list []cases.Case) []Row {
	rows := make([]Row, len(list))
	for i, c := range list {
		rows[i] = Row{Title: c.Number() + " " + c.Title, Said: c.Step.Name() + "，" + c.Address, Path: fmt.Sprintf("/cases/%d", c.ID)}
	}
	return rows
}

func itemRows(list []campaign.ItemRow) []Row {
	rows := make([]Row, len(list))
	for i, w := range list {
		said := w.DueDay.Chinese() + "前完成"
		if w.DoneOn != "" {
			said = w.DoneOn.Chinese() + "完成"
		}
		rows[i] = Row{Title: w.Title, Said: said, Path: fmt.Sprintf("/items/%d", w.ID)}
	}
	return rows
}

package report

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/plan"
	"pinzhi/internal/roster"

	"github.com/uptrace/bun"
)

// Concern is a filing with what decides whom it concerns.
type Concern struct {
	Filing

	Reporter Reporter
	What     string
	Kind     ObligationKind
}

// Title is what the filing is called: 2023年7月工作动态（城市建设提升专项行动工作组）.
func (c Concern) Title() string {
	return fmt.Sprintf("%s%s（%s）", c.Period.Name(), c.What, c.Reporter.Name)
}

// Sits reports whether somebody reports it.
func (c Concern) Sits(st roster.Standing) bool { return sits(st, c.Reporter) }

// Heads reports whether somebody heads who reports it.
func (c Concern) Heads(st roster.Standing) bool { return heads(st, c.Reporter) }

// Sees reports whether the filing exists for somebody: who reports it, the office, the leading group.
func (c Concern) Sees(st roster.Standing) bool { return mayRead(st, c.Reporter) }

// ReadsAll reports whether somebody reads all reports: the office and the leading group.
func ReadsAll(st roster.Standing) bool { return mayRead(st, Reporter{}) }

func mayRead(st roster.Standing, r Reporter) bool {
	return sits(st, r) || st.InOffice() || slices.ContainsFunc(st.Seats, func(x roster.Seat) bool { return x.BodyKind == plan.LeadingGroup })
}

// Concerns reads filings of a campaign by id.
func Concerns(ctx context.Context, tx db.Tx, campaignID int64, ids []int64) (map[int64]Concern, error) {
	by := map[int64]Concern{}
	for part := range slices.Chunk(ids, 500) {
		var rows []Filing
		if err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", campaignID).Where("id IN (?)", bun.List(part)).Scan(ctx); err != nil {
			return nil, fmt.Errorf("filings: %w", err)
		}
		if err := concern(ctx, tx, campaignID, rows, by); err != nil {
			return nil, err
		}
	}
	return by, nil
}

// concern adds the filings with their reporters and obligations, of which a campaign has few.
func concern(ctx context.Context, tx db.Tx, campaignID int64, rows []Filing, by map[int64]Concern) error {
	if len(rows) == 0 {
		return nil
	}
	var reporters []Reporter
	if err := tx.NewSelect().Model(&reporters).Where("campaign_id = ?", campaignID).Scan(ctx); err != nil {
		return fmt.Errorf("reporters: %w", err)
	}
	var obligations []Obligation
	if err := tx.NewSelect().Model(&obligations).Where("campaign_id = ?", campaignID).Scan(ctx); err != nil {
		return fmt.Errorf("obligations: %w", err)
	}
	for _, f := range rows {
		c := Concern{Filing: f}
		if i := slices.IndexFunc(reporters, func(r Reporter) bool { return r.ID == f.ReporterID }); i >= 0 {
			c.Reporter = reporters[i]
		}
		if i := slices.IndexFunc(obligations, func(o Obligation) bool { return o.ID == f.ObligationID }); i >= 0 {
			c.What, c.Kind = obligations[i].What, obligations[i].Kind
		}
		by[f.ID] = c
	}
	return nil
}

// OwedBefore lists what somebody owes of reports, in the order of their days: what is late, sent back, or due before an
// instant. Later periods are left out: a campaign's are known years ahead.
func OwedBefore(ctx context.Context, tx db.Tx, campaignID int64, st roster.Standing, until time.Time) (list []Concern, err error) {
	var rows []Filing
	err = tx.NewSelect().Model(&rows).Where("campaign_id = ?", campaignID).Where("step IN ('owed', 'returned')").
		Where("due_at < ?", until).Order("due_at", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("owed reports: %w", err)
	}
	by := map[int64]Concern{}
	if err := concern(ctx, tx, campaignID, rows, by); err != nil {
		return nil, err
	}
	for _, f := range rows {
		if c := by[f.ID]; c.Sits(st) {
			list = append(list, c)
		}
	}
	return list, nil
}

// DueWithin lists the filings that are due from an instant to another, in the order of their days.
func (s *Service) DueWithin(ctx context.Context, campaignID int64, from, to time.Time) (list []Concern, err error) {
	var rows []Filing
	tx := s.db.Reader()
	err = tx.NewSelect().Model(&rows).Where("campaign_id = ?", campaignID).Where("step <> ?", Paused).
		Where("due_at > ?", from).Where("due_at <= ?", to).Order("due_at", "obligation_id", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("filings due: %w", err)
	}
	by := map[int64]Concern{}
	if err := concern(ctx, tx, campaignID, rows, by); err != nil {
		return nil, err
	}
	for _, f := range rows {
		list = append(list, by[f.ID])
	}
	return list, nil
}

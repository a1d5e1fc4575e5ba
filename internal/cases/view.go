package cases

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
)

// FilterOf reads a filter from the query of an address. What it does not know it leaves out: an address is typed,
// sent about and kept, and may be older than the program.
func FilterOf(q url.Values) Filter {
	f := Filter{Step: Step(q.Get("step")), Category: q.Get("category"), Severity: Severity(q.Get("severity")), Source: Source(q.Get("source")),
		Late: q.Get("late") != "", Open: q.Get("open") != "", Mine: q.Get("mine") != "", Text: strings.TrimSpace(q.Get("q")), After: q.Get("after")}
	f.Unit, _ = strconv.ParseInt(q.Get("unit"), 10, 64)
	if !known(Steps, f.Step) {
		f.Step = ""
	}
	if !known(Severities, f.Severity) {
		f.Severity = ""
	}
	if !known(Sources, f.Source) {
		f.Source = ""
	}
	return f
}

// Query writes a filter as the query of an address, without the place in the list.
func (f Filter) Query() url.Values {
	v := url.Values{}
	for key, x := range map[string]string{"step": string(f.Step), "category": f.Category, "severity": string(f.Severity), "source": string(f.Source), "q": f.Text} {
		if x != "" {
			v.Set(key, x)
		}
	}
	for key, on := range map[string]bool{"late": f.Late, "open": f.Open, "mine": f.Mine} {
		if on {
			v.Set(key, "1")
		}
	}
	if f.Unit != 0 {
		v.Set("unit", strconv.FormatInt(f.Unit, 10))
	}
	return v
}

// View is a filter that somebody keeps for himself (视图). It is a bookmark, so the ledger knows nothing of it.
type View struct {
	bun.BaseModel `bun:"table:case_views,alias:vw"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	AccountID  int64
	Name       string
	Query      string
	CreatedAt  time.Time
}

// Filter reads what was kept, as it would be read from an address.
func (w View) Filter() Filter {
	q, _ := url.ParseQuery(w.Query) // what of it can be read
	return FilterOf(q)
}

const (
	mostViews = 30
	viewName  = 20 // characters
)

// Views lists what the viewer keeps, in the order in which it was kept.
func (s *Service) Views(ctx context.Context, v Viewer) (list []View, err error) {
	err = s.db.Reader().NewSelect().Model(&list).Where("campaign_id = ?", v.CampaignID).Where("account_id = ?", v.Actor.AccountID).Order("id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("views: %w", err)
	}
	return list, nil
}

// KeepView keeps a filter under a name; under a name that the account has already, it takes the place of the old one.
// It fails with invalid where the name is empty or long, or too much is kept.
func (s *Service) KeepView(ctx context.Context, campaignID int64, name string, f Filter) (w View, err error) {
	name = strings.Join(strings.Fields(name), " ")
	if name == "" {
		return w, kernel.E(kernel.Invalid, "请给视图起个名字").On("name")
	}
	if utf8.RuneCountInString(name) > viewName {
		return w, kernel.E(kernel.Invalid, "视图的名字最多 %d 个字", viewName).On("name")
	}
	err = s.db.Write(ctx, func(tx db.Tx) error {
		v, err := viewerOf(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		var have []string
		err = tx.NewSelect().TableExpr("case_views").Column("name").Where("campaign_id = ?", campaignID).Where("account_id = ?", v.Actor.AccountID).Scan(ctx, &have)
		if err != nil {
			return fmt.Errorf("keep view: %w", err)
		}
		if len(have) >= mostViews && !slices.Contains(have, name) {
			return kernel.E(kernel.Invalid, "视图最多存 %d 个，请先删去不用的", mostViews).On("name")
		}
		w = View{CampaignID: campaignID, AccountID: v.Actor.AccountID, Name: name, Query: f.Query().Encode(), CreatedAt: s.clock.Now()}
		_, err = tx.NewInsert().Model(&w).On("CONFLICT (campaign_id, account_id, name) DO UPDATE").Set("query = EXCLUDED.query").Returning("id").Exec(ctx)
		if err != nil {
			return fmt.Errorf("keep view: %w", err)
		}
		return nil
	})
	return w, err
}

// DropView deletes a view. It fails with not_found where it is not the actor's own.
func (s *Service) DropView(ctx context.Context, campaignID, id int64) error {
	return s.db.Write(ctx, func(tx db.Tx) error {
		v, err := viewerOf(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		res, err := tx.NewDelete().Model((*View)(nil)).Where("campaign_id = ?", campaignID).Where("id = ?", id).Where("account_id = ?", v.Actor.AccountID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("drop view %d: %w", id, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return kernel.E(kernel.NotFound, "没有这个视图").Because(err)
		}
		return nil
	})
}

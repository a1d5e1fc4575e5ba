package cases

import (
	"context"
	"fmt"
	"slices"

	"pinzhi/internal/db"
	"pinzhi/internal/plan"

	"github.com/uptrace/bun"
)

// Concern is a case with the units that it concerns: what decides for whom it exists and who is told of it. The words
// of the case are left out.
type Concern struct {
	Case

	Units []CaseUnit
}

// Concerns reads cases of a campaign by id. It knows no viewer: whoever shows them asks Sees.
func Concerns(ctx context.Context, tx db.Tx, campaignID int64, ids []int64) (map[int64]Concern, error) {
	found := map[int64]Concern{}
	if len(ids) == 0 {
		return found, nil
	}
	var list []Case
	err := tx.NewSelect().Model(&list).ExcludeColumn("words").Where("campaign_id = ?", campaignID).Where("id IN (?)", bun.List(ids)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("cases: %w", err)
	}
	var units []CaseUnit
	err = tx.NewSelect().Model(&units).Where("campaign_id = ?", campaignID).Where("case_id IN (?)", bun.List(ids)).Order("case_id", "role", "unit_id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("units of cases: %w", err)
	}
	for _, c := range list {
		found[c.ID] = Concern{Case: c}
	}
	for _, u := range units {
		x := found[u.CaseID]
		x.Units = append(x.Units, u)
		found[u.CaseID] = x
	}
	return found, nil
}

// NewConcern is a case as it is when it is registered, as far as what is told of it depends on it. Whoever sees it sees
// all cases, or found it.
func NewConcern(campaignID, id int64, severity Severity) Concern {
	row, _ := rowFor(Case{}, Register)
	return Concern{Case: Case{CampaignID: campaignID, ID: id, Severity: severity, Step: row.To, Hand: row.Clock}}
}

// OrdersByID reads orders of a campaign by id. It knows no viewer: whoever shows them asks SeesOrder.
func OrdersByID(ctx context.Context, tx db.Tx, campaignID int64, ids []int64) (map[int64]Order, error) {
	found := map[int64]Order{}
	if len(ids) == 0 {
		return found, nil
	}
	var list []Order
	if err := tx.NewSelect().Model(&list).Where("campaign_id = ?", campaignID).Where("id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("orders: %w", err)
	}
	for _, o := range list {
		found[o.ID] = o
	}
	return found, nil
}

// Sees reports whether a case exists for the viewer.
func (v Viewer) Sees(x Concern) bool { return v.sees(x.Case, x.Units) }

// SeesOrder reports whether an order exists for the viewer.
func (v Viewer) SeesOrder(o Order) bool { return v.SeesAll() || v.Standing.OfUnit(o.UnitID) }

// Verifies reports whether the viewer may verify a case.
func (v Viewer) Verifies(x Concern) bool { return v.verifies(x.Case, x.Units) }

// Found reports whether the viewer registered a case.
func (v Viewer) Found(x Concern) bool { return v.found(x.Case) }

// Heads reports whether the viewer heads a body of a kind.
func (v Viewer) Heads(kind string) bool { return len(v.headsOf(kind)) > 0 }

// HeadsGroup reports whether the viewer heads the work group that answers for a case.
func (v Viewer) HeadsGroup(x Concern) bool {
	return x.BodyID != 0 && slices.Contains(v.headsOf(plan.WorkGroup), x.BodyID)
}

// AtHand lists what waits at the viewer's desks, what is due first at the top, at most so many of each desk: as the
// desks show it, but for what the viewer may not verify.
func (s *Service) AtHand(ctx context.Context, v Viewer, most int) (list []Concern, err error) {
	for _, h := range v.Desks() {
		ids, err := s.firstAt(ctx, v, h, deskKey{}, most)
		if err != nil {
			return nil, err
		}
		found, err := Concerns(ctx, s.db.Reader(), v.CampaignID, ids)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if x, ok := found[id]; ok && v.Sees(x) && (h != Verifier || v.Verifies(x)) {
				list = append(list, x)
			}
		}
	}
	return list, nil
}

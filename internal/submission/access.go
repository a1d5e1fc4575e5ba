package submission

import (
	"context"
	"slices"

	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
	"pinzhi/internal/roster"
)

// Who may do what with forms. Everything not allowed here is denied.
//
//	see and fill in a form     whoever is appointed in the campaign; none of the three administrators
//	send and change a form     the campaign's office
//	read a copy                who filled it in; the office; the leading group

// Campaigns says who stands how in a campaign.
type Campaigns interface {
	SeeIn(ctx context.Context, tx db.Tx, campaignID int64) (campaign.View, error)
}

// Viewer is somebody in a campaign who has to do with its forms.
type Viewer struct{ campaign.View }

// ViewerFrom is the viewer of a campaign; it fails with forbidden for the three administrators.
func ViewerFrom(v campaign.View) (Viewer, error) {
	if !v.Actor.System && (v.Actor.Admin != kernel.NoAdmin || !v.Standing.Any()) {
		return Viewer{}, kernel.E(kernel.Forbidden, "表单由行动里任职的人填报，管理员账号不能看、不能填")
	}
	return Viewer{v}, nil
}

// Manages reports whether the viewer may send and change forms.
func (v Viewer) Manages() bool { return v.Actor.System || v.Standing.InOffice() }

// ReadsAll reports whether the viewer may read what others filled in.
func (v Viewer) ReadsAll() bool {
	return v.Manages() || slices.ContainsFunc(v.Standing.Seats, func(x roster.Seat) bool { return x.BodyKind == plan.LeadingGroup })
}

func (v Viewer) reads(c Copy) bool { return v.ReadsAll() || c.AccountID == v.Actor.AccountID }

// unit is the unit for which the viewer fills in; 0 for none.
func (v Viewer) unit() int64 {
	for _, seat := range v.Standing.Seats {
		if seat.UnitID != 0 {
			return seat.UnitID
		}
	}
	return 0
}

func (s *Service) viewer(ctx context.Context, tx db.Tx, campaignID int64) (Viewer, error) {
	v, err := s.campaigns.SeeIn(ctx, tx, campaignID)
	if err != nil {
		return Viewer{}, err
	}
	return ViewerFrom(v)
}

func (s *Service) manager(ctx context.Context, tx db.Tx, campaignID int64) (Viewer, error) {
	v, err := s.viewer(ctx, tx, campaignID)
	if err == nil && !v.Manages() {
		err = kernel.E(kernel.Forbidden, "表单由领导小组办公室上传、修改")
	}
	return v, err
}

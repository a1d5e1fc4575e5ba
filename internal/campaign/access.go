package campaign

import (
	"context"
	"slices"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/roster"

	"github.com/uptrace/bun"
)

// Who may do what in a campaign. Everything not allowed here is denied.
//
//	see the campaign          whoever is appointed in it; the three administrators (set-up, rights, log: no case content)
//	open a campaign           the system administrator; whoever sits at the server
//	revise the plan           the campaign's office; the system administrator
//	add, change, drop work    the office; people of a lead unit of the task
//	mark work as done         the office; the person and the people of the unit it is given to; people of a lead unit

// mayOpen allows opening new campaigns.
func mayOpen(ctx context.Context) error {
	a := kernel.ActorFrom(ctx)
	if a.System || a.Admin == kernel.SystemAdmin {
		return nil
	}
	if !a.Known() {
		return kernel.E(kernel.Unauthenticated, "请先登录")
	}
	return kernel.E(kernel.Forbidden, "启动行动由系统管理员办理。请把方案文件交给本单位的系统管理员")
}

// mayDraft allows working on drafts: of new campaigns, or of a revision of a running one.
func (s *Service) mayDraft(ctx context.Context, tx db.Tx, campaignID int64) error {
	if campaignID == 0 {
		return mayOpen(ctx)
	}
	a := kernel.ActorFrom(ctx)
	if a.System || a.Admin == kernel.SystemAdmin {
		return nil
	}
	st, err := roster.StandingOf(ctx, tx, campaignID, a)
	if err != nil {
		return err
	}
	if !st.Any() {
		return errNoCampaign
	}
	if !st.InOffice() {
		return kernel.E(kernel.Forbidden, "修订方案由领导小组办公室办理")
	}
	return nil
}

// View is a campaign with what the actor may do in it.
type View struct {
	Campaign

	Actor    kernel.Actor
	Standing roster.Standing
}

// MayRevise reports whether the actor may import a revised plan.
func (v View) MayRevise() bool {
	return v.Actor.System || v.Actor.Admin == kernel.SystemAdmin || v.Standing.InOffice()
}

// MayPlanWork reports whether the actor may add or change work items of a task with these lead units.
func (v View) MayPlanWork(leadUnits []int64) bool {
	if v.Actor.System || v.Standing.InOffice() {
		return true
	}
	return slices.ContainsFunc(leadUnits, v.Standing.OfUnit)
}

// MayFinish reports whether the actor may mark a work item as done.
func (v View) MayFinish(w WorkItem, leadUnits []int64) bool {
	return v.MayPlanWork(leadUnits) || v.Standing.OfUnit(w.UnitID) || (w.PersonID != 0 && w.PersonID == v.Actor.PersonID)
}

// See returns the campaign to who may see it; it fails with not_found for everybody else,
// so that nobody learns which campaigns there are.
func (s *Service) See(ctx context.Context, campaignID int64) (View, error) {
	return s.see(ctx, s.db.Reader(), campaignID)
}

// SeeIn is See within the caller's transaction.
func (s *Service) SeeIn(ctx context.Context, tx db.Tx, campaignID int64) (View, error) {
	return s.see(ctx, tx, campaignID)
}

var campaignByID = db.Select[Campaign]("WHERE c.id = ?")

func (s *Service) see(ctx context.Context, tx db.Tx, campaignID int64) (View, error) {
	v := View{Actor: kernel.ActorFrom(ctx)}
	if !v.Actor.Known() {
		return v, kernel.E(kernel.Unauthenticated, "请先登录")
	}
	stamp, err := StampOf(ctx, tx, campaignID)
	if err != nil {
		return v, err
	}
	if stamp == 0 {
		return v, errNoCampaign
	}
	if v.Campaign, err = underStamp(ctx, tx, campaignID, stamp); err != nil {
		return v, err
	}
	if v.Standing, err = StandingOf(ctx, tx, campaignID, stamp, v.Actor); err != nil {
		return v, err
	}
	if !v.Actor.System && v.Actor.Admin == kernel.NoAdmin && !v.Standing.Any() {
		return v, errNoCampaign
	}
	return v, nil
}

// IDs lists every campaign, for the program's own work.
func (s *Service) IDs(ctx context.Context) (ids []int64, err error) {
	err = s.db.Reader().NewSelect().Model((*Campaign)(nil)).Column("id").Order("id").Scan(ctx, &ids)
	return ids, err
}

// Visible lists the campaigns that the actor may see, the newest first.
func (s *Service) Visible(ctx context.Context) ([]Campaign, error) {
	a := kernel.ActorFrom(ctx)
	if !a.Known() {
		return nil, kernel.E(kernel.Unauthenticated, "请先登录")
	}
	var rows []Campaign
	q := s.db.Reader().NewSelect().Model(&rows).Order("id DESC").Limit(200)
	if !a.System && a.Admin == kernel.NoAdmin {
		ids, err := roster.CampaignsOf(ctx, s.db.Reader(), a.PersonID)
		if err != nil || len(ids) == 0 {
			return nil, err
		}
		q = q.Where("id IN (?)", bun.List(ids))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, err
	}
	return rows, nil
}

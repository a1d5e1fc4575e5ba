package cases

import (
	"context"
	"slices"
	"strings"

	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
	"pinzhi/internal/roster"
)

// Who may see and do what with cases. Everything not allowed here is denied.
//
//	see every case       the office, the inspection group, the heads of the leading group
//	see a case           whoever registered it; the units it concerns: lead, support, former, finder; the heads of the
//	                     work group that answers for it. For everybody else it does not exist
//	no case content      the three administrators (三员分立)
//	correct a case       the office until it has ended; whoever registered it until it is accepted
//	add to an open case  the office, the inspection group, whoever registered it, its lead and supporting units; no former one
//	take a step          as the table of transitions says

// Viewer is who looks at cases in a campaign.
type Viewer struct {
	CampaignID int64
	Actor      kernel.Actor
	Standing   roster.Standing

	stamp int64 // of the campaign; 0 for a viewer made elsewhere
}

// viewerOf reads what the actor is; it fails with forbidden for an administrator, not_found for who has no seat in
// the campaign.
func viewerOf(ctx context.Context, tx db.Tx, campaignID int64) (Viewer, error) {
	v := Viewer{CampaignID: campaignID, Actor: kernel.ActorFrom(ctx)}
	if err := v.sort(); err != nil {
		return v, err
	}
	var err error
	if v.stamp, err = campaign.StampOf(ctx, tx, campaignID); err != nil {
		return v, err
	}
	if v.Standing, err = campaign.StandingOf(ctx, tx, campaignID, v.stamp, v.Actor); err != nil {
		return v, err
	}
	return v, v.seated()
}

// ViewerFrom is what somebody who came into a campaign is at its cases. It fails as Service.Viewer does, and asks the
// database nothing.
func ViewerFrom(c campaign.View) (Viewer, error) {
	v := Viewer{CampaignID: c.ID, Actor: c.Actor, Standing: c.Standing}
	if err := v.sort(); err != nil {
		return v, err
	}
	return v, v.seated()
}

// sort turns away those who see no cases whatever their seat.
func (v Viewer) sort() error {
	if !v.Actor.Known() {
		return kernel.E(kernel.Unauthenticated, "请先登录")
	}
	if !v.Actor.System && v.Actor.Admin != kernel.NoAdmin {
		return kernel.E(kernel.Forbidden, "管理员不查看案件内容（三员分立）")
	}
	return nil
}

func (v Viewer) seated() error {
	if v.Actor.System || v.Standing.Any() {
		return nil
	}
	return kernel.E(kernel.NotFound, "没有这项行动")
}

// SeesAll reports whether the viewer may see every case of the campaign.
func (v Viewer) SeesAll() bool {
	return v.Actor.System || v.Standing.InOffice() || v.Standing.Inspects() || v.Standing.Leads()
}

// Units lists the units the viewer sits for.
func (v Viewer) Units() (ids []int64) {
	for _, s := range v.Standing.Seats {
		if s.UnitID != 0 && !slices.Contains(ids, s.UnitID) {
			ids = append(ids, s.UnitID)
		}
	}
	return ids
}

// headsOf lists the bodies that the viewer heads.
func (v Viewer) headsOf(kind string) (ids []int64) {
	for _, s := range v.Standing.Seats {
		if s.BodyKind == kind && !roster.IsMember(s.Role) {
			ids = append(ids, s.BodyID)
		}
	}
	return ids
}

// Coordinates reports whether the viewer decides what two units gave back: the heads of the office, and whoever
// sits in its coordinating section (综合协调组).
func (v Viewer) Coordinates() bool {
	if len(v.headsOf(plan.Office)) > 0 {
		return true
	}
	return slices.ContainsFunc(v.Standing.Seats, func(s roster.Seat) bool {
		return s.BodyKind == plan.Section && strings.Contains(s.BodyName, "综合协调")
	})
}

// found reports whether the viewer registered the case.
func (v Viewer) found(c Case) bool {
	return (v.Actor.AccountID != 0 && v.Actor.AccountID == c.FoundBy) || (v.Actor.PersonID != 0 && v.Actor.PersonID == c.FoundPerson)
}

// sees reports whether the case exists for the viewer.
func (v Viewer) sees(c Case, units []CaseUnit) bool {
	if v.SeesAll() || v.found(c) || (c.BodyID != 0 && slices.Contains(v.headsOf(plan.WorkGroup), c.BodyID)) {
		return true
	}
	return slices.ContainsFunc(units, func(u CaseUnit) bool { return v.Standing.OfUnit(u.UnitID) })
}

// has reports whether the viewer has a role at a case.
func (v Viewer) has(r Role, c Case, units []CaseUnit) bool {
	switch r {
	case AnyMember:
		return v.Standing.Any()
	case OfOffice:
		return v.Standing.InOffice()
	case Finder:
		return v.found(c)
	case FinderInspec:
		return v.found(c) && v.Standing.Inspects()
	case Inspector:
		return v.Standing.Inspects()
	case LeadUnit:
		return v.Standing.OfUnit(c.LeadUnitID)
	case OfVerifiers:
		return v.verifies(c, units)
	case Coordinates:
		return v.Coordinates()
	case Leads:
		return v.Standing.Leads()
	case TheProgram:
		return v.Actor.System
	}
	return false
}

// verifies: whoever rectified never verifies, nor anybody of the units that did.
func (v Viewer) verifies(c Case, units []CaseUnit) bool {
	if !v.Standing.InOffice() && !v.Standing.Inspects() {
		return false
	}
	if v.Actor.AccountID == c.RespondedBy || (v.Actor.PersonID != 0 && v.Actor.PersonID == c.RespondedPerson) {
		return false
	}
	return !slices.ContainsFunc(units, func(u CaseUnit) bool {
		return (u.Role == Lead || u.Role == Support) && v.Standing.OfUnit(u.UnitID)
	})
}

// may reports whether the viewer may take a row.
func (v Viewer) may(t Transition, c Case, units []CaseUnit) bool {
	return slices.ContainsFunc(t.Who, func(r Role) bool { return v.has(r, c, units) })
}

// Open lists the rows that the viewer may take with a case now.
func (v Viewer) Open(c Case, units []CaseUnit) (list []Transition) {
	for _, t := range Transitions {
		if t.From == c.Step && t.When.holds(c) && t.Verb != Escalate && v.may(t, c, units) {
			list = append(list, t)
		}
	}
	return list
}

// refusal says who may take a row, to somebody who may not.
func refusal(t Transition) error {
	names := make([]string, 0, len(t.Who))
	for _, r := range t.Who {
		names = append(names, r.Name())
	}
	return kernel.E(kernel.Forbidden, "“%s”由%s办理", t.Verb.Name(), strings.Join(names, "或"))
}

package roster

import (
	"context"
	"slices"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
)

// Standing is what a person is in one campaign: every right there follows from it.
type Standing struct {
	PersonID int64
	Seats    []Seat
}

// StandingOf reads what the actor is in a campaign; an actor without a person stands nowhere.
func StandingOf(ctx context.Context, tx db.Tx, campaignID int64, actor kernel.Actor) (Standing, error) {
	if actor.PersonID == 0 {
		return Standing{}, nil
	}
	var rows []Seat
	err := standing.Scan(ctx, tx, &rows, campaignID, actor.PersonID)
	return Standing{PersonID: actor.PersonID, Seats: rows}, err
}

var standing = db.Prepare(seatQuery("a.campaign_id = ? AND a.person_id = ? AND a.to_day = '' AND b.gone_on = ''"))

// Any reports whether the person holds any appointment at all.
func (s Standing) Any() bool { return len(s.Seats) > 0 }

// InOffice reports whether the person sits in the office or one of its sections.
func (s Standing) InOffice() bool {
	return slices.ContainsFunc(s.Seats, func(x Seat) bool { return x.BodyKind == plan.Office || x.BodyKind == plan.Section })
}

// Leads reports whether the person heads the leading group (组长 or 副组长, by whatever name the plan gives it).
func (s Standing) Leads() bool {
	return slices.ContainsFunc(s.Seats, func(x Seat) bool { return x.BodyKind == plan.LeadingGroup && !IsMember(x.Role) })
}

// Inspects reports whether the person sits in the inspection group.
func (s Standing) Inspects() bool {
	return slices.ContainsFunc(s.Seats, func(x Seat) bool { return x.BodyKind == plan.InspectionGroup })
}

// OfUnit reports whether the person sits for the unit.
func (s Standing) OfUnit(unitID int64) bool {
	return unitID != 0 && slices.ContainsFunc(s.Seats, func(x Seat) bool { return x.UnitID == unitID })
}

// IsMember reports whether a role is that of an ordinary member.
func IsMember(role string) bool {
	switch role {
	case "成员", "委员", "联络员", "组员", "":
		return true
	}
	return false
}

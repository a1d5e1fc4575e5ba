package notify

import (
	"context"
	"slices"
	"strings"

	"pinzhi/internal/access"
	"pinzhi/internal/cases"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
	"pinzhi/internal/report"
	"pinzhi/internal/roster"
)

// member is somebody of a campaign who can be told: an account that may be entered, of a person with a seat.
type member struct {
	cases.Viewer

	account access.Account
}

// members are those of a campaign, and which of them are of the office, to whom most is told.
type members struct{ all, office []member }

// membersOf reads who can be told in a campaign. Administrators see no case content, so none is among them.
func (s *Service) membersOf(ctx context.Context, campaignID int64) (m members, err error) {
	seats, err := roster.SeatsOf(ctx, s.db.Reader(), campaignID)
	if err != nil {
		return m, err
	}
	standing, people := map[int64][]roster.Seat{}, []int64{}
	for _, x := range seats {
		if standing[x.PersonID] == nil {
			people = append(people, x.PersonID)
		}
		standing[x.PersonID] = append(standing[x.PersonID], x)
	}
	for part := range slices.Chunk(people, 500) {
		accounts, err := s.accounts.OfPeople(ctx, part)
		if err != nil {
			return m, err
		}
		for _, a := range accounts {
			if a.Admin == kernel.NoAdmin {
				st := roster.Standing{PersonID: a.PersonID, Seats: standing[a.PersonID]}
				m.all = append(m.all, member{cases.Viewer{CampaignID: campaignID, Actor: a.Actor(), Standing: st}, a})
			}
		}
	}
	m.office = those(m.all, func(v member) bool { return v.Standing.InOffice() })
	return m, nil
}

// matter is what an event is about.
type matter struct {
	kind  string
	x     cases.Concern // of a case
	order cases.Order   // of an order
	hand  cases.Hand    // whose clock the event speaks of

	filing report.Concern // of a report
}

// sees reports whether the matter exists for somebody.
func (m matter) sees(v cases.Viewer) bool {
	switch m.kind {
	case cases.OrderKind:
		return m.order.ID != 0 && v.SeesOrder(m.order)
	case report.Kind:
		return m.filing.ID != 0 && m.filing.Sees(v.Standing)
	case report.SummaryKind:
		return report.ReadsAll(v.Standing)
	}
	return m.x.ID != 0 && v.Sees(m.x)
}

// reached lists who of the members is meant by an audience.
func (m matter) reached(to Audience, members members) []member {
	switch to {
	case Office:
		return members.office
	case UnitHead:
		return m.unitHeads(members.all)
	case GroupHead:
		return firstOf(members.all, func(v member) bool { return v.HeadsGroup(m.x) }, officeHead)
	}
	return those(members.all, func(v member) bool { return m.means(to, v) })
}

func (m matter) means(to Audience, v member) bool {
	switch to {
	case Office:
		return v.Standing.InOffice()
	case LeadUnit:
		return v.Standing.OfUnit(m.x.LeadUnitID)
	case SupportUnit:
		return m.concerns(cases.Support, v)
	case FormerUnit:
		return m.concerns(cases.Former, v)
	case Verifiers:
		return v.Verifies(m.x)
	case Coordinators:
		return v.Coordinates()
	case Leaders:
		return v.Standing.Leads()
	case Finder:
		return v.Found(m.x)
	case AtHand:
		return m.holds(v)
	case OrderUnit:
		return v.Standing.OfUnit(m.order.UnitID)
	case Reporters:
		return m.filing.Sits(v.Standing)
	case ReporterHead:
		return m.filing.Heads(v.Standing)
	case UnitHead, GroupHead:
	}
	return false
}

// concerns reports whether somebody sits for a unit that has a role at the case.
func (m matter) concerns(role string, v member) bool {
	return slices.ContainsFunc(m.x.Units, func(u cases.CaseUnit) bool { return u.Role == role && v.Standing.OfUnit(u.UnitID) })
}

// holds reports whether the clock that the event speaks of is somebody's.
func (m matter) holds(v member) bool {
	to := map[cases.Hand]Audience{cases.Office: Office, cases.Unit: LeadUnit, cases.Verifier: Verifiers, cases.Coordinator: Coordinators, cases.Leader: Leaders}
	a, ok := to[m.hand]
	return ok && m.means(a, v)
}

// unitHeads is the head of the unit that is late; where it is not a unit that is late, of the office. Which of a unit's
// people is its head (主要负责人) is read from his post; where none of them can be told, all its people are.
func (m matter) unitHeads(members []member) []member {
	if m.hand != cases.Unit {
		return those(members, officeHead)
	}
	ofUnit := func(v member) bool { return v.Standing.OfUnit(m.x.LeadUnitID) }
	return firstOf(members, func(v member) bool {
		return slices.ContainsFunc(v.Standing.Seats, func(x roster.Seat) bool { return x.UnitID == m.x.LeadUnitID && firstPost(x.Post) })
	}, ofUnit)
}

// firstPost reports whether a post is one of those that answer for a unit: 局长, not 副局长; 主任, not 科长.
func firstPost(post string) bool {
	if strings.Contains(post, "副") || strings.Contains(post, "科长") {
		return false
	}
	return slices.ContainsFunc([]string{"长", "主任", "书记", "经理"}, func(end string) bool { return strings.HasSuffix(post, end) })
}

func officeHead(v member) bool { return v.Heads(plan.Office) }

func those(members []member, meant func(member) bool) (list []member) {
	for _, v := range members {
		if meant(v) {
			list = append(list, v)
		}
	}
	return list
}

// firstOf lists whom the first of some meanings reaches that reaches anybody.
func firstOf(members []member, meanings ...func(member) bool) []member {
	for _, meant := range meanings {
		if list := those(members, meant); len(list) > 0 {
			return list
		}
	}
	return nil
}

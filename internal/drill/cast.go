package drill

import (
	"context"
	"fmt"
	"slices"

	"pinzhi/internal/access"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
	"pinzhi/internal/roster"
)

// somebody is a person of the plan who acts.
type somebody struct {
	kernel.Actor

	ctx context.Context //nolint:containedctx // acts with it for the whole life
}

// unit is a unit with its liaison and its habits.
type unit struct {
	id     int64
	name   string
	person somebody

	pace     float64 // of the time that it has: below 1 it is in time
	returns  float64 // in a hundred
	botches  float64 // what comes back from the verifier, in a hundred
	extends  float64
	forgets  float64 // never answers of its own accord
	selfSees float64 // how much it finds itself
}

// cast is everybody who acts.
type cast struct {
	office      []somebody
	coordinator somebody
	inspectors  []somebody
	leader      somebody
	units       []*unit
	byName      map[string]*unit
}

// castOf gives accounts to whom the plan names in the office, the inspection group and the leading group, and to one
// person of every unit.
func (c *city) castOf() (*cast, error) {
	seats, err := roster.SeatsOf(c.ctx, c.held.Reader(), c.result.Campaign.ID)
	if err != nil {
		return nil, err
	}
	k := &cast{byName: map[string]*unit{}}
	known := map[int64]somebody{}
	for _, s := range seats {
		p, have := known[s.PersonID]
		if !have {
			if p, err = c.account(s, len(known)); err != nil {
				return nil, err
			}
			known[s.PersonID] = p
		}
		k.seat(s, p)
	}
	for _, s := range seats {
		if s.UnitID != 0 && k.byName[s.UnitName] == nil {
			u := &unit{id: s.UnitID, name: s.UnitName, person: known[s.PersonID]}
			u.pace, u.returns, u.botches = 0.35+0.75*c.r.Float64(), 1+7*c.r.Float64(), 3+18*c.r.Float64()
			u.extends, u.forgets, u.selfSees = 1+5*c.r.Float64(), 1.5*c.r.Float64(), c.r.Float64()
			k.units, k.byName[u.name] = append(k.units, u), u
		}
	}
	return k, nil
}

func (c *city) account(s roster.Seat, nth int) (somebody, error) {
	a, err := c.accounts.Create(c.ctx, access.NewAccount{Login: fmt.Sprintf("p%03d", nth+1), Name: s.PersonName, PersonID: s.PersonID})
	if err != nil {
		return somebody{}, err
	}
	return somebody{a.Actor(), kernel.WithActor(c.ctx, a.Actor())}, nil
}

func (k *cast) seat(s roster.Seat, p somebody) {
	has := func(list []somebody) bool {
		return slices.ContainsFunc(list, func(x somebody) bool { return x.PersonID == p.PersonID })
	}
	switch s.BodyKind {
	case plan.Office, plan.Section:
		if !roster.IsMember(s.Role) && k.coordinator.ctx == nil {
			k.coordinator = p
		} else if !has(k.office) {
			k.office = append(k.office, p)
		}
	case plan.InspectionGroup:
		if !has(k.inspectors) {
			k.inspectors = append(k.inspectors, p)
		}
	case plan.LeadingGroup:
		if !roster.IsMember(s.Role) && k.leader.ctx == nil {
			k.leader = p
		}
	}
}

package roster

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"pinzhi/internal/db"
	"pinzhi/internal/ledger"
	"pinzhi/internal/plan"
)

// Revision is what a revised plan sets up over running bodies.
type Revision struct {
	Establishment

	Continues []int // of each of Bodies: the place in the running plan of the body it continues, or -1
	Gone      []int // places in the running plan of bodies that are no more
}

// Revise makes the running bodies follow a revised plan, within the caller's transaction:
// appointments that end get their last day, new ones begin today, changed posts are told in the person's timeline.
// Nobody and nothing is deleted.
func Revise(ctx context.Context, tx db.Tx, r Revision) (*Established, error) {
	rv := reviser{ctx: ctx, tx: tx, r: r, out: &Established{}}
	if err := establishUnits(ctx, tx, r.Establishment, rv.out); err != nil {
		return nil, err
	}
	steps := []func() error{rv.load, rv.endBodies, rv.bodies, rv.people, rv.seats, rv.duties}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return rv.out, ledger.Append(ctx, tx, ledger.At(r.At, rv.events...)...)
}

type reviser struct {
	ctx context.Context //nolint:containedctx // a reviser lives within one call
	tx  db.Tx
	r   Revision
	out *Established

	running map[int]BodyRow  // by place in the running plan
	parts   map[int64][]Body // sections by body
	sitting map[int64][]Seat // by body
	owed    map[int64][]Duty // by body
	heads   []int64          // id of each of r.Bodies
	known   map[string]int64 // person by key
	events  []ledger.Event
}

func (v *reviser) tell(kind string, id int64, verb string, data map[string]any) {
	v.events = append(v.events, ledger.Event{CampaignID: v.r.CampaignID, SubjectKind: kind, SubjectID: id, Verb: verb, Data: data})
}

// load reads what runs now. Bodies stand at position (place+1)*100, their sections right behind.
func (v *reviser) load() error {
	rows, err := Bodies(v.ctx, v.tx, v.r.CampaignID)
	if err != nil {
		return err
	}
	v.running, v.parts = map[int]BodyRow{}, map[int64][]Body{}
	for _, b := range rows {
		if b.ParentID != 0 {
			v.parts[b.ParentID] = append(v.parts[b.ParentID], b.Body)
		} else {
			v.running[b.Position/100-1] = b
		}
	}
	sitting, err := SeatsOf(v.ctx, v.tx, v.r.CampaignID)
	if err != nil {
		return err
	}
	v.sitting = map[int64][]Seat{}
	for _, s := range sitting {
		v.sitting[s.BodyID] = append(v.sitting[s.BodyID], s)
	}
	owed, err := DutiesOf(v.ctx, v.tx, v.r.CampaignID)
	if err != nil {
		return err
	}
	v.owed = map[int64][]Duty{}
	for _, d := range owed {
		v.owed[d.BodyID] = append(v.owed[d.BodyID], d)
	}
	return nil
}

func (v *reviser) exec(what string, query string, args ...any) error {
	if _, err := v.tx.NewRaw(query, args...).Exec(v.ctx); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (v *reviser) endBody(b Body) error {
	for _, s := range v.sitting[b.ID] {
		if err := v.endSeat(s); err != nil {
			return err
		}
	}
	v.tell("body", b.ID, "gone", map[string]any{"name": b.Name})
	return v.exec("body", `UPDATE bodies SET gone_on = ? WHERE campaign_id = ? AND id = ?`, v.r.Day, v.r.CampaignID, b.ID)
}

func (v *reviser) endBodies() error {
	for _, place := range v.r.Gone {
		b, ok := v.running[place]
		if !ok {
			continue
		}
		for _, part := range v.parts[b.ID] {
			if err := v.endBody(part); err != nil {
				return err
			}
		}
		if err := v.endBody(b.Body); err != nil {
			return err
		}
	}
	return nil
}

func (v *reviser) endSeat(s Seat) error {
	v.tell("person", s.PersonID, "released", map[string]any{"body": s.BodyName, "role": s.Role, "post": s.Post})
	return v.exec("appointment", `UPDATE appointments SET to_day = ? WHERE campaign_id = ? AND id = ?`, v.r.Day, v.r.CampaignID, s.ID)
}

// bodies moves the bodies that continue to their new place and sets up the new ones.
func (v *reviser) bodies() error {
	v.heads = make([]int64, len(v.r.Bodies))
	for i, nb := range v.r.Bodies {
		row := Body{CampaignID: v.r.CampaignID, ActionID: nb.ActionID, Position: (i + 1) * 100, Kind: nb.Kind, Name: nb.Name,
			LineFrom: nb.Lines[0], LineTo: nb.Lines[1]}
		if was, ok := v.running[v.r.Continues[i]]; ok && v.r.Continues[i] >= 0 {
			row.ID = was.ID
			if err := v.update(&row, row.ID, "gone_on"); err != nil {
				return err
			}
		} else if err := v.newBody(&row); err != nil {
			return err
		}
		v.heads[i] = row.ID
		v.out.Bodies = append(v.out.Bodies, row)
		if err := v.sections(row, nb.Sections); err != nil {
			return err
		}
	}
	return nil
}

// update rewrites a row; keeps are the columns that stay as they are.
func (v *reviser) update(model any, id int64, keeps string) error {
	_, err := v.tx.NewUpdate().Model(model).ExcludeColumn("id", "campaign_id", keeps).
		Where("campaign_id = ?", v.r.CampaignID).Where("id = ?", id).Exec(v.ctx)
	if err != nil {
		return fmt.Errorf("%T %d: %w", model, id, err)
	}
	return nil
}

func (v *reviser) newBody(row *Body) error {
	rows := []Body{*row}
	if err := db.InsertAll(v.ctx, v.tx, rows); err != nil {
		return err
	}
	*row = rows[0]
	v.tell("body", row.ID, "established", map[string]any{"name": row.Name, "kind": row.Kind, "lines": row.Lines()})
	return nil
}

func (v *reviser) sections(head Body, names []string) error {
	for _, part := range v.parts[head.ID] {
		if !slices.Contains(names, part.Name) {
			if err := v.endBody(part); err != nil {
				return err
			}
		}
	}
	for j, name := range names {
		row := Body{CampaignID: v.r.CampaignID, ParentID: head.ID, Position: head.Position + j + 1, Kind: plan.Section, Name: name,
			LineFrom: head.LineFrom, LineTo: head.LineTo}
		at := slices.IndexFunc(v.parts[head.ID], func(b Body) bool { return b.Name == name })
		var err error
		if at >= 0 {
			row.ID = v.parts[head.ID][at].ID
			err = v.update(&row, row.ID, "gone_on")
		} else {
			err = v.newBody(&row)
		}
		if err != nil {
			return err
		}
		v.out.Bodies = append(v.out.Bodies, row)
	}
	return nil
}

// people: whoever keeps a seat in the same body under the same name is the same person, whatever the post;
// the others are found or made as at the opening.
func (v *reviser) people() error {
	v.known = map[string]int64{}
	for i, nb := range v.r.Bodies {
		for j, a := range nb.Appointments {
			if s := v.seatNamed(v.heads[i], a.Name, a.Unit); s != nil && v.known[nb.Who[j]] == 0 {
				v.known[nb.Who[j]] = s.PersonID
			}
		}
	}
	ids, err := establishPeople(v.ctx, v.tx, v.strangers(), v.out)
	if err != nil {
		return err
	}
	maps.Copy(v.known, ids)
	return nil
}

// strangers is the establishment with only those appointments whose person is not known yet.
func (v *reviser) strangers() Establishment {
	e := v.r.Establishment
	e.Bodies = nil
	for _, nb := range v.r.Bodies {
		left := NewBody{}
		for j, a := range nb.Appointments {
			if v.known[nb.Who[j]] == 0 {
				left.Appointments = append(left.Appointments, a)
				left.Who = append(left.Who, nb.Who[j])
			}
		}
		e.Bodies = append(e.Bodies, left)
	}
	return e
}

// seatNamed finds who sits in a body under a name, the one of the same unit first.
func (v *reviser) seatNamed(bodyID int64, name, unit string) *Seat {
	var found *Seat
	for i := range v.sitting[bodyID] {
		s := &v.sitting[bodyID][i]
		if s.PersonName != name {
			continue
		}
		if s.UnitName == unit {
			return s
		}
		if found == nil {
			found = s
		}
	}
	return found
}

func (v *reviser) seats() error {
	var fresh []Appointment
	for i, nb := range v.r.Bodies {
		kept := map[int64]bool{}
		for _, row := range seatRows(v.r.Establishment, nb, v.heads[i], v.known, v.out.UnitIDs) {
			at := slices.IndexFunc(v.sitting[v.heads[i]], func(s Seat) bool { return s.PersonID == row.PersonID && !kept[s.ID] })
			if at < 0 {
				fresh = append(fresh, row)
				continue
			}
			was := v.sitting[v.heads[i]][at]
			kept[was.ID] = true
			if err := v.keepSeat(was, row); err != nil {
				return err
			}
		}
		for _, s := range v.sitting[v.heads[i]] {
			if !kept[s.ID] {
				if err := v.endSeat(s); err != nil {
					return err
				}
			}
		}
	}
	if err := db.InsertAll(v.ctx, v.tx, fresh); err != nil {
		return err
	}
	names := map[int64]string{}
	for _, b := range v.out.Bodies {
		names[b.ID] = b.Name
	}
	for _, a := range fresh {
		v.tell("person", a.PersonID, "appointed",
			map[string]any{"body": names[a.BodyID], "role": a.Role, "post": a.Post, "lines": a.Lines()})
	}
	v.out.Seats = append(v.out.Seats, fresh...)
	return nil
}

func (v *reviser) keepSeat(was Seat, row Appointment) error {
	row.ID, row.FromDay = was.ID, was.FromDay
	if was.Role != row.Role || was.Post != row.Post {
		v.tell("person", row.PersonID, "reposted", map[string]any{"body": was.BodyName, "role_before": was.Role, "role": row.Role,
			"post_before": was.Post, "post": row.Post, "lines": row.Lines()})
	}
	v.out.Seats = append(v.out.Seats, row)
	return v.update(&row, row.ID, "from_day")
}

func (v *reviser) duties() error {
	var fresh []Duty
	for i, nb := range v.r.Bodies {
		kept := map[int64]bool{}
		for _, row := range dutyRows(v.r.CampaignID, v.heads[i], nb.Duties) {
			was := v.dutyLike(v.heads[i], row, kept)
			if was == nil {
				fresh = append(fresh, row)
				continue
			}
			kept[was.ID] = true
			row.ID = was.ID
			if was.Text != row.Text {
				v.tell("duty", row.ID, "changed", map[string]any{"body": nb.Name, "number": row.Number, "lines": row.Lines()})
			}
			if err := v.update(&row, row.ID, "gone_on"); err != nil {
				return err
			}
			v.out.Duties = append(v.out.Duties, row)
		}
		for _, d := range v.owed[v.heads[i]] {
			if kept[d.ID] {
				continue
			}
			v.tell("duty", d.ID, "gone", map[string]any{"body": nb.Name, "number": d.Number})
			if err := v.exec("duty", `UPDATE duties SET gone_on = ? WHERE campaign_id = ? AND id = ?`, v.r.Day, v.r.CampaignID, d.ID); err != nil {
				return err
			}
		}
	}
	if err := db.InsertAll(v.ctx, v.tx, fresh); err != nil {
		return err
	}
	for _, d := range fresh {
		v.tell("duty", d.ID, "established", map[string]any{"number": d.Number, "lines": d.Lines()})
	}
	v.out.Duties = append(v.out.Duties, fresh...)
	return nil
}

// dutyLike finds the running duty that a row continues: the same text, or else the same number.
func (v *reviser) dutyLike(bodyID int64, row Duty, kept map[int64]bool) *Duty {
	for _, same := range []func(Duty) bool{
		func(d Duty) bool { return d.Text == row.Text },
		func(d Duty) bool { return d.Number == row.Number },
	} {
		for i, d := range v.owed[bodyID] {
			if !kept[d.ID] && same(d) {
				return &v.owed[bodyID][i]
			}
		}
	}
	return nil
}

// CampaignsOf lists the campaigns in which a person is appointed now.
func CampaignsOf(ctx context.Context, tx db.Tx, personID int64) ([]int64, error) {
	var ids []int64
	err := tx.NewRaw(`SELECT DISTINCT campaign_id FROM appointments WHERE person_id = ? AND to_day = '' ORDER BY campaign_id`, personID).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("campaigns of person %d: %w", personID, err)
	}
	return ids, nil
}

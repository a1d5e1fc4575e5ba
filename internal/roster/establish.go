package roster

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/plan"

	"github.com/uptrace/bun"
)

// Establishment is what a plan sets up, ready to be written: bodies in the plan's order, units by name.
type Establishment struct {
	CampaignID int64
	Place      string      // whose units and people these are
	At         time.Time   // the instant of the transaction
	Day        kernel.Date // from when the appointments hold
	Bodies     []NewBody
	Units      []string // units that tasks name, beside those of the appointments
}

// NewBody is a body to be set up, with those who sit in it.
type NewBody struct {
	plan.Body

	ActionID int64
	Who      []string // of each appointment: equal keys are one person
}

// Established is what was written. Seats run body by body, parallel to the plan's appointments.
type Established struct {
	UnitIDs map[string]int64
	Bodies  []Body // sections follow the body they belong to
	Seats   []Appointment
	Duties  []Duty
	People  []Person
	Units   []Unit // all that the plan names
}

// Establish writes bodies, people, appointments and duties within the caller's transaction,
// each with an event of its own, so that every object's timeline begins with the passage it came from.
func Establish(ctx context.Context, tx db.Tx, e Establishment) (*Established, error) {
	out := &Established{}
	if err := establishUnits(ctx, tx, e, out); err != nil {
		return nil, err
	}
	heads, err := establishBodies(ctx, tx, e, out)
	if err != nil {
		return nil, err
	}
	people, err := establishPeople(ctx, tx, e, out)
	if err != nil {
		return nil, err
	}
	for i, nb := range e.Bodies {
		out.Seats = append(out.Seats, seatRows(e, nb, heads[i], people, out.UnitIDs)...)
		out.Duties = append(out.Duties, dutyRows(e.CampaignID, heads[i], nb.Duties)...)
	}
	if err := db.InsertAll(ctx, tx, out.Seats); err != nil {
		return nil, err
	}
	if err := db.InsertAll(ctx, tx, out.Duties); err != nil {
		return nil, err
	}
	return out, ledger.Append(ctx, tx, ledger.At(e.At, establishedEvents(e, out)...)...)
}

func establishUnits(ctx context.Context, tx db.Tx, e Establishment, out *Established) error {
	var names []string
	seen := map[string]bool{"": true}
	add := func(n string) {
		if !seen[n] {
			seen[n] = true
			names = append(names, n)
		}
	}
	for _, b := range e.Bodies {
		for _, a := range b.Appointments {
			add(a.Unit)
		}
	}
	for _, n := range e.Units {
		add(n)
	}
	ids, _, err := unitIDs(ctx, tx, e.Place, names)
	if err != nil {
		return err
	}
	out.UnitIDs = ids
	for _, n := range names {
		out.Units = append(out.Units, Unit{ID: ids[n], Place: e.Place, Name: n})
	}
	return nil
}

// establishBodies writes the bodies, then their sections; it returns the id of each of e.Bodies.
func establishBodies(ctx context.Context, tx db.Tx, e Establishment, out *Established) ([]int64, error) {
	var heads []Body
	for i, nb := range e.Bodies {
		heads = append(heads, Body{
			CampaignID: e.CampaignID, ActionID: nb.ActionID, Position: (i + 1) * 100, Kind: nb.Kind, Name: nb.Name,
			LineFrom: nb.Lines[0], LineTo: nb.Lines[1],
		})
	}
	if err := db.InsertAll(ctx, tx, heads); err != nil {
		return nil, err
	}
	var sections []Body
	ids := make([]int64, len(heads))
	for i, nb := range e.Bodies {
		ids[i] = heads[i].ID
		for j, name := range nb.Sections {
			sections = append(sections, Body{
				CampaignID: e.CampaignID, ParentID: heads[i].ID, Position: (i+1)*100 + j + 1, Kind: plan.Section, Name: name,
				LineFrom: nb.Lines[0], LineTo: nb.Lines[1],
			})
		}
	}
	if err := db.InsertAll(ctx, tx, sections); err != nil {
		return nil, err
	}
	out.Bodies = slices.Concat(heads, sections)
	slices.SortStableFunc(out.Bodies, func(a, b Body) int { return a.Position - b.Position })
	return ids, nil
}

// establishPeople finds or makes a person for every key; one already known under that name in that unit is the same.
func establishPeople(ctx context.Context, tx db.Tx, e Establishment, out *Established) (map[string]int64, error) {
	type wanted struct {
		key    string
		person Person
	}
	var want []wanted
	seen := map[string]int{}
	var names []string
	for _, b := range e.Bodies {
		for i, a := range b.Appointments {
			at, ok := seen[b.Who[i]]
			if !ok {
				seen[b.Who[i]] = len(want)
				want = append(want, wanted{b.Who[i], Person{Place: e.Place, Name: a.Name, UnitID: out.UnitIDs[a.Unit]}})
				names = append(names, a.Name)
			} else if want[at].person.UnitID == 0 {
				want[at].person.UnitID = out.UnitIDs[a.Unit]
			}
		}
	}
	known, err := peopleKnown(ctx, tx, e.Place, names)
	if err != nil {
		return nil, err
	}
	ids := map[string]int64{}
	var made []Person
	var keys []string
	for _, w := range want {
		if id, ok := known[personKey{w.person.Name, w.person.UnitID}]; ok {
			ids[w.key] = id
			w.person.ID = id
			out.People = append(out.People, w.person)
			continue
		}
		made, keys = append(made, w.person), append(keys, w.key)
	}
	if err := db.InsertAll(ctx, tx, made); err != nil {
		return nil, err
	}
	for i, p := range made {
		ids[keys[i]] = p.ID
	}
	out.People = append(out.People, made...)
	return ids, nil
}

type personKey struct {
	name   string
	unitID int64
}

func peopleKnown(ctx context.Context, tx db.Tx, place string, names []string) (map[personKey]int64, error) {
	known := map[personKey]int64{}
	if len(names) == 0 {
		return known, nil
	}
	var rows []Person
	err := tx.NewSelect().Model(&rows).Where("place = ?", place).Where("name IN (?)", bun.List(names)).Order("id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	for _, p := range rows {
		k := personKey{p.Name, p.UnitID}
		if _, ok := known[k]; !ok {
			known[k] = p.ID
		}
	}
	return known, nil
}

func seatRows(e Establishment, nb NewBody, bodyID int64, people map[string]int64, units map[string]int64) []Appointment {
	rows := make([]Appointment, 0, len(nb.Appointments))
	for i, a := range nb.Appointments {
		rows = append(rows, Appointment{
			CampaignID: e.CampaignID, BodyID: bodyID, PersonID: people[nb.Who[i]], UnitID: units[a.Unit], Position: i + 1,
			Role: a.Role, Post: a.Post, LineFrom: a.Lines[0], LineTo: a.Lines[1], FromDay: e.Day,
		})
	}
	return rows
}

func dutyRows(campaignID, bodyID int64, duties []plan.Duty) []Duty {
	rows := make([]Duty, 0, len(duties))
	for i, d := range duties {
		rows = append(rows, Duty{
			CampaignID: campaignID, BodyID: bodyID, Number: d.Number, Position: i + 1, Text: d.Text,
			LineFrom: d.Lines[0], LineTo: d.Lines[1],
		})
	}
	return rows
}

// establishedEvents tells of each body, person and unit how it came into the campaign.
func establishedEvents(e Establishment, out *Established) []ledger.Event {
	var events []ledger.Event
	bodyName := map[int64]string{}
	for _, b := range out.Bodies {
		bodyName[b.ID] = b.Name
		events = append(events, ledger.Event{
			CampaignID: e.CampaignID, SubjectKind: "body", SubjectID: b.ID, Verb: "established",
			Data: map[string]any{"name": b.Name, "kind": b.Kind, "lines": b.Lines()},
		})
	}
	for _, a := range out.Seats {
		events = append(events, ledger.Event{
			CampaignID: e.CampaignID, SubjectKind: "person", SubjectID: a.PersonID, Verb: "appointed",
			Data: map[string]any{"body": bodyName[a.BodyID], "role": a.Role, "post": a.Post, "lines": a.Lines()},
		})
	}
	for _, u := range out.Units {
		events = append(events, ledger.Event{
			CampaignID: e.CampaignID, SubjectKind: "unit", SubjectID: u.ID, Verb: "named",
			Data: map[string]any{"name": u.Name},
		})
	}
	for _, d := range out.Duties {
		events = append(events, ledger.Event{
			CampaignID: e.CampaignID, SubjectKind: "duty", SubjectID: d.ID, Verb: "established",
			Data: map[string]any{"body": bodyName[d.BodyID], "number": d.Number, "lines": d.Lines()},
		})
	}
	return events
}

package roster

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
)

// unitIDs returns the id of every name in a place, making the units it lacks.
func unitIDs(ctx context.Context, tx db.Tx, place string, names []string) (map[string]int64, []Unit, error) {
	ids := map[string]int64{}
	if len(names) == 0 {
		return ids, nil, nil
	}
	var have []Unit
	err := tx.NewSelect().Model(&have).Where("place = ?", place).Where("name IN (?)", bun.List(names)).Scan(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("units: %w", err)
	}
	for _, u := range have {
		ids[u.Name] = u.ID
	}
	var made []Unit
	for _, n := range names {
		if _, ok := ids[n]; !ok && n != "" {
			ids[n] = 0
			made = append(made, Unit{Place: place, Name: n})
		}
	}
	if err := db.InsertAll(ctx, tx, made); err != nil {
		return nil, nil, err
	}
	for _, u := range made {
		ids[u.Name] = u.ID
	}
	return ids, made, nil
}

// BodyRow is a Body with what a list shows of it.
type BodyRow struct {
	Body `bun:",extend"`

	ActionPath string
	Members    int
	Duties     int
}

// Bodies lists the bodies of a campaign in the plan's order.
func Bodies(ctx context.Context, tx db.Tx, campaignID int64) ([]BodyRow, error) {
	var rows []BodyRow
	err := tx.NewRaw(`
		SELECT b.id, b.campaign_id, b.parent_id, b.action_id, b.position, b.kind, b.name, b.line_from, b.line_to, b.gone_on,
		       (SELECT count(*) FROM appointments a WHERE a.campaign_id = b.campaign_id AND a.body_id = b.id AND a.to_day = '') AS members,
		       (SELECT count(*) FROM duties d WHERE d.campaign_id = b.campaign_id AND d.body_id = b.id AND d.gone_on = '') AS duties
		FROM bodies b WHERE b.campaign_id = ? AND b.gone_on = '' ORDER BY b.position, b.id`, campaignID).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("bodies: %w", err)
	}
	return rows, nil
}

// BodyByID returns one body; it fails with not_found.
func BodyByID(ctx context.Context, tx db.Tx, campaignID, id int64) (Body, error) {
	var rows []Body
	err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", campaignID).Where("id = ?", id).Scan(ctx)
	if err != nil {
		return Body{}, fmt.Errorf("body: %w", err)
	}
	if len(rows) == 0 {
		return Body{}, kernel.E(kernel.NotFound, "这项行动里没有编号为 %d 的机构", id)
	}
	return rows[0], nil
}

// Seat is an appointment with the names it stands for.
type Seat struct {
	Appointment `bun:",extend"`

	PersonName string
	UnitName   string
	BodyName   string
	BodyKind   string
}

const seatColumns = `a.id, a.campaign_id, a.body_id, a.person_id, a.unit_id, a.position, a.role, a.post, a.line_from, a.line_to, a.from_day, a.to_day,
	p.name AS person_name, COALESCE(u.name, '') AS unit_name, b.name AS body_name, b.kind AS body_kind`

const seatTables = ` FROM appointments a
	JOIN people p ON p.id = a.person_id
	JOIN bodies b ON b.campaign_id = a.campaign_id AND b.id = a.body_id
	LEFT JOIN units u ON u.id = a.unit_id `

func seatQuery(where string) string {
	return "SELECT " + seatColumns + seatTables + "WHERE " + where + " ORDER BY b.position, a.position, a.id"
}

func seats(ctx context.Context, tx db.Tx, where string, args ...any) ([]Seat, error) {
	var rows []Seat
	if err := tx.NewRaw(seatQuery(where), args...).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("appointments: %w", err)
	}
	return rows, nil
}

// SeatsOf lists who is appointed in a campaign now, body by body in the plan's order.
func SeatsOf(ctx context.Context, tx db.Tx, campaignID int64) ([]Seat, error) {
	return seats(ctx, tx, "a.campaign_id = ? AND a.to_day = ''", campaignID)
}

// SeatsInBody lists who sits in a body now.
func SeatsInBody(ctx context.Context, tx db.Tx, campaignID, bodyID int64) ([]Seat, error) {
	return seats(ctx, tx, "a.campaign_id = ? AND a.body_id = ? AND a.to_day = ''", campaignID, bodyID)
}

// SeatsOfPerson lists every appointment a person holds or held in a campaign.
func SeatsOfPerson(ctx context.Context, tx db.Tx, campaignID, personID int64) ([]Seat, error) {
	return seats(ctx, tx, "a.campaign_id = ? AND a.person_id = ?", campaignID, personID)
}

// SeatsOfUnit lists whom a unit has sent into the bodies of a campaign.
func SeatsOfUnit(ctx context.Context, tx db.Tx, campaignID, unitID int64) ([]Seat, error) {
	return seats(ctx, tx, "a.campaign_id = ? AND a.unit_id = ? AND a.to_day = ''", campaignID, unitID)
}

// DutiesOf lists the duties of a campaign, body by body.
func DutiesOf(ctx context.Context, tx db.Tx, campaignID int64) ([]Duty, error) {
	return duties(ctx, tx, campaignID, 0)
}

// DutiesInBody lists the duties of one body.
func DutiesInBody(ctx context.Context, tx db.Tx, campaignID, bodyID int64) ([]Duty, error) {
	return duties(ctx, tx, campaignID, bodyID)
}

func duties(ctx context.Context, tx db.Tx, campaignID, bodyID int64) ([]Duty, error) {
	var rows []Duty
	q := tx.NewSelect().Model(&rows).Where("campaign_id = ?", campaignID).Where("gone_on = ''")
	if bodyID != 0 {
		q = q.Where("body_id = ?", bodyID)
	}
	if err := q.Order("body_id", "position", "id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("duties: %w", err)
	}
	return rows, nil
}

// PersonByID returns one person; it fails with not_found for one whom the campaign does not name.
func PersonByID(ctx context.Context, tx db.Tx, campaignID, id int64) (Person, error) {
	var rows []Person
	err := tx.NewSelect().Model(&rows).Where("p.id = ?", id).
		Where("EXISTS (SELECT 1 FROM appointments a WHERE a.campaign_id = ? AND a.person_id = p.id)", campaignID).Scan(ctx)
	if err != nil {
		return Person{}, fmt.Errorf("person: %w", err)
	}
	if len(rows) == 0 {
		return Person{}, kernel.E(kernel.NotFound, "这项行动的名单里没有编号为 %d 的人", id)
	}
	return rows[0], nil
}

// PeopleNamed finds the people of a campaign who bear a name.
func PeopleNamed(ctx context.Context, tx db.Tx, campaignID int64, name string) ([]Person, error) {
	var rows []Person
	err := tx.NewSelect().Model(&rows).Where("p.name = ?", name).
		Where("EXISTS (SELECT 1 FROM appointments a WHERE a.campaign_id = ? AND a.person_id = p.id)", campaignID).
		Order("p.id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	return rows, nil
}

// UnitByID returns one unit; it fails with not_found.
func UnitByID(ctx context.Context, tx db.Tx, id int64) (Unit, error) {
	var rows []Unit
	if err := tx.NewSelect().Model(&rows).Where("id = ?", id).Scan(ctx); err != nil {
		return Unit{}, fmt.Errorf("unit: %w", err)
	}
	if len(rows) == 0 {
		return Unit{}, kernel.E(kernel.NotFound, "没有编号为 %d 的单位", id)
	}
	return rows[0], nil
}

// UnitsByID returns units in the order of their ids.
func UnitsByID(ctx context.Context, tx db.Tx, ids []int64) ([]Unit, error) {
	var rows []Unit
	if len(ids) == 0 {
		return rows, nil
	}
	if err := tx.NewSelect().Model(&rows).Where("id IN (?)", bun.List(ids)).Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("units: %w", err)
	}
	return rows, nil
}

// UnitNamed finds a unit that sends somebody into a body of the campaign; the zero Unit where there is none.
func UnitNamed(ctx context.Context, tx db.Tx, campaignID int64, name string) (Unit, error) {
	var rows []Unit
	err := tx.NewSelect().Model(&rows).Where("u.name = ?", name).
		Where("EXISTS (SELECT 1 FROM appointments a WHERE a.campaign_id = ? AND a.unit_id = u.id)", campaignID).Order("id").Limit(1).Scan(ctx)
	if err != nil {
		return Unit{}, fmt.Errorf("unit %s: %w", name, err)
	}
	if len(rows) == 0 {
		return Unit{}, nil
	}
	return rows[0], nil
}

// UnitAmong finds a unit by name among some; the zero Unit where there is none.
func UnitAmong(ctx context.Context, tx db.Tx, ids []int64, name string) (Unit, error) {
	rows, err := UnitsByID(ctx, tx, ids)
	if err != nil {
		return Unit{}, err
	}
	for _, u := range rows {
		if u.Name == name {
			return u, nil
		}
	}
	return Unit{}, nil
}

// PersonCalled finds a person of the campaign by name, or by name and unit as in 董凤妮（市卫健委）.
// It fails with invalid where nobody, or more than one, is meant.
func PersonCalled(ctx context.Context, tx db.Tx, campaignID int64, called string) (Person, error) {
	name, unit, _ := strings.Cut(strings.TrimRight(strings.NewReplacer("(", "（", ")", "）").Replace(called), "）"), "（")
	rows, err := PeopleNamed(ctx, tx, campaignID, name)
	if err != nil {
		return Person{}, err
	}
	if unit != "" && len(rows) > 1 {
		var ids []int64
		for _, p := range rows {
			ids = append(ids, p.UnitID)
		}
		u, err := UnitAmong(ctx, tx, ids, unit)
		if err != nil {
			return Person{}, err
		}
		rows = slices.DeleteFunc(rows, func(p Person) bool { return p.UnitID != u.ID })
	}
	switch len(rows) {
	case 1:
		return rows[0], nil
	case 0:
		return Person{}, kernel.E(kernel.Invalid, "名单里没有“%s”，请从下拉里选", called).On("person")
	}
	return Person{}, kernel.E(kernel.Invalid, "名单里有 %d 位“%s”，请写成“姓名（单位）”", len(rows), name).On("person")
}

// UnitCount is how many people a unit sends into how many bodies.
type UnitCount struct {
	UnitID int64
	People int
	Bodies int
}

// UnitSeated reports whether somebody sits for a unit in a campaign now.
func UnitSeated(ctx context.Context, tx db.Tx, campaignID, unitID int64) (bool, error) {
	var one int
	return unitSeated.One(ctx, tx, []any{campaignID, unitID}, &one)
}

// UnitName is the name of a unit, "" where there is none.
func UnitName(ctx context.Context, tx db.Tx, id int64) (name string, err error) {
	if id != 0 {
		_, err = unitName.One(ctx, tx, []any{id}, &name)
	}
	return name, err
}

var (
	unitSeated = db.Prepare("SELECT 1 FROM appointments WHERE campaign_id = ? AND unit_id = ? AND to_day = '' LIMIT 1")
	unitName   = db.Prepare("SELECT name FROM units WHERE id = ?")
)

// UnitCounts counts, for every unit with somebody in a body of the campaign, its people and those bodies.
func UnitCounts(ctx context.Context, tx db.Tx, campaignID int64) ([]UnitCount, error) {
	var rows []UnitCount
	err := tx.NewRaw(`SELECT unit_id, count(DISTINCT person_id) AS people, count(DISTINCT body_id) AS bodies
		FROM appointments WHERE campaign_id = ? AND to_day = '' AND unit_id IS NOT NULL GROUP BY unit_id ORDER BY unit_id`, campaignID).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("units of the roster: %w", err)
	}
	return rows, nil
}

// Names returns the names of units and of people by id. Zeros and repeats among the ids are passed over.
func Names(ctx context.Context, tx db.Tx, unitIDs, personIDs []int64) (units, people map[int64]string, err error) {
	units, people = map[int64]string{}, map[int64]string{}
	us, err := UnitsByID(ctx, tx, distinct(unitIDs))
	if err != nil {
		return nil, nil, err
	}
	for _, u := range us {
		units[u.ID] = u.Name
	}
	ids := distinct(personIDs)
	if len(ids) == 0 {
		return units, people, nil
	}
	var ps []Person
	if err := tx.NewSelect().Model(&ps).Where("id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, nil, fmt.Errorf("people: %w", err)
	}
	for _, p := range ps {
		people[p.ID] = p.Name
	}
	return units, people, nil
}

// distinct sorts ids and drops zeros and repeats.
func distinct(ids []int64) []int64 {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.DeleteFunc(slices.Compact(ids), func(id int64) bool { return id == 0 })
}

// Headcount counts the people and the appointments of a campaign now.
func Headcount(ctx context.Context, tx db.Tx, campaignID int64) (people, appointments int, err error) {
	err = tx.NewRaw(`SELECT count(DISTINCT person_id), count(*) FROM appointments WHERE campaign_id = ? AND to_day = ''`, campaignID).Scan(ctx, &people, &appointments)
	return people, appointments, err
}

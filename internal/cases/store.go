package cases

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/roster"
)

// What every registration and step runs.
var (
	caseByUUID  = db.Select[Case]("WHERE ca.campaign_id = ? AND ca.uuid = ?")
	caseByID    = db.Select[Case]("WHERE ca.campaign_id = ? AND ca.id = ?")
	unitsByCase = db.Select[CaseUnit]("WHERE cu.campaign_id = ? AND cu.case_id = ? ORDER BY cu.role, cu.unit_id")
	movedCase   = db.Change[Case]("uuid", "found_by", "found_person", "found_name", "found_at", "registered_at")
	dueOfCase   = db.Prepare("UPDATE cases SET due_at = ?, amber_at = ?, escalated = ?, revision = ? WHERE campaign_id = ? AND id = ?")
	dropUnits   = db.Prepare("DELETE FROM case_units WHERE campaign_id = ? AND case_id = ? AND role IN (?, ?)")
	endSpan     = db.Prepare("UPDATE case_spans SET to_at = ? WHERE campaign_id = ? AND case_id = ? AND to_at IS NULL")
)

// addCounts changes one count, or two, three or four at once: of all and of the unit, where a case left and where it came.
var addCounts = [...]*db.Statement{addingCounts(1), addingCounts(2), addingCounts(3), addingCounts(4)}

func addingCounts(n int) *db.Statement {
	return db.Prepare("INSERT INTO case_counts (campaign_id, unit_id, step, shard, n) VALUES (?, ?, ?, ?, ?)" + strings.Repeat(", (?, ?, ?, ?, ?)", n-1) +
		" ON CONFLICT (campaign_id, unit_id, step, shard) DO UPDATE SET n = case_counts.n + excluded.n")
}

// newUUID makes a UUID of version 7 (RFC 9562, 5.7): it begins with the time, so that new ones lie beside each other in
// the index.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[6:])
	for i, ms := 5, time.Now().UnixMilli(); i >= 0; i, ms = i-1, ms>>8 {
		b[i] = byte(ms)
	}
	b[6], b[8] = b[6]&0x0f|0x70, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func byUUID(ctx context.Context, tx db.Tx, campaignID int64, uuid string) (Case, bool, error) {
	rows, err := caseByUUID.All(ctx, tx, campaignID, uuid)
	if err != nil || len(rows) == 0 {
		return Case{}, false, err
	}
	return rows[0], true, nil
}

func load(ctx context.Context, tx db.Tx, campaignID, id int64) (Case, error) {
	rows, err := caseByID.All(ctx, tx, campaignID, id)
	if err != nil {
		return Case{}, fmt.Errorf("case %d: %w", id, err)
	}
	if len(rows) == 0 {
		return Case{}, kernel.E(kernel.NotFound, "没有这件案件")
	}
	return rows[0], nil
}

func unitsOf(ctx context.Context, tx db.Tx, campaignID, id int64) ([]CaseUnit, error) {
	rows, err := unitsByCase.All(ctx, tx, campaignID, id)
	if err != nil {
		return nil, fmt.Errorf("units of case %d: %w", id, err)
	}
	return rows, nil
}

// visible returns a case that exists for the viewer; it fails with not_found for every other.
func visible(ctx context.Context, tx db.Tx, v Viewer, id int64) (Case, []CaseUnit, error) {
	c, err := load(ctx, tx, v.CampaignID, id)
	if err != nil {
		return c, nil, err
	}
	units, err := unitsOf(ctx, tx, v.CampaignID, id)
	if err != nil {
		return c, nil, err
	}
	if !v.sees(c, units) {
		return Case{}, nil, kernel.E(kernel.NotFound, "没有这件案件")
	}
	return c, units, nil
}

// insertAll writes new cases alone. It reports false for a case whose UUID was registered before, which then is the one
// that was.
func insertAll(ctx context.Context, tx db.Tx, list []Case) (are []bool, err error) {
	// Where the same UUID is handed in twice at once, PostgreSQL answers DO NOTHING with a serialization failure, not
	// with the breach of the key: the later transaction runs again and finds the case.
	if db.KindOf(tx) == db.Postgres {
		err = insertAtOnce(ctx, tx, list)
	} else {
		err = insertByMany(ctx, tx, list)
	}
	if err != nil {
		return nil, fmt.Errorf("register cases: %w", err)
	}
	are = make([]bool, len(list))
	for i, c := range list {
		if are[i] = c.ID != 0; are[i] {
			continue
		}
		again, ok, err := byUUID(ctx, tx, c.CampaignID, c.UUID)
		if err == nil && !ok {
			err = kernel.E(kernel.Unavailable, "同时登记的人太多，没有办成，请再试一次")
		}
		if err != nil {
			return nil, err
		}
		list[i] = again
	}
	return are, nil
}

// insertByMany writes them several at a time, as they mostly can be: hardly ever is one handed in again.
func insertByMany(ctx context.Context, tx db.Tx, list []Case) error {
	if len(list) > 1 && db.InsertNew(ctx, tx, list) == nil {
		return nil
	}
	for i := range list {
		if list[i].ID != 0 {
			continue
		}
		if err := db.InsertOr(ctx, tx, &list[i], "ON CONFLICT (campaign_id, uuid) DO NOTHING"); err != nil {
			return err
		}
	}
	return nil
}

// insertAtOnce writes them in one statement, since each would be a way there and back, and fills in the ids of those
// that were written.
func insertAtOnce(ctx context.Context, tx db.Tx, list []Case) error {
	type key struct {
		CampaignID int64
		UUID       string
	}
	var made []struct {
		key

		ID int64
	}
	if err := tx.NewInsert().Model(&list).On("CONFLICT (campaign_id, uuid) DO NOTHING").Returning("campaign_id, uuid, id").Scan(ctx, &made); err != nil {
		return err
	}
	ids := make(map[key]int64, len(made))
	for _, m := range made {
		ids[m.key] = m.ID
	}
	for i, c := range list {
		k := key{c.CampaignID, c.UUID}
		list[i].ID = ids[k]
		delete(ids, k) // whoever hands the same in again finds the first
	}
	return nil
}

func searchable(c Case) string {
	title := c.Title
	if strings.HasPrefix(c.Words, strings.TrimSuffix(title, "…")) {
		title = "" // it says nothing that the words do not
	}
	return c.Number() + " " + title + " " + c.Words + " " + c.Address + " " + c.District
}

func addUnit(ctx context.Context, tx db.Tx, u CaseUnit) error {
	if err := db.InsertOr(ctx, tx, &u, "ON CONFLICT DO NOTHING"); err != nil {
		return fmt.Errorf("unit %d of case %d: %w", u.UnitID, u.CaseID, err)
	}
	return nil
}

// replaceUnits makes the lead and supporting units of a case; whoever led it before remains as its former unit.
func replaceUnits(ctx context.Context, tx db.Tx, c Case, a Act) error {
	if err := dropUnits.Exec(ctx, tx, c.CampaignID, c.ID, Lead, Support); err != nil {
		return fmt.Errorf("units of case %d: %w", c.ID, err)
	}
	rows := []CaseUnit{{CampaignID: c.CampaignID, UnitID: a.Unit, CaseID: c.ID, Role: Lead}}
	for _, id := range a.Support {
		rows = append(rows, CaseUnit{CampaignID: c.CampaignID, UnitID: id, CaseID: c.ID, Role: Support})
	}
	if c.LeadUnitID != 0 && c.LeadUnitID != a.Unit {
		rows = append(rows, CaseUnit{CampaignID: c.CampaignID, UnitID: c.LeadUnitID, CaseID: c.ID, Role: Former})
	}
	for _, r := range rows {
		if err := addUnit(ctx, tx, r); err != nil {
			return err
		}
	}
	return nil
}

// setDue writes the clock of a case alone.
func setDue(ctx context.Context, tx db.Tx, c Case) error {
	if err := dueOfCase.Exec(ctx, tx, db.Moment(c.DueAt), db.Moment(c.AmberAt), c.Escalated, c.Revision, c.CampaignID, c.ID); err != nil {
		return fmt.Errorf("due of case %d: %w", c.ID, err)
	}
	return nil
}

// move writes a case that took a step: the case, the spans, the counts.
func move(ctx context.Context, tx db.Tx, was Case, c *Case, now time.Time) error {
	c.Revision++
	moved := was.Step != c.Step || was.LeadUnitID != c.LeadUnitID || was.Hand != c.Hand
	if moved {
		c.StepAt = now
	}
	if err := movedCase.Exec(ctx, tx, c); err != nil {
		return fmt.Errorf("case %d: %w", c.ID, err)
	}
	if !moved {
		return nil
	}
	if err := endSpan.Exec(ctx, tx, now, c.CampaignID, c.ID); err != nil {
		return fmt.Errorf("spans of case %d: %w", c.ID, err)
	}
	return firstErr(openSpan(ctx, tx, *c, now), count(ctx, tx, counted{was, -1}, counted{*c, 1}))
}

// correct writes what was put right of a case, and what it can be found by.
func correct(ctx context.Context, tx db.Tx, c *Case) error {
	c.Revision++
	_, err := tx.NewUpdate().Model(c).Column("title", "words", "category", "severity", "address", "district", "lat", "lon", "revision").
		Where("campaign_id = ?", c.CampaignID).Where("id = ?", c.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("correct case %d: %w", c.ID, err)
	}
	if err := db.PutCaseText(ctx, tx, c.CampaignID, c.ID, searchable(*c)); err != nil {
		return fmt.Errorf("index case %d: %w", c.ID, err)
	}
	return nil
}

// openSpan begins the time at a step; what has ended needs none.
func openSpan(ctx context.Context, tx db.Tx, c Case, at time.Time) error {
	if c.Hand == Nobody {
		return nil
	}
	sp := spanOf(c, at)
	if err := db.Insert(ctx, tx, &sp); err != nil {
		return fmt.Errorf("span of case %d: %w", c.ID, err)
	}
	return nil
}

func spanOf(c Case, from time.Time) Span {
	sp := Span{CampaignID: c.CampaignID, CaseID: c.ID, Step: c.Step, Hand: c.Hand, FromAt: from}
	if c.Hand == Unit {
		sp.UnitID = c.LeadUnitID
	}
	return sp
}

// shards is in how many rows one count stands, so that writers on PostgreSQL seldom meet.
const shards = 16

// counted is a case, or several at the same place, that come to a count or leave it.
type counted struct {
	c  Case
	by int
}

// cell is one number: of a unit, or with unit 0 of all.
type cell struct {
	unit  int64
	step  Step
	shard int64
}

// count changes the numbers of cases at a step, of all and of the lead unit; the cases are of one campaign, two at most.
func count(ctx context.Context, tx db.Tx, changes ...counted) error {
	var cells []cell
	by := map[cell]int{}
	for _, x := range changes {
		for _, unit := range slices.Compact([]int64{0, x.c.LeadUnitID}) {
			at := cell{unit, x.c.Step, x.c.ID % shards}
			if _, have := by[at]; !have {
				cells = append(cells, at)
			}
			by[at] += x.by
		}
	}
	args := make([]any, 0, 5*len(cells))
	for _, at := range cells {
		if by[at] != 0 { // PostgreSQL changes a row but once in a statement
			args = append(args, changes[0].c.CampaignID, at.unit, string(at.step), at.shard, by[at])
		}
	}
	if len(args) == 0 {
		return nil
	}
	if err := addCounts[len(args)/5-1].Exec(ctx, tx, args...); err != nil {
		return fmt.Errorf("count cases: %w", err)
	}
	return nil
}

func (r Registration) keepCaller(ctx context.Context, tx db.Tx, c Case) error {
	if r.Caller.Name == "" && r.Caller.Phone == "" {
		return nil
	}
	caller := Caller{CampaignID: c.CampaignID, CaseID: c.ID, Name: r.Caller.Name, Phone: r.Caller.Phone}
	if _, err := tx.NewInsert().Model(&caller).Exec(ctx); err != nil {
		return fmt.Errorf("caller of case %d: %w", c.ID, err)
	}
	return nil
}

// stepData is what the ledger keeps of a step.
func stepData(ctx context.Context, tx db.Tx, c Case, t Transition, a Act) (map[string]any, error) {
	data := map[string]any{"number": c.Number(), "from": t.From, "to": t.To, "round": c.Round}
	if a.Reason != "" {
		data["reason"] = a.Reason
	}
	if !c.DueAt.IsZero() {
		data["until"] = deadline(c.DueAt)
	}
	switch t.Verb {
	case Dispatch, Redirect:
		name, err := roster.UnitName(ctx, tx, a.Unit)
		if err != nil {
			return nil, err
		}
		data["unit"] = name
		var support []string
		for _, id := range a.Support {
			if name, err = roster.UnitName(ctx, tx, id); err != nil {
				return nil, err
			}
			support = append(support, name)
		}
		if len(support) > 0 {
			data["support"] = support
		}
	case AskExtension, AskDeferral:
		data["day"] = a.Day
	case GrantDeferral:
		data["day"] = c.AskedDay
	case Close:
		data["outcome"] = a.Outcome
		if a.Reason != "" {
			data["said"] = "，" + a.Reason
		}
	case Merge:
		into, err := load(ctx, tx, c.CampaignID, a.Into)
		if err != nil {
			return nil, err
		}
		data["into"], data["number"] = a.Into, into.Number()
	}
	return data, nil
}

// settle writes a setting of the campaign's cases: the office's right.
func (s *Service) settle(ctx context.Context, campaignID int64, verb string, data map[string]any, write func(db.Tx) error) error {
	return s.db.Write(ctx, func(tx db.Tx) error {
		v, err := viewerOf(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		if !v.Actor.System && !v.Standing.InOffice() {
			return kernel.E(kernel.Forbidden, "案件的时限、照片要求和编号由办公室设定")
		}
		if err := write(tx); err != nil {
			return fmt.Errorf("set cases of campaign %d: %w", campaignID, err)
		}
		if err := campaign.Restamp(ctx, tx, campaignID); err != nil {
			return err
		}
		return ledger.Append(ctx, tx, ledger.At(s.clock.Now(), ledger.Event{CampaignID: campaignID, SubjectKind: "campaign", SubjectID: campaignID, Verb: verb, Data: data})...)
	})
}

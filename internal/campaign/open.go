package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/plan"
	"pinzhi/internal/roster"
)

// Opening is everything a campaign is opened from.
type Opening struct {
	Source   plan.Source
	Original []byte // the file as it came, kept untouched
	SHA256   string
	Reading  Reading // after the clerk's corrections
	Drill    bool
}

// Open opens a campaign from a plan, in one transaction: the campaign is wholly there or not at all.
// It fails with forbidden for who may not, invalid for a plan with nothing in it,
// and conflict where the same plan was opened before.
func (s *Service) Open(ctx context.Context, o Opening) (Campaign, error) {
	var c Campaign
	err := s.db.Write(ctx, func(tx db.Tx) error {
		if err := mayOpen(ctx); err != nil {
			return err
		}
		var err error
		c, err = s.open(ctx, tx, o)
		return err
	})
	return c, err
}

func (s *Service) open(ctx context.Context, tx db.Tx, o Opening) (Campaign, error) {
	p := &o.Reading.Plan
	if len(p.Tasks) == 0 && len(p.Bodies) == 0 {
		return Campaign{}, kernel.E(kernel.Invalid, "这份方案里没有读出任务，也没有读出机构，无法启动行动。请在左边原文里核对，或补上任务后再启动")
	}
	c, err := s.insertCampaign(ctx, tx, o)
	if err != nil {
		return Campaign{}, err
	}
	b := builder{ctx: ctx, tx: tx, campaign: c, plan: p, now: s.clock.Now(), day: s.clock.Today()}
	if err := b.build(); err != nil {
		return Campaign{}, err
	}
	if err := db.InsertAll(ctx, tx, findingRows(c.ID, 1, o.Reading)); err != nil {
		return Campaign{}, err
	}
	return c, ledger.Append(ctx, tx, ledger.Event{
		At: b.now, CampaignID: c.ID, SubjectKind: "campaign", SubjectID: c.ID, Verb: "opened",
		Data: map[string]any{"name": c.Name, "document_number": c.DocumentNumber, "file": o.Source.Name, "sha256": o.SHA256,
			"edits": len(o.Reading.Edits), "tasks": len(p.Tasks), "bodies": len(p.Bodies)},
	})
}

func (s *Service) insertCampaign(ctx context.Context, tx db.Tx, o Opening) (Campaign, error) {
	p := &o.Reading.Plan
	c := Campaign{
		Place: PlaceOf(p), Name: NameOf(p), DocumentNumber: p.DocumentNumber, Issuer: p.Issuer,
		IssuedOn: kernel.Date(p.IssuedOn), PrintedOn: kernel.Date(p.PrintedOn), Drill: o.Drill, PlanVersion: 1, OpenedAt: s.clock.Now(), Stamp: newStamp(),
	}
	var same []Campaign
	err := tx.NewSelect().Model(&same).Where("place = ? AND document_number = ? AND name = ?", c.Place, c.DocumentNumber, c.Name).Scan(ctx)
	if err != nil {
		return c, fmt.Errorf("campaigns: %w", err)
	}
	if len(same) > 0 {
		return c, kernel.E(kernel.Conflict, "这份方案（%s %s）已经启动过了。方案有修订的，请在该行动里点“修订方案”", c.Name, c.DocumentNumber)
	}
	rows := []Campaign{c}
	if err := db.InsertAll(ctx, tx, rows); err != nil {
		return c, err
	}
	c = rows[0]
	return c, s.keepPlan(ctx, tx, c.ID, 1, o)
}

func (s *Service) keepPlan(ctx context.Context, tx db.Tx, campaignID int64, version int, o Opening) error {
	reading, err := json.Marshal(o.Reading.Plan)
	if err != nil {
		return fmt.Errorf("plan to JSON: %w", err)
	}
	edits, err := json.Marshal(o.Reading.Edits)
	if err != nil {
		return fmt.Errorf("edits to JSON: %w", err)
	}
	return db.InsertAll(ctx, tx, []PlanVersion{{
		CampaignID: campaignID, Version: version, FileName: o.Source.Name, Format: o.Source.Format, SHA256: o.SHA256,
		Original: o.Original, Source: strings.Join(o.Source.Lines, "\n"), Reading: string(reading), Edits: string(edits),
		AppliedAt: s.clock.Now(),
	}})
}

// builder writes the parts of a plan that is opened; each step needs the ids of the one before.
type builder struct {
	ctx      context.Context //nolint:containedctx // a builder lives within one call
	tx       db.Tx
	campaign Campaign
	plan     *plan.Plan
	now      time.Time
	day      kernel.Date

	actions []Action
	tasks   []Task
	est     *roster.Established
}

func (b *builder) build() error {
	steps := []func() error{b.writePhases, b.writeActions, b.writeTasks, b.writeRoster, b.writeTaskUnits, b.writeMeasures, b.writeSearch}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) writePhases() error {
	rows := phaseRows(b.campaign.ID, b.plan)
	if err := db.InsertAll(b.ctx, b.tx, rows); err != nil {
		return err
	}
	events := make([]ledger.Event, 0, len(rows))
	for _, r := range rows {
		events = append(events, b.event("phase", r.ID, "read", r.Name, r.Lines()))
	}
	return ledger.Append(b.ctx, b.tx, events...)
}

func (b *builder) writeActions() error {
	b.actions = actionRows(b.campaign.ID, b.plan)
	if err := db.InsertAll(b.ctx, b.tx, b.actions); err != nil {
		return err
	}
	events := make([]ledger.Event, 0, len(b.actions))
	for _, r := range b.actions {
		events = append(events, b.event("action", r.ID, "read", r.Name, r.Lines()))
	}
	return ledger.Append(b.ctx, b.tx, events...)
}

func (b *builder) writeTasks() error {
	b.tasks = taskRows(b.campaign.ID, b.plan, b.actionIDs())
	if err := db.InsertAll(b.ctx, b.tx, b.tasks); err != nil {
		return err
	}
	events := make([]ledger.Event, 0, len(b.tasks))
	for _, r := range b.tasks {
		events = append(events, b.event("task", r.ID, "read", r.Name, r.Lines()))
	}
	return ledger.Append(b.ctx, b.tx, events...)
}

func (b *builder) event(kind string, id int64, verb, name string, lines plan.Lines) ledger.Event {
	return ledger.Event{At: b.now, CampaignID: b.campaign.ID, SubjectKind: kind, SubjectID: id, Verb: verb,
		Data: map[string]any{"name": name, "lines": lines}}
}

func (b *builder) actionIDs() map[string]int64 {
	ids := map[string]int64{}
	for _, a := range b.actions {
		ids[a.Path] = a.ID
	}
	return ids
}

func (b *builder) writeRoster() error {
	var err error
	b.est, err = roster.Establish(b.ctx, b.tx, establishment(b.campaign, b.plan, b.actions, b.now, b.day))
	return err
}

// establishment prepares bodies and people for the roster.
func establishment(c Campaign, p *plan.Plan, actions []Action, now time.Time, day kernel.Date) roster.Establishment {
	who := whoKeys(p)
	groupAction := map[int]int64{}
	for _, a := range actions {
		if g := GroupOf(a.Name, p.Bodies); g >= 0 {
			groupAction[g] = a.ID
		}
	}
	e := roster.Establishment{CampaignID: c.ID, Place: c.Place, At: now, Day: day, Units: taskUnitNames(p)}
	for i, body := range p.Bodies {
		e.Bodies = append(e.Bodies, roster.NewBody{Body: body, ActionID: groupAction[i], Who: who[i]})
	}
	return e
}

// whoKeys gives every appointment of every body the key of its person: equal keys are one person.
func whoKeys(p *plan.Plan) [][]string {
	keys := make([][]string, len(p.Bodies))
	for i, b := range p.Bodies {
		keys[i] = make([]string, len(b.Appointments))
	}
	for n, person := range plan.People(p) {
		for _, m := range person.Appointments {
			keys[m.At[0]][m.At[1]] = fmt.Sprintf("%s#%d", person.Name, n)
		}
	}
	return keys
}

// taskUnitNames lists the units that tasks name. A plan writes 平江区政府 at a task and 平江区人民政府 in the
// roster; they are one unit, or its people would have no part in its tasks.
func taskUnitNames(p *plan.Plan) []string {
	var names []string
	for _, t := range p.Tasks {
		for _, u := range slices.Concat(t.LeadUnits, t.SupportUnits) {
			names = append(names, plan.NormalUnit(u))
		}
	}
	return names
}

func (b *builder) writeTaskUnits() error {
	return db.InsertAll(b.ctx, b.tx, taskUnitRows(b.campaign.ID, b.plan, b.tasks, b.est.UnitIDs))
}

func (b *builder) writeMeasures() error {
	if err := db.InsertAll(b.ctx, b.tx, obligationRows(b.campaign.ID, b.plan)); err != nil {
		return err
	}
	return db.InsertAll(b.ctx, b.tx, indicatorRows(b.campaign.ID, b.plan, b.tasks))
}

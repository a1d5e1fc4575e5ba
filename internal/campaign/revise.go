package campaign

import (
	"context"
	"encoding/json"
	"fmt"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/plan"
	"pinzhi/internal/roster"
)

// CurrentPlan returns the plan version that a campaign runs on.
func (s *Service) CurrentPlan(ctx context.Context, campaignID int64) (PlanVersion, plan.Plan, error) {
	return currentPlan(ctx, s.db.Reader(), campaignID)
}

func currentPlan(ctx context.Context, tx db.Tx, campaignID int64) (PlanVersion, plan.Plan, error) {
	var p plan.Plan
	var rows []PlanVersion
	err := tx.NewSelect().Model(&rows).ExcludeColumn("original").Where("campaign_id = ?", campaignID).Order("version DESC").Limit(1).Scan(ctx)
	if err != nil {
		return PlanVersion{}, p, fmt.Errorf("plan of campaign %d: %w", campaignID, err)
	}
	if len(rows) == 0 {
		return PlanVersion{}, p, kernel.E(kernel.NotFound, "这项行动还没有方案")
	}
	if err := json.Unmarshal([]byte(rows[0].Reading), &p); err != nil {
		return PlanVersion{}, p, fmt.Errorf("plan of campaign %d: %w", campaignID, err)
	}
	return rows[0], p, nil
}

// Differences lists what a draft would change in the campaign it revises.
func (s *Service) Differences(ctx context.Context, d *Draft, r Reading) ([]Change, error) {
	_, old, err := s.CurrentPlan(ctx, d.CampaignID)
	if err != nil {
		return nil, err
	}
	return Compare(&old, &r.Plan), nil
}

// apply makes a running campaign follow a revised plan: what is new is added, what changed is changed,
// what is gone is marked gone and stays, with all work done under it. Each is an event.
func (s *Service) apply(ctx context.Context, tx db.Tx, campaignID int64, o Opening) error {
	version, old, err := currentPlan(ctx, tx, campaignID)
	if err != nil {
		return err
	}
	v, err := s.see(ctx, tx, campaignID)
	if err != nil {
		return err
	}
	next := version.Version + 1
	if err := s.keepPlan(ctx, tx, campaignID, next, o); err != nil {
		return err
	}
	rv := reviser{builder: builder{ctx: ctx, tx: tx, campaign: v.Campaign, plan: &o.Reading.Plan, now: s.clock.Now(), day: s.clock.Today()}, old: &old}
	if err := rv.revise(); err != nil {
		return err
	}
	if err := db.InsertAll(ctx, tx, findingRows(campaignID, next, o.Reading)); err != nil {
		return err
	}
	diff := Compare(&old, &o.Reading.Plan)
	if _, err := tx.NewRaw(`UPDATE campaigns SET plan_version = ?, printed_on = ?, issued_on = ?, stamp = ? WHERE id = ?`,
		next, o.Reading.Plan.PrintedOn, o.Reading.Plan.IssuedOn, newStamp(), campaignID).Exec(ctx); err != nil {
		return fmt.Errorf("campaign %d: %w", campaignID, err)
	}
	return ledger.Append(ctx, tx, ledger.Event{At: rv.now, CampaignID: campaignID, SubjectKind: "campaign", SubjectID: campaignID, Verb: "revised",
		Data: map[string]any{"version": next, "file": o.Source.Name, "sha256": o.SHA256, "changes": len(diff)}})
}

// reviser changes the parts of a running campaign to those of a revised plan.
type reviser struct {
	builder

	old *plan.Plan
}

func (r *reviser) revise() error {
	steps := []func() error{r.phases, r.reviseActions, r.reviseTasks, r.roster, r.taskUnits, r.measures, r.writeSearch}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// living is a table whose rows carry position, the index in the plan's list plus one, while they live.
type living struct{ table, kind string }

// retire marks rows gone and tells their timelines.
func (r *reviser) retire(t living, ids map[int]int64, names func(int) (string, plan.Lines), pairs []pair) error {
	var events []ledger.Event
	for _, p := range pairs {
		if p.is >= 0 || p.was < 0 {
			continue
		}
		id := ids[p.was+1]
		if _, err := r.tx.NewRaw(`UPDATE `+t.table+` SET gone_on = ?, position = 0 WHERE campaign_id = ? AND id = ?`,
			r.day, r.campaign.ID, id).Exec(r.ctx); err != nil {
			return fmt.Errorf("%s %d: %w", t.kind, id, err)
		}
		name, lines := names(p.was)
		events = append(events, r.event(t.kind, id, "gone", name, lines))
	}
	return ledger.Append(r.ctx, r.tx, events...)
}

// idsByPosition maps position to id for the living rows of a table.
func (r *reviser) idsByPosition(t living) (map[int]int64, error) {
	var rows []struct {
		ID       int64
		Position int
	}
	err := r.tx.NewRaw(`SELECT id, position FROM `+t.table+` WHERE campaign_id = ? AND gone_on = ''`, r.campaign.ID).Scan(r.ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.table, err)
	}
	ids := map[int]int64{}
	for _, x := range rows {
		ids[x.Position] = x.ID
	}
	return ids, nil
}

// renew gives new rows the ids of the rows they replace, updates those, and inserts the rest.
// row i of rows stands for entry i of the new plan; fields tells what changed, for the timeline.
func renew[T any](r *reviser, t living, ids map[int]int64, rows []T, pairs []pair, id func(*T) *int64, fields func(pair) (string, []FieldChange, plan.Lines)) error {
	var events []ledger.Event
	var fresh []int
	for _, p := range pairs {
		if p.is < 0 {
			continue
		}
		if p.was < 0 {
			fresh = append(fresh, p.is)
			continue
		}
		row := &rows[p.is]
		*id(row) = ids[p.was+1]
		if _, err := r.tx.NewUpdate().Model(row).ExcludeColumn("id", "campaign_id", "gone_on").
			Where("campaign_id = ?", r.campaign.ID).Where("id = ?", *id(row)).Exec(r.ctx); err != nil {
			return fmt.Errorf("%s %d: %w", t.kind, *id(row), err)
		}
		if name, f, lines := fields(p); len(f) > 0 {
			events = append(events, ledger.Event{At: r.now, CampaignID: r.campaign.ID, SubjectKind: t.kind, SubjectID: *id(row), Verb: "changed",
				Data: map[string]any{"name": name, "fields": f, "lines": lines}})
		}
	}
	made := make([]T, 0, len(fresh))
	for _, i := range fresh {
		made = append(made, rows[i])
	}
	if err := db.InsertAll(r.ctx, r.tx, made); err != nil {
		return err
	}
	for k, i := range fresh {
		rows[i] = made[k]
		name, _, lines := fields(pair{-1, i})
		events = append(events, r.event(t.kind, *id(&rows[i]), "added", name, lines))
	}
	return ledger.Append(r.ctx, r.tx, events...)
}

// follow renews one list of the campaign: rows for the new plan, pairs to the old one.
func follow[T, P any](r *reviser, t living, rows []T, was, is []P, pairs []pair, id func(*T) *int64,
	name func(P) (string, plan.Lines), fields func(P) []FieldChange,
) error {
	ids, err := r.idsByPosition(t)
	if err != nil {
		return err
	}
	if err := r.retire(t, ids, func(i int) (string, plan.Lines) { return name(was[i]) }, pairs); err != nil {
		return err
	}
	return renew(r, t, ids, rows, pairs, id, func(p pair) (string, []FieldChange, plan.Lines) {
		n, l := name(is[p.is])
		if p.was < 0 {
			return n, nil, l
		}
		return n, fieldChanges(fields(was[p.was]), fields(is[p.is])), l
	})
}

func (r *reviser) phases() error {
	return follow(r, living{"phases", "phase"}, phaseRows(r.campaign.ID, r.plan), r.old.Phases, r.plan.Phases, pairPhases(r.old.Phases, r.plan.Phases),
		func(p *Phase) *int64 { return &p.ID }, func(p plan.Phase) (string, plan.Lines) { return p.Name, p.Lines }, phaseFields)
}

func (r *reviser) reviseActions() error {
	r.actions = actionRows(r.campaign.ID, r.plan)
	return follow(r, living{"actions", "action"}, r.actions, r.old.Actions, r.plan.Actions, pairActions(r.old.Actions, r.plan.Actions),
		func(a *Action) *int64 { return &a.ID }, func(a plan.Action) (string, plan.Lines) { return a.Name, a.Lines }, actionFields)
}

func (r *reviser) reviseTasks() error {
	r.tasks = taskRows(r.campaign.ID, r.plan, r.actionIDs())
	return follow(r, living{"tasks", "task"}, r.tasks, r.old.Tasks, r.plan.Tasks, pairTasks(r.old, r.plan),
		func(t *Task) *int64 { return &t.ID }, func(t plan.Task) (string, plan.Lines) { return t.Name, t.Lines }, taskTexts)
}

// taskUnits replaces who answers for the tasks; the change itself stands in the tasks' timelines.
func (r *reviser) taskUnits() error {
	if _, err := r.tx.NewRaw(`DELETE FROM task_units WHERE campaign_id = ?`, r.campaign.ID).Exec(r.ctx); err != nil {
		return fmt.Errorf("task units: %w", err)
	}
	return r.writeTaskUnits()
}

func (r *reviser) measures() error {
	err := follow(r, living{"obligations", "obligation"}, obligationRows(r.campaign.ID, r.plan), r.old.Obligations, r.plan.Obligations,
		pairObligations(r.old.Obligations, r.plan.Obligations), func(o *Obligation) *int64 { return &o.ID },
		func(o plan.Obligation) (string, plan.Lines) { return o.What, o.Lines }, obligationFields)
	if err != nil {
		return err
	}
	return follow(r, living{"indicators", "indicator"}, indicatorRows(r.campaign.ID, r.plan, r.tasks), r.old.Indicators, r.plan.Indicators,
		pairIndicators(r.old.Indicators, r.plan.Indicators), func(i *Indicator) *int64 { return &i.ID },
		func(i plan.Indicator) (string, plan.Lines) { return i.Name, i.Lines }, indicatorFields)
}

// roster hands the bodies over, each new one joined to the running one it continues.
func (r *reviser) roster() error {
	e := establishment(r.campaign, r.plan, r.actions, r.now, r.day)
	pairs := pairBodies(r.old.Bodies, r.plan.Bodies)
	rv := roster.Revision{Establishment: e, Continues: make([]int, len(e.Bodies))}
	for _, p := range pairs {
		switch {
		case p.is >= 0:
			rv.Continues[p.is] = p.was
		default:
			rv.Gone = append(rv.Gone, p.was)
		}
	}
	var err error
	r.est, err = roster.Revise(r.ctx, r.tx, rv)
	return err
}

package campaign

import (
	"context"
	"fmt"
	"slices"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/roster"
)

// living rows of one campaign's table, in the plan's order.
func listLiving[T any](ctx context.Context, tx db.Tx, campaignID int64) ([]T, error) {
	var rows []T
	err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", campaignID).Where("gone_on = ''").Order("position", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("%T: %w", rows, err)
	}
	return rows, nil
}

// Phases lists the phases in the plan's order.
func (s *Service) Phases(ctx context.Context, campaignID int64) ([]Phase, error) {
	return listLiving[Phase](ctx, s.db.Reader(), campaignID)
}

// Actions lists the actions in the plan's order.
func (s *Service) Actions(ctx context.Context, campaignID int64) ([]Action, error) {
	return listLiving[Action](ctx, s.db.Reader(), campaignID)
}

// Tasks lists the tasks in the plan's order.
func (s *Service) Tasks(ctx context.Context, campaignID int64) ([]Task, error) {
	return listLiving[Task](ctx, s.db.Reader(), campaignID)
}

// Obligations lists who owes what how often, in the plan's order.
func (s *Service) Obligations(ctx context.Context, campaignID int64) ([]Obligation, error) {
	return listLiving[Obligation](ctx, s.db.Reader(), campaignID)
}

// Indicators lists the indicators in the plan's order.
func (s *Service) Indicators(ctx context.Context, campaignID int64) ([]Indicator, error) {
	return listLiving[Indicator](ctx, s.db.Reader(), campaignID)
}

// Findings lists what the check-up found in the plan version that the campaign runs on.
func (s *Service) Findings(ctx context.Context, campaignID int64) ([]Finding, error) {
	return findingsOf(ctx, s.db.Reader(), campaignID)
}

func findingsOf(ctx context.Context, tx db.Tx, campaignID int64) ([]Finding, error) {
	var rows []Finding
	err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", campaignID).
		Where("version = (SELECT plan_version FROM campaigns WHERE id = ?)", campaignID).Order("position").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("findings: %w", err)
	}
	return rows, nil
}

// TaskByID returns a task, gone or living; it fails with not_found.
func (s *Service) TaskByID(ctx context.Context, campaignID, id int64) (Task, error) {
	return taskByID(ctx, s.db.Reader(), campaignID, id)
}

func taskByID(ctx context.Context, tx db.Tx, campaignID, id int64) (Task, error) {
	var rows []Task
	if err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", campaignID).Where("id = ?", id).Scan(ctx); err != nil {
		return Task{}, fmt.Errorf("task %d: %w", id, err)
	}
	if len(rows) == 0 {
		return Task{}, kernel.E(kernel.NotFound, "这项行动里没有编号为 %d 的任务", id)
	}
	return rows[0], nil
}

// UnitAt is a unit that answers for a task, with its name.
type UnitAt struct {
	TaskUnit `bun:",extend"`

	UnitName string
}

// UnitsAtTasks lists who answers for each task of the campaign, by task.
func (s *Service) UnitsAtTasks(ctx context.Context, campaignID int64) (map[int64][]UnitAt, error) {
	return unitsAtTasks(ctx, s.db.Reader(), campaignID)
}

func unitsAtTasks(ctx context.Context, tx db.Tx, campaignID int64) (map[int64][]UnitAt, error) {
	var rows []TaskUnit
	err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", campaignID).Order("task_id", "position", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("task units: %w", err)
	}
	names, err := unitNames(ctx, tx, rows)
	if err != nil {
		return nil, err
	}
	byTask := map[int64][]UnitAt{}
	for _, r := range rows {
		byTask[r.TaskID] = append(byTask[r.TaskID], UnitAt{r, names[r.UnitID]})
	}
	return byTask, nil
}

func unitNames(ctx context.Context, tx db.Tx, rows []TaskUnit) (map[int64]string, error) {
	var ids []int64
	for _, r := range rows {
		ids = append(ids, r.UnitID)
	}
	names, _, err := roster.Names(ctx, tx, ids, nil)
	return names, err
}

// TasksOfUnit lists the living tasks that name a unit, with its role there.
func (s *Service) TasksOfUnit(ctx context.Context, campaignID, unitID int64) ([]UnitTask, error) {
	var rows []UnitTask
	err := s.db.Reader().NewRaw(`
		SELECT t.id, t.path, t.name, t.deadline, tu.role, tu.printed, tu.derived, tu.scope
		FROM task_units tu JOIN tasks t ON t.campaign_id = tu.campaign_id AND t.id = tu.task_id
		WHERE tu.campaign_id = ? AND tu.unit_id = ? AND t.gone_on = '' ORDER BY t.position, tu.position`, campaignID, unitID).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("tasks of unit %d: %w", unitID, err)
	}
	return rows, nil
}

// UnitTask is a task from a unit's side.
type UnitTask struct {
	ID       int64
	Path     string
	Name     string
	Deadline kernel.Date
	Role     string
	Printed  string
	Derived  bool
	Scope    string
}

func leadUnitIDs(ctx context.Context, tx db.Tx, campaignID, taskID int64) ([]int64, error) {
	var ids []int64
	err := tx.NewRaw(`SELECT DISTINCT unit_id FROM task_units WHERE campaign_id = ? AND task_id = ? AND role = ?`, campaignID, taskID, Lead).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("lead units of task %d: %w", taskID, err)
	}
	return ids, nil
}

func unitsOfTasks(ctx context.Context, tx db.Tx, campaignID int64) ([]int64, error) {
	var ids []int64
	err := tx.NewRaw(`SELECT DISTINCT unit_id FROM task_units WHERE campaign_id = ?`, campaignID).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("units of tasks: %w", err)
	}
	return ids, nil
}

// UnitRow is a unit as a list shows it.
type UnitRow struct {
	ID      int64
	Name    string
	People  int
	Bodies  int
	Leads   int
	Support int
}

// Units lists every unit that the plan names, with how often it does.
func (s *Service) Units(ctx context.Context, campaignID int64) ([]UnitRow, error) {
	tx := s.db.Reader()
	counts, err := roster.UnitCounts(ctx, tx, campaignID)
	if err != nil {
		return nil, err
	}
	var named []struct {
		UnitID int64
		Role   string
		N      int
	}
	err = tx.NewRaw(`SELECT tu.unit_id, tu.role, count(DISTINCT tu.task_id) AS n FROM task_units tu
		JOIN tasks t ON t.campaign_id = tu.campaign_id AND t.id = tu.task_id
		WHERE tu.campaign_id = ? AND t.gone_on = '' GROUP BY tu.unit_id, tu.role`, campaignID).Scan(ctx, &named)
	if err != nil {
		return nil, fmt.Errorf("units of tasks: %w", err)
	}
	rows := map[int64]*UnitRow{}
	var ids []int64
	row := func(id int64) *UnitRow {
		if rows[id] == nil {
			rows[id] = &UnitRow{ID: id}
			ids = append(ids, id)
		}
		return rows[id]
	}
	for _, c := range counts {
		r := row(c.UnitID)
		r.People, r.Bodies = c.People, c.Bodies
	}
	for _, n := range named {
		if n.Role == Lead {
			row(n.UnitID).Leads = n.N
		} else {
			row(n.UnitID).Support = n.N
		}
	}
	units, err := roster.UnitsByID(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]UnitRow, 0, len(units))
	for _, u := range units {
		rows[u.ID].Name = u.Name
		out = append(out, *rows[u.ID])
	}
	return out, nil
}

// UnitByID returns a unit that the campaign's plan names; it fails with not_found for every other,
// so that nobody reads another city's units by counting up.
func (s *Service) UnitByID(ctx context.Context, campaignID, id int64) (roster.Unit, error) {
	tx := s.db.Reader()
	u, err := roster.UnitByID(ctx, tx, id)
	if err != nil {
		return u, err
	}
	sent, err := roster.SeatsOfUnit(ctx, tx, campaignID, id)
	if err != nil || len(sent) > 0 {
		return u, err
	}
	named, err := unitsOfTasks(ctx, tx, campaignID)
	if err != nil || slices.Contains(named, id) {
		return u, err
	}
	return roster.Unit{}, kernel.E(kernel.NotFound, "这项行动里没有编号为 %d 的单位", id)
}

// OriginalPlan returns the file that the present plan version came from, as it was handed in.
func (s *Service) OriginalPlan(ctx context.Context, campaignID int64) (name string, content []byte, err error) {
	var rows []PlanVersion
	err = s.db.Reader().NewSelect().Model(&rows).Column("file_name", "original").Where("campaign_id = ?", campaignID).Order("version DESC").Limit(1).Scan(ctx)
	if err != nil {
		return "", nil, fmt.Errorf("plan of campaign %d: %w", campaignID, err)
	}
	if len(rows) == 0 {
		return "", nil, kernel.E(kernel.NotFound, "这项行动还没有方案")
	}
	return rows[0].FileName, rows[0].Original, nil
}

package campaign

import (
	"context"
	"fmt"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/roster"
)

// ItemRow is a work item with the names it stands for.
type ItemRow struct {
	WorkItem `bun:",extend"`

	TaskName   string
	TaskPath   string
	UnitName   string `bun:"-"`
	PersonName string `bun:"-"`
}

const itemColumns = `SELECT w.id, w.campaign_id, w.task_id, w.title, w.unit_id, w.person_id, w.site, w.start_day, w.due_day, w.done_on,
	w.done_note, w.revision, w.created_at, t.name AS task_name, t.path AS task_path
	FROM work_items w JOIN tasks t ON t.campaign_id = w.campaign_id AND t.id = w.task_id `

func items(ctx context.Context, tx db.Tx, tail string, args ...any) ([]ItemRow, error) {
	var rows []ItemRow
	if err := tx.NewRaw(itemColumns+tail, args...).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("work items: %w", err)
	}
	return rows, nameAssignees(ctx, tx, rows)
}

// nameAssignees fills the names of units and people: two queries, however many rows.
func nameAssignees(ctx context.Context, tx db.Tx, rows []ItemRow) error {
	var unitIDs, personIDs []int64
	for _, r := range rows {
		unitIDs, personIDs = append(unitIDs, r.UnitID), append(personIDs, r.PersonID)
	}
	units, people, err := roster.Names(ctx, tx, unitIDs, personIDs)
	if err != nil {
		return err
	}
	for i := range rows {
		rows[i].UnitName, rows[i].PersonName = units[rows[i].UnitID], people[rows[i].PersonID]
	}
	return nil
}

// ItemsOfTask lists the work items of a task by their start.
func (s *Service) ItemsOfTask(ctx context.Context, campaignID, taskID int64) ([]ItemRow, error) {
	return items(ctx, s.db.Reader(), "WHERE w.campaign_id = ? AND w.task_id = ? ORDER BY w.start_day, w.due_day, w.id", campaignID, taskID)
}

// ItemsOfUnit lists the work items given to a unit, open ones first.
func (s *Service) ItemsOfUnit(ctx context.Context, campaignID, unitID int64) ([]ItemRow, error) {
	return items(ctx, s.db.Reader(), "WHERE w.campaign_id = ? AND w.unit_id = ? ORDER BY CASE w.done_on WHEN '' THEN 0 ELSE 1 END, w.due_day, w.id LIMIT 500", campaignID, unitID)
}

// ItemsOfPerson lists the work items given to a person, open ones first.
func (s *Service) ItemsOfPerson(ctx context.Context, campaignID, personID int64) ([]ItemRow, error) {
	return items(ctx, s.db.Reader(), "WHERE w.campaign_id = ? AND w.person_id = ? ORDER BY CASE w.done_on WHEN '' THEN 0 ELSE 1 END, w.due_day, w.id LIMIT 500", campaignID, personID)
}

// ItemByID returns one work item with its names; it fails with not_found.
func (s *Service) ItemByID(ctx context.Context, campaignID, id int64) (ItemRow, error) {
	rows, err := items(ctx, s.db.Reader(), "WHERE w.campaign_id = ? AND w.id = ?", campaignID, id)
	if err != nil {
		return ItemRow{}, err
	}
	if len(rows) == 0 {
		return ItemRow{}, kernel.E(kernel.NotFound, "没有编号为 %d 的工作项", id)
	}
	return rows[0], nil
}

// pageSize is how many rows a long list shows at once.
const pageSize = 200

// ItemPage is one page of a long list; Next is the key to ask for the next one with, or "".
type ItemPage struct {
	Rows []ItemRow
	Next string
}

// OpenItems lists open work items by due day, page by page: after is the Next of the page before.
func (s *Service) OpenItems(ctx context.Context, campaignID int64, after string) (ItemPage, error) {
	day, id := cutKey(after)
	rows, err := items(ctx, s.db.Reader(), `WHERE w.campaign_id = ? AND w.done_on = '' AND (w.due_day > ? OR (w.due_day = ? AND w.id > ?))
		ORDER BY w.due_day, w.id LIMIT ?`, campaignID, day, day, id, pageSize+1)
	if err != nil {
		return ItemPage{}, err
	}
	p := ItemPage{Rows: rows}
	if len(rows) > pageSize {
		p.Rows = rows[:pageSize]
		last := p.Rows[pageSize-1]
		p.Next = fmt.Sprintf("%s.%d", last.DueDay, last.ID)
	}
	return p, nil
}

func cutKey(key string) (kernel.Date, int64) {
	var id int64
	if len(key) < 12 {
		return "", 0
	}
	if _, err := fmt.Sscanf(key[11:], "%d", &id); err != nil {
		return "", 0
	}
	return kernel.Date(key[:10]), id
}

// GanttLimit is how many work items one timetable shows.
const GanttLimit = 2000

// GanttItems lists the work items of the whole campaign by task and start, at most GanttLimit.
func (s *Service) GanttItems(ctx context.Context, campaignID int64) ([]ItemRow, error) {
	return items(ctx, s.db.Reader(), "WHERE w.campaign_id = ? AND t.gone_on = '' ORDER BY t.position, w.start_day, w.due_day, w.id LIMIT ?", campaignID, GanttLimit)
}

// MilestonesOf lists the milestones of some work items, by item.
func (s *Service) MilestonesOf(ctx context.Context, campaignID, taskID int64) (map[int64][]Milestone, error) {
	var rows []Milestone
	err := s.db.Reader().NewSelect().Model(&rows).Where("m.campaign_id = ?", campaignID).
		Where("m.work_item_id IN (SELECT id FROM work_items WHERE campaign_id = ? AND task_id = ?)", campaignID, taskID).
		Order("m.due_day", "m.id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("milestones: %w", err)
	}
	byItem := map[int64][]Milestone{}
	for _, m := range rows {
		byItem[m.WorkItemID] = append(byItem[m.WorkItemID], m)
	}
	return byItem, nil
}

// Progress is how the work items of one task stand on a day.
type Progress struct {
	TaskID int64
	Total  int
	Done   int
	Late   int // open and past the due day
	Soon   int // open and due within a week
}

// Light is the state of a task as people speak of it.
func (p Progress) Light() Light { return lightOf(p.Total, p.Done, p.Late, p.Soon) }

// Plus adds two counts.
func (p Progress) Plus(q Progress) Progress {
	return Progress{Total: p.Total + q.Total, Done: p.Done + q.Done, Late: p.Late + q.Late, Soon: p.Soon + q.Soon}
}

// ProgressOn counts work items by task as of a day.
func (s *Service) ProgressOn(ctx context.Context, campaignID int64, today kernel.Date) (map[int64]Progress, error) {
	var rows []Progress
	err := s.db.Reader().NewRaw(`
		SELECT task_id, count(*) AS total,
		       sum(CASE WHEN done_on <> '' THEN 1 ELSE 0 END) AS done,
		       sum(CASE WHEN done_on = '' AND due_day < ? THEN 1 ELSE 0 END) AS late,
		       sum(CASE WHEN done_on = '' AND due_day >= ? AND due_day <= ? THEN 1 ELSE 0 END) AS soon
		FROM work_items WHERE campaign_id = ? GROUP BY task_id`, today, today, today.AddDays(SoonDays), campaignID).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("progress: %w", err)
	}
	byTask := map[int64]Progress{}
	for _, r := range rows {
		byTask[r.TaskID] = r
	}
	return byTask, nil
}

func workItem(ctx context.Context, tx db.Tx, campaignID, id int64) (WorkItem, error) {
	var rows []WorkItem
	if err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", campaignID).Where("id = ?", id).Scan(ctx); err != nil {
		return WorkItem{}, fmt.Errorf("work item %d: %w", id, err)
	}
	if len(rows) == 0 {
		return WorkItem{}, kernel.E(kernel.NotFound, "没有编号为 %d 的工作项", id)
	}
	return rows[0], nil
}

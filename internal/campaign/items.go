package campaign

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/roster"
)

// ItemRow is a work item with the names it stands for.
type ItemRow struct {
	WorkItem `bun:",extend"`

	TaskName     string
	TaskPath     string
	TaskPosition int
	UnitName     string `bun:"-"`
	PersonName   string `bun:"-"`
}

const itemColumns = `SELECT w.id, w.campaign_id, w.task_id, w.title, w.unit_id, w.person_id, w.site, w.start_day, w.due_day, w.done_on,
	w.done_note, w.revision, w.created_at, t.name AS task_name, t.path AS task_path, t.position AS task_position
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

// ItemsOfUnit lists the work items given to a unit, open ones first, page by page.
func (s *Service) ItemsOfUnit(ctx context.Context, campaignID, unitID int64, after string) (ItemPage, error) {
	return s.itemsGiven(ctx, campaignID, "w.unit_id", unitID, after)
}

// ItemsOfPerson lists the work items given to a person, open ones first, page by page.
func (s *Service) ItemsOfPerson(ctx context.Context, campaignID, personID int64, after string) (ItemPage, error) {
	return s.itemsGiven(ctx, campaignID, "w.person_id", personID, after)
}

func (s *Service) itemsGiven(ctx context.Context, campaignID int64, column string, to int64, after string) (ItemPage, error) {
	const closed = "CASE w.done_on WHEN '' THEN 0 ELSE 1 END"
	k := cutKey(after)
	rows, err := items(ctx, s.db.Reader(), "WHERE w.campaign_id = ? AND "+column+" = ? AND ("+closed+`, w.due_day, w.id) > (?, ?, ?)
		ORDER BY `+closed+", w.due_day, w.id LIMIT ?", campaignID, to, k.group, k.due, k.id, pageSize+1)
	return pageOf(rows, func(w ItemRow) key { return key{min(1, int64(len(w.DoneOn))), "", w.DueDay, w.ID} }), err
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
const pageSize = 100

// ItemPage is one page of a long list; Next is the key to ask for the next one with, or "".
type ItemPage struct {
	Rows []ItemRow
	Next string
}

// OpenItems lists open work items by due day, page by page: after is the Next of the page before.
func (s *Service) OpenItems(ctx context.Context, campaignID int64, after string) (ItemPage, error) {
	k := cutKey(after)
	rows, err := items(ctx, s.db.Reader(), `WHERE w.campaign_id = ? AND w.done_on = '' AND (w.due_day, w.id) > (?, ?)
		ORDER BY w.due_day, w.id LIMIT ?`, campaignID, k.due, k.id, pageSize+1)
	return pageOf(rows, func(w ItemRow) key { return key{0, "", w.DueDay, w.ID} }), err
}

// FirstDue lists the open work items that are due first, at most n.
func (s *Service) FirstDue(ctx context.Context, campaignID int64, n int) ([]ItemRow, error) {
	return items(ctx, s.db.Reader(), "WHERE w.campaign_id = ? AND w.done_on = '' ORDER BY w.due_day, w.id LIMIT ?", campaignID, n)
}

// ItemsByTask lists the work items of the campaign by task and start, page by page; of one task only, unless
// taskID is 0. Items of tasks that a revision took away are left out of the whole list.
func (s *Service) ItemsByTask(ctx context.Context, campaignID, taskID int64, after string) (ItemPage, error) {
	k := cutKey(after)
	query := `WHERE w.campaign_id = ? AND t.gone_on = '' AND (w.task_id, w.start_day, w.due_day, w.id) > (?, ?, ?, ?)
		ORDER BY w.task_id, w.start_day, w.due_day, w.id LIMIT ?`
	if taskID != 0 {
		k.group = taskID
		query = `WHERE w.campaign_id = ? AND w.task_id = ? AND (w.start_day, w.due_day, w.id) > (?, ?, ?)
		ORDER BY w.start_day, w.due_day, w.id LIMIT ?`
	}
	rows, err := items(ctx, s.db.Reader(), query, campaignID, k.group, k.start, k.due, k.id, pageSize+1)
	return pageOf(rows, func(w ItemRow) key { return key{w.TaskID, w.StartDay, w.DueDay, w.ID} }), err
}

// key is a place in a list of work items: each list orders by some of its parts.
type key struct {
	group      int64 // the task, or whether it is done
	start, due kernel.Date
	id         int64
}

func (k key) String() string { return fmt.Sprintf("%d_%s_%s_%d", k.group, k.start, k.due, k.id) }

// cutKey reads a key; what is none stands before everything.
func cutKey(text string) key {
	first := key{group: -1}
	parts := strings.Split(text, "_")
	if len(parts) != 4 {
		return first
	}
	group, err1 := strconv.ParseInt(parts[0], 10, 64)
	id, err2 := strconv.ParseInt(parts[3], 10, 64)
	if err1 != nil || err2 != nil {
		return first
	}
	return key{group, kernel.Date(parts[1]), kernel.Date(parts[2]), id}
}

// pageOf cuts off the row that was only read to know whether there are more.
func pageOf(rows []ItemRow, at func(ItemRow) key) ItemPage {
	if len(rows) <= pageSize {
		return ItemPage{Rows: rows}
	}
	rows = rows[:pageSize]
	return ItemPage{Rows: rows, Next: at(rows[pageSize-1]).String()}
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
	return s.progress(ctx, campaignID, 0, today)
}

// ProgressOfTask is ProgressOn for one task.
func (s *Service) ProgressOfTask(ctx context.Context, campaignID, taskID int64, today kernel.Date) (map[int64]Progress, error) {
	return s.progress(ctx, campaignID, taskID, today)
}

func (s *Service) progress(ctx context.Context, campaignID, only int64, today kernel.Date) (map[int64]Progress, error) {
	where, args := "campaign_id = ?", []any{today, today, today.AddDays(SoonDays), campaignID}
	if only != 0 {
		where, args = where+" AND task_id = ?", append(args, only)
	}
	var rows []Progress
	err := s.db.Reader().NewRaw(`
		SELECT task_id, count(*) AS total,
		       sum(CASE WHEN done_on <> '' THEN 1 ELSE 0 END) AS done,
		       sum(CASE WHEN done_on = '' AND due_day < ? THEN 1 ELSE 0 END) AS late,
		       sum(CASE WHEN done_on = '' AND due_day >= ? AND due_day <= ? THEN 1 ELSE 0 END) AS soon
		FROM work_items WHERE `+where+` GROUP BY task_id`, args...).Scan(ctx, &rows)
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

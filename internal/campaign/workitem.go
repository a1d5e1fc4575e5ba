package campaign

import (
	"context"
	"fmt"
	"strings"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/roster"
)

// WorkItemInput is a work item as somebody writes it down: unit and person by name.
type WorkItemInput struct {
	Title  string
	Unit   string // as the campaign names it; "" for none
	Person string // 董凤妮, or 董凤妮（市卫健委） where two bear the name; "" for none
	Site   string
	Start  string // 2023-07-01
	Due    string
}

// AddWorkItems breaks a task into work items, all or none. Errors name the line where there are several.
func (s *Service) AddWorkItems(ctx context.Context, campaignID, taskID int64, inputs []WorkItemInput) error {
	return s.db.Write(ctx, func(tx db.Tx) error {
		if err := s.mayPlan(ctx, tx, campaignID, taskID); err != nil {
			return err
		}
		rows := make([]WorkItem, 0, len(inputs))
		for i, in := range inputs {
			w := WorkItem{CampaignID: campaignID, TaskID: taskID, CreatedAt: s.clock.Now()}
			if err := fill(ctx, tx, &w, in); err != nil {
				if len(inputs) > 1 {
					return kernel.E(kernel.CodeOf(err), "第 %d 行：%s", i+1, kernel.MessageOf(err)).On("lines").Because(err)
				}
				return err
			}
			rows = append(rows, w)
		}
		if err := db.InsertAll(ctx, tx, rows); err != nil {
			return err
		}
		var events []ledger.Event
		for _, w := range rows {
			events = append(events, itemEvent(w, "added"), taskEvent(w, "work_item_added"))
		}
		return ledger.Append(ctx, tx, ledger.At(s.clock.Now(), events...)...)
	})
}

// ChangeWorkItem rewrites an open work item. revision is what the form showed; it fails with conflict
// if somebody changed the item meanwhile, or if it is done.
func (s *Service) ChangeWorkItem(ctx context.Context, campaignID, id int64, revision int, in WorkItemInput) error {
	return s.db.Write(ctx, func(tx db.Tx) error {
		w, err := workItem(ctx, tx, campaignID, id)
		if err != nil {
			return err
		}
		if err := s.mayPlan(ctx, tx, campaignID, w.TaskID); err != nil {
			return err
		}
		if w.Revision != revision {
			return kernel.E(kernel.Conflict, "这个工作项刚被别人改过，您的修改没有存。请刷新后再改")
		}
		if w.DoneOn != "" {
			return kernel.E(kernel.Conflict, "这个工作项已经办结，要改请先撤销办结")
		}
		before := w
		if err := fill(ctx, tx, &w, in); err != nil {
			return err
		}
		w.Revision++
		if err := store(ctx, tx, w); err != nil {
			return err
		}
		e := itemEvent(w, "changed")
		e.Data = map[string]any{"title": w.Title, "due": w.DueDay, "due_before": before.DueDay, "title_before": before.Title}
		return ledger.Append(ctx, tx, ledger.At(s.clock.Now(), e)...)
	})
}

// FinishWorkItem marks a work item as done, with a note of what was done.
// Finishing one that is done already changes nothing.
func (s *Service) FinishWorkItem(ctx context.Context, campaignID, id int64, note string) error {
	return s.stepItem(ctx, campaignID, id, "done", func(w *WorkItem) (bool, error) {
		if w.DoneOn != "" {
			return false, nil
		}
		if note = strings.TrimSpace(note); note == "" {
			return false, kernel.E(kernel.Invalid, "请写一句完成情况，例如“12 处市场标志已更换”").On("note")
		}
		w.DoneOn, w.DoneNote = s.clock.Today(), note
		return true, nil
	})
}

// ReopenWorkItem takes the done mark back.
func (s *Service) ReopenWorkItem(ctx context.Context, campaignID, id int64) error {
	return s.stepItem(ctx, campaignID, id, "reopened", func(w *WorkItem) (bool, error) {
		was := w.DoneOn != ""
		w.DoneOn, w.DoneNote = "", ""
		return was, nil
	})
}

func (s *Service) stepItem(ctx context.Context, campaignID, id int64, verb string, step func(*WorkItem) (bool, error)) error {
	return s.db.Write(ctx, func(tx db.Tx) error {
		w, err := s.mayFinish(ctx, tx, campaignID, id)
		if err != nil {
			return err
		}
		changed, err := step(&w)
		if err != nil || !changed {
			return err
		}
		w.Revision++
		if err := store(ctx, tx, w); err != nil {
			return err
		}
		e := itemEvent(w, verb)
		e.Data = map[string]any{"title": w.Title, "due": w.DueDay, "note": w.DoneNote}
		return ledger.Append(ctx, tx, ledger.At(s.clock.Now(), e, taskEvent(w, "item_"+verb))...)
	})
}

// AddMilestone sets a day within a work item by which something must stand.
func (s *Service) AddMilestone(ctx context.Context, campaignID, itemID int64, name, due string) error {
	name = strings.TrimSpace(name)
	if name == "" {
		return kernel.E(kernel.Invalid, "请写节点名称，例如“完成招标”").On("name")
	}
	on, err := kernel.ParseDate(due)
	if err != nil {
		return kernel.E(kernel.Invalid, "请选节点的日期").On("due")
	}
	return s.db.Write(ctx, func(tx db.Tx) error {
		w, err := workItem(ctx, tx, campaignID, itemID)
		if err != nil {
			return err
		}
		if err := s.mayPlan(ctx, tx, campaignID, w.TaskID); err != nil {
			return err
		}
		if on > w.DueDay || (w.StartDay != "" && on < w.StartDay) {
			return kernel.E(kernel.Invalid, "节点日期要在工作项的起止之间（%s—%s）", w.StartDay.Chinese(), w.DueDay.Chinese()).On("due")
		}
		rows := []Milestone{{CampaignID: campaignID, WorkItemID: itemID, Name: name, DueDay: on}}
		if err := db.InsertAll(ctx, tx, rows); err != nil {
			return err
		}
		e := itemEvent(w, "milestone_added")
		e.Data = map[string]any{"name": name, "due": on}
		return ledger.Append(ctx, tx, ledger.At(s.clock.Now(), e)...)
	})
}

// FinishMilestone marks a milestone as reached and returns the work item it belongs to.
func (s *Service) FinishMilestone(ctx context.Context, campaignID, id int64, note string) (itemID int64, err error) {
	err = s.db.Write(ctx, func(tx db.Tx) error {
		var rows []Milestone
		if err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", campaignID).Where("id = ?", id).Scan(ctx); err != nil {
			return fmt.Errorf("milestone %d: %w", id, err)
		}
		if len(rows) == 0 {
			return kernel.E(kernel.NotFound, "没有编号为 %d 的节点", id)
		}
		itemID = rows[0].WorkItemID
		w, err := s.mayFinish(ctx, tx, campaignID, rows[0].WorkItemID)
		if err != nil || rows[0].DoneOn != "" {
			return err
		}
		if _, err := tx.NewRaw(`UPDATE milestones SET done_on = ?, done_note = ? WHERE campaign_id = ? AND id = ?`,
			s.clock.Today(), strings.TrimSpace(note), campaignID, id).Exec(ctx); err != nil {
			return fmt.Errorf("milestone %d: %w", id, err)
		}
		e := itemEvent(w, "milestone_done")
		e.Data = map[string]any{"name": rows[0].Name}
		return ledger.Append(ctx, tx, ledger.At(s.clock.Now(), e)...)
	})
	return itemID, err
}

// mayPlan allows breaking a task of the campaign into work.
func (s *Service) mayPlan(ctx context.Context, tx db.Tx, campaignID, taskID int64) error {
	v, err := s.see(ctx, tx, campaignID)
	if err != nil {
		return err
	}
	if _, err := taskByID(ctx, tx, campaignID, taskID); err != nil {
		return err
	}
	leadUnits, err := leadUnitIDs(ctx, tx, campaignID, taskID)
	if err != nil {
		return err
	}
	if !v.MayPlanWork(leadUnits) {
		return kernel.E(kernel.Forbidden, "工作项由办公室或这项任务的牵头单位安排")
	}
	return nil
}

func (s *Service) mayFinish(ctx context.Context, tx db.Tx, campaignID, itemID int64) (WorkItem, error) {
	v, err := s.see(ctx, tx, campaignID)
	if err != nil {
		return WorkItem{}, err
	}
	w, err := workItem(ctx, tx, campaignID, itemID)
	if err != nil {
		return w, err
	}
	leadUnits, err := leadUnitIDs(ctx, tx, campaignID, w.TaskID)
	if err != nil {
		return w, err
	}
	if !v.MayFinish(w, leadUnits) {
		return w, kernel.E(kernel.Forbidden, "只有责任单位、责任人、牵头单位和办公室可以办结这一项")
	}
	return w, nil
}

// fill checks an input and writes it into a work item.
func fill(ctx context.Context, tx db.Tx, w *WorkItem, in WorkItemInput) error {
	w.Title, w.Site = strings.TrimSpace(in.Title), strings.TrimSpace(in.Site)
	if w.Title == "" {
		return kernel.E(kernel.Invalid, "请写工作项内容").On("title")
	}
	if len([]rune(w.Title)) > 200 {
		return kernel.E(kernel.Invalid, "工作项内容最多 200 字，细节写到完成情况里").On("title")
	}
	if err := fillDays(w, in); err != nil {
		return err
	}
	return fillAssignees(ctx, tx, w, in)
}

func fillDays(w *WorkItem, in WorkItemInput) error {
	due, err := kernel.ParseDate(strings.TrimSpace(in.Due))
	if err != nil {
		return kernel.E(kernel.Invalid, "请写完成日期，如 2023-09-30").On("due")
	}
	w.DueDay, w.StartDay = due, ""
	if start := strings.TrimSpace(in.Start); start != "" {
		if w.StartDay, err = kernel.ParseDate(start); err != nil {
			return kernel.E(kernel.Invalid, "“%s”不是日期，请写成 2023-07-01 这样", start).On("start")
		}
	}
	if w.StartDay > w.DueDay {
		return kernel.E(kernel.Invalid, "开始日期 %s 晚于完成日期 %s", w.StartDay.Chinese(), w.DueDay.Chinese()).On("start")
	}
	return nil
}

func fillAssignees(ctx context.Context, tx db.Tx, w *WorkItem, in WorkItemInput) error {
	w.UnitID, w.PersonID = 0, 0
	if name := strings.TrimSpace(in.Unit); name != "" {
		u, err := unitCalled(ctx, tx, w.CampaignID, name)
		if err != nil {
			return err
		}
		w.UnitID = u.ID
	}
	name := strings.TrimSpace(in.Person)
	if name == "" {
		return nil
	}
	p, err := roster.PersonCalled(ctx, tx, w.CampaignID, name)
	if err != nil {
		return err
	}
	w.PersonID = p.ID
	if w.UnitID == 0 {
		w.UnitID = p.UnitID
	}
	return nil
}

// unitCalled finds a unit that the plan names in a roster or at a task; it fails with invalid for every other,
// so that a slip of the pen makes no unit.
func unitCalled(ctx context.Context, tx db.Tx, campaignID int64, name string) (roster.Unit, error) {
	u, err := roster.UnitNamed(ctx, tx, campaignID, name)
	if err != nil || u.ID != 0 {
		return u, err
	}
	ids, err := unitsOfTasks(ctx, tx, campaignID)
	if err != nil {
		return u, err
	}
	if u, err = roster.UnitAmong(ctx, tx, ids, name); err != nil || u.ID != 0 {
		return u, err
	}
	return u, kernel.E(kernel.Invalid, "方案里没有“%s”这个单位，请从下拉里选，或照名单的写法写", name).On("unit")
}

func store(ctx context.Context, tx db.Tx, w WorkItem) error {
	_, err := tx.NewUpdate().Model(&w).ExcludeColumn("id", "campaign_id", "task_id", "created_at").
		Where("campaign_id = ?", w.CampaignID).Where("id = ?", w.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("work item %d: %w", w.ID, err)
	}
	return nil
}

func itemEvent(w WorkItem, verb string) ledger.Event {
	return ledger.Event{CampaignID: w.CampaignID, SubjectKind: "work_item", SubjectID: w.ID, Verb: verb,
		Data: map[string]any{"title": w.Title, "due": w.DueDay}}
}

func taskEvent(w WorkItem, verb string) ledger.Event {
	return ledger.Event{CampaignID: w.CampaignID, SubjectKind: "task", SubjectID: w.TaskID, Verb: verb,
		Data: map[string]any{"title": w.Title, "item": w.ID}}
}

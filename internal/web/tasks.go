package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"pinzhi/internal/campaign"
	"pinzhi/internal/kernel"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"
)

func tasksPage(q *request) error {
	tree, err := q.tree(nil)
	if err != nil {
		return err
	}
	total := 0
	for _, a := range tree {
		total += len(a.Tasks)
	}
	return q.page("任务", views.TasksPage(q.base(), tree, total))
}

func taskPage(q *request) error {
	taskID, err := q.id("t")
	if err != nil {
		return err
	}
	return q.task(taskID, http.StatusOK, nil)
}

// task shows a task; with puts back what a form held that was not taken.
func (q *request) task(taskID int64, status int, with func(*views.TaskPage)) error {
	task, err := q.s.Campaigns.TaskByID(q.ctx(), q.view.ID, taskID)
	if err != nil {
		return err
	}
	bodies, err := roster.Bodies(q.ctx(), q.s.DB.Reader(), q.view.ID)
	if err != nil {
		return err
	}
	v := views.TaskPage{Base: q.base(), Task: views.TaskRow{Task: task}, Today: q.today(), Gone: task.GoneOn}
	if v.Tree, err = q.tree(bodies); err != nil {
		return err
	}
	v.Action = pick(&v)
	v.MayPlan = q.view.MayPlanWork(ids(v.Task.Leads))
	fills := []func(*request, *views.TaskPage) error{fillSource, fillDuties, fillItems, fillPhase, fillNames}
	for _, f := range fills {
		if err := f(q, &v); err != nil {
			return err
		}
	}
	if v.Timeline, err = q.timeline("task", taskID); err != nil {
		return err
	}
	crumbs := []ui.Crumb{{Text: "任务", Href: q.at("/tasks")}}
	if v.Action != nil && v.Action.Name != "" {
		crumbs = append(crumbs, ui.Crumb{Text: v.Action.Short, Href: q.at("/tasks#a%d", v.Action.ID)})
	}
	if with != nil {
		with(&v)
	}
	return q.render(status, v.Task.Title(), views.TaskView(v), append(crumbs, ui.Crumb{Text: task.Number()})...)
}

// pick finds the task in the tree, with its units and progress, and returns its action.
func pick(v *views.TaskPage) *views.ActionRow {
	for i := range v.Tree {
		for _, t := range v.Tree[i].Tasks {
			if t.ID == v.Task.ID {
				v.Task = t
				return &v.Tree[i]
			}
		}
	}
	return nil
}

func ids(units []views.UnitChip) []int64 {
	var out []int64
	for _, u := range units {
		out = append(out, u.ID)
	}
	return out
}

// fillSource shows the task's own lines, with its name marked.
func fillSource(q *request, v *views.TaskPage) error {
	version, p, err := q.s.Campaigns.CurrentPlan(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	lines := strings.Split(version.Source, "\n")
	for n := v.Task.LineFrom; n > 0 && n <= v.Task.LineTo && n <= len(lines); n++ {
		if strings.TrimSpace(lines[n-1]) != "" {
			v.Source = append(v.Source, ui.SourceLine{N: n, Parts: ui.CutLine(lines[n-1], []ui.Snippet{{Text: v.Task.Name}})})
		}
	}
	for i := range v.Source {
		for j := range v.Source[i].Parts {
			if v.Source[i].Parts[j].Text == v.Task.Name {
				v.Source[i].Parts[j].Mark = "read"
			}
		}
	}
	if rule, ok := campaign.FindLeadRule(&p); ok && len(v.Task.Leads) > 0 && v.Task.Leads[0].Derived {
		v.RuleHref = v.Base.PlanAt(rule.Lines[0])
	}
	return nil
}

func fillDuties(q *request, v *views.TaskPage) error {
	if v.Action == nil || v.Action.Body == nil {
		return nil
	}
	duties, err := roster.DutiesInBody(q.ctx(), q.s.DB.Reader(), q.view.ID, v.Action.Body.ID)
	v.Related, v.Others = campaign.RelatedDuties(v.Task.Task, duties)
	return err
}

func fillItems(q *request, v *views.TaskPage) error {
	page, err := q.s.Campaigns.ItemsByTask(q.ctx(), q.view.ID, v.Task.ID, q.FormValue("after"))
	if err != nil {
		return err
	}
	v.Items, v.Next = q.itemViews(page.Rows), page.Next
	v.Months = monthsOf(page.Rows, nil, q.today())
	for _, w := range page.Rows {
		v.Gantt = append(v.Gantt, ganttRow(v.Base, w, v.Months, q.today()))
	}
	return nil
}

func (q *request) itemViews(rows []campaign.ItemRow) []views.ItemView {
	out := make([]views.ItemView, 0, len(rows))
	for _, w := range rows {
		out = append(out, views.ItemView{ItemRow: w, Light: campaign.LightOf(w.WorkItem, q.today())})
	}
	return out
}

func fillPhase(q *request, v *views.TaskPage) error {
	phases, err := q.s.Campaigns.Phases(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	v.PhaseNow = "当前没有处在方案写明的阶段里"
	for _, p := range phaseViews(phases, q.today()) {
		if p.State == "now" {
			v.PhaseNow = strings.TrimSpace(p.Name + "　" + p.Which)
		}
	}
	return nil
}

// fillNames offers the names that the forms know.
func fillNames(q *request, v *views.TaskPage) error {
	if !v.MayPlan {
		return nil
	}
	var err error
	v.Units, v.People, err = q.names()
	return err
}

// names lists the units and people of the campaign as the forms take them.
func (q *request) names() (units, persons []string, err error) {
	rows, err := q.s.Campaigns.Units(q.ctx(), q.view.ID)
	if err != nil {
		return nil, nil, err
	}
	for _, u := range rows {
		units = append(units, u.Name)
	}
	seats, err := roster.SeatsOf(q.ctx(), q.s.DB.Reader(), q.view.ID)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range people(seats, unitNamesOf(seats)) {
		persons = append(persons, fmt.Sprintf("%s（%s）", p.Name, p.Unit))
	}
	return units, persons, nil
}

func addItems(q *request) error {
	taskID, err := q.id("t")
	if err != nil {
		return err
	}
	inputs, lines := []campaign.WorkItemInput{q.itemInput()}, strings.TrimSpace(q.FormValue("lines"))
	if lines != "" {
		inputs, err = parseLines(lines)
	}
	if err == nil {
		err = q.s.Campaigns.AddWorkItems(q.ctx(), q.view.ID, taskID, inputs)
	}
	if err == nil {
		return q.seeOther("%s", q.at("/tasks/%d", taskID))
	}
	problem, ok := refused(err)
	if !ok {
		return err
	}
	return q.task(taskID, statusOf(kernel.CodeOf(err)), func(v *views.TaskPage) {
		if lines != "" {
			v.Lines, v.LinesError = lines, problem
		} else {
			v.Form = views.ItemForm{WorkItemInput: inputs[0], Problem: problem}
		}
	})
}

// refused tells an error that belongs beside its form from one that gets a page of its own.
func refused(err error) (views.Problem, bool) {
	var e *kernel.Error
	if !errors.As(err, &e) {
		return views.Problem{}, false
	}
	switch e.Code {
	case kernel.Invalid, kernel.Conflict, kernel.TooLarge:
		return views.Problem{Message: e.Message, Field: e.Field}, true
	}
	return views.Problem{}, false
}

func (q *request) itemInput() campaign.WorkItemInput {
	return campaign.WorkItemInput{Title: q.FormValue("title"), Unit: q.FormValue("unit"), Person: q.FormValue("person"),
		Site: q.FormValue("site"), Start: q.FormValue("start"), Due: q.FormValue("due")}
}

// maxLines is how many work items one paste may hold.
const maxLines = 500

// parseLines reads rows copied from a spreadsheet: six columns, tab between.
func parseLines(text string) ([]campaign.WorkItemInput, error) {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if len(lines) > maxLines {
		return nil, kernel.E(kernel.TooLarge, "一次最多贴 %d 行，这里有 %d 行，请分几次贴", maxLines, len(lines)).On("lines")
	}
	var out []campaign.WorkItemInput
	for i, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 6 {
			return nil, kernel.E(kernel.Invalid, "第 %d 行有 %d 列，应当是 6 列：工作项、责任单位、责任人、点位、开始、完成时限。没有的列留空，但不能少", i+1, len(cells)).On("lines")
		}
		out = append(out, campaign.WorkItemInput{Title: cells[0], Unit: cells[1], Person: cells[2], Site: cells[3],
			Start: sheetDay(cells[4]), Due: sheetDay(cells[5])})
	}
	return out, nil
}

// sheetDay turns 2023/9/30 and 2023年9月30日, as spreadsheets copy days, into 2023-09-30.
func sheetDay(s string) string {
	var y, m, d int
	for _, format := range []string{"%d/%d/%d", "%d-%d-%d", "%d.%d.%d", "%d年%d月%d日"} {
		if n, _ := fmt.Sscanf(strings.TrimSpace(s), format, &y, &m, &d); n == 3 {
			return fmt.Sprintf("%04d-%02d-%02d", y, m, d)
		}
	}
	return s
}

func openItemsPage(q *request) error {
	page, err := q.s.Campaigns.OpenItems(q.ctx(), q.view.ID, q.FormValue("after"))
	if err != nil {
		return err
	}
	progress, err := q.s.Campaigns.ProgressOn(q.ctx(), q.view.ID, q.today())
	if err != nil {
		return err
	}
	var sum campaign.Progress
	for _, p := range progress {
		sum = sum.Plus(p)
	}
	return q.page("应办工作项", views.OpenItemsPage(q.base(), q.itemViews(page.Rows), page.Next, sum), ui.Crumb{Text: "任务", Href: q.at("/tasks")}, ui.Crumb{Text: "应办工作项"})
}

func itemPage(q *request) error {
	id, err := q.id("i")
	if err != nil {
		return err
	}
	return q.item(id, http.StatusOK, nil)
}

// item shows a work item; with puts back what a form held that was not taken.
func (q *request) item(id int64, status int, with func(*views.ItemPage)) error {
	svc := q.s.Campaigns
	w, err := svc.ItemByID(q.ctx(), q.view.ID, id)
	if err != nil {
		return err
	}
	units, err := svc.UnitsAtTasks(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	milestones, err := svc.MilestonesOf(q.ctx(), q.view.ID, w.TaskID)
	if err != nil {
		return err
	}
	leads, _ := chips(units[w.TaskID])
	v := views.ItemPage{Base: q.base(), Today: q.today(), MayPlan: q.view.MayPlanWork(ids(leads)), Form: views.FormOf(w), Item: views.ItemView{
		ItemRow: w, Light: campaign.LightOf(w.WorkItem, q.today()), Milestones: milestones[id], MayFinish: q.view.MayFinish(w.WorkItem, ids(leads)),
	}}
	if v.MayPlan {
		if v.Units, v.People, err = q.names(); err != nil {
			return err
		}
	}
	if v.Timeline, err = q.timeline("work_item", id); err != nil {
		return err
	}
	if with != nil {
		with(&v)
	}
	return q.render(status, w.Title, views.WorkItemPage(v), ui.Crumb{Text: "任务", Href: q.at("/tasks")},
		ui.Crumb{Text: views.TitleOf(w.TaskName, "", w.TaskPath), Href: q.at("/tasks/%d", w.TaskID)}, ui.Crumb{Text: "工作项"})
}

// onItem does one thing with the work item in the path and shows it again, with what was typed where it was refused.
func (q *request) onItem(do func(id int64) error, back func(*views.ItemPage, views.Problem)) error {
	id, err := q.id("i")
	if err != nil {
		return err
	}
	if err = do(id); err == nil {
		return q.seeOther("%s", q.at("/items/%d", id))
	}
	problem, ok := refused(err)
	if !ok {
		return err
	}
	return q.item(id, statusOf(kernel.CodeOf(err)), func(v *views.ItemPage) {
		v.Typed = map[string]string{"note": q.FormValue("note"), "name": q.FormValue("name"), "due": q.FormValue("due")}
		back(v, problem)
	})
}

func changeItem(q *request) error {
	return q.onItem(func(id int64) error {
		return q.s.Campaigns.ChangeWorkItem(q.ctx(), q.view.ID, id, q.revision(), q.itemInput())
	}, func(v *views.ItemPage, p views.Problem) {
		v.Form = views.ItemForm{WorkItemInput: q.itemInput(), Problem: p, Revision: v.Item.Revision}
	})
}

func finishItem(q *request) error {
	return q.onItem(func(id int64) error {
		return q.s.Campaigns.FinishWorkItem(q.ctx(), q.view.ID, id, q.FormValue("note"))
	}, func(v *views.ItemPage, p views.Problem) { v.Done = p })
}

func reopenItem(q *request) error {
	return q.onItem(func(id int64) error {
		return q.s.Campaigns.ReopenWorkItem(q.ctx(), q.view.ID, id)
	}, func(v *views.ItemPage, p views.Problem) { v.Done = p })
}

func addMilestone(q *request) error {
	return q.onItem(func(id int64) error {
		return q.s.Campaigns.AddMilestone(q.ctx(), q.view.ID, id, q.FormValue("name"), q.FormValue("due"))
	}, func(v *views.ItemPage, p views.Problem) { v.Stone = p })
}

// revision is what the form was filled in on; -1 fits nothing.
func (q *request) revision() int {
	var n int
	if _, err := fmt.Sscanf(q.FormValue("revision"), "%d", &n); err != nil {
		return -1
	}
	return n
}

func finishMilestone(q *request) error {
	id, err := q.id("m")
	if err != nil {
		return err
	}
	itemID, err := q.s.Campaigns.FinishMilestone(q.ctx(), q.view.ID, id, q.FormValue("note"))
	if err != nil {
		return err
	}
	return q.seeOther("%s", q.at("/items/%d", itemID))
}

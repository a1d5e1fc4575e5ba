package campaign

import (
	"context"
	"encoding/json"
	"fmt"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
	"pinzhi/internal/roster"
)

// Export is a campaign without anything that one database would say differently from another:
// no ids, no instants. The same campaign gives the same bytes everywhere.
type Export struct {
	Place          string             `json:"place"`
	Name           string             `json:"name"`
	DocumentNumber string             `json:"document_number"`
	Issuer         string             `json:"issuer"`
	IssuedOn       kernel.Date        `json:"issued_on"`
	PrintedOn      kernel.Date        `json:"printed_on"`
	Drill          bool               `json:"drill"`
	PlanVersion    int                `json:"plan_version"`
	PlanSHA256     string             `json:"plan_sha256"`
	Phases         []exportPhase      `json:"phases"`
	Actions        []exportAction     `json:"actions"`
	Tasks          []exportTask       `json:"tasks"`
	Bodies         []exportBody       `json:"bodies"`
	Obligations    []exportObligation `json:"obligations"`
	Indicators     []exportIndicator  `json:"indicators"`
	Findings       []exportFinding    `json:"findings"`
}

type exportPhase struct {
	Name  string       `json:"name"`
	Start kernel.Month `json:"start"`
	End   kernel.Month `json:"end"`
	Text  string       `json:"text"`
	Lines plan.Lines   `json:"lines"`
}

type exportAction struct {
	Path  string     `json:"path"`
	Name  string     `json:"name"`
	Lines plan.Lines `json:"lines"`
}

type exportTask struct {
	Path     string       `json:"path"`
	Action   string       `json:"action"`
	Name     string       `json:"name"`
	Text     string       `json:"text"`
	Deadline kernel.Date  `json:"deadline"`
	Lines    plan.Lines   `json:"lines"`
	Units    []exportUnit `json:"units"`
	Work     []exportItem `json:"work_items"`
}

type exportUnit struct {
	Unit    string     `json:"unit"`
	Role    string     `json:"role"`
	Printed string     `json:"printed"`
	Derived bool       `json:"derived"`
	Scope   string     `json:"scope"`
	Lines   plan.Lines `json:"lines"`
}

type exportItem struct {
	Title  string      `json:"title"`
	Unit   string      `json:"unit"`
	Person string      `json:"person"`
	Site   string      `json:"site"`
	Start  kernel.Date `json:"start"`
	Due    kernel.Date `json:"due"`
	DoneOn kernel.Date `json:"done_on"`
	Note   string      `json:"note"`
}

type exportBody struct {
	Name         string              `json:"name"`
	Kind         string              `json:"kind"`
	Parent       string              `json:"parent"`
	Lines        plan.Lines          `json:"lines"`
	Appointments []exportAppointment `json:"appointments"`
	Duties       []plan.Duty         `json:"duties"`
}

type exportAppointment struct {
	Role  string     `json:"role"`
	Name  string     `json:"name"`
	Post  string     `json:"post"`
	Unit  string     `json:"unit"`
	Lines plan.Lines `json:"lines"`
}

type exportObligation struct {
	Who     []string   `json:"who"`
	What    string     `json:"what"`
	Cadence string     `json:"cadence"`
	To      string     `json:"to"`
	Lines   plan.Lines `json:"lines"`
}

type exportIndicator struct {
	Path       string     `json:"path"`
	Name       string     `json:"name"`
	Comparator string     `json:"comparator"`
	Value      string     `json:"value"`
	Unit       string     `json:"unit"`
	Lines      plan.Lines `json:"lines"`
}

type exportFinding struct {
	Code     string     `json:"code"`
	Severity string     `json:"severity"`
	Message  string     `json:"message"`
	Answer   string     `json:"answer"`
	Note     string     `json:"note"`
	Lines    plan.Lines `json:"lines"`
}

// Export writes the campaign as JSON, from one consistent view of the database.
func (s *Service) Export(ctx context.Context, campaignID int64) ([]byte, error) {
	v, err := s.See(ctx, campaignID)
	if err != nil {
		return nil, err
	}
	var e Export
	err = s.db.Snapshot(ctx, func(tx db.Tx) error {
		var err error
		e, err = export(ctx, tx, v.Campaign)
		return err
	})
	if err != nil {
		return nil, err
	}
	out, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return append(out, '\n'), nil
}

func export(ctx context.Context, tx db.Tx, c Campaign) (Export, error) {
	e := Export{Place: c.Place, Name: c.Name, DocumentNumber: c.DocumentNumber, Issuer: c.Issuer, IssuedOn: c.IssuedOn,
		PrintedOn: c.PrintedOn, Drill: c.Drill, PlanVersion: c.PlanVersion, Phases: []exportPhase{}, Actions: []exportAction{},
		Tasks: []exportTask{}, Bodies: []exportBody{}, Obligations: []exportObligation{}, Indicators: []exportIndicator{}, Findings: []exportFinding{}}
	version, _, err := currentPlan(ctx, tx, c.ID)
	if err != nil {
		return e, err
	}
	e.PlanSHA256 = version.SHA256
	for _, part := range []func(context.Context, db.Tx, int64, *Export) error{exportPlanParts, exportTasks, exportBodies, exportMeasures} {
		if err := part(ctx, tx, c.ID, &e); err != nil {
			return e, err
		}
	}
	return e, nil
}

func exportPlanParts(ctx context.Context, tx db.Tx, id int64, e *Export) error {
	phases, err := listLiving[Phase](ctx, tx, id)
	if err != nil {
		return err
	}
	for _, p := range phases {
		e.Phases = append(e.Phases, exportPhase{p.Name, p.StartMonth, p.EndMonth, p.Text, p.Lines()})
	}
	actions, err := listLiving[Action](ctx, tx, id)
	for _, a := range actions {
		e.Actions = append(e.Actions, exportAction{a.Path, a.Name, a.Lines()})
	}
	return err
}

func exportTasks(ctx context.Context, tx db.Tx, id int64, e *Export) error {
	tasks, err := listLiving[Task](ctx, tx, id)
	if err != nil {
		return err
	}
	units, err := unitsAtTasks(ctx, tx, id)
	if err != nil {
		return err
	}
	work, err := items(ctx, tx, "WHERE w.campaign_id = ? ORDER BY w.task_id, w.id", id)
	if err != nil {
		return err
	}
	actions, err := listLiving[Action](ctx, tx, id)
	if err != nil {
		return err
	}
	paths := map[int64]string{}
	for _, a := range actions {
		paths[a.ID] = a.Path
	}
	byTask := map[int64][]exportItem{}
	for _, w := range work {
		byTask[w.TaskID] = append(byTask[w.TaskID], exportItem{w.Title, w.UnitName, w.PersonName, w.Site, w.StartDay, w.DueDay, w.DoneOn, w.DoneNote})
	}
	for _, t := range tasks {
		x := exportTask{Path: t.Path, Action: paths[t.ActionID], Name: t.Name, Text: t.Text, Deadline: t.Deadline, Lines: t.Lines(),
			Units: []exportUnit{}, Work: append([]exportItem{}, byTask[t.ID]...)}
		for _, u := range units[t.ID] {
			x.Units = append(x.Units, exportUnit{u.UnitName, u.Role, u.Printed, u.Derived, u.Scope, u.Lines()})
		}
		e.Tasks = append(e.Tasks, x)
	}
	return nil
}

func exportBodies(ctx context.Context, tx db.Tx, id int64, e *Export) error {
	bodies, err := roster.Bodies(ctx, tx, id)
	if err != nil {
		return err
	}
	seats, err := roster.SeatsOf(ctx, tx, id)
	if err != nil {
		return err
	}
	duties, err := roster.DutiesOf(ctx, tx, id)
	if err != nil {
		return err
	}
	names, at := map[int64]string{}, map[int64]int{}
	for i, b := range bodies {
		names[b.ID], at[b.ID] = b.Name, i
		e.Bodies = append(e.Bodies, exportBody{Name: b.Name, Kind: b.Kind, Parent: names[b.ParentID], Lines: b.Lines(),
			Appointments: []exportAppointment{}, Duties: []plan.Duty{}})
	}
	for _, s := range seats {
		b := &e.Bodies[at[s.BodyID]]
		b.Appointments = append(b.Appointments, exportAppointment{s.Role, s.PersonName, s.Post, s.UnitName, s.Lines()})
	}
	for _, d := range duties {
		b := &e.Bodies[at[d.BodyID]]
		b.Duties = append(b.Duties, plan.Duty{Number: d.Number, Text: d.Text, Lines: d.Lines()})
	}
	return nil
}

func exportMeasures(ctx context.Context, tx db.Tx, id int64, e *Export) error {
	obligations, err := listLiving[Obligation](ctx, tx, id)
	if err != nil {
		return err
	}
	for _, o := range obligations {
		e.Obligations = append(e.Obligations, exportObligation{o.Who, o.What, o.Cadence, o.Receiver, o.Lines()})
	}
	indicators, err := listLiving[Indicator](ctx, tx, id)
	if err != nil {
		return err
	}
	for _, i := range indicators {
		e.Indicators = append(e.Indicators, exportIndicator{i.Path, i.Name, i.Comparator, i.Value, i.Unit, i.Lines()})
	}
	findings, err := findingsOf(ctx, tx, id)
	for _, f := range findings {
		e.Findings = append(e.Findings, exportFinding{f.Code, f.Severity, f.Message, f.Answer, f.Note, f.Lines()})
	}
	return err
}

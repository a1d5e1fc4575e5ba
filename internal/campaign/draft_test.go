package campaign_test

import (
	"strings"
	"testing"

	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/plan"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/webtest"

	"github.com/google/go-cmp/cmp"
)

func edit(op, kind string, at []int, fields ...string) campaign.Edit {
	e := campaign.Edit{Op: op, Kind: kind, At: at, Fields: map[string]string{}}
	for i := 0; i+1 < len(fields); i += 2 {
		e.Fields[fields[i]] = fields[i+1]
	}
	return e
}

func linfenPlan(t *testing.T) plan.Plan {
	t.Helper()
	return webtest.Reading(t, linfen).Reading.Plan
}

func TestCorrect_LeavesTheFirstReadingAsItWas(t *testing.T) {
	first, again := linfenPlan(t), linfenPlan(t)
	edits := []campaign.Edit{
		edit("set", "task", []int{0}, "name", "健全网络", "lead_units", "市卫健委，市教育局、市卫健委"),
		edit("set", "appointment", []int{0, 1}, "post", "副市长", "unit", "市人民政府"),
		edit("remove", "appointment", []int{0, 0}),
		edit("add", "duty", []int{1, 4}, "text", "办理交办事项"),
		edit("set", "phase", []int{1}, "start", "2023-08", "end", ""),
		edit("merge", "task", []int{1}),
		edit("answer", "finding", []int{0}, "answer", "kept"),
		edit("set", "plan", nil, "printed_on", "2023-06-30"),
		edit("add", "body", []int{9}, "name", "信息组", "kind", "work_group"),
		edit("add", "appointment", []int{10, -1}, "role", "组长", "name", "甲乙", "post", "副市长"),
		edit("add", "obligation", []int{-1}, "what", "报进度", "who", "各单位", "cadence", "weekly", "to", "办公室"),
		edit("add", "indicator", []int{-1}, "name", "满意度", "comparator", ">=", "value", "90", "unit", "%"),
	}
	r, err := campaign.Correct(first, edits)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(again, first); diff != "" {
		t.Error("the first reading changed:", diff)
	}
	got := r.Plan
	if got.Tasks[0].Name != "健全网络" || strings.Join(got.Tasks[0].LeadUnits, "、") != "市卫健委、市教育局" || len(got.Tasks) != 26 {
		t.Errorf("task %+v", got.Tasks[0])
	}
	if !strings.Contains(got.Tasks[0].Text, "广泛开展全民健身活动。") || got.Tasks[0].Lines[1] != first.Tasks[1].Lines[1] {
		t.Error("merged text or lines:", got.Tasks[0].Lines, got.Tasks[0].Text)
	}
	if len(got.Bodies[0].Appointments) != 44 || len(got.Bodies[1].Duties) != 6 || got.Phases[1].Start != "2023-08" || got.Phases[1].End != "" {
		t.Errorf("%d %d %+v", len(got.Bodies[0].Appointments), len(got.Bodies[1].Duties), got.Phases[1])
	}
	if b := got.Bodies[10]; b.Name != "信息组" || len(b.Appointments) != 1 || b.Appointments[0].Name != "甲乙" || got.Obligations[0].To != "办公室" || got.Indicators[0].Value != "90" {
		t.Errorf("added: %+v %+v %+v", b, got.Obligations[0], got.Indicators[0])
	}
	if r.Answers[0].Answer != "kept" || got.PrintedOn != "2023-06-30" {
		t.Errorf("%+v %s", r.Answers, got.PrintedOn)
	}
}

func TestCorrect_SplitCutsATaskWhereTheWordsBegin(t *testing.T) {
	first := linfenPlan(t)
	text := first.Tasks[4].Text
	r, err := campaign.Correct(first, []campaign.Edit{edit("split", "task", []int{4}, "from", "城市河道湖泊", "name", "整治河湖水面")})
	if err != nil {
		t.Fatal(err)
	}
	a, b := r.Plan.Tasks[4], r.Plan.Tasks[5]
	if len(r.Plan.Tasks) != 28 || b.Name != "整治河湖水面" || a.Text+b.Text != text || !strings.HasPrefix(b.Text, "城市河道湖泊") || a.Path == b.Path {
		t.Errorf("%s %q | %s %q", a.Path, a.Text, b.Path, b.Text)
	}
}

func TestCorrect_RefusesWhatDoesNotFitAndSaysWhere(t *testing.T) {
	first := linfenPlan(t)
	for _, c := range []struct {
		e     campaign.Edit
		code  kernel.Code
		field string
	}{
		{edit("set", "task", []int{99}, "name", "x"), kernel.Conflict, ""},
		{edit("set", "task", []int{0}, "name", "  "), kernel.Invalid, "name"},
		{edit("set", "task", []int{0}, "deadline", "2023-13-01"), kernel.Invalid, "deadline"},
		{edit("set", "task", []int{0}, "id", "7"), kernel.Invalid, "id"},
		{edit("set", "phase", []int{0}, "start", "2023年6月"), kernel.Invalid, "start"},
		{edit("set", "body", []int{0}, "kind", "club"), kernel.Invalid, "kind"},
		{edit("split", "task", []int{0}, "from", "没有这句", "name", "x"), kernel.Invalid, "from"},
		{edit("merge", "task", []int{0}), kernel.Invalid, ""},
		{edit("remove", "appointment", []int{0, -1}), kernel.Conflict, ""},
		{edit("add", "task", []int{-2}, "name", "x"), kernel.Conflict, ""},
		{edit("drop", "task", []int{0}), kernel.Invalid, ""},
		{edit("answer", "finding", []int{0}, "answer", "maybe"), kernel.Invalid, "answer"},
	} {
		_, err := campaign.Correct(first, []campaign.Edit{c.e})
		var e *kernel.Error
		if kernel.CodeOf(err) != c.code {
			t.Errorf("%+v: %v", c.e, err)
		} else if asError(err, &e); e.Field != c.field {
			t.Errorf("%+v: field %q", c.e, e.Field)
		}
	}
}

func asError(err error, to **kernel.Error) {
	*to, _ = err.(*kernel.Error) //nolint:errorlint // the edit's own error, not wrapped
}

func startDraft(t *testing.T, svc *campaign.Service, campaignID int64, path string, change func(*campaign.Opening)) *campaign.Draft {
	t.Helper()
	o := webtest.Reading(t, path)
	if change != nil {
		change(&o)
	}
	id, err := svc.StartDraft(webtest.System(), campaign.Upload{CampaignID: campaignID, Source: o.Source, Original: o.Original, Plan: &o.Reading.Plan})
	if err != nil {
		t.Fatal(err)
	}
	d, err := svc.DraftByID(webtest.System(), id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDraft_CorrectedUndoneAndOpenedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		svc := campaign.New(d, clock())
		ctx := webtest.System()
		draft := startDraft(t, svc, 0, linfen, nil)
		for i, e := range []campaign.Edit{edit("set", "task", []int{0}, "name", "错改"), edit("set", "task", []int{1}, "name", "全民健身")} {
			if err := svc.CorrectDraft(ctx, draft.ID, i, e); err != nil {
				t.Fatal(err)
			}
		}
		if err := svc.CorrectDraft(ctx, draft.ID, 1, edit("set", "task", []int{2}, "name", "x")); kernel.CodeOf(err) != kernel.Conflict {
			t.Errorf("a correction on an old screen: %v", err)
		}
		if err := svc.CorrectDraft(ctx, draft.ID, 2, edit("set", "task", []int{0}, "name", "")); kernel.CodeOf(err) != kernel.Invalid {
			t.Errorf("an empty name: %v", err)
		}
		if err := svc.UndoDraft(ctx, draft.ID, 2); err != nil {
			t.Fatal(err)
		}
		if err := svc.AcceptAll(ctx, draft.ID, 3); err != nil {
			t.Fatal(err)
		}
		id, err := svc.OpenDraft(ctx, draft.ID, 4)
		if err != nil {
			t.Fatal(err)
		}
		again, err := svc.OpenDraft(ctx, draft.ID, 4)
		if err != nil || again != id {
			t.Errorf("opened again: %d, %v", again, err)
		}
		tasks, err := svc.Tasks(ctx, id)
		if err != nil || tasks[0].Name != "错改" || tasks[1].Name != "广泛开展全民健身活动" {
			t.Errorf("tasks %q %q, %v", tasks[0].Name, tasks[1].Name, err)
		}
		findings, err := svc.Findings(ctx, id)
		if err != nil || len(findings) == 0 {
			t.Fatal(len(findings), err)
		}
		for _, f := range findings {
			if f.Severity != plan.Info && f.Answer != "accepted" {
				t.Errorf("finding %+v", f)
			}
		}
		if err := svc.CorrectDraft(ctx, draft.ID, 4, edit("set", "task", []int{0}, "name", "x")); kernel.CodeOf(err) != kernel.Conflict {
			t.Errorf("a correction after the opening: %v", err)
		}
	})
}

// revised is Linfen's plan with a task renamed, one gone, a man replaced, a post changed, a duty changed and a body gone.
func revised(o *campaign.Opening) {
	p := &o.Reading.Plan
	p.Tasks[0].Name = "健全健康教育工作网络"
	p.Tasks = append(p.Tasks[:2:2], p.Tasks[3:]...)
	p.Tasks[len(p.Tasks)-1].LeadUnits = []string{"市交通运输局"}
	lead := &p.Bodies[0]
	lead.Appointments[5].Post = "市委常委、副市长"
	lead.Appointments[44] = plan.Appointment{Role: "成员", Name: "赵新来", Post: "临汾火车站站长", Unit: "临汾火车站", Lines: plan.Lines{192, 192}}
	p.Bodies[1].Duties[2].Text = "负责经费的申请与管理；"
	p.Bodies[1].Sections = []string{"综合协调组", "材料组", "资料收集档案管理组", "专家指导组", "宣传组", "信息组"}
	p.Bodies = p.Bodies[:9]
	p.Phases[2].End = "2025-03"
}

func TestCompare_NamesWhatIsAddedChangedAndGone(t *testing.T) {
	old := linfenPlan(t)
	o := webtest.Reading(t, linfen)
	if same := campaign.Compare(&old, &o.Reading.Plan); len(same) != 0 {
		t.Errorf("a plan differs from itself: %+v", same)
	}
	revised(&o)
	var got []string
	for _, c := range campaign.Compare(&old, &o.Reading.Plan) {
		line := c.Sort + " " + c.Kind + " " + c.Name
		for _, f := range c.Fields {
			line += " " + f.Field
		}
		got = append(got, line)
	}
	want := []string{
		"changed phase 验收评估阶段 结束",
		"changed task 健全健康教育工作网络 名称",
		"changed task 加强对客运行业的安全管理 牵头单位",
		"gone task 深入开展控烟行动",
		"changed body 办公室 内设组",
		"gone body 督导检查组",
		"changed appointment 临汾城市品质提升行动工作领导小组 胡晓刚 职务",
		"added appointment 临汾城市品质提升行动工作领导小组 赵新来",
		"gone appointment 临汾城市品质提升行动工作领导小组 苏江英",
		"changed duty 办公室 职责 3 内容",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRevision_IsAppliedAsEventsAndKeepsTheWork(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		svc, c := opened(t, d, linfen)
		ctx := webtest.System()
		before, err := svc.Tasks(ctx, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		in := campaign.WorkItemInput{Title: "控烟标识", Due: "2023-12-31"}
		if err := svc.AddWorkItems(ctx, c.ID, before[2].ID, []campaign.WorkItemInput{in}); err != nil {
			t.Fatal(err)
		}
		draft := startDraft(t, svc, c.ID, linfen, revised)
		if _, err := svc.OpenDraft(ctx, draft.ID, 0); err != nil {
			t.Fatal(err)
		}
		after, err := svc.Tasks(ctx, c.ID)
		if err != nil || len(after) != 26 || after[0].ID != before[0].ID || after[0].Name != "健全健康教育工作网络" || after[2].ID != before[3].ID {
			t.Errorf("%d tasks, first %+v, %v", len(after), after[0], err)
		}
		gone, err := svc.TaskByID(ctx, c.ID, before[2].ID)
		if err != nil || gone.GoneOn != "2023-09-04" {
			t.Errorf("the task that is gone: %+v, %v", gone, err)
		}
		if items, err := svc.ItemsOfTask(ctx, c.ID, before[2].ID); err != nil || len(items) != 1 {
			t.Errorf("its work: %d, %v", len(items), err)
		}
		checkRevisedRoster(t, d, c)
		if err := revisedVerbs(t, d, c.ID, "task", before[2].ID, "gone"); err != "" {
			t.Error(err)
		}
		// the next revision takes it from there: back to the first plan
		back := startDraft(t, svc, c.ID, linfen, nil)
		if _, err := svc.OpenDraft(ctx, back.ID, 0); err != nil {
			t.Fatal(err)
		}
		people, seats, err := roster.Headcount(ctx, d.Reader(), c.ID)
		if err != nil || people != 116 || seats != 203 {
			t.Errorf("back again: %d people, %d appointments, %v", people, seats, err)
		}
	})
}

func checkRevisedRoster(t *testing.T, d *db.DB, c campaign.Campaign) {
	t.Helper()
	ctx := webtest.System()
	seats, err := roster.SeatsOf(ctx, d.Reader(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	posts := map[string]string{}
	for _, s := range seats {
		if s.BodyKind == plan.LeadingGroup {
			posts[s.PersonName] = s.Post
		}
		if s.BodyKind == plan.InspectionGroup {
			t.Errorf("%s still sits in the body that is gone", s.PersonName)
		}
	}
	if len(posts) != 45 || posts["胡晓刚"] != "市委常委、副市长" || posts["赵新来"] == "" || posts["苏江英"] != "" {
		t.Errorf("%d seats, %q %q %q", len(posts), posts["胡晓刚"], posts["赵新来"], posts["苏江英"])
	}
	left, err := roster.PeopleNamed(ctx, d.Reader(), c.ID, "苏江英")
	if err != nil || len(left) != 1 {
		t.Fatalf("who left is not forgotten: %v, %v", left, err)
	}
	if err := revisedVerbs(t, d, c.ID, "person", left[0].ID, "released"); err != "" {
		t.Error(err)
	}
	bodies, err := roster.Bodies(ctx, d.Reader(), c.ID)
	if err != nil || len(bodies) != 9+6 {
		t.Errorf("%d bodies, %v", len(bodies), err)
	}
}

// revisedVerbs checks that the newest event of an object has the verb.
func revisedVerbs(t *testing.T, d *db.DB, campaignID int64, kind string, id int64, verb string) string {
	t.Helper()
	rows, err := ledger.Timeline(webtest.System(), d.Reader(), campaignID, kind, id, 0, 1)
	if err != nil || len(rows) == 0 || rows[0].Verb != verb {
		return kind + " timeline does not end with " + verb
	}
	return ""
}

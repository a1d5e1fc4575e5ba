package campaign_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

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

const linfen = "examples/linfen-2023/plan.txt"

var now = time.Date(2023, 9, 4, 2, 0, 0, 0, time.UTC)

func clock() kernel.Clock { return kernel.FixedClock(func() time.Time { return now }) }

func opened(t *testing.T, d *db.DB, path string) (*campaign.Service, campaign.Campaign) {
	t.Helper()
	svc := campaign.New(d, clock())
	c, err := svc.Open(webtest.System(), webtest.Reading(t, path))
	if err != nil {
		t.Fatal(err)
	}
	return svc, c
}

func TestOpen_LinfenIsWhollyThere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		svc, c := opened(t, d, linfen)
		ctx := webtest.System()
		if c.Name != "临汾城市品质提升行动" || c.Place != "临汾市" || c.DocumentNumber != "临政办发〔2023〕24号" || c.IssuedOn != "2023-06-28" {
			t.Errorf("campaign %+v", c)
		}
		actions, err := svc.Actions(ctx, c.ID)
		if err != nil || len(actions) != 7 {
			t.Fatalf("%d actions, %v", len(actions), err)
		}
		tasks, err := svc.Tasks(ctx, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		perAction := make([]int, 7)
		for _, task := range tasks {
			perAction[slices.IndexFunc(actions, func(a campaign.Action) bool { return a.ID == task.ActionID })]++
		}
		if diff := cmp.Diff([]int{4, 4, 3, 3, 2, 7, 4}, perAction); diff != "" {
			t.Error(diff)
		}
		bodies, err := roster.Bodies(ctx, d.Reader(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		var members, duties []int
		sections := 0
		for _, b := range bodies {
			if b.Kind == plan.Section {
				sections++
				continue
			}
			members, duties = append(members, b.Members), append(duties, b.Duties)
		}
		if diff := cmp.Diff([]int{45, 12, 25, 19, 14, 19, 18, 26, 11, 14}, members); diff != "" {
			t.Error("appointments", diff)
		}
		if diff := cmp.Diff([]int{0, 5, 5, 12, 7, 7, 6, 9, 8, 5}, duties); diff != "" {
			t.Error("duties", diff)
		}
		if sections != 5 {
			t.Errorf("%d sections of the office", sections)
		}
		people, seats, err := roster.Headcount(ctx, d.Reader(), c.ID)
		if err != nil || people != 116 || seats != 203 {
			t.Errorf("%d people, %d appointments, %v", people, seats, err)
		}
	})
}

func TestOpen_LeadUnitsFollowFromThePlansRuleAndAreMarkedDerived(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		svc, c := opened(t, d, linfen)
		tasks, err := svc.Tasks(webtest.System(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		units, err := svc.UnitsAtTasks(webtest.System(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			"三/(一)/1": "市卫健委", "三/(二)/4": "市城市管理局", "三/(三)/2": "市生态环境局", "三/(四)/1": "市市场监督管理局",
			"三/(五)/1": "市市场监督管理局", "三/(六)/7": "市卫健委", "三/(七)/1": "市公安局交警支队、市交通运输局",
		}
		for _, task := range tasks {
			leads, ok := want[task.Path]
			if !ok {
				continue
			}
			var got []string
			for _, u := range units[task.ID] {
				if u.Role != campaign.Lead || !u.Derived || u.Lines() != (plan.Lines{125, 127}) {
					t.Errorf("%s: %+v", task.Path, u)
				}
				got = append(got, u.UnitName)
			}
			if strings.Join(got, "、") != leads {
				t.Errorf("%s: lead units %v, want %s", task.Path, got, leads)
			}
		}
	})
}

func TestOpen_TheSamePlanTwiceIsAConflict(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		svc, c := opened(t, d, linfen)
		_, err := svc.Open(webtest.System(), webtest.Reading(t, linfen))
		if kernel.CodeOf(err) != kernel.Conflict {
			t.Errorf("second opening: %v", err)
		}
		rows, err := svc.Visible(webtest.System())
		if err != nil || len(rows) != 1 || rows[0].ID != c.ID {
			t.Errorf("campaigns %v, %v", rows, err)
		}
	})
}

func TestOpen_IsForTheSystemAdministratorAlone(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	svc := campaign.New(d, clock())
	for _, a := range []kernel.Actor{{}, {AccountID: 1, PersonID: 1}, {AccountID: 1, Admin: kernel.SecurityAdmin}, {AccountID: 1, Admin: kernel.AuditAdmin}} {
		_, err := svc.Open(kernel.WithActor(context.Background(), a), webtest.Reading(t, linfen))
		if code := kernel.CodeOf(err); code != kernel.Forbidden && code != kernel.Unauthenticated {
			t.Errorf("%+v: %v", a, err)
		}
	}
}

func TestExport_IsByteEqualOnBothDatabases(t *testing.T) {
	for _, path := range []string{linfen, "examples/pinghe/plan.txt"} {
		var exports [][]byte
		dbtest.Each(t, func(t *testing.T, d *db.DB) {
			// rolled back work uses up ids on one database and not on the other
			_ = d.Write(t.Context(), func(tx db.Tx) error {
				_, err := tx.NewRaw("INSERT INTO units (place, name) VALUES ('x', 'y')").Exec(t.Context())
				if err != nil {
					return err
				}
				return kernel.E(kernel.Conflict, "rolled back")
			})
			svc, c := opened(t, d, path)
			tasks, err := svc.Tasks(webtest.System(), c.ID)
			if err != nil {
				t.Fatal(err)
			}
			in := campaign.WorkItemInput{Title: "摸底", Site: "全市", Start: "2023-07-01", Due: "2023-09-30"}
			if err := svc.AddWorkItems(webtest.System(), c.ID, tasks[0].ID, []campaign.WorkItemInput{in}); err != nil {
				t.Fatal(err)
			}
			out, err := svc.Export(webtest.System(), c.ID)
			if err != nil {
				t.Fatal(err)
			}
			exports = append(exports, out)
		})
		if len(exports) == 2 && !bytes.Equal(exports[0], exports[1]) {
			t.Errorf("%s: exports differ: %s", path, cmp.Diff(string(exports[0]), string(exports[1])))
		}
	}
}

func TestSearch_AnyTwoCharactersOfAPersonUnitTaskOrDuty(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		svc, c := opened(t, d, linfen)
		for _, want := range []struct{ query, kind, title string }{
			{"渊", "person", "王渊"}, {"晓刚", "person", "胡晓刚"}, {"令狐", "person", "令狐赵波"}, {"交警", "unit", "市公安局交警支队"},
			{"控烟", "task", "深入开展控烟行动"}, {"38.5", "task", "广泛开展全民健身活动"}, {"轻飘", "duty", "职责 11"}, {"AED", "duty", "职责 6"},
		} {
			rows, err := svc.Search(webtest.System(), c.ID, want.query)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(rows, func(r campaign.SearchEntry) bool { return r.Kind == want.kind && r.Title == want.title }) {
				t.Errorf("%q does not find %s %s: %d rows", want.query, want.kind, want.title, len(rows))
			}
		}
	})
}

func TestWorkItem_FromTheTaskToDone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		svc, c := opened(t, d, linfen)
		ctx := webtest.System()
		tasks, err := svc.Tasks(ctx, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		task := tasks[7]
		in := campaign.WorkItemInput{Title: "12 处市场分区改造", Person: "马健", Start: "2023-07-01", Due: "2023-08-31"}
		if err := svc.AddWorkItems(ctx, c.ID, task.ID, []campaign.WorkItemInput{in}); err != nil {
			t.Fatal(err)
		}
		items, err := svc.ItemsOfTask(ctx, c.ID, task.ID)
		if err != nil || len(items) != 1 || items[0].UnitName != "市城市管理局" || items[0].PersonName != "马健" {
			t.Fatalf("items %+v, %v", items, err)
		}
		w := items[0]
		if l := campaign.LightOf(w.WorkItem, clock().Today()); l.State != "late" || l.Word != "逾期 4 天" {
			t.Errorf("light %+v", l)
		}
		in.Due = "2023-10-31"
		if err := svc.ChangeWorkItem(ctx, c.ID, w.ID, w.Revision+1, in); kernel.CodeOf(err) != kernel.Conflict {
			t.Errorf("a stale form: %v", err)
		}
		if err := svc.ChangeWorkItem(ctx, c.ID, w.ID, w.Revision, in); err != nil {
			t.Fatal(err)
		}
		if err := svc.AddMilestone(ctx, c.ID, w.ID, "完成招标", "2023-12-01"); kernel.CodeOf(err) != kernel.Invalid {
			t.Errorf("a milestone after the due day: %v", err)
		}
		if err := svc.AddMilestone(ctx, c.ID, w.ID, "完成招标", "2023-09-01"); err != nil {
			t.Fatal(err)
		}
		if err := svc.FinishWorkItem(ctx, c.ID, w.ID, " "); kernel.CodeOf(err) != kernel.Invalid {
			t.Errorf("done without a note: %v", err)
		}
		for range 2 { // the second time changes nothing
			if err := svc.FinishWorkItem(ctx, c.ID, w.ID, "12 处全部完成"); err != nil {
				t.Fatal(err)
			}
		}
		progress, err := svc.ProgressOn(ctx, c.ID, clock().Today())
		if err != nil || progress[task.ID] != (campaign.Progress{TaskID: task.ID, Total: 1, Done: 1}) {
			t.Errorf("progress %+v, %v", progress[task.ID], err)
		}
		var verbs []string
		rows, err := ledger.Timeline(ctx, d.Reader(), c.ID, "work_item", w.ID, 0, 50)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			verbs = append(verbs, r.Verb)
		}
		if diff := cmp.Diff([]string{"done", "milestone_added", "changed", "added"}, verbs); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAddWorkItems_OneWrongLineStoresNothingAndIsNamed(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	svc, c := opened(t, d, linfen)
	tasks, err := svc.Tasks(webtest.System(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	good := campaign.WorkItemInput{Title: "甲", Due: "2023-10-31"}
	for _, bad := range []struct {
		in   campaign.WorkItemInput
		says string
	}{
		{campaign.WorkItemInput{Title: "", Due: "2023-10-31"}, "第 2 行：请写工作项内容"},
		{campaign.WorkItemInput{Title: "乙", Due: "2023-02-30"}, "第 2 行：请写完成日期"},
		{campaign.WorkItemInput{Title: "乙", Start: "2023-11-01", Due: "2023-10-31"}, "第 2 行：开始日期 2023年11月1日 晚于完成日期 2023年10月31日"},
		{campaign.WorkItemInput{Title: "乙", Unit: "市城管局", Due: "2023-10-31"}, "第 2 行：方案里没有“市城管局”这个单位"},
		{campaign.WorkItemInput{Title: "乙", Person: "张三", Due: "2023-10-31"}, "第 2 行：名单里没有“张三”"},
	} {
		err := svc.AddWorkItems(webtest.System(), c.ID, tasks[0].ID, []campaign.WorkItemInput{good, bad.in})
		if kernel.CodeOf(err) != kernel.Invalid || !strings.HasPrefix(kernel.MessageOf(err), bad.says) {
			t.Errorf("%+v: %v", bad.in, err)
		}
	}
	items, err := svc.ItemsOfTask(webtest.System(), c.ID, tasks[0].ID)
	if err != nil || len(items) != 0 {
		t.Errorf("%d items, %v", len(items), err)
	}
}

func TestAnswerFinding_ByTheOfficeOnceAndTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		svc, c := opened(t, d, linfen)
		seats, err := roster.SeatsOf(webtest.System(), d.Reader(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		as := func(kind string) context.Context {
			i := slices.IndexFunc(seats, func(s roster.Seat) bool { return s.BodyKind == kind })
			return kernel.WithActor(t.Context(), kernel.Actor{AccountID: 9, PersonID: seats[i].PersonID, Name: "甲"})
		}
		findings, err := svc.Findings(webtest.System(), c.ID)
		if err != nil || len(findings) == 0 {
			t.Fatal(len(findings), err)
		}
		if err := svc.AnswerFinding(as(plan.InspectionGroup), c.ID, findings[0].ID, "kept"); kernel.CodeOf(err) != kernel.Forbidden {
			t.Errorf("the inspection group answers: %v", err)
		}
		office := kernel.WithActor(t.Context(), kernel.Actor{AccountID: 9, PersonID: officer(seats), Name: "甲"})
		for range 2 {
			if err := svc.AnswerFinding(office, c.ID, findings[0].ID, "kept"); err != nil {
				t.Fatal(err)
			}
		}
		rows, err := ledger.Timeline(webtest.System(), d.Reader(), c.ID, "campaign", c.ID, 0, 10)
		if err != nil || len(rows) != 2 || rows[0].Verb != "finding_answered" || rows[0].ActorName != "甲" {
			t.Errorf("timeline %+v, %v", rows, err)
		}
	})
}

// officer is somebody who sits in the office.
func officer(seats []roster.Seat) int64 {
	i := slices.IndexFunc(seats, func(s roster.Seat) bool { return s.BodyKind == plan.Office })
	return seats[i].PersonID
}

func TestOpen_AUnitNamedShortAtATaskAndInFullInTheRosterIsOne(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	svc, c := opened(t, d, "examples/pinghe/plan.txt")
	units, err := svc.Units(webtest.System(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(units, func(u campaign.UnitRow) bool { return u.Name == "平江区人民政府" })
	if i < 0 || units[i].People == 0 || units[i].Support == 0 {
		t.Fatalf("units %+v", units)
	}
	if slices.ContainsFunc(units, func(u campaign.UnitRow) bool { return u.Name == "平江区政府" }) {
		t.Error("平江区政府 stands beside 平江区人民政府")
	}
}

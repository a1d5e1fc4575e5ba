package web_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
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
)

const (
	revisedPlan = "internal/web/testdata/pinghe-revised.txt"
	thirdPlan   = "internal/plan/testdata/plans/02-yunxi-waste-sorting.txt"
	greening    = "增加城市绿量" // led by 市园林绿化中心
)

// stage is a site with two campaigns: the made-up city's, in which everybody acts, and Linfen's, whose people
// and objects are strangers there. It runs on SQLite: rights are decided before any SQL that could differ.
type stage struct {
	*webtest.Site

	home    campaign.Campaign
	away    campaign.Campaign
	task    campaign.Task // of home, under greening
	ids     map[string]string
	keeper  *ledger.Ledger
	clients map[string]*http.Client
	uploads map[string]campaign.Upload // read once
}

func stageFor(t *testing.T) *stage {
	t.Helper()
	clock := kernel.FixedClock(func() time.Time { return time.Date(2024, 3, 27, 1, 40, 0, 0, time.UTC) })
	s := &stage{Site: webtest.Open(t, dbtest.Open(t, db.SQLite), clock), clients: map[string]*http.Client{}, uploads: map[string]campaign.Upload{}}
	s.home, s.away = s.openHome(t), s.OpenCampaign(t, "examples/linfen-2023/plan.txt")
	s.task = s.taskCalled(t, s.home.ID, greening)
	s.cast(t)
	var err error
	if s.keeper, err = ledger.Open(t.Context(), s.DB, t.TempDir(), clock); err != nil {
		t.Fatal(err)
	}
	s.ids = s.objects(t, s.home.ID, s.task)
	s.ids["{a}"] = fmt.Sprint(s.Account(t, "target", 0, kernel.NoAdmin).ID)
	newcomer := s.Account(t, "newcomer", 0, kernel.NoAdmin)
	token, err := s.Accounts.IssueLink(webtest.System(), newcomer.ID)
	if err != nil {
		t.Fatal(err)
	}
	s.ids["{token}"] = token
	maps.Copy(s.ids, s.formOf(t, s.as(t, "office"), s.as(t, "support"), s.home.ID))
	s.renew(t)
	s.greetEach(t)
	return s
}

// openHome opens the made-up city's campaign. Its plan is without fault, and somebody must answer a finding.
func (s *stage) openHome(t *testing.T) campaign.Campaign {
	t.Helper()
	o := webtest.Reading(t, "examples/pinghe/plan.txt")
	o.Drill = true
	o.Reading.Plan.Findings = append(o.Reading.Plan.Findings, plan.Finding{Code: "made_up", Severity: plan.Warning, Message: "为测试而设"})
	c, err := s.Campaigns.Open(webtest.System(), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// cast gives every role an account. The people are those of examples/pinghe/plan.txt.
func (s *stage) cast(t *testing.T) {
	t.Helper()
	for role, name := range map[string]string{"leader": "闻人岳", "office": "竺简", "lead": "花蕊", "support": "景明", "inspector": "谈笑", "given": "明辉"} {
		s.Account(t, role, s.person(t, s.home.ID, name), kernel.NoAdmin)
	}
	s.Account(t, "elsewhere", officeSeat(t, s.DB, s.away.ID), kernel.NoAdmin)
	for _, admin := range []kernel.AdminRole{kernel.SystemAdmin, kernel.SecurityAdmin, kernel.AuditAdmin} {
		s.Account(t, string(admin), 0, admin)
	}
	for role := range strings.FieldsSeq(signedIn) {
		s.clients[role] = s.Client(t, role)
	}
	s.clients["outsider"] = s.Client(t, "")
}

func (s *stage) person(t *testing.T, campaignID int64, name string) int64 {
	t.Helper()
	p, err := roster.PersonCalled(webtest.System(), s.DB.Reader(), campaignID, name)
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

func (s *stage) taskCalled(t *testing.T, campaignID int64, name string) campaign.Task {
	t.Helper()
	tasks, err := s.Campaigns.Tasks(webtest.System(), campaignID)
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		if name == "" || strings.Contains(task.Name, name) {
			return task
		}
	}
	t.Fatalf("no task is called %s", name)
	return campaign.Task{}
}

// objects names one object of each kind in a campaign, by its place in a path.
func (s *stage) objects(t *testing.T, campaignID int64, task campaign.Task) map[string]string {
	t.Helper()
	seats, err := roster.SeatsOf(webtest.System(), s.DB.Reader(), campaignID)
	if err != nil {
		t.Fatal(err)
	}
	findings, err := s.Campaigns.Findings(webtest.System(), campaignID)
	if err != nil || len(findings) == 0 {
		t.Fatalf("%d findings, %v", len(findings), err)
	}
	seat := seats[len(seats)-1]
	return map[string]string{"{c}": fmt.Sprint(campaignID), "{t}": fmt.Sprint(task.ID), "{b}": fmt.Sprint(seat.BodyID),
		"{p}": fmt.Sprint(seat.PersonID), "{u}": fmt.Sprint(seat.UnitID), "{f}": fmt.Sprint(findings[0].ID), "person": seat.PersonName}
}

// renew makes the work item, the milestone and the drafts that forms are tried on, as nobody has touched them.
func (s *stage) renew(t *testing.T) {
	t.Helper()
	unit := "国网平河供电公司"
	s.ids["{i}"], s.ids["{m}"] = s.workOn(t, s.home.ID, s.task.ID, unit)
	s.renewCases(t)
	s.renewTelling(t)
	s.renewUploads(t)
	s.renewIndicators(t)
	s.ids["{f}"] = s.finding(t, s.home.ID)
	s.ids["{d}"] = fmt.Sprint(s.draft(t, 0, thirdPlan))
	s.ids["{r}"] = fmt.Sprint(s.draft(t, s.home.ID, revisedPlan))
}

// finding makes a finding that nobody has answered: the practice plan has none of its own.
func (s *stage) finding(t *testing.T, campaignID int64) string {
	t.Helper()
	rows := []campaign.Finding{{CampaignID: campaignID, Version: 1, Position: 1, Code: "count_disagrees", Severity: plan.Warning, Message: "任务数目与正文不符"}}
	if err := s.DB.Write(t.Context(), func(tx db.Tx) error { return db.InsertAll(t.Context(), tx, rows) }); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(rows[0].ID)
}

func (s *stage) draft(t *testing.T, campaignID int64, path string) int64 {
	t.Helper()
	u, ok := s.uploads[path]
	if !ok {
		o := webtest.Reading(t, path)
		u = campaign.Upload{Source: o.Source, Original: o.Original, Plan: &o.Reading.Plan}
		s.uploads[path] = u
	}
	u.CampaignID = campaignID
	id, err := s.Campaigns.StartDraft(webtest.System(), u)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (s *stage) workOn(t *testing.T, campaignID, taskID int64, unit string) (item, milestone string) {
	t.Helper()
	ctx := webtest.System()
	in := campaign.WorkItemInput{Title: "行道树补植", Unit: unit, Start: "2024-03-01", Due: "2024-06-30"}
	if err := s.Campaigns.AddWorkItems(ctx, campaignID, taskID, []campaign.WorkItemInput{in}); err != nil {
		t.Fatal(err)
	}
	var itemID, milestoneID int64
	if err := s.DB.Reader().NewRaw("SELECT max(id) FROM work_items WHERE campaign_id = ?", campaignID).Scan(ctx, &itemID); err != nil {
		t.Fatal(err)
	}
	if err := s.Campaigns.AddMilestone(ctx, campaignID, itemID, "苗木到场", "2024-04-10"); err != nil {
		t.Fatal(err)
	}
	if err := s.DB.Reader().NewRaw("SELECT max(id) FROM milestones WHERE campaign_id = ?", campaignID).Scan(ctx, &milestoneID); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(itemID), fmt.Sprint(milestoneID)
}

// foreign names one object of each kind in the other campaign, and a draft that revises it.
func (s *stage) foreign(t *testing.T) map[string]string {
	t.Helper()
	task := s.taskCalled(t, s.away.ID, "")
	ids := s.objects(t, s.away.ID, task)
	ids["{i}"], ids["{m}"] = s.workOn(t, s.away.ID, task.ID, "")
	ids["{f}"] = s.finding(t, s.away.ID)
	office := s.actor(officeSeat(t, s.DB, s.away.ID))
	ids["{k}"], ids["{e}"] = s.caseOf(t, office, s.away.ID)
	ids["{filing}"] = s.filingOf(t, s.away.ID, "")
	ids["{ro}"], _ = s.obligationOf(t, s.away.ID)
	maps.Copy(ids, s.indicatorOf(t, office, s.away.ID, ""))
	ids["{o}"] = s.orderOf(t, office, s.away.ID, ids["{k}"], s.firstUnit(t, s.away.ID), 0)
	ids["{w}"] = s.viewOf(t, s.as(t, "elsewhere"), s.away.ID)
	ids["{x}"] = s.importOf(t, office, s.away.ID)
	ids["{uuid}"] = s.uploadOf(t, s.as(t, "office"), s.away.ID)
	maps.Copy(ids, s.formOf(t, office, s.as(t, "elsewhere"), s.away.ID))
	ids["{d}"] = fmt.Sprint(s.draft(t, s.away.ID, "examples/linfen-2023/plan.txt"))
	return ids
}

// everything is the state of every table but the sessions, a line a table.
func (s *stage) everything(t *testing.T) []string {
	t.Helper()
	tables, err := db.Tables(t.Context(), s.DB.Reader())
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, 0, len(tables))
	for _, table := range tables {
		sum, rows := sha256.New(), -1 // the first line names the columns
		err := db.Dump(t.Context(), s.DB.Reader(), table, func(line []byte) error {
			rows++
			_, err := sum.Write(line)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%s: %d rows, %x", table, rows, sum.Sum(nil)[:6]))
	}
	return out
}

func (s *stage) mustBeUnchanged(t *testing.T, before []string, after string) {
	t.Helper()
	for i, now := range s.everything(t) {
		if now != before[i] {
			t.Errorf("after %s, which was refused: %s, before %s", after, now, before[i])
		}
	}
}

func (s *stage) call(t *testing.T, r right, role string) *http.Response {
	t.Helper()
	return s.callWith(t, r, role, nil)
}

// callWith sends the row's request as a role. The body is read and closed.
func (s *stage) callWith(t *testing.T, r right, role string, headers map[string]string) *http.Response {
	t.Helper()
	method, path, _ := strings.Cut(r.route, " ")
	if r.path != "" {
		path = r.path
	}
	body, kind := s.body(t, r)
	req, err := http.NewRequestWithContext(context.Background(), method, s.URL+escaped(s.filled(path)), body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	if r.upload == aPiece {
		req.Header.Set("Upload-Offset", "0")
	}
	if r.each && role != "outsider" {
		req.SetBasicAuth(role, webtest.Password)
	}
	for name, v := range headers {
		req.Header.Set(name, v)
	}
	res, err := s.clients[role].Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	return res
}

func (s *stage) filled(text string) string {
	for name, id := range s.ids {
		if strings.HasPrefix(name, "{") {
			text = strings.ReplaceAll(text, name, id)
		}
	}
	return text
}

func escaped(path string) string {
	path, query, _ := strings.Cut(path, "?")
	if query == "" {
		return path
	}
	v, _ := url.ParseQuery(query)
	return path + "?" + v.Encode()
}

func (s *stage) body(t *testing.T, r right) (body io.Reader, contentType string) {
	t.Helper()
	if r.json != "" {
		return strings.NewReader(s.filled(r.json)), "application/json"
	}
	if r.upload == aPiece {
		return bytes.NewReader(photograph(t, 1)), "application/offset+octet-stream"
	}
	if r.upload == "" {
		v, err := url.ParseQuery(s.filled(r.form))
		if err != nil {
			t.Fatal(err)
		}
		return strings.NewReader(v.Encode()), "application/x-www-form-urlencoded"
	}
	if r.upload == someFigures {
		return fileForm(t, "file", "dataValueSets.json", []byte(s.filled(`{"dataValues": [{"dataElement": "ZX{indicator}", "period": "202401", "orgUnit": "全市", "value": "93"}]}`)))
	}
	if r.upload == aCopy {
		content, kind := webtest.CopyBody(dustCopy("uuid:"+s.ids["{new}"]), map[string][]byte{"b.jpg": photograph(t, 6)})
		return bytes.NewReader(content), kind
	}
	if r.upload == formBook {
		return sheetForm(t, formBook, exampleForm(t, filepath.Base(formBook)))
	}
	if r.upload == problemSheet {
		return sheetForm(t, problemSheet, workbook(t, someProblems))
	}
	content, err := os.ReadFile(filepath.Join(webtest.Root(), r.upload))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	f, err := w.CreateFormFile("plan", filepath.Base(r.upload))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b, w.FormDataContentType()
}

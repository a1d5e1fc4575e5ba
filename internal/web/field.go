package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"
)

// The field page (外业) is one page that the device keeps, with nothing of anybody in it. What it shows of a person's
// campaign it asks for in JSON and keeps by account; what was written without signal comes back as records.

// fieldPolicy is the page's own: it shows pictures that only the device has, and has a worker.
const fieldPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'; worker-src 'self'"

// fieldShell is what the device keeps to open the page without a network, beside the page itself.
var fieldShell = []string{"field.js", "field.css", "icon.svg"}

func fieldPage(q *request) error {
	var b bytes.Buffer
	if err := views.FieldPage(q.s.files.prefix).Render(q.ctx(), &b); err != nil {
		return err
	}
	q.w.Header().Set("Content-Security-Policy", fieldPolicy)
	q.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	q.w.Header().Set("Cache-Control", "no-cache")
	_, err := q.w.Write(b.Bytes())
	return err
}

// fieldWorker is the service worker, with what it keeps written on top: another build is another worker.
func fieldWorker(q *request) error {
	keep := []string{"/field", "/manifest.webmanifest"}
	for _, name := range fieldShell {
		keep = append(keep, q.s.files.prefix+name)
	}
	head, err := json.Marshal(map[string]any{"version": q.s.files.prefix, "keep": keep})
	if err != nil {
		return err
	}
	q.w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	q.w.Header().Set("Cache-Control", "no-cache")
	_, err = fmt.Fprintf(q.w, "self.shell=%s;\n%s", head, q.s.files.files["worker.js"])
	return err
}

func fieldManifest(q *request) error {
	q.w.Header().Set("Content-Type", "application/manifest+json")
	q.w.Header().Set("Cache-Control", "no-cache")
	body, err := json.Marshal(map[string]any{"name": "品质 · 外业", "short_name": "品质外业", "lang": "zh-CN", "id": "/field", "start_url": "/field", "scope": "/",
		"display": "standalone", "background_color": "#faf8f4", "theme_color": "#23314f",
		"icons": []map[string]string{{"src": q.s.files.prefix + "icon.svg", "sizes": "any", "type": "image/svg+xml"}}})
	if err != nil {
		return err
	}
	_, err = q.w.Write(body)
	return err
}

type named struct {
	Key  string `json:"key"`
	Name string `json:"name"`
}

type fieldCampaign struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Drill bool   `json:"drill"`
}

// fieldMe says whose device it is now, and where he sits.
func fieldMe(q *request) error {
	me := struct {
		Account   int64           `json:"account"`
		Name      string          `json:"name"`
		Campaigns []fieldCampaign `json:"campaigns"`
	}{q.actor.AccountID, q.actor.Name, []fieldCampaign{}}
	if q.actor.Admin == kernel.NoAdmin {
		rows, err := q.s.Campaigns.Visible(q.ctx())
		if err != nil {
			return err
		}
		for _, c := range rows {
			me.Campaigns = append(me.Campaigns, fieldCampaign{c.ID, c.Name, c.Drill})
		}
	}
	return q.answer(http.StatusOK, me)
}

// fieldCase is a case as the device keeps it.
type fieldCase struct {
	ID       int64        `json:"id"`
	Number   string       `json:"number"`
	Title    string       `json:"title"`
	Words    string       `json:"words,omitempty"`
	Address  string       `json:"address,omitempty"`
	Category string       `json:"category,omitempty"`
	Severity string       `json:"severity,omitempty"`
	Unit     string       `json:"unit,omitempty"`
	Step     cases.Step   `json:"step"`
	StepName string       `json:"step_name"`
	Revision int          `json:"revision"`
	Lat      *float64     `json:"lat,omitempty"`
	Lon      *float64     `json:"lon,omitempty"`
	State    string       `json:"state"` // of the light: late, soon, ok, idle
	Light    string       `json:"light"`
	Answer   string       `json:"answer,omitempty"` // what the unit said it did
	Last     string       `json:"last,omitempty"`   // who did what with it last
	Photos   []fieldPhoto `json:"photos,omitempty"`
}

type fieldPhoto struct {
	ID    int64  `json:"id"`
	Small string `json:"small"`
	After bool   `json:"after"`
}

func (q *request) fieldCases(rows []cases.Row) []fieldCase {
	list := make([]fieldCase, 0, len(rows))
	for _, r := range q.caseRows(rows) {
		list = append(list, fieldCase{ID: r.ID, Number: r.Number(), Title: r.Title, Words: r.Words, Address: r.Address, Category: r.Category,
			Severity: r.Severity.Name(), Unit: r.UnitName, Step: r.Step, StepName: r.Step.Name(), Revision: r.Revision, Lat: r.Lat, Lon: r.Lon,
			State: r.Light.State, Light: r.Light.Word})
	}
	return list
}

// How much the device keeps.
const (
	mostVerify = 200
	mostNear   = 100
)

// fieldCategory is a category with the words that it is found by, beside its name.
type fieldCategory struct {
	Name   string   `json:"name"`
	Words  []string `json:"words"`
	Photos bool     `json:"photos"` // the unit must answer with a photograph
}

// fieldData is what the device keeps for working without signal.
func fieldData(q *request) error {
	v, err := q.s.Cases.Viewer(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	d := struct {
		At         time.Time       `json:"at"`
		Account    int64           `json:"account"`
		Name       string          `json:"name"`
		Campaign   fieldCampaign   `json:"campaign"`
		Source     cases.Source    `json:"source"`
		Categories []fieldCategory `json:"categories"`
		Severities []named         `json:"severities"`
		Outcomes   []named         `json:"outcomes"`
		Verify     []fieldCase     `json:"verify"`
		Near       []fieldCase     `json:"near"`
		Files      int             `json:"files"`
		PhotoBytes int64           `json:"photo_bytes"`
	}{At: q.s.Clock.Now(), Account: q.actor.AccountID, Name: q.actor.Name, Campaign: fieldCampaign{q.view.ID, q.view.Name, q.view.Drill},
		Source: foundAs(v), Verify: []fieldCase{}, Near: []fieldCase{}, Files: q.s.Evidence.Limits().Files, PhotoBytes: q.s.Evidence.Limits().PhotoBytes}
	for _, s := range cases.Severities {
		d.Severities = append(d.Severities, named{string(s), s.Name()})
	}
	for _, o := range cases.Outcomes {
		d.Outcomes = append(d.Outcomes, named{string(o), o.Name()})
	}
	if d.Categories, err = q.fieldCategories(); err != nil {
		return err
	}
	if slices.Contains(v.Desks(), cases.Verifier) {
		if d.Verify, err = q.verifications(v); err != nil {
			return err
		}
	}
	if d.Near, err = q.nearby(v); err != nil {
		return err
	}
	return q.answer(http.StatusOK, d)
}

// foundAs is the source of what somebody finds.
func foundAs(v cases.Viewer) cases.Source {
	if v.Standing.Inspects() {
		return cases.Inspection
	}
	return cases.SelfCheck
}

// fieldCategories are the campaign's actions with their tasks: who types two characters of a task finds its action.
func (q *request) fieldCategories() ([]fieldCategory, error) {
	actions, err := q.s.Campaigns.Actions(q.ctx(), q.view.ID)
	if err != nil {
		return nil, err
	}
	tasks, err := q.s.Campaigns.Tasks(q.ctx(), q.view.ID)
	if err != nil {
		return nil, err
	}
	rules, err := q.s.Cases.Rules(q.ctx(), q.view.ID)
	if err != nil {
		return nil, err
	}
	list := make([]fieldCategory, 0, len(actions)+1)
	for _, a := range actions {
		c := fieldCategory{Name: campaign.ShortName(a.Name), Words: []string{a.Name}}
		for _, t := range tasks {
			if t.ActionID == a.ID {
				c.Words = append(c.Words, t.Name+" "+t.Text)
			}
		}
		list = append(list, c)
	}
	list = append(list, fieldCategory{Name: "其他", Words: []string{}})
	for i := range list {
		list[i].Photos = rules.AsksPhotos(list[i].Name)
	}
	return list, nil
}

// verifications are the cases that wait for the viewer's verification, what is due first at the top.
func (q *request) verifications(v cases.Viewer) ([]fieldCase, error) {
	var rows []cases.Row
	for after := ""; len(rows) < mostVerify; {
		page, err := q.s.Cases.Desk(q.ctx(), v, cases.Verifier, after)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Rows {
			if len(v.Open(r.Case, nil)) > 0 && !v.Standing.OfUnit(r.LeadUnitID) { // whoever rectified never verifies
				rows = append(rows, r)
			}
		}
		if after = page.Next; after == "" {
			break
		}
	}
	rows = rows[:min(len(rows), mostVerify)]
	list := q.fieldCases(rows)
	ids := make([]int64, 0, len(list))
	for _, c := range list {
		ids = append(ids, c.ID)
	}
	files, err := evidence.OfMany(q.ctx(), q.s.DB.Reader(), q.view.ID, cases.Kind, ids)
	if err != nil {
		return nil, err
	}
	for i := range list {
		c := &list[i]
		for _, f := range files[c.ID] {
			if f.Kind == evidence.Photo && (f.Purpose == evidence.Before || (f.Purpose == evidence.After && f.Round == rows[i].Round)) {
				c.Photos = append(c.Photos, fieldPhoto{f.ID, q.at("/files/%d?size=%s", f.ID, evidence.Small), f.Purpose == evidence.After})
			}
		}
		if c.Answer, err = q.answerOf(c.ID); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// answerOf is what the unit said last that it did.
func (q *request) answerOf(id int64) (string, error) {
	rows, err := ledger.Timeline(q.ctx(), q.s.DB.Reader(), q.view.ID, cases.Kind, id, 0, 20)
	if err != nil {
		return "", err
	}
	for _, r := range rows {
		if r.Verb == string(cases.Respond) {
			return stepWords(r).Reason, nil
		}
	}
	return "", nil
}

// said is what the ledger keeps of a step's form.
type said struct {
	Reason  string `json:"reason"`
	Outcome string `json:"outcome"`
}

func stepWords(r ledger.Record) (s said) {
	_ = json.Unmarshal(r.Data, &s) // what cannot be read says nothing
	return s
}

// nearby are the open cases around the place in the address, if one stands there.
func (q *request) nearby(v cases.Viewer) ([]fieldCase, error) {
	lat, err := degrees(q.FormValue("lat"))
	if err != nil {
		return nil, err
	}
	lon, err := degrees(q.FormValue("lon"))
	if err != nil || lat == nil || lon == nil {
		return []fieldCase{}, err
	}
	rows, err := q.s.Cases.Near(q.ctx(), v, evidence.Place{Lat: *lat, Lon: *lon}, mostNear)
	return q.fieldCases(rows), err
}

// fieldRecord is what somebody wrote down on a device, perhaps long ago and without signal.
type fieldRecord struct {
	UUID   string   `json:"uuid"`
	Kind   string   `json:"kind"`
	Files  []string `json:"files"` // whole uploads, by UUID
	Fields struct {
		Words    string         `json:"words"`
		Address  string         `json:"address"`
		Category string         `json:"category"`
		Severity cases.Severity `json:"severity"`
		Lat      *float64       `json:"lat"`
		Lon      *float64       `json:"lon"`
		FoundAt  time.Time      `json:"found_at"`

		Case     int64         `json:"case"`
		Revision int           `json:"revision"` // of the case as it was seen
		Seen     time.Time     `json:"seen"`     // when, by this server's clock
		Verb     cases.Verb    `json:"verb"`
		Outcome  cases.Outcome `json:"outcome"`
		Text     string        `json:"text"`
	} `json:"fields"`
}

// takeRecord takes a record and answers with the case. Handed in again it is answered again and changes nothing.
// Where the case was moved meanwhile it is answered with the case as it stands.
func takeRecord(q *request) error {
	v, err := q.s.Cases.Viewer(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	if err := q.sameAccount(); err != nil {
		return err
	}
	var r fieldRecord
	if err := q.readJSON(&r); err != nil {
		return err
	}
	if n := len(r.UUID); n < 16 || n > 64 {
		return kernel.E(kernel.Invalid, "记录的编号要有 16 到 64 个字符").On("uuid")
	}
	id := r.Fields.Case
	switch r.Kind {
	case "register":
		id, err = q.registerRecord(v, r)
	case "verify":
		err = q.verifyRecord(r)
	case "note":
		err = q.noteRecord(r)
	default:
		err = kernel.E(kernel.Invalid, "没有“%s”这种记录", r.Kind).On("kind")
	}
	if kernel.CodeOf(err) == kernel.Conflict && id != 0 {
		answer := refusalOf(err)
		if c, seeErr := q.caseNow(id); seeErr == nil {
			answer.Case = &c
		}
		return q.answer(statusOf(answer.Code), answer)
	}
	if err != nil {
		return err
	}
	c, err := q.caseNow(id)
	if err != nil {
		return err
	}
	return q.answer(http.StatusOK, struct {
		Case fieldCase `json:"case"`
	}{c})
}

func (q *request) recordFiles(r fieldRecord) ([]evidence.Incoming, error) {
	return q.s.Evidence.Received(q.ctx(), q.view.ID, q.actor.AccountID, r.Files)
}

func (q *request) registerRecord(v cases.Viewer, r fieldRecord) (int64, error) {
	files, err := q.recordFiles(r)
	if err != nil {
		return 0, err
	}
	f := r.Fields
	c, err := q.s.Cases.Register(q.ctx(), q.view.ID, cases.Registration{UUID: r.UUID, Words: f.Words, Address: f.Address, Category: f.Category, Severity: f.Severity,
		Source: foundAs(v), Lat: f.Lat, Lon: f.Lon, FoundAt: f.FoundAt, Evidence: files})
	if err == nil && c.FoundBy != q.actor.AccountID {
		err = kernel.E(kernel.Forbidden, "这条记录的编号已由别人用过，请删除后重新登记").On("uuid")
	}
	return c.ID, err
}

func (q *request) verifyRecord(r fieldRecord) error {
	f := r.Fields
	if f.Verb != cases.Close && f.Verb != cases.SendBack {
		return kernel.E(kernel.Invalid, "外业只办核查：通过，或退回整改").On("verb")
	}
	seen, err := q.s.Cases.See(q.ctx(), q.view.ID, f.Case)
	if err != nil {
		return err
	}
	if q.tookAlready(seen, r) {
		return nil
	}
	a := cases.Act{Verb: f.Verb, Revision: max(f.Revision, 0), Reason: strings.TrimSpace(f.Text), Outcome: f.Outcome}
	if a.Evidence, err = q.recordFiles(r); err != nil {
		return err
	}
	_, err = q.s.Cases.Take(q.ctx(), q.view.ID, f.Case, a)
	return err
}

// tookAlready reports whether the step was taken by this very record, whose answer was lost on the way: by the same
// account, since it saw the case, in the same words.
func (q *request) tookAlready(seen cases.Seen, r fieldRecord) bool {
	if seen.Revision == r.Fields.Revision {
		return false
	}
	return slices.ContainsFunc(seen.History, func(e ledger.Record) bool {
		return e.Verb == string(r.Fields.Verb) && e.ActorID == q.actor.AccountID && !e.At.Before(r.Fields.Seen) &&
			stepWords(e).Reason == strings.TrimSpace(r.Fields.Text) && (r.Fields.Verb != cases.Close || seen.Outcome == "" || seen.Outcome == r.Fields.Outcome)
	})
}

func (q *request) noteRecord(r fieldRecord) error {
	files, err := q.recordFiles(r)
	if err != nil {
		return err
	}
	return q.s.Cases.Note(q.ctx(), q.view.ID, r.Fields.Case, cases.Note{UUID: r.UUID, Text: r.Fields.Text, Evidence: files})
}

// caseNow is the case as it stands, with who moved it last.
func (q *request) caseNow(id int64) (fieldCase, error) {
	seen, err := q.s.Cases.See(q.ctx(), q.view.ID, id)
	if err != nil {
		return fieldCase{}, err
	}
	c := q.fieldCases([]cases.Row{seen.Row})[0]
	c.Unit = seen.UnitName
	moves := func(r ledger.Record) bool {
		return slices.ContainsFunc(cases.Transitions, func(t cases.Transition) bool { return string(t.Verb) == r.Verb && t.Verb != cases.Escalate })
	}
	if i := slices.IndexFunc(seen.History, moves); i >= 0 {
		r := seen.History[i]
		verb := cases.Verb(r.Verb).Name()
		if r.Verb == string(cases.Close) {
			verb = "结案"
		}
		c.Last = fmt.Sprintf("已由%s%s（%s）", r.ActorName, verb, ui.When(r.At, q.today()))
	}
	return c, nil
}

// fieldOf is the form field that an error concerns, "" for none.
func fieldOf(err error) string {
	if e, ok := errors.AsType[*kernel.Error](err); ok {
		return e.Field
	}
	return ""
}

package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"
)

// casesPage lists every case that the reader may see; the filter lives in the address.
func casesPage(q *request) error {
	return q.caseList(http.StatusOK, cases.FilterOf(q.URL.Query()), nil)
}

// caseList shows the list narrowed by a filter; with puts back what a form held that was not taken.
func (q *request) caseList(status int, f cases.Filter, with func(*views.CaseList)) error {
	v, err := cases.ViewerFrom(q.view)
	if err != nil {
		return err
	}
	page, err := q.s.Cases.List(q.ctx(), v, f)
	if err != nil {
		return err
	}
	l := views.CaseList{Base: q.base(), Filter: f, Rows: q.caseRows(page.Rows), Next: page.Next, Office: v.Standing.InOffice(), MayImport: v.MayImport()}
	if l.Desks, err = q.desks(v); err != nil {
		return err
	}
	if l.Counts, err = q.stepCounts(v); err != nil {
		return err
	}
	if l.Categories, err = q.categories(); err != nil {
		return err
	}
	if l.MayHandOut() {
		if l.Units, _, err = q.names(); err != nil {
			return err
		}
	}
	if l.Views, err = q.s.Cases.Views(q.ctx(), v); err != nil {
		return err
	}
	if with != nil {
		with(&l)
	}
	return q.render(status, "案件", views.CasesPage(l))
}

// dispatchAll hands out what was ticked in the list, all or none.
func dispatchAll(q *request) error {
	if err := q.ParseForm(); err != nil {
		return kernel.E(kernel.Invalid, "没有收到完整的表单，请再试一次").Because(err)
	}
	ticked := map[int64]bool{}
	var ids []int64
	for _, text := range q.PostForm["case"] {
		id := caseNumber(text)
		ids, ticked[id] = append(ids, id), true
	}
	unit, err := q.unitNamed(q.PostFormValue("unit"), "unit")
	if err == nil {
		err = q.s.Cases.DispatchAll(q.ctx(), q.view.ID, ids, cases.Act{Unit: unit})
	}
	_, back, _ := strings.Cut(q.PostFormValue("query"), "?")
	if err == nil {
		return q.seeOther("%s", q.at("/cases?%s", back))
	}
	problem, ok := refused(err)
	if !ok {
		return err
	}
	query, _ := url.ParseQuery(back) // what cannot be read narrows nothing
	return q.caseList(statusOf(kernel.CodeOf(err)), cases.FilterOf(query), func(l *views.CaseList) {
		l.Problem, l.Ticked, l.BulkUnit = problem, ticked, q.PostFormValue("unit")
	})
}

// caseFilter is the filter that stands in the address.
func (q *request) caseFilter() cases.Filter { return cases.FilterOf(q.URL.Query()) }

// stepCounts counts by step where the reader sees all cases; -1 leaves the number out.
func (q *request) stepCounts(v cases.Viewer) ([]views.StepCount, error) {
	counts := map[cases.Step]int{}
	if v.SeesAll() {
		var err error
		if counts, err = q.s.Cases.CountByStep(q.ctx(), q.view.ID, 0); err != nil {
			return nil, err
		}
	}
	list := make([]views.StepCount, 0, len(cases.Steps))
	for _, s := range cases.Steps {
		n := -1
		if v.SeesAll() {
			n = counts[s]
		}
		list = append(list, views.StepCount{Step: s, N: n})
	}
	return list, nil
}

func (q *request) desks(v cases.Viewer) ([]views.Desk, error) {
	waiting, err := q.s.Cases.WaitingAt(q.ctx(), v)
	list := make([]views.Desk, 0, len(waiting))
	for _, w := range waiting {
		list = append(list, views.Desk{Waiting: w, Name: views.DeskName(w.Hand)})
	}
	return list, err
}

// categories are the campaign's actions, as people call them, and the rest.
func (q *request) categories() ([]string, error) {
	actions, err := q.s.Campaigns.Actions(q.ctx(), q.view.ID)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, a := range actions {
		list = append(list, campaign.ShortName(a.Name))
	}
	return append(list, "其他"), nil
}

func (q *request) caseRows(rows []cases.Row) []views.CaseRow {
	days, err := q.s.Calendar.Days(q.ctx())
	if err != nil {
		days = calendar.Published()
	}
	out := make([]views.CaseRow, 0, len(rows))
	for _, r := range rows {
		out = append(out, views.CaseRow{Row: r, Light: campaign.Light(r.Light(days, q.s.Clock.Now())), When: ui.When(r.RegisteredAt, q.today())})
	}
	return out
}

// deskPage is what waits in one hand; the office's has the open case beside the list.
func deskPage(q *request) error {
	hand := cases.Hand(q.PathValue("hand"))
	v, err := cases.ViewerFrom(q.view)
	if err != nil {
		return err
	}
	page, err := q.s.Cases.Desk(q.ctx(), v, hand, q.FormValue("after"))
	if err != nil {
		return err
	}
	l := views.CaseList{Base: q.base(), Here: hand, Rows: q.caseRows(page.Rows), Next: page.Next}
	if l.Desks, err = q.desks(v); err != nil {
		return err
	}
	if hand != cases.Office {
		return q.page(views.DeskName(hand), views.DeskPage(l))
	}
	open, err := q.openAtDesk(l.Rows)
	if err != nil {
		return err
	}
	return q.page(views.DeskName(hand), views.IntakePage(l, open))
}

// openAtDesk is the case that stands open at the intake desk: the one asked for, else the first.
func (q *request) openAtDesk(rows []views.CaseRow) (*views.CasePage, error) {
	if len(rows) == 0 {
		return nil, nil //nolint:nilnil // an empty desk has nothing open
	}
	id := rows[0].ID
	if asked, err := strconv.ParseInt(q.FormValue("case"), 10, 64); err == nil {
		id = asked
	}
	v, err := q.caseView(id)
	if err != nil {
		return nil, err
	}
	v.Desk = true
	return &v, nil
}

func newCasePage(q *request) error {
	v, err := cases.ViewerFrom(q.view)
	if err != nil {
		return err
	}
	f := views.CaseForm{Hotline: q.FormValue("source") == string(cases.Hotline)}
	f.Values.Source = cases.SelfCheck
	if v.Standing.Inspects() {
		f.Values.Source = cases.Inspection
	}
	return q.caseForm(http.StatusOK, f)
}

func (q *request) caseForm(status int, f views.CaseForm) error {
	f.Base, f.Sources, f.Accept = q.base(), cases.Sources, evidence.Accepted
	f.Alike.Base = f.Base
	if f.UUID == "" {
		f.UUID = reference() + reference() + reference() + reference()
	}
	var err error
	if f.Categories, err = q.categories(); err != nil {
		return err
	}
	return q.render(status, "登记问题", views.NewCasePage(f), ui.Crumb{Text: "案件", Href: q.at("/cases")}, ui.Crumb{Text: "登记问题"})
}

// alikeCases is the part of the form that shows what may be registered already, while somebody types.
func alikeCases(q *request) error {
	v, err := cases.ViewerFrom(q.view)
	if err != nil {
		return err
	}
	rows, err := q.s.Cases.Alike(q.ctx(), v, cases.Registration{Words: q.FormValue("words"), Address: q.FormValue("address")}, 0)
	if err != nil {
		return err
	}
	return q.part(views.AlikePart(views.AlikeList{Base: q.base(), Rows: rows}))
}

func registerCase(q *request) error {
	v, err := cases.ViewerFrom(q.view)
	if err != nil {
		return err // who may not register may not make us read files either
	}
	f := views.CaseForm{}
	err = q.parseFiles()
	if err == nil {
		f, err = q.registration()
	}
	var c cases.Case
	if err == nil {
		c, err = q.s.Cases.RegisterAs(q.ctx(), v, f.Values)
	}
	if err == nil {
		return q.seeOther("%s", q.at("/cases/%d", c.ID))
	}
	problem, ok := refused(err)
	if !ok {
		return err
	}
	f.Problem = problem
	return q.caseForm(statusOf(kernel.CodeOf(err)), f)
}

// registration reads the form; the files last, because they are stored as they are read.
func (q *request) registration() (views.CaseForm, error) {
	f := views.CaseForm{UUID: q.FormValue("uuid"), Hotline: q.FormValue("source") == string(cases.Hotline)}
	r := &f.Values
	*r = cases.Registration{UUID: f.UUID, Title: q.FormValue("title"), Words: q.FormValue("words"), Source: cases.Source(q.FormValue("source")),
		Category: q.FormValue("category"), Severity: cases.Severity(q.FormValue("severity")), Address: q.FormValue("address"), District: q.FormValue("district"),
		Caller: cases.Caller{Name: strings.TrimSpace(q.FormValue("caller")), Phone: strings.TrimSpace(q.FormValue("phone"))}}
	var err error
	if r.Lat, err = degrees(q.FormValue("lat")); err != nil {
		return f, err
	}
	if r.Lon, err = degrees(q.FormValue("lon")); err != nil {
		return f, err
	}
	r.Evidence, err = q.receive()
	return f, err
}

func degrees(text string) (*float64, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil //nolint:nilnil // nobody says where
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || x != x {
		return nil, kernel.E(kernel.Invalid, "“%s”不是经纬度，请写成 36.08400 这样", text).On("lat")
	}
	return &x, nil
}

// filesMemory is how much of an upload stays in memory; the rest waits in temporary files.
const filesMemory = 4 << 20

func (q *request) parseFiles() error {
	err := q.ParseMultipartForm(filesMemory)
	if err == nil || errors.Is(err, http.ErrNotMultipart) {
		return nil
	}
	if _, tooBig := errors.AsType[*http.MaxBytesError](err); tooBig {
		return kernel.E(kernel.TooLarge, "附件一共超过 %d MB，请分几次传", maxFiles>>20).On("files")
	}
	return kernel.E(kernel.Invalid, "附件没有传完，请再传一次").On("files").Because(err)
}

// receive takes in the files of a form. It stores them, so whoever may not take the step must be refused before.
func (q *request) receive() ([]evidence.Incoming, error) {
	if q.MultipartForm == nil {
		return nil, nil
	}
	heads := q.MultipartForm.File["files"]
	if err := q.s.Evidence.Limits().CheckCount(len(heads)); err != nil {
		return nil, err
	}
	meta := q.evidenceMeta()
	var list []evidence.Incoming
	for _, h := range heads {
		file, err := h.Open()
		if err != nil {
			return nil, kernel.E(kernel.Invalid, "“%s”没有传完，请再传一次", h.Filename).On("files").Because(err)
		}
		meta.Name = h.Filename
		in, err := q.s.Evidence.Receive(q.ctx(), q.view.ID, file, meta)
		_ = file.Close()
		if err != nil {
			return nil, err
		}
		list = append(list, in)
	}
	return list, nil
}

func unitsOfSeats(seats []roster.Seat) (ids []int64) {
	for _, s := range seats {
		if s.UnitID != 0 {
			ids = append(ids, s.UnitID)
		}
	}
	return ids
}

func casePage(q *request) error {
	id, err := q.id("k")
	if err != nil {
		return err
	}
	v, err := q.caseView(id)
	if err != nil {
		return err
	}
	return q.showCase(http.StatusOK, v)
}

func (q *request) showCase(status int, v views.CasePage) error {
	return q.render(status, v.Title, views.CaseView(v), ui.Crumb{Text: "案件", Href: q.at("/cases")}, ui.Crumb{Text: v.Number()})
}

// takeStep takes one step with a case, with a supervision order where the form asks for one.
func takeStep(q *request) error {
	id, err := q.id("k")
	if err != nil {
		return err
	}
	seen, err := q.s.Cases.See(q.ctx(), q.view.ID, id)
	if err != nil {
		return err
	}
	err = q.parseFiles()
	verb := cases.Verb(q.FormValue("verb"))
	if err == nil {
		err = q.mayTake(seen, verb)
	}
	if err == nil {
		err = q.step(id, verb)
	}
	if err == nil && q.FormValue("back") == "desk" {
		return q.seeOther("%s", q.at("/desk/office"))
	}
	if err == nil {
		return q.seeOther("%s", q.at("/cases/%d", id))
	}
	problem, ok := refused(err)
	if !ok {
		return err
	}
	v, viewErr := q.caseView(id)
	if viewErr != nil {
		return viewErr
	}
	v.Problem, v.Failed, v.Typed = problem, verb, q.Form
	return q.showCase(statusOf(kernel.CodeOf(err)), v)
}

// mayTake refuses who may not before any file is taken in.
func (q *request) mayTake(seen cases.Seen, verb cases.Verb) error {
	for _, t := range seen.Open {
		if t.Verb == verb {
			return nil
		}
	}
	_, err := q.s.Cases.Take(q.ctx(), q.view.ID, seen.ID, cases.Act{Verb: verb, Revision: -1})
	if err == nil {
		return kernel.E(kernel.Conflict, "案件刚被别人办过，请看过再办")
	}
	return err
}

func (q *request) step(id int64, verb cases.Verb) error {
	a, err := q.act(verb)
	if err != nil {
		return err
	}
	if verb == cases.Dispatch && q.FormValue("order_day") != "" {
		o := cases.NewOrder{UUID: q.FormValue("uuid"), Cases: []int64{id}, Unit: a.Unit, Support: a.Support, DutyID: a.DutyID, TaskID: a.TaskID,
			Requirement: q.FormValue("requirement"), Day: kernel.Date(q.FormValue("order_day")), Signer: q.FormValue("signer")}
		_, err := q.s.Cases.Issue(q.ctx(), q.view.ID, o)
		return err
	}
	_, err = q.s.Cases.Take(q.ctx(), q.view.ID, id, a)
	return err
}

// act reads the form of a step: units by name, other cases by number.
func (q *request) act(verb cases.Verb) (a cases.Act, err error) {
	a = cases.Act{Verb: verb, Reason: strings.TrimSpace(q.FormValue("reason")), Day: kernel.Date(q.FormValue("day")), Outcome: cases.Outcome(q.FormValue("outcome"))}
	if a.Revision, err = strconv.Atoi(q.FormValue("revision")); err != nil {
		a.Revision = -1
	}
	kind, id, _ := strings.Cut(q.FormValue("basis"), "-")
	switch n, _ := strconv.ParseInt(id, 10, 64); kind {
	case "duty":
		a.DutyID = n
	case "task":
		a.TaskID = n
	}
	a.Into = caseNumber(q.FormValue("into"))
	if a.Unit, err = q.unitNamed(q.FormValue("unit"), "unit"); err != nil {
		return a, err
	}
	for _, name := range strings.FieldsFunc(q.FormValue("support"), func(r rune) bool { return strings.ContainsRune("、，,；; \n", r) }) {
		id, err := q.unitNamed(name, "support")
		if err != nil {
			return a, err
		}
		a.Support = append(a.Support, id)
	}
	a.Evidence, err = q.receive()
	return a, err
}

func (q *request) unitNamed(name, field string) (int64, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return 0, nil
	}
	u, err := roster.UnitNamed(q.ctx(), q.s.DB.Reader(), q.view.ID, name)
	if err != nil {
		return 0, err
	}
	if u.ID == 0 {
		return 0, kernel.E(kernel.Invalid, "名单里没有“%s”这个单位，请从下拉里选", name).On(field)
	}
	return u.ID, nil
}

// caseNumber reads 2024-001142, or the number alone.
func caseNumber(text string) int64 {
	text = strings.TrimSpace(text)
	if i := strings.LastIndexByte(text, '-'); i >= 0 {
		text = text[i+1:]
	}
	id, _ := strconv.ParseInt(text, 10, 64)
	return id
}

// caseFile serves a file of a case, or one of its web sizes while there is one.
func caseFile(q *request) error {
	id, err := q.id("e")
	if err != nil {
		return err
	}
	f, err := q.s.Cases.File(q.ctx(), q.view.ID, id)
	if err != nil {
		return err
	}
	return q.file(f)
}

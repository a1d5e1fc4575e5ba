package web

import (
	"net/http"
	"slices"
	"strconv"

	"pinzhi/internal/cases"
	"pinzhi/internal/kernel"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"
)

// correctable is the case of the path, where the reader may correct it.
func (q *request) correctable() (cases.Seen, error) {
	id, err := q.id("k")
	if err != nil {
		return cases.Seen{}, err
	}
	seen, err := q.s.Cases.See(q.ctx(), q.view.ID, id)
	if err != nil {
		return seen, err
	}
	return seen, seen.Correctable()
}

func correctPage(q *request) error {
	seen, err := q.correctable()
	if err != nil {
		return err
	}
	return q.correctForm(http.StatusOK, views.CorrectForm{Case: seen.Case, Values: cases.CorrectionOf(seen.Case), Lat: views.Degrees(seen.Lat), Lon: views.Degrees(seen.Lon)})
}

func (q *request) correctForm(status int, f views.CorrectForm) error {
	f.Base = q.base()
	var err error
	if f.Categories, err = q.categories(); err != nil {
		return err
	}
	if c := f.Case.Category; c != "" && !slices.Contains(f.Categories, c) { // of a spreadsheet, or of an older plan
		f.Categories = append(f.Categories, c)
	}
	return q.render(status, "更正案件", views.CorrectPage(f), ui.Crumb{Text: "案件", Href: q.at("/cases")},
		ui.Crumb{Text: f.Case.Number(), Href: q.at("/cases/%d", f.Case.ID)}, ui.Crumb{Text: "更正"})
}

func correctCase(q *request) error {
	seen, err := q.correctable()
	if err != nil {
		return err
	}
	f := views.CorrectForm{Case: seen.Case, Lat: q.FormValue("lat"), Lon: q.FormValue("lon")}
	f.Values, err = q.correction()
	if err == nil {
		_, err = q.s.Cases.Correct(q.ctx(), q.view.ID, seen.ID, f.Values)
	}
	if err == nil {
		return q.seeOther("%s", q.at("/cases/%d", seen.ID))
	}
	problem, ok := refused(err)
	if !ok {
		return err
	}
	f.Problem = problem
	return q.correctForm(statusOf(kernel.CodeOf(err)), f)
}

// correction reads the form.
func (q *request) correction() (k cases.Correction, err error) {
	k = cases.Correction{Reason: q.FormValue("reason"), Title: q.FormValue("title"), Words: q.FormValue("words"), Category: q.FormValue("category"),
		Severity: cases.Severity(q.FormValue("severity")), Address: q.FormValue("address"), District: q.FormValue("district")}
	if k.Revision, err = strconv.Atoi(q.FormValue("revision")); err != nil {
		return k, kernel.E(kernel.Invalid, "没有收到完整的表单，请再打开一次")
	}
	if k.Lat, err = degrees(q.FormValue("lat")); err != nil {
		return k, err
	}
	k.Lon, err = degrees(q.FormValue("lon"))
	return k, err
}

// noteCase adds to an open case. Who may not is refused before any file is taken in.
func noteCase(q *request) error {
	id, err := q.id("k")
	if err != nil {
		return err
	}
	seen, err := q.s.Cases.See(q.ctx(), q.view.ID, id)
	if err != nil {
		return err
	}
	if err := seen.Notable(); err != nil {
		return err
	}
	err = q.parseFiles()
	n := cases.Note{UUID: q.FormValue("uuid"), Text: q.FormValue("text")}
	if err == nil {
		n.Evidence, err = q.receive()
	}
	if err == nil {
		err = q.s.Cases.Note(q.ctx(), q.view.ID, id, n)
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
	v.Problem, v.Failed, v.Typed = problem, cases.Noted, q.Form
	return q.showCase(statusOf(kernel.CodeOf(err)), v)
}

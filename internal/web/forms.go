package web

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"pinzhi/internal/evidence"
	"pinzhi/internal/form"
	"pinzhi/internal/kernel"
	"pinzhi/internal/submission"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"
)

func formsPage(q *request) error { return q.forms(http.StatusOK, views.Forms{}) }

// forms shows the list; v says what was wrong with a workbook that was sent.
func (q *request) forms(status int, v views.Forms) error {
	v.Base, v.Today, v.Server = q.base(), q.today(), q.site()+q.at("/openrosa")
	rows, viewer, err := q.s.Forms.Forms(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	v.Rows, v.Manages = rows, viewer.Manages()
	return q.render(status, "表单", views.FormsPage(v))
}

// sendForm takes a workbook; with faults nothing is stored, and each is told by its sheet and cell.
func sendForm(q *request) error {
	if err := q.s.Forms.MaySend(q.ctx(), q.view.ID); err != nil {
		return err // who may not send may not make us read files either
	}
	name, content, err := q.workbook()
	var version submission.Version
	var faults []form.Fault
	if err == nil {
		version, faults, err = q.s.Forms.Send(q.ctx(), q.view.ID, name, content)
	}
	switch problem, ok := refused(err); {
	case ok:
		return q.forms(statusOf(kernel.CodeOf(err)), views.Forms{Problem: problem})
	case err != nil:
		return err
	case len(faults) > 0:
		return q.forms(statusOf(kernel.Invalid), views.Forms{Sent: name, Faults: faults[:min(len(faults), mostFaults)], MoreFaults: max(len(faults)-mostFaults, 0)})
	}
	return q.seeOther("%s", q.at("/forms/%d", version.FormID))
}

func (q *request) workbook() (name string, content []byte, err error) {
	return q.oneFile("sheet", form.MaxWorkbook, "请先选一个 .xlsx 表格", "请去掉里面的图片再传")
}

func formPage(q *request) error {
	id, err := q.id("form")
	if err != nil {
		return err
	}
	before, _ := strconv.ParseInt(q.FormValue("before"), 10, 64)
	v := views.FormPage{Base: q.base(), Today: q.today()}
	if v.Seen, err = q.s.Forms.See(q.ctx(), q.view.ID, id, before); err != nil {
		return err
	}
	if v.Timeline, err = q.timeline(submission.FormKind, id); err != nil {
		return err
	}
	return q.page(v.Title, views.FormView(v), ui.Crumb{Text: "表单", Href: q.at("/forms")}, ui.Crumb{Text: v.Title})
}

// formVersion is the version that the path names, which must be one of the form in it.
func (q *request) formVersion() (v submission.Version, f *form.Form, err error) {
	id, err := q.id("form")
	if err != nil {
		return v, nil, err
	}
	version, err := q.id("version")
	if err != nil {
		return v, nil, err
	}
	if v, f, err = q.s.Forms.VersionOf(q.ctx(), q.view.ID, version); err == nil && v.FormID != id {
		err = kernel.E(kernel.NotFound, "没有这个页面")
	}
	return v, f, err
}

// formWorkbook is the workbook as it was sent.
func formWorkbook(q *request) error {
	if err := q.s.Forms.MaySend(q.ctx(), q.view.ID); err != nil {
		return err
	}
	v, _, err := q.formVersion()
	if err != nil {
		return err
	}
	q.attachment(v.FileName, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	_, err = q.w.Write(v.Workbook)
	return err
}

func (q *request) attachment(name, contentType string) {
	h := q.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("Cache-Control", "no-store")
}

// exportCopies writes the copies of a version that the viewer may read: ?as=csv for CSV, ?codes=1 for names in place of labels.
func exportCopies(q *request) error {
	viewer, err := submission.ViewerFrom(q.view)
	if err != nil {
		return err
	}
	v, f, err := q.formVersion()
	if err != nil {
		return err
	}
	options := form.ExportOptions{Labels: q.FormValue("codes") == "", Extra: submission.ExtraHeads}
	records := q.s.Forms.Records(q.ctx(), viewer, v.ID)
	name := fmt.Sprintf("%s %s %s.", v.Title, v.Version, q.today())
	if q.FormValue("as") == "csv" {
		kind := map[string]string{"csv": "text/csv; charset=utf-8", "zip": "application/zip"}
		q.attachment(name+f.CSVExtension(), kind[f.CSVExtension()])
		err = f.WriteCSV(q.w, records, options)
	} else {
		q.attachment(name+"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
		err = f.WriteXLSX(q.w, records, options)
	}
	if err != nil && kernel.CodeOf(err) != kernel.Internal { // more than a worksheet holds; nothing was written yet
		q.w.Header().Del("Content-Disposition")
		return err
	}
	if err != nil {
		q.s.Log.ErrorContext(q.ctx(), "export broke off", "path", q.URL.Path, "err", err)
		panic(http.ErrAbortHandler) // half a table must not look like a whole one
	}
	return nil
}

func copyPage(q *request) error {
	id, err := q.id("copy")
	if err != nil {
		return err
	}
	v := views.CopyPage{Base: q.base(), Today: q.today()}
	if v.SeenCopy, err = q.s.Forms.SeeCopy(q.ctx(), q.view.ID, id); err != nil {
		return err
	}
	if v.Timeline, err = q.timeline(submission.Kind, id); err != nil {
		return err
	}
	return q.page(v.Heading(), views.CopyView(v), ui.Crumb{Text: "表单", Href: q.at("/forms")}, ui.Crumb{Text: v.Form.Title, Href: q.at("/forms/%d", v.Form.ID)}, ui.Crumb{Text: v.Heading()})
}

// copyPicture is a picture of a copy, in a size or as it was taken.
func copyPicture(q *request) error {
	id, err := q.id("copy")
	if err != nil {
		return err
	}
	picture, err := q.id("e")
	if err != nil {
		return err
	}
	f, err := q.s.Forms.Picture(q.ctx(), q.view.ID, id, picture)
	if err != nil {
		return err
	}
	return q.file(f)
}

// file serves a piece of evidence in the size that is asked for.
func (q *request) file(f evidence.File) error {
	size := q.FormValue("size")
	content, err := q.s.Evidence.Open(q.ctx(), f, size)
	if kernel.CodeOf(err) == kernel.Unavailable && size != evidence.Original {
		content, err = q.s.Evidence.Open(q.ctx(), f, evidence.Original) // its sizes are being made
	}
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	h := q.w.Header()
	h.Set("Content-Type", content.ContentType)
	h.Set("Content-Disposition", f.ContentDisposition())
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox") // whatever it is, it is no page of ours
	h.Set("Cache-Control", "private, max-age=3600")
	http.ServeContent(q.w, q.Request, "", time.Time{}, io.ReadSeeker(content))
	return nil
}

package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"pinzhi/internal/campaign"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
	"pinzhi/internal/plan/source"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"
)

// maxUpload is the most that a plan's file may have: 20 MB, which source.Read checks again.
const maxUpload = 20 << 20

// draftsPage lists the plans being checked for new campaigns.
func draftsPage(q *request) error {
	rows, err := q.s.Campaigns.Drafts(q.ctx(), 0)
	if err != nil {
		return err
	}
	return q.page("导入方案", views.DraftsPage(views.Drafts{Action: "/drafts", Rows: rows, Today: q.today()}))
}

// revisionsPage lists the revisions of the campaign's plan being checked.
func revisionsPage(q *request) error {
	rows, err := q.s.Campaigns.Drafts(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	return q.page("修订方案", views.DraftsPage(views.Drafts{Action: q.at("/drafts"), Rows: rows, Revision: true, Today: q.today()}))
}

func uploadPlan(q *request) error     { return q.upload(0) }
func uploadRevision(q *request) error { return q.upload(q.view.ID) }

// upload reads the file before anything is stored: what cannot be read leaves no trace but the reason on the screen.
func (q *request) upload(campaignID int64) error {
	list, err := q.s.Campaigns.Drafts(q.ctx(), campaignID) // who may not draft may not make us read files either
	if err != nil {
		return err
	}
	id, err := q.startDraft(campaignID)
	if err == nil {
		return q.seeOther("/drafts/%d", id)
	}
	switch kernel.CodeOf(err) {
	case kernel.Invalid, kernel.TooLarge:
		v := views.Drafts{Action: q.URL.Path, Rows: list, Revision: campaignID != 0, Error: kernel.MessageOf(err), Today: q.today()}
		return q.render(statusOf(kernel.CodeOf(err)), "导入方案", views.DraftsPage(v))
	}
	return err
}

func (q *request) startDraft(campaignID int64) (int64, error) {
	name, content, err := q.uploaded()
	if err != nil {
		return 0, err
	}
	src, err := source.Read(name, content)
	if err != nil {
		return 0, err
	}
	p, err := plan.Read(src)
	if err != nil {
		return 0, err
	}
	return q.s.Campaigns.StartDraft(q.ctx(), campaign.Upload{CampaignID: campaignID, Source: src, Original: content, Plan: p,
		Drill: q.FormValue("drill") != ""})
}

func (q *request) uploaded() (name string, content []byte, err error) {
	if err := q.ParseMultipartForm(4 << 20); err != nil {
		if _, tooBig := errors.AsType[*http.MaxBytesError](err); tooBig {
			return "", nil, kernel.E(kernel.TooLarge, "文件超过 20 MB。方案一般不到 1 MB，请看看是不是选错了文件，或者文件里嵌了图片")
		}
		return "", nil, kernel.E(kernel.Invalid, "没有收到完整的文件，请重新选一次").Because(err)
	}
	file, head, err := q.FormFile("plan")
	if err != nil {
		return "", nil, kernel.E(kernel.Invalid, "请先选一个方案文件（.docx、.pdf 或 .txt）").On("plan")
	}
	defer func() { _ = file.Close() }()
	content, err = io.ReadAll(io.LimitReader(file, maxUpload+1))
	if err != nil {
		return "", nil, kernel.E(kernel.Invalid, "文件没有传完，请重新选一次").Because(err)
	}
	if len(content) > maxUpload {
		return "", nil, kernel.E(kernel.TooLarge, "“%s”超过 20 MB。方案一般不到 1 MB，请看看是不是选错了文件", head.Filename)
	}
	return head.Filename, content, nil
}

// draftPage is the checking screen: the text on the left, what was read on the right.
// ?edit=task.5 opens one entry for correction; ?edit=task.5.split another form of it.
func draftPage(q *request) error {
	return q.draft(http.StatusOK, q.FormValue("edit"), nil, views.Problem{})
}

// draft shows the checking screen with one entry open, and what was typed there where it was not taken.
func (q *request) draft(status int, edit string, posted map[string]string, problem views.Problem) error {
	v, err := q.draftView()
	if err != nil {
		return err
	}
	v.Edit, v.Posted, v.Problem = edit, posted, problem
	return q.render(status, "核对方案", views.DraftPage(v), ui.Crumb{Text: v.Back, Href: v.BackHref}, ui.Crumb{Text: v.Draft.FileName}, ui.Crumb{Text: "核对"})
}

func (q *request) draftView() (views.Draft, error) {
	id, err := q.id("d")
	if err != nil {
		return views.Draft{}, err
	}
	d, err := q.s.Campaigns.DraftByID(q.ctx(), id)
	if err != nil {
		return views.Draft{}, err
	}
	r, err := d.Reading()
	if err != nil {
		return views.Draft{}, err
	}
	v := views.Draft{Draft: d, Reading: r, Name: campaign.NameOf(&r.Plan), Back: "导入方案", BackHref: "/drafts"}
	if d.CampaignID != 0 {
		if q.view, err = q.s.Campaigns.See(q.ctx(), d.CampaignID); err != nil {
			return v, err
		}
		v.Back, v.BackHref = "修订方案", q.at("/drafts")
		if d.OpenedCampaignID == 0 {
			if v.Changes, err = q.s.Campaigns.Differences(q.ctx(), d, r); err != nil {
				return v, err
			}
		}
	}
	v.Leads = campaign.DerivedUnits(&r.Plan)
	v.Source = draftLines(d.Lines(), &r.Plan)
	return v, nil
}

func draftLines(lines []string, p *plan.Plan) []ui.SourceLine {
	m := marksOf(p)
	for i, f := range p.Findings {
		m.tag(f.Lines[0], "体检", "#finding-"+strconv.Itoa(i), "find")
	}
	return m.lines(lines)
}

// editDraft takes one correction: op, kind and at name what and where, all other fields are the new values.
func editDraft(q *request) error {
	id, err := q.id("d")
	if err != nil {
		return err
	}
	if err := q.ParseForm(); err != nil {
		return kernel.E(kernel.Invalid, "表单没有传完，请再存一次").Because(err)
	}
	e := campaign.Edit{Op: q.PostFormValue("op"), Kind: q.PostFormValue("kind"), Fields: map[string]string{}}
	for part := range strings.SplitSeq(q.PostFormValue("at"), ".") {
		n, err := strconv.Atoi(part)
		if part != "" && err != nil {
			return kernel.E(kernel.Invalid, "这处修改的位置不对，请刷新页面再改")
		}
		if part != "" {
			e.At = append(e.At, n)
		}
	}
	for name := range q.PostForm {
		switch name {
		case "op", "kind", "at", "revision", "form":
		default:
			e.Fields[name] = q.PostFormValue(name)
		}
	}
	err = q.s.Campaigns.CorrectDraft(q.ctx(), id, q.revision(), e)
	if problem, ok := refused(err); ok {
		return q.draft(statusOf(kernel.CodeOf(err)), q.PostFormValue("form"), e.Fields, problem)
	}
	if err != nil {
		return err
	}
	return q.seeOther("/drafts/%d#%s", id, anchor(e))
}

// anchor is the entry that the browser should come back to: the one that was corrected, added or joined to.
func anchor(e campaign.Edit) string {
	at := slices.Clone(e.At)
	if last := len(at) - 1; last >= 0 {
		switch e.Op {
		case "add":
			at[last]++
		case "merge":
			at[last] = max(0, at[last]-1)
		}
	}
	return entryID(e.Kind, at)
}

// entryID is how the view calls an entry: task-5, appointment-1-3.
func entryID(kind string, at []int) string {
	parts := []string{kind}
	for _, n := range at {
		parts = append(parts, strconv.Itoa(n))
	}
	return strings.Join(parts, "-")
}

// undoDraft takes the last correction back and returns to where it was made.
func undoDraft(q *request) error {
	place := ""
	return q.onDraft(func(ctx context.Context, id int64, revision int) error {
		d, err := q.s.Campaigns.DraftByID(ctx, id)
		if err != nil {
			return err
		}
		r, err := d.Reading()
		if err != nil {
			return err
		}
		if n := len(r.Edits); n > 0 {
			place = entryID(r.Edits[n-1].Kind, r.Edits[n-1].At)
		}
		return q.s.Campaigns.UndoDraft(ctx, id, revision)
	}, &place)
}

func acceptFindings(q *request) error {
	place := "findings"
	return q.onDraft(q.s.Campaigns.AcceptAll, &place)
}

// onDraft does one thing to a draft and comes back to a place in it.
func (q *request) onDraft(do func(context.Context, int64, int) error, place *string) error {
	id, err := q.id("d")
	if err != nil {
		return err
	}
	err = do(q.ctx(), id, q.revision())
	if problem, ok := refused(err); ok {
		return q.draft(statusOf(kernel.CodeOf(err)), "", nil, problem)
	}
	if err != nil {
		return err
	}
	return q.seeOther("/drafts/%d#%s", id, *place)
}

func openDraft(q *request) error {
	id, err := q.id("d")
	if err != nil {
		return err
	}
	campaignID, err := q.s.Campaigns.OpenDraft(q.ctx(), id, q.revision())
	if problem, ok := refused(err); ok {
		return q.draft(statusOf(kernel.CodeOf(err)), "", nil, problem)
	}
	if err != nil {
		return err
	}
	return q.seeOther("/c/%d", campaignID)
}

package web

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"pinzhi/internal/evidence"
	"pinzhi/internal/form"
	"pinzhi/internal/kernel"
	"pinzhi/internal/submission"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"
)

// A form is filled in on a page of the server's: every button posts what is there, and the server answers with what
// follows from it. Pictures go up with any of the buttons and wait as uploads until the copy is handed in.

func fillPage(q *request) error {
	id, err := q.id("form")
	if err != nil {
		return err
	}
	seen, err := q.s.Forms.See(q.ctx(), q.view.ID, id, 0)
	if err != nil {
		return err
	}
	return q.filling(http.StatusOK, views.FillPage{VersionID: seen.VersionID, Instance: "uuid:" + rand.Text()}, form.Answers{})
}

// filling shows the page with what follows from answers. Where v has a state already, that is shown.
func (q *request) filling(status int, v views.FillPage, answers form.Answers) error {
	id, err := q.id("form")
	if err != nil {
		return err
	}
	version, f, err := q.s.Forms.VersionOf(q.ctx(), q.view.ID, v.VersionID)
	if err != nil {
		return err
	}
	if version.FormID != id {
		return kernel.E(kernel.NotFound, "没有这个页面")
	}
	if v.State == nil {
		v.State = f.Fill(answers, q.s.Clock.Now())
	}
	v.Base, v.FormID, v.Form = q.base(), id, f
	return q.render(status, "填报"+version.Title, views.FillView(v), ui.Crumb{Text: "表单", Href: q.at("/forms")}, ui.Crumb{Text: version.Title, Href: q.at("/forms/%d", id)}, ui.Crumb{Text: "填报"})
}

// formDefinition is what a version asks, for the page's own script.
func formDefinition(q *request) error {
	_, f, err := q.formVersion()
	if err != nil {
		return err
	}
	return q.answer(http.StatusOK, f.Definition)
}

// fillIn takes what was filled in: to show what follows from it, to add or take away one of a repeat, or to hand it in.
func fillIn(q *request) error {
	if err := q.ParseMultipartForm(filesMemory); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		if _, tooBig := errors.AsType[*http.MaxBytesError](err); tooBig {
			return kernel.E(kernel.TooLarge, "照片加起来超过 %d MB，请分几次上传：选几张，按“更新”，再选别的", maxFiles>>20)
		}
		return kernel.E(kernel.Invalid, "没有收完整，请再试一次").Because(err)
	}
	versionID, err := strconv.ParseInt(q.FormValue("version"), 10, 64)
	if err != nil {
		return kernel.E(kernel.Invalid, "这一页过期了，请从表单重新打开再填")
	}
	_, f, err := q.s.Forms.VersionOf(q.ctx(), q.view.ID, versionID)
	if err != nil {
		return err
	}
	v := views.FillPage{VersionID: versionID, Instance: q.FormValue("instance")}
	in := posted{q.Form, q.FormValue("add"), q.FormValue("drop")}
	problem, err := q.keepPictures(in)
	if err != nil {
		return err
	}
	answers := in.answers(f.Items, "")
	if problem.Message != "" {
		v.Problem = problem
		return q.filling(statusOf(kernel.Invalid), v, answers)
	}
	if q.FormValue("do") != "send" {
		return q.filling(http.StatusOK, v, answers)
	}
	return q.handIn(v, answers)
}

func (q *request) handIn(v views.FillPage, answers form.Answers) error {
	c, state, err := q.s.Forms.HandIn(q.ctx(), q.view.ID, v.VersionID, submission.Filled{InstanceID: v.Instance, Answers: answers})
	if problem, ok := refused(err); ok {
		v.Problem = problem
		return q.filling(statusOf(kernel.CodeOf(err)), v, answers)
	}
	if err != nil {
		return err
	}
	if len(state.Faults) > 0 {
		v.State, v.Told = state, true
		return q.filling(statusOf(kernel.Invalid), v, answers)
	}
	return q.seeOther("%s", q.at("/submissions/%d", c.ID))
}

// posted is what a page of a form sends: answers by their path, how many there are of each repeat, and which button.
type posted struct {
	values    url.Values
	add, drop string // the path of a repeat to add to, of an instance to take away
}

// answers are those of items within a place. What the page did not show is absent, so that its default holds.
func (p posted) answers(items []*form.Item, place string) form.Answers {
	a := form.Answers{}
	for _, item := range items {
		at := strings.TrimPrefix(place+"/"+item.Name, "/")
		switch item.Kind {
		case form.Group:
			a[item.Name] = p.answers(item.Items, at)
		case form.Repeat:
			if list, shown := p.instances(item, at); shown {
				a[item.Name] = list
			}
		default:
			if values, shown := p.values[views.AnswerInput(at)]; shown {
				a[item.Name] = strings.Join(slices.DeleteFunc(slices.Clone(values), func(s string) bool { return s == "" }), " ")
			}
		}
	}
	return a
}

func (p posted) instances(item *form.Item, at string) (list []any, shown bool) {
	n, err := strconv.Atoi(p.values.Get(views.CountName(at)))
	if err != nil {
		return nil, false
	}
	list = []any{}
	for i := range min(n, form.MaxInstances) {
		if one := fmt.Sprintf("%s[%d]", at, i+1); one != p.drop {
			list = append(list, p.answers(item.Items, one))
		}
	}
	if p.add == at {
		list = append(list, form.Answers{})
	}
	return list, true
}

// keepPictures keeps the pictures that came along as uploads, and puts their names among the answers.
func (q *request) keepPictures(in posted) (views.Problem, error) {
	if q.MultipartForm == nil {
		return views.Problem{}, nil
	}
	for name, heads := range q.MultipartForm.File {
		at, ok := strings.CutPrefix(name, views.PicturePrefix)
		if !ok || len(heads) == 0 || heads[0].Size == 0 {
			continue
		}
		kept, err := q.keepPicture(heads[0])
		if problem, ok := refused(err); ok {
			return problem, nil
		}
		if kernel.CodeOf(err) == kernel.TooMany {
			return views.Problem{Message: kernel.MessageOf(err)}, nil // what was typed is to stay
		}
		if err != nil {
			return views.Problem{}, err
		}
		in.values[views.AnswerInput(at)] = []string{kept}
	}
	return views.Problem{}, nil
}

func (q *request) keepPicture(head *multipart.FileHeader) (name string, err error) {
	file, err := head.Open()
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return "", err
	}
	meta, sum := q.evidenceMeta(), sha256.Sum256(content)
	meta.Name, meta.ClientUUID = head.Filename, rand.Text()
	if _, err := q.s.Evidence.BeginUpload(q.ctx(), q.view.ID, meta, head.Size, hex.EncodeToString(sum[:])); err != nil {
		return "", err
	}
	for start, rest := int64(0), content; len(rest) > 0; {
		piece := rest[:min(len(rest), evidence.MaxPiece)]
		if _, err := q.s.Evidence.AddPiece(q.ctx(), q.view.ID, q.actor.AccountID, meta.ClientUUID, start, bytes.Clone(piece)); err != nil {
			return "", err
		}
		start, rest = start+int64(len(piece)), rest[len(piece):]
	}
	return meta.ClientUUID + strings.ToLower(path.Ext(head.Filename)), nil
}

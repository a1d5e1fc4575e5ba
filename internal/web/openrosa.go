package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"pinzhi/internal/form"
	"pinzhi/internal/kernel"
	"pinzhi/internal/submission"
)

// What ODK Collect and its kin ask for (https://docs.getodk.org/openrosa/). The server's address in the app is
// https://…/c/{c}/openrosa.

// openRosa is where that begins within a campaign.
const openRosa = "/openrosa/"

// speaksOpenRosa reports whether a path is /c/{c}/openrosa/….
func speaksOpenRosa(path string) bool {
	rest, ok := strings.CutPrefix(path, "/c/")
	_, rest, _ = strings.Cut(rest, "/")
	return ok && strings.HasPrefix("/"+rest, openRosa)
}

// signInEach takes who is calling from the request's own login and password (HTTP Basic), and from nothing else: what
// another site makes a browser send here is nobody's.
func (q *request) signInEach() error {
	q.w.Header().Set("X-Openrosa-Version", "1.0")
	login, password, ok := q.BasicAuth()
	if !ok {
		return kernel.E(kernel.Unauthenticated, "请在应用的服务器设置里填登录名和密码")
	}
	account, err := q.s.Accounts.SignInEach(q.ctx(), login, password, q.address())
	if err != nil {
		return err
	}
	q.actor = account.Actor()
	q.Request = q.WithContext(kernel.WithActor(q.ctx(), q.actor))
	return nil
}

// refuseOpenRosa answers an error in the clients' own words: they show the message.
func (q *request) refuseOpenRosa(err error, ref string) {
	h, code := q.w.Header(), kernel.CodeOf(err)
	if code == kernel.Unauthenticated {
		h.Set("WWW-Authenticate", `Basic realm="pinzhi", charset="UTF-8"`)
	}
	message := kernel.MessageOf(err)
	if code == kernel.Internal {
		message = fmt.Sprintf("%s（编号 %s）", message, ref)
	}
	q.sendXML(statusOf(code), form.Response("submit_error", message))
}

func (q *request) sendXML(status int, content []byte) {
	h := q.w.Header()
	h.Set("Content-Type", "text/xml; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(content)))
	q.w.WriteHeader(status)
	if _, err := q.w.Write(content); err != nil && q.ctx().Err() == nil {
		q.s.Log.WarnContext(q.ctx(), "answer", "err", err)
	}
}

// site is where whoever calls reaches us.
func (q *request) site() string {
	scheme := "http"
	if q.TLS != nil {
		scheme = "https"
	}
	return strings.TrimSuffix(cmp.Or(q.s.URL, scheme+"://"+q.Host), "/")
}

// formList lists the current versions of the campaign's forms.
func formList(q *request) error {
	rows, _, err := q.s.Forms.Forms(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	list := make([]form.Listed, len(rows))
	for i, r := range rows {
		list[i] = form.Listed{ID: r.Key, Version: r.Version, Title: r.Title, Hash: r.Mark, DownloadURL: q.site() + q.at(openRosa+"forms/%d", r.VersionID)}
	}
	q.sendXML(http.StatusOK, form.XFormsList(list))
	return nil
}

func formXML(q *request) error {
	id, err := q.id("version")
	if err != nil {
		return err
	}
	_, f, err := q.s.Forms.VersionOf(q.ctx(), q.view.ID, id)
	if err != nil {
		return err
	}
	content, err := f.XForm()
	if err != nil {
		return err
	}
	q.sendXML(http.StatusOK, content)
	return nil
}

// formManifest names the files that come with a form: none, for the engine reads no media.
func formManifest(q *request) error {
	id, err := q.id("version")
	if err != nil {
		return err
	}
	if _, _, err := q.s.Forms.VersionOf(q.ctx(), q.view.ID, id); err != nil {
		return err
	}
	q.sendXML(http.StatusOK, []byte(`<?xml version="1.0" encoding="UTF-8"?>`+"\n"+`<manifest xmlns="http://openrosa.org/xforms/xformsManifest"/>`+"\n"))
	return nil
}

// greetSubmission tells a client, before it sends, that it may and how much.
func greetSubmission(q *request) error {
	if _, err := submission.ViewerFrom(q.view); err != nil {
		return err
	}
	h := q.w.Header()
	h.Set("X-Openrosa-Accept-Content-Length", strconv.Itoa(maxFiles))
	h.Set("Location", q.site()+q.at(openRosa+"submission"))
	q.w.WriteHeader(http.StatusNoContent)
	return nil
}

// takeSubmission takes a copy and some of its pictures: 201 when it is whole, 202 while pictures are still to come.
func takeSubmission(q *request) error {
	q.w.Header().Set("X-Openrosa-Accept-Content-Length", strconv.Itoa(maxFiles))
	body, err := q.MultipartReader()
	if err != nil {
		return kernel.E(kernel.Invalid, "没有收到答卷，请用 ODK 应用发送").Because(err)
	}
	r, err := q.s.Forms.Receive(q.ctx(), q.view.ID, body)
	if _, tooBig := errors.AsType[*http.MaxBytesError](err); tooBig {
		return kernel.E(kernel.TooLarge, "一次发送超过 %d MB，请在手机上把照片调小", maxFiles>>20).Because(err)
	}
	if err != nil {
		return err
	}
	status, message := http.StatusCreated, "收到了"
	if n := len(r.Missing); n > 0 {
		status, message = http.StatusAccepted, fmt.Sprintf("收到了，还差 %d 张照片", n)
	}
	q.sendXML(status, form.Response("submit_success", message))
	return nil
}

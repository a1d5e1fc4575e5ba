package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"pinzhi/internal/campaign"
	"pinzhi/internal/kernel"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"

	"github.com/a-h/templ"
)

// request is one call of a handler.
type request struct {
	*http.Request

	s     *Server
	w     http.ResponseWriter
	actor kernel.Actor
	view  campaign.View // of the campaign {c}, for routes inside one
}

func (q *request) ctx() context.Context { return q.Context() }

// id is the number in the path; a path that holds none stands for nothing.
func (q *request) id(name string) (int64, error) {
	id, err := strconv.ParseInt(q.PathValue(name), 10, 64)
	if err != nil || id <= 0 {
		return 0, kernel.E(kernel.NotFound, "没有这个页面")
	}
	return id, nil
}

func (q *request) today() kernel.Date { return q.s.Clock.Today() }

// serve wraps a route: who is calling, may they come in, and what an error means.
func (s *Server) serve(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		q := &request{Request: r, s: s, w: rec, actor: kernel.ActorFrom(r.Context())}
		if err := q.enter(rt.needs); err != nil {
			q.fail(err)
		} else if err := rt.handle(q); err != nil {
			q.fail(err)
		}
		took := time.Since(start)
		s.metrics.observe(rt.pattern, rec.status, took)
		s.Log.InfoContext(r.Context(), "request", "method", r.Method, "path", r.URL.Path, "route", rt.pattern,
			"status", rec.status, "ms", float64(took.Microseconds())/1000, "account", q.actor.AccountID)
	})
}

func (q *request) enter(needs need) error {
	if needs == anybody {
		return nil
	}
	if needs == withEach {
		if err := q.signInEach(); err != nil {
			return err
		}
		needs = inside
	}
	if !q.actor.Known() {
		return kernel.E(kernel.Unauthenticated, "请先登录")
	}
	if needs == inside {
		id, err := q.id("c")
		if err != nil {
			return err
		}
		q.view, err = q.s.Campaigns.See(q.ctx(), id)
		return err
	}
	return nil
}

// statusOf turns a code into an HTTP status; nothing else in the program does.
func statusOf(code kernel.Code) int {
	switch code {
	case kernel.Invalid:
		return http.StatusUnprocessableEntity
	case kernel.Unauthenticated:
		return http.StatusUnauthorized
	case kernel.Forbidden:
		return http.StatusForbidden
	case kernel.NotFound:
		return http.StatusNotFound
	case kernel.Conflict:
		return http.StatusConflict
	case kernel.TooLarge:
		return http.StatusRequestEntityTooLarge
	case kernel.TooMany:
		return http.StatusTooManyRequests
	case kernel.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// fail shows an error to the reader and tells the log its cause.
func (q *request) fail(err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	code := kernel.CodeOf(err)
	if code == kernel.Unauthenticated && q.Method == http.MethodGet && !q.wantsJSON() && !speaksOpenRosa(q.URL.Path) {
		http.Redirect(q.w, q.Request, "/signin?to="+url.QueryEscape(q.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	ref := reference()
	if code == kernel.Internal {
		q.s.Log.ErrorContext(q.ctx(), "failed", "ref", ref, "path", q.URL.Path, "err", err)
	} else {
		q.s.Log.WarnContext(q.ctx(), "refused", "ref", ref, "path", q.URL.Path, "code", string(code), "err", err)
	}
	if speaksOpenRosa(q.URL.Path) {
		q.refuseOpenRosa(err, ref)
		return
	}
	if q.wantsJSON() {
		q.refuseJSON(err, ref)
		return
	}
	if renderErr := q.render(statusOf(code), "没有办成", views.Refusal(kernel.MessageOf(err), ref, q.Header.Get("Referer"))); renderErr != nil {
		q.s.Log.ErrorContext(q.ctx(), "error page", "err", renderErr)
	}
}

func reference() string {
	var b [4]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// page shows a view inside the shell.
func (q *request) page(title string, view templ.Component, crumbs ...ui.Crumb) error {
	return q.render(http.StatusOK, title, view, crumbs...)
}

func (q *request) render(status int, title string, view templ.Component, crumbs ...ui.Crumb) error {
	var b bytes.Buffer
	shell := q.shell(title, crumbs)
	if err := ui.Page(shell).Render(templ.WithChildren(q.ctx(), view), &b); err != nil {
		return fmt.Errorf("render %s: %w", title, err)
	}
	q.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	q.w.Header().Set("Cache-Control", "no-store")
	q.w.WriteHeader(status)
	_, err := q.w.Write(b.Bytes())
	return err
}

// part shows a piece of a page that is swapped into one.
func (q *request) part(view templ.Component) error {
	var b bytes.Buffer
	if err := view.Render(q.ctx(), &b); err != nil {
		return fmt.Errorf("render part: %w", err)
	}
	q.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	q.w.Header().Set("Cache-Control", "no-store")
	_, err := q.w.Write(b.Bytes())
	return err
}

// seeOther sends the browser on after a form was taken.
func (q *request) seeOther(format string, args ...any) error {
	http.Redirect(q.w, q.Request, fmt.Sprintf(format, args...), http.StatusSeeOther)
	return nil
}

// recorder remembers the status for the log.
type recorder struct {
	http.ResponseWriter

	status int
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap serves http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// oneFile reads a form's one file of so many bytes at most, and one more where it has more. none says what to choose,
// tooLarge what to do.
func (q *request) oneFile(field string, most int64, none, tooLarge string) (name string, content []byte, err error) {
	if err := q.ParseMultipartForm(filesMemory); err != nil {
		if _, tooBig := errors.AsType[*http.MaxBytesError](err); tooBig {
			return "", nil, kernel.E(kernel.TooLarge, "文件超过 %d MB，%s", most>>20, tooLarge).On(field)
		}
		return "", nil, kernel.E(kernel.Invalid, "没有收到完整的文件，请重新选一次").On(field).Because(err)
	}
	file, head, err := q.FormFile(field)
	if err != nil {
		return "", nil, kernel.E(kernel.Invalid, "%s", none).On(field)
	}
	defer func() { _ = file.Close() }()
	content, err = io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return "", nil, kernel.E(kernel.Invalid, "文件没有传完，请重新选一次").On(field).Because(err)
	}
	return head.Filename, content, nil
}

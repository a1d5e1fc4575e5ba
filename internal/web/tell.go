package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"pinzhi/internal/kernel"
	"pinzhi/internal/notify"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"
)

var mine = []ui.Crumb{{Text: "我的账号", Href: "/me"}, {Text: "通知设置"}}

func tellMePage(q *request) error { return q.tellMe(views.TellMe{}) }

// tellMe is how the actor wants to be told, with a form that was not taken.
func (q *request) tellMe(v views.TellMe) error {
	if q.actor.Admin != kernel.NoAdmin {
		return kernel.E(kernel.Forbidden, "管理员不收案件通知（三员分立），没有可设的")
	}
	channels, err := q.s.Notify.Channels(q.ctx())
	if err != nil {
		return err
	}
	if v.Latest, err = q.s.Notify.Latest(q.ctx()); err != nil {
		return err
	}
	if v.Feed, err = q.s.Notify.MyFeed(q.ctx()); err != nil {
		return err
	}
	for _, k := range notify.Kinds {
		c := notify.Channel{Kind: k}
		for _, have := range channels {
			if have.Kind == k {
				c = have
			}
		}
		if v.Failed == k && v.Problem.Message != "" {
			c = v.Typed
		}
		v.Channels = append(v.Channels, c)
	}
	v.CanMail, v.Today = q.s.Notify.CanMail(), q.today()
	status := http.StatusOK
	if v.Problem.Message != "" {
		status = http.StatusUnprocessableEntity
	}
	return q.render(status, "通知设置", views.TellMeView(v), mine...)
}

func setChannel(q *request) error {
	c := notify.Channel{Kind: notify.Kind(q.FormValue("kind")), Address: q.FormValue("address"), Secret: q.FormValue("secret"),
		Active: q.FormValue("active") != "", UrgentOnly: q.FormValue("when") == "urgent"}
	return q.toldMe(c, q.s.Notify.SetChannel(q.ctx(), c), "/me/notify#"+string(c.Kind))
}

func testChannel(q *request) error {
	k := notify.Kind(q.FormValue("kind"))
	c := notify.Channel{Kind: k}
	if rows, err := q.s.Notify.Channels(q.ctx()); err == nil {
		for _, have := range rows {
			if have.Kind == k {
				c = have
			}
		}
	}
	return q.toldMe(c, q.s.Notify.Test(q.ctx(), k), "/me/notify#"+string(k))
}

// toldMe goes on after a form, or shows it again with what was wrong.
func (q *request) toldMe(typed notify.Channel, err error, onward string) error {
	if err == nil {
		return q.seeOther("%s", onward)
	}
	problem, ok := refused(err)
	if !ok {
		return err
	}
	return q.tellMe(views.TellMe{Problem: problem, Failed: typed.Kind, Typed: typed})
}

// makeFeed shows the new address once: it is kept nowhere in clear.
func makeFeed(q *request) error {
	token, err := q.s.Notify.MakeFeed(q.ctx())
	if err != nil {
		return err
	}
	return q.tellMe(views.TellMe{Address: q.origin() + "/feed/" + token + ".ics"})
}

func revokeFeed(q *request) error {
	if err := q.s.Notify.RevokeFeed(q.ctx()); err != nil {
		return err
	}
	return q.seeOther("/me/notify#feed")
}

// origin is where the reader reaches us.
func (q *request) origin() string {
	scheme := "http"
	if q.TLS != nil || q.s.Sessions.Cookie.Secure { // the second where a proxy before us speaks TLS
		scheme = "https"
	}
	return scheme + "://" + q.Host
}

// feedFile is somebody's calendar, for whoever bears its address.
func feedFile(q *request) error {
	token, ok := strings.CutSuffix(q.PathValue("feed"), ".ics")
	if !ok {
		return kernel.E(kernel.NotFound, "没有这个页面")
	}
	file, err := q.s.Notify.Calendar(q.ctx(), token)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(file)
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	h := q.w.Header()
	h.Set("Cache-Control", "private, no-cache")
	h.Set("ETag", tag)
	if q.Header.Get("If-None-Match") == tag {
		q.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", "text/calendar; charset=utf-8")
	h.Set("Content-Disposition", `inline; filename="pinzhi.ics"`)
	_, err = q.w.Write(file)
	return err
}

func deliveriesPage(q *request) error { return q.deliveries(views.Problem{}) }

func (q *request) deliveries(problem views.Problem) error {
	v := views.Deliveries{Problem: problem, Today: q.today(), CanMail: q.s.Notify.CanMail()}
	for _, s := range notify.States {
		if string(s) == q.FormValue("state") {
			v.State = s
		}
	}
	var err error
	if v.Page, err = q.s.Notify.Deliveries(q.ctx(), v.State, q.before()); err != nil {
		return err
	}
	if v.Counts, err = q.s.Notify.Counts(q.ctx()); err != nil {
		return err
	}
	status := http.StatusOK
	if problem.Message != "" {
		status = http.StatusConflict
	}
	return q.render(status, "通知发送", views.DeliveriesView(v))
}

func retryDelivery(q *request) error {
	id, err := q.id("n")
	if err != nil {
		return err
	}
	if err := q.s.Notify.Retry(q.ctx(), id); err != nil {
		if problem, ok := refused(err); ok {
			return q.deliveries(problem)
		}
		return err
	}
	return q.seeOther("%s", fmt.Sprintf("/deliveries?state=%s", notify.Waiting))
}

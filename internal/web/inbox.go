package web

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"pinzhi/internal/kernel"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"
)

func inboxPage(q *request) error {
	unread := q.FormValue("unread") != ""
	p, err := q.s.Notify.Inbox(q.ctx(), q.before(), unread)
	if err != nil {
		return err
	}
	left, err := q.s.Notify.Unread(q.ctx())
	if err != nil {
		return err
	}
	return q.page("收件箱", views.InboxView(views.Inbox{Page: p, Unread: unread, Left: left, Today: q.today()}), ui.Crumb{Text: "收件箱"})
}

// openNotice marks a notice as read and goes on to what it speaks of.
func openNotice(q *request) error {
	id, err := q.id("n")
	if err != nil {
		return err
	}
	item, err := q.s.Notify.Open(q.ctx(), id)
	if err != nil {
		return err
	}
	return q.seeOther("%s", item.Path)
}

// readNotices marks one notice as read, or all up to the newest that the page showed.
func readNotices(q *request) error {
	one, _ := strconv.ParseInt(q.FormValue("id"), 10, 64)
	upTo, _ := strconv.ParseInt(q.FormValue("up_to"), 10, 64)
	var err error
	if one > 0 {
		err = q.s.Notify.MarkRead(q.ctx(), one)
	} else {
		err = q.s.Notify.MarkAllRead(q.ctx(), upTo)
	}
	if err != nil {
		return err
	}
	if q.FormValue("unread") != "" {
		return q.seeOther("/inbox?unread=1")
	}
	return q.seeOther("/inbox")
}

const (
	eventsPath = "/inbox/events"

	streamLife  = 55 * time.Second // then the browser asks again, and we ask who it is
	heartbeat   = 15 * time.Second // so that what lies between does not close a silent line
	writeWithin = 10 * time.Second
)

// inboxEvents is the live count of the bell, as server-sent events; with once it is the count now, and ends.
func inboxEvents(q *request) error {
	n, err := q.s.Notify.Unread(q.ctx())
	if err != nil {
		return err
	}
	h := q.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx passes it on at once
	h.Set("Connection", "close")     // the deadlines below are this answer's alone
	line := http.NewResponseController(q.w)
	defer func() { _ = line.SetWriteDeadline(time.Now().Add(writeWithin)) }() // for the end of the answer
	say := func(text string) error {
		// The server's own limit is for whole answers; a line that nobody reads is closed by this one.
		if err := line.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
			return err
		}
		if _, err := fmt.Fprint(q.w, text); err != nil {
			return err
		}
		return line.Flush()
	}
	if err := say(fmt.Sprintf("retry: 2000\ndata: %d\n\n", n)); err != nil || q.FormValue("once") != "" {
		return gone(err)
	}
	return gone(q.stream(say, n))
}

// stream tells each new count until the reader goes, or the line has lasted long enough.
func (q *request) stream(say func(string) error, n int) error {
	x := q.s.Notify.Live.Listen(q.actor.AccountID, n)
	defer q.s.Notify.Live.Leave(x)
	over, beat := time.NewTimer(streamLife), time.NewTicker(heartbeat)
	defer over.Stop()
	defer beat.Stop()
	for {
		text := ": \n\n"
		select {
		case <-q.ctx().Done():
			return nil
		case <-over.C:
			return nil
		case <-beat.C:
		case n, open := <-x.Counts:
			if !open {
				return nil
			}
			text = fmt.Sprintf("data: %d\n\n", n)
		}
		if err := say(text); err != nil {
			return err
		}
	}
}

// gone: a reader who closes his page is no failure.
func gone(error) error { return nil }

// bell puts the count of what is unread into the shell. A page is worth more than its counts.
func (q *request) bell(s *ui.Shell) {
	if q.actor.AccountID == 0 || q.actor.Admin != kernel.NoAdmin {
		return
	}
	n, err := q.s.Notify.Unread(q.ctx())
	if err != nil {
		q.s.Log.WarnContext(q.ctx(), "bell", "err", err)
	}
	s.Bell, s.Unread = true, n
}

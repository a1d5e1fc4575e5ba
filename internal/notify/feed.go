package notify

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"pinzhi/internal/calendar"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"
	"pinzhi/internal/roster"
)

// Feed is somebody's calendar of what is in his hands, for his own calendar program to subscribe to.
type Feed struct {
	MadeAt time.Time // zero where he has none
}

// feedRow is kept under the hash of its token: who reads the database learns no address.
func feedKey(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// MyFeed tells since when the actor has a calendar address; the address itself is shown once, when it is made.
func (s *Service) MyFeed(ctx context.Context) (f Feed, err error) {
	a, err := self(ctx)
	if err != nil {
		return f, err
	}
	var rows []Feed
	if err := s.db.Reader().NewRaw("select made_at from notice_feeds where account_id = ?", a.AccountID).Scan(ctx, &rows); err != nil {
		return f, fmt.Errorf("feed: %w", err)
	}
	if len(rows) == 1 {
		f = rows[0]
	}
	return f, nil
}

// MakeFeed makes the actor a calendar address in place of the one before, and returns its token.
func (s *Service) MakeFeed(ctx context.Context) (token string, err error) {
	a, err := self(ctx)
	if err != nil {
		return "", err
	}
	if a.Admin != kernel.NoAdmin {
		return "", errAdmin
	}
	token = randomText()
	err = s.db.Write(ctx, func(tx db.Tx) error {
		_, err := tx.NewRaw(`insert into notice_feeds (account_id, token, made_at) values (?, ?, ?)
			on conflict (account_id) do update set token = excluded.token, made_at = excluded.made_at`, a.AccountID, feedKey(token), s.clock.Now()).Exec(ctx)
		if err != nil {
			return fmt.Errorf("make feed: %w", err)
		}
		return s.record(ctx, tx, "feed_made", nil)
	})
	return token, err
}

// RevokeFeed makes the actor's calendar address worthless.
func (s *Service) RevokeFeed(ctx context.Context) error {
	a, err := self(ctx)
	if err != nil {
		return err
	}
	if a.Admin != kernel.NoAdmin {
		return errAdmin
	}
	return s.db.Write(ctx, func(tx db.Tx) error {
		res, err := tx.NewRaw("delete from notice_feeds where account_id = ?", a.AccountID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("revoke feed: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return s.record(ctx, tx, "feed_revoked", nil)
	})
}

// mostOfDesk is how many cases of one desk a calendar shows, the most pressing ones.
const mostOfDesk = 200

// Calendar writes the calendar of a token as RFC 5545: one event for each due that is in its owner's hands now. It fails
// with not_found for a token that is none, was revoked, or whose account was locked.
func (s *Service) Calendar(ctx context.Context, token string) ([]byte, error) {
	missing := kernel.E(kernel.NotFound, "没有这个日历，或者它已被撤销")
	var ids []int64
	if err := s.db.Reader().NewRaw("select account_id from notice_feeds where token = ?", feedKey(token)).Scan(ctx, &ids); err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	accounts, err := s.accounts.Open(ctx, ids)
	if err != nil {
		return nil, err
	}
	if len(accounts) == 0 || accounts[0].Admin != kernel.NoAdmin {
		return nil, missing
	}
	actor := accounts[0].Actor()
	campaigns, err := s.campaigns.Visible(kernel.WithActor(ctx, actor))
	if err != nil {
		return nil, err
	}
	w := &icalendar{site: s.config.URL}
	w.begin(actor.Name)
	for _, c := range campaigns {
		v := cases.Viewer{CampaignID: c.ID, Actor: actor}
		if v.Standing, err = roster.StandingOf(ctx, s.db.Reader(), c.ID, actor); err != nil {
			return nil, err
		}
		owed, err := s.owed(ctx, v)
		if err != nil {
			return nil, err
		}
		for _, o := range owed {
			w.event(c.Name, c.Drill, o)
		}
	}
	return w.end(), nil
}

// owing is a due in somebody's hands.
type owing struct {
	due     calendar.Due
	step    string // what is owed
	title   string
	said    string // where it stands
	address string // of its page
}

// filingDays is how far ahead a calendar shows the reports that somebody owes.
const filingDays = 62

func (s *Service) owed(ctx context.Context, v cases.Viewer) (list []owing, err error) {
	at, err := s.cases.AtHand(ctx, v, mostOfDesk)
	if err != nil {
		return nil, err
	}
	by, ids := map[int64]cases.Concern{}, []int64{}
	for _, x := range at {
		if _, have := by[x.ID]; !have {
			ids = append(ids, x.ID)
		}
		by[x.ID] = x
	}
	dues, err := calendar.OpenOf(ctx, s.db.Reader(), v.CampaignID, cases.Kind, ids)
	if err != nil {
		return nil, err
	}
	for _, d := range dues {
		c := by[d.SubjectID]
		list = append(list, owing{d, cases.OweName(d.Step), oneLine(c.Title), c.Number() + " " + c.Step.Name(), fmt.Sprintf("/c/%d/cases/%d", c.CampaignID, c.ID)})
	}
	return s.owedReports(ctx, v, list)
}

// owedReports adds the reports.
func (s *Service) owedReports(ctx context.Context, v cases.Viewer, list []owing) ([]owing, error) {
	soon, err := report.OwedBefore(ctx, s.db.Reader(), v.CampaignID, v.Standing, kernel.DateOf(s.clock.Now()).AddDays(filingDays).Time())
	if err != nil {
		return nil, err
	}
	by, ids := map[int64]report.Concern{}, []int64{}
	for _, c := range soon {
		by[c.ID] = c
		ids = append(ids, c.ID)
	}
	dues, err := calendar.OpenOf(ctx, s.db.Reader(), v.CampaignID, report.Kind, ids)
	if err != nil {
		return nil, err
	}
	for _, d := range dues {
		c := by[d.SubjectID]
		list = append(list, owing{d, report.OweName(d.Step), c.Title(), c.Step.Name(), fmt.Sprintf("/c/%d/filings/%d", c.CampaignID, c.ID)})
	}
	return list, nil
}

// icalendar writes RFC 5545.
type icalendar struct {
	b    strings.Builder
	site string
}

const stamp = "20060102T150405Z"

func (w *icalendar) begin(name string) {
	w.line("BEGIN:VCALENDAR")
	w.line("VERSION:2.0")
	w.line("PRODID:-//Pinzhi//Dues//ZH")
	w.line("CALSCALE:GREGORIAN")
	w.line("METHOD:PUBLISH")
	w.text("X-WR-CALNAME", "品质："+name+"的时限")
	w.line("REFRESH-INTERVAL;VALUE=DURATION:PT1H")
	w.line("X-PUBLISHED-TTL:PT1H")
}

// event writes a due: all day on the day at whose end it falls, or the half hour before it.
func (w *icalendar) event(campaign string, drill bool, o owing) {
	mark := ""
	if drill {
		mark = "【演练】"
	}
	w.line("BEGIN:VEVENT")
	w.text("UID", fmt.Sprintf("due-%d-%d@pinzhi", o.due.CampaignID, o.due.ID))
	w.line("DTSTAMP:" + o.due.StartedAt.UTC().Format(stamp)) // not the time of asking: an unchanged calendar stays the same file
	if day, whole := calendar.LastDay(o.due.DueAt); whole {
		w.line("DTSTART;VALUE=DATE:" + day.Time().Format("20060102"))
		w.line("DTEND;VALUE=DATE:" + day.AddDays(1).Time().Format("20060102"))
	} else {
		w.line("DTSTART:" + o.due.DueAt.UTC().Add(-30*time.Minute).Format(stamp))
		w.line("DTEND:" + o.due.DueAt.UTC().Format(stamp))
	}
	w.text("SUMMARY", mark+o.step+"："+o.title)
	w.text("DESCRIPTION", fmt.Sprintf("%s\n%s\n时限：%s", campaign, o.said, calendar.Moment(o.due.DueAt)))
	if w.site != "" {
		w.line("URL:" + w.site + o.address)
	}
	w.line("TRANSP:TRANSPARENT")
	w.line("END:VEVENT")
}

func (w *icalendar) end() []byte {
	w.line("END:VCALENDAR")
	return []byte(w.b.String())
}

// text writes a property of type TEXT (RFC 5545, 3.3.11).
func (w *icalendar) text(name, value string) {
	value = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(value, "�"))
	w.line(name + ":" + strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace(value))
}

// foldAt is the most octets of a line without its break (RFC 5545, 3.1).
const foldAt = 75

// line folds a content line, never inside a character.
func (w *icalendar) line(text string) {
	room := foldAt
	for len(text) > room {
		cut := room
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		w.b.WriteString(text[:cut] + "\r\n ")
		text, room = text[cut:], foldAt-1
	}
	w.b.WriteString(text + "\r\n")
}

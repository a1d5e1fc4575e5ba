// Package notify tells people what concerns them: in the inbox (收件箱), by mail, webhook, WeCom or DingTalk robot, and
// as a calendar feed. It owns the tables notices, notice_cursors, notice_channels, notice_deliveries, notice_items and
// notice_feeds.
//
// The event in the ledger is the job: Follow reads events in the order in which they were sealed, and writes down who is
// told in the transaction that moves the cursor on. Whoever does something waits for none of it.
package notify

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"pinzhi/internal/access"
	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
)

// Config is what the operator sets.
type Config struct {
	URL  string // where people reach the site, for links in messages; "" for no links
	SMTP SMTP
	// PrivateHooks lets webhooks and robots lead to addresses of the inner network. Without it a person could make the
	// server call what only the server can reach.
	PrivateHooks bool
}

// Service is the verbs of telling.
type Service struct {
	db        *db.DB
	clock     kernel.Clock
	calendar  *calendar.Service
	campaigns *campaign.Service
	cases     *cases.Service
	accounts  *access.Service
	config    Config
	senders   map[Kind]sender
	nudge     chan struct{}

	Live *Live
}

// New makes the service. It fails with invalid for settings that cannot be meant.
func New(d *db.DB, clock kernel.Clock, days *calendar.Service, campaigns *campaign.Service, matters *cases.Service, accounts *access.Service, c Config) (*Service, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	hooks := newHooks(c.PrivateHooks)
	s := &Service{db: d, clock: clock, calendar: days, campaigns: campaigns, cases: matters, accounts: accounts, config: c, nudge: make(chan struct{}, 1)}
	s.senders = map[Kind]sender{Webhook: webhook{hooks, clock}, WeCom: wecom{hooks}, DingTalk: dingtalk{hooks, clock}}
	if c.SMTP.Addr != "" {
		s.senders[Mail] = mailer{c.SMTP, clock}
	}
	s.Live = newLive(s.unread)
	return s, nil
}

// CanMail reports whether the operator has set up mail.
func (s *Service) CanMail() bool { return s.senders[Mail] != nil }

// Notice is one line of somebody's inbox: an event that concerns him.
type Notice struct {
	bun.BaseModel `bun:"table:notices,alias:n"`

	ID          int64 `bun:"id,pk,autoincrement"`
	CampaignID  int64
	AccountID   int64
	Seq         int64
	SubjectKind string
	SubjectID   int64
	Verb        string
	Text        string
	Urgent      bool
	At          time.Time
	ReadAt      time.Time `bun:",nullzero"`
}

const (
	followEvery  = time.Second
	deliverEvery = time.Second
	// followShare is how much longer Follow rests than it worked, so that telling takes a quarter of the writer at most
	// while a flood of events is caught up with.
	followShare = 3
)

// Run follows the ledger and sends messages until ctx ends. Any number of instances may run. Each sort of channel has
// its own loop: where one is dead, the others go on.
func (s *Service) Run(ctx context.Context, log *slog.Logger) {
	var running sync.WaitGroup
	running.Go(func() { s.runFollow(ctx, log) })
	running.Go(func() { s.Live.run(ctx, log) })
	for _, k := range Kinds {
		running.Go(func() { s.runDeliver(ctx, log, k) })
	}
	running.Wait()
}

func (s *Service) runFollow(ctx context.Context, log *slog.Logger) {
	rest := followEvery
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(rest):
		}
		began := time.Now()
		n, more, err := s.followOnce(ctx)
		if err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "tell", "err", err)
		}
		if n > 0 {
			s.Live.Nudge()
		}
		if rest = followEvery; more && err == nil {
			rest = followShare * time.Since(began)
		}
	}
}

func (s *Service) runDeliver(ctx context.Context, log *slog.Logger, k Kind) {
	tick := time.NewTicker(deliverEvery)
	defer tick.Stop()
	for {
		n, err := s.Deliver(ctx, k)
		if err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "deliver", "kind", string(k), "err", err)
		}
		if n == claimMost && err == nil {
			continue // there may be more
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

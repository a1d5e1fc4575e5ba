package notify

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
)

// Delivery is one message to one channel, and what became of it.
type Delivery struct {
	bun.BaseModel `bun:"table:notice_deliveries,alias:d"`

	ID        int64 `bun:"id,pk,autoincrement"`
	ChannelID int64
	AccountID int64
	Slot      string
	State     State
	NotBefore time.Time
	Attempts  int
	Error     string
	Address   string
	CreatedAt time.Time
	DoneAt    time.Time `bun:",nullzero"`
}

// State is what became of a message.
type State string

// The states.
const (
	Waiting State = "waiting" // for its time, or for the next attempt
	Sent    State = "sent"
	Failed  State = "failed"  // given up
	Dropped State = "dropped" // there was nothing to send any more
)

// States lists them in the order of the screen.
var States = []State{Failed, Waiting, Sent, Dropped}

// Name is the state in Chinese.
func (s State) Name() string {
	return map[State]string{Waiting: "等待", Sent: "已发出", Failed: "没有发出", Dropped: "不用再发"}[s]
}

// Sort is what sort of message one is.
type Sort string

// The sorts.
const (
	Digest   Sort = "digest"
	AtOnce   Sort = "urgent"
	TestSort Sort = "test"
)

// Name is the sort in Chinese.
func (s Sort) Name() string {
	return map[Sort]string{Digest: "每日汇总", AtOnce: "紧急", TestSort: "测试"}[s]
}

// Sort is what sort of message it is.
func (d Delivery) Sort() Sort {
	switch {
	case strings.HasPrefix(d.Slot, digestPrefix):
		return Digest
	case strings.HasPrefix(d.Slot, testPrefix):
		return TestSort
	}
	return AtOnce
}

// Why a message was dropped.
const (
	droppedOff    = "本人已停用"
	droppedLocked = "账号已锁定"
	droppedRead   = "都已读过，或不能再查看"
	droppedMerged = "并入后一天的汇总"
	errNoMail     = "系统没有设置发信服务器"
)

const (
	claimMost   = 32 // messages at once
	atOnce      = 8
	lease       = 2 * time.Minute // after it a claimed message is due again: whoever had it is gone
	sendTimeout = 10 * time.Second
	claimAmong  = 500
)

// job is a claimed message with the channel it goes to.
type job struct {
	Delivery

	channel Channel
}

// Deliver sends what is due by some kinds of channel, or by all, and returns how many messages it dealt with. Several
// instances may deliver at once: each message is claimed by one of them.
func (s *Service) Deliver(ctx context.Context, kinds ...Kind) (int, error) {
	if len(kinds) == 0 {
		kinds = Kinds
	}
	jobs, err := s.claim(ctx, kinds)
	if err != nil {
		return 0, err
	}
	var running sync.WaitGroup
	var mu sync.Mutex
	gate := make(chan struct{}, atOnce)
	for _, j := range jobs {
		gate <- struct{}{}
		running.Go(func() {
			defer func() { <-gate }()
			if failed := s.deliver(ctx, j); failed != nil {
				mu.Lock()
				err = errors.Join(err, failed)
				mu.Unlock()
			}
		})
	}
	running.Wait()
	return len(jobs), err
}

// claim takes due messages, one of each channel, so that nobody else takes them. A channel rests while it is tried,
// and after a failure.
func (s *Service) claim(ctx context.Context, kinds []Kind) (jobs []job, err error) {
	now := s.clock.Now()
	if due, err := dueNow(ctx, s.db.Reader(), kinds, now, false); err != nil || len(due) == 0 {
		return nil, err // nearly always: spare the writer
	}
	err = s.db.Write(ctx, func(tx db.Tx) error {
		due, err := dueNow(ctx, tx, kinds, now, true)
		if err != nil || len(due) == 0 {
			jobs = nil
			return err
		}
		jobs, err = claimed(ctx, tx, due, now)
		return err
	})
	return jobs, err
}

func dueNow(ctx context.Context, tx db.Tx, kinds []Kind, now time.Time, lock bool) (due []Delivery, err error) {
	q := tx.NewSelect().Model(&due).Where("d.state = 'waiting'").Where("d.not_before <= ?", now).
		Where("d.channel_id IN (SELECT id FROM notice_channels WHERE kind IN (?) AND resume_at <= ?)", bun.List(kinds), now)
	if night(now) {
		q = q.Where("d.slot LIKE 'test:%'") // somebody waits for it
	}
	q = q.OrderExpr("d.not_before, d.id").Limit(claimAmong)
	if lock && db.KindOf(tx) == db.Postgres {
		q = q.For("UPDATE SKIP LOCKED")
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("messages due: %w", err)
	}
	return due, nil
}

func claimed(ctx context.Context, tx db.Tx, due []Delivery, now time.Time) (jobs []job, err error) {
	first := map[int64]*Delivery{}
	var order []int64
	for i, d := range due {
		have := first[d.ChannelID]
		switch {
		case have == nil && len(order) < claimMost:
			first[d.ChannelID] = &due[i]
			order = append(order, d.ChannelID)
		case have != nil && isDigest(*have) && isDigest(d):
			// the day before was missed: one digest a day
			if err := fold(ctx, tx, *have, d, now); err != nil {
				return nil, err
			}
			first[d.ChannelID] = &due[i]
		case have != nil && isTest(d):
			first[d.ChannelID] = &due[i]
		}
	}
	if len(order) == 0 {
		return nil, nil
	}
	var channels []Channel
	if err := tx.NewSelect().Model(&channels).Where("id IN (?)", bun.List(order)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("channels: %w", err)
	}
	until := now.Add(lease)
	for _, c := range channels {
		d := *first[c.ID]
		d.Attempts++
		d.NotBefore, d.Address = until, c.Masked()
		_, err := tx.NewUpdate().Model(&d).Column("attempts", "not_before", "address").WherePK().Exec(ctx)
		if err != nil {
			return nil, fmt.Errorf("claim message %d: %w", d.ID, err)
		}
		if _, err := tx.NewRaw("update notice_channels set resume_at = ? where id = ?", until, c.ID).Exec(ctx); err != nil {
			return nil, fmt.Errorf("claim channel %d: %w", c.ID, err)
		}
		jobs = append(jobs, job{d, c})
	}
	slices.SortFunc(jobs, func(a, b job) int { return cmp.Compare(a.ID, b.ID) })
	return jobs, nil
}

func isDigest(d Delivery) bool { return d.Sort() == Digest }
func isTest(d Delivery) bool   { return d.Sort() == TestSort }

// fold puts what an older digest tells into a newer one.
func fold(ctx context.Context, tx db.Tx, older, newer Delivery, now time.Time) error {
	if _, err := tx.NewRaw("update notice_items set delivery_id = ? where delivery_id = ?", newer.ID, older.ID).Exec(ctx); err != nil {
		return fmt.Errorf("fold message %d: %w", older.ID, err)
	}
	_, err := tx.NewRaw("update notice_deliveries set state = 'dropped', error = ?, done_at = ? where id = ?", droppedMerged, now, older.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("fold message %d: %w", older.ID, err)
	}
	return nil
}

// deliver sends one message and writes down what became of it.
func (s *Service) deliver(ctx context.Context, j job) error {
	m, dropped, err := s.compose(ctx, j)
	if err != nil {
		return errors.Join(err, s.settle(ctx, j, err, "")) // tried again like any other failure
	}
	if dropped == "" {
		within, cancel := context.WithTimeout(ctx, sendTimeout)
		defer cancel()
		if to := s.senders[j.channel.Kind]; to != nil {
			err = to.send(within, j.channel, m)
		} else {
			err = errors.New(errNoMail)
		}
		if ctx.Err() != nil {
			return ctx.Err() // the lease runs out, and another takes it up
		}
	}
	return s.settle(ctx, j, err, dropped)
}

// settle writes down what became of a message: sent, to be tried again, given up, or dropped.
func (s *Service) settle(ctx context.Context, j job, failed error, dropped string) error {
	now := s.clock.Now()
	d, resume := j.Delivery, now
	switch {
	case dropped != "":
		d.State, d.Error, d.DoneAt = Dropped, dropped, now
	case failed == nil:
		d.State, d.Error, d.DoneAt = Sent, "", now
	case isTest(d) || d.Attempts > len(pauses):
		d.State, d.Error, d.DoneAt = Failed, reason(failed), now
	default:
		d.Error, d.NotBefore = reason(failed), awake(now.Add(pauses[d.Attempts-1]))
		resume = d.NotBefore
	}
	return s.db.Write(ctx, func(tx db.Tx) error {
		// Whoever lost its lease, or was switched off meanwhile, has no say.
		_, err := tx.NewUpdate().Model(&d).Column("state", "error", "not_before", "done_at").WherePK().
			Where("state = 'waiting'").Where("attempts = ?", d.Attempts).Exec(ctx)
		if err != nil {
			return fmt.Errorf("message %d: %w", d.ID, err)
		}
		_, err = tx.NewRaw("update notice_channels set resume_at = ? where id = ? and changed_at = ?", resume, j.channel.ID, j.channel.ChangedAt).Exec(ctx)
		if err != nil {
			return fmt.Errorf("channel %d: %w", j.channel.ID, err)
		}
		return nil
	})
}

// failureWords says in Chinese what goes wrong most often; "" for what is rare.
func failureWords(err error) string {
	var timeout net.Error
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "找不到这个主机名，请核对地址"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "对方的证书不可信"
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "对方没有开着这个端口，连不上"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "对方 10 秒内没有答复"
	}
	return ""
}

// reason is why a message failed, for the administrator: short, and without the key that a URL may hold.
func reason(err error) string {
	if code := kernel.CodeOf(err); code != "" && code != kernel.Internal {
		return kernel.MessageOf(err)
	}
	if words := failureWords(err); words != "" {
		return words
	}
	text := oneLine(err.Error())
	if r := []rune(text); len(r) > 300 {
		text = string(r[:300]) + "…"
	}
	return text
}

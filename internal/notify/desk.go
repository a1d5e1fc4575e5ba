package notify

import (
	"context"
	"fmt"
	"time"

	"pinzhi/internal/access"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
)

// DeliveryRow is a message as the system administrator sees it: where it goes and what went wrong, nothing of what it
// tells.
type DeliveryRow struct {
	Delivery `bun:",extend"`

	Kind   Kind
	To     string // the masked address; before the first attempt that of the channel
	Target string // the channel's address, not shown
	Name   string `bun:"-"` // the account's
}

// DeliveryPage is a stretch of the messages, the newest first.
type DeliveryPage struct {
	Rows []DeliveryRow
	Next int64
}

const deliveryPage = 100

// Deliveries lists messages in a state, "" for all, for the system administrator; it fails with forbidden for others.
func (s *Service) Deliveries(ctx context.Context, state State, before int64) (p DeliveryPage, err error) {
	if !access.Allowed(kernel.ActorFrom(ctx), access.SetUpSystem) {
		return p, errNotSystem
	}
	q := s.db.Reader().NewSelect().TableExpr("notice_deliveries AS d").ColumnExpr("d.*").ColumnExpr("ch.kind AS kind, ch.address AS target").
		Join("JOIN notice_channels AS ch ON ch.id = d.channel_id")
	if state != "" {
		q = q.Where("d.state = ?", state)
	}
	if before > 0 {
		q = q.Where("d.id < ?", before)
	}
	if err := q.OrderExpr("d.id DESC").Limit(deliveryPage+1).Scan(ctx, &p.Rows); err != nil {
		return p, fmt.Errorf("deliveries: %w", err)
	}
	if len(p.Rows) > deliveryPage {
		p.Rows = p.Rows[:deliveryPage]
		p.Next = p.Rows[deliveryPage-1].ID
	}
	for i := range p.Rows {
		r := &p.Rows[i]
		if r.To = r.Address; r.To == "" {
			r.To = masked(r.Kind, r.Target)
		}
		r.Target = ""
		if a, err := s.accounts.ByID(ctx, r.AccountID); err == nil {
			r.Name = a.Name
		}
	}
	return p, nil
}

var errNotSystem = kernel.E(kernel.Forbidden, "通知的发送情况由系统管理员查看")

// Counts counts the messages by state, for the system administrator.
func (s *Service) Counts(ctx context.Context) (map[State]int, error) {
	if !access.Allowed(kernel.ActorFrom(ctx), access.SetUpSystem) {
		return nil, errNotSystem
	}
	var rows []struct {
		State State
		N     int
	}
	if err := s.db.Reader().NewRaw("select state, count(*) as n from notice_deliveries group by state").Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("count deliveries: %w", err)
	}
	counts := map[State]int{}
	for _, r := range rows {
		counts[r.State] = r.N
	}
	return counts, nil
}

// lately is how long a failure is news to the administrator.
const lately = 7 * 24 * time.Hour

// FailedLately counts the messages that were given up within a week, for the system administrator; tests are not counted.
func (s *Service) FailedLately(ctx context.Context) (n int, err error) {
	if !access.Allowed(kernel.ActorFrom(ctx), access.SetUpSystem) {
		return 0, errNotSystem
	}
	err = s.db.Reader().NewRaw("select count(*) from notice_deliveries where state = 'failed' and done_at > ? and slot not like 'test:%'", s.clock.Now().Add(-lately)).
		Scan(ctx, &n)
	return n, err
}

// Retry sends a message again that was given up, or does not let a waiting one wait; at night still not before morning.
// It fails with forbidden for all but the system administrator, conflict for one that was sent or dropped.
func (s *Service) Retry(ctx context.Context, id int64) error {
	if !access.Allowed(kernel.ActorFrom(ctx), access.SetUpSystem) {
		return errNotSystem
	}
	now := s.clock.Now()
	return s.db.Write(ctx, func(tx db.Tx) error {
		var rows []Delivery
		if err := tx.NewSelect().Model(&rows).Where("id = ?", id).Scan(ctx); err != nil {
			return fmt.Errorf("delivery %d: %w", id, err)
		}
		if len(rows) == 0 {
			return kernel.E(kernel.NotFound, "没有这条消息")
		}
		d := rows[0]
		if d.State != Failed && (d.State != Waiting || d.Attempts == 0) {
			return kernel.E(kernel.Conflict, "这一条%s，不能重发", d.State.Name())
		}
		d.State, d.Attempts, d.NotBefore = Waiting, 1, awake(now) // begun: a digest that goes out again takes nothing more
		if _, err := tx.NewUpdate().Model(&d).Column("state", "attempts", "not_before").Set("done_at = NULL").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("retry delivery %d: %w", id, err)
		}
		if _, err := tx.NewRaw("update notice_channels set resume_at = ? where id = ?", now, d.ChannelID).Exec(ctx); err != nil {
			return fmt.Errorf("channel %d: %w", d.ChannelID, err)
		}
		return ledger.Append(ctx, tx, ledger.Event{CampaignID: ledger.System, At: now, SubjectKind: "delivery", SubjectID: id, Verb: "retried"})
	})
}

package notify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/ledger"
	"pinzhi/internal/report"

	"github.com/uptrace/bun"
)

// followBatch is how many events one transaction tells. Most lead to one or two notices, a registration to one for each
// of the office.
const followBatch = 200

// Follow tells everything that was sealed so far and returns how many notices that made.
func (s *Service) Follow(ctx context.Context) (int, error) {
	total := 0
	for {
		n, more, err := s.followOnce(ctx)
		total += n
		if err != nil || !more {
			return total, err
		}
	}
}

// followOnce tells one batch of every campaign; more says that one has more.
func (s *Service) followOnce(ctx context.Context) (n int, more bool, err error) {
	campaigns, err := s.campaigns.IDs(ctx)
	if err != nil {
		return 0, false, err
	}
	for _, id := range campaigns {
		made, events, failed := s.followCampaign(ctx, id)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("tell of campaign %d: %w", id, failed)) // the others go on
			continue
		}
		n += made
		more = more || events == followBatch
	}
	return n, more, err
}

// followCampaign reads before the transaction: what is sealed never changes, and only the cursor decides whether it was
// told already.
func (s *Service) followCampaign(ctx context.Context, campaignID int64) (made, events int, err error) {
	from, err := cursor(ctx, s.db.Reader(), campaignID)
	if err != nil {
		return 0, 0, err
	}
	records, err := ledger.SealedFrom(ctx, s.db.Reader(), campaignID, from, followBatch)
	if err != nil || len(records) == 0 {
		return 0, 0, err
	}
	notices, err := s.noticesFor(ctx, campaignID, records)
	if err != nil {
		return 0, 0, err
	}
	w := telling{campaignID: campaignID, from: from, to: *records[len(records)-1].Seq + 1, notices: notices, now: s.clock.Now()}
	if w.days, err = s.calendar.Days(ctx); err != nil {
		return 0, 0, err
	}
	if w.channels, err = s.channelsOf(ctx, notices); err != nil {
		return 0, 0, err
	}
	mine := false
	err = s.db.Write(ctx, func(tx db.Tx) error {
		mine, err = w.write(ctx, tx)
		return err
	})
	if err != nil || !mine {
		return 0, 0, err // another instance was quicker
	}
	return len(notices), len(records), nil
}

// cursor is the place of the next event to tell; 0 for a campaign that was opened just now.
func cursor(ctx context.Context, tx db.Tx, campaignID int64) (next int64, err error) {
	err = tx.NewRaw("select next from notice_cursors where campaign_id = ?", campaignID).Scan(ctx, &next)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return next, err
}

// stale is how old an event may be to be told: after a long standstill, or a practice that lived through months in a
// minute, nobody wants to hear of last year.
const stale = 30 * 24 * time.Hour

// noticesFor reads the table of rules for a run of events.
func (s *Service) noticesFor(ctx context.Context, campaignID int64, records []ledger.Record) (list []Notice, err error) {
	var caseIDs, orderIDs, filingIDs []int64
	concerned, oldest := records[:0:0], s.clock.Now().Add(-stale)
	for _, r := range records {
		if r.At.Before(oldest) || !slices.ContainsFunc(Rules, func(x Rule) bool { return x.Subject == r.SubjectKind && x.Verb == r.Verb }) {
			continue
		}
		concerned = append(concerned, r)
		switch {
		case r.SubjectKind == cases.OrderKind:
			orderIDs = append(orderIDs, r.SubjectID)
		case r.SubjectKind == report.Kind:
			filingIDs = append(filingIDs, r.SubjectID)
		case r.SubjectKind == report.SummaryKind: // to whom it goes is all that there is to know
		case r.Verb != string(cases.Register):
			caseIDs = append(caseIDs, r.SubjectID)
		}
	}
	if len(concerned) == 0 {
		return nil, nil
	}
	members, err := s.membersOf(ctx, campaignID)
	if err != nil || len(members.all) == 0 {
		return nil, err
	}
	concerns, err := cases.Concerns(ctx, s.db.Reader(), campaignID, caseIDs)
	if err != nil {
		return nil, err
	}
	orders, err := cases.OrdersByID(ctx, s.db.Reader(), campaignID, orderIDs)
	if err != nil {
		return nil, err
	}
	filings, err := report.Concerns(ctx, s.db.Reader(), campaignID, filingIDs)
	if err != nil {
		return nil, err
	}
	for _, r := range concerned {
		m, data := matter{kind: r.SubjectKind}, readData(r.Data)
		switch {
		case r.SubjectKind == cases.OrderKind:
			m.order = orders[r.SubjectID]
		case r.SubjectKind == report.Kind:
			m.filing = filings[r.SubjectID]
		case r.Verb == string(cases.Register): // they come by thousands, and the event says all that there is to know
			severity, _ := data["severity"].(string)
			m.x = cases.NewConcern(campaignID, r.SubjectID, cases.Severity(severity))
		default:
			m.x = concerns[r.SubjectID]
		}
		m.hand = m.x.Hand
		list = append(list, tellingOf(r, data, m, members)...)
	}
	return gathered(list), nil
}

// tellingOf lists who is told of one event, each once. Whoever did it knows.
func tellingOf(r ledger.Record, data told, m matter, members members) (list []Notice) {
	if hand := data.word("hand"); hand != "" {
		m.hand = cases.Hand(hand)
	}
	have := map[int64]bool{}
	for _, rule := range rulesFor(r.SubjectKind, r.Verb, data) {
		for _, v := range m.reached(rule.To, members) {
			if have[v.account.ID] || v.account.ID == r.ActorID || !m.sees(v.Viewer) {
				continue
			}
			have[v.account.ID] = true
			list = append(list, Notice{CampaignID: r.CampaignID, AccountID: v.account.ID, Seq: *r.Seq, SubjectKind: r.SubjectKind, SubjectID: r.SubjectID,
				Verb: r.Verb, Text: data.fill(rule.Text), Urgent: rule.Urgent || (rule.Asks && m.x.Severity == cases.Urgent), At: r.At})
		}
	}
	return list
}

// channelsOf reads where those who are told want it beside the inbox.
func (s *Service) channelsOf(ctx context.Context, notices []Notice) (map[int64][]Channel, error) {
	var ids []int64
	for _, n := range notices {
		ids = append(ids, n.AccountID)
	}
	slices.Sort(ids)
	by := map[int64][]Channel{}
	for part := range slices.Chunk(slices.Compact(ids), 500) {
		var rows []Channel
		if err := s.db.Reader().NewSelect().Model(&rows).Where("account_id IN (?)", bun.List(part)).Where("active").Order("id").Scan(ctx); err != nil {
			return nil, fmt.Errorf("channels: %w", err)
		}
		for _, c := range rows {
			by[c.AccountID] = append(by[c.AccountID], c)
		}
	}
	return by, nil
}

// telling is one batch as it is written.
type telling struct {
	campaignID int64
	from, to   int64
	notices    []Notice
	channels   map[int64][]Channel
	days       *calendar.Days
	now        time.Time
}

// write moves the cursor on and writes the notices with their messages; mine is false where somebody else has done so.
func (w telling) write(ctx context.Context, tx db.Tx) (mine bool, err error) {
	if mine, err = w.advance(ctx, tx); err != nil || !mine {
		return mine, err
	}
	rows := slices.Clone(w.notices) // the transaction may run again
	if err := db.InsertAll(ctx, tx, rows); err != nil {
		return false, err
	}
	return true, w.enqueue(ctx, tx, rows)
}

func (w telling) advance(ctx context.Context, tx db.Tx) (bool, error) {
	if w.from == 0 {
		_, err := tx.NewRaw("insert into notice_cursors (campaign_id, next) values (?, 0) on conflict (campaign_id) do nothing", w.campaignID).Exec(ctx)
		if err != nil {
			return false, fmt.Errorf("cursor: %w", err)
		}
	}
	res, err := tx.NewRaw("update notice_cursors set next = ? where campaign_id = ? and next = ?", w.to, w.campaignID, w.from).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("cursor: %w", err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// place is a message that notices go into: a channel's, of a slot.
type place struct {
	channel int64
	slot    string
}

// item says that a message tells of a notice.
type item struct {
	bun.BaseModel `bun:"table:notice_items,alias:i"`

	CampaignID int64
	NoticeID   int64
	DeliveryID int64
}

// enqueue puts the notices into the messages that they belong to.
func (w telling) enqueue(ctx context.Context, tx db.Tx, notices []Notice) error {
	var items []item
	open := map[place]int64{}
	for _, n := range notices {
		for _, c := range w.channels[n.AccountID] {
			if !n.Urgent && c.UrgentOnly {
				continue
			}
			at := digestSlot(w.days, w.now)
			if n.Urgent {
				at = urgentSlot(w.now, n.CampaignID, n.Seq)
			}
			id := open[place{c.ID, at.name}]
			if id == 0 {
				var err error
				if id, err = w.message(ctx, tx, n, c, at); err != nil {
					return err
				}
				open[place{c.ID, at.name}] = id
			}
			items = append(items, item{CampaignID: n.CampaignID, NoticeID: n.ID, DeliveryID: id})
		}
	}
	for part := range slices.Chunk(items, 500) {
		if _, err := tx.NewInsert().Model(&part).Returning("NULL").Exec(ctx); err != nil {
			return fmt.Errorf("items of messages: %w", err)
		}
	}
	return nil
}

// message finds or makes the message of a slot. One that somebody has begun to send takes nothing more; the notice then
// waits for the next.
func (w telling) message(ctx context.Context, tx db.Tx, n Notice, c Channel, at slot) (int64, error) {
	for range 8 {
		id, err := openDelivery(ctx, tx, c, at, w.now)
		if err != nil || id != 0 {
			return id, err
		}
		if strings.HasPrefix(at.name, digestPrefix) {
			at = digestSlot(w.days, at.at)
		} else {
			at = slot{fmt.Sprintf("urgent:%d:%d", n.CampaignID, n.Seq), at.at}
		}
	}
	return 0, fmt.Errorf("channel %d: no message takes notice %d", c.ID, n.ID)
}

// openDelivery finds or makes the message of a slot; 0 where it has been begun.
func openDelivery(ctx context.Context, tx db.Tx, c Channel, at slot, now time.Time) (int64, error) {
	var ids []int64
	err := tx.NewRaw(`insert into notice_deliveries (channel_id, account_id, slot, state, not_before, attempts, error, address, created_at)
		values (?, ?, ?, 'waiting', ?, 0, '', '', ?)
		on conflict (channel_id, slot) do update set slot = excluded.slot
		where notice_deliveries.state = 'waiting' and notice_deliveries.attempts = 0 returning id`,
		c.ID, c.AccountID, at.name, at.at, now).Scan(ctx, &ids)
	if err != nil {
		return 0, fmt.Errorf("delivery %s of channel %d: %w", at.name, c.ID, err)
	}
	if len(ids) == 0 {
		return 0, nil
	}
	return ids[0], nil
}

package indicator

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
)

// Seen is a figure as somebody saw it when he decided.
type Seen struct {
	ID      int64
	Version int
}

// Decision is what the office says to figures that were handed in.
type Decision struct {
	Approve  bool
	Question string // why they are sent back: what is wrong, what is to be added
}

// Decide approves figures or sends them back, all or none. It fails with forbidden for whoever gave one of them or sits
// for the unit that reports it, conflict where one is no longer as it was seen, invalid where nothing is chosen or
// nothing is asked.
func (s *Service) Decide(ctx context.Context, campaignID int64, seen []Seen, d Decision) error {
	d.Question = strings.TrimSpace(d.Question)
	switch {
	case len(seen) == 0:
		return kernel.E(kernel.Invalid, "请先勾选要审核的数").On("figure")
	case !d.Approve && d.Question == "":
		return kernel.E(kernel.Invalid, "请写明退回的原因：哪里不对、要补什么").On("question")
	case len([]rune(d.Question)) > longestText:
		return kernel.E(kernel.Invalid, "退回的原因最多 %d 字", longestText).On("question")
	}
	return s.db.Write(ctx, func(tx db.Tx) error {
		b, err := s.open(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		var touched []int64
		var events []ledger.Event
		for _, x := range seen {
			r, err := s.decide(ctx, tx, &b, x, d)
			if err != nil {
				return err
			}
			touched, events = append(touched, r.IndicatorID), append(events, b.decided(r, d))
		}
		if err := b.redraw(ctx, tx, touched); err != nil {
			return err
		}
		return ledger.Append(ctx, tx, events...)
	})
}

func (s *Service) decide(ctx context.Context, tx db.Tx, b *book, x Seen, d Decision) (r Reading, err error) {
	rows, err := readingByID.All(ctx, tx, b.view.ID, x.ID)
	if err != nil {
		return r, fmt.Errorf("figure %d: %w", x.ID, err)
	}
	if len(rows) == 0 {
		return r, errNoFigure
	}
	r = rows[0]
	i, _ := b.indicator(r.IndicatorID)
	place, _ := b.place(r.PlaceID)
	switch {
	case !MayDecide(b.view):
		return r, kernel.E(kernel.Forbidden, "指标的数由领导小组办公室审核")
	case !mayDecideOn(b.view, i.reporter(place), r):
		return r, kernel.E(kernel.Forbidden, "“%s”%s%s的数是你或你的单位报的，请办公室别的人审核", i.Name, place.Name, r.Period.Name())
	case r.Version != x.Version || r.Step != Submitted:
		return r, kernel.E(kernel.Conflict, "“%s”%s%s的数刚刚有变动，请刷新后再审", i.Name, place.Name, r.Period.Name())
	}
	r.Step, r.Question = Returned, d.Question
	if d.Approve {
		r = r.counting()
		r.Step, r.Question = Approved, ""
	}
	r.DecidedAt, r.DecidedBy, r.DecidedName = s.clock.Now(), b.view.Actor.AccountID, b.view.Actor.Name
	return r, changeReading.Exec(ctx, tx, &r)
}

func (b *book) decided(r Reading, d Decision) ledger.Event {
	i, _ := b.indicator(r.IndicatorID)
	place, _ := b.place(r.PlaceID)
	data := map[string]any{"indicator": i.Name, "place": place.Name, "period": r.Period.Name(), "after": i.figureText(r)}
	verb := "approved"
	if !d.Approve {
		verb = "sent_back"
		data["question"] = d.Question
	}
	return ledger.Event{CampaignID: r.CampaignID, At: r.DecidedAt, SubjectKind: FigureKind, SubjectID: r.ID, Verb: verb, Data: data}
}

// ApproveQuiet approves all figures that wait and about which the rules ask nothing, of one indicator or of all
// (indicator 0). Those that the actor or his unit gave stay for somebody else. It returns how many it approved, and
// fails with forbidden for all but the office, conflict where there is nothing to approve.
func (s *Service) ApproveQuiet(ctx context.Context, campaignID, indicatorID int64) (n int, err error) {
	err = s.db.Write(ctx, func(tx db.Tx) error {
		b, err := s.open(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		if !MayDecide(b.view) {
			return kernel.E(kernel.Forbidden, "指标的数由领导小组办公室审核")
		}
		n, err = s.approveQuiet(ctx, tx, &b, indicatorID)
		if err == nil && n == 0 {
			err = kernel.E(kernel.Conflict, "没有可以直接通过的数：要么都审完了，要么是你或你的单位报的，要么有提醒，要逐个看")
		}
		return err
	})
	return n, err
}

func (s *Service) approveQuiet(ctx context.Context, tx db.Tx, b *book, indicatorID int64) (total int, err error) {
	now := s.clock.Now()
	var touched []int64
	var events []ledger.Event
	for _, i := range b.indicators {
		if indicatorID != 0 && i.ID != indicatorID {
			continue
		}
		n, err := b.approve(ctx, tx, i, now)
		if err != nil {
			return 0, fmt.Errorf("approve indicator %d: %w", i.ID, err)
		}
		if n > 0 {
			total += int(n)
			touched = append(touched, i.ID)
			events = append(events, ledger.Event{CampaignID: i.CampaignID, At: now, SubjectKind: Kind, SubjectID: i.ID, Verb: "figures_approved", Data: map[string]any{"indicator": i.Name, "n": n}})
		}
	}
	if err := b.redraw(ctx, tx, touched); err != nil {
		return 0, err
	}
	return total, ledger.Append(ctx, tx, events...)
}

// approve approves the figures of an indicator that wait and about which nothing is asked. Places that the actor's own
// unit reports are left out, and then each other is approved for itself.
func (b *book) approve(ctx context.Context, tx db.Tx, i Indicator, now time.Time) (n int64, err error) {
	me := b.view.Actor
	others := slices.DeleteFunc(i.slots(b.places), func(p Place) bool { return !me.System && b.view.Standing.OfUnit(i.reporter(p)) })
	if len(others) == len(i.slots(b.places)) {
		return approveAll.Affected(ctx, tx, now, me.AccountID, me.Name, i.CampaignID, i.ID, notBy(me))
	}
	for _, p := range others {
		one, err := approvePlace.Affected(ctx, tx, now, me.AccountID, me.Name, i.CampaignID, i.ID, p.ID, notBy(me))
		if err != nil {
			return n, err
		}
		n += one
	}
	return n, nil
}

// notBy is the account whose figures are left; nobody's for the program itself.
func notBy(a kernel.Actor) int64 {
	if a.System {
		return -1
	}
	return a.AccountID
}

const approving = `UPDATE readings SET step = 'approved', counts = value, counts_above = numerator, counts_below = denominator, decided_at = ?, decided_by = ?, decided_name = ?
	WHERE campaign_id = ? AND indicator_id = ? `

var (
	approveAll   = db.Prepare(approving + "AND step = 'submitted' AND warning = '' AND given_by <> ?")
	approvePlace = db.Prepare(approving + "AND place_id = ? AND step = 'submitted' AND warning = '' AND given_by <> ?")
)

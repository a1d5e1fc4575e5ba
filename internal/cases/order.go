package cases

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"

	"github.com/uptrace/bun"
)

// Order is the formal demand to a unit to put one or more cases right by a day (督办单). It is acknowledged,
// answered and verified through its cases, and closes when they do.
type Order struct {
	bun.BaseModel `bun:"table:orders,alias:o"`

	ID          int64 `bun:"id,pk,autoincrement"`
	CampaignID  int64
	UUID        string `bun:"uuid"`
	Year        int
	Serial      int
	Number      string
	UnitID      int64
	Requirement string
	DueDay      kernel.Date
	Signer      string
	IssuedBy    int64
	IssuedName  string
	IssuedAt    time.Time
	OpenCases   int
	ClosedAt    time.Time `bun:",nullzero"`
}

// NewOrder is an order as it is written.
type NewOrder struct {
	UUID        string
	Cases       []int64
	Unit        int64
	Support     []int64
	DutyID      int64
	TaskID      int64
	Requirement string
	Day         kernel.Date
	Signer      string
}

const mostCases = 50 // of one order

// Issue issues an order: its cases are dispatched to the unit, if they are not with it already, and are to be put
// right by the order's day. The number is the next of the year in Shanghai; a failed issue uses none.
// It fails with invalid for what is missing, conflict for a case that stands elsewhere, forbidden for who may not
// dispatch one of the cases.
func (s *Service) Issue(ctx context.Context, campaignID int64, n NewOrder) (o Order, err error) {
	days, err := s.calendar.Days(ctx)
	if err != nil {
		return o, err
	}
	if o, err = n.check(campaignID, s.clock.Today()); err != nil {
		return o, err
	}
	a := Act{Verb: Dispatch, Revision: -1, Unit: n.Unit, Support: n.Support, DutyID: n.DutyID, TaskID: n.TaskID}
	if a.body, err = s.passage(ctx, campaignID, a); err != nil {
		return o, err
	}
	view, err := s.campaigns.See(ctx, campaignID)
	if err != nil {
		return o, err
	}
	draft := o
	err = s.db.Write(ctx, func(tx db.Tx) error {
		o = draft
		return s.issue(ctx, tx, days, &o, view.Place, n.distinct(), a)
	})
	return o, err
}

func (n NewOrder) check(campaignID int64, today kernel.Date) (Order, error) {
	o := Order{CampaignID: campaignID, UUID: n.UUID, UnitID: n.Unit, Requirement: strings.TrimSpace(n.Requirement), DueDay: n.Day,
		Signer: strings.TrimSpace(n.Signer), OpenCases: len(n.distinct())}
	if o.UUID == "" {
		o.UUID = newUUID()
	}
	if _, err := kernel.ParseDate(string(n.Day)); err != nil || n.Day < today {
		return o, kernel.E(kernel.Invalid, "请选今天或以后的整改期限").On("day")
	}
	switch {
	case len(n.Cases) == 0:
		return o, kernel.E(kernel.Invalid, "督办单至少要有一件案件").On("cases")
	case len(n.Cases) > mostCases:
		return o, kernel.E(kernel.TooLarge, "一张督办单最多 %d 件案件，请分开下", mostCases).On("cases")
	case n.Unit == 0:
		return o, kernel.E(kernel.Invalid, "请选被督办的单位").On("unit")
	case o.Signer == "":
		return o, kernel.E(kernel.Invalid, "请写签发人").On("signer")
	}
	return o, needText(o.Requirement, "请写整改要求", "requirement")
}

// distinct is the order's cases, each once, in the order in which they are locked.
func (n NewOrder) distinct() []int64 { return slices.Compact(slices.Sorted(slices.Values(n.Cases))) }

func (s *Service) issue(ctx context.Context, tx db.Tx, days *calendar.Days, o *Order, place string, ids []int64, a Act) error {
	v, err := viewerOf(ctx, tx, o.CampaignID)
	if err != nil {
		return err
	}
	if !v.Standing.InOffice() && !v.Standing.Inspects() {
		return kernel.E(kernel.Forbidden, "督办单由办公室或督导检查组开具")
	}
	if again, ok, err := orderByUUID(ctx, tx, o.CampaignID, o.UUID); err != nil || ok {
		*o = again
		return err
	}
	if err := needUnit(ctx, tx, NeedUnit, Case{CampaignID: o.CampaignID}, a); err != nil {
		return err
	}
	now := s.clock.Now()
	o.IssuedBy, o.IssuedName, o.IssuedAt, o.Year = v.Actor.AccountID, v.Actor.Name, now, now.In(kernel.Shanghai).Year()
	if err := number(ctx, tx, o, place); err != nil {
		return err
	}
	if _, err := tx.NewInsert().Model(o).Returning("id").Exec(ctx); err != nil {
		return fmt.Errorf("issue order: %w", err)
	}
	for _, id := range ids {
		if err := s.demand(ctx, tx, days, *o, id, a); err != nil {
			return err
		}
	}
	return ledger.Append(ctx, tx, ledger.At(now, orderEvent(*o, "issued"))...)
}

func orderEvent(o Order, verb string) ledger.Event {
	return ledger.Event{CampaignID: o.CampaignID, SubjectKind: OrderKind, SubjectID: o.ID, Verb: verb,
		Data: map[string]any{"number": o.Number, "cases": o.OpenCases, "due": o.DueDay}}
}

// number takes the next number of the year, in the transaction that uses it.
func number(ctx context.Context, tx db.Tx, o *Order, place string) error {
	var last []int
	err := tx.NewRaw(`INSERT INTO order_serials (campaign_id, year, last) VALUES (?, ?, 1)
		ON CONFLICT (campaign_id, year) DO UPDATE SET last = order_serials.last + 1 RETURNING last`, o.CampaignID, o.Year).Scan(ctx, &last)
	if err != nil || len(last) != 1 {
		return fmt.Errorf("number of order: %v, %w", last, err)
	}
	rules, err := settingsOf(ctx, tx, o.CampaignID)
	if err != nil {
		return err
	}
	o.Serial = last[0]
	o.Number = NumberBy(rules.Pattern(), place, o.Year, o.Serial)
	return nil
}

// NumberBy writes the number of an order by a pattern.
func NumberBy(pattern, place string, year, n int) string {
	first := ""
	for _, r := range place {
		first = string(r)
		break
	}
	return strings.NewReplacer("{place}", first, "{year}", strconv.Itoa(year), "{n}", strconv.Itoa(n)).Replace(pattern)
}

// checkPattern: a number must tell years and orders apart (发文字号：机关代字、年份、序号, GB/T 9704-2012, 7.2.5).
func checkPattern(pattern string) error {
	if !strings.Contains(pattern, "{year}") || !strings.Contains(pattern, "{n}") || len([]rune(pattern)) > 40 {
		return kernel.E(kernel.Invalid, "编号要有 {year} 和 {n}，最多 40 字，例如“临城品督〔{year}〕{n}号”").On("pattern")
	}
	return nil
}

// demand puts a case under an order: dispatched by it, or with the unit already and from now on due on its day.
func (s *Service) demand(ctx context.Context, tx db.Tx, days *calendar.Days, o Order, id int64, a Act) error {
	v, err := viewerOf(ctx, tx, o.CampaignID)
	if err != nil {
		return err
	}
	c, _, err := visible(ctx, tx, v, id)
	if err != nil {
		return err
	}
	switch {
	case c.Step == Registered || c.Step == Accepted:
		if c, err = s.take(ctx, tx, days, o.CampaignID, id, a); err != nil {
			return err
		}
	case c.LeadUnitID != o.UnitID || (c.Step != Dispatched && c.Step != Rectifying):
		return kernel.E(kernel.Conflict, "案件 %s %s，不能列入给这个单位的督办单", c.Number(), stateWords(c)).On("cases")
	}
	if err := s.byOrder(ctx, tx, days, o, c); err != nil {
		return err
	}
	_, err = tx.NewRaw("INSERT INTO order_cases (campaign_id, order_id, case_id) VALUES (?, ?, ?)", o.CampaignID, o.ID, id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("order %d, case %d: %w", o.ID, id, err)
	}
	e := caseEvent(c, "ordered", map[string]any{"number": c.Number(), "order": o.Number, "order_id": o.ID, "due": o.DueDay})
	return ledger.Append(ctx, tx, ledger.At(s.clock.Now(), e)...)
}

// byOrder sets the case's deadline to the order's day.
func (s *Service) byOrder(ctx context.Context, tx db.Tx, days *calendar.Days, o Order, c Case) error {
	now := s.clock.Now()
	k := &clock{tx: tx, days: days, now: now, c: &c}
	part := calendar.Part{Label: o.Number + " 限定", Limit: calendar.Limit{Measure: calendar.Until}, Day: o.DueDay}
	if err := k.change(ctx, part); err != nil {
		return err
	}
	c.Revision++
	return setDue(ctx, tx, c)
}

// settleOrders lets the orders of a case follow it: an order closes with the last of its cases, and opens again
// with the first that is reopened.
var ordersByCase = db.Select[Order]("WHERE o.campaign_id = ? AND o.id IN (SELECT order_id FROM order_cases WHERE campaign_id = ? AND case_id = ?) ORDER BY o.id")

func (s *Service) settleOrders(ctx context.Context, tx db.Tx, was, c Case, now time.Time) error {
	if was.Ended() == c.Ended() {
		return nil
	}
	by, verb := 1, "reopened"
	if c.Ended() {
		by, verb = -1, "closed"
	}
	orders, err := ordersByCase.All(ctx, tx, c.CampaignID, c.CampaignID, c.ID)
	if err != nil {
		return fmt.Errorf("orders of case %d: %w", c.ID, err)
	}
	for _, o := range orders {
		before := o.OpenCases
		o.OpenCases += by
		o.ClosedAt = time.Time{}
		if o.OpenCases == 0 {
			o.ClosedAt = now
		}
		_, err := tx.NewUpdate().Model(&o).Column("open_cases", "closed_at").Where("campaign_id = ?", o.CampaignID).Where("id = ?", o.ID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("order %d: %w", o.ID, err)
		}
		if (before == 0) == (o.OpenCases == 0) {
			continue
		}
		if err := ledger.Append(ctx, tx, ledger.At(now, orderEvent(o, verb))...); err != nil {
			return err
		}
	}
	return nil
}

func orderByUUID(ctx context.Context, tx db.Tx, campaignID int64, uuid string) (Order, bool, error) {
	var rows []Order
	err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", campaignID).Where("uuid = ?", uuid).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return Order{}, false, err
	}
	return rows[0], true, nil
}

// deadline is how the ledger tells a deadline.
func deadline(t time.Time) string { return calendar.Moment(t) }

package cases

import (
	"context"
	"fmt"
	"strings"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
)

// clock is what one step does to the dues of a case, within its transaction.
type clock struct {
	tx    db.Tx
	days  *calendar.Days
	rules Rules
	now   time.Time
	c     *Case
}

// limitPart is a limit by rule, as one part of a deadline.
func (k *clock) limitPart(step string) calendar.Part {
	label := k.c.Severity.Name() + "案件" + OweName(step)
	if step == OweRework {
		label = OweName(step)
	}
	if l, ok := k.rules.FromPlan(k.c.Category, k.c.Severity, step); ok {
		label += fmt.Sprintf("（方案第 %d 行）", l.Lines[0])
	}
	return calendar.Part{Label: label, Limit: k.rules.LimitFor(k.c.Category, k.c.Severity, step)}
}

// owe begins a due and shows it on the case.
func (k *clock) owe(ctx context.Context, step, label string, parts ...calendar.Part) error {
	return k.oweFrom(ctx, step, calendar.Reckoning{Label: label, Start: k.now, Parts: parts})
}

func (k *clock) oweFrom(ctx context.Context, step string, r calendar.Reckoning) error {
	d, err := calendar.Owe(ctx, k.tx, k.days, k.owing(step, r))
	if err != nil {
		return err
	}
	if step != OweAcknowledge { // the case shows the clock of its matter, not of the signature
		k.c.DueAt, k.c.AmberAt = d.DueAt, d.AmberAt
	}
	return nil
}

func (k *clock) owing(step string, r calendar.Reckoning) calendar.Owing {
	o := calendar.Owing{CampaignID: k.c.CampaignID, SubjectKind: Kind, SubjectID: k.c.ID, Step: step, Hand: string(k.c.Hand), Reckoning: r}
	if k.c.Hand == Unit {
		o.UnitID = k.c.LeadUnitID
	}
	return o
}

// firstDue is what is owed of a case that is about to be registered.
func (k *clock) firstDue() (calendar.Due, error) {
	return calendar.Reckon(k.days, k.owing(OweIntake, calendar.Reckoning{Label: Register.Name(), Start: k.now, Parts: []calendar.Part{k.limitPart(OweIntake)}}))
}

func (k *clock) byRule(ctx context.Context, step, label string) error {
	return k.owe(ctx, step, label, k.limitPart(step))
}

func (k *clock) meet(ctx context.Context, steps ...string) error {
	return calendar.Meet(ctx, k.tx, k.c.CampaignID, Kind, k.c.ID, k.now, steps...)
}

func (k *clock) drop(ctx context.Context) error {
	return calendar.Drop(ctx, k.tx, k.c.CampaignID, Kind, k.c.ID, k.now)
}

// last is the newest due of a step.
func (k *clock) last(ctx context.Context, step string) (calendar.Due, bool, error) {
	return calendar.Last(ctx, k.tx, k.c.CampaignID, Kind, k.c.ID, step)
}

// strike does what a step does to the clocks: what was owed is met or dropped, what is owed now begins.
func (k *clock) strike(ctx context.Context, t Transition, since time.Time) error {
	switch t.Verb {
	case Object:
		return k.byRule(ctx, OweIntake, t.Verb.Name())
	case Accept:
		return firstErr(k.meet(ctx, OweIntake), k.byRule(ctx, OweDispatch, "受理"))
	case Dispatch, Redirect:
		return firstErr(k.meet(ctx), k.begin(ctx, t.Verb.Name()))
	case Reopen:
		return k.begin(ctx, t.Verb.Name())
	case Acknowledge:
		return k.meet(ctx, OweAcknowledge)
	case Respond:
		return firstErr(k.meet(ctx), k.byRule(ctx, OweVerify, "反馈"))
	case Return:
		return firstErr(k.drop(ctx), k.byRule(ctx, map[Step]string{Returning: OweDecide, Coordinating: OweCoordinate}[t.To], "退单"))
	case RefuseReturn:
		return firstErr(k.meet(ctx), k.giveBack(ctx, "研究退单", since))
	case GrantExtension:
		return k.extend(ctx)
	case RefuseExtension:
		return k.forgive(ctx)
	case AskDeferral:
		return firstErr(k.drop(ctx), k.byRule(ctx, OweApprove, "申请挂账"))
	case GrantDeferral:
		return firstErr(k.meet(ctx), k.owe(ctx, OweReview, "同意挂账", calendar.Part{Label: "复核日", Limit: calendar.Limit{Measure: calendar.Until}, Day: k.c.AskedDay}))
	case RefuseDeferral:
		return firstErr(k.meet(ctx), k.giveBack(ctx, "审批挂账", since))
	case Resume:
		return firstErr(k.meet(ctx), k.byRule(ctx, OweRectify, "恢复整改"))
	case SendBack:
		return firstErr(k.meet(ctx), k.again(ctx, since))
	case Decline, Merge, Close:
		return k.meet(ctx)
	case Register, AskExtension, Escalate: // registering has its own way: firstDue
	}
	return nil
}

func firstErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// begin starts the unit's clocks at the dispatch: to sign for it, and to put it right.
func (k *clock) begin(ctx context.Context, label string) error {
	return firstErr(k.byRule(ctx, OweAcknowledge, label), k.byRule(ctx, OweRectify, label))
}

// giveBack takes the unit's deadline up again and gives it the days that others held the case. After a deferral
// there is none to take up: the unit's days begin anew.
func (k *clock) giveBack(ctx context.Context, what string, since time.Time) error {
	before, ok, err := k.last(ctx, OweRectify)
	if err != nil {
		return err
	}
	review, deferred, err := k.last(ctx, OweReview)
	if err != nil {
		return err
	}
	if !ok || (deferred && review.ID > before.ID) {
		return k.byRule(ctx, OweRectify, what)
	}
	return k.oweFrom(ctx, OweRectify, k.returned(before, what, since))
}

// returned is a unit's reckoning with the days, or where it counts by the hour the hours, that others held the case.
// Whoever gave a case away in time is in time on the day it comes back, be it a Saturday.
func (k *clock) returned(before calendar.Due, what string, since time.Time) calendar.Reckoning {
	r := before.How()
	label := what + "用去，补还"
	if r.Parts[len(r.Parts)-1].Limit.Measure == calendar.Hours {
		if n := int((k.now.Sub(since) + time.Hour - 1) / time.Hour); n > 0 {
			r.Parts = append(r.Parts, calendar.Part{Label: label, Limit: hours(n)})
		}
	} else if n := k.days.Between(kernel.DateOf(since), kernel.DateOf(k.now)); n > 0 {
		r.Parts = append(r.Parts, calendar.Part{Label: label, Limit: workdays(n)})
	}
	if since.Before(before.DueAt) && !k.now.Before(r.End(k.days)) {
		r.Parts = append(r.Parts, calendar.Part{Label: what + "，答复当日", Limit: calendar.Limit{Measure: calendar.Until}, Day: kernel.DateOf(k.now)})
	}
	return r
}

// extend moves the deadline to the day that was granted.
func (k *clock) extend(ctx context.Context) error {
	return k.change(ctx, calendar.Part{Label: "准予延期", Limit: calendar.Limit{Measure: calendar.Until}, Day: k.c.AskedDay})
}

// forgive: the unit asked in time and waited for an answer. Where the answer comes after the deadline, it has this day.
func (k *clock) forgive(ctx context.Context) error {
	if k.now.Before(k.c.DueAt) {
		return nil
	}
	return k.change(ctx, calendar.Part{Label: "延期未准，答复当日", Limit: calendar.Limit{Measure: calendar.Until}, Day: kernel.DateOf(k.now)})
}

func (k *clock) change(ctx context.Context, part calendar.Part) error {
	d, ok, err := k.last(ctx, OweRectify)
	if err != nil {
		return err
	}
	if !ok || !d.Running() {
		return fmt.Errorf("case %d in rectifying owes nothing", k.c.ID)
	}
	r := d.How()
	r.Parts = append(r.Parts, part)
	d, err = calendar.Change(ctx, k.tx, k.days, d, r, k.now)
	k.c.DueAt, k.c.AmberAt, k.c.Escalated = d.DueAt, d.AmberAt, 0 // the marks of the new deadline come again
	return err
}

// again: sent back, the unit has the limit for reworking, and never less than what was left to it when it responded.
func (k *clock) again(ctx context.Context, since time.Time) error {
	fresh := calendar.Reckoning{Label: "退回整改", Start: k.now, Parts: []calendar.Part{k.limitPart(OweRework)}}
	before, ok, err := k.last(ctx, OweRectify)
	if err != nil {
		return err
	}
	if ok {
		if rest := k.returned(before, "核查", since); rest.End(k.days).After(fresh.End(k.days)) {
			fresh = rest
		}
	}
	return k.oweFrom(ctx, OweRectify, fresh)
}

// watch tells in a case's timeline what its dues do.
func (s *Service) watch() calendar.Watcher {
	return calendar.Watcher{Passed: s.passed, Moved: s.moved}
}

// moved moves the cases of moved dues, and says so in their timelines.
func (s *Service) moved(ctx context.Context, tx db.Tx, list []calendar.Shift) error {
	events := make([]ledger.Event, len(list))
	var of []calendar.Shift
	for i, x := range list {
		events[i] = ledger.Event{CampaignID: x.CampaignID, Actor: kernel.TheSystem, SubjectKind: Kind, SubjectID: x.SubjectID, Verb: "due_moved",
			Data: map[string]any{"step": OweName(x.Step), "before": calendar.Moment(x.Before), "after": calendar.Moment(x.DueAt)}}
		if x.Step != OweAcknowledge {
			of = append(of, x)
		}
	}
	if err := moveCases(ctx, tx, of); err != nil {
		return fmt.Errorf("move cases: %w", err)
	}
	return ledger.Append(ctx, tx, ledger.At(s.clock.Now(), events...)...)
}

var moveCase = db.Prepare("UPDATE cases SET due_at = ?, amber_at = ?, revision = revision + 1 WHERE campaign_id = ? AND id = ?")

// moveCases writes when cases are due now: on PostgreSQL in one statement, since each would be a way there and back.
func moveCases(ctx context.Context, tx db.Tx, list []calendar.Shift) error {
	if len(list) == 0 {
		return nil
	}
	if db.KindOf(tx) != db.Postgres {
		for _, x := range list {
			if err := moveCase.Exec(ctx, tx, x.DueAt, x.AmberAt, x.CampaignID, x.SubjectID); err != nil {
				return err
			}
		}
		return nil
	}
	rows := strings.Repeat("(?::bigint, ?::bigint, ?::timestamptz, ?::timestamptz), ", len(list))
	args := make([]any, 0, 4*len(list))
	for _, x := range list {
		args = append(args, x.CampaignID, x.SubjectID, x.DueAt, x.AmberAt)
	}
	_, err := tx.NewRaw(`UPDATE cases AS ca SET due_at = v.due_at, amber_at = v.amber_at, revision = ca.revision + 1
		FROM (VALUES `+strings.TrimSuffix(rows, ", ")+`) AS v (campaign_id, id, due_at, amber_at) WHERE ca.campaign_id = v.campaign_id AND ca.id = v.id`, args...).Exec(ctx)
	return err
}

// passed notes a reminder or an escalation. A matter is carried upwards once for the case, by the clock of its matter.
func (s *Service) passed(ctx context.Context, tx db.Tx, d calendar.Due, m calendar.Mark) error {
	data := map[string]any{"step": OweName(d.Step), "mark": m.String(), "due": calendar.Moment(d.DueAt), "hand": d.Hand}
	if !m.Escalates() {
		return s.tell(ctx, tx, d, "reminded", data)
	}
	if d.Step == OweAcknowledge {
		return s.tell(ctx, tx, d, "overdue", data)
	}
	level := int(m-calendar.ToUnitHead) + 1
	n, err := escalated.Affected(ctx, tx, level, d.CampaignID, d.SubjectID, level)
	if err != nil {
		return fmt.Errorf("escalate case %d: %w", d.SubjectID, err)
	}
	if n == 0 {
		return nil
	}
	data["to"], data["level"] = escalatedTo(Hand(d.Hand), level), level
	return s.tell(ctx, tx, d, string(Escalate), data)
}

var escalated = db.Prepare("UPDATE cases SET escalated = ?, revision = revision + 1 WHERE campaign_id = ? AND id = ? AND escalated < ?")

// escalatedTo is to whom a matter is carried.
func escalatedTo(h Hand, level int) string {
	if h != Unit && level == 1 {
		return "领导小组办公室主任"
	}
	return [...]string{"", "责任单位主要负责人", "工作组组长", "领导小组"}[level]
}

func (s *Service) tell(ctx context.Context, tx db.Tx, d calendar.Due, verb string, data map[string]any) error {
	return ledger.Append(ctx, tx, ledger.At(s.clock.Now(), ledger.Event{CampaignID: d.CampaignID, SubjectKind: Kind, SubjectID: d.SubjectID, Verb: verb, Data: data})...)
}

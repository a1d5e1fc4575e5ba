package cases

import (
	"context"
	"slices"
	"strings"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
	"pinzhi/internal/roster"
)

// needs checks what a row asks for.
func (s *Service) needs(ctx context.Context, tx db.Tx, t Transition, c Case, a Act, rules Rules, now time.Time) error {
	for _, n := range t.Needs {
		var err error
		switch n {
		case NeedReason:
			err = needText(a.Reason, "请写理由，对方和以后的人都看得到", "reason")
		case NeedText:
			err = needText(a.Reason, "请写一句办理情况，例如“已清运，增设果皮箱 2 个”", "reason")
		case NeedUnit, NeedOtherUnit:
			err = needUnit(ctx, tx, n, c, a)
		case NeedCase:
			err = needCase(ctx, tx, c, a)
		case NeedPhotos:
			err = needPhotos(c, a, rules)
		case NeedDay:
			err = needDay(c, a, now)
		case NeedOutcome:
			err = needOutcome(a)
		case NeedInTime:
			if !now.Before(c.DueAt) {
				err = kernel.E(kernel.Conflict, "已过时限，不能再申请延期。请尽快反馈，或说明情况申请挂账")
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func needText(text, message, field string) error {
	switch n := len([]rune(strings.TrimSpace(text))); {
	case n == 0:
		return kernel.E(kernel.Invalid, "%s", message).On(field)
	case n > 2000:
		return kernel.E(kernel.Invalid, "最多 2000 字，现在 %d 字", n).On(field)
	}
	return nil
}

func needUnit(ctx context.Context, tx db.Tx, n Need, c Case, a Act) error {
	if a.Unit == 0 {
		return kernel.E(kernel.Invalid, "请选牵头单位").On("unit")
	}
	if n == NeedOtherUnit && a.Unit == c.LeadUnitID {
		return kernel.E(kernel.Invalid, "改派要选另一个单位；仍由原单位办的，请选“维持原派”并写明理由").On("unit")
	}
	ids := append([]int64{a.Unit}, a.Support...)
	for i, id := range ids {
		seated, err := roster.UnitSeated(ctx, tx, c.CampaignID, id)
		if err != nil {
			return err
		}
		if !seated {
			return kernel.E(kernel.Invalid, "方案里没有这个单位，请从下拉里选").On("unit")
		}
		if slices.Contains(ids[:i], id) {
			return kernel.E(kernel.Invalid, "牵头单位和配合单位重复了").On("support")
		}
	}
	return nil
}

func needCase(ctx context.Context, tx db.Tx, c Case, a Act) error {
	if a.Into == 0 || a.Into == c.ID {
		return kernel.E(kernel.Invalid, "请写并入哪一件案件的编号，例如 2024-001142").On("into")
	}
	into, err := load(ctx, tx, c.CampaignID, a.Into)
	if kernel.CodeOf(err) == kernel.NotFound {
		return kernel.E(kernel.Invalid, "没有这件案件，请核对编号").On("into")
	}
	if err != nil {
		return err
	}
	if into.Step == Merged || into.Step == Declined {
		return kernel.E(kernel.Invalid, "案件 %s %s，不能并入", into.Number(), into.Step.Name()).On("into")
	}
	return nil
}

func needPhotos(c Case, a Act, rules Rules) error {
	if !rules.AsksPhotos(c.Category) {
		return nil
	}
	if slices.ContainsFunc(a.Evidence, func(f evidence.Incoming) bool { return f.Kind == evidence.Photo }) {
		return nil
	}
	return kernel.E(kernel.Invalid, "“%s”类案件要求附整改后的照片", c.Category).On("files")
}

func needDay(c Case, a Act, now time.Time) error {
	today := kernel.DateOf(now)
	if _, err := kernel.ParseDate(string(a.Day)); err != nil {
		return kernel.E(kernel.Invalid, "请选日期").On("day")
	}
	if a.Verb == AskExtension && a.Day < kernel.DateOf(c.DueAt) {
		return kernel.E(kernel.Invalid, "延期到的日期要晚于现在的时限 %s", kernel.DateOf(c.DueAt.Add(-time.Microsecond)).Chinese()).On("day")
	}
	if a.Day <= today || a.Day > today.AddDays(3*366) {
		return kernel.E(kernel.Invalid, "日期要在今天之后、三年之内").On("day")
	}
	return nil
}

func needOutcome(a Act) error {
	if !known(Outcomes, a.Outcome) {
		return kernel.E(kernel.Invalid, "请选核查结论").On("outcome")
	}
	if a.Outcome != Fixed {
		return needText(a.Reason, "“"+a.Outcome.Name()+"”要写明情况", "reason")
	}
	return nil
}

// apply writes what a step changes of the case itself.
func apply(ctx context.Context, tx db.Tx, c *Case, t Transition, a Act, v Viewer, now time.Time) error {
	if t.To != t.From {
		c.Asking, c.AskedDay = "", keptDay(t, c.AskedDay)
		if t.Verb != Acknowledge { // its clock runs since the dispatch
			c.DueAt, c.AmberAt, c.Escalated = time.Time{}, time.Time{}, 0
		}
	}
	c.Step, c.Hand = t.To, t.Clock
	switch t.Verb {
	case Merge:
		c.MergedInto, c.ClosedAt = a.Into, now
	case Decline:
		c.ClosedAt = now
	case Dispatch, Redirect:
		return handOut(ctx, tx, c, a, now)
	case Respond:
		c.RespondedAt, c.RespondedBy, c.RespondedPerson = now, v.Actor.AccountID, v.Actor.PersonID
	case Return:
		c.Returns++
	case AskExtension:
		c.Asking, c.AskedDay = "extension", a.Day
	case GrantExtension:
		c.Asking, c.Extensions = "", c.Extensions+1
	case RefuseExtension:
		c.Asking = ""
	case AskDeferral:
		c.AskedDay = a.Day
	case SendBack:
		c.Reworks, c.Round = c.Reworks+1, c.Round+1
	case Close:
		c.Outcome, c.ClosedAt = a.Outcome, now
	case Reopen:
		c.Reopened, c.Round, c.Outcome, c.ClosedAt = c.Reopened+1, c.Round+1, "", time.Time{}
	case Object:
		c.ClosedAt = time.Time{}
	case Register, Accept, Acknowledge, RefuseReturn, GrantDeferral, RefuseDeferral, Resume, Escalate:
	}
	return nil
}

// keptDay: the review day that was asked for stays until the leader has decided.
func keptDay(t Transition, asked kernel.Date) kernel.Date {
	if t.From == Deferring && t.To == Deferred {
		return asked
	}
	return ""
}

// handOut gives the case to its units and to the group that answers for the duty or task.
func handOut(ctx context.Context, tx db.Tx, c *Case, a Act, now time.Time) error {
	if err := replaceUnits(ctx, tx, *c, a); err != nil {
		return err
	}
	c.LeadUnitID, c.DispatchedAt = a.Unit, now
	if a.DutyID == 0 && a.TaskID == 0 {
		return nil
	}
	c.DutyID, c.TaskID, c.BodyID = a.DutyID, a.TaskID, a.body
	return nil
}

// passage finds the group that answers for the duty or task that an act names; it fails with invalid for one that
// the campaign does not have.
func (s *Service) passage(ctx context.Context, campaignID int64, a Act) (bodyID int64, err error) {
	if a.DutyID != 0 {
		duties, err := roster.DutiesOf(ctx, s.db.Reader(), campaignID)
		if err != nil {
			return 0, err
		}
		i := slices.IndexFunc(duties, func(d roster.Duty) bool { return d.ID == a.DutyID })
		if i < 0 {
			return 0, kernel.E(kernel.Invalid, "方案里没有这条职责，请从下拉里选").On("duty")
		}
		return duties[i].BodyID, nil
	}
	if a.TaskID == 0 {
		return 0, nil
	}
	task, err := s.campaigns.TaskByID(ctx, campaignID, a.TaskID)
	if kernel.CodeOf(err) == kernel.NotFound {
		return 0, kernel.E(kernel.Invalid, "方案里没有这项任务，请从下拉里选").On("task")
	}
	if err != nil || task.ActionID == 0 {
		return 0, err
	}
	bodies, err := roster.Bodies(ctx, s.db.Reader(), campaignID)
	i := slices.IndexFunc(bodies, func(b roster.BodyRow) bool { return b.ActionID == task.ActionID })
	if err != nil || i < 0 {
		return 0, err
	}
	return bodies[i].ID, nil
}

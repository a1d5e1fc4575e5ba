package report

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/roster"
)

// Field is one part of a filing as a page shows it.
type Field struct {
	PartSpec
	Part
}

// Seen is a filing with all that its page shows.
type Seen struct {
	Filing

	Obligation Obligation
	Reporter   Reporter
	Fields     []Field
	Dues       []calendar.Due
	May        []Verb // what the viewer may do
	MayFill    bool
	Comment    Comment
	MaySay     bool // of the office: what it thinks of it
	Heads      bool // the viewer heads the reporter: what he hands in is approved
}

// See returns a filing with its fields, filled in from what the system knows; it fails with not_found for whoever does
// not report it and is of neither the office nor the leading group.
func (s *Service) See(ctx context.Context, campaignID, id int64) (x Seen, err error) {
	err = s.db.Snapshot(ctx, func(tx db.Tx) error {
		v, err := s.campaigns.SeeIn(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		x, err = s.see(ctx, tx, v, id)
		return err
	})
	return x, err
}

func (s *Service) see(ctx context.Context, tx db.Tx, v campaign.View, id int64) (x Seen, err error) {
	if err := one(ctx, tx, &x.Filing, v.ID, id); err != nil {
		return x, err
	}
	if err := one(ctx, tx, &x.Reporter, v.ID, x.ReporterID); err != nil {
		return x, err
	}
	if !sees(v, x.Reporter) {
		return Seen{}, errNoFiling
	}
	if err := one(ctx, tx, &x.Obligation, v.ID, x.ObligationID); err != nil {
		return x, err
	}
	if x.Dues, err = calendar.Of(ctx, tx, v.ID, Kind, id); err != nil {
		return x, err
	}
	for _, t := range Transitions {
		if slices.Contains(t.From, x.Step) && has(v, t.Who, x.Reporter) && t.of(x.Obligation.Kind) {
			x.May = append(x.May, t.Verb)
		}
	}
	x.Heads = has(v, HeadOf, x.Reporter)
	if err := x.readComment(ctx, tx); err != nil {
		return x, err
	}
	x.MaySay = has(v, OfOffice, x.Reporter) && !x.ApprovedAt.IsZero()
	x.MayFill = slices.Contains(x.May, Submit)
	if x.Obligation.Kind == ToFile {
		x.Fields, err = s.fields(ctx, tx, x)
	}
	return x, err
}

// fields are the parts as they were written down, and where nothing was yet, as the system knows them now.
func (s *Service) fields(ctx context.Context, tx db.Tx, x Seen) ([]Field, error) {
	var written []Part
	if err := tx.NewSelect().Model(&written).Where("campaign_id = ?", x.CampaignID).Where("filing_id = ?", x.ID).Scan(ctx); err != nil {
		return nil, fmt.Errorf("parts of filing %d: %w", x.ID, err)
	}
	open := x.Step == Owed || x.Step == Returned
	var k knowledge
	if open {
		var err error
		if k, err = s.know(ctx, tx, x.Obligation, x.Reporter, x.Period); err != nil {
			return nil, err
		}
	}
	now := s.clock.Now()
	list := make([]Field, len(Parts))
	for i, spec := range Parts {
		f := Field{PartSpec: spec, Part: Part{CampaignID: x.CampaignID, FilingID: x.ID, Part: spec.Key}}
		at := slices.IndexFunc(written, func(p Part) bool { return p.Part == spec.Key })
		untouched := at < 0 || !written[at].Differs()
		if at >= 0 {
			f.Part = written[at]
		}
		if open && spec.Filled() {
			f.Known, f.KnownAt = spec.known(k), now
			if untouched {
				f.Value = f.Known
			}
		}
		list[i] = f
	}
	return list, nil
}

// Filling is what a reporter fills in: values and reasons by part.
type Filling struct {
	Values  map[string]string
	Reasons map[string]string
}

// Act is what somebody does with a filing.
type Act struct {
	Verb     Verb
	Revision int // as the actor saw it
	Filling  Filling
	Question string // why it is sent back
	Part     string // of which part
	Note     string // what came of what was held or done
}

// Keep keeps what a reporter has filled in so far, without handing it in.
func (s *Service) Keep(ctx context.Context, campaignID, id int64, revision int, in Filling) error {
	return s.change(ctx, campaignID, id, revision, func(ctx context.Context, tx db.Tx, _ campaign.View, x Seen) (Filing, []ledger.Event, error) {
		if !x.MayFill {
			return x.Filing, nil, kernel.E(kernel.Forbidden, "这份报送现在不能填写：只有报送单位的人在提交前、退回后可以改")
		}
		_, err := s.write(ctx, tx, x, in, false)
		return x.Filing, nil, err
	})
}

// Take takes a filing a step further.
func (s *Service) Take(ctx context.Context, campaignID, id int64, a Act) error {
	return s.change(ctx, campaignID, id, a.Revision, func(ctx context.Context, tx db.Tx, v campaign.View, x Seen) (Filing, []ledger.Event, error) {
		t, ok := rowOf(a.Verb)
		if !ok || !t.of(x.Obligation.Kind) {
			return x.Filing, nil, kernel.E(kernel.Invalid, "这份报送没有“%s”这一步", a.Verb)
		}
		if !has(v, t.Who, x.Reporter) {
			return x.Filing, nil, refusal(t)
		}
		if !slices.Contains(t.From, x.Step) {
			return x.Filing, nil, kernel.E(kernel.Conflict, "这份报送现在是“%s”，不能“%s”，请刷新后看看", x.Step.Name(), t.Verb.Name())
		}
		return s.take(ctx, tx, v, x, t, a)
	})
}

type changing func(ctx context.Context, tx db.Tx, v campaign.View, x Seen) (Filing, []ledger.Event, error)

// change does something to a filing that the actor sees, as he saw it.
func (s *Service) change(ctx context.Context, campaignID, id int64, revision int, do changing) error {
	return s.db.Write(ctx, func(tx db.Tx) error {
		v, err := s.campaigns.SeeIn(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		x, err := s.see(ctx, tx, v, id)
		if err != nil {
			return err
		}
		if x.Revision != revision {
			return kernel.E(kernel.Conflict, "这份报送刚刚被别人改过，请刷新后再办。你填的还在下面")
		}
		f, events, err := do(ctx, tx, v, x)
		if err != nil {
			return err
		}
		f.Revision++
		if err := changeFiling.Exec(ctx, tx, &f); err != nil {
			return fmt.Errorf("filing %d: %w", id, err)
		}
		return ledger.Append(ctx, tx, ledger.At(s.clock.Now(), events...)...)
	})
}

var changeFiling = db.Change[Filing]("obligation_id", "reporter_id", "period", "due_at", "amber_at")

func (s *Service) take(ctx context.Context, tx db.Tx, v campaign.View, x Seen, t Transition, a Act) (Filing, []ledger.Event, error) {
	f, now, data := x.Filing, s.clock.Now(), map[string]any{"what": x.Obligation.What, "period": x.Period.Name(), "reporter": x.Reporter.Name}
	event := func(verb Verb) ledger.Event {
		return ledger.Event{CampaignID: f.CampaignID, Actor: v.Actor, SubjectKind: Kind, SubjectID: f.ID, Verb: string(verb), Data: data}
	}
	f.Step = t.To
	switch t.Verb {
	case Submit:
		changed, err := s.write(ctx, tx, x, a.Filling, true)
		if err != nil {
			return f, nil, err
		}
		if len(changed) > 0 {
			data["differs"] = changed
		}
		f.SubmittedAt, f.SubmittedBy = now, v.Actor.Name
		events := []ledger.Event{event(Submit)}
		if has(v, HeadOf, x.Reporter) {
			f.Step = Approved
			events = append(events, event(Approve))
			return s.reach(ctx, tx, f, v, events)
		}
		return f, events, nil
	case Approve:
		return s.reach(ctx, tx, f, v, []ledger.Event{event(Approve)})
	case Refuse, SendBack:
		if err := ask(ctx, tx, x, a, data); err != nil {
			return f, nil, err
		}
		f.AcceptedAt, f.AcceptedBy = time.Time{}, ""
		if t.Verb == SendBack {
			f.Returns++
			return f, []ledger.Event{event(SendBack)}, s.oweAgain(ctx, tx, x)
		}
		return f, []ledger.Event{event(Refuse)}, nil
	case Accept:
		f.AcceptedAt, f.AcceptedBy = now, v.Actor.Name
		return f, []ledger.Event{event(Accept)}, nil
	case Hold:
		note := strings.TrimSpace(a.Note)
		if n := len([]rune(note)); n == 0 || n > longestNote {
			return f, nil, kernel.E(kernel.Invalid, "请用一两句话写明办得怎样：哪天、议定或做成了什么，最多 %d 字", longestNote).On("note")
		}
		data["note"] = note
		f.SubmittedAt, f.SubmittedBy, f.AcceptedAt, f.AcceptedBy = now, v.Actor.Name, now, v.Actor.Name
		return s.reach(ctx, tx, f, v, []ledger.Event{event(Hold)})
	}
	return f, nil, kernel.E(kernel.Internal, "没有这一步")
}

// reach notes that a filing reached the office: by this it is in time or late, once and for all.
func (s *Service) reach(ctx context.Context, tx db.Tx, f Filing, v campaign.View, events []ledger.Event) (Filing, []ledger.Event, error) {
	now := s.clock.Now()
	if f.ApprovedAt.IsZero() {
		f.ApprovedAt = now
	}
	f.ApprovedBy = v.Actor.Name
	if err := calendar.Meet(ctx, tx, f.CampaignID, Kind, f.ID, now, OweFiling, OweAgain); err != nil {
		return f, nil, err
	}
	_, err := tx.NewRaw("UPDATE filing_parts SET question = '' WHERE campaign_id = ? AND filing_id = ?", f.CampaignID, f.ID).Exec(ctx)
	return f, events, err
}

// mendDays is how many working days a reporter has for what was sent back.
const mendDays = 2

func (s *Service) oweAgain(ctx context.Context, tx db.Tx, x Seen) error {
	days, err := s.calendar.Days(ctx)
	if err != nil {
		return err
	}
	_, err = calendar.Owe(ctx, tx, days, calendar.Owing{CampaignID: x.CampaignID, SubjectKind: Kind, SubjectID: x.ID, Step: OweAgain, Hand: string(x.Obligation.Kind), UnitID: x.Reporter.UnitID,
		Reckoning: calendar.Reckoning{Label: SendBack.Name(), Start: s.clock.Now(), Parts: []calendar.Part{{Label: OweName(OweAgain), Limit: calendar.Limit{N: mendDays, Measure: calendar.Workdays}}}}})
	return err
}

// ask writes the question to the part that is sent back.
func ask(ctx context.Context, tx db.Tx, x Seen, a Act, data map[string]any) error {
	question := strings.TrimSpace(a.Question)
	if question == "" {
		return kernel.E(kernel.Invalid, "请写明退回的原因：哪里要改、要补什么").On("question")
	}
	spec, ok := partSpec(a.Part)
	if !ok {
		return kernel.E(kernel.Invalid, "请选要修改的部分").On("part")
	}
	n, err := tx.NewRaw("UPDATE filing_parts SET question = ? WHERE campaign_id = ? AND filing_id = ? AND part = ?", question, x.CampaignID, x.ID, spec.Key).Exec(ctx)
	if err == nil {
		if rows, _ := n.RowsAffected(); rows == 0 {
			err = kernel.E(kernel.Internal, "这份报送里没有“%s”", spec.Title)
		}
	}
	data["part"], data["question"] = spec.Title, question
	return err
}

// write writes down the parts. Handing in wants every figure to be one, every difference explained, and every text that
// is asked for; keeping wants nothing. It returns which figures differ from what the system knows, with why.
func (s *Service) write(ctx context.Context, tx db.Tx, x Seen, in Filling, final bool) (differs []map[string]string, err error) {
	rows := make([]Part, 0, len(x.Fields))
	for _, f := range x.Fields {
		p := f.Part
		if v, ok := in.Values[f.Key]; ok {
			p.Value = strings.TrimSpace(strings.ReplaceAll(v, "\r\n", "\n"))
		}
		p.Reason = strings.TrimSpace(in.Reasons[f.Key])
		if p.KnownAt.IsZero() {
			p.KnownAt = s.clock.Now()
		}
		if final {
			if err := f.check(p); err != nil {
				return nil, err
			}
		}
		if f.Figure && p.Known != "" && p.Differs() {
			differs = append(differs, map[string]string{"part": f.Title, "known": p.Known, "value": p.Value, "reason": p.Reason})
		}
		rows = append(rows, p)
	}
	if _, err := tx.NewDelete().Model((*Part)(nil)).Where("campaign_id = ?", x.CampaignID).Where("filing_id = ?", x.ID).Exec(ctx); err != nil {
		return nil, fmt.Errorf("parts of filing %d: %w", x.ID, err)
	}
	return differs, db.InsertMany(ctx, tx, rows, "")
}

// longestNote is how many characters may say what came of a meeting.
const longestNote = 500

// longest is how many characters a text may have.
const longest = 20_000

func (f Field) check(p Part) error {
	if f.Figure {
		if n, err := strconv.Atoi(p.Value); err != nil || n < 0 {
			return errFigure.On(f.Key)
		}
		if p.Known != "" && p.Differs() && p.Reason == "" {
			return kernel.E(kernel.Invalid, "“%s”系统里是 %s，你报 %s，请写一句为什么不同", f.Title, p.Known, p.Value).On("reason_" + f.Key)
		}
		return nil
	}
	if len([]rune(p.Value)) > longest {
		return kernel.E(kernel.Invalid, "“%s”最多 %d 字，长材料请作附件", f.Title, longest).On(f.Key)
	}
	if p.Value == "" && f.Filled() {
		return kernel.E(kernel.Invalid, "请写“%s”，没有就写“无”", f.Title).On(f.Key)
	}
	return nil
}

// scopeOf is whose work a reporter reports: of a work group that of its action, of a unit its own, of others all.
func scopeOf(ctx context.Context, tx db.Tx, r Reporter) (campaign.Scope, error) {
	if r.UnitID != 0 {
		return campaign.Scope{UnitID: r.UnitID}, nil
	}
	if r.BodyID == 0 { // known by name only
		return campaign.Scope{}, nil
	}
	b, err := roster.BodyByID(ctx, tx, r.CampaignID, r.BodyID)
	return campaign.Scope{ActionID: b.ActionID}, err
}

// one reads a row of a campaign by id; it fails with not_found.
func one[T any](ctx context.Context, tx db.Tx, row *T, campaignID, id int64) error {
	var rows []T
	if err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", campaignID).Where("id = ?", id).Scan(ctx); err != nil {
		return fmt.Errorf("%T %d: %w", row, id, err)
	}
	if len(rows) == 0 {
		return errNoFiling
	}
	*row = rows[0]
	return nil
}

package report

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/plan"
	"pinzhi/internal/roster"
)

// Adopt takes over what the plan asks for period after period and has not been taken over yet, and enters what follows:
// a filing with its due for every reporter and period of the phase in which the work is done. It may run at any time,
// again and again; it returns how many filings it entered. What a revised plan no longer asks for stays as it is.
func (s *Service) Adopt(ctx context.Context, campaignID int64) (n int, err error) {
	ctx = kernel.WithActor(ctx, kernel.TheSystem)
	a := &adoption{s: s, campaignID: campaignID, now: s.clock.Now()}
	if err := a.read(ctx); err != nil || len(a.fresh) == 0 {
		return 0, err
	}
	err = s.db.Write(ctx, func(tx db.Tx) error {
		n, err = a.write(ctx, tx)
		return err
	})
	return n, err
}

// obligationKind is the subject kind in the ledger; "obligation" is the plan's, with numbers of its own.
const obligationKind = "report_obligation"

type adoption struct {
	s          *Service
	campaignID int64
	now        time.Time

	fresh       []campaign.Obligation
	first, last kernel.Month // of the phase
	bodies      []roster.BodyRow
	units       []campaign.UnitRow
	days        *calendar.Days
}

func (a *adoption) read(ctx context.Context) error {
	asked, err := a.s.campaigns.Obligations(ctx, a.campaignID)
	if err != nil {
		return err
	}
	var known []int64
	if err := a.s.db.Reader().NewRaw("SELECT plan_id FROM report_obligations WHERE campaign_id = ?", a.campaignID).Scan(ctx, &known); err != nil {
		return fmt.Errorf("obligations: %w", err)
	}
	a.fresh = slices.DeleteFunc(asked, func(o campaign.Obligation) bool { return !Cadence(o.Cadence).Known() || slices.Contains(known, o.ID) })
	if len(a.fresh) == 0 {
		return nil
	}
	phases, err := a.s.campaigns.Phases(ctx, a.campaignID)
	if err != nil {
		return err
	}
	if a.first, a.last = workPhase(phases); a.first == "" {
		a.fresh = nil // without a phase there are no periods
		return nil
	}
	if a.bodies, err = roster.Bodies(ctx, a.s.db.Reader(), a.campaignID); err != nil {
		return err
	}
	if a.units, err = a.s.campaigns.Units(ctx, a.campaignID); err != nil {
		return err
	}
	a.days, err = a.s.calendar.Days(ctx)
	return err
}

// workPhase is the phase in which the work is done: the longest. Before it the campaign is set up, after it results are
// accepted; a plan of one phase works in that.
func workPhase(phases []campaign.Phase) (first, last kernel.Month) {
	longest := -1
	for _, p := range phases {
		if p.StartMonth == "" || p.EndMonth == "" {
			continue
		}
		if n := p.StartMonth.MonthsUntil(p.EndMonth); n > longest {
			longest, first, last = n, p.StartMonth, p.EndMonth
		}
	}
	return first, last
}

func (a *adoption) write(ctx context.Context, tx db.Tx) (int, error) {
	total := 0
	for _, o := range a.fresh {
		n, err := a.take(ctx, tx, o)
		if err != nil {
			return 0, fmt.Errorf("obligation %d: %w", o.ID, err)
		}
		total += n
	}
	return total, nil
}

func (a *adoption) take(ctx context.Context, tx db.Tx, asked campaign.Obligation) (int, error) {
	periods := periodsWithin(Cadence(asked.Cadence), a.first, a.last)
	if len(periods) == 0 {
		return 0, nil
	}
	o := Obligation{CampaignID: a.campaignID, PlanID: asked.ID, What: asked.What, Kind: kindOf(asked.What), Cadence: Cadence(asked.Cadence),
		FirstPeriod: periods[0], LastPeriod: periods[len(periods)-1], AddedAt: a.now}
	if err := db.InsertOr(ctx, tx, &o, "ON CONFLICT DO NOTHING"); err != nil || o.ID == 0 {
		return 0, err // another instance was quicker
	}
	term := Term{CampaignID: a.campaignID, ObligationID: o.ID, FromPeriod: o.FirstPeriod, Days: defaultDays, Receiver: asked.Receiver, SetAt: a.now, SetName: kernel.TheSystem.Name}
	if err := db.Insert(ctx, tx, &term); err != nil {
		return 0, err
	}
	reporters := a.reporters(o, asked.Who)
	for i := range reporters {
		if err := db.Insert(ctx, tx, &reporters[i]); err != nil {
			return 0, err
		}
	}
	n, err := enter(ctx, tx, a.days, o, []Term{term}, reporters, periods)
	if err != nil {
		return 0, err
	}
	return n, ledger.Append(ctx, tx, ledger.Event{CampaignID: a.campaignID, At: a.now, Actor: kernel.TheSystem, SubjectKind: obligationKind, SubjectID: o.ID, Verb: "adopted",
		Data: map[string]any{"what": o.What, "cadence": o.Cadence.Name(), "reporters": len(reporters), "periods": len(periods), "from": o.FirstPeriod.Name(), "to": o.LastPeriod.Name(), "days": term.Days}})
}

// kindOf tells from the plan's words what is asked for.
func kindOf(what string) ObligationKind {
	switch {
	case strings.Contains(what, "例会") || strings.Contains(what, "会议"):
		return ToMeet
	case strings.Contains(what, "报送") || strings.Contains(what, "上报") || strings.Contains(what, "报告"):
		return ToFile
	}
	return ToAct
}

// reporters are whom the plan's words mean: 七大专项行动各工作组 is every work group, a body or a unit of the campaign is
// itself. Whoever is neither is kept by name: the office says later who it is.
func (a *adoption) reporters(o Obligation, who []string) (list []Reporter) {
	add := func(name string, body, unit int64) {
		list = append(list, Reporter{CampaignID: a.campaignID, ObligationID: o.ID, Position: len(list) + 1, Name: name, BodyID: body, UnitID: unit, FirstPeriod: o.FirstPeriod})
	}
	for _, name := range who {
		if strings.Contains(name, "各") && strings.HasSuffix(name, "组") {
			for _, b := range a.bodies {
				if b.Kind == plan.WorkGroup {
					add(b.Name, b.ID, 0)
				}
			}
			continue
		}
		if governments := a.governments(name, who); len(governments) > 0 {
			for _, u := range governments {
				add(u.Name, 0, u.ID)
			}
			continue
		}
		body, unit := a.named(name)
		add(name, body, unit)
	}
	return list
}

// governments are whom 各区政府, 各县（市、区） or 各县区人民政府 means: the campaign's district and county governments, but for
// those that are asked by name.
func (a *adoption) governments(name string, who []string) (list []campaign.UnitRow) {
	if !strings.HasPrefix(name, "各") || !strings.ContainsAny(name, "区县") || strings.Contains(name, "开发区") || strings.HasSuffix(name, "组") {
		return nil
	}
	for _, u := range a.units {
		place, ok := strings.CutSuffix(strings.TrimSuffix(u.Name, "政府"), "人民")
		if !ok {
			place = strings.TrimSuffix(u.Name, "政府")
		}
		if place != u.Name && !strings.HasPrefix(place, "各") && (strings.HasSuffix(place, "区") || strings.HasSuffix(place, "县")) && !slices.Contains(who, u.Name) {
			list = append(list, u)
		}
	}
	return list
}

// named finds the body or unit of a name: of bodies one that is called so or whose name it ends (领导小组办公室 is the
// body 办公室), of units one that is called so, or so with 人民政府 or 管委会 behind it.
func (a *adoption) named(name string) (body, unit int64) {
	for _, b := range a.bodies {
		if b.Name == name || (b.Kind == plan.Office && strings.HasSuffix(name, "领导小组办公室")) {
			return b.ID, 0
		}
	}
	best := -1
	for _, u := range a.units {
		rest, ok := strings.CutPrefix(u.Name, name)
		if ok && slices.Contains([]string{"", "政府", "人民政府", "管委会", "管理委员会"}, rest) && (best < 0 || len(rest) < best) {
			best, unit = len(rest), u.ID
		}
	}
	if unit == 0 {
		for _, b := range a.bodies {
			if strings.HasSuffix(b.Name, name) {
				return b.ID, 0
			}
		}
	}
	return 0, unit
}

// enter enters a filing with its due for every reporter and period that has none yet.
func enter(ctx context.Context, tx db.Tx, days *calendar.Days, o Obligation, terms []Term, reporters []Reporter, periods []Period) (n int, err error) {
	var list []Filing
	var dues []calendar.Due
	for _, p := range periods {
		term, ok := termFor(terms, p)
		if !ok {
			continue
		}
		d, err := calendar.Reckon(days, calendar.Owing{CampaignID: o.CampaignID, SubjectKind: Kind, Step: OweFiling, Hand: string(o.Kind), Reckoning: reckoning(o, term, p)})
		if err != nil {
			return 0, err
		}
		for _, r := range reporters {
			if r.owes(p) {
				step := Owed
				if term.Paused {
					step = Paused
				}
				d.UnitID = r.UnitID
				list, dues = append(list, Filing{CampaignID: o.CampaignID, ObligationID: o.ID, ReporterID: r.ID, Period: p, Step: step, DueAt: d.DueAt, AmberAt: d.AmberAt}), append(dues, d)
			}
		}
	}
	if err := db.InsertAll(ctx, tx, list); err != nil {
		return 0, err
	}
	open := dues[:0]
	for i, f := range list {
		if dues[i].SubjectID = f.ID; f.Step == Owed {
			open = append(open, dues[i])
		}
	}
	return len(list), db.InsertMany(ctx, tx, open, "")
}

// reckoning is how the day of a filing is computed: from the last minute of its period, which still is its last day.
func reckoning(o Obligation, t Term, p Period) calendar.Reckoning {
	return calendar.Reckoning{Label: p.Name() + "结束", Start: p.Last().AddDays(1).Time().Add(-time.Minute),
		Parts: []calendar.Part{{Label: o.Cadence.Name() + o.What, Limit: calendar.Limit{N: t.Days, Measure: calendar.Workdays}}}}
}

package indicator

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/report"
)

// Adopt takes over the plan's indicators that have not been taken over yet, with their targets, and names the places at
// which figures are gathered. It may run at any time, again and again; it returns how many indicators it took over. What
// a revised plan no longer names stays: its figures are history.
func (s *Service) Adopt(ctx context.Context, campaignID int64) (n int, err error) {
	view := ctx
	ctx = kernel.WithActor(ctx, kernel.TheSystem)
	a := &adoption{s: s, campaignID: campaignID, now: s.clock.Now()}
	if _, err := s.campaigns.See(view, campaignID); err != nil {
		return 0, err
	}
	if err := a.read(ctx); err != nil || (len(a.fresh) == 0 && a.placed) {
		return 0, err
	}
	if err := a.readRest(ctx); err != nil {
		return 0, err
	}
	err = s.db.Write(ctx, func(tx db.Tx) error {
		n, err = a.write(ctx, tx)
		return err
	})
	return n, err
}

type adoption struct {
	s          *Service
	campaignID int64
	now        time.Time

	fresh  []campaign.Indicator
	known  []Indicator // that are tracked already
	placed bool

	campaign campaign.View
	units    []campaign.UnitRow
	leads    map[int64][]campaign.UnitAt // by task
}

func (a *adoption) read(ctx context.Context) error {
	asked, err := a.s.campaigns.Indicators(ctx, a.campaignID)
	if err != nil {
		return err
	}
	if a.known, err = indicatorsOf.All(ctx, a.s.db.Reader(), a.campaignID); err != nil {
		return fmt.Errorf("indicators of campaign %d: %w", a.campaignID, err)
	}
	taken := map[int64]bool{}
	for _, i := range a.known {
		taken[i.PlanID] = true
	}
	a.fresh = slices.DeleteFunc(asked, func(i campaign.Indicator) bool { return taken[i.ID] || i.Name == "" })
	places, err := placesOf.All(ctx, a.s.db.Reader(), a.campaignID)
	a.placed = len(places) > 0
	return err
}

func (a *adoption) readRest(ctx context.Context) (err error) {
	if a.campaign, err = a.s.campaigns.See(ctx, a.campaignID); err != nil {
		return err
	}
	if a.units, err = a.s.campaigns.Units(ctx, a.campaignID); err != nil {
		return err
	}
	a.leads, err = a.s.campaigns.UnitsAtTasks(ctx, a.campaignID)
	return err
}

func (a *adoption) write(ctx context.Context, tx db.Tx) (n int, err error) {
	whole, err := a.places(ctx, tx)
	if err != nil || whole == 0 {
		return 0, err
	}
	b := book{indicators: slices.Clone(a.known)}
	for _, asked := range a.fresh {
		took, err := a.take(ctx, tx, asked, whole, &b)
		if err != nil {
			return 0, fmt.Errorf("indicator %s: %w", asked.Name, err)
		}
		if took {
			n++
		}
	}
	return n, nil
}

// places names the city and its districts once; later ones are the office's. It returns the city, 0 where another
// instance is at it.
func (a *adoption) places(ctx context.Context, tx db.Tx) (int64, error) {
	have, err := placesOf.All(ctx, tx, a.campaignID)
	if err != nil {
		return 0, err
	}
	if n := slices.IndexFunc(have, func(p Place) bool { return p.Whole }); n >= 0 {
		return have[n].ID, nil
	}
	list := append([]Place{{Whole: true, Name: wholeName}}, districtsOf(a.units, a.campaign.Place)...)
	names := make([]string, 0, len(list))
	for n := range list {
		list[n].CampaignID, list[n].Position = a.campaignID, n
		if err := db.InsertOr(ctx, tx, &list[n], "ON CONFLICT DO NOTHING"); err != nil || list[n].ID == 0 {
			return 0, err
		}
		names = append(names, list[n].Name)
	}
	return list[0].ID, ledger.Append(ctx, tx, ledger.Event{CampaignID: a.campaignID, At: a.now, Actor: kernel.TheSystem, SubjectKind: PlaceKind, SubjectID: list[0].ID, Verb: "adopted",
		Data: map[string]any{"names": strings.Join(names, "、")}})
}

func (a *adoption) take(ctx context.Context, tx db.Tx, asked campaign.Indicator, whole int64, b *book) (bool, error) {
	i, target, has := fromPlan(asked)
	i.CampaignID, i.PlanID, i.Code = a.campaignID, asked.ID, b.nextCode()
	i.FirstPeriod, i.AddedAt, i.AddedName = report.PeriodOf(i.Cadence, kernel.DateOf(a.now).Month()), a.now, kernel.TheSystem.Name
	if lead := a.lead(asked); lead != nil {
		i.UnitID, i.UnitName = lead.UnitID, lead.UnitName
	}
	if err := db.InsertOr(ctx, tx, &i, "ON CONFLICT DO NOTHING"); err != nil || i.ID == 0 {
		return false, err // another instance was quicker
	}
	b.indicators = append(b.indicators, i)
	if has {
		t := Target{CampaignID: a.campaignID, IndicatorID: i.ID, PlaceID: whole, Value: target, SetAt: a.now, SetName: kernel.TheSystem.Name}
		if err := db.Insert(ctx, tx, &t); err != nil {
			return false, err
		}
	}
	return true, ledger.Append(ctx, tx, ledger.Event{CampaignID: a.campaignID, At: a.now, Actor: kernel.TheSystem, SubjectKind: Kind, SubjectID: i.ID, Verb: "adopted",
		Data: map[string]any{"name": i.Name, "target": asked.Target(), "lines": asked.Lines(), "unit": i.UnitName}})
}

// lead is who answers for an indicator: the first that leads its task.
func (a *adoption) lead(asked campaign.Indicator) *campaign.UnitAt {
	for _, u := range a.leads[asked.TaskID] {
		if u.Role == campaign.Lead && asked.TaskID != 0 {
			return &u
		}
	}
	return nil
}

// usualCadence is how often a figure is asked for unless the office says otherwise: a plan names targets, seldom how often
// they are looked at, and every figure asked for is somebody's work. The first period is the one that runs.
const usualCadence = report.Quarterly

// usualJump is how many percent a figure may change from period to period without being asked about.
const usualJump = 50

// fromPlan turns what the plan says into an indicator that is tracked: direction, rules, and the target if it is a
// number or a class.
func fromPlan(p campaign.Indicator) (i Indicator, target float64, has bool) {
	i = Indicator{Name: nameIn(p.Name), Unit: strings.ReplaceAll(p.Unit, "％", "%"), Cadence: usualCadence, Jump: usualJump, Lowest: new(float64)}
	switch p.Comparator {
	case "rising":
		i.Direction = Up
	case "falling":
		i.Direction = Down
	case "<=", "<":
		i.Direction = AtMost
	default:
		i.Direction = AtLeast
	}
	v, err := strconv.ParseFloat(p.Value, 64)
	switch {
	case p.Comparator == "none", err == nil && v == 0 && p.Comparator == "=":
		i.Direction, i.Jump = Zero, 0
		return i, 0, false
	case err == nil:
		target, has = v, true
	case p.Value != "":
		target, has = classed(&i, p.Value)
	}
	if strings.HasPrefix(i.Unit, "%") && i.Direction != Class && target <= 100 {
		hundred := 100.0
		i.Highest = &hundred
	}
	return i, target, has
}

// nameIn is a measure's name without its number in a list, and without the end of a bracket that began before it:
// ③绿化面积, 市水利局）地表水达标率.
func nameIn(name string) string {
	if bare := strings.TrimLeft(name, "①②③④⑤⑥⑦⑧⑨⑩"); bare != "" {
		name = bare
	}
	at := strings.LastIndex(name, "）")
	if rest := strings.TrimSpace(name[max(0, at):]); at >= 0 && !strings.Contains(name[:at], "（") && len(rest) > len("）") {
		return strings.TrimPrefix(rest, "）")
	}
	return name
}

// classed makes the indicator one of classes, of which the plan names one: 二类标准, 国家标准C级.
func classed(i *Indicator, value string) (target float64, has bool) {
	for _, scale := range []string{"A级 B级 C级 D级", "Ⅰ类 Ⅱ类 Ⅲ类 Ⅳ类 Ⅴ类", "一类 二类 三类 四类", "一级 二级 三级 四级", "Ⅰ级 Ⅱ级 Ⅲ级 Ⅳ级"} {
		names := strings.Fields(scale)
		for n, name := range names {
			if strings.Contains(value, name) {
				i.Direction, i.Classes, i.Jump, i.Lowest = Class, strings.Join(names, "\n"), 0, nil
				return float64(n + 1), true
			}
		}
	}
	i.Definition = "方案要求：" + value
	return 0, false
}

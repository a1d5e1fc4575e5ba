package indicator

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
)

// TargetInput is a target as typed; Value "" takes it away.
type TargetInput struct {
	PlaceID int64
	Year    int // 0 for the acceptance
	Value   string
}

// SetTargets sets targets of an indicator. Those that are not named stay. It fails with forbidden for all but the
// office, invalid on the field "target".
func (s *Service) SetTargets(ctx context.Context, campaignID, id int64, list []TargetInput) error {
	return s.db.Write(ctx, func(tx db.Tx) error {
		b, err := s.open(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		i, ok := b.indicator(id)
		if !ok {
			return errNoIndicator
		}
		if !MayKeep(b.view) {
			return errKeep
		}
		for _, in := range list {
			if err := s.setTarget(ctx, tx, &b, i, in); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) setTarget(ctx context.Context, tx db.Tx, b *book, i Indicator, in TargetInput) error {
	place, ok := b.place(in.PlaceID)
	if !ok {
		return kernel.E(kernel.Invalid, "请选地区").On("place")
	}
	if in.Year != 0 && (in.Year < 1990 || in.Year > 2100) {
		return kernel.E(kernel.Invalid, "年份要像 2024，验收目标选“验收”").On("year")
	}
	if i.Direction == Zero {
		return kernel.E(kernel.Invalid, "零发生的指标，目标就是零，不用设").On("target")
	}
	have := b.targets[i.ID]
	n := slices.IndexFunc(have, func(t Target) bool { return t.PlaceID == place.ID && t.Year == in.Year })
	before := ""
	if n >= 0 {
		before = i.TargetText(have[n].Value)
	}
	data := map[string]any{"name": i.Name, "place": place.Name, "year": yearName(in.Year), "was": before}
	if strings.TrimSpace(in.Value) == "" {
		if n < 0 {
			return nil
		}
		if err := dropTarget.Exec(ctx, tx, i.CampaignID, i.ID, place.ID, in.Year); err != nil {
			return err
		}
		return s.tellTarget(ctx, tx, i, "target_dropped", data)
	}
	v, err := i.target(in.Value)
	if err != nil {
		return kernel.E(kernel.Invalid, "%s%s的目标：%s", place.Name, yearName(in.Year), kernel.MessageOf(err)).On("target")
	}
	if n >= 0 && have[n].Value == v {
		return nil
	}
	t := Target{CampaignID: i.CampaignID, IndicatorID: i.ID, PlaceID: place.ID, Year: in.Year, Value: v, SetAt: s.clock.Now(), SetName: b.view.Actor.Name}
	if err := db.InsertOr(ctx, tx, &t, "ON CONFLICT (campaign_id, indicator_id, place_id, year) DO UPDATE SET value = excluded.value, set_at = excluded.set_at, set_name = excluded.set_name"); err != nil {
		return fmt.Errorf("target of indicator %d: %w", i.ID, err)
	}
	data["after"] = i.TargetText(v)
	return s.tellTarget(ctx, tx, i, "target_set", data)
}

func (s *Service) tellTarget(ctx context.Context, tx db.Tx, i Indicator, verb string, data map[string]any) error {
	return ledger.Append(ctx, tx, ledger.Event{CampaignID: i.CampaignID, At: s.clock.Now(), SubjectKind: Kind, SubjectID: i.ID, Verb: verb, Data: data})
}

var dropTarget = db.Prepare("DELETE FROM indicator_targets WHERE campaign_id = ? AND indicator_id = ? AND place_id = ? AND year = ?")

// target reads a target as typed: a class by its name, else a number within what is possible.
func (i Indicator) target(text string) (float64, error) {
	if i.Direction == Class {
		return i.parseClass(text)
	}
	v, err := number(strings.TrimLeft(strings.TrimSpace(text), "≥≤><=＞＜ "))
	if err != nil {
		return 0, err
	}
	if (i.Lowest != nil && v < *i.Lowest) || (i.Highest != nil && v > *i.Highest) || math.IsNaN(v) {
		return 0, kernel.E(kernel.Invalid, "%s 不在可能的范围里", i.Shown(v))
	}
	return v, nil
}

// yearName is the year of a target as people say it.
func yearName(year int) string {
	if year == 0 {
		return "验收"
	}
	return strconv.Itoa(year) + "年"
}

package cases

import (
	"context"
	"fmt"

	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
)

// What is owed at a case: the steps of its dues.
const (
	OweIntake      = "intake"      // the office: accept or not
	OweDispatch    = "dispatch"    // the office: hand it out
	OweAcknowledge = "acknowledge" // the unit: sign for it
	OweRectify     = "rectify"     // the unit: put it right and say so
	OweRework      = "rework"      // the unit: again; a limit only, its due is a rectify
	OweDecide      = "decide"      // the office: what becomes of a returned case
	OweCoordinate  = "coordinate"  // the coordinator: of one returned twice
	OweApprove     = "approve"     // the leader: a deferral
	OweReview      = "review"      // the unit: say where a deferred case stands
	OweVerify      = "verify"      // the verifier
)

// Owed lists what has a limit by rule, in the order of the settings.
var Owed = []string{OweIntake, OweDispatch, OweAcknowledge, OweRectify, OweRework, OweDecide, OweCoordinate, OweApprove, OweVerify}

// OweName is what is owed, in Chinese.
func OweName(step string) string {
	return map[string]string{OweIntake: "受理", OweDispatch: "派遣", OweAcknowledge: "签收", OweRectify: "整改反馈", OweRework: "退回整改，再给", OweDecide: "研究退单",
		OweCoordinate: "协调", OweApprove: "审批挂账", OweReview: "挂账复核", OweVerify: "核查"}[step]
}

func workdays(n int) calendar.Limit { return calendar.Limit{N: n, Measure: calendar.Workdays} }
func hours(n int) calendar.Limit    { return calendar.Limit{N: n, Measure: calendar.Hours} }

// usualLimits are the limits of a campaign that has set none and whose plan gives none: the usual ones of digital city
// management, a day to hand on, a week to put right what is ordinary.
var usualLimits = map[Severity]map[string]calendar.Limit{
	Ordinary: {OweIntake: workdays(1), OweDispatch: workdays(1), OweAcknowledge: workdays(1), OweRectify: workdays(7), OweRework: workdays(3),
		OweDecide: workdays(1), OweCoordinate: workdays(3), OweApprove: workdays(3), OweVerify: workdays(3)},
	Serious: {OweIntake: hours(4), OweDispatch: hours(4), OweAcknowledge: hours(8), OweRectify: workdays(3), OweRework: workdays(1),
		OweDecide: hours(8), OweCoordinate: workdays(1), OweApprove: workdays(1), OweVerify: workdays(1)},
	Urgent: {OweIntake: hours(1), OweDispatch: hours(1), OweAcknowledge: hours(2), OweRectify: hours(24), OweRework: hours(12),
		OweDecide: hours(2), OweCoordinate: hours(8), OweApprove: hours(24), OweVerify: hours(24)},
}

// Limit is one limit that a campaign set for itself; Category "" is any.
type Limit struct {
	Category string
	Severity Severity
	Step     string
	N        int
	Measure  calendar.Measure
}

// Rule is what a campaign demands of a category. Pattern stands at category "": how orders are numbered.
type Rule struct {
	Category string
	Photos   bool
	Pattern  string
}

// Rules is what a campaign set for itself, and what its plan says.
type Rules struct {
	Limits []Limit
	Rules  []Rule
	Plan   []plan.Limit // for putting right; the first is the rule
}

// rulesOf reads what holds in a campaign, within a transaction.
func (s *Service) rulesOf(ctx context.Context, tx db.Tx, campaignID int64) (Rules, error) {
	stamp, err := campaign.StampOf(ctx, tx, campaignID)
	if err != nil {
		return Rules{}, err
	}
	return s.rulesUnder(ctx, tx, campaignID, stamp)
}

// rulesUnder is rulesOf where the campaign's stamp was just read.
func (s *Service) rulesUnder(ctx context.Context, tx db.Tx, campaignID, stamp int64) (Rules, error) {
	return s.rules.Get(stamp, func() (r Rules, err error) {
		if r, err = settingsOf(ctx, tx, campaignID); err != nil {
			return r, err
		}
		r.Plan, err = s.campaigns.Limits(ctx, tx, campaignID)
		return r, err
	})
}

var (
	limitsSet = db.Prepare("SELECT category, severity, step, n, measure FROM case_limits WHERE campaign_id = ?")
	rulesSet  = db.Prepare("SELECT category, photos, pattern FROM case_rules WHERE campaign_id = ?")
)

func settingsOf(ctx context.Context, tx db.Tx, campaignID int64) (r Rules, err error) {
	if err = limitsSet.Scan(ctx, tx, &r.Limits, campaignID); err != nil {
		return r, fmt.Errorf("limits of campaign %d: %w", campaignID, err)
	}
	if err = rulesSet.Scan(ctx, tx, &r.Rules, campaignID); err != nil {
		return r, fmt.Errorf("rules of campaign %d: %w", campaignID, err)
	}
	return r, nil
}

// LimitFor is how long a step may take: the category's own rule, else the campaign's, else the plan's, else the usual.
func (r Rules) LimitFor(category string, severity Severity, step string) calendar.Limit {
	if l, ok := r.set(category, severity, step); ok {
		return l
	}
	if l, ok := r.planned(severity, step); ok {
		return l
	}
	return usualLimits[severity][step]
}

// FromPlan returns the passage of the plan from which a limit comes, where it does.
func (r Rules) FromPlan(category string, severity Severity, step string) (plan.Limit, bool) {
	if _, ok := r.set(category, severity, step); ok {
		return plan.Limit{}, false
	}
	if _, ok := r.planned(severity, step); ok {
		return r.Plan[0], true
	}
	return plan.Limit{}, false
}

// Set reports whether the office set a limit of its own, for every category.
func (r Rules) Set(severity Severity, step string) bool {
	_, ok := r.set("", severity, step)
	return ok
}

// set is what the office set, for the category if it did.
func (r Rules) set(category string, severity Severity, step string) (found calendar.Limit, ok bool) {
	own := false
	for _, l := range r.Limits {
		if l.Severity != severity || l.Step != step || (l.Category != "" && l.Category != category) || (own && l.Category == "") {
			continue
		}
		found, own, ok = calendar.Limit{N: l.N, Measure: l.Measure}, l.Category != "", true
	}
	return found, ok
}

// planned is what the plan gives for putting right. It speaks of problems as they come; a grave one that has less by
// the usual limits is not given more.
func (r Rules) planned(severity Severity, step string) (calendar.Limit, bool) {
	if step != OweRectify || len(r.Plan) == 0 {
		return calendar.Limit{}, false
	}
	l := calendar.Limit{N: r.Plan[0].N, Measure: calendar.Measure(r.Plan[0].Measure)}
	if severity != Ordinary && roughly(usualLimits[severity][step]) <= roughly(l) {
		return calendar.Limit{}, false
	}
	return l, true
}

// roughly is a limit in hours, to tell the longer of two.
func roughly(l calendar.Limit) int {
	if l.Measure == calendar.Hours {
		return l.N
	}
	return 24 * l.N
}

// AsksPhotos reports whether the campaign asks for photographs in a category.
func (r Rules) AsksPhotos(category string) bool {
	for _, x := range r.Rules {
		if x.Category == category {
			return x.Photos
		}
	}
	return false
}

// Pattern is how orders are numbered: {place} is the city's first character, {year} and {n} its numbers.
func (r Rules) Pattern() string {
	for _, x := range r.Rules {
		if x.Category == "" && x.Pattern != "" {
			return x.Pattern
		}
	}
	return usualPattern
}

const usualPattern = "{place}城品督〔{year}〕{n}号"

// Rules returns what the campaign set for itself and what its plan says; the usual holds for the rest.
func (s *Service) Rules(ctx context.Context, campaignID int64) (Rules, error) {
	return s.rulesOf(ctx, s.db.Reader(), campaignID)
}

// SetLimit sets how long a step may take in this campaign. It holds for cases that come to the step from now on.
func (s *Service) SetLimit(ctx context.Context, campaignID int64, l Limit) error {
	if _, err := calendar.ParseLimit(l.N, string(l.Measure)); err != nil {
		return err
	}
	if !known(Severities, l.Severity) || !known(Owed, l.Step) {
		return kernel.E(kernel.Invalid, "没有这样的严重程度或环节").On("step")
	}
	return s.settle(ctx, campaignID, "limit_set", map[string]any{"category": l.Category, "severity": l.Severity.Name(), "step": OweName(l.Step),
		"limit": calendar.Limit{N: l.N, Measure: l.Measure}.String()}, func(tx db.Tx) error {
		_, err := tx.NewRaw(`INSERT INTO case_limits (campaign_id, category, severity, step, n, measure) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (campaign_id, category, severity, step) DO UPDATE SET n = excluded.n, measure = excluded.measure`,
			campaignID, l.Category, l.Severity, l.Step, l.N, l.Measure).Exec(ctx)
		return err
	})
}

// SetRule sets what the campaign demands of a category, or with category "" how its orders are numbered.
func (s *Service) SetRule(ctx context.Context, campaignID int64, r Rule) error {
	if r.Category == "" {
		if err := checkPattern(r.Pattern); err != nil {
			return err
		}
	}
	return s.settle(ctx, campaignID, "rule_set", map[string]any{"category": r.Category, "photos": r.Photos, "pattern": r.Pattern}, func(tx db.Tx) error {
		_, err := tx.NewRaw(`INSERT INTO case_rules (campaign_id, category, photos, pattern) VALUES (?, ?, ?, ?)
			ON CONFLICT (campaign_id, category) DO UPDATE SET photos = excluded.photos, pattern = excluded.pattern`,
			campaignID, r.Category, r.Photos, r.Pattern).Exec(ctx)
		return err
	})
}

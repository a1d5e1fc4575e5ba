package indicator

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"pinzhi/internal/db"
	"pinzhi/internal/report"

	"github.com/uptrace/bun"
)

// An outline is what the list shows of an indicator, kept in the transaction that moves its figures: the list would
// else read every figure of the campaign. Examine counts it anew.

// keptPeriods is how many periods an outline keeps, the latest.
const keptPeriods = 24

// Mean is what an outline keeps of a period.
type Mean struct {
	Period report.Period `json:"p"`
	Value  *float64      `json:"v,omitempty"` // of the city, of approved figures alone; nil where they are not all there
	Given  int           `json:"g"`           // figures handed in
	Counts int           `json:"c"`           // figures approved
}

type outline struct {
	bun.BaseModel `bun:"table:indicator_outlines,alias:io"`

	CampaignID  int64 `bun:",pk"`
	IndicatorID int64 `bun:",pk"`
	Waiting     int
	Returned    int
	Points      string
}

// outlineOf makes an indicator's outline from all its figures.
func outlineOf(i Indicator, places []Place, list []Reading) (o outline, err error) {
	o = outline{CampaignID: i.CampaignID, IndicatorID: i.ID}
	for _, r := range list {
		switch r.Step {
		case Submitted:
			o.Waiting++
		case Returned:
			o.Returned++
		case Draft, Approved:
		}
	}
	means := i.city(places, list)
	text, err := json.Marshal(means[max(0, len(means)-keptPeriods):])
	o.Points = string(text)
	return o, err
}

// city is the city's series with how many figures there are, in order of time.
func (i Indicator) city(places []Place, list []Reading) (means []Mean) {
	slots := i.slots(places)
	at := map[report.Period]int{}
	sums := map[report.Period]*sum{}
	for k := range list {
		r := &list[k]
		if !slices.ContainsFunc(slots, func(p Place) bool { return p.ID == r.PlaceID }) {
			continue
		}
		n, ok := at[r.Period]
		if !ok {
			n = len(means)
			at[r.Period], sums[r.Period] = n, &sum{}
			means = append(means, Mean{Period: r.Period})
		}
		if r.Step != Draft {
			means[n].Given++
		}
		if r.Counts == nil {
			continue
		}
		means[n].Counts++
		if whole := slots[0].Whole && slots[0].ID == r.PlaceID; whole {
			means[n].Value = r.Counts
		} else if i.Summed && i.ByPlace {
			sums[r.Period].add(r)
		}
	}
	if i.Summed && i.ByPlace {
		for n := range means {
			if means[n].Counts == len(slots) {
				means[n].Value = sums[means[n].Period].of(i)
			}
		}
	}
	slices.SortFunc(means, func(a, b Mean) int { return ordinal(a.Period) - ordinal(b.Period) })
	return means
}

// sum adds up districts: of a ratio what stands above the line and below it.
type sum struct{ value, numerator, denominator float64 }

func (s *sum) add(r *Reading) {
	s.value += *r.Counts
	if r.CountsAbove != nil && r.CountsBelow != nil {
		s.numerator += *r.CountsAbove
		s.denominator += *r.CountsBelow
	}
}

func (s *sum) of(i Indicator) *float64 {
	v := round(s.value)
	if i.Ratio() {
		if s.denominator == 0 {
			return nil
		}
		v = i.Share(s.numerator, s.denominator)
	}
	return &v
}

// figuresOf reads of an indicator's figures what they say, without who said it.
var figuresOf = db.Prepare(`SELECT id, campaign_id, indicator_id, place_id, period, step, numerator, denominator, value, counts, counts_above, counts_below, version
	FROM readings WHERE campaign_id = ? AND indicator_id = ? ORDER BY place_id, period`)

func figures(ctx context.Context, tx db.Tx, campaignID, indicatorID int64) (list []Reading, err error) {
	if err := figuresOf.Scan(ctx, tx, &list, campaignID, indicatorID); err != nil {
		return nil, fmt.Errorf("figures of indicator %d: %w", indicatorID, err)
	}
	return list, nil
}

// redraw makes the outlines of indicators anew from what is written.
func (b *book) redraw(ctx context.Context, tx db.Tx, indicators []int64) error {
	slices.Sort(indicators)
	for _, id := range slices.Compact(indicators) {
		i, ok := b.indicator(id)
		if !ok {
			continue
		}
		list, err := figures(ctx, tx, i.CampaignID, id)
		if err != nil {
			return err
		}
		if err := b.keepOutline(ctx, tx, i, list); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) keepOutline(ctx context.Context, tx db.Tx, i Indicator, list []Reading) error {
	o, err := outlineOf(i, b.places, list)
	if err != nil {
		return err
	}
	return db.InsertOr(ctx, tx, &o, "ON CONFLICT (campaign_id, indicator_id) DO UPDATE SET waiting = excluded.waiting, returned = excluded.returned, points = excluded.points")
}

func (o outline) means() (list []Mean, err error) {
	if o.Points == "" {
		return nil, nil
	}
	err = json.Unmarshal([]byte(o.Points), &list)
	return list, err
}

// Wrong is something that is kept and stands otherwise than counted.
type Wrong struct {
	CampaignID int64
	Text       string
}

// Examine counts the outlines of all campaigns anew and tells which stand otherwise; it mends nothing.
func Examine(ctx context.Context, tx db.Tx) (wrong []Wrong, err error) {
	var ids []int64
	if err := tx.NewRaw("SELECT DISTINCT campaign_id FROM tracked_indicators ORDER BY campaign_id").Scan(ctx, &ids); err != nil {
		return nil, fmt.Errorf("campaigns that measure: %w", err)
	}
	for _, id := range ids {
		some, err := examine(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		wrong = append(wrong, some...)
	}
	return wrong, nil
}

func examine(ctx context.Context, tx db.Tx, campaignID int64) (wrong []Wrong, err error) {
	var b book
	if err := b.read(ctx, tx, campaignID); err != nil {
		return nil, err
	}
	kept, err := outlinesOf.All(ctx, tx, campaignID)
	if err != nil {
		return nil, fmt.Errorf("outlines: %w", err)
	}
	for _, i := range b.indicators {
		list, err := figures(ctx, tx, campaignID, i.ID)
		if err != nil {
			return nil, err
		}
		want, err := outlineOf(i, b.places, list)
		if err != nil {
			return nil, err
		}
		n := slices.IndexFunc(kept, func(o outline) bool { return o.IndicatorID == i.ID })
		if (n < 0 && len(list) > 0) || (n >= 0 && kept[n] != want) {
			wrong = append(wrong, Wrong{campaignID, fmt.Sprintf("指标 %s 的列表与它的数对不上", i.Code)})
		}
	}
	return wrong, nil
}

var outlinesOf = db.Select[outline]("WHERE io.campaign_id = ? ORDER BY io.indicator_id")

package cases

import (
	"context"
	"fmt"
	"slices"

	"pinzhi/internal/calendar"
	"pinzhi/internal/db"

	"github.com/uptrace/bun"
)

// Ailment is something that does not agree with what it is counted or copied from, and where.
type Ailment struct {
	CampaignID int64
	Text       string
}

// examinations recount slowly what is kept as it happens. Each finds campaign, place, kept and counted.
var examinations = []struct{ what, query string }{
	{"环节“%s”的件数", `SELECT campaign_id, step, sum(kept), sum(counted) FROM (
		SELECT campaign_id, step, n AS kept, 0 AS counted FROM case_counts WHERE unit_id = 0
		UNION ALL SELECT campaign_id, step, 0, 1 FROM cases) AS r GROUP BY campaign_id, step HAVING sum(kept) <> sum(counted)`},
	{"单位和环节“%s”的件数", `SELECT campaign_id, place, sum(kept), sum(counted) FROM (
		SELECT campaign_id, CAST(unit_id AS text) || ' ' || step AS place, n AS kept, 0 AS counted FROM case_counts WHERE unit_id <> 0
		UNION ALL SELECT campaign_id, CAST(lead_unit_id AS text) || ' ' || step, 0, 1 FROM cases WHERE lead_unit_id <> 0) AS r
		GROUP BY campaign_id, place HAVING sum(kept) <> sum(counted)`},
	{"督办单 %s 没办结的件数", `SELECT o.campaign_id, o.number, o.open_cases, count(c.id) FROM orders AS o
		LEFT JOIN order_cases AS oc ON oc.campaign_id = o.campaign_id AND oc.order_id = o.id
		LEFT JOIN cases AS c ON c.campaign_id = oc.campaign_id AND c.id = oc.case_id AND c.step NOT IN ('closed', 'declined', 'merged')
		GROUP BY o.campaign_id, o.number, o.open_cases HAVING o.open_cases <> count(c.id)`},
	{"案件 %s 没有了结的停留", `SELECT c.campaign_id, CAST(c.id AS text), CASE WHEN c.hand = '' THEN 0 ELSE 1 END, count(s.id) FROM cases AS c
		LEFT JOIN case_spans AS s ON s.campaign_id = c.campaign_id AND s.case_id = c.id AND s.to_at IS NULL
		GROUP BY c.campaign_id, c.id, c.hand HAVING CASE WHEN c.hand = '' THEN 0 ELSE 1 END <> count(s.id)`},
}

// Examine recounts what is kept about cases. It reads everything, so it takes its time; it changes nothing.
func Examine(ctx context.Context, tx db.Tx) (list []Ailment, err error) {
	for _, e := range examinations {
		found, err := examine(ctx, tx, e.what, e.query)
		if err != nil {
			return nil, fmt.Errorf("examine cases: %w", err)
		}
		list = append(list, found...)
	}
	owed, err := owedAfterTheEnd(ctx, tx)
	return append(list, owed...), err
}

// owedAfterTheEnd finds cases in nobody's hand whose clocks still run.
func owedAfterTheEnd(ctx context.Context, tx db.Tx) (list []Ailment, err error) {
	owed, err := calendar.OwedBy(ctx, tx, Kind)
	if err != nil {
		return nil, err
	}
	for part := range slices.Chunk(owed, followPiece) {
		ids := make([]int64, len(part))
		for i, o := range part {
			ids[i] = o.SubjectID
		}
		var ended []Case
		err := tx.NewSelect().Model(&ended).Column("campaign_id", "id").Where("id IN (?)", bun.List(ids)).Where("hand = ''").Scan(ctx)
		if err != nil {
			return nil, fmt.Errorf("examine cases: %w", err)
		}
		for _, c := range ended {
			list = append(list, Ailment{c.CampaignID, fmt.Sprintf("案件 %d 了结后仍有时限在计", c.ID)})
		}
	}
	return list, nil
}

func examine(ctx context.Context, tx db.Tx, what, query string) (list []Ailment, err error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var a Ailment
		var place string
		var kept, counted int64
		if err := rows.Scan(&a.CampaignID, &place, &kept, &counted); err != nil {
			return nil, err
		}
		a.Text = fmt.Sprintf(what+"：记着 %d，数出来 %d", place, kept, counted)
		list = append(list, a)
	}
	return list, rows.Err()
}

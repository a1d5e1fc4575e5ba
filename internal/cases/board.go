package cases

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
)

// boardMost is how many cases a column of the board shows.
const boardMost = 20

// Column is a column of the board: the cases that stand at its steps, what is due first at the top.
type Column struct {
	Steps []Step
	N     int
	Late  int
	Rows  []Row
}

// boardSteps are the board's columns along the line; the last has what stepped aside from it.
var boardSteps = [][]Step{{Registered}, {Accepted}, {Dispatched}, {Rectifying}, {Responded}, {Returning, Coordinating, Deferring, Deferred}}

// onBoard is a case that the board shows, with how many stand at its step.
type onBoard struct {
	ID   int64
	Step Step
	N    int
	Late int
}

// Board lists what the viewer may see of the open cases, by step.
func (s *Service) Board(ctx context.Context, v Viewer) ([]Column, error) {
	read := s.boardOfSome
	if v.SeesAll() {
		read = s.boardOfAll
	}
	first, err := read(ctx, v)
	if err != nil {
		return nil, fmt.Errorf("board: %w", err)
	}
	ids, counts := []int64{0}, map[Step]onBoard{}
	for _, f := range first {
		ids, counts[f.Step] = append(ids, f.ID), f
	}
	var rows []Row
	err = s.db.Reader().NewSelect().Model(&rows).Column(rowColumns...).Where("ca.campaign_id = ?", v.CampaignID).Where("ca.id IN (?)", bun.List(ids)).
		Order("ca.due_at", "ca.id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("board: %w", err)
	}
	return columnsOf(rows, counts), s.name(ctx, rows)
}

func columnsOf(rows []Row, counts map[Step]onBoard) []Column {
	columns := make([]Column, len(boardSteps))
	for i, steps := range boardSteps {
		c := &columns[i]
		c.Steps = steps
		for _, step := range steps {
			c.N, c.Late = c.N+counts[step].N, c.Late+counts[step].Late
		}
		for _, r := range rows {
			if slices.Contains(steps, r.Step) && len(c.Rows) < boardMost {
				c.Rows = append(c.Rows, r)
			}
		}
	}
	return columns
}

// boardOfSome is for who sees a part of the cases, and so has few: they are numbered and counted in one go.
func (s *Service) boardOfSome(ctx context.Context, v Viewer) (list []onBoard, err error) {
	numbered := s.seen(v).Where("ca.hand <> ''").Column("ca.id", "ca.step").
		ColumnExpr("row_number() OVER (PARTITION BY ca.step ORDER BY ca.due_at, ca.id) AS place").ColumnExpr("count(*) OVER (PARTITION BY ca.step) AS n").
		ColumnExpr("sum(CASE WHEN ca.due_at <= ? THEN 1 ELSE 0 END) OVER (PARTITION BY ca.step) AS late", s.clock.Now())
	err = s.db.Reader().NewSelect().TableExpr("(?) AS b", numbered).Column("b.id", "b.step", "b.n", "b.late").Where("b.place <= ?", boardMost).Scan(ctx, &list)
	return list, err
}

// boardOfAll reads the first of every step in one query, each part of which goes along the index and stops; how many
// there are stands in the summary rows.
func (s *Service) boardOfAll(ctx context.Context, v Viewer) (list []onBoard, err error) {
	var all *bun.SelectQuery
	for _, step := range slices.Concat(boardSteps...) {
		first := s.db.Reader().NewSelect().TableExpr("cases AS ca").Column("ca.id", "ca.step").Where("ca.campaign_id = ?", v.CampaignID).Where("ca.step = ?", step).
			Order("ca.due_at", "ca.id").Limit(boardMost)
		part := s.db.Reader().NewSelect().TableExpr("(?) AS b", first).Column("b.id", "b.step")
		if all == nil {
			all = part
		} else {
			all = all.UnionAll(part)
		}
	}
	if err := all.Scan(ctx, &list); err != nil {
		return nil, err
	}
	var late []onBoard
	err = s.db.Reader().NewSelect().TableExpr("cases AS ca").Where("ca.campaign_id = ?", v.CampaignID).Where("ca.hand <> ''").
		Where("ca.due_at <= ?", s.clock.Now()).Column("ca.step").ColumnExpr("count(*) AS late").GroupExpr("ca.step").Scan(ctx, &late)
	if err != nil {
		return nil, err
	}
	counts, err := s.CountByStep(ctx, v.CampaignID, 0)
	for i := range list {
		list[i].N = counts[list[i].Step]
		for _, l := range late {
			if l.Step == list[i].Step {
				list[i].Late = l.Late
			}
		}
	}
	return list, err
}

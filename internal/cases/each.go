package cases

import (
	"context"
	"fmt"
	"math"
	"strings"

	"pinzhi/internal/db"
)

const eachPiece = 1000

// Each hands out every case that List would list, the newest first, in pieces: never all are in memory, and no read
// stays open while a piece is dealt with. A case that is registered meanwhile is not among them. It stops where do fails.
func (s *Service) Each(ctx context.Context, v Viewer, f Filter, do func([]Row) error) error {
	for before := int64(math.MaxInt64); before > 0; {
		rows, next, err := s.piece(ctx, v, f, before)
		if err != nil {
			return fmt.Errorf("each case: %w", err)
		}
		if err := s.name(ctx, rows); err != nil {
			return err
		}
		if len(rows) > 0 {
			if err := do(rows); err != nil {
				return err
			}
		}
		before = next
	}
	return nil
}

// piece is the next cases below a number, and the number to go on from, 0 at the end.
func (s *Service) piece(ctx context.Context, v Viewer, f Filter, before int64) (rows []Row, next int64, err error) {
	q := s.narrowed(v, f, &rows)
	if strings.TrimSpace(f.Text) == "" {
		if err = s.within(v, q).Where("ca.id < ?", before).Order("ca.id DESC").Limit(eachPiece).Scan(ctx); err == nil && len(rows) == eachPiece {
			next = rows[eachPiece-1].ID
		}
		return rows, next, err
	}
	ids, err := db.CaseText.Page(ctx, s.db.Reader(), v.CampaignID, f.Text, before, eachPiece)
	if err != nil || len(ids) == 0 {
		return nil, 0, err
	}
	if len(ids) == eachPiece {
		next = ids[eachPiece-1]
	}
	err = among(v, q, ids).Order("ca.id DESC").Scan(ctx)
	return rows, next, err
}

package cases

import (
	"context"
	"fmt"
	"math"
	"strings"
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
	var ids []int64
	if strings.TrimSpace(f.Text) == "" {
		ids, err = s.newest(ctx, v, f, before, eachPiece)
	} else {
		ids, err = s.db.CasesWith(ctx, v.CampaignID, f.Text, before, eachPiece)
	}
	if err != nil || len(ids) == 0 {
		return nil, 0, err
	}
	if len(ids) == eachPiece {
		next = ids[eachPiece-1]
	}
	if strings.TrimSpace(f.Text) != "" {
		if ids, err = s.among(ctx, v, f, ids, eachPiece); err != nil {
			return nil, 0, err
		}
	}
	rows, err = s.rows(ctx, v.CampaignID, ids)
	return rows, next, err
}

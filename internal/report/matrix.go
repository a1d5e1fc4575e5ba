package report

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"pinzhi/internal/db"
)

// Matrix is an obligation with every reporter's filing of every period.
type Matrix struct {
	Obligation Obligation
	Terms      []Term
	Periods    []Period
	Rows       []MatrixRow
	Now        time.Time
}

// MatrixRow is a reporter with his filings, one for each of the matrix's periods; nil where nothing is asked of him.
type MatrixRow struct {
	Reporter Reporter
	Filings  []*Filing
}

// Count counts the row's filings by their mark.
func (m *Matrix) Count(r MatrixRow) map[Mark]int {
	n := map[Mark]int{}
	for _, f := range r.Filings {
		if f != nil {
			n[f.MarkAt(m.Now)]++
		}
	}
	return n
}

// Matrices reads every obligation of a campaign with its filings, in the plan's order. Of a campaign that was opened a
// moment ago it takes over first what is asked.
func (s *Service) Matrices(ctx context.Context, campaignID int64) (list []Matrix, err error) {
	if _, err := s.Adopt(ctx, campaignID); err != nil {
		return nil, err
	}
	err = s.db.Snapshot(ctx, func(tx db.Tx) error {
		list, err = s.matrices(ctx, tx, campaignID)
		return err
	})
	return list, err
}

func (s *Service) matrices(ctx context.Context, tx db.Tx, campaignID int64) ([]Matrix, error) {
	var obligations []Obligation
	var terms []Term
	var reporters []Reporter
	var filings []Filing
	for _, rows := range []any{&obligations, &terms, &reporters, &filings} {
		if err := tx.NewSelect().Model(rows).Where("campaign_id = ?", campaignID).Order("id").Scan(ctx); err != nil {
			return nil, fmt.Errorf("reports of campaign %d: %w", campaignID, err)
		}
	}
	now := s.clock.Now()
	list := make([]Matrix, len(obligations))
	for i, o := range obligations {
		list[i] = Matrix{Obligation: o, Now: now, Terms: slices.DeleteFunc(slices.Clone(terms), func(t Term) bool { return t.ObligationID != o.ID })}
		of := slices.DeleteFunc(slices.Clone(filings), func(f Filing) bool { return f.ObligationID != o.ID })
		list[i].fill(slices.DeleteFunc(slices.Clone(reporters), func(r Reporter) bool { return r.ObligationID != o.ID }), of)
	}
	return list, nil
}

// fill puts the filings where they belong.
func (m *Matrix) fill(reporters []Reporter, filings []Filing) {
	for _, f := range filings {
		m.Periods = append(m.Periods, f.Period)
	}
	slices.Sort(m.Periods)
	m.Periods = slices.Compact(m.Periods)
	slices.SortStableFunc(reporters, func(a, b Reporter) int { return cmp.Compare(a.Position, b.Position) })
	for _, r := range reporters {
		row := MatrixRow{Reporter: r, Filings: make([]*Filing, len(m.Periods))}
		for i := range filings {
			if f := &filings[i]; f.ReporterID == r.ID {
				at, _ := slices.BinarySearch(m.Periods, f.Period)
				row.Filings[at] = f
			}
		}
		m.Rows = append(m.Rows, row)
	}
}

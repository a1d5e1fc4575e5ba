package cases

import "context"

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

// Board lists what the viewer may see of the open cases, by step.
func (s *Service) Board(ctx context.Context, v Viewer) ([]Column, error) {
	columns, first, err := s.boardOf(ctx, v)
	if err != nil {
		return nil, err
	}
	var ids []int64
	column := map[int64]int{}
	for i := range first {
		for _, l := range first[i].lines {
			ids, column[l.id] = append(ids, l.id), i
		}
	}
	rows, err := s.rows(ctx, v.CampaignID, ids, rowColumns...)
	if err != nil {
		return nil, err
	}
	err = s.name(ctx, rows)
	for _, r := range rows {
		c := &columns[column[r.ID]]
		c.Rows = append(c.Rows, r)
	}
	return columns, err
}

// boardOf counts the columns and picks what stands in them.
func (s *Service) boardOf(ctx context.Context, v Viewer) ([]Column, []firsts, error) {
	sh, err := s.held(ctx, v.CampaignID)
	if err != nil {
		return nil, nil, err
	}
	defer sh.RUnlock()
	columns, first := make([]Column, len(boardSteps)), make([]firsts, len(boardSteps))
	at := make([]int, len(sh.steps)+1) // by the step's code, counted from 1; 0 where it is not on the board
	for i, steps := range boardSteps {
		columns[i].Steps, first[i].n = steps, boardMost
		for _, step := range steps {
			if c, ok := sh.steps[step]; ok {
				at[c] = i + 1
			}
		}
	}
	q := sh.ask(v, Filter{Open: true}, s.clock.Now())
	for l := range q.lines() {
		i := at[l.step] - 1
		if i < 0 {
			continue
		}
		columns[i].N++
		if q.overdue(l) {
			columns[i].Late++
		}
		first[i].add(l)
	}
	return columns, first, nil
}

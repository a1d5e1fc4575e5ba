package evidence

import (
	"cmp"
	"math"
	"slices"
)

// quiet is the share of the mean contrast below which a cell has nothing to agree on: sky, a bare wall.
const quiet = 0.08

// leftOut is the share of cells that may be spoilt before the whole suffers: a caption, a logo.
const leftOut = 0.4

// agreement tells which share of the cells with anything in them agree, how the better ones correlate together, and
// how the agreeing ones are twisted.
func agreement(cells []cell, all cell) (same, whole, twist float64) {
	loud := loudOf(cells, all)
	if len(loud) < cellsOfLook {
		return 0, 0, 0
	}
	slices.SortFunc(loud, func(a, b cell) int { return cmp.Compare(b.correlation(), a.correlation()) })
	agree := 0
	var t twisting
	for _, c := range loud {
		across, down := c.slip()
		if slip := math.Hypot(across, down); c.correlation() >= cellAgrees && slip <= cellMoves {
			t.add(c, across, down)
			if slip <= cellSlips {
				agree++
			}
		}
	}
	var best cell
	for _, c := range loud[:len(loud)-int(leftOut*float64(len(loud)))] {
		best.join(c)
	}
	return float64(agree) / float64(len(loud)), best.correlation(), t.angle()
}

// loudOf are the cells with anything in them.
func loudOf(cells []cell, all cell) (loud []cell) {
	qAll, rAll, _ := all.spreads()
	for _, c := range cells {
		if c.n < 20 {
			continue
		}
		if q, r, _ := c.spreads(); q/c.n > quiet*qAll/all.n || r/c.n > quiet*rAll/all.n {
			loud = append(loud, c)
		}
	}
	return loud
}

// cellMoves is the slip beyond which a cell shows something else, rather than the same a little off.
const cellMoves = 1.0

// twisting is the turn and shear that is left in the slips of cells: what goes down with the column, and across with
// the row. Between a copy and its original there is none, whatever was cut off; between two shots by hand there is.
type twisting struct{ acrossRow, rowRow, downColumn, columnColumn float64 }

func (t *twisting) add(c cell, across, down float64) {
	t.acrossRow, t.rowRow = t.acrossRow+across*c.row, t.rowRow+c.row*c.row
	t.downColumn, t.columnColumn = t.downColumn+down*c.column, t.columnColumn+c.column*c.column
}

func (t *twisting) angle() float64 {
	return max(math.Abs(t.acrossRow/max(t.rowRow, 1)), math.Abs(t.downColumn/max(t.columnColumn, 1)))
}

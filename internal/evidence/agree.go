package evidence

import (
	"cmp"
	"slices"
)

// quiet is the share of the mean contrast below which a cell has nothing to agree on: sky, a bare wall.
const quiet = 0.08

// leftOut is the share of cells that may be spoilt before the whole suffers: a caption, a logo.
const leftOut = 0.2

// agreement tells which share of the cells with anything in them agree, and how the better ones correlate together.
func agreement(cells []moments, all moments) (same, whole float64) {
	qMean, rMean := all.spreads()
	qMean, rMean = qMean/all.n, rMean/all.n
	var loud []moments
	for _, c := range cells {
		if c.n < 20 {
			continue
		}
		if q, r := c.spreads(); q/c.n > quiet*qMean || r/c.n > quiet*rMean {
			loud = append(loud, c)
		}
	}
	if len(loud) < cellsOfLook {
		return 0, 0
	}
	slices.SortFunc(loud, func(a, b moments) int { return cmp.Compare(b.correlation(), a.correlation()) })
	agree := 0
	for _, c := range loud {
		if c.correlation() >= cellAgrees {
			agree++
		}
	}
	var best moments
	for _, c := range loud[:len(loud)-int(leftOut*float64(len(loud)))] {
		best.join(c)
	}
	return float64(agree) / float64(len(loud)), best.correlation()
}

package evidence

import "math"

// look is a picture in small shades of grey, kept to compare two of them spot by spot.
type look struct {
	w, h int
	pix  []byte
}

// lookSide is the longer side of a look. It is fine enough to tell a second photo of a place from the same photo
// again: between two photos the hand moves, and what is near moves against what is far.
const lookSide = 112

func lookOf(g grey) look {
	long := max(g.w, g.h)
	w, h := max(g.w*lookSide/long, 4), max(g.h*lookSide/long, 4)
	small := shrinkTo(func(y int, line []float32) { copy(line, g.pix[y*g.w:]) }, g.w, g.h, w, h)
	l := look{w, h, make([]byte, w*h)}
	for i, v := range small.pix {
		l.pix[i] = byte(min(max(v+0.5, 0), 255))
	}
	return l
}

func (l look) empty() bool { return len(l.pix) == 0 }

// bytes is the look as it is stored: width, height, shades.
func (l look) bytes() []byte {
	return append([]byte{byte(l.w), byte(l.h)}, l.pix...) //nolint:gosec // at most lookSide
}

// lookFrom reads what bytes wrote; anything else is empty.
func lookFrom(b []byte) look {
	if len(b) < 2 || int(b[0])*int(b[1]) != len(b)-2 {
		return look{}
	}
	return look{int(b[0]), int(b[1]), b[2:]}
}

func (l look) grey() grey {
	g := newGrey(l.w, l.h)
	for i, v := range l.pix {
		g.pix[i] = float32(v)
	}
	return g
}

// relief is what stands out from its surroundings: brightness and slow shading are gone. The strongest contrasts,
// which a caption makes, are held down.
func (l look) relief() grey {
	g := l.grey().blurred(0.7)
	g = g.minus(g.blurred(5))
	var sum float64
	for _, v := range g.pix {
		sum += float64(v * v)
	}
	most := float32(3 * math.Sqrt(sum/float64(len(g.pix))))
	for i, v := range g.pix {
		g.pix[i] = min(max(v, -most), most)
	}
	return g
}

// roughly is a relief at half the size, smooth enough for pictures that lie some pixels apart.
func (g grey) roughly() grey { return g.blurred(1.5).halved() }

// glance is the look at a quarter of its size, less what is slow: enough to see at once that two differ.
func (l look) glance() grey {
	w, h := max(l.w/4, 1), max(l.h/4, 1)
	g := shrinkTo(func(y int, line []float32) {
		for x := range line {
			line[x] = float32(l.pix[y*l.w+x])
		}
	}, l.w, l.h, w, h)
	return g.minus(g.blurred(4))
}

// correlationUnder compares two pictures as a whole under a fitting.
func correlationUnder(q, r grey, f fitting) float64 {
	var c cell
	f.each(q, r, func(i int, x, y float64) { c.add(float64(q.pix[i]), float64(r.sample(x, y)), 0, 0) })
	return c.correlation()
}

// fitting maps a point of one picture to one of another, across and down apart: p → scale·p + shift.
// Points are counted in units of the picture's longer side.
type fitting struct{ sx, tx, sy, ty float64 }

// likeness is how well two pictures agree once one is laid on the other.
type likeness struct {
	overlap float64 // the share of the asking picture that lies on the other
	same    float64 // the share of cells with anything in them that agree
	whole   float64 // the correlation over all, the worst two fifths of the cells left out
	twist   float64 // by how much of a radian the pictures are turned or sheared against each other: copies are not
}

// alike decides whether it is the same photograph.
func (k likeness) alike() bool {
	return k.overlap >= minOverlap && k.same >= minSame && k.whole >= minWhole && k.twist <= maxTwist
}

// Set by the test that measures them: see TestSimilar_FindsAlteredCopiesAndNothingElse.
const (
	minOverlap = 0.6
	minSame    = 0.45
	minWhole   = 0.9
	maxTwist   = 0.002
	cellAgrees = 0.85
	cellSlips  = 0.2
)

// lay improves a fitting step by step (Lucas–Kanade), so that q at p is like r at the fitted p.
// It reports false where the two drift apart.
func lay(q, r grey, f fitting, rounds int, out *spoilt) (fitting, bool) {
	across, down := q.slopes()
	for range rounds {
		step, ok := improve(q, r, across, down, f, out)
		if !ok {
			return f, false
		}
		f.sx, f.tx, f.sy, f.ty = f.sx+step[0], f.tx+step[1], f.sy+step[2], f.ty+step[3]
		if f.sx < 0.55 || f.sx > 1.8 || f.sy < 0.55 || f.sy > 1.8 {
			return f, false
		}
		if math.Abs(step[1])+math.Abs(step[3])+math.Abs(step[0])+math.Abs(step[2]) < 2e-4 {
			break
		}
	}
	return f, true
}

// slopes are how the shades rise across and down.
func (g grey) slopes() (across, down grey) {
	across, down = newGrey(g.w, g.h), newGrey(g.w, g.h)
	for y := range g.h {
		for x := range g.w {
			across.pix[y*g.w+x] = (g.at(x+1, y) - g.at(x-1, y)) / 2
			down.pix[y*g.w+x] = (g.at(x, y+1) - g.at(x, y-1)) / 2
		}
	}
	return across, down
}

// improve is one step of Gauss and Newton, with the slopes of q, which are nearly those of r where the two lie right. The contrast between the two is taken out by regression first; what
// fits worst counts least, for it may be a caption.
func improve(q, r, across, down grey, f fitting, out *spoilt) (step [4]float64, ok bool) {
	lq := float64(max(q.w, q.h))
	value := make([]float64, 0, len(q.pix))
	var qr, rr float64
	f.each(q, r, func(i int, x, y float64) {
		v := float64(r.sample(x, y))
		value = append(value, v)
		if out.holds(q, i) {
			return
		}
		qr += float64(q.pix[i]) * v
		rr += v * v
	})
	if len(value) < len(q.pix)/3 || rr == 0 || qr <= 0 {
		return step, false
	}
	gain := qr / rr
	var usual, counted float64
	k := 0
	f.each(q, r, func(i int, _, _ float64) {
		if !out.holds(q, i) {
			usual += math.Abs(float64(q.pix[i]) - gain*value[k])
			counted++
		}
		k++
	})
	usual = usual/counted + 1e-9
	var n normal
	k = 0
	f.each(q, r, func(i int, _, _ float64) {
		dx, dy := float64(across.pix[i])*lq/f.sx, float64(down.pix[i])*lq/f.sy
		px, py := (float64(i%q.w)+0.5)/lq, (float64(i/q.w)+0.5)/lq
		e := float64(q.pix[i]) - gain*value[k]
		k++
		if out.holds(q, i) {
			return
		}
		n.add([4]float64{dx * px, dx, dy * py, dy}, e, 1/(1+(e/usual)*(e/usual)))
	})
	return n.solve()
}

// each calls do for the pixels of q that lie on r, with their place there.
func (f fitting) each(q, r grey, do func(i int, x, y float64)) {
	lq, lr := float64(max(q.w, q.h)), float64(max(r.w, r.h))
	for y := range q.h {
		ry := (f.sy*(float64(y)+0.5)/lq+f.ty)*lr - 0.5
		if ry < 0 || ry > float64(r.h-1) {
			continue
		}
		for x := range q.w {
			if rx := (f.sx*(float64(x)+0.5)/lq+f.tx)*lr - 0.5; rx >= 0 && rx <= float64(r.w-1) {
				do(y*q.w+x, rx, ry)
			}
		}
	}
}

// normal are the normal equations of a least-squares fit of four numbers.
type normal struct {
	a [4][4]float64
	b [4]float64
}

func (n *normal) add(row [4]float64, want, weight float64) {
	for i := range row {
		for j := i; j < 4; j++ {
			n.a[i][j] += row[i] * row[j] * weight
		}
		n.b[i] += row[i] * want * weight
	}
}

// solve goes by Cholesky; it reports false where the picture says too little.
func (n *normal) solve() (x [4]float64, ok bool) {
	var l [4][4]float64
	for i := range 4 {
		for j := range i + 1 {
			sum := n.a[j][i]
			for k := range j {
				sum -= l[i][k] * l[j][k] //nolint:gosec // i and j are below four
			}
			switch {
			case i != j:
				l[i][j] = sum / l[j][j] //nolint:gosec // as above
			case sum <= 1e-9*n.a[i][i] || sum <= 0:
				return x, false
			default:
				l[i][i] = math.Sqrt(sum) //nolint:gosec // as above
			}
		}
	}
	for i := range 4 {
		x[i] = n.b[i]
		for k := range i {
			x[i] -= l[i][k] * x[k]
		}
		x[i] /= l[i][i]
	}
	for i := 3; i >= 0; i-- {
		for k := i + 1; k < 4; k++ {
			x[i] -= l[k][i] * x[k]
		}
		x[i] /= l[i][i]
	}
	return x, true
}

// cellsOfLook is how many cells a look is compared in, across and down.
const cellsOfLook = 8

// cell is what is summed up over one cell: the shades of both pictures, and the slopes of the second.
type cell struct {
	n, q, r, qq, rr, qr float64
	x, y, xx, xy, yy    float64
	xq, yq, xr, yr      float64
	column, row         float64 // where it is, in pixels from the middle of the picture
}

func (c *cell) add(q, r, x, y float64) {
	c.n++
	c.q, c.r, c.qq, c.rr, c.qr = c.q+q, c.r+r, c.qq+q*q, c.rr+r*r, c.qr+q*r
	c.x, c.y, c.xx, c.xy, c.yy = c.x+x, c.y+y, c.xx+x*x, c.xy+x*y, c.yy+y*y
	c.xq, c.yq, c.xr, c.yr = c.xq+x*q, c.yq+y*q, c.xr+x*r, c.yr+y*r
}

// join adds the shades of another cell.
func (c *cell) join(o cell) {
	c.n, c.q, c.r, c.qq, c.rr, c.qr = c.n+o.n, c.q+o.q, c.r+o.r, c.qq+o.qq, c.rr+o.rr, c.qr+o.qr
}

// spreads are the sums of squares around the means.
func (c *cell) spreads() (q, r, both float64) {
	return c.qq - c.q*c.q/c.n, c.rr - c.r*c.r/c.n, c.qr - c.q*c.r/c.n
}

func (c *cell) correlation() float64 {
	q, r, both := c.spreads()
	if c.n == 0 || q <= 0 || r <= 0 {
		return 0
	}
	return both / math.Sqrt(q*r)
}

// slip is how far, in pixels across and down, the cell would have to move to fit better: one step of Lucas and Kanade, damped where
// the cell shows nothing but an edge, along which it may slide.
func (c *cell) slip() (across, down float64) {
	_, r, both := c.spreads()
	if r <= 0 {
		return math.Inf(1), 0
	}
	gain := both / r
	xx, xy, yy := c.xx-c.x*c.x/c.n, c.xy-c.x*c.y/c.n, c.yy-c.y*c.y/c.n
	damp := 0.05 * (xx + yy)
	xx, yy = (xx+damp)*gain, (yy+damp)*gain
	xy *= gain
	bx := c.xq - c.x*c.q/c.n - gain*(c.xr-c.x*c.r/c.n)
	by := c.yq - c.y*c.q/c.n - gain*(c.yr-c.y*c.r/c.n)
	det := xx*yy - xy*xy
	if det <= 0 || gain <= 0 {
		return math.Inf(1), 0
	}
	return (bx*yy - by*xy) / det, (by*xx - bx*xy) / det
}

// likenessOf compares two reliefs under a fitting, cell by cell: a caption spoils some cells, another view all.
func likenessOf(q, r grey, f fitting) likeness {
	cells := cellsOf(q, r, f)
	var all cell
	for _, c := range cells {
		all.join(c)
	}
	k := likeness{overlap: all.n / float64(len(q.pix))}
	if all.n == 0 {
		return k
	}
	k.same, k.whole, k.twist = agreement(cells[:], all)
	return k
}

// spoilt marks the cells that do not count.
type spoilt [cellsOfLook * cellsOfLook]bool

func (s *spoilt) holds(q grey, i int) bool { return s != nil && s[cellAt(q, i)] }

// spoiltUnder finds the cells that correlate less than the rest should under a fitting that is nearly right.
func spoiltUnder(q, r grey, f fitting, least float64) (out spoilt) {
	for i, c := range cellsOf(q, r, f) {
		out[i] = c.n > 0 && c.correlation() < least
	}
	return out
}

func cellAt(q grey, i int) int {
	return i/q.w*cellsOfLook/q.h*cellsOfLook + i%q.w*cellsOfLook/q.w
}

func cellsOf(q, r grey, f fitting) (cells [cellsOfLook * cellsOfLook]cell) {
	f.each(q, r, func(i int, x, y float64) {
		dx, dy := r.sample(x+0.5, y)-r.sample(x-0.5, y), r.sample(x, y+0.5)-r.sample(x, y-0.5)
		cells[cellAt(q, i)].add(float64(q.pix[i]), float64(r.sample(x, y)), float64(dx), float64(dy))
	})
	for i := range cells {
		cells[i].column = (float64(i%cellsOfLook) + 0.5 - cellsOfLook/2) * float64(q.w) / cellsOfLook
		cells[i].row = (float64(i/cellsOfLook) + 0.5 - cellsOfLook/2) * float64(q.h) / cellsOfLook
	}
	return cells
}

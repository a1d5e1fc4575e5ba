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
	var u laid
	u.fill(q, r, f)
	u.stretches(nil, func(_, from, to int) { c.addShades(q.pix[from:to], u.pix[from:to]) })
	return c.correlation()
}

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

// cellsOfLook is how many cells a look is compared in, across and down.
const cellsOfLook = 8

// cell is what is summed up over one cell: the shades of both pictures, and the slopes of the second.
type cell struct {
	n, q, r, qq, rr, qr float64
	x, y, xx, xy, yy    float64
	xq, yq, xr, yr      float64
	column, row         float64 // where it is, in pixels from the middle of the picture
}

// addShades takes in a stretch of pixels.
func (c *cell) addShades(q, r []float32) {
	var a, b, aa, bb, ab float32
	for i, v := range r[:len(q)] {
		w := q[i]
		a, b, aa, bb, ab = a+w, b+v, aa+w*w, bb+v*v, ab+w*v
	}
	c.n += float64(len(q))
	c.q, c.r = c.q+float64(a), c.r+float64(b)
	c.qq, c.rr, c.qr = c.qq+float64(aa), c.rr+float64(bb), c.qr+float64(ab)
}

// addSlopes takes in how the second picture rises in the same stretch.
func (c *cell) addSlopes(q, r, across, down []float32) {
	var x, y, xx, xy, yy, xq, yq, xr, yr float32
	r, across, down = r[:len(q)], across[:len(q)], down[:len(q)]
	for i, a := range q {
		b, dx, dy := r[i], across[i], down[i]
		x, y, xx, xy, yy = x+dx, y+dy, xx+dx*dx, xy+dx*dy, yy+dy*dy
		xq, yq, xr, yr = xq+dx*a, yq+dy*a, xr+dx*b, yr+dy*b
	}
	c.x, c.y = c.x+float64(x), c.y+float64(y)
	c.xx, c.xy, c.yy = c.xx+float64(xx), c.xy+float64(xy), c.yy+float64(yy)
	c.xq, c.yq, c.xr, c.yr = c.xq+float64(xq), c.yq+float64(yq), c.xr+float64(xr), c.yr+float64(yr)
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

// gridded are the sums of all cells of a picture laid on another.
type gridded [cellsOfLook * cellsOfLook]cell

// cellsUnder sums up two reliefs under a fitting, cell by cell: a caption spoils some cells, another view all.
func cellsUnder(q, r grey, f fitting) (cells gridded) {
	var u laid
	u.fillWithSlopes(q, r, f)
	u.stretches(nil, func(i, from, to int) {
		cells[i].addShades(q.pix[from:to], u.pix[from:to])
		cells[i].addSlopes(q.pix[from:to], u.pix[from:to], u.across[from:to], u.down[from:to])
	})
	for i := range cells {
		cells[i].column = (float64(i%cellsOfLook) + 0.5 - cellsOfLook/2) * float64(q.w) / cellsOfLook
		cells[i].row = (float64(i/cellsOfLook) + 0.5 - cellsOfLook/2) * float64(q.h) / cellsOfLook
	}
	return cells
}

// likeness tells from the sums how alike the two are; pixels is how many the asking picture has.
func (g *gridded) likeness(pixels int) likeness {
	var all cell
	for _, c := range g {
		all.join(c)
	}
	k := likeness{overlap: all.n / float64(pixels)}
	if all.n == 0 {
		return k
	}
	k.same, k.whole, k.twist = agreement(g[:], all)
	return k
}

// spoilt marks the cells that do not count.
type spoilt [cellsOfLook * cellsOfLook]bool

// spoilt finds the cells that correlate less than the rest should under a fitting that is nearly right.
func (g *gridded) spoilt(least float64) (out spoilt) {
	for i, c := range g {
		out[i] = c.n > 0 && c.correlation() < least
	}
	return out
}

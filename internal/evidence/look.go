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

// relief is what stands out from its surroundings: brightness and slow shading are gone.
func (l look) relief() grey {
	g := l.grey().blurred(0.7)
	return g.minus(g.blurred(5))
}

// fitting maps a point of one picture to one of another, across and down apart: p → scale·p + shift.
// Points are counted in units of the picture's longer side.
type fitting struct{ sx, tx, sy, ty float64 }

// likeness is how well two pictures agree once one is laid on the other.
type likeness struct {
	overlap float64 // the share of the asking picture that lies on the other
	same    float64 // the share of cells with anything in them that agree
	whole   float64 // the correlation over all, the worst fifth of the cells left out
}

// alike decides whether it is the same photograph.
func (k likeness) alike() bool {
	return k.overlap >= minOverlap && k.same >= minSame && k.whole >= minWhole
}

// Set by the test that measures them: see TestSimilar_FindsAlteredCopiesAndNothingElse.
const (
	minOverlap = 0.6
	minSame    = 0.72
	minWhole   = 0.88
	cellAgrees = 0.80
)

// lay improves a fitting step by step (Lucas–Kanade), so that q at p is like r at the fitted p.
// It reports false where the two drift apart.
func lay(q, r grey, f fitting, rounds int) (fitting, bool) {
	for range rounds {
		step, ok := improve(q, r, f)
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

// improve is one step of Gauss and Newton. The contrast between the two is taken out by regression first.
func improve(q, r grey, f fitting) (step [4]float64, ok bool) {
	lq, lr := float64(max(q.w, q.h)), float64(max(r.w, r.h))
	value := make([]float64, 0, len(q.pix))
	var qr, rr float64
	f.each(q, r, func(i int, x, y float64) {
		v := float64(r.sample(x, y))
		value = append(value, v)
		qr += float64(q.pix[i]) * v
		rr += v * v
	})
	if len(value) < len(q.pix)/3 || rr == 0 || qr <= 0 {
		return step, false
	}
	gain := qr / rr
	var n normal
	k := 0
	f.each(q, r, func(i int, x, y float64) {
		dx := gain * float64(r.sample(x+0.5, y)-r.sample(x-0.5, y)) * lr
		dy := gain * float64(r.sample(x, y+0.5)-r.sample(x, y-0.5)) * lr
		px, py := (float64(i%q.w)+0.5)/lq, (float64(i/q.w)+0.5)/lq
		e := float64(q.pix[i]) - gain*value[k]
		k++
		n.add([4]float64{dx * px, dx, dy * py, dy}, e)
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

func (n *normal) add(row [4]float64, want float64) {
	for i := range row {
		for j := i; j < 4; j++ {
			n.a[i][j] += row[i] * row[j]
		}
		n.b[i] += row[i] * want
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

// moments of the shades of two pictures in one cell.
type moments struct{ n, q, r, qq, rr, qr float64 }

func (m *moments) add(q, r float64) {
	m.n++
	m.q, m.r, m.qq, m.rr, m.qr = m.q+q, m.r+r, m.qq+q*q, m.rr+r*r, m.qr+q*r
}

func (m *moments) join(o moments) {
	m.n, m.q, m.r, m.qq, m.rr, m.qr = m.n+o.n, m.q+o.q, m.r+o.r, m.qq+o.qq, m.rr+o.rr, m.qr+o.qr
}

func (m *moments) spreads() (q, r float64) { return m.qq - m.q*m.q/m.n, m.rr - m.r*m.r/m.n }

func (m *moments) correlation() float64 {
	q, r := m.spreads()
	if q <= 0 || r <= 0 {
		return 0
	}
	return (m.qr - m.q*m.r/m.n) / math.Sqrt(q*r)
}

// likenessOf compares two reliefs under a fitting, cell by cell: a caption spoils some cells, another view all.
func likenessOf(q, r grey, f fitting) likeness {
	var cells [cellsOfLook * cellsOfLook]moments
	f.each(q, r, func(i int, x, y float64) {
		cell := i/q.w*cellsOfLook/q.h*cellsOfLook + i%q.w*cellsOfLook/q.w
		cells[cell].add(float64(q.pix[i]), float64(r.sample(x, y)))
	})
	var all moments
	for _, c := range cells {
		all.join(c)
	}
	k := likeness{overlap: all.n / float64(len(q.pix))}
	if all.n == 0 {
		return k
	}
	k.same, k.whole = agreement(cells[:], all)
	return k
}

package evidence

import "math"

// fitting maps a point of one picture to one of another, across and down apart: p → scale·p + shift.
// Points are counted in units of the picture's longer side.
type fitting struct{ sx, tx, sy, ty float64 }

// relief is what stands out in a picture, with how it rises across and down.
type relief struct{ grey, across, down grey }

func sloped(g grey) relief {
	across, down := newGrey(g.w, g.h), newGrey(g.w, g.h)
	for y := range g.h {
		row, above, below := g.row(y), g.row(y-1), g.row(y+1)
		for x := range row {
			across.pix[y*g.w+x] = (row[min(x+1, g.w-1)] - row[max(x-1, 0)]) / 2
			down.pix[y*g.w+x] = (below[x] - above[x]) / 2
		}
	}
	return relief{g, across, down}
}

// lay improves a fitting step by step (Lucas–Kanade), so that q at p is like r at the fitted p.
// It reports false where the two drift apart.
func lay(q relief, r grey, f fitting, rounds int, out *spoilt) (fitting, bool) {
	var u laid
	for range rounds {
		u.fill(q.grey, r, f)
		step, ok := q.improve(&u, f, out)
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

// improve is one step of Gauss and Newton, with the slopes of q, which are nearly those of r where the two lie right.
// The contrast between the two is taken out by regression first; what fits worst counts least, for it may be a
// caption.
func (q relief) improve(u *laid, f fitting, out *spoilt) (step [4]float64, ok bool) {
	var qr, rr float64
	u.stretches(out, func(_, from, to int) {
		both, own := products(q.grey.pix[from:to], u.pix[from:to])
		qr, rr = qr+both, rr+own
	})
	if u.count() < len(q.grey.pix)/3 || rr == 0 || qr <= 0 {
		return step, false
	}
	var sum, counted float64
	u.stretches(out, func(_, from, to int) {
		sum += toErrors(u.pix[from:to], q.grey.pix[from:to], float32(qr/rr))
		counted += float64(to - from)
	})
	usual := float32(sum/counted + 1e-9)
	n := newNormal(q.grey.w, q.grey.h)
	u.stretches(out, func(_, from, to int) {
		n.add(q.across.pix[from:to], q.down.pix[from:to], u.pix[from:to], usual, from%u.w, from/u.w)
	})
	long := float64(max(u.w, u.h))
	return n.solve(long/f.sx, long/f.sy)
}

// products are the sums of q·r and of r·r.
func products(q, r []float32) (both, own float64) {
	var qr, rr float32
	for i, v := range r[:len(q)] {
		qr += q[i] * v
		rr += v * v
	}
	return float64(qr), float64(rr)
}

// toErrors puts in the place of what lies under q what is missing from it to q, and sums it up without signs.
func toErrors(under, q []float32, gain float32) float64 {
	var sum float32
	for i, v := range under[:len(q)] {
		e := q[i] - gain*v
		under[i] = e
		sum += max(e, -e)
	}
	return float64(sum)
}

// laid is what of one picture comes to lie under another, pixel by pixel of the upper one.
type laid struct {
	w, h                     int
	left, right, top, bottom int // the pixels of the upper picture that have anything under them
	pix                      []float32
	across, down             []float32 // how pix rises, where it was asked for
	line, steps              []float32
}

// tap is where between two pixels a row or column of one picture lies on the other.
type tap struct {
	at    int
	share float32 // of the next pixel
}

// taps gives the columns of a picture their places among n of another, and says from which to which they have one.
func taps(w, n int, scale, shift float64) (all []tap, from, to int) {
	all = make([]tap, w)
	for x := range all {
		place := scale*(float64(x)+0.5) + shift - 0.5
		if place < 0 {
			from = x + 1
		} else if place <= float64(n-1) {
			at := math.Floor(place)
			all[x] = tap{int(at), float32(place - at)}
			to = x + 1
		}
	}
	return all, min(from, to), to
}

// ways are the taps of a fitting, across and down.
func (u *laid) ways(q, r grey, f fitting) (across, down []tap) {
	lq, lr := float64(max(q.w, q.h)), float64(max(r.w, r.h))
	u.w, u.h = q.w, q.h
	across, u.left, u.right = taps(q.w, r.w, f.sx*lr/lq, f.tx*lr)
	down, u.top, u.bottom = taps(q.h, r.h, f.sy*lr/lq, f.ty*lr)
	return across[u.left:u.right], down
}

// fill lays r under q. First two rows become one, then two pixels of it: that is half the work of weighing four.
func (u *laid) fill(q, r grey, f fitting) {
	across, down := u.ways(q, r, f)
	if len(u.pix) != len(q.pix) {
		u.pix, u.line = make([]float32, len(q.pix)), make([]float32, r.w+1)
	}
	for y := u.top; y < u.bottom; y++ {
		u.fillRow(r, y, across, down[y])
	}
}

func (u *laid) fillRow(r grey, y int, across []tap, down tap) {
	blend(u.line, r.row(down.at), r.row(down.at+1), down.share)
	read(u.pix[y*u.w+u.left:], u.line, across)
}

// fillWithSlopes is fill, and says how r rises from half a pixel before to half a pixel after: between them lies a
// step from one pixel of r to the next, or part of two.
func (u *laid) fillWithSlopes(q, r grey, f fitting) {
	across, down := u.ways(q, r, f)
	u.pix, u.across, u.down = make([]float32, len(q.pix)), make([]float32, len(q.pix)), make([]float32, len(q.pix))
	u.line, u.steps = make([]float32, r.w+1), make([]float32, r.w+1)
	halves := make([]tap, len(across))
	for x, t := range across {
		halves[x] = t.half()
	}
	for y := u.top; y < u.bottom; y++ {
		start := y*u.w + u.left
		u.fillRow(r, y, across, down[y])
		for x := 1; x < r.w; x++ {
			u.steps[x] = u.line[x] - u.line[x-1]
		}
		read(u.across[start:], u.steps, halves)
		t := down[y].half()
		blendSteps(u.line, r.row(t.at-1), r.row(t.at), r.row(t.at+1), t.share)
		read(u.down[start:], u.line, across)
	}
}

// half is the place among the steps between pixels, the one before the first pixel counted as well.
func (t tap) half() tap {
	if t.share < 0.5 {
		return tap{t.at, t.share + 0.5}
	}
	return tap{t.at + 1, t.share - 0.5}
}

// blend makes one row of two. The last pixel is repeated, for read to look one further.
func blend(line, a, b []float32, share float32) {
	b, line = b[:len(a)], line[:len(a)+1]
	for i, v := range a {
		line[i] = v + (b[i]-v)*share
	}
	line[len(a)] = line[len(a)-1]
}

// blendSteps makes one row of the steps between three.
func blendSteps(line, a, b, c []float32, share float32) {
	b, c, line = b[:len(a)], c[:len(a)], line[:len(a)+1]
	for i, v := range b {
		line[i] = (v-a[i])*(1-share) + (c[i]-v)*share
	}
	line[len(a)] = line[len(a)-1]
}

func read(to, line []float32, at []tap) {
	to = to[:len(at)]
	for x, t := range at {
		two := line[t.at : t.at+2 : t.at+2]
		to[x] = two[0] + (two[1]-two[0])*t.share
	}
}

func (u *laid) count() int { return (u.right - u.left) * (u.bottom - u.top) }

// stretches calls do for each stretch of a row that has something under it and lies in one cell, other than those
// left out. From and to count the pixels of the picture.
func (u *laid) stretches(out *spoilt, do func(cell, from, to int)) {
	for y := u.top; y < u.bottom; y++ {
		row := y * cellsOfLook / u.h * cellsOfLook
		for x := u.left; x < u.right; {
			column := x * cellsOfLook / u.w
			end := min(((column+1)*u.w+cellsOfLook-1)/cellsOfLook, u.right)
			if out == nil || !out[row+column] {
				do(row+column, y*u.w+x, y*u.w+end)
			}
			x = end
		}
	}
}

// normal are the normal equations of the least-squares fit of a fitting. The moments are summed up with the place
// across and down apart, so that a pixel costs nine of them and not fourteen.
type normal struct {
	across, down []float32 // the places of columns and rows
	xx           [3]float64
	yy           [3]float64
	xy           [2][2]float64
	xe, ye       [2]float64
}

func newNormal(w, h int) normal {
	return normal{across: places(w, max(w, h)), down: places(h, max(w, h))}
}

func places(n, long int) []float32 {
	all := make([]float32, n)
	for i := range all {
		all[i] = (float32(i) + 0.5) / float32(long)
	}
	return all
}

// add takes in a stretch of row y from column x on: slopes and errors.
func (n *normal) add(across, down, errors []float32, usual float32, x, y int) {
	var xx0, xx1, xx2, xy0, xy1, yy0, xe0, xe1, ye0 float32
	place := n.across[x:][:len(errors)]
	across, down = across[:len(errors)], down[:len(errors)]
	square := usual * usual
	for i, e := range errors {
		dx, dy, p := across[i], down[i], place[i]
		weight := square / (square + e*e)
		wx, wy := dx*weight, dy*weight
		xx, xy, xe := wx*dx, wx*dy, wx*e
		xx0, xy0, yy0 = xx0+xx, xy0+xy, yy0+wy*dy
		xe0, ye0 = xe0+xe, ye0+wy*e
		xx *= p
		xx1, xx2 = xx1+xx, xx2+xx*p
		xy1, xe1 = xy1+xy*p, xe1+xe*p
	}
	py := float64(n.down[y])
	n.xx = [3]float64{n.xx[0] + float64(xx0), n.xx[1] + float64(xx1), n.xx[2] + float64(xx2)}
	n.yy = [3]float64{n.yy[0] + float64(yy0), n.yy[1] + float64(yy0)*py, n.yy[2] + float64(yy0)*py*py}
	n.xy[0] = [2]float64{n.xy[0][0] + float64(xy0), n.xy[0][1] + float64(xy0)*py}
	n.xy[1] = [2]float64{n.xy[1][0] + float64(xy1), n.xy[1][1] + float64(xy1)*py}
	n.xe = [2]float64{n.xe[0] + float64(xe0), n.xe[1] + float64(xe1)}
	n.ye = [2]float64{n.ye[0] + float64(ye0), n.ye[1] + float64(ye0)*py}
}

// solve answers for scale and shift across, scale and shift down, of slopes that are steeper by the given factors.
func (n *normal) solve(cx, cy float64) (x [4]float64, ok bool) {
	xx, xy, yy := cx*cx, cx*cy, cy*cy
	return cholesky([4][4]float64{
		{xx * n.xx[2]},
		{xx * n.xx[1], xx * n.xx[0]},
		{xy * n.xy[1][1], xy * n.xy[0][1], yy * n.yy[2]},
		{xy * n.xy[1][0], xy * n.xy[0][0], yy * n.yy[1], yy * n.yy[0]},
	}, [4]float64{cx * n.xe[1], cx * n.xe[0], cy * n.ye[1], cy * n.ye[0]})
}

// cholesky solves a·x = b by the lower half of a; it reports false where the picture says too little.
func cholesky(a [4][4]float64, b [4]float64) (x [4]float64, ok bool) {
	var l [4][4]float64
	for i := range 4 {
		for j := range i + 1 {
			sum := a[i][j] //nolint:gosec // i and j are below four
			for k := range j {
				sum -= l[i][k] * l[j][k] //nolint:gosec // as above
			}
			switch {
			case i != j:
				l[i][j] = sum / l[j][j] //nolint:gosec // as above
			case sum <= 1e-9*a[i][i] || sum <= 0: //nolint:gosec // as above
				return x, false
			default:
				l[i][i] = math.Sqrt(sum) //nolint:gosec // as above
			}
		}
	}
	for i := range 4 {
		x[i] = b[i]
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

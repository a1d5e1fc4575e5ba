package evidence

import (
	"image"
	"image/color"
	"math"
)

// grey is a picture in shades of grey, row by row.
type grey struct {
	w, h int
	pix  []float32
}

func newGrey(w, h int) grey { return grey{w, h, make([]float32, w*h)} }

// shrink averages a picture down so that it has about side×side pixels. A smaller one is drawn larger.
func shrink(m image.Image, side int) grey {
	b := m.Bounds()
	ratio := math.Sqrt(float64(b.Dx()) / float64(b.Dy()))
	w, h := int(math.Round(float64(side)*ratio)), int(math.Round(float64(side)/ratio))
	return shrinkTo(lumaOf(m), b.Dx(), b.Dy(), min(max(w, 16), 8*side), min(max(h, 16), 8*side))
}

// luma fills line with the brightness of a picture's row, counted from its top.
type luma func(y int, line []float32)

func lumaOf(m image.Image) luma {
	b := m.Bounds()
	switch p := m.(type) {
	case *image.YCbCr:
		return func(y int, line []float32) {
			for x, v := range p.Y[p.YOffset(b.Min.X, b.Min.Y+y):][:len(line)] {
				line[x] = float32(v)
			}
		}
	case *image.Gray:
		return func(y int, line []float32) {
			for x, v := range p.Pix[p.PixOffset(b.Min.X, b.Min.Y+y):][:len(line)] {
				line[x] = float32(v)
			}
		}
	case *image.RGBA:
		return func(y int, line []float32) { lumaOfBytes(p.Pix[p.PixOffset(b.Min.X, b.Min.Y+y):], line) }
	case *image.NRGBA:
		return func(y int, line []float32) { lumaOfBytes(p.Pix[p.PixOffset(b.Min.X, b.Min.Y+y):], line) }
	}
	return func(y int, line []float32) {
		for x := range line {
			line[x] = float32(color.Gray16Model.Convert(m.At(b.Min.X+x, b.Min.Y+y)).(color.Gray16).Y) / 257 //nolint:forcetypeassert // the model's own type
		}
	}
}

func lumaOfBytes(rgba []byte, line []float32) {
	for x := range line {
		p := rgba[4*x : 4*x+3 : 4*x+3]
		line[x] = 0.299*float32(p[0]) + 0.587*float32(p[1]) + 0.114*float32(p[2])
	}
}

// share is how much of a source row or column falls to a target one.
type share struct {
	to     int
	weight float32
}

// sharesOf cuts n source pixels into m target ones, each by the area it covers.
func sharesOf(n, m int) [][]share {
	all := make([][]share, n)
	scale := float64(m) / float64(n)
	for i := range all {
		from, to := float64(i)*scale, float64(i+1)*scale
		for t := int(from); t < m && float64(t) < to; t++ {
			if part := min(to, float64(t+1)) - max(from, float64(t)); part > 0 {
				all[i] = append(all[i], share{t, float32(part)})
			}
		}
	}
	return all
}

func shrinkTo(read luma, fromW, fromH, w, h int) grey {
	g := newGrey(w, h)
	columns, rows := sharesOf(fromW, w), sharesOf(fromH, h)
	line, narrow := make([]float32, fromW), make([]float32, w)
	for y := range fromH {
		read(y, line)
		clear(narrow)
		for x, v := range line {
			for _, s := range columns[x] {
				narrow[s.to] += v * s.weight
			}
		}
		for _, s := range rows[y] {
			for x, v := range narrow {
				g.pix[s.to*w+x] += v * s.weight
			}
		}
	}
	return g
}

func (g grey) at(x, y int) float32 { return g.pix[min(max(y, 0), g.h-1)*g.w+min(max(x, 0), g.w-1)] }

// row is one row; beyond the edge, the last goes on.
func (g grey) row(y int) []float32 { return g.pix[min(max(y, 0), g.h-1)*g.w:][:g.w] }

// sample reads between pixels; outside, the edge goes on.
func (g grey) sample(x, y float64) float32 {
	fx, fy := math.Floor(x), math.Floor(y)
	ix, iy, ax, ay := int(fx), int(fy), float32(x-fx), float32(y-fy)
	if ix >= 0 && iy >= 0 && ix < g.w-1 && iy < g.h-1 {
		p := g.pix[iy*g.w+ix:]
		return (p[0]*(1-ax)+p[1]*ax)*(1-ay) + (p[g.w]*(1-ax)+p[g.w+1]*ax)*ay
	}
	return (g.at(ix, iy)*(1-ax)+g.at(ix+1, iy)*ax)*(1-ay) + (g.at(ix, iy+1)*(1-ax)+g.at(ix+1, iy+1)*ax)*ay
}

func (g grey) mirrored() grey {
	m := newGrey(g.w, g.h)
	for y := range g.h {
		for x := range g.w {
			m.pix[y*g.w+x] = g.pix[y*g.w+g.w-1-x]
		}
	}
	return m
}

// halved keeps every other pixel of a picture that is already blurred enough for it.
func (g grey) halved() grey {
	half := newGrey(g.w/2, g.h/2)
	for y := range half.h {
		for x := range half.w {
			half.pix[y*half.w+x] = g.pix[2*y*g.w+2*x]
		}
	}
	return half
}

func (g grey) minus(o grey) grey {
	d := newGrey(g.w, g.h)
	for i := range d.pix {
		d.pix[i] = g.pix[i] - o.pix[i]
	}
	return d
}

// blurred is the picture behind a Gaussian of the given width, in pixels.
func (g grey) blurred(sigma float64) grey {
	radius := int(math.Ceil(3 * sigma))
	kernel := make([]float32, radius+1)
	var sum float32
	for i := range kernel {
		kernel[i] = float32(math.Exp(-float64(i*i) / (2 * sigma * sigma)))
		sum += kernel[i]
		if i > 0 {
			sum += kernel[i]
		}
	}
	for i := range kernel {
		kernel[i] /= sum
	}
	return g.acrossRows(kernel).acrossColumns(kernel)
}

func (g grey) acrossRows(kernel []float32) grey {
	out, r := newGrey(g.w, g.h), len(kernel)-1
	padded := make([]float32, g.w+2*r)
	for y := range g.h {
		row := g.pix[y*g.w : (y+1)*g.w]
		copy(padded[r:], row)
		for i := range r {
			padded[i], padded[r+g.w+i] = row[0], row[g.w-1]
		}
		to := out.pix[y*g.w : (y+1)*g.w]
		for x, v := range padded[r:][:g.w] {
			to[x] = v * kernel[0]
		}
		for i := 1; i <= r; i++ {
			addBoth(to, padded[r-i:], padded[r+i:], kernel[i])
		}
	}
	return out
}

func (g grey) acrossColumns(kernel []float32) grey {
	out := newGrey(g.w, g.h)
	for y := range g.h {
		to := out.pix[y*g.w : (y+1)*g.w]
		for i, k := range kernel {
			up, down := g.pix[max(y-i, 0)*g.w:][:g.w], g.pix[min(y+i, g.h-1)*g.w:][:g.w]
			if i == 0 {
				k /= 2
			}
			addBoth(to, up, down, k)
		}
	}
	return out
}

// addBoth adds what lies on either side, weighed. A whole row at a time, no bound is checked within it.
func addBoth(to, before, after []float32, weight float32) {
	before, after = before[:len(to)], after[:len(to)]
	for x := range to {
		to[x] += (before[x] + after[x]) * weight
	}
}

package evidence

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/disintegration/imaging"
)

// Pictures for the tests are painted: streets, walls and notices with the light, noise and clutter of phone photos.
// A picture is wholly made by its seed and its view. Two views of one seed are two photos of one place: the hand has
// moved, the light is another, what stood around has been cleared away.

type view struct {
	dx, dy, zoom, roll float64 // how the camera stands
	light              float64 // brightness
	slant              float64 // light from one side
	tidy               bool    // the loose things are gone
	noise              uint64  // of sensor, clouds and passing cars
}

// viewNear is a second photo of a place, taken by hand from nearly the same spot.
func viewNear(r *rand.Rand) view {
	side := func(least, most float64) float64 {
		v := least + (most-least)*r.Float64()
		if r.IntN(2) == 0 {
			return -v
		}
		return v
	}
	return view{
		dx: side(0.03, 0.10), dy: side(0.01, 0.05), zoom: 1 + side(0.01, 0.08), roll: side(0.008, 0.045),
		light: 0.8 + 0.4*r.Float64(), slant: side(0.05, 0.3), tidy: r.IntN(3) > 0, noise: r.Uint64(),
	}
}

type vec struct{ x, y float64 }

type shade func(x, y float64) [3]float64

// canvas is what is painted on, and the camera before it.
type canvas struct {
	w, h int
	pix  []float32
	view view
	sin  float64
	cos  float64
}

const sceneW, sceneH, sceneFine = 560, 420, 3 // painted at 3/2 and averaged down

func newCanvas(v view) *canvas {
	w, h := sceneW*sceneFine/2, sceneH*sceneFine/2
	if v.zoom == 0 {
		v.zoom = 1
	}
	return &canvas{w: w, h: h, pix: make([]float32, 3*w*h), view: v, sin: math.Sin(v.roll), cos: math.Cos(v.roll)}
}

// project takes a point of the scene, which spans 4 by 3 around 0, to the canvas. Near things move more.
func (c *canvas) project(p vec, near float64) vec {
	x, y := (p.x-c.view.dx*near)*(1+(c.view.zoom-1)*near), (p.y-c.view.dy*near)*(1+(c.view.zoom-1)*near)
	x, y = x*c.cos-y*c.sin, x*c.sin+y*c.cos
	return vec{(x/4 + 0.5) * float64(c.w), (y/3 + 0.5) * float64(c.h)}
}

func (c *canvas) unproject(x, y, near float64) vec {
	px, py := (x/float64(c.w)-0.5)*4, (y/float64(c.h)-0.5)*3
	px, py = px*c.cos+py*c.sin, -px*c.sin+py*c.cos
	k := 1 + (c.view.zoom-1)*near
	return vec{px/k + c.view.dx*near, py/k + c.view.dy*near}
}

// fill paints a polygon.
func (c *canvas) fill(near float64, s shade, outline ...vec) {
	points := make([]vec, len(outline))
	top, bottom := math.Inf(1), math.Inf(-1)
	for i, p := range outline {
		points[i] = c.project(p, near)
		top, bottom = min(top, points[i].y), max(bottom, points[i].y)
	}
	for y := max(int(top), 0); y < min(int(bottom)+1, c.h); y++ {
		cy := float64(y) + 0.5
		from, to := math.Inf(1), math.Inf(-1)
		for i, a := range points {
			b := points[(i+1)%len(points)]
			if (a.y <= cy) == (b.y <= cy) {
				continue
			}
			x := a.x + (cy-a.y)/(b.y-a.y)*(b.x-a.x)
			from, to = min(from, x), max(to, x)
		}
		for x := max(int(from+0.5), 0); x < min(int(to+0.5), c.w); x++ {
			p := c.unproject(float64(x)+0.5, cy, near)
			v := s(p.x, p.y)
			at := 3 * (y*c.w + x)
			c.pix[at], c.pix[at+1], c.pix[at+2] = float32(v[0]), float32(v[1]), float32(v[2])
		}
	}
}

func (c *canvas) box(near, x, y, w, h float64, s shade) {
	c.fill(near, s, vec{x, y}, vec{x + w, y}, vec{x + w, y + h}, vec{x, y + h})
}

func (c *canvas) blob(near, x, y, rx, ry float64, s shade) {
	var outline []vec
	for i := range 14 {
		sin, cos := math.Sincos(float64(i) * math.Pi / 7)
		outline = append(outline, vec{x + rx*cos, y + ry*sin})
	}
	c.fill(near, s, outline...)
}

func hash01(x, y int, seed uint64) float64 {
	h := uint64(x)*0x9e3779b97f4a7c15 ^ uint64(y)*0xc2b2ae3d27d4eb4f ^ seed
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 32
	return float64(h&0xffffff) / 0xffffff
}

// cloud is smooth noise of one size, 0 to 1.
func cloud(x, y float64, seed uint64) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	ix, iy, ax, ay := int(fx), int(fy), x-fx, y-fy
	ax, ay = ax*ax*(3-2*ax), ay*ay*(3-2*ay)
	return (hash01(ix, iy, seed)*(1-ax)+hash01(ix+1, iy, seed)*ax)*(1-ay) +
		(hash01(ix, iy+1, seed)*(1-ax)+hash01(ix+1, iy+1, seed)*ax)*ay
}

func rough(base [3]float64, grain, depth float64, seed uint64) shade {
	return func(x, y float64) [3]float64 {
		n := (cloud(x*grain, y*grain, seed)*0.6 + cloud(x*grain*3.1, y*grain*3.1, seed+1)*0.4 - 0.5) * depth
		return [3]float64{base[0] + n, base[1] + n, base[2] + n}
	}
}

func tint(r *rand.Rand, from, to float64) [3]float64 {
	v := from + (to-from)*r.Float64()
	c := 30.0
	return [3]float64{v + c*(r.Float64()-0.5), v + c*(r.Float64()-0.5), v + c*(r.Float64()-0.5)}
}

func plain(c [3]float64) shade { return func(float64, float64) [3]float64 { return c } }

// scene paints one photo.
func scene(seed uint64, v view) image.Image {
	r := rand.New(rand.NewPCG(seed, 7))
	c := newCanvas(v)
	passing := rand.New(rand.NewPCG(seed, v.noise))
	switch seed % 6 {
	case 0:
		paintWall(c, r, seed)
	case 1:
		paintNotice(c, r, seed)
	default:
		paintStreet(c, r, passing, seed)
	}
	if !v.tidy {
		paintLoose(c, passing, r.Float64()*2-1, 0.7+0.5*r.Float64())
	}
	return c.develop(passing)
}

func paintStreet(c *canvas, r, passing *rand.Rand, seed uint64) {
	horizon := -0.3 + 0.6*r.Float64()
	sky := tint(r, 150, 240)
	drift := passing.Float64() * 10
	c.box(0, -4, -3, 8, 6, func(x, y float64) [3]float64 {
		n := cloud(x*0.9+drift, y*1.7, c.view.noise)*50 - y*18
		return [3]float64{sky[0] + n, sky[1] + n, sky[2] + n + 10}
	})
	for x := -3.0; x < 3; {
		w := 0.3 + 0.9*r.Float64()
		paintHouse(c, r, x, horizon, w, 0.4+1.4*r.Float64(), 0.3+0.4*r.Float64(), seed+uint64(100*(x+9)))
		x += w + 0.15*r.Float64()
	}
	paintRoad(c, r, horizon, seed)
	for range r.IntN(5) {
		paintTree(c, r, seed)
	}
	for range 1 + r.IntN(4) {
		paintStall(c, r, horizon)
	}
	for range r.IntN(4) {
		x := r.Float64()*4 - 2
		c.box(1, x, -1.5, 0.03+0.03*r.Float64(), 2+r.Float64(), plain(tint(r, 40, 120)))
	}
	for range passing.IntN(4) {
		paintCar(c, passing, horizon)
	}
}

func paintHouse(c *canvas, r *rand.Rand, x, ground, w, h, near float64, seed uint64) {
	c.box(near, x, ground-h, w, h+0.2, rough(tint(r, 90, 220), 14, 26, seed))
	cols, rows := 2+r.IntN(5), 2+r.IntN(6)
	glass := tint(r, 30, 110)
	ww, hh := w/float64(cols), h/float64(rows)
	for i := range cols {
		for j := range rows {
			if r.IntN(8) == 0 {
				continue
			}
			v := 60 * (r.Float64() - 0.3)
			c.box(near, x+ww*(float64(i)+0.2), ground-h+hh*(float64(j)+0.22), ww*0.6, hh*0.55, plain([3]float64{glass[0] + v, glass[1] + v, glass[2] + v}))
		}
	}
}

func paintRoad(c *canvas, r *rand.Rand, horizon float64, seed uint64) {
	c.box(0.8, -5, horizon, 10, 5, rough(tint(r, 80, 160), 9, 30, seed+5))
	left, right := -0.6-1.6*r.Float64(), 0.6+1.6*r.Float64()
	vanish := r.Float64() - 0.5
	c.fill(1, rough(tint(r, 50, 120), 20, 22, seed+6), vec{vanish - 0.1, horizon}, vec{vanish + 0.1, horizon}, vec{right * 1.6, 2.5}, vec{left * 1.6, 2.5})
	for i := range 5 {
		t, u := float64(i)/5, (float64(i)+0.4)/5
		a, b := horizon+(2.2-horizon)*t*t, horizon+(2.2-horizon)*u*u
		c.fill(1, plain([3]float64{225, 225, 215}), vec{vanish - 0.01 - 0.03*t, a}, vec{vanish + 0.01 + 0.03*t, a}, vec{vanish + 0.01 + 0.03*u, b}, vec{vanish - 0.01 - 0.03*u, b})
	}
}

func paintTree(c *canvas, r *rand.Rand, seed uint64) {
	x, y, near := r.Float64()*4-2, -0.9+0.8*r.Float64(), 0.8+0.4*r.Float64()
	c.box(near, x-0.05, y, 0.1, 1.4, rough([3]float64{70, 55, 40}, 30, 30, seed))
	for range 14 {
		leaf := [3]float64{30 + 60*r.Float64(), 70 + 80*r.Float64(), 25 + 40*r.Float64()}
		c.blob(near, x+0.7*(r.Float64()-0.5), y+0.6*(r.Float64()-0.6), 0.1+0.15*r.Float64(), 0.08+0.12*r.Float64(), rough(leaf, 40, 60, seed+uint64(leaf[0])))
	}
}

func paintStall(c *canvas, r *rand.Rand, horizon float64) {
	x, y, w := r.Float64()*3.6-2, horizon-0.1+0.4*r.Float64(), 0.5+0.7*r.Float64()
	c.box(1.1, x, y, w, 0.5, rough(tint(r, 60, 200), 25, 40, uint64(1000*w)))
	a, b := tint(r, 140, 250), tint(r, 40, 160)
	stripes := 6 + 10*r.Float64()
	c.fill(1.1, func(px, _ float64) [3]float64 {
		if math.Mod((px-x+9)*stripes, 2) < 1 {
			return a
		}
		return b
	}, vec{x - 0.1, y}, vec{x + w + 0.1, y}, vec{x + w, y - 0.25}, vec{x, y - 0.25})
	c.box(1.1, x, y-0.5, w, 0.22, plain(tint(r, 30, 230)))
	paintText(c, r, 1.1, x+0.05, y-0.47, w-0.1, 0.16, 1, tint(r, 10, 250))
}

// paintText writes strokes that look like characters from afar.
func paintText(c *canvas, r *rand.Rand, near, x, y, w, size float64, lines int, ink [3]float64) {
	for l := range lines {
		for at := x; at+size <= x+w; at += size * 1.1 {
			for range 5 + r.IntN(4) {
				px, py := at+size*0.9*r.Float64(), y+float64(l)*size*1.5+size*0.9*r.Float64()
				if r.IntN(2) == 0 {
					c.box(near, px-size*0.3, py, size*0.55, size*0.09, plain(ink))
				} else {
					c.box(near, px, py-size*0.3, size*0.09, size*0.55, plain(ink))
				}
			}
		}
	}
}

func paintCar(c *canvas, r *rand.Rand, horizon float64) {
	x, y, s := r.Float64()*4-2.2, horizon+0.1+0.6*r.Float64(), 0.25+0.4*r.Float64()
	body := tint(r, 20, 240)
	c.box(1.2, x, y, s*2, s*0.5, plain(body))
	c.fill(1.2, plain(body), vec{x + s*0.4, y}, vec{x + s*0.6, y - s*0.4}, vec{x + s*1.4, y - s*0.4}, vec{x + s*1.7, y})
	c.box(1.2, x+s*0.65, y-s*0.3, s*0.7, s*0.25, plain([3]float64{50, 60, 70}))
	for _, dx := range []float64{0.4, 1.6} {
		c.blob(1.2, x+s*dx, y+s*0.5, s*0.2, s*0.2, plain([3]float64{25, 25, 25}))
	}
}

// paintLoose heaps up what is to be cleared away.
func paintLoose(c *canvas, r *rand.Rand, x, y float64) {
	for range 25 {
		px, py, s := x+0.9*(r.Float64()-0.5), y+0.4*(r.Float64()-0.5), 0.03+0.09*r.Float64()
		var outline []vec
		for i := range 5 {
			sin, cos := math.Sincos(float64(i)*1.256 + r.Float64())
			outline = append(outline, vec{px + s*cos*(0.5+r.Float64()), py + s*sin*(0.5+r.Float64())})
		}
		c.fill(1.3, plain(tint(r, 20, 250)), outline...)
	}
}

func paintWall(c *canvas, r *rand.Rand, seed uint64) {
	wall := tint(r, 110, 220)
	c.box(0.9, -5, -4, 10, 8, func(x, y float64) [3]float64 {
		n := cloud(x*1.3, y*1.3, seed)*40 + cloud(x*30, y*30, seed+1)*14
		if math.Mod(y+8, 0.22) < 0.015 && seed%12 == 0 {
			n -= 40
		}
		return [3]float64{wall[0] + n, wall[1] + n, wall[2] + n}
	})
	for range 2 + r.IntN(5) {
		x, y, w, h := r.Float64()*3.4-2, r.Float64()*2-1.3, 0.3+0.5*r.Float64(), 0.3+0.5*r.Float64()
		c.box(0.95, x, y, w, h, plain(tint(r, 60, 250)))
		paintText(c, r, 0.95, x+0.03, y+0.05, w-0.06, 0.05+0.05*r.Float64(), 2, tint(r, 0, 130))
	}
	c.box(1, -5, 0.9+0.4*r.Float64(), 10, 3, rough(tint(r, 60, 150), 12, 40, seed+3))
	for range 3 {
		x := r.Float64()*4 - 2
		c.fill(0.92, plain(tint(r, 50, 120)), vec{x, -1.6}, vec{x + 0.02, -1.6}, vec{x + 0.5*r.Float64(), 1}, vec{x + 0.5*r.Float64() - 0.03, 1})
	}
}

func paintNotice(c *canvas, r *rand.Rand, seed uint64) {
	c.box(0.5, -5, -4, 10, 8, rough(tint(r, 90, 200), 5, 60, seed))
	x, y := -1.5-0.2*r.Float64(), -1.1-0.2*r.Float64()
	c.box(1, x, y, 3.1, 2.3, plain([3]float64{238, 236, 228}))
	c.box(1, x, y, 3.1, 0.3, plain([3]float64{190, 40, 35}))
	paintText(c, r, 1, x+0.5, y+0.07, 2, 0.16, 1, [3]float64{245, 225, 120})
	paintText(c, r, 1, x+0.15, y+0.45, 2.7, 0.085, 8+r.IntN(6), [3]float64{40, 40, 45})
	if r.IntN(2) == 0 {
		c.box(1, x+1.8, y+1.3, 1.1, 0.8, rough(tint(r, 60, 200), 8, 120, seed+9))
	}
}

// develop is what lens, light and sensor make of it.
func (c *canvas) develop(r *rand.Rand) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, sceneW, sceneH))
	light := c.view.light
	if light == 0 {
		light = 1
	}
	var planes [3]grey
	for k := range planes {
		planes[k] = shrinkTo(func(y int, line []float32) {
			for x := range line {
				line[x] = c.pix[3*(y*c.w+x)+k]
			}
		}, c.w, c.h, sceneW, sceneH)
	}
	for y := range sceneH {
		for x := range sceneW {
			fx, fy := float64(x)/sceneW-0.5, float64(y)/sceneH-0.5
			gain := light * (1 - 0.35*(fx*fx+fy*fy)) * (1 + c.view.slant*fx)
			grain := (r.Float64() + r.Float64() - 1) * 7
			var v [3]uint8
			for k := range v {
				v[k] = uint8(min(max(float64(planes[k].pix[y*sceneW+x])*gain+grain, 0), 255))
			}
			m.SetRGBA(x, y, color.RGBA{v[0], v[1], v[2], 255})
		}
	}
	return m
}

// alteration is one thing that is done to a photo to hand it in again.
type alteration struct {
	name string
	do   func(tb testing.TB, r *rand.Rand, m image.Image) image.Image
}

var alterations = []alteration{
	{"recompressed", func(tb testing.TB, r *rand.Rand, m image.Image) image.Image {
		tb.Helper()
		return recompress(tb, m, 30+r.IntN(61))
	}},
	{"resized", func(tb testing.TB, r *rand.Rand, m image.Image) image.Image {
		tb.Helper()
		return recompress(tb, imaging.Resize(m, 480+r.IntN(500), 0, imaging.Linear), 80)
	}},
	{"brightened", func(tb testing.TB, r *rand.Rand, m image.Image) image.Image {
		tb.Helper()
		return recompress(tb, imaging.AdjustGamma(imaging.AdjustBrightness(m, 8+14*r.Float64()), 1+0.4*r.Float64()), 80)
	}},
	{"darkened", func(tb testing.TB, r *rand.Rand, m image.Image) image.Image {
		tb.Helper()
		return recompress(tb, imaging.AdjustContrast(imaging.AdjustBrightness(m, -8-14*r.Float64()), 30*r.Float64()-15), 80)
	}},
	{"mirrored", func(tb testing.TB, r *rand.Rand, m image.Image) image.Image {
		tb.Helper()
		return recompress(tb, imaging.FlipH(m), 60+r.IntN(31))
	}},
	{"captioned", func(tb testing.TB, r *rand.Rand, m image.Image) image.Image {
		tb.Helper()
		return recompress(tb, caption(r, m), 80)
	}},
	{"cropped", func(tb testing.TB, r *rand.Rand, m image.Image) image.Image {
		tb.Helper()
		return recompress(tb, crop(r, m), 85)
	}},
	{"cropped, resized and recompressed", func(tb testing.TB, r *rand.Rand, m image.Image) image.Image {
		tb.Helper()
		return recompress(tb, imaging.Resize(crop(r, m), 480+r.IntN(300), 0, imaging.Linear), 35+r.IntN(40))
	}},
}

func recompress(tb testing.TB, m image.Image, quality int) image.Image {
	tb.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}); err != nil {
		tb.Fatal(err)
	}
	again, err := jpeg.Decode(&b)
	if err != nil {
		tb.Fatal(err)
	}
	return again
}

// crop takes up to a tenth off each side.
func crop(r *rand.Rand, m image.Image) image.Image {
	b := m.Bounds()
	w, h := float64(b.Dx()), float64(b.Dy())
	cut := func(full float64) int { return int(full * 0.1 * r.Float64()) }
	return imaging.Crop(m, image.Rect(cut(w), cut(h), b.Dx()-cut(w), b.Dy()-cut(h)))
}

// caption writes time and place on the photo, as cameras for field work do.
func caption(r *rand.Rand, m image.Image) image.Image {
	out := image.NewRGBA(m.Bounds())
	draw.Draw(out, out.Rect, m, m.Bounds().Min, draw.Src)
	w, h := out.Rect.Dx(), out.Rect.Dy()
	band := image.Rect(0, h-h/10-r.IntN(h/12), w, h)
	switch r.IntN(3) {
	case 0:
		draw.Draw(out, band, image.NewUniform(color.RGBA{0, 0, 0, 150}), image.Point{}, draw.Over)
	case 1:
		draw.Draw(out, band, image.White, image.Point{}, draw.Src)
	default:
		band.Max.X = w / 2
	}
	ink := image.NewUniform(color.RGBA{255, uint8(180 + r.IntN(70)), uint8(r.IntN(200)), 255})
	for y := band.Min.Y + 4; y+14 < h; y += 20 {
		for x := band.Min.X + 8; x+14 < band.Max.X*3/4; x += 16 {
			for range 6 {
				px, py := x+r.IntN(10), y+r.IntN(12)
				stroke := image.Rect(px, py, px+8, py+2)
				if r.IntN(2) == 0 {
					stroke = image.Rect(px, py, px+2, py+9)
				}
				draw.Draw(out, stroke, ink, image.Point{}, draw.Src)
			}
		}
	}
	return out
}

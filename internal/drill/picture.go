package drill

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"

	"pinzhi/internal/evidence"
)

// moment is when a photograph is taken.
type moment int

const (
	before moment = iota
	after
)

// picture has a photograph made, of the first cases that there are to be some of. Now and then a unit hands in the
// photograph of before once more, smaller and pressed harder.
func (c *city) picture(m *matter, list *[]evidence.Incoming, when moment) error {
	if when == before {
		if c.painted >= c.Pictures {
			return nil
		}
		c.painted++
		m.scene = c.r.Uint64()
	}
	if m.scene == 0 {
		return nil
	}
	scene, width, quality, name := m.scene, 800, 85, "现场.jpg"
	if when == after {
		scene, name = m.scene+1, "整改后.jpg"
		if c.chance(6) {
			scene, width, quality = m.scene, 640, 60
		}
	}
	photo, err := paint(scene, width, quality)
	if err != nil {
		return err
	}
	in, err := c.evidence.Receive(c.ctx, c.result.Campaign.ID, bytes.NewReader(photo), evidence.Meta{Name: name, DeviceAt: c.now})
	if err != nil {
		return err
	}
	*list = append(*list, in)
	return nil
}

// paint paints a scene: sky, ground, and things on it. The same seed is the same scene.
func paint(seed uint64, width, quality int) ([]byte, error) {
	r := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // the same picture every time
	const w, h = 800, 600
	full := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		shade := uint8(200 - y/5)
		for x := range w {
			full.SetRGBA(x, y, color.RGBA{shade, shade - 10, shade - uint8(y/12), 255})
		}
	}
	for range 60 + r.IntN(40) {
		x, y, dx, dy := r.IntN(w), 150+r.IntN(h-150), 12+r.IntN(90), 10+r.IntN(70)
		c := color.RGBA{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256)), 255} //nolint:gosec // a colour
		for i := y; i < min(y+dy, h); i++ {
			for j := x; j < min(x+dx, w); j++ {
				full.SetRGBA(j, i, c)
			}
		}
	}
	var out image.Image = full
	if width != w {
		small := image.NewRGBA(image.Rect(0, 0, width, width*h/w))
		for y := range width * h / w {
			for x := range width {
				small.SetRGBA(x, y, full.RGBAAt(x*w/width, y*w/width))
			}
		}
		out = small
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, out, &jpeg.Options{Quality: quality})
	return b.Bytes(), err
}

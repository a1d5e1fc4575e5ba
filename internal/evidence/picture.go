package evidence

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	_ "image/jpeg" // JPEG is read through image.Decode
	_ "image/png"  // as is PNG
	"io"

	"pinzhi/internal/kernel"

	"github.com/disintegration/imaging"
	_ "golang.org/x/image/webp" // as is WebP
)

// decodeMemory is how many bytes of decoded pictures the program holds at once: five phone photos, or one of
// 100 megapixels alone. Whoever comes later waits.
const decodeMemory = 512 << 20

// bytesPerPixel is what decoding takes at the worst: a progressive JPEG keeps its coefficients beside its samples.
const bytesPerPixel = 8

// measure reads a picture's size from its header, before anything is decoded.
func measure(r io.ReadSeeker, format Format) (width, height int, err error) {
	if format == "heic" {
		return measureHEIC(r)
	}
	config, _, err := image.DecodeConfig(r)
	return config.Width, config.Height, err
}

// measureHEIC finds the largest image spatial extents (ISO/IEC 23008-12, 6.5.3); 0 where there are none.
func measureHEIC(r io.Reader) (width, height int, err error) {
	head := make([]byte, 64<<10)
	n, err := io.ReadFull(r, head)
	if n == 0 {
		return 0, 0, err
	}
	for rest := head[:n]; ; {
		i := bytes.Index(rest, []byte("ispe"))
		if i < 0 || len(rest) < i+16 {
			return width, height, nil
		}
		w, h := binary.BigEndian.Uint32(rest[i+8:]), binary.BigEndian.Uint32(rest[i+12:])
		if w < 1<<20 && h < 1<<20 && int(w)*int(h) > width*height {
			width, height = int(w), int(h)
		}
		rest = rest[i+16:]
	}
}

// decode reads a picture turned upright, as soon as there is memory for it.
func (s *Service) decode(ctx context.Context, r io.ReadSeeker, pixels int64, orientation int, use func(image.Image) error) (err error) {
	weight := min(pixels*bytesPerPixel, decodeMemory)
	if err := s.memory.Acquire(ctx, weight); err != nil {
		return kernel.E(kernel.Unavailable, "服务器正忙，请稍后再传").Because(err)
	}
	defer s.memory.Release(weight)
	m, _, err := image.Decode(r)
	if err != nil {
		return err
	}
	return use(upright(m, orientation))
}

// upright turns a picture as its EXIF orientation says.
func upright(m image.Image, orientation int) image.Image {
	switch orientation {
	case 2:
		return imaging.FlipH(m)
	case 3:
		return imaging.Rotate180(m)
	case 4:
		return imaging.FlipV(m)
	case 5:
		return imaging.Transpose(m)
	case 6:
		return imaging.Rotate270(m)
	case 7:
		return imaging.Transverse(m)
	case 8:
		return imaging.Rotate90(m)
	}
	return m
}

// sideways reports whether turning upright swaps width and height.
func sideways(orientation int) bool { return orientation >= 5 && orientation <= 8 }

// onWhite puts a picture with transparent parts on white, as paper would show it.
func onWhite(m image.Image) image.Image {
	if o, ok := m.(interface{ Opaque() bool }); ok && o.Opaque() {
		return m
	}
	flat := image.NewRGBA(m.Bounds())
	draw.Draw(flat, flat.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(flat, flat.Rect, m, m.Bounds().Min, draw.Over)
	return flat
}

package evidence

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"pinzhi/internal/kernel"

	"github.com/bep/imagemeta"
)

// exif is what a picture says of itself.
type exif struct {
	orientation int // 1 to 8, 0 unknown
	takenAt     time.Time
	zone        string // +08:00; "" where Shanghai was taken
	place       *Place
}

var exifFormats = map[Format]imagemeta.ImageFormat{
	"jpeg": imagemeta.JPEG, "png": imagemeta.PNG, "webp": imagemeta.WebP, "heic": imagemeta.HEIF,
}

const maxTags = 2000

// readEXIF reads what is wanted of it. A picture with broken EXIF is a picture without.
func readEXIF(r io.ReadSeeker, format Format) (e exif) {
	defer func() {
		if recover() != nil { // foreign bytes, foreign reader
			e = exif{}
		}
	}()
	tags := map[string]any{}
	_, err := imagemeta.Decode(imagemeta.Options{
		R: r, ImageFormat: exifFormats[format], Sources: imagemeta.EXIF, LimitNumTags: maxTags, Timeout: 5 * time.Second,
		ShouldHandleTag: func(t imagemeta.TagInfo) bool { return strings.HasPrefix(t.Namespace, "IFD0") },
		HandleTag: func(t imagemeta.TagInfo) error {
			if _, twice := tags[t.Tag]; !twice {
				tags[t.Tag] = t.Value
			}
			return nil
		},
	})
	if err != nil && !errors.Is(err, imagemeta.ErrStopWalking) && len(tags) == 0 {
		return exif{}
	}
	e.takenAt, e.zone = takenAt(tags)
	e.place = placeIn(tags)
	if o, err := whole(tags["Orientation"]); err == nil && o >= 1 && o <= 8 {
		e.orientation = o
	}
	return e
}

// takenAt reads the instant of exposure. Without OffsetTimeOriginal (EXIF 2.31) it is Shanghai's.
func takenAt(tags map[string]any) (time.Time, string) {
	for _, pair := range [][2]string{{"DateTimeOriginal", "OffsetTimeOriginal"}, {"DateTimeDigitized", "OffsetTimeDigitized"}, {"CreateDate", "OffsetTimeDigitized"}, {"DateTime", "OffsetTime"}, {"ModifyDate", "OffsetTime"}} {
		text, _ := tags[pair[0]].(string)
		at, err := time.ParseInLocation("2006:01:02 15:04:05", strings.TrimRight(text, "\x00 "), kernel.Shanghai)
		if err != nil || at.Year() < 1990 {
			continue
		}
		zone, _ := tags[pair[1]].(string)
		zone = strings.TrimRight(zone, "\x00 ")
		offset, err := time.Parse("-07:00", zone)
		if err != nil {
			return at.UTC(), ""
		}
		_, seconds := offset.Zone()
		local := time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.FixedZone("", seconds))
		return local.UTC(), zone
	}
	return time.Time{}, ""
}

func placeIn(tags map[string]any) *Place {
	lat, okLat := tags["GPSLatitude"].(float64)
	lon, okLon := tags["GPSLongitude"].(float64)
	if !okLat || !okLon {
		return nil
	}
	if ref, _ := tags["GPSLatitudeRef"].(string); strings.HasPrefix(ref, "S") {
		lat = -lat
	}
	if ref, _ := tags["GPSLongitudeRef"].(string); strings.HasPrefix(ref, "W") {
		lon = -lon
	}
	p := Place{lat, lon}
	if !p.valid() {
		return nil
	}
	return &p
}

func whole(v any) (int, error) {
	var n int
	_, err := fmt.Sscan(fmt.Sprint(v), &n)
	return n, err
}

package web

import (
	"encoding/json"
	"math"
	"net/url"
	"os"
	"strings"

	"pinzhi/internal/cases"
	"pinzhi/internal/kernel"
)

// Ground is what the map draws the cases on. Without any of it they stand on a plain ground with a scale.
type Ground struct {
	tiles    string // an address with {z}, {x} and {y}
	origin   string // from where the tiles come, "" for the site itself
	credit   string
	boundary []byte // GeoJSON
	box      cases.Box
}

const maxBoundary = 8 << 20

// NewGround checks the operator's settings: the address of the tiles, whose they are, the file with the boundary.
// It fails with invalid and says what is wrong.
func NewGround(tiles, credit, boundary string) (Ground, error) {
	g := Ground{tiles: tiles, credit: credit}
	if tiles != "" {
		u, err := url.Parse(tiles)
		complete := strings.Contains(tiles, "{z}") && strings.Contains(tiles, "{x}") && strings.Contains(tiles, "{y}")
		switch {
		case err != nil || !complete || strings.ContainsAny(u.Host, "{}*;, '"):
			return g, kernel.E(kernel.Invalid, "底图的地址要写成 https://主机/{z}/{x}/{y}.png，主机里不能有变量，现在是“%s”", tiles)
		case u.Host != "" && (u.Scheme == "https" || u.Scheme == "http"):
			g.origin = u.Scheme + "://" + u.Host
		case u.Host != "" || u.Scheme != "" || !strings.HasPrefix(u.Path, "/"):
			return g, kernel.E(kernel.Invalid, "底图的地址要以 https:// 开头，现在是“%s”", tiles)
		}
	}
	if boundary == "" {
		return g, nil
	}
	content, err := os.ReadFile(boundary)
	if err != nil {
		return g, kernel.E(kernel.Invalid, "读不了界线文件“%s”", boundary).Because(err)
	}
	if len(content) > maxBoundary {
		return g, kernel.E(kernel.TooLarge, "界线文件“%s”超过 %d MB，请先简化", boundary, maxBoundary>>20)
	}
	g.boundary = content
	if g.box, err = boxOf(content); err != nil {
		return g, kernel.E(kernel.Invalid, "界线文件“%s”不是 GeoJSON：要有面或线，坐标是经度、纬度", boundary).Because(err)
	}
	return g, nil
}

// allowed is what the policy's img-src gains.
func (g Ground) allowed() string {
	if g.origin == "" {
		return ""
	}
	return " " + g.origin
}

// shape is any object of GeoJSON (RFC 7946), as far as coordinates are concerned.
type shape struct {
	Type        string  `json:"type"`
	Features    []shape `json:"features"`
	Geometry    *shape  `json:"geometry"`
	Geometries  []shape `json:"geometries"`
	Coordinates any     `json:"coordinates"`
}

// boxOf reads GeoJSON and returns what it covers.
func boxOf(content []byte) (cases.Box, error) {
	var s shape
	if err := json.Unmarshal(content, &s); err != nil {
		return cases.Box{}, err
	}
	b := cases.Box{West: math.Inf(1), South: math.Inf(1), East: math.Inf(-1), North: math.Inf(-1)}
	s.cover(&b)
	return b, b.Check()
}

func (s shape) cover(b *cases.Box) {
	for _, f := range append(s.Features, s.Geometries...) {
		f.cover(b)
	}
	if s.Geometry != nil {
		s.Geometry.cover(b)
	}
	reach(s.Coordinates, b)
}

// reach walks nested coordinates down to the pairs of longitude and latitude.
func reach(coordinates any, b *cases.Box) {
	list, _ := coordinates.([]any)
	if len(list) >= 2 {
		lon, ok1 := list[0].(float64)
		lat, ok2 := list[1].(float64)
		if ok1 && ok2 {
			b.West, b.East = min(b.West, lon), max(b.East, lon)
			b.South, b.North = min(b.South, lat), max(b.North, lat)
			return
		}
	}
	for _, c := range list {
		reach(c, b)
	}
}

package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"pinzhi/internal/cases"
	"pinzhi/internal/kernel"
	"pinzhi/internal/web/views"
)

// mapFilter reads the filter of the map: open cases, unless all are asked for.
func (q *request) mapFilter() cases.Filter {
	f := cases.FilterOf(q.URL.Query())
	f.After, f.Open = "", q.FormValue("all") == ""
	return f
}

// mapPage shows where the cases are. The first list is of everything, so that the page says something without its
// script too.
func mapPage(q *request) error {
	v, err := cases.ViewerFrom(q.view)
	if err != nil {
		return err
	}
	m := views.MapPage{Base: q.base(), Tiles: q.s.Ground.tiles, Credit: q.s.Ground.credit}
	m.Filter = q.mapFilter()
	var w cases.Window
	if m.Placed, w, err = q.s.Cases.Start(q.ctx(), v, m.Filter); err != nil {
		return err
	}
	if q.s.Ground.boundary != nil {
		m.Boundary = q.at("/boundary.json")
	}
	m.Box = q.startBox(m.Placed)
	m.List = q.mapList(w, m.Filter)
	if m.Desks, err = q.desks(v); err != nil {
		return err
	}
	if m.Counts, err = q.stepCounts(v); err != nil {
		return err
	}
	if m.Categories, err = q.categories(); err != nil {
		return err
	}
	return q.page("案件地图", views.MapOfCases(m))
}

// startBox is what the map shows first: all that has a place; else the boundary; else the middle of the country.
func (q *request) startBox(p cases.Placed) cases.Box {
	switch {
	case p.N > 0:
		const edge = 0.004 // some 400 m, so that a single case has surroundings
		return cases.Box{West: max(-180, p.Box.West-edge), South: max(-90, p.Box.South-edge), East: min(180, p.Box.East+edge), North: min(90, p.Box.North+edge)}
	case q.s.Ground.boundary != nil:
		return q.s.Ground.box
	}
	return cases.Box{West: 75, South: 18, East: 132, North: 53}
}

func (q *request) mapList(w cases.Window, f cases.Filter) views.MapList {
	return views.MapList{Base: q.base(), Rows: q.caseRows(w.Rows), N: w.N, Late: w.Late, Open: f.Open}
}

// The answer of map.json is GeoJSON (RFC 7946) with the list beside the map as a member of its own.
type (
	features struct {
		Type     string    `json:"type"`
		Features []feature `json:"features"`
		N        int       `json:"n"`
		Late     int       `json:"late"`
		List     string    `json:"list"`
	}
	feature struct {
		Type       string   `json:"type"`
		ID         int64    `json:"id,omitempty"`
		BBox       []degree `json:"bbox,omitempty"`
		Geometry   geometry `json:"geometry"`
		Properties any      `json:"properties"`
	}
	geometry struct {
		Type        string    `json:"type"`
		Coordinates [2]degree `json:"coordinates"`
	}
	pointSays struct {
		Mark  cases.Mark `json:"mark"`
		Title string     `json:"title"`
	}
	cellSays struct {
		N    int `json:"n"`
		Late int `json:"late"`
	}
)

// degree is written with six decimals: a tenth of a metre.
type degree float64

// MarshalJSON implements json.Marshaler.
func (d degree) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, math.Round(float64(d)*1e6)/1e6, 'f', -1, 64), nil
}

func at(lat, lon float64) geometry {
	return geometry{"Point", [2]degree{degree(lon), degree(lat)}}
}

// mapWindow answers what lies in a part of the ground: single cases, or cells with how many.
func mapWindow(q *request) error {
	v, err := cases.ViewerFrom(q.view)
	if err != nil {
		return err
	}
	box, zoom, err := q.window()
	if err != nil {
		return err
	}
	f := q.mapFilter()
	w, err := q.s.Cases.Window(q.ctx(), v, f, box, zoom)
	if err != nil {
		return err
	}
	var list bytes.Buffer
	if err := views.MapListPart(q.mapList(w, f)).Render(q.ctx(), &list); err != nil {
		return fmt.Errorf("render list of the map: %w", err)
	}
	out := features{Type: "FeatureCollection", Features: make([]feature, 0, len(w.Points)+len(w.Cells)), N: w.N, Late: w.Late, List: list.String()}
	for _, p := range w.Points {
		out.Features = append(out.Features, feature{Type: "Feature", ID: p.ID, Geometry: at(p.Lat, p.Lon), Properties: pointSays{p.Mark, p.Title}})
	}
	for _, c := range w.Cells {
		out.Features = append(out.Features, feature{Type: "Feature", Geometry: at((c.South+c.North)/2, (c.West+c.East)/2), Properties: cellSays{c.N, c.Late},
			BBox: []degree{degree(c.West), degree(c.South), degree(c.East), degree(c.North)}})
	}
	q.w.Header().Set("Content-Type", "application/geo+json")
	q.w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(q.w).Encode(out)
}

// window reads bbox=west,south,east,north and zoom.
func (q *request) window() (b cases.Box, zoom int, err error) {
	parts := strings.Split(q.FormValue("bbox"), ",")
	var n [4]float64
	for i := range n {
		if len(parts) != len(n) {
			return b, 0, (cases.Box{}).Check()
		}
		if n[i], err = strconv.ParseFloat(parts[i], 64); err != nil {
			return b, 0, (cases.Box{}).Check()
		}
	}
	if zoom, err = strconv.Atoi(q.FormValue("zoom")); err != nil {
		return b, 0, kernel.E(kernel.Invalid, "地图的级别要写成整数").On("zoom")
	}
	return cases.Box{West: n[0], South: n[1], East: n[2], North: n[3]}, zoom, nil
}

// mapBoundary serves the operator's boundary to whoever may see the map.
func mapBoundary(q *request) error {
	if _, err := cases.ViewerFrom(q.view); err != nil {
		return err
	}
	if q.s.Ground.boundary == nil {
		return kernel.E(kernel.NotFound, "没有设置界线")
	}
	q.w.Header().Set("Content-Type", "application/geo+json")
	q.w.Header().Set("Cache-Control", "private, max-age=3600")
	_, err := q.w.Write(q.s.Ground.boundary)
	return err
}

// boardPage shows the open cases by step.
func boardPage(q *request) error {
	v, err := cases.ViewerFrom(q.view)
	if err != nil {
		return err
	}
	columns, err := q.s.Cases.Board(q.ctx(), v)
	if err != nil {
		return err
	}
	b := views.Board{Base: q.base()}
	for _, c := range columns {
		b.Columns = append(b.Columns, views.BoardColumn{Column: c, Cards: q.caseRows(c.Rows)})
	}
	if b.Desks, err = q.desks(v); err != nil {
		return err
	}
	return q.page("案件看板", views.BoardOfCases(b))
}

// keepView keeps the filter that the list was narrowed by.
func keepView(q *request) error {
	typed, err := url.ParseQuery(q.FormValue("query"))
	if err != nil {
		typed = nil // what of it can be read is nothing
	}
	f := cases.FilterOf(typed)
	_, err = q.s.Cases.KeepView(q.ctx(), q.view.ID, q.FormValue("name"), f)
	if err == nil {
		return q.seeOther("%s", q.at("/cases?%s", f.Query().Encode()))
	}
	var refusal *kernel.Error
	if errors.As(err, &refusal) && refusal.Code == kernel.Invalid {
		return q.caseList(http.StatusUnprocessableEntity, f, func(l *views.CaseList) { l.ViewError = refusal.Message })
	}
	return err
}

func dropView(q *request) error {
	id, err := q.id("w")
	if err != nil {
		return err
	}
	if err := q.s.Cases.DropView(q.ctx(), q.view.ID, id); err != nil {
		return err
	}
	return q.seeOther("%s", q.at("/cases"))
}

package web

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"time"

	"pinzhi/internal/cases"
	"pinzhi/internal/kernel"
)

// maxExport is the most cases of one spreadsheet: more than people can read, and what spreadsheet programs open at ease.
const maxExport = 100_000

// casesSheet is the list of cases as a spreadsheet: the same filter, the same rights.
func casesSheet(q *request) error {
	v, err := cases.ViewerFrom(q.view)
	if err != nil {
		return err
	}
	s := sheet{name: "案件", title: "案件", pinned: 2, wide: true,
		heads: []string{"编号", "标题", "问题", "来源", "类别", "严重程度", "地点", "县区", "经度", "纬度", "发现时间", "登记时间",
			"环节", "牵头单位", "时限", "轮次", "结果", "结案时间"},
		widths: []float64{13, 28, 48, 10, 14, 9, 30, 10, 11, 11, 17, 17, 9, 22, 17, 6, 14, 17}}
	s.stream = func(add func([]any) error) error {
		n := 0
		return q.s.Cases.Each(q.ctx(), v, q.caseFilter(), func(rows []cases.Row) error {
			if n += len(rows); n > maxExport {
				return kernel.E(kernel.TooLarge, "符合的案件超过 %d 件，一个表格放不下。请先按环节、类别或来源筛选，再分几次导出", maxExport)
			}
			for _, r := range rows {
				if err := add(caseCells(r)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return q.send(s)
}

func caseCells(r cases.Row) []any {
	return []any{r.Number(), r.Title, r.Words, r.Source.Name(), r.Category, r.Severity.Name(), r.Address, r.District, orBlank(r.Lon), orBlank(r.Lat),
		wallClock(r.FoundAt), wallClock(r.RegisteredAt), r.Step.Name(), r.UnitName, wallClock(lastMinute(r.DueAt)), r.Round, r.Outcome.Name(), wallClock(r.ClosedAt)}
}

// wallClock is an instant as the clocks in Shanghai show it, nothing where there is none.
func wallClock(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.In(kernel.Shanghai).Truncate(time.Minute)
}

// lastMinute of a deadline: one at midnight is the end of the day before, and must not stand under the next day.
func lastMinute(t time.Time) time.Time {
	if local := t.In(kernel.Shanghai); !t.IsZero() && local.Hour() == 0 && local.Minute() == 0 {
		return t.Add(-time.Minute)
	}
	return t
}

func orBlank(x *float64) any {
	if x == nil {
		return nil
	}
	return *x
}

// placedCase is a case on the map (RFC 7946).
type placedCase struct {
	Type       string         `json:"type"`
	Geometry   point          `json:"geometry"`
	Properties caseProperties `json:"properties"`
}

type point struct {
	Type        string     `json:"type"`
	Coordinates [2]float64 `json:"coordinates"` // longitude first: RFC 7946, 3.1.1
}

type caseProperties struct {
	Number       string `json:"number"`
	Title        string `json:"title"`
	Step         string `json:"step"`
	Severity     string `json:"severity"`
	Category     string `json:"category"`
	Unit         string `json:"unit"`
	RegisteredAt string `json:"registered_at"`
}

// casesMap is the cases that have coordinates, for map programs: sent in pieces as they are read.
func casesMap(q *request) error {
	v, err := cases.ViewerFrom(q.view)
	if err != nil {
		return err
	}
	f := q.caseFilter()
	f.Placed = true
	out := json.NewEncoder(q.w)
	out.SetEscapeHTML(false)
	begun := false
	begin := func() error {
		begun = true
		h := q.w.Header()
		h.Set("Content-Type", "application/geo+json")
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": fmt.Sprintf("%s案件 %s.geojson", q.view.Name, q.today())}))
		_, err := q.w.Write([]byte(`{"type":"FeatureCollection","features":[` + "\n"))
		return err
	}
	comma := ""
	err = q.s.Cases.Each(q.ctx(), v, f, func(rows []cases.Row) error {
		if !begun {
			if err := begin(); err != nil {
				return err
			}
		}
		for _, r := range rows {
			if _, err := q.w.Write([]byte(comma)); err != nil {
				return err
			}
			comma = ","
			if err := out.Encode(featureOf(r)); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && !begun {
		err = begin()
	}
	if err == nil {
		_, err = q.w.Write([]byte("]}\n"))
	}
	if err != nil && begun {
		q.s.Log.ErrorContext(q.ctx(), "map broke off", "path", q.URL.Path, "err", err)
		panic(http.ErrAbortHandler) // half a map must not look like a whole one
	}
	return err
}

func featureOf(r cases.Row) placedCase {
	return placedCase{"Feature", point{"Point", [2]float64{*r.Lon, *r.Lat}}, caseProperties{Number: r.Number(), Title: r.Title, Step: r.Step.Name(),
		Severity: r.Severity.Name(), Category: r.Category, Unit: r.UnitName, RegisteredAt: r.RegisteredAt.In(kernel.Shanghai).Format(time.RFC3339)}}
}

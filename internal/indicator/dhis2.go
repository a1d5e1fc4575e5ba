package indicator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"
)

// DHIS2's dataValueSets (docs.dhis2.org, Web API, Data values): a data element is an indicator by its code, an
// organisation unit a place by its code, or where it has none by its name. A ratio is two data elements: the numerator
// has .N after the code, the denominator .D; their quotient is an indicator there and no data value. Periods are
// 202307, 2023Q3, 2023S2 and 2023.

// DataValue is one of DHIS2's.
type DataValue struct {
	DataElement string `json:"dataElement"`
	Period      string `json:"period"`
	OrgUnit     string `json:"orgUnit"`
	Value       string `json:"value"`
	StoredBy    string `json:"storedBy,omitempty"`
	Comment     string `json:"comment,omitempty"`
	Deleted     bool   `json:"deleted,omitempty"`
}

// UnmarshalJSON takes the value as a text or as a number: programs send both.
func (v *DataValue) UnmarshalJSON(text []byte) error {
	type bare DataValue
	in := struct {
		*bare

		Value json.RawMessage `json:"value"`
	}{bare: (*bare)(v)}
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	if bytes.HasPrefix(in.Value, []byte(`"`)) {
		return json.Unmarshal(in.Value, &v.Value)
	}
	if v.Value = string(in.Value); v.Value == "null" {
		v.Value = ""
	}
	return nil
}

// dataValueSet is the whole; period and orgUnit stand for all values that name none.
type dataValueSet struct {
	Period     string      `json:"period"`
	OrgUnit    string      `json:"orgUnit"`
	DataValues []DataValue `json:"dataValues"`
}

func readDataValues(content []byte) (set dataValueSet, err error) {
	if len(content) > MaxFile {
		return set, kernel.E(kernel.TooLarge, "文件超过 %d MB，请分成几个文件", MaxFile>>20).On("file")
	}
	if err := json.Unmarshal(content, &set); err != nil {
		return set, kernel.E(kernel.Invalid, "读不出这份 JSON：应是 DHIS2 的 dataValueSets，{\"dataValues\": [{\"dataElement\", \"period\", \"orgUnit\", \"value\"}]}").On("file").Because(err)
	}
	if len(set.DataValues) == 0 {
		return set, kernel.E(kernel.Invalid, "这份 JSON 里没有 dataValues").On("file")
	}
	return set, nil
}

// outside is a period as DHIS2 writes it.
func outside(p report.Period) string {
	return strings.NewReplacer("-", "", "H", "S").Replace(string(p))
}

// inside reads a period of a cadence as DHIS2 writes it.
func inside(c report.Cadence, text string) (report.Period, error) {
	own := text
	switch {
	case c == report.Monthly && len(text) == 6:
		own = text[:4] + "-" + text[4:]
	case c == report.HalfYearly:
		own = strings.Replace(text, "S", "H", 1)
	}
	p, err := report.ParsePeriod(c, own)
	if err != nil {
		return "", kernel.E(kernel.Invalid, "period “%s”不是%s的期，应像 %s", clip(text), c.Name(), outside(report.PeriodOf(c, "2023-07")))
	}
	return p, nil
}

const (
	aboveMark = ".N"
	belowMark = ".D"
)

// dataValues turns a set into entries. A value is named by its place in the set, from 0.
func (m *importing) dataValues(set dataValueSet) {
	type key struct {
		pair

		period report.Period
	}
	at := map[key]int{}
	for n, v := range set.DataValues {
		where := fmt.Sprintf("dataValues[%d]", n)
		i, part, place, p, err := m.meant(set, v)
		if err != nil {
			m.fault(where, v.DataElement, kernel.MessageOf(err))
			continue
		}
		if v.Value == "" {
			continue
		}
		k := key{pair{i.ID, place.ID}, p}
		x, there := at[k]
		if !there {
			x = len(m.entries)
			at[k] = x
			m.entries = append(m.entries, Entry{IndicatorID: i.ID, PlaceID: place.ID, Period: p, Reason: v.Comment, Version: Unseen, At: where})
		}
		e := &m.entries[x]
		into := map[string]*string{"": &e.Value, aboveMark: &e.Numerator, belowMark: &e.Denominator}[part]
		if *into != "" {
			m.fault(where, i.Name, "同一个数写了两次，前一次在 "+e.At)
			continue
		}
		*into = v.Value
	}
}

func (m *importing) meant(set dataValueSet, v DataValue) (i Indicator, part string, place Place, p report.Period, err error) {
	i, part, ok := m.element(v.DataElement)
	if !ok {
		return i, part, place, p, kernel.E(kernel.Invalid, "没有编号为“%s”的指标；有分子分母的要写成 编号.N 和 编号.D", clip(v.DataElement))
	}
	unit := firstOf(v.OrgUnit, set.OrgUnit)
	n := slices.IndexFunc(m.b.places, func(x Place) bool { return unit != "" && (x.Code == unit || x.Name == unit) })
	if n < 0 {
		return i, part, place, p, kernel.E(kernel.Invalid, "没有编码或名称为“%s”的地区", clip(unit))
	}
	if v.Deleted {
		return i, part, place, p, kernel.E(kernel.Invalid, "不收删除：要改就报新的数，旧的留痕")
	}
	p, err = inside(i.Cadence, firstOf(v.Period, set.Period))
	return i, part, m.b.places[n], p, err
}

// element finds the indicator of a data element, and which part of it that is.
func (m *importing) element(name string) (Indicator, string, bool) {
	for _, i := range m.b.indicators {
		parts := []string{""}
		if i.Ratio() {
			parts = []string{aboveMark, belowMark}
		}
		for _, part := range parts {
			if name == i.Code+part {
				return i, part, true
			}
		}
	}
	return Indicator{}, "", false
}

// WriteDataValues writes the approved figures as DHIS2's dataValueSets, indicator after indicator. Of a figure that is
// being changed it is the one that counts.
func (s *Service) WriteDataValues(ctx context.Context, campaignID int64, w io.Writer) error {
	return s.db.Snapshot(ctx, func(tx db.Tx) error {
		b, err := s.open(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, `{"dataValues":[`); err != nil {
			return err
		}
		comma := ""
		put := func(v DataValue) error {
			line, err := json.Marshal(v)
			if err == nil {
				_, err = fmt.Fprintf(w, "%s\n%s", comma, line)
			}
			comma = ","
			return err
		}
		for _, i := range b.indicators {
			if err := b.putValues(ctx, tx, i, put); err != nil {
				return err
			}
		}
		_, err = io.WriteString(w, "\n]}\n")
		return err
	})
}

func (b *book) putValues(ctx context.Context, tx db.Tx, i Indicator, put func(DataValue) error) error {
	list, err := figures(ctx, tx, b.view.ID, i.ID)
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.Counts == nil {
			continue
		}
		place, _ := b.place(r.PlaceID)
		v := DataValue{Period: outside(r.Period), OrgUnit: firstOf(place.Code, place.Name)}
		parts := map[string]*float64{"": r.Counts}
		if i.Ratio() {
			parts = map[string]*float64{aboveMark: r.CountsAbove, belowMark: r.CountsBelow}
		}
		for _, part := range []string{"", aboveMark, belowMark} {
			if x := parts[part]; x != nil {
				v.DataElement, v.Value = i.Code+part, plain(*x)
				if err := put(v); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

package indicator

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"
)

// Imported counts what came of a file.
type Imported struct {
	Added   int // indicators
	Changed int
	Targets int
	Figures Entered
}

// Import takes over a workbook as WriteWorkbook writes it, or DHIS2's dataValueSets as JSON: all of it or nothing. An
// empty cell says nothing; a figure that stands already so is passed over. reason is for what the rules ask about. It
// fails with *RefusedError listing the cells, invalid or too_large for a file that cannot be read.
func (s *Service) Import(ctx context.Context, campaignID int64, name string, content []byte, reason string) (done Imported, err error) {
	if _, err := s.Adopt(ctx, campaignID); err != nil {
		return done, err
	}
	days, err := s.calendar.Days(ctx)
	if err != nil {
		return done, err
	}
	read, err := readFile(content)
	if err != nil {
		return done, err
	}
	how := Entering{Source: clipName(name), Reason: reason}
	err = s.db.Write(ctx, func(tx db.Tx) error {
		b, err := s.open(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		m := &importing{s: s, b: &b, how: how}
		if err := read(ctx, tx, m); err != nil {
			return err
		}
		if len(m.refused.Faults) > 0 {
			return &m.refused
		}
		done = m.done
		if len(m.entries) == 0 {
			return nil
		}
		done.Figures, err = s.enter(ctx, tx, &b, newDueList(days), m.entries, how)
		return err
	})
	return done, err
}

func clipName(name string) string {
	if r := []rune(name); len(r) > longestName {
		return string(r[len(r)-longestName:])
	}
	return name
}

// readFile reads a file before anything is written; what it returns finds in the campaign what the file speaks of.
func readFile(content []byte) (func(context.Context, db.Tx, *importing) error, error) {
	if trimmed := bytes.TrimLeft(content, "\xef\xbb\xbf \t\r\n"); bytes.HasPrefix(trimmed, []byte("{")) {
		set, err := readDataValues(trimmed)
		return func(_ context.Context, _ db.Tx, m *importing) error { m.dataValues(set); return nil }, err
	}
	w, err := ReadWorkbook(content)
	return func(ctx context.Context, tx db.Tx, m *importing) error { return m.workbook(ctx, tx, w) }, err
}

// importing is one Import at work.
type importing struct {
	s       *Service
	b       *book
	how     Entering
	entries []Entry
	refused RefusedError
	done    Imported
}

func (m *importing) fault(at, name, message string) {
	m.refused.add(Fault{Entry: Entry{At: at}, Name: name, Message: message})
}

func (m *importing) workbook(ctx context.Context, tx db.Tx, w Workbook) error {
	known := 0
	for _, kind := range []string{cardSheet, targetSheet} {
		for _, g := range w.sheets {
			if g.name != kind {
				continue
			}
			known++
			if err := m.sheet(ctx, tx, g); err != nil {
				return err
			}
		}
	}
	for _, g := range w.sheets {
		if n := slices.IndexFunc(report.Cadences, func(c report.Cadence) bool { return c.Name() == g.name }); n >= 0 {
			known++
			m.figures(g, report.Cadences[n])
		}
	}
	if known == 0 {
		return kernel.E(kernel.Invalid, "没有认得的工作表。请先导出一份，在里面改：工作表要叫“指标”“目标”“每月”“每季度”“每半年”或“每年”").On("file")
	}
	return nil
}

func (m *importing) sheet(ctx context.Context, tx db.Tx, g grid) error {
	if g.name == cardSheet {
		return m.cards(ctx, tx, g)
	}
	return m.targets(ctx, tx, g)
}

// headWithin is how many rows may stand above the head.
const headWithin = 5

// headOf finds the row that names the columns.
func headOf(g grid, must ...string) (row int, columns map[string]int, ok bool) {
	for n := range min(headWithin, len(g.rows)) {
		columns = map[string]int{}
		for k, c := range g.rows[n] {
			if _, twice := columns[c]; c != "" && !twice {
				columns[c] = k
			}
		}
		if !slices.ContainsFunc(must, func(name string) bool { _, there := columns[name]; return !there }) {
			return n, columns, true
		}
	}
	return 0, nil, false
}

// at is a cell's text; "" beyond the row's end.
func (g grid) at(row int, columns map[string]int, name string) string {
	col, ok := columns[name]
	if !ok || col >= len(g.rows[row]) {
		return ""
	}
	return g.rows[row][col]
}

func (g grid) cell(col, row int) string { return g.name + "!" + cellName(col, row) }

// cards adds and changes indicators. A column that is not there says nothing.
func (m *importing) cards(ctx context.Context, tx db.Tx, g grid) error {
	head, columns, ok := headOf(g, "编号", "名称")
	if !ok {
		m.fault(g.cell(0, 0), "", "前几行里没有“编号”“名称”两列")
		return nil
	}
	for row := head + 1; row < len(g.rows); row++ {
		if !slices.ContainsFunc(g.rows[row], func(c string) bool { return c != "" }) {
			continue
		}
		if err := m.card(ctx, tx, g, row, columns); err != nil {
			return err
		}
	}
	return nil
}

func (m *importing) card(ctx context.Context, tx db.Tx, g grid, row int, columns map[string]int) error {
	code := g.at(row, columns, "编号")
	n := slices.IndexFunc(m.b.indicators, func(i Indicator) bool { return i.Code == code && code != "" })
	in := Input{Direction: AtLeast, Cadence: usualCadence, Jump: plain(usualJump)}
	if n >= 0 {
		in = InputOf(m.b.indicators[n])
	}
	name := g.at(row, columns, "名称")
	for _, c := range cardColumns {
		col, ok := columns[c.name]
		if !ok {
			continue
		}
		if err := c.read(&in, g.at(row, columns, c.name)); err != nil {
			m.fault(g.cell(col, row), name, kernel.MessageOf(err))
			return nil
		}
	}
	var err error
	switch {
	case n < 0:
		if _, err = m.s.add(ctx, tx, m.b, in); err == nil {
			m.done.Added++
		}
	case in != InputOf(m.b.indicators[n]):
		if !MayKeep(m.b.view) {
			err = errKeep
		} else if err = m.s.change(ctx, tx, m.b, m.b.indicators[n], in); err == nil {
			m.done.Changed++
		}
	}
	switch kernel.CodeOf(err) {
	case kernel.Invalid, kernel.Forbidden:
		m.fault(g.cell(max(0, columns[columnOf(err)]), row), name, kernel.MessageOf(err))
		return nil
	}
	return err
}

// columnOf is the column that an error is about; the first where it is about none.
func columnOf(err error) string {
	field := fieldOf(err)
	return map[string]string{"name": "名称", "code": "编号", "definition": "定义", "unit": "单位", "numerator": "分子", "denominator": "分母", "direction": "方向", "classes": "等级",
		"cadence": "多久一次", "first_period": "第一期", "last_period": "最后一期", "summed": "全市由地区汇总", "unit_name": "负责单位", "source": "数据来源",
		"lowest": "可能的下限", "highest": "可能的上限", "low": "通常的下限", "high": "通常的上限", "jump": "跳变提醒%"}[field]
}

func (m *importing) targets(ctx context.Context, tx db.Tx, g grid) error {
	head, columns, ok := headOf(g, "编号", "地区", "年份", "目标")
	if !ok {
		m.fault(g.cell(0, 0), "", "前几行里没有“编号”“地区”“年份”“目标”四列")
		return nil
	}
	for row := head + 1; row < len(g.rows); row++ {
		if g.at(row, columns, "编号") == "" {
			continue
		}
		i, place, ok := m.named(g, row, columns)
		if !ok {
			continue
		}
		year, err := yearIn(g.at(row, columns, "年份"))
		if err != nil {
			m.fault(g.cell(columns["年份"], row), i.Name, kernel.MessageOf(err))
			continue
		}
		text := g.at(row, columns, "目标")
		if text == "" || m.stands(i, place, year, text) {
			continue
		}
		err = errKeep
		if MayKeep(m.b.view) {
			err = m.s.setTarget(ctx, tx, m.b, i, TargetInput{PlaceID: place.ID, Year: year, Value: text})
		}
		switch kernel.CodeOf(err) {
		case kernel.Invalid, kernel.Forbidden:
			m.fault(g.cell(columns["目标"], row), i.Name, kernel.MessageOf(err))
			continue
		}
		if err != nil {
			return err
		}
		m.done.Targets++
	}
	return nil
}

// stands reports whether a target is set so already.
func (m *importing) stands(i Indicator, place Place, year int, text string) bool {
	v, err := i.target(text)
	return err == nil && slices.ContainsFunc(m.b.targets[i.ID], func(t Target) bool { return t.PlaceID == place.ID && t.Year == year && t.Value == v })
}

func yearIn(text string) (int, error) {
	if text == "验收" {
		return 0, nil
	}
	n, err := strconv.Atoi(strings.TrimSuffix(text, "年"))
	if err != nil || n < 1990 || n > 2100 {
		return 0, kernel.E(kernel.Invalid, "“%s”不是年份，应是 2024 这样，或“验收”", clip(text))
	}
	return n, nil
}

// named finds the indicator and the place that a row names; what it does not find is a fault.
func (m *importing) named(g grid, row int, columns map[string]int) (i Indicator, place Place, ok bool) {
	code, name := g.at(row, columns, "编号"), g.at(row, columns, "地区")
	n := slices.IndexFunc(m.b.indicators, func(x Indicator) bool { return x.Code == code })
	if n < 0 {
		m.fault(g.cell(columns["编号"], row), g.at(row, columns, "指标"), fmt.Sprintf("没有编号为“%s”的指标", clip(code)))
		return i, place, false
	}
	i = m.b.indicators[n]
	k := slices.IndexFunc(m.b.places, func(p Place) bool { return p.Name == name || (name == "" && p.Whole) })
	if k < 0 {
		m.fault(g.cell(columns["地区"], row), i.Name, fmt.Sprintf("没有地区“%s”，先在“地区”里添加", clip(name)))
		return i, place, false
	}
	return i, m.b.places[k], true
}

// figures reads a sheet of figures. Of a ratio two rows make a figure; the share is reckoned, not read.
func (m *importing) figures(g grid, c report.Cadence) {
	head, columns, ok := headOf(g, "编号", "地区")
	if !ok {
		m.fault(g.cell(0, 0), "", "前几行里没有“编号”“地区”两列")
		return
	}
	periods := m.periods(g, head, c)
	halves := map[pair]*half{}
	for row := head + 1; row < len(g.rows); row++ {
		if g.at(row, columns, "编号") == "" {
			m.orphans(g, row, columns, periods)
			continue
		}
		i, place, ok := m.named(g, row, columns)
		if !ok {
			continue
		}
		m.row(g, row, g.at(row, columns, "项"), i, place, periods, halves)
	}
	for key, h := range halves {
		if !h.whole {
			i, _ := m.b.indicator(key.indicator)
			m.fault(g.cell(0, h.row), i.Name, "只有分子或只有分母：两行都要有")
		}
	}
}

// periods are the columns that name a period.
func (m *importing) periods(g grid, head int, c report.Cadence) map[int]report.Period {
	out := map[int]report.Period{}
	for col, text := range g.rows[head] {
		if text == "" || slices.Contains(figureHeads, text) || text == "备注" {
			continue
		}
		p, err := report.ParsePeriod(c, text)
		if err != nil {
			m.fault(g.cell(col, head), "", kernel.MessageOf(err))
			continue
		}
		out[col] = p
	}
	return out
}

// orphans tells of figures in a row that names no indicator.
func (m *importing) orphans(g grid, row int, columns map[string]int, periods map[int]report.Period) {
	for col := range periods {
		if col < len(g.rows[row]) && g.rows[row][col] != "" {
			m.fault(g.cell(columns["编号"], row), "", "这一行有数，但没有写编号")
			return
		}
	}
}

// half is the row of a ratio that came first.
type half struct {
	row   int
	what  string
	whole bool
}

func (m *importing) row(g grid, row int, what string, i Indicator, place Place, periods map[int]report.Period, halves map[pair]*half) {
	key := pair{i.ID, place.ID}
	switch {
	case i.Ratio() && what == shareRow:
		return
	case !i.Ratio():
		for col, text := range g.rows[row] {
			if p, ok := periods[col]; ok && text != "" {
				m.entries = append(m.entries, Entry{IndicatorID: i.ID, PlaceID: place.ID, Period: p, Value: text, Version: Unseen, At: g.cell(col, row)})
			}
		}
		return
	case what != numeratorRow && what != denominatorRow:
		m.fault(g.cell(0, row), i.Name, fmt.Sprintf("这项指标要填分子和分母两行，“项”里写的是“%s”", clip(what)))
		return
	}
	h := halves[key]
	if h == nil {
		halves[key] = &half{row: row, what: what}
		return
	}
	if h.whole || h.what == what {
		m.fault(g.cell(0, row), i.Name, place.Name+"的"+what+"写了两行")
		return
	}
	h.whole = true
	above, below := h.row, row
	if what == numeratorRow {
		above, below = row, h.row
	}
	m.ratio(g, above, below, i, place, periods)
}

func (m *importing) ratio(g grid, above, below int, i Indicator, place Place, periods map[int]report.Period) {
	for col, p := range periods {
		n, d := "", ""
		if col < len(g.rows[above]) {
			n = g.rows[above][col]
		}
		if col < len(g.rows[below]) {
			d = g.rows[below][col]
		}
		if n != "" || d != "" {
			m.entries = append(m.entries, Entry{IndicatorID: i.ID, PlaceID: place.ID, Period: p, Numerator: n, Denominator: d, Version: Unseen, At: g.cell(col, above)})
		}
	}
}

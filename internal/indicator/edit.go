package indicator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/report"
)

// Input is an indicator as somebody writes it down: by hand, or as a row of a spreadsheet. Numbers are as typed, "" for
// none.
type Input struct {
	Code, Name, Definition, Unit string
	Numerator, Denominator       string
	Direction                    Direction
	Classes                      string // the best first, 、 or a line between
	Cadence                      report.Cadence
	FirstPeriod, LastPeriod      string
	ByPlace                      bool
	PlacesReport                 bool
	Summed                       bool
	UnitName                     string // who answers for it; a unit of the campaign, or plain words
	Source                       string
	Lowest, Highest, Low, High   string
	Jump                         string
}

// InputOf is an indicator as its form shows it.
func InputOf(i Indicator) Input {
	return Input{Code: i.Code, Name: i.Name, Definition: i.Definition, Unit: i.Unit, Numerator: i.Numerator, Denominator: i.Denominator, Direction: i.Direction,
		Classes: strings.ReplaceAll(i.Classes, "\n", "、"), Cadence: i.Cadence, FirstPeriod: string(i.FirstPeriod), LastPeriod: string(i.LastPeriod),
		ByPlace: i.ByPlace, PlacesReport: i.PlacesReport, Summed: i.Summed, UnitName: i.UnitName, Source: i.Source,
		Lowest: shown(i.Lowest), Highest: shown(i.Highest), Low: shown(i.Low), High: shown(i.High), Jump: plain(i.Jump)}
}

func shown(v *float64) string {
	if v == nil {
		return ""
	}
	return plain(*v)
}

// apply writes an input over an indicator. It fails with invalid on the field that is wrong.
func (in Input) apply(i Indicator) (Indicator, error) {
	i.Code, i.Name, i.Unit, i.UnitName = strings.TrimSpace(in.Code), strings.TrimSpace(in.Name), strings.ReplaceAll(strings.TrimSpace(in.Unit), "％", "%"), strings.TrimSpace(in.UnitName)
	i.Definition, i.Source = strings.TrimSpace(in.Definition), strings.TrimSpace(in.Source)
	i.Numerator, i.Denominator = strings.TrimSpace(in.Numerator), strings.TrimSpace(in.Denominator)
	i.Direction, i.Cadence = in.Direction, in.Cadence
	i.ByPlace, i.PlacesReport, i.Summed = in.ByPlace, in.PlacesReport, in.Summed
	for _, check := range []func(*Indicator) error{in.checkWords, in.checkKind, in.checkClasses, in.checkPeriods, in.checkLimits, in.checkSum} {
		if err := check(&i); err != nil {
			return i, err
		}
	}
	return i, nil
}

const longestText = 2000

func (in Input) checkWords(i *Indicator) error {
	for _, x := range []struct {
		text, field, title string
		most               int
	}{{i.Name, "name", "指标名称", longestName}, {i.Code, "code", "编号", 40}, {i.Unit, "unit", "计量单位", 20}, {i.UnitName, "unit_name", "负责单位", longestName},
		{i.Numerator, "numerator", "分子", longestName}, {i.Denominator, "denominator", "分母", longestName},
		{i.Definition, "definition", "定义", longestText}, {i.Source, "source", "数据来源", longestText}} {
		if len([]rune(x.text)) > x.most {
			return kernel.E(kernel.Invalid, "“%s”最多 %d 字", x.title, x.most).On(x.field)
		}
	}
	if i.Name == "" {
		return kernel.E(kernel.Invalid, "请写指标名称").On("name")
	}
	if strings.ContainsAny(i.Code, " \t\n") {
		return kernel.E(kernel.Invalid, "编号里不能有空格").On("code")
	}
	return nil
}

func (in Input) checkKind(i *Indicator) error {
	if !i.Direction.Known() {
		return kernel.E(kernel.Invalid, "请选方向：不低于、不高于、逐步提高、逐步下降、零发生、等级").On("direction")
	}
	if !i.Cadence.Known() {
		return kernel.E(kernel.Invalid, "请选多久一次：每月、每季度、每半年、每年").On("cadence")
	}
	if (i.Numerator == "") != (i.Denominator == "") {
		return kernel.E(kernel.Invalid, "分子和分母要么都写，要么都不写").On("numerator")
	}
	if i.Ratio() && (i.Direction == Zero || i.Direction == Class) {
		return kernel.E(kernel.Invalid, "“%s”的指标没有分子分母，请把它们去掉", i.Direction.Name()).On("numerator")
	}
	return nil
}

func (in Input) checkClasses(i *Indicator) error {
	i.Classes = ""
	if i.Direction != Class {
		return nil
	}
	var names []string
	for _, name := range strings.FieldsFunc(in.Classes, func(r rune) bool { return strings.ContainsRune("、，,;；\n\r ", r) }) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) < 2 || len(names) > 20 {
		return kernel.E(kernel.Invalid, "请从好到差写出各个等级，用“、”隔开，例如 A级、B级、C级、D级").On("classes")
	}
	i.Classes = strings.Join(names, "\n")
	return nil
}

func (in Input) checkPeriods(i *Indicator) (err error) {
	first, last := strings.TrimSpace(in.FirstPeriod), strings.TrimSpace(in.LastPeriod)
	if i.FirstPeriod, err = periodIn(i.Cadence, first); err != nil {
		return err
	}
	if i.LastPeriod = ""; last == "" {
		return nil
	}
	if i.LastPeriod, err = periodIn(i.Cadence, last); err != nil {
		return kernel.E(kernel.Invalid, "%s", kernel.MessageOf(err)).On("last_period")
	}
	if i.LastPeriod < i.FirstPeriod {
		return kernel.E(kernel.Invalid, "最后一期 %s 在第一期 %s 之前", i.LastPeriod.Name(), i.FirstPeriod.Name()).On("last_period")
	}
	return nil
}

// periodIn reads a period of a cadence, or the one that a month lies in: who changes how often writes 2024-01 again.
func periodIn(c report.Cadence, text string) (report.Period, error) {
	p, err := report.ParsePeriod(c, text)
	if err == nil {
		return p, nil
	}
	for _, other := range report.Cadences {
		if p, otherErr := report.ParsePeriod(other, text); otherErr == nil {
			return report.PeriodOf(c, p.FirstMonth()), nil
		}
	}
	return "", kernel.E(kernel.Invalid, "“%s”不是一期，应像 %s", clip(text), report.PeriodOf(c, "2024-07")).On("first_period")
}

func (in Input) checkLimits(i *Indicator) error {
	for _, x := range []struct {
		text, field, title string
		into               **float64
	}{{in.Lowest, "lowest", "可能的下限", &i.Lowest}, {in.Highest, "highest", "可能的上限", &i.Highest}, {in.Low, "low", "通常的下限", &i.Low}, {in.High, "high", "通常的上限", &i.High}} {
		if *x.into = nil; strings.TrimSpace(x.text) == "" {
			continue
		}
		v, err := number(x.text)
		if err != nil {
			return kernel.E(kernel.Invalid, "%s：%s", x.title, kernel.MessageOf(err)).On(x.field)
		}
		*x.into = &v
	}
	if i.Lowest != nil && i.Highest != nil && *i.Lowest > *i.Highest {
		return kernel.E(kernel.Invalid, "可能的下限 %s 比上限 %s 还大", plain(*i.Lowest), plain(*i.Highest)).On("highest")
	}
	if i.Low != nil && i.High != nil && *i.Low > *i.High {
		return kernel.E(kernel.Invalid, "通常的下限 %s 比上限 %s 还大", plain(*i.Low), plain(*i.High)).On("high")
	}
	i.Jump = 0
	if strings.TrimSpace(in.Jump) == "" {
		return nil
	}
	v, err := number(in.Jump)
	if err != nil || v < 0 {
		return kernel.E(kernel.Invalid, "跳变提醒要填百分之几，例如 50；不提醒填 0").On("jump")
	}
	i.Jump = v
	return nil
}

func (in Input) checkSum(i *Indicator) error {
	if !i.ByPlace {
		i.Summed, i.PlacesReport = false, false
	}
	if !i.Summed {
		return nil
	}
	if i.Direction == Class {
		return kernel.E(kernel.Invalid, "等级不能由各地区相加，请改为全市单独填报").On("summed")
	}
	if !i.Ratio() && (strings.HasPrefix(i.Unit, "%") || strings.HasPrefix(i.Unit, "‰")) {
		return kernel.E(kernel.Invalid, "各地区的百分数不能相加。要由地区汇总，请写出分子和分母，系统按分子之和除以分母之和来算").On("summed")
	}
	return nil
}

// Add adds an indicator by hand and returns its number. It fails with forbidden for all but the office, invalid on the
// field that is wrong.
func (s *Service) Add(ctx context.Context, campaignID int64, in Input) (id int64, err error) {
	err = s.db.Write(ctx, func(tx db.Tx) error {
		b, err := s.open(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		id, err = s.add(ctx, tx, &b, in)
		return err
	})
	return id, err
}

func (s *Service) add(ctx context.Context, tx db.Tx, b *book, in Input) (int64, error) {
	if !MayKeep(b.view) {
		return 0, errKeep
	}
	now := s.clock.Now()
	if strings.TrimSpace(in.Code) == "" {
		in.Code = b.nextCode()
	}
	if strings.TrimSpace(in.FirstPeriod) == "" && in.Cadence.Known() {
		in.FirstPeriod = string(report.PeriodOf(in.Cadence, kernel.DateOf(now).Month()))
	}
	i, err := in.apply(Indicator{CampaignID: b.view.ID, AddedAt: now, AddedName: b.view.Actor.Name})
	if err != nil {
		return 0, err
	}
	if err := b.fits(ctx, tx, &i); err != nil {
		return 0, err
	}
	if err := db.Insert(ctx, tx, &i); err != nil {
		return 0, fmt.Errorf("indicator %s: %w", i.Name, err)
	}
	b.indicators = append(b.indicators, i)
	return i.ID, ledger.Append(ctx, tx, ledger.Event{CampaignID: b.view.ID, At: now, SubjectKind: Kind, SubjectID: i.ID, Verb: "added",
		Data: map[string]any{"name": i.Name, "code": i.Code, "cadence": i.Cadence.Name(), "unit": i.UnitName}})
}

// nextCode is the first of our codes that is free.
func (b *book) nextCode() string {
	for n := len(b.indicators) + 1; ; n++ {
		code := fmt.Sprintf("ZB%03d", n)
		if !slices.ContainsFunc(b.indicators, func(i Indicator) bool { return i.Code == code }) {
			return code
		}
	}
}

// fits finds the unit that answers for an indicator, and sees that its code is its own. A unit that the roster does not
// know stays as words: then the office fills in.
func (b *book) fits(ctx context.Context, tx db.Tx, i *Indicator) error {
	if slices.ContainsFunc(b.indicators, func(x Indicator) bool { return x.ID != i.ID && x.Code == i.Code }) {
		return kernel.E(kernel.Invalid, "编号 %s 已经用在别的指标上", i.Code).On("code")
	}
	i.UnitID = 0
	if i.UnitName == "" {
		return nil
	}
	unit, err := unitCalled(ctx, tx, b.view.ID, i.UnitName)
	if kernel.CodeOf(err) == kernel.Invalid {
		return nil
	}
	i.UnitID = unit
	return err
}

// Change writes an indicator down anew. How often it is measured and whether it is a ratio stay as they are once there
// are figures. It fails with forbidden, invalid, or conflict where somebody was quicker.
func (s *Service) Change(ctx context.Context, campaignID, id int64, revision int, in Input) error {
	return s.db.Write(ctx, func(tx db.Tx) error {
		b, err := s.open(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		was, ok := b.indicator(id)
		if !ok {
			return errNoIndicator
		}
		if !MayKeep(b.view) {
			return errKeep
		}
		if was.Revision != revision {
			return kernel.E(kernel.Conflict, "这项指标刚刚被别人改过，请刷新后再改。你填的还在下面")
		}
		if strings.TrimSpace(in.Code) == "" {
			in.Code = was.Code
		}
		return s.change(ctx, tx, &b, was, in)
	})
}

func (s *Service) change(ctx context.Context, tx db.Tx, b *book, was Indicator, in Input) error {
	is, err := in.apply(was)
	if err != nil {
		return err
	}
	if err := b.fits(ctx, tx, &is); err != nil {
		return err
	}
	if err := keepsFigures(ctx, tx, was, is); err != nil {
		return err
	}
	fields := changed(was, is)
	if len(fields) == 0 {
		return nil
	}
	is.Revision++
	if err := changeIndicator.Exec(ctx, tx, &is); err != nil {
		return fmt.Errorf("indicator %d: %w", is.ID, err)
	}
	b.indicators[slices.IndexFunc(b.indicators, func(i Indicator) bool { return i.ID == is.ID })] = is
	if err := b.redraw(ctx, tx, []int64{is.ID}); err != nil {
		return err
	}
	return ledger.Append(ctx, tx, ledger.Event{CampaignID: b.view.ID, At: s.clock.Now(), SubjectKind: Kind, SubjectID: is.ID, Verb: "changed", Data: map[string]any{"name": is.Name, "fields": fields}})
}

var changeIndicator = db.Change[Indicator]("plan_id", "added_at", "added_name")

// keepsFigures refuses changes that would make figures mean something else.
func keepsFigures(ctx context.Context, tx db.Tx, was, is Indicator) error {
	if was.Cadence == is.Cadence && was.Ratio() == is.Ratio() && was.Classes == is.Classes && was.per() == is.per() {
		return nil
	}
	var one int
	has, err := hasFigures.One(ctx, tx, []any{was.CampaignID, was.ID}, &one)
	if err == nil && has {
		err = kernel.E(kernel.Invalid, "已经有数了，多久一次、有没有分子分母、百分比还是千分比、有哪些等级不能再改。要改就把最后一期填上，另建一项指标").On("cadence")
	}
	return err
}

var hasFigures = db.Prepare("SELECT 1 FROM readings WHERE campaign_id = ? AND indicator_id = ? LIMIT 1")

// changed tells what of an indicator was changed, as the ledger keeps it.
func changed(was, is Indicator) (fields []map[string]string) {
	a, b := InputOf(was), InputOf(is)
	yes := func(v bool) string { return map[bool]string{true: "是", false: "否"}[v] }
	for _, x := range []struct{ field, before, after string }{
		{"编号", a.Code, b.Code}, {"名称", a.Name, b.Name}, {"定义", a.Definition, b.Definition}, {"计量单位", a.Unit, b.Unit}, {"分子", a.Numerator, b.Numerator}, {"分母", a.Denominator, b.Denominator},
		{"方向", was.Direction.Name(), is.Direction.Name()}, {"等级", a.Classes, b.Classes}, {"多久一次", was.Cadence.Name(), is.Cadence.Name()},
		{"第一期", a.FirstPeriod, b.FirstPeriod}, {"最后一期", a.LastPeriod, b.LastPeriod}, {"分地区", yes(a.ByPlace), yes(b.ByPlace)}, {"地区自报", yes(a.PlacesReport), yes(b.PlacesReport)},
		{"全市由地区汇总", yes(a.Summed), yes(b.Summed)}, {"负责单位", a.UnitName, b.UnitName}, {"数据来源", a.Source, b.Source},
		{"可能的下限", a.Lowest, b.Lowest}, {"可能的上限", a.Highest, b.Highest}, {"通常的下限", a.Low, b.Low}, {"通常的上限", a.High, b.High}, {"跳变提醒", a.Jump, b.Jump},
	} {
		if x.before != x.after {
			fields = append(fields, map[string]string{"field": x.field, "before": x.before, "after": x.after})
		}
	}
	return fields
}

// fieldOf is the field that an error is on.
func fieldOf(err error) string {
	if e, ok := errors.AsType[*kernel.Error](err); ok {
		return e.Field
	}
	return ""
}

package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"pinzhi/internal/indicator"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"
)

func figuresPage(q *request) error { return q.figures(views.Figures{}) }

// figures shows what a unit fills in; v holds what a form held that was not taken.
func (q *request) figures(v views.Figures) error {
	unit, _ := strconv.ParseInt(q.FormValue("unit"), 10, 64)
	from, _ := strconv.Atoi(q.FormValue("from"))
	month := kernel.Month("")
	if text := q.FormValue("month"); text != "" {
		p, err := report.ParsePeriod(report.Monthly, text)
		if err != nil {
			return kernel.E(kernel.Invalid, "月份要像 2024-03，现在是“%s”", text)
		}
		month = p.FirstMonth()
	}
	v.Base = q.base()
	var err error
	if v.Grid, err = q.s.Indicators.Grid(q.ctx(), q.view.ID, unit, month, from); err != nil {
		return err
	}
	days, err := q.s.Calendar.Days(q.ctx())
	if err != nil {
		return err
	}
	v.How = []views.HowDue{{Title: "填报期限", Lines: v.Due.Explain(days)}}
	if n, err := strconv.Atoi(q.FormValue("done")); err == nil && n > 0 {
		v.Done = fmt.Sprintf("已提交 %d 个数，等办公室审核。", n)
		if q.FormValue("kept") != "" {
			v.Done = fmt.Sprintf("已保存 %d 个数，还没有提交。", n)
		}
	}
	return q.render(statusFor(v.Problem), "指标填报", views.FiguresPage(v), ui.Crumb{Text: "指标", Href: q.at("/indicators")}, ui.Crumb{Text: "填报"})
}

// figureForm reads the fields of the grid: v, n, d, r and ver, each with indicator:place:period.
func (q *request) figureForm() (entries []indicator.Entry, typed map[string]string) {
	typed = map[string]string{}
	for name := range q.PostForm {
		field, key, ok := strings.Cut(name, ":")
		if !ok {
			continue
		}
		typed[name] = q.PostForm.Get(name)
		parts := strings.Split(key, ":")
		if field != "ver" || len(parts) != 3 {
			continue
		}
		e := indicator.Entry{Period: report.Period(parts[2]), Value: q.PostForm.Get("v:" + key), Numerator: q.PostForm.Get("n:" + key), Denominator: q.PostForm.Get("d:" + key), Reason: q.PostForm.Get("r:" + key)}
		e.IndicatorID, _ = strconv.ParseInt(parts[0], 10, 64)
		e.PlaceID, _ = strconv.ParseInt(parts[1], 10, 64)
		e.Version, _ = strconv.Atoi(q.PostForm.Get(name))
		if len(parts[2]) >= 4 && e.Value+e.Numerator+e.Denominator != "" {
			entries = append(entries, e)
		}
	}
	return entries, typed
}

func enterFigures(q *request) error {
	if err := q.ParseForm(); err != nil {
		return kernel.E(kernel.Invalid, "没有收到完整的表单，请再提交一次").Because(err)
	}
	entries, typed := q.figureForm()
	keep := q.FormValue("do") == "keep"
	done, err := q.s.Indicators.Enter(q.ctx(), q.view.ID, entries, indicator.Entering{Draft: keep})
	problem, ok := figuresRefused(err)
	if err == nil && len(entries) == 0 {
		problem, ok = views.Problem{Message: "一个数都没有填。填好再提交，没有的空着"}, true
	}
	if ok {
		v := views.Figures{Problem: problem, Typed: typed, Faults: map[string]indicator.Fault{}}
		if r, is := errors.AsType[*indicator.RefusedError](err); is {
			for _, f := range r.Faults {
				v.Faults[fmt.Sprintf("%d:%d:%s", f.IndicatorID, f.PlaceID, f.Period)] = f
			}
		}
		return q.figures(v)
	}
	if err != nil {
		return err
	}
	kept := ""
	if keep {
		kept = "&kept=1"
	}
	return q.seeOther("%s", q.at("/figures?unit=%s&month=%s&from=%s&done=%d%s", number(q.FormValue("unit")), number(q.FormValue("month")), number(q.FormValue("from")), done.New+done.Changed, kept))
}

// number keeps of a field what can stand in an address.
func number(text string) string {
	return strings.Map(func(r rune) rune {
		if (r >= '0' && r <= '9') || r == '-' {
			return r
		}
		return -1
	}, text)
}

// figuresRefused is refused for figures: whoever may fill in nothing of it is told as of a form that is not his.
func figuresRefused(err error) (views.Problem, bool) {
	if r, ok := errors.AsType[*indicator.RefusedError](err); ok {
		return views.Problem{Message: r.Error() + faultsIn(r), Field: "figures"}, true
	}
	return refused(err)
}

// faultsIn tells a single fault with the whole.
func faultsIn(r *indicator.RefusedError) string {
	if len(r.Faults) != 1 || r.More > 0 {
		return ""
	}
	return "。" + r.Faults[0].Message
}

// decideFigures approves figures or sends them back.
func decideFigures(q *request) error {
	if err := q.ParseForm(); err != nil {
		return kernel.E(kernel.Invalid, "没有收到完整的表单，请再提交一次").Because(err)
	}
	var seen []indicator.Seen
	ticked := map[int64]bool{}
	for _, text := range q.PostForm["figure"] {
		id, version, _ := strings.Cut(text, ":")
		var x indicator.Seen
		x.ID, _ = strconv.ParseInt(id, 10, 64)
		x.Version, _ = strconv.Atoi(version)
		seen, ticked[x.ID] = append(seen, x), true
	}
	d := indicator.Decision{Approve: q.FormValue("do") == "approve", Question: q.FormValue("question")}
	err := q.s.Indicators.Decide(q.ctx(), q.view.ID, seen, d)
	of, _ := strconv.ParseInt(q.FormValue("indicator"), 10, 64)
	back, _ := strconv.ParseInt(q.FormValue("back"), 10, 64)
	place, _ := strconv.ParseInt(q.FormValue("place"), 10, 64)
	if problem, ok := refused(err); ok {
		if of == 0 {
			return q.figure(back, views.FigurePage{Problem: problem, Question: d.Question})
		}
		return q.indicator(of, place, views.IndicatorPage{Problem: problem, Question: d.Question, Ticked: ticked})
	}
	if err != nil {
		return err
	}
	if of == 0 {
		return q.seeOther("%s", q.at("/figures/%d", back))
	}
	return q.seeOther("%s", q.at("/indicators/%d?place=%d", of, place))
}

func figurePage(q *request) error {
	id, err := q.id("figure")
	if err != nil {
		return err
	}
	return q.figure(id, views.FigurePage{})
}

// figure shows one figure; v holds what a form held that was not taken.
func (q *request) figure(id int64, v views.FigurePage) error {
	v.Base, v.Today = q.base(), q.today()
	var err error
	if v.FigureSeen, err = q.s.Indicators.Figure(q.ctx(), q.view.ID, id); err != nil {
		return err
	}
	if v.Message == "" {
		v.Value, v.Above, v.Below = v.Indicator.Text(v.Reading.Value), plainOf(v.Numerator), plainOf(v.Denominator)
	}
	if v.Timeline, err = q.timeline(indicator.FigureKind, id); err != nil {
		return err
	}
	return q.render(statusFor(v.Problem), v.Period.Name()+v.Indicator.Name, views.FigureView(v), ui.Crumb{Text: "指标", Href: q.at("/indicators")},
		ui.Crumb{Text: v.Indicator.Name})
}

func plainOf(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'f', -1, 64)
}

// correctFigure writes a figure anew: corrects what waits, mends what came back, changes what was approved.
func correctFigure(q *request) error {
	id, err := q.id("figure")
	if err != nil {
		return err
	}
	f, err := q.s.Indicators.Figure(q.ctx(), q.view.ID, id)
	if err != nil {
		return err
	}
	if !f.MayFill {
		return kernel.E(kernel.Forbidden, "这个数由%s填报", f.Reporter)
	}
	e := indicator.Entry{IndicatorID: f.IndicatorID, PlaceID: f.PlaceID, Period: f.Period, Value: q.FormValue("value"), Numerator: q.FormValue("numerator"), Denominator: q.FormValue("denominator"), Reason: q.FormValue("reason")}
	e.Version, _ = strconv.Atoi(q.FormValue("version"))
	done, err := q.s.Indicators.Enter(q.ctx(), q.view.ID, []indicator.Entry{e}, indicator.Entering{})
	problem, ok := figuresRefused(err)
	if err == nil && done.Same > 0 {
		problem, ok = views.Problem{Message: "和现在的数一样，没有改动", Field: "value"}, true
	}
	if ok {
		return q.figure(id, views.FigurePage{Problem: problem, Value: e.Value, Above: e.Numerator, Below: e.Denominator, Reason: e.Reason})
	}
	if err != nil {
		return err
	}
	return q.seeOther("%s", q.at("/figures/%d", id))
}

func importFiguresPage(q *request) error {
	v := views.ImportFigures{Base: q.base()}
	if q.FormValue("done") != "" {
		v.Done = fmt.Sprintf("导入好了：新报 %s 个数，改动 %s 个，%s 个和原来一样；添加指标 %s 项，修改 %s 项，设目标 %s 个。数要等办公室审核。",
			number(q.FormValue("new")), number(q.FormValue("changed")), number(q.FormValue("same")), number(q.FormValue("added")), number(q.FormValue("edited")), number(q.FormValue("targets")))
	}
	return q.importFigures(v)
}

func (q *request) importFigures(v views.ImportFigures) error {
	v.Base = q.base()
	return q.render(statusFor(v.Problem), "指标导入、导出", views.ImportFiguresPage(v), ui.Crumb{Text: "指标", Href: q.at("/indicators")}, ui.Crumb{Text: "导入、导出"})
}

// importFigures takes a workbook or DHIS2's JSON, all of it or nothing. Who fills in nothing may not make us read files.
func importFigures(q *request) error {
	g, err := q.s.Indicators.Grid(q.ctx(), q.view.ID, 0, "", 0)
	if err != nil {
		return err
	}
	if !g.Mine {
		return kernel.E(kernel.Forbidden, "导入由填报指标的单位和领导小组办公室办理")
	}
	name, content, err := q.figuresFile()
	var done indicator.Imported
	if err == nil {
		done, err = q.s.Indicators.Import(q.ctx(), q.view.ID, name, content, q.FormValue("reason"))
	}
	v := views.ImportFigures{Reason: q.FormValue("reason")}
	if r, ok := errors.AsType[*indicator.RefusedError](err); ok {
		v.Faults, v.More = r.Faults, r.More
	}
	if problem, ok := refused(err); ok {
		v.Problem = problem
		return q.importFigures(v)
	}
	if err != nil {
		return err
	}
	n := done.Figures
	return q.seeOther("%s", q.at("/indicators/import?done=1&new=%d&changed=%d&same=%d&added=%d&edited=%d&targets=%d", n.New, n.Changed, n.Same, done.Added, done.Changed, done.Targets))
}

func (q *request) figuresFile() (name string, content []byte, err error) {
	return q.oneFile("file", indicator.MaxFile, "请先选一个 .xlsx 或 .json 文件", "请分成几个文件")
}

func indicatorsSheet(q *request) error {
	return q.download("指标", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", q.s.Indicators.WriteWorkbook)
}

func dataValues(q *request) error {
	return q.download("指标", "json", "application/json", q.s.Indicators.WriteDataValues)
}

// download sends a file of the campaign that is made in memory first, so that a failure is told and no half of it sent.
func (q *request) download(name, ext, kind string, write func(ctx context.Context, campaignID int64, w io.Writer) error) error {
	var b bytes.Buffer
	if err := write(q.ctx(), q.view.ID, &b); err != nil {
		return err
	}
	h := q.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": fmt.Sprintf("%s%s %s.%s", q.view.Name, name, q.today(), ext)}))
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	q.w.WriteHeader(http.StatusOK)
	_, err := q.w.Write(b.Bytes())
	return err
}

package web

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"pinzhi/internal/campaign"
	"pinzhi/internal/plan"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"
)

func planPage(q *request) error {
	version, p, err := q.s.Campaigns.CurrentPlan(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	tasks, err := q.s.Campaigns.Tasks(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	bodies, err := roster.Bodies(q.ctx(), q.s.DB.Reader(), q.view.ID)
	if err != nil {
		return err
	}
	seats, err := roster.SeatsOf(q.ctx(), q.s.DB.Reader(), q.view.ID)
	if err != nil {
		return err
	}
	m := marksOf(&p)
	for _, t := range tasks {
		m.tag(t.LineFrom, "任务", q.at("/tasks/%d", t.ID), "")
	}
	for _, b := range bodies {
		if b.ParentID == 0 {
			m.tag(b.LineFrom, "机构", q.at("/bodies/%d", b.ID), "")
		}
	}
	for _, s := range seats {
		m.tag(s.LineFrom, s.PersonName, q.at("/people/%d", s.PersonID), "")
	}
	for _, f := range p.Findings {
		m.tag(f.Lines[0], "体检", q.at("/checkup"), "find")
	}
	return q.page("方案原文", views.PlanView(q.base(), version, m.lines(strings.Split(version.Source, "\n"))))
}

// marks is what was read from each line.
type marks struct {
	snippets map[int][]ui.Snippet
	tags     map[int][]ui.Tag
}

func (m marks) tag(line int, text, href, class string) {
	if line == 0 {
		return
	}
	for _, t := range m.tags[line] {
		if t.Text == text && t.Href == href {
			return
		}
	}
	m.tags[line] = append(m.tags[line], ui.Tag{Text: text, Href: href, Class: class})
}

// mark marks words wherever they stand in the lines.
func (m marks) mark(lines plan.Lines, words ...string) {
	for n := lines[0]; n > 0 && n <= lines[1]; n++ {
		for _, w := range words {
			if w != "" {
				m.snippets[n] = append(m.snippets[n], ui.Snippet{Text: w, Class: "read"})
			}
		}
	}
}

func (m marks) lines(source []string) []ui.SourceLine {
	out := make([]ui.SourceLine, 0, len(source))
	for i, line := range source {
		if strings.TrimSpace(line) == "" {
			continue
		}
		out = append(out, ui.SourceLine{N: i + 1, Parts: ui.CutLine(line, m.snippets[i+1]), Tags: m.tags[i+1]})
	}
	return out
}

// marksOf marks the names of what was read: headings, tasks, units, people, bodies, targets, dates.
func marksOf(p *plan.Plan) marks {
	m := marks{snippets: map[int][]ui.Snippet{}, tags: map[int][]ui.Tag{}}
	for _, a := range p.Actions {
		m.mark(a.Lines, a.Name)
	}
	for _, t := range p.Tasks {
		m.mark(t.Lines, t.Name)
		m.mark(t.Lines, t.LeadUnits...)
		m.mark(t.Lines, t.SupportUnits...)
	}
	for _, ph := range p.Phases {
		m.mark(ph.Lines, ph.Name)
	}
	for _, b := range p.Bodies {
		m.mark(plan.Lines{b.Lines[0], b.Lines[0]}, b.Name)
		for _, a := range b.Appointments {
			m.mark(a.Lines, a.Name, spaced(a.Name), a.Post)
		}
	}
	for _, o := range p.Obligations {
		m.mark(o.Lines, o.What)
	}
	for _, l := range p.Limits {
		n := strconv.Itoa(l.N)
		m.mark(l.Lines, n+"个工作日", n+" 个工作日", n+"日内", n+"天内", n+"小时", n+"日整改")
	}
	for _, i := range p.Indicators {
		m.mark(i.Lines, i.Value+i.Unit, i.Value+" "+i.Unit)
	}
	return m
}

// spaced is a two-character name as rosters print it: 王　渊.
func spaced(name string) string {
	r := []rune(name)
	if len(r) != 2 {
		return ""
	}
	return string(r[0]) + " " + string(r[1])
}

func planFile(q *request) error {
	name, content, err := q.s.Campaigns.OriginalPlan(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	// Never as a page: a file that somebody handed in must not run in our name.
	h := q.w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("Content-Length", strconv.Itoa(len(content)))
	q.w.WriteHeader(http.StatusOK)
	_, err = q.w.Write(content)
	return err
}

func searchPage(q *request) error {
	query := strings.TrimSpace(q.FormValue("q"))
	rows, err := q.s.Campaigns.Search(q.ctx(), q.view.ID, query)
	if err != nil {
		return err
	}
	duties, err := roster.DutiesOf(q.ctx(), q.s.DB.Reader(), q.view.ID)
	if err != nil {
		return err
	}
	bodyOfDuty := map[int64]int64{}
	for _, d := range duties {
		bodyOfDuty[d.ID] = d.BodyID
	}
	out := make([]views.SearchRow, 0, len(rows))
	for _, r := range rows {
		out = append(out, views.SearchRow{SearchEntry: r, Href: q.found(r, bodyOfDuty),
			Title: ui.CutLine(views.TitleOf(r.Title, r.Detail, views.KindName(r.Kind)), []ui.Snippet{{Text: query, Class: "read"}}), Parts: excerpt(r.Detail, query)})
	}
	return q.page("查找", views.SearchPage(q.base(), query, out))
}

func (q *request) found(r campaign.SearchEntry, bodyOfDuty map[int64]int64) string {
	switch r.Kind {
	case "person":
		return q.at("/people/%d", r.SubjectID)
	case "unit":
		return q.at("/units/%d", r.SubjectID)
	case "body":
		return q.at("/bodies/%d", r.SubjectID)
	case "task":
		return q.at("/tasks/%d", r.SubjectID)
	case "action":
		return q.at("/tasks#a%d", r.SubjectID)
	case "duty":
		return q.at("/bodies/%d#duty%d", bodyOfDuty[r.SubjectID], r.SubjectID)
	}
	return q.at("")
}

// excerpt is the part of a text around the first place that holds the query, with it marked.
func excerpt(text, query string) []ui.Part {
	const around = 30
	runes := []rune(text)
	at := strings.Index(text, query)
	if query == "" || at < 0 {
		if len(runes) > 2*around {
			return []ui.Part{{Text: string(runes[:2*around]) + "…"}}
		}
		return []ui.Part{{Text: text}}
	}
	from := len([]rune(text[:at]))
	to := from + len([]rune(query))
	start, end := max(0, from-around), min(len(runes), to+around)
	before, after := string(runes[start:from]), string(runes[to:end])
	if start > 0 {
		before = "…" + before
	}
	if end < len(runes) {
		after += "…"
	}
	return []ui.Part{{Text: before}, {Text: query, Mark: "read"}, {Text: after}}
}

package report

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
)

// PartSpec is one field of a report: a figure or a text, and how it is filled in from what the system knows.
type PartSpec struct {
	Key    string
	Title  string
	Figure bool
	Hint   string
	// known is what the system knows; nil for a field that only people can fill.
	known func(k knowledge) string

	work campaign.WorkFigure // the work items behind it, or
	of   cases.Figure        // the cases
}

func ofCases(key, title string, f cases.Figure) PartSpec {
	return PartSpec{Key: key, Title: title, Figure: true, of: f, known: func(k knowledge) string {
		if k.cases == nil {
			return ""
		}
		return strconv.Itoa(k.cases[f])
	}}
}

// Filled reports whether the system fills the field in.
func (p PartSpec) Filled() bool { return p.known != nil }

// knowledge is what the system knows of a reporter's period.
type knowledge struct {
	period Period
	work   campaign.WorkDone
	cases  map[cases.Figure]int // nil where the reporter is known by name only
	months []monthly            // of a longer period: what was reported month by month
}

// monthly is what a reporter filed for one month.
type monthly struct {
	period Period
	parts  map[string]string
}

// Parts are the fields of a report, in order: what is done, what is late, what comes, what stands in the way. The
// figures lead to the rows behind them; the texts are a draft that the reporter makes his own.
var Parts = []PartSpec{
	{Key: "done", Title: "本期完成工作项", Figure: true, work: campaign.WorkFinished, known: func(k knowledge) string { return strconv.Itoa(k.work.Done) }},
	{Key: "running", Title: "期末在办工作项", Figure: true, work: campaign.WorkRunning, known: func(k knowledge) string { return strconv.Itoa(k.work.Running) }},
	{Key: "late", Title: "期末逾期工作项", Figure: true, work: campaign.WorkOverdue, known: func(k knowledge) string { return strconv.Itoa(k.work.Late) }},
	{Key: "milestones", Title: "本期完成节点", Figure: true, known: func(k knowledge) string { return strconv.Itoa(k.work.Milestones) }},
	{Key: "next_due", Title: "下期到期工作项", Figure: true, work: campaign.WorkNext, known: func(k knowledge) string { return strconv.Itoa(k.work.Next) }},
	ofCases("cases_taken", "本期派来案件", cases.Taken),
	ofCases("cases_closed", "本期结案案件", cases.Finished),
	ofCases("cases_open", "期末在办案件", cases.Standing),
	ofCases("cases_late", "期末逾期案件", cases.Overdue),
	{Key: "progress", Title: "工作进展", Hint: "做成了什么，写结果", known: knowledge.progress},
	{Key: "problems", Title: "存在问题", Hint: "没有就写“无”", known: knowledge.problems},
	{Key: "next", Title: "下步打算", known: knowledge.next},
	{Key: "coordinate", Title: "需要协调的事项", Hint: "写清要哪个单位做什么；没有可以不写"},
}

func partSpec(key string) (PartSpec, bool) {
	for _, p := range Parts {
		if p.Key == key {
			return p, true
		}
	}
	return PartSpec{}, false
}

// progress is what was finished; of a longer period, what the months said.
func (k knowledge) progress() string {
	if text := k.joined("progress"); text != "" {
		return text
	}
	return listed(k.work.DoneRows, k.work.Done, func(w campaign.ItemRow) string {
		if note := strings.TrimRight(w.DoneNote, "。"); note != "" {
			return w.Title + "：" + note
		}
		return w.Title
	}, "本期没有办结的工作项。")
}

func (k knowledge) problems() string {
	if text := k.joined("problems"); text != "" {
		return text
	}
	return listed(k.work.LateRows, k.work.Late, func(w campaign.ItemRow) string { return w.Title + "（应于 " + w.DueDay.Chinese() + "完成）" }, "无。")
}

func (k knowledge) next() string {
	return listed(k.work.NextRows, k.work.Next, func(w campaign.ItemRow) string { return w.DueDay.Chinese() + "前：" + w.Title }, "继续推进在办工作。")
}

// joined puts together what the months said of a field, each under its name.
func (k knowledge) joined(key string) string {
	var b strings.Builder
	for _, m := range k.months {
		if text := strings.TrimSpace(m.parts[key]); text != "" {
			fmt.Fprintf(&b, "%s：\n%s\n", m.period.Name(), text)
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// listed numbers rows line by line, and says how many more there are.
func listed(rows []campaign.ItemRow, n int, line func(campaign.ItemRow) string, none string) string {
	if len(rows) == 0 {
		return none
	}
	var b strings.Builder
	for i, w := range rows {
		fmt.Fprintf(&b, "%d. %s；\n", i+1, line(w))
	}
	text := strings.TrimSuffix(b.String(), "；\n") + "。"
	if n > len(rows) {
		text += fmt.Sprintf("\n等共 %d 项。", n)
	}
	return text
}

// Part is one field of a filing as it was written down.
type Part struct {
	bun.BaseModel `bun:"table:filing_parts,alias:fp"`

	CampaignID int64  `bun:",pk"`
	FilingID   int64  `bun:",pk"`
	Part       string `bun:",pk"`
	Known      string
	KnownAt    time.Time
	Value      string
	Reason     string
	Question   string
}

// Differs reports whether something else was reported than the system knew.
func (p Part) Differs() bool { return p.Value != p.Known }

func whoseOf(r Reporter) cases.Whose { return cases.Whose{UnitID: r.UnitID, BodyID: r.BodyID} }

// know reads what the system knows of a reporter's period.
func (s *Service) know(ctx context.Context, tx db.Tx, o Obligation, r Reporter, p Period) (k knowledge, err error) {
	k.period = p
	scope, err := scopeOf(ctx, tx, r)
	if err != nil {
		return k, err
	}
	if k.work, err = s.campaigns.WorkWithin(ctx, tx, r.CampaignID, scope, p.work()); err != nil {
		return k, err
	}
	if w := whoseOf(r); w.Known() {
		if k.cases, err = cases.CountWithin(ctx, tx, r.CampaignID, w, p.First(), p.Last()); err != nil {
			return k, err
		}
	}
	if p.Cadence() != Monthly {
		k.months, err = monthsOf(ctx, tx, o, r, p)
	}
	return k, err
}

// monthsOf are the monthly filings of the same reporter within a period that reached the office.
func monthsOf(ctx context.Context, tx db.Tx, o Obligation, r Reporter, p Period) (list []monthly, err error) {
	var rows []struct {
		Period Period
		Part   string
		Value  string
	}
	err = tx.NewRaw(`SELECT f.period, fp.part, fp.value FROM filings f
		JOIN report_obligations ro ON ro.campaign_id = f.campaign_id AND ro.id = f.obligation_id
		JOIN reporters rp ON rp.campaign_id = f.campaign_id AND rp.id = f.reporter_id
		JOIN filing_parts fp ON fp.campaign_id = f.campaign_id AND fp.filing_id = f.id
		WHERE f.campaign_id = ? AND ro.cadence = ? AND ro.kind = ? AND rp.body_id = ? AND rp.unit_id = ? AND f.period >= ? AND f.period <= ? AND f.approved_at IS NOT NULL
		ORDER BY f.period`, o.CampaignID, Monthly, ToFile, r.BodyID, r.UnitID, string(p.FirstMonth()), string(p.LastMonth())).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("months of %s: %w", p, err)
	}
	for _, x := range rows {
		if len(list) == 0 || list[len(list)-1].period != x.Period {
			list = append(list, monthly{x.Period, map[string]string{}})
		}
		list[len(list)-1].parts[x.Part] = x.Value
	}
	return list, nil
}

var errFigure = kernel.E(kernel.Invalid, "请填整数")

package web

import (
	"fmt"

	"pinzhi/internal/access"
	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/plan"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/views"
)

// home is the list of campaigns; whoever sees only one goes straight to it.
func home(q *request) error {
	rows, err := q.s.Campaigns.Visible(q.ctx())
	if err != nil {
		return err
	}
	mayOpen := access.Allowed(q.actor, access.SetUpSystem)
	if len(rows) == 1 && !mayOpen {
		return q.seeOther("/c/%d", rows[0].ID)
	}
	return q.page("全部行动", views.CampaignsPage(rows, mayOpen))
}

func overviewPage(q *request) error {
	tx, svc, id := q.s.DB.Reader(), q.s.Campaigns, q.view.ID
	bodies, err := roster.Bodies(q.ctx(), tx, id)
	if err != nil {
		return err
	}
	tree, err := q.tree(bodies)
	if err != nil {
		return err
	}
	v := views.Overview{Base: q.base(), Campaign: q.view.Campaign, Actions: tree, Today: q.today()}
	countWork(&v)
	for _, b := range bodies {
		v.Duties += b.Duties
		if hasPeople(b) {
			v.Bodies++
		}
	}
	if v.People, v.Seats, err = roster.Headcount(q.ctx(), tx, id); err != nil {
		return err
	}
	phases, err := svc.Phases(q.ctx(), id)
	if err != nil {
		return err
	}
	v.Phases = phaseViews(phases, q.today())
	findings, err := svc.Findings(q.ctx(), id)
	if err != nil {
		return err
	}
	v.Findings, v.Open = asking(findings), unanswered(findings)
	if v.Due, err = svc.FirstDue(q.ctx(), id, 8); err != nil {
		return err
	}
	recent, err := ledger.Timeline(q.ctx(), tx, id, "campaign", id, 0, 8)
	if err != nil {
		return err
	}
	v.Recent = q.entries(recent)
	return q.page("总览", views.OverviewPage(v))
}

func (q *request) base() views.Base { return views.Base(fmt.Sprintf("/c/%d", q.view.ID)) }

// countWork sums the work of all tasks. A task is on time when it has work and none of it is late.
func countWork(v *views.Overview) {
	for _, a := range v.Actions {
		for _, t := range a.Tasks {
			v.Tasks++
			if t.Progress.Total > 0 {
				v.Broken++
				if t.Progress.Late == 0 {
					v.OnTime++
				}
			}
		}
		v.Items = v.Items.Plus(a.Progress)
	}
}

// asking counts the findings that want an answer: what the reader mended wants none.
func asking(findings []campaign.Finding) int {
	n := 0
	for _, f := range findings {
		if plan.Asks(f.Severity) {
			n++
		}
	}
	return n
}

func unanswered(findings []campaign.Finding) int {
	n := 0
	for _, f := range findings {
		if f.Answer == "" && plan.Asks(f.Severity) {
			n++
		}
	}
	return n
}

func phasesPage(q *request) error {
	phases, err := q.s.Campaigns.Phases(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	return q.page("阶段", views.PhasesPage(q.base(), phaseViews(phases, q.today()), q.today().Chinese()))
}

func measuresPage(q *request) error {
	svc, id := q.s.Campaigns, q.view.ID
	obligations, err := svc.Obligations(q.ctx(), id)
	if err != nil {
		return err
	}
	indicators, err := svc.Indicators(q.ctx(), id)
	if err != nil {
		return err
	}
	tasks, err := svc.Tasks(q.ctx(), id)
	if err != nil {
		return err
	}
	byID := map[int64]campaign.Task{}
	for _, t := range tasks {
		byID[t.ID] = t
	}
	rows := make([]views.MeasureRow, 0, len(indicators))
	for _, i := range indicators {
		from, href := indicatorFrom(q.base(), i, byID)
		rows = append(rows, views.MeasureRow{Indicator: i, From: from, Href: href})
	}
	return q.page("方案要求", views.MeasuresPage(q.base(), obligations, rows))
}

func checkupPage(q *request) error {
	findings, err := q.s.Campaigns.Findings(q.ctx(), q.view.ID)
	if err != nil {
		return err
	}
	return q.page("方案体检", views.CheckupPage(q.base(), findings, q.view.MayRevise()))
}

func answerFinding(q *request) error {
	id, err := q.id("f")
	if err != nil {
		return err
	}
	if err := q.s.Campaigns.AnswerFinding(q.ctx(), q.view.ID, id, q.FormValue("answer")); err != nil {
		return err
	}
	return q.seeOther("%s", q.at("/checkup"))
}

// ledgerPage is how many events one page of a ledger shows.
const ledgerPage = 100

func campaignLedgerPage(q *request) error {
	rows, err := q.recent()
	if err != nil {
		return err
	}
	return q.page("流水", views.LedgerPage("流水", q.ledgerRows(q.base(), rows), olderThan(q.at("/ledger"), rows)))
}

func olderThan(path string, rows []ledger.Record) string {
	if len(rows) < ledgerPage {
		return ""
	}
	return fmt.Sprintf("%s?before=%d", path, rows[len(rows)-1].ID)
}

// before is the key of the last event of the page before.
func (q *request) before() int64 {
	var id int64
	if _, err := fmt.Sscanf(q.FormValue("before"), "%d", &id); err != nil {
		return 0
	}
	return id
}

// recent is what happened in the campaign, as far as the reader may know of it: cases of other units do not exist for
// a unit, and none for the three administrators.
func (q *request) recent() ([]ledger.Record, error) {
	v, err := cases.ViewerFrom(q.view)
	if err == nil && v.SeesAll() {
		return ledger.Recent(q.ctx(), q.s.DB.Reader(), q.view.ID, q.before(), ledgerPage)
	}
	if err != nil && kernel.CodeOf(err) != kernel.Forbidden {
		return nil, err
	}
	return ledger.RecentExcept(q.ctx(), q.s.DB.Reader(), q.view.ID, q.before(), ledgerPage, cases.Kind, cases.OrderKind)
}

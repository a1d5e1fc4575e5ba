package web

import (
	"fmt"
	"slices"
	"strings"

	"pinzhi/internal/cases"
	"pinzhi/internal/kernel"
	"pinzhi/internal/web/views/ui"
)

// shell is what surrounds a page: the rail of the campaign, or of the whole system.
func (q *request) shell(title string, crumbs []ui.Crumb) ui.Shell {
	s := ui.Shell{Title: title, Crumbs: crumbs, Assets: q.s.files.prefix, Who: q.actor.Name, Account: q.actor.AccountID}
	if !q.actor.Known() {
		s.Who = ""
		return s
	}
	s.Where = "今天是 " + q.today().Chinese()
	if q.view.ID != 0 {
		q.campaignShell(&s)
	}
	s.Warn = q.missingYears()
	q.bell(&s)
	s.Nav = append(s.Nav, q.systemNav())
	for i := range s.Nav {
		for j := range s.Nav[i] {
			s.Nav[i][j].Here = q.here(s.Nav[i][j].Href)
		}
	}
	return s
}

func (q *request) campaignShell(s *ui.Shell) {
	c := q.view.Campaign
	s.Brand, s.Drill = c.Name, c.Drill
	s.Search, s.Query = q.at("/search"), q.FormValue("q")
	if strings.HasSuffix(q.URL.Path, "/gantt") || strings.HasSuffix(q.URL.Path, "/matrix") {
		s.Print = "wide"
	}
	s.Nav = []ui.NavGroup{
		{
			{Icon: "overview", Text: "总览", Href: q.at("")}, {Icon: "tasks", Text: "任务", Href: q.at("/tasks")},
			{Icon: "gantt", Text: "时间表", Href: q.at("/gantt")}, {Icon: "calendar", Text: "日历", Href: q.at("/calendar")}, {Icon: "reports", Text: "报送", Href: q.at("/reports")}, {Icon: "indicators", Text: "指标", Href: q.at("/indicators")},
			{Icon: "measures", Text: "方案要求", Href: q.at("/measures")},
			{Icon: "phases", Text: "阶段", Href: q.at("/phases")},
		},
		{
			{Icon: "bodies", Text: "机构", Href: q.at("/bodies")}, {Icon: "people", Text: "人员", Href: q.at("/people")},
			{Icon: "units", Text: "单位", Href: q.at("/units")}, {Icon: "matrix", Text: "任职一览", Href: q.at("/matrix")},
		},
		{
			{Icon: "plan", Text: "方案原文", Href: q.at("/plan")}, {Icon: "checkup", Text: "方案体检", Href: q.at("/checkup")},
			{Icon: "ledger", Text: "流水", Href: q.at("/ledger")},
		},
	}
	if q.URL.Path == q.at("/map") {
		s.Bundle = "map"
	}
	if strings.HasPrefix(q.URL.Path, q.at("/forms/")) && strings.HasSuffix(q.URL.Path, "/fill") {
		s.Bundle = "fill"
	}
	q.casesInRail(s)
	if q.actor.Admin == kernel.NoAdmin {
		at := slices.IndexFunc(s.Nav[0], func(x ui.NavItem) bool { return x.Icon == "reports" })
		s.Nav[0] = slices.Insert(s.Nav[0], at+1, ui.NavItem{Icon: "forms", Text: "表单", Href: q.at("/forms")})
	}
	q.countInRail(s)
	if q.view.MayRevise() {
		s.Nav[2] = append(s.Nav[2], ui.NavItem{Icon: "revise", Text: "修订方案", Href: q.at("/drafts")})
	}
}

// countInRail says in the rail what waits: work that is late, findings without an answer.
// A page is worth more than its counts: where they cannot be read, they are left out.
func (q *request) countInRail(s *ui.Shell) {
	waiting, err := q.s.Campaigns.WaitingOn(q.ctx(), q.view.ID, q.today())
	if err != nil {
		q.s.Log.WarnContext(q.ctx(), "rail", "err", err)
		return
	}
	if waiting.LateTasks > 0 {
		tasks := &s.Nav[0][1]
		tasks.Count, tasks.Of, tasks.Late = itoa(waiting.LateTasks), " 项任务有逾期", true
	}
	if waiting.OpenFindings > 0 {
		checkup := &s.Nav[2][1]
		checkup.Count, checkup.Of = itoa(waiting.OpenFindings), " 条未答复"
	}
}

func (q *request) systemNav() ui.NavGroup {
	nav := ui.NavGroup{{Icon: "campaigns", Text: "全部行动", Href: "/"}}
	switch q.actor.Admin {
	case kernel.SystemAdmin:
		nav = append(nav, ui.NavItem{Icon: "import", Text: "导入方案", Href: "/drafts"}, ui.NavItem{Icon: "accounts", Text: "账号", Href: "/accounts"},
			ui.NavItem{Icon: "gantt", Text: "放假安排", Href: "/calendar"}, q.deliveriesItem())
	case kernel.SecurityAdmin:
		nav = append(nav, ui.NavItem{Icon: "accounts", Text: "账号与权限", Href: "/accounts"})
	case kernel.AuditAdmin:
		nav = append(nav, ui.NavItem{Icon: "log", Text: "系统日志", Href: "/log"})
	case kernel.NoAdmin:
		nav = append(nav, ui.NavItem{Icon: "bell", Text: "收件箱", Href: "/inbox"})
	}
	return append(nav, ui.NavItem{Icon: "key", Text: "我的账号", Href: "/me"})
}

// deliveriesItem leads to the messages, and counts those that were given up lately.
func (q *request) deliveriesItem() ui.NavItem {
	item := ui.NavItem{Icon: "bell", Text: "通知发送", Href: "/deliveries"}
	if n, err := q.s.Notify.FailedLately(q.ctx()); err != nil {
		q.s.Log.WarnContext(q.ctx(), "rail", "err", err)
	} else if n > 0 {
		item.Count, item.Of, item.Late = itoa(n), " 条没有发出", true
	}
	return item
}

// casesInRail puts cases and orders after the tasks, for who deals with them: the three administrators do not.
func (q *request) casesInRail(s *ui.Shell) {
	if q.actor.Admin != kernel.NoAdmin {
		return
	}
	item := ui.NavItem{Icon: "cases", Text: "案件", Href: q.at("/cases")}
	v, err := cases.ViewerFrom(q.view)
	if err != nil {
		return
	}
	waiting, err := q.s.Cases.WaitingAt(q.ctx(), v)
	if err != nil {
		q.s.Log.WarnContext(q.ctx(), "rail", "err", err)
	}
	if len(waiting) > 0 {
		item.Href = q.at("/desk/%s", waiting[0].Hand)
		n, late := 0, 0
		for _, w := range waiting {
			n, late = n+w.N, late+w.Late
		}
		switch {
		case late > 0:
			item.Count, item.Of, item.Late = itoa(late), " 件逾期", true
		case n > 0:
			item.Count, item.Of = itoa(n), " 件待办"
		}
	}
	s.Nav[0] = slices.Insert(s.Nav[0], 2, item, ui.NavItem{Icon: "orders", Text: "督办单", Href: q.at("/orders")})
	if slices.Contains(v.Desks(), cases.Verifier) { // whoever goes out and looks
		s.Nav[0] = slices.Insert(s.Nav[0], 4, ui.NavItem{Icon: "field", Text: "外业（手机）", Href: q.base().Field()})
	}
}

// missingYears warns of a year without a holiday table: every deadline in it is only assumed.
func (q *request) missingYears() string {
	if q.URL.Path == "/calendar" {
		return "" // says so itself
	}
	years := q.s.Calendar.Missing(q.ctx())
	if len(years) == 0 {
		return ""
	}
	if q.actor.Admin == kernel.SystemAdmin {
		return fmt.Sprintf("%d 年的放假安排还没有录入，时限暂按周一至周五算。请在“放假安排”里录入。", years[0])
	}
	return fmt.Sprintf("%d 年的放假安排还没有录入，时限暂按周一至周五算。请提醒系统管理员录入。", years[0])
}

// here reports whether the page belongs to a link of the rail.
func (q *request) here(href string) bool {
	path := q.URL.Path
	if strings.HasPrefix(href, q.at("/desk/")) && (strings.HasPrefix(path, q.at("/desk/")) || path == q.at("/cases") || path == q.at("/map") || path == q.at("/board") || strings.HasPrefix(path, q.at("/cases/"))) {
		return q.view.ID != 0
	}
	if path == href {
		return true
	}
	return href != "/" && href != q.at("") && strings.HasPrefix(path, href+"/")
}

// at is the address of a page of the campaign at hand.
func (q *request) at(format string, args ...any) string {
	return fmt.Sprintf("/c/%d", q.view.ID) + fmt.Sprintf(format, args...)
}

package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"pinzhi/internal/cases"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/web/views"
	"pinzhi/internal/web/views/ui"
)

func itoa(n int) string { return strconv.Itoa(n) }

// sentences tell each verb of the ledger in Chinese; {x} is a field of the event's data.
var sentences = map[string]string{ //nolint:gosec // 设置密码 is a sentence, no password
	"campaign.opened": "启动行动“{name}”，读出 {tasks} 项任务、{bodies} 个机构", "campaign.finding_answered": "体检答复（{answer}）：{finding}", "campaign.revised": "按第 {version} 版方案修订，改动 {changes} 处",
	"phase.read": "从方案{lines}读入阶段“{name}”", "action.read": "从方案{lines}读入专项行动“{name}”", "task.read": "从方案{lines}读入任务“{name}”",
	"body.established": "按方案{lines}设立{name}", "duty.established": "按方案{lines}明确职责 {number}", "unit.named": "方案点名{name}",
	"person.appointed": "任{body}{role}（{post}）", "person.released": "不再任{body}{role}", "person.reposted": "在{body}的职务由“{post_before}”改为“{post}”",
	"phase.changed": "修订后阶段“{name}”有改动：{fields}", "phase.added": "修订后新增阶段“{name}”", "phase.gone": "修订后取消阶段“{name}”",
	"action.changed": "修订后专项行动改名：{fields}", "action.added": "修订后新增专项行动“{name}”", "action.gone": "修订后取消专项行动“{name}”",
	"task.changed": "修订后任务有改动：{fields}", "task.added": "修订后新增任务“{name}”", "task.gone": "修订后取消任务“{name}”",
	"body.gone": "修订后撤销{name}", "duty.changed": "修订后职责 {number} 有改动", "duty.gone": "修订后取消职责 {number}",
	"obligation.added": "修订后新增报送“{name}”", "obligation.changed": "修订后报送有改动：{fields}", "obligation.gone": "修订后取消报送“{name}”",
	"indicator.added": "修订后新增指标“{name}”", "indicator.changed": "修订后指标有改动：{fields}", "indicator.gone": "修订后取消指标“{name}”",
	"work_item.added": "登记工作项“{title}”，{due} 前完成", "work_item.changed": "修改工作项“{title}”，时限 {due}", "work_item.done": "办结：{note}",
	"work_item.reopened": "撤销办结", "work_item.milestone_added": "设节点“{name}”，{due}", "work_item.milestone_done": "到达节点“{name}”",
	"task.work_item_added": "登记工作项“{title}”", "task.item_done": "工作项“{title}”办结", "task.item_reopened": "工作项“{title}”撤销办结",
	"report_obligation.adopted": "方案要求{cadence}{what}：{from}至{to}，{reporters} 家，{days} 个工作日内", "filing.submitted": "提交{period}{what}{differs}", "filing.approved": "审核同意，报出{period}{what}",
	"filing.refused": "单位负责人退回修改“{part}”：{question}", "filing.accepted": "接收", "filing.sent_back": "办公室退回“{part}”：{question}", "filing.reminded": "提醒：{due} 为止",
	"filing.held": "已办：{note}", "filing.commented": "点评：{comment}", "summary.written": "写{period}{what}汇总，{characters} 字", "summary.sent": "{period}{what}汇总报领导小组，{characters} 字", "filing.overdue": "逾期未报，期限 {due}", "filing.due_moved": "放假安排有变，期限由 {before} 改为 {after}",
	"form.version_sent": "上传表单“{title}”第 {version} 版（{file}）", "form.version_replaced": "重传表单“{title}”第 {version} 版（{file}），此前没有人填报",
	"submission.received": "收到“{form}”第 {version} 版的填报{replaces}", "submission.picture_received": "收到照片“{name}”",
	"case.registered": "登记：{title}", "case.accepted": "受理", "case.declined": "不予受理：{reason}", "case.merged": "并入 {number}",
	"case.dispatched": "派遣给{unit}，整改到 {until}", "case.acknowledged": "签收", "case.responded": "第 {round} 轮反馈：{reason}{evidence}",
	"case.returned": "退单：{reason}", "case.redirected": "改派给{unit}：{reason}，整改到 {until}", "case.return_refused": "退单不成立，仍由原单位办：{reason}，整改到 {until}",
	"case.extension_asked": "申请延期到 {day}：{reason}", "case.extension_granted": "同意延期到 {until}", "case.extension_refused": "不同意延期：{reason}，仍到 {until}",
	"case.deferral_asked": "申请挂账，{day} 复核：{reason}", "case.deferral_granted": "同意挂账，{day} 复核", "case.deferral_refused": "不同意挂账：{reason}，整改到 {until}",
	"case.resumed": "恢复整改，到 {until}", "case.sent_back": "退回整改：{reason}，再到 {until}{evidence}", "case.closed": "核查通过，结案：{outcome}{said}{evidence}",
	"case.corrected": "更正了{changes}。理由：{reason}", "case.noted": "补充说明：{text}{evidence}",
	"case.reopened": "重新打开：{reason}", "case.objected": "对不受理有异议：{reason}", "case.escalated": "{step}逾期，报{to}", "case.overdue": "{step}逾期",
	"case.reminded": "提醒：{step}到 {due} 为止（{mark}）", "case.due_moved": "放假安排有变，{step}时限由 {before} 改为 {after}", "case.ordered": "列入督办单 {order}，{due} 前整改",
	"order.issued": "开具督办单 {number}，{cases} 件，{due} 前整改", "order.closed": "{number} 所列案件全部办结", "order.reopened": "{number} 有案件重新打开",
	"campaign.limit_set": "案件时限：{severity}{step}改为 {limit}", "campaign.rule_set": "案件规则：{category}{pattern}照片要求 {photos}", "calendar.changed": "录入 {year} 年放假安排 {days} 天（{source}）",
	"campaign.cases_imported": "导入表格“{name}”，登记 {cases} 件", "account.created": "建立账号 {login}", "account.signed_in": "登录", "account.sign_in_failed": "登录失败",
	"account.locked_out": "连续输错密码，暂时锁定", "account.link_issued": "发出一次性链接", "account.password_set": "设置密码",
	"account.locked": "锁定账号", "account.unlocked": "解锁账号", "account.admin_granted": "管理员角色改为“{admin}”",
	"tracked_indicator.adopted": "方案{lines}列入指标“{name}”：{target}", "tracked_indicator.added": "添加指标“{name}”（{code}），{cadence}填报", "tracked_indicator.changed": "指标“{name}”有改动：{fields}",
	"tracked_indicator.target_set": "“{name}”{place}{year}目标定为 {after}{was}", "tracked_indicator.target_dropped": "“{name}”取消{place}{year}目标{was}",
	"tracked_indicator.figures_given": "“{indicator}”从“{source}”导入：新报 {new} 个数，改动 {changed} 个{because}", "tracked_indicator.figures_approved": "“{indicator}”审定 {n} 个没有提醒的数",
	"indicator_place.adopted": "指标按这些地区填报：{names}", "indicator_place.added": "添加地区“{name}”", "indicator_place.changed": "地区改为“{name}”{was}",
	"reading.submitted": "报{place}{period}“{indicator}”：{after}{was}{late}{warning}{because}", "reading.corrected": "更正{place}{period}“{indicator}”：{after}{was}{warning}{because}",
	"reading.restated": "改动已审定的{place}{period}“{indicator}”：{after}{was}{because}", "reading.approved": "审定{place}{period}“{indicator}”：{after}", "reading.sent_back": "退回{place}{period}“{indicator}”（{after}）：{question}",
	"incident.recorded": "登记{grade}事故：{place} {day} {title}", "incident.withdrawn": "撤销登记“{title}”：{reason}",
	"account.channel_set": "通知设置：{channel}{active}", "account.feed_made": "取得日历地址", "account.feed_revoked": "撤销日历地址", "delivery.retried": "重发通知",
}

// sentence tells an event. A verb without a sentence is shown as it is: nothing is hidden.
func sentence(r ledger.Record) string {
	pattern, ok := sentences[r.SubjectKind+"."+r.Verb]
	if !ok {
		return r.Verb
	}
	var data map[string]any
	if err := json.Unmarshal(r.Data, &data); err != nil {
		return r.Verb
	}
	return fill(pattern, data)
}

func fill(pattern string, data map[string]any) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(pattern, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		key, after, _ := strings.Cut(rest, "}")
		b.WriteString(word(key, data[key]))
		pattern = after
	}
}

func word(key string, v any) string {
	switch key {
	case "lines":
		if l, ok := v.([]any); ok && len(l) == 2 {
			from, _ := l[0].(float64)
			to, _ := l[1].(float64)
			return ui.LinesText([2]int{int(from), int(to)})
		}
		return ""
	case "answer":
		return views.AnswerName(fmt.Sprint(v))
	case "evidence":
		if files, ok := v.([]any); ok {
			return fmt.Sprintf("（附 %d 个文件）", len(files))
		}
		return ""
	case "replaces":
		if v == nil {
			return ""
		}
		return "，更正此前的一份"
	case "fields":
		return fieldWords(v)
	case "changes":
		return changeWords(v)
	case "differs":
		return differWords(v)
	case "was":
		return framed("，原来是 ", v)
	case "because":
		return framed("，理由：", v)
	case "warning":
		return framed("，提醒：", v)
	case "late":
		return map[bool]string{true: "（迟报）"}[v == true]
	case "admin":
		role, _ := v.(string)
		return cmp.Or(views.AdminName(kernel.AdminRole(role)), "按名单")
	case "mark":
		return map[string]string{"half_way": "过半", "day_before": "前一个工作日", "on_the_day": "当天"}[fmt.Sprint(v)]
	case "outcome":
		name, _ := v.(string)
		return cases.Outcome(name).Name()
	case "active":
		return map[bool]string{true: "启用", false: "停用"}[v == true]
	case "photos":
		return map[bool]string{true: "要", false: "不要"}[v == true]
	case "day", "due":
		if day, ok := v.(string); ok {
			if _, err := kernel.ParseDate(day); err != nil {
				return day // an instant, told already
			}
			return kernel.Date(day).Chinese()
		}
	}
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// framed puts words before a text, where there is one.
func framed(before string, v any) string {
	if text, ok := v.(string); ok && text != "" {
		return before + text
	}
	return ""
}

func fieldWords(v any) string {
	list, _ := v.([]any)
	var out []string
	for _, x := range list {
		f, _ := x.(map[string]any)
		before, after := clip(word("", f["before"])), clip(word("", f["after"]))
		out = append(out, fmt.Sprintf("%s由“%s”改为“%s”", word("", f["field"]), before, after))
	}
	return strings.Join(out, "；")
}

// changeWords tells what was corrected: 地点：“解放路”改为“平阳街”.
func changeWords(v any) string {
	list, _ := v.([]any)
	var out []string
	for _, x := range list {
		f, _ := x.(map[string]any)
		field, before, after := word("", f["field"]), clip(word("", f["before"])), clip(word("", f["after"]))
		switch {
		case before == "":
			out = append(out, fmt.Sprintf("%s：补写“%s”", field, after))
		case after == "":
			out = append(out, fmt.Sprintf("%s：去掉“%s”", field, before))
		default:
			out = append(out, fmt.Sprintf("%s：“%s”改为“%s”", field, before, after))
		}
	}
	return strings.Join(out, "；")
}

// differWords tells which figures were reported otherwise than the system has them: ；完成工作项系统 2，报 3（理由）.
func differWords(v any) string {
	list, _ := v.([]any)
	var b strings.Builder
	for _, x := range list {
		f, _ := x.(map[string]any)
		fmt.Fprintf(&b, "；%s系统 %s，报 %s（%s）", word("", f["part"]), word("", f["known"]), word("", f["value"]), clip(word("", f["reason"])))
	}
	return b.String()
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

func (q *request) entries(rows []ledger.Record) []ui.Entry {
	out := make([]ui.Entry, 0, len(rows))
	for _, r := range rows {
		out = append(out, q.entry(r))
	}
	return out
}

func (q *request) entry(r ledger.Record) ui.Entry {
	return ui.Entry{At: r.At, When: ui.When(r.At, q.today()), Actor: r.ActorName, Text: sentence(r)}
}

// timelineLength is how many events a page shows of its object.
const timelineLength = 30

// timeline is the latest that happened to an object of the campaign at hand.
func (q *request) timeline(kind string, id int64) ([]ui.Entry, error) {
	rows, err := ledger.Timeline(q.ctx(), q.s.DB.Reader(), q.view.ID, kind, id, 0, timelineLength)
	return q.entries(rows), err
}

// ledgerRows tells events with a link to their objects.
func (q *request) ledgerRows(base views.Base, rows []ledger.Record) []views.LedgerRow {
	out := make([]views.LedgerRow, 0, len(rows))
	places := map[string]string{"task": "/tasks/%d", "body": "/bodies/%d", "person": "/people/%d", "unit": "/units/%d", "work_item": "/items/%d",
		"case": "/cases/%d", "order": "/orders/%d", "tracked_indicator": "/indicators/%d", "reading": "/figures/%d", "form": "/forms/%d", "submission": "/submissions/%d"}
	for _, r := range rows {
		row := views.LedgerRow{Entry: q.entry(r), ID: r.ID}
		if format, ok := places[r.SubjectKind]; ok && base != "" {
			row.Href = base.To(format, r.SubjectID)
		}
		out = append(out, row)
	}
	return out
}

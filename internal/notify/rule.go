package notify

import (
	"encoding/json"
	"fmt"
	"strings"

	"pinzhi/internal/cases"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"
)

// Who is told what is this one table. Follow reads it, the tests walk it, the manual prints it.

// Audience is who is told. What each means is in audience.go.
type Audience string

// The audiences.
const (
	Office       Audience = "办公室"
	LeadUnit     Audience = "牵头单位"
	SupportUnit  Audience = "配合单位"
	FormerUnit   Audience = "原办单位"
	Verifiers    Audience = "核查人"
	Coordinators Audience = "综合协调"
	Leaders      Audience = "组长、副组长"
	Finder       Audience = "登记人"
	AtHand       Audience = "手上有这件的人"
	UnitHead     Audience = "单位主要负责人"
	GroupHead    Audience = "工作组组长"
	OrderUnit    Audience = "被督办单位"
	Reporters    Audience = "报送单位"
	ReporterHead Audience = "报送单位负责人"
)

// Rule is one row: an event, whom it is told to, and what it means to him. Of several rows that reach a person for one
// event, the first counts.
type Rule struct {
	Subject string // kind
	Verb    string
	If      [2]string // a field of the event's data and the value it must have; empty for always
	To      Audience
	Text    string // {x} is a field of the event's data; never one that holds what somebody wrote
	Asks    bool   // something is asked of the reader, so that it is urgent where the case is
	Urgent  bool   // it is urgent whatever the case
}

// Rules is the table.
var Rules = []Rule{
	of(cases.Register, Office, "新登记，待受理").asks(),
	of(cases.Object, Office, "登记人对不予受理有异议，待受理").asks(),
	of(cases.Dispatch, LeadUnit, "派给本单位，整改到 {until}").asks(),
	of(cases.Dispatch, SupportUnit, "请配合{unit}，整改到 {until}").asks(),
	of(cases.Redirect, LeadUnit, "改派给本单位，整改到 {until}").asks(),
	of(cases.Redirect, FormerUnit, "已改派给{unit}，不再由本单位办"),
	of(cases.Redirect, SupportUnit, "请配合{unit}，整改到 {until}").asks(),
	of(cases.Reopen, LeadUnit, "重新打开，整改到 {until}").urgent(),
	of(cases.Reopen, SupportUnit, "重新打开，请配合整改到 {until}").urgent(),
	of(cases.SendBack, LeadUnit, "核查未通过，退回整改到 {until}").urgent(),
	of(cases.SendBack, SupportUnit, "核查未通过，请配合整改到 {until}").urgent(),
	of(cases.Respond, Verifiers, "第 {round} 轮反馈，待核查").asks(),
	of(cases.Return, Office, "单位退单，待研究").when("to", string(cases.Returning)).asks(),
	of(cases.Return, Coordinators, "第二次退单，待协调").when("to", string(cases.Coordinating)).asks(),
	of(cases.RefuseReturn, LeadUnit, "退单不成立，仍由本单位办，整改到 {until}").asks(),
	of(cases.AskExtension, Office, "申请延期到 {day}，待答复").asks(),
	of(cases.GrantExtension, LeadUnit, "同意延期到 {until}"),
	of(cases.RefuseExtension, LeadUnit, "不同意延期，仍到 {until}").asks(),
	of(cases.AskDeferral, Leaders, "申请挂账，{day} 复核，待审批").asks(),
	of(cases.GrantDeferral, LeadUnit, "同意挂账，{day} 复核"),
	of(cases.RefuseDeferral, LeadUnit, "不同意挂账，整改到 {until}").asks(),
	of(cases.Resume, LeadUnit, "恢复整改，到 {until}").asks(),
	of(cases.Resume, SupportUnit, "恢复整改，请配合，到 {until}").asks(),
	of(cases.Close, Finder, "核查通过，已结案"),
	of(cases.Close, LeadUnit, "核查通过，已结案"),
	of(cases.Decline, Finder, "不予受理"),
	of(cases.Decline, LeadUnit, "不予受理，不用再办"),
	of(cases.Merge, Finder, "已并入另一件"),
	of(cases.Noted, AtHand, "有补充说明"),
	of("reminded", AtHand, "{step}到 {due} 为止").asks(),
	of("overdue", LeadUnit, "{step}已经逾期，时限是 {due}").asks(),
	of("due_moved", AtHand, "放假安排有变，{step}时限改为 {after}"),
	of(cases.Escalate, UnitHead, "{step}逾期，报{to}").when("level", "1").urgent(),
	of(cases.Escalate, GroupHead, "{step}逾期，报工作组组长").when("level", "2").urgent(),
	of(cases.Escalate, Leaders, "{step}逾期，报领导小组").when("level", "3").urgent(),
	{Subject: cases.OrderKind, Verb: "issued", To: OrderUnit, Text: "开具督办单，{cases} 件，{due} 前整改", Asks: true},
	ofFiling("reminded", Reporters, "{due} 为止").asks(),
	ofFiling("overdue", Reporters, "已经逾期，时限是 {due}").when("level", "1").asks(),
	ofFiling("overdue", ReporterHead, "逾期 2 个工作日，时限是 {due}").when("level", "2").urgent(),
	ofFiling("overdue", Office, "逾期 2 个工作日，时限是 {due}").when("level", "2"),
	ofFiling("overdue", Leaders, "逾期 5 个工作日，时限是 {due}").when("level", "3").urgent(),
	ofFiling("overdue", Reporters, "逾期 5 个工作日，已报领导小组").when("level", "3").urgent(),
	ofFiling("due_moved", Reporters, "放假安排有变，时限改为 {after}"),
	ofFiling(report.Submit, ReporterHead, "已提交，待审核").asks(),
	ofFiling(report.Approve, Office, "已报出，待接收").asks(),
	ofFiling(report.Refuse, Reporters, "负责人退回“{part}”，请修改").asks(),
	ofFiling(report.SendBack, Reporters, "办公室退回“{part}”，请修改后重报").asks(),
	ofFiling(report.Accept, Reporters, "办公室已接收"),
	ofFiling("commented", Reporters, "办公室写了点评"),
	{Subject: report.SummaryKind, Verb: "sent", To: Leaders, Text: "办公室报来汇总，请阅"},
}

func ofFiling(v report.Verb, to Audience, text string) Rule {
	return Rule{Subject: report.Kind, Verb: string(v), To: to, Text: text}
}

func of(v cases.Verb, to Audience, text string) Rule {
	return Rule{Subject: cases.Kind, Verb: string(v), To: to, Text: text}
}

func (r Rule) asks() Rule                    { r.Asks = true; return r }
func (r Rule) urgent() Rule                  { r.Asks, r.Urgent = true, true; return r }
func (r Rule) when(field, value string) Rule { r.If = [2]string{field, value}; return r }

// Name is the event in Chinese.
func (r Rule) Name() string {
	if r.Subject == cases.OrderKind {
		return "开督办单"
	}
	switch r.Subject {
	case report.Kind:
		return r.filingName()
	case report.SummaryKind:
		return "汇总报领导小组"
	}
	names := map[string]string{"reminded": "到期前提醒", "overdue": "签收逾期", "due_moved": "放假安排变动"}
	if name, ok := names[r.Verb]; ok {
		return name
	}
	switch r.If {
	case [2]string{"to", string(cases.Coordinating)}:
		return "第二次退单"
	case [2]string{"level", "2"}:
		return "逾期 2 个工作日"
	case [2]string{"level", "3"}:
		return "逾期 5 个工作日"
	case [2]string{"level", "1"}:
		return "逾期"
	}
	return cases.Verb(r.Verb).Name()
}

// filingName is an event of a report in Chinese.
func (r Rule) filingName() string {
	switch {
	case r.Verb == "reminded":
		return "报送到期前提醒"
	case r.Verb == "due_moved":
		return "报送：放假安排变动"
	case r.Verb == "commented":
		return "报送：点评"
	case r.If[1] == "1":
		return "报送逾期"
	case r.If[1] == "2":
		return "报送逾期 2 个工作日"
	case r.If[1] == "3":
		return "报送逾期 5 个工作日"
	}
	return "报送：" + report.Verb(r.Verb).Name()
}

// rulesFor lists the rows of an event in the order of the table.
func rulesFor(subject, verb string, d told) (list []Rule) {
	for _, r := range Rules {
		if r.Subject == subject && r.Verb == verb && (r.If[0] == "" || d.word(r.If[0]) == r.If[1]) {
			list = append(list, r)
		}
	}
	return list
}

// told is the data of an event.
type told map[string]any

func readData(raw json.RawMessage) told {
	var d told
	if err := json.Unmarshal(raw, &d); err != nil {
		return told{}
	}
	return d
}

// word is a field as people read it.
func (d told) word(field string) string {
	switch v := d[field].(type) {
	case nil:
		return ""
	case string:
		if day, err := kernel.ParseDate(v); err == nil {
			return day.Chinese()
		}
		return v
	case float64:
		return fmt.Sprintf("%.0f", v)
	}
	return ""
}

// fill puts the event's data into a row's text.
func (d told) fill(pattern string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(pattern, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		field, after, _ := strings.Cut(rest, "}")
		b.WriteString(d.word(field))
		pattern = after
	}
}

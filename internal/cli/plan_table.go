package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"pinzhi/internal/plan"
)

// writePlanTable prints a plan for people at a terminal: what was read, each part with its lines, and the findings.
func writePlanTable(w io.Writer, p *plan.Plan) error {
	var b strings.Builder
	planHead(&b, p)
	section(&b, fmt.Sprintf("专项行动 %d 个，工作任务 %d 项", len(p.Actions), len(p.Tasks)))
	rows := [][]string{{"路径", "任务", "牵头", "配合", "时限", "行"}}
	for _, t := range p.Tasks {
		rows = append(rows, []string{t.Path, clip(t.Name, 40), clip(strings.Join(t.LeadUnits, "、"), 32), clip(strings.Join(t.SupportUnits, "、"), 32), t.Deadline, lineSpan(t.Lines)})
	}
	grid(&b, rows)
	section(&b, fmt.Sprintf("阶段 %d 个", len(p.Phases)))
	rows = [][]string{{"阶段", "开始", "结束", "行"}}
	for _, ph := range p.Phases {
		rows = append(rows, []string{ph.Name, ph.Start, ph.End, lineSpan(ph.Lines)})
	}
	grid(&b, rows)
	planBodies(&b, p)
	planRest(&b, p)
	_, err := io.WriteString(w, b.String())
	return err
}

func planHead(b *strings.Builder, p *plan.Plan) {
	fmt.Fprintln(b, p.Title)
	for _, f := range []struct{ name, value string }{
		{"方案", p.PlanTitle}, {"文号", p.DocumentNumber}, {"发文机关", p.Issuer}, {"成文日期", p.IssuedOn}, {"印发日期", p.PrintedOn},
		{"主送", strings.Join(p.Addressees, "，")}, {"抄送", strings.Join(p.CC, "，")},
	} {
		if f.value != "" {
			fmt.Fprintf(b, "  %s%s%s\n", f.name, strings.Repeat(" ", 10-width(f.name)), f.value)
		}
	}
}

func planBodies(b *strings.Builder, p *plan.Plan) {
	people := 0
	for _, body := range p.Bodies {
		people += len(body.Appointments)
	}
	section(b, fmt.Sprintf("机构 %d 个，任职 %d 个，共 %d 人", len(p.Bodies), people, len(plan.People(p))))
	rows := [][]string{{"机构", "人数", "职责", "下设", "行"}}
	for _, body := range p.Bodies {
		rows = append(rows, []string{body.Name, strconv.Itoa(len(body.Appointments)), strconv.Itoa(len(body.Duties)), clip(strings.Join(body.Sections, "、"), 40), lineSpan(body.Lines)})
	}
	grid(b, rows)
	for _, body := range p.Bodies {
		if len(body.Appointments) == 0 {
			continue
		}
		fmt.Fprintf(b, "\n  %s\n", body.Name)
		var rows [][]string
		for _, a := range body.Appointments {
			rows = append(rows, []string{a.Role, a.Name, a.Post, a.Unit, lineSpan(a.Lines)})
		}
		grid(b, rows)
	}
}

func planRest(b *strings.Builder, p *plan.Plan) {
	section(b, fmt.Sprintf("报送要求 %d 条，指标 %d 个", len(p.Obligations), len(p.Indicators)))
	var rows [][]string
	for _, o := range p.Obligations {
		rows = append(rows, []string{cadences[o.Cadence], clip(strings.Join(o.Who, "、"), 40), clip(o.What, 40), o.To, lineSpan(o.Lines)})
	}
	grid(b, rows)
	rows = nil
	for _, i := range p.Indicators {
		rows = append(rows, []string{clip(i.Name, 44), comparators[i.Comparator], i.Value + i.Unit, clip(i.Path, 30), lineSpan(i.Lines)})
	}
	grid(b, rows)
	section(b, fmt.Sprintf("体检结果 %d 条", len(p.Findings)))
	for _, f := range p.Findings {
		fmt.Fprintf(b, "  [%s] %s\n", severities[f.Severity], f.Message)
	}
}

var (
	cadences    = map[string]string{"monthly": "每月", "quarterly": "每季度", "half_yearly": "每半年", "yearly": "每年", "weekly": "每周", "daily": "每日", "regular": "定期", "once": "一次"}
	comparators = map[string]string{">=": "不低于", "<=": "不高于", ">": "高于", "<": "低于", "=": "等于", "falling": "下降", "rising": "上升", "none": "不得发生"}
	severities  = map[string]string{plan.Info: "提示", plan.Warning: "注意", plan.Grave: "错误"}
)

func section(b *strings.Builder, title string) { fmt.Fprintf(b, "\n%s\n", title) }

// grid prints rows in columns; a Chinese character is two wide.
func grid(b *strings.Builder, rows [][]string) {
	var widths []int
	for _, r := range rows {
		for i, c := range r {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], width(c))
		}
	}
	for _, r := range rows {
		var line strings.Builder
		line.WriteString(" ")
		for i, c := range r {
			line.WriteString(" " + c + strings.Repeat(" ", widths[i]-width(c)+1))
		}
		fmt.Fprintln(b, strings.TrimRight(line.String(), " "))
	}
}

func width(s string) int {
	n := 0
	for _, r := range s {
		if r >= 0x1100 && (r < 0x2010 || r > 0x2027) || r == '“' || r == '”' {
			n += 2
		} else {
			n++
		}
	}
	return n
}

// clip cuts s to at most n columns.
func clip(s string, n int) string {
	if width(s) <= n {
		return s
	}
	out := ""
	for _, r := range s {
		if width(out+string(r)) > n-1 {
			break
		}
		out += string(r)
	}
	return out + "…"
}

func lineSpan(l plan.Lines) string {
	if l[0] == l[1] {
		return strconv.Itoa(l[0])
	}
	return fmt.Sprintf("%d-%d", l[0], l[1])
}

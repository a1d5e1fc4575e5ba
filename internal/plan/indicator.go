package plan

import (
	"regexp"
	"sort"
	"strings"
)

const amount = `(\d+(?:\.\d+)?)\s*(%|％|‰|平方米|平方公里|立方米|分钟|小时|毫米|厘米|公里|米|万元|亿元|元|万人次|万人|人次|人|亩|万亩|吨|万吨|个百分点|个|家|处|座|所|次|件|起|项|例|分贝|微克/立方米|天|类)?`

// A rule finds one form of target; the groups are told by name.
var indicatorRules = []struct {
	re   func() *regexp.Regexp
	make func(m map[string]string) (Indicator, bool)
}{
	{lazy(`(?:无|禁止|不得|杜绝|严禁)(?P<head>[^，,。；;]*?)厚度(?:小于|低于)(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>毫米)(?P<tail>的[^，,。；;]{2,20})`), banned},
	{lazy(`(?P<name>[^，,。；;]*?)(?P<verb>稳定在|保持在|保持|达到|达|不低于|不少于|不小于|超过|大于|提高到|提升到|提升至|提高至|增加到|保持在|维持在|控制在|不超过|不高于|不大于|低于|降低到|降低至|降至|下降到|小于|高于|≥|≤|＞|＜)\s*` +
		strings.ReplaceAll(strings.Replace(amount, `(\d`, `(?P<value>\d`, 1), `(%|`, `(?P<unit>%|`) + `\s*(?P<after>以上|以下|以内|及以上|左右)?`), compared},
	{lazy(`(?P<name>[\p{Han}“”（）()]*(?:率|比例|比重|覆盖面|占比))\s*(?:为|：|:)?\s*(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>%|％|‰)(?P<after>以上|以下|以内)?`), ratio},
	{lazy(`(?P<name>[^，,。；;]{2,14}?)\s*(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>%|％)(?P<tail>来自[^，,。；;]{2,16})`), partFrom},
	{lazy(`(?P<head>[^，,。；;、]{0,16}?)(?P<value>\d+)\s*(?P<unit>分钟)(?P<tail>[\p{Han}]{2,14}圈)`), withinMinutes},
	{lazy(`(?P<name>[^，,。；;]*?)(?P<verb>达到|不低于)(?P<value>国家标准[A-DＡ-Ｄ]级)`), graded},
	{lazy(`(?P<name>[^，,。；;]*?)(?P<verb>达到|不低于|符合)(?P<before>国家|国家《[^》]*》|《[^》]*》)?(?P<value>[一二三四五ⅠⅡⅢⅣⅤIV]+[类级](?:标准|水体|水质)?)`), graded},
	{lazy(`近\s*(?P<years>\d+|[一二三四五])\s*年[^，,。；;]*?(?P<verb>未发生|没有发生|无)(?P<name>[^，,。；;]{3,40})`), noneInYears},
	{lazy(`(?P<name>[^，,。；;]*?)(?P<verb>逐年下降|持续降低|呈下降趋势|持续下降|逐年降低|逐步下降|逐年提高|持续提高|逐年上升|持续提升|逐年提升|稳步提高|稳步提升)`), trending},
	{lazy(`(?P<verb>降低|不断提高|持续提升|逐步提高|稳步提高|提高)(?P<name>[^，,。；;]{2,40}?(?:率|人均预期寿命|面积|比例))(?P<end>[，,。；;]|$)`), moving},
	{lazy(`(?P<verb>` + doneVerbs + `)(?P<name>[^，,。；;\d]{2,24}?)(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>` + countUnits + `)(?P<after>以上|左右)?`), counted},
	{lazy(`(?P<verb>` + doneVerbs + `)(?:首批|全部|全市|全县|全区)?(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>` + countUnits + `)(?P<after>以上|左右)?(?P<name>[^，,。；;\d（(]{2,24})`), counted},
	{lazy(`(?P<name>[^，,。；;、]{2,24}?)(?P<verb>零发生|零增长|零事故|零容忍)`), zero},
}

// indicatorsOf reads measures with targets from tasks, goals and duties. The path is that of the task or heading;
// for a duty it is the body's name, # and the duty's number. rows are tasks that stand in a table only.
func indicatorsOf(root *node, tasks map[string]*node, rows []Task, bodies []Body, duties map[*node]bool) []Indicator {
	var out []Indicator
	var visit func(n *node, path string)
	visit = func(n *node, path string) {
		if duties[n] {
			return
		}
		if path == "" && tasks[n.path] != nil {
			path = n.path
		}
		own := path
		if own == "" {
			own = n.path
		}
		if n.mark.kind != annexMark && (n.parent == nil || n.parent.mark.kind != annexMark) {
			for _, p := range n.paras {
				out = append(out, measuresIn(p, own)...)
			}
		}
		for _, c := range n.children {
			visit(c, path)
		}
	}
	visit(root, "")
	for _, t := range rows {
		for _, m := range measuresIn(newParagraph(t.Name, t.Lines[0]), t.Path) {
			m.Lines = t.Lines
			out = append(out, m)
		}
	}
	for _, b := range bodies {
		for _, d := range b.Duties {
			for _, m := range measuresIn(newParagraph(d.Text, d.Lines[0]), b.Name+"#"+itoa(d.Number)) {
				m.Lines = d.Lines
				out = append(out, m)
			}
		}
	}
	return out
}

// measuresIn finds the targets of a paragraph in the order of the text; of two readings of one place the first rule wins.
func measuresIn(p Paragraph, path string) []Indicator {
	type hit struct {
		Indicator

		from, to int
	}
	var hits []hit
	for _, rule := range indicatorRules {
		re := rule.re()
		for _, loc := range re.FindAllStringSubmatchIndex(p.Text, -1) {
			m := map[string]string{}
			for i, name := range re.SubexpNames() {
				if name != "" && loc[2*i] >= 0 {
					m[name] = trim(p.Text[loc[2*i]:loc[2*i+1]])
				}
			}
			ind, ok := rule.make(m)
			taken := false
			for _, h := range hits {
				taken = taken || loc[0] < h.to && h.from < loc[1]
			}
			if !ok || taken {
				continue
			}
			ind.Path, ind.Lines = path, p.slice(loc[0], loc[1]).Lines
			hits = append(hits, hit{Indicator: ind, from: loc[0], to: loc[1]})
		}
	}
	sort.SliceStable(hits, func(i, j int) bool { return hits[i].from < hits[j].from })
	var out []Indicator
	for _, h := range hits {
		out = append(out, h.Indicator)
	}
	return out
}

func compared(m map[string]string) (Indicator, bool) {
	ind := Indicator{Name: measureName(m["name"]), Value: m["value"], Unit: strings.ReplaceAll(m["unit"], "％", "%")}
	switch verb := m["verb"]; {
	case m["after"] == "以下" || m["after"] == "以内" || containsAny(verb, "控制在", "不超过", "不高于", "不大于", "≤", "降低到", "降低至", "降至", "下降到"):
		ind.Comparator = "<="
	case verb == "低于" || verb == "小于" || verb == "＜":
		ind.Comparator = "<"
	case (verb == "超过" || verb == "大于" || verb == "高于" || verb == "＞") && m["after"] == "":
		ind.Comparator = ">"
	default:
		ind.Comparator = ">="
	}
	if ind.Unit == "" && !strings.Contains(m["value"], ".") && len(m["value"]) == 4 {
		return ind, false // a year
	}
	return ind, ind.Name != "" && ind.Unit != ""
}

const (
	doneVerbs  = `新建改建|改造提升|新建|改建|建成|建设|完成|改造|增设|设置|新增|配备|拆除|整治|创建|创成|打通|种植|培育|打造|扩建|提升|整改|挖潜`
	countUnits = `万?(?:座|个|盏|处|条|公里|台|户|套|家|所|间|辆|平方米|亩|名|株|块|片|批次|处次|米|吨|泊位)`
)

// counted: 改造提升垃圾中转站8座, 完成46个农贸市场改造.
func counted(m map[string]string) (Indicator, bool) {
	comparator := "="
	if m["after"] == "以上" {
		comparator = ">="
	}
	if containsAny(m["name"], "每", "对") || len(m["value"]) > 6 {
		return Indicator{}, false
	}
	return Indicator{Name: m["verb"] + m["name"], Comparator: comparator, Value: m["value"], Unit: m["unit"]}, true
}

// banned: 无使用厚度小于0.025毫米的超薄塑料购物袋现象 forbids what is thinner.
func banned(m map[string]string) (Indicator, bool) {
	return Indicator{Name: "禁止" + m["head"] + strings.TrimSuffix(m["tail"], "现象") + "厚度", Comparator: "<", Value: m["value"], Unit: m["unit"]}, true
}

func ratio(m map[string]string) (Indicator, bool) {
	comparator := map[string]string{"以上": ">=", "以下": "<=", "以内": "<=", "": "="}[m["after"]]
	return Indicator{Name: measureName(m["name"]), Comparator: comparator, Value: m["value"], Unit: strings.ReplaceAll(m["unit"], "％", "%")}, m["name"] != ""
}

func partFrom(m map[string]string) (Indicator, bool) {
	return Indicator{Name: measureName(m["name"]) + m["tail"], Comparator: "=", Value: m["value"], Unit: "%"}, true
}

func withinMinutes(m map[string]string) (Indicator, bool) {
	head := m["head"]
	for _, w := range []string{"形成", "实现", "建成", "构建", "打造", "建设"} {
		if i := strings.LastIndex(head, w); i >= 0 {
			head = head[i+len(w):]
		}
	}
	if i := strings.LastIndex(head, "和"); i >= 0 {
		head = head[i+len("和"):]
	}
	tail, _, _ := strings.Cut(m["tail"], "全覆盖")
	return Indicator{Name: trim(head) + m["value"] + m["unit"] + tail, Comparator: "<=", Value: m["value"], Unit: m["unit"]}, true
}

func graded(m map[string]string) (Indicator, bool) {
	comparator := ">="
	return Indicator{Name: measureName(m["name"]), Comparator: comparator, Value: m["value"]}, measureName(m["name"]) != "" && runeLen(m["value"]) >= 2
}

// noneInYears: 近3年未发生… is zero events in three years.
func noneInYears(m map[string]string) (Indicator, bool) {
	return Indicator{Name: m["name"], Comparator: "=", Value: "0", Unit: "起/" + itoa(number(m["years"])) + "年"}, true
}

func trending(m map[string]string) (Indicator, bool) {
	way := "falling"
	if containsAny(m["verb"], "提高", "上升", "提升") {
		way = "rising"
	}
	name := measureName(m["name"])
	return Indicator{Name: name, Comparator: way}, name != "" && (way == "falling" || containsAny(name, "率", "比例", "比重", "数", "寿命", "面积"))
}

func moving(m map[string]string) (Indicator, bool) {
	way := "rising"
	if m["verb"] == "降低" {
		way = "falling"
	}
	return Indicator{Name: m["name"], Comparator: way}, !containsAny(m["name"], "效率", "等数据") && m["name"] != ""
}

func zero(m map[string]string) (Indicator, bool) {
	if m["verb"] == "零容忍" {
		return Indicator{}, false
	}
	return Indicator{Name: measureName(m["name"]), Comparator: "=", Value: "0", Unit: "起"}, true
}

// measureName is the name of a measure without the words that only introduce the target.
func measureName(s string) string {
	s = trim(s)
	for again := true; again; {
		again = false
		for _, w := range []string{"确保", "力争", "努力", "使", "实现", "做到", "将", "把", "其中", "并", "且", "推动", "全面", "保证", "到", "的"} {
			if rest, ok := strings.CutPrefix(s, w); ok && rest != "" && w != "的" {
				s, again = rest, true
			}
		}
		if list := points(timeText(s)); len(list) > 0 && list[0].off == 0 && runeLen(s) > 8 {
			if i := strings.IndexAny(s, "底末前年月"); i > 0 && i < 20 {
				s, again = trim(strings.TrimLeft(s[i+len("年"):], "底末前")), true
			}
		}
	}
	s = strings.TrimSuffix(s, "要")
	return trim(strings.TrimRight(s, "的 ：:、"))
}

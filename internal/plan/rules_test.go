package plan

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// read reads a text of a test, a line each.
func read(t *testing.T, lines ...string) *Plan {
	t.Helper()
	p, err := Read(Source{Name: "t.txt", Format: "txt", Lines: strings.Split(strings.Join(lines, "\n"), "\n")})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func people(p *Plan) string {
	var out []string
	for _, b := range p.Bodies {
		for _, a := range b.Appointments {
			out = append(out, strings.TrimSpace(a.Role+" "+a.Name+" "+a.Post))
		}
	}
	return strings.Join(out, "; ")
}

func TestResponsibilities_TimesCompanionsAndVerbs(t *testing.T) {
	for text, want := range map[string]string{
		"正文（牵头单位：市教育局；配合单位：市财政局；完成时限：2024年5月底前）": "[市教育局] [市财政局]",
		"正文（市教育局牵头，市财政局配合，2024年5月底前完成）":          "[市教育局] [市财政局]",
		"正文（市教育局、市财政局负责，长期坚持）":                   "[市教育局 市财政局] []",
		"正文（市城管局会同市公安局、市住建局负责）":                  "[市城管局] [市公安局 市住建局]",
		"正文（市商务局牵头，会同市财政局、市税务局推进）":               "[市商务局] [市财政局 市税务局]",
		"正文（市农委负责，市农科院负责技术指导）":                   "[市农委] [市农科院]",
		"正文（市交通局牵头，市公交集团落实）":                     "[市交通局] [市公交集团]",
		"正文〔区发改局牵头，区工信局等部门按职责分工负责〕":              "[区发改局] [区工信局]",
		"正文（省商务厅牵头。各市、县级人民政府落实）":                 "[省商务厅] [各市、县级人民政府]",
		"正文（各县、区政府，市卫健委负责）":                      "[各县、区政府 市卫健委] []",
		"正文（各镇党委、政府负责）":                          "[各镇党委、政府] []",
		"正文（各乡镇党委和人民政府负责）":                       "[各乡镇党委和人民政府] []",
		"正文。牵头股室：教育股；配合股室：计财股、安保股":               "[教育股] [计财股 安保股]",
		"正文。市级牵头部门：市水务局；市级配合部门：市财政局":             "[市水务局] [市财政局]",
		"正文（牵头：市卫健委；配合：市医保局）":                    "[市卫健委] [市医保局]",
		"县住建局牵头负责管网改造，县财政局、城关镇配合。":               "[县住建局] [县财政局 城关镇]",
		"由县林业局牵头，会同县公安局制定办法。":                    "[县林业局] [县公安局]",
		"由县爱卫办牵头，城关镇及县直各单位负责落实。":                 "[县爱卫办] [城关镇 县直各单位]",
		"由县住建局牵头，县财政局、各乡镇负责实施。":                  "[县住建局] [县财政局 各乡镇]",
		"运渣车由城东街道负责，夜间施工由县城管大队负责。":               "[城东街道 县城管大队] []",
		"各级要负责到底，市民代表参与监督。":                      "[] []",
		"建设污水处理厂（日处理2万吨，由企业负责运营后移交）":             "[] []",
		"扩大试点（2024年底前完成）":                        "[] []",
		"市场主体负责质量安全，消费者可以投诉。":                    "[] []",
	} {
		p := newParagraph(text, 1)
		list := responsibilities([]Paragraph{p})
		if len(list) == 0 {
			list = spokenUnits([]Paragraph{p})
		}
		lead, support := unitsOf(list)
		if got := fmt.Sprint(lead, " ", support); got != want {
			t.Errorf("%s\nread %s\nwant %s", text, got, want)
		}
	}
}

func TestEntries_NamesByTheirForm(t *testing.T) {
	for line, want := range map[string]string{
		"安　宁　市教育局":          "安宁|市教育局",
		"主　任 县医院院长":         "主任|县医院院长",
		"布仁巴雅尔 旗委书记":        "布仁巴雅尔|旗委书记",
		"努尔古丽\t县妇联":         "努尔古丽|县妇联",
		"教育\t县教育局副局长":       "教育|县教育局副局长",
		"泉 城县水利局局长":         "泉城|县水利局局长",
		"王立团县委书记":           "王立|团县委书记",
		"陈思远柳林镇镇长":          "陈思远|柳林镇镇长",
		"赵敏临川日报社社长":         "赵敏|临川日报社社长",
		"李雷县文化局副局长（兼）":      "李雷|县文化局副局长",
		"张亮（副市长）王敏（市教育局局长）": "张亮|副市长;王敏|市教育局局长",
		"姓名\t单位\t职务":        "",
		"市政府办公室 市教育局局长":     "",
	} {
		list, ok := readEntries(line)
		var got []string
		for _, e := range list {
			got = append(got, e.name+"|"+e.post)
		}
		if !ok {
			got = nil
		}
		if d := cmp.Diff(want, strings.Join(got, ";")); d != "" {
			t.Errorf("%q: %s", line, d)
		}
	}
}

func TestBodies_PeopleInProse(t *testing.T) {
	const head = "清河县防汛抗旱工作方案\n一、组织领导\n"
	for text, want := range map[string]string{
		"成立清河县防汛领导小组。\n组长：常务 县长\n成员：马上 县水利局局长\n下设办公室，由马上兼任办公室主任，副主任由常务兼任。":               "组长 常务 县长; 成员 马上 县水利局局长; 主任 马上; 副主任 常务",
		"成立以县长刘明为组长，副县长张强、李敏为副组长的清河县防汛领导小组。":                                             "组长 刘明 县长; 副组长 张强 副县长; 副组长 李敏",
		"领导小组下设办公室，办公室设在县水利局。办公室主任：韩雪（县水利局局长），副主任：朱康、杨帆。":                                "主任 韩雪 县水利局局长; 副主任 朱康; 副主任 杨帆",
		"成立清河县防汛领导小组，组长由县长王志刚担任，副组长由副县长刘敏、县水利局局长何伟担任，成员由有关部门负责人组成。":                      "组长 王志刚 县长; 副组长 刘敏 副县长; 副组长 何伟 县水利局局长",
		"下设督查组，督查组组长王敏，副组长李刚、赵亮。":                                                        "组长 王敏; 副组长 李刚; 副组长 赵亮",
		"成立清河县防汛领导小组。\n组长：刘明 县长\n（一）宣传组。组长：刘明；成员从县直各单位抽调。\n（二）抢险组。组长：刘明；成员单位：县水利局、县林业局。": "组长 刘明 县长; 组长 刘明; 组长 刘明",
		"成立由县长任组长、分管副县长任副组长的清河县防汛领导小组，办公室主任由县水利局局长兼任。":                                   "",
	} {
		if d := cmp.Diff(want, people(read(t, head+text))); d != "" {
			t.Errorf("%s: %s", text, d)
		}
	}
}

func TestPhases_NamedAndCounted(t *testing.T) {
	for text, want := range map[string]string{
		"动员阶段：3月上旬。\n整改阶段：3月中旬至5月。":                               "动员阶段 2015-03 2015-03; 整改阶段 2015-03 2015-05",
		"宣传动员环节（4月1日至4月20日）。召开会议。\n总结环节（5月）。":                     "宣传动员环节 2015-04 2015-04; 总结环节 2015-05 2015-05",
		"整治分两个阶段进行：2015年3月，排查摸底；2015年4月至6月，集中整治。":                 "排查摸底 2015-03 2015-03; 集中整治 2015-04 2015-06",
		"从2015年3月开始。\n（一）自查（3月1日至3月31日）\n各校自查。\n（二）总结（6月）\n总结经验。": "自查 2015-03 2015-03; 总结 2015-06 2015-06",
	} {
		p := read(t, "校园整治方案\n一、工作目标\n2015年底完成。\n二、实施步骤\n整治从2015年3月开始。\n"+text)
		var got []string
		for _, x := range p.Phases {
			got = append(got, x.Name+" "+x.Start+" "+x.End)
		}
		if d := cmp.Diff(want, strings.Join(got, "; ")); d != "" {
			t.Errorf("%s: %s", text, d)
		}
	}
}

func TestOutline_SentencesAreNoHeadings(t *testing.T) {
	for item, want := range map[string]string{
		"提高认识，加强领导。":              "提高认识，加强领导",
		"建立健全工作机制，强化部门协同配合。":      "建立健全工作机制，强化部门协同配合",
		"新建垃圾中转站和公厕，年内建成投用20座。":   "",
		"各成员单位每月向办公室报送一次进展。":      "",
		"2019年4月，制定方案，广泛动员，摸清底数。": "2019年4月，制定方案，广泛动员，摸清底数",
		"落实用水用电优惠政策。":             "落实用水用电优惠政策",
	} {
		p := read(t, "清河县工作方案\n一、工作要求\n1．"+item+"\n2．狠抓落实。")
		if got := p.Outline[0].Children[0].Title; got != want {
			t.Errorf("%s: %q, want %q", item, got, want)
		}
	}
}

func TestOutline_ItemsGluedToUnits(t *testing.T) {
	for text, want := range map[string]string{
		"（一）治脏。正文。\n责任单位：市城管局、各区政府（二）治乱。正文。": "一/(一) 一/(二)",
		"1．治脏。正文。\n责任单位：市城管局2．治乱。正文。":        "一/1 一/2",
		"（一）治脏。正文。\n责任单位：市城管局（三）不接上一号。":      "一/(一)",
	} {
		var got []string
		for _, c := range read(t, "清河市方案\n一、工作任务\n"+text).Outline[0].Children {
			got = append(got, c.Path)
		}
		if d := cmp.Diff(want, strings.Join(got, " ")); d != "" {
			t.Errorf("%s: %s", text, d)
		}
	}
}

func TestTable_PartedBySpacesReadsUnderItsColumns(t *testing.T) {
	p := read(t, "清河市方案", "一、工作任务", "1．治理河道。正文。", "2．修建公厕。正文。", "3．绿化街道。正文。",
		"附件1", "任务分工表",
		"序号  工作任务      牵头单位      配合单位            完成时限",
		"1     治理河道      市水务局      /                   2020年6月底",
		"2     修建公厕                    市财政局、          2020年7月底",
		"                                  市住建局",
		"3     绿化街道      市园林局                          长期坚持")
	var got []string
	for _, x := range p.Tasks {
		got = append(got, fmt.Sprint(x.Path, x.LeadUnits, x.SupportUnits, x.Deadline))
	}
	want := []string{"一/1[市水务局] []2020-06-30", "一/2[市水务局] [市财政局 市住建局]2020-07-31", "一/3[市园林局] []"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestRead_PageAroundThePlanIsLeftOut(t *testing.T) {
	p := read(t, "索引号：0141/2020-12　主题分类：卫生", "当前位置：首页 > 政务公开", "【打印】【关闭】 字号：大 中 小",
		"清河市人民政府关于印发清河市治水方案的通知", "清河市人民政府关于印发清河市治水方案的通知", "清政发〔2020〕5号", "各区人民政府：",
		"&nbsp;&nbsp;现将《清河市治水方案》印发给你们。", "清河市人民政府", "2020年5月6日", "清河市治水方案",
		"一、\u200b工作目标", "水清岸绿。", "二、工作要求", "狠抓落实。", "扫一扫在手机打开当前页", "相关文件", "打印本页", "关闭窗口")
	got := []string{p.Title, p.PlanTitle, p.DocumentNumber, p.Issuer, p.IssuedOn, fmt.Sprint(len(p.Outline)), p.Outline[0].Title, p.Outline[1].Text}
	want := []string{"清河市人民政府关于印发清河市治水方案的通知", "清河市治水方案", "清政发〔2020〕5号", "清河市人民政府", "2020-05-06", "2", "工作目标", "狠抓落实。"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestParagraphs_RunningHeadsAndBareNumbersAreDropped(t *testing.T) {
	lines, _ := mendLines([]string{"清河市治水工作方案", "— 1 —", "清河市治水工作方案", "一、工作目标", "清河市治水工作方案", "2", "清河市治水工作方案", "二、工作任务", "清河市治水工作方案", "— 3 —"})
	if d := cmp.Diff("清河市治水工作方案|一、工作目标|二、工作任务", strings.Join(nonEmpty(lines), "|")); d != "" {
		t.Error(d)
	}
}

// What random changes to the test plans found.
func TestRead_NeverFallsOver(t *testing.T) {
	for _, text := range []string{
		"清河市治水领导小组名单\n一、成员单位\n市教育局、市财政局\n（一）甲。",
	} {
		if _, err := Read(Source{Name: "t.txt", Lines: strings.Split(text, "\n")}); err != nil {
			t.Error(err)
		}
	}
}

func TestTasks_AreTheLeavesThatNameUnits(t *testing.T) {
	for text, want := range map[string]string{
		"一、加快体系建设\n（一）分类投放。正文。（县住建局负责）\n（二）规范收运\n1．完善体系。正文。（县住建局）\n2．强化监管。正文。（县公安局）":         "一/(一) 一/(二)/1 一/(二)/2",
		"一、工作任务\n（一）价格行为。\n1．是否明码标价；\n2．是否哄抬价格。\n（二）食品安全。正文。":                                "一/(一) 一/(二)",
		"一、工作任务\n（一）健康教育\n1、纳入教学计划，做到有教材、有教案、有课时、有评价。\n2、村级卫生室全部配齐健康宣传资料，每季度更新一次。\n责任股室：教育股": "一/(一)",
		"一、整治重点\n（一）治脏。正文。\n（二）治乱。正文。\n二、主要措施\n（一）宣传发动。正文。":                                  "一/(一) 一/(二) 二/(一)",
	} {
		var got []string
		for _, x := range read(t, "清河县方案\n"+text+"\n三、工作要求\n狠抓落实。").Tasks {
			got = append(got, x.Path)
		}
		if d := cmp.Diff(want, strings.Join(got, " ")); d != "" {
			t.Errorf("%s: %s", text, d)
		}
	}
}

func TestTable_AFileThatIsATableAlone(t *testing.T) {
	p := read(t, "清河市工作任务分工表", "序号\t工作任务\t牵头单位\t配合单位\t完成时限", "一\t控源截污", "1\t完善管网\t市住建局\t市水务局\t2019年12月", "二\t内源治理", "2\t清淤疏浚\t市水务局\t各区政府\t长期")
	var got []string
	for _, x := range p.Tasks {
		got = append(got, fmt.Sprint(x.Path, x.LeadUnits, x.SupportUnits))
	}
	if d := cmp.Diff([]string{"1[市住建局] [市水务局]", "2[市水务局] [各区政府]"}, got); d != "" {
		t.Error(d)
	}
}

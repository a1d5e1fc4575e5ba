package plan

import "strings"

// sectionKind is what a top-level section of a plan is about.
type sectionKind int

const (
	topical     sectionKind = iota // names its own matter: 严格管理涉农收费和价格
	goalSection                    // 指导思想, 工作目标, 基本原则 …
	taskSection                    // 工作任务, 重点任务 … : a container of tasks, no action itself
	phaseSection
	requirementSection
	rosterSection
	dutySection
)

// sectionWords tell the kind of a section by its title; the first rule that fits decides.
var sectionRules = []struct {
	kind  sectionKind
	words []string
	short bool // only in a title of at most 12 characters: in a longer one the words name a matter
}{
	{phaseSection, []string{"实施步骤", "方法步骤", "工作步骤", "步骤", "工作进度", "进度安排", "时间安排", "阶段安排", "实施阶段", "工作安排", "实施安排", "时间进度", "推进计划", "时间步骤", "实施进度", "阶段划分", "时间节点", "步骤安排", "任务安排"}, false},
	{goalSection, []string{"目标任务", "目标和任务", "目标及任务"}, true},
	{requirementSection, []string{"措施及保障", "措施和保障", "措施与保障", "保障措施", "工作保障"}, true},
	{taskSection, []string{"工作任务", "重点任务", "主要任务", "试点任务", "主要工作", "重点工作", "整治重点", "工作重点", "主要措施", "重点措施", "整治内容", "工作内容", "主要内容", "任务分工", "任务分解", "重点内容", "整治任务", "重点举措", "主要举措", "工作举措", "任务措施", "实施内容", "建设任务", "创建任务", "具体任务", "任务清单", "重点领域", "任务和措施", "具体措施", "任务与分工", "活动内容", "行动内容", "检查内容", "改革任务", "任务目标", "重点项目", "主要行动", "重点行动", "专项行动", "工作项目", "实施任务", "主要做法", "整改任务", "攻坚任务", "治理任务", "重点环节", "任务举措", "工作措施", "任务"}, true},
	{requirementSection, []string{"保障措施", "工作要求", "工作保障", "组织保障", "组织领导", "有关要求", "相关要求", "几点要求", "组织实施", "保障机制", "措施及保障", "措施和保障", "组织机构和保障", "工作纪律", "强化保障", "保障体系", "组织推进", "实施保障", "纪律要求", "监督管理", "监督检查", "督导考核", "考核评价", "监督考核", "考核奖惩", "督导检查", "附则", "其他事项", "其他要求", "工作机制", "工作规则", "工作制度", "会议制度", "议事规则", "运行机制", "经费保障", "要求", "保障"}, true},
	{rosterSection, []string{"组织机构", "领导机构", "工作机构", "领导小组", "组成人员", "成员单位", "成员名单", "联席会议成员", "机构设置", "指挥部"}, true},
	{dutySection, []string{"主要职责", "工作职责", "职责分工", "部门职责", "职责任务", "职责", "责任分工"}, true},
	{goalSection, []string{"指导思想", "总体要求", "工作目标", "总体目标", "基本原则", "工作原则", "总体思路", "工作思路", "目标", "重大意义", "重要意义", "背景", "意义", "实施范围", "试点范围", "整治范围", "适用范围", "工作范围", "范围", "编制依据", "工作依据", "总则", "基本情况", "现状", "形势", "总体部署", "活动主题", "行动主题", "主题", "活动时间", "实施时间", "整治时间", "时间", "对象", "试点对象", "检查对象", "提高认识", "统一思想", "充分认识", "认识"}, true},
}

// kindOfSection tells what a section is about. The words that name kinds are trusted in short titles; a longer one
// names its own matter, unless it only says again that organisation is to be strengthened.
func kindOfSection(title string) sectionKind {
	t := squeeze(title)
	if i := strings.IndexAny(t, "（("); i > 0 {
		t = t[:i]
	}
	n := runeLen(t)
	if strings.Contains(t, "总体要求") && n <= 20 {
		return goalSection
	}
	if containsAny(t, "重点任务", "主要任务", "工作任务") && n <= 16 && !containsAny(t, "目标任务") {
		return taskSection
	}
	if hasAnyPrefix(t, "建立", "健全", "完善", "构建") && n > 8 && strings.HasSuffix(t, "机制") && !strings.Contains(t, "保障") {
		return topical // 建立健全组织实施机制 is a measure, 工作机制 is none
	}
	for _, rule := range sectionRules {
		for _, w := range rule.words {
			if strings.Contains(t, w) && (!rule.short || n <= 12 || n <= runeLen(w)+4) {
				return rule.kind
			}
		}
	}
	if organises(t) {
		return requirementSection
	}
	if containsAny(t, "工作机构", "领导机构", "组织机构", "领导小组") && n <= 18 {
		return rosterSection
	}
	if hasAnySuffix(t, "总体要求", "指导思想", "重要意义", "重要性", "重大意义", "必要性", "紧迫性", "工作目标", "总体目标", "目标任务", "基本原则", "思想认识") {
		return goalSection
	}
	return topical
}

// organises reports the titles that close a plan: 加强…工作的组织领导, 强化保障措施, 严格督导考核.
func organises(t string) bool {
	if hasAnySuffix(t, "组织领导", "保障措施", "工作要求", "组织保障", "组织实施", "保障工作", "督导考核", "监督考核", "考核评估", "工作保障", "政策保障") {
		return true
	}
	return hasAnyPrefix(t, "加强组织", "强化组织", "切实加强组织", "健全组织", "强化保障", "加强保障", "落实保障", "完善保障", "加强督导", "强化督导", "加强督查", "强化督查", "加强考核", "强化考核", "严格考核", "加强宣传", "强化宣传", "加强领导", "强化领导", "严肃工作纪律", "严明纪律") && runeLen(t) <= 16
}

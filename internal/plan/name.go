package plan

import (
	"strings"
	"unicode/utf8"
)

// isName reports whether s, without spaces, can be a person's name on its own evidence:
// a known family name and one or two (after a double family name, or rarely three) more characters,
// a name of another nationality with ·, or a redacted name.
func isName(s string) bool {
	if s == "" || utf8.RuneCountInString(s) > 20 {
		return false
	}
	if redacted(s) || dotted(s) {
		return true
	}
	if !allHan(s) || looksLikeNoName(s) || startsAsWord(s) {
		return false
	}
	n := runeLen(s)
	for _, c := range compoundSurnames {
		if strings.HasPrefix(s, c) && n >= 3 && n <= 4 {
			return true
		}
	}
	if !strings.ContainsRune(surnames, firstRune(s)) {
		return false
	}
	return n == 2 || n == 3 || n == 4 && strings.ContainsRune(surnames, []rune(s)[1])
}

// looksLikeNoName holds against a name that the characters are those of a post, a unit or plain words.
func looksLikeNoName(s string) bool {
	if runeLen(s) >= 3 && hasAnySuffix(s, "局", "委", "办", "厅", "署", "院", "区", "县", "镇", "乡", "街道", "公司", "中心", "支队", "大队", "政府", "银行", "部门", "单位", "企业", "学校", "法院", "小组", "工会", "协会", "公室", "财股", "艺股", "保股", "教股", "育股", "管股", "监股", "政股") {
		return true
	}
	if containsAny(s, "同志", "主任", "书记", "局长", "市长", "县长", "区长", "镇长", "组长", "负责", "单位", "部门", "有关", "相关", "成员", "工作", "领导", "联络", "办公", "委员", "名单", "主要", "分管") {
		return true
	}
	return false
}

// startsAsWord holds against a name that stands alone and begins as departments and plain words do.
func startsAsWord(s string) bool {
	for _, w := range []string{"公安", "安监", "水利", "水务", "农业", "农办", "农委", "商务", "文化", "文旅", "文广", "民政", "司法", "财政", "城管", "广电", "国土", "国资", "国税", "地税", "海关",
		"经信", "发改", "法制", "计生", "宣传", "统计", "审计", "通信", "电力", "房管", "卫生", "卫健", "农机", "林业", "畜牧", "党校", "党办", "人社", "环保", "交通", "教育", "科技", "工商", "质监", "药监", "信访", "住建", "移动", "联通", "电信", "武装", "纪委", "政府", "全体", "全市", "全县", "全区", "干部", "时间", "水平", "方案", "附件", "安全", "生态", "应急", "公共", "成立", "明确", "组织", "经费", "关于"} {
		if strings.HasPrefix(s, w) {
			return true
		}
	}
	return false
}

// redacted reports names like ***亮, 张**, 李×× and 王某某.
func redacted(s string) bool {
	stars, others := 0, 0
	for _, r := range s {
		switch {
		case strings.ContainsRune("*＊×╳✕某X〇○", r):
			stars++
		case isHan(r):
			others++
		default:
			return false
		}
	}
	if stars == 0 || stars+others > 5 || others > 2 {
		return false
	}
	r := firstRune(s)
	return others == 0 && stars >= 2 || strings.ContainsRune("*＊×╳✕X", r) || strings.ContainsRune(surnames, r)
}

// dotted reports names like 阿不都·热西提.
func dotted(s string) bool {
	parts := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("·•‧・．", r) })
	if len(parts) < 2 || len(parts) > 4 || strings.ContainsRune("·•", firstRune(s)) {
		return false
	}
	for _, p := range parts {
		if !allHan(p) || runeLen(p) > 9 || endsAsTitle(p) {
			return false
		}
	}
	return true
}

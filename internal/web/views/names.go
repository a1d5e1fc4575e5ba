package views

import (
	"fmt"
	"strings"

	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
)

// CadenceName says how often in Chinese.
func CadenceName(c string) string {
	switch c {
	case "daily":
		return "每天"
	case "weekly":
		return "每周"
	case "monthly":
		return "每月"
	case "quarterly":
		return "每季度"
	case "half_yearly":
		return "每半年"
	case "yearly":
		return "每年"
	case "regular":
		return "定期"
	case "irregular":
		return "不定期"
	case "once":
		return "一次"
	}
	return c
}

// SeverityName says how grave a finding is.
func SeverityName(s string) string {
	switch s {
	case plan.Grave:
		return "矛盾"
	case plan.Warning:
		return "请核对"
	}
	return "已修补"
}

// AnswerName says how a finding was answered.
func AnswerName(a string) string {
	switch a {
	case "accepted":
		return "已采纳"
	case "kept":
		return "保留原文"
	}
	return "未答复"
}

// NoteClass is the look of a finding.
func NoteClass(severity string) string {
	switch severity {
	case plan.Grave:
		return "bad"
	case plan.Warning:
		return ""
	}
	return "plain"
}

// KindName names what a search found.
func KindName(kind string) string {
	names := map[string]string{"person": "人员", "unit": "单位", "body": "机构", "action": "专项行动", "task": "任务", "duty": "职责",
		"phase": "阶段", "appointment": "任职", "obligation": "报送", "indicator": "指标", "limit": "整改时限", "plan": "文件", "finding": "体检"}
	if n, ok := names[kind]; ok {
		return n
	}
	return kind
}

func days(start, due kernel.Date) string {
	if start == "" {
		return due.Chinese() + " 前"
	}
	return start.Chinese() + "—" + due.Chinese()
}

// shortDays writes a span as tables have room for: 2023.7.1—2024.3.20.
func shortDays(start, due kernel.Date) string {
	short := func(d kernel.Date) string {
		t := d.Time()
		return fmt.Sprintf("%d.%d.%d", t.Year(), int(t.Month()), t.Day())
	}
	if start == "" {
		return short(due) + " 前"
	}
	return short(start) + "—" + short(due)
}

func plain(p []string) string { return strings.Join(p, "、") }

// shortBody drops what all groups of a campaign share from a body's name.
func shortBody(name string) string {
	if s := strings.TrimSuffix(name, "工作组"); s != name && s != "" {
		return s
	}
	if i := strings.Index(name, "领导小组"); i > 0 && strings.HasSuffix(name, "领导小组") {
		return "领导小组"
	}
	return name
}

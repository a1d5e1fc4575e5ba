package plan

import (
	"strings"
	"testing"
)

func TestLimits_ReadWhatThePlanGivesAUnitToPutRight(t *testing.T) {
	for text, want := range map[string]string{
		"责任单位自收到督办单之日起5个工作日内报送整改情况。":     "5 workdays",
		"各责任单位收到督办单之日起 10 个工作日内完成整改。":    "10 workdays",
		"自接到整改通知书之日起十五日内整改到位，并书面反馈。":     "15 days",
		"整改通知下发之日起7日内反馈整改结果。":            "7 days",
		"自收到督办单之日起，三个工作日内完成整改并报办公室。":     "3 workdays",
		"本方案自印发之日起30日内完成问题整改。":           "",
		"督办单印发后，自印发之日起7天内将整改情况报领导小组办公室。": "7 days",
		"承办单位接到交办单后24小时内办结并回复。":          "24 hours",
		"接交办单之日起３个工作日内反馈办理情况。":           "3 workdays",
		"自下发督办通知之日起5日内落实整改。":             "5 days",
		"对督查发现的问题，限期7日整改。":               "7 days",
		"对检查中发现的问题限15个工作日内完成整改。":         "15 workdays",
		"责任单位收到督办单之日起1个工作日内签收。":          "",
		"责任单位收到督办单之日起3个工作日内制定整改方案。":      "",
		"本办法自印发之日起30日内由各单位制定实施细则。":       "",
		"本方案自印发之日起30日内组织学习。":             "",
		"各单位收到本方案之日起10日内报送联络员名单。":        "",
		"对占道经营的商户，由城管部门限期3日整改。":          "",
		"督导检查组发现问题的，限期整改。":               "",
		"每月5日前报送督办单整改情况。":                "",
		"收到督办单之日起0个工作日内报送整改情况。":          "",
	} {
		got := ""
		for _, l := range limitsOf([]Paragraph{newParagraph(text, 7)}) {
			got = strings.TrimSpace(got + " " + itoa(l.N) + " " + l.Measure)
			if l.Lines != (Lines{7, 7}) || l.Text != text {
				t.Errorf("%s: read from %v, %q", text, l.Lines, l.Text)
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

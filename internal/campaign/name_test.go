package campaign

import (
	"testing"

	"pinzhi/internal/plan"
)

func TestNameOf_IsTheTitleWithoutTheWordForThePaper(t *testing.T) {
	for _, c := range []struct{ title, planTitle, want string }{
		{"临汾市人民政府办公室关于印发临汾城市品质提升行动方案的通知", "临汾城市品质提升行动方案", "临汾城市品质提升行动"},
		{"关于印发《云溪县生活垃圾分类工作实施方案》的通知", "", "云溪县生活垃圾分类工作"},
		{"国务院办公厅关于印发“无废城市”建设试点工作方案的通知", "“无废城市”建设试点工作方案", "“无废城市”建设试点"},
		{"临安市人民政府办公室关于成立临安市信用建设工作领导小组的通知", "", "临安市信用建设工作领导小组"},
		{"云溪县人民政府办公室关于调整云溪县爱国卫生运动委员会成员的通知", "", "云溪县爱国卫生运动委员会"},
		{"青澜区人民政府办公室关于进一步做好减轻农民负担工作的意见", "", "进一步做好减轻农民负担工作"},
		{"工作方案", "工作方案", "工作方案"},
	} {
		if got := NameOf(&plan.Plan{Title: c.title, PlanTitle: c.planTitle}); got != c.want {
			t.Errorf("%s: %q, want %q", c.title, got, c.want)
		}
	}
}

func TestPlaceOf_IsWhoseUnitsThePlanMeans(t *testing.T) {
	for issuer, want := range map[string]string{
		"临汾市人民政府办公室": "临汾市", "上海市闵行区人民政府办公室": "上海市闵行区", "国务院办公厅": "国务院办公厅",
		"临江县人民政府、临江县武装部": "临江县", "松阳湖市爱卫会": "松阳湖市",
	} {
		if got := PlaceOf(&plan.Plan{Issuer: issuer}); got != want {
			t.Errorf("%s: %q, want %q", issuer, got, want)
		}
	}
}

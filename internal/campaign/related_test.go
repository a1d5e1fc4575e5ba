package campaign

import (
	"testing"

	"pinzhi/internal/roster"
)

func TestRelatedDuties_ThoseThatSpeakOfTheTaskComeFirst(t *testing.T) {
	task := Task{Name: "规范农产品市场管理", Text: "保持市场设施设备完好,符合卫生防疫和食品安全要求。杜绝野生动物非法交易和宰杀行为。"}
	duties := []roster.Duty{
		{Number: 1, Text: "主次干道和街巷路面平整，道路照明设施完好"},
		{Number: 3, Text: "加强绿化工作，提高建成区绿化覆盖率"},
		{Number: 7, Text: "农产品市场设施设备符合卫生防疫和食品安全要求"},
		{Number: 8, Text: "各类市场无非法交易和宰杀野生动物现象"},
	}
	near, others := RelatedDuties(task, duties)
	if len(near) != 2 || near[0].Number != 7 || near[1].Number != 8 {
		t.Errorf("near %+v", near)
	}
	if len(others) != 2 || others[0].Number != 1 || others[1].Number != 3 {
		t.Errorf("others %+v", others)
	}
}

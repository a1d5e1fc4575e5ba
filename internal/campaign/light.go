package campaign

import (
	"fmt"

	"pinzhi/internal/kernel"
)

// SoonDays is how many civil days before the due day a light turns amber.
const SoonDays = 7

// Light is a state as the screen shows it: a shape, a word, and last a colour.
type Light struct {
	State string // ok, soon, late, idle
	Word  string
}

// LightOf is the light of one work item on a day.
func LightOf(w WorkItem, today kernel.Date) Light {
	switch {
	case w.DoneOn != "" && w.DoneOn > w.DueDay:
		return Light{"ok", fmt.Sprintf("办结（晚 %d 天）", w.DueDay.DaysUntil(w.DoneOn))}
	case w.DoneOn != "":
		return Light{"ok", "按期办结"}
	case w.DueDay < today:
		return Light{"late", fmt.Sprintf("逾期 %d 天", w.DueDay.DaysUntil(today))}
	case w.DueDay == today:
		return Light{"soon", "今天到期"}
	case w.DueDay <= today.AddDays(SoonDays):
		return Light{"soon", fmt.Sprintf("剩 %d 天", today.DaysUntil(w.DueDay))}
	}
	return Light{"ok", "按期"}
}

func lightOf(total, done, late, soon int) Light {
	switch {
	case total == 0:
		return Light{"idle", "未分解"}
	case late > 0:
		return Light{"late", fmt.Sprintf("%d 项逾期", late)}
	case soon > 0:
		return Light{"soon", fmt.Sprintf("%d 项临期", soon)}
	case done == total:
		return Light{"ok", "全部办结"}
	}
	return Light{"ok", "按期"}
}

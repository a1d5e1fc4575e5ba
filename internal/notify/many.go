package notify

import (
	"fmt"

	"pinzhi/internal/cases"
)

// DeskKind is what a notice is about that speaks of many cases at once: the office's desk.
const DeskKind = "desk"

// manyAtOnce is how many cases that came in together are told one by one. A spreadsheet of two hundred is one piece of
// news to whoever has to take them in hand, not two hundred.
const manyAtOnce = 20

// gathered tells everybody who would hear of many registrations in one batch of them in one line, at the place of the
// last. Urgent ones stay by themselves.
func gathered(notices []Notice) []Notice {
	many := map[int64]int{}
	for _, n := range notices {
		if comesIn(n) {
			many[n.AccountID]++
		}
	}
	list, seen := notices[:0:0], map[int64]int{}
	for _, n := range notices {
		if all := many[n.AccountID]; comesIn(n) && all > manyAtOnce {
			if seen[n.AccountID]++; seen[n.AccountID] < all {
				continue
			}
			n.SubjectKind, n.SubjectID, n.Text = DeskKind, n.CampaignID, fmt.Sprintf("新登记 %d 件，待受理", all)
		}
		list = append(list, n)
	}
	return list
}

func comesIn(n Notice) bool {
	return n.SubjectKind == cases.Kind && n.Verb == string(cases.Register) && !n.Urgent
}

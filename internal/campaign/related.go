package campaign

import (
	"cmp"
	"slices"

	"pinzhi/internal/roster"
)

// RelatedDuties sorts the duties of an action's group by whether they speak of the same things as a task:
// those that share enough pairs of characters with it come first.
func RelatedDuties(t Task, duties []roster.Duty) (near, others []roster.Duty) {
	words := pairs(t.Name + t.Text)
	type scored struct {
		duty  roster.Duty
		score float64
	}
	var all []scored
	for _, d := range duties {
		shared, own := 0, pairs(d.Text)
		for p := range own {
			if words[p] {
				shared++
			}
		}
		all = append(all, scored{d, float64(shared) / float64(max(1, min(len(own), len(words))))})
	}
	slices.SortStableFunc(all, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	for i, s := range all {
		if i < 3 && s.score >= 0.25 {
			near = append(near, s.duty)
		} else {
			others = append(others, s.duty)
		}
	}
	byNumber := func(a, b roster.Duty) int { return a.Number - b.Number }
	slices.SortStableFunc(near, byNumber)
	slices.SortStableFunc(others, byNumber)
	return near, others
}

// pairs is the set of overlapping pairs of Chinese characters in a text.
func pairs(text string) map[string]bool {
	out := map[string]bool{}
	runes := []rune(text)
	for i := 0; i+1 < len(runes); i++ {
		if runes[i] >= 0x4E00 && runes[i+1] >= 0x4E00 && runes[i] < 0xA000 && runes[i+1] < 0xA000 {
			out[string(runes[i:i+2])] = true
		}
	}
	return out
}

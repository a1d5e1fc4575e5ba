package suggest

import "strings"

// nobody stands in a table of scores for the case that no unit of the plan answers.
const nobody = -1

// Bonuses for what a text names itself.
const (
	siteNamed = .3  // the station, airport or park that a unit runs
	areaNamed = .15 // the district that a unit governs
)

// leastSpoken is the share of a complaint that the plan must speak of; the rest may be beside the point.
const leastSpoken = .45

// quoted is the likeness from which a text without any known topic counts as the plan's own words.
const quoted = .35

// fromPlan scores the units by topics, places and the plan's own words.
func (x *Index) fromPlan(c *complaint) map[int]float64 {
	c.near = x.likeness(c.pairs)
	c.shares = sharesOf(c.topics)
	scores := map[int]float64{}
	surest, spoken := 0.0, 0.0
	for t, share := range c.shares {
		s := x.subjects[t]
		spoken += share * s.spoken
		for u, score := range s.units {
			scores[u] += share * score
		}
		if s.spoken > 0 {
			surest = max(surest, c.topics[t])
		}
	}
	for u := range scores {
		scores[u] *= (.45 + .55*surest) / max(leastSpoken, spoken)
	}
	if spoken < leastSpoken {
		scores[nobody] = 1 - spoken
	}
	if len(c.topics) == 0 {
		x.byQuotation(c, scores)
	}
	x.byName(c, scores)
	return scores
}

// sharesOf parts a complaint among its topics, the strong ones more than in proportion.
func sharesOf(topics map[int]float64) map[int]float64 {
	sum := 0.0
	for _, t := range topics {
		sum += t * t
	}
	out := make(map[int]float64, len(topics))
	for id, t := range topics {
		out[id] = t * t / sum
	}
	return out
}

// byQuotation serves texts that speak as the plan does, of something the lexicon does not know.
func (x *Index) byQuotation(c *complaint, scores map[int]float64) {
	for i, like := range c.near {
		if like < quoted {
			continue
		}
		for u, part := range x.passages[i].parts {
			scores[u] = max(scores[u], like*partWeights[part])
		}
	}
}

// byName lifts units that run a place the text names, if the complaint is the plan's concern at all.
func (x *Index) byName(c *complaint, scores map[int]float64) {
	if len(scores) == 0 || scores[nobody] > 0 {
		return
	}
	for u, unit := range x.units {
		for _, alias := range unit.aliases {
			if !strings.Contains(c.folded, alias) {
				continue
			}
			if unit.kinds["区县"] {
				scores[u] += areaNamed
			} else {
				scores[u] += siteNamed
			}
			break
		}
	}
}

// passageFor is the passage that best explains why a unit is named for a complaint, nil if none does.
func (x *Index) passageFor(u int, c *complaint) (best *passage) {
	most := 0.0
	for i := range x.passages {
		p := &x.passages[i]
		about := 0.0
		for t, share := range c.shares {
			about += share * x.subjects[t].passages[i]
		}
		part, in := p.parts[u]
		weight := elsewhere
		if in {
			weight = partWeights[part]
		}
		score := (about + .5*c.near[i]) * (.3 + weight)
		if p.because.Kind == ByDuty {
			score *= 1.5 // a duty is a body's own, a task of the same words often says only what
		}
		if (about > 0 || c.near[i] >= quoted) && even(score) > most {
			best, most = p, even(score)
		}
	}
	return best
}

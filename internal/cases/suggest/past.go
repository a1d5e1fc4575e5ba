package suggest

import (
	"cmp"
	"math"
	"slices"
)

// Learn takes a dispatch into account: this text went to this unit. Later ones weigh more, and a correction of a
// like text overrides at once what the plan suggests. An empty unit says that nobody in the plan answered for it.
func (x *Index) Learn(text, unit string) {
	folded := fold(text)
	d := dispatch{text: text, to: nobody, pairs: pairsOf(folded), topics: sharesOf(x.lexicon.topicsOf(folded))}
	x.mu.Lock()
	defer x.mu.Unlock()
	if unit != "" {
		d.to = x.addUnit(unit)
	}
	x.past.add(d)
}

// dispatch is one complaint that was handed out.
type dispatch struct {
	text   string
	to     int
	pairs  []string
	topics map[int]float64
}

// past is what was handed out, oldest first, to be found by words and by topics.
type past struct {
	all     []dispatch
	byPair  map[string][]int
	byTopic map[int][]int
}

func newPast() past { return past{byPair: map[string][]int{}, byTopic: map[int][]int{}} }

func (p *past) add(d dispatch) {
	at := len(p.all)
	p.all = append(p.all, d)
	for _, pair := range d.pairs {
		p.byPair[pair] = append(p.byPair[pair], at)
	}
	for t := range d.topics {
		p.byTopic[t] = append(p.byTopic[t], at)
	}
}

const (
	memory    = 1000 // the newest dispatches of one word or topic that are looked at
	neighbour = .4   // the likeness from which a dispatch says something
	asked     = 12   // neighbours that vote
	fading    = .7   // what a vote keeps for each newer neighbour
)

// like is a past dispatch and its likeness, 0 to 1.
type like struct {
	at   int
	much float64
}

// weigh joins what like dispatches say to the scores by the plan, and returns the text to cite for every unit that
// owes its place to the past.
func (p *past) weigh(c *complaint, scores map[int]float64) map[int]string {
	near := p.neighbours(c)
	if len(near) == 0 {
		return nil
	}
	votes, sum, trustless := map[int]float64{}, 0.0, 1.0
	cite, closest := map[int]string{}, map[int]float64{}
	weight := 1.0
	for _, n := range near {
		d := p.all[n.at]
		v := weight * n.much * n.much * n.much
		votes[d.to] += v
		sum += v
		if n.much > closest[d.to] {
			closest[d.to], cite[d.to] = n.much, d.text
		}
		trustless *= 1 - .9*n.much*n.much
		weight *= fading
	}
	trust := math.Min(.95, 1-trustless)
	for u := range scores {
		scores[u] *= 1 - trust
	}
	for u, v := range votes {
		share := trust * v / sum
		if share < scores[u] {
			delete(cite, u)
		}
		scores[u] += share
	}
	return cite
}

// neighbours are the likest dispatches, the newest first.
func (p *past) neighbours(c *complaint) []like {
	common := map[int]int{}
	for _, pair := range c.pairs {
		for _, at := range newest(p.byPair[pair]) {
			common[at]++
		}
	}
	for t := range c.shares {
		for _, at := range newest(p.byTopic[t]) {
			common[at] += 0
		}
	}
	var out []like
	for at, n := range common {
		if much := p.all[at].likeness(c, n); much >= neighbour {
			out = append(out, like{at, much})
		}
	}
	slices.SortFunc(out, func(a, b like) int { return cmp.Or(cmp.Compare(b.much, a.much), cmp.Compare(b.at, a.at)) })
	out = out[:min(asked, len(out))]
	slices.SortFunc(out, func(a, b like) int { return cmp.Compare(b.at, a.at) })
	return out
}

func newest(list []int) []int { return list[max(0, len(list)-memory):] }

// likeness joins common topics and common words.
func (d dispatch) likeness(c *complaint, common int) float64 {
	words := 2 * float64(common) / float64(max(1, len(d.pairs)+len(c.pairs)))
	if len(d.topics) == 0 && len(c.shares) == 0 {
		return math.Min(1, 1.3*words)
	}
	topics := 0.0
	for t, share := range d.topics {
		topics += math.Min(share, c.shares[t])
	}
	return .6*topics + .4*math.Min(1, 1.5*words)
}

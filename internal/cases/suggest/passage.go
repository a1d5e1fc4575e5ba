package suggest

import (
	"math"
	"regexp"
	"slices"
	"strings"
)

// passage is a duty or task with the units that answer for it.
type passage struct {
	sentences []string // folded
	pairs     []string
	body      string
	parts     map[int]Part
	because   Because
}

func (x *Index) addPassage(text, body string, units []Charge, because Because) {
	p := passage{body: body, parts: map[int]Part{}, because: because}
	for s := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune("。；;\n", r) }) {
		p.sentences = append(p.sentences, fold(s))
	}
	p.pairs = pairsOf(fold(text))
	for _, c := range units {
		p.parts[x.addUnit(c.Unit)] = c.Part
	}
	x.passages = append(x.passages, p)
}

// subject is a topic in the light of one plan.
type subject struct {
	passages map[int]float64 // how much each passage speaks of it, 0 to 1
	spoken   float64         // how surely the plan speaks of it at all
	units    map[int]float64 // how likely each unit answers for it
}

// The weight of a part, where the plan names the unit for the very passage and where it only sits in the group.
var partWeights = map[Part]float64{Leads: 1, Supports: .5, Heads: .6, Sits: .35}

// elsewhere is the weight of a unit that the plan knows, but not for this passage.
const elsewhere = .1

func (x *Index) subjectOf(id int) subject {
	t := x.lexicon.topics[id]
	s := subject{passages: map[int]float64{}, units: map[int]float64{}}
	most := 0.0
	for i, p := range x.passages {
		if r := p.speaksOf(t.plan); r > 0 {
			s.passages[i] = r
			most = max(most, r)
		}
	}
	if most == 0 {
		return s
	}
	s.spoken = min(1, most/.5)
	for u := range x.units {
		if score := x.answers(u, t, s, most); score > 0 {
			s.units[u] = score * s.spoken
		}
	}
	return s
}

// speaksOf is how much a passage speaks of a topic: one word of the plan's for it is half, each further one halves
// what is missing.
func (p passage) speaksOf(phrases []phrase) float64 {
	missing, place := 1.0, narrow.FindString(p.because.Text)
	for _, ph := range phrases {
		if slices.ContainsFunc(p.sentences, ph.in) {
			missing *= 1 - .5*ph.weight
			if place != "" && slices.Contains(ph.parts[0], place) {
				place = ""
			}
		}
	}
	if place != "" {
		return .85 * (1 - missing)
	}
	return 1 - missing
}

// narrow opens passages that speak of one sort of place, of which everything else in the plan is said again.
var narrow = regexp.MustCompile(`^(?:城乡结合部|社区和单位)`)

func (ph phrase) in(sentence string) bool {
	for _, part := range ph.parts {
		if !containsAny(sentence, part) {
			return false
		}
	}
	return true
}

// answers joins what is usual (the sort of unit) with what this plan says (the unit's part in the passages).
func (x *Index) answers(u int, t topic, s subject, most float64) float64 {
	usual := 0.0
	for _, c := range t.who {
		if x.units[u].kinds[c.kind] {
			usual = max(usual, c.weight)
		}
	}
	said, named := 0.0, false
	for i, r := range s.passages {
		part, ok := x.passages[i].parts[u]
		if !ok {
			continue
		}
		if w := partWeights[part] * r / most; w > said {
			said, named = w, part == Leads || part == Supports
		}
	}
	if said == 0 {
		said = elsewhere
		if usual == 0 {
			return 0
		}
	}
	weight := .25
	if named {
		weight = .5
	}
	return min(1, .55*usual+weight*said+.2*usual*said)
}

// rarity is how much a pair of characters tells: pairs in few passages tell more.
type rarity map[string]float64

func rarityOf(passages []passage) rarity {
	in := map[string]int{}
	for _, p := range passages {
		for _, pair := range p.pairs {
			in[pair]++
		}
	}
	out := rarity{}
	for pair, n := range in {
		out[pair] = math.Log(1 + float64(len(passages))/float64(n))
	}
	return out
}

// likeness is how much of what a complaint says stands in each passage, 0 to 1.
func (x *Index) likeness(pairs []string) []float64 {
	out := make([]float64, len(x.passages))
	said := map[string]bool{}
	for _, p := range pairs {
		said[p] = true
	}
	unknown := math.Log(1 + float64(len(x.passages)))
	whole := 0.0
	for _, p := range pairs {
		if w, ok := x.rarity[p]; ok {
			whole += w
		} else {
			whole += unknown
		}
	}
	if whole == 0 {
		return out
	}
	for i, p := range x.passages {
		sum := 0.0
		for _, pair := range p.pairs {
			if said[pair] {
				sum += x.rarity[pair]
			}
		}
		out[i] = sum / whole
	}
	return out
}

// Package suggest says which units of a campaign a complaint in everyday words most likely belongs to, and which duty
// or task of the plan says so. It is pure: the plan, a lexicon of everyday words that is part of the program, and what
// was handed out before. No database, no network, no model.
//
// A complaint's words lead to topics (lexicon.txt). A topic leads to the passages of the plan that speak of it and to
// the sorts of units that usually answer for it. A unit stands high where both meet. A topic that the plan does not
// speak of leads to nobody.
package suggest

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"pinzhi/internal/plan"
)

// The kinds of reasons.
const (
	ByDuty = "duty"
	ByTask = "task"
	ByPast = "past"
)

// Suggestion is a unit that likely answers for a complaint.
type Suggestion struct {
	Unit    string  `json:"unit"`
	Score   float64 `json:"score"` // 0 to 1
	Body    string  `json:"body"`  // the work group whose duty or task it is, "" where there is none
	Because Because `json:"because"`
	Past    string  `json:"-"` // the dispatch of before that speaks for it, "" for none
}

// Because is the passage of the plan, or the past dispatch, that a suggestion rests on.
type Because struct {
	Kind   string     `json:"kind"`             // duty, task, past
	Number int        `json:"number,omitempty"` // of the duty in its body
	Path   string     `json:"path,omitempty"`   // of the task
	Lines  plan.Lines `json:"lines"`
	Text   string     `json:"text,omitempty"`
}

// Index answers for one campaign. Its methods may be called at the same time.
type Index struct {
	lexicon  *lexicon
	units    []unit
	unitAt   map[string]int
	passages []passage
	rarity   rarity
	subjects []subject // by topic

	mu   sync.RWMutex // over past and units, to which a dispatch may add
	past past
}

// unit is a unit of the campaign with what its name tells.
type unit struct {
	name    string
	kinds   map[string]bool
	aliases []string
}

// New makes the index of a campaign.
func New(src Source) *Index {
	x := &Index{lexicon: theLexicon(), unitAt: map[string]int{}}
	for _, name := range src.Units {
		x.addUnit(name)
	}
	for _, d := range src.Duties {
		x.addPassage(d.Text, d.Body, d.Units, Because{Kind: ByDuty, Number: d.Number, Lines: d.Lines, Text: d.Text})
	}
	for _, t := range src.Tasks {
		x.addPassage(t.Text, t.Body, t.Units, Because{Kind: ByTask, Path: t.Path, Lines: t.Lines, Text: t.Text})
	}
	x.rarity = rarityOf(x.passages)
	for i := range x.lexicon.topics {
		x.subjects = append(x.subjects, x.subjectOf(i))
	}
	x.past = newPast()
	return x
}

func (x *Index) addUnit(name string) int {
	if i, ok := x.unitAt[name]; ok {
		return i
	}
	x.unitAt[name] = len(x.units)
	x.units = append(x.units, unit{name, x.lexicon.kindsOf(name), aliasesOf(name)})
	return len(x.units) - 1
}

// leastSure is the score below which nobody is named: the campaign's plan does not speak of it.
const leastSure = .2

// leastShare is the share of the first unit's score that a further unit must have to be named.
const leastShare = .2

// Suggest names the n likeliest units for a complaint, the likeliest first. It is empty where nobody in the plan
// answers for it.
func (x *Index) Suggest(text string, n int) []Suggestion {
	folded := fold(text)
	c := complaint{folded: folded, pairs: pairsOf(folded), topics: x.lexicon.topicsOf(folded)}
	x.mu.RLock()
	defer x.mu.RUnlock()
	scores := x.fromPlan(&c)
	reasons := x.past.weigh(&c, scores)
	return x.best(scores, reasons, &c, n)
}

// complaint is a text as the index sees it.
type complaint struct {
	folded string
	pairs  []string
	topics map[int]float64 // strength of each topic found
	shares map[int]float64 // how much of the complaint each topic is
	near   []float64       // likeness to each passage
}

func (x *Index) best(scores map[int]float64, reasons map[int]string, c *complaint, n int) []Suggestion {
	order := make([]int, 0, len(scores))
	top := 0.0
	for u, s := range scores {
		if u != nobody {
			order = append(order, u)
			top = max(top, s)
		}
	}
	if top < leastSure || top < scores[nobody] {
		return nil
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(even(scores[b]), even(scores[a])), cmp.Compare(a, b))
	})
	var out []Suggestion
	for _, u := range order[:min(n, len(order))] {
		if scores[u] >= leastShare*top {
			out = append(out, x.suggestion(u, min(scores[u], 1), reasons[u], c))
		}
	}
	return out
}

// even rounds what the order of adding may change, so that a text has one answer.
func even(score float64) float64 { return math.Round(score*1e9) / 1e9 }

func (x *Index) suggestion(u int, score float64, past string, c *complaint) Suggestion {
	s := Suggestion{Unit: x.units[u].name, Score: math.Round(score*100) / 100}
	p := x.passageFor(u, c)
	switch { // the plan's own words first: they hold before others
	case p != nil:
		s.Because, s.Past = p.because, past
	case past != "":
		s.Because, s.Past = Because{Kind: ByPast, Text: past}, past
	}
	if p != nil {
		s.Body = p.body
	}
	return s
}

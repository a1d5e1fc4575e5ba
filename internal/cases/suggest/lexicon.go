package suggest

import (
	_ "embed" // the lexicon
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

//go:embed lexicon.txt
var lexiconText string

// lexicon is what is known of everyday words and of the usual division of labour in local government, whatever the
// city. It is data: lexicon.txt says how its lines read.
type lexicon struct {
	kinds  []kind
	topics []topic
	rules  []rule
	words  *words
	vague  *words         // every word of every topic: alone it says a little
	named  map[string]int // topics by name
}

// kind is a sort of unit, told by its name.
type kind struct {
	name     string
	has, not []string
}

// topic is one thing people complain about.
type topic struct {
	name string
	who  []claim // the sorts of units that usually answer for it
	plan []phrase

	yields []string           // more special topics, before which this one steps back
	words  map[string]float64 // every word of its rules, and how much it says alone at most
}

// claim is how much a thing is one sort of unit's: 1 wholly.
type claim struct {
	kind   string
	weight float64
}

// phrase is how plans speak of a topic: all its parts in one sentence.
type phrase struct {
	parts  [][]string
	weight float64
}

// rule says which words together tell of a topic, and how surely.
type rule struct {
	topic    int
	strength float64
	need     int // groups of which each must be there
}

// The strength of evidence by keyword.
var strengths = map[string]float64{"sure": .9, "say": .65, "hint": .3}

// What a word says at most by itself: in the first group of a rule, in a later one, and one that is given as vague.
const (
	ruleWord  = .25
	laterWord = .12
	alsoWord  = .32
)

// vaguest is the least, vagueMost the most, that words outside of rules can say together.
const (
	vaguest   = .12
	vagueMost = .5
)

// The weight of the plan's words for a topic.
var phraseWeights = map[string]float64{"plan": 1, "near": .5}

var theLexicon = sync.OnceValue(func() *lexicon {
	l, err := readLexicon(lexiconText)
	if err != nil {
		panic(err) // it is part of the program; its test reads it
	}
	return l
})

// lexiconReader reads the lines of a lexicon.
type lexiconReader struct {
	out  *lexicon
	lets map[string]string
}

func readLexicon(text string) (*lexicon, error) {
	r := lexiconReader{out: &lexicon{words: newWords(), vague: newWords(), named: map[string]int{}}, lets: map[string]string{}}
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		key, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if key == "" {
			continue
		}
		if err := r.read(key, strings.TrimSpace(rest)); err != nil {
			return nil, fmt.Errorf("lexicon line %d: %w", i+1, err)
		}
	}
	r.out.weighWords()
	return r.out, r.check()
}

// weighWords lets every word speak for its topics by itself, the more the fewer topics have it and the longer it is.
func (l *lexicon) weighWords() {
	in := map[string]int{}
	for _, t := range l.topics {
		for w := range t.words {
			in[w]++
		}
	}
	many := math.Log(float64(len(l.topics) + 1))
	for id, t := range l.topics {
		for w, most := range t.words {
			rare := 1 - math.Log(float64(in[w]))/many
			long := []float64{.5, .85, 1}[min(3, utf8.RuneCountInString(w))-1]
			l.vague.add(w, use{rule: id, weight: most * rare * rare * long})
		}
	}
}

func (r *lexiconReader) check() error {
	known := map[string]bool{}
	for _, k := range r.out.kinds {
		known[k.name] = true
	}
	for _, t := range r.out.topics {
		for _, c := range t.who {
			if !known[c.kind] {
				return fmt.Errorf("topic %s: no kind of unit %s", t.name, c.kind)
			}
		}
		for _, y := range t.yields {
			if _, ok := r.out.named[y]; !ok {
				return fmt.Errorf("topic %s: no topic %s", t.name, y)
			}
		}
	}
	return nil
}

func (r *lexiconReader) read(key, rest string) error {
	switch key {
	case "unit":
		return r.readKind(rest)
	case "let":
		name, words, ok := strings.Cut(rest, " ")
		if !ok {
			return fmt.Errorf("let %s without words", name)
		}
		r.lets["@"+name] = r.expand(strings.TrimSpace(words))
		return nil
	case "topic":
		r.out.named[rest] = len(r.out.topics)
		r.out.topics = append(r.out.topics, topic{name: rest, words: map[string]float64{}})
		return nil
	}
	if len(r.out.topics) == 0 {
		return fmt.Errorf("%s before any topic", key)
	}
	t := &r.out.topics[len(r.out.topics)-1]
	switch key {
	case "who":
		return readClaims(t, rest)
	case "plan", "near":
		for p := range strings.FieldsSeq(rest) {
			weight := phraseWeights[key] * max(.6, 1-.06*float64(len(t.plan))) // the plainest words come first
			t.plan = append(t.plan, phrase{splitGroups(strings.Split(strings.ToLower(p), "&")), weight})
		}
		return nil
	case "yields":
		t.yields = append(t.yields, strings.Fields(rest)...)
		return nil
	case "also":
		for w := range strings.FieldsSeq(rest) {
			t.words[w] = alsoWord
		}
		return nil
	case "sure", "say", "hint":
		for text := range strings.SplitSeq(rest, ";") {
			r.addRule(strengths[key], strings.Fields(text))
		}
		return nil
	}
	return fmt.Errorf("unknown word %q", key)
}

func (r *lexiconReader) readKind(rest string) error {
	f := strings.Fields(rest)
	if len(f) < 2 {
		return fmt.Errorf("unit %s without names", rest)
	}
	k := kind{name: f[0], has: strings.Split(f[1], "|")}
	if len(f) > 2 {
		k.not = strings.Split(strings.TrimPrefix(f[2], "!"), "|")
	}
	r.out.kinds = append(r.out.kinds, k)
	return nil
}

func readClaims(t *topic, rest string) error {
	for c := range strings.FieldsSeq(rest) {
		name, share, ok := strings.Cut(c, "/")
		weight := 1.0
		if ok {
			var err error
			if weight, err = strconv.ParseFloat(share, 64); err != nil {
				return fmt.Errorf("topic %s: %w", t.name, err)
			}
		}
		t.who = append(t.who, claim{name, weight})
	}
	return nil
}

func splitGroups(groups []string) (out [][]string) {
	for _, g := range groups {
		out = append(out, strings.Split(g, "|"))
	}
	return out
}

// expand writes the words behind every @name of a group.
func (r *lexiconReader) expand(group string) string {
	var out []string
	for w := range strings.SplitSeq(group, "|") {
		if whole, ok := r.lets[w]; ok {
			w = whole
		}
		out = append(out, w)
	}
	return strings.Join(out, "|")
}

func (r *lexiconReader) addRule(strength float64, groups []string) {
	if len(groups) == 0 {
		return
	}
	id := len(r.out.rules)
	next := rule{topic: len(r.out.topics) - 1, strength: strength}
	for _, g := range groups {
		group := next.need
		if not, ok := strings.CutPrefix(g, "!"); ok {
			g, group = not, forbidden
		} else {
			next.need++
		}
		for w := range strings.SplitSeq(r.expand(g), "|") {
			r.out.words.add(w, use{rule: id, group: group})
			words, alone := r.out.topics[next.topic].words, ruleWord
			if group > 0 {
				alone = laterWord // what is wrong with a thing tells less than the thing
			}
			if group != forbidden && utf8.RuneCountInString(w) > 1 {
				words[w] = max(words[w], alone)
			}
		}
	}
	r.out.rules = append(r.out.rules, next)
}

// topicsOf tells what a folded text is about: the strength (0..1) of each topic found.
func (l *lexicon) topicsOf(folded string) map[int]float64 {
	text := []rune(folded)
	missing := map[int]float64{} // the strength's complement
	lower := func(topic int, by float64) {
		if _, ok := missing[topic]; !ok {
			missing[topic] = 1
		}
		missing[topic] *= 1 - by
	}
	seen := map[*use]bool{}
	l.vague.find(text, func(u *use) {
		if !seen[u] {
			seen[u] = true
			lower(u.rule, u.weight)
		}
	})
	for t, m := range missing {
		missing[t] = max(m, 1-vagueMost)
		if m > 1-vaguest {
			delete(missing, t)
		}
	}
	met := map[int]uint16{}
	l.words.find(text, func(u *use) { met[u.rule] |= 1 << u.group })
	for id, groups := range met {
		r := l.rules[id]
		if all := uint16(1)<<r.need - 1; groups&all == all && groups&(1<<forbidden) == 0 {
			lower(r.topic, r.strength)
		}
	}
	for t, m := range missing {
		missing[t] = 1 - m
	}
	return l.yielded(missing)
}

// yielded weakens general topics beside as strong a special one.
func (l *lexicon) yielded(found map[int]float64) map[int]float64 {
	out := make(map[int]float64, len(found))
	for t, strength := range found {
		for _, name := range l.topics[t].yields {
			if other := found[l.named[name]]; other >= .6 && other >= .65*strength {
				strength *= .5
				break
			}
		}
		out[t] = strength
	}
	return out
}

// kindsOf are the sorts a unit belongs to by its name: 市文旅体局 is 文旅 and 体育.
func (l *lexicon) kindsOf(unit string) map[string]bool {
	out := map[string]bool{}
	for _, k := range l.kinds {
		if containsAny(unit, k.has) && !containsAny(unit, k.not) {
			out[k.name] = true
		}
	}
	return out
}

func containsAny(text string, words []string) bool {
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

// forbidden is the group of a rule's words that must not be there.
const forbidden = 15

// use is a word's place in a rule, or what it says by itself for a topic.
type use struct {
	rule, group int
	weight      float64
}

// words finds all words of the lexicon in a text in one pass.
type words struct {
	next map[rune]*words
	uses []*use
}

func newWords() *words { return &words{next: map[rune]*words{}} }

func (w *words) add(word string, u use) {
	at := w
	for _, r := range word {
		if at.next[r] == nil {
			at.next[r] = newWords()
		}
		at = at.next[r]
	}
	at.uses = append(at.uses, &u)
}

func (w *words) find(text []rune, found func(*use)) {
	for i := range text {
		for at, j := w, i; j < len(text); j++ {
			if at = at.next[text[j]]; at == nil {
				break
			}
			for _, u := range at.uses {
				found(u)
			}
		}
	}
}

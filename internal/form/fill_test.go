package form

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// scenario is one of testdata/scenarios.json: answers to a form of testdata/forms, and what follows from them. What want
// does not speak of is not looked at there; the browser's state must be the same to the last character.
type scenario struct {
	Name    string  `json:"name"`
	Form    string  `json:"form"`
	Answers Answers `json:"answers"`
	Want    struct {
		Values    map[string]string `json:"values"` // by path
		Labels    map[string]string `json:"labels"`
		Choices   map[string]string `json:"choices"` // names, with spaces between
		Instances map[string]int    `json:"instances"`
		Hidden    []string          `json:"hidden"`
		Shown     []string          `json:"shown"`
		Required  []string          `json:"required"`
		ReadOnly  []string          `json:"read_only"`
		Faults    []string          `json:"faults"` // path：message; nil for whatever
		Title     *string           `json:"title"`
		Handed    map[string]any    `json:"handed"`
	} `json:"want"`
}

func readScenarios(t *testing.T) (now time.Time, list []scenario) {
	t.Helper()
	content, err := os.ReadFile("testdata/scenarios.json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Now       time.Time  `json:"now"`
		Scenarios []scenario `json:"scenarios"`
	}
	if err := json.Unmarshal(content, &all); err != nil {
		t.Fatal(err)
	}
	return all.Now, all.Scenarios
}

// byPath are the fields of a state.
func byPath(fields []*Field) map[string]*Field {
	all := map[string]*Field{}
	for _, f := range fields {
		all[f.Path] = f
		maps.Copy(all, byPath(f.Fields))
		maps.Copy(all, byPath(f.Instances))
	}
	return all
}

func compiledForms(tb testing.TB) map[string]*Form {
	tb.Helper()
	forms := map[string]*Form{}
	for name, content := range formFiles(tb) {
		forms[name] = mustRead(tb, name, content)
	}
	return forms
}

func TestFill_FollowsWhatTheScenariosSay(t *testing.T) {
	now, list := readScenarios(t)
	forms := compiledForms(t)
	for _, s := range list {
		t.Run(s.Name, func(t *testing.T) {
			state := forms[s.Form].Fill(s.Answers, now)
			fields := byPath(state.Fields)
			at := func(path string) *Field {
				f := fields[path]
				if f == nil {
					t.Fatalf("no field %s", path)
				}
				return f
			}
			for path, want := range s.Want.Values {
				if got := at(path).Value; got != want {
					t.Errorf("%s is %q, want %q", path, got, want)
				}
			}
			for path, want := range s.Want.Labels {
				if got := at(path).Label; got != want {
					t.Errorf("%s asks %q, want %q", path, got, want)
				}
			}
			for path, want := range s.Want.Choices {
				var names []string
				for _, c := range at(path).Choices {
					names = append(names, c.Name)
				}
				if got := strings.Join(names, " "); got != want {
					t.Errorf("%s has choices %q, want %q", path, got, want)
				}
			}
			for path, want := range s.Want.Instances {
				if got := len(at(path).Instances); got != want {
					t.Errorf("%s has %d instances, want %d", path, got, want)
				}
			}
			for path, want := range flags(s) {
				f := at(path[1:])
				got := map[byte]bool{'h': !f.Relevant, 's': f.Relevant, 'r': f.Required, 'o': f.ReadOnly}[path[0]]
				if got != want {
					t.Errorf("%s: relevant %t, required %t, read-only %t", f.Path, f.Relevant, f.Required, f.ReadOnly)
				}
			}
			checkFaults(t, s, state)
			if s.Want.Title != nil && state.Name != *s.Want.Title {
				t.Errorf("it is called %q, want %q", state.Name, *s.Want.Title)
			}
			if s.Want.Handed != nil && asJSON(t, state.Answers()) != asJSON(t, s.Want.Handed) {
				t.Errorf("handed in %s, want %s", asJSON(t, state.Answers()), asJSON(t, s.Want.Handed))
			}
		})
	}
}

// flags are the paths that are hidden, shown, required or read-only, each after its letter.
func flags(s scenario) map[string]bool {
	all := map[string]bool{}
	for letter, paths := range map[string][]string{"h": s.Want.Hidden, "s": s.Want.Shown, "r": s.Want.Required, "o": s.Want.ReadOnly} {
		for _, p := range paths {
			all[letter+p] = true
		}
	}
	return all
}

func checkFaults(t *testing.T, s scenario, state *State) {
	t.Helper()
	if s.Want.Faults == nil {
		return
	}
	got := []string{}
	for _, f := range state.Faults {
		got = append(got, f.String())
	}
	if diff := cmp.Diff(s.Want.Faults, got); diff != "" {
		t.Error(diff)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	content, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(content, &plain); err != nil {
		t.Fatal(err)
	}
	content, err = json.MarshalIndent(plain, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

const fillScript = `
import { readFileSync } from "node:fs";
import { compile } from "FORM/definition.js";
import { fill, answersOf } from "FORM/fill.js";

const all = JSON.parse(readFileSync(0, "utf8")), now = Date.parse(all.now);
const forms = Object.fromEntries(Object.entries(all.forms).map(([name, d]) => [name, compile(d)]));
process.stdout.write(JSON.stringify(all.fills.map(({ form, answers }) => {
  const state = fill(forms[form], answers, now);
  return { state, handed: answersOf(state.fields), draft: answersOf(state.fields, true) };
})));
`

// fillBoth fills forms here and in the browser's twin, and compares the states.
func fillBoth(t *testing.T, forms map[string]*Form, now time.Time, names []string, answers []Answers) {
	t.Helper()
	input := map[string]any{"now": now, "forms": forms, "fills": []any{}}
	fills := make([]any, len(names))
	for i := range names {
		fills[i] = map[string]any{"form": names[i], "answers": answers[i]}
	}
	input["fills"] = fills
	var there []struct {
		State  json.RawMessage `json:"state"`
		Handed json.RawMessage `json:"handed"`
		Draft  json.RawMessage `json:"draft"`
	}
	if err := json.Unmarshal(runNode(t, fillScript, input), &there); err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		state := forms[name].Fill(answers[i], now)
		for what, pair := range map[string][2]any{
			"state": {state, there[i].State}, "handed in": {state.Answers(), there[i].Handed}, "draft": {state.Draft(), there[i].Draft},
		} {
			if diff := cmp.Diff(asJSON(t, pair[0]), asJSON(t, pair[1])); diff != "" {
				t.Errorf("%s of %s with %s differs:\n%s", what, name, asJSON(t, answers[i]), diff)
			}
		}
		if t.Failed() && i > 20 {
			return
		}
	}
}

func TestFill_IsTheSameInTheBrowser(t *testing.T) {
	now, list := readScenarios(t)
	var names []string
	var answers []Answers
	for _, s := range list {
		names, answers = append(names, s.Form), append(answers, s.Answers)
	}
	fillBoth(t, compiledForms(t), now, names, answers)
}

func TestFill_IsTheSameInTheBrowserForAnswersAtRandom(t *testing.T) {
	forms := compiledForms(t)
	now, _ := readScenarios(t)
	r := rand.New(rand.NewPCG(20230630, 7))
	var names []string
	var answers []Answers
	for range 15 {
		for _, name := range slices.Sorted(maps.Keys(forms)) {
			names, answers = append(names, name), append(answers, randomAnswers(r, forms[name].root))
		}
	}
	fillBoth(t, forms, now, names, answers)
}

// randomAnswers answer some questions well, some badly, and leave some out.
func randomAnswers(r *rand.Rand, e *entry) Answers {
	a := Answers{}
	for _, x := range e.items {
		switch {
		case r.IntN(8) == 0:
		case x.Kind == Group:
			a[x.Name] = randomAnswers(r, x)
		case x.Kind == Repeat:
			list := []any{}
			for range r.IntN(4) {
				list = append(list, map[string]any(randomAnswers(r, x)))
			}
			a[x.Name] = list
		default:
			a[x.Name] = randomAnswer(r, x)
		}
	}
	return a
}

var oddAnswers = []any{"", " ", "0", "-1", "5", "1e3", "007", "3.50", "abc", "平河市", "2023-06-30", "2023-02-29", "yes", "a b a", "36.1 111.5", "😀", "\u0001x\ud7ff", 12, 2.5, true, nil, "1'2", "<b>&\"", strings.Repeat("长", 30)}

func randomAnswer(r *rand.Rand, e *entry) any {
	if r.IntN(3) == 0 {
		return oddAnswers[r.IntN(len(oddAnswers))]
	}
	switch e.Kind {
	case Integer:
		return fmt.Sprint(r.IntN(12))
	case Decimal:
		return fmt.Sprintf("%.2f", r.Float64()*20)
	case Day:
		return civil{day: 19_500 + r.IntN(100)}.dateText()
	case SelectOne:
		return e.list.Choices[r.IntN(len(e.list.Choices))].Name
	case SelectMultiple:
		var names []string
		for _, c := range e.list.Choices {
			if r.IntN(2) == 0 {
				names = append(names, c.Name)
			}
		}
		return strings.Join(names, " ")
	case Geopoint:
		return fmt.Sprintf("%.5f %.5f", r.Float64()*100, r.Float64()*200)
	}
	return fmt.Sprintf("字%d", r.IntN(100))
}

// Nothing in answers is changed, and filling in what was handed in changes nothing more.
func TestFill_OfWhatWasHandedInIsTheSameAgain(t *testing.T) {
	now, list := readScenarios(t)
	forms := compiledForms(t)
	for _, s := range list {
		before := asJSON(t, s.Answers)
		state := forms[s.Form].Fill(s.Answers, now)
		if asJSON(t, s.Answers) != before {
			t.Errorf("%s: the answers were changed", s.Name)
		}
		again := forms[s.Form].Fill(state.Draft(), now)
		if diff := cmp.Diff(asJSON(t, state.Answers()), asJSON(t, again.Answers())); diff != "" {
			t.Errorf("%s: %s", s.Name, diff)
		}
	}
}

// A chain of calculations that each double the last would need more memory than there is.
func TestFill_ComputedTextsDoNotGrowWithoutEnd(t *testing.T) {
	text := "survey\ntype | name | label | calculation\ntext | c0 | 长 |\n"
	for i := range 60 {
		text += fmt.Sprintf("calculate | c%d | | concat(${c%d}, ${c%d})\n", i+1, i, i)
	}
	f := mustRead(t, "doubling", workbookOf(t, text+"note | n | "+strings.Repeat("${c60}", 50)+" |\n"))
	now, _ := readScenarios(t)
	answers := Answers{"c0": "平😀"}
	state := f.Fill(answers, now)
	last := state.Fields[60]
	if n := len([]rune(last.Value)); n != MaxAnswer || len([]rune(state.Fields[61].Label)) != MaxAnswer {
		t.Errorf("%d characters", n)
	}
	fillBoth(t, map[string]*Form{"doubling": f}, now, []string{"doubling"}, []Answers{answers})
}

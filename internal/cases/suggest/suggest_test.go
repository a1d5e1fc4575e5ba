package suggest

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pinzhi/internal/plan"
	"pinzhi/internal/plan/source"
)

// told is one line of a testdata file: a complaint and the units that are right for it, none for nobody.
type told struct {
	text  string
	right []string
}

func readTold(t *testing.T, name string) (out []told) {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		right, text, ok := strings.Cut(line, "\t")
		if !ok {
			t.Fatalf("%s: %q has no tab", name, line)
		}
		c := told{text: text}
		if right != "-" {
			c.right = strings.Split(right, "|")
		}
		out = append(out, c)
	}
	return out
}

func readPlan(t *testing.T, path string) *plan.Plan {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	src, err := source.Read(path, data)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Read(src)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const linfen = "../../../examples/linfen-2023/plan.txt"

// figures are what a set of complaints measured, as shares.
type figures struct{ first, three, nobody float64 }

// measure logs every miss. what is the shortest line that leads to a mistake's cause.
func measure(t *testing.T, x *Index, set []told, loud bool) figures {
	t.Helper()
	var first, three, none, some, nones float64
	for _, c := range set {
		got := x.Suggest(c.text, 3)
		var names []string
		for _, s := range got {
			names = append(names, s.Unit)
		}
		if c.right == nil {
			nones++
			if len(got) == 0 {
				none++
			} else if loud {
				t.Logf("nobody: %s -> %v %v", c.text, names, x.about(c.text))
			}
			continue
		}
		some++
		at := slices.IndexFunc(names, func(n string) bool { return slices.Contains(c.right, n) })
		if at == 0 {
			first++
		}
		if at >= 0 {
			three++
		}
		if at != 0 && loud {
			t.Logf("at %d: %s %v -> %v %v", at, c.text, c.right, names, x.about(c.text))
		}
	}
	return figures{first / max(1, some), three / max(1, some), none / max(1, nones)}
}

// about names the topics of a text, for a miss in a test.
func (x *Index) about(text string) (out []string) {
	for id := range x.lexicon.topicsOf(fold(text)) {
		out = append(out, x.lexicon.topics[id].name)
	}
	slices.Sort(out)
	return out
}

func TestSuggest_FindsTheUnitOfComplaintsInEverydayWords(t *testing.T) {
	loud := testing.Verbose() && os.Getenv("LOUD") != ""
	for _, c := range []struct {
		plan, file string
		least      figures
	}{
		{linfen, "linfen-dev.tsv", figures{.7, .9, .7}},
		{linfen, "linfen-heldout.tsv", figures{.7, .9, .7}},
		{linfen, "linfen-second.tsv", figures{.7, .9, .7}},
		{linfen, "linfen-usual.tsv", figures{.7, .9, .7}},
		{linfen, "linfen-roundabout.tsv", figures{.7, .9, .7}},
		{linfen, "linfen-blind.tsv", figures{.7, .9, .7}},
		{"../../../examples/pinghe/plan.txt", "pinghe.tsv", figures{.7, .9, .7}},
		{"../../plan/testdata/plans/12-liuquan-headquarters.txt", "liuquan.tsv", figures{.7, .9, .7}},
		{filepath.Join(os.Getenv("PINZHI_SHARED"), "plans", "08-gwy-zero-waste-city.txt"), "zero-waste.tsv", figures{.7, .9, .7}},
	} {
		if _, err := os.Stat(c.plan); err != nil && strings.HasSuffix(c.plan, "zero-waste-city.txt") {
			continue // it is not part of the repository
		}
		x := New(FromPlan(readPlan(t, c.plan)))
		f := measure(t, x, readTold(t, c.file), loud)
		t.Logf("%s: first %.3f, among three %.3f, nobody %.3f", c.file, f.first, f.three, f.nobody)
		if f.first < c.least.first || f.three < c.least.three || f.nobody < c.least.nobody {
			t.Errorf("%s: %+v is below %+v", c.file, f, c.least)
		}
	}
}

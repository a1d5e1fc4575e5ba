package form

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// expressionWriter makes expressions at random that are well formed, if not sensible.
type expressionWriter struct {
	*rand.Rand

	names []string // of functions
}

var (
	randomLiterals = []string{"''", "'5'", "'abc'", "'2023-06-28'", "'平河市 x'", "' 7.50 '", "'saw'", "'a b c'", "'-'", "0", "1", "2.5", "10", "0.1", "1000000007", "'2023-02-29T10:00'", "'1969-12-31T23:59:59Z'", "'😀'"}
	randomRefs     = []string{"${age}", "${name}", "${empty}", "${zero}", "${weight}", "${born}", "${tools}", "${hidden}", "${mage}", "${income}", "${secret}", "${pet_age}", "${score}", ".", "../age", "${a-b}", "${trees}"}
	randomOps      = []string{"+", "-", "*", "div", "mod", "=", "!=", "<", "<=", ">", ">=", "and", "or"}
	randomPatterns = []string{"'[0-9]+'", "'.*'", "'\\w{2,}'", "'[一-龥]+.*'", "'a|b'", "'\\s'"}
	randomFormats  = []string{"'%Y-%m-%d'", "'%n月%e日 %a'", "'%H:%M:%S.%3'", "'%b%%%q'"}
)

func (w expressionWriter) pick(list []string) string { return list[w.IntN(len(list))] }

func (w expressionWriter) expression(depth int) string {
	if depth == 0 || w.IntN(6) == 0 {
		if w.IntN(2) == 0 {
			return w.pick(randomLiterals)
		}
		return w.pick(randomRefs)
	}
	switch w.IntN(5) {
	case 0, 1:
		return w.expression(depth-1) + " " + w.pick(randomOps) + " " + w.expression(depth-1)
	case 2:
		return "(" + w.expression(depth-1) + ")"
	}
	return w.call(depth)
}

func (w expressionWriter) call(depth int) string {
	name := w.pick(w.names)
	f := functions[name]
	args := make([]string, f.min+w.IntN(min(f.max-f.min, 2)+1))
	for i := range args {
		args[i] = w.expression(depth - 1)
		if slices.Contains(f.nodes, i) {
			args[i] = w.pick(randomRefs)
		}
	}
	switch name {
	case "regex":
		args[1] = w.pick(randomPatterns)
	case "format-date", "format-date-time":
		args[1] = w.pick(randomFormats)
	case "jr:choice-name":
		args[1] = "'${sex}'"
	case "indexed-repeat":
		args = []string{"${mage}", "${member}", w.expression(depth - 1)}
	}
	return name + "(" + strings.Join(args, ", ") + ")"
}

// What no table thought of: expressions at random come to the same on both sides.
func TestExpressions_AtRandomComeToTheSameInTheBrowser(t *testing.T) {
	all := readExpressionCases(t)
	f := mustCompile(t, all.Form)
	w := expressionWriter{rand.New(rand.NewPCG(20230628, 4)), slices.Sorted(maps.Keys(functions))}
	places := []string{"name", "age", "member[2]/mname", "member[1]/pet[2]/pet_age", "home/rooms"}
	all.Cases = nil
	for len(all.Cases) < 3000 {
		c := expressionCase{Expr: w.expression(1 + w.IntN(4)), At: w.pick(places)}
		c.Expr = strings.ReplaceAll(c.Expr, "../age", map[bool]string{true: "../age", false: "${age}"}[c.At == "name" || c.At == "age"])
		all.Cases = append(all.Cases, c)
	}
	var got []expressionCase
	if err := json.Unmarshal(runNode(t, expressionScript, all), &got); err != nil {
		t.Fatal(err)
	}
	top := filledNodes(f, all.Answers["a"], all.Now)
	kinds := map[string]int{}
	for i, c := range all.Cases {
		at := nodeAt(top, c.At)
		tree, err := parse(c.Expr)
		if err != nil {
			t.Fatalf("%s: %v", c.Expr, err)
		}
		(&binder{form: f, at: at.entry, column: "calculation"}).walk(tree, true)
		here := said(tree.eval(&moment{at: at, now: all.Now}))
		kinds[strings.Fields(here)[0]]++
		if here != got[i].want() {
			t.Errorf("%s at %s: here %s, in the browser %s", c.Expr, c.At, here, got[i].want())
		}
	}
	if len(kinds) != 4 {
		t.Errorf("only %v", kinds)
	}
}

// said is a value as the cases write it.
func said(v value) string {
	switch x := v.(type) {
	case string:
		return fmt.Sprintf("string %q", x)
	case float64:
		return "number " + formatNumber(x)
	case bool:
		return fmt.Sprint("boolean ", x)
	case nodes:
		values := make([]string, 0, len(x))
		for _, n := range x {
			values = append(values, n.value)
		}
		return fmt.Sprintf("nodes %q", values)
	}
	return "nothing"
}

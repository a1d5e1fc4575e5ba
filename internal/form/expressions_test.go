package form

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// expressionCases is testdata/expressions.json: one form, answers to it, and what expressions come to.
type expressionCases struct {
	Now     time.Time          `json:"now"`
	Form    json.RawMessage    `json:"form"`
	Answers map[string]Answers `json:"answers"`
	Cases   []expressionCase   `json:"cases"`
}

// expressionCase has one of its outcomes: a text, a number as XPath writes it, a boolean, the values of nodes, or the
// place of a mistake. At is where it is evaluated (name if empty), Answers which answers (a if empty).
type expressionCase struct {
	Expr    string    `json:"expr"`
	At      string    `json:"at,omitempty"`
	Answers string    `json:"answers,omitempty"`
	String  *string   `json:"string,omitempty"`
	Number  *string   `json:"number,omitempty"`
	Boolean *bool     `json:"boolean,omitempty"`
	Nodes   *[]string `json:"nodes,omitempty"`
	Error   *int      `json:"error,omitempty"`
}

func (c expressionCase) want() string {
	switch {
	case c.String != nil:
		return fmt.Sprintf("string %q", *c.String)
	case c.Number != nil:
		return "number " + *c.Number
	case c.Boolean != nil:
		return fmt.Sprint("boolean ", *c.Boolean)
	case c.Nodes != nil:
		return fmt.Sprintf("nodes %q", *c.Nodes)
	case c.Error != nil:
		return fmt.Sprint("error at ", *c.Error)
	}
	return "no outcome"
}

func readExpressionCases(t *testing.T) (all expressionCases) {
	t.Helper()
	content, err := os.ReadFile("testdata/expressions.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Cases) < 500 {
		t.Fatalf("%d cases", len(all.Cases))
	}
	return all
}

// mustCompile makes a form of a definition's JSON.
func mustCompile(t *testing.T, content []byte) *Form {
	t.Helper()
	d, err := ReadDefinition(content)
	if err != nil {
		t.Fatal(err)
	}
	f, faults := Compile(d)
	if len(faults) > 0 {
		t.Fatalf("%v", faults)
	}
	return f
}

// filledNodes are the nodes of a form with answers, after its steps.
func filledNodes(f *Form, a Answers, now time.Time) *node {
	b := &builder{form: f}
	top := b.node(nil, f.root, 1)
	b.fill(top, a)
	for _, s := range f.steps {
		s.run(b, top, now)
	}
	return top
}

// nodeAt finds a node by its place: member[2]/mage.
func nodeAt(n *node, place string) *node {
	if n.place() == place {
		return n
	}
	for _, list := range n.kids {
		for _, kid := range list {
			if found := nodeAt(kid, place); found != nil {
				return found
			}
		}
	}
	return nil
}

func outcome(f *Form, at *node, expr string, now time.Time) string {
	t, err := parse(expr)
	if err != nil {
		return fmt.Sprint("error at ", err.At)
	}
	b := &binder{form: f, at: at.entry, column: "calculation"}
	b.walk(t, true)
	if len(b.wrong) > 0 {
		return fmt.Sprint("not allowed: ", b.wrong[0])
	}
	return said(t.eval(&moment{at: at, now: now}))
}

func TestExpressions_ComeToWhatTheTableSays(t *testing.T) {
	all := readExpressionCases(t)
	f := mustCompile(t, all.Form)
	tops := map[string]*node{}
	for name, a := range all.Answers {
		tops[name] = filledNodes(f, a, all.Now)
	}
	for i, c := range all.Cases {
		at := nodeAt(tops[orElse(c.Answers, "a")], orElse(c.At, "name"))
		if at == nil {
			t.Fatalf("case %d: no place %s", i, c.At)
		}
		if got := outcome(f, at, c.Expr, all.Now); got != c.want() {
			t.Errorf("case %d, %s at %s: %s, want %s", i, c.Expr, orElse(c.At, "name"), got, c.want())
		}
	}
}

// node runs a script with the browser's modules beside it, and returns what it printed.
func runNode(t *testing.T, script string, input any) []byte {
	t.Helper()
	dir, err := filepath.Abs("../web/assets/src/form")
	if err != nil {
		t.Fatal(err)
	}
	in, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "--input-type=module", "-e", strings.ReplaceAll(script, "FORM", "file://"+filepath.ToSlash(dir)))
	cmd.Stdin = bytes.NewReader(in)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v: %s", err, said.String())
	}
	return out
}

const expressionScript = `
import { readFileSync } from "node:fs";
import { compile, bind } from "FORM/definition.js";
import { parse } from "FORM/parse.js";
import { evaluate } from "FORM/evaluate.js";
import { formatNumber } from "FORM/values.js";
import { nodesOf, placeOf } from "FORM/fill.js";

const all = JSON.parse(readFileSync(0, "utf8")), form = compile(all.form), now = Date.parse(all.now);
const tops = Object.fromEntries(Object.entries(all.answers).map(([name, a]) => [name, nodesOf(form, a, now)]));
function nodeAt(n, place) {
  if (placeOf(n) === place) return n;
  for (const kid of n.kids.flat()) { const found = nodeAt(kid, place); if (found) return found; }
  return null;
}
function outcome(c) {
  const at = nodeAt(tops[c.answers ?? "a"], c.at ?? "name");
  let t;
  try { t = parse(c.expr); } catch (e) { if (e.at === undefined) throw e; return { error: e.at }; }
  const v = evaluate(bind(form, at.entry, t), { at, now });
  if (typeof v === "string") return { string: v };
  if (typeof v === "number") return { number: formatNumber(v) };
  if (typeof v === "boolean") return { boolean: v };
  return { nodes: v.map((n) => n.value) };
}
process.stdout.write(JSON.stringify(all.cases.map(outcome)));
`

func TestExpressions_ComeToTheSameInTheBrowser(t *testing.T) {
	all := readExpressionCases(t)
	var got []expressionCase
	if err := json.Unmarshal(runNode(t, expressionScript, all), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(all.Cases) {
		t.Fatalf("%d outcomes of %d cases", len(got), len(all.Cases))
	}
	for i, c := range all.Cases {
		if got[i].want() != c.want() {
			t.Errorf("case %d, %s at %s: %s, want %s", i, c.Expr, orElse(c.At, "name"), got[i].want(), c.want())
		}
	}
}

// Every function is in the table of cases: what is not tried on both sides is not said to agree.
func TestExpressions_EveryFunctionIsTried(t *testing.T) {
	all := readExpressionCases(t)
	for name := range functions {
		if !slices.ContainsFunc(all.Cases, func(c expressionCase) bool { return c.Error == nil && strings.Contains(c.Expr, name+"(") }) {
			t.Errorf("%s() is tried nowhere", name)
		}
	}
}

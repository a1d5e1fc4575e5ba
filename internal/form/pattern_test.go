package form

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestCompilePattern_SaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ pattern, says string }{
		{"[0-9", "[ 没有用 ] 收住"}, {"(a", "( 没有用 ) 收住"}, {"a)", "多了一个 )"}, {"[]", "是空的"}, {"[^]", "是空的"},
		{"a]", `\]`}, {"a}", `\}`}, {"a{", "次数"}, {"a{,3}", "次数"}, {"a{3,2}", "次数"}, {"a{1001}", "1000"},
		{"(?i)a", "不支持 (?i"}, {"(?", "不支持 (?"}, {"(?=a)", "不支持 (?="}, {`(a)\1`, `不支持 \1`}, {`\Qa`, `不支持 \Q`}, {`a\`, "结尾"},
		{"[a[b]", `\[`}, {`[\w-z]`, `\-`}, {`[\S]`, `\S`}, {"^*", "没有可以重复的字"}, {`\b+`, "没有可以重复的字"},
		{`\p{Han}`, `[\u4e00-\u9fa5]`}, {`\ud83d`, `不支持 \u`}, {"*a", "写错了"}, {"[z-a]", "写错了"}, {strings.Repeat("a", 501), "超过 500"},
	} {
		re, fault := compilePattern(c.pattern)
		if re != nil || !strings.Contains(fault, c.says) {
			t.Errorf("%.20q: %v, %q, want %q", c.pattern, re, fault, c.says)
		}
	}
}

var (
	patternPieces = []string{
		"a", "b", "1", "平", "-", "&", "😀", "é", `\d`, `\D`, `\w`, `\W`, `\s`, `\S`, ".", "^", "$", `\b`, `\B`, `\.`, `\-`, `\/`, `\u5e73`, `\p{L}`, `\p{N}`,
		"[ab]", "[^a1]", `[a-c\d]`, `[\w-]`, `[-a]`, "[a-]", `[\s平]`, `[^\d\s]`, "[.*]", `[\]\[]`, "(", ")", "(?:", "|", "*", "+", "?", "{2}", "{1,3}", "{0,}", "+?", "[", "]", "{", "}", `\`,
	}
	patternTexts = []string{"", "a", "b", "ab", "a1", "1", "aa", "aab", "平", "平a", "-", "a-", "😀", "é", " ", "　", "\n", "a\nb", ".", "a.b", "&&", "[", "]", "/", "ab1平", "\u2028", "\u00a0", "_", "١"}
)

// Patterns at random match the same texts on both sides, or are refused on both.
func TestPatterns_AtRandomMatchTheSameInTheBrowser(t *testing.T) {
	r := rand.New(rand.NewPCG(20230628, 5))
	var patterns []string
	for len(patterns) < 4000 {
		p := ""
		for range 1 + r.IntN(6) {
			p += patternPieces[r.IntN(len(patternPieces))]
		}
		patterns = append(patterns, p)
	}
	const script = `
import { readFileSync } from "node:fs";
import { matches } from "FORM/pattern.js";
const { patterns, texts } = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(patterns.map((p) => texts.map((x) => (matches(x, p) ? "1" : "0")).join(""))));
`
	var there []string
	if err := json.Unmarshal(runNode(t, script, map[string]any{"patterns": patterns, "texts": patternTexts}), &there); err != nil {
		t.Fatal(err)
	}
	some := 0
	for i, p := range patterns {
		here := ""
		for _, text := range patternTexts {
			here += map[bool]string{true: "1", false: "0"}[matches(text, p)]
		}
		if here != there[i] {
			t.Errorf("%q: here %s, in the browser %s", p, here, there[i])
		}
		if strings.Contains(here, "1") {
			some++
		}
	}
	if some < 500 {
		t.Errorf("only %d patterns match anything", some)
	}
}

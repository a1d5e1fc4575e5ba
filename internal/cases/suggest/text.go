package suggest

import (
	"strings"
	"unicode"
)

// fold writes a text so that equal things look equal: lower case, half width, without spaces and marks.
// Sentence ends stay as one mark, so that words on both sides of it do not run together.
func fold(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	end := true
	for _, r := range text {
		if r >= '！' && r <= '～' {
			r -= '！' - '!'
		}
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(unicode.ToLower(r))
			end = false
		case unicode.IsSpace(r) || end:
		default:
			b.WriteByte(' ')
			end = true
		}
	}
	return strings.TrimSpace(b.String())
}

// pairsOf are the overlapping pairs of characters in a folded text, each once.
func pairsOf(folded string) []string {
	var out []string
	seen := map[string]bool{}
	for part := range strings.FieldsSeq(folded) {
		runes := []rune(part)
		for i := 0; i+1 < len(runes); i++ {
			if p := string(runes[i : i+2]); !seen[p] {
				seen[p] = true
				out = append(out, p)
			}
		}
	}
	return out
}

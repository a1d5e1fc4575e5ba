package form

import "slices"

// nearest is the name that a misspelt one is likely to mean: two letters away, of a short name one, "" where there is
// none.
func nearest(name string, among []string) string {
	best, distance := "", 3
	for _, other := range slices.Sorted(slices.Values(among)) {
		if short := min(len(name), len(other)); short < 3 || short < 5 && letters(name, other) > 1 {
			continue
		}
		if d := letters(name, other); d < distance {
			best, distance = other, d
		}
	}
	return best
}

// letters counts the letters to change, add or leave out between a and b (Levenshtein).
func letters(a, b string) int {
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(y)]
}

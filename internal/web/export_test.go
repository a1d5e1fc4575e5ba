package web

// Patterns names every route for the test of rights.
func Patterns() []string {
	var out []string
	for _, rt := range routes() {
		out = append(out, rt.pattern)
	}
	return out
}

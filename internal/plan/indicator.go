package plan

func indicatorsOf(root *node, tasks map[string]*node, bodies []Body, duties map[*node]bool) []Indicator {
	return nil
}

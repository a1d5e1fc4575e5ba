package plan

func obligationsOf(root *node, bodies []Body, duties map[*node]bool) []Obligation { return nil }

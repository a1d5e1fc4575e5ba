package plan

func checkUp(p *Plan, d document, root *node) []Finding { return nil }

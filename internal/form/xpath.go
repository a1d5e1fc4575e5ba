package form

import "strings"

const instanceRoot = "/data"

// absolute is where an item stands in the instance of an XForm.
func (e *entry) absolute() string {
	if e.parent == nil {
		return instanceRoot
	}
	return e.parent.absolute() + "/" + e.Name
}

// pathFrom is the path to a target as seen from an item: relative where both stand in one instance of a repeat, so that
// it finds this instance's, else absolute.
func (e *entry) pathFrom(target *entry) string {
	from, to := e.way(), target.way()
	shared := -1
	for i := range min(len(from), len(to)-1) {
		if from[i] != to[i] {
			break
		}
		if from[i].Kind == Repeat {
			shared = i
		}
	}
	if shared < 0 {
		return target.absolute()
	}
	path := strings.Repeat("../", len(from)-1-shared)
	if path == "" {
		path = "./"
	}
	var down []string
	for _, step := range to[shared+1:] {
		down = append(down, step.Name)
	}
	return path + strings.Join(down, "/")
}

// xpath writes an expression of an item as XPath: ${name} becomes a path, curved quotes straight ones; everything else
// stays as it was written.
func (f *Form) xpath(at *entry, column, text string) string {
	list, err := tokens(text)
	if err != nil {
		return text // Compile has refused it
	}
	runes := []rune(text)
	var b strings.Builder
	end := 0
	named := choiceNames(list)
	for i, t := range list {
		b.WriteString(plainSpace(runes[end:t.from]))
		end = t.to
		switch {
		case t.kind == refToken:
			b.WriteString(f.refPath(at, column, t.text))
		case t.kind == literalToken && named[i]:
			b.WriteString("'" + f.refPath(at, column, strings.Trim(t.text, " ${}")) + "'")
		case t.kind == literalToken:
			b.WriteString(quoted(t.text))
		default:
			b.WriteString(string(runes[t.from:t.to]))
		}
	}
	return strings.TrimSpace(b.String())
}

func plainSpace(runes []rune) string {
	return strings.Map(func(r rune) rune {
		if space(r) {
			return ' '
		}
		return r
	}, string(runes))
}

// refPath is the path that a reference stands for; in a choice filter it begins at the question, not at the choice.
func (f *Form) refPath(at *entry, column, name string) string {
	ref := &reference{name: name}
	b := &binder{form: f, at: at, column: column}
	b.reference(ref, true)
	if ref.target == nil {
		return name
	}
	path := at.pathFrom(ref.target)
	if column == "choice_filter" && strings.HasPrefix(path, ".") {
		return "current()/" + path
	}
	return path
}

// choiceNames are the tokens that are the second argument of jr:choice-name.
func choiceNames(list []token) map[int]bool {
	found := map[int]bool{}
	for i, t := range list {
		if t.kind != nameToken || t.text != "jr:choice-name" {
			continue
		}
		depth := 0
		for j := i + 1; j < len(list); j++ {
			switch list[j].kind {
			case openToken:
				depth++
			case closeToken:
				depth--
			}
			if depth == 0 {
				break
			}
			if depth == 1 && list[j].kind == commaToken && list[j+1].kind == literalToken {
				found[j+1] = true
			}
		}
	}
	return found
}

// quoted writes a literal of XPath, which has no escapes: what has both quotes is put together.
func quoted(s string) string {
	switch {
	case !strings.Contains(s, "'"):
		return "'" + s + "'"
	case !strings.Contains(s, `"`):
		return `"` + s + `"`
	}
	return `concat('` + strings.ReplaceAll(s, "'", `', "'", '`) + `')`
}

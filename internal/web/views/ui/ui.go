// Package ui holds the pieces that several screens share, each once: shell, light, chip, timeline, source lines.
package ui

import (
	"fmt"
	"html"
	"strconv"
	"strings"
	"time"

	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
)

// Shell is what surrounds every page.
type Shell struct {
	Title   string
	Crumbs  []Crumb
	Nav     []NavGroup
	Brand   string // the campaign, or ""
	Drill   bool
	Where   string // phase and day
	Who     string // who is signed in, or ""
	Account int64  // whose account that is, or 0
	Search  string // where the search form goes, or ""
	Query   string
	Assets  string // path prefix of the bundled files, with their version
	Bundle  string // a script and a style sheet that only this page needs, or ""
	Print   string // a class of the page box, or ""
	Warn    string // what is wrong with the set-up, for whoever can mend it or suffers from it
	Bell    bool   // there is an inbox
	Unread  int    // in it
	Refused string // shown above the page: why the last step did not work
}

// unread is the count on the bell.
func (s Shell) unread() string {
	if s.Unread > 99 {
		return "99+"
	}
	return strconv.Itoa(s.Unread)
}

// Crumb is one step of the way to a page.
type Crumb struct{ Text, Href string }

// NavGroup is a run of links between two gaps.
type NavGroup []NavItem

// NavItem is one link of the rail.
type NavItem struct {
	Icon, Text, Href string
	Count            string
	Of               string // what is counted, for who hears the page
	Late             bool
	Here             bool
}

// Entry is one event of a timeline, told as a sentence.
type Entry struct {
	At    time.Time
	When  string // At, as people say it today
	Actor string
	Text  string
}

// When writes an instant as people say it: 3月26日 16:20, with the year if it is not today's.
func When(t time.Time, today kernel.Date) string {
	local := t.In(kernel.Shanghai)
	if local.Year() != today.Time().Year() {
		return local.Format("2006年1月2日 15:04")
	}
	return local.Format("1月2日 15:04")
}

// LinesText names a passage: 第 55 行, 第 49—51 行.
func LinesText(l plan.Lines) string {
	switch {
	case l[0] == 0:
		return ""
	case l[1] <= l[0]:
		return fmt.Sprintf("第 %d 行", l[0])
	}
	return fmt.Sprintf("第 %d—%d 行", l[0], l[1])
}

// SourceLine is one line of the plan's text, cut where something was read from it.
type SourceLine struct {
	N     int
	Parts []Part
	Tags  []Tag
}

// Part is a stretch of a line; Mark is "" or the class of its mark.
type Part struct{ Text, Mark string }

// Tag is a small link behind a line to what was read from it.
type Tag struct{ Text, Href, Class string }

// Snippet is words of a line that something was read from.
type Snippet struct{ Text, Class string }

// CutLine marks the snippets in a line, in the order they stand in it; what is not found is passed over.
func CutLine(line string, snippets []Snippet) []Part {
	var parts []Part
	for line != "" {
		at, best := -1, Snippet{}
		for _, s := range snippets {
			if i := strings.Index(line, s.Text); s.Text != "" && i >= 0 && (at < 0 || i < at || (i == at && len(s.Text) > len(best.Text))) {
				at, best = i, s
			}
		}
		if at < 0 {
			break
		}
		if at > 0 {
			parts = append(parts, Part{Text: line[:at]})
		}
		parts = append(parts, Part{best.Text, best.Class})
		line = line[at+len(best.Text):]
	}
	if line != "" {
		parts = append(parts, Part{Text: line})
	}
	return parts
}

func partsHTML(parts []Part) string {
	var b strings.Builder
	for _, p := range parts {
		text := html.EscapeString(p.Text)
		if p.Mark == "" {
			b.WriteString(text)
		} else {
			b.WriteString(`<mark class="` + html.EscapeString(p.Mark) + `">` + text + `</mark>`)
		}
	}
	return b.String()
}

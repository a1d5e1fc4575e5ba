// Package archtest keeps the import rules of docs/ARCHITECTURE.md: which room may know which.
package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "pinzhi/internal/"

// order is the rooms from the ground up: each may import those before it.
var order = []string{
	"kernel", "db", "ledger", "jobs", "calendar", "plan", "roster", "campaign", "form", "evidence", "cases", "report", "indicator", "submission",
	"inspect", "meeting", "gongwen", "assess", "archive",
}

// aside are rooms that stand beside the order, with what they may import.
var aside = map[string][]string{
	"access": {"kernel", "db", "ledger"},
	"backup": {"kernel", "db", "ledger"},
	"drill":  {"kernel", "db", "ledger", "calendar", "plan", "roster", "campaign", "evidence", "cases", "access"},
	"notify": {"kernel", "db", "ledger", "calendar", "plan", "roster", "campaign", "cases", "report", "access"},
}

// fronts import rooms and are imported by none; cli alone wires the other fronts together.
var fronts = []string{"web", "portal", "open311", "cli"}

// pure rooms know no database and no network.
var pure = map[string][]string{
	"kernel": {"database/sql", "net/http", "os"},
	"plan":   {"database/sql", "net/http", module + "db", module + "ledger", module + "jobs"},
	"form":   {"database/sql", "net/http", "os", module + "db", module + "ledger", module + "jobs"},
}

// file is one Go file: the room it belongs to and what it imports.
type file struct {
	path, room string
	test       bool
	syntax     *ast.File
	imports    []string
}

func files(t *testing.T) (all []file) {
	t.Helper()
	root := filepath.Join("..", "..", "internal")
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(p) != ".go" {
			return err
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		f := file{path: filepath.ToSlash(rel), test: strings.HasSuffix(p, "_test.go"), syntax: syntax}
		f.room, _, _ = strings.Cut(f.path, "/")
		for _, spec := range syntax.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, name)
		}
		all = append(all, f)
		return nil
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("%d files, %v", len(all), err)
	}
	return all
}

// roomOf is the room an import path of ours leads to, "" for others' packages.
func roomOf(path string) string {
	rest, ours := strings.CutPrefix(path, module)
	if !ours {
		return ""
	}
	room, _, _ := strings.Cut(rest, "/")
	return room
}

// mayImport says whether room may import other.
func mayImport(room, other string) bool {
	if room == other || room == "cli" {
		return true
	}
	if slices.Contains(fronts, other) {
		return room == "web" && other != "cli" // web mounts the public's side
	}
	if slices.Contains(fronts, room) {
		return true
	}
	if allowed, ok := aside[room]; ok {
		return slices.Contains(allowed, other)
	}
	below := slices.Index(order, other)
	return below >= 0 && below < slices.Index(order, room)
}

func TestImports_LeadFromEachRoomOnlyToRoomsBelowIt(t *testing.T) {
	for _, f := range files(t) {
		if f.test {
			continue // a test may set the scene with any room
		}
		for _, path := range f.imports {
			if other := roomOf(path); other != "" && !mayImport(f.room, other) {
				t.Errorf("%s: %s may not import %s", f.path, f.room, other)
			}
			if path == module+"db/dbtest" {
				t.Errorf("%s: dbtest is for tests", f.path)
			}
		}
	}
}

func TestImports_PureRoomsKnowNoDatabaseAndNoNetwork(t *testing.T) {
	for _, f := range files(t) {
		for _, path := range f.imports {
			if !f.test && slices.Contains(pure[f.room], path) {
				t.Errorf("%s: %s is pure and may not import %s", f.path, f.room, path)
			}
			if !f.test && f.room == "kernel" && strings.Contains(strings.SplitN(path, "/", 2)[0], ".") {
				t.Errorf("%s: kernel imports the standard library only, not %s", f.path, path)
			}
		}
	}
}

func TestRooms_AreAllInTheDesign(t *testing.T) {
	for _, f := range files(t) {
		known := slices.Contains(order, f.room) || slices.Contains(fronts, f.room) || aside[f.room] != nil || f.room == "archtest"
		if !known {
			t.Errorf("%s: the design has no room %s", f.path, f.room)
		}
		if slices.Contains([]string{"util", "utils", "common", "models", "helpers"}, f.syntax.Name.Name) {
			t.Errorf("%s: a package named %s says nothing", f.path, f.syntax.Name.Name)
		}
	}
}

// groundTables says whose the tables are of migrations that serve several rooms. A migration named after a room
// (00002_campaign.sql) makes that room's tables.
var groundTables = map[string]string{
	"events": "ledger", "ledger_hashes": "ledger", "ledger_checkpoints": "ledger",
	"accounts": "access", "sessions": "access", "one_time_links": "access",
	"units": "roster", "people": "roster", "bodies": "roster", "appointments": "roster", "duties": "roster",
	"search_text": "db", "search_fts": "db", "case_text": "db", "case_text_key": "db",
	"settings": "", // one row each, anybody's
}

var (
	createTable = regexp.MustCompile(`(?i)create (?:virtual )?table (?:if not exists )?(\w+)`)
	namesTable  = regexp.MustCompile(`(?i)\b(?:from|join|into|update|delete from)\s+"?(\w+)`)
	modelTable  = regexp.MustCompile(`bun:"table:(\w+)`)
)

// owners maps every table to its room.
func owners(t *testing.T) map[string]string {
	t.Helper()
	migrations, err := filepath.Glob("../db/migrations/*/*.sql")
	if err != nil || len(migrations) == 0 {
		t.Fatal(migrations, err)
	}
	all := map[string]string{}
	for _, path := range migrations {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, room, _ := strings.Cut(strings.TrimSuffix(filepath.Base(path), ".sql"), "_")
		for _, m := range createTable.FindAllStringSubmatch(string(text), -1) {
			owner, ground := groundTables[m[1]]
			if !ground {
				owner = room
				if _, err := os.Stat(filepath.Join("..", room)); err != nil {
					t.Errorf("%s: whose is table %s? Name the migration after a room, or say it in groundTables", path, m[1])
				}
			}
			all[m[1]] = owner
		}
	}
	return all
}

func TestTables_AreNamedByTheirOwnRoomOnly(t *testing.T) {
	owner := owners(t)
	for _, f := range files(t) {
		if f.test {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			found := append(namesTable.FindAllStringSubmatch(literal.Value, -1), modelTable.FindAllStringSubmatch(literal.Value, -1)...)
			for _, m := range found {
				if room := owner[m[1]]; room != "" && room != f.room {
					t.Errorf("%s: table %s belongs to %s", f.path, m[1], room)
				}
			}
			return true
		})
	}
}

// The rules above pass only what they should.
func TestMayImport_FollowsTheDesign(t *testing.T) {
	for _, c := range []struct {
		room, other string
		want        bool
	}{
		{"kernel", "db", false}, {"db", "kernel", true}, {"ledger", "db", true}, {"db", "ledger", false},
		{"campaign", "roster", true}, {"roster", "campaign", false}, {"cases", "web", false}, {"web", "cases", true},
		{"web", "cli", false}, {"cli", "web", true}, {"web", "portal", true}, {"portal", "web", false},
		{"access", "ledger", true}, {"access", "roster", false}, {"campaign", "access", false}, {"plan", "kernel", true},
		{"notify", "cases", true}, {"notify", "evidence", false}, {"cases", "notify", false}, {"web", "notify", true}, {"notify", "web", false},
	} {
		if got := mayImport(c.room, c.other); got != c.want {
			t.Errorf("%s importing %s: %t", c.room, c.other, got)
		}
	}
}

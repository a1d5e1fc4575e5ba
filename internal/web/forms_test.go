package web_test

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"pinzhi/internal/web/webtest"

	"github.com/PuerkitoBio/goquery"
)

// post sends a form as somebody and returns the status and the page that comes back.
func post(t *testing.T, s *webtest.Site, login, path string, form url.Values) (int, *goquery.Document) {
	t.Helper()
	res, err := s.Client(t, login).PostForm(s.URL+path, form)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode == http.StatusSeeOther {
		return res.StatusCode, nil
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, doc
}

func TestForms_WhatWasTypedStaysWithTheReasonBesideIt(t *testing.T) {
	s, c := site(t)
	tasks, err := s.Campaigns.Tasks(webtest.System(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	items, err := allItems(s, c)
	if err != nil {
		t.Fatal(err)
	}
	draft := startDraft(t, s, c.ID, "internal/web/testdata/pinghe-revised.txt")
	base := "/c/" + itoa(c.ID)
	for _, f := range []struct {
		name, path string
		form       url.Values
		says       string
		keeps      string // selector of a field that must still hold what was typed
		typed      string
	}{
		{"a work item without a day", base + "/tasks/" + itoa(tasks[0].ID) + "/items", url.Values{"title": {"换标志"}, "site": {"北门"}}, "请写完成日期", "input[name=title]", "换标志"},
		{"pasted rows with a column short", base + "/tasks/" + itoa(tasks[0].ID) + "/items", url.Values{"lines": {"甲\t\t\t\t\t2024-05-01\n乙\t2024-05-01"}}, "第 2 行有 2 列，应当是 6 列", "textarea[name=lines]", "甲\t\t\t\t\t2024-05-01\n乙\t2024-05-01"},
		{"a change on an old screen", base + "/items/" + itoa(items[1].ID), url.Values{"title": {"新题目"}, "due": {"2024-05-01"}, "revision": {"7"}}, "刚被别人改过", "input[name=title]", "新题目"},
		{"done without a note", base + "/items/" + itoa(items[1].ID) + "/done", url.Values{"note": {" "}}, "请写一句完成情况", "textarea[name=note]", " "},
		{"a milestone outside the span", base + "/items/" + itoa(items[1].ID) + "/milestones", url.Values{"name": {"招标"}, "due": {"2030-01-01"}}, "节点日期要在工作项的起止之间", "input[name=name]", "招标"},
		{"a task without a name", "/drafts/" + itoa(draft) + "/edit", url.Values{"op": {"set"}, "kind": {"task"}, "at": {"0"}, "form": {"task.0"}, "revision": {"0"}, "name": {""}, "text": {"新的正文"}}, "任务名称不能空着", "textarea[name=text]", "新的正文"},
	} {
		status, doc := post(t, s, "office", f.path, f.form)
		if status != http.StatusUnprocessableEntity && status != http.StatusConflict {
			t.Errorf("%s: status %d", f.name, status)
			continue
		}
		if said := doc.Find("[data-error]").Text(); !strings.Contains(said, f.says) {
			t.Errorf("%s: says %q", f.name, said)
		}
		field := doc.Find(f.keeps).First()
		if got := field.AttrOr("value", field.Text()); got != f.typed {
			t.Errorf("%s: the field holds %q", f.name, got)
		}
	}
}

func itoa(id int64) string { return strconv.FormatInt(id, 10) }

package web_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"pinzhi/internal/kernel"
	"pinzhi/internal/web/webtest"

	"github.com/PuerkitoBio/goquery"
	"github.com/xuri/excelize/v2"
)

// phone is an ODK client: no cookies, a password with every request.
type phone struct {
	site            *webtest.Site
	login, password string
}

func (p phone) ask(t *testing.T, method, url string, body io.Reader, kind string) (*http.Response, []byte) {
	t.Helper()
	if strings.HasPrefix(url, "/") {
		url = p.site.URL + url
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Openrosa-Version", "1.0")
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if p.login != "" {
		r.SetBasicAuth(p.login, p.password)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, content
}

func get(t *testing.T, s *webtest.Site, login, path string) (int, []byte) {
	t.Helper()
	res, err := s.Client(t, login).Get(s.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, content
}

func sendSheet(t *testing.T, s *webtest.Site, login, path, name string, content []byte) (int, *goquery.Document) {
	t.Helper()
	body, kind := sheetForm(t, name, content)
	res, err := s.Client(t, login).Post(s.URL+path, kind, body)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	doc, err := goquery.NewDocumentFromReader(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, doc
}

// TestOpenRosa_FromTheWorkbookToTheExport: the office sends a workbook; a phone finds the form, downloads it, hands in a
// copy over two requests, twice; it is there once with its pictures whole, and comes back in the export.
func TestOpenRosa_FromTheWorkbookToTheExport(t *testing.T) {
	s, c := site(t)
	base := fmt.Sprintf("/c/%d", c.ID)
	s.Account(t, "collector", officeSeat(t, s.DB, c.ID), kernel.NoAdmin)
	if status, _ := sendSheet(t, s, "collector", base+"/forms", "工地扬尘.xlsx", exampleForm(t, "09-工地扬尘.xlsx")); status != http.StatusSeeOther {
		t.Fatalf("the workbook: status %d", status)
	}
	odk := phone{s, "collector", webtest.Password}

	res, content := odk.ask(t, http.MethodGet, base+"/openrosa/formList", nil, "")
	var list struct {
		XForms []struct {
			FormID      string `xml:"formID"`
			Hash        string `xml:"hash"`
			DownloadURL string `xml:"downloadUrl"`
		} `xml:"xform"`
	}
	if err := xml.Unmarshal(content, &list); err != nil || len(list.XForms) != 1 || list.XForms[0].FormID != "dust" || res.Header.Get("X-Openrosa-Version") != "1.0" {
		t.Fatalf("form list: %v %s", err, content)
	}
	if _, content = odk.ask(t, http.MethodGet, list.XForms[0].DownloadURL, nil, ""); !bytes.Contains(content, []byte(`id="dust"`)) {
		t.Fatalf("the form: %s", content)
	}
	if res, _ = odk.ask(t, http.MethodHead, base+"/openrosa/submission", nil, ""); res.StatusCode != http.StatusNoContent || res.Header.Get("X-Openrosa-Accept-Content-Length") == "" {
		t.Fatalf("HEAD: status %d", res.StatusCode)
	}
	a, b := photograph(t, 11), photograph(t, 12)
	for i, x := range []struct {
		pictures map[string][]byte
		status   int
	}{{map[string][]byte{"a.jpg": a}, 202}, {map[string][]byte{"b.jpg": b}, 201}, {map[string][]byte{"a.jpg": a}, 201}, {map[string][]byte{"b.jpg": b}, 201}} {
		body, kind := webtest.CopyBody(dustCopy("uuid:e2e"), x.pictures)
		if res, said := odk.ask(t, http.MethodPost, base+"/openrosa/submission?deviceID=collect", bytes.NewReader(body), kind); res.StatusCode != x.status {
			t.Fatalf("request %d: status %d, want %d: %s", i+1, res.StatusCode, x.status, said)
		}
	}

	_, page := get(t, s, "collector", base+"/forms/1")
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	copies := doc.Find(`a[href^="` + base + `/submissions/"]`)
	if copies.Length() != 1 {
		t.Fatalf("%d copies on the page", copies.Length())
	}
	_, page = get(t, s, "collector", copies.AttrOr("href", ""))
	if doc, err = goquery.NewDocumentFromReader(bytes.NewReader(page)); err != nil {
		t.Fatal(err)
	}
	links := doc.Find("td > a:has(img)")
	if links.Length() != 2 {
		t.Fatalf("%d pictures on the page: %s", links.Length(), doc.Find("main").Text())
	}
	for i, want := range [][]byte{a, b} {
		if _, got := get(t, s, "collector", links.Eq(i).AttrOr("href", "")); !bytes.Equal(got, want) {
			t.Errorf("picture %d came back with %d bytes of %d", i+1, len(got), len(want))
		}
	}
	if text := doc.Find("main").Text(); !strings.Contains(text, "一标段") || strings.Contains(text, "还差") {
		t.Errorf("the copy's page: %s", text)
	}

	for query, want := range map[string]string{"": "围挡", "?codes=1": "fence"} {
		status, content := get(t, s, "collector", base+"/forms/1/export/1"+query)
		f, err := excelize.OpenReader(bytes.NewReader(content))
		if err != nil {
			t.Fatalf("status %d: %v", status, err)
		}
		rows, err := f.GetRows(f.GetSheetName(0))
		if err != nil || len(rows) != 2 || !strings.Contains(strings.Join(append(rows[0], rows[1]...), " "), want) || !strings.Contains(strings.Join(rows[1], " "), "collector") {
			t.Errorf("export%s: %q, %v", query, rows, err)
		}
	}
}

func TestOpenRosa_WrongPasswordsAreCountedAndRefused(t *testing.T) {
	s, c := site(t)
	s.Account(t, "collector", officeSeat(t, s.DB, c.ID), kernel.NoAdmin)
	path := fmt.Sprintf("/c/%d/openrosa/formList", c.ID)
	right, wrong := phone{s, "collector", webtest.Password}, phone{s, "collector", "guessed-horse-staple"}
	if res, _ := right.ask(t, http.MethodGet, path, nil, ""); res.StatusCode != http.StatusOK {
		t.Fatalf("right: status %d", res.StatusCode)
	}
	for range 5 {
		if res, said := wrong.ask(t, http.MethodGet, path, nil, ""); res.StatusCode != http.StatusUnauthorized || !bytes.Contains(said, []byte("登录名或密码不对")) {
			t.Fatalf("wrong: status %d: %s", res.StatusCode, said)
		}
	}
	if res, _ := right.ask(t, http.MethodGet, path, nil, ""); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("after five wrong ones the account is shut, yet: status %d", res.StatusCode)
	}
}

func TestOpenRosa_ALockedAccountIsRefusedAtOnceAndOneSignInADayIsRecorded(t *testing.T) {
	s, c := site(t)
	a := s.Account(t, "collector", officeSeat(t, s.DB, c.ID), kernel.NoAdmin)
	path := fmt.Sprintf("/c/%d/openrosa/formList", c.ID)
	odk := phone{s, "collector", webtest.Password}
	for range 3 {
		if res, _ := odk.ask(t, http.MethodGet, path, nil, ""); res.StatusCode != http.StatusOK {
			t.Fatalf("status %d", res.StatusCode)
		}
	}
	var n int
	if err := s.DB.Reader().NewRaw("SELECT count(*) FROM events WHERE verb = 'signed_in' AND subject_id = ?", a.ID).Scan(t.Context(), &n); err != nil || n != 1 {
		t.Errorf("%d sign-ins recorded, %v", n, err)
	}
	if err := s.Accounts.Lock(webtest.System(), a.ID); err != nil {
		t.Fatal(err)
	}
	if res, _ := odk.ask(t, http.MethodGet, path, nil, ""); res.StatusCode != http.StatusForbidden {
		t.Errorf("locked: status %d", res.StatusCode)
	}
}

func TestForms_ABrokenWorkbooksFaultsAreOnThePage(t *testing.T) {
	s, c := site(t)
	s.Account(t, "clerk", officeSeat(t, s.DB, c.ID), kernel.NoAdmin)
	path := fmt.Sprintf("/c/%d/forms", c.ID)
	bad := excelize.NewFile()
	defer bad.Close()
	if err := bad.SetSheetName("Sheet1", "survey"); err != nil {
		t.Fatal(err)
	}
	for i, row := range [][]any{{"type", "name", "label", "relevant"}, {"text", "spot", "点位"}, {"text", "spot", "又一个"}, {"text", "why", "为什么", "${nowhere} = 1"}} {
		if err := bad.SetSheetRow("survey", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	b, err := bad.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	status, doc := sendSheet(t, s, "clerk", path, "巡查.xlsx", b.Bytes())
	faults := doc.Find("ul.faults li")
	if status != http.StatusUnprocessableEntity || faults.Length() != 2 || !strings.HasPrefix(faults.Eq(0).Text(), "survey!B3：") || !strings.HasPrefix(faults.Eq(1).Text(), "survey!D4：") {
		t.Errorf("status %d: %s", status, faults.Text())
	}
	if status, doc = sendSheet(t, s, "clerk", path, "巡查.xlsx", []byte("not a workbook")); status != http.StatusUnprocessableEntity || doc.Find("ul.faults li").Length() == 0 {
		t.Errorf("no workbook: status %d: %s", status, doc.Find("main").Text())
	}
	if _, page := get(t, s, "clerk", path); !bytes.Contains(page, []byte("还没有表单")) {
		t.Error("a broken workbook left a form")
	}
}

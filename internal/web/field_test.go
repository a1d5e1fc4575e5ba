package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/web/webtest"
)

// answer is what the field page is told.
type answer struct {
	Code    string
	Message string
	Field   string
	Offset  *int64
	Whole   bool
	Case    *struct {
		ID       int64
		Number   string
		Step     cases.Step
		Revision int
		Last     string
	}
	Verify []struct {
		ID       int64
		Revision int
		Answer   string
		Photos   []struct {
			Small string
			After bool
		}
	}
	Near       []struct{ ID int64 }
	Categories []struct {
		Name   string
		Words  []string
		Photos bool
	}
	Account int64
	At      time.Time
}

// speak sends JSON or a piece as the field page does.
func (s *stage) speak(t *testing.T, login, method, path string, body any, headers map[string]string) (int, answer) {
	t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case []byte:
		r = bytes.NewReader(b)
	case nil:
	default:
		text, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		r = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, r)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	res, err := s.clients[login].Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var a answer
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &a); err != nil { //nolint:musttag // names but for their case
			t.Fatalf("%s %s: %d, no JSON: %.300s", method, path, res.StatusCode, text)
		}
	}
	return res.StatusCode, a
}

func (s *stage) at(path string) string { return fmt.Sprintf("/c/%d%s", s.home.ID, path) }

// record hands in a record of the field.
func (s *stage) record(t *testing.T, login string, record map[string]any) (int, answer) {
	t.Helper()
	return s.speak(t, login, http.MethodPost, s.at("/field/records"), record, nil)
}

// bring sends a file of the inspector's in pieces of a size and returns its UUID.
func (s *stage) bring(t *testing.T, file []byte, size int) string {
	t.Helper()
	id := newID()
	begin := map[string]any{"uuid": id, "name": "现场.jpg", "bytes": len(file), "sha256": hashOf(file), "lat": 36.08, "lon": 111.52, "accuracy": 8, "at": "2024-03-27T01:00:00Z"}
	if status, a := s.speak(t, "inspector", http.MethodPost, s.at("/uploads"), begin, nil); status != http.StatusOK {
		t.Fatal(status, a)
	}
	for from := 0; from < len(file); from += size {
		piece := file[from:min(from+size, len(file))]
		if status, a := s.speak(t, "inspector", http.MethodPatch, s.at("/uploads/"+id), piece, map[string]string{"Upload-Offset": strconv.Itoa(from)}); status != http.StatusOK {
			t.Fatal(status, a)
		}
	}
	return id
}

func TestField_ARecordBecomesOneCaseHoweverOftenItIsSent(t *testing.T) {
	s := stageFor(t)
	file := photograph(t, 7)
	r := map[string]any{"uuid": newID(), "kind": "register", "files": []string{s.bring(t, file, 20_000)},
		"fields": map[string]any{"words": "井盖缺失", "address": "滨河路中段", "severity": "urgent", "lat": 36.08, "lon": 111.52, "found_at": "2024-03-26T23:00:00Z"}}
	var id int64
	for i := range 3 {
		status, a := s.record(t, "inspector", r)
		if status != http.StatusOK || a.Case == nil || (i > 0 && a.Case.ID != id) {
			t.Fatalf("sent %d times: %d %+v", i+1, status, a)
		}
		id = a.Case.ID
	}
	files, err := evidence.Of(t.Context(), s.DB.Reader(), s.home.ID, cases.Kind, id)
	if err != nil || len(files) != 1 || files[0].SHA256 != hashOf(file) || files[0].DeviceAccuracy != 8 || files[0].Purpose != evidence.Before {
		t.Fatalf("%+v, %v", files, err)
	}
	seen, err := s.Cases.See(s.as(t, "inspector"), s.home.ID, id)
	if err != nil || seen.Source != cases.Inspection || seen.Severity != cases.Urgent || seen.FoundAt.Format(time.RFC3339) != "2024-03-26T23:00:00Z" {
		t.Errorf("%+v, %v", seen.Case, err)
	}
	if status, a := s.record(t, "office", map[string]any{"uuid": r["uuid"], "kind": "register", "fields": map[string]any{"words": "x", "address": "y"}}); status != http.StatusForbidden || a.Case != nil {
		t.Errorf("another account with the same UUID: %d %+v", status, a)
	}
}

func TestField_AFaultNamesItsFieldInChinese(t *testing.T) {
	s := stageFor(t)
	for _, c := range []struct {
		name   string
		record map[string]any
		status int
		field  string
	}{
		{"no words", map[string]any{"kind": "register", "fields": map[string]any{"address": "解放路"}}, 422, "words"},
		{"no place", map[string]any{"kind": "register", "fields": map[string]any{"words": "井盖缺失"}}, 422, "address"},
		{"a photo that never came", map[string]any{"kind": "register", "files": []string{newID()}, "fields": map[string]any{"words": "井盖", "address": "x"}}, 404, "files"},
		{"a photo half come", map[string]any{"kind": "register", "files": []string{s.ids["{up}"]}, "fields": map[string]any{"words": "井盖", "address": "x"}}, 409, "files"},
		{"no such kind", map[string]any{"kind": "dispatch", "fields": map[string]any{}}, 422, "kind"},
		{"a step of the office", map[string]any{"kind": "verify", "fields": map[string]any{"case": atoi(t, s.ids["{n}"]), "verb": "accepted"}}, 422, "verb"},
		{"no outcome", map[string]any{"kind": "verify", "fields": map[string]any{"case": atoi(t, s.ids["{v}"]), "verb": "closed", "revision": 2}}, 422, "outcome"},
	} {
		c.record["uuid"] = newID()
		status, a := s.record(t, "inspector", c.record)
		if status != c.status || a.Field != c.field || a.Message == "" {
			t.Errorf("%s: %d %+v, want %d on %s", c.name, status, a, c.status, c.field)
		}
	}
}

func TestField_ACaseThatMovedIsShownAndNotOverwritten(t *testing.T) {
	s := stageFor(t)
	id := atoi(t, s.ids["{v}"])
	verify := map[string]any{"uuid": newID(), "kind": "verify", "fields": map[string]any{"case": id, "revision": 2, "seen": "2024-03-27T01:40:00Z", "verb": "sent_back", "text": "垃圾还在"}}
	s.step(t, s.as(t, "office"), s.ids["{v}"], cases.Act{Verb: cases.Close, Outcome: cases.Fixed})
	status, a := s.record(t, "inspector", verify)
	if status != http.StatusConflict || a.Case == nil || a.Case.Step != cases.Closed || !strings.Contains(a.Case.Last, "结案（3月27日 09:40）") || !strings.HasPrefix(a.Case.Last, "已由") {
		t.Fatalf("%d %+v %+v", status, a, a.Case)
	}
	seen, err := s.Cases.See(s.as(t, "inspector"), s.home.ID, id)
	if err != nil || seen.Step != cases.Closed || seen.Reworks != 0 {
		t.Errorf("%+v, %v", seen.Case, err)
	}
}

func TestField_AVerificationWhoseAnswerWasLostIsAnsweredAgain(t *testing.T) {
	s := stageFor(t)
	verify := map[string]any{"uuid": newID(), "kind": "verify", "files": []string{s.bring(t, photograph(t, 9), 1<<20)},
		"fields": map[string]any{"case": atoi(t, s.ids["{v}"]), "revision": 2, "seen": "2024-03-27T01:40:00Z", "verb": "closed", "outcome": "fixed", "text": "现场看过"}}
	for range 2 {
		if status, a := s.record(t, "inspector", verify); status != http.StatusOK || a.Case.Step != cases.Closed {
			t.Fatal(status, a)
		}
	}
	rows, err := ledger.Timeline(webtest.System(), s.DB.Reader(), s.home.ID, cases.Kind, atoi(t, s.ids["{v}"]), 0, 50)
	if err != nil || rows[0].Verb != "closed" || rows[1].Verb != "responded" {
		t.Errorf("%v %v", rows, err)
	}
}

func TestField_ANoteIsWrittenOnce(t *testing.T) {
	s := stageFor(t)
	note := map[string]any{"uuid": newID(), "kind": "note", "files": []string{s.bring(t, photograph(t, 8), 1<<20)},
		"fields": map[string]any{"case": atoi(t, s.ids["{k}"]), "text": "又有两株"}}
	for range 2 {
		if status, a := s.record(t, "inspector", note); status != http.StatusOK {
			t.Fatal(status, a)
		}
	}
	files, err := evidence.Of(t.Context(), s.DB.Reader(), s.home.ID, cases.Kind, atoi(t, s.ids["{k}"]))
	if err != nil || len(files) != 2 {
		t.Errorf("%d files, want the first and the note's, %v", len(files), err)
	}
}

func TestField_WhatTheDeviceKeeps(t *testing.T) {
	s := stageFor(t)
	near := map[string]any{"uuid": newID(), "kind": "register", "fields": map[string]any{"words": "路灯不亮", "address": "河边", "lat": 36.081, "lon": 111.521}}
	_, a := s.record(t, "inspector", near)
	far := map[string]any{"uuid": newID(), "kind": "register", "fields": map[string]any{"words": "路灯不亮", "address": "山上", "lat": 36.5, "lon": 111.521}}
	s.record(t, "inspector", far)
	status, d := s.speak(t, "inspector", http.MethodGet, s.at("/field/data.json?lat=36.08&lon=111.52"), nil, nil)
	if status != http.StatusOK || len(d.Near) != 1 || d.Near[0].ID != a.Case.ID {
		t.Fatalf("%d, near: %+v", status, d.Near)
	}
	if len(d.Verify) != 1 || d.Verify[0].ID != atoi(t, s.ids["{v}"]) || d.Verify[0].Revision != 2 || d.Verify[0].Answer != "已补植" || len(d.Verify[0].Photos) != 1 || d.Verify[0].Photos[0].After {
		t.Errorf("verify: %+v", d.Verify)
	}
	if n := len(d.Categories); n < 3 || d.Categories[n-1].Name != "其他" {
		t.Errorf("categories: %+v", d.Categories)
	}
	if _, d := s.speak(t, "given", http.MethodGet, s.at("/field/data.json?lat=36.08&lon=111.52"), nil, nil); len(d.Near) != 0 || len(d.Verify) != 0 {
		t.Errorf("a unit is shown what is not its own: %+v", d)
	}
}

func TestField_AnotherAccountOnTheDeviceSendsNothingOfTheFirst(t *testing.T) {
	s := stageFor(t)
	_, me := s.speak(t, "inspector", http.MethodGet, "/field/me.json", nil, nil)
	as := map[string]string{"Pinzhi-Account": fmt.Sprint(me.Account)}
	r := map[string]any{"uuid": newID(), "kind": "register", "fields": map[string]any{"words": "井盖缺失", "address": "滨河路"}}
	for _, c := range []struct {
		login  string
		status int
	}{{"office", http.StatusUnauthorized}, {"outsider", http.StatusUnauthorized}, {"inspector", http.StatusOK}} {
		if status, a := s.speak(t, c.login, http.MethodPost, s.at("/field/records"), r, as); status != c.status {
			t.Errorf("%s: %d %+v, want %d", c.login, status, a, c.status)
		}
	}
	if status, _ := s.speak(t, "outsider", http.MethodGet, "/field/me.json", nil, nil); status != http.StatusUnauthorized {
		t.Errorf("who is signed out is answered %d", status)
	}
}

// TestField_RecordsOnBothDatabases: the one path from pieces to a case, and back again, where SQL could differ.
func TestField_RecordsOnBothDatabases(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		clock := kernel.FixedClock(func() time.Time { return time.Date(2024, 3, 27, 1, 40, 0, 0, time.UTC) })
		s := &stage{Site: webtest.Open(t, d, clock), clients: map[string]*http.Client{}}
		s.home = s.openHome(t)
		s.Account(t, "inspector", s.person(t, s.home.ID, "谈笑"), kernel.NoAdmin)
		s.clients["inspector"] = s.Client(t, "inspector")
		r := map[string]any{"uuid": newID(), "kind": "register", "files": []string{s.bring(t, photograph(t, 7), 20_000)},
			"fields": map[string]any{"words": "井盖缺失", "lat": 36.08, "lon": 111.52}}
		_, first := s.record(t, "inspector", r)
		if _, again := s.record(t, "inspector", r); first.Case == nil || again.Case == nil || again.Case.ID != first.Case.ID {
			t.Errorf("%+v, then %+v", first, again)
		}
		if _, a := s.speak(t, "inspector", http.MethodGet, s.at("/field/data.json?lat=36.08&lon=111.52"), nil, nil); len(a.Near) != 1 {
			t.Errorf("near: %+v", a.Near)
		}
	})
}

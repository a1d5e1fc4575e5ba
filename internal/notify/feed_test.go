package notify_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/web/webtest"

	"pgregory.net/rapid"
)

// entry is an event as ical.js reads it.
type entry struct {
	UID         string `json:"uid"`
	Summary     string `json:"summary"`
	Description string `json:"description"`
	Start       string `json:"start"`
	End         string `json:"end"`
	URL         string `json:"url"`
	AllDay      bool   `json:"all_day"`
}

// readByICalJS has the calendar read by a parser that is none of ours.
func readByICalJS(t *testing.T, file []byte) []entry {
	t.Helper()
	script := fmt.Sprintf(`
import ICAL from %q;
import { readFileSync } from "node:fs";
const calendar = new ICAL.Component(ICAL.parse(readFileSync(0, "utf8")));
const events = calendar.getAllSubcomponents("vevent").map((c) => {
  const e = new ICAL.Event(c);
  const url = c.getFirstPropertyValue("url");
  return { uid: e.uid, summary: e.summary, description: e.description, start: e.startDate.toJSDate().toISOString(), end: e.endDate.toJSDate().toISOString(),
    all_day: e.startDate.isDate, url: url ?? "", stamp: c.getFirstPropertyValue("dtstamp").toString() };
});
if (events.some((e) => !e.stamp)) throw new Error("an event without DTSTAMP");
process.stdout.write(JSON.stringify(events));
`, "file://"+filepath.Join(webtest.Root(), "node_modules/ical.js/dist/ical.js"))
	cmd := exec.CommandContext(t.Context(), "node", "--input-type=module", "-e", script)
	cmd.Env = append(cmd.Environ(), "TZ=Asia/Shanghai")
	cmd.Stdin = bytes.NewReader(file)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ical.js (run script/bootstrap): %v\n%s\n%s", err, stderr.String(), file)
	}
	var list []entry
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func (w *town) feed(t *testing.T, token string) []byte {
	t.Helper()
	file, err := w.notify.Calendar(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// TestFeed_HoldsWhatIsInOnesHandsAsAnotherParserReadsIt follows a unit's calendar through a case.
func TestFeed_HoldsWhatIsInOnesHandsAsAnotherParserReadsIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w, _ := mailing(t, d)
		token, err := w.notify.MakeFeed(w.as("lead"))
		if err != nil {
			t.Fatal(err)
		}
		if list := readByICalJS(t, w.feed(t, token)); len(list) != 0 {
			t.Errorf("%+v before anything is dispatched", list)
		}
		c := w.register(t, cases.Ordinary)
		urgent := w.register(t, cases.Urgent)
		w.register(t, cases.Ordinary) // with the office
		for _, x := range []cases.Case{c, urgent} {
			w.take(t, "office", x.ID, w.act(cases.Dispatch))
		}
		file := w.feed(t, token)
		list := readByICalJS(t, file)
		byWhat := map[string]entry{}
		for _, e := range list {
			byWhat[e.Summary+" "+e.URL[strings.LastIndex(e.URL, "/")+1:]] = e
		}
		page := fmt.Sprintf("https://pinzhi.example/c/%d/cases/", w.campaign.ID)
		for what, want := range map[string]entry{
			fmt.Sprintf("【演练】整改反馈：行道树枯死，三棵；解放路 %d", c.ID): {Start: "2024-03-24T16:00:00.000Z", End: "2024-03-25T16:00:00.000Z", AllDay: true,
				Description: fmt.Sprintf("平河市城市品质提升行动\n%s 待签收\n时限：2024年3月25日 24:00", c.Number()), URL: page + fmt.Sprint(c.ID)},
			fmt.Sprintf("【演练】整改反馈：行道树枯死，三棵；解放路 %d", urgent.ID): {Start: "2024-03-19T00:42:00.000Z", End: "2024-03-19T01:12:00.000Z",
				Description: fmt.Sprintf("平河市城市品质提升行动\n%s 待签收\n时限：2024年3月19日 09:12", urgent.Number()), URL: page + fmt.Sprint(urgent.ID)},
		} {
			got := byWhat[what]
			want.UID, want.Summary = got.UID, got.Summary
			if got.UID == "" || got != want {
				t.Errorf("%s: %+v, want %+v", what, got, want)
			}
		}
		if len(list) != 4 { // for each case to sign for it, and to put it right
			t.Errorf("%d events, want 4", len(list))
		}
		for _, secret := range []string{"13900000000", "张先生", "机密理由"} {
			if bytes.Contains(unfolded(file), []byte(secret)) {
				t.Errorf("the calendar tells %s", secret)
			}
		}
		w.at("2024-03-18 11:00")
		if again := w.feed(t, token); !bytes.Equal(file, again) {
			t.Error("an unchanged calendar is another file")
		}
		before := uids(list)
		w.take(t, "lead", urgent.ID, w.act(cases.Acknowledge))
		w.take(t, "lead", urgent.ID, w.act(cases.Respond)) // out of the unit's hands
		list = readByICalJS(t, w.feed(t, token))
		if len(list) != 2 {
			t.Errorf("%d events after the answer, want 2", len(list))
		}
		for _, uid := range uids(list) {
			if !slices.Contains(before, uid) {
				t.Errorf("%s is new: a due keeps its UID", uid)
			}
		}
	})
}

func uids(list []entry) (ids []string) {
	for _, e := range list {
		ids = append(ids, e.UID)
	}
	return ids
}

func unfolded(file []byte) []byte { return bytes.ReplaceAll(file, []byte("\r\n "), nil) }

func TestFeed_IsForItsTokenAloneAndEndsWithIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := opened(t, d)
		gone := func(token, why string) {
			t.Helper()
			if _, err := w.notify.Calendar(t.Context(), token); kernel.CodeOf(err) != kernel.NotFound {
				t.Errorf("%s: %v", why, err)
			}
		}
		gone("", "no token")
		first, err := w.notify.MakeFeed(w.as("lead"))
		if err != nil {
			t.Fatal(err)
		}
		w.feed(t, first)
		second, err := w.notify.MakeFeed(w.as("lead"))
		if err != nil {
			t.Fatal(err)
		}
		gone(first, "the address before")
		w.feed(t, second)
		if n := w.count(t, "select count(*) from notice_feeds where token = ?", []byte(second)); n != 0 {
			t.Error("the token stands in the database in clear")
		}
		if err := w.Accounts.Lock(webtest.System(), w.accounts["lead"].ID); err != nil {
			t.Fatal(err)
		}
		gone(second, "a locked account")
		if err := w.Accounts.Unlock(webtest.System(), w.accounts["lead"].ID); err != nil {
			t.Fatal(err)
		}
		w.feed(t, second)
		if err := w.notify.RevokeFeed(w.as("lead")); err != nil {
			t.Fatal(err)
		}
		gone(second, "revoked")
	})
}

// TestFeed_LinesAreFoldedAsTheStandardSays whatever people write into a title.
func TestFeed_LinesAreFoldedAsTheStandardSays(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	w := opened(t, d)
	token, err := w.notify.MakeFeed(w.as("office"))
	if err != nil {
		t.Fatal(err)
	}
	w.now.Store(time.Date(2024, 3, 18, 1, 0, 0, 0, time.UTC).UnixMicro())
	titles := map[string]bool{}
	rapid.Check(t, func(rt *rapid.T) {
		title := strings.TrimSpace(rapid.StringOfN(rapid.RuneFrom([]rune("路灯不亮，\\;,:\"\r\n\t𠮷🌳e\u0301BEGIN")), 1, 90, -1).Draw(rt, "title"))
		if strings.TrimSpace(title) == "" {
			return
		}
		_, err := w.Cases.Register(w.as("inspector"), w.campaign.ID, cases.Registration{Title: title, Words: "x", Source: cases.Inspection, Address: "解放路"})
		if err != nil {
			rt.Fatal(err)
		}
		titles[strings.Join(strings.Fields(title), " ")] = true
	})
	file := w.feed(t, token)
	for line := range bytes.SplitSeq(bytes.TrimSuffix(file, []byte("\r\n")), []byte("\r\n")) {
		if len(line) > 75 || !utf8.Valid(line) || bytes.ContainsAny(line, "\r\n") {
			t.Errorf("%d octets: %q", len(line), line)
		}
	}
	read := map[string]bool{}
	for _, e := range readByICalJS(t, file) {
		_, title, _ := strings.Cut(e.Summary, "受理：")
		read[title] = true
	}
	for title := range titles {
		if !read[title] {
			t.Errorf("%q is not read as it was written", title)
		}
	}
	if len(titles) < 20 {
		t.Errorf("only %d titles", len(titles))
	}
}

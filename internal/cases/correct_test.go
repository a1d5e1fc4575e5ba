package cases_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"testing"

	"pinzhi/internal/calendar"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
)

// toldOf lists the events of a case with a verb, the newest first.
func (c *city) toldOf(t *testing.T, id int64, verb cases.Verb) (list []map[string]any) {
	t.Helper()
	rows, err := ledger.Timeline(t.Context(), c.db.Reader(), c.campaign.ID, cases.Kind, id, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Verb != string(verb) {
			continue
		}
		var data map[string]any
		if err := json.Unmarshal(r.Data, &data); err != nil {
			t.Fatal(err)
		}
		list = append(list, data)
	}
	return list
}

func TestCorrect_WritesTheCaseAndLeavesStepAndClockAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		was := c.along(t, "rectifying")
		dues, err := calendar.Of(t.Context(), d.Reader(), c.campaign.ID, cases.Kind, was.ID)
		if err != nil {
			t.Fatal(err)
		}
		lat, lon := 36.0840123456, 111.5
		k := cases.CorrectionOf(was)
		k.Words, k.Address, k.Severity, k.Category, k.Lat, k.Lon, k.Reason = "平阳街西段路灯不亮", "平阳街 12 号", cases.Urgent, "", &lat, &lon, "来电人说错了"
		now, err := c.Correct(c.as(t, "office"), c.campaign.ID, was.ID, k)
		if err != nil {
			t.Fatal(err)
		}
		stored := c.caseNow(t, was.ID)
		want := was
		want.Title, want.Words, want.Address, want.Severity, want.Category, want.Lat, want.Lon = k.Words, k.Words, k.Address, cases.Urgent, "", &lat, &lon
		want.Revision++
		for _, got := range []cases.Case{now, stored} {
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		}
		if after, err := calendar.Of(t.Context(), d.Reader(), c.campaign.ID, cases.Kind, was.ID); err != nil || !reflect.DeepEqual(after, dues) {
			t.Errorf("the clocks moved: %+v, %v", after, err)
		}
		for text, n := range map[string]int{"路灯": 1, "平阳街 12": 1, "行道树": 0} {
			if got := c.listed(t, c.as(t, "office"), cases.Filter{Text: text}); len(got) != n {
				t.Errorf("searching %s finds %v", text, got)
			}
		}
		events := c.toldOf(t, was.ID, cases.Corrected)
		if len(events) != 1 || events[0]["reason"] != "来电人说错了" {
			t.Fatalf("events %v", events)
		}
		said, _ := json.Marshal(events[0]["changes"])
		for _, s := range []string{`{"after":"平阳街西段路灯不亮","before":"解放路东段行道树枯死三棵","field":"问题"}`, `{"after":"紧急","before":"一般","field":"严重程度"}`,
			`{"after":"","before":"绿化亮化","field":"类别"}`, `{"after":"36.0840123456, 111.5","before":"","field":"经纬度"}`} {
			if !strings.Contains(string(said), s) {
				t.Errorf("the event lacks %s: %s", s, said)
			}
		}
		if strings.Contains(string(said), "标题") || strings.Contains(string(said), "县区") {
			t.Errorf("the event tells what did not change: %s", said)
		}
		c.must(t, was.ID, step{"lead", c.act(cases.Respond)}) // the case goes on as before
	})
}

func TestCorrect_IsTheOfficesAndTheFindersUntilItIsAccepted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		into := c.register(t, "office")
		for _, r := range []struct{ path, may string }{
			{"registered", inOffice + " inspector"}, // who registered it
			{"accepted", inOffice},
			{"dispatched", inOffice},
			{"rectifying", inOffice},
			{"coordinating", inOffice},
			{"deferred", inOffice},
			{"responded", inOffice},
			{"closed", ""},
			{"declined", ""},
			{"merged", ""},
		} {
			x := c.register(t, "inspector")
			if r.path == "merged" {
				c.must(t, x.ID, step{"office", cases.Act{Verb: cases.Merge, Into: into.ID}})
			} else {
				x = c.along(t, r.path)
			}
			for who := range people {
				k := cases.CorrectionOf(c.caseNow(t, x.ID))
				k.Revision, k.Reason, k.Address = -1, "地点不对", "由"+who+"更正"
				_, err := c.Correct(c.as(t, who), c.campaign.ID, x.ID, k)
				seen, notSeen := c.See(c.as(t, who), c.campaign.ID, x.ID)
				may := strings.Contains(" "+r.may+" ", " "+who+" ")
				code := kernel.CodeOf(err)
				switch {
				case may && err != nil:
					t.Errorf("%s by %s: %v", r.path, who, err)
				case !may && code != kernel.Forbidden && code != kernel.NotFound && code != kernel.Conflict:
					t.Errorf("%s by %s: %v", r.path, who, err)
				case notSeen != nil && code != kernel.NotFound:
					t.Errorf("%s by %s, who does not know of it: %v", r.path, who, err)
				case notSeen == nil && (seen.Correctable() == nil) != may:
					t.Errorf("%s by %s: offered though it is %t", r.path, who, may)
				}
			}
		}
	})
}

func TestCorrect_SaysWhatIsWrongAndChangesNothing(t *testing.T) {
	lat := 36.08
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		x := c.along(t, "accepted")
		for _, r := range []struct {
			name, field, says string
			code              kernel.Code
			wrong             func(*cases.Correction)
		}{
			{"nothing changed", "", "没有改动", kernel.Invalid, func(*cases.Correction) {}},
			{"only the ends of lines", "", "没有改动", kernel.Invalid, func(k *cases.Correction) { k.Words += "\r\n" }},
			{"no reason", "reason", "理由", kernel.Invalid, func(k *cases.Correction) { k.Address, k.Reason = "平阳街", " " }},
			{"a long reason", "reason", "2000", kernel.Invalid, func(k *cases.Correction) { k.Address, k.Reason = "平阳街", strings.Repeat("错", 2001) }},
			{"no words", "words", "问题", kernel.Invalid, func(k *cases.Correction) { k.Words = "" }},
			{"no place", "address", "地点", kernel.Invalid, func(k *cases.Correction) { k.Address = "" }},
			{"a long title", "title", "100", kernel.Invalid, func(k *cases.Correction) { k.Title = strings.Repeat("脏", 101) }},
			{"an unknown severity", "severity", "严重程度", kernel.Invalid, func(k *cases.Correction) { k.Severity = "terrible" }},
			{"half a place", "lat", "经纬度", kernel.Invalid, func(k *cases.Correction) { k.Lat = &lat }},
			{"an older state", "", "刚被别人办过", kernel.Conflict, func(k *cases.Correction) { k.Address, k.Revision = "平阳街", k.Revision-1 }},
		} {
			k := cases.CorrectionOf(x)
			k.Reason = "写错了"
			r.wrong(&k)
			_, err := c.Correct(c.as(t, "office"), c.campaign.ID, x.ID, k)
			if kernel.CodeOf(err) != r.code || fieldOf(err) != r.field || !strings.Contains(kernel.MessageOf(err), r.says) {
				t.Errorf("%s: %v on %q", r.name, err, fieldOf(err))
			}
		}
		if now := c.caseNow(t, x.ID); !reflect.DeepEqual(now, x) {
			t.Errorf("got  %+v\nwant %+v", now, x)
		}
		if events := c.toldOf(t, x.ID, cases.Corrected); len(events) != 0 {
			t.Errorf("told %v", events)
		}
	})
}

func TestCorrect_OfTwoAtOnceOneIsTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		x := c.register(t, "inspector")
		k := cases.CorrectionOf(x)
		k.Reason, k.District = "写错了", "平河区"
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() { _, errs[i] = c.Correct(c.as(t, "office"), c.campaign.ID, x.ID, k) })
		}
		wg.Wait()
		done := 0
		for _, err := range errs {
			if err == nil {
				done++
			} else if kernel.CodeOf(err) != kernel.Conflict {
				t.Error(err)
			}
		}
		if now := c.caseNow(t, x.ID); done != 1 || now.Revision != x.Revision+1 || len(c.toldOf(t, x.ID, cases.Corrected)) != 1 {
			t.Errorf("%d of four were done, revision %d", done, now.Revision)
		}
	})
}

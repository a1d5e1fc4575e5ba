package cases_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"pinzhi/internal/calendar"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
)

// paper receives a small document.
func (c *city) paper(t *testing.T, name string) evidence.Incoming {
	t.Helper()
	in, err := c.evidence.Receive(t.Context(), c.campaign.ID, strings.NewReader("%PDF-1.4\n"+name+"\n%%EOF\n"), evidence.Meta{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestNote_IsToldWithItsFilesAndMovesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		was := c.along(t, "rectifying")
		dues, err := calendar.Of(t.Context(), d.Reader(), c.campaign.ID, cases.Kind, was.ID)
		if err != nil {
			t.Fatal(err)
		}
		n := cases.Note{UUID: "4f1c7f0e-1111-4222-8333-123456789abc", Text: " 管线单位明天到场 \n", Evidence: []evidence.Incoming{c.paper(t, "管线图.pdf")}}
		if err := c.Note(c.as(t, "support"), c.campaign.ID, was.ID, n); err != nil {
			t.Fatal(err)
		}
		if now := c.caseNow(t, was.ID); !reflect.DeepEqual(now, was) {
			t.Errorf("got  %+v\nwant %+v", now, was)
		}
		if after, err := calendar.Of(t.Context(), d.Reader(), c.campaign.ID, cases.Kind, was.ID); err != nil || !reflect.DeepEqual(after, dues) {
			t.Errorf("the clocks moved: %+v, %v", after, err)
		}
		events := c.toldOf(t, was.ID, cases.Noted)
		if len(events) != 1 || events[0]["text"] != "管线单位明天到场" || len(events[0]["evidence"].([]any)) != 1 { //nolint:forcetypeassert // a test may fail so
			t.Errorf("told %v", events)
		}
		files, err := evidence.Of(t.Context(), d.Reader(), c.campaign.ID, cases.Kind, was.ID)
		if err != nil || len(files) != 1 || files[0].Purpose != evidence.Other || files[0].Name != "管线图.pdf" {
			t.Errorf("files %+v: %v", files, err)
		}
		a := c.act(cases.Respond)
		a.Revision = was.Revision
		if _, err := c.Take(c.as(t, "lead"), c.campaign.ID, was.ID, a); err != nil {
			t.Errorf("the form that the lead unit had open: %v", err)
		}
	})
}

func TestNote_TheSameUUIDIsOneNote(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		x := c.along(t, "dispatched")
		var wg sync.WaitGroup
		errs := make([]error, 6)
		for i := range errs {
			n := cases.Note{UUID: "5a1c7f0e-1111-4222-8333-123456789abc", Text: "又有人来电", Evidence: []evidence.Incoming{c.paper(t, fmt.Sprintf("记录%d.pdf", i))}}
			wg.Go(func() { errs[i] = c.Note(c.as(t, "office"), c.campaign.ID, x.ID, n) })
		}
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
		files, err := evidence.Of(t.Context(), d.Reader(), c.campaign.ID, cases.Kind, x.ID)
		if events := c.toldOf(t, x.ID, cases.Noted); err != nil || len(events) != 1 || len(files) != 1 {
			t.Errorf("%d events, %d files: %v", len(events), len(files), err)
		}
		for range 2 {
			if err := c.Note(c.as(t, "office"), c.campaign.ID, x.ID, cases.Note{Text: "又有人来电"}); err != nil {
				t.Fatal(err)
			}
		}
		if events := c.toldOf(t, x.ID, cases.Noted); len(events) != 3 {
			t.Errorf("%d events where two notes came without a UUID", len(events))
		}
	})
}

func TestNote_IsForThoseWhomAnOpenCaseConcerns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		for _, r := range []struct {
			path, may string
			code      kernel.Code // of somebody who might, were the case open
		}{
			{"registered", verifying, ""},
			{"dispatched", verifying + " lead support", ""},
			{"rectifying", verifying + " lead support", ""},
			{"returned", verifying + " other", ""}, // lead had it, and support with it
			{"deferring", verifying + " lead support", ""},
			{"responded", verifying + " lead support", ""},
			{"closed", "", kernel.Conflict},
			{"declined", "", kernel.Conflict},
		} {
			x := c.along(t, r.path)
			for who := range people {
				err := c.Note(c.as(t, who), c.campaign.ID, x.ID, cases.Note{Text: "补充"})
				may := slices.Contains(strings.Fields(r.may), who)
				seen, notSeen := c.See(c.as(t, who), c.campaign.ID, x.ID)
				switch code := kernel.CodeOf(err); {
				case may != (err == nil):
					t.Errorf("%s by %s: %v", r.path, who, err)
				case notSeen != nil && code != kernel.NotFound:
					t.Errorf("%s by %s, who does not know of it: %v", r.path, who, err)
				case notSeen == nil && (seen.Notable() == nil) != may:
					t.Errorf("%s by %s: offered though it is %t", r.path, who, may)
				case who == "office" && code != r.code:
					t.Errorf("%s by %s: %v", r.path, who, err)
				}
			}
		}
		finder := c.withoutUnit(t, "单宏伟") // an expert, of no unit and no group that sees all
		own, err := c.Register(finder, c.campaign.ID, cases.Registration{Words: "井盖缺失", Source: cases.Expert, Address: "解放路"})
		if err != nil {
			t.Fatal(err)
		}
		c.must(t, own.ID, step{"office", c.act(cases.Dispatch)})
		if err := c.Note(finder, c.campaign.ID, own.ID, cases.Note{Text: "补充"}); err != nil {
			t.Errorf("the finder: %v", err)
		}
		for _, text := range []string{"", " \n", strings.Repeat("长", 2001)} {
			if err := c.Note(finder, c.campaign.ID, own.ID, cases.Note{Text: text}); kernel.CodeOf(err) != kernel.Invalid || fieldOf(err) != "text" {
				t.Errorf("%d characters: %v", len([]rune(text)), err)
			}
		}
	})
}

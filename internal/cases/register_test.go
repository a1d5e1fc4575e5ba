package cases_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
)

func TestRegister_TheSameUUIDGivesOneCaseAndOneEvent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		ctx := c.as(t, "inspector")
		r := cases.Registration{UUID: "4f1c7f0e-1111-4222-8333-123456789abc", Words: "解放路东段行道树枯死三棵", Source: cases.Inspection, Address: "解放路",
			Caller: cases.Caller{Name: "某先生", Phone: "13800000000"}}
		got := make([]cases.Case, 8)
		errs := make([]error, len(got))
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() { got[i], errs[i] = c.Register(ctx, c.campaign.ID, r) })
		}
		wg.Wait()
		r.Words = "后来改过的话"
		again, err := c.Register(ctx, c.campaign.ID, r)
		if err := errors.Join(err, errors.Join(errs...)); err != nil {
			t.Fatal(err)
		}
		for _, x := range slices.Concat(got, []cases.Case{again}) {
			if x.ID != got[0].ID || x.Title != got[0].Title || x.ID == 0 {
				t.Errorf("%d %s, want %d %s", x.ID, x.Title, got[0].ID, got[0].Title)
			}
		}
		if told, err := ledger.Timeline(ctx, d.Reader(), c.campaign.ID, cases.Kind, got[0].ID, 0, 10); err != nil || len(told) != 1 {
			t.Errorf("%d events: %v", len(told), err)
		}
		if counts, err := c.CountByStep(ctx, c.campaign.ID, 0); err != nil || counts[cases.Registered] != 1 {
			t.Errorf("counted %v: %v", counts, err)
		}
		seen, err := c.See(ctx, c.campaign.ID, got[0].ID)
		if err != nil || len(seen.Spans) != 1 || len(seen.Dues) != 1 || seen.Caller.Name != "" {
			t.Errorf("%d spans, %d dues, caller %q for an inspector: %v", len(seen.Spans), len(seen.Dues), seen.Caller.Name, err)
		}
		if seen, err = c.See(c.as(t, "office"), c.campaign.ID, got[0].ID); err != nil || seen.Caller.Phone != "13800000000" {
			t.Errorf("caller %q for the office: %v", seen.Caller.Phone, err)
		}
	})
}

// TestRegister_ManyAtOnceGetEachTheirOwn: they are written several by one statement, and some are handed in twice.
func TestRegister_ManyAtOnceGetEachTheirOwn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		ctx := c.as(t, "inspector")
		const n, twice = 90, 7
		got := make([]cases.Case, n)
		errs := make([]error, n)
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() {
				k := i - i%twice/(twice-1) // every seventh is the one before once more
				r := cases.Registration{UUID: fmt.Sprintf("4f1c7f0e-1111-7222-8333-%012d", k), Words: fmt.Sprintf("第 %d 处垃圾", k), Source: cases.Inspection, Address: fmt.Sprintf("解放路 %d 号", 70000+k)}
				got[i], errs[i] = c.Register(ctx, c.campaign.ID, r)
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		v, err := c.Viewer(ctx, c.campaign.ID)
		if err != nil {
			t.Fatal(err)
		}
		ids := map[int64]bool{}
		for i, x := range got {
			k := i - i%twice/(twice-1)
			seen, err := c.See(ctx, c.campaign.ID, x.ID)
			if want := fmt.Sprintf("第 %d 处垃圾", k); err != nil || seen.Words != want || x.Words != want || len(seen.Spans) != 1 || len(seen.Dues) != 1 {
				t.Errorf("%d got case %d, %q, %d spans, %d dues: %v", i, x.ID, seen.Words, len(seen.Spans), len(seen.Dues), err)
			}
			page, err := c.List(ctx, v, cases.Filter{Text: fmt.Sprintf("解放路 %d 号", 70000+k)})
			if err != nil || !slices.ContainsFunc(page.Rows, func(r cases.Row) bool { return r.ID == x.ID }) {
				t.Errorf("case %d is not found by its words: %v", x.ID, err)
			}
			ids[x.ID] = true
		}
		if counts, err := c.CountByStep(ctx, c.campaign.ID, 0); err != nil || counts[cases.Registered] != len(ids) || len(ids) != n-n/twice {
			t.Errorf("%d cases, counted %v: %v", len(ids), counts, err)
		}
	})
}

func TestRegister_NamesTheFieldThatIsWrong(t *testing.T) {
	lat, lon, far := 30.5, 114.3, 91.0
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		for _, r := range []struct {
			field string
			wrong func(*cases.Registration)
		}{
			{"words", func(r *cases.Registration) { r.Words = " \n" }},
			{"words", func(r *cases.Registration) { r.Words = strings.Repeat("脏", 5001) }},
			{"title", func(r *cases.Registration) { r.Title = strings.Repeat("脏", 101) }},
			{"source", func(r *cases.Registration) { r.Source = "" }},
			{"source", func(r *cases.Registration) { r.Source = "rumour" }},
			{"severity", func(r *cases.Registration) { r.Severity = "terrible" }},
			{"address", func(r *cases.Registration) { r.Address = "" }},
			{"address", func(r *cases.Registration) { r.Address = strings.Repeat("路", 201) }},
			{"lat", func(r *cases.Registration) { r.Lat = &lat }},
			{"lat", func(r *cases.Registration) { r.Lat, r.Lon = &far, &lon }},
		} {
			in := cases.Registration{Words: "垃圾", Source: cases.Web, Address: "解放路"}
			r.wrong(&in)
			_, err := c.Register(c.as(t, "inspector"), c.campaign.ID, in)
			if kernel.CodeOf(err) != kernel.Invalid || fieldOf(err) != r.field {
				t.Errorf("%s: %v", r.field, err)
			}
		}
		if x, err := c.Register(c.as(t, "inspector"), c.campaign.ID, cases.Registration{Words: "垃圾", Source: cases.Web, Lat: &lat, Lon: &lon}); err != nil || *x.Lat != lat {
			t.Errorf("a place on the map alone: %v", err)
		}
	})
}

// TestRegister_WithoutUUIDGetsOneThatBeginsWithTheTime: version 7 of RFC 9562.
func TestRegister_WithoutUUIDGetsOneThatBeginsWithTheTime(t *testing.T) {
	c := opened(t, dbtest.Open(t, db.SQLite))
	shape := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	before, last := time.Now().UnixMilli(), ""
	for range 3 {
		x := c.register(t, "office")
		ms, err := strconv.ParseInt(strings.ReplaceAll(x.UUID, "-", "")[:12], 16, 64)
		if err != nil || !shape.MatchString(x.UUID) || ms < before || ms > time.Now().UnixMilli() || x.UUID == last {
			t.Errorf("%s after %s: %v", x.UUID, last, err)
		}
		last = x.UUID
	}
}

// TestTake_AFormThatShowedAnOlderStateIsRefused: what somebody else did meanwhile is not overwritten.
func TestTake_AFormThatShowedAnOlderStateIsRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		x := c.along(t, "rectifying")
		a := c.act(cases.Respond)
		a.Revision = x.Revision - 1
		if _, err := c.Take(c.as(t, "lead"), c.campaign.ID, x.ID, a); kernel.CodeOf(err) != kernel.Conflict {
			t.Errorf("%v", err)
		}
		a.Revision = x.Revision
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() { _, errs[i] = c.Take(c.as(t, "lead"), c.campaign.ID, x.ID, a) })
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
		if now := c.caseNow(t, x.ID); done != 1 || now.Revision != x.Revision+1 {
			t.Errorf("%d of four were done, revision %d after %d", done, now.Revision, x.Revision)
		}
	})
}

// fieldOf is the field that an error names.
func fieldOf(err error) string {
	var e *kernel.Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Field
}

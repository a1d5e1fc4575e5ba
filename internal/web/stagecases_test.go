package web_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"slices"
	"strconv"
	"testing"

	"pinzhi/internal/cases"
	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/webtest"
)

// actor is a person of the roster acting, beside whatever account they sign in with.
func (s *stage) actor(personID int64) context.Context {
	return kernel.WithActor(context.Background(), kernel.Actor{AccountID: 1e6 + personID, PersonID: personID, Name: "舞台"})
}

// as is one of the cast acting.
func (s *stage) as(t *testing.T, login string) context.Context {
	t.Helper()
	a, err := s.Accounts.ByLogin(webtest.System(), login)
	if err != nil {
		t.Fatal(err)
	}
	return kernel.WithActor(context.Background(), a.Actor())
}

// renewCases makes the cases, the order and the file that forms are tried on.
func (s *stage) renewCases(t *testing.T) {
	t.Helper()
	inspector, lead := s.as(t, "inspector"), s.unit(t, s.home.ID, "市园林绿化中心")
	support := s.unit(t, s.home.ID, "市自然资源局")
	s.ids["{n}"], _ = s.caseOf(t, inspector, s.home.ID)
	s.ids["{k}"], s.ids["{e}"] = s.caseOf(t, inspector, s.home.ID)
	s.ids["{o}"] = s.orderOf(t, inspector, s.home.ID, s.ids["{k}"], lead, support)
	office := s.as(t, "office")
	s.ids["{w}"] = s.viewOf(t, office, s.home.ID)
	s.ids["{v}"], _ = s.caseOf(t, office, s.home.ID)
	s.step(t, office, s.ids["{v}"], cases.Act{Verb: cases.Dispatch, Unit: lead})
	s.ids["{x}"] = s.importOf(t, office, s.home.ID)
	s.ids["{filing}"] = s.filingOf(t, s.home.ID, "lead")
	s.ids["{part}"] = "cases_taken"
	s.ids["{ro}"], s.ids["{period}"] = s.obligationOf(t, s.home.ID)
	s.step(t, s.as(t, "lead"), s.ids["{v}"], cases.Act{Verb: cases.Respond, Reason: "已补植"})
}

// filingOf is a report of a body in which one of the cast sits; of any, where nobody is named.
func (s *stage) filingOf(t *testing.T, campaignID int64, login string) string {
	t.Helper()
	list, err := s.Reports.Matrices(t.Context(), campaignID)
	if err != nil || len(list) == 0 {
		t.Fatal(len(list), err)
	}
	for _, r := range list[0].Rows {
		sits := login == ""
		if !sits {
			v, err := s.Campaigns.See(s.as(t, login), campaignID)
			if err != nil {
				t.Fatal(err)
			}
			sits = slices.ContainsFunc(v.Standing.Seats, func(x roster.Seat) bool { return x.BodyID == r.Reporter.BodyID })
		}
		if sits {
			return strconv.FormatInt(r.Filings[0].ID, 10)
		}
	}
	t.Fatalf("%s sits in no body that reports", login)
	return ""
}

// obligationOf is what is reported first, and its first period.
func (s *stage) obligationOf(t *testing.T, campaignID int64) (id, period string) {
	t.Helper()
	list, err := s.Reports.Matrices(t.Context(), campaignID)
	if err != nil || len(list) == 0 {
		t.Fatal(len(list), err)
	}
	return strconv.FormatInt(list[0].Obligation.ID, 10), string(list[0].Periods[0])
}

func (s *stage) unit(t *testing.T, campaignID int64, name string) int64 {
	t.Helper()
	u, err := roster.UnitNamed(webtest.System(), s.DB.Reader(), campaignID, name)
	if err != nil || u.ID == 0 {
		t.Fatalf("unit %s: %v", name, err)
	}
	return u.ID
}

func (s *stage) firstUnit(t *testing.T, campaignID int64) int64 {
	t.Helper()
	counts, err := roster.UnitCounts(webtest.System(), s.DB.Reader(), campaignID)
	if err != nil || len(counts) == 0 {
		t.Fatal(counts, err)
	}
	return counts[0].UnitID
}

// caseOf registers a case with a photograph, and names both.
func (s *stage) caseOf(t *testing.T, ctx context.Context, campaignID int64) (id, file string) {
	t.Helper()
	in, err := s.Evidence.Receive(ctx, campaignID, bytes.NewReader(photograph(t, 1)), evidence.Meta{Name: "现场.jpg"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Cases.Register(ctx, campaignID, cases.Registration{Words: "解放路东段行道树枯死三棵", Address: "解放路与平阳街口东 40 米", Source: cases.Inspection,
		Evidence: []evidence.Incoming{in}})
	if err != nil {
		t.Fatal(err)
	}
	files, err := evidence.Of(ctx, s.DB.Reader(), campaignID, cases.Kind, c.ID)
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	return fmt.Sprint(c.ID), fmt.Sprint(files[0].ID)
}

func (s *stage) orderOf(t *testing.T, ctx context.Context, campaignID int64, caseID string, unit, support int64) string {
	t.Helper()
	id, _ := strconv.ParseInt(caseID, 10, 64)
	n := cases.NewOrder{Cases: []int64{id}, Unit: unit, Requirement: "补植", Day: "2024-04-10", Signer: "办公室"}
	if support != 0 {
		n.Support = []int64{support}
	}
	o, err := s.Cases.Issue(ctx, campaignID, n)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(o.ID)
}

func (s *stage) step(t *testing.T, ctx context.Context, caseID string, a cases.Act) {
	t.Helper()
	id, _ := strconv.ParseInt(caseID, 10, 64)
	a.Revision = -1
	if _, err := s.Cases.Take(ctx, s.home.ID, id, a); err != nil {
		t.Fatal(err)
	}
}

// viewOf keeps a filter of the list for somebody.
func (s *stage) viewOf(t *testing.T, ctx context.Context, campaignID int64) string {
	t.Helper()
	w, err := s.Cases.KeepView(ctx, campaignID, "逾期的", cases.Filter{Late: true})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(w.ID)
}

// photograph is a picture of patches, another one for each seed.
func photograph(t *testing.T, seed int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 640, 480))
	for y := range 480 {
		for x := range 640 {
			v := uint8((x/40*73 + y/40*151 + seed*97) % 251)
			img.Set(x, y, color.RGBA{v, uint8((int(v) * 7) % 251), uint8(y / 2), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// aPiece stands for a photograph brought as the one piece of an upload, noHash for the SHA-256 of one that never comes.
const (
	aPiece = "a piece"
	noHash = "0000000000000000000000000000000000000000000000000000000000000000"
)

// renewUploads has the inspector begin one upload and bring another.
func (s *stage) renewUploads(t *testing.T) {
	t.Helper()
	inspector, file := s.as(t, "inspector"), photograph(t, 1)
	account := kernel.ActorFrom(inspector).AccountID
	for _, before := range []string{s.ids["{up}"], s.ids["{sent}"]} { // an account may not have too many open
		if err := s.Evidence.DropUpload(inspector, s.home.ID, account, before); err != nil && kernel.CodeOf(err) != kernel.NotFound {
			t.Fatal(err)
		}
	}
	s.ids["{new}"], s.ids["{size}"], s.ids["{hash}"] = newID(), fmt.Sprint(len(file)), hashOf(file)
	s.ids["{up}"], s.ids["{sent}"] = s.uploadOf(t, inspector, s.home.ID), s.uploadOf(t, inspector, s.home.ID)
	if _, err := s.Evidence.AddPiece(inspector, s.home.ID, account, s.ids["{sent}"], 0, file); err != nil {
		t.Fatal(err)
	}
}

// uploadOf begins an upload of a photograph.
func (s *stage) uploadOf(t *testing.T, ctx context.Context, campaignID int64) string {
	t.Helper()
	file, id := photograph(t, 1), newID()
	if _, err := s.Evidence.BeginUpload(ctx, campaignID, evidence.Meta{ClientUUID: id, Name: "现场.jpg", AccountID: kernel.ActorFrom(ctx).AccountID}, int64(len(file)), hashOf(file)); err != nil {
		t.Fatal(err)
	}
	return id
}

func newID() string { return rand.Text() }

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

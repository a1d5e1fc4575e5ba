package web_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinzhi/internal/web/webtest"
)

// formBook stands for a form's workbook in the table of rights, aCopy for a filled-in copy as a client sends it.
const (
	formBook = "internal/form/testdata/forms/06-公厕巡查.xlsx"
	aCopy    = "a copy"
)

func exampleForm(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(webtest.Root(), "internal/form/testdata/forms", name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// dustCopy is a copy of 09-工地扬尘 with two pictures.
func dustCopy(instanceID string) string {
	return `<?xml version='1.0' ?><data id="dust" version="4"><site>一标段</site><six>fence cover wet road wash sealed</six><done>6</done><missing>0</missing>` +
		`<photo1>a.jpg</photo1><photo2>b.jpg</photo2><meta><instanceID>` + instanceID + `</instanceID></meta></data>`
}

// formOf sends a form to a campaign as its office, has somebody hand in a copy with a picture, and names them all.
func (s *stage) formOf(t *testing.T, office, somebody context.Context, campaignID int64) map[string]string {
	t.Helper()
	v, faults, err := s.Forms.Send(office, campaignID, "工地扬尘.xlsx", exampleForm(t, "09-工地扬尘.xlsx"))
	if err != nil || len(faults) > 0 {
		t.Fatal(faults, err)
	}
	body, _ := webtest.Copy(dustCopy("uuid:staged"), map[string][]byte{"a.jpg": photograph(t, 5)})
	if _, err := s.Forms.Receive(somebody, campaignID, body); err != nil {
		t.Fatal(err)
	}
	seen, err := s.Forms.See(office, campaignID, v.FormID, 0)
	if err != nil {
		t.Fatal(err)
	}
	x, err := s.Forms.SeeCopy(office, campaignID, seen.Copies[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"{form}": fmt.Sprint(v.FormID), "{version}": fmt.Sprint(v.ID), "{copy}": fmt.Sprint(x.ID), "{picture}": fmt.Sprint(x.Pictures["a.jpg"].EvidenceID)}
}

// greetEach has everybody sign in as ODK clients do, once a day, so that what is looked at afterwards is not the sign-in.
func (s *stage) greetEach(t *testing.T) {
	t.Helper()
	for role := range strings.FieldsSeq(signedIn) {
		s.call(t, right{route: "GET /c/{c}/openrosa/formList", each: true}, role)
	}
}

func TestOpenRosa_TheCookieCountsForNothing(t *testing.T) {
	s := stageFor(t)
	before := s.everything(t)
	for _, r := range rights {
		if !r.each {
			continue
		}
		bare := r
		bare.each = false
		for _, role := range []string{"office", "support", "outsider"} {
			res := s.call(t, bare, role)
			if res.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Basic ") || len(res.Cookies()) > 0 {
				t.Errorf("%s with the cookie of %s: status %d, %q, %d cookies", r.route, role, res.StatusCode, res.Header.Get("WWW-Authenticate"), len(res.Cookies()))
			}
		}
	}
	s.mustBeUnchanged(t, before, "requests with the cookie alone")
}

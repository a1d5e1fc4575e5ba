// Package webtest boots the site that ships, on a database of its own, for tests.
package webtest

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"pinzhi/internal/access"
	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/evidence"
	"pinzhi/internal/indicator"
	"pinzhi/internal/kernel"
	"pinzhi/internal/notify"
	"pinzhi/internal/plan"
	"pinzhi/internal/plan/source"
	"pinzhi/internal/report"
	"pinzhi/internal/submission"
	"pinzhi/internal/web"
)

// Site is a running site.
type Site struct {
	URL        string
	DB         *db.DB
	Campaigns  *campaign.Service
	Cases      *cases.Service
	Calendar   *calendar.Service
	Reports    *report.Service
	Indicators *indicator.Service
	Forms      *submission.Service
	Evidence   *evidence.Service
	Accounts   *access.Service
	Notify     *notify.Service
	Log        *bytes.Buffer
}

// MetricsToken is what opens /metrics of a test's site.
const MetricsToken = "metrics-of-the-test"

// Password is what every account of a test signs in with.
const Password = "correct-horse-staple"

// Open boots the site on a database.
func Open(tb testing.TB, d *db.DB, clock kernel.Clock) *Site {
	tb.Helper()
	ground, err := web.NewGround("", "界线为演练而画", filepath.Join(Root(), "internal/web/testdata/pinghe-boundary.json"))
	if err != nil {
		tb.Fatal(err)
	}
	return OpenOn(tb, d, clock, ground)
}

// OpenOn boots the site with its map on a ground.
func OpenOn(tb testing.TB, d *db.DB, clock kernel.Clock, ground web.Ground) *Site {
	tb.Helper()
	s := &Site{DB: d, Campaigns: campaign.New(d, clock), Accounts: access.NewService(d, clock), Log: &bytes.Buffer{}}
	blobs, err := evidence.NewFolder(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	s.Calendar, s.Evidence = calendar.New(d, clock), evidence.New(d, blobs, clock, evidence.DefaultLimits)
	s.Cases = cases.New(d, clock, s.Calendar, s.Campaigns, s.Evidence)
	s.Reports = report.New(d, clock, s.Calendar, s.Campaigns)
	s.Indicators = indicator.New(d, clock, s.Calendar, s.Campaigns)
	s.Forms = submission.New(d, clock, s.Campaigns, s.Evidence)
	if s.Notify, err = notify.New(d, clock, s.Calendar, s.Campaigns, s.Cases, s.Accounts, notify.Config{URL: "https://pinzhi.example", PrivateHooks: true}); err != nil {
		tb.Fatal(err)
	}
	server := &web.Server{Notify: s.Notify, DB: d, Clock: clock, Campaigns: s.Campaigns, Cases: s.Cases, Calendar: s.Calendar, Reports: s.Reports, Indicators: s.Indicators, Forms: s.Forms, Evidence: s.Evidence, Accounts: s.Accounts, Sessions: access.NewSessions(s.Accounts, false),
		Log: slog.New(slog.NewTextHandler(&lockedWriter{w: s.Log}, nil)), MetricsToken: MetricsToken, Ground: ground}
	h := httptest.NewServer(server.Handler())
	tb.Cleanup(h.Close)
	s.URL = h.URL
	return s
}

// System is the program itself acting.
func System() context.Context { return kernel.WithActor(context.Background(), kernel.TheSystem) }

// Root is the repository's root folder.
func Root() string {
	_, file, _, _ := runtime.Caller(0) //nolint:dogsled // only the file is wanted
	return filepath.Join(filepath.Dir(file), "..", "..", "..")
}

// Reading reads a plan of the repository.
func Reading(tb testing.TB, path string) campaign.Opening {
	tb.Helper()
	content, err := os.ReadFile(filepath.Join(Root(), path))
	if err != nil {
		tb.Fatal(err)
	}
	src, err := source.Read(filepath.Base(path), content)
	if err != nil {
		tb.Fatal(err)
	}
	p, err := plan.Read(src)
	if err != nil {
		tb.Fatal(err)
	}
	return campaign.Opening{Source: src, Original: content, SHA256: campaign.Hash(content), Reading: campaign.Reading{Plan: *p}}
}

// OpenCampaign opens a campaign from a plan of the repository.
func (s *Site) OpenCampaign(tb testing.TB, path string) campaign.Campaign {
	tb.Helper()
	o := Reading(tb, path)
	o.Drill = strings.Contains(path, "pinghe") // the made-up city
	c, err := s.Campaigns.Open(System(), o)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// Account makes an account that can sign in; personID and admin may be zero.
func (s *Site) Account(tb testing.TB, login string, personID int64, admin kernel.AdminRole) access.Account {
	tb.Helper()
	a, err := s.Accounts.Create(System(), access.NewAccount{Login: login, Name: login, PersonID: personID, Admin: admin})
	if err != nil {
		tb.Fatal(err)
	}
	token, err := s.Accounts.IssueLink(System(), a.ID)
	if err != nil {
		tb.Fatal(err)
	}
	if a, err = s.Accounts.RedeemLink(System(), token, Password); err != nil {
		tb.Fatal(err)
	}
	return a
}

// Client signs in and returns a client that keeps the session and follows no redirect; login "" stays outside.
func (s *Site) Client(tb testing.TB, login string) *http.Client {
	tb.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		tb.Fatal(err)
	}
	c := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if login == "" {
		return c
	}
	form := url.Values{"login": {login}, "password": {Password}}
	req, err := http.NewRequestWithContext(System(), http.MethodPost, s.URL+"/signin", strings.NewReader(form.Encode()))
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := c.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusSeeOther {
		tb.Fatalf("sign in as %s: status %d", login, res.StatusCode)
	}
	return c
}

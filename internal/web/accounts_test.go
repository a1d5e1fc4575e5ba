package web_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/web/webtest"

	"github.com/PuerkitoBio/goquery"
)

// TestAccounts_TheFirstSecurityAdministratorIsNamedOnTheScreen: a new system has one administrator; everybody else
// must come to be without the command line.
func TestAccounts_TheFirstSecurityAdministratorIsNamedOnTheScreen(t *testing.T) {
	clock := kernel.FixedClock(func() time.Time { return time.Date(2023, 7, 3, 1, 0, 0, 0, time.UTC) })
	s := webtest.Open(t, dbtest.Open(t, db.SQLite), clock)
	s.Account(t, "system", 0, kernel.SystemAdmin)
	status, page := post(t, s, "system", "/accounts", url.Values{"login": {"anquan"}, "person": {"安全员"}, "campaign": {""}})
	if status != http.StatusOK || page.Find("input[readonly]").AttrOr("value", "") == "" {
		t.Fatalf("no link for the new account: status %d", status)
	}
	form := page.Find("form[action$='/admin']")
	if form.Length() != 1 {
		t.Fatalf("%d accounts can be named security administrator", form.Length())
	}
	if status, _ := post(t, s, "system", form.AttrOr("action", ""), url.Values{"admin": {"security"}}); status != http.StatusSeeOther {
		t.Fatalf("naming the first: status %d", status)
	}
	account, err := s.Accounts.ByLogin(webtest.System(), "anquan")
	if err != nil || account.Admin != kernel.SecurityAdmin {
		t.Fatalf("%+v, %v", account, err)
	}
	res, err := s.Client(t, "system").Get(s.URL + "/accounts")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	after, err := goquery.NewDocumentFromReader(res.Body)
	if err != nil || after.Find("form[action$='/admin']").Length() != 0 {
		t.Errorf("a second one can be named too: %v", err)
	}
}

package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pinzhi/internal/web/webtest"

	"github.com/PuerkitoBio/goquery"
)

// rulesPage is the screen of the rules as somebody sees it, its words without blanks.
func (s *stage) rulesPage(t *testing.T, login string, campaignID int64) (words string, doc *goquery.Document) {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(s.page(t, login, fmt.Sprintf("/c/%d/cases/rules", campaignID))))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(doc.Find("main").Text()), ""), doc
}

func TestRules_ShowWhatThePlanSaysUntilTheOfficeSetsItsOwn(t *testing.T) {
	s := stageFor(t)
	rectify := func(doc *goquery.Document) (values []string) {
		doc.Find("input[aria-label$=案件整改反馈]").Each(func(_ int, in *goquery.Selection) {
			values = append(values, in.AttrOr("value", "")+" "+in.Parent().Find("option[selected]").AttrOr("value", ""))
		})
		return values
	}
	words, doc := s.rulesPage(t, "office", s.home.ID)
	for _, w := range []string{"方案第125行写明5个工作日", "责任单位自收到督办单之日起5个工作日内报送整改情况", "一般案件的整改反馈照方案；较重3个工作日、紧急24小时，本来不比方案长，不放宽。"} {
		if !strings.Contains(words, w) {
			t.Errorf("the rules do not say %s", w)
		}
	}
	if got := fmt.Sprint(rectify(doc)); got != "[5 workdays 3 workdays 24 hours]" {
		t.Errorf("the limits are %s", got)
	}
	if n := doc.Find("td a[href$='/plan#L125']").Length(); n != 1 {
		t.Errorf("%d limits lead to the line of the plan", n)
	}
	if words, _ := s.rulesPage(t, "lead", s.home.ID); !strings.Contains(words, "5个工作日方案第125行") {
		t.Errorf("who may not set rules does not see where the limit comes from: %s", words)
	}
	status, _ := post(t, s.Site, "office", fmt.Sprintf("/c/%d/cases/rules", s.home.ID),
		url.Values{"step": {"rectify"}, "severity": {"ordinary"}, "n": {"10"}, "measure": {"days"}})
	if status != http.StatusSeeOther {
		t.Fatalf("status %d", status)
	}
	words, doc = s.rulesPage(t, "office", s.home.ID)
	if !strings.Contains(words, "方案第125行写明5个工作日") || !strings.Contains(words, "一般10天，由办公室另定") {
		t.Errorf("the rules hide what the plan says: %s", words)
	}
	if got := fmt.Sprint(rectify(doc)); got != "[10 days 3 workdays 24 hours]" || doc.Find("td a[href$='/plan#L125']").Length() != 0 {
		t.Errorf("the limits are %s", got)
	}
	words, doc = s.rulesPage(t, "elsewhere", s.away.ID)
	if got := fmt.Sprint(rectify(doc)); got != "[7 workdays 3 workdays 24 hours]" || strings.Contains(words, "方案第") {
		t.Errorf("a plan without a limit: %s, %s", got, words)
	}
}

// TestDrafts_AMisreadLimitIsTakenOut: the screen where a plan is checked shows the limit, and it can be removed.
func TestDrafts_AMisreadLimitIsTakenOut(t *testing.T) {
	s := stageFor(t)
	id := s.draft(t, s.home.ID, revisedPlan)
	path := fmt.Sprintf("/drafts/%d", id)
	if page := s.page(t, "system", path); !strings.Contains(page, `id="limits"`) || !strings.Contains(page, "5 个工作日") {
		t.Error("the limit is not shown")
	}
	status, _ := post(t, s.Site, "system", path+"/edit", url.Values{"op": {"remove"}, "kind": {"limit"}, "at": {"0"}, "revision": {"0"}})
	if status != http.StatusSeeOther {
		t.Fatalf("status %d", status)
	}
	page := s.page(t, "system", path)
	if strings.Contains(page, `id="limits"`) || !strings.Contains(page, "整改时限") {
		t.Error("the limit is still there, or its going is not among the differences")
	}
	d, err := s.Campaigns.DraftByID(webtest.System(), id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Campaigns.OpenDraft(webtest.System(), id, d.Revision); err != nil {
		t.Fatal(err)
	}
	if words, _ := s.rulesPage(t, "office", s.home.ID); strings.Contains(words, "写明") {
		t.Error("the limit that was taken out is a rule")
	}
}

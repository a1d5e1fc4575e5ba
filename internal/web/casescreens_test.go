package web_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/webtest"
)

// casePages fills a campaign with cases at every step, and lists the pages that show them.
func casePages(t *testing.T, s *webtest.Site, c campaign.Campaign) string {
	t.Helper()
	st := &stage{Site: s, home: c, ids: map[string]string{}}
	office := st.actor(officeSeat(t, s.DB, c.ID))
	lead, err := roster.PersonCalled(webtest.System(), s.DB.Reader(), c.ID, "花蕊")
	if err != nil {
		t.Fatal(err)
	}
	first := st.fill(t, office, st.actor(lead.ID), lead.UnitID)
	pages := ""
	for _, p := range []string{"/desk/office", "/desk/verifier", "/desk/unit", "/cases", "/cases?q=没有这个词", "/cases?late=1", "/cases/new", "/cases/new?source=hotline",
		"/cases/rules", "/orders", fmt.Sprintf("/cases/%d", first.ID), fmt.Sprintf("/cases/%d", first.ID+1), fmt.Sprintf("/cases/%d", first.ID+2), "/orders/1"} {
		pages += fmt.Sprintf("/c/%d%s ", c.ID, p)
	}
	return pages
}

// fill registers cases in people's words; the first is answered, the second handed out by an order.
func (s *stage) fill(t *testing.T, office, lead context.Context, unit int64) cases.Case {
	t.Helper()
	var list []cases.Case
	for i, words := range []string{"学府路北口三株行道树枯死，树池里堆着垃圾", "滨河路公园灯杆倾斜，线缆裸露，晚上有孩子在旁边玩", "楼下烧烤店油烟直接排到街上，每天晚上十一点还在烤，闻得受不了，打过两次电话没人管",
		"解放路东段人行道被共享单车占满", "东关市场门口污水横流", "城北小学门口没有斑马线"} {
		c, err := s.Cases.Register(office, s.home.ID, cases.Registration{Words: words, Address: "学府路与平阳街口东 40 米", Source: cases.Sources[i%len(cases.Sources)],
			Severity: cases.Severities[i%3], Category: "绿化亮化", Caller: cases.Caller{Name: "热心市民", Phone: "13800000000"}})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, c)
	}
	s.step(t, office, fmt.Sprint(list[0].ID), cases.Act{Verb: cases.Dispatch, Unit: unit})
	s.step(t, lead, fmt.Sprint(list[0].ID), cases.Act{Verb: cases.Respond, Reason: "已补植"})
	s.orderOf(t, office, s.home.ID, fmt.Sprint(list[1].ID), unit, 0)
	return list[0]
}

// TestRights_AnotherUnitsIdsLeadNowhere: a liaison who types the case, file or order of another unit learns nothing of it.
func TestRights_AnotherUnitsIdsLeadNowhere(t *testing.T) {
	s := stageFor(t)
	before := s.everything(t)
	tried := 0
	for _, r := range rights {
		if !strings.Contains(r.route, "{k}") && !strings.Contains(r.route, "{o}") && !strings.Contains(r.route, "{e}") {
			continue
		}
		tried++
		if res := s.call(t, r, "given"); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s %s as another unit: status %d, want 404", r.route, r.path, res.StatusCode)
		}
	}
	s.mustBeUnchanged(t, before, "another unit's ids")
	if tried < 6 {
		t.Errorf("only %d tried", tried)
	}
}

// TestRights_AListHoldsNothingOfAnotherUnit looks for another unit's case wherever cases are listed.
func TestRights_AListHoldsNothingOfAnotherUnit(t *testing.T) {
	s := stageFor(t)
	for _, page := range []string{"/cases", "/cases?q=行道树", "/desk/unit", "/orders", "/ledger", "/cases/alike?words=行道树枯死三棵&address=解放路与平阳街口"} {
		text := s.page(t, "given", "/c/{c}"+page)
		if strings.Contains(text, "行道树枯死") || strings.Contains(text, "平城品督") {
			t.Errorf("%s tells another unit's case", page)
		}
		if page == "/desk/unit" || page == "/orders" || page == "/ledger" {
			continue
		}
		if !strings.Contains(s.page(t, "lead", "/c/{c}"+page), "行道树枯死") {
			t.Errorf("%s does not tell the unit its own", page)
		}
	}
	for admin := range strings.FieldsSeq(admins) {
		if strings.Contains(s.page(t, admin, "/c/{c}/ledger"), "行道树枯死") {
			t.Errorf("%s reads cases in the ledger", admin)
		}
	}
}

// page is what a role is shown.
func (s *stage) page(t *testing.T, role, path string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+escaped(s.filled(path)), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.clients[role].Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s as %s: status %d, %v", path, role, res.StatusCode, err)
	}
	return string(body)
}

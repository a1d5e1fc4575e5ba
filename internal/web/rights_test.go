package web_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"pinzhi/internal/access"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/web"
	"pinzhi/internal/web/webtest"
)

// Who walks the routes; cast seats each of them.
//
//	outsider   not signed in
//	elsewhere  a person of another campaign
//	system, security, audit: the three administrators
//	leader     组长 of the leading group
//	office     a member of the office
//	lead       of the task's lead unit, sitting in a work group
//	support    of a supporting unit of the task
//	inspector  of the inspection group, and of no unit of the task
//	given      of the unit that the work item is given to
const (
	members  = "leader office lead support inspector given"
	admins   = "system security audit"
	inside   = members + " " + admins
	signedIn = inside + " elsewhere"
	anybody  = signedIn + " outsider"

	// corrected is a correction of a case that was just registered, whatever its revision.
	corrected = "revision=-1&words=行道树枯死五棵&address=平阳街&severity=serious&reason=数错了"

	plansWork  = "office lead"
	finishes   = "office lead given"
	revises    = "office system"
	opensNew   = "system"
	makes      = "system"
	authorises = "security"
)

// right says who may use a route; everybody else must be refused and leave no trace.
// {d} is a draft of a new campaign, {r} one that revises this campaign; both fill the route's {d}.
type right struct {
	route  string
	may    string
	path   string // where the path is not the route's
	form   string
	json   string // a body of JSON, in place of a form
	each   bool   // login and password come with the request
	upload string // a plan of the repository, sent as a file; or aPiece
	status int    // what who may is answered, where it is not 200 for a page or 303 after a form
}

var rights = []right{
	{route: "GET /signin", may: anybody},
	{route: "POST /signin", may: anybody, form: "login=newcomer&password=wrong-horse-staple", status: http.StatusUnauthorized},
	{route: "GET /signin/link", may: anybody, path: "/signin/link?token={token}"},
	{route: "POST /signin/link", may: anybody, form: "token={token}&password=one-horse-staple&again=two-horse-staple", status: http.StatusUnprocessableEntity},
	{route: "GET /me", may: signedIn},
	{route: "POST /me/password", may: signedIn, form: "current=x&password=one-horse-staple&again=two-horse-staple", status: http.StatusUnprocessableEntity},
	{route: "GET /{$}", may: signedIn, path: "/"},

	// Telling: {q} is a notice of the lead, {z} a message that was given up. An administrator has no inbox.
	{route: "GET /inbox", may: members + " elsewhere"},
	{route: "GET /inbox/events", may: signedIn, path: "/inbox/events?once=1"}, // an administrator's count is 0
	{route: "GET /inbox/{n}", may: "lead", path: "/inbox/{q}", status: http.StatusSeeOther},
	{route: "POST /inbox/read", may: members + " elsewhere", form: "id={q}"}, // another's stays as it is
	{route: "GET /me/notify", may: members + " elsewhere"},
	{route: "POST /me/notify/channel", may: members + " elsewhere", form: "kind=webhook&address=https://hooks.example/x&active=1"},
	{route: "POST /me/notify/test", may: members + " elsewhere", form: "kind=mail", status: http.StatusUnprocessableEntity}, // no mail server
	{route: "POST /me/notify/feed", may: members + " elsewhere", status: http.StatusOK},
	{route: "POST /me/notify/feed/revoke", may: members + " elsewhere"},
	{route: "GET /feed/{feed}", may: anybody, path: "/feed/{token_of_feed}.ics"},
	{route: "GET /deliveries", may: "system"},
	{route: "POST /deliveries/{n}/retry", may: "system", path: "/deliveries/{z}/retry"},
	// The field page itself has nothing of anybody in it. {up} is an upload that the inspector began.
	{route: "GET /field", may: anybody},
	{route: "GET /sw.js", may: anybody},
	{route: "GET /manifest.webmanifest", may: anybody},
	{route: "GET /field/me.json", may: signedIn},
	{route: "GET /c/{c}/field/data.json", may: members, path: "/c/{c}/field/data.json?lat=36.08&lon=111.52"},
	{route: "POST /c/{c}/field/records", may: members, status: http.StatusOK,
		json: `{"uuid": "{new}", "kind": "register", "fields": {"words": "行道树枯死", "address": "解放路"}}`},
	{route: "POST /c/{c}/field/records", may: "inspector", status: http.StatusOK, // his photograph
		json: `{"uuid": "{new}", "kind": "register", "fields": {"words": "行道树枯死", "address": "解放路"}, "files": ["{sent}"]}`},
	{route: "POST /c/{c}/field/records", may: "office inspector", status: http.StatusOK,
		json: `{"uuid": "{new}", "kind": "verify", "fields": {"case": {v}, "revision": 2, "verb": "closed", "outcome": "fixed"}}`},
	{route: "POST /c/{c}/field/records", may: "office lead support inspector", status: http.StatusOK,
		json: `{"uuid": "{new}", "kind": "note", "fields": {"case": {k}, "text": "又有两株枯死"}}`},
	{route: "POST /c/{c}/uploads", may: members, status: http.StatusOK, json: `{"uuid": "{new}", "name": "现场.jpg", "bytes": 100, "sha256": "` + noHash + `"}`},
	{route: "POST /c/{c}/uploads", may: "inspector", status: http.StatusOK, json: `{"uuid": "{up}", "name": "现场.jpg", "bytes": {size}, "sha256": "{hash}"}`},
	{route: "GET /c/{c}/uploads/{uuid}", may: "inspector", path: "/c/{c}/uploads/{up}"},
	{route: "PATCH /c/{c}/uploads/{uuid}", may: "inspector", path: "/c/{c}/uploads/{up}", upload: aPiece, status: http.StatusOK},
	{route: "DELETE /c/{c}/uploads/{uuid}", may: "inspector", path: "/c/{c}/uploads/{up}", status: http.StatusNoContent},

	{route: "GET /drafts", may: opensNew},
	{route: "POST /drafts", may: opensNew, upload: thirdPlan},
	{route: "GET /drafts/{d}", may: opensNew},
	{route: "GET /drafts/{d}", may: revises, path: "/drafts/{r}"},
	{route: "POST /drafts/{d}/edit", may: opensNew, form: "op=set&kind=plan&revision=0&title=改过的标题"},
	{route: "POST /drafts/{d}/edit", may: revises, path: "/drafts/{r}/edit", form: "op=set&kind=plan&revision=0&title=改过的标题"},
	{route: "POST /drafts/{d}/undo", may: opensNew, form: "revision=0", status: http.StatusConflict}, // nothing to take back
	{route: "POST /drafts/{d}/undo", may: revises, path: "/drafts/{r}/undo", form: "revision=0", status: http.StatusConflict},
	{route: "POST /drafts/{d}/accept", may: opensNew, form: "revision=0"},
	{route: "POST /drafts/{d}/accept", may: revises, path: "/drafts/{r}/accept", form: "revision=0"},
	{route: "POST /drafts/{d}/open", may: opensNew, form: "revision=0"},

	{route: "GET /accounts", may: "system security"},
	{route: "POST /accounts", may: makes, form: "login=fresh&person=新来的", status: http.StatusOK},
	{route: "POST /accounts/{a}/link", may: makes, status: http.StatusOK},
	{route: "POST /accounts/{a}/lock", may: authorises},
	{route: "POST /accounts/{a}/unlock", may: authorises},
	{route: "POST /accounts/{a}/admin", may: authorises, form: "admin=audit"},
	{route: "GET /log", may: "audit"},

	{route: "GET /calendar", may: signedIn},
	{route: "POST /calendar", may: "system", form: "year=2027&source=国办发明电〔2026〕8号&days=2027-01-01 休 元旦"},

	// Cases: {k} is with the lead unit, by the order {o}, with the file {e}; {n} was registered by the inspector just now;
	// {v} waits for its verifier.
	{route: "GET /c/{c}/desk/{hand}", may: "office inspector", path: "/c/{c}/desk/verifier"},
	{route: "GET /c/{c}/desk/{hand}", may: "office", path: "/c/{c}/desk/office"},
	{route: "GET /c/{c}/desk/{hand}", may: "leader", path: "/c/{c}/desk/leader"},
	{route: "GET /c/{c}/cases", may: members},
	{route: "POST /c/{c}/cases", may: members, form: "words=行道树枯死&address=解放路&source=self_check"},
	{route: "GET /c/{c}/cases/new", may: members},
	{route: "GET /c/{c}/cases/alike", may: members, path: "/c/{c}/cases/alike?words=行道树枯死&address=解放路"},
	{route: "GET /c/{c}/cases/{k}", may: "leader office lead support inspector"},
	{route: "GET /c/{c}/cases/{k}", may: "leader office inspector", path: "/c/{c}/cases/{n}"},
	{route: "POST /c/{c}/cases/{k}/step", may: "lead", form: "verb=acknowledged&revision=-1"},
	{route: "POST /c/{c}/cases/{k}/step", may: "lead", form: "verb=responded&revision=-1&reason=已补植"},
	{route: "POST /c/{c}/cases/{k}/step", may: "office", path: "/c/{c}/cases/{n}/step", form: "verb=accepted&revision=-1"},
	{route: "POST /c/{c}/cases/{k}/step", may: "office inspector", path: "/c/{c}/cases/{n}/step", form: "verb=dispatched&revision=-1&unit=市园林绿化中心"},
	{route: "POST /c/{c}/cases/{k}/step", may: "office inspector", path: "/c/{c}/cases/{v}/step", form: "verb=closed&revision=-1&outcome=fixed"},
	{route: "POST /c/{c}/cases/{k}/note", may: "office lead support inspector", form: "text=又有两株枯死"},
	{route: "POST /c/{c}/cases/{k}/note", may: "office inspector", path: "/c/{c}/cases/{n}/note", form: "text=又有两株枯死"},
	{route: "GET /c/{c}/correct/{k}", may: "office"},
	{route: "GET /c/{c}/correct/{k}", may: "office inspector", path: "/c/{c}/correct/{n}"}, // its finder, before it is accepted
	{route: "POST /c/{c}/correct/{k}", may: "office", form: corrected},
	{route: "POST /c/{c}/correct/{k}", may: "office inspector", path: "/c/{c}/correct/{n}", form: corrected},
	{route: "POST /c/{c}/cases/dispatch", may: "office inspector", form: "case={n}&unit=市园林绿化中心"}, // an inspector his own
	{route: "GET /c/{c}/cases/rules", may: members},
	{route: "POST /c/{c}/cases/rules", may: "office", form: "step=rectify&severity=ordinary&n=5&measure=workdays"},
	{route: "GET /c/{c}/map", may: members},
	{route: "GET /c/{c}/map.json", may: members, path: "/c/{c}/map.json?bbox=111,35,112,37&zoom=11"},
	{route: "GET /c/{c}/boundary.json", may: members},
	{route: "GET /c/{c}/board", may: members},
	{route: "POST /c/{c}/views", may: members, form: "name=逾期的&query=late%3D1"},
	{route: "POST /c/{c}/views/{w}/delete", may: "office"}, // the office's own
	{route: "GET /c/{c}/cases.xlsx", may: members},
	{route: "GET /c/{c}/cases.geojson", may: members},
	{route: "GET /c/{c}/cases/template.xlsx", may: "office"},
	{route: "GET /c/{c}/cases/import", may: "office"},
	{route: "POST /c/{c}/cases/import", may: "office", upload: problemSheet},
	{route: "GET /c/{c}/cases/import/{x}", may: "office"},
	{route: "POST /c/{c}/cases/import/{x}/agree", may: "office"},
	{route: "GET /c/{c}/orders", may: members},
	{route: "POST /c/{c}/orders", may: "office inspector", form: "cases={n}&unit=市园林绿化中心&order_day=2024-04-10&signer=谈笑&requirement=补植"},
	{route: "GET /c/{c}/orders/{o}", may: "leader office lead inspector"},
	{route: "GET /c/{c}/files/{e}", may: "leader office lead support inspector"},

	{route: "GET /c/{c}", may: inside},
	{route: "GET /c/{c}/tasks", may: inside},
	{route: "GET /c/{c}/tasks.xlsx", may: inside},
	{route: "GET /c/{c}/tasks/{t}", may: inside},
	{route: "POST /c/{c}/tasks/{t}/items", may: plansWork, form: "title=补植行道树&due=2024-05-01"},
	{route: "GET /c/{c}/items", may: inside},
	{route: "GET /c/{c}/items/{i}", may: inside},
	{route: "POST /c/{c}/items/{i}", may: plansWork, form: "title=改过的工作项&due=2024-05-01&revision=0"},
	{route: "POST /c/{c}/items/{i}/done", may: finishes, form: "note=已完成"},
	{route: "POST /c/{c}/items/{i}/reopen", may: finishes},
	{route: "POST /c/{c}/items/{i}/milestones", may: plansWork, form: "name=完成招标&due=2024-04-01"},
	{route: "POST /c/{c}/milestones/{m}/done", may: finishes, form: "note=到了"},
	{route: "GET /c/{c}/gantt", may: inside},
	{route: "GET /c/{c}/measures", may: inside},
	// {filing} is a report of the lead's work group.
	{route: "GET /c/{c}/reports", may: inside},
	{route: "GET /c/{c}/calendar", may: inside},
	{route: "GET /c/{c}/filings/{filing}", may: "leader office lead support given"}, // three of them sit in that group
	{route: "GET /c/{c}/filings/{filing}/{part}", may: "leader office lead support given"},
	{route: "POST /c/{c}/filings/{filing}/comment", may: "office", form: "comment=写清各处名称"},
	{route: "GET /c/{c}/reports/{ro}/{period}", may: "leader office"},
	{route: "POST /c/{c}/reports/{ro}/{period}", may: "office", form: "do=keep&revision=0&text=各组均已报送"},
	{route: "POST /c/{c}/filings/{filing}", may: "lead support given", form: "do=submitted&revision=0&done=三", status: http.StatusUnprocessableEntity},
	{route: "POST /c/{c}/filings/{filing}", may: "office", form: "do=accepted&revision=0", status: http.StatusUnprocessableEntity}, // nothing was handed in
	// {indicator} is answered for by the lead's unit, which gave {figure}; {incident} stands behind {zero}.
	{route: "GET /c/{c}/indicators", may: inside},
	{route: "POST /c/{c}/indicators", may: "office", form: "name=亮灯率&direction=at_least&cadence=monthly&first_period=2024-03"},
	{route: "GET /c/{c}/indicators/new", may: "office"},
	{route: "POST /c/{c}/indicators/approve", may: "office", form: "indicator={indicator}"},
	{route: "GET /c/{c}/indicators/import", may: inside},
	{route: "POST /c/{c}/indicators/import", may: "office lead", upload: someFigures},
	{route: "GET /c/{c}/indicators/{indicator}", may: inside},
	{route: "POST /c/{c}/indicators/{indicator}", may: "office", form: "revision=1&unit=%25&name=亮灯率&direction=at_least&cadence=monthly&first_period=2024-01"},
	{route: "GET /c/{c}/indicators/{indicator}/edit", may: "office"},
	{route: "POST /c/{c}/indicators/{indicator}/targets", may: "office", form: "place={place}&year=2024&value=95"},
	{route: "GET /c/{c}/indicators.xlsx", may: inside},
	{route: "GET /c/{c}/indicators.json", may: inside},
	{route: "GET /c/{c}/figures", may: inside},
	{route: "POST /c/{c}/figures", may: "office lead", form: "do=submit&ver:{indicator}:{place}:2024-01=0&v:{indicator}:{place}:2024-01=91"},
	{route: "POST /c/{c}/figures/decide", may: "office", form: "do=approve&figure={figure}:1&back={figure}"},
	{route: "POST /c/{c}/figures/decide", may: "office", form: "do=return&question=没有算背街小巷&figure={figure}:1&indicator={indicator}"},
	{route: "GET /c/{c}/figures/{figure}", may: inside},
	{route: "POST /c/{c}/figures/{figure}", may: "office lead", form: "version=1&value=92"},
	{route: "GET /c/{c}/places", may: inside},
	{route: "POST /c/{c}/places", may: "office", form: "id=0&name=高铁新区"},
	{route: "GET /c/{c}/incidents", may: inside},
	{route: "POST /c/{c}/incidents", may: "office lead inspector", form: "indicator={zero}&place={place}&happened_on=2024-03-01&grade=较大&title=燃气爆燃"},
	{route: "POST /c/{c}/incidents/{incident}/withdraw", may: "office", form: "why=登记错了"},
	// Forms: {copy} was handed in by the supporting unit, with {picture}. What others may export is empty.
	{route: "GET /c/{c}/forms", may: members},
	{route: "POST /c/{c}/forms", may: "office", upload: formBook},
	{route: "GET /c/{c}/forms/{form}", may: members},
	{route: "GET /c/{c}/forms/{form}/fill", may: members},
	{route: "POST /c/{c}/forms/{form}/fill", may: members, form: "version={version}&instance=uuid:{new}&do=send", status: http.StatusUnprocessableEntity}, // nothing is answered
	{route: "GET /c/{c}/forms/{form}/definition/{version}", may: members},
	{route: "GET /c/{c}/forms/{form}/workbook/{version}", may: "office"},
	{route: "GET /c/{c}/forms/{form}/export/{version}", may: members},
	{route: "GET /c/{c}/submissions/{copy}", may: "leader office support"},
	{route: "GET /c/{c}/submissions/{copy}/files/{e}", may: "leader office support", path: "/c/{c}/submissions/{copy}/files/{picture}"},
	{route: "GET /c/{c}/openrosa/formList", may: members, each: true},
	{route: "GET /c/{c}/openrosa/forms/{version}", may: members, each: true},
	{route: "GET /c/{c}/openrosa/forms/{version}/manifest", may: members, each: true},
	{route: "HEAD /c/{c}/openrosa/submission", may: members, each: true, status: http.StatusNoContent},
	{route: "POST /c/{c}/openrosa/submission", may: members, each: true, upload: aCopy, status: http.StatusAccepted}, // a picture is still to come
	{route: "GET /c/{c}/phases", may: inside},
	{route: "GET /c/{c}/bodies", may: inside},
	{route: "GET /c/{c}/bodies/{b}", may: inside},
	{route: "GET /c/{c}/people", may: inside},
	{route: "GET /c/{c}/people.xlsx", may: inside},
	{route: "GET /c/{c}/people/{p}", may: inside},
	{route: "GET /c/{c}/units", may: inside},
	{route: "GET /c/{c}/units/{u}", may: inside},
	{route: "GET /c/{c}/matrix", may: inside},
	{route: "GET /c/{c}/matrix.xlsx", may: inside},
	{route: "GET /c/{c}/plan", may: inside},
	{route: "GET /c/{c}/plan/original", may: inside},
	{route: "GET /c/{c}/checkup", may: inside},
	{route: "POST /c/{c}/findings/{f}", may: revises, form: "answer=kept"},
	{route: "GET /c/{c}/search", may: inside, path: "/c/{c}/search?q=绿化"},
	{route: "GET /c/{c}/ledger", may: inside},
	{route: "GET /c/{c}/drafts", may: revises},
	{route: "POST /c/{c}/drafts", may: revises, upload: revisedPlan},

	// Last, because they change what the rows above rest on.
	{route: "POST /drafts/{d}/open", may: revises, path: "/drafts/{r}/open", form: "revision=0"},
	{route: "POST /signout", may: signedIn},
}

func TestRights_EveryRouteHasARowAndEveryRowARoute(t *testing.T) {
	patterns := web.Patterns()
	for _, p := range patterns {
		if !slices.ContainsFunc(rights, func(r right) bool { return r.route == p }) {
			t.Errorf("nobody has said who may %s: add a row", p)
		}
	}
	for _, r := range rights {
		if !slices.Contains(patterns, r.route) {
			t.Errorf("a row speaks of %s, which is no route", r.route)
		}
	}
}

// TestRights_EveryRouteAsEveryRole walks the table from the outside: who may gets through, who may not is refused
// and has changed nothing.
func TestRights_EveryRouteAsEveryRole(t *testing.T) {
	s := stageFor(t)
	for _, r := range rights {
		may, writes := strings.Fields(r.may), !strings.HasPrefix(r.route, "GET ")
		var before []string
		if writes {
			s.renew(t)
			before = s.everything(t)
		}
		for role := range strings.FieldsSeq(anybody) {
			if !slices.Contains(may, role) {
				s.mustRefuse(t, r, role)
			}
		}
		if writes && len(may) < len(strings.Fields(anybody)) {
			s.mustBeUnchanged(t, before, r.route)
		}
		for _, role := range may {
			if writes {
				s.renew(t)
			}
			s.mustAllow(t, r, role)
		}
	}
}

// mustRefuse: an outsider is sent to sign in; others learn no more than that they may not, and a stranger to the
// campaign not even that it exists.
func (s *stage) mustRefuse(t *testing.T, r right, role string) {
	t.Helper()
	res := s.call(t, r, role)
	switch {
	case role != "outsider":
		if res.StatusCode != http.StatusForbidden && res.StatusCode != http.StatusNotFound {
			t.Errorf("%s as %s: status %d, want 403 or 404", r.route, role, res.StatusCode)
		}
		if role == "elsewhere" && strings.Contains(r.route, "{c}") && res.StatusCode != http.StatusNotFound {
			t.Errorf("%s as %s: status %d tells a stranger that the campaign exists", r.route, role, res.StatusCode)
		}
	case r.each:
		if res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s as %s: status %d, want 401", r.route, role, res.StatusCode)
		}
	case strings.HasPrefix(r.route, "GET "):
		if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(res.Header.Get("Location"), "/signin?to=") {
			t.Errorf("%s as %s: status %d to %q, want the sign-in page", r.route, role, res.StatusCode, res.Header.Get("Location"))
		}
	case res.StatusCode != http.StatusUnauthorized:
		t.Errorf("%s as %s: status %d, want 401", r.route, role, res.StatusCode)
	}
}

func (s *stage) mustAllow(t *testing.T, r right, role string) {
	t.Helper()
	want := r.status
	if want == 0 {
		want = http.StatusOK
		if strings.HasPrefix(r.route, "POST ") {
			want = http.StatusSeeOther
		}
	}
	res := s.call(t, r, role)
	onward := want == http.StatusOK && res.StatusCode == http.StatusSeeOther && !strings.HasPrefix(res.Header.Get("Location"), "/signin")
	if res.StatusCode != want && !onward { // the front page leads on to the only campaign
		t.Errorf("%s as %s: status %d, want %d", r.route, role, res.StatusCode, want)
	}
}

// TestRights_IdsOfAnotherCampaignLeadNowhere: whoever has every right in one campaign puts another's objects into its paths.
func TestRights_IdsOfAnotherCampaignLeadNowhere(t *testing.T) {
	s := stageFor(t)
	foreign := s.foreign(t)
	before := s.everything(t)
	tried := 0
	for _, r := range rights {
		_, path, _ := strings.Cut(r.route, " ")
		for _, id := range []string{"{t}", "{i}", "{m}", "{b}", "{p}", "{u}", "{f}", "{d}", "{k}", "{o}", "{e}", "{x}", "{w}", "{uuid}", "{filing}", "{ro}", "{indicator}", "{figure}", "{incident}", "{form}", "{version}", "{copy}", "{picture}"} {
			if !strings.Contains(path, id) {
				continue
			}
			tried++
			x := r
			x.path = strings.ReplaceAll(path, id, foreign[id])
			if res := s.call(t, x, "office"); res.StatusCode != http.StatusNotFound {
				t.Errorf("%s with another campaign's %s: status %d, want 404", r.route, id, res.StatusCode)
			}
		}
	}
	for _, form := range []string{"unit=临汾日报社", "person=" + foreign["person"]} {
		r := right{route: "POST /c/{c}/tasks/{t}/items", form: "title=补植行道树&due=2024-05-01&" + form}
		if res := s.call(t, r, "office"); res.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("work given to another campaign's people: %s: status %d, want 422", form, res.StatusCode)
		}
	}
	s.mustBeUnchanged(t, before, "another campaign's ids")
	if tried < 15 {
		t.Errorf("only %d routes tried", tried)
	}
}

func TestRights_AFormFromAnotherSiteIsRefused(t *testing.T) {
	s := stageFor(t)
	before := s.everything(t)
	for _, headers := range []map[string]string{
		{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
		{"Sec-Fetch-Site": "same-site"},
		{"Origin": "https://evil.example"}, // an old browser
		{"Origin": "null"},                 // a sandboxed frame
	} {
		for _, r := range rights {
			if strings.HasPrefix(r.route, "GET ") || strings.HasPrefix(r.route, "HEAD ") {
				continue
			}
			role := strings.Fields(r.may)[0]
			if res := s.callWith(t, r, role, headers); res.StatusCode != http.StatusForbidden {
				t.Errorf("%s as %s with %v: status %d, want 403", r.route, role, headers, res.StatusCode)
			}
		}
	}
	s.mustBeUnchanged(t, before, "a form from another site")
}

func TestMetrics_AreForWhoeverBearsTheToken(t *testing.T) {
	s := stageFor(t)
	metrics := right{route: "GET /metrics"}
	for _, c := range []struct {
		role, bears string
		status      int
	}{
		{"outsider", "", http.StatusUnauthorized},
		{"system", "", http.StatusUnauthorized}, // an account is no token
		{"outsider", "Bearer ", http.StatusUnauthorized},
		{"outsider", "Bearer guessed", http.StatusUnauthorized},
		{"outsider", "Bearer " + webtest.MetricsToken, http.StatusOK},
	} {
		if res := s.callWith(t, metrics, c.role, map[string]string{"Authorization": c.bears}); res.StatusCode != c.status {
			t.Errorf("%s bearing %q: status %d, want %d", c.role, c.bears, res.StatusCode, c.status)
		}
	}
}

func TestMetrics_AreOffWithoutAToken(t *testing.T) {
	accounts := access.NewService(dbtest.Open(t, db.SQLite), kernel.Clock{})
	server := &web.Server{Accounts: accounts, Sessions: access.NewSessions(accounts, false)}
	res := httptest.NewRecorder()
	server.Handler().ServeHTTP(res, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if res.Code != http.StatusNotFound {
		t.Errorf("status %d, want 404", res.Code)
	}
}

// Package web is the office's side over HTTP: it reads, decides, and hands a small struct to a view.
package web

import (
	"log/slog"
	"net/http"

	"pinzhi/internal/access"
	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/evidence"
	"pinzhi/internal/indicator"
	"pinzhi/internal/kernel"
	"pinzhi/internal/notify"
	"pinzhi/internal/report"
	"pinzhi/internal/submission"
)

// Server answers requests. Its parts are wired by internal/cli; Handler makes it run.
type Server struct {
	DB         *db.DB
	Clock      kernel.Clock
	Campaigns  *campaign.Service
	Cases      *cases.Service
	Calendar   *calendar.Service
	Reports    *report.Service
	Indicators *indicator.Service
	Forms      *submission.Service
	Evidence   *evidence.Service
	Accounts   *access.Service
	Sessions   *access.Sessions
	Notify     *notify.Service
	Log        *slog.Logger
	// MetricsToken is what a monitor must bear to read /metrics; "" turns it off.
	MetricsToken string
	// URL is where the site is reached, for what is read elsewhere; "" takes it from each request.
	URL string
	// Ground is what the map draws the cases on.
	Ground Ground

	files   assets
	metrics *metrics
}

// need is what a route asks of whoever calls it, before the handler looks at the object.
type need int

const (
	anybody  need = iota
	signedIn      // any account
	inside        // an account that may see the campaign {c}; others learn nothing of it
	withEach      // the same, by login and password in the request itself; the cookie counts for nothing
)

// route is one way in. The table of all routes is what the rights are tested against.
type route struct {
	pattern string
	needs   need
	handle  func(*request) error
}

// routes is every way in, in the order of the screens.
func routes() []route {
	return []route{
		{"GET /signin", anybody, signInPage},
		{"POST /signin", anybody, signIn},
		{"GET /signin/link", anybody, linkPage},
		{"POST /signin/link", anybody, redeemLink},
		{"POST /signout", signedIn, signOut},
		{"GET /me", signedIn, mePage},
		{"POST /me/password", signedIn, changePassword},
		{"GET /{$}", signedIn, home},

		{"GET /inbox", signedIn, inboxPage},
		{"GET " + eventsPath, signedIn, inboxEvents},
		{"GET /inbox/{n}", signedIn, openNotice},
		{"POST /inbox/read", signedIn, readNotices},
		{"GET /me/notify", signedIn, tellMePage},
		{"POST /me/notify/channel", signedIn, setChannel},
		{"POST /me/notify/test", signedIn, testChannel},
		{"POST /me/notify/feed", signedIn, makeFeed},
		{"POST /me/notify/feed/revoke", signedIn, revokeFeed},
		{"GET /feed/{feed}", anybody, feedFile},
		{"GET /deliveries", signedIn, deliveriesPage},
		{"POST /deliveries/{n}/retry", signedIn, retryDelivery},
		{"GET /field", anybody, fieldPage},
		{"GET /field/me.json", signedIn, fieldMe},
		{"GET /sw.js", anybody, fieldWorker},
		{"GET /manifest.webmanifest", anybody, fieldManifest},

		{"GET /drafts", signedIn, draftsPage},
		{"POST /drafts", signedIn, uploadPlan},
		{"GET /drafts/{d}", signedIn, draftPage},
		{"POST /drafts/{d}/edit", signedIn, editDraft},
		{"POST /drafts/{d}/undo", signedIn, undoDraft},
		{"POST /drafts/{d}/accept", signedIn, acceptFindings},
		{"POST /drafts/{d}/open", signedIn, openDraft},

		{"GET /accounts", signedIn, accountsPage},
		{"POST /accounts", signedIn, createAccount},
		{"POST /accounts/{a}/link", signedIn, issueLink},
		{"POST /accounts/{a}/lock", signedIn, lockAccount},
		{"POST /accounts/{a}/unlock", signedIn, unlockAccount},
		{"POST /accounts/{a}/admin", signedIn, grantAdmin},
		{"GET /log", signedIn, logPage},

		{"GET /calendar", signedIn, calendarPage},
		{"POST /calendar", signedIn, setCalendar},

		{"GET /c/{c}", inside, overviewPage},
		{"GET /c/{c}/desk/{hand}", inside, deskPage},
		{"GET /c/{c}/cases", inside, casesPage},
		{"POST /c/{c}/cases", inside, registerCase},
		{"POST /c/{c}/cases/dispatch", inside, dispatchAll},
		{"GET /c/{c}/cases/new", inside, newCasePage},
		{"GET /c/{c}/cases/alike", inside, alikeCases},
		{"GET /c/{c}/cases/{k}", inside, casePage},
		{"POST /c/{c}/cases/{k}/step", inside, takeStep},
		{"POST /c/{c}/cases/{k}/note", inside, noteCase},
		{"GET /c/{c}/correct/{k}", inside, correctPage},
		{"POST /c/{c}/correct/{k}", inside, correctCase},
		{"GET /c/{c}/cases/rules", inside, rulesPage},
		{"POST /c/{c}/cases/rules", inside, setRule},
		{"GET /c/{c}/map", inside, mapPage},
		{"GET /c/{c}/map.json", inside, mapWindow},
		{"GET /c/{c}/boundary.json", inside, mapBoundary},
		{"GET /c/{c}/board", inside, boardPage},
		{"POST /c/{c}/views", inside, keepView},
		{"POST /c/{c}/views/{w}/delete", inside, dropView},
		{"GET /c/{c}/cases.xlsx", inside, casesSheet},
		{"GET /c/{c}/cases.geojson", inside, casesMap},
		{"GET /c/{c}/cases/template.xlsx", inside, importTemplate},
		{"GET /c/{c}/cases/import", inside, importPage},
		{"POST /c/{c}/cases/import", inside, startImport},
		{"GET /c/{c}/cases/import/{x}", inside, importPreview},
		{"POST /c/{c}/cases/import/{x}/agree", inside, agreeImport},
		{"GET /c/{c}/orders", inside, ordersPage},
		{"POST /c/{c}/orders", inside, issueOrder},
		{"GET /c/{c}/orders/{o}", inside, orderPage},
		{"GET /c/{c}/files/{e}", inside, caseFile},
		{"GET /c/{c}/field/data.json", inside, fieldData},
		{"POST /c/{c}/field/records", inside, takeRecord},
		{"POST /c/{c}/uploads", inside, beginUpload},
		{"GET /c/{c}/uploads/{uuid}", inside, showUpload},
		{"PATCH /c/{c}/uploads/{uuid}", inside, addPiece},
		{"DELETE /c/{c}/uploads/{uuid}", inside, dropUpload},
		{"GET /c/{c}/tasks", inside, tasksPage},
		{"GET /c/{c}/tasks.xlsx", inside, tasksSheet},
		{"GET /c/{c}/tasks/{t}", inside, taskPage},
		{"POST /c/{c}/tasks/{t}/items", inside, addItems},
		{"GET /c/{c}/items", inside, openItemsPage},
		{"GET /c/{c}/items/{i}", inside, itemPage},
		{"POST /c/{c}/items/{i}", inside, changeItem},
		{"POST /c/{c}/items/{i}/done", inside, finishItem},
		{"POST /c/{c}/items/{i}/reopen", inside, reopenItem},
		{"POST /c/{c}/items/{i}/milestones", inside, addMilestone},
		{"POST /c/{c}/milestones/{m}/done", inside, finishMilestone},
		{"GET /c/{c}/gantt", inside, ganttPage},
		{"GET /c/{c}/measures", inside, measuresPage},
		{"GET /c/{c}/reports", inside, reportsPage},
		{"GET /c/{c}/filings/{filing}", inside, filingPage},
		{"GET /c/{c}/filings/{filing}/{part}", inside, behindPage},
		{"POST /c/{c}/filings/{filing}/comment", inside, commentFiling},
		{"GET /c/{c}/calendar", inside, monthPage},
		{"GET /c/{c}/reports/{ro}/{period}", inside, summaryPage},
		{"POST /c/{c}/reports/{ro}/{period}", inside, keepSummary},
		{"POST /c/{c}/filings/{filing}", inside, stepFiling},
		{"GET /c/{c}/indicators", inside, indicatorsPage},
		{"POST /c/{c}/indicators", inside, addIndicator},
		{"GET /c/{c}/indicators/new", inside, newIndicatorPage},
		{"POST /c/{c}/indicators/approve", inside, approveQuiet},
		{"GET /c/{c}/indicators/import", inside, importFiguresPage},
		{"POST /c/{c}/indicators/import", inside, importFigures},
		{"GET /c/{c}/indicators/{indicator}", inside, indicatorPage},
		{"POST /c/{c}/indicators/{indicator}", inside, changeIndicator},
		{"GET /c/{c}/indicators/{indicator}/edit", inside, editIndicatorPage},
		{"POST /c/{c}/indicators/{indicator}/targets", inside, setTargets},
		{"GET /c/{c}/indicators.xlsx", inside, indicatorsSheet},
		{"GET /c/{c}/indicators.json", inside, dataValues},
		{"GET /c/{c}/figures", inside, figuresPage},
		{"POST /c/{c}/figures", inside, enterFigures},
		{"POST /c/{c}/figures/decide", inside, decideFigures},
		{"GET /c/{c}/figures/{figure}", inside, figurePage},
		{"POST /c/{c}/figures/{figure}", inside, correctFigure},
		{"GET /c/{c}/places", inside, placesPage},
		{"POST /c/{c}/places", inside, keepPlace},
		{"GET /c/{c}/incidents", inside, incidentsPage},
		{"POST /c/{c}/incidents", inside, recordIncident},
		{"POST /c/{c}/incidents/{incident}/withdraw", inside, withdrawIncident},
		{"GET /c/{c}/forms", inside, formsPage},
		{"POST /c/{c}/forms", inside, sendForm},
		{"GET /c/{c}/forms/{form}", inside, formPage},
		{"GET /c/{c}/forms/{form}/fill", inside, fillPage},
		{"POST /c/{c}/forms/{form}/fill", inside, fillIn},
		{"GET /c/{c}/forms/{form}/definition/{version}", inside, formDefinition},
		{"GET /c/{c}/forms/{form}/workbook/{version}", inside, formWorkbook},
		{"GET /c/{c}/forms/{form}/export/{version}", inside, exportCopies},
		{"GET /c/{c}/submissions/{copy}", inside, copyPage},
		{"GET /c/{c}/submissions/{copy}/files/{e}", inside, copyPicture},
		{"GET /c/{c}" + openRosa + "formList", withEach, formList},
		{"GET /c/{c}" + openRosa + "forms/{version}", withEach, formXML},
		{"GET /c/{c}" + openRosa + "forms/{version}/manifest", withEach, formManifest},
		{"HEAD /c/{c}" + openRosa + "submission", withEach, greetSubmission},
		{"POST /c/{c}" + openRosa + "submission", withEach, takeSubmission},
		{"GET /c/{c}/phases", inside, phasesPage},
		{"GET /c/{c}/bodies", inside, bodiesPage},
		{"GET /c/{c}/bodies/{b}", inside, bodyPage},
		{"GET /c/{c}/people", inside, peoplePage},
		{"GET /c/{c}/people.xlsx", inside, peopleSheet},
		{"GET /c/{c}/people/{p}", inside, personPage},
		{"GET /c/{c}/units", inside, unitsPage},
		{"GET /c/{c}/units/{u}", inside, unitPage},
		{"GET /c/{c}/matrix", inside, matrixPage},
		{"GET /c/{c}/matrix.xlsx", inside, matrixSheet},
		{"GET /c/{c}/plan", inside, planPage},
		{"GET /c/{c}/plan/original", inside, planFile},
		{"GET /c/{c}/checkup", inside, checkupPage},
		{"POST /c/{c}/findings/{f}", inside, answerFinding},
		{"GET /c/{c}/search", inside, searchPage},
		{"GET /c/{c}/ledger", inside, campaignLedgerPage},
		{"GET /c/{c}/drafts", inside, revisionsPage},
		{"POST /c/{c}/drafts", inside, uploadRevision},
	}
}

// Handler is the whole site.
func (s *Server) Handler() http.Handler {
	s.files = loadAssets()
	if !s.files.complete() {
		s.Log.Error("the style sheet and the script are not in this program: build it with make build")
	}
	s.metrics = newMetrics()
	mux := http.NewServeMux()
	for _, rt := range routes() {
		mux.Handle(rt.pattern, s.serve(rt))
	}
	mux.Handle("GET /healthz", http.HandlerFunc(s.health))
	mux.Handle("GET /metrics", s.metrics.handler(s.MetricsToken))
	mux.Handle("GET "+s.files.prefix, s.files)
	mux.Handle("GET /favicon.ico", http.RedirectHandler(s.files.prefix+"icon.svg", http.StatusFound))
	mux.Handle("/", s.serve(route{"/", anybody, func(*request) error { return kernel.E(kernel.NotFound, "没有这个页面") }}))
	return s.guard(mux)
}

// health answers when the database does: for load balancers and for whoever waits for the start.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	if _, err := s.DB.Reader().NewRaw("SELECT 1").Exec(r.Context()); err != nil {
		s.Log.ErrorContext(r.Context(), "health", "err", err)
		http.Error(w, "database unavailable", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

package cases

import (
	"context"
	"strings"
	"sync"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
)

// Service is the verbs of cases and orders.
type Service struct {
	db        *db.DB
	clock     kernel.Clock
	calendar  *calendar.Service
	campaigns *campaign.Service
	evidence  *evidence.Service

	mu     sync.Mutex
	hints  map[int64]*hint // by campaign
	sheets map[int64]*follower

	rules   *kernel.Kept[int64, Rules] // by the campaign's stamp
	counter counter
}

// New makes the service and has the calendar tell it about its dues.
func New(d *db.DB, clock kernel.Clock, days *calendar.Service, campaigns *campaign.Service, files *evidence.Service) *Service {
	s := &Service{db: d, clock: clock, calendar: days, campaigns: campaigns, evidence: files, hints: map[int64]*hint{}, sheets: map[int64]*follower{},
		rules: kernel.Keep[int64, Rules](1000)}
	days.Watch(Kind, s.watch())
	return s
}

// Registration is a case as somebody writes it down.
type Registration struct {
	UUID     string // of the device; "" where there is none
	Title    string // "" for the beginning of the words
	Words    string
	Source   Source
	Category string
	Severity Severity
	Address  string
	District string
	Lat, Lon *float64
	FoundAt  time.Time // zero for now
	Caller   Caller    // of a complaint
	Evidence []evidence.Incoming
}

// titleLength is how much of the words stands for a title.
const titleLength = 30

func (r Registration) check(campaignID int64) (Case, error) {
	c := Case{CampaignID: campaignID, UUID: strings.TrimSpace(r.UUID), Title: strings.TrimSpace(r.Title), Words: strings.TrimSpace(r.Words), Source: r.Source,
		Category: strings.TrimSpace(r.Category), Severity: r.Severity, Address: strings.TrimSpace(r.Address), District: strings.TrimSpace(r.District),
		Lat: r.Lat, Lon: r.Lon, FoundAt: r.FoundAt}
	if c.Severity == "" {
		c.Severity = Ordinary
	}
	if c.Title == "" {
		c.Title = shorten(c.Words, titleLength)
	}
	if c.UUID == "" {
		c.UUID = newUUID()
	}
	switch {
	case c.Title == "":
		return c, kernel.E(kernel.Invalid, "请写看到的问题，例如“解放路东段人行道堆放垃圾”").On("words")
	case len([]rune(c.Title)) > 100:
		return c, kernel.E(kernel.Invalid, "标题最多 100 字，详情写到“问题”里").On("title")
	case len([]rune(c.Words)) > 5000:
		return c, kernel.E(kernel.Invalid, "问题最多 5000 字，更多的请作为文件附上").On("words")
	case !known(Sources, c.Source):
		return c, kernel.E(kernel.Invalid, "请选问题的来源").On("source")
	case !known(Severities, c.Severity):
		return c, kernel.E(kernel.Invalid, "请选严重程度").On("severity")
	case c.Address == "" && c.Lat == nil:
		return c, kernel.E(kernel.Invalid, "请写地点，例如“解放路与平阳街口东 40 米”，或在地图上点一下").On("address")
	case len([]rune(c.Address)) > 200:
		return c, kernel.E(kernel.Invalid, "地点最多 200 字").On("address")
	}
	return c, checkPlace(c.Lat, c.Lon)
}

func checkPlace(lat, lon *float64) error {
	if (lat == nil) != (lon == nil) || (lat != nil && (*lat < -90 || *lat > 90 || *lon < -180 || *lon > 180)) {
		return kernel.E(kernel.Invalid, "经纬度不对：纬度在 -90 到 90 之间，经度在 -180 到 180 之间，要么都写，要么都不写").On("lat")
	}
	return nil
}

func shorten(text string, n int) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > n {
		return string(r[:n]) + "…"
	}
	return text
}

// Act is one step that somebody takes with a case.
type Act struct {
	Verb     Verb
	Revision int // what the form showed; -1 for whatever stands
	Reason   string
	Unit     int64   // the lead unit, of a dispatch
	Support  []int64 // and those that help
	TaskID   int64   // what of the plan the case offends
	DutyID   int64
	Day      kernel.Date // asked or granted
	Outcome  Outcome
	Into     int64 // the case that this one is merged into
	Evidence []evidence.Incoming

	body int64 // the group that answers for the task or duty
}

// Take takes a step with a case by the table of transitions. It fails with not_found for a case the actor may not
// know of, conflict where the case does not stand so or somebody moved it meanwhile, forbidden where the step is
// not the actor's, invalid where something is missing.
func (s *Service) Take(ctx context.Context, campaignID, id int64, a Act) (c Case, err error) {
	days, err := s.calendar.Days(ctx)
	if err != nil {
		return c, err
	}
	if a.body, err = s.passage(ctx, campaignID, a); err != nil {
		return c, err
	}
	err = s.db.Write(ctx, func(tx db.Tx) (err error) {
		c, err = s.take(ctx, tx, days, campaignID, id, a)
		return err
	})
	if err == nil && a.Unit != 0 {
		s.learnt(ctx, c)
	}
	return c, err
}

// take is Take within a transaction.
func (s *Service) take(ctx context.Context, tx db.Tx, days *calendar.Days, campaignID, id int64, a Act) (Case, error) {
	v, err := viewerOf(ctx, tx, campaignID)
	if err != nil {
		return Case{}, err
	}
	c, units, err := visible(ctx, tx, v, id)
	if err != nil {
		return c, err
	}
	t, err := s.allowed(v, c, units, a)
	if err != nil {
		return c, err
	}
	rules, err := s.rulesUnder(ctx, tx, campaignID, v.stamp)
	if err != nil {
		return c, err
	}
	now := s.clock.Now()
	if err := s.needs(ctx, tx, t, c, a, rules, now); err != nil {
		return c, err
	}
	was := c
	if err := apply(ctx, tx, &c, t, a, v, now); err != nil {
		return c, err
	}
	k := &clock{tx: tx, days: days, rules: rules, now: now, c: &c}
	if err := k.strike(ctx, t, was.StepAt); err != nil {
		return c, err
	}
	if err := move(ctx, tx, was, &c, now); err != nil {
		return c, err
	}
	if err := s.tellStep(ctx, tx, c, t, a, now); err != nil {
		return c, err
	}
	return c, s.settleOrders(ctx, tx, was, c, now)
}

// allowed finds the row, and whether it is the actor's.
func (s *Service) allowed(v Viewer, c Case, units []CaseUnit, a Act) (Transition, error) {
	t, ok := rowFor(c, a.Verb)
	if !ok {
		return t, kernel.E(kernel.Conflict, "案件%s，不能%s", stateWords(c), a.Verb.Name())
	}
	if !v.may(t, c, units) {
		return t, refusal(t)
	}
	if a.Revision >= 0 && a.Revision != c.Revision {
		return t, kernel.E(kernel.Conflict, "这件案件刚被别人办过，现在%s。您填的没有存，请看过再办", stateWords(c))
	}
	return t, nil
}

func stateWords(c Case) string {
	words := "在“" + c.Step.Name() + "”"
	if c.Step == Rectifying && c.Asking != "" {
		words += "，延期待批"
	}
	if c.Returns > 1 {
		words += "，已由综合协调定过"
	}
	return words
}

// tellStep writes the step into the ledger with its evidence.
func (s *Service) tellStep(ctx context.Context, tx db.Tx, c Case, t Transition, a Act, now time.Time) error {
	purpose := evidence.Other
	if t.Verb == Respond {
		purpose = evidence.After
	}
	files, err := s.attach(ctx, tx, c, a.Evidence, purpose)
	if err != nil {
		return err
	}
	data, err := stepData(ctx, tx, c, t, a)
	if err != nil {
		return err
	}
	if len(files) > 0 {
		data["evidence"] = files
	}
	return ledger.Append(ctx, tx, ledger.At(now, caseEvent(c, string(t.Verb), data))...)
}

func (s *Service) attach(ctx context.Context, tx db.Tx, c Case, files []evidence.Incoming, purpose string) (data []map[string]any, err error) {
	for _, in := range files {
		f, err := s.evidence.Attach(ctx, tx, in, evidence.Subject{Kind: Kind, ID: c.ID, Purpose: purpose, Round: c.Round})
		if err != nil {
			return nil, err
		}
		data = append(data, f.EventData())
	}
	return data, nil
}

func caseEvent(c Case, verb string, data map[string]any) ledger.Event {
	return ledger.Event{CampaignID: c.CampaignID, SubjectKind: Kind, SubjectID: c.ID, Verb: verb, Data: data}
}

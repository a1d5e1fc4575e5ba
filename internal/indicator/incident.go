package indicator

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/report"

	"github.com/uptrace/bun"
)

// Incident is something that must not happen at all (重大事故): the register behind the indicators of zero events. One
// that was recorded wrongly is withdrawn with the reason; it stays to be read.
type Incident struct {
	bun.BaseModel `bun:"table:incidents,alias:inc"`

	ID            int64 `bun:"id,pk,autoincrement"`
	CampaignID    int64
	IndicatorID   int64
	PlaceID       int64
	HappenedOn    kernel.Date
	Grade         string
	Title         string
	Account       string // what happened
	Measures      string // what was done
	RecordedAt    time.Time
	RecordedName  string
	WithdrawnAt   time.Time `bun:",nullzero"`
	WithdrawnName string
	WithdrawnWhy  string
}

// Stands reports whether the incident counts.
func (x Incident) Stands() bool { return x.WithdrawnAt.IsZero() }

// IncidentKind is the subject kind of incidents in the ledger.
const IncidentKind = "incident"

// Grades are how grave an incident is, as 生产安全事故报告和调查处理条例 (State Council order 493, article 3) and the emergency
// plans for food, health and the environment grade them alike.
var Grades = []string{"一般", "较大", "重大", "特别重大"}

// IncidentInput is an incident as it is recorded.
type IncidentInput struct {
	IndicatorID int64
	PlaceID     int64
	HappenedOn  string
	Grade       string
	Title       string
	Account     string
	Measures    string
}

func (in IncidentInput) checked(today kernel.Date) (x Incident, err error) {
	x = Incident{IndicatorID: in.IndicatorID, PlaceID: in.PlaceID, Grade: in.Grade, Title: strings.TrimSpace(in.Title), Account: strings.TrimSpace(in.Account), Measures: strings.TrimSpace(in.Measures)}
	if x.HappenedOn, err = kernel.ParseDate(strings.TrimSpace(in.HappenedOn)); err != nil {
		return x, kernel.E(kernel.Invalid, "请填事故发生的日期").On("happened_on")
	}
	switch {
	case x.HappenedOn > today:
		return x, kernel.E(kernel.Invalid, "发生日期 %s 还没有到", x.HappenedOn.Chinese()).On("happened_on")
	case x.Title == "" || len([]rune(x.Title)) > longestName:
		return x, kernel.E(kernel.Invalid, "请用一句话写出了什么事，最多 %d 字", longestName).On("title")
	case !slices.Contains(Grades, x.Grade):
		return x, kernel.E(kernel.Invalid, "请选事故等级").On("grade")
	case len([]rune(x.Account)) > longestText || len([]rune(x.Measures)) > longestText:
		return x, kernel.E(kernel.Invalid, "经过和处置各最多 %d 字", longestText).On("account")
	}
	return x, nil
}

// Record enters an incident in the register. It fails with forbidden, or invalid on the field that is wrong.
func (s *Service) Record(ctx context.Context, campaignID int64, in IncidentInput) (id int64, err error) {
	x, err := in.checked(s.clock.Today())
	if err != nil {
		return 0, err
	}
	err = s.db.Write(ctx, func(tx db.Tx) error {
		b, err := s.open(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		i, ok := b.indicator(in.IndicatorID)
		if !ok || i.Direction != Zero {
			return kernel.E(kernel.Invalid, "请选一项“零发生”的指标").On("indicator")
		}
		if !MayRecord(b.view, i) {
			return kernel.E(kernel.Forbidden, "事故由领导小组办公室、督导检查组和指标的负责单位登记")
		}
		place, ok := b.place(in.PlaceID)
		if !ok {
			return kernel.E(kernel.Invalid, "请选地区").On("place")
		}
		row := x
		row.CampaignID, row.RecordedAt, row.RecordedName = campaignID, s.clock.Now(), b.view.Actor.Name
		if err := db.Insert(ctx, tx, &row); err != nil {
			return fmt.Errorf("incident: %w", err)
		}
		id = row.ID
		return ledger.Append(ctx, tx, ledger.Event{CampaignID: campaignID, At: row.RecordedAt, SubjectKind: IncidentKind, SubjectID: id, Verb: "recorded",
			Data: map[string]any{"title": row.Title, "grade": row.Grade, "day": string(row.HappenedOn), "place": place.Name, "indicator": i.Name}})
	})
	return id, err
}

// Withdraw takes an incident out of the count, with the reason. It fails with forbidden for all but the office, invalid
// without a reason, conflict where it is withdrawn already.
func (s *Service) Withdraw(ctx context.Context, campaignID, id int64, why string) error {
	why = strings.TrimSpace(why)
	return s.db.Write(ctx, func(tx db.Tx) error {
		b, err := s.open(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		rows, err := incidentByID.All(ctx, tx, campaignID, id)
		if err != nil {
			return fmt.Errorf("incident %d: %w", id, err)
		}
		switch {
		case len(rows) == 0:
			return errNoIncident
		case !MayKeep(b.view):
			return kernel.E(kernel.Forbidden, "撤销登记由领导小组办公室办理")
		case !rows[0].Stands():
			return kernel.E(kernel.Conflict, "这起事故已经撤销登记")
		case why == "" || len([]rune(why)) > longestText:
			return kernel.E(kernel.Invalid, "请写明为什么撤销登记").On("why")
		}
		x, now := rows[0], s.clock.Now()
		if err := withdraw.Exec(ctx, tx, now, b.view.Actor.Name, why, campaignID, id); err != nil {
			return fmt.Errorf("incident %d: %w", id, err)
		}
		return ledger.Append(ctx, tx, ledger.Event{CampaignID: campaignID, At: now, SubjectKind: IncidentKind, SubjectID: id, Verb: "withdrawn", Data: map[string]any{"title": x.Title, "reason": why}})
	})
}

var (
	incidentsOf  = db.Select[Incident]("WHERE inc.campaign_id = ? ORDER BY inc.happened_on DESC, inc.id DESC")
	incidentByID = db.Select[Incident]("WHERE inc.campaign_id = ? AND inc.id = ?")
	withdraw     = db.Prepare("UPDATE incidents SET withdrawn_at = ?, withdrawn_name = ?, withdrawn_why = ? WHERE campaign_id = ? AND id = ?")
)

// IncidentRow is an incident as the register shows it.
type IncidentRow struct {
	Incident

	Indicator Indicator
	Place     string
}

// Register is the register of incidents, the latest first.
type Register struct {
	Rows       []IncidentRow
	Indicators []Indicator // behind which the viewer may record
	Places     []Place
	MayKeep    bool
}

// Incidents reads the register.
func (s *Service) Incidents(ctx context.Context, campaignID int64) (r Register, err error) {
	if _, err := s.Adopt(ctx, campaignID); err != nil {
		return r, err
	}
	err = s.db.Snapshot(ctx, func(tx db.Tx) error {
		b, err := s.open(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		rows, err := incidentsOf.All(ctx, tx, campaignID)
		if err != nil {
			return fmt.Errorf("incidents: %w", err)
		}
		r = Register{Places: b.places, MayKeep: MayKeep(b.view)}
		for _, x := range rows {
			i, _ := b.indicator(x.IndicatorID)
			place, _ := b.place(x.PlaceID)
			r.Rows = append(r.Rows, IncidentRow{x, i, place.Name})
		}
		for _, i := range b.indicators {
			if i.Direction == Zero && MayRecord(b.view, i) {
				r.Indicators = append(r.Indicators, i)
			}
		}
		return nil
	})
	return r, err
}

// standing are the incidents of a campaign that count.
func standing(ctx context.Context, tx db.Tx, campaignID int64) ([]Incident, error) {
	rows, err := incidentsOf.All(ctx, tx, campaignID)
	if err != nil {
		return nil, fmt.Errorf("incidents: %w", err)
	}
	return slices.DeleteFunc(rows, func(x Incident) bool { return !x.Stands() }), nil
}

var inYears = regexp.MustCompile(`/\s*(\d+)\s*年$`)

// happened counts the incidents behind an indicator up to a day: all of the register, or where the unit says so
// (起/3年) those of the years before.
func (i Indicator) happened(list []Incident, today kernel.Date) (n int) {
	since := kernel.Date("")
	if m := inYears.FindStringSubmatch(i.Unit); m != nil {
		years, _ := strconv.Atoi(m[1])
		since = kernel.DateOf(today.Time().AddDate(-years, 0, 0))
	}
	for _, x := range list {
		if x.IndicatorID == i.ID && x.HappenedOn >= since {
			n++
		}
	}
	return n
}

// happenedIn counts the incidents behind an indicator at a place in a period; those of the whole city are all.
func (i Indicator) happenedIn(list []Incident, place Place, p report.Period) (n int) {
	for _, x := range list {
		if x.IndicatorID == i.ID && (place.Whole || x.PlaceID == place.ID) && x.HappenedOn >= p.First() && x.HappenedOn <= p.Last() {
			n++
		}
	}
	return n
}

// Package casestest makes many cases for tests that measure.
package casestest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/roster"
)

// What the made-up cases are made of.
var (
	madeRoads = []string{"解放路", "人民路", "建设街", "平阳街", "滨河东路", "滨河西路", "中山大道", "新华街", "文昌路", "青年路", "站前广场", "工农巷", "和平里", "柳荫街", "学府路", "长安路",
		"迎宾大道", "商贸城", "南环路", "北环路", "东关街", "西关街", "钟楼巷", "朝阳路", "光明路", "幸福里", "振兴街", "体育场路", "公园路", "医院路"}
	madeSpots    = []string{"东段", "西段", "中段", "路口", "桥下", "公交站旁", "小区门口", "菜市场南侧", "学校门前", "停车场入口", "与平阳街口东 40 米", "地下通道", "绿化带内", "人行道"}
	madeTroubles = []string{"路段堆放垃圾未清运", "行道树枯死三棵", "井盖破损存在隐患", "路灯不亮", "占道经营影响通行", "污水外溢气味难闻", "非机动车乱停乱放", "小广告张贴严重", "垃圾桶满溢蚊蝇多", "护栏损坏", "绿地裸土未覆盖",
		"公厕无人保洁", "建筑垃圾偷倒", "餐饮油烟直排", "河道漂浮物多", "工地围挡破损", "路面坑洼积水", "电线低垂", "宠物粪便无人清理", "楼道堆放杂物"}
	madeCategories = []string{"市容环境", "市容环境", "市容环境", "绿化亮化", "绿化亮化", "环境卫生", "环境卫生", "交通秩序", "农贸市场", "食品安全", "建筑工地", "居民小区", "病媒生物", "河道水体"}
	madeOpen       = []cases.Step{cases.Registered, cases.Registered, cases.Accepted, cases.Dispatched, cases.Dispatched, cases.Rectifying, cases.Rectifying, cases.Rectifying,
		cases.Rectifying, cases.Returning, cases.Deferred, cases.Responded, cases.Responded}
)

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// Filling is what is filled in.
type Filling struct {
	CampaignID int64
	Lead       int64     // a unit that leads every sixth case
	Start      time.Time // of the year in which they are registered
	N          int
}

// filling is the state of making many cases.
type filling struct {
	Filling

	r      *rand.Rand
	units  []int64
	bodies []int64
	hands  map[cases.Step]cases.Hand
}

// Fill writes cases of a year into a campaign with their units, spans, dues, events and words, eight in a hundred
// open, most of those new ones. It writes rows and goes through no service: it is for measuring what reads them.
func Fill(tb testing.TB, d *db.DB, x Filling) {
	tb.Helper()
	//nolint:gosec // the same cases every time
	f := &filling{Filling: x, r: rand.New(rand.NewPCG(1, 2)), hands: map[cases.Step]cases.Hand{}}
	counts, err := roster.UnitCounts(tb.Context(), d.Reader(), x.CampaignID)
	if err != nil {
		tb.Fatal(err)
	}
	for _, u := range counts {
		f.units = append(f.units, u.UnitID)
	}
	bodies, err := roster.Bodies(tb.Context(), d.Reader(), x.CampaignID)
	if err != nil {
		tb.Fatal(err)
	}
	for _, b := range bodies {
		f.bodies = append(f.bodies, b.ID)
	}
	for _, row := range cases.Transitions {
		f.hands[row.To] = row.Clock
	}
	const batch = 2000
	for from := 0; from < x.N; from += batch {
		list := make([]made, batch)
		for i := range list {
			list[i] = f.make(from + i)
		}
		if err := d.Write(tb.Context(), func(tx db.Tx) error { return f.store(tb.Context(), tx, list) }); err != nil {
			tb.Fatal(err)
		}
	}
	settle(tb, d)
}

// made is one made-up case with what hangs on it.
type made struct {
	cases.Case

	support int64
}

func (f *filling) make(i int) (m made) {
	at := f.Start.Add(time.Duration(i) * 365 * 24 * time.Hour / time.Duration(f.N))
	lat, lon := 30+f.r.Float64(), 114+f.r.Float64()
	title := pick(f.r, madeRoads) + pick(f.r, madeSpots) + pick(f.r, madeTroubles)
	if i%20_000 == 777 {
		title += "，发现鹦鹉一只"
	}
	if i == 5 || i == 9 {
		title += "，椰子壳"
	}
	m.Case = cases.Case{CampaignID: f.CampaignID, UUID: fmt.Sprintf("made-%d", i), Title: title, Words: title + "，请尽快处理，市民多次反映。", Category: pick(f.r, madeCategories),
		Address: title[:9], District: "平江区", Lat: &lat, Lon: &lon, FoundBy: int64(2000 + f.r.IntN(40)), FoundName: "某人", FoundAt: at, RegisteredAt: at, StepAt: at, Round: 1,
		Severity: cases.Ordinary, Source: cases.Hotline}
	switch x := f.r.IntN(1000); {
	case x < 40:
		m.Severity = cases.Urgent
	case x < 250:
		m.Severity = cases.Serious
	}
	switch x := f.r.IntN(1000); {
	case x < 2:
		m.Source = cases.Meeting
	case x < 5:
		m.Source = cases.LeaderNote
	case x < 20:
		m.Source = cases.Media
	case x < 60:
		m.Source = cases.Letter
	case x < 400:
		m.Source = cases.Inspection
	}
	f.stand(&m, i)
	return m
}

// stand says where a made-up case stands.
func (f *filling) stand(m *made, i int) {
	open := 24
	if i > f.N*85/100 {
		open = 400
	}
	switch x := f.r.IntN(1000); {
	case x < open:
		m.Step = pick(f.r, madeOpen)
		if f.r.IntN(200) == 0 {
			m.Step = pick(f.r, []cases.Step{cases.Coordinating, cases.Deferring})
		}
	case x > 960:
		m.Step = cases.Declined
	default:
		m.Step, m.Outcome = cases.Closed, cases.Fixed
	}
	m.Hand = f.hands[m.Step]
	if m.Hand != cases.Nobody {
		m.DueAt = time.Date(2025, 3, 4+f.r.IntN(30), 16, 0, 0, 0, time.UTC)
		m.AmberAt = m.DueAt.Add(-48 * time.Hour)
	} else {
		m.ClosedAt = m.RegisteredAt.Add(200 * time.Hour)
	}
	if m.Step != cases.Registered && m.Step != cases.Accepted && m.Step != cases.Declined {
		m.LeadUnitID = f.units[min(f.r.IntN(len(f.units)), f.r.IntN(len(f.units)))]
		if f.r.IntN(6) == 0 {
			m.LeadUnitID = f.Lead
		}
		m.BodyID = pick(f.r, f.bodies)
		m.support = f.units[f.r.IntN(len(f.units))]
	}
}

func (f *filling) store(ctx context.Context, tx db.Tx, list []made) error {
	rows := make([]cases.Case, len(list))
	for i, m := range list {
		rows[i] = m.Case
	}
	if err := db.InsertAll(ctx, tx, rows); err != nil {
		return err
	}
	var units []cases.CaseUnit
	var spans []cases.Span
	var dues []calendar.Due
	var events []ledger.Event
	for i, x := range rows {
		if err := db.PutCaseText(ctx, tx, x.CampaignID, x.ID, x.Number()+" "+x.Title+" "+x.Words+" "+x.Address); err != nil {
			return err
		}
		if x.LeadUnitID != 0 {
			units = append(units, cases.CaseUnit{CampaignID: x.CampaignID, CaseID: x.ID, UnitID: x.LeadUnitID, Role: cases.Lead},
				cases.CaseUnit{CampaignID: x.CampaignID, CaseID: x.ID, UnitID: list[i].support, Role: cases.Support})
		}
		for k := range 3 {
			at := x.RegisteredAt.Add(time.Duration(k) * time.Hour)
			spans = append(spans, cases.Span{CampaignID: x.CampaignID, CaseID: x.ID, Step: x.Step, Hand: cases.Office, FromAt: at, ToAt: at.Add(time.Hour)})
			dues = append(dues, calendar.Due{CampaignID: x.CampaignID, SubjectKind: cases.Kind, SubjectID: x.ID, Step: cases.OweVerify, Reckoning: "{}",
				StartedAt: at, AmberAt: at, DueAt: at, MetAt: at})
			events = append(events, ledger.Event{CampaignID: x.CampaignID, SubjectKind: cases.Kind, SubjectID: x.ID, Verb: "accepted", At: at, Data: map[string]any{"number": x.Number()}})
		}
		if x.Hand != cases.Nobody {
			dues[len(dues)-1].MetAt, dues[len(dues)-1].DueAt = time.Time{}, x.DueAt
		}
	}
	for from := 0; from < len(units); from += 500 {
		part := units[from:min(from+500, len(units))]
		if _, err := tx.NewInsert().Model(&part).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return err
		}
	}
	if err := db.InsertAll(ctx, tx, spans); err != nil {
		return err
	}
	if err := db.InsertAll(ctx, tx, dues); err != nil {
		return err
	}
	return ledger.Append(kernel.WithActor(ctx, kernel.TheSystem), tx, events...)
}

// settle counts what was filled and has the databases look at it.
func settle(tb testing.TB, d *db.DB) {
	tb.Helper()
	err := d.Write(tb.Context(), func(tx db.Tx) error {
		for _, of := range []string{"SELECT campaign_id, 0, step, 0, count(*) FROM cases GROUP BY campaign_id, step",
			"SELECT campaign_id, lead_unit_id, step, 0, count(*) FROM cases WHERE lead_unit_id <> 0 GROUP BY campaign_id, lead_unit_id, step"} {
			if _, err := tx.NewRaw("INSERT INTO case_counts (campaign_id, unit_id, step, shard, n) " + of).Exec(tb.Context()); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && d.Kind() == db.Postgres {
		_, err = d.Reader().NewRaw("VACUUM ANALYZE").Exec(tb.Context()) // as autovacuum does, which the tests' server lacks
	}
	if err != nil {
		tb.Fatal(err)
	}
}

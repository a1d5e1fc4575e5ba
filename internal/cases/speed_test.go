package cases_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/roster"
)

// TestSpeed_OfAHundredThousandCases prints how long every list takes; it judges nothing: machines differ.
// Run it with PINZHI_SPEED=1, or a number of runs: go test -v -timeout 60m -run TestSpeed ./internal/cases .
func TestSpeed_OfAHundredThousandCases(t *testing.T) {
	if os.Getenv("PINZHI_SPEED") == "" {
		t.Skip("PINZHI_SPEED=1 runs it: minutes")
	}
	runs := 200
	if n, err := strconv.Atoi(os.Getenv("PINZHI_SPEED")); err == nil && n > 1 {
		runs = n
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		began := time.Now()
		c.fill(t, 100_000)
		t.Log("filled in", time.Since(began).Round(time.Second))
		t.Logf("%-52s %9s %9s", d.Kind(), "p50", "p99")
		for _, m := range c.measured(t) {
			took := m.times(t, runs)
			t.Logf("%-52s %9s %9s  (%d)", m.name, took[len(took)/2].Round(10*time.Microsecond), took[len(took)*99/100].Round(10*time.Microsecond), m.found)
		}
	})
}

// measure is one thing that a screen asks for.
type measure struct {
	name  string
	run   func() (int, error)
	found int
}

func (m *measure) times(t *testing.T, n int) []time.Duration {
	t.Helper()
	took := make([]time.Duration, n)
	for i := range took {
		start := time.Now()
		var err error
		if m.found, err = m.run(); err != nil {
			t.Fatal(m.name, err)
		}
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	return took
}

func (c *city) measured(t *testing.T) (all []measure) {
	t.Helper()
	office, lead := c.as(t, "office"), c.as(t, "lead")
	add := func(name string, run func() (int, error)) { all = append(all, measure{name: name, run: run}) }
	list := func(who string, ctx context.Context, f cases.Filter) {
		v, err := c.Viewer(ctx, c.campaign.ID)
		if err != nil {
			t.Fatal(err)
		}
		add(fmt.Sprintf("%s %s", who, filterWords(f)), func() (int, error) {
			p, err := c.List(ctx, v, f)
			return len(p.Rows), err
		})
	}
	unit := c.units["lead"]
	for _, f := range []cases.Filter{
		{}, {After: "50000"}, {After: "60"}, {Step: cases.Closed}, {Step: cases.Rectifying}, {Step: cases.Coordinating}, {Step: cases.Registered, After: "200"},
		{Unit: unit}, {Category: "绿化亮化"}, {Category: "河道水体"}, {Severity: cases.Ordinary}, {Severity: cases.Urgent}, {Source: cases.Hotline},
		{Source: cases.Meeting}, {Late: true}, {Mine: true},
		{Step: cases.Coordinating, Source: cases.Meeting}, {Step: cases.Closed, Category: "河道水体"}, {Step: cases.Closed, Source: cases.Meeting}, {Unit: unit, Category: "河道水体"},
		{Unit: unit, Step: cases.Registered}, {Unit: unit, Severity: cases.Urgent, Source: cases.Media}, {Category: "绿化亮化", Source: cases.Meeting},
		{Category: "市容环境", Severity: cases.Urgent}, {Severity: cases.Urgent, Source: cases.Meeting}, {Severity: cases.Ordinary, Source: cases.LeaderNote},
		{Step: cases.Closed, Severity: cases.Urgent, Source: cases.Letter, Category: "绿化亮化"}, {Step: cases.Deferring, Severity: cases.Urgent},
		{Late: true, Category: "绿化亮化"}, {Late: true, Severity: cases.Urgent, Source: cases.Media}, {Late: true, Unit: unit}, {Mine: true, Step: cases.Deferring},
		{Text: "路段"}, {Text: "垃圾"}, {Text: "鹦鹉"}, {Text: "椰子"}, {Text: "没有"}, {Text: "解放路 垃圾"}, {Text: "2024-000123"}, {Text: "路"},
		{Text: "垃圾", After: "50000"}, {Text: "垃圾", Step: cases.Coordinating}, {Text: "垃圾", Source: cases.Meeting}, {Text: "垃圾", Unit: unit}, {Text: "垃圾", Unit: unit, Step: cases.Registered},
		{Text: "鹦鹉", Step: cases.Closed}, {Text: "路", Late: true, Source: cases.Meeting},
	} {
		list("office", office, f)
	}
	for _, f := range []cases.Filter{{}, {After: "50000"}, {After: "60"}, {Step: cases.Closed}, {Step: cases.Rectifying}, {Category: "河道水体"}, {Severity: cases.Urgent}, {Source: cases.Meeting},
		{Late: true}, {Mine: true}, {Text: "垃圾"}, {Text: "鹦鹉"}, {Text: "垃圾", Step: cases.Coordinating}, {Text: "路", Source: cases.Meeting}} {
		list("unit", lead, f)
	}
	return append(all, c.measuredDesks(t)...)
}

func filterWords(f cases.Filter) string {
	words := ""
	for _, w := range []string{string(f.Step), f.Category, string(f.Severity), string(f.Source), f.Text} {
		if w != "" {
			words += " " + w
		}
	}
	for w, on := range map[string]bool{" late": f.Late, " mine": f.Mine, " lead unit": f.Unit != 0, " after " + f.After: f.After != ""} {
		if on {
			words += w
		}
	}
	return "list" + words
}

func (c *city) measuredDesks(t *testing.T) (all []measure) {
	t.Helper()
	office, lead := c.as(t, "office"), c.as(t, "lead")
	for who, ctx := range map[string]context.Context{"office": office, "unit": lead, "coordinator": c.as(t, "coordinator")} {
		v, err := c.Viewer(ctx, c.campaign.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range v.Desks() {
			all = append(all, measure{name: who + " desk of " + string(h), run: func() (int, error) {
				p, err := c.Desk(ctx, v, h, "")
				return len(p.Rows), err
			}}, measure{name: who + " desk of " + string(h) + ", third page", run: func() (n int, err error) {
				p, err := c.Desk(ctx, v, h, "")
				for range 2 {
					if err == nil {
						p, err = c.Desk(ctx, v, h, p.Next)
					}
				}
				return len(p.Rows), err
			}})
		}
		all = append(all, measure{name: who + " waiting at the desks", run: func() (int, error) {
			list, err := c.WaitingAt(ctx, v)
			return len(list), err
		}})
	}
	for name, unit := range map[string]int64{"all": 0, "a unit's": c.units["lead"]} {
		all = append(all, measure{name: "count by step of " + name, run: func() (int, error) {
			counts, err := c.CountByStep(office, c.campaign.ID, unit)
			return len(counts), err
		}})
	}
	return append(all, measure{name: "see a case", run: func() (int, error) {
		x, err := c.See(office, c.campaign.ID, 70_001)
		return len(x.History), err
	}})
}

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

// filling is the state of making many cases.
type filling struct {
	*city

	r      *rand.Rand
	units  []int64
	bodies []int64
	hands  map[cases.Step]cases.Hand
	start  time.Time
}

// fill makes n cases of a year, eight in a hundred open, most of those new ones.
func (c *city) fill(t *testing.T, n int) {
	t.Helper()
	f := &filling{city: c, r: rand.New(rand.NewPCG(1, 2)), hands: map[cases.Step]cases.Hand{}, start: time.UnixMicro(c.now.Load()).UTC()}
	counts, err := roster.UnitCounts(t.Context(), c.db.Reader(), c.campaign.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range counts {
		f.units = append(f.units, u.UnitID)
	}
	bodies, err := roster.Bodies(t.Context(), c.db.Reader(), c.campaign.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bodies {
		f.bodies = append(f.bodies, b.ID)
	}
	for _, x := range cases.Transitions {
		f.hands[x.To] = x.Clock
	}
	const batch = 2000
	for from := 0; from < n; from += batch {
		list := make([]made, batch)
		for i := range list {
			list[i] = f.make(from+i, n)
		}
		if err := c.db.Write(t.Context(), func(tx db.Tx) error { return f.store(t.Context(), tx, list) }); err != nil {
			t.Fatal(err)
		}
	}
	c.at("2025-03-18 08:12")
	f.settle(t)
}

// made is one made-up case with what hangs on it.
type made struct {
	cases.Case

	support int64
}

func (f *filling) make(i, n int) (m made) {
	at := f.start.Add(time.Duration(i) * 365 * 24 * time.Hour / time.Duration(n))
	lat, lon := 30+f.r.Float64(), 114+f.r.Float64()
	title := pick(f.r, madeRoads) + pick(f.r, madeSpots) + pick(f.r, madeTroubles)
	if i%20_000 == 777 {
		title += "，发现鹦鹉一只"
	}
	if i == 5 || i == 9 {
		title += "，椰子壳"
	}
	m.Case = cases.Case{CampaignID: f.campaign.ID, UUID: fmt.Sprintf("made-%d", i), Title: title, Words: title + "，请尽快处理，市民多次反映。", Category: pick(f.r, madeCategories),
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
	f.stand(&m, i, n)
	return m
}

// stand says where a made-up case stands.
func (f *filling) stand(m *made, i, n int) {
	open := 24
	if i > n*85/100 {
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
			m.LeadUnitID = f.city.units["lead"]
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
		if err := db.CaseText.Put(ctx, tx, x.CampaignID, x.ID, x.Number()+" "+x.Title+" "+x.Words+" "+x.Address); err != nil {
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
func (f *filling) settle(t *testing.T) {
	t.Helper()
	err := f.db.Write(t.Context(), func(tx db.Tx) error {
		for _, of := range []string{"SELECT campaign_id, 0, step, 0, count(*) FROM cases GROUP BY campaign_id, step",
			"SELECT campaign_id, lead_unit_id, step, 0, count(*) FROM cases WHERE lead_unit_id <> 0 GROUP BY campaign_id, lead_unit_id, step"} {
			if _, err := tx.NewRaw("INSERT INTO case_counts (campaign_id, unit_id, step, shard, n) " + of).Exec(t.Context()); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && f.db.Kind() == db.Postgres {
		_, err = f.db.Reader().NewRaw("VACUUM ANALYZE").Exec(t.Context()) // as autovacuum does, which the tests' server lacks
	}
	if err != nil {
		t.Fatal(err)
	}
}

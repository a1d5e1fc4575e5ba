package drill

import (
	"fmt"
	"math"
	"time"

	"pinzhi/internal/cases"
	"pinzhi/internal/kernel"
)

// matter is a case on its way, as those who deal with it have it in mind.
type matter struct {
	id      int64
	t       trouble
	road    road
	unit    *unit
	finder  somebody
	spotted bool // by an inspector
	round   int
	returns int
	due     time.Time
	asked   bool
	scene   uint64 // what its photographs show; 0 where there are none
}

// find registers what somebody found, and plans who looks at it.
func (c *city) find() error {
	m := &matter{t: pick(c.r, troubles), road: pick(c.r, roads)}
	at := c.r.Float64()
	lat := m.road.lat + at*(m.road.toLat-m.road.lat) + (c.r.Float64()-0.5)*0.0006
	lon := m.road.lon + at*(m.road.toLon-m.road.lon) + (c.r.Float64()-0.5)*0.0006
	lat, lon = math.Round(lat*1e6)/1e6, math.Round(lon*1e6)/1e6
	spot := pick(c.r, spots)
	r := cases.Registration{UUID: fmt.Sprintf("%016x-%016x", c.r.Uint64(), c.r.Uint64()), Category: m.t.category, Severity: m.t.severity, District: "平江区",
		Address: fmt.Sprintf("%s %d 号%s", m.road.name, 1+int(at*float64(m.road.numbers)), spot)}
	r.Words = fmt.Sprintf("%s%s%s。", m.road.name, spot, m.t.text)
	r.Title = r.Words[:len(r.Words)-len("。")]
	if c.chance(80) {
		r.Lat, r.Lon = &lat, &lon
	}
	c.source(m, &r)
	if err := c.picture(m, &r.Evidence, before); err != nil {
		return err
	}
	x, err := c.cases.Register(m.finder.ctx, c.result.Campaign.ID, r)
	if err != nil {
		return err
	}
	c.result.Steps[cases.Register]++
	m.id = x.ID
	c.plan(c.soon(240), func() error { return c.intake(m) })
	return nil
}

// source says who found it, and how it became known.
func (c *city) source(m *matter, r *cases.Registration) {
	m.finder = pick(c.r, c.office)
	switch x := c.r.IntN(100); {
	case x < 38:
		m.finder, r.Source, m.spotted = pick(c.r, c.inspectors), cases.Inspection, true
	case x < 72:
		r.Source = cases.Hotline
		r.Words = "来电反映：" + r.Words + "请尽快处理。"
		r.Caller = cases.Caller{Name: pick(c.r, []string{"王", "李", "赵", "孙", "周"}) + pick(c.r, []string{"女士", "先生"}), Phone: fmt.Sprintf("199%08d", c.r.IntN(100_000_000))}
	case x < 84:
		u := pick(c.r, c.units)
		m.finder, r.Source = u.person, cases.SelfCheck
	case x < 92:
		r.Source = cases.Web
	case x < 96:
		r.Source = cases.Letter
	case x < 98:
		r.Source = cases.Media
	default:
		r.Source = pick(c.r, []cases.Source{cases.Expert, cases.LeaderNote, cases.Meeting})
	}
}

// take takes a step. What the rules refuse is counted and left: people try that too.
func (c *city) take(who somebody, m *matter, a cases.Act) (bool, error) {
	a.Revision = -1
	x, err := c.cases.Take(who.ctx, c.result.Campaign.ID, m.id, a)
	if refused(err) {
		c.result.Refused++
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s of case %d: %w", a.Verb, m.id, err)
	}
	c.result.Steps[a.Verb]++
	m.due = x.DueAt
	return true, nil
}

// refused: the rules said no.
func refused(err error) bool {
	switch kernel.CodeOf(err) { //nolint:exhaustive // the others are faults
	case kernel.Conflict, kernel.Forbidden, kernel.Invalid:
		return err != nil
	}
	return false
}

// intake is the office at its desk.
func (c *city) intake(m *matter) error {
	who := pick(c.r, c.office)
	switch {
	case c.chance(2.5):
		_, err := c.take(who, m, cases.Act{Verb: cases.Decline, Reason: pick(c.r, []string{"不属于城市管理范围，已告知来电人", "情况不实，现场未发现", "属于合同纠纷，建议走司法途径"})})
		return err
	case c.chance(2) && len(c.recent) > 0:
		if into := c.recent[c.r.IntN(len(c.recent))]; into.t.text == m.t.text || c.chance(30) {
			_, err := c.take(who, m, cases.Act{Verb: cases.Merge, Into: into.id})
			return err
		}
	case c.chance(12):
		if ok, err := c.take(who, m, cases.Act{Verb: cases.Accept}); err != nil || !ok {
			return err
		}
		c.plan(c.soon(300), func() error { return c.dispatch(m) })
		return nil
	}
	return c.dispatch(m)
}

// dispatch hands the case to the likeliest unit, or by mistake to another; some with an order.
func (c *city) dispatch(m *matter) error {
	u, err := c.likely(m.t)
	if err != nil {
		return err
	}
	if c.chance(4) {
		u = pick(c.r, c.units)
	}
	m.unit = u
	who := pick(c.r, c.office)
	if c.chance(3) {
		o := cases.NewOrder{UUID: fmt.Sprintf("%016x", c.r.Uint64()), Cases: []int64{m.id}, Unit: u.id, Requirement: "立即整改：" + m.t.text,
			Day: c.days.Add(kernel.DateOf(c.now), 3+c.r.IntN(6)), Signer: c.coordinator.Name}
		if _, err := c.cases.Issue(who.ctx, c.result.Campaign.ID, o); err != nil {
			return err
		}
		m.due = o.Day.AddDays(1).Time()
		c.result.Steps[cases.Dispatch]++
	} else {
		a := cases.Act{Verb: cases.Dispatch, Unit: u.id}
		if helper := pick(c.r, c.units); c.chance(15) && helper.id != u.id {
			a.Support = []int64{helper.id}
		}
		if ok, err := c.take(who, m, a); err != nil || !ok {
			return err
		}
	}
	if len(c.recent) < 40 {
		c.recent = append(c.recent, m)
	} else {
		c.recent[c.r.IntN(40)] = m
	}
	c.plan(c.soon(420), func() error { return c.receive(m) })
	return nil
}

// likely is the unit that the plan's passages name for such a trouble, as the program suggests it; looked up once.
func (c *city) likely(t trouble) (*unit, error) {
	if u := c.usual[t.text]; u != nil {
		return u, nil
	}
	list, err := c.cases.Suggest(c.ctx, c.result.Campaign.ID, t.text)
	if err != nil {
		return nil, err
	}
	u := pick(c.r, c.units)
	if len(list) > 0 && c.byName[list[0].Unit] != nil {
		u = c.byName[list[0].Unit]
	}
	c.usual[t.text] = u
	return u, nil
}

// receive is the unit's liaison, who signs for it, or says that it is not theirs.
func (c *city) receive(m *matter) error {
	u := m.unit
	if c.chance(u.returns) && m.returns < 2 {
		m.returns++
		ok, err := c.take(u.person, m, cases.Act{Verb: cases.Return, Reason: pick(c.r, reasonsToReturn)})
		if err != nil || !ok {
			return err
		}
		c.plan(c.soon(500), func() error { return c.decide(m) })
		return nil
	}
	if c.chance(85) {
		if _, err := c.take(u.person, m, cases.Act{Verb: cases.Acknowledge}); err != nil {
			return err
		}
	}
	return c.work(m)
}

// decide is the office, or after a second return the coordinator, over what a unit gave back.
func (c *city) decide(m *matter) error {
	who := pick(c.r, c.office)
	if m.returns > 1 {
		who = c.coordinator
	}
	if other := pick(c.r, c.units); c.chance(65) && other != m.unit {
		m.unit = other
		ok, err := c.take(who, m, cases.Act{Verb: cases.Redirect, Unit: other.id, Reason: "按职责改派"})
		if err != nil || !ok {
			return err
		}
		c.plan(c.soon(420), func() error { return c.receive(m) })
		return nil
	}
	if ok, err := c.take(who, m, cases.Act{Verb: cases.RefuseReturn, Reason: "方案明确由你单位牵头"}); err != nil || !ok {
		return err
	}
	return c.work(m)
}

// work plans when the unit will have put it right, by its habits: some it forgets until it is asked from above.
func (c *city) work(m *matter) error {
	u := m.unit
	left := float64(c.days.Between(kernel.DateOf(c.now), kernel.DateOf(m.due)))
	need := max(0.1, left) * u.pace * (0.3 + 1.1*c.r.Float64())
	switch {
	case c.chance(u.forgets):
		need = left + 2 + 28*c.r.Float64()
	case m.round == 0 && c.chance(1.1):
		return c.putOff(m)
	case !m.asked && c.chance(u.extends) && left > 1:
		m.asked = true
		c.plan(c.later(max(0.2, left-1.5)), func() error { return c.extend(m) })
		return nil
	}
	c.plan(c.later(need), func() error { return c.respond(m) })
	return nil
}

func (c *city) extend(m *matter) error {
	day := c.days.Add(kernel.DateOf(m.due), 2+c.r.IntN(6))
	ok, err := c.take(m.unit.person, m, cases.Act{Verb: cases.AskExtension, Reason: pick(c.r, reasonsToExtend), Day: day})
	if err != nil {
		return err
	}
	if ok {
		c.plan(c.soon(400), func() error {
			a := cases.Act{Verb: cases.GrantExtension}
			if c.chance(30) {
				a = cases.Act{Verb: cases.RefuseExtension, Reason: "此类问题不宜拖延"}
			}
			if _, err := c.take(pick(c.r, c.office), m, a); err != nil {
				return err
			}
			return c.work(m)
		})
		return nil
	}
	return c.work(m)
}

// putOff is a work that takes a season: put on the long list, looked at again, and taken up.
func (c *city) putOff(m *matter) error {
	day := kernel.DateOf(c.now).AddDays(25 + c.r.IntN(75))
	ok, err := c.take(m.unit.person, m, cases.Act{Verb: cases.AskDeferral, Reason: "需列入改造计划，待雨季后施工", Day: day})
	if err != nil {
		return err
	}
	if !ok { // not signed for: then it is put right like any other
		return c.work(m)
	}
	m.round++
	c.plan(c.later(0.5+2*c.r.Float64()), func() error {
		if c.chance(20) {
			if _, err := c.take(c.leader, m, cases.Act{Verb: cases.RefuseDeferral, Reason: "先采取临时措施，消除隐患"}); err != nil {
				return err
			}
			return c.work(m)
		}
		if _, err := c.take(c.leader, m, cases.Act{Verb: cases.GrantDeferral}); err != nil {
			return err
		}
		c.plan(c.working(day.Time().Add(10*time.Hour)), func() error {
			if _, err := c.take(m.unit.person, m, cases.Act{Verb: cases.Resume}); err != nil {
				return err
			}
			return c.work(m)
		})
		return nil
	})
	return nil
}

// respond is the unit's answer; now and then with the photograph of before.
func (c *city) respond(m *matter) error {
	a := cases.Act{Verb: cases.Respond, Reason: m.t.done}
	if err := c.picture(m, &a.Evidence, after); err != nil {
		return err
	}
	ok, err := c.take(m.unit.person, m, a)
	if err != nil || !ok {
		return err
	}
	c.plan(c.later(0.1+1.8*c.r.Float64()), func() error { return c.verify(m) })
	return nil
}

// verify is an inspector on the spot, or somebody of the office by the photographs.
func (c *city) verify(m *matter) error {
	who := pick(c.r, c.office)
	if m.spotted || c.chance(30) {
		who = pick(c.r, c.inspectors)
	}
	if c.chance(m.unit.botches/float64(1+m.round)) && m.round < 3 {
		m.round++
		ok, err := c.take(who, m, cases.Act{Verb: cases.SendBack, Reason: pick(c.r, reasonsToSendBack)})
		if err != nil {
			return err
		}
		if ok {
			return c.work(m)
		}
	}
	a := cases.Act{Verb: cases.Close, Outcome: cases.Fixed}
	switch x := c.r.IntN(100); {
	case x < 5:
		a.Outcome, a.Reason = cases.FixedForNow, "已临时处置，列入下一批改造"
	case x < 7:
		a.Outcome, a.Reason = cases.Gone, "到现场时已不存在"
	case x < 8:
		a.Outcome, a.Reason = cases.CannotBe, "涉及产权纠纷，暂时无法整改"
	}
	ok, err := c.take(who, m, a)
	if err != nil {
		return err
	}
	if !ok { // who answered may not verify; another does
		c.plan(c.soon(600), func() error { return c.verify(m) })
		return nil
	}
	if c.chance(1.6) {
		c.plan(c.later(5+30*c.r.Float64()), func() error { return c.reopen(m) })
	}
	return nil
}

func (c *city) reopen(m *matter) error {
	ok, err := c.take(m.finder, m, cases.Act{Verb: cases.Reopen, Reason: pick(c.r, reasonsToReopen)})
	if err != nil || !ok {
		return err
	}
	m.asked = false
	c.plan(c.soon(420), func() error { return c.receive(m) })
	return nil
}

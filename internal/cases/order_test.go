package cases_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
)

// order is a complete order for cases, to the lead unit.
func (c *city) order(ids ...int64) cases.NewOrder {
	return cases.NewOrder{Cases: ids, Unit: c.units["lead"], Requirement: "补植行道树，专人养护", Day: "2025-03-29", Signer: "秦朗"}
}

func (c *city) issued(t *testing.T, who string, n cases.NewOrder) cases.Order {
	t.Helper()
	o, err := c.Issue(c.as(t, who), c.campaign.ID, n)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// orderNow is an order as it stands.
func (c *city) orderNow(t *testing.T, id int64) cases.Order {
	t.Helper()
	o, _, err := c.SeeOrder(c.as(t, "office"), c.campaign.ID, id)
	if err != nil {
		t.Fatal(err)
	}
	return o.Order
}

// TestOrder_NumbersHaveNoGapUnderManyIssuers: a number is used in the transaction that takes it; an issue that fails
// after taking one, for a case that stands elsewhere, leaves none out.
func TestOrder_NumbersHaveNoGapUnderManyIssuers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		const issuers, each = 16, 3
		closed := c.along(t, "closed").ID
		var todo []int64
		for range issuers * each {
			todo = append(todo, c.register(t, "office").ID)
		}
		ctx := c.as(t, "office")
		errs := make([]error, issuers)
		var wg sync.WaitGroup
		for i := range issuers {
			wg.Go(func() {
				for k := range each {
					id := todo[i*each+k]
					if _, err := c.Issue(ctx, c.campaign.ID, c.order(id, closed)); kernel.CodeOf(err) != kernel.Conflict {
						errs[i] = fmt.Errorf("an order for a closed case: %w", err)
					}
					if _, err := c.Issue(ctx, c.campaign.ID, c.order(id)); err != nil {
						errs[i] = err
					}
				}
			})
		}
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
		v, err := c.Viewer(ctx, c.campaign.ID)
		if err != nil {
			t.Fatal(err)
		}
		rows, _, err := c.Orders(ctx, v, 0)
		if err != nil || len(rows) != issuers*each {
			t.Fatalf("%d orders: %v", len(rows), err)
		}
		slices.SortFunc(rows, func(a, b cases.OrderRow) int { return a.Serial - b.Serial })
		for i, r := range rows {
			if want := fmt.Sprintf("平城品督〔2024〕%d号", i+1); r.Number != want {
				t.Errorf("%s, want %s", r.Number, want)
			}
		}
	})
}

func TestOrder_EveryYearBeginsAtOneByThePattern(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		issue := func() string { return c.issued(t, "office", c.order(c.register(t, "office").ID)).Number }
		c.at("2024-12-31 23:50")
		got := []string{issue(), issue()}
		c.at("2025-01-01 00:05") // in UTC it is 2024 still
		got = append(got, issue())
		if err := c.SetRule(c.as(t, "office"), c.campaign.ID, cases.Rule{Pattern: "平品办督〔{year}〕第{n}号"}); err != nil {
			t.Fatal(err)
		}
		got = append(got, issue())
		want := []string{"平城品督〔2024〕1号", "平城品督〔2024〕2号", "平城品督〔2025〕1号", "平品办督〔2025〕第2号"}
		if !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		for _, pattern := range []string{"", "督{n}号", "督〔{year}〕号"} {
			if err := c.SetRule(c.as(t, "office"), c.campaign.ID, cases.Rule{Pattern: pattern}); kernel.CodeOf(err) != kernel.Invalid {
				t.Errorf("pattern %q: %v", pattern, err)
			}
		}
	})
}

func TestOrder_AnInspectorIssuesOnTheSpotForWhatHeFoundHimself(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		own, office := c.register(t, "inspector").ID, c.register(t, "office").ID
		o := c.issued(t, "inspector", c.order(own))
		x := c.caseNow(t, own)
		if x.Step != cases.Dispatched || x.LeadUnitID != c.units["lead"] || until(x) != "03-29 24:00" || x.DueAt.In(kernel.Shanghai).Year() != 2025 {
			t.Errorf("%s with unit %d, due %s", x.Step, x.LeadUnitID, until(x))
		}
		for _, who := range []string{"second", "lead", "leader", "other"} {
			if _, err := c.Issue(c.as(t, who), c.campaign.ID, c.order(office)); kernel.CodeOf(err) != kernel.Forbidden {
				t.Errorf("%s: %v", who, err)
			}
		}
		if y := c.caseNow(t, office); y.Step != cases.Registered {
			t.Errorf("a refused order moved its case to %s", y.Step)
		}
		if _, _, err := c.SeeOrder(c.as(t, "lead"), c.campaign.ID, o.ID); err != nil {
			t.Errorf("its unit: %v", err)
		}
		for _, who := range []string{"other", "support"} {
			if _, _, err := c.SeeOrder(c.as(t, who), c.campaign.ID, o.ID); kernel.CodeOf(err) != kernel.NotFound {
				t.Errorf("%s sees the order: %v", who, err)
			}
			v, _ := c.Viewer(c.as(t, who), c.campaign.ID)
			if rows, _, err := c.Orders(c.as(t, who), v, 0); err != nil || len(rows) != 0 {
				t.Errorf("%s lists %d orders: %v", who, len(rows), err)
			}
		}
	})
}

func TestOrder_ClosesWithItsLastCaseAndOpensAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		a, b := c.register(t, "inspector").ID, c.along(t, "rectifying").ID
		before := c.caseNow(t, b)
		o := c.issued(t, "office", c.order(a, b, a))
		if o.OpenCases != 2 || c.orderNow(t, o.ID).OpenCases != 2 {
			t.Errorf("%d open cases of two, one named twice", o.OpenCases)
		}
		if x := c.caseNow(t, b); until(x) != "03-29 24:00" || x.Step != cases.Rectifying || x.Revision != before.Revision+1 {
			t.Errorf("a case that the unit had already: %s, due %s, revision %d after %d", x.Step, until(x), x.Revision, before.Revision)
		}
		for i, id := range []int64{a, b} {
			c.must(t, id, step{"lead", c.act(cases.Respond)}, step{"second", c.act(cases.Close)})
			if now := c.orderNow(t, o.ID); now.OpenCases != 1-i || now.ClosedAt.IsZero() != (i == 0) {
				t.Errorf("after %d closed: %d open, closed %s", i+1, now.OpenCases, now.ClosedAt)
			}
		}
		c.must(t, a, step{"inspector", c.act(cases.Reopen)})
		if now := c.orderNow(t, o.ID); now.OpenCases != 1 || !now.ClosedAt.IsZero() {
			t.Errorf("reopened: %d open, closed %s", now.OpenCases, now.ClosedAt)
		}
		c.must(t, a, step{"lead", c.act(cases.Return)}, step{"office", c.act(cases.Decline)})
		if now := c.orderNow(t, o.ID); now.OpenCases != 0 || now.ClosedAt.IsZero() {
			t.Errorf("declined: %d open, closed %s", now.OpenCases, now.ClosedAt)
		}
		told, err := ledger.Timeline(t.Context(), d.Reader(), c.campaign.ID, cases.OrderKind, o.ID, 0, 10)
		var verbs []string
		for _, r := range slices.Backward(told) {
			verbs = append(verbs, r.Verb)
		}
		if want := []string{"issued", "closed", "reopened", "closed"}; err != nil || !slices.Equal(verbs, want) {
			t.Errorf("%v, want %v: %v", verbs, want, err)
		}
	})
}

func TestOrder_TheSameUUIDGivesOneOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		n := c.order(c.register(t, "office").ID)
		n.UUID = "4f1c7f0e-1111-4222-8333-123456789abd"
		ctx := c.as(t, "office")
		got := make([]cases.Order, 6)
		errs := make([]error, len(got))
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() { got[i], errs[i] = c.Issue(ctx, c.campaign.ID, n) })
		}
		wg.Wait()
		for i, o := range got {
			if errs[i] != nil || o.ID != got[0].ID || o.Number != "平城品督〔2024〕1号" {
				t.Errorf("order %d %s: %v", o.ID, o.Number, errs[i])
			}
		}
		told, err := ledger.Timeline(ctx, d.Reader(), c.campaign.ID, cases.OrderKind, got[0].ID, 0, 10)
		if err != nil || len(told) != 1 {
			t.Errorf("%d events: %v", len(told), err)
		}
	})
}

func TestOrder_NamesTheFieldThatIsWrong(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := opened(t, d)
		id := c.register(t, "office").ID
		for _, r := range []struct {
			code  kernel.Code
			field string
			wrong func(*cases.NewOrder)
		}{
			{kernel.Invalid, "cases", func(n *cases.NewOrder) { n.Cases = nil }},
			{kernel.TooLarge, "cases", func(n *cases.NewOrder) { n.Cases = make([]int64, 51) }},
			{kernel.Invalid, "day", func(n *cases.NewOrder) { n.Day = "2024-03-17" }},
			{kernel.Invalid, "day", func(n *cases.NewOrder) { n.Day = "" }},
			{kernel.Invalid, "unit", func(n *cases.NewOrder) { n.Unit = 0 }},
			{kernel.Invalid, "unit", func(n *cases.NewOrder) { n.Unit = 99999 }},
			{kernel.Invalid, "support", func(n *cases.NewOrder) { n.Support = []int64{n.Unit} }},
			{kernel.Invalid, "signer", func(n *cases.NewOrder) { n.Signer = " " }},
			{kernel.Invalid, "requirement", func(n *cases.NewOrder) { n.Requirement = "" }},
			{kernel.Invalid, "duty", func(n *cases.NewOrder) { n.DutyID = 99999 }},
			{kernel.NotFound, "", func(n *cases.NewOrder) { n.Cases = []int64{id, 99999} }},
		} {
			n := c.order(id)
			r.wrong(&n)
			_, err := c.Issue(c.as(t, "office"), c.campaign.ID, n)
			if code, field := kernel.CodeOf(err), fieldOf(err); code != r.code || field != r.field {
				t.Errorf("%s %s: %v on %q", r.code, r.field, err, field)
			}
		}
	})
}

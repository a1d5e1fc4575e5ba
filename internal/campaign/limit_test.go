package campaign_test

import (
	"testing"

	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/plan"
	"pinzhi/internal/web/webtest"

	"github.com/google/go-cmp/cmp"
)

const pinghe = "examples/pinghe/plan.txt"

func TestLimits_AreThoseOfThePlanThatTheCampaignRunsOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		svc, c := opened(t, d, pinghe)
		ctx := webtest.System()
		limits := func(svc *campaign.Service, id int64) []plan.Limit {
			t.Helper()
			list, err := svc.Limits(ctx, d.Reader(), id)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		asWritten := []plan.Limit{{N: 5, Measure: plan.LimitWorkdays, Lines: plan.Lines{125, 125},
			Text: "督导检查组每月开展一次明查暗访，发现问题下发督办单，责任单位自收到督办单之日起5个工作日内报送整改情况。"}}
		for range 2 { // read, and remembered
			if diff := cmp.Diff(asWritten, limits(svc, c.ID)); diff != "" {
				t.Error(diff)
			}
		}
		other, err := svc.Open(ctx, webtest.Reading(t, linfen))
		if err != nil {
			t.Fatal(err)
		}
		if list := limits(svc, other.ID); len(list) != 0 {
			t.Errorf("a plan without a limit has %v", list)
		}
		draft := startDraft(t, svc, c.ID, pinghe, func(o *campaign.Opening) {
			o.Reading.Plan.Title += "（修订）"
			o.Reading.Plan.Limits = []plan.Limit{{N: 10, Measure: plan.LimitDays, Lines: plan.Lines{125, 125}}}
		})
		if _, err := svc.OpenDraft(ctx, draft.ID, draft.Revision); err != nil {
			t.Fatal(err)
		}
		for name, svc := range map[string]*campaign.Service{"the same program": svc, "another": campaign.New(d, clock())} {
			if list := limits(svc, c.ID); len(list) != 1 || list[0].N != 10 || list[0].Measure != plan.LimitDays {
				t.Errorf("%s after the revision: %v", name, list)
			}
		}
	})
}

package campaign_test

import (
	"fmt"
	"testing"
	"time"

	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/web/webtest"
)

// TestLongLists_PagesShowEveryItemOnceInOrder walks lists longer than a page. Many items share their days, some
// have no start, and some are done.
func TestLongLists_PagesShowEveryItemOnceInOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := webtest.System()
		s := webtest.Open(t, d, kernel.FixedClock(func() time.Time { return time.Date(2024, 3, 27, 1, 40, 0, 0, time.UTC) }))
		c := s.OpenCampaign(t, "examples/pinghe/plan.txt")
		tasks, err := s.Campaigns.Tasks(ctx, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range tasks[:2] {
			if err := s.Campaigns.AddWorkItems(ctx, c.ID, task.ID, manyInputs(230)); err != nil {
				t.Fatal(err)
			}
		}
		first := finishEveryTenth(t, s, c.ID, tasks[0].ID)
		for _, list := range []struct {
			name string
			want int
			page func(after string) (campaign.ItemPage, error)
			key  func(campaign.ItemRow) string
		}{
			{"by task", 460, func(after string) (campaign.ItemPage, error) { return s.Campaigns.ItemsByTask(ctx, c.ID, 0, after) }, taskOrder},
			{"one task", 230, func(after string) (campaign.ItemPage, error) {
				return s.Campaigns.ItemsByTask(ctx, c.ID, tasks[1].ID, after)
			}, taskOrder},
			{"a task without work", 0, func(after string) (campaign.ItemPage, error) {
				return s.Campaigns.ItemsByTask(ctx, c.ID, tasks[2].ID, after)
			}, taskOrder},
			{"open", 437, func(after string) (campaign.ItemPage, error) { return s.Campaigns.OpenItems(ctx, c.ID, after) }, dueOrder},
			{"of a unit", 460, func(after string) (campaign.ItemPage, error) {
				return s.Campaigns.ItemsOfUnit(ctx, c.ID, first.UnitID, after)
			}, openFirst},
			{"of a person", 460, func(after string) (campaign.ItemPage, error) {
				return s.Campaigns.ItemsOfPerson(ctx, c.ID, first.PersonID, after)
			}, openFirst},
		} {
			rows := walk(t, list.page)
			if len(rows) != list.want {
				t.Errorf("%s: %d items on all pages, want %d", list.name, len(rows), list.want)
			}
			for i := 1; i < len(rows); i++ {
				if list.key(rows[i-1]) >= list.key(rows[i]) {
					t.Fatalf("%s: %s comes before %s", list.name, list.key(rows[i-1]), list.key(rows[i]))
				}
			}
			if page, err := list.page("no_key_at_all"); err != nil || len(page.Rows) != min(len(rows), 100) {
				t.Errorf("%s: a key that is none should begin at the beginning: %d rows, %v", list.name, len(page.Rows), err)
			}
		}
	})
}

func walk(t *testing.T, page func(after string) (campaign.ItemPage, error)) []campaign.ItemRow {
	t.Helper()
	var rows []campaign.ItemRow
	after := ""
	for n := 0; n == 0 || after != ""; n++ {
		p, err := page(after)
		if err != nil || n > 10 {
			t.Fatalf("page %d: %v", n, err)
		}
		rows, after = append(rows, p.Rows...), p.Next
	}
	return rows
}

func manyInputs(n int) []campaign.WorkItemInput {
	out := make([]campaign.WorkItemInput, n)
	for i := range out {
		out[i] = campaign.WorkItemInput{Title: fmt.Sprintf("第 %d 处", i), Person: "花蕊", Due: fmt.Sprintf("2024-06-%02d", i%3+10)}
		if i%2 == 0 {
			out[i].Start = fmt.Sprintf("2024-05-%02d", i%5+1)
		}
	}
	return out
}

func finishEveryTenth(t *testing.T, s *webtest.Site, campaignID, taskID int64) campaign.ItemRow {
	t.Helper()
	ctx := webtest.System()
	items, err := s.Campaigns.ItemsOfTask(ctx, campaignID, taskID)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(items); i += 10 {
		if err := s.Campaigns.FinishWorkItem(ctx, campaignID, items[i].ID, "做完了"); err != nil {
			t.Fatal(err)
		}
	}
	return items[0]
}

func taskOrder(w campaign.ItemRow) string {
	return fmt.Sprintf("%09d %10s %s %09d", w.TaskID, w.StartDay, w.DueDay, w.ID)
}

func dueOrder(w campaign.ItemRow) string { return fmt.Sprintf("%s %09d", w.DueDay, w.ID) }

func openFirst(w campaign.ItemRow) string {
	return fmt.Sprintf("%t %s %09d", w.DoneOn != "", w.DueDay, w.ID)
}

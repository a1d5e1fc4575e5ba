package cli

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
	"pinzhi/internal/roster"
)

// fill opens the campaign and breaks every task into work, a third of it done, a third of it with a milestone.
func (b *benched) fill(ctx context.Context) error {
	have, err := b.campaigns.Visible(ctx)
	if err != nil {
		return err
	}
	if len(have) > 0 {
		return kernel.E(kernel.Conflict, "这个库里已经有行动，基准测试要一个空库")
	}
	start := time.Now()
	o, err := readOpening(b.Plan, true)
	if err != nil {
		return err
	}
	read := time.Since(start)
	if b.campaign, err = b.campaigns.Open(ctx, o); err != nil {
		return err
	}
	fmt.Fprintf(b.out, "导入 %s：%s（其中读 %s）\n", b.campaign.Name, ms(time.Since(start)), ms(read))
	tasks, err := b.campaigns.Tasks(ctx, b.campaign.ID)
	if err != nil {
		return err
	}
	seats, err := roster.SeatsOf(ctx, b.db.Reader(), b.campaign.ID)
	if err != nil {
		return err
	}
	start = time.Now()
	for i, t := range tasks {
		if err := b.fillTask(ctx, t, seats, i); err != nil {
			return err
		}
	}
	fmt.Fprintf(b.out, "填入 %d 个工作项：%.1f 秒\n", len(tasks)*b.Items, time.Since(start).Seconds())
	if b.db.Kind() == db.Postgres { // as autovacuum does within a minute: without counts it plans badly
		err := b.db.Write(ctx, func(tx db.Tx) error {
			_, err := tx.NewRaw("ANALYZE").Exec(ctx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return b.size(ctx)
}

// piece is how many work items one form holds at most.
const piece = 500

func (b *benched) fillTask(ctx context.Context, t campaign.Task, seats []roster.Seat, nth int) error {
	inputs := make([]campaign.WorkItemInput, 0, b.Items)
	for i := range b.Items {
		seat := seats[(nth*31+i)%len(seats)]
		due := b.today.AddDays(i*7%400 - 60)
		inputs = append(inputs, campaign.WorkItemInput{Title: fmt.Sprintf("%s：第 %d 处点位整治", t.Name, i+1), Unit: seat.UnitName,
			Person: seat.PersonName + "（" + seat.UnitName + "）", Site: fmt.Sprintf("%d 号点位", i+1), Start: string(due.AddDays(-90)), Due: string(due)})
	}
	for from := 0; from < len(inputs); from += piece {
		if err := b.campaigns.AddWorkItems(ctx, b.campaign.ID, t.ID, inputs[from:min(from+piece, len(inputs))]); err != nil {
			return err
		}
	}
	items, err := b.campaigns.ItemsOfTask(ctx, b.campaign.ID, t.ID)
	if err != nil {
		return err
	}
	return atOnce(b.Clients, items, func(w campaign.ItemRow) error {
		switch w.ID % 3 {
		case 0:
			return b.campaigns.FinishWorkItem(ctx, b.campaign.ID, w.ID, "已整治完成")
		case 1:
			return b.campaigns.AddMilestone(ctx, b.campaign.ID, w.ID, "施工队进场", string(w.DueDay.AddDays(-30)))
		}
		return nil
	})
}

// atOnce does something to every one of a list, so many at the same time, and returns the first error.
func atOnce[T any](clients int, list []T, do func(T) error) error {
	work := make(chan T)
	failed := make(chan error, clients)
	var running sync.WaitGroup
	for range clients {
		running.Go(func() {
			for x := range work {
				if err := do(x); err != nil {
					select {
					case failed <- err:
					default:
					}
				}
			}
		})
	}
	for _, x := range list {
		work <- x
	}
	close(work)
	running.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// size prints how much there is.
func (b *benched) size(ctx context.Context) error {
	byTask, err := b.campaigns.ProgressOn(ctx, b.campaign.ID, b.today)
	if err != nil {
		return err
	}
	var all campaign.Progress
	for _, p := range byTask {
		all = all.Plus(p)
	}
	fmt.Fprintf(b.out, "库里有工作项 %d，其中办结 %d、逾期 %d", all.Total, all.Done, all.Late)
	if b.db.Kind() == db.SQLite {
		if f, err := os.Stat(b.dsn()); err == nil {
			fmt.Fprintf(b.out, "，文件 %.1f MB", float64(f.Size())/1e6)
		}
	}
	fmt.Fprintln(b.out)
	return nil
}

// account makes somebody of the office who can sign in.
func (b *benched) account(ctx context.Context, seats []roster.Seat) error {
	for _, s := range seats {
		if s.BodyKind == plan.Office {
			return b.accountOf(ctx, s.PersonID)
		}
	}
	return kernel.E(kernel.Invalid, "这份方案里没有办公室的人，测不了")
}

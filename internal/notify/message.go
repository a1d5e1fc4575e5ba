package notify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pinzhi/internal/kernel"
)

// Message is what goes out: no more than titles, numbers, steps and days.
type Message struct {
	ID    string // the same at every attempt
	Sort  Sort
	Items []Item
	Site  string // "" where the operator has not said where people reach it
}

// compose reads what a message tells, with the eyes of its receiver now; dropped says why there is nothing to send.
func (s *Service) compose(ctx context.Context, j job) (m Message, dropped string, err error) {
	m = Message{ID: fmt.Sprintf("%d.%s", j.ID, strings.ReplaceAll(j.Slot, ":", "-")), Sort: j.Sort(), Site: s.config.URL}
	if !j.channel.Active {
		return m, droppedOff, nil
	}
	accounts, err := s.accounts.Open(ctx, []int64{j.AccountID})
	if err != nil {
		return m, "", err
	}
	if len(accounts) == 0 || accounts[0].Admin != kernel.NoAdmin {
		return m, droppedLocked, nil
	}
	if m.Sort == TestSort {
		return m, "", nil
	}
	var notices []Notice
	err = s.db.Reader().NewSelect().Model(&notices).Join("JOIN notice_items AS i ON i.campaign_id = n.campaign_id AND i.notice_id = n.id").
		Where("i.delivery_id = ?", j.ID).Where("n.read_at IS NULL").Order("n.id").Scan(ctx)
	if err != nil {
		return m, "", fmt.Errorf("items of message %d: %w", j.ID, err)
	}
	if m.Items, err = s.items(ctx, accounts[0].Actor(), notices); err != nil {
		return m, "", err
	}
	m.Items = slices.DeleteFunc(m.Items, func(x Item) bool { return x.Gone })
	if len(m.Items) == 0 {
		return m, droppedRead, nil
	}
	return m, "", nil
}

// drill reports whether everything in the message is practice.
func (m Message) drill() bool {
	return len(m.Items) > 0 && !slices.ContainsFunc(m.Items, func(x Item) bool { return !x.Drill })
}

// Subject is the message in a line.
func (m Message) Subject() string {
	mark := "【品质】"
	if m.drill() {
		mark += "【演练】"
	}
	switch {
	case m.Sort == TestSort:
		return mark + "测试：这里能收到通知"
	case len(m.Items) == 1:
		return mark + m.Items[0].Title + "：" + m.Items[0].Text
	case m.Sort == Digest:
		return fmt.Sprintf("%s今日汇总 %d 条", mark, len(m.Items))
	}
	return fmt.Sprintf("%s紧急 %d 条", mark, len(m.Items))
}

// mostItems is how many items a message lists; the inbox has all of them.
const mostItems = 100

// Text is the message as plain text of at most so many bytes.
func (m Message) Text(most int) string {
	foot := "\n在“我的账号→通知设置”里可以改方式或停用。\n"
	if m.Site != "" {
		foot = "\n改方式或停用：" + m.Site + "/me/notify\n"
	}
	if m.Sort == TestSort {
		return "这是一条测试，收到说明设置是对的。\n" + foot
	}
	var b strings.Builder
	campaign := ""
	for i, x := range m.Items {
		var part strings.Builder
		if x.Campaign != campaign {
			campaign = x.Campaign
			mark := ""
			if x.Drill {
				mark = "【演练】"
			}
			fmt.Fprintf(&part, "%s%s\n\n", mark, campaign)
		}
		part.WriteString(m.line(x))
		if i >= mostItems || b.Len()+part.Len()+len(foot)+80 > most {
			fmt.Fprintf(&b, "另有 %d 条，请到收件箱看。\n", len(m.Items)-i)
			break
		}
		b.WriteString(part.String())
	}
	b.WriteString(foot)
	return b.String()
}

func (m Message) line(x Item) string {
	var b strings.Builder
	urgent := ""
	if x.Urgent {
		urgent = "【紧急】"
	}
	fmt.Fprintf(&b, "%s%s\n    %s\n", urgent, strings.TrimSpace(x.Number+" "+x.Title), x.Text)
	var now []string
	if x.Step != "" {
		now = append(now, "现在："+x.Step)
	}
	if x.Due != "" {
		now = append(now, "时限："+x.Due)
	}
	if len(now) > 0 {
		fmt.Fprintf(&b, "    %s\n", strings.Join(now, "，"))
	}
	if m.Site != "" {
		fmt.Fprintf(&b, "    %s/inbox/%d\n", m.Site, x.ID)
	}
	b.WriteString("\n")
	return b.String()
}

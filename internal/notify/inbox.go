package notify

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/report"
	"pinzhi/internal/roster"

	"github.com/uptrace/bun"
)

// Item is a notice as it may be shown to its owner: what the matter is called, where it stands, by when it is due.
type Item struct {
	Notice

	Campaign string
	Drill    bool
	Gone     bool   // the matter does not exist for him any more: nothing but the time is shown
	Number   string // of the case or order
	Title    string
	Step     string
	Due      string
	Path     string // of its page
}

// InboxPage is a stretch of somebody's inbox, the newest first. Next is where the next page begins, 0 at the end.
type InboxPage struct {
	Items []Item
	Next  int64
}

const inboxPage = 50

// Inbox lists what the actor was told in the campaigns that he may see, from before on; before 0 is the beginning.
// It fails with forbidden for an administrator.
func (s *Service) Inbox(ctx context.Context, before int64, unread bool) (p InboxPage, err error) {
	a, err := self(ctx)
	if err != nil {
		return p, err
	}
	if a.Admin != kernel.NoAdmin {
		return p, errAdmin
	}
	campaigns, err := s.campaigns.Visible(ctx)
	if err != nil {
		return p, err
	}
	var all []Notice
	for _, c := range campaigns { // each by its index; somebody sits in few
		var rows []Notice
		q := s.db.Reader().NewSelect().Model(&rows).Where("campaign_id = ?", c.ID).Where("account_id = ?", a.AccountID)
		if before > 0 {
			q = q.Where("id < ?", before)
		}
		if unread {
			q = q.Where("read_at IS NULL")
		}
		if err := q.Order("id DESC").Limit(inboxPage + 1).Scan(ctx); err != nil {
			return p, fmt.Errorf("inbox: %w", err)
		}
		all = append(all, rows...)
	}
	slices.SortFunc(all, func(a, b Notice) int { return cmp.Compare(b.ID, a.ID) })
	if len(all) > inboxPage {
		all = all[:inboxPage]
		p.Next = all[inboxPage-1].ID
	}
	p.Items, err = s.items(ctx, a, all)
	return p, err
}

// items looks at the matters of notices with the eyes of their owner, as they stand now.
func (s *Service) items(ctx context.Context, a kernel.Actor, notices []Notice) ([]Item, error) {
	by := map[int64]*look{}
	list := make([]Item, len(notices))
	for i, n := range notices {
		l := by[n.CampaignID]
		if l == nil {
			var err error
			if l, err = s.look(ctx, a, n.CampaignID, notices); err != nil {
				return nil, err
			}
			by[n.CampaignID] = l
		}
		list[i] = l.item(n)
	}
	return list, nil
}

// look is what somebody sees of a campaign's matters.
type look struct {
	campaign campaign.Campaign
	viewer   cases.Viewer
	concerns map[int64]cases.Concern
	orders   map[int64]cases.Order
	filings  map[int64]report.Concern
	sums     map[int64]report.SummaryName
}

func (s *Service) look(ctx context.Context, a kernel.Actor, campaignID int64, notices []Notice) (*look, error) {
	tx := s.db.Reader()
	view, err := s.campaigns.See(kernel.WithActor(ctx, kernel.TheSystem), campaignID)
	if err != nil {
		return nil, err
	}
	l := &look{campaign: view.Campaign, viewer: cases.Viewer{CampaignID: campaignID, Actor: a}}
	if l.viewer.Standing, err = roster.StandingOf(ctx, tx, campaignID, a); err != nil {
		return nil, err
	}
	var caseIDs, orderIDs, filingIDs, sumIDs []int64
	for _, n := range notices {
		switch {
		case n.CampaignID != campaignID:
		case n.SubjectKind == DeskKind:
		case n.SubjectKind == cases.OrderKind:
			orderIDs = append(orderIDs, n.SubjectID)
		case n.SubjectKind == report.Kind:
			filingIDs = append(filingIDs, n.SubjectID)
		case n.SubjectKind == report.SummaryKind:
			sumIDs = append(sumIDs, n.SubjectID)
		default:
			caseIDs = append(caseIDs, n.SubjectID)
		}
	}
	if l.concerns, err = cases.Concerns(ctx, tx, campaignID, caseIDs); err != nil {
		return nil, err
	}
	if l.orders, err = cases.OrdersByID(ctx, tx, campaignID, orderIDs); err != nil {
		return nil, err
	}
	if l.filings, err = report.Concerns(ctx, tx, campaignID, filingIDs); err != nil {
		return nil, err
	}
	l.sums, err = report.SummaryNames(ctx, tx, campaignID, sumIDs)
	return l, err
}

func (l *look) item(n Notice) Item {
	x := Item{Notice: n, Campaign: l.campaign.Name, Drill: l.campaign.Drill, Gone: true}
	v := l.viewer
	if v.Actor.Admin != kernel.NoAdmin || !v.Standing.Any() {
		return x
	}
	if n.SubjectKind == DeskKind {
		if v.Standing.InOffice() {
			x.Gone, x.Title, x.Path = false, "办公室工作台", fmt.Sprintf("/c/%d/desk/office", n.CampaignID)
		}
		return x
	}
	if n.SubjectKind == cases.OrderKind {
		if o, ok := l.orders[n.SubjectID]; ok && v.SeesOrder(o) {
			x.Gone, x.Number, x.Title, x.Due = false, o.Number, "督办单", o.DueDay.Chinese()
			x.Path = fmt.Sprintf("/c/%d/orders/%d", n.CampaignID, o.ID)
		}
		return x
	}
	if n.SubjectKind == report.SummaryKind {
		if sum, ok := l.sums[n.SubjectID]; ok && report.ReadsAll(v.Standing) {
			x.Gone, x.Title, x.Path = false, sum.Title, fmt.Sprintf("/c/%d%s", n.CampaignID, sum.Path)
		}
		return x
	}
	if n.SubjectKind == report.Kind {
		if f, ok := l.filings[n.SubjectID]; ok && f.Sees(v.Standing) {
			x.Gone, x.Title, x.Step, x.Due = false, f.Title(), f.Step.Name(), calendar.Moment(f.DueAt)
			x.Path = fmt.Sprintf("/c/%d/filings/%d", n.CampaignID, f.ID)
		}
		return x
	}
	if c, ok := l.concerns[n.SubjectID]; ok && v.Sees(c) {
		x.Gone, x.Number, x.Title, x.Step = false, c.Number(), oneLine(c.Title), c.Step.Name()
		x.Path = fmt.Sprintf("/c/%d/cases/%d", n.CampaignID, c.ID)
		if !c.DueAt.IsZero() {
			x.Due = calendar.Moment(c.DueAt)
		}
	}
	return x
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// Open marks one of the actor's notices as read and returns it; it fails with not_found where it is not his, or what it
// speaks of does not exist for him.
func (s *Service) Open(ctx context.Context, id int64) (Item, error) {
	missing := kernel.E(kernel.NotFound, "没有这条通知")
	a, err := self(ctx)
	if err != nil {
		return Item{}, err
	}
	campaigns, err := s.seen(ctx)
	if err != nil || len(campaigns) == 0 {
		return Item{}, cmp.Or(err, error(missing))
	}
	var rows []Notice
	err = s.db.Reader().NewSelect().Model(&rows).Where("campaign_id IN (?)", bun.List(campaigns)).Where("id = ?", id).Where("account_id = ?", a.AccountID).Scan(ctx)
	if err != nil {
		return Item{}, fmt.Errorf("notice %d: %w", id, err)
	}
	if len(rows) == 0 {
		return Item{}, missing
	}
	items, err := s.items(ctx, a, rows)
	if err != nil {
		return Item{}, err
	}
	if err := s.MarkRead(ctx, id); err != nil {
		return Item{}, err
	}
	if items[0].Gone {
		return Item{}, kernel.E(kernel.NotFound, "这一件您已经不能查看")
	}
	return items[0], nil
}

// seen lists the campaigns that the actor may see, for queries that go by campaign.
func (s *Service) seen(ctx context.Context) ([]int64, error) {
	campaigns, err := s.campaigns.Visible(ctx)
	ids := make([]int64, 0, len(campaigns))
	for _, c := range campaigns {
		ids = append(ids, c.ID)
	}
	return ids, err
}

// MarkRead marks one of the actor's notices as read. Of another's it changes nothing.
func (s *Service) MarkRead(ctx context.Context, id int64) error {
	return s.mark(ctx, "id = ?", id)
}

// MarkAllRead marks what the actor was told up to a notice: the newest that he has seen on the screen.
func (s *Service) MarkAllRead(ctx context.Context, upTo int64) error {
	return s.mark(ctx, "id <= ?", upTo)
}

func (s *Service) mark(ctx context.Context, which string, id int64) error {
	a, err := self(ctx)
	if err != nil {
		return err
	}
	if a.Admin != kernel.NoAdmin {
		return errAdmin
	}
	now := s.clock.Now()
	err = s.db.Write(ctx, func(tx db.Tx) error {
		_, err := tx.NewRaw("update notices set read_at = ? where account_id = ? and read_at is null and "+which, now, a.AccountID, id).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("mark as read: %w", err)
	}
	s.Live.Nudge()
	return nil
}

// MostUnread is where counting ends: more is “99+”.
const MostUnread = 100

// Unread counts what the actor has not read, up to MostUnread. Administrators have no inbox.
func (s *Service) Unread(ctx context.Context) (int, error) {
	a := kernel.ActorFrom(ctx)
	if a.AccountID == 0 || a.Admin != kernel.NoAdmin {
		return 0, nil
	}
	counts, err := s.unread(ctx, []int64{a.AccountID})
	return counts[a.AccountID], err
}

// unread counts for several accounts in one query.
func (s *Service) unread(ctx context.Context, accounts []int64) (map[int64]int, error) {
	counts := map[int64]int{}
	for part := range slices.Chunk(accounts, 200) {
		var q strings.Builder
		args := make([]any, 0, 2*len(part))
		for i, id := range part {
			if i > 0 {
				q.WriteString(" union all ")
			}
			q.WriteString("select ? as account_id, (select count(*) from (select 1 from notices where account_id = ? and read_at is null limit 100) x) as n")
			args = append(args, id, id)
		}
		var rows []struct {
			AccountID int64
			N         int
		}
		if err := s.db.Reader().NewRaw(q.String(), args...).Scan(ctx, &rows); err != nil {
			return nil, fmt.Errorf("count unread: %w", err)
		}
		for _, r := range rows {
			counts[r.AccountID] = r.N
		}
	}
	return counts, nil
}

// When is when it happened, in the words of a message.
func (x Item) When() string { return x.At.In(kernel.Shanghai).Format("1月2日 15:04") }

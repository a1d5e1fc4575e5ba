package report

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pinzhi/internal/campaign"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"

	"github.com/uptrace/bun"
)

// SummaryKind is the subject kind of summaries in the ledger.
const SummaryKind = "summary"

// Summary is the office's one text of all that was reported for a period (汇总), as it was kept.
type Summary struct {
	bun.BaseModel `bun:"table:report_summaries,alias:rs"`

	ID           int64 `bun:"id,pk,autoincrement"`
	CampaignID   int64
	ObligationID int64
	Period       Period
	Text         string
	Revision     int
	SavedAt      time.Time
	SavedBy      string
	SentAt       time.Time `bun:",nullzero"`
	SentBy       string
}

// Comment is what the office says of a filing (点评).
type Comment struct {
	bun.BaseModel `bun:"table:filing_comments,alias:fc"`

	CampaignID int64 `bun:",pk"`
	FilingID   int64 `bun:",pk"`
	Text       string
	At         time.Time
	ByName     string
}

// Reported is a reporter in a summary: his filing, and what reached the office of it.
type Reported struct {
	Reporter Reporter
	Filing   Filing
	Mark     Mark
	Parts    map[string]string
	Comment  Comment
}

// Gathered is a period of an obligation with all that was reported.
type Gathered struct {
	Summary // zero where none was kept

	Obligation Obligation
	Period     Period
	Rows       []Reported
	Draft      string // what the filings make, put together
	MayEdit    bool
}

// Count counts the reporters by their mark.
func (g *Gathered) Count() map[Mark]int {
	n := map[Mark]int{}
	for _, r := range g.Rows {
		n[r.Mark]++
	}
	return n
}

// Gather reads a period of an obligation with all that was reported, for the office and the leading group; it fails with
// not_found for others.
func (s *Service) Gather(ctx context.Context, campaignID, obligationID int64, p Period) (g Gathered, err error) {
	err = s.db.Snapshot(ctx, func(tx db.Tx) error {
		v, err := s.campaigns.SeeIn(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		g, err = s.gather(ctx, tx, v, obligationID, p)
		return err
	})
	return g, err
}

var errNoSummary = kernel.E(kernel.NotFound, "没有这一期的汇总")

func (s *Service) gather(ctx context.Context, tx db.Tx, v campaign.View, obligationID int64, p Period) (g Gathered, err error) {
	if !v.Actor.System && !mayRead(v.Standing, Reporter{}) {
		return g, errNoSummary
	}
	if err := one(ctx, tx, &g.Obligation, v.ID, obligationID); err != nil {
		return g, errNoSummary
	}
	var reporters []Reporter
	var filings []Filing
	if err := tx.NewSelect().Model(&reporters).Where("campaign_id = ?", v.ID).Where("obligation_id = ?", obligationID).Order("position", "id").Scan(ctx); err != nil {
		return g, fmt.Errorf("reporters of obligation %d: %w", obligationID, err)
	}
	if err := tx.NewSelect().Model(&filings).Where("campaign_id = ?", v.ID).Where("obligation_id = ?", obligationID).Where("period = ?", p).Scan(ctx); err != nil {
		return g, fmt.Errorf("filings of obligation %d: %w", obligationID, err)
	}
	if len(filings) == 0 || g.Obligation.Kind != ToFile {
		return g, errNoSummary
	}
	g.Period, g.MayEdit = p, v.Actor.System || v.Standing.InOffice()
	for _, r := range reporters {
		if i := slices.IndexFunc(filings, func(f Filing) bool { return f.ReporterID == r.ID }); i >= 0 {
			g.Rows = append(g.Rows, Reported{Reporter: r, Filing: filings[i], Mark: filings[i].MarkAt(s.clock.Now()), Parts: map[string]string{}})
		}
	}
	if err := g.read(ctx, tx, v.ID); err != nil {
		return g, err
	}
	g.Draft = g.draft()
	return g, nil
}

// read reads what was reported, what the office said of it, and the summary that was kept.
func (g *Gathered) read(ctx context.Context, tx db.Tx, campaignID int64) error {
	ids := make([]int64, len(g.Rows))
	for i, r := range g.Rows {
		ids[i] = r.Filing.ID
	}
	var parts []Part
	if err := tx.NewSelect().Model(&parts).Where("campaign_id = ?", campaignID).Where("filing_id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return fmt.Errorf("parts: %w", err)
	}
	var comments []Comment
	if err := tx.NewSelect().Model(&comments).Where("campaign_id = ?", campaignID).Where("filing_id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return fmt.Errorf("comments: %w", err)
	}
	for i := range g.Rows {
		r := &g.Rows[i]
		for _, p := range parts {
			if p.FilingID == r.Filing.ID && !r.Filing.ApprovedAt.IsZero() { // what its head has not approved is not reported
				r.Parts[p.Part] = p.Value
			}
		}
		for _, c := range comments {
			if c.FilingID == r.Filing.ID {
				r.Comment = c
			}
		}
	}
	var kept []Summary
	if err := tx.NewSelect().Model(&kept).Where("campaign_id = ?", campaignID).Where("obligation_id = ?", g.Obligation.ID).Where("period = ?", g.Period).Scan(ctx); err != nil {
		return fmt.Errorf("summary: %w", err)
	}
	if len(kept) == 1 {
		g.Summary = kept[0]
	}
	return nil
}

// draft puts the filings together: how they came, then field by field what each reporter said, in the plan's order.
func (g *Gathered) draft() string {
	var b strings.Builder
	b.WriteString("一、报送情况\n" + g.howTheyCame() + "\n")
	numerals := []string{"二", "三", "四", "五", "六"}
	for _, key := range []string{"progress", "problems", "coordinate", "next"} {
		spec, _ := partSpec(key)
		var said strings.Builder
		n := 0
		for _, r := range g.Rows {
			text := strings.TrimSpace(r.Parts[key])
			if text == "" || text == "无" || text == "无。" {
				continue
			}
			n++
			fmt.Fprintf(&said, "（%s）%s\n%s\n", numeral(n), r.Reporter.Name, text)
		}
		if n > 0 {
			fmt.Fprintf(&b, "%s、%s\n%s", numerals[0], spec.Title, said.String())
			numerals = numerals[1:]
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

func (g *Gathered) howTheyCame() string {
	names := map[Mark][]string{}
	for _, r := range g.Rows {
		names[r.Mark] = append(names[r.Mark], r.Reporter.Name)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "应报 %d 家", len(g.Rows)-len(names[NotAsked]))
	for _, m := range []Mark{InTime, CameLate, Missing, SentBack, Waiting} {
		if n := len(names[m]); n > 0 {
			fmt.Fprintf(&text, "，%s %d 家", m.Name(), n)
			if m != InTime && m != Waiting {
				text.WriteString("（" + strings.Join(names[m], "、") + "）")
			}
		}
	}
	return text.String() + "。"
}

// numeral is a number up to 99 in Chinese, as headings are counted.
func numeral(n int) string {
	digits := [10]string{"", "一", "二", "三", "四", "五", "六", "七", "八", "九"}
	switch tens := n / 10 % 10; tens {
	case 0:
		return digits[n%10]
	case 1:
		return "十" + digits[n%10]
	default:
		return digits[tens] + "十" + digits[n%10]
	}
}

// longestSummary is how many characters a summary may have.
const longestSummary = 100_000

// KeepSummary keeps the office's text of a period; with send it goes up to the leading group, and is not changed after.
func (s *Service) KeepSummary(ctx context.Context, campaignID, obligationID int64, p Period, revision int, text string, send bool) error {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if n := len([]rune(text)); n == 0 || n > longestSummary {
		return kernel.E(kernel.Invalid, "请写汇总，最多 %d 字", longestSummary).On("text")
	}
	return s.db.Write(ctx, func(tx db.Tx) error {
		v, err := s.campaigns.SeeIn(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		g, err := s.gather(ctx, tx, v, obligationID, p)
		if err != nil {
			return err
		}
		if err := g.mayChange(revision); err != nil {
			return err
		}
		x, now := g.Summary, s.clock.Now()
		x.CampaignID, x.ObligationID, x.Period, x.Text, x.SavedAt, x.SavedBy = campaignID, obligationID, p, text, now, v.Actor.Name
		x.Revision++
		verb, data := "written", map[string]any{"what": g.Obligation.What, "period": p.Name(), "characters": len([]rune(text))}
		if send {
			verb, x.SentAt, x.SentBy, data["text"] = "sent", now, v.Actor.Name, text
		}
		if err := keepSummary(ctx, tx, &x); err != nil {
			return fmt.Errorf("summary of %s: %w", p, err)
		}
		return ledger.Append(ctx, tx, ledger.Event{CampaignID: campaignID, At: now, Actor: v.Actor, SubjectKind: SummaryKind, SubjectID: x.ID, Verb: verb, Data: data})
	})
}

func (g *Gathered) mayChange(revision int) error {
	switch {
	case !g.MayEdit:
		return kernel.E(kernel.Forbidden, "汇总由领导小组办公室写")
	case !g.SentAt.IsZero():
		return kernel.E(kernel.Conflict, "这份汇总已经报领导小组，不能再改")
	case g.Revision != revision:
		return kernel.E(kernel.Conflict, "这份汇总刚刚被别人改过，请在另一个窗口看看再存。你写的还在下面")
	}
	return nil
}

func keepSummary(ctx context.Context, tx db.Tx, x *Summary) error {
	if x.ID == 0 {
		return db.Insert(ctx, tx, x)
	}
	_, err := tx.NewUpdate().Model(x).Column("text", "revision", "saved_at", "saved_by", "sent_at", "sent_by").Where("campaign_id = ?", x.CampaignID).Where("id = ?", x.ID).Exec(ctx)
	return err
}

// longestComment is how many characters a comment may have.
const longestComment = 300

// SayOf keeps what the office says of a filing; who reports it reads that.
func (s *Service) SayOf(ctx context.Context, campaignID, id int64, text string) error {
	text = strings.Join(strings.Fields(text), " ")
	if n := len([]rune(text)); n == 0 || n > longestComment {
		return kernel.E(kernel.Invalid, "请写点评，最多 %d 字", longestComment).On("comment")
	}
	return s.db.Write(ctx, func(tx db.Tx) error {
		v, err := s.campaigns.SeeIn(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		x, err := s.see(ctx, tx, v, id)
		if err != nil {
			return err
		}
		if !has(v, OfOffice, x.Reporter) {
			return kernel.E(kernel.Forbidden, "点评由领导小组办公室写；自己也报送的，由办公室的其他人写")
		}
		c := Comment{CampaignID: campaignID, FilingID: id, Text: text, At: s.clock.Now(), ByName: v.Actor.Name}
		if _, err := tx.NewInsert().Model(&c).On("CONFLICT (campaign_id, filing_id) DO UPDATE").Set("text = EXCLUDED.text").Set("at = EXCLUDED.at").Set("by_name = EXCLUDED.by_name").
			Returning("NULL").Exec(ctx); err != nil {
			return fmt.Errorf("comment on filing %d: %w", id, err)
		}
		return ledger.Append(ctx, tx, ledger.Event{CampaignID: campaignID, At: c.At, Actor: v.Actor, SubjectKind: Kind, SubjectID: id, Verb: "commented", Data: map[string]any{"comment": text}})
	})
}

func (x *Seen) readComment(ctx context.Context, tx db.Tx) error {
	var rows []Comment
	if err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", x.CampaignID).Where("filing_id = ?", x.ID).Scan(ctx); err != nil {
		return fmt.Errorf("comment on filing %d: %w", x.ID, err)
	}
	if len(rows) == 1 {
		x.Comment = rows[0]
	}
	return nil
}

// SummaryNames names summaries of a campaign by id, for whoever is told of them.
func SummaryNames(ctx context.Context, tx db.Tx, campaignID int64, ids []int64) (map[int64]SummaryName, error) {
	by := map[int64]SummaryName{}
	if len(ids) == 0 {
		return by, nil
	}
	var rows []struct {
		ID, ObligationID int64
		Period           Period
		What             string
	}
	err := tx.NewRaw(`SELECT rs.id, rs.obligation_id, rs.period, ro.what FROM report_summaries rs
		JOIN report_obligations ro ON ro.campaign_id = rs.campaign_id AND ro.id = rs.obligation_id WHERE rs.campaign_id = ? AND rs.id IN (?)`, campaignID, bun.List(ids)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("summaries: %w", err)
	}
	for _, r := range rows {
		by[r.ID] = SummaryName{Title: r.Period.Name() + r.What + "汇总", Path: fmt.Sprintf("/reports/%d/%s", r.ObligationID, r.Period)}
	}
	return by, nil
}

// SummaryName is what a summary is called, and where its page is within the campaign.
type SummaryName struct{ Title, Path string }

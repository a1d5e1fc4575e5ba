package campaign

import (
	"context"
	"fmt"
	"strings"

	"pinzhi/internal/db"

	"github.com/uptrace/bun"
)

// SearchEntry is one thing that can be found: a person, unit, body, action, task or duty.
type SearchEntry struct {
	bun.BaseModel `bun:"table:search_entries"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	Kind       string
	SubjectID  int64
	Title      string
	Detail     string
}

// writeSearch makes everything that the plan names findable, in place of what was findable before.
func (b *builder) writeSearch() error {
	var old []int64
	if err := b.tx.NewRaw(`SELECT id FROM search_entries WHERE campaign_id = ?`, b.campaign.ID).Scan(b.ctx, &old); err != nil {
		return fmt.Errorf("search entries: %w", err)
	}
	for _, id := range old {
		if err := db.DeleteSearchText(b.ctx, b.tx, b.campaign.ID, id); err != nil {
			return fmt.Errorf("search text: %w", err)
		}
	}
	if _, err := b.tx.NewRaw(`DELETE FROM search_entries WHERE campaign_id = ?`, b.campaign.ID).Exec(b.ctx); err != nil {
		return fmt.Errorf("search entries: %w", err)
	}
	entries := b.entries()
	if err := db.InsertAll(b.ctx, b.tx, entries); err != nil {
		return err
	}
	for _, e := range entries {
		if err := db.PutSearchText(b.ctx, b.tx, b.campaign.ID, e.ID, e.Title+" "+e.Detail); err != nil {
			return fmt.Errorf("search text: %w", err)
		}
	}
	return nil
}

func (b *builder) entries() []SearchEntry {
	var out []SearchEntry
	seen := map[string]bool{}
	add := func(kind string, id int64, title, detail string) {
		if key := fmt.Sprint(kind, id); !seen[key] && id != 0 {
			seen[key] = true
			out = append(out, SearchEntry{CampaignID: b.campaign.ID, Kind: kind, SubjectID: id, Title: title, Detail: detail})
		}
	}
	posts := map[int64]string{}
	for _, s := range b.est.Seats {
		if !strings.Contains(posts[s.PersonID], s.Post) {
			posts[s.PersonID] = strings.TrimSpace(posts[s.PersonID] + " " + s.Post)
		}
	}
	for _, p := range b.est.People {
		add("person", p.ID, p.Name, posts[p.ID])
	}
	for _, u := range b.est.Units {
		add("unit", u.ID, u.Name, "")
	}
	for _, x := range b.est.Bodies {
		add("body", x.ID, x.Name, "")
	}
	for _, a := range b.actions {
		add("action", a.ID, a.Name, "")
	}
	for _, t := range b.tasks {
		add("task", t.ID, t.Name, t.Text)
	}
	for _, d := range b.est.Duties {
		add("duty", d.ID, fmt.Sprintf("职责 %d", d.Number), d.Text)
	}
	return out
}

// Search finds whatever of the campaign holds all words of the query, titles before texts, at most 100.
func (s *Service) Search(ctx context.Context, campaignID int64, query string) ([]SearchEntry, error) {
	query = strings.TrimSpace(query)
	if query == "" {
		return nil, nil
	}
	clause, args := db.SearchClause(s.db.Kind(), campaignID, query)
	sql := `SELECT id, campaign_id, kind, subject_id, title, detail FROM search_entries
		WHERE campaign_id = ? AND ` + clause + `
		ORDER BY CASE WHEN title LIKE ? THEN 0 ELSE 1 END,
		         CASE kind WHEN 'person' THEN 0 WHEN 'unit' THEN 1 WHEN 'task' THEN 2 WHEN 'action' THEN 3 WHEN 'body' THEN 4 ELSE 5 END, id
		LIMIT 100`
	all := append(append([]any{campaignID}, args...), "%"+query+"%")
	var rows []SearchEntry
	if err := s.db.Reader().NewRaw(sql, all...).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	return rows, nil
}

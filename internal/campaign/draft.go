package campaign

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"

	"github.com/uptrace/bun"
)

// Draft is a plan that was read and is being checked, before a campaign is opened or revised from it.
type Draft struct {
	bun.BaseModel `bun:"table:drafts,alias:dr"`

	ID               int64 `bun:"id,pk,autoincrement"`
	CampaignID       int64 // the running campaign that it revises; 0 for a new one
	FileName         string
	Format           string
	SHA256           string `bun:"sha256"`
	Original         []byte
	Source           string
	FirstReading     string
	Edits            string
	Revision         int
	Drill            bool
	CreatedBy        int64
	CreatedByName    string
	CreatedAt        time.Time
	UpdatedAt        time.Time
	OpenedCampaignID int64
}

// Lines is the source text, line n at index n-1.
func (d *Draft) Lines() []string { return strings.Split(d.Source, "\n") }

// Reading is the first reading with the corrections applied.
func (d *Draft) Reading() (Reading, error) {
	var first plan.Plan
	if err := json.Unmarshal([]byte(d.FirstReading), &first); err != nil {
		return Reading{}, fmt.Errorf("draft %d: reading: %w", d.ID, err)
	}
	var edits []Edit
	if err := json.Unmarshal([]byte(d.Edits), &edits); err != nil {
		return Reading{}, fmt.Errorf("draft %d: edits: %w", d.ID, err)
	}
	return Correct(first, edits)
}

// Upload is a plan's file as it was handed in and read.
type Upload struct {
	CampaignID int64 // the running campaign that it revises; 0 for a new one
	Source     plan.Source
	Original   []byte
	Plan       *plan.Plan
	Drill      bool
}

// Hash is the SHA-256 of a file, in hex.
func Hash(original []byte) string {
	sum := sha256.Sum256(original)
	return hex.EncodeToString(sum[:])
}

// StartDraft keeps an upload for checking.
// It fails with forbidden for who may not open campaigns, or may not revise this one.
func (s *Service) StartDraft(ctx context.Context, u Upload) (int64, error) {
	first, err := json.Marshal(u.Plan)
	if err != nil {
		return 0, fmt.Errorf("plan to JSON: %w", err)
	}
	actor := kernel.ActorFrom(ctx)
	draft := Draft{
		CampaignID: u.CampaignID, FileName: u.Source.Name, Format: u.Source.Format, SHA256: Hash(u.Original), Original: u.Original,
		Source: strings.Join(u.Source.Lines, "\n"), FirstReading: string(first), Edits: "[]", Drill: u.Drill,
		CreatedBy: actor.AccountID, CreatedByName: actor.Name, CreatedAt: s.clock.Now(), UpdatedAt: s.clock.Now(),
	}
	var id int64
	err = s.db.Write(ctx, func(tx db.Tx) error {
		if err := s.mayDraft(ctx, tx, u.CampaignID); err != nil {
			return err
		}
		rows := []Draft{draft} // made anew each time: the closure may run twice
		err := db.InsertAll(ctx, tx, rows)
		id = rows[0].ID
		return err
	})
	return id, err
}

// DraftByID returns a draft to who may work on it; it fails with not_found for everybody else.
func (s *Service) DraftByID(ctx context.Context, id int64) (*Draft, error) {
	return s.draft(ctx, s.db.Reader(), id)
}

func (s *Service) draft(ctx context.Context, tx db.Tx, id int64) (*Draft, error) {
	missing := kernel.E(kernel.NotFound, "没有编号为 %d 的方案草稿", id)
	var rows []Draft
	if err := tx.NewSelect().Model(&rows).Where("id = ?", id).Scan(ctx); err != nil {
		return nil, fmt.Errorf("draft: %w", err)
	}
	if len(rows) == 0 {
		return nil, missing
	}
	d := &rows[0]
	if err := s.mayDraft(ctx, tx, d.CampaignID); err != nil {
		return nil, missing.Because(err)
	}
	return d, nil
}

// DraftRow is a draft as a list shows it.
type DraftRow struct {
	ID               int64
	CampaignID       int64
	FileName         string
	Drill            bool
	CreatedByName    string
	UpdatedAt        time.Time
	OpenedCampaignID int64
}

// Drafts lists the newest drafts that the actor may work on, at most 50.
func (s *Service) Drafts(ctx context.Context, campaignID int64) ([]DraftRow, error) {
	tx := s.db.Reader()
	if err := s.mayDraft(ctx, tx, campaignID); err != nil {
		return nil, err
	}
	var rows []DraftRow
	err := tx.NewRaw(`SELECT id, campaign_id, file_name, drill, created_by_name, updated_at, opened_campaign_id
		FROM drafts WHERE campaign_id = ? ORDER BY id DESC LIMIT 50`, campaignID).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("drafts: %w", err)
	}
	return rows, nil
}

// CorrectDraft adds one correction. revision is what the screen showed: it fails with conflict if
// somebody else corrected meanwhile, invalid if the correction does not fit; nothing is kept then.
func (s *Service) CorrectDraft(ctx context.Context, id int64, revision int, e Edit) error {
	return s.changeDraft(ctx, id, revision, func(edits []Edit) ([]Edit, error) {
		e.By = kernel.ActorFrom(ctx).Name
		return append(edits, e), nil
	})
}

// UndoDraft takes back the last correction.
func (s *Service) UndoDraft(ctx context.Context, id int64, revision int) error {
	return s.changeDraft(ctx, id, revision, func(edits []Edit) ([]Edit, error) {
		if len(edits) == 0 {
			return nil, kernel.E(kernel.Conflict, "没有可撤回的修改")
		}
		return edits[:len(edits)-1], nil
	})
}

// AcceptAll answers every finding that has no answer with 采纳.
func (s *Service) AcceptAll(ctx context.Context, id int64, revision int) error {
	d, err := s.DraftByID(ctx, id)
	if err != nil {
		return err
	}
	r, err := d.Reading()
	if err != nil {
		return err
	}
	return s.changeDraft(ctx, id, revision, func(edits []Edit) ([]Edit, error) {
		for i, f := range r.Plan.Findings {
			if r.Answers[i].Answer == "" && plan.Asks(f.Severity) {
				edits = append(edits, Edit{Op: "answer", Kind: "finding", At: []int{i},
					Fields: map[string]string{"answer": "accepted"}, By: kernel.ActorFrom(ctx).Name})
			}
		}
		return edits, nil
	})
}

func (s *Service) changeDraft(ctx context.Context, id int64, revision int, change func([]Edit) ([]Edit, error)) error {
	return s.db.Write(ctx, func(tx db.Tx) error {
		d, err := s.draft(ctx, tx, id)
		if err != nil {
			return err
		}
		if d.OpenedCampaignID != 0 {
			return kernel.E(kernel.Conflict, "行动已经启动，草稿不能再改。要改请到该行动里点“修订方案”")
		}
		if d.Revision != revision {
			return kernel.E(kernel.Conflict, "这份草稿刚被别人改过，您的这一处没有存。请刷新后再改")
		}
		r, err := d.Reading()
		if err != nil {
			return err
		}
		edits, err := change(r.Edits)
		if err != nil {
			return err
		}
		return s.storeEdits(ctx, tx, d, edits)
	})
}

func (s *Service) storeEdits(ctx context.Context, tx db.Tx, d *Draft, edits []Edit) error {
	if edits == nil {
		edits = []Edit{}
	}
	text, err := json.Marshal(edits)
	if err != nil {
		return fmt.Errorf("edits to JSON: %w", err)
	}
	d.Edits = string(text)
	if _, err := d.Reading(); err != nil { // an edit that does not fit is refused before it is kept
		return err
	}
	_, err = tx.NewRaw(`UPDATE drafts SET edits = ?, revision = revision + 1, updated_at = ? WHERE id = ? AND revision = ?`,
		d.Edits, s.clock.Now(), d.ID, d.Revision).Exec(ctx)
	if err != nil {
		return fmt.Errorf("draft %d: %w", d.ID, err)
	}
	return nil
}

// OpenDraft opens the campaign, or applies the revision, that a draft stands for, and returns the campaign's id.
func (s *Service) OpenDraft(ctx context.Context, id int64, revision int) (int64, error) {
	var campaignID int64
	err := s.db.Write(ctx, func(tx db.Tx) error {
		d, err := s.draft(ctx, tx, id)
		if err != nil {
			return err
		}
		if d.OpenedCampaignID != 0 {
			campaignID = d.OpenedCampaignID
			return nil
		}
		if d.Revision != revision {
			return kernel.E(kernel.Conflict, "这份草稿刚被别人改过。请刷新，看过改动再启动")
		}
		r, err := d.Reading()
		if err != nil {
			return err
		}
		o := Opening{Source: plan.Source{Name: d.FileName, Format: d.Format, Lines: d.Lines()}, Original: d.Original,
			SHA256: d.SHA256, Reading: r, Drill: d.Drill}
		if campaignID, err = s.openOrApply(ctx, tx, d.CampaignID, o); err != nil {
			return err
		}
		_, err = tx.NewRaw(`UPDATE drafts SET opened_campaign_id = ?, updated_at = ? WHERE id = ?`, campaignID, s.clock.Now(), id).Exec(ctx)
		return err
	})
	return campaignID, err
}

func (s *Service) openOrApply(ctx context.Context, tx db.Tx, campaignID int64, o Opening) (int64, error) {
	if campaignID != 0 {
		return campaignID, s.apply(ctx, tx, campaignID, o)
	}
	c, err := s.open(ctx, tx, o)
	return c.ID, err
}

package cases

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"

	"github.com/uptrace/bun"
)

// Import is a spreadsheet of problems that was read and checked, and waits for the office to agree.
type Import struct {
	bun.BaseModel `bun:"table:case_imports,alias:ci"`

	ID          int64 `bun:"id,pk,autoincrement"`
	CampaignID  int64
	Name        string
	CreatedBy   int64
	CreatedName string
	CreatedAt   time.Time
	Good        int
	Bad         int
	Checked     string
	AgreedAt    time.Time `bun:",nullzero"`
}

// Agreed reports whether the good rows are registered, all of them.
func (x Import) Agreed() bool { return !x.AgreedAt.IsZero() }

// Contents is what the spreadsheet turned out to hold; once agreed its good rows are cases and stand here no more.
func (x Import) Contents() (c Checked, err error) {
	if err := json.Unmarshal([]byte(x.Checked), &c); err != nil {
		return c, fmt.Errorf("import %d: %w", x.ID, err)
	}
	return c, nil
}

// importer is who may import: the office.
func importer(ctx context.Context, tx db.Tx, campaignID int64) (Viewer, error) {
	v, err := viewerOf(ctx, tx, campaignID)
	if err == nil && !v.MayImport() {
		err = kernel.E(kernel.Forbidden, "表格由办公室导入")
	}
	return v, err
}

// MayImport reports whether the viewer may register cases from a spreadsheet.
func (v Viewer) MayImport() bool { return v.Actor.System || v.Standing.InOffice() }

// Imports lists the newest imports of a campaign, without their rows. It fails with forbidden for all but the office.
func (s *Service) Imports(ctx context.Context, campaignID int64) (rows []Import, err error) {
	if _, err := importer(ctx, s.db.Reader(), campaignID); err != nil {
		return nil, err
	}
	err = s.db.Reader().NewSelect().Model(&rows).ExcludeColumn("checked").Where("campaign_id = ?", campaignID).Order("id DESC").Limit(10).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("imports of campaign %d: %w", campaignID, err)
	}
	return rows, nil
}

// ImportByID returns an import. It fails with forbidden for all but the office, not_found where the campaign has none such.
func (s *Service) ImportByID(ctx context.Context, campaignID, id int64) (Import, error) {
	if _, err := importer(ctx, s.db.Reader(), campaignID); err != nil {
		return Import{}, err
	}
	return loadImport(ctx, s.db.Reader(), campaignID, id)
}

func loadImport(ctx context.Context, tx db.Tx, campaignID, id int64) (Import, error) {
	var rows []Import
	if err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", campaignID).Where("id = ?", id).Scan(ctx); err != nil {
		return Import{}, fmt.Errorf("import %d: %w", id, err)
	}
	if len(rows) == 0 {
		return Import{}, kernel.E(kernel.NotFound, "没有这次导入")
	}
	return rows[0], nil
}

// StartImport reads and checks an .xlsx file and keeps what it holds until the office agrees; no case is written.
// categories are those of the campaign. It fails with forbidden for all but the office, invalid or too_large for a file
// that is no table of problems.
func (s *Service) StartImport(ctx context.Context, campaignID int64, name string, content []byte, categories []string) (x Import, err error) {
	if _, err = importer(ctx, s.db.Reader(), campaignID); err != nil {
		return x, err // who may not import may not make us read files either
	}
	w, err := ReadWorksheet(content)
	if err != nil {
		return x, err
	}
	now := s.clock.Now()
	c, err := CheckWorksheet(w, categories, now)
	if err != nil {
		return x, err
	}
	text, err := json.Marshal(c)
	if err != nil {
		return x, fmt.Errorf("import %s: %w", name, err)
	}
	err = s.db.Write(ctx, func(tx db.Tx) error {
		v, err := importer(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		x = Import{CampaignID: campaignID, Name: shorten(name, 100), CreatedBy: v.Actor.AccountID, CreatedName: v.Actor.Name, CreatedAt: now,
			Good: len(c.Good), Bad: c.Bad, Checked: string(text)}
		if _, err := tx.NewInsert().Model(&x).Returning("id").Exec(ctx); err != nil {
			return fmt.Errorf("keep import: %w", err)
		}
		return nil
	})
	return x, err
}

// uuidOf is the same for a row whenever it is registered: a second press finds the case that the first one made.
func (x Import) uuidOf(row int) string {
	b := sha256.Sum256(fmt.Appendf(nil, "case_imports/%d/%d/%d", x.CampaignID, x.ID, row))
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80 // RFC 9562, 5.8: a version of our own
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// AgreeImport registers the good rows of an import, once: whoever agrees again, also after a crash half way, finds what
// is registered and registers the rest. It fails with forbidden for all but the office, conflict where no row is good.
func (s *Service) AgreeImport(ctx context.Context, campaignID, id int64) error {
	x, err := s.ImportByID(ctx, campaignID, id)
	if err != nil || x.Agreed() {
		return err
	}
	c, err := x.Contents()
	if err != nil {
		return err
	}
	if len(c.Good) == 0 {
		return kernel.E(kernel.Conflict, "这个表格没有能登记的行，请改好再传")
	}
	list := make([]Registration, 0, len(c.Good))
	for _, r := range c.Good {
		list = append(list, r.registration(x.uuidOf(r.Row)))
	}
	ctx = context.WithoutCancel(ctx) // whoever agreed and closed the page wants all of it
	if err := s.RegisterAll(ctx, campaignID, list); err != nil {
		return err
	}
	c.Good = nil // the callers' numbers stand with their cases, and nowhere else
	return s.agreed(ctx, x, c)
}

// agreed notes that every good row is a case; of two who agree at once, one does.
func (s *Service) agreed(ctx context.Context, x Import, left Checked) error {
	text, err := json.Marshal(left)
	if err != nil {
		return fmt.Errorf("import %d: %w", x.ID, err)
	}
	now := s.clock.Now()
	return s.db.Write(ctx, func(tx db.Tx) error {
		res, err := tx.NewRaw("UPDATE case_imports SET agreed_at = ?, checked = ? WHERE campaign_id = ? AND id = ? AND agreed_at IS NULL",
			now, string(text), x.CampaignID, x.ID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("agree to import %d: %w", x.ID, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return ledger.Append(ctx, tx, ledger.At(now, ledger.Event{CampaignID: x.CampaignID, SubjectKind: "campaign", SubjectID: x.CampaignID,
			Verb: "cases_imported", Data: map[string]any{"name": x.Name, "cases": x.Good}})...)
	})
}

// registerPiece is how many cases are registered in one transaction: others wait for it a fraction of a second.
const registerPiece = 200

// RegisterAll registers many cases, in pieces of which each is whole. Each registration needs a UUID of its own, by which
// one that is there already is passed over. It fails as Register does; the pieces before then stand.
func (s *Service) RegisterAll(ctx context.Context, campaignID int64, list []Registration) error {
	days, err := s.calendar.Days(ctx)
	if err != nil {
		return err
	}
	for piece := range slices.Chunk(list, registerPiece) {
		if err := s.db.Write(ctx, func(tx db.Tx) error { return s.registerSome(ctx, tx, days, campaignID, piece) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) registerSome(ctx context.Context, tx db.Tx, days *calendar.Days, campaignID int64, piece []Registration) error {
	v, err := viewerOf(ctx, tx, campaignID)
	if err != nil {
		return err
	}
	round := make([]applicant, len(piece))
	for i, r := range piece {
		c, err := r.check(campaignID)
		if err != nil {
			return err
		}
		round[i] = applicant{v: v, draft: c, r: r}
	}
	_, err = s.enrol(ctx, tx, days, round)
	return err
}

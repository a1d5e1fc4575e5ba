package evidence

import (
	"context"
	"fmt"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
)

// Attach makes a received file evidence for a subject, within the caller's transaction. The caller writes the
// ledger's event, with EventData. Handing in the same client UUID again returns the first row and changes nothing;
// it fails with conflict if the UUID was used for other content.
func (s *Service) Attach(ctx context.Context, tx db.Tx, in Incoming, to Subject) (File, error) {
	first, found, err := one(ctx, tx, in.CampaignID, "client_uuid", in.ClientUUID)
	if err != nil {
		return File{}, err
	}
	if found {
		if first.SHA256 != in.SHA256 {
			return File{}, kernel.E(kernel.Conflict, "“%s”的上传编号已经用在另一个文件上，请重新选择文件再上传", in.Name).On("files")
		}
		return first, consume(ctx, tx, in)
	}
	if err := consume(ctx, tx, in); err != nil {
		return File{}, err
	}
	f := in.File
	f.SubjectKind, f.SubjectID, f.Purpose, f.Round = to.Kind, to.ID, to.Purpose, to.Round
	f.CreatedAt = s.clock.Now()
	f.SizesAt = f.CreatedAt
	if _, err := tx.NewInsert().Model(&f).Returning("id").Exec(ctx); err != nil {
		return File{}, fmt.Errorf("attach %s: %w", f.SHA256, err)
	}
	return f, storeImprint(ctx, tx, f, in.imprint)
}

// lookRow and markRow are a photo's imprint in the database.
type lookRow struct {
	bun.BaseModel `bun:"table:evidence_looks"`

	CampaignID int64
	EvidenceID int64
	Look       []byte
	Asks       []byte
}

type markRow struct {
	bun.BaseModel `bun:"table:evidence_marks"`

	CampaignID int64
	Word       int64
	EvidenceID int64
	Spot       int64
}

func storeImprint(ctx context.Context, tx db.Tx, f File, p imprint) error {
	if p.look.empty() {
		return nil
	}
	look := lookRow{CampaignID: f.CampaignID, EvidenceID: f.ID, Look: p.look.bytes(), Asks: packMarks(p.marks)}
	if _, err := tx.NewInsert().Model(&look).Exec(ctx); err != nil {
		return fmt.Errorf("look of %d: %w", f.ID, err)
	}
	rows := make([]markRow, 0, len(p.stored))
	for _, m := range p.stored {
		word := int64(m.word) //nolint:gosec // wordBits are fewer than 63
		rows = append(rows, markRow{CampaignID: f.CampaignID, Word: word, EvidenceID: f.ID, Spot: m.spot.pack()})
	}
	if len(rows) == 0 {
		return nil
	}
	if _, err := tx.NewInsert().Model(&rows).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("marks of %d: %w", f.ID, err)
	}
	return nil
}

package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Proof shows that a record stands in the ledger, to anybody who has the public key, without the rest of it.
type Proof struct {
	Record     Record           `json:"record"`
	Path       tlog.RecordProof `json:"path"`
	Checkpoint string           `json:"checkpoint"`
}

// Prove makes the proof for one event against the newest checkpoint.
// It fails with not_found for an unknown event, with conflict for one that is not sealed yet.
func (l *Ledger) Prove(ctx context.Context, campaignID, eventID int64) (Proof, error) {
	var p Proof
	err := l.db.Snapshot(ctx, func(tx db.Tx) error {
		err := tx.NewRaw("select "+recordColumns+" from events where campaign_id = ? and id = ?", campaignID, eventID).
			Scan(ctx, &p.Record)
		if errors.Is(err, sql.ErrNoRows) {
			return kernel.E(kernel.NotFound, "没有编号为 %d 的流水记录", eventID)
		}
		if err != nil {
			return err
		}
		if p.Record.Seq == nil {
			return kernel.E(kernel.Conflict, "这条记录还没有封存，请过几秒再试")
		}
		return p.complete(ctx, tx)
	})
	return p, err
}

func (p *Proof) complete(ctx context.Context, tx db.Tx) error {
	var newest checkpointRow
	err := tx.NewRaw("select campaign_id, size, at, note from ledger_checkpoints where campaign_id = ? order by size desc limit 1",
		p.Record.CampaignID).Scan(ctx, &newest)
	if err != nil {
		return fmt.Errorf("newest checkpoint: %w", err)
	}
	p.Checkpoint = newest.Note
	t := openTree(ctx, tx, p.Record.CampaignID, newest.Size)
	p.Path, err = tlog.ProveRecord(newest.Size, *p.Record.Seq, t)
	return err
}

// Check verifies the proof by the public key alone; nil means that the record stands in the ledger as shown.
func (p *Proof) Check(verifier note.Verifier) error {
	c, err := OpenCheckpoint(p.Checkpoint, verifier)
	if err != nil {
		return err
	}
	if p.Record.Seq == nil || c.CampaignID != p.Record.CampaignID {
		return errors.New("proof: the record is not sealed, or of another campaign than the checkpoint")
	}
	seq := *p.Record.Seq
	return tlog.CheckRecord(p.Path, c.Size, c.Root, seq, p.Record.leafHash(seq))
}

package campaign

import (
	"context"
	"fmt"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
)

// AnswerFinding records what the office says of a finding of the check-up in a running campaign.
// It fails with forbidden for who may not revise the plan, invalid for an answer that is none.
func (s *Service) AnswerFinding(ctx context.Context, campaignID, id int64, answer string) error {
	if answer != "accepted" && answer != "kept" {
		return kernel.E(kernel.Invalid, "请选“采纳”或“保留原文”").On("answer")
	}
	return s.db.Write(ctx, func(tx db.Tx) error {
		v, err := s.see(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		if !v.MayRevise() {
			return kernel.E(kernel.Forbidden, "方案体检由领导小组办公室答复")
		}
		var rows []Finding
		if err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", campaignID).Where("id = ?", id).Scan(ctx); err != nil {
			return fmt.Errorf("finding %d: %w", id, err)
		}
		if len(rows) == 0 {
			return kernel.E(kernel.NotFound, "没有编号为 %d 的体检发现", id)
		}
		if rows[0].Answer == answer {
			return nil
		}
		if _, err := tx.NewRaw(`UPDATE findings SET answer = ? WHERE campaign_id = ? AND id = ?`, answer, campaignID, id).Exec(ctx); err != nil {
			return fmt.Errorf("finding %d: %w", id, err)
		}
		return ledger.Append(ctx, tx, ledger.Event{At: s.clock.Now(), CampaignID: campaignID, SubjectKind: "campaign", SubjectID: campaignID,
			Verb: "finding_answered", Data: map[string]any{"finding": rows[0].Message, "answer": answer, "before": rows[0].Answer}})
	})
}

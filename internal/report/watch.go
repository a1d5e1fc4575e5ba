package report

import (
	"context"
	"fmt"

	"pinzhi/internal/calendar"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
)

// watch tells in a filing's timeline what its dues do.
func (s *Service) watch() calendar.Watcher { return calendar.Watcher{Passed: s.passed, Moved: s.moved} }

func (s *Service) moved(ctx context.Context, tx db.Tx, list []calendar.Shift) error {
	for _, x := range list {
		if x.Step == OweFiling {
			if err := moveFiling.Exec(ctx, tx, x.DueAt, x.AmberAt, x.CampaignID, x.SubjectID); err != nil {
				return fmt.Errorf("move filing %d: %w", x.SubjectID, err)
			}
		}
		if err := s.tell(ctx, tx, x.Due, "due_moved", map[string]any{"before": calendar.Moment(x.Before), "after": calendar.Moment(x.DueAt)}); err != nil {
			return err
		}
	}
	return nil
}

var moveFiling = db.Prepare("UPDATE filings SET due_at = ?, amber_at = ?, revision = revision + 1 WHERE campaign_id = ? AND id = ?")

func (s *Service) passed(ctx context.Context, tx db.Tx, d calendar.Due, m calendar.Mark) error {
	verb := "reminded"
	if m.Escalates() {
		verb = "overdue"
	}
	data := map[string]any{"mark": m.String(), "due": calendar.Moment(d.DueAt)}
	if m.Escalates() {
		data["level"] = int(m-calendar.ToUnitHead) + 1
	}
	return s.tell(ctx, tx, d, verb, data)
}

func (s *Service) tell(ctx context.Context, tx db.Tx, d calendar.Due, verb string, data map[string]any) error {
	return ledger.Append(ctx, tx, ledger.Event{CampaignID: d.CampaignID, At: s.clock.Now(), Actor: kernel.TheSystem, SubjectKind: Kind, SubjectID: d.SubjectID, Verb: verb, Data: data})
}

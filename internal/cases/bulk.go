package cases

import (
	"context"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
)

// mostAtOnce bounds what one transaction hands out.
const mostAtOnce = 100

// DispatchAll hands several cases to one unit, all or none. An error names the case that it concerns.
func (s *Service) DispatchAll(ctx context.Context, campaignID int64, ids []int64, a Act) error {
	switch {
	case len(ids) == 0:
		return kernel.E(kernel.Invalid, "请先勾选要派遣的案件").On("case")
	case len(ids) > mostAtOnce:
		return kernel.E(kernel.TooLarge, "一次最多派遣 %d 件，现在勾了 %d 件", mostAtOnce, len(ids)).On("case")
	}
	days, err := s.calendar.Days(ctx)
	if err != nil {
		return err
	}
	a.Verb, a.Revision = Dispatch, -1
	if a.body, err = s.passage(ctx, campaignID, a); err != nil {
		return err
	}
	var done []Case
	err = s.db.Write(ctx, func(tx db.Tx) error {
		done = nil
		for _, id := range ids {
			c, err := s.take(ctx, tx, days, campaignID, id, a)
			if kernel.CodeOf(err) == kernel.Conflict {
				return kernel.E(kernel.Conflict, "案件 %s：%s。一件也没有派", c.Number(), kernel.MessageOf(err)).On("case").Because(err)
			}
			if err != nil {
				return err
			}
			done = append(done, c)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, c := range done {
		s.learnt(ctx, c)
	}
	return nil
}

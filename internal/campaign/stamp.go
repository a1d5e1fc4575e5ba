package campaign

import (
	"context"
	"fmt"
	"math/rand/v2"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/roster"
)

// The stamp of a campaign is a random number that changes with who is who in it, with its plan and with its rules.
// What was read under a stamp is the same wherever the stamp is read again, in any transaction and on any instance:
// so it is read once, and every step asks for the stamp alone. A number is never used twice, so what was read in a
// transaction that was then not committed is never taken for what stands.

func newStamp() int64 { return rand.Int64() } //nolint:gosec // to tell apart, not to keep secret

var (
	stampOf = db.Prepare("SELECT stamp FROM campaigns WHERE id = ?")
	restamp = db.Prepare("UPDATE campaigns SET stamp = ? WHERE id = ?")
)

// StampOf is the campaign's stamp; 0 where there is no such campaign.
func StampOf(ctx context.Context, tx db.Tx, campaignID int64) (stamp int64, err error) {
	if _, err = stampOf.One(ctx, tx, []any{campaignID}, &stamp); err != nil {
		return 0, fmt.Errorf("campaign %d: %w", campaignID, err)
	}
	return stamp, nil
}

// Restamp gives the campaign another stamp. Whoever changes its roster, its plan or its rules does so in the same
// transaction.
func Restamp(ctx context.Context, tx db.Tx, campaignID int64) error {
	if err := restamp.Exec(ctx, tx, newStamp(), campaignID); err != nil {
		return fmt.Errorf("campaign %d: %w", campaignID, err)
	}
	return nil
}

var errNoCampaign = kernel.E(kernel.NotFound, "没有这项行动")

// stamped are campaigns as they stand under a stamp; whatever changes one changes its plan.
var stamped = kernel.Keep[heldRow, Campaign](1000)

type heldRow struct{ stamp, campaign int64 }

// underStamp is the campaign whose stamp was just read.
func underStamp(ctx context.Context, tx db.Tx, campaignID, stamp int64) (Campaign, error) {
	return stamped.Get(heldRow{stamp, campaignID}, func() (Campaign, error) {
		list, err := campaignByID.All(ctx, tx, campaignID)
		if err == nil && len(list) == 0 {
			err = errNoCampaign
		}
		if err != nil {
			return Campaign{}, err
		}
		return list[0], nil
	})
}

// held is somebody's standing under a stamp.
type held struct{ stamp, campaign, person int64 }

// standings are kept for all databases of the process: a stamp is of one campaign only.
var standings = kernel.Keep[held, roster.Standing](20_000)

// StandingOf is what the actor is in a campaign whose stamp was just read.
func StandingOf(ctx context.Context, tx db.Tx, campaignID, stamp int64, actor kernel.Actor) (roster.Standing, error) {
	return standings.Get(held{stamp, campaignID, actor.PersonID}, func() (roster.Standing, error) {
		return roster.StandingOf(ctx, tx, campaignID, actor)
	})
}

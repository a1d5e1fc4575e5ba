package ledger

import (
	"context"
	"fmt"
	"slices"

	"pinzhi/internal/db"

	"golang.org/x/mod/sumdb/tlog"
)

// What a finding is about.
const (
	Changed  = "changed"  // the row is not what was sealed
	Dropped  = "dropped"  // the row is gone
	Inserted = "inserted" // the row has a place that the tree does not know
	TreeHash = "tree"     // a stored hash of the tree is changed, missing or too many
	Forged   = "forged"   // a checkpoint does not fit the tree, or its signature does not fit the key
	Cut      = "cut"      // the ledger is shorter than a checkpoint that was kept outside
)

// Finding is one trace of tampering.
type Finding struct {
	What    string `json:"what"`
	EventID int64  `json:"event_id"` // 0 where no row stands for it
	Seq     int64  `json:"seq"`      // the place in the tree; for checkpoints their size
	Message string `json:"message"`
}

// Report is the result of Verify.
type Report struct {
	Campaigns []CampaignReport `json:"campaigns"`
}

// CampaignReport is the state of one campaign's ledger.
type CampaignReport struct {
	CampaignID  int64     `json:"campaign_id"`
	Size        int64     `json:"size"`     // sealed events, by the newest checkpoint
	Unsealed    int64     `json:"unsealed"` // events not sealed yet: not protected, so not verified
	Checkpoints int64     `json:"checkpoints"`
	Findings    []Finding `json:"findings"`
	More        int64     `json:"more"` // findings beyond those listed
}

// Sound reports whether nothing was found.
func (r Report) Sound() bool {
	return !slices.ContainsFunc(r.Campaigns, func(c CampaignReport) bool { return len(c.Findings) > 0 })
}

// maxFindings bounds what is listed of one campaign: a rewritten ledger has as many as it has rows.
const maxFindings = 200

// Verify recomputes every ledger from its rows and compares it with the tree, the checkpoints, this machine's
// witness and the signed checkpoints given in kept. It reads one page at a time, in one view of the database,
// so it may run beside everything else. An error means that verifying itself failed.
func (l *Ledger) Verify(ctx context.Context, kept ...string) (Report, error) {
	outside, err := l.outside(kept)
	if err != nil {
		return Report{}, err
	}
	var report Report
	err = l.db.Snapshot(ctx, func(tx db.Tx) error {
		campaigns, err := ledgers(ctx, tx, outside)
		if err != nil {
			return err
		}
		for _, id := range campaigns {
			a := newAudit(ctx, tx, l.key.verifier, id, outside[id])
			if err := a.run(); err != nil {
				return fmt.Errorf("verify campaign %d: %w", id, err)
			}
			report.Campaigns = append(report.Campaigns, a.report)
		}
		return nil
	})
	return report, err
}

// outside gathers by campaign the checkpoints kept outside the database.
func (l *Ledger) outside(kept []string) (map[int64][]string, error) {
	all := map[int64][]string{}
	for _, signed := range kept {
		c, err := OpenCheckpoint(signed, l.key.verifier)
		if err != nil {
			return nil, err
		}
		all[c.CampaignID] = append(all[c.CampaignID], signed)
	}
	seen, err := l.witness.campaigns()
	if err != nil {
		return nil, err
	}
	for _, id := range seen {
		signed, err := l.witness.newest(id)
		if err != nil {
			return nil, err
		}
		all[id] = append(all[id], signed)
	}
	return all, nil
}

// ledgers lists the campaigns of which anything at all is left.
func ledgers(ctx context.Context, tx db.Tx, outside map[int64][]string) ([]int64, error) {
	var ids []int64
	err := tx.NewRaw(`select campaign_id from events union select campaign_id from ledger_checkpoints
		union select campaign_id from ledger_hashes`).Scan(ctx, &ids)
	for id := range outside {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids), err
}

// frontier is a Merkle tree under construction of which only the complete subtrees' roots are kept.
type frontier struct {
	size  int64
	roots []tlog.Hash // from the largest subtree, at the left, to the smallest
}

// push adds a leaf and returns the hashes it completed, the leaf's own first: those that tlog stores for it.
func (f *frontier) push(leaf tlog.Hash) []tlog.Hash {
	completed := []tlog.Hash{leaf}
	h := leaf
	for n := f.size; n&1 == 1; n >>= 1 {
		last := len(f.roots) - 1
		h = tlog.NodeHash(f.roots[last], h)
		f.roots = f.roots[:last]
		completed = append(completed, h)
	}
	f.roots = append(f.roots, h)
	f.size++
	return completed
}

// root is the hash of the whole tree. It must not be empty.
func (f *frontier) root() tlog.Hash {
	h := f.roots[len(f.roots)-1]
	for i := len(f.roots) - 2; i >= 0; i-- {
		h = tlog.NodeHash(f.roots[i], h)
	}
	return h
}

package ledger

import (
	"context"
	"fmt"
	"slices"

	"pinzhi/internal/db"

	"github.com/uptrace/bun"
	"golang.org/x/mod/sumdb/tlog"
)

// storedHash is one hash of a campaign's tree, at tlog's storage index.
type storedHash struct {
	bun.BaseModel `bun:"table:ledger_hashes"`

	CampaignID int64 `bun:"campaign_id,pk"`
	Position   int64 `bun:"position,pk"`
	Hash       []byte
}

// tree reads a campaign's stored hashes, with those added in this transaction on top.
type tree struct {
	ctx        context.Context //nolint:containedctx // tlog.HashReader takes none
	tx         db.Tx
	campaignID int64
	size       int64
	added      map[int64]tlog.Hash
	rows       []storedHash
}

func openTree(ctx context.Context, tx db.Tx, campaignID, size int64) *tree {
	return &tree{ctx: ctx, tx: tx, campaignID: campaignID, size: size, added: map[int64]tlog.Hash{}}
}

// ReadHashes implements tlog.HashReader.
func (t *tree) ReadHashes(positions []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(positions))
	var missing []int64
	for i, p := range positions {
		h, ok := t.added[p]
		if !ok {
			missing = append(missing, p)
		}
		found[i] = h
	}
	if len(missing) == 0 {
		return found, nil
	}
	stored, err := t.stored(missing)
	if err != nil {
		return nil, err
	}
	for i, p := range positions {
		if h, ok := stored[p]; ok {
			found[i] = h
		} else if slices.Contains(missing, p) {
			return nil, fmt.Errorf("ledger of campaign %d: the hash at %d is missing", t.campaignID, p)
		}
	}
	return found, nil
}

func (t *tree) stored(positions []int64) (map[int64]tlog.Hash, error) {
	var rows []storedHash
	err := t.tx.NewRaw("select campaign_id, position, hash from ledger_hashes where campaign_id = ? and position in (?)",
		t.campaignID, bun.List(positions)).Scan(t.ctx, &rows)
	if err != nil {
		return nil, err
	}
	found := make(map[int64]tlog.Hash, len(rows))
	for _, r := range rows {
		if len(r.Hash) == tlog.HashSize {
			found[r.Position] = tlog.Hash(r.Hash)
		}
	}
	return found, nil
}

// add puts a leaf at the end.
func (t *tree) add(leaf tlog.Hash) error {
	hashes, err := tlog.StoredHashesForRecordHash(t.size, leaf, t)
	if err != nil {
		return err
	}
	position := tlog.StoredHashIndex(0, t.size)
	for i, h := range hashes {
		p := position + int64(i)
		t.added[p] = h
		t.rows = append(t.rows, storedHash{CampaignID: t.campaignID, Position: p, Hash: h[:]})
	}
	t.size++
	return nil
}

// save stores what was added.
func (t *tree) save() error {
	return db.InsertMany(t.ctx, t.tx, t.rows, "")
}

// root is the hash of the tree at the given size.
func (t *tree) root(size int64) (tlog.Hash, error) { return tlog.TreeHash(size, t) }

package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
	"golang.org/x/mod/sumdb/note"
)

// Ledger seals, verifies and proves. Appending and reading need none: they are functions.
type Ledger struct {
	db      *db.DB
	clock   kernel.Clock
	key     key
	witness witness
	nudge   chan struct{}
}

// Open loads the signing key, making one in dir on the first start, and checks that it is the key this
// database's checkpoints are signed with: it fails with conflict if not.
func Open(ctx context.Context, d *db.DB, dir string, clock kernel.Clock) (*Ledger, error) {
	known, err := knownKey(ctx, d.Reader())
	if err != nil {
		return nil, err
	}
	k, err := loadKey(dir, known == "")
	if err != nil {
		return nil, err
	}
	l := &Ledger{
		db: d, clock: clock, key: k, nudge: make(chan struct{}, 1), witness: witness{filepath.Join(dir, "checkpoints")},
	}
	if known == "" {
		if known, err = l.claimKey(ctx); err != nil {
			return nil, err
		}
	}
	if known != k.public {
		return nil, errOtherKey
	}
	return l, nil
}

const keySetting = "ledger_public_key"

// errOtherKey: two instances with different keys would each find the other's checkpoints forged.
var errOtherKey = kernel.E(kernel.Conflict, "流水密钥与数据库不符：这个数据库用的是另一把。"+
	"请把原来的 %s 放回数据目录，或设好环境变量 %s", keyFile, keyEnv)

// knownKey is the public key that the database's checkpoints are signed with, "" before the first start.
func knownKey(ctx context.Context, tx db.Tx) (string, error) {
	var known string
	err := tx.NewRaw("select value from settings where name = ?", keySetting).Scan(ctx, &known)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return known, err
}

// claimKey remembers the public key with the database, unless another instance just did, and returns what is there.
func (l *Ledger) claimKey(ctx context.Context) (known string, err error) {
	err = l.db.Write(ctx, func(tx db.Tx) error {
		_, err := tx.NewRaw("insert into settings (name, value) values (?, ?) on conflict (name) do nothing",
			keySetting, l.key.public).Exec(ctx)
		if err != nil {
			return err
		}
		known, err = knownKey(ctx, tx)
		return err
	})
	return known, err
}

// PublicKey is the key by which anybody can check checkpoints and proofs.
func (l *Ledger) PublicKey() string { return l.key.public }

// Verifier checks signatures of this ledger.
func (l *Ledger) Verifier() note.Verifier { return l.key.verifier }

// Nudge asks Run to seal now instead of at the next second.
func (l *Ledger) Nudge() {
	select {
	case l.nudge <- struct{}{}:
	default: // it is already asked
	}
}

// Run seals every second, and when nudged, until ctx ends. A failure is logged and tried again.
func (l *Ledger) Run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-l.nudge:
		}
		if _, err := l.SealNow(ctx); err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "seal the ledger", "error", err)
		}
	}
}

// SealNow seals whatever is not sealed and reports how many events that were.
// It fails with conflict on a ledger that was cut: sealing on would cover the traces.
func (l *Ledger) SealNow(ctx context.Context) (int, error) {
	var campaigns []int64
	err := l.db.Reader().NewRaw("select distinct campaign_id from events where seq is null order by campaign_id").
		Scan(ctx, &campaigns)
	if err != nil {
		return 0, err
	}
	total := 0
	var failed error // of one campaign; the others go on
	for _, id := range campaigns {
		n, err := l.sealCampaign(ctx, id)
		total += n
		failed = errors.Join(failed, err)
	}
	return total, failed
}

// sealBatch bounds one transaction to a few milliseconds, for others wait behind it.
const sealBatch = 200

func (l *Ledger) sealCampaign(ctx context.Context, campaignID int64) (int, error) {
	total := 0
	for {
		b := &batch{Ledger: l, campaignID: campaignID}
		if err := l.db.Write(ctx, func(tx db.Tx) error { return b.seal(ctx, tx) }); err != nil {
			return total, fmt.Errorf("seal campaign %d: %w", campaignID, err)
		}
		if b.signed == "" {
			return total, nil
		}
		total += b.sealed
		if err := l.witness.keep(campaignID, b.signed); err != nil {
			return total, err
		}
		if b.sealed < sealBatch {
			return total, nil
		}
	}
}

var (
	unsealed   = db.Prepare("select " + recordColumns + " from events where campaign_id = ? and seq is null order by id limit ?")
	placeEvent = db.Prepare("update events set seq = ?, leaf = ? where campaign_id = ? and id = ?")
)

// batch is the sealing of some events in one transaction.
type batch struct {
	*Ledger

	campaignID int64
	sealed     int
	signed     string // the new checkpoint, "" if there was nothing to do
}

// sealedRow is the part of an event that sealing adds.
type sealedRow struct {
	bun.BaseModel `bun:"table:events,alias:e"`

	CampaignID int64 `bun:"campaign_id,pk"`
	ID         int64 `bun:"id,pk"`
	Seq        int64
	Leaf       []byte
}

// seal gives the events their places. It takes whatever can be seen without a place, not what follows the last
// ID: on PostgreSQL an event may become visible after others with greater IDs.
func (b *batch) seal(ctx context.Context, tx db.Tx) error {
	b.sealed, b.signed = 0, ""
	if mine, err := lockSealing(ctx, tx); err != nil || !mine {
		return err
	}
	var waiting []Record
	err := unsealed.Scan(ctx, tx, &waiting, b.campaignID, sealBatch)
	if err != nil || len(waiting) == 0 {
		return err
	}
	size, err := treeSize(ctx, tx, b.campaignID)
	if err != nil {
		return err
	}
	t := openTree(ctx, tx, b.campaignID, size)
	if err := b.checkWitness(t); err != nil {
		return err
	}
	if err := b.place(ctx, t, waiting); err != nil {
		return err
	}
	return b.sign(ctx, t)
}

// lockSealing lets one instance seal at a time. Another one sealing is as good as doing it.
func lockSealing(ctx context.Context, tx db.Tx) (mine bool, err error) {
	if db.KindOf(tx) == db.SQLite {
		return true, nil
	}
	const sealing = 0x70696e7a6869 // "pinzhi"
	err = tx.NewRaw("select pg_try_advisory_xact_lock(?)", int64(sealing)).Scan(ctx, &mine)
	return mine, err
}

// treeSize is the size in the newest checkpoint, 0 before the first.
func treeSize(ctx context.Context, tx db.Tx, campaignID int64) (size int64, err error) {
	err = tx.NewRaw("select coalesce(max(size), 0) from ledger_checkpoints where campaign_id = ?", campaignID).
		Scan(ctx, &size)
	return size, err
}

// checkWitness makes sure that the tree still contains what this machine saw last.
func (b *batch) checkWitness(t *tree) error {
	signed, err := b.witness.newest(b.campaignID)
	if err != nil || signed == "" {
		return err
	}
	cut := kernel.E(kernel.Conflict, "行动 %d 的流水与本机留存的检查点不符，可能被截短或改写；"+
		"已停止封存，请运行 pinzhi ledger verify", b.campaignID)
	seen, err := OpenCheckpoint(signed, b.key.verifier)
	if err != nil {
		return cut.Because(err)
	}
	if seen.Size > t.size {
		return cut.Because(fmt.Errorf("size is %d, seen was %d", t.size, seen.Size))
	}
	root, err := t.root(seen.Size)
	if err != nil {
		return cut.Because(err)
	}
	if root != seen.Root {
		return cut.Because(fmt.Errorf("the root at size %d is another", seen.Size))
	}
	return nil
}

// place gives each record the next place, and stores the places and the tree.
func (b *batch) place(ctx context.Context, t *tree, waiting []Record) error {
	rows := make([]sealedRow, len(waiting))
	for i, r := range waiting {
		seq := t.size
		leaf := r.leafHash(seq)
		if err := t.add(leaf); err != nil {
			return err
		}
		rows[i] = sealedRow{CampaignID: r.CampaignID, ID: r.ID, Seq: seq, Leaf: leaf[:]}
	}
	if err := placeAll(ctx, t.tx, rows); err != nil {
		return err
	}
	b.sealed = len(rows)
	return t.save()
}

// placeAll writes the places: on PostgreSQL at once, since each would be a way there and back.
func placeAll(ctx context.Context, tx db.Tx, rows []sealedRow) error {
	if db.KindOf(tx) == db.Postgres {
		_, err := tx.NewUpdate().Model(&rows).Column("seq", "leaf").Bulk().Exec(ctx)
		return err
	}
	for _, r := range rows {
		if err := placeEvent.Exec(ctx, tx, r.Seq, r.Leaf, r.CampaignID, r.ID); err != nil {
			return err
		}
	}
	return nil
}

// sign states the tree's new size and root.
func (b *batch) sign(ctx context.Context, t *tree) error {
	root, err := t.root(t.size)
	if err != nil {
		return err
	}
	b.signed, err = Checkpoint{b.campaignID, t.size, root}.sign(b.key)
	if err != nil {
		return err
	}
	row := checkpointRow{CampaignID: b.campaignID, Size: t.size, At: b.clock.Now(), Note: b.signed}
	_, err = t.tx.NewInsert().Model(&row).Exec(ctx)
	return err
}

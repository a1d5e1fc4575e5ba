package ledger

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"pinzhi/internal/db"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// audit recomputes one campaign's ledger in one pass over three ordered streams: events by place, stored hashes
// by position, checkpoints by size.
type audit struct {
	report      CampaignReport
	events      pages[Record]
	hashes      pages[storedHash]
	checkpoints pages[checkpointRow]
	outside     []Checkpoint // kept outside, by size
	verifier    note.Verifier
	tree        frontier
	sound       int64 // the size of the last checkpoint that fitted
	broken      bool  // a checkpoint did not fit: no later one can
	counts      func() error
}

const auditPage = 1000

func newAudit(ctx context.Context, tx db.Tx, verifier note.Verifier, campaignID int64, outside []string) *audit {
	a := &audit{report: CampaignReport{CampaignID: campaignID}, verifier: verifier}
	a.events.fetch = func(after int64) (rows []Record, err error) {
		err = tx.NewRaw("select "+recordColumns+" from events where campaign_id = ? and seq > ? order by seq, id limit ?",
			campaignID, after, auditPage).Scan(ctx, &rows)
		return rows, err
	}
	a.events.key = func(r Record) int64 { return *r.Seq }
	a.hashes.fetch = func(after int64) (rows []storedHash, err error) {
		err = tx.NewRaw(`select campaign_id, position, hash from ledger_hashes
			where campaign_id = ? and position > ? order by position limit ?`, campaignID, after, auditPage).Scan(ctx, &rows)
		return rows, err
	}
	a.hashes.key = func(h storedHash) int64 { return h.Position }
	a.checkpoints.fetch = func(after int64) (rows []checkpointRow, err error) {
		err = tx.NewRaw("select campaign_id, size, at, note from ledger_checkpoints where campaign_id = ? and size > ? order by size limit ?",
			campaignID, after, auditPage).Scan(ctx, &rows)
		return rows, err
	}
	a.checkpoints.key = func(c checkpointRow) int64 { return c.Size }
	a.counts = func() error { return a.count(ctx, tx) }
	a.openOutside(outside)
	return a
}

func (a *audit) openOutside(signed []string) {
	for _, s := range signed {
		c, err := OpenCheckpoint(s, a.verifier)
		if err != nil || c.CampaignID != a.report.CampaignID {
			a.foundf(Forged, 0, 0, "数据目录里留存的检查点签名不对或内容不符")
			continue
		}
		a.outside = append(a.outside, c)
	}
	slices.SortFunc(a.outside, func(x, y Checkpoint) int { return cmp.Compare(x.Size, y.Size) })
}

func (a *audit) count(ctx context.Context, tx db.Tx) error {
	size, err := treeSize(ctx, tx, a.report.CampaignID)
	if err != nil {
		return err
	}
	a.report.Size = size
	err = tx.NewRaw("select count(*) from events where campaign_id = ? and seq is null", a.report.CampaignID).
		Scan(ctx, &a.report.Unsealed)
	if err != nil {
		return err
	}
	return tx.NewRaw("select count(*) from ledger_checkpoints where campaign_id = ?", a.report.CampaignID).
		Scan(ctx, &a.report.Checkpoints)
}

func (a *audit) run() error {
	if err := a.counts(); err != nil {
		return err
	}
	for seq := range a.report.Size {
		if err := a.leaf(seq); err != nil {
			return err
		}
		if err := a.signed(seq + 1); err != nil {
			return err
		}
	}
	return a.rest()
}

// leaf compares the event at place seq with the tree, and the tree with itself.
func (a *audit) leaf(seq int64) error {
	position := tlog.StoredHashIndex(0, seq)
	stored, err := a.stored(position)
	if err != nil {
		return err
	}
	computed, err := a.event(seq, stored)
	if err != nil {
		return err
	}
	leaf := computed
	if stored != nil { // the tree is checked against itself; the event was checked against its leaf
		leaf = *stored
	}
	for i, h := range a.tree.push(leaf)[1:] {
		p := position + 1 + int64(i)
		upper, err := a.stored(p)
		if err != nil {
			return err
		}
		if upper != nil && *upper != h {
			a.foundf(TreeHash, 0, seq, "存档树位置 %d 的散列被改过（在第 %d 条处）", p, seq)
		}
	}
	return nil
}

// stored is the hash at position, nil after reporting that it is missing.
func (a *audit) stored(position int64) (*tlog.Hash, error) {
	row, err := a.hashes.head()
	if err != nil {
		return nil, err
	}
	if row == nil || row.Position != position {
		a.foundf(TreeHash, 0, a.tree.size, "存档树位置 %d 的散列不见了", position)
		return nil, nil //nolint:nilnil // missing is reported, and the audit goes on
	}
	a.hashes.drop()
	if len(row.Hash) != tlog.HashSize {
		a.foundf(TreeHash, 0, a.tree.size, "存档树位置 %d 的散列长度不对", position)
		return nil, nil //nolint:nilnil // as above
	}
	h := tlog.Hash(row.Hash)
	return &h, nil
}

// event compares the event at place seq with its stored leaf and returns the leaf computed from its fields.
func (a *audit) event(seq int64, stored *tlog.Hash) (tlog.Hash, error) {
	r, err := a.events.head()
	if err != nil {
		return tlog.Hash{}, err
	}
	if r == nil || *r.Seq > seq {
		a.foundf(Dropped, 0, seq, "第 %d 条不见了：这一行被删掉，或序号被改走", seq)
		return tlog.Hash{}, nil
	}
	a.events.drop()
	if *r.Seq < seq { // the index that forbids it was dropped
		a.foundf(Inserted, r.ID, *r.Seq, "编号 %d 的记录冒用了序号 %d", r.ID, *r.Seq)
		return a.event(seq, stored)
	}
	computed := r.leafHash(seq)
	if stored != nil && computed != *stored || !bytes.Equal(r.Leaf, computed[:]) {
		a.foundf(Changed, r.ID, seq, "第 %d 条（编号 %d，%s %s，%s）与封存时不同",
			seq, r.ID, r.SubjectKind, r.Verb, r.At.Format("2006-01-02 15:04:05Z"))
	}
	return computed, nil
}

// signed compares the tree, which has just reached size, with the checkpoints of that size.
func (a *audit) signed(size int64) error {
	for len(a.outside) > 0 && a.outside[0].Size == size {
		a.compare(a.outside[0], "数据库外留存的检查点")
		a.outside = a.outside[1:]
	}
	row, err := a.checkpoints.head()
	if err != nil || row == nil || row.Size != size {
		return err
	}
	a.checkpoints.drop()
	if c, err := OpenCheckpoint(row.Note, a.verifier); err == nil && c.Size == row.Size && c.CampaignID == row.CampaignID {
		a.compare(c, "检查点")
	} else {
		a.foundf(Forged, 0, size, "%d 条处的检查点签名不对，或内容与所在行不符", size)
	}
	return nil
}

func (a *audit) compare(c Checkpoint, name string) {
	if a.broken {
		return // the tree is wrong since then, which is already said
	}
	if c.Root == a.tree.root() {
		a.sound = c.Size
		return
	}
	a.broken = true
	a.foundf(Forged, 0, c.Size, "%s在 %d 条处的树根与现在的不同：第 %d 至 %d 条之间有记录连同散列一起被改写",
		name, c.Size, a.sound, c.Size-1)
}

// rest reports what lies beyond the newest checkpoint.
func (a *audit) rest() error {
	for {
		r, err := a.events.head()
		if err != nil {
			return err
		}
		if r == nil {
			break
		}
		a.events.drop()
		a.foundf(Inserted, r.ID, *r.Seq, "编号 %d 的记录序号是 %d，检查点只到 %d 条：是插入的，或检查点被删了",
			r.ID, *r.Seq, a.report.Size)
	}
	extra, err := a.hashes.head()
	if err != nil {
		return err
	}
	if extra != nil {
		a.foundf(TreeHash, 0, a.report.Size, "存档树在检查点之外还有散列（位置 %d 起）：检查点被删了", extra.Position)
	}
	for _, c := range a.outside {
		a.foundf(Cut, 0, c.Size, "流水被截短：数据库外留存的检查点有 %d 条，现在只有 %d 条", c.Size, a.report.Size)
	}
	return nil
}

func (a *audit) foundf(what string, eventID, seq int64, format string, args ...any) {
	if len(a.report.Findings) >= maxFindings {
		a.report.More++
		return
	}
	a.report.Findings = append(a.report.Findings, Finding{what, eventID, seq, fmt.Sprintf(format, args...)})
}

// pages reads rows ordered by a key, a page at a time.
type pages[T any] struct {
	fetch func(after int64) ([]T, error)
	key   func(T) int64
	page  []T
	after int64
	begun bool
	done  bool
}

// head is the next row, nil after the last.
func (p *pages[T]) head() (*T, error) {
	if len(p.page) == 0 && !p.done {
		if !p.begun {
			p.begun, p.after = true, -1<<62 // whatever an intruder wrote, negative numbers too
		}
		page, err := p.fetch(p.after)
		if err != nil {
			return nil, err
		}
		p.page, p.done = page, len(page) == 0
	}
	if len(p.page) == 0 {
		return nil, nil //nolint:nilnil // the end
	}
	return &p.page[0], nil
}

func (p *pages[T]) drop() {
	p.after = p.key(p.page[0])
	p.page = p.page[1:]
}

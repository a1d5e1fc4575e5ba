package ledger

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"time"

	"pinzhi/internal/db"

	"github.com/uptrace/bun"
	"golang.org/x/mod/sumdb/tlog"
)

// Record is an event as it stands in the ledger.
type Record struct {
	ID          int64           `json:"id"`
	CampaignID  int64           `json:"campaign_id"`
	At          time.Time       `json:"at"`
	ActorID     int64           `json:"actor_id"` // the account; 0 for the program itself
	ActorName   string          `json:"actor_name"`
	SubjectKind string          `json:"subject_kind"`
	SubjectID   int64           `json:"subject_id"`
	Verb        string          `json:"verb"`
	Data        json.RawMessage `json:"data"` // canonical JSON
	Seq         *int64          `json:"seq"`  // its place in the tree, from 0; nil while not sealed
	Leaf        []byte          `json:"-"`
}

const recordColumns = "id, campaign_id, at, actor_id, actor_name, subject_kind, subject_id, verb, data, seq, leaf"

// Timeline lists what happened to one object, newest first. before is the ID of the last record of the page
// before, 0 for the first page.
func Timeline(
	ctx context.Context, tx db.Tx, campaignID int64, subjectKind string, subjectID, before int64, limit int,
) ([]Record, error) {
	return records(ctx, tx, before, limit, "campaign_id = ? and subject_kind = ? and subject_id = ?",
		campaignID, subjectKind, subjectID)
}

// Recent lists what happened in a campaign, newest first; System for the system's own events.
func Recent(ctx context.Context, tx db.Tx, campaignID, before int64, limit int) ([]Record, error) {
	return records(ctx, tx, before, limit, "campaign_id = ?", campaignID)
}

// RecentExcept is Recent without the events of some kinds of subject: those that the reader may not know of.
func RecentExcept(ctx context.Context, tx db.Tx, campaignID, before int64, limit int, kinds ...string) ([]Record, error) {
	return records(ctx, tx, before, limit, "campaign_id = ? and subject_kind not in (?)", campaignID, bun.List(kinds))
}

// Mention is what an event is about, without what happened.
type Mention struct {
	ID          int64
	SubjectKind string
	SubjectID   int64
}

// Heard lists what the events of a campaign after a number are about, the oldest first.
func Heard(ctx context.Context, tx db.Tx, campaignID, after int64) (list []Mention, err error) {
	err = tx.NewRaw("select id, subject_kind, subject_id from events where campaign_id = ? and id > ? order by id", campaignID, after).Scan(ctx, &list)
	return list, err
}

// SealedFrom lists the events of a campaign by their place in the tree, from a place on: in this order nothing can
// appear later that was passed over.
func SealedFrom(ctx context.Context, tx db.Tx, campaignID, place int64, limit int) (list []Record, err error) {
	err = tx.NewRaw("select "+recordColumns+" from events where campaign_id = ? and seq >= ? order by seq limit ?", campaignID, place, limit).
		Scan(ctx, &list)
	return list, err
}

// Last is the number of the newest event of a campaign, 0 where there is none.
func Last(ctx context.Context, tx db.Tx, campaignID int64) (id int64, err error) {
	err = tx.NewRaw("select coalesce(max(id), 0) from events where campaign_id = ?", campaignID).Scan(ctx, &id)
	return id, err
}

func records(ctx context.Context, tx db.Tx, before int64, limit int, where string, args ...any) ([]Record, error) {
	if before > 0 {
		where, args = where+" and id < ?", append(args, before)
	}
	var found []Record
	err := tx.NewRaw("select "+recordColumns+" from events where "+where+" order by id desc limit ?",
		append(args, limit)...).Scan(ctx, &found)
	return found, err
}

// leafHash is the record's hash as a leaf of the tree at place seq.
func (r *Record) leafHash(seq int64) tlog.Hash { return tlog.RecordHash(r.encoding(seq)) }

// encoding writes all fields so that no two records share one encoding: numbers in eight bytes, texts after
// their length. It must never change: every sealed leaf was made with it.
func (r *Record) encoding(seq int64) []byte {
	b := []byte("pinzhi event 1\n")
	for _, n := range []int64{r.CampaignID, seq, r.ID, r.At.UnixMicro(), r.ActorID, r.SubjectID} {
		b = binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // two's complement is the encoding
	}
	for _, s := range []string{r.ActorName, r.SubjectKind, r.Verb, string(r.Data)} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

// Package ledger keeps everything that happened (流水、留痕): events are appended in the transaction that did
// them, then sealed into a Merkle tree for each campaign, so that a change, a gap or an insertion shows.
package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"
	"unicode/utf8"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
)

// System is the campaign number of the system's own events: accounts, sign-in, set-up.
const System int64 = 0

// Event is one thing that happened: who did what to which object, when.
type Event struct {
	CampaignID  int64
	At          time.Time    // the transaction's frozen now
	Actor       kernel.Actor // whoever acts in ctx, if not set
	SubjectKind string       // the object's English name: case, filing, account
	SubjectID   int64
	Verb        string // what was done, in the past: registered, acknowledged
	Data        any    // what the timeline shows, as JSON; never a secret, nor personal data of the public
}

// row is an event as the table keeps it.
type row struct {
	bun.BaseModel `bun:"table:events"`

	ID          int64 `bun:"id,pk,autoincrement"`
	CampaignID  int64 `bun:"campaign_id"`
	At          time.Time
	ActorID     int64
	ActorName   string
	SubjectKind string
	SubjectID   int64
	Verb        string
	Data        string
}

// Append writes events inside the caller's transaction. An event without time, actor, subject kind or verb is a
// defect of the caller and fails with internal.
func Append(ctx context.Context, tx db.Tx, events ...Event) error {
	if len(events) == 0 {
		return nil
	}
	rows := make([]row, len(events))
	for i, e := range events {
		var err error
		if rows[i], err = e.row(ctx); err != nil {
			return err
		}
	}
	if err := db.InsertMany(ctx, tx, rows, ""); err != nil {
		return fmt.Errorf("append to the ledger: %w", err)
	}
	return nil
}

func (e Event) row(ctx context.Context) (row, error) {
	actor := e.Actor
	if !actor.Known() {
		actor = kernel.ActorFrom(ctx)
	}
	if !actor.Known() || e.At.IsZero() || e.SubjectKind == "" || e.Verb == "" {
		return row{}, kernel.E(kernel.Internal, "流水记录不完整").
			Because(fmt.Errorf("event %+v lacks an actor, a time, a subject or a verb", e))
	}
	data, err := Canonical(e.Data)
	if err != nil {
		return row{}, fmt.Errorf("data of event %s %s: %w", e.SubjectKind, e.Verb, err)
	}
	return row{
		CampaignID: e.CampaignID, At: e.At.UTC().Truncate(time.Microsecond), ActorID: actor.AccountID,
		ActorName: actor.Name, SubjectKind: e.SubjectKind, SubjectID: e.SubjectID, Verb: e.Verb, Data: data,
	}, nil
}

// Canonical writes v as JSON with sorted keys, without spaces, and with < > & as they are:
// the same bytes for the same content, on every database. nil is {}.
func Canonical(v any) (string, error) {
	if v == nil {
		return "{}", nil
	}
	first, err := encode(v)
	if err != nil {
		return "", err
	}
	if m, ok := v.(map[string]any); ok && sortedAlready(m) {
		return string(bytes.TrimSuffix(first, []byte("\n"))), nil
	}
	// Struct fields come in the order of their declaration; a map's keys come sorted.
	var tree any
	d := json.NewDecoder(bytes.NewReader(first))
	d.UseNumber() // an int64 does not fit a float64
	if err := d.Decode(&tree); err != nil {
		return "", err
	}
	sorted, err := encode(tree)
	return string(bytes.TrimSuffix(sorted, []byte("\n"))), err
}

// sortedAlready reports whether a map comes out in its canonical form at the first time: where it holds plain values
// only, no struct, whose fields come in another order.
func sortedAlready(m map[string]any) bool {
	for key, v := range m {
		if !utf8.ValidString(key) {
			return false
		}
		switch v := v.(type) {
		case map[string]any:
			if !sortedAlready(v) {
				return false
			}
			continue
		case nil:
			continue
		case []string:
			if slices.ContainsFunc(v, func(text string) bool { return !utf8.ValidString(text) }) {
				return false
			}
			continue
		case json.Marshaler:
			return false
		}
		switch x := reflect.ValueOf(v); x.Kind() { //nolint:exhaustive // the others come out sorted by the second time
		case reflect.Bool, reflect.Int, reflect.Int64:
		case reflect.String:
			if !utf8.ValidString(x.String()) { // escaped at the first time, itself at the second
				return false
			}
		default:
			return false
		}
	}
	return true
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

package ledger_test

import (
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"

	"pgregory.net/rapid"
)

func TestProve_EveryEventOfEveryTree(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l, _ := open(t, d)
		campaign := int64(0)
		rapid.Check(t, func(rt *rapid.T) {
			campaign++
			size := 0
			for _, n := range rapid.SliceOfN(rapid.IntRange(1, 40), 1, 4).Draw(rt, "batches") {
				appendN(t, d, campaign, n)
				seal(t, l, n)
				size += n
			}
			records, err := ledger.Recent(t.Context(), d.Reader(), campaign, 0, size)
			if err != nil {
				rt.Fatal(err)
			}
			r := records[rapid.IntRange(0, size-1).Draw(rt, "which")]
			checkProof(rt, t, l, r)
		})
	})
}

func checkProof(rt *rapid.T, t *testing.T, l *ledger.Ledger, r ledger.Record) {
	p, err := l.Prove(t.Context(), r.CampaignID, r.ID)
	if err != nil {
		rt.Fatal(err)
	}
	// Somebody elsewhere gets it as JSON.
	text, err := json.Marshal(p)
	if err != nil {
		rt.Fatal(err)
	}
	var received ledger.Proof
	if err := json.Unmarshal(text, &received); err != nil {
		rt.Fatal(err)
	}
	if err := received.Check(l.Verifier()); err != nil {
		rt.Fatalf("a true proof fails: %v", err)
	}
	lies := map[string]func(p *ledger.Proof){
		"verb":  func(p *ledger.Proof) { p.Record.Verb += "!" },
		"time":  func(p *ledger.Proof) { p.Record.At = p.Record.At.Add(time.Microsecond) },
		"actor": func(p *ledger.Proof) { p.Record.ActorName = "另一人" },
		"data":  func(p *ledger.Proof) { p.Record.Data = json.RawMessage(`{}`) },
		"id":    func(p *ledger.Proof) { p.Record.ID++ },
		"place": func(p *ledger.Proof) { n := *p.Record.Seq + 1; p.Record.Seq = &n },
		"path":  func(p *ledger.Proof) { p.Path = append(p.Path, [32]byte{}) },
	}
	which := rapid.SampledFrom([]string{"verb", "time", "actor", "data", "id", "place", "path"}).Draw(rt, "lie")
	lies[which](&received)
	if received.Check(l.Verifier()) == nil {
		rt.Fatalf("a proof with another %s passes", which)
	}
}

func TestProve_RefusesWhatIsUnknownOrNotSealed(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	l, _ := open(t, d)
	appendN(t, d, 1, 1)
	if _, err := l.Prove(t.Context(), 1, 1); kernel.CodeOf(err) != kernel.Conflict {
		t.Errorf("not sealed: %v", err)
	}
	if _, err := l.Prove(t.Context(), 2, 1); kernel.CodeOf(err) != kernel.NotFound {
		t.Errorf("of another campaign: %v", err)
	}
}

// The encoding of a leaf must not change by accident: every ledger in the field was sealed with it.
func TestSeal_LeafOfAKnownEventStaysByteForByte(t *testing.T) {
	const want = "5d90c64fe3f201ed894e39217dd5d3f5084b1cf65a90fbe0803910c2f83bdddd" // computed once by another program
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l, _ := open(t, d)
		appendN(t, d, 1, 2)
		seal(t, l, 2)
		records, err := ledger.Recent(t.Context(), d.Reader(), 1, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(records[0].Leaf); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

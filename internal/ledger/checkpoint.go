package ledger

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is a signed statement: the campaign's tree had this size and this root.
type Checkpoint struct {
	CampaignID int64
	Size       int64
	Root       tlog.Hash
}

const origin = "pinzhi campaign "

// text is what is signed, in the form of the transparency logs: origin, size, root.
func (c Checkpoint) text() string {
	return fmt.Sprintf("%s%d\n%d\n%s\n", origin, c.CampaignID, c.Size, c.Root)
}

func (c Checkpoint) sign(k key) (string, error) {
	signed, err := note.Sign(&note.Note{Text: c.text()}, k.signer)
	return string(signed), err
}

// OpenCheckpoint reads a signed checkpoint; it fails if the signature is not of the verifier's key.
func OpenCheckpoint(signed string, verifier note.Verifier) (Checkpoint, error) {
	n, err := note.Open([]byte(signed), note.VerifierList(verifier))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	c, ok := parseCheckpoint(n.Text)
	if !ok || c.text() != n.Text {
		return Checkpoint{}, fmt.Errorf("checkpoint: %q is not the text of one", n.Text)
	}
	return c, nil
}

func parseCheckpoint(text string) (Checkpoint, bool) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], origin) {
		return Checkpoint{}, false
	}
	campaign, err1 := strconv.ParseInt(strings.TrimPrefix(lines[0], origin), 10, 64)
	size, err2 := strconv.ParseInt(lines[1], 10, 64)
	root, err3 := base64.StdEncoding.DecodeString(lines[2])
	if err1 != nil || err2 != nil || err3 != nil || len(root) != tlog.HashSize {
		return Checkpoint{}, false
	}
	return Checkpoint{campaign, size, tlog.Hash(root)}, true
}

// checkpointRow is a checkpoint as the table keeps it.
type checkpointRow struct {
	bun.BaseModel `bun:"table:ledger_checkpoints"`

	CampaignID int64 `bun:"campaign_id,pk"`
	Size       int64 `bun:"size,pk"`
	At         time.Time
	Note       string
}

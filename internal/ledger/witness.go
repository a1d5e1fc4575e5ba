package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/natefinch/atomic"
)

// witness is a folder outside the database with the newest checkpoint of each campaign that this machine has
// seen, a file each. Whoever can write to the database can cut a ledger and all its checkpoints to an earlier,
// true state; only something outside remembers that there was more.
type witness struct{ dir string }

func (w witness) path(campaignID int64) string {
	return filepath.Join(w.dir, strconv.FormatInt(campaignID, 10)+".checkpoint")
}

// newest is the signed checkpoint of the campaign, "" if none was seen.
func (w witness) newest(campaignID int64) (string, error) {
	signed, err := os.ReadFile(w.path(campaignID))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(signed), err
}

// keep replaces the campaign's checkpoint.
func (w witness) keep(campaignID int64, signed string) error {
	if err := os.MkdirAll(w.dir, 0o750); err != nil {
		return err
	}
	if err := atomic.WriteFile(w.path(campaignID), strings.NewReader(signed)); err != nil {
		return fmt.Errorf("keep a checkpoint: %w", err)
	}
	return nil
}

// campaigns lists whose checkpoints were seen.
func (w witness) campaigns() ([]int64, error) {
	entries, err := os.ReadDir(w.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var ids []int64
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".checkpoint")
		if id, err := strconv.ParseInt(name, 10, 64); ok && err == nil {
			ids = append(ids, id)
		}
	}
	return ids, err
}

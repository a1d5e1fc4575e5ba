package backup

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
)

// Check reads the whole backup and compares every part with the manifest. It fails with invalid if anything
// is missing, changed or too many, or if it is no backup.
func Check(in io.Reader) (Manifest, error) {
	broken := kernel.E(kernel.Invalid, "备份文件不完整或被改动，不能恢复")
	sums := map[string]string{}
	var m Manifest
	err := eachEntry(in, func(name string, content io.Reader) error {
		if name == manifestName {
			return json.NewDecoder(content).Decode(&m)
		}
		if _, twice := sums[name]; twice {
			return errors.New("the part is there twice")
		}
		sum := sha256.New()
		if _, err := io.Copy(sum, content); err != nil {
			return err
		}
		sums[name] = hex.EncodeToString(sum.Sum(nil))
		return nil
	})
	if err != nil {
		return m, broken.Because(err)
	}
	if m.Format != formatName {
		return m, kernel.E(kernel.Invalid, "这不是品质的备份文件，或由更新的版本所写")
	}
	for _, p := range m.Parts {
		if sums[p.Name] != p.SHA256 {
			return m, broken.Because(fmt.Errorf("part %s does not fit its checksum", p.Name))
		}
		delete(sums, p.Name)
	}
	for name := range sums {
		return m, broken.Because(fmt.Errorf("part %s is not in the manifest", name))
	}
	return m, nil
}

// Target is the empty system that a backup fills.
type Target struct {
	DB       *db.DB
	DataDir  string
	Database string // as in Source
}

// Restore fills an empty system with a backup that Check has passed. It fails with conflict if the system is not
// empty. The rows are loaded in one transaction, into the schema as it was; then the schema is migrated on.
func (t Target) Restore(ctx context.Context, m Manifest, in io.ReadSeeker) error {
	if err := t.mustBeEmpty(ctx); err != nil {
		return err
	}
	if err := t.DB.MigrateTo(ctx, m.SchemaVersion); err != nil {
		return err
	}
	if v, err := t.DB.SchemaVersion(ctx); err != nil || v != m.SchemaVersion {
		return kernel.E(kernel.Conflict, "备份的数据库版本是 %d，本程序只认识到 %d，请换用新版程序", m.SchemaVersion, v).Because(err)
	}
	err := t.DB.LoadAll(ctx, func(tx db.Tx) error {
		if _, err := in.Seek(0, io.SeekStart); err != nil {
			return err
		}
		return eachEntry(in, func(name string, content io.Reader) error { return t.restore(ctx, tx, name, content) })
	})
	if err != nil {
		return err
	}
	if err := t.DB.Migrate(ctx); err != nil {
		return err
	}
	return t.DB.IndexWords(ctx)
}

func (t Target) mustBeEmpty(ctx context.Context) error {
	version, err := t.DB.SchemaVersion(ctx)
	if err != nil {
		return err
	}
	if version != 0 {
		return kernel.E(kernel.Conflict, "数据库不是空的，不能恢复到里面。请另给一个空的数据库")
	}
	return filepath.WalkDir(t.DataDir, func(p string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		rel, _ := filepath.Rel(t.DataDir, p) // p lies in DataDir
		if err != nil || e.IsDir() || (Source{Database: t.Database}).isDatabase(rel) {
			return err
		}
		return kernel.E(kernel.Conflict, "数据目录“%s”不是空的，不能恢复到里面", t.DataDir)
	})
}

func (t Target) restore(ctx context.Context, tx db.Tx, name string, content io.Reader) error {
	if rest, ok := strings.CutPrefix(name, tablesPrefix); ok {
		table, _, _ := strings.Cut(rest, "/")
		return db.Load(ctx, tx, table, lines(content))
	}
	rel, ok := strings.CutPrefix(name, filesPrefix)
	if !ok {
		return nil // the manifest
	}
	if !filepath.IsLocal(filepath.FromSlash(rel)) {
		return kernel.E(kernel.Invalid, "备份里的文件名“%s”指到了数据目录之外", rel)
	}
	return writeFile(filepath.Join(t.DataDir, filepath.FromSlash(rel)), content)
}

func writeFile(to string, content io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Sync(), f.Close())
}

// lines yields the lines of content, nil after the last.
func lines(content io.Reader) func() ([]byte, error) {
	r := bufio.NewReaderSize(content, 64<<10)
	return func() ([]byte, error) {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return line, err
	}
}

// eachEntry hands over the entries of the file in order.
func eachEntry(in io.Reader, do func(name string, content io.Reader) error) error {
	unpacked, err := gzip.NewReader(in)
	if err != nil {
		return err
	}
	r := tar.NewReader(unpacked)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			_, err := io.Copy(io.Discard, unpacked) //nolint:gosec // nothing is kept; gzip's own checksum stands at the end
			return err
		}
		if err != nil {
			return err
		}
		if err := do(h.Name, r); err != nil {
			return fmt.Errorf("%s: %w", h.Name, err)
		}
	}
}

// Package backup writes everything into one file while the system runs, and makes a system of it again:
// the rows of all tables in one view, in a form that either database takes back, and the data folder.
package backup

import (
	"archive/tar"
	"bytes"
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
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
)

// Manifest is the last part of a backup: what it holds, and of which system.
type Manifest struct {
	Format        string    `json:"format"`
	Program       string    `json:"program"` // the version that wrote it
	Database      db.Kind   `json:"database"`
	SchemaVersion int64     `json:"schema_version"`
	MadeAt        time.Time `json:"made_at"`
	LedgerKey     string    `json:"ledger_public_key"`
	Parts         []Part    `json:"parts"`
}

// Part is one entry of the file: tables/NAME/000001.jsonl, or files/PATH of the data folder.
type Part struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

const (
	formatName   = "pinzhi backup 1"
	manifestName = "manifest.json"
	tablesPrefix = "tables/"
	filesPrefix  = "files/"
	// witnessPrefix is where the ledger keeps the checkpoints it saw. They must not be newer than the rows.
	witnessPrefix = "checkpoints/"
	partSize      = 4 << 20 // bytes of a table's lines held in memory before they become a part
)

// Source is the running system.
type Source struct {
	DB        *db.DB
	DataDir   string
	Database  string // the database file inside DataDir, left out of the files; "" for PostgreSQL
	Except    string // a file left out if it lies in DataDir: the backup itself
	Program   string
	LedgerKey string
	Clock     kernel.Clock
}

// Write makes a backup. The rows are of one moment. Files are read after it: nothing is deleted, so whatever a
// row refers to is there. Only the ledger's checkpoints are read before it, or they would know of later events.
func (s Source) Write(ctx context.Context, out io.Writer) (Manifest, error) {
	packed, err := gzip.NewWriterLevel(out, gzip.BestSpeed) // half the time for a quarter more
	if err != nil {
		return Manifest{}, err
	}
	w := &writer{tar: tar.NewWriter(packed), madeAt: s.Clock.Now()}
	w.manifest = Manifest{
		Format: formatName, Program: s.Program, Database: s.DB.Kind(), MadeAt: w.madeAt, LedgerKey: s.LedgerKey,
	}
	if err := s.write(ctx, w); err != nil {
		return Manifest{}, err
	}
	return w.manifest, errors.Join(w.tar.Close(), packed.Close())
}

func (s Source) write(ctx context.Context, w *writer) (err error) {
	if w.manifest.SchemaVersion, err = s.DB.SchemaVersion(ctx); err != nil {
		return err
	}
	if err := s.writeFiles(ctx, w, func(name string) bool { return strings.HasPrefix(name, witnessPrefix) }); err != nil {
		return err
	}
	if err := s.DB.Snapshot(ctx, func(tx db.Tx) error { return writeTables(ctx, tx, w) }); err != nil {
		return err
	}
	if err := s.writeFiles(ctx, w, func(name string) bool { return !strings.HasPrefix(name, witnessPrefix) }); err != nil {
		return err
	}
	text, err := json.MarshalIndent(w.manifest, "", " ")
	if err != nil {
		return err
	}
	return w.entry(manifestName, int64(len(text)), bytes.NewReader(text))
}

func writeTables(ctx context.Context, tx db.Tx, w *writer) error {
	tables, err := db.Tables(ctx, tx)
	if err != nil {
		return err
	}
	for _, name := range tables {
		p := parts{writer: w, table: name}
		if err := db.Dump(ctx, tx, name, p.line); err != nil {
			return err
		}
		if err := p.flush(); err != nil {
			return err
		}
	}
	return nil
}

// parts cuts a table's lines into entries, each with the column names at its head.
type parts struct {
	*writer

	table  string
	header []byte
	lines  bytes.Buffer
	count  int
}

func (p *parts) line(line []byte) error {
	if p.header == nil {
		p.header = bytes.Clone(line)
	} else {
		p.lines.Write(line)
	}
	if p.lines.Len() < partSize {
		return nil
	}
	return p.flush()
}

// flush writes what waits. A table without rows still has one part, so that a missing one shows.
func (p *parts) flush() error {
	if p.lines.Len() == 0 && p.count > 0 {
		return nil
	}
	p.count++
	content := append(bytes.Clone(p.header), p.lines.Bytes()...)
	p.lines.Reset()
	return p.part(fmt.Sprintf("%s%s/%06d.jsonl", tablesPrefix, p.table, p.count), int64(len(content)), bytes.NewReader(content))
}

// writeFiles adds the files of the data folder that are wanted, by their slash path inside it.
func (s Source) writeFiles(ctx context.Context, w *writer, wanted func(name string) bool) error {
	return filepath.WalkDir(s.DataDir, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		rel, err := filepath.Rel(s.DataDir, p)
		if err != nil || !e.Type().IsRegular() || s.isDatabase(rel) || s.isBackup(p) {
			return err
		}
		if name := filepath.ToSlash(rel); wanted(name) {
			return w.file(filesPrefix+name, p)
		}
		return nil
	})
}

// isDatabase recognises the database file, its index of words, and SQLite's own files beside them.
func (s Source) isDatabase(rel string) bool {
	return s.Database != "" && slices.ContainsFunc(db.FilesOf(s.Database), func(file string) bool {
		return rel == file || rel == file+"-wal" || rel == file+"-shm"
	})
}

func (s Source) isBackup(p string) bool {
	full, err := filepath.Abs(p)
	return err == nil && s.Except != "" && full == s.Except
}

type writer struct {
	tar      *tar.Writer
	madeAt   time.Time
	manifest Manifest
}

// file adds a file as long as it was when opened. One that vanished meanwhile was temporary.
func (w *writer) file(name, from string) error {
	f, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	stat, err := f.Stat()
	if err != nil {
		return err
	}
	return w.part(name, stat.Size(), io.LimitReader(f, stat.Size()))
}

// part adds an entry and its checksum.
func (w *writer) part(name string, size int64, content io.Reader) error {
	sum := sha256.New()
	if err := w.entry(name, size, io.TeeReader(content, sum)); err != nil {
		return err
	}
	w.manifest.Parts = append(w.manifest.Parts, Part{name, size, hex.EncodeToString(sum.Sum(nil))})
	return nil
}

func (w *writer) entry(name string, size int64, content io.Reader) error {
	h := &tar.Header{Name: path.Clean(name), Size: size, Mode: 0o600, ModTime: w.madeAt, Typeflag: tar.TypeReg}
	if err := w.tar.WriteHeader(h); err != nil {
		return err
	}
	n, err := io.Copy(w.tar, content)
	if err == nil && n != size {
		err = fmt.Errorf("%s changed while it was read", name)
	}
	return err
}

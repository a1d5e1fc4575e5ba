package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"pinzhi/internal/backup"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
)

type backupCmd struct {
	ground

	File string `arg:"" type:"path" help:"写到哪个文件（.tar.gz），不能已经存在。"`
}

// Run writes the backup beside its name first, so that a file of that name is always whole.
func (c *backupCmd) Run(ctx context.Context, s *streams) error {
	if _, err := os.Stat(c.File); !errors.Is(err, fs.ErrNotExist) {
		return kernel.E(kernel.Conflict, "文件“%s”已经存在，请换个名字", c.File)
	}
	l, d, closeDB, err := c.openLedger(ctx)
	if err != nil {
		return err
	}
	defer closeDB() //nolint:errcheck // only read
	partial := c.File + ".partial"
	m, err := c.write(ctx, d, l, partial)
	if err != nil {
		return errors.Join(err, os.Remove(partial))
	}
	if err := os.Rename(partial, c.File); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "已备份到 %s：%d 个部分，数据库版本 %d\n", c.File, len(m.Parts), m.SchemaVersion)
	return nil
}

func (c *backupCmd) write(ctx context.Context, d *db.DB, l *ledger.Ledger, to string) (backup.Manifest, error) {
	// It holds the ledger's key: nobody else may read it.
	f, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return backup.Manifest{}, kernel.E(kernel.Invalid, "写不了文件“%s”", to).Because(err)
	}
	source := backup.Source{
		DB: d, DataDir: c.Data, Database: c.databaseInData(), Except: absolute(to),
		Program: programVersion(), LedgerKey: l.PublicKey(),
	}
	m, err := source.Write(ctx, f)
	return m, errors.Join(err, f.Sync(), f.Close())
}

// programVersion is the module's version with the commit, as the build recorded them.
func programVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := []string{info.Main.Version}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			version = append(version, setting.Value)
		}
	}
	return strings.Join(version, " ")
}

type restoreCmd struct {
	ground

	File string `arg:"" type:"existingfile" help:"备份文件。"`
}

// Run checks the backup, fills the empty system and verifies its ledger.
func (c *restoreCmd) Run(ctx context.Context, s *streams) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	m, err := backup.Check(f)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "备份完整：%s，数据库版本 %d\n", m.MadeAt.In(kernel.Shanghai).Format("2006-01-02 15:04:05"), m.SchemaVersion)
	d, err := db.Open(ctx, c.dsn())
	if err != nil {
		return err
	}
	defer d.Close() //nolint:errcheck // written is committed
	target := backup.Target{DB: d, DataDir: c.Data, Database: c.databaseInData()}
	if err := target.Restore(ctx, m, f); err != nil {
		return err
	}
	fmt.Fprintln(s.out, "已恢复到", filepath.Clean(c.Data))
	l, err := ledger.Open(ctx, d, c.Data, kernel.Clock{})
	if err != nil {
		return err
	}
	return verify(ctx, s.out, l, "text")
}

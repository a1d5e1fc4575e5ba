package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
)

// ground says where the system's data is. Commands that work on a running or resting system embed it.
type ground struct {
	DB   string `name:"db" env:"PINZHI_DB" placeholder:"WHERE" help:"数据库：文件路径，或 postgres:// 地址。默认是数据目录里的 pinzhi.db。"`
	Data string `name:"data" env:"PINZHI_DATA" type:"path" default:"./data" help:"数据目录：密钥、检查点、上传的文件。"`
}

// databaseName is the file in the data folder where nothing else is said.
const databaseName = "pinzhi.db"

func (g ground) dsn() string {
	if g.DB == "" {
		return filepath.Join(g.Data, databaseName)
	}
	return g.DB
}

// databaseInData is the database file's name inside the data folder, "" if it lies elsewhere.
func (g ground) databaseInData() string {
	if isPostgres(g.dsn()) {
		return ""
	}
	rel, err := filepath.Rel(absolute(g.Data), absolute(strings.TrimPrefix(g.dsn(), "sqlite:")))
	if err != nil || !filepath.IsLocal(rel) {
		return ""
	}
	return rel
}

func isPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres") && strings.Contains(dsn, "://")
}

func absolute(p string) string {
	if a, err := filepath.Abs(p); err == nil {
		return a
	}
	return p
}

// openGround opens the database, making it if it is not there, and migrates it.
func (g ground) openGround(ctx context.Context) (d *db.DB, closeDB func() error, err error) {
	d, err = db.Open(ctx, g.dsn())
	if err != nil {
		return nil, nil, err
	}
	if err := d.Migrate(ctx); err != nil {
		_ = d.Close() // the cause is already known
		return nil, nil, err
	}
	return d, d.Close, nil
}

// openExisting is openGround for commands that make no sense on a new database: a mistyped path says so.
func (g ground) openExisting(ctx context.Context) (d *db.DB, closeDB func() error, err error) {
	if path := strings.TrimPrefix(g.dsn(), "sqlite:"); !isPostgres(path) {
		if _, err := os.Stat(path); err != nil {
			return nil, nil, kernel.E(kernel.NotFound, "没有数据库文件“%s”，请用 --db 或 --data 指明", path).Because(err)
		}
	}
	return g.openGround(ctx)
}

// openLedger opens an existing system with its ledger.
func (g ground) openLedger(ctx context.Context) (*ledger.Ledger, *db.DB, func() error, error) {
	d, closeDB, err := g.openExisting(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	l, err := ledger.Open(ctx, d, g.Data, kernel.Clock{})
	if err != nil {
		_ = closeDB()
		return nil, nil, nil, err
	}
	return l, d, closeDB, nil
}

// seal protects at once what a command has written; otherwise it would lie open to change until the system runs
// and does so within a second. Where the key is kept elsewhere, whoever has it seals, so that failing is no error.
func (g ground) seal(ctx context.Context, s *streams, d *db.DB) {
	l, err := ledger.Open(ctx, d, g.Data, kernel.Clock{})
	if err == nil {
		_, err = l.SealNow(ctx)
	}
	if err != nil {
		fmt.Fprintln(s.err, "pinzhi: 已办成，但流水还没有封存：", err)
	}
}

package access

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"

	"github.com/uptrace/bun"
)

// accountRow is an account as the table keeps it. The password's hash leaves this file only to be compared.
type accountRow struct {
	bun.BaseModel `bun:"table:accounts,alias:a"`

	ID          int64 `bun:"id,pk,autoincrement"`
	Login       string
	Name        string
	PersonID    int64
	Admin       kernel.AdminRole
	Password    string
	PasswordAt  time.Time `bun:",nullzero"`
	MustChange  bool
	Failures    int
	LockedUntil time.Time `bun:",nullzero"`
	LockedAt    time.Time `bun:",nullzero"`
	LockedBy    int64
	Epoch       int64
	CreatedAt   time.Time
}

func (r accountRow) account() Account {
	return Account{
		ID: r.ID, Login: r.Login, Name: r.Name, PersonID: r.PersonID, Admin: r.Admin, MustChange: r.MustChange,
		Failures: r.Failures, LockedUntil: r.LockedUntil, LockedAt: r.LockedAt, LockedBy: r.LockedBy,
		Epoch: r.Epoch, CreatedAt: r.CreatedAt, PasswordAt: r.PasswordAt,
	}
}

var errNoAccount = kernel.E(kernel.NotFound, "没有这个账号")

// load finds the one account for which where holds; not_found if there is none.
func load(ctx context.Context, tx db.Tx, where string, args ...any) (accountRow, error) {
	var r accountRow
	err := tx.NewSelect().Model(&r).Where(where, args...).OrderExpr("id").Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return r, errNoAccount
	}
	return r, err
}

var accountsByID = db.Select[accountRow]("WHERE a.id = ?")

// accountByID is load for what every request asks.
func accountByID(ctx context.Context, tx db.Tx, id int64) (accountRow, error) {
	rows, err := accountsByID.All(ctx, tx, id)
	if err != nil {
		return accountRow{}, err
	}
	if len(rows) == 0 {
		return accountRow{}, errNoAccount
	}
	return rows[0], nil
}

// standing is an account as far as a signed-in person's rights go: whatever changes these changes its epoch or locks it,
// so that every request asks for these two alone. Failures and LockedUntil, which matter to signing in, may be old.
func (s *Service) standing(ctx context.Context, id int64) (Account, error) {
	k := epochOf{id: id}
	found, err := accountEpoch.One(ctx, s.db.Reader(), []any{id}, &k.epoch, &k.locked)
	if err == nil && !found {
		err = errNoAccount
	}
	if err != nil {
		return Account{}, err
	}
	return s.kept.Get(k, func() (Account, error) { return s.ByID(ctx, id) })
}

type epochOf struct {
	id, epoch int64
	locked    bool
}

var accountEpoch = db.Prepare("select epoch, locked_at is not null from accounts where id = ?")

// save writes the named columns.
func save(ctx context.Context, tx db.Tx, r *accountRow, columns ...string) error {
	_, err := tx.NewUpdate().Model(r).Column(columns...).WherePK().Exec(ctx)
	return err
}

// setPassword stores the hash, frees the account from lock-out, and voids its sessions and unused links.
func setPassword(ctx context.Context, tx db.Tx, r *accountRow, hash string, now time.Time) error {
	r.Password, r.PasswordAt, r.MustChange = hash, now, false
	r.Failures, r.LockedUntil = 0, time.Time{}
	r.Epoch++
	err := save(ctx, tx, r, "password", "password_at", "must_change", "failures", "locked_until", "epoch")
	if err != nil {
		return err
	}
	return voidLinks(ctx, tx, r.ID, now)
}

// linkRow is a one-time link: the hash of its token, so that a stolen backup opens nothing.
type linkRow struct {
	bun.BaseModel `bun:"table:one_time_links,alias:l"`

	Token     []byte `bun:"token,pk"`
	AccountID int64
	Purpose   Purpose
	IssuedBy  int64
	IssuedAt  time.Time
	ExpiresAt time.Time
	UsedAt    time.Time `bun:",nullzero"`
}

func voidLinks(ctx context.Context, tx db.Tx, accountID int64, now time.Time) error {
	_, err := tx.NewRaw("update one_time_links set used_at = ? where account_id = ? and used_at is null", now, accountID).
		Exec(ctx)
	return err
}

// record appends an event about an account to the system's own ledger. data never holds a secret.
func (s *Service) record(
	ctx context.Context, tx db.Tx, actor kernel.Actor, accountID int64, verb string, data map[string]any,
) error {
	return ledger.Append(ctx, tx, ledger.Event{
		CampaignID: ledger.System, At: s.clock.Now(), Actor: actor,
		SubjectKind: "account", SubjectID: accountID, Verb: verb, Data: data,
	})
}

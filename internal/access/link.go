package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
)

// Purpose says what a one-time link was issued for.
type Purpose string

// The purposes.
const (
	FirstAdministrator Purpose = "first_administrator"
	ChoosePassword     Purpose = "set_password"
)

// linkLife is how long a link may wait for its one use.
const linkLife = 24 * time.Hour

func newToken() (token string, hash []byte) {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	token = base64.RawURLEncoding.EncodeToString(b)
	return token, hashToken(token)
}

// hashToken needs no salt and no cost: a token has 256 random bits.
func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// IssueLink makes a link by which the account's owner chooses a password; earlier links become void.
// The token is returned once and kept nowhere.
//
// A system administrator who could send himself the security administrator's link would be both. So the link of
// an administrator who has a password is issued at the server's command line only.
func (s *Service) IssueLink(ctx context.Context, accountID int64) (token string, err error) {
	err = s.change(ctx, IssueLinks, accountID, func(tx db.Tx, actor kernel.Actor, r *accountRow) error {
		switch {
		case r.Admin != kernel.NoAdmin && r.Password != "" && !actor.System:
			return kernel.E(kernel.Forbidden, "管理员的密码链接只能在服务器上签发：pinzhi account link %s", r.Login)
		case r.account().Locked():
			return kernel.E(kernel.Conflict, "账号已停用，请先请安全管理员解锁")
		}
		token, err = s.issue(ctx, tx, actor, r, ChoosePassword)
		return err
	})
	return token, err
}

func (s *Service) issue(ctx context.Context, tx db.Tx, actor kernel.Actor, r *accountRow, p Purpose) (string, error) {
	now := s.clock.Now()
	if err := voidLinks(ctx, tx, r.ID, now); err != nil {
		return "", err
	}
	token, hash := newToken()
	link := linkRow{Token: hash, AccountID: r.ID, Purpose: p, IssuedBy: actor.AccountID, IssuedAt: now, ExpiresAt: now.Add(linkLife)}
	if _, err := tx.NewInsert().Model(&link).Exec(ctx); err != nil {
		return "", err
	}
	return token, s.record(ctx, tx, actor, r.ID, "link_issued", map[string]any{"login": r.Login, "purpose": p})
}

var errDeadLink = kernel.E(kernel.NotFound, "这个链接不存在、已用过或过了 24 小时。请管理员再发一个")

// openLink finds the account behind a link that may still be used.
func (s *Service) openLink(ctx context.Context, tx db.Tx, token string) (accountRow, Purpose, error) {
	var link linkRow
	err := tx.NewSelect().Model(&link).
		Where("token = ? and used_at is null and expires_at > ?", hashToken(token), s.clock.Now()).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return accountRow{}, "", errDeadLink
	}
	if err != nil {
		return accountRow{}, "", err
	}
	r, err := load(ctx, tx, "id = ?", link.AccountID)
	if err == nil && r.account().Locked() {
		err = errShut
	}
	return r, link.Purpose, err
}

// OpenLink shows whose password a link sets, without using it up. It fails with not_found for a dead link.
func (s *Service) OpenLink(ctx context.Context, token string) (Account, Purpose, error) {
	r, purpose, err := s.openLink(ctx, s.db.Reader(), token)
	return r.account(), purpose, err
}

// RedeemLink sets the password and uses the link up. It fails with not_found for a dead link, with invalid for
// a password that is too easy: the link then remains.
func (s *Service) RedeemLink(ctx context.Context, token, password string) (Account, error) {
	r, _, err := s.openLink(ctx, s.db.Reader(), token)
	if err != nil {
		return Account{}, err
	}
	if err := checkPassword(password, r.Login); err != nil {
		return Account{}, err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return Account{}, err
	}
	err = s.db.Write(ctx, func(tx db.Tx) error {
		var purpose Purpose
		var err error
		if r, purpose, err = s.openLink(ctx, tx, token); err != nil {
			return err
		}
		if err := setPassword(ctx, tx, &r, hash, s.clock.Now()); err != nil {
			return err
		}
		return s.record(ctx, tx, r.account().Actor(), r.ID, "password_set", map[string]any{"by": "link", "purpose": purpose})
	})
	return r.account(), err
}

// EnsureFirstAdmin lets a new installation be entered. While no system administrator has a password it makes
// the account admin, if need be, and returns the token of a fresh link; earlier links become void.
// ok is false, and nothing happens, once somebody can sign in as system administrator.
func (s *Service) EnsureFirstAdmin(ctx context.Context) (token string, ok bool, err error) {
	err = s.db.Write(ctx, func(tx db.Tx) error {
		token, ok = "", false
		var exists bool
		err := tx.NewRaw("select exists (select 1 from accounts where admin = ? and password <> '')", kernel.SystemAdmin).
			Scan(ctx, &exists)
		if err != nil || exists {
			return err
		}
		r, err := s.firstAdmin(ctx, tx)
		if err != nil {
			return err
		}
		token, err = s.issue(ctx, tx, kernel.TheSystem, &r, FirstAdministrator)
		ok = err == nil
		return err
	})
	return token, ok, err
}

// firstAdmin finds the system administrator without a password, or makes one under the first free login.
func (s *Service) firstAdmin(ctx context.Context, tx db.Tx) (accountRow, error) {
	r, err := load(ctx, tx, "admin = ?", kernel.SystemAdmin)
	if kernel.CodeOf(err) != kernel.NotFound {
		return r, err
	}
	r = accountRow{Login: "admin", Name: "系统管理员", Admin: kernel.SystemAdmin, Epoch: 1, CreatedAt: s.clock.Now()}
	for n := 2; ; n++ {
		err := s.create(ctx, tx, kernel.TheSystem, &r)
		if kernel.CodeOf(err) != kernel.Conflict {
			return r, err
		}
		r.Login = fmt.Sprintf("admin%d", n)
	}
}

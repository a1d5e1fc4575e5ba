package access

import (
	"context"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
)

// Service is the accounts' room.
type Service struct {
	db       *db.DB
	clock    kernel.Clock
	hasher   *hasher
	throttle *throttle
	kept     *kernel.Kept[epochOf, Account] // who is signed in
	each     *kernel.Kept[presented, int64] // who signs in with every request
}

// NewService opens the room.
func NewService(d *db.DB, clock kernel.Clock) *Service {
	return &Service{db: d, clock: clock, hasher: newHasher(), throttle: newThrottle(), kept: kernel.Keep[epochOf, Account](10_000), each: kernel.Keep[presented, int64](10_000)}
}

// Create makes an account. Without a password it can be entered only by a link (IssueLink).
// It fails with conflict if the login is taken, invalid for what no account may be.
func (s *Service) Create(ctx context.Context, n NewAccount) (Account, error) {
	actor := kernel.ActorFrom(ctx)
	if err := require(actor, CreateAccount); err != nil {
		return Account{}, err
	}
	if n.Admin != kernel.NoAdmin && !actor.System {
		return Account{}, kernel.E(kernel.Forbidden, "管理员身份由安全管理员授予，请先建账号").On("admin")
	}
	if err := n.check(); err != nil {
		return Account{}, err
	}
	row, err := s.newRow(ctx, n)
	if err != nil {
		return Account{}, err
	}
	err = s.db.Write(ctx, func(tx db.Tx) error { return s.create(ctx, tx, actor, row) })
	return row.account(), err
}

// newRow hashes the password outside the transaction: it takes longer than all else.
func (s *Service) newRow(ctx context.Context, n NewAccount) (*accountRow, error) {
	now := s.clock.Now()
	row := &accountRow{Login: n.Login, Name: n.Name, PersonID: n.PersonID, Admin: n.Admin, Epoch: 1, CreatedAt: now}
	if n.Password == "" {
		return row, nil
	}
	hash, err := s.hasher.hash(ctx, n.Password)
	row.Password, row.PasswordAt, row.MustChange = hash, now, true
	return row, err
}

func (s *Service) create(ctx context.Context, tx db.Tx, actor kernel.Actor, row *accountRow) error {
	var taken bool
	err := tx.NewRaw("select exists (select 1 from accounts where login = ?)", row.Login).Scan(ctx, &taken)
	if err != nil {
		return err
	}
	if taken {
		return kernel.E(kernel.Conflict, "登录名“%s”已经有人用了，请换一个", row.Login).On("login")
	}
	row.ID = 0 // a second run of the transaction begins anew
	if _, err := tx.NewInsert().Model(row).Returning("id").Exec(ctx); err != nil {
		return err
	}
	return s.record(ctx, tx, actor, row.ID, "created",
		map[string]any{"login": row.Login, "name": row.Name, "person_id": row.PersonID, "admin": row.Admin})
}

// List returns accounts by key: those after the given ID, at most limit.
func (s *Service) List(ctx context.Context, after int64, limit int) ([]Account, error) {
	if err := require(kernel.ActorFrom(ctx), ListAccounts); err != nil {
		return nil, err
	}
	var rows []accountRow
	err := s.db.Reader().NewSelect().Model(&rows).Where("id > ?", after).OrderExpr("id").Limit(int64(limit)).Scan(ctx)
	accounts := make([]Account, len(rows))
	for i, r := range rows {
		accounts[i] = r.account()
	}
	return accounts, err
}

// ByID returns an account; not_found if there is none. The caller decides who may know of it.
func (s *Service) ByID(ctx context.Context, id int64) (Account, error) {
	r, err := accountByID(ctx, s.db.Reader(), id)
	return r.account(), err
}

// ByPerson returns the account of a person of the roster; not_found if there is none.
func (s *Service) ByPerson(ctx context.Context, personID int64) (Account, error) {
	if personID == 0 {
		return Account{}, errNoAccount
	}
	r, err := load(ctx, s.db.Reader(), "person_id = ?", personID)
	return r.account(), err
}

// OfPeople returns the accounts of people of the roster that may be entered: not those that an administrator locked.
// The caller decides who may know of them.
func (s *Service) OfPeople(ctx context.Context, personIDs []int64) ([]Account, error) {
	return s.open(ctx, "person_id", personIDs)
}

// Open returns those of some accounts that may be entered.
func (s *Service) Open(ctx context.Context, ids []int64) ([]Account, error) {
	return s.open(ctx, "id", ids)
}

func (s *Service) open(ctx context.Context, column string, ids []int64) ([]Account, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []accountRow
	err := s.db.Reader().NewSelect().Model(&rows).Where("? IN (?)", bun.Ident(column), bun.List(ids)).
		Where("locked_at IS NULL").OrderExpr("id").Scan(ctx)
	accounts := make([]Account, len(rows))
	for i, r := range rows {
		accounts[i] = r.account()
	}
	return accounts, err
}

// ByLogin returns the account with the login, as typed; not_found if there is none.
func (s *Service) ByLogin(ctx context.Context, login string) (Account, error) {
	r, err := load(ctx, s.db.Reader(), "login = ?", foldLogin(login))
	return r.account(), err
}

// Lock shuts an account and ends its sessions. Locking a locked account changes nothing.
func (s *Service) Lock(ctx context.Context, id int64) error {
	return s.change(ctx, LockAccounts, id, func(tx db.Tx, actor kernel.Actor, r *accountRow) error {
		if r.ID == actor.AccountID {
			return kernel.E(kernel.Conflict, "不能锁定自己的账号")
		}
		if r.account().Locked() {
			return nil
		}
		r.LockedAt, r.LockedBy = s.clock.Now(), actor.AccountID
		r.Epoch++
		if err := save(ctx, tx, r, "locked_at", "locked_by", "epoch"); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, id, "locked", map[string]any{"login": r.Login})
	})
}

// Unlock opens an account again, whether an administrator or wrong passwords shut it.
func (s *Service) Unlock(ctx context.Context, id int64) error {
	return s.change(ctx, LockAccounts, id, func(tx db.Tx, actor kernel.Actor, r *accountRow) error {
		if r.ID == actor.AccountID {
			return kernel.E(kernel.Conflict, "不能给自己的账号解锁")
		}
		r.LockedAt, r.LockedBy, r.LockedUntil, r.Failures = time.Time{}, 0, time.Time{}, 0
		if err := save(ctx, tx, r, "locked_at", "locked_by", "locked_until", "failures"); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, id, "unlocked", map[string]any{"login": r.Login})
	})
}

// GrantAdmin makes an account one of the three administrators, or none, and ends its sessions.
// It fails with conflict for an account that is another administrator already, or a person of the roster.
//
// Until there is a security administrator who could, the system administrator may name the first one.
func (s *Service) GrantAdmin(ctx context.Context, id int64, role kernel.AdminRole) error {
	if err := checkRole(role); err != nil {
		return err
	}
	act := GrantAdmins
	if role == kernel.SecurityAdmin {
		if first, err := s.MayNameFirst(ctx); err != nil {
			return err
		} else if first {
			act = CreateAccount
		}
	}
	return s.change(ctx, act, id, func(tx db.Tx, actor kernel.Actor, r *accountRow) error {
		if err := grantable(actor, r, role); err != nil {
			return err
		}
		was := r.Admin
		r.Admin = role
		r.Epoch++
		if err := save(ctx, tx, r, "admin", "epoch"); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, id, "admin_granted", map[string]any{"login": r.Login, "was": was, "admin": role})
	})
}

// MayNameFirst reports whether the actor is a system administrator and there is no security administrator yet:
// somebody must name the first one.
func (s *Service) MayNameFirst(ctx context.Context) (bool, error) {
	if kernel.ActorFrom(ctx).Admin != kernel.SystemAdmin {
		return false, nil
	}
	var exists bool
	err := s.db.Reader().NewRaw("select exists (select 1 from accounts where admin = ?)", kernel.SecurityAdmin).
		Scan(ctx, &exists)
	return !exists, err
}

func grantable(actor kernel.Actor, r *accountRow, role kernel.AdminRole) error {
	switch {
	case r.ID == actor.AccountID:
		return kernel.E(kernel.Conflict, "不能给自己授权")
	case role != kernel.NoAdmin && r.PersonID != 0:
		return errAdminIsNobody
	case role != kernel.NoAdmin && r.Admin != kernel.NoAdmin && r.Admin != role:
		return kernel.E(kernel.Conflict, "一个账号不能兼任两种管理员。请先收回原来的，或另选账号").On("admin")
	default:
		return nil
	}
}

// change is the frame of what administrators do to one account.
func (s *Service) change(
	ctx context.Context, act Act, id int64, do func(tx db.Tx, actor kernel.Actor, r *accountRow) error,
) error {
	actor := kernel.ActorFrom(ctx)
	if err := require(actor, act); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx db.Tx) error {
		r, err := load(ctx, tx, "id = ?", id)
		if err != nil {
			return err
		}
		return do(tx, actor, &r)
	})
}

package access

import (
	"context"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
)

// Lock-out: five wrong passwords shut the account for a quarter of an hour, five more for twice as long,
// up to a day. Only the account is shut; the message stays the same, so that it does not tell which logins exist.
const (
	triesUntilLockout = 5
	firstLockout      = 15 * time.Minute
	longestLockout    = 24 * time.Hour
)

func lockout(failures int) time.Duration {
	rounds := min(failures/triesUntilLockout-1, 10) // 2^10 quarters of an hour are beyond the longest
	return min(firstLockout<<rounds, longestLockout)
}

var (
	errWrong = kernel.E(kernel.Unauthenticated,
		"登录名或密码不对。连续输错 %d 次，账号会暂停一段时间，可请管理员处理", triesUntilLockout)
	errThrottled = kernel.E(kernel.TooMany, "从您这里试错的次数太多，请 15 分钟后再试")
	errShut      = kernel.E(kernel.Forbidden, "这个账号已被管理员停用，请联系安全管理员")
)

// SignIn checks login and password; address is where the request came from. It fails with unauthenticated if
// either is wrong, the account has no password yet, or wrong passwords shut it; with forbidden if the password
// is right but an administrator locked the account; with too_many if the address failed too often.
func (s *Service) SignIn(ctx context.Context, login, password, address string) (Account, error) {
	now := s.clock.Now()
	if !s.throttle.allowed(address, now) {
		return Account{}, errThrottled
	}
	r, err := load(ctx, s.db.Reader(), "login = ?", foldLogin(login))
	if err != nil && kernel.CodeOf(err) != kernel.NotFound {
		return Account{}, err
	}
	stored := r.Password
	if r.account().lockedOut(now) {
		stored = "" // whoever guesses on is not told when he is right
	}
	right, err := s.hasher.matches(ctx, password, stored)
	if err != nil {
		return Account{}, err
	}
	if !right {
		s.throttle.failed(address, now)
	}
	a := attempt{Service: s, accountID: r.ID, hash: r.Password, right: right, address: address, now: now}
	if err := s.db.Write(ctx, func(tx db.Tx) error { return a.record(ctx, tx) }); err != nil {
		return Account{}, err
	}
	return a.account, a.refusal
}

// attempt is one sign-in; its record is kept whether it succeeds or not.
type attempt struct {
	*Service

	accountID int64
	hash      string // what the password was compared with
	right     bool
	address   string
	now       time.Time

	account Account
	refusal error
}

func (a *attempt) record(ctx context.Context, tx db.Tx) error {
	a.account, a.refusal = Account{}, errWrong
	if a.accountID == 0 {
		// What was typed is not kept: people type their password into the wrong field.
		return a.event(ctx, tx, 0, "sign_in_failed", nil)
	}
	r, err := load(ctx, tx, "id = ?", a.accountID)
	if err != nil {
		return err
	}
	switch {
	case r.account().lockedOut(a.now), r.Password != a.hash: // meanwhile, by another attempt
		return a.event(ctx, tx, r.ID, "sign_in_failed", &r)
	case !a.right:
		return a.failed(ctx, tx, &r)
	case r.account().Locked():
		a.refusal = errShut
		return a.event(ctx, tx, r.ID, "sign_in_failed", &r)
	default:
		return a.succeeded(ctx, tx, &r)
	}
}

func (a *attempt) failed(ctx context.Context, tx db.Tx, r *accountRow) error {
	r.Failures++
	verb := "sign_in_failed"
	if r.Failures%triesUntilLockout == 0 {
		r.LockedUntil = a.now.Add(lockout(r.Failures))
		verb = "locked_out"
	}
	if err := save(ctx, tx, r, "failures", "locked_until"); err != nil {
		return err
	}
	return a.event(ctx, tx, r.ID, verb, r)
}

func (a *attempt) succeeded(ctx context.Context, tx db.Tx, r *accountRow) error {
	r.Failures, r.LockedUntil = 0, time.Time{}
	if err := save(ctx, tx, r, "failures", "locked_until"); err != nil {
		return err
	}
	a.account, a.refusal = r.account(), nil
	return a.Service.record(ctx, tx, r.account().Actor(), r.ID, "signed_in", map[string]any{"address": a.address})
}

func (a *attempt) event(ctx context.Context, tx db.Tx, id int64, verb string, r *accountRow) error {
	data := map[string]any{"address": a.address}
	if r != nil {
		data["login"], data["failures"] = r.Login, r.Failures
	}
	return a.Service.record(ctx, tx, kernel.TheSystem, id, verb, data)
}

// SetPassword changes the acting account's own password and ends its sessions; the caller begins a new one.
// It fails with invalid if the current password is wrong or the new one is too easy.
func (s *Service) SetPassword(ctx context.Context, current, password string) (Account, error) {
	actor := kernel.ActorFrom(ctx)
	if actor.AccountID == 0 {
		return Account{}, kernel.E(kernel.Unauthenticated, "请先登录")
	}
	r, err := load(ctx, s.db.Reader(), "id = ?", actor.AccountID)
	if err != nil {
		return Account{}, err
	}
	if err := s.mayChange(ctx, r, current, password); err != nil {
		return Account{}, err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return Account{}, err
	}
	compared := r.Password
	err = s.db.Write(ctx, func(tx db.Tx) error {
		if r, err = load(ctx, tx, "id = ?", actor.AccountID); err != nil {
			return err
		}
		if r.Password != compared {
			return kernel.E(kernel.Conflict, "密码刚刚被改过，请重新登录")
		}
		if err := setPassword(ctx, tx, &r, hash, s.clock.Now()); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, r.ID, "password_set", map[string]any{"by": "self"})
	})
	return r.account(), err
}

// mayChange counts wrong current passwords like failures of an address, so that nobody guesses on at a screen
// somebody left open.
func (s *Service) mayChange(ctx context.Context, r accountRow, current, password string) error {
	key := "account " + r.Login
	now := s.clock.Now()
	if !s.throttle.allowed(key, now) {
		return errThrottled
	}
	right, err := s.hasher.matches(ctx, current, r.Password)
	if err != nil {
		return err
	}
	if !right {
		s.throttle.failed(key, now)
		return kernel.E(kernel.Invalid, "现在的密码不对").On("current")
	}
	if current == password {
		return kernel.E(kernel.Invalid, "新密码与现在的一样，请换一个").On("password")
	}
	return checkPassword(password, r.Login)
}

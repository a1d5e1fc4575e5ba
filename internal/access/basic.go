package access

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"

	"pinzhi/internal/kernel"
)

// presented names a sign-in that was right: to whom, against which stored password, with what was typed, on which day.
type presented struct {
	accountID int64
	stored    string
	typed     [sha256.Size]byte
	day       kernel.Date
}

// eachKey is what typed passwords are marked with in memory: it differs from start to start.
var eachKey = func() (key [32]byte) {
	_, _ = rand.Read(key[:]) // never fails
	return key
}()

func marked(password string) (mark [sha256.Size]byte) {
	h := hmac.New(sha256.New, eachKey[:])
	h.Write([]byte(password))
	h.Sum(mark[:0])
	return mark
}

// SignInEach is SignIn for clients that send login and password with every request (HTTP Basic, RFC 7617). The password is
// hashed and the sign-in recorded once a day; what the account may not do any more it may not from that moment on.
//
// Basic, not Digest (RFC 7616): for Digest the server must hold the password, or what is as good as it; it holds argon2id.
//
// It fails as SignIn does, and with forbidden for an administrator, and for a password that somebody else chose.
func (s *Service) SignInEach(ctx context.Context, login, password, address string) (Account, error) {
	now := s.clock.Now()
	r, err := load(ctx, s.db.Reader(), "login = ?", foldLogin(login))
	if err != nil && kernel.CodeOf(err) != kernel.NotFound {
		return Account{}, err
	}
	a := r.account()
	if err != nil || a.lockedOut(now) || a.Locked() {
		if a, err = s.SignIn(ctx, login, password, address); err != nil { // is refused and counted like any
			return Account{}, err
		}
	} else {
		key := presented{r.ID, r.Password, marked(password), kernel.DateOf(now)}
		if _, err = s.each.Get(key, func() (int64, error) { x, err := s.SignIn(ctx, login, password, address); return x.ID, err }); err != nil {
			return Account{}, err
		}
	}
	switch {
	case a.Admin != kernel.NoAdmin:
		return Account{}, kernel.E(kernel.Forbidden, "管理员账号只在网页上用，不能在手机应用里登录")
	case a.MustChange:
		return Account{}, kernel.E(kernel.Forbidden, "请先在网页上登录一次，改掉初始密码")
	}
	return a, nil
}

package access

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"

	"github.com/alexedwards/scs/v2"
)

// How long a session lasts: unused for a working day, and never beyond a week.
const (
	idleLife    = 8 * time.Hour
	sessionLife = 7 * 24 * time.Hour
)

// Sessions remembers in a cookie who signed in. It wraps the request like any scs.SessionManager.
type Sessions struct {
	*scs.SessionManager

	accounts *Service
	store    sessionStore
}

// NewSessions configures the cookie. secure says that people reach us by TLS; the __Host- prefix then keeps
// other hosts of the domain from setting the cookie.
func NewSessions(accounts *Service, secure bool) *Sessions {
	m := scs.New()
	store := sessionStore{accounts.db, accounts.clock}
	m.Store, m.Codec = store, plainCodec{}
	m.IdleTimeout, m.Lifetime = idleLife, sessionLife
	m.Cookie.Name = "pinzhi"
	if secure {
		m.Cookie.Name = "__Host-pinzhi"
	}
	m.Cookie.Path = "/"
	m.Cookie.HttpOnly = true
	m.Cookie.Secure = secure
	m.Cookie.SameSite = http.SameSiteLaxMode
	return &Sessions{SessionManager: m, accounts: accounts, store: store}
}

// LoadAndSave wraps a handler as scs does, and remembers what was found for the request, so that a session that did
// not change is not looked for a second time.
func (s *Sessions) LoadAndSave(next http.Handler) http.Handler {
	inner := s.SessionManager.LoadAndSave(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), foundKey{}, &found{})))
	})
}

type foundKey struct{}

// found is the session that a request came with.
type found struct {
	token string
	data  []byte
	until time.Time
}

const (
	accountKey = "account"
	epochKey   = "epoch"
)

// PutActor begins the account's session, under a new token: one that was known before signing in is worth nothing.
func (s *Sessions) PutActor(ctx context.Context, a Account) error {
	if err := s.RenewToken(ctx); err != nil {
		return err
	}
	s.Put(ctx, accountKey, a.ID)
	s.Put(ctx, epochKey, a.Epoch)
	return nil
}

// AccountOf returns who signed in, as the account stands now; the zero Account if nobody did, or if since then
// the account was locked, its password changed or its admin role granted: the session is then ended.
func (s *Sessions) AccountOf(ctx context.Context) (Account, error) {
	id := s.GetInt64(ctx, accountKey)
	if id == 0 {
		return Account{}, nil
	}
	a, err := s.accounts.standing(ctx, id)
	if err != nil && kernel.CodeOf(err) != kernel.NotFound {
		return Account{}, err
	}
	if err != nil || a.Locked() || a.Epoch != s.GetInt64(ctx, epochKey) {
		return Account{}, s.Destroy(ctx)
	}
	return a, nil
}

// ActorOf is AccountOf as somebody who acts; the zero Actor if nobody signed in.
func (s *Sessions) ActorOf(ctx context.Context) (kernel.Actor, error) {
	a, err := s.AccountOf(ctx)
	if err != nil || a.ID == 0 {
		return kernel.Actor{}, err
	}
	return a.Actor(), nil
}

// Run forgets expired sessions every hour until ctx ends.
func (s *Sessions) Run(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if err := s.store.sweep(ctx); err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "sweep sessions", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// plainCodec keeps a session as JSON: readable, the same bytes for the same content, texts and whole numbers only.
type plainCodec struct{}

type plainSession struct {
	Deadline time.Time        `json:"deadline"`
	Values   map[string]value `json:"values"`
}

// value is a text or a whole number, told apart so that an int64 comes back as one.
type value struct {
	Text   *string `json:"text,omitempty"`
	Number *int64  `json:"number,omitempty"`
}

var errSessionValue = errors.New("access: a session keeps texts and int64 only")

// Encode implements scs.Codec.
func (plainCodec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	p := plainSession{deadline.UTC(), map[string]value{}}
	for k, v := range values {
		switch v := v.(type) {
		case string:
			p.Values[k] = value{Text: &v}
		case int64:
			p.Values[k] = value{Number: &v}
		default:
			return nil, errSessionValue
		}
	}
	return json.Marshal(p)
}

// Decode implements scs.Codec.
func (plainCodec) Decode(b []byte) (time.Time, map[string]any, error) {
	var p plainSession
	if err := json.Unmarshal(b, &p); err != nil {
		return time.Time{}, nil, err
	}
	values := map[string]any{}
	for k, v := range p.Values {
		switch {
		case v.Text != nil:
			values[k] = *v.Text
		case v.Number != nil:
			values[k] = *v.Number
		}
	}
	return p.Deadline, values, nil
}

// sessionStore keeps sessions under the hash of their token: who reads the database cannot enter.
type sessionStore struct {
	db    *db.DB
	clock kernel.Clock
}

// touchEvery is how far the end of an otherwise unchanged session must move to be written: without it,
// every page somebody looks at would be a write.
const touchEvery = 5 * time.Minute

// FindCtx implements scs.CtxStore.
func (s sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	data, expires, err := s.find(ctx, token)
	if f, ok := ctx.Value(foundKey{}).(*found); ok && err == nil {
		*f = found{token, data, expires}
	}
	return data, data != nil && expires.After(s.clock.Now()), err
}

func (s sessionStore) find(ctx context.Context, token string) (data []byte, expires time.Time, err error) {
	found, err := sessionByToken.One(ctx, s.db.Reader(), []any{hashToken(token)}, &data, &expires)
	if !found {
		return nil, time.Time{}, err
	}
	return data, expires, err
}

var sessionByToken = db.Prepare("select data, expires_at from sessions where token = ?")

// CommitCtx implements scs.CtxStore.
func (s sessionStore) CommitCtx(ctx context.Context, token string, data []byte, expires time.Time) error {
	known, until, err := s.known(ctx, token)
	if err != nil || bytes.Equal(known, data) && expires.Sub(until) < touchEvery {
		return err
	}
	return s.db.Write(ctx, func(tx db.Tx) error {
		_, err := tx.NewRaw(`insert into sessions (token, data, expires_at) values (?, ?, ?)
			on conflict (token) do update set data = excluded.data, expires_at = excluded.expires_at`,
			hashToken(token), data, expires).Exec(ctx)
		return err
	})
}

// known is the session as this request found it. Where another changed it meanwhile and this one did not, the other's
// stays.
func (s sessionStore) known(ctx context.Context, token string) ([]byte, time.Time, error) {
	if f, ok := ctx.Value(foundKey{}).(*found); ok && f.token == token {
		return f.data, f.until, nil
	}
	return s.find(ctx, token)
}

// DeleteCtx implements scs.CtxStore.
func (s sessionStore) DeleteCtx(ctx context.Context, token string) error {
	return s.db.Write(ctx, func(tx db.Tx) error {
		_, err := tx.NewRaw("delete from sessions where token = ?", hashToken(token)).Exec(ctx)
		return err
	})
}

func (s sessionStore) sweep(ctx context.Context) error {
	return s.db.Write(ctx, func(tx db.Tx) error {
		_, err := tx.NewRaw("delete from sessions where expires_at <= ?", s.clock.Now()).Exec(ctx)
		return err
	})
}

// The methods without a context are scs's older interface; scs calls the others.

// Find implements scs.Store.
func (s sessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit implements scs.Store.
func (s sessionStore) Commit(token string, b []byte, expires time.Time) error {
	return s.CommitCtx(context.Background(), token, b, expires)
}

// Delete implements scs.Store.
func (s sessionStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

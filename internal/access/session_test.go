package access_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"pinzhi/internal/access"
	"pinzhi/internal/kernel"
)

// browser signs in at /in and asks at / who it is.
type browser struct {
	*http.Client

	o   *office
	url string
}

func (o *office) browser(secure bool) browser {
	sessions := access.NewSessions(o.Service, secure)
	mux := http.NewServeMux()
	mux.HandleFunc("/in", func(_ http.ResponseWriter, r *http.Request) {
		a, err := o.SignIn(r.Context(), "wangyuan", goodPassword, home)
		if err == nil {
			err = sessions.PutActor(r.Context(), a)
		}
		o.wantCode("sign in", err, "")
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		a, err := sessions.ActorOf(r.Context())
		o.wantCode("who", err, "")
		_, _ = w.Write([]byte(a.Name))
	})
	server := httptest.NewServer(sessions.LoadAndSave(mux))
	if secure {
		server.Close()
		server = httptest.NewTLSServer(sessions.LoadAndSave(mux))
	}
	o.t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		o.t.Fatal(err)
	}
	c := server.Client()
	c.Jar = jar
	return browser{c, o, server.URL}
}

func (b browser) get(path string) string {
	b.o.t.Helper()
	r, err := b.Get(b.url + path)
	if err != nil {
		b.o.t.Fatal(err)
	}
	defer r.Body.Close()
	body := make([]byte, 100)
	n, _ := r.Body.Read(body)
	return string(body[:n])
}

func (b browser) wantWho(what, want string) {
	b.o.t.Helper()
	if got := b.get("/"); got != want {
		b.o.t.Errorf("%s: signed in as %q, want %q", what, got, want)
	}
}

func TestSession_EndsWhenTheAccountIsLockedOrItsPasswordChanged(t *testing.T) {
	each(t, func(o *office) {
		a := o.account("wangyuan", kernel.NoAdmin)
		b := o.browser(false)
		b.wantWho("before", "")
		b.get("/in")
		b.wantWho("signed in", a.Name)
		o.wantCode("lock", o.Lock(o.system(), a.ID), "")
		b.wantWho("locked", "")
		o.wantCode("unlock", o.Unlock(o.system(), a.ID), "")
		b.wantWho("unlocked: the session stays ended", "")
		b.get("/in")
		b.wantWho("signed in again", a.Name)
		_, err := o.SetPassword(o.as(a.Actor()), goodPassword, "brand new password")
		o.wantCode("set password", err, "")
		b.wantWho("another password", "")
	})
}

func TestSession_EndsAfterAnIdleDay(t *testing.T) {
	each(t, func(o *office) {
		o.now = time.Now()
		a := o.account("wangyuan", kernel.NoAdmin)
		b := o.browser(false)
		b.get("/in")
		o.now = o.now.Add(8*time.Hour - time.Minute)
		b.wantWho("within eight hours", a.Name)
		o.now = o.now.Add(2 * time.Minute)
		b.wantWho("after eight hours", "")
	})
}

func TestSession_LookingAtPagesWritesNothing(t *testing.T) {
	each(t, func(o *office) {
		o.account("wangyuan", kernel.NoAdmin)
		b := o.browser(false)
		b.get("/in")
		before := o.sessionEnd()
		b.get("/")
		if after := o.sessionEnd(); after != before {
			o.t.Errorf("the session's end moved from %v to %v", before, after)
		}
	})
}

func (o *office) sessionEnd() (end time.Time) {
	var row struct{ ExpiresAt time.Time }
	err := o.db.Reader().NewRaw("select expires_at from sessions order by expires_at desc limit 1").Scan(o.t.Context(), &row)
	if err != nil {
		o.t.Fatal(err)
	}
	return row.ExpiresAt
}

func TestSession_CookieIsOutOfReachOfScriptsAndOtherSites(t *testing.T) {
	each(t, func(o *office) {
		o.account("wangyuan", kernel.NoAdmin)
		for _, secure := range []bool{false, true} {
			b := o.browser(secure)
			r, err := b.Get(b.url + "/in")
			if err != nil {
				o.t.Fatal(err)
			}
			r.Body.Close()
			c := r.Cookies()[0]
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure != secure || c.Path != "/" {
				o.t.Errorf("%+v", c)
			}
			var stored int
			err = o.db.Reader().NewRaw("select count(*) from sessions where token = ?", []byte(c.Value)).Scan(o.t.Context(), &stored)
			if err != nil || stored != 0 {
				o.t.Errorf("the token itself is in the database: %d, %v", stored, err)
			}
		}
	})
}

// A token planted before signing in must not be the token afterwards.
func TestSession_SigningInChangesTheToken(t *testing.T) {
	each(t, func(o *office) {
		a := o.account("wangyuan", kernel.NoAdmin)
		b := o.browser(false)
		b.get("/in")
		u, err := url.Parse(b.url)
		if err != nil {
			o.t.Fatal(err)
		}
		planted := b.Jar.Cookies(u)[0]
		b.get("/in")
		b.Jar.SetCookies(u, []*http.Cookie{{Name: planted.Name, Value: planted.Value, Path: "/"}})
		b.wantWho("with the earlier token", "")
		b.get("/in")
		b.wantWho("with the new one", a.Name)
	})
}

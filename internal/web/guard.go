package web

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"pinzhi/internal/kernel"
)

// policy lets pages load their own files and nothing else: no inline script, no inline style, no frame. The map's
// pictures alone may come from elsewhere, where the program was started so.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:%s; font-src 'self'; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"

// guard wraps the whole site: headers, cross-origin posts, sessions, panics, body size.
func (s *Server) guard(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "这个请求来自别的网站，没有受理", http.StatusForbidden)
	}))
	policy := fmt.Sprintf(policy, s.Ground.allowed())
	acting := s.withActor(next)
	inner := s.Sessions.LoadAndSave(acting)
	sessions := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, s.files.prefix) || r.URL.Path == "/healthz" || r.URL.Path == "/metrics" {
			next.ServeHTTP(w, r) // needs no session: spare the database
			return
		}
		if speaksOpenRosa(r.URL.Path) {
			next.ServeHTTP(w, r) // is nobody's by the cookie: see enter
			return
		}
		if r.URL.Path == eventsPath {
			s.onlyLooking(acting, w, r)
			return
		}
		inner.ServeHTTP(w, r)
	})
	return s.recoverPanics(cross.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit(r.URL.Path))
		sessions.ServeHTTP(w, r)
	})))
}

// onlyLooking serves a request that a page makes by itself: it is somebody's, but shows no life of his, and so does not
// put off the end of an idle session.
func (s *Server) onlyLooking(next http.Handler, w http.ResponseWriter, r *http.Request) {
	token := ""
	if c, err := r.Cookie(s.Sessions.Cookie.Name); err == nil {
		token = c.Value
	}
	ctx, err := s.Sessions.Load(r.Context(), token)
	if err != nil {
		s.Log.ErrorContext(r.Context(), "session", "err", err)
		http.Error(w, "请稍后再试", http.StatusServiceUnavailable)
		return
	}
	next.ServeHTTP(w, r.WithContext(ctx))
}

// maxFiles is the most that the files of one form may have together.
const maxFiles = 160 << 20

// bodyLimit is the most that a request may bring: files come with cases and their steps, a plan elsewhere.
func bodyLimit(path string) int64 {
	if strings.HasPrefix(path, "/c/") && (strings.HasSuffix(path, "/cases") || strings.HasSuffix(path, "/step") || strings.HasSuffix(path, "/fill") || speaksOpenRosa(path)) {
		return maxFiles
	}
	return maxUpload + 1<<20
}

// withActor reads who is signed in and puts them into the context that the rooms see.
func (s *Server) withActor(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		actor, err := s.Sessions.ActorOf(r.Context())
		if err != nil {
			s.Log.ErrorContext(r.Context(), "session", "err", err)
		}
		next.ServeHTTP(w, r.WithContext(kernel.WithActor(r.Context(), actor)))
	})
}

func (s *Server) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(v)
			}
			ref := reference()
			s.Log.ErrorContext(r.Context(), "panic", "ref", ref, "path", r.URL.Path, "value", v, "stack", string(debug.Stack()))
			http.Error(w, "系统内部出错，编号 "+ref+"，请告诉管理员", http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}

package notify_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// letter is a mail as it arrived.
type letter struct {
	from, to string
	header   mail.Header
	subject  string // decoded
	body     string // decoded
	raw      string
}

// postOffice is a mail server that keeps what it gets, and may refuse.
type postOffice struct {
	addr string

	mu      sync.Mutex
	letters []letter
	refuse  error
}

func openPostOffice(t *testing.T) *postOffice {
	t.Helper()
	p := &postOffice{}
	server := smtp.NewServer(p)
	server.Domain = "localhost"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.addr = l.Addr().String()
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return p
}

// NewSession implements smtp.Backend.
func (p *postOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return &counter{office: p}, nil }

// counter takes one letter.
type counter struct {
	office *postOffice
	letter letter
}

// Mail implements smtp.Session.
func (c *counter) Mail(from string, _ *smtp.MailOptions) error { c.letter.from = from; return nil }

// Rcpt implements smtp.Session.
func (c *counter) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.letter.to = to
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	return c.office.refuse
}

// Data implements smtp.Session.
func (c *counter) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	c.letter.header, c.letter.raw = m.Header, string(raw)
	if c.letter.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return err
	}
	body := m.Body
	if m.Header.Get("Content-Transfer-Encoding") == "base64" {
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	c.letter.body = strings.ReplaceAll(string(text), "\r\n", "\n")
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	c.office.letters = append(c.office.letters, c.letter)
	return nil
}

// Reset implements smtp.Session.
func (c *counter) Reset() {}

// Logout implements smtp.Session.
func (c *counter) Logout() error { return nil }

// taken is what arrived since the last call.
func (p *postOffice) taken() []letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.letters
	p.letters = nil
	return list
}

// hookCall is one call of a receiver.
type hookCall struct {
	header http.Header
	query  map[string][]string
	body   []byte
}

// receiver is somebody's own server. It answers with what it is told to, one after the other, and 200 after that.
type receiver struct {
	url string

	mu      sync.Mutex
	calls   []hookCall
	answers []func(http.ResponseWriter)
	check   func(*testing.T, hookCall) bool
}

func openReceiver(t *testing.T, check func(*testing.T, hookCall) bool, answers ...func(http.ResponseWriter)) *receiver {
	t.Helper()
	r := &receiver{answers: answers, check: check}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		call := hookCall{req.Header, req.URL.Query(), body}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calls = append(r.calls, call)
		if len(r.answers) > 0 {
			answer := r.answers[0]
			r.answers = r.answers[1:]
			answer(w)
			return
		}
		if r.check != nil && !r.check(t, call) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"errcode":0,"errmsg":"ok"}`)
	}))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

func (r *receiver) taken() []hookCall {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.calls
	r.calls = nil
	return list
}

func status(code int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.WriteHeader(code) }
}

func answer(text string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { _, _ = io.WriteString(w, text) }
}

// signedBy checks a webhook's signature as its receiver would, by the manual.
func signedBy(secret string) func(*testing.T, hookCall) bool {
	return func(t *testing.T, c hookCall) bool {
		stamp, sum, ok := strings.Cut(strings.TrimPrefix(c.header.Get("Pinzhi-Signature"), "t="), ",v1=")
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(stamp + "." + string(c.body)))
		right := ok && hex.EncodeToString(mac.Sum(nil)) == sum
		if !right {
			t.Errorf("signature %q does not fit", c.header.Get("Pinzhi-Signature"))
		}
		return right
	}
}

func unmarshal[T any](t *testing.T, body []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return v
}

package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"pinzhi/internal/access"
	"pinzhi/internal/campaign"
	"pinzhi/internal/kernel"
	"pinzhi/internal/roster"
)

const (
	killedOften   = 20
	killedClients = 16
)

// TestServe_KilledWhileManyRegisterLosesNothingAcknowledged kills the real server twenty times under sixteen people
// who register as fast as they can. What was acknowledged is there once, and the ledger verifies.
func TestServe_KilledWhileManyRegisterLosesNothingAcknowledged(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the program twenty times")
	}
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	k := &killedServer{program: path, ground: ground{Data: t.TempDir()}, acknowledged: map[string]bool{}}
	k.people(t)
	for range killedOften {
		k.round(t)
	}
	k.check(t)
}

type killedServer struct {
	ground

	program  string
	campaign int64
	logins   []string

	mu           sync.Mutex
	sent         int
	acknowledged map[string]bool
}

// people opens the campaign and gives four of its people passwords.
func (k *killedServer) people(t *testing.T) {
	t.Helper()
	d, closeDB, err := k.openGround(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer closeDB()
	ctx := kernel.WithActor(t.Context(), kernel.TheSystem)
	o, err := readOpening(killedPlan, true)
	if err != nil {
		t.Fatal(err)
	}
	c, err := campaign.New(d, kernel.Clock{}).Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	k.campaign = c.ID
	accounts := access.NewService(d, kernel.Clock{})
	for i, name := range []string{"竺简", "花蕊", "谈笑", "明辉"} {
		p, err := roster.PersonCalled(ctx, d.Reader(), c.ID, name)
		if err != nil {
			t.Fatal(err)
		}
		a, err := accounts.Create(ctx, access.NewAccount{Login: fmt.Sprint("p", i), Name: name, PersonID: p.ID})
		if err != nil {
			t.Fatal(err)
		}
		token, err := accounts.IssueLink(ctx, a.ID)
		if err == nil {
			_, err = accounts.RedeemLink(ctx, token, benchPassword)
		}
		if err != nil {
			t.Fatal(err)
		}
		k.logins = append(k.logins, a.Login)
	}
}

// round lets the server run under load for a while, and kills it.
func (k *killedServer) round(t *testing.T) {
	t.Helper()
	server := exec.CommandContext(t.Context(), k.program, "serve", "--data", k.Data, "--addr", "127.0.0.1:0")
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	at := addressIn(t, out)
	clients := make([]*http.Client, len(k.logins))
	for i, login := range k.logins {
		clients[i] = enter(t, at, login)
	}
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for i := range killedClients {
		all.Go(func() { k.registering(ctx, clients[i%len(clients)], at) })
	}
	time.Sleep(200*time.Millisecond + rand.N(500*time.Millisecond)) // not for somebody to get ready: the moment is the point
	if err := server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = server.Wait()
	stop()
	all.Wait()
}

// addressIn reads the address that a server prints.
func addressIn(t *testing.T, out io.Reader) string {
	t.Helper()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, at, found := strings.Cut(lines.Text(), "正在运行："); found {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return strings.TrimSpace(at)
		}
	}
	t.Fatal("the server printed no address")
	return ""
}

func enter(t *testing.T, at, login string) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := post(t.Context(), c, at+"/signin", url.Values{"login": {login}, "password": {benchPassword}})
	if err != nil || res != http.StatusSeeOther {
		t.Fatal("sign in as", login, res, err)
	}
	return c
}

func post(ctx context.Context, c *http.Client, to string, form url.Values) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, errors.Join(err, res.Body.Close())
}

// registering registers until the server is gone, and remembers what it acknowledged.
func (k *killedServer) registering(ctx context.Context, c *http.Client, at string) {
	for ctx.Err() == nil {
		k.mu.Lock()
		k.sent++
		uuid := fmt.Sprintf("killed-%06d", k.sent)
		k.mu.Unlock()
		status, err := post(ctx, c, fmt.Sprintf("%s/c/%d/cases", at, k.campaign), url.Values{"uuid": {uuid}, "words": {"解放路路灯不亮 " + uuid}, "source": {"hotline"}, "address": {"解放路"}})
		if err != nil {
			return
		}
		if status == http.StatusSeeOther {
			k.mu.Lock()
			k.acknowledged[uuid] = true
			k.mu.Unlock()
		}
	}
}

func (k *killedServer) check(t *testing.T) {
	t.Helper()
	d := mustOpen(t, k.ground)
	var there []string
	if err := d.Reader().NewRaw("SELECT uuid FROM cases").Scan(t.Context(), &there); err != nil {
		t.Fatal(err)
	}
	times := map[string]int{}
	for _, uuid := range there {
		times[uuid]++
	}
	for uuid := range k.acknowledged {
		if times[uuid] != 1 {
			t.Errorf("%s was acknowledged and is there %d times", uuid, times[uuid])
		}
	}
	for what, query := range map[string]string{"cases without an event": "SELECT count(*) FROM cases WHERE id NOT IN (SELECT subject_id FROM events WHERE subject_kind = 'case' AND verb = 'registered')",
		"cases without a due":         "SELECT count(*) FROM cases WHERE id NOT IN (SELECT subject_id FROM dues WHERE subject_kind = 'case')",
		"cases without their words":   "SELECT count(*) FROM cases WHERE id NOT IN (SELECT id FROM case_text WHERE body LIKE '%路灯%')",
		"cases that are not counted":  "SELECT abs((SELECT count(*) FROM cases) - (SELECT coalesce(sum(n), 0) FROM case_counts WHERE unit_id = 0))",
		"faults of the file (PRAGMA)": "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"} {
		var n int
		if err := d.Reader().NewRaw(query).Scan(t.Context(), &n); err != nil || n != 0 {
			t.Errorf("%d %s, %v", n, what, err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	ok(t, "ledger", "seal", "--data", k.Data)
	ok(t, "ledger", "verify", "--data", k.Data)
	t.Logf("killed %d times: %d sent, %d acknowledged, %d there", killedOften, k.sent, len(k.acknowledged), len(there))
	if len(k.acknowledged) < killedOften*killedClients {
		t.Error("so few were acknowledged that this proved nothing")
	}
}

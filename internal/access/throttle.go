package access

import (
	"net/netip"
	"sync"
	"time"
)

// throttle slows down whoever tries passwords from one address on many accounts, which lock-out does not see.
// It lives in memory: a restart forgives. An office behind one address has many people, so the limit is wide.
type throttle struct {
	mu    sync.Mutex
	seen  map[string]tries
	limit int
}

type tries struct {
	failures int
	since    time.Time
}

const (
	throttleWindow = 15 * time.Minute
	throttleLimit  = 50
	throttleRoom   = 10000 // addresses remembered
)

func newThrottle() *throttle { return &throttle{seen: map[string]tries{}, limit: throttleLimit} }

// allowed reports whether the address may try again.
func (t *throttle) allowed(address string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.seen[block(address)]
	return e.failures < t.limit || now.Sub(e.since) >= throttleWindow
}

// failed counts a failure.
func (t *throttle) failed(address string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := block(address)
	e, known := t.seen[key]
	if !known {
		t.makeRoom(now)
	}
	if now.Sub(e.since) >= throttleWindow {
		e = tries{since: now}
	}
	e.failures++
	t.seen[key] = e
}

// makeRoom forgets what is over; if that is not enough, whatever comes first.
func (t *throttle) makeRoom(now time.Time) {
	if len(t.seen) < throttleRoom {
		return
	}
	for k, e := range t.seen {
		if now.Sub(e.since) >= throttleWindow {
			delete(t.seen, k)
		}
	}
	for k := range t.seen {
		if len(t.seen) < throttleRoom {
			return
		}
		delete(t.seen, k)
	}
}

// block is what one subscriber has: an IPv4 address, the /64 of an IPv6 address.
func block(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if a = a.Unmap(); a.Is4() {
		return a.String()
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}

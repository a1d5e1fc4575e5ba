package notify

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Live tells open pages how much is unread. One goroutine for the process counts for all of them in one query, every
// two seconds while a page listens, and at once when this process has told somebody something.
type Live struct {
	count func(context.Context, []int64) (map[int64]int, error)
	nudge chan struct{}

	mu        sync.Mutex
	listeners map[*Listener]bool
	closed    bool
}

// Listener is one open page.
type Listener struct {
	Counts chan int // the newest count; closed when the page should ask again

	account int64
	last    int
}

func newLive(count func(context.Context, []int64) (map[int64]int, error)) *Live {
	return &Live{count: count, nudge: make(chan struct{}, 1), listeners: map[*Listener]bool{}}
}

const liveEvery = 2 * time.Second

// Listen begins to tell a page what is unread for an account; last is what the page shows. Stop it with Leave.
func (l *Live) Listen(account int64, last int) *Listener {
	x := &Listener{Counts: make(chan int, 1), account: account, last: last}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		close(x.Counts)
		return x
	}
	l.listeners[x] = true
	return x
}

// Leave ends what Listen began.
func (l *Live) Leave(x *Listener) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(x)
}

// drop wants the lock held.
func (l *Live) drop(x *Listener) {
	if l.listeners[x] {
		delete(l.listeners, x)
		close(x.Counts)
	}
}

// Leaving ends the pages of an account: somebody signed out. Whoever is still signed in elsewhere asks again.
func (l *Live) Leaving(account int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for x := range l.listeners {
		if x.account == account {
			l.drop(x)
		}
	}
}

// Close ends all pages: the server stops.
func (l *Live) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for x := range l.listeners {
		l.drop(x)
	}
}

// Nudge has the next count come at once.
func (l *Live) Nudge() {
	select {
	case l.nudge <- struct{}{}:
	default: // it is asked already
	}
}

func (l *Live) run(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			l.Close()
			return
		case <-tick.C:
		case <-l.nudge:
		}
		if err := l.tell(ctx); err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "count unread", "err", err)
		}
	}
}

func (l *Live) tell(ctx context.Context) error {
	accounts := l.accounts()
	if len(accounts) == 0 {
		return nil
	}
	counts, err := l.count(ctx, accounts)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for x := range l.listeners {
		n, ok := counts[x.account]
		if !ok || n == x.last {
			continue
		}
		x.last = n
		select {
		case <-x.Counts: // an older count that was not fetched
		default:
		}
		x.Counts <- n
	}
	return nil
}

func (l *Live) accounts() (ids []int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for x := range l.listeners {
		ids = append(ids, x.account)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
)

// A batch ends when nothing waits, or at these bounds, so that nobody waits long for others' work.
const (
	maxBatch     = 256
	maxBatchTime = 25 * time.Millisecond
)

// queue is SQLite's group commit. SQLite has one writer, and the slow part of a write is the sync to disk;
// so one goroutine takes whatever waits, gives each caller its turn in a savepoint of one transaction,
// commits once, and then answers all of them.
//
// A closure runs on its caller's goroutine, so that a panic, or a test's FailNow, ends its caller and not the queue.
type queue struct {
	db      *bun.DB
	jobs    chan *job
	mu      sync.RWMutex // held for reading while a job is put in, for writing to close
	closed  bool
	stopped chan struct{}
}

// job is one waiting Write.
type job struct {
	taken     atomic.Bool  // by the queue, or by a caller that gave up
	turn      chan writeTx // the caller may run its closure now
	ran       chan error   // what the closure returned, errAborted if it did not return
	committed chan error   // the fate of the batch
}

var errAborted = errors.New("db: the write closure did not return")

func newQueue(db *bun.DB) *queue {
	q := &queue{db: db, jobs: make(chan *job, maxBatch), stopped: make(chan struct{})}
	go q.run()
	return q
}

func (q *queue) close() {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.jobs)
	}
	q.mu.Unlock()
	<-q.stopped
}

// write waits for a turn, runs fn in it, and returns after the commit.
func (q *queue) write(ctx context.Context, fn func(tx Tx) error) error {
	j := &job{turn: make(chan writeTx, 1), ran: make(chan error, 1), committed: make(chan error, 1)}
	if err := q.put(ctx, j); err != nil {
		return err
	}
	select {
	case tx := <-j.turn:
		return j.run(fn, tx)
	case err := <-j.committed: // the batch could not even begin
		return err
	case <-ctx.Done():
		if j.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
	}
	select { // the queue took it just before ctx ended: the turn comes at once
	case tx := <-j.turn:
		return j.run(fn, tx)
	case err := <-j.committed:
		return err
	}
}

func (q *queue) put(ctx context.Context, j *job) error {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.closed {
		return kernel.E(kernel.Unavailable, "系统正在关闭，没有办成，请稍后再试")
	}
	select {
	case q.jobs <- j:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run runs the closure in its turn, tells the queue how it went, and waits for the commit.
func (j *job) run(fn func(tx Tx) error, tx writeTx) error {
	if err := j.report(fn, tx); err != nil {
		return err
	}
	return <-j.committed
}

// report makes sure that the queue hears of a closure that panics or ends its goroutine.
func (j *job) report(fn func(tx Tx) error, tx writeTx) (err error) {
	err = errAborted
	defer func() { j.ran <- err }()
	err = runClosure(fn, tx)
	return err
}

func (q *queue) run() {
	defer close(q.stopped)
	for j := range q.jobs {
		q.batch(j)
	}
}

// batch serves first and whatever waits behind it in one transaction.
func (q *queue) batch(first *job) {
	ctx := context.Background() // the batch belongs to no caller
	prepareWanted(ctx, q.db.DB)
	tx, err := q.db.BeginTx(ctx, nil)
	if err != nil {
		answer([]*job{first}, err)
		return
	}
	var written []*job
	shared := writeTx{Tx: tx, db: q.db, steady: true, bound: map[*Statement]*sql.Stmt{}}
	start := time.Now()
	for j := first; j != nil; j = q.next(len(written), start) {
		if !j.taken.CompareAndSwap(false, true) {
			continue // its caller gave up
		}
		ok, err := serve(ctx, shared, j)
		if ok {
			written = append(written, j)
		}
		if err != nil {
			answer(written, errors.Join(err, tx.Rollback()))
			return
		}
	}
	answer(written, tx.Commit())
}

// next is the next waiting job, nil if the batch should end.
func (q *queue) next(served int, start time.Time) *job {
	if served >= maxBatch || time.Since(start) > maxBatchTime {
		return nil
	}
	select {
	case j := <-q.jobs: // nil once the queue is closed and empty
		return j
	default:
		return nil
	}
}

// A turn is a savepoint, so that whoever fails undoes nobody else's work.
var (
	beginTurn = Prepare("SAVEPOINT turn")
	undoTurn  = Prepare("ROLLBACK TO SAVEPOINT turn")
	endTurn   = Prepare("RELEASE SAVEPOINT turn")
)

// serve gives j its turn in a savepoint and reports whether it wrote anything to commit.
// An error means that the whole transaction is lost: SQLite itself rolls back when the disk is full or fails.
func serve(ctx context.Context, tx writeTx, j *job) (ok bool, err error) {
	if err := beginTurn.Exec(ctx, tx); err != nil {
		return true, err // not run, but it waits for an answer
	}
	j.turn <- tx
	if ran := <-j.ran; ran != nil {
		return false, errors.Join(undoTurn.Exec(ctx, tx), endTurn.Exec(ctx, tx))
	}
	return true, endTurn.Exec(ctx, tx)
}

func answer(jobs []*job, err error) {
	if err != nil {
		err = kernel.E(kernel.Unavailable, "数据库没有写成，请再试一次").Because(fmt.Errorf("commit: %w", err))
	}
	for _, j := range jobs {
		j.committed <- err
	}
}

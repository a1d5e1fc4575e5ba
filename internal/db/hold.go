package db

import (
	"context"
	"database/sql"
	"errors"
)

// Held is a database on which one goroutine alone does very much, one thing after the other: what it writes is
// committed many writes at a time, and it reads what it wrote. While it is held nobody else's write on SQLite gets
// through. A crash loses the writes since the last commit, so it is for filling a database, never for people's work.
type Held struct {
	*DB // for the rooms' services

	of    *DB
	every int
	tx    writeTx
	open  bool
	n     int
}

// fillingCache is what the writer keeps of a database while it is filled, 256 MB: most of what it writes again it wrote
// not long ago.
const fillingCache = "PRAGMA cache_size = -262144"

// Hold holds the database until Release. every is how many writes are committed together.
func (d *DB) Hold(every int) *Held {
	h := &Held{of: d, every: every}
	if d.kind == SQLite { // one connection; what is not to be had is done without
		_, _ = d.writer.ExecContext(context.Background(), fillingCache)
	}
	h.DB = &DB{kind: d.kind, reader: d.reader, writer: d.writer, words: d.words, held: h, closer: func() error { return nil }}
	return h
}

// Release commits what is written and lets go.
func (h *Held) Release() error {
	if !h.open {
		return nil
	}
	h.open, h.n = false, 0
	return h.tx.Commit()
}

// current is the transaction, begun if there is none.
func (h *Held) current() (writeTx, error) {
	if h.open {
		return h.tx, nil
	}
	ctx := context.Background()
	t := writeTx{db: h.of.writer, steady: true}
	if h.of.kind == SQLite {
		prepareWanted(ctx, h.of.writer.DB)
		t.bound = map[*Statement]*sql.Stmt{}
	}
	var err error
	if t.Tx, err = h.of.writer.BeginTx(ctx, nil); err != nil {
		return t, err
	}
	h.tx, h.open = t, true
	return t, nil
}

// reader is the transaction, or where none is open the readers: then all that was written is committed.
func (h *Held) reader() Tx {
	if h.open {
		return h.tx
	}
	return h.of.reader
}

func (h *Held) write(ctx context.Context, fn func(tx Tx) error) error {
	t, err := h.current()
	if err != nil {
		return err
	}
	if err := beginTurn.Exec(ctx, t); err != nil {
		return err
	}
	if err := runClosure(fn, t); err != nil {
		return errors.Join(err, undoTurn.Exec(ctx, t), endTurn.Exec(ctx, t))
	}
	if err := endTurn.Exec(ctx, t); err != nil {
		return err
	}
	// What ran unprepared is prepared between transactions, so the first ones are short.
	if h.n++; h.n >= h.every || (h.n >= h.every/20 && wants(h.of.writer.DB)) {
		return h.Release()
	}
	return nil
}

package db

import (
	"fmt"
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// SQLite locks a mutex of the connection at every call, and the mutexes of its memory and pages inside; as the driver
// brings them they are a tenth of what the program does. database/sql already lets only one goroutine at a connection,
// so the connection's mutex may be none, as SQLite's own multi-thread mode has it
// (https://www.sqlite.org/threadsafe.html); the others are Go's.
//
// A mutex is known to SQLite by a number that it only hands back.
const (
	noMutex       = 1 // of every connection
	staticMutexes = 16
	firstStatic   = 2
	firstFree     = firstStatic + staticMutexes
	maxFree       = 4096 // two for every open file
)

// mutexes are what the numbers from firstStatic on stand for.
var mutexes [staticMutexes + maxFree]sync.Mutex

// freeMutexes are the numbers that SQLite gave back.
var freeMutexes struct {
	sync.Mutex

	back []uintptr
	next uintptr
}

// init runs before any database is open: after that SQLite takes no other mutexes.
func init() { //nolint:gochecknoinits // the driver has it no other way: before the first connection
	tls := libc.NewTLS()
	defer tls.Close()
	methods := sqlite3.Tsqlite3_mutex_methods{
		FxMutexInit: *(*uintptr)(unsafe.Pointer(&struct{ f func(*libc.TLS) int32 }{mutexReady})), //nolint:gosec // as the driver hands functions to SQLite
		FxMutexEnd:  *(*uintptr)(unsafe.Pointer(&struct{ f func(*libc.TLS) int32 }{mutexReady})), //nolint:gosec // as the driver hands functions to SQLite
		FxMutexAlloc: *(*uintptr)(unsafe.Pointer(&struct { //nolint:gosec // likewise
			f func(*libc.TLS, int32) uintptr
		}{mutexAlloc})),
		FxMutexFree:  *(*uintptr)(unsafe.Pointer(&struct{ f func(*libc.TLS, uintptr) }{mutexFree})),  //nolint:gosec // as the driver hands functions to SQLite
		FxMutexEnter: *(*uintptr)(unsafe.Pointer(&struct{ f func(*libc.TLS, uintptr) }{mutexEnter})), //nolint:gosec // as the driver hands functions to SQLite
		FxMutexTry: *(*uintptr)(unsafe.Pointer(&struct { //nolint:gosec // likewise
			f func(*libc.TLS, uintptr) int32
		}{mutexTry})),
		FxMutexLeave: *(*uintptr)(unsafe.Pointer(&struct{ f func(*libc.TLS, uintptr) }{mutexLeave})), //nolint:gosec // as the driver hands functions to SQLite
	}
	size := int(unsafe.Sizeof(methods))
	// SQLite's memory, not Go's: what it reads by address must not move.
	at := tls.Alloc(size + int(unsafe.Sizeof(uintptr(0))))
	defer tls.Free(size + int(unsafe.Sizeof(uintptr(0))))
	copy(libc.GoBytes(at, size), unsafe.Slice((*byte)(unsafe.Pointer(&methods)), size)) //nolint:gosec // its bytes, while it lives
	if rc := sqlite3.Xsqlite3_config(tls, sqlite3.SQLITE_CONFIG_MUTEX, libc.VaList(at+uintptr(size), at)); rc != sqlite3.SQLITE_OK {
		panic(fmt.Sprintf("db: SQLite took no mutexes: %d", rc))
	}
	// What makes SQLite ready must not be run by two at once, and its mutex is none of these.
	if rc := sqlite3.Xsqlite3_initialize(tls); rc != sqlite3.SQLITE_OK {
		panic(fmt.Sprintf("db: SQLite did not start: %d", rc))
	}
}

func mutexReady(*libc.TLS) int32 { return sqlite3.SQLITE_OK }

func mutexAlloc(_ *libc.TLS, kind int32) uintptr {
	switch {
	case kind == sqlite3.SQLITE_MUTEX_RECURSIVE:
		return noMutex
	case kind > sqlite3.SQLITE_MUTEX_RECURSIVE && kind < staticMutexes:
		return firstStatic + uintptr(kind)
	}
	freeMutexes.Lock()
	defer freeMutexes.Unlock()
	if n := len(freeMutexes.back); n > 0 {
		m := freeMutexes.back[n-1]
		freeMutexes.back = freeMutexes.back[:n-1]
		return m
	}
	if freeMutexes.next == maxFree {
		return 0 // SQLite reports that it has no memory
	}
	freeMutexes.next++
	return firstFree + freeMutexes.next - 1
}

func mutexFree(_ *libc.TLS, m uintptr) {
	if m < firstFree {
		return
	}
	freeMutexes.Lock()
	defer freeMutexes.Unlock()
	freeMutexes.back = append(freeMutexes.back, m)
}

func mutexEnter(_ *libc.TLS, m uintptr) {
	if m >= firstStatic {
		mutexes[m-firstStatic].Lock()
	}
}

func mutexTry(_ *libc.TLS, m uintptr) int32 {
	if m < firstStatic || mutexes[m-firstStatic].TryLock() {
		return sqlite3.SQLITE_OK
	}
	return sqlite3.SQLITE_BUSY
}

func mutexLeave(_ *libc.TLS, m uintptr) {
	if m >= firstStatic {
		mutexes[m-firstStatic].Unlock()
	}
}

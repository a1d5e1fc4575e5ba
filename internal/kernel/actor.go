// Package kernel holds what every room needs and nothing of any of them:
// error codes, the clock, civil days and months, and who is acting.
package kernel

import "context"

// AdminRole is one of the three administrators that hold each other in check (三员分立), or none.
type AdminRole string

// The administrators: accounts and set-up; rights; the log.
const (
	NoAdmin       AdminRole = ""
	SystemAdmin   AdminRole = "system"
	SecurityAdmin AdminRole = "security"
	AuditAdmin    AdminRole = "audit"
)

// Actor is who does something: an account, the person of the roster behind it, or the program itself.
type Actor struct {
	AccountID int64
	PersonID  int64 // 0 for an administrator without a person
	Name      string
	Admin     AdminRole
	System    bool // the program itself, or whoever sits at the server's command line
}

// TheSystem is the program acting on its own or at the command line.
var TheSystem = Actor{Name: "系统", System: true}

type actorKey struct{}

// WithActor returns a context in which a acts.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorFrom returns who acts in ctx: the zero Actor if nobody signed in.
func ActorFrom(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}

// Known reports whether anybody at all is acting.
func (a Actor) Known() bool { return a.System || a.AccountID != 0 }

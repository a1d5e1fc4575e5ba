// Package access keeps accounts: who may sign in, how, and what the three administrators may do to accounts.
// What a person may do in a campaign follows from the roster and is decided in each room.
package access

import (
	"regexp"
	"strings"
	"time"

	"pinzhi/internal/kernel"

	"golang.org/x/text/unicode/norm"
)

// Account is what somebody signs in with.
type Account struct {
	ID          int64
	Login       string // as typed to sign in: lower case, without spaces
	Name        string // as shown
	PersonID    int64  // the person of the roster; 0 for an administrator
	Admin       kernel.AdminRole
	MustChange  bool // the password was chosen by somebody else
	Failures    int  // wrong passwords since the last right one
	LockedUntil time.Time
	LockedAt    time.Time // locked by an administrator; zero if not
	LockedBy    int64
	Epoch       int64 // sessions of an earlier epoch are void
	CreatedAt   time.Time
	PasswordAt  time.Time // zero before the first password was set
}

// Actor is the account as somebody who acts.
func (a Account) Actor() kernel.Actor {
	return kernel.Actor{AccountID: a.ID, PersonID: a.PersonID, Name: a.Name, Admin: a.Admin}
}

// Locked reports whether an administrator locked the account.
func (a Account) Locked() bool { return !a.LockedAt.IsZero() }

// lockedOut reports whether too many wrong passwords keep the account shut at the time.
func (a Account) lockedOut(now time.Time) bool { return now.Before(a.LockedUntil) }

// NewAccount is what Create needs.
type NewAccount struct {
	Login    string
	Name     string
	PersonID int64
	Admin    kernel.AdminRole // only at the command line; otherwise the security administrator grants it
	Password string           // chosen by the creator, to be changed at the first sign-in; "" where a link is sent
}

var loginPattern = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._@-]{1,39}$`)

// foldLogin makes of what was typed what is stored: width, case and outer spaces do not tell accounts apart.
func foldLogin(login string) string {
	return strings.ToLower(strings.TrimSpace(norm.NFKC.String(login)))
}

// check folds the login and refuses what no account may be.
func (n *NewAccount) check() error {
	n.Login, n.Name = foldLogin(n.Login), strings.TrimSpace(n.Name)
	switch {
	case !loginPattern.MatchString(n.Login):
		return kernel.E(kernel.Invalid, "登录名用 2 至 40 个字母、数字或汉字，可带 . _ @ -").On("login")
	case n.Name == "" || len([]rune(n.Name)) > 40:
		return kernel.E(kernel.Invalid, "请填写姓名，不超过 40 个字").On("name")
	case n.Admin != kernel.NoAdmin && n.PersonID != 0:
		return errAdminIsNobody
	case n.Password != "":
		return checkPassword(n.Password, n.Login)
	default:
		return checkRole(n.Admin)
	}
}

// errAdminIsNobody: none of the three administrators sees the campaign's content, so none is a person in it.
var errAdminIsNobody = kernel.E(kernel.Conflict, "管理员账号不能同时是名单里的人。请为管理员另建账号").On("admin")

func checkRole(role kernel.AdminRole) error {
	switch role {
	case kernel.NoAdmin, kernel.SystemAdmin, kernel.SecurityAdmin, kernel.AuditAdmin:
		return nil
	default:
		return kernel.E(kernel.Invalid, "没有“%s”这种管理员，只有 system、security、audit", role).On("admin")
	}
}

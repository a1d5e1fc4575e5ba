package access

import (
	"slices"

	"pinzhi/internal/kernel"
)

// Act is something only an administrator may do.
type Act string

// The acts.
const (
	ListAccounts  Act = "list_accounts"
	CreateAccount Act = "create_account"
	IssueLinks    Act = "issue_links" // for those who are no administrators; see IssueLink
	GrantAdmins   Act = "grant_admins"
	LockAccounts  Act = "lock_accounts" // and unlock them
	SetUpSystem   Act = "set_up_system" // campaigns, backup, connections to other systems
	ReadSystemLog Act = "read_system_log"
)

// rights holds the three administrators in check (三员分立): the one who makes accounts gives no rights, the one
// who gives rights makes no accounts, and the one who reads the log does neither.
// GB/T 22239-2019, 8.1.5.1 to 8.1.5.3 names the three: system, audit and security administration.
var rights = map[Act][]kernel.AdminRole{
	ListAccounts:  {kernel.SystemAdmin, kernel.SecurityAdmin},
	CreateAccount: {kernel.SystemAdmin},
	IssueLinks:    {kernel.SystemAdmin},
	GrantAdmins:   {kernel.SecurityAdmin},
	LockAccounts:  {kernel.SecurityAdmin},
	SetUpSystem:   {kernel.SystemAdmin},
	ReadSystemLog: {kernel.AuditAdmin},
}

// Allowed reports whether actor may do act. Whoever sits at the server's command line may do all of it: he can
// write to the database anyway, and it leaves its event.
func Allowed(actor kernel.Actor, act Act) bool {
	if actor.System {
		return true
	}
	return actor.AccountID != 0 && actor.Admin != kernel.NoAdmin && slices.Contains(rights[act], actor.Admin)
}

// require is Allowed as an error.
func require(actor kernel.Actor, act Act) error {
	switch {
	case !actor.Known():
		return kernel.E(kernel.Unauthenticated, "请先登录")
	case !Allowed(actor, act):
		return kernel.E(kernel.Forbidden, "您的账号没有办理这件事的权限")
	default:
		return nil
	}
}

package access_test

import (
	"testing"

	"pinzhi/internal/access"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
)

func TestRights_AreHeldByOneAdministratorEachExceptTheList(t *testing.T) {
	const s, c, a = "system", "security", "audit"
	for act, want := range map[access.Act]map[kernel.AdminRole]bool{
		access.ListAccounts:  {s: true, c: true},
		access.CreateAccount: {s: true},
		access.IssueLinks:    {s: true},
		access.GrantAdmins:   {c: true},
		access.LockAccounts:  {c: true},
		access.SetUpSystem:   {s: true},
		access.ReadSystemLog: {a: true},
		"unheard_of":         {},
	} {
		for _, role := range []kernel.AdminRole{s, c, a, kernel.NoAdmin} {
			if got := access.Allowed(kernel.Actor{AccountID: 1, Admin: role}, act); got != want[role] {
				t.Errorf("%s by %q: %t", act, role, got)
			}
		}
		if access.Allowed(kernel.Actor{Admin: s}, act) {
			t.Errorf("%s by nobody", act)
		}
		if !access.Allowed(kernel.TheSystem, act) {
			t.Errorf("%s at the command line is refused", act)
		}
	}
}

func TestServices_FollowTheTable(t *testing.T) {
	o := newOffice(t, dbtest.Open(t, db.SQLite))
	other := o.account("other", kernel.NoAdmin)
	actors := map[kernel.AdminRole]kernel.Actor{kernel.NoAdmin: o.account("li", kernel.NoAdmin).Actor()}
	for _, role := range []kernel.AdminRole{kernel.SystemAdmin, kernel.SecurityAdmin, kernel.AuditAdmin} {
		actors[role] = o.account("admin-"+string(role), role).Actor()
	}
	for act, do := range map[access.Act]func(role kernel.AdminRole) error{
		access.ListAccounts: func(r kernel.AdminRole) error { _, err := o.List(o.as(actors[r]), 0, 1); return err },
		access.CreateAccount: func(r kernel.AdminRole) error {
			_, err := o.Create(o.as(actors[r]), access.NewAccount{Login: "by-" + string(r), Name: "新人"})
			return err
		},
		access.IssueLinks:   func(r kernel.AdminRole) error { _, err := o.IssueLink(o.as(actors[r]), other.ID); return err },
		access.GrantAdmins:  func(r kernel.AdminRole) error { return o.GrantAdmin(o.as(actors[r]), other.ID, kernel.NoAdmin) },
		access.LockAccounts: func(r kernel.AdminRole) error { return o.Lock(o.as(actors[r]), other.ID) },
	} {
		for role, actor := range actors {
			err := do(role)
			if access.Allowed(actor, act) != (err == nil) {
				t.Errorf("%s by %q: %v", act, role, err)
			}
			if err != nil {
				o.wantCode(string(act), err, kernel.Forbidden)
			}
			_ = o.Unlock(o.system(), other.ID)
		}
	}
}

func TestGrantAdmin_OneAccountNeverHoldsTwo(t *testing.T) {
	each(t, func(o *office) {
		security := o.as(o.account("security", kernel.SecurityAdmin).Actor())
		a := o.account("zhao", kernel.NoAdmin)
		o.wantCode("audit", o.GrantAdmin(security, a.ID, kernel.AuditAdmin), "")
		o.wantCode("system on top", o.GrantAdmin(security, a.ID, kernel.SystemAdmin), kernel.Conflict)
		o.wantCode("none", o.GrantAdmin(security, a.ID, kernel.NoAdmin), "")
		o.wantCode("system instead", o.GrantAdmin(security, a.ID, kernel.SystemAdmin), "")
		o.wantCode("an unknown role", o.GrantAdmin(security, a.ID, "root"), kernel.Invalid)
	})
}

func TestGrantAdmin_NobodyGrantsHimselfNorAPersonOfTheRoster(t *testing.T) {
	o := newOffice(t, dbtest.Open(t, db.SQLite))
	me := o.account("security", kernel.SecurityAdmin)
	o.wantCode("himself", o.GrantAdmin(o.as(me.Actor()), me.ID, kernel.NoAdmin), kernel.Conflict)
	person, err := o.Create(o.system(), access.NewAccount{Login: "wang", Name: "王", PersonID: 9})
	o.wantCode("create", err, "")
	o.wantCode("a person", o.GrantAdmin(o.as(me.Actor()), person.ID, kernel.AuditAdmin), kernel.Conflict)
	o.wantCode("lock himself", o.Lock(o.as(me.Actor()), me.ID), kernel.Conflict)
	o.wantCode("unlock himself", o.Unlock(o.as(me.Actor()), me.ID), kernel.Conflict)
}

func TestGrantAdmin_TheSystemAdministratorNamesTheFirstSecurityAdministratorOnly(t *testing.T) {
	o := newOffice(t, dbtest.Open(t, db.SQLite))
	system := o.as(o.account("system", kernel.SystemAdmin).Actor())
	first, second := o.account("first", kernel.NoAdmin), o.account("second", kernel.NoAdmin)
	o.wantCode("audit", o.GrantAdmin(system, first.ID, kernel.AuditAdmin), kernel.Forbidden)
	o.wantCode("the first", o.GrantAdmin(system, first.ID, kernel.SecurityAdmin), "")
	o.wantCode("a second", o.GrantAdmin(system, second.ID, kernel.SecurityAdmin), kernel.Forbidden)
}

func TestIssueLink_TheSystemAdministratorCannotTakeOverAnotherAdministrator(t *testing.T) {
	o := newOffice(t, dbtest.Open(t, db.SQLite))
	system := o.as(o.account("system", kernel.SystemAdmin).Actor())
	security := o.account("security", kernel.SecurityAdmin)
	_, err := o.IssueLink(system, security.ID)
	o.wantCode("by the system administrator", err, kernel.Forbidden)
	_, err = o.IssueLink(o.system(), security.ID)
	o.wantCode("at the command line", err, "")
	_, err = o.Create(system, access.NewAccount{Login: "li", Name: "李", Admin: kernel.AuditAdmin})
	o.wantCode("create an administrator", err, kernel.Forbidden)
}

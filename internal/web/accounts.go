package web

import (
	"context"
	"fmt"

	"pinzhi/internal/access"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/roster"
	"pinzhi/internal/web/views"
)

// accountsPerPage is how many accounts one page lists.
const accountsPerPage = 200

func accountsPage(q *request) error { return q.accounts(200, "", "") }

// accounts lists the accounts, with a link that was just issued or a refusal on top.
func (q *request) accounts(status int, link, problem string) error {
	var after int64
	_, _ = fmt.Sscanf(q.FormValue("after"), "%d", &after)
	rows, err := q.s.Accounts.List(q.ctx(), after, accountsPerPage)
	if err != nil {
		return err
	}
	v := views.Accounts{Rows: rows, Link: link, Error: problem, Actor: q.actor, Today: q.today(),
		MayCreate: access.Allowed(q.actor, access.CreateAccount), MayGrant: access.Allowed(q.actor, access.GrantAdmins)}
	if v.MayNameFirst, err = q.s.Accounts.MayNameFirst(q.ctx()); err != nil {
		return err
	}
	if len(rows) == accountsPerPage {
		v.Next = rows[len(rows)-1].ID
	}
	if v.MayCreate {
		if v.Campaigns, err = q.s.Campaigns.Visible(q.ctx()); err != nil {
			return err
		}
	}
	return q.render(status, "账号", views.AccountsPage(v))
}

// createAccount makes an account for a person of a campaign's roster and shows the link to hand over.
func createAccount(q *request) error {
	if !access.Allowed(q.actor, access.CreateAccount) {
		return kernel.E(kernel.Forbidden, "建立账号由系统管理员办理")
	}
	n := access.NewAccount{Login: q.FormValue("login"), Name: q.FormValue("person")}
	if called := q.FormValue("person"); q.FormValue("campaign") != "" {
		var campaignID int64
		_, _ = fmt.Sscanf(q.FormValue("campaign"), "%d", &campaignID)
		p, err := roster.PersonCalled(q.ctx(), q.s.DB.Reader(), campaignID, called)
		if err != nil {
			return q.accountRefused(err)
		}
		n.Name, n.PersonID = p.Name, p.ID
	}
	a, err := q.s.Accounts.Create(q.ctx(), n)
	if err != nil {
		return q.accountRefused(err)
	}
	return q.showLink(a.ID)
}

func (q *request) accountRefused(err error) error {
	if kernel.CodeOf(err) == kernel.Internal {
		return err
	}
	return q.accounts(statusOf(kernel.CodeOf(err)), "", kernel.MessageOf(err))
}

func issueLink(q *request) error {
	id, err := q.id("a")
	if err != nil {
		return err
	}
	return q.showLink(id)
}

// showLink issues a one-time link and shows it once: it is kept nowhere in clear.
func (q *request) showLink(id int64) error {
	token, err := q.s.Accounts.IssueLink(q.ctx(), id)
	if err != nil {
		return q.accountRefused(err)
	}
	return q.accounts(200, q.origin()+"/signin/link?token="+token, "")
}

func lockAccount(q *request) error   { return q.onAccount(q.s.Accounts.Lock) }
func unlockAccount(q *request) error { return q.onAccount(q.s.Accounts.Unlock) }
func grantAdmin(q *request) error {
	return q.onAccount(func(ctx context.Context, id int64) error {
		return q.s.Accounts.GrantAdmin(ctx, id, kernel.AdminRole(q.FormValue("admin")))
	})
}

func (q *request) onAccount(do func(context.Context, int64) error) error {
	id, err := q.id("a")
	if err != nil {
		return err
	}
	if err := do(q.ctx(), id); err != nil {
		return q.accountRefused(err)
	}
	return q.seeOther("/accounts")
}

// logPage is the system's own ledger, for the audit administrator alone.
func logPage(q *request) error {
	if !access.Allowed(q.actor, access.ReadSystemLog) {
		return kernel.E(kernel.Forbidden, "系统日志由审计管理员查看")
	}
	rows, err := ledger.Recent(q.ctx(), q.s.DB.Reader(), ledger.System, q.before(), ledgerPage)
	if err != nil {
		return err
	}
	return q.page("系统日志", views.LedgerPage("系统日志", q.ledgerRows("", rows), olderThan("/log", rows)))
}

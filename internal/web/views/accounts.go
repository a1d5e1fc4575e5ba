package views

import (
	"pinzhi/internal/access"
	"pinzhi/internal/campaign"
	"pinzhi/internal/kernel"
)

// SignIn is the sign-in form.
type SignIn struct{ Login, To, Error, Assets string }

// Link is the form behind a one-time link.
type Link struct{ Token, Name, Login, Error string }

// Me is one's own account.
type Me struct {
	Account access.Account
	Error   string
}

// Accounts is the list of accounts.
type Accounts struct {
	Rows      []access.Account
	Campaigns []campaign.Campaign
	Actor     kernel.Actor
	Link      string
	Error     string
	MayCreate bool
	MayGrant  bool
	// MayNameFirst: there is no security administrator yet, and the system administrator may name one.
	MayNameFirst bool
	Next         int64
	Today        kernel.Date
}

// AdminName is the Chinese name of an administrator.
func AdminName(r kernel.AdminRole) string {
	switch r {
	case kernel.SystemAdmin:
		return "系统管理员"
	case kernel.SecurityAdmin:
		return "安全管理员"
	case kernel.AuditAdmin:
		return "审计管理员"
	case kernel.NoAdmin:
	}
	return ""
}

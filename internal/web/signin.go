package web

import (
	"net"
	"strings"

	"pinzhi/internal/kernel"
	"pinzhi/internal/web/views"
)

func signInPage(q *request) error {
	if q.actor.Known() {
		return q.seeOther("/")
	}
	return q.page("登录", views.SignInPage(views.SignIn{To: q.FormValue("to"), Assets: q.s.files.prefix}))
}

func signIn(q *request) error {
	v := views.SignIn{To: q.FormValue("to"), Login: q.FormValue("login"), Assets: q.s.files.prefix}
	account, err := q.s.Accounts.SignIn(q.ctx(), v.Login, q.FormValue("password"), q.address())
	if err != nil {
		if kernel.CodeOf(err) == kernel.Internal {
			return err
		}
		v.Error = kernel.MessageOf(err)
		return q.render(statusOf(kernel.CodeOf(err)), "登录", views.SignInPage(v))
	}
	if err := q.s.Sessions.PutActor(q.ctx(), account); err != nil {
		return err
	}
	if account.MustChange {
		return q.seeOther("/me")
	}
	return q.seeOther("%s", inner(v.To))
}

// inner is a path of ours to go on to; anything that could lead elsewhere becomes the front page.
func inner(to string) string {
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n") {
		return "/"
	}
	return to
}

// address is who is calling, for the throttle: never taken from a header that the caller writes.
func (q *request) address() string {
	host, _, err := net.SplitHostPort(q.RemoteAddr)
	if err != nil {
		return q.RemoteAddr
	}
	return host
}

func linkPage(q *request) error {
	token := q.FormValue("token")
	account, _, err := q.s.Accounts.OpenLink(q.ctx(), token)
	if err != nil {
		return err
	}
	return q.page("设置密码", views.LinkPage(views.Link{Token: token, Name: account.Name, Login: account.Login}))
}

func redeemLink(q *request) error {
	token, password := q.FormValue("token"), q.FormValue("password")
	account, _, err := q.s.Accounts.OpenLink(q.ctx(), token)
	if err != nil {
		return err
	}
	v := views.Link{Token: token, Name: account.Name, Login: account.Login}
	if password != q.FormValue("again") {
		v.Error = "两次输入的密码不一样"
		return q.render(statusOf(kernel.Invalid), "设置密码", views.LinkPage(v))
	}
	if account, err = q.s.Accounts.RedeemLink(q.ctx(), token, password); kernel.CodeOf(err) == kernel.Invalid {
		v.Error = kernel.MessageOf(err)
		return q.render(statusOf(kernel.Invalid), "设置密码", views.LinkPage(v))
	} else if err != nil {
		return err
	}
	if err := q.s.Sessions.PutActor(q.ctx(), account); err != nil {
		return err
	}
	return q.seeOther("/")
}

func signOut(q *request) error {
	q.s.Notify.Live.Leaving(q.actor.AccountID)
	if err := q.s.Sessions.Destroy(q.ctx()); err != nil {
		return err
	}
	return q.seeOther("/signin")
}

func mePage(q *request) error { return q.me("", 200) }

func (q *request) me(problem string, status int) error {
	account, err := q.s.Sessions.AccountOf(q.ctx())
	if err != nil {
		return err
	}
	return q.render(status, "我的账号", views.MePage(views.Me{Account: account, Error: problem}))
}

func changePassword(q *request) error {
	if q.FormValue("password") != q.FormValue("again") {
		return q.me("两次输入的新密码不一样", statusOf(kernel.Invalid))
	}
	account, err := q.s.Accounts.SetPassword(q.ctx(), q.FormValue("current"), q.FormValue("password"))
	if code := kernel.CodeOf(err); code != "" && code != kernel.Internal {
		return q.me(kernel.MessageOf(err), statusOf(code))
	}
	if err != nil {
		return err
	}
	if err := q.s.Sessions.PutActor(q.ctx(), account); err != nil {
		return err
	}
	return q.seeOther("/")
}

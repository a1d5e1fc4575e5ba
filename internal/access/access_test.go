package access_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pinzhi/internal/access"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"

	"github.com/google/go-cmp/cmp"
)

const (
	goodPassword = "汾河水清 2023 夏天见"
	home         = "10.1.2.3"
)

// office is the room under a clock that the test moves.
type office struct {
	*access.Service

	t   *testing.T
	db  *db.DB
	now time.Time
}

func each(t *testing.T, fn func(o *office)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(newOffice(t, d)) })
}

func newOffice(t *testing.T, d *db.DB) *office {
	t.Helper()
	o := &office{t: t, db: d, now: time.Date(2023, 6, 28, 1, 0, 0, 0, time.UTC)}
	o.Service = access.NewService(d, kernel.FixedClock(func() time.Time { return o.now }))
	return o
}

func (o *office) as(a kernel.Actor) context.Context { return kernel.WithActor(o.t.Context(), a) }

func (o *office) system() context.Context { return o.as(kernel.TheSystem) }

// account makes one that can sign in with goodPassword.
func (o *office) account(login string, admin kernel.AdminRole) access.Account {
	o.t.Helper()
	a, err := o.Create(o.system(), access.NewAccount{Login: login, Name: login + "的姓名", Admin: admin})
	if err != nil {
		o.t.Fatal(err)
	}
	token, err := o.IssueLink(o.system(), a.ID)
	if err != nil {
		o.t.Fatal(err)
	}
	if a, err = o.RedeemLink(o.t.Context(), token, goodPassword); err != nil {
		o.t.Fatal(err)
	}
	return a
}

func (o *office) signIn(password string) error {
	_, err := o.SignIn(o.t.Context(), "wangyuan", password, home)
	return err
}

// wantCode fails unless err has the code ("" for success).
func (o *office) wantCode(what string, err error, code kernel.Code) {
	o.t.Helper()
	if kernel.CodeOf(err) != code {
		o.t.Errorf("%s: got %v, want code %q", what, err, code)
	}
}

// verbs lists what the ledger says about accounts since the last call, oldest first.
func (o *office) verbs() (all []string) {
	o.t.Helper()
	records, err := ledger.Recent(o.t.Context(), o.db.Reader(), ledger.System, 0, 100)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, r := range records {
		all = append([]string{r.Verb}, all...)
	}
	return all
}

func TestSignIn_WithTheRightPasswordHoweverTheLoginIsTyped(t *testing.T) {
	each(t, func(o *office) {
		want := o.account("wangyuan", kernel.NoAdmin)
		got, err := o.SignIn(t.Context(), " ＷangYuan ", goodPassword, home)
		if err != nil {
			o.t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			o.t.Error(diff)
		}
		if diff := cmp.Diff([]string{"created", "link_issued", "password_set", "signed_in"}, o.verbs()); diff != "" {
			o.t.Error(diff)
		}
	})
}

func TestSignIn_SaysTheSameForAnUnknownLoginAWrongPasswordAndAShutAccount(t *testing.T) {
	each(t, func(o *office) {
		o.account("wangyuan", kernel.NoAdmin)
		_, unknown := o.SignIn(o.t.Context(), "nobody", goodPassword, home)
		wrong := o.signIn("not the password")
		for range 4 {
			_ = o.signIn("not the password")
		}
		shut := o.signIn(goodPassword)
		for what, err := range map[string]error{"unknown": unknown, "wrong": wrong, "shut": shut} {
			o.wantCode(what, err, kernel.Unauthenticated)
			if kernel.MessageOf(err) != kernel.MessageOf(unknown) {
				o.t.Errorf("%s: %s", what, kernel.MessageOf(err))
			}
		}
	})
}

func TestSignIn_FiveWrongPasswordsShutTheAccountLongerEachTime(t *testing.T) {
	each(t, func(o *office) {
		o.account("wangyuan", kernel.NoAdmin)
		for _, minutes := range []int{15, 30, 60} {
			for range 5 {
				o.wantCode("wrong", o.signIn("not the password"), kernel.Unauthenticated)
			}
			o.now = o.now.Add(time.Duration(minutes)*time.Minute - time.Second)
			o.wantCode("a second too early", o.signIn(goodPassword), kernel.Unauthenticated)
			o.now = o.now.Add(time.Second)
		}
		o.wantCode("after the hour", o.signIn(goodPassword), "")
		o.wantCode("one wrong after a right one", o.signIn("not the password"), kernel.Unauthenticated)
		o.wantCode("the account is open", o.signIn(goodPassword), "")
	})
}

func TestSignIn_ManyGuessesAtOnceDoNotSlipPastTheLockout(t *testing.T) {
	each(t, func(o *office) {
		a := o.account("wangyuan", kernel.NoAdmin)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { _ = o.signIn("not the password") })
		}
		wg.Wait()
		got, err := o.ByID(o.t.Context(), a.ID)
		if err != nil || got.Failures != 5 {
			o.t.Errorf("%d failures, %v", got.Failures, err)
		}
	})
}

func TestSignIn_StopsAnAddressThatTriesManyAccounts(t *testing.T) {
	o := newOffice(t, dbtest.Open(t, db.SQLite))
	o.account("wangyuan", kernel.NoAdmin)
	for i := range 50 {
		_, err := o.SignIn(t.Context(), fmt.Sprintf("guess%d", i), "not the password", "2001:db8::"+fmt.Sprint(i+1))
		o.wantCode("a guess", err, kernel.Unauthenticated)
	}
	_, err := o.SignIn(t.Context(), "wangyuan", goodPassword, "2001:db8::ffff")
	o.wantCode("the same /64", err, kernel.TooMany)
	o.wantCode("another address", o.signIn(goodPassword), "")
	o.now = o.now.Add(15 * time.Minute)
	_, err = o.SignIn(t.Context(), "wangyuan", goodPassword, "2001:db8::ffff")
	o.wantCode("a quarter of an hour later", err, "")
}

func TestSignIn_NotIntoALockedAccount(t *testing.T) {
	each(t, func(o *office) {
		a := o.account("wangyuan", kernel.NoAdmin)
		o.wantCode("lock", o.Lock(o.system(), a.ID), "")
		o.wantCode("right password", o.signIn(goodPassword), kernel.Forbidden)
		o.wantCode("wrong password", o.signIn("not the password"), kernel.Unauthenticated)
		o.wantCode("unlock", o.Unlock(o.system(), a.ID), "")
		o.wantCode("after unlocking", o.signIn(goodPassword), "")
	})
}

func TestLedger_NeverHoldsASecret(t *testing.T) {
	o := newOffice(t, dbtest.Open(t, db.SQLite))
	a := o.account("wangyuan", kernel.NoAdmin)
	token, err := o.IssueLink(o.system(), a.ID)
	o.wantCode("link", err, "")
	_, _ = o.SignIn(t.Context(), "typed-into-the-wrong-field", "secret-password", home)
	_ = o.signIn("secret-password")
	_, err = o.SetPassword(o.as(a.Actor()), goodPassword, "another-secret-one")
	o.wantCode("set password", err, "")
	records, err := ledger.Recent(t.Context(), o.db.Reader(), ledger.System, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(records)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{token, "secret", goodPassword, "typed-into", "argon2"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the ledger holds %q: %s", secret, text)
		}
	}
}

func TestRedeemLink_WorksOnceWithinADay(t *testing.T) {
	each(t, func(o *office) {
		a := o.account("wangyuan", kernel.NoAdmin)
		first, err := o.IssueLink(o.system(), a.ID)
		o.wantCode("first link", err, "")
		second, err := o.IssueLink(o.system(), a.ID)
		o.wantCode("second link", err, "")
		redeem := func(token, password string) error {
			_, err := o.RedeemLink(t.Context(), token, password)
			return err
		}
		o.wantCode("a link that was replaced", redeem(first, "brand new password"), kernel.NotFound)
		o.wantCode("an easy password", redeem(second, "wangyuan11"), kernel.Invalid)
		o.wantCode("the link is still there", redeem(second, "brand new password"), "")
		o.wantCode("again", redeem(second, "brand new password"), kernel.NotFound)
		o.wantCode("the old password", o.signIn(goodPassword), kernel.Unauthenticated)
		o.wantCode("the new password", o.signIn("brand new password"), "")
		late, err := o.IssueLink(o.system(), a.ID)
		o.wantCode("third link", err, "")
		o.now = o.now.Add(24 * time.Hour)
		o.wantCode("a day later", redeem(late, "brand new password"), kernel.NotFound)
	})
}

func TestRedeemLink_ByTwoAtOnceSetsOnePassword(t *testing.T) {
	each(t, func(o *office) {
		a := o.account("wangyuan", kernel.NoAdmin)
		token, err := o.IssueLink(o.system(), a.ID)
		o.wantCode("link", err, "")
		var wg sync.WaitGroup
		results := make(chan error, 2)
		for i := range 2 {
			wg.Go(func() {
				_, err := o.RedeemLink(context.Background(), token, fmt.Sprintf("password number %d", i))
				results <- err
			})
		}
		wg.Wait()
		codes := map[kernel.Code]int{kernel.CodeOf(<-results): 1}
		codes[kernel.CodeOf(<-results)]++
		if diff := cmp.Diff(map[kernel.Code]int{"": 1, kernel.NotFound: 1}, codes); diff != "" {
			o.t.Error(diff)
		}
	})
}

func TestEnsureFirstAdmin_GivesAFreshLinkUntilOneIsUsed(t *testing.T) {
	each(t, func(o *office) {
		ctx := o.t.Context()
		first, ok, err := o.EnsureFirstAdmin(ctx)
		if err != nil || !ok {
			o.t.Fatal(ok, err)
		}
		second, ok, err := o.EnsureFirstAdmin(ctx)
		if err != nil || !ok || second == first {
			o.t.Fatal(ok, err)
		}
		_, err = o.RedeemLink(ctx, first, goodPassword)
		o.wantCode("the first start's link", err, kernel.NotFound)
		a, purpose, err := o.OpenLink(ctx, second)
		if err != nil || a.Login != "admin" || a.Admin != kernel.SystemAdmin || purpose != access.FirstAdministrator {
			o.t.Errorf("%+v, %s, %v", a, purpose, err)
		}
		_, err = o.RedeemLink(ctx, second, goodPassword)
		o.wantCode("the second start's link", err, "")
		if token, ok, err := o.EnsureFirstAdmin(ctx); ok || token != "" || err != nil {
			o.t.Error("a third start made a link:", ok, err)
		}
		want := []string{"created", "link_issued", "link_issued", "password_set"}
		if diff := cmp.Diff(want, o.verbs()); diff != "" {
			o.t.Error(diff)
		}
	})
}

func TestEnsureFirstAdmin_LeavesAnAccountThatHappensToBeCalledAdmin(t *testing.T) {
	o := newOffice(t, dbtest.Open(t, db.SQLite))
	o.account("admin", kernel.NoAdmin)
	token, _, err := o.EnsureFirstAdmin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if a, _, err := o.OpenLink(t.Context(), token); err != nil || a.Login != "admin2" {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestSetPassword_NeedsTheCurrentOneAndADifferentStrongOne(t *testing.T) {
	each(t, func(o *office) {
		a := o.account("wangyuan", kernel.NoAdmin)
		ctx := o.as(a.Actor())
		set := func(current, password string) error {
			_, err := o.SetPassword(ctx, current, password)
			return err
		}
		o.wantCode("wrong current", set("not the password", "brand new password"), kernel.Invalid)
		o.wantCode("the same", set(goodPassword, goodPassword), kernel.Invalid)
		o.wantCode("too short", set(goodPassword, "短密码"), kernel.Invalid)
		o.wantCode("good", set(goodPassword, "brand new password"), "")
		o.wantCode("sign in", o.signIn("brand new password"), "")
		_, err := o.SetPassword(o.t.Context(), "brand new password", goodPassword)
		o.wantCode("nobody", err, kernel.Unauthenticated)
	})
}

func TestPassword_RuleRefusesWhatIsGuessedFirst(t *testing.T) {
	o := newOffice(t, dbtest.Open(t, db.SQLite))
	a := o.account("zhangwei", kernel.NoAdmin)
	token, err := o.IssueLink(o.system(), a.ID)
	o.wantCode("link", err, "")
	for _, weak := range []string{
		"123456789", "1234567890", "QwertyUiop", "aaaaaaaaaaaa", "zhangweizhangwei", "zhangwei000", strings.Repeat("长句子", 90),
	} {
		_, err := o.RedeemLink(t.Context(), token, weak)
		o.wantCode(weak, err, kernel.Invalid)
	}
	_, err = o.RedeemLink(t.Context(), token, "国家卫生城市复审一次过")
	o.wantCode("a sentence", err, "")
}

func TestCreate_WithAPasswordOfSomebodyElseAsksToChangeIt(t *testing.T) {
	each(t, func(o *office) {
		_, err := o.Create(o.system(), access.NewAccount{Login: "wangyuan", Name: "王渊", Password: goodPassword})
		o.wantCode("create", err, "")
		a, err := o.SignIn(o.t.Context(), "wangyuan", goodPassword, home)
		if err != nil || !a.MustChange {
			o.t.Errorf("%+v, %v", a, err)
		}
		a, err = o.SetPassword(o.as(a.Actor()), goodPassword, "brand new password")
		if err != nil || a.MustChange {
			o.t.Errorf("%+v, %v", a, err)
		}
	})
}

func TestCreate_RefusesWhatNoAccountMayBe(t *testing.T) {
	each(t, func(o *office) {
		o.account("wangyuan", kernel.NoAdmin)
		for what, c := range map[string]struct {
			n    access.NewAccount
			code kernel.Code
		}{
			"a login that is taken":   {access.NewAccount{Login: "WANGYUAN", Name: "王渊"}, kernel.Conflict},
			"no login":                {access.NewAccount{Name: "王渊"}, kernel.Invalid},
			"a login with spaces":     {access.NewAccount{Login: "wang yuan", Name: "王渊"}, kernel.Invalid},
			"no name":                 {access.NewAccount{Login: "li"}, kernel.Invalid},
			"an unknown role":         {access.NewAccount{Login: "li", Name: "李", Admin: "root"}, kernel.Invalid},
			"an admin who is someone": {access.NewAccount{Login: "li", Name: "李", Admin: kernel.AuditAdmin, PersonID: 3}, kernel.Conflict},
			"a weak password":         {access.NewAccount{Login: "li", Name: "李", Password: "1234567890"}, kernel.Invalid},
		} {
			_, err := o.Create(o.system(), c.n)
			o.wantCode(what, err, c.code)
		}
	})
}

func TestList_PagesByKey(t *testing.T) {
	each(t, func(o *office) {
		for _, login := range []string{"a1", "b2", "c3"} {
			_, err := o.Create(o.system(), access.NewAccount{Login: login, Name: login, PersonID: int64(login[1])})
			o.wantCode(login, err, "")
		}
		first, err := o.List(o.system(), 0, 2)
		if err != nil || len(first) != 2 {
			o.t.Fatalf("%+v, %v", first, err)
		}
		rest, err := o.List(o.system(), first[1].ID, 2)
		if err != nil || len(rest) != 1 || rest[0].Login != "c3" {
			o.t.Errorf("%+v, %v", rest, err)
		}
		a, err := o.ByPerson(o.t.Context(), int64('2'))
		if err != nil || a.Login != "b2" {
			o.t.Errorf("%+v, %v", a, err)
		}
		_, err = o.ByPerson(o.t.Context(), 0)
		o.wantCode("nobody's account", err, kernel.NotFound)
	})
}

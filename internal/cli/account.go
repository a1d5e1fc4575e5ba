package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"pinzhi/internal/access"
	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
)

type accountCmd struct {
	Create accountCreateCmd `cmd:"" help:"建账号，并给出设密码的一次性链接。"`
	List   accountListCmd   `cmd:"" help:"列出账号。"`
	Link   accountLinkCmd   `cmd:"" help:"给账号另发一个设密码的一次性链接。"`
	Lock   accountLockCmd   `cmd:"" help:"停用账号，已登录的随即退出。"`
	Unlock accountUnlockCmd `cmd:"" help:"解锁账号。"`
}

// personFinder looks a person of a campaign's roster up by name.
type personFinder interface {
	// PersonNamed fails with not_found for nobody, with conflict for several people of that name.
	PersonNamed(ctx context.Context, campaignID int64, name string) (personID int64, err error)
}

// finderFor opens the roster on a database.
type finderFor func(d *db.DB) personFinder

// accounts is what the account commands share.
type accounts struct {
	ground

	URL string `name:"url" env:"PINZHI_URL" default:"http://localhost:8080" help:"大家打开系统的网址，用来拼链接。"`
}

// open opens the room on behalf of whoever sits at the server.
func (a accounts) open(ctx context.Context) (context.Context, *db.DB, *access.Service, func() error, error) {
	d, closeDB, err := a.openGround(ctx)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	return kernel.WithActor(ctx, kernel.TheSystem), d, access.NewService(d, kernel.Clock{}), closeDB, nil
}

// linkPath is where web takes a one-time link.
const linkPath = "/signin/link?token="

func (a accounts) printLink(out io.Writer, token string) {
	fmt.Fprintf(out, "设密码的链接，24 小时内有效，只能用一次：\n%s%s%s\n", strings.TrimRight(a.URL, "/"), linkPath, token)
}

type accountCreateCmd struct {
	accounts

	Login    string           `required:"" help:"登录名。"`
	Person   string           `placeholder:"姓名" xor:"who" help:"名单里的人，与 --campaign 同用。"`
	Campaign int64            `placeholder:"编号" help:"在哪个行动的名单里找。"`
	Name     string           `placeholder:"姓名" xor:"who" help:"不在名单里的人的姓名，如管理员。"`
	Admin    kernel.AdminRole `placeholder:"ROLE" help:"system 系统管理员、security 安全管理员、audit 审计管理员。"`
}

// Run makes the account and prints its link.
func (c *accountCreateCmd) Run(ctx context.Context, s *streams, finder finderFor) error {
	ctx, d, room, closeDB, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer closeDB() //nolint:errcheck // written is committed
	n := access.NewAccount{Login: c.Login, Name: c.Name, Admin: c.Admin}
	if c.Person != "" {
		n.Name = c.Person
		if n.PersonID, err = finder(d).PersonNamed(ctx, c.Campaign, c.Person); err != nil {
			return err
		}
	}
	a, err := room.Create(ctx, n)
	if err != nil {
		return err
	}
	token, err := room.IssueLink(ctx, a.ID)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "已建账号 %s（%s）\n", a.Login, a.Name)
	c.printLink(s.out, token)
	c.seal(ctx, s, d)
	return nil
}

type accountListCmd struct{ accounts }

// Run prints a line for each account.
func (c *accountListCmd) Run(ctx context.Context, s *streams) error {
	ctx, _, room, closeDB, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer closeDB() //nolint:errcheck // only read
	const page = 500
	for after := int64(0); ; {
		list, err := room.List(ctx, after, page)
		if err != nil {
			return err
		}
		for _, a := range list {
			fmt.Fprintf(s.out, "%d\t%s\t%s\t%s\t%s\n", a.ID, a.Login, a.Name, a.Admin, state(a))
			after = a.ID
		}
		if len(list) < page {
			return nil
		}
	}
}

func state(a access.Account) string {
	switch {
	case a.Locked():
		return "已停用"
	case a.PasswordAt.IsZero():
		return "未设密码"
	default:
		return "正常"
	}
}

type accountLinkCmd struct {
	accounts

	Login string `arg:"" help:"登录名。"`
}

// Run prints a fresh link.
func (c *accountLinkCmd) Run(ctx context.Context, s *streams) error {
	return c.withAccount(ctx, s, c.Login, func(ctx context.Context, room *access.Service, id int64) error {
		token, err := room.IssueLink(ctx, id)
		if err == nil {
			c.printLink(s.out, token)
		}
		return err
	})
}

type accountLockCmd struct {
	accounts

	Login string `arg:"" help:"登录名。"`
}

// Run locks the account.
func (c *accountLockCmd) Run(ctx context.Context, s *streams) error {
	return c.withAccount(ctx, s, c.Login, func(ctx context.Context, room *access.Service, id int64) error {
		if err := room.Lock(ctx, id); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "已停用 %s\n", c.Login)
		return nil
	})
}

type accountUnlockCmd struct {
	accounts

	Login string `arg:"" help:"登录名。"`
}

// Run unlocks the account.
func (c *accountUnlockCmd) Run(ctx context.Context, s *streams) error {
	return c.withAccount(ctx, s, c.Login, func(ctx context.Context, room *access.Service, id int64) error {
		if err := room.Unlock(ctx, id); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "已解锁 %s\n", c.Login)
		return nil
	})
}

// withAccount opens the room and finds the account by login.
func (a accounts) withAccount(
	ctx context.Context, s *streams, login string, do func(ctx context.Context, room *access.Service, id int64) error,
) error {
	ctx, d, room, closeDB, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer closeDB() //nolint:errcheck // written is committed
	found, err := room.ByLogin(ctx, login)
	if err != nil {
		return err
	}
	if err := do(ctx, room, found.ID); err != nil {
		return err
	}
	a.seal(ctx, s, d)
	return nil
}

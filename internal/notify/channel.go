package notify

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"

	"github.com/uptrace/bun"
)

// Kind is a way to reach somebody beside the inbox.
type Kind string

// The kinds.
const (
	Mail     Kind = "mail"
	WeCom    Kind = "wecom"
	DingTalk Kind = "dingtalk"
	Webhook  Kind = "webhook"
)

// Kinds lists them in the order of the screen.
var Kinds = []Kind{Mail, WeCom, DingTalk, Webhook}

// Name is the kind in Chinese.
func (k Kind) Name() string {
	return map[Kind]string{Mail: "电子邮件", WeCom: "企业微信机器人", DingTalk: "钉钉机器人", Webhook: "Webhook"}[k]
}

// Channel is where somebody wants to be told beside the inbox.
type Channel struct {
	bun.BaseModel `bun:"table:notice_channels,alias:ch"`

	ID         int64 `bun:"id,pk,autoincrement"`
	AccountID  int64
	Kind       Kind
	Address    string
	Secret     string
	Active     bool
	UrgentOnly bool
	ResumeAt   time.Time
	ChangedAt  time.Time
}

// Masked is the address as an administrator may see it: a robot's URL holds its key.
func (c Channel) Masked() string { return masked(c.Kind, c.Address) }

func masked(k Kind, address string) string {
	if k == Mail || address == "" {
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		return "…"
	}
	return u.Scheme + "://" + u.Host + "/…"
}

const longestAddress = 500

func (c Config) checkAddress(k Kind, address string) (string, error) {
	address = strings.TrimSpace(address)
	switch {
	case !slices.Contains(Kinds, k):
		return "", kernel.E(kernel.Invalid, "没有这种通知方式").On("kind")
	case address == "":
		return "", kernel.E(kernel.Invalid, "请填写%s的地址", k.Name()).On("address")
	case len(address) > longestAddress:
		return "", kernel.E(kernel.Invalid, "地址最多 %d 个字符", longestAddress).On("address")
	}
	if k == Mail {
		a, err := mail.ParseAddress(address)
		if err != nil || a.Name != "" || a.Address != address {
			return "", kernel.E(kernel.Invalid, "“%s”不是邮箱地址，请写成 name@example.com 这样", address).On("address")
		}
		return address, nil
	}
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || u.User != nil {
		return "", kernel.E(kernel.Invalid, "地址要以 https:// 或 http:// 开头，不带用户名和密码").On("address")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !c.PrivateHooks && !public(ip) {
		return "", errInner.On("address")
	}
	return address, nil
}

var errInner = kernel.E(kernel.Invalid, "地址在内网或本机，服务器不向那里发送；确有需要，请系统管理员用 --allow-private-hooks 启动")

// Channels lists what the actor chose.
func (s *Service) Channels(ctx context.Context) (list []Channel, err error) {
	a, err := self(ctx)
	if err != nil {
		return nil, err
	}
	err = s.db.Reader().NewSelect().Model(&list).Where("account_id = ?", a.AccountID).Order("id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("channels: %w", err)
	}
	return list, nil
}

// SetChannel keeps where and how the actor wants to be told. A webhook without a secret gets one. Switched off, what
// waits there is dropped. It fails with invalid for an address that cannot be one.
func (s *Service) SetChannel(ctx context.Context, c Channel) error {
	a, err := self(ctx)
	if err != nil {
		return err
	}
	if a.Admin != kernel.NoAdmin {
		return errAdmin
	}
	c.Secret = strings.TrimSpace(c.Secret)
	if c.Active || strings.TrimSpace(c.Address) != "" {
		if c.Address, err = s.config.checkAddress(c.Kind, c.Address); err != nil {
			return err
		}
	} else if !slices.Contains(Kinds, c.Kind) {
		return kernel.E(kernel.Invalid, "没有这种通知方式").On("kind")
	}
	if len(c.Secret) > longestAddress {
		return kernel.E(kernel.Invalid, "密钥最多 %d 个字符", longestAddress).On("secret")
	}
	if c.Kind == Webhook && c.Secret == "" {
		c.Secret = randomText()
	}
	now := s.clock.Now()
	c.ID, c.AccountID, c.ResumeAt, c.ChangedAt = 0, a.AccountID, now, now
	return s.db.Write(ctx, func(tx db.Tx) error { return s.setChannel(ctx, tx, c, now) })
}

func (s *Service) setChannel(ctx context.Context, tx db.Tx, c Channel, now time.Time) error {
	_, err := tx.NewInsert().Model(&c).On("CONFLICT (account_id, kind) DO UPDATE").Set("address = EXCLUDED.address").Set("secret = EXCLUDED.secret").
		Set("active = EXCLUDED.active").Set("urgent_only = EXCLUDED.urgent_only").Set("resume_at = EXCLUDED.resume_at").
		Set("changed_at = EXCLUDED.changed_at").Returning("id").Exec(ctx)
	if err != nil {
		return fmt.Errorf("keep channel: %w", err)
	}
	if !c.Active {
		_, err := tx.NewRaw("update notice_deliveries set state = 'dropped', error = ?, done_at = ? where channel_id = ? and state = 'waiting'",
			droppedOff, now, c.ID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("drop what waits for channel %d: %w", c.ID, err)
		}
	}
	return s.record(ctx, tx, "channel_set", map[string]any{"channel": c.Kind.Name(), "active": c.Active})
}

// Test sends a message to one of the actor's channels at once, be it night. It fails with invalid where the channel is
// off.
func (s *Service) Test(ctx context.Context, k Kind) error {
	a, err := self(ctx)
	if err != nil {
		return err
	}
	if k == Mail && !s.CanMail() {
		return kernel.E(kernel.Conflict, "系统还没有设置发信服务器，请告诉系统管理员").On("address")
	}
	now := s.clock.Now()
	err = s.db.Write(ctx, func(tx db.Tx) error {
		var rows []Channel
		err := tx.NewSelect().Model(&rows).Where("account_id = ?", a.AccountID).Where("kind = ?", k).Where("active").Scan(ctx)
		if err != nil {
			return fmt.Errorf("channel: %w", err)
		}
		if len(rows) == 0 {
			return kernel.E(kernel.Invalid, "请先启用并存下，再发送测试").On("address")
		}
		if err := mayTest(ctx, tx, rows[0], now); err != nil {
			return err
		}
		if _, err := tx.NewRaw("update notice_channels set resume_at = ? where id = ?", now, rows[0].ID).Exec(ctx); err != nil {
			return fmt.Errorf("channel: %w", err)
		}
		_, err = openDelivery(ctx, tx, rows[0], slot{testPrefix + randomText(), now}, now)
		return err
	})
	return err
}

// mostTests an hour go to one channel: an address need not be its owner's.
const mostTests = 6

func mayTest(ctx context.Context, tx db.Tx, c Channel, now time.Time) error {
	var rows []Delivery
	err := tx.NewSelect().Model(&rows).Where("channel_id = ?", c.ID).Where("slot LIKE 'test:%'").Where("created_at > ?", now.Add(-time.Hour)).Scan(ctx)
	if err != nil {
		return fmt.Errorf("tests of channel %d: %w", c.ID, err)
	}
	switch {
	case slices.ContainsFunc(rows, func(d Delivery) bool { return d.State == Waiting }):
		return kernel.E(kernel.Conflict, "上一条测试还在发送，请稍等再看结果").On("address")
	case len(rows) >= mostTests:
		return kernel.E(kernel.Conflict, "一小时里最多测试 %d 次，请过一会儿再试", mostTests).On("address")
	}
	return nil
}

// Latest is what became of the last message to each of the actor's channels.
func (s *Service) Latest(ctx context.Context) (map[Kind]Delivery, error) {
	channels, err := s.Channels(ctx)
	if err != nil {
		return nil, err
	}
	latest := map[Kind]Delivery{}
	for _, c := range channels {
		var rows []Delivery
		err := s.db.Reader().NewSelect().Model(&rows).Where("channel_id = ?", c.ID).Order("id DESC").Limit(1).Scan(ctx)
		if err != nil {
			return nil, fmt.Errorf("deliveries of channel %d: %w", c.ID, err)
		}
		if len(rows) == 1 {
			latest[c.Kind] = rows[0]
		}
	}
	return latest, nil
}

var errAdmin = kernel.E(kernel.Forbidden, "管理员不收案件通知（三员分立）")

// self is who acts; it fails with unauthenticated where nobody does.
func self(ctx context.Context) (kernel.Actor, error) {
	a := kernel.ActorFrom(ctx)
	if a.AccountID == 0 {
		return a, kernel.E(kernel.Unauthenticated, "请先登录")
	}
	return a, nil
}

// record tells the system's own ledger what the actor set. Addresses are nobody's business.
func (s *Service) record(ctx context.Context, tx db.Tx, verb string, data map[string]any) error {
	return ledger.Append(ctx, tx, ledger.Event{CampaignID: ledger.System, At: s.clock.Now(), SubjectKind: "account",
		SubjectID: kernel.ActorFrom(ctx).AccountID, Verb: verb, Data: data})
}

// randomText is 24 random bytes as text.
func randomText() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

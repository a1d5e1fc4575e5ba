package views

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"pinzhi/internal/kernel"
	"pinzhi/internal/notify"
	"pinzhi/internal/web/views/ui"
)

// Inbox is what somebody was told.
type Inbox struct {
	Page   notify.InboxPage
	Unread bool // only what is unread
	Left   int  // how much is unread in all
	Today  kernel.Date
}

// upTo is the newest notice that the page shows, so that none is marked that came meanwhile. Where it shows nothing
// unread, what is left stands on another page, or in a campaign that the reader is no longer in: then all of it.
func (v Inbox) upTo() string {
	if !v.anyUnread() {
		return strconv.FormatInt(math.MaxInt64, 10)
	}
	return strconv.FormatInt(v.Page.Items[0].ID, 10)
}

func (v Inbox) anyUnread() bool {
	for _, x := range v.Page.Items {
		if x.ReadAt.IsZero() {
			return true
		}
	}
	return false
}

func (v Inbox) older() string {
	if v.Unread {
		return fmt.Sprintf("/inbox?unread=1&before=%d", v.Page.Next)
	}
	return fmt.Sprintf("/inbox?before=%d", v.Page.Next)
}

// TellMe is how somebody wants to be told beside the inbox.
type TellMe struct {
	Problem  Problem
	Failed   notify.Kind // whose form was not taken
	Typed    notify.Channel
	Channels []notify.Channel // one of each kind
	Latest   map[notify.Kind]notify.Delivery
	CanMail  bool
	Feed     notify.Feed
	Address  string // of a calendar that was made just now
	Today    kernel.Date
}

func (v TellMe) problem(k notify.Kind) Problem {
	if v.Failed == k {
		return v.Problem
	}
	return Problem{}
}

// stray reports whether what was wrong belongs to none of the forms.
func (v TellMe) stray() bool {
	return v.Problem.Message != "" && !slices.Contains(notify.Kinds, v.Failed)
}

// became tells what became of a message.
func (v TellMe) became(d notify.Delivery) string {
	text := "最近一条（" + d.Sort().Name() + "，" + ui.When(d.CreatedAt, v.Today) + "）：" + d.State.Name()
	if d.Error != "" {
		text += "，" + d.Error
	}
	switch {
	case d.State == notify.Waiting && d.Sort() == notify.TestSort:
		text += "，几秒后刷新本页看结果"
	case d.State == notify.Waiting:
		text += "，" + ui.When(d.NotBefore, v.Today) + "发"
	}
	return text
}

// channelHelp says what goes into the address.
func channelHelp(k notify.Kind) string {
	return map[notify.Kind]string{
		notify.Mail:     "邮箱地址",
		notify.WeCom:    "机器人的 Webhook 地址（群设置里添加机器人后复制）",
		notify.DingTalk: "机器人的 Webhook 地址（群设置里添加自定义机器人后复制）",
		notify.Webhook:  "接收地址，向它 POST 一份 JSON",
	}[k]
}

func secretHelp(k notify.Kind) string {
	if k == notify.Webhook {
		return "签名密钥（不填则自动生成）"
	}
	return "加签密钥（机器人选了“加签”才填）"
}

func hasSecret(k notify.Kind) bool { return k == notify.Webhook || k == notify.DingTalk }

func inputType(k notify.Kind) string {
	if k == notify.Mail {
		return "email"
	}
	return "url"
}

// Deliveries is what became of the messages, for the system administrator.
type Deliveries struct {
	Problem Problem
	State   notify.State // "" for all
	Page    notify.DeliveryPage
	Counts  map[notify.State]int
	CanMail bool
	Today   kernel.Date
}

func (v Deliveries) older() string {
	return fmt.Sprintf("/deliveries?state=%s&before=%d", v.State, v.Page.Next)
}

func deliveryLight(s notify.State) string {
	return map[notify.State]string{notify.Sent: "ok", notify.Waiting: "soon", notify.Failed: "late", notify.Dropped: "idle"}[s]
}

func mayRetry(d notify.Delivery) bool {
	return d.State == notify.Failed || (d.State == notify.Waiting && d.Attempts > 0)
}

package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"pinzhi/internal/kernel"
)

// hooks posts JSON to addresses that people named. It follows no redirect, waits ten seconds at most, and unless the
// operator allows it reaches no address of the inner network: that is asked of the address which is really dialled, so
// that a name which resolves differently the second time gains nothing.
type hooks struct{ client *http.Client }

func newHooks(private bool) hooks {
	dialer := &net.Dialer{Timeout: sendTimeout}
	if !private {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil || !public(at.Addr()) {
				return errInner
			}
			return nil
		}
	}
	transport := &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: sendTimeout, ResponseHeaderTimeout: sendTimeout,
		MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true} // no proxy: it would dial for us, unasked
	return hooks{&http.Client{Transport: transport, Timeout: sendTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// inner lists what of the public-looking ranges is not the public network.
var inner = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"), // IPv4 within IPv6
}

// public reports whether an address lies in the public network.
func public(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range inner {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

const answerLength = 64 << 10

// post sends a body and returns the answer; an error where the answer is not 2xx.
func (h hooks) post(ctx context.Context, to string, body []byte, headers map[string]string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("地址不对")
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "pinzhi")
	for name, v := range headers {
		req.Header.Set(name, v)
	}
	res, err := h.client.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, answerLength))
	if err != nil {
		return nil, withoutURL(err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return nil, fmt.Errorf("对方答复 HTTP %d", res.StatusCode)
	}
	return answer, nil
}

// withoutURL leaves out the address, which may hold a robot's key.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*kernel.Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// webhook posts JSON that is signed with the channel's secret.
type webhook struct {
	hooks

	clock kernel.Clock
}

// hookBody is the contract with receivers: fields are added, never changed.
type hookBody struct {
	ID      string     `json:"id"`   // the same at every attempt: whoever has seen it need not look again
	Kind    Sort       `json:"kind"` // digest, urgent, test
	Drill   bool       `json:"drill"`
	Subject string     `json:"subject"`
	Items   []hookItem `json:"items"`
}

type hookItem struct {
	Campaign string    `json:"campaign"`
	Drill    bool      `json:"drill"`
	At       time.Time `json:"at"`
	Subject  string    `json:"subject"` // case, order, desk
	Verb     string    `json:"verb"`
	Urgent   bool      `json:"urgent"`
	Number   string    `json:"number"`
	Title    string    `json:"title"`
	Text     string    `json:"text"`
	Step     string    `json:"step"`
	Due      string    `json:"due"`
	URL      string    `json:"url"`
}

func (w webhook) send(ctx context.Context, to Channel, m Message) error {
	b := hookBody{ID: m.ID, Kind: m.Sort, Drill: m.drill(), Subject: m.Subject(), Items: []hookItem{}}
	for _, x := range m.Items {
		item := hookItem{Campaign: x.Campaign, Drill: x.Drill, At: x.At, Subject: x.SubjectKind, Verb: x.Verb, Urgent: x.Urgent, Number: x.Number,
			Title: x.Title, Text: x.Text, Step: x.Step, Due: x.Due}
		if m.Site != "" {
			item.URL = m.Site + x.Path
		}
		b.Items = append(b.Items, item)
	}
	body, err := json.Marshal(b)
	if err != nil {
		return err
	}
	_, err = w.post(ctx, to.Address, body, map[string]string{"Pinzhi-Delivery": m.ID, "Pinzhi-Signature": Sign(to.Secret, w.clock.Now(), body)})
	return err
}

// Sign is the signature of a webhook's body: t=<seconds since 1970>,v1=<HMAC-SHA256 of t.body, in hex>.
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// robotAnswer is how both robots answer: HTTP 200 even where they refuse.
type robotAnswer struct {
	Code    *int   `json:"errcode"`
	Message string `json:"errmsg"`
}

// robotPost posts text: plain, because a title is what somebody wrote and markdown would let it draw links.
func (h hooks) robotPost(ctx context.Context, to, text string) error {
	body, err := json.Marshal(map[string]any{"msgtype": "text", "text": map[string]string{"content": text}})
	if err != nil {
		return err
	}
	raw, err := h.post(ctx, to, body, nil)
	if err != nil {
		return err
	}
	var answer robotAnswer
	if err := json.Unmarshal(raw, &answer); err != nil || answer.Code == nil {
		return errors.New("对方的答复不是机器人的答复，请核对地址")
	}
	if *answer.Code != 0 {
		return fmt.Errorf("机器人拒收（errcode %d）：%s", *answer.Code, answer.Message)
	}
	return nil
}

// wecom is a group robot of WeCom (企业微信): 2048 bytes of text at most.
type wecom struct{ hooks }

func (w wecom) send(ctx context.Context, to Channel, m Message) error {
	const most = 2048
	subject := m.Subject()
	return w.robotPost(ctx, to.Address, subject+"\n\n"+m.Text(most-len(subject)-2))
}

// dingtalk is a group robot of DingTalk (钉钉): 20000 bytes; signed where it has a secret (加签).
type dingtalk struct {
	hooks

	clock kernel.Clock
}

func (d dingtalk) send(ctx context.Context, to Channel, m Message) error {
	const most = 18_000
	subject := m.Subject()
	address, err := d.signed(to)
	if err != nil {
		return err
	}
	return d.robotPost(ctx, address, subject+"\n\n"+m.Text(most-len(subject)-2))
}

// signed adds what DingTalk asks of a signed robot: HMAC-SHA256 of "timestamp\nsecret" in base64.
func (d dingtalk) signed(to Channel) (string, error) {
	if to.Secret == "" {
		return to.Address, nil
	}
	u, err := url.Parse(to.Address)
	if err != nil {
		return "", errors.New("地址不对")
	}
	stamp := strconv.FormatInt(d.clock.Now().UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(to.Secret))
	mac.Write([]byte(stamp + "\n" + to.Secret))
	q := u.Query()
	q.Set("timestamp", stamp)
	q.Set("sign", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	u.RawQuery = q.Encode()
	return u.String(), nil
}

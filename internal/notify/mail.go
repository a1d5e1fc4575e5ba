package notify

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"strings"

	"pinzhi/internal/kernel"

	gomail "github.com/wneessen/go-mail"
)

// sender sends a message by one kind of channel; an error means that it was not taken.
type sender interface {
	send(ctx context.Context, to Channel, m Message) error
}

// SMTP is the operator's mail server; Addr "" is none.
type SMTP struct {
	Addr     string // host:port
	User     string
	Password string
	From     string
	TLS      string // must, may, never; "" is must, implicit on port 465
}

func (c Config) check() error {
	if c.URL != "" {
		u, err := url.Parse(c.URL)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
			return kernel.E(kernel.Invalid, "网址要写成 https://主机 这样，现在是“%s”", c.URL)
		}
	}
	return c.SMTP.check()
}

func (c SMTP) check() error {
	if c.Addr == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(c.Addr)
	if n, bad := strconv.Atoi(port); err != nil || bad != nil || host == "" || n < 1 || n > 65535 {
		return kernel.E(kernel.Invalid, "发信服务器要写成 主机:端口，如 smtp.example.com:587，现在是“%s”", c.Addr)
	}
	if _, err := mail.ParseAddress(c.From); err != nil {
		return kernel.E(kernel.Invalid, "设了发信服务器就要设发信人（--smtp-from），如 pinzhi@example.com，现在是“%s”", c.From)
	}
	switch c.TLS {
	case "", "must", "may", "never":
		return nil
	}
	return kernel.E(kernel.Invalid, "发信的 TLS 只能是 must、may、never，现在是“%s”", c.TLS)
}

// mailer sends mail by the operator's server.
type mailer struct {
	smtp  SMTP
	clock kernel.Clock
}

const mailLength = 60_000 // bytes

func (s mailer) send(ctx context.Context, to Channel, m Message) error {
	msg, err := s.message(to.Address, m)
	if err != nil {
		return err
	}
	client, err := s.client()
	if err != nil {
		return err
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	return nil
}

func (s mailer) message(to string, m Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithEncoding(gomail.EncodingB64), gomail.WithNoDefaultUserAgent())
	from, err := mail.ParseAddress(s.smtp.From)
	if err != nil {
		return nil, err
	}
	if err := msg.FromFormat(cmp.Or(from.Name, "品质"), from.Address); err != nil {
		return nil, err
	}
	if err := msg.To(to); err != nil {
		return nil, err
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	msg.SetMessageIDWithValue(m.ID + ".notice@" + domain)
	msg.SetDateWithValue(s.clock.Now().In(kernel.Shanghai))
	msg.Subject(oneLine(m.Subject()))
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody on holiday answers it
	if m.Site != "" {
		msg.SetGenHeader("List-Unsubscribe", "<"+m.Site+"/me/notify>")
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text(mailLength))
	return msg, nil
}

func (s mailer) client() (*gomail.Client, error) {
	host, port, err := net.SplitHostPort(s.smtp.Addr)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	options := []gomail.Option{gomail.WithPort(n), gomail.WithTimeout(sendTimeout)}
	switch s.smtp.TLS {
	case "never":
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	case "may":
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if port == "465" {
		options = append(options, gomail.WithSSL())
	}
	if s.smtp.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.smtp.User), gomail.WithPassword(s.smtp.Password))
	}
	return gomail.NewClient(host, options...)
}

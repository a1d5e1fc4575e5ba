package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"sync"
	"time"

	"pinzhi/internal/access"
	"pinzhi/internal/calendar"
	"pinzhi/internal/campaign"
	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/evidence"
	"pinzhi/internal/indicator"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
	"pinzhi/internal/notify"
	"pinzhi/internal/report"
	"pinzhi/internal/submission"
	"pinzhi/internal/web"
)

type serveCmd struct {
	ground

	Addr   string `env:"PINZHI_ADDR" default:"127.0.0.1:8080" help:"监听的地址。"`
	Open   string `type:"existingfile" placeholder:"FILE" help:"还没有行动时，先用这份方案启动一项。"`
	Secure bool   `env:"PINZHI_SECURE" help:"前面有 TLS：会话 Cookie 只在加密连接上发送。"`
	Files  string `env:"PINZHI_FILES" type:"path" placeholder:"DIR" help:"照片和文件放在哪个文件夹；不写则在数据文件夹下的 evidence。"`
	S3     string `name:"s3" env:"PINZHI_S3" placeholder:"URL" help:"照片和文件放到 S3：https://主机/桶；密钥写在环境变量 PINZHI_S3_KEY 和 PINZHI_S3_SECRET。"`
	Token  string `name:"metrics-token" env:"PINZHI_METRICS_TOKEN" placeholder:"TOKEN" help:"监控程序读 /metrics 的令牌（Authorization: Bearer …），宜写在环境变量里；不设则没有 /metrics。"`

	Tiles       string `env:"PINZHI_TILES" placeholder:"URL" help:"地图的底图，如 https://主机/{z}/{x}/{y}.png；须是 WGS-84 或 CGCS2000（天地图是，GCJ-02 的不是）。不写则在素底上显示。"`
	TilesCredit string `name:"tiles-credit" env:"PINZHI_TILES_CREDIT" placeholder:"TEXT" help:"底图的版权说明和审图号，显示在地图右下角。"`
	Boundary    string `env:"PINZHI_BOUNDARY" type:"existingfile" placeholder:"FILE" help:"城区界线：一个 GeoJSON 文件，画在地图上。"`

	Now          string `placeholder:"2024-09-30T16:00" help:"演练用：系统的时钟从这一刻走起。只有全部行动都是演练时才行。"`
	URL          string `name:"url" env:"PINZHI_URL" placeholder:"URL" help:"大家打开本系统的网址，如 https://pinzhi.example.gov.cn；通知里的链接以它开头，不写则通知里没有链接。"`
	SMTP         string `name:"smtp" env:"PINZHI_SMTP" placeholder:"HOST:PORT" help:"发信服务器；账号和密码写在环境变量 PINZHI_SMTP_USER 和 PINZHI_SMTP_PASSWORD。不设则不发邮件。"`
	SMTPFrom     string `name:"smtp-from" env:"PINZHI_SMTP_FROM" placeholder:"ADDRESS" help:"发信人，如 pinzhi@example.gov.cn。"`
	SMTPTLS      string `name:"smtp-tls" env:"PINZHI_SMTP_TLS" default:"must" enum:"must,may,never" help:"发信用 TLS：must 一定用，may 能用就用，never 不用。端口 465 一开始就加密。"`
	PrivateHooks bool   `name:"allow-private-hooks" env:"PINZHI_ALLOW_PRIVATE_HOOKS" help:"允许 Webhook 和机器人的地址在内网或本机。"`

	LogTo string `name:"log" env:"PINZHI_LOG" type:"path" placeholder:"FILE" help:"日志写到文件；不写则写到标准错误。"`

	Profile string `type:"path" placeholder:"FILE" help:"把运行时的 CPU 剖析写到文件，go tool pprof 可看。"`
}

// Run serves until the context ends, then lets requests finish and seals the ledger.
func (c *serveCmd) Run(ctx context.Context, s *streams) error {
	log, closeLog, err := c.log(s)
	if err != nil {
		return err
	}
	defer closeLog()
	stopProfile, err := profile(c.Profile)
	if err != nil {
		return err
	}
	defer stopProfile()
	d, closeDB, err := c.openGround(ctx)
	if err != nil {
		return err
	}
	defer closeDB() //nolint:errcheck // written is committed
	clock, err := c.clock(ctx, d)
	if err != nil {
		return err
	}
	keeper, err := ledger.Open(ctx, d, c.Data, clock)
	if err != nil {
		return err
	}
	ground, err := web.NewGround(c.Tiles, c.TilesCredit, c.Boundary)
	if err != nil {
		return err
	}
	system := kernel.WithActor(ctx, kernel.TheSystem)
	campaigns := campaign.New(d, clock)
	if err := c.openFirst(system, s, campaigns); err != nil {
		return err
	}
	accounts := access.NewService(d, clock)
	sessions := access.NewSessions(accounts, c.Secure)
	blobs, err := c.blobs(ctx)
	if err != nil {
		return err
	}
	days, files := calendar.New(d, clock), evidence.New(d, blobs, clock, evidence.DefaultLimits)
	matters := cases.New(d, clock, days, campaigns, files)
	reports := report.New(d, clock, days, campaigns)
	telling, err := notify.New(d, clock, days, campaigns, matters, accounts, notify.Config{URL: c.URL, PrivateHooks: c.PrivateHooks, SMTP: notify.SMTP{Addr: c.SMTP, From: c.SMTPFrom,
		TLS: c.SMTPTLS, User: os.Getenv("PINZHI_SMTP_USER"), Password: os.Getenv("PINZHI_SMTP_PASSWORD")}})
	if err != nil {
		return err
	}
	server := &web.Server{Notify: telling, DB: d, Clock: clock, Campaigns: campaigns, Cases: matters, Calendar: days, Reports: reports, Indicators: indicator.New(d, clock, days, campaigns), Forms: submission.New(d, clock, campaigns, files), Evidence: files, Accounts: accounts, Sessions: sessions, Log: log, MetricsToken: c.Token, URL: c.URL, Ground: ground}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Addr)
	if err != nil {
		return kernel.E(kernel.Unavailable, "监听不了 %s：多半是已经有一个程序在用这个端口。可以换一个：PINZHI_ADDR=127.0.0.1:8081", c.Addr).Because(err)
	}
	c.greet(system, s, accounts, listener.Addr().String())
	return serve(ctx, log, listener, server.Handler(), keeper, telling.Live.Close, sessions.Run, files.Run, matters.Run,
		func(ctx context.Context) { days.Run(ctx, log) }, func(ctx context.Context) { telling.Run(ctx, log) }, func(ctx context.Context) { reports.Run(ctx, log) })
}

// clock is the world's, or for practice one that goes on from a moment.
func (c *serveCmd) clock(ctx context.Context, d *db.DB) (kernel.Clock, error) {
	if c.Now == "" {
		return kernel.Clock{}, nil
	}
	from, err := time.ParseInLocation("2006-01-02T15:04", c.Now, kernel.Shanghai)
	if err != nil {
		return kernel.Clock{}, kernel.E(kernel.Invalid, "--now 要写成 2024-09-30T16:00 这样，现在是“%s”", c.Now)
	}
	earnest, err := d.Reader().NewSelect().TableExpr("campaigns").Where("NOT drill").Count(ctx)
	if err != nil {
		return kernel.Clock{}, err
	}
	if earnest > 0 {
		return kernel.Clock{}, kernel.E(kernel.Conflict, "这里有 %d 项行动不是演练，时钟不能拨", earnest)
	}
	began := time.Now()
	return kernel.FixedClock(func() time.Time { return from.Add(time.Since(began)) }), nil
}

// blobs is where the files lie: a folder beside the database, or a bucket.
func (c *serveCmd) blobs(ctx context.Context) (evidence.Blobs, error) {
	if c.S3 == "" {
		return evidence.NewFolder(cmp.Or(c.Files, filepath.Join(c.Data, "evidence")))
	}
	u, err := url.Parse(c.S3)
	if err != nil || u.Host == "" || strings.Trim(u.Path, "/") == "" {
		return nil, kernel.E(kernel.Invalid, "S3 的地址要写成 https://主机/桶，现在是“%s”", c.S3)
	}
	bucket, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	return evidence.NewS3(ctx, evidence.S3Config{Endpoint: u.Host, Bucket: bucket, Prefix: prefix, AccessKey: os.Getenv("PINZHI_S3_KEY"),
		SecretKey: os.Getenv("PINZHI_S3_SECRET"), Region: os.Getenv("PINZHI_S3_REGION"), Insecure: u.Scheme == "http"})
}

// log is JSON lines: to a file, or to standard error.
func (c *serveCmd) log(s *streams) (*slog.Logger, func(), error) {
	if c.LogTo == "" {
		return slog.New(slog.NewJSONHandler(s.err, nil)), func() {}, nil
	}
	f, err := os.OpenFile(c.LogTo, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, kernel.E(kernel.Invalid, "写不了日志文件“%s”", c.LogTo).Because(err)
	}
	return slog.New(slog.NewJSONHandler(f, nil)), func() { _ = f.Close() }, nil
}

// openFirst opens a campaign from the plan given, unless there is one already.
func (c *serveCmd) openFirst(ctx context.Context, s *streams, campaigns *campaign.Service) error {
	if c.Open == "" {
		return nil
	}
	have, err := campaigns.Visible(ctx)
	if err != nil || len(have) > 0 {
		return err
	}
	o, err := readOpening(c.Open, false)
	if err != nil {
		return err
	}
	opened, err := campaigns.Open(ctx, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "已启动行动：%s（%s）\n", opened.Name, opened.DocumentNumber)
	return nil
}

// greet prints the address and, while no administrator has a password, a link to set one.
func (c *serveCmd) greet(ctx context.Context, s *streams, accounts *access.Service, addr string) {
	fmt.Fprintf(s.out, "品质 正在运行：http://%s\n", addr)
	token, ok, err := accounts.EnsureFirstAdmin(ctx)
	switch {
	case err != nil:
		fmt.Fprintln(s.err, "pinzhi: 第一位管理员的链接没有发出：", err)
	case ok:
		fmt.Fprintf(s.out, "第一位管理员请打开（24 小时内有效，只能用一次）：\nhttp://%s%s%s\n", addr, linkPath, token)
	}
	fmt.Fprintln(s.out, "按 Ctrl-C 停止。")
}

// grace is how long requests may take to finish after the stop.
const grace = 10 * time.Second

// serve ends the lines that stay open by closing when the server stops, so that the stop does not wait for them.
func serve(ctx context.Context, log *slog.Logger, l net.Listener, h http.Handler, keeper *ledger.Ledger, closing func(), background ...func(context.Context)) error {
	beside, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	for _, run := range append(background, keeper.Run) {
		running.Go(func() { run(beside) })
	}
	defer func() { stop(); running.Wait() }()
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 2 * time.Minute, WriteTimeout: 2 * time.Minute,
		IdleTimeout: 2 * time.Minute, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	server.RegisterOnShutdown(closing)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(last); err != nil && !errors.Is(err, http.ErrServerClosed) {
		log.Warn("stopped with requests unfinished", "err", err)
	}
	if _, err := keeper.SealNow(last); err != nil {
		log.Error("seal at the stop", "err", err)
	}
	return nil
}

// profile writes where the processors' time goes, until stop is called. Without a file it does nothing.
func profile(file string) (stop func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, kernel.E(kernel.Invalid, "写不了文件“%s”", file).Because(err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { pprof.StopCPUProfile(); _ = f.Close() }, nil
}

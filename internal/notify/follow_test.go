package notify_test

import (
	"strings"
	"sync"
	"testing"

	"pinzhi/internal/cases"
	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"
	"pinzhi/internal/notify"
	"pinzhi/internal/web/webtest"
)

// TestFollow_EachStepReachesWhomItConcerns takes a case along the line, and beside it.
func TestFollow_EachStepReachesWhomItConcerns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := opened(t, d)
		c := w.register(t, cases.Ordinary)
		w.tell(t)
		equal(t, "registered", w.news(t), "office: 新登记，待受理", "coordinator: 新登记，待受理")
		for _, s := range []struct {
			who  string
			verb cases.Verb
			want []string
		}{
			{"office", cases.Dispatch, []string{"head: 派给本单位，整改到 2024年3月25日 24:00", "lead: 派给本单位，整改到 2024年3月25日 24:00",
				"support: 请配合市园林绿化中心，整改到 2024年3月25日 24:00"}},
			{"lead", cases.Return, []string{"office: 单位退单，待研究", "coordinator: 单位退单，待研究"}},
			{"office", cases.Redirect, []string{"other: 改派给本单位，整改到 2024年3月25日 24:00", "lead: 已改派给国网平河供电公司，不再由本单位办",
				"head: 已改派给国网平河供电公司，不再由本单位办"}},
			{"other", cases.Return, []string{"coordinator: 第二次退单，待协调"}},
			{"coordinator", cases.RefuseReturn, []string{"other: 退单不成立，仍由本单位办，整改到 2024年3月25日 24:00"}},
			{"other", cases.AskExtension, []string{"office: 申请延期到 2024年6月28日，待答复", "coordinator: 申请延期到 2024年6月28日，待答复"}},
			{"office", cases.GrantExtension, []string{"other: 同意延期到 2024年6月28日 24:00"}},
			{"other", cases.AskDeferral, []string{"leader: 申请挂账，2024年6月28日 复核，待审批"}},
			{"leader", cases.GrantDeferral, []string{"other: 同意挂账，2024年6月28日 复核"}},
			{"office", cases.Resume, []string{"other: 恢复整改，到 2024年3月25日 24:00"}},
			{"other", cases.Respond, []string{"office: 第 1 轮反馈，待核查", "coordinator: 第 1 轮反馈，待核查", "inspector: 第 1 轮反馈，待核查"}},
			{"inspector", cases.SendBack, []string{"other: ！核查未通过，退回整改到 2024年3月25日 24:00"}},
			{"other", cases.Respond, []string{"office: 第 2 轮反馈，待核查", "coordinator: 第 2 轮反馈，待核查", "inspector: 第 2 轮反馈，待核查"}},
			{"office", cases.Close, []string{"inspector: 核查通过，已结案", "other: 核查通过，已结案"}},
			{"office", cases.Reopen, []string{"other: ！重新打开，整改到 2024年3月25日 24:00"}},
		} {
			w.take(t, s.who, c.ID, w.act(s.verb))
			w.tell(t)
			equal(t, string(s.verb), w.news(t), s.want...)
		}
		if w.tell(t) != 0 {
			t.Error("what was told is told again")
		}
	})
}

func TestFollow_UrgentCasesOrdersAndNotes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := opened(t, d)
		c := w.register(t, cases.Urgent)
		w.tell(t)
		equal(t, "an urgent case", w.news(t), "office: ！新登记，待受理", "coordinator: ！新登记，待受理")
		if _, err := w.Cases.Issue(w.as("office"), w.campaign.ID, cases.NewOrder{Cases: []int64{c.ID}, Unit: w.units["lead"], Requirement: "补植", Day: "2024-04-10", Signer: "竺简"}); err != nil {
			t.Fatal(err)
		}
		w.tell(t)
		equal(t, "an order", w.news(t), "lead: 开具督办单，1 件，2024年4月10日 前整改", "head: 开具督办单，1 件，2024年4月10日 前整改",
			"lead: ！派给本单位，整改到 2024年3月19日 09:12", "head: ！派给本单位，整改到 2024年3月19日 09:12")
		if err := w.Cases.Note(w.as("inspector"), w.campaign.ID, c.ID, cases.Note{Text: "又有两位居民来电"}); err != nil {
			t.Fatal(err)
		}
		w.tell(t)
		equal(t, "a note", w.news(t), "lead: 有补充说明", "head: 有补充说明")
	})
}

// TestFollow_ALateCaseIsCarriedUpwards: reminders to the hand that holds the clock, then head, group, leading group.
func TestFollow_ALateCaseIsCarriedUpwards(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := opened(t, d)
		c := w.register(t, cases.Ordinary)
		w.take(t, "office", c.ID, w.act(cases.Dispatch))
		w.take(t, "lead", c.ID, w.act(cases.Acknowledge))
		w.tell(t)
		w.news(t)
		for _, s := range []struct {
			at   string
			want []string
		}{
			{"2024-03-22 09:00", []string{"lead: 整改反馈到 2024年3月25日 24:00 为止", "head: 整改反馈到 2024年3月25日 24:00 为止"}},
			{"2024-03-25 09:00", []string{"lead: 整改反馈到 2024年3月25日 24:00 为止", "head: 整改反馈到 2024年3月25日 24:00 为止"}},
			{"2024-03-26 09:00", []string{"head: ！整改反馈逾期，报责任单位主要负责人"}},
			{"2024-03-28 09:00", []string{"coordinator: ！整改反馈逾期，报工作组组长"}}, // no group answers for it: the head of the office
			{"2024-04-02 09:00", []string{"leader: ！整改反馈逾期，报领导小组"}},
		} {
			w.at(s.at)
			if _, err := w.Calendar.Sweep(webtest.System()); err != nil {
				t.Fatal(err)
			}
			w.tell(t)
			equal(t, s.at, w.news(t), s.want...)
		}
	})
}

// TestFollow_WhereTheOfficeIsLateItsHeadIsTold: no unit has the case.
func TestFollow_WhereTheOfficeIsLateItsHeadIsTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := opened(t, d)
		w.register(t, cases.Ordinary)
		w.tell(t)
		w.news(t)
		w.at("2024-03-20 09:00")
		if _, err := w.Calendar.Sweep(webtest.System()); err != nil {
			t.Fatal(err)
		}
		w.tell(t)
		equal(t, "late", w.news(t), "coordinator: ！受理逾期，报领导小组办公室主任")
	})
}

// TestFollow_WhatIsAMonthOldIsToldToNobody: the program stood still, or a practice lived through a year.
func TestFollow_WhatIsAMonthOldIsToldToNobody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := opened(t, d)
		w.register(t, cases.Ordinary)
		w.at("2024-04-16 09:12")
		w.register(t, cases.Ordinary)
		w.at("2024-04-18 09:12")
		if n := w.tell(t); n != 2 { // of the second, the office and its head
			t.Errorf("%d notices, want 2", n)
		}
	})
}

// TestFollow_EachEventIsToldOnceByHoweverMany: several instances follow the same ledger.
func TestFollow_EachEventIsToldOnceByHoweverMany(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := opened(t, d)
		const n = 60
		var running sync.WaitGroup
		running.Go(func() {
			for range n {
				w.register(t, cases.Urgent) // each is told by itself
			}
		})
		stop := make(chan struct{})
		var followers sync.WaitGroup
		for range 3 {
			other, err := notify.New(d, w.clock, w.Calendar, w.Campaigns, w.Cases, w.Accounts, notify.Config{})
			if err != nil {
				t.Fatal(err)
			}
			followers.Go(func() {
				for {
					if _, err := w.keeper.SealNow(t.Context()); err != nil {
						t.Error(err)
						return
					}
					if _, err := other.Follow(t.Context()); err != nil {
						t.Error(err)
						return
					}
					select {
					case <-stop:
						return
					default:
					}
				}
			})
		}
		running.Wait()
		close(stop)
		followers.Wait()
		w.tell(t)
		for _, role := range []string{"office", "coordinator"} {
			id := w.accounts[role].ID
			if all, distinct := w.count(t, "select count(*) from notices where account_id = ?", id), w.count(t, "select count(distinct seq) from notices where account_id = ?", id); all != n || distinct != n {
				t.Errorf("%s: %d notices of %d events, want %d", role, all, distinct, n)
			}
		}
	})
}

func TestFollow_NobodyIsToldWhoMayNotKnow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := opened(t, d)
		if err := w.Accounts.Lock(webtest.System(), w.accounts["support"].ID); err != nil {
			t.Fatal(err)
		}
		c := w.register(t, cases.Ordinary)
		w.take(t, "office", c.ID, w.act(cases.Dispatch))
		w.tell(t)
		for _, role := range []string{"inspector", "other", "leader", "support"} { // it was his own act; not his; not his; locked
			if n := w.count(t, "select count(*) from notices where account_id = ?", w.accounts[role].ID); n != 0 {
				t.Errorf("%s has %d notices", role, n)
			}
		}
		for _, admin := range []kernel.AdminRole{kernel.SystemAdmin, kernel.SecurityAdmin, kernel.AuditAdmin} {
			ctx := kernel.WithActor(t.Context(), kernel.Actor{AccountID: 999, Name: "管理员", Admin: admin})
			if _, err := w.notify.Inbox(ctx, 0, false); kernel.CodeOf(err) != kernel.Forbidden {
				t.Errorf("%s reads an inbox: %v", admin, err)
			}
		}
	})
}

// TestInbox_ShowsNothingOfWhatDoesNotExistForTheReaderAnyMore: he sat for the unit, and was released.
func TestInbox_ShowsNothingOfWhatDoesNotExistForTheReaderAnyMore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := opened(t, d)
		c := w.register(t, cases.Ordinary)
		w.take(t, "office", c.ID, w.act(cases.Dispatch))
		w.tell(t)
		p, err := w.notify.Inbox(w.as("lead"), 0, false)
		if err != nil || len(p.Items) != 1 || p.Items[0].Gone || p.Items[0].Title == "" {
			t.Fatalf("%+v, %v", p, err)
		}
		id := p.Items[0].ID
		if _, err := w.notify.Open(w.as("other"), id); kernel.CodeOf(err) != kernel.NotFound {
			t.Errorf("another opens it: %v", err)
		}
		if err := w.notify.MarkRead(w.as("other"), id); err != nil || w.unread(t, "lead") != 1 {
			t.Errorf("another marks it as read: %v", err)
		}
		err = d.Write(t.Context(), func(tx db.Tx) error { // he serves in another unit now
			_, err := tx.NewRaw("update appointments set unit_id = ? where campaign_id = ? and person_id = ?", w.units["other"], w.campaign.ID, w.accounts["lead"].PersonID).Exec(t.Context())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if p, err = w.notify.Inbox(w.as("lead"), 0, false); err != nil || !p.Items[0].Gone || p.Items[0].Title+p.Items[0].Number+p.Items[0].Path != "" {
			t.Errorf("%+v, %v", p, err)
		}
		if _, err := w.notify.Open(w.as("lead"), id); kernel.CodeOf(err) != kernel.NotFound {
			t.Errorf("opened: %v", err)
		}
		if n := w.unread(t, "lead"); n != 0 {
			t.Errorf("%d unread, though he has tried it", n)
		}
	})
}

func (w *town) unread(t *testing.T, role string) int {
	t.Helper()
	n, err := w.notify.Unread(w.as(role))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestInbox_IsPagedByKeyAndCountsUpToAHundred(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := opened(t, d)
		for range 120 {
			w.register(t, cases.Urgent)
		}
		w.tell(t)
		if n := w.unread(t, "office"); n != notify.MostUnread {
			t.Errorf("%d unread, want %d", n, notify.MostUnread)
		}
		seen := map[int64]bool{}
		for before, pages := int64(0), 0; ; pages++ {
			p, err := w.notify.Inbox(w.as("office"), before, false)
			if err != nil || pages > 5 {
				t.Fatal(pages, err)
			}
			for _, x := range p.Items {
				seen[x.ID] = true
			}
			if before = p.Next; before == 0 {
				break
			}
		}
		if len(seen) != 120 {
			t.Errorf("%d notices on all pages, want 120", len(seen))
		}
	})
}

// TestRules_NeverTellWhatSomebodyWrote: reasons and notes stay on the case's page.
func TestRules_NeverTellWhatSomebodyWrote(t *testing.T) {
	for _, r := range notify.Rules {
		for _, field := range []string{"{reason}", "{text}", "{title}", "{address}", "{said}", "{changes}"} {
			if strings.Contains(r.Text, field) {
				t.Errorf("%s tells %s", r.Verb, field)
			}
		}
	}
}

// TestFollow_ManyAtOnceAreOnePieceOfNews: a spreadsheet of cases fills nobody's inbox; an urgent one among them is told.
func TestFollow_ManyAtOnceAreOnePieceOfNews(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := opened(t, d)
		for range 30 {
			w.register(t, cases.Ordinary)
		}
		w.register(t, cases.Urgent)
		w.tell(t)
		equal(t, "many", w.news(t), "office: 新登记 30 件，待受理", "coordinator: 新登记 30 件，待受理", "office: ！新登记，待受理", "coordinator: ！新登记，待受理")
		p, err := w.notify.Inbox(w.as("office"), 0, false)
		if err != nil || len(p.Items) != 2 {
			t.Fatalf("%+v, %v", p, err)
		}
		if x := p.Items[1]; x.Gone || x.Title != "办公室工作台" || !strings.HasSuffix(x.Path, "/desk/office") {
			t.Errorf("%+v", x)
		}
		for range 20 { // few enough to be told one by one
			w.register(t, cases.Ordinary)
		}
		w.tell(t)
		if news := w.news(t); len(news) != 40 {
			t.Errorf("%d pieces of news of twenty cases to two people", len(news))
		}
	})
}

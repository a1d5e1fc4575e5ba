package suggest

import (
	"slices"
	"testing"
	"time"
)

func linfenIndex(t *testing.T) *Index {
	t.Helper()
	return New(FromPlan(readPlan(t, linfen)))
}

func firstOf(x *Index, text string) string {
	if got := x.Suggest(text, 1); len(got) > 0 {
		return got[0].Unit
	}
	return ""
}

func TestSuggest_CitesTheDutyThatSaysSo(t *testing.T) {
	got := linfenIndex(t).Suggest("饭店油烟呛人，排烟口对着我家", 3)
	if len(got) == 0 || len(got) > 3 {
		t.Fatal(got)
	}
	b := got[0].Because
	if got[0].Body != "生态环境治理专项行动工作组" || b.Kind != ByDuty || b.Number != 2 || b.Lines[0] == 0 {
		t.Errorf("%+v", got[0])
	}
	for i, s := range got {
		if s.Score <= 0 || s.Score > 1 || i > 0 && s.Score > got[i-1].Score {
			t.Errorf("score %d of %+v", i, got)
		}
	}
}

func TestSuggest_CitesTheTaskWhereThePlanNamesUnitsThere(t *testing.T) {
	x := New(FromPlan(readPlan(t, "../../../examples/pinghe/plan.txt")))
	got := x.Suggest("楼下饭店油烟太大", 3)
	if len(got) < 2 || got[0].Unit != "市城管局" || got[0].Because.Kind != ByTask || got[0].Because.Path != "三/(三)/2" {
		t.Errorf("%+v", got)
	}
}

func TestSuggest_IsSilentOnWhatIsNoComplaint(t *testing.T) {
	x := linfenIndex(t)
	for _, text := range []string{"", " \n", "。。。", "你好", "hello world", "12345", "啊啊啊啊", "\xff\xfe", "🙂🙂"} {
		if got := x.Suggest(text, 3); len(got) != 0 {
			t.Errorf("%q: %+v", text, got)
		}
	}
	if got := x.Suggest("垃圾没人收", 0); len(got) != 0 {
		t.Errorf("none asked for: %+v", got)
	}
}

func TestSuggest_AnswersTheSameEveryTime(t *testing.T) {
	x, y := linfenIndex(t), linfenIndex(t)
	for _, c := range readTold(t, "linfen-dev.tsv") {
		if a, b := x.Suggest(c.text, 3), y.Suggest(c.text, 3); !slices.Equal(a, b) {
			t.Errorf("%s: %+v, then %+v", c.text, a, b)
		}
	}
}

func TestSuggest_KnowsPlansWithoutAnyUnits(t *testing.T) {
	if got := New(Source{}).Suggest("垃圾没人收", 3); got != nil {
		t.Error(got)
	}
}

func TestLearn_ACorrectionSetsTheNextLikeTextRight(t *testing.T) {
	x := linfenIndex(t)
	const right = "临汾经济开发区管委会"
	if got := firstOf(x, "河汾一路两边的路灯晚上都不亮"); got != "市城市管理局" {
		t.Fatal("before:", got)
	}
	x.Learn("河汾一路的路灯坏了，晚上都不亮", right)
	got := x.Suggest("河汾一路两边的路灯晚上都不亮", 3)
	if len(got) == 0 || got[0].Unit != right || got[0].Past == "" || got[0].Because.Text == "" {
		t.Errorf("after: %+v", got)
	}
	if got := firstOf(x, "饭店油烟呛人"); got != "市生态环境局" {
		t.Errorf("another matter went along: %s", got)
	}
}

func TestLearn_LaterDispatchesWeighMore(t *testing.T) {
	x := linfenIndex(t)
	const text = "小区后门的共享单车堆成山了"
	x.Learn(text, "市公安局交警支队")
	x.Learn(text, "尧都区人民政府")
	if got := firstOf(x, text); got != "尧都区人民政府" {
		t.Error(got)
	}
}

func TestLearn_TellsWhatBelongsToNobodyAndWhatTheLexiconDoesNotKnow(t *testing.T) {
	x := linfenIndex(t)
	x.Learn("饭店门口的石狮子太大", "")
	if got := x.Suggest("饭店门口石狮子太大了", 3); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	const strange = "阿黄牌子的唢呐班又来了"
	x.Learn(strange, "市文旅局")
	if got := firstOf(x, "唢呐班又来了，阿黄牌子的"); got != "市文旅局" {
		t.Error(got)
	}
}

func TestLearn_AUnitThatThePlanDoesNotName(t *testing.T) {
	x := linfenIndex(t)
	x.Learn("暖气不热，家里才十四度", "市热力公司")
	if got := firstOf(x, "暖气一点不热，家里十四度"); got != "市热力公司" {
		t.Error(got)
	}
}

func TestLexicon_ReadsWhole(t *testing.T) {
	l, err := readLexicon(lexiconText)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d topics, %d kinds of units, %d rules", len(l.topics), len(l.kinds), len(l.rules))
	for _, topic := range l.topics {
		if len(topic.plan) == 0 || len(topic.words) == 0 {
			t.Errorf("%s: no plan speaks of it or nobody does", topic.name)
		}
	}
}

func TestLexicon_RefusesWhatItCannotRead(t *testing.T) {
	for _, text := range []string{
		"who 城管", "topic 路灯\n who 城管", "unit 城管", "topic 路灯\n says 灯", "let 车", "unit 城管 城管\ntopic 路灯\n who 城管/x",
		"topic 路灯\n yields 井盖",
	} {
		if _, err := readLexicon(text); err == nil {
			t.Errorf("read %q", text)
		}
	}
}

// Before learning, and with some hundred dispatches behind it.
func TestSuggest_TakesLessThanAMillisecond(t *testing.T) {
	p := readPlan(t, linfen)
	theLexicon()
	var x *Index
	least := time.Hour // of a few, as others work on the machine too
	for range 5 {
		start := time.Now()
		x = New(FromPlan(p))
		least = min(least, time.Since(start))
	}
	if t.Log("New took", least); least > 50*time.Millisecond {
		t.Errorf("New took %s", least)
	}
	set := readTold(t, "linfen-dev.tsv")
	each := func(what string) {
		start := time.Now()
		for range 5 {
			for _, c := range set {
				x.Suggest(c.text, 3)
			}
		}
		took := time.Since(start) / time.Duration(5*len(set))
		t.Log(what, took)
		if took > time.Millisecond {
			t.Errorf("%s: %s a text", what, took)
		}
	}
	each("fresh")
	for range 7 {
		for _, c := range set {
			if c.right != nil {
				x.Learn(c.text, c.right[0])
			}
		}
	}
	each("after 770 dispatches")
}

func FuzzSuggest(f *testing.F) {
	for _, s := range []string{"垃圾没人收", "", "\xff", "路灯不亮！！", "ＡＥＤ 在哪"} {
		f.Add(s)
	}
	src := Source{Duties: []Duty{{Body: "组", Number: 1, Text: "垃圾清运", Units: []Charge{{"市城管局", Heads}}}}}
	f.Fuzz(func(t *testing.T, text string) {
		x := New(src)
		x.Learn(text, "市城管局")
		for _, s := range x.Suggest(text, 3) {
			if s.Unit == "" || s.Score < 0 || s.Score > 1 {
				t.Errorf("%+v", s)
			}
		}
	})
}

package kernel

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestToday_TurnsAtMidnightInShanghai(t *testing.T) {
	for at, want := range map[string]Date{"2023-06-28T15:59:59Z": "2023-06-28", "2023-06-28T16:00:00Z": "2023-06-29", "2023-12-31T16:30:00Z": "2024-01-01"} {
		instant, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := FixedClock(func() time.Time { return instant }).Today(); got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
}

func TestParseDate_RefusesDaysNoCalendarHas(t *testing.T) {
	for _, s := range []string{"", "2023-02-29", "2023-13-01", "2023-6-8", "2023年6月28日", "2023-06-28 "} {
		if d, err := ParseDate(s); CodeOf(err) != Invalid {
			t.Errorf("%q: %q, %v", s, d, err)
		}
	}
	if d, err := ParseDate("2024-02-29"); err != nil || d.Chinese() != "2024年2月29日" {
		t.Errorf("a leap day: %q, %v", d, err)
	}
}

func TestMonth_FirstLastAndCount(t *testing.T) {
	m := Month("2024-02")
	if m.First() != "2024-02-01" || m.Last() != "2024-02-29" || m.Add(11) != "2025-01" || m.MonthsUntil("2023-12") != -2 || m.Chinese() != "2024年2月" {
		t.Error(m.First(), m.Last(), m.Add(11), m.MonthsUntil("2023-12"), m.Chinese())
	}
}

func TestDate_AddingAndCountingDaysAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := DateOf(time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "instant"), 0))
		n := rapid.IntRange(-4000, 4000).Draw(t, "days")
		if got := d.DaysUntil(d.AddDays(n)); got != n {
			t.Fatalf("%s + %d days counts as %d", d, n, got)
		}
	})
}

func TestMessageOf_ShowsNoCauseToTheReader(t *testing.T) {
	err := E(Internal, "出错了").Because(errors.New("disk full"))
	if MessageOf(err) != "出错了" || CodeOf(err) != Internal || CodeOf(nil) != "" {
		t.Error(MessageOf(err), CodeOf(err))
	}
}

package calendar_test

import (
	"fmt"
	"testing"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/kernel"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// notice is a year's 国务院办公厅关于部分节假日安排的通知, typed from its text and not from the library's table.
type notice struct {
	year   int
	number string
	free   []string // first to last day, both free
	worked []string // weekends that are worked
}

// A holiday that the notice lets touch a weekend (与周末连休) stands with that weekend.
var notices = []notice{
	{2023, "国办发明电〔2022〕16号",
		[]string{"2022-12-31 2023-01-02", "2023-01-21 2023-01-27", "2023-04-05 2023-04-05", "2023-04-29 2023-05-03",
			"2023-06-22 2023-06-24", "2023-09-29 2023-10-06"},
		[]string{"2023-01-28", "2023-01-29", "2023-04-23", "2023-05-06", "2023-06-25", "2023-10-07", "2023-10-08"}},
	{2024, "国办发明电〔2023〕7号",
		[]string{"2023-12-30 2024-01-01", "2024-02-10 2024-02-17", "2024-04-04 2024-04-06", "2024-05-01 2024-05-05",
			"2024-06-08 2024-06-10", "2024-09-15 2024-09-17", "2024-10-01 2024-10-07"},
		[]string{"2024-02-04", "2024-02-18", "2024-04-07", "2024-04-28", "2024-05-11", "2024-09-14", "2024-09-29", "2024-10-12"}},
	{2025, "国办发明电〔2024〕12号",
		[]string{"2025-01-01 2025-01-01", "2025-01-28 2025-02-04", "2025-04-04 2025-04-06", "2025-05-01 2025-05-05",
			"2025-05-31 2025-06-02", "2025-10-01 2025-10-08"},
		[]string{"2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11"}},
	{2026, "国办发明电〔2025〕7号",
		[]string{"2026-01-01 2026-01-03", "2026-02-15 2026-02-23", "2026-04-04 2026-04-06", "2026-05-01 2026-05-05",
			"2026-06-19 2026-06-21", "2026-09-25 2026-09-27", "2026-10-01 2026-10-07"},
		[]string{"2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"}},
}

// noticed spells the notices out: what they say of each day they name.
func noticed(t *testing.T) map[kernel.Date]bool {
	t.Helper()
	worked := map[kernel.Date]bool{}
	for _, n := range notices {
		for _, holiday := range n.free {
			var first, last kernel.Date
			if _, err := fmt.Sscan(holiday, &first, &last); err != nil {
				t.Fatal(err)
			}
			for day := first; day <= last; day = day.AddDays(1) {
				worked[day] = false
			}
		}
		for _, day := range n.worked {
			if w := weekday(kernel.Date(day)); w != time.Saturday && w != time.Sunday {
				t.Fatalf("%s: %s is a %s", n.number, day, w)
			}
			worked[kernel.Date(day)] = true
		}
	}
	return worked
}

func weekday(day kernel.Date) time.Weekday { return day.Time().In(kernel.Shanghai).Weekday() }

func TestWorked_FollowsTheStateCouncilOnEveryDayOf2023To2026(t *testing.T) {
	days, said := calendar.Published(), noticed(t)
	compared := 0
	for day := kernel.Date("2022-12-31"); day <= "2026-12-31"; day = day.AddDays(1) {
		want, ok := said[day]
		if !ok {
			want = weekday(day) != time.Saturday && weekday(day) != time.Sunday
		}
		if got := days.Worked(day); got != want {
			t.Errorf("%s (%s): worked %t, the notice says %t", day, weekday(day), got, want)
		}
		compared++
	}
	if compared != 1+365+366+365+365 {
		t.Errorf("compared %d days", compared)
	}
}

func TestBetween_CountsTheWorkingDaysOfAYear(t *testing.T) {
	got := map[int]int{}
	for _, n := range notices {
		before := kernel.Date(fmt.Sprintf("%d-12-31", n.year-1))
		got[n.year] = calendar.Published().Between(before, kernel.Date(fmt.Sprintf("%d-12-31", n.year)))
	}
	if diff := cmp.Diff(map[int]int{2023: 249, 2024: 251, 2025: 248, 2026: 248}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWorked_OfAYearWithoutTableKnowsOnlyTheWeek(t *testing.T) {
	days := calendar.Published()
	for _, n := range notices {
		if !days.Known(n.year) {
			t.Errorf("%d is not known", n.year)
		}
	}
	for _, year := range []int{1999, 2050} {
		if days.Known(year) || len(days.Exceptions(year)) > 0 {
			t.Errorf("%d is known: %v", year, days.Exceptions(year))
		}
		for day := kernel.Date(fmt.Sprintf("%d-01-01", year)); day <= kernel.Date(fmt.Sprintf("%d-12-31", year)); day = day.AddDays(1) {
			if want := weekday(day) != time.Saturday && weekday(day) != time.Sunday; days.Worked(day) != want {
				t.Errorf("%s (%s): worked %t", day, weekday(day), !want)
			}
		}
	}
}

func TestExceptions_AreOfTheirYearAndInOrder(t *testing.T) {
	days := calendar.Published()
	for year := 2002; year <= 2026; year++ {
		var last kernel.Date
		for _, e := range days.Exceptions(year) {
			if e.Day <= last || e.Day.Time().In(kernel.Shanghai).Year() != year || e.Name == "" || days.Worked(e.Day) != e.Worked {
				t.Errorf("%d: %+v after %s", year, e, last)
			}
			last = e.Day
		}
		if last == "" {
			t.Errorf("%d has no exceptions", year)
		}
	}
}

// anyDay draws days with and without a table, the edges of years included.
func anyDay(t *rapid.T, label string) kernel.Date {
	return kernel.Date("2001-12-01").AddDays(rapid.IntRange(0, 365*30).Draw(t, label))
}

func workedDay(t *rapid.T, days *calendar.Days) kernel.Date { return days.Add(anyDay(t, "day"), 0) }

func TestAdd_IsCountedByBetween(t *testing.T) {
	days := calendar.Published()
	rapid.Check(t, func(t *rapid.T) {
		a, n := anyDay(t, "a"), rapid.IntRange(1, 300).Draw(t, "n")
		if b := days.Add(a, n); days.Between(a, b) != n {
			t.Fatalf("from %s to %s: %d, want %d", a, b, days.Between(a, b), n)
		}
	})
}

func TestAdd_GoesTheSameWayInTwoSteps(t *testing.T) {
	days := calendar.Published()
	rapid.Check(t, func(t *rapid.T) {
		a, n, m := anyDay(t, "a"), rapid.IntRange(1, 99).Draw(t, "n"), rapid.IntRange(1, 99).Draw(t, "m")
		if one, two := days.Add(a, n+m), days.Add(days.Add(a, n), m); one != two {
			t.Fatalf("at once %s, in two steps %s", one, two)
		}
		if one, two := days.Add(a, -n-m), days.Add(days.Add(a, -n), -m); one != two {
			t.Fatalf("back at once %s, in two steps %s", one, two)
		}
	})
}

func TestAdd_GoesBackWhereItCameFrom(t *testing.T) {
	days := calendar.Published()
	rapid.Check(t, func(t *rapid.T) {
		a, n := workedDay(t, days), rapid.IntRange(-99, 99).Draw(t, "n")
		if back := days.Add(days.Add(a, n), -n); back != a {
			t.Fatalf("%s came back as %s", a, back)
		}
	})
}

func TestAdd_EndsOnAWorkedDay(t *testing.T) {
	days := calendar.Published()
	rapid.Check(t, func(t *rapid.T) {
		a, n := anyDay(t, "a"), rapid.IntRange(-99, 99).Draw(t, "n")
		b := days.Add(a, n)
		if !days.Worked(b) {
			t.Fatalf("%s is free", b)
		}
		if n > 0 && b <= a || n == 0 && b < a || n < 0 && b >= a {
			t.Fatalf("%s %+d is %s", a, n, b)
		}
	})
}

func TestBetween_BackwardsIsTheSameNegated(t *testing.T) {
	days := calendar.Published()
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyDay(t, "a"), anyDay(t, "b")
		there, back := days.Between(a, b), days.Between(b, a)
		if there != -back || a < b && there < 0 || a == b && there != 0 {
			t.Fatalf("%s to %s: %d there, %d back", a, b, there, back)
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	days := calendar.Published()
	for b.Loop() {
		days.Add("2024-01-31", 250)
	}
}

func BenchmarkWorked(b *testing.B) {
	days := calendar.Published()
	for b.Loop() {
		days.Worked("2024-02-04")
	}
}

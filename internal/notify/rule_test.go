package notify

import (
	"net/netip"
	"testing"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/cases"
	"pinzhi/internal/kernel"
)

// TestRules_SpeakOfVerbsThatCasesTake: a row for a verb that nobody writes would tell nobody, unnoticed.
func TestRules_SpeakOfVerbsThatCasesTake(t *testing.T) {
	known := map[string]bool{"reminded": true, "overdue": true, "due_moved": true, string(cases.Noted): true}
	for _, x := range cases.Transitions {
		known[string(x.Verb)] = true
	}
	silent := map[string]bool{string(cases.Accept): true, string(cases.Acknowledge): true} // nobody waits to hear of these
	told := map[string]bool{}
	for _, r := range Rules {
		told[r.Verb] = true
		if r.Subject == cases.Kind && !known[r.Verb] {
			t.Errorf("no case is ever %s", r.Verb)
		}
	}
	for verb := range known {
		if !told[verb] && !silent[verb] {
			t.Errorf("%s is told to nobody: add a row, or say that it is silent", verb)
		}
	}
}

func TestSlots_OfTheClock(t *testing.T) {
	days := calendar.Published()
	at := func(moment string) time.Time {
		x, err := time.ParseInLocation("2006-01-02 15:04:05", moment, kernel.Shanghai)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for _, c := range []struct{ now, urgent, digest string }{
		{"2024-03-18 07:29:59", "morning:2024-03-18", "digest:2024-03-18"},
		{"2024-03-18 07:30:00", "urgent:1:2", "digest:2024-03-18"},
		{"2024-03-18 08:29:59", "urgent:1:2", "digest:2024-03-18"},
		{"2024-03-18 08:30:00", "urgent:1:2", "digest:2024-03-19"},
		{"2024-03-18 20:59:59", "urgent:1:2", "digest:2024-03-19"},
		{"2024-03-18 21:00:00", "morning:2024-03-19", "digest:2024-03-19"},
		{"2024-04-03 10:00:00", "urgent:1:2", "digest:2024-04-07"}, // 清明; Sunday 7 April is worked
		{"2024-09-30 23:00:00", "morning:2024-10-01", "digest:2024-10-08"},
		{"2023-12-31 22:00:00", "morning:2024-01-01", "digest:2024-01-02"},
	} {
		if got := urgentSlot(at(c.now), 1, 2); got.name != c.urgent || night(got.at) {
			t.Errorf("%s: urgent %v, want %s", c.now, got, c.urgent)
		}
		if got := digestSlot(days, at(c.now)); got.name != c.digest || ofDay(got.at) != digestTime {
			t.Errorf("%s: digest %v, want %s", c.now, got, c.digest)
		}
	}
}

func TestPublic_LeavesOutWhateverIsInside(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": true, "114.114.114.114": true, "2400:3200::1": true,
		"127.0.0.1": false, "10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.0.1": false, "169.254.169.254": false, "100.64.0.1": false,
		"0.0.0.0": false, "0.1.2.3": false, "224.0.0.1": false, "255.255.255.255": false, "240.0.0.1": false, "198.18.0.1": false, "192.0.0.1": false,
		"::": false, "::1": false, "fe80::1": false, "fc00::1": false, "ff02::1": false, "::ffff:127.0.0.1": false, "::ffff:10.1.1.1": false,
		"64:ff9b::a00:1": false, "2002:a00:1::": false, "fe80::1%eth0": false,
	} {
		if got := public(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %t", address, got)
		}
	}
}

func TestFirstPost_IsTheOneThatAnswersForTheUnit(t *testing.T) {
	for post, want := range map[string]bool{"市园林绿化中心主任": true, "市城管局局长": true, "市城管局副局长": false, "党委书记、董事长": true, "国网平河供电公司总经理": true,
		"市卫健委疾控科科长": false, "市政府副秘书长": false, "联络员": false, "": false} {
		if firstPost(post) != want {
			t.Errorf("%s: %t", post, !want)
		}
	}
}

// TestSign_IsWhatTheManualSays: a vector that must never change, computed with openssl.
func TestSign_IsWhatTheManualSays(t *testing.T) {
	got := Sign("our-secret", time.Unix(1710724380, 0), []byte(`{"id":"1"}`))
	const want = "t=1710724380,v1=e830a20a3c265959071e9f0dabee20580fc1611914fa7b2549771a62a66247ea"
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

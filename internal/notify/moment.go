package notify

import (
	"fmt"
	"time"

	"pinzhi/internal/calendar"
	"pinzhi/internal/kernel"
)

// When a message goes out. Nobody is disturbed at night; what is not urgent comes once a working day.
const (
	nightFrom  = 21 * time.Hour
	nightTo    = 7*time.Hour + 30*time.Minute
	digestTime = 8*time.Hour + 30*time.Minute
)

// ofDay is the time since midnight in Shanghai.
func ofDay(t time.Time) time.Duration { return t.Sub(kernel.DateOf(t).Time()) }

func night(t time.Time) bool { d := ofDay(t); return d >= nightFrom || d < nightTo }

// awake is the first moment from t on at which people may be disturbed.
func awake(t time.Time) time.Time {
	if !night(t) {
		return t
	}
	day := kernel.DateOf(t)
	if ofDay(t) >= nightFrom {
		day = day.AddDays(1)
	}
	return day.Time().Add(nightTo).UTC()
}

// slot is one message of a channel: what has the same slot goes out together.
type slot struct {
	name string
	at   time.Time
}

// urgentSlot is when an urgent notice goes out: by itself and at once, or with what else came that night.
func urgentSlot(now time.Time, campaignID, seq int64) slot {
	if at := awake(now); at.After(now) {
		return slot{"morning:" + string(kernel.DateOf(at)), at}
	}
	return slot{fmt.Sprintf("urgent:%d:%d", campaignID, seq), now}
}

// digestSlot is the next digest after an instant.
func digestSlot(days *calendar.Days, after time.Time) slot {
	day := kernel.DateOf(after)
	for !days.Worked(day) || !day.Time().Add(digestTime).After(after) {
		day = day.AddDays(1)
	}
	return slot{digestPrefix + string(day), day.Time().Add(digestTime).UTC()}
}

const (
	digestPrefix = "digest:"
	testPrefix   = "test:"
)

// pauses are between the attempts; after the last one a message is given up.
var pauses = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour}

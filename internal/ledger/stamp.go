package ledger

import "time"

// At gives events the instant of the transaction that they belong to.
func At(at time.Time, events ...Event) []Event {
	for i := range events {
		events[i].At = at
	}
	return events
}

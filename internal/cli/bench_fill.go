package cli

import "sync"

// atOnce does something to every one of a list, so many at the same time, and returns the first error.
func atOnce[T any](clients int, list []T, do func(T) error) error {
	work := make(chan T)
	failed := make(chan error, clients)
	var running sync.WaitGroup
	for range clients {
		running.Go(func() {
			for x := range work {
				if err := do(x); err != nil {
					select {
					case failed <- err:
					default:
					}
				}
			}
		})
	}
	for _, x := range list {
		work <- x
	}
	close(work)
	running.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

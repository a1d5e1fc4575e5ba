package kernel

import "sync"

// Kept holds what was read or computed, by a key under which it never changes. It begins anew when it is full. The
// zero value keeps nothing; use Keep.
type Kept[K comparable, V any] struct {
	most int
	mu   sync.RWMutex
	have map[K]V
}

// Keep makes a Kept of so many entries at most.
func Keep[K comparable, V any](most int) *Kept[K, V] {
	return &Kept[K, V]{most: most, have: map[K]V{}}
}

// Get returns what is kept under the key, or what read returns, which is then kept. Of a read that fails nothing is.
// Whoever gets it must not change it.
func (k *Kept[K, V]) Get(key K, read func() (V, error)) (V, error) {
	k.mu.RLock()
	v, ok := k.have[key]
	k.mu.RUnlock()
	if ok {
		return v, nil
	}
	v, err := read()
	if err != nil {
		return v, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.have) >= k.most {
		clear(k.have)
	}
	if k.most > 0 {
		k.have[key] = v
	}
	return v, nil
}

package kernel_test

import (
	"errors"
	"testing"

	"pinzhi/internal/kernel"
)

func TestKept_ReadsOnceAndBeginsAnewWhenFull(t *testing.T) {
	k, reads := kernel.Keep[int, string](2), 0
	get := func(key int) {
		v, err := k.Get(key, func() (string, error) { reads++; return string(rune('a' + key)), nil })
		if err != nil || v != string(rune('a'+key)) {
			t.Fatalf("%d: %q, %v", key, v, err)
		}
	}
	for range 3 {
		get(0)
		get(1)
	}
	if reads != 2 {
		t.Errorf("%d reads of two keys", reads)
	}
	get(2) // full: begins anew
	get(2)
	get(0)
	if reads != 4 {
		t.Errorf("%d reads", reads)
	}
}

func TestKept_KeepsNoFailure(t *testing.T) {
	k := kernel.Keep[int, int](2)
	if _, err := k.Get(1, func() (int, error) { return 0, errors.New("unreadable") }); err == nil {
		t.Fatal("no error")
	}
	if v, err := k.Get(1, func() (int, error) { return 7, nil }); v != 7 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
}

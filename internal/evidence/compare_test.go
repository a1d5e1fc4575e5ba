package evidence

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkCompare is what one close comparison costs: with a copy, with another photo of the same place, which is
// the dearest, with another picture, and what preparing the asking picture costs.
func BenchmarkCompare(b *testing.B) {
	photo := scene(1, view{})
	asking := imprintOf(photo).look
	r := rand.New(rand.NewPCG(1, 1))
	straight := fitting{1, 0, 1, 0}
	others := map[string]look{
		"recompressed": imprintOf(alterations[0].do(b, r, photo)).look,
		"captioned":    imprintOf(caption(r, photo)).look,
		"familiar":     imprintOf(scene(1, viewNear(r))).look,
		"stranger":     imprintOf(scene(2, view{})).look,
	}
	for name, other := range others {
		b.Run(name, func(b *testing.B) {
			c := viewed(asking)
			for b.Loop() {
				compare(c, other, straight)
			}
		})
	}
	b.Run("prepare", func(b *testing.B) {
		for b.Loop() {
			viewed(asking).reliefs()
		}
	})
}

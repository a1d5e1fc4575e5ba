package evidence

import (
	"cmp"
	"encoding/binary"
	"image"
	"math"
	"slices"
)

// Near-duplicates are found by a picture's most striking spots: where a difference of Gaussians is extreme in place
// and scale (Lindeberg; Lowe 2004). What is around a spot is told by the signs of a few coefficients of its cosine
// transform: one word. Recompressing, resizing, brightening and cropping leave most of a picture's words; mirroring
// turns the signs of the odd ones. A stored photo keeps its keptMarks strongest spots as rows; a photo that is looked
// up asks with more of them, and with the words next to its own where a sign is in doubt.
const (
	marksSide   = 200 // the picture that spots are looked for in has this many pixels squared
	firstBlur   = 1.6
	octaves     = 3
	levels      = 3 // scales an octave
	patchCells  = 16
	patchReach  = 9.0 // half the patch, in sizes of the spot: a large one tells more, but is cut off sooner
	wordBits    = 44  // more make a word rarer, and lose more of them to compression
	doubtful    = 3   // signs that are asked both ways
	forceBySize = 0.5 // large spots survive more than small ones: force grows with that power of the size
	keptMarks   = 20
	askedMarks  = 44
	perCell     = 3 // spots kept of one cell, so that a caption does not take them all
	cellsAcross = 4 // cells are that many across and down
	// A kept spot stays away from the edge, which may be cropped: a twelfth of the picture, and four of its sizes.
	edgeShare = 12
	edgeSizes = 4
)

// spot is where a mark is and how large, in pixels of the picture it was found in.
type spot struct{ x, y, size float64 }

// Packing steps: a quarter of a pixel; a 32nd of a doubling.
const (
	spotStep = 4
	sizeStep = 32
	spotBits = 14
)

func (s spot) pack() int64 {
	part := func(v float64) int64 { return min(max(int64(math.Round(v)), 0), 1<<spotBits-1) }
	return part(s.x*spotStep)<<(2*spotBits) | part(s.y*spotStep)<<spotBits | part(math.Log2(s.size)*sizeStep+sizeStep)
}

func unpackSpot(v int64) spot {
	part := func(shift int) float64 { return float64(v >> shift & (1<<spotBits - 1)) }
	return spot{part(2*spotBits) / spotStep, part(spotBits) / spotStep, math.Exp2(part(0)/sizeStep - 1)}
}

// mark is one striking spot.
type mark struct {
	word   uint64
	doubts [doubtful]uint8 // the bits of word that are least sure
	spot   spot
	force  float64
}

// imprint is what a picture is known by: the marks it asks with and those it is found by, the strongest first, and
// its look.
type imprint struct {
	marks  []mark
	stored []mark
	look   look
}

// sizeOfMarks is the size of the picture that the spots of a look's imprint are counted in.
func (l look) sizeOfMarks() (w, h float64) {
	ratio := math.Sqrt(float64(l.w) / float64(l.h))
	return marksSide * ratio, marksSide / ratio
}

func (p imprint) width() float64 { w, _ := p.look.sizeOfMarks(); return w }

// inUnits turns a fitting of spots into one of looks.
func (f fitting) inUnits(q, r look) fitting {
	qw, qh := q.sizeOfMarks()
	rw, rh := r.sizeOfMarks()
	lq, lr := max(qw, qh), max(rw, rh)
	return fitting{f.sx * lq / lr, f.tx / lr, f.sy * lq / lr, f.ty / lr}
}

// markBytes is how long a packed mark is: its word, its doubts, its spot.
const markBytes = 8 + doubtful + 8

func packMarks(marks []mark) []byte {
	b := make([]byte, 0, len(marks)*markBytes)
	for _, m := range marks {
		b = binary.BigEndian.AppendUint64(b, m.word)
		b = append(b, m.doubts[:]...)
		b = binary.BigEndian.AppendUint64(b, uint64(m.spot.pack())) //nolint:gosec // not negative
	}
	return b
}

func unpackMarks(b []byte) (marks []mark) {
	for ; len(b) >= markBytes; b = b[markBytes:] {
		m := mark{word: binary.BigEndian.Uint64(b), spot: unpackSpot(int64(binary.BigEndian.Uint64(b[8+doubtful:])))} //nolint:gosec // as packed
		copy(m.doubts[:], b[8:])
		marks = append(marks, m)
	}
	return marks
}

// imprintOf takes a picture's imprint.
func imprintOf(m image.Image) imprint {
	g := shrink(m, marksSide)
	found := marksOf(g)
	inner := func(s spot) bool {
		ex, ey := max(float64(g.w)/edgeShare, edgeSizes*s.size), max(float64(g.h)/edgeShare, edgeSizes*s.size)
		return s.x >= ex && s.y >= ey && s.x < float64(g.w)-ex && s.y < float64(g.h)-ey
	}
	return imprint{marks: spread(found, g, askedMarks, 2*perCell), stored: spreadWhere(found, g, keptMarks, perCell, inner), look: lookOf(g)}
}

// spread takes the strongest n marks, but not more of one cell than allowed.
func spread(found []mark, g grey, n, ofCell int) []mark {
	return spreadWhere(found, g, n, ofCell, func(spot) bool { return true })
}

func spreadWhere(found []mark, g grey, n, ofCell int, wanted func(spot) bool) []mark {
	var taken []mark
	var count [cellsAcross * cellsAcross]int
	for _, m := range found {
		cell := min(int(m.spot.y)*cellsAcross/g.h, cellsAcross-1)*cellsAcross + min(int(m.spot.x)*cellsAcross/g.w, cellsAcross-1)
		if len(taken) < n && count[cell] < ofCell && wanted(m.spot) {
			taken = append(taken, m)
			count[cell]++
		}
	}
	return taken
}

// marksOf finds all marks of a picture, the strongest first.
func marksOf(g grey) []mark {
	var found []mark
	base, scale := g.blurred(math.Sqrt(firstBlur*firstBlur-0.25)), 1.0
	for range octaves {
		if base.w < 2*patchCells || base.h < 2*patchCells {
			break
		}
		blurred := octave(base)
		found = append(found, extremes(blurred, scale)...)
		base = blurred[levels].halved()
		scale *= 2
	}
	slices.SortStableFunc(found, func(a, b mark) int { return cmp.Compare(b.force, a.force) })
	return found
}

// octave blurs further, by equal ratios, up to beyond twice the width.
func octave(base grey) []grey {
	all := []grey{base}
	ratio := math.Exp2(1.0 / levels)
	sigma := firstBlur
	for range levels + 2 {
		next := sigma * ratio
		all = append(all, all[len(all)-1].blurred(math.Sqrt(next*next-sigma*sigma)))
		sigma = next
	}
	return all
}

const weakest = 0.8 // in shades of grey: below it is noise

// extremes finds the spots of one octave; scale is its pixel in pixels of the picture.
func extremes(blurred []grey, scale float64) (found []mark) {
	var diffs []grey
	for i := 1; i < len(blurred); i++ {
		diffs = append(diffs, blurred[i].minus(blurred[i-1]))
	}
	for l := 1; l <= levels; l++ {
		d := diffs[l]
		for y := 2; y < d.h-2; y++ {
			for x := 2; x < d.w-2; x++ {
				v := d.pix[y*d.w+x]
				if v > -weakest && v < weakest || !isExtreme(diffs[l-1:l+2], x, y, v) {
					continue
				}
				if m, ok := markAt(blurred, diffs[l-1:l+2], l, x, y, scale); ok {
					found = append(found, m)
				}
			}
		}
	}
	return found
}

func isExtreme(around []grey, x, y int, v float32) bool {
	for i, d := range around {
		for dy := -1; dy <= 1; dy++ {
			row := d.pix[(y+dy)*d.w+x-1:][:3]
			for dx, o := range row {
				if i == 1 && dy == 0 && dx == 1 {
					continue
				}
				if v > 0 && o >= v || v < 0 && o <= v {
					return false
				}
			}
		}
	}
	return true
}

// markAt refines place and scale by parabolas and reads the word. Spots along an edge, which may slide, are left out.
func markAt(blurred, around []grey, level, x, y int, scale float64) (mark, bool) {
	d := around[1]
	v := d.at(x, y)
	dxx, dyy := d.at(x+1, y)+d.at(x-1, y)-2*v, d.at(x, y+1)+d.at(x, y-1)-2*v
	dxy := (d.at(x+1, y+1) - d.at(x-1, y+1) - d.at(x+1, y-1) + d.at(x-1, y-1)) / 4
	trace, det := dxx+dyy, dxx*dyy-dxy*dxy
	const edge = 10.0
	if det <= 0 || trace*trace*edge >= (edge+1)*(edge+1)*det {
		return mark{}, false
	}
	fx := float64(x) + peak(d.at(x-1, y), v, d.at(x+1, y))
	fy := float64(y) + peak(d.at(x, y-1), v, d.at(x, y+1))
	fl := float64(level) + peak(around[0].at(x, y), v, around[2].at(x, y))
	sigma := firstBlur * math.Exp2(fl/levels)
	m := mark{
		spot:  spot{(fx + 0.5) * scale, (fy + 0.5) * scale, sigma * scale},
		force: math.Abs(float64(v)) * math.Pow(sigma*scale, forceBySize),
	}
	m.word, m.doubts = wordAt(blurred[level], fx, fy, sigma*patchReach)
	return m, true
}

// peak is where between -½ and ½ a parabola through three values has its peak.
func peak(a, b, c float32) float64 {
	den := float64(a - 2*b + c)
	if den == 0 {
		return 0
	}
	return min(max(float64(a-c)/(2*den), -0.5), 0.5)
}

// wave are the coefficients whose signs make a word: down and across.
var waves = chooseWaves()

type wave struct{ down, across int }

func chooseWaves() []wave {
	var all []wave
	for sum := 1; len(all) < wordBits; sum++ {
		for v := 0; v <= sum && len(all) < wordBits; v++ {
			all = append(all, wave{v, sum - v})
		}
	}
	return all
}

// cosines[k][i] is the k-th wave at the i-th of patchCells samples.
var cosines = func() (c [9][patchCells]float32) {
	for k := range c {
		for i := range patchCells {
			c[k][i] = float32(math.Cos(math.Pi * float64(k) * (float64(i) + 0.5) / patchCells))
		}
	}
	return c
}()

// wordAt reads the signs of a patch's coefficients, and which are the least sure.
func wordAt(g grey, x, y, reach float64) (word uint64, doubts [doubtful]uint8) {
	var across [patchCells][len(cosines)]float32
	step := 2 * reach / patchCells
	for i := range patchCells {
		var line [patchCells]float32
		for j := range line {
			line[j] = g.sample(x-reach+(float64(j)+0.5)*step, y-reach+(float64(i)+0.5)*step)
		}
		for k := range across[i] {
			for j, v := range line {
				across[i][k] += v * cosines[k][j]
			}
		}
	}
	var size [wordBits]float32
	for b, w := range waves {
		var sum float32
		for i := range patchCells {
			sum += across[i][w.across] * cosines[w.down][i]
		}
		if sum > 0 {
			word |= 1 << b
		}
		size[b] = max(sum, -sum)
	}
	for d := range doubts {
		least := 0
		for b := range size {
			if size[b] < size[least] {
				least = b
			}
		}
		doubts[d], size[least] = uint8(least), math.MaxFloat32
	}
	return word, doubts
}

// oddAcross are the bits that mirroring turns.
var oddAcross = func() (bits uint64) {
	for b, w := range waves {
		if w.across%2 == 1 {
			bits |= 1 << b
		}
	}
	return bits
}()

// words are the mark's word and its neighbours in doubt.
func (m mark) words(mirrored bool) []uint64 {
	word := m.word
	if mirrored {
		word ^= oddAcross
	}
	all := []uint64{word}
	for _, bit := range m.doubts {
		for _, w := range slices.Clip(all) {
			all = append(all, w^1<<bit)
		}
	}
	return all
}

package evidence

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"pinzhi/internal/db"

	"github.com/uptrace/bun"
	"golang.org/x/sync/errgroup"
)

// Match is another photo of the campaign that is the same photograph, or the same file.
type Match struct {
	File     File
	Same     bool // byte for byte
	Mirrored bool
	Cropped  bool    // one shows less than the other
	Likeness float64 // 0 to 1
}

// Word says in Chinese what was recognised.
func (m Match) Word() string {
	switch {
	case m.Same:
		return "同一文件"
	case m.Mirrored && m.Cropped:
		return "镜像并裁剪"
	case m.Mirrored:
		return "镜像"
	case m.Cropped:
		return "裁剪"
	}
	return "同一张照片"
}

// Bounds of one look-up: how many other photos are compared closely, and how many are named.
const (
	maxCompared = 40
	maxMatches  = 10
)

// Similar finds the other files of the campaign that show the same photograph as the given one, the likest first.
// Give it a reader: inside a write transaction on PostgreSQL it would get into the way of every upload.
func Similar(ctx context.Context, tx db.Tx, campaignID, fileID int64) ([]Match, error) {
	f, err := byID(ctx, tx, campaignID, fileID)
	if err != nil {
		return nil, err
	}
	p, err := storedImprint(ctx, tx, f)
	if err != nil {
		return nil, err
	}
	return similar(ctx, tx, f, p)
}

// SimilarTo is Similar for a file that was received and is not evidence yet.
func SimilarTo(ctx context.Context, tx db.Tx, in Incoming) ([]Match, error) {
	return similar(ctx, tx, in.File, in.imprint)
}

// storedImprint is the imprint of a stored file, as far as asking needs it; of a document it is empty.
func storedImprint(ctx context.Context, tx db.Tx, f File) (imprint, error) {
	var rows []lookRow
	err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", f.CampaignID).Where("evidence_id = ?", f.ID).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return imprint{}, err
	}
	return imprint{look: lookFrom(rows[0].Look), marks: unpackMarks(rows[0].Asks)}, nil
}

func similar(ctx context.Context, tx db.Tx, f File, p imprint) ([]Match, error) {
	same, err := sameFiles(ctx, tx, f)
	if err != nil {
		return nil, err
	}
	candidates, err := p.candidates(ctx, tx, f.CampaignID, f.ID)
	if err != nil {
		return nil, err
	}
	found, err := p.confirm(ctx, tx, f.CampaignID, candidates)
	if err != nil {
		return nil, err
	}
	files, err := byIDs(ctx, tx, f.CampaignID, idsOf(found))
	if err != nil {
		return nil, err
	}
	matches := same
	for _, m := range found {
		if m.File = files[m.File.ID]; m.File.SHA256 != f.SHA256 && m.File.ID != 0 {
			matches = append(matches, m)
		}
	}
	return matches[:min(len(matches), maxMatches)], nil
}

func idsOf(matches []Match) []int64 {
	var ids []int64
	for _, m := range matches {
		ids = append(ids, m.File.ID)
	}
	return ids
}

func sameFiles(ctx context.Context, tx db.Tx, f File) ([]Match, error) {
	var rows []File
	err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", f.CampaignID).Where("sha256 = ?", f.SHA256).
		Where("id <> ?", f.ID).Order("id").Limit(maxMatches).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("same files: %w", err)
	}
	var matches []Match
	for _, other := range rows {
		matches = append(matches, Match{File: other, Same: true, Likeness: 1})
	}
	return matches, nil
}

// candidate is another photo with the fitting that its marks speak for.
type candidate struct {
	id       int64
	mirrored bool
	fit      fitting
	votes    float64
}

// asked is where a word of the asking picture stands in it.
type asked struct {
	spot     spot
	mirrored bool
}

// candidates asks for photos with the same words, and keeps those whose spots lie to each other as here.
func (p imprint) candidates(ctx context.Context, tx db.Tx, campaignID, notID int64) ([]candidate, error) {
	words := p.asks()
	if len(words) == 0 {
		return nil, nil
	}
	list := make([]int64, 0, len(words))
	for w := range words {
		list = append(list, int64(w)) //nolint:gosec // wordBits are fewer than 63
	}
	rows, err := withWords(ctx, tx, campaignID, notID, list)
	if err != nil {
		return nil, err
	}
	return p.rank(rows, words), nil
}

// commonWord is how many photos with one word are looked at, the newest: a word that more have tells nothing.
const commonWord = 64

func withWords(ctx context.Context, tx db.Tx, campaignID, notID int64, words []int64) (rows []markRow, err error) {
	values := make([]string, 0, len(words))
	for _, w := range words {
		values = append(values, "("+strconv.FormatInt(w, 10)+")")
	}
	err = tx.NewRaw(`WITH asked (word) AS (VALUES ?)
		SELECT m.word, m.evidence_id, m.spot FROM asked JOIN evidence_marks m ON m.campaign_id = ? AND m.word = asked.word
		WHERE m.evidence_id <> ? AND m.evidence_id >= coalesce((SELECT c.evidence_id FROM evidence_marks c
			WHERE c.campaign_id = ? AND c.word = asked.word ORDER BY c.evidence_id DESC LIMIT 1 OFFSET ?), 0)`,
		bun.Safe(strings.Join(values, ",")), campaignID, notID, campaignID, commonWord-1).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("marks: %w", err)
	}
	return rows, nil
}

func (p imprint) asks() map[uint64][]asked {
	words := map[uint64][]asked{}
	for _, m := range p.marks {
		for _, mirrored := range []bool{false, true} {
			s := m.spot
			if mirrored {
				s.x = p.width() - s.x
			}
			for _, w := range m.words(mirrored) {
				words[w] = append(words[w], asked{s, mirrored})
			}
		}
	}
	return words
}

type side struct {
	id       int64
	mirrored bool
}

// hit is a spot that was found by a word, with the fitting it speaks for.
type hit struct {
	fit    fitting
	weight float64 // a word that few photos have says more
}

// rank groups what was found by photo and orders it by how much speaks for one fitting.
func (p imprint) rank(rows []markRow, words map[uint64][]asked) []candidate {
	common := map[int64]float64{}
	for _, row := range rows {
		common[row.Word]++
	}
	found := map[side][]hit{}
	for _, row := range rows {
		for _, a := range words[uint64(row.Word)] { //nolint:gosec // it was stored as one
			key := side{row.EvidenceID, a.mirrored}
			if fit := fittingOf(a.spot, unpackSpot(row.Spot)); p.plausible(fit) {
				found[key] = append(found[key], hit{fit, 1 / common[row.Word]})
			}
		}
	}
	var all []candidate
	for key, hits := range found {
		fit, votes := agreed(hits)
		all = append(all, candidate{key.id, key.mirrored, fit, votes})
	}
	slices.SortFunc(all, func(a, b candidate) int { return cmp.Or(cmp.Compare(b.votes, a.votes), cmp.Compare(b.id, a.id)) })
	return all[:min(len(all), maxCompared)]
}

// fittingOf is the fitting that lays one spot on another, in pixels of the pictures that spots are found in.
func fittingOf(from, to spot) fitting {
	s := to.size / from.size
	return fitting{s, to.x - s*from.x, s, to.y - s*from.y}
}

// plausible holds a fitting to what cropping by a tenth a side can do, and some error of the spots: it enlarges by
// a quarter at most, and moves the middle by a twentieth.
func (p imprint) plausible(f fitting) bool {
	w, h := p.look.sizeOfMarks()
	const off = 0.16 * marksSide
	return f.sx > 0.68 && f.sx < 1.47 && math.Abs(f.sx*w/2+f.tx-w/2) < off && math.Abs(f.sy*h/2+f.ty-h/2) < off
}

// agreed finds the fitting that most speaks for, and takes the mean of those near it.
func agreed(hits []hit) (best fitting, votes float64) {
	for _, h := range hits[:min(len(hits), 50)] {
		if mean, n := h.fit.meanOfNear(hits); n > votes {
			best, votes = mean, n
		}
	}
	return best, votes
}

func (f fitting) meanOfNear(hits []hit) (mean fitting, weight float64) {
	for _, h := range hits {
		if o := h.fit; f.near(o) {
			mean.sx, mean.tx = mean.sx+o.sx*h.weight, mean.tx+o.tx*h.weight
			mean.sy, mean.ty = mean.sy+o.sy*h.weight, mean.ty+o.ty*h.weight
			weight += h.weight
		}
	}
	return fitting{mean.sx / weight, mean.tx / weight, mean.sy / weight, mean.ty / weight}, weight
}

func (f fitting) near(o fitting) bool {
	const middle = marksSide / 2
	return math.Abs(math.Log(f.sx/o.sx)) < 0.15 && math.Abs(f.sx*middle+f.tx-o.sx*middle-o.tx) < 12 &&
		math.Abs(f.sy*middle+f.ty-o.sy*middle-o.ty) < 12
}

func looksOf(ctx context.Context, tx db.Tx, campaignID int64, ids []int64) (map[int64]look, error) {
	var rows []lookRow
	err := tx.NewSelect().Model(&rows).Column("evidence_id", "look").Where("campaign_id = ?", campaignID).
		Where("evidence_id IN (?)", bun.List(ids)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("looks: %w", err)
	}
	looks := map[int64]look{}
	for _, r := range rows {
		looks[r.EvidenceID] = lookFrom(r.Look)
	}
	return looks, nil
}

// confirm compares the candidates closely and returns those that are the same photograph, the likest first.
func (p imprint) confirm(ctx context.Context, tx db.Tx, campaignID int64, candidates []candidate) ([]Match, error) {
	if len(candidates) == 0 {
		return nil, nil
	}
	var ids []int64
	for _, c := range candidates {
		ids = append(ids, c.id)
	}
	looks, err := looksOf(ctx, tx, campaignID, ids)
	if err != nil {
		return nil, err
	}
	verdicts := p.verdicts(candidates, looks)
	var matches []Match
	seen := map[int64]bool{}
	for i, c := range candidates {
		if v := verdicts[i]; v.likeness.alike() && !seen[c.id] {
			seen[c.id] = true
			matches = append(matches, Match{File: File{ID: c.id}, Mirrored: c.mirrored, Cropped: v.fit.crops(), Likeness: v.likeness.whole})
		}
	}
	slices.SortStableFunc(matches, func(a, b Match) int { return cmp.Compare(b.Likeness, a.Likeness) })
	return matches, nil
}

// verdict is what came of comparing a candidate closely.
type verdict struct {
	likeness likeness
	fit      fitting
}

// verdicts compares the candidates on all processors: several photos of one place, which are the dearest to tell
// apart, would else add up.
func (p imprint) verdicts(candidates []candidate, looks map[int64]look) []verdict {
	straight := viewed(p.look)
	turned := straight.mirrored()
	all := make([]verdict, len(candidates))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, c := range candidates {
		other := looks[c.id]
		if other.empty() {
			continue
		}
		q := straight
		if c.mirrored {
			q = turned
		}
		g.Go(func() error {
			all[i].likeness, all[i].fit = compare(q, other, c.fit.inUnits(p.look, other))
			return nil
		})
	}
	_ = g.Wait() // none fails
	return all
}

// compared is the look of the asking picture, prepared once; its reliefs only when a candidate is worth more than the
// first glance.
type compared struct {
	glance  grey
	reliefs func() reliefs
}

type reliefs struct{ rough, fine relief }

func viewed(l look) compared {
	return compared{l.glance(), sync.OnceValue(func() reliefs {
		fine := l.relief()
		return reliefs{sloped(fine.roughly()), sloped(fine)}
	})}
}

func (c compared) mirrored() compared {
	return compared{c.glance.mirrored(), sync.OnceValue(func() reliefs {
		straight := c.reliefs()
		return reliefs{sloped(straight.rough.grey.mirrored()), sloped(straight.fine.grey.mirrored())}
	})}
}

// compare lays one look on another, first roughly, then finely, then without what a caption or a logo spoils, and
// tells how alike they are. Most candidates fall at the first glance.
func compare(c compared, other look, f fitting) (likeness, fitting) {
	if correlationUnder(c.glance, other.glance(), f) < glimpse {
		return likeness{}, f
	}
	reliefs := c.reliefs()
	q, r := reliefs.fine, other.relief()
	f, ok := lay(reliefs.rough, r.roughly(), f, 8, nil)
	if !ok {
		return likeness{}, f
	}
	pixels := len(q.grey.pix)
	cells := cellsUnder(q.grey, r, f)
	if k := cells.likeness(pixels); k.whole < hopeless {
		return k, f
	}
	if fine, ok := lay(q, r, f, 10, nil); ok {
		f, cells = fine, cellsUnder(q.grey, r, fine)
	}
	k := cells.likeness(pixels)
	for _, least := range []float64{0.6, 0.8, 0.9} {
		if k.alike() || k.whole < doubtless || k.same < unlike {
			break
		}
		out := cells.spoilt(least)
		without, ok := lay(q, r, f, 6, &out)
		if !ok {
			break
		}
		anew := cellsUnder(q.grey, r, without)
		if again := anew.likeness(pixels); again.same >= k.same {
			k, f, cells = again, without, anew
		}
	}
	return k, f
}

// Below this correlation, or this share of agreeing cells, two pictures are not the same, whatever was written on them.
const (
	doubtless = 0.7
	unlike    = 0.15
)

// glimpse is the least correlation at first glance, where spots are a little off.
const glimpse = 0.25

// hopeless is a correlation that fine fitting does not mend.
const hopeless = 0.35

// crops reports whether the fitting leaves out more than a hair of either picture.
func (f fitting) crops() bool {
	return math.Abs(f.sx-1) > 0.015 || math.Abs(f.sy-1) > 0.015 || math.Abs(f.tx) > 0.015 || math.Abs(f.ty) > 0.015
}

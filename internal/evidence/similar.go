package evidence

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"pinzhi/internal/db"

	"github.com/uptrace/bun"
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
	maxCompared = 24
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
	votes    int
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
		list = append(list, int64(w))
	}
	var rows []markRow
	err := tx.NewRaw("SELECT word, evidence_id, spot FROM evidence_marks WHERE campaign_id = ? AND word IN (?) AND evidence_id <> ?",
		campaignID, bun.List(list), notID).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("marks: %w", err)
	}
	return rank(rows, words), nil
}

func (p imprint) asks() map[uint32][]asked {
	words := map[uint32][]asked{}
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

// rank groups what was found by photo and orders it by how many spots agree on one fitting.
func rank(rows []markRow, words map[uint32][]asked) []candidate {
	found := map[side][]fitting{}
	for _, row := range rows {
		for _, a := range words[uint32(row.Word)] { //nolint:gosec // it was stored as one
			key := side{row.EvidenceID, a.mirrored}
			found[key] = append(found[key], fittingOf(a.spot, unpackSpot(row.Spot)))
		}
	}
	var all []candidate
	for key, fits := range found {
		if fit, votes, ok := agreed(fits); ok {
			all = append(all, candidate{key.id, key.mirrored, fit, votes})
		}
	}
	slices.SortFunc(all, func(a, b candidate) int { return cmp.Or(b.votes-a.votes, cmp.Compare(b.id, a.id)) })
	return all[:min(len(all), maxCompared)]
}

// fittingOf is the fitting that lays one spot on another, in pixels of the pictures that spots are found in.
func fittingOf(from, to spot) fitting {
	s := to.size / from.size
	return fitting{s, to.x - s*from.x, s, to.y - s*from.y}
}

// agreed finds the fitting that most others agree with. Cropping by a tenth a side enlarges by a quarter at most.
func agreed(fits []fitting) (best fitting, votes int, ok bool) {
	for _, f := range fits[:min(len(fits), 50)] {
		if f.sx < 0.66 || f.sx > 1.5 {
			continue
		}
		n := 0
		for _, o := range fits {
			if f.near(o) {
				n++
			}
		}
		if n > votes {
			best, votes = f, n
		}
	}
	return best, votes, votes > 0
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
	straight := p.look.relief()
	turned := straight.mirrored()
	var matches []Match
	seen := map[int64]bool{}
	for _, c := range candidates {
		other := looks[c.id]
		if seen[c.id] || other.empty() {
			continue
		}
		q := straight
		if c.mirrored {
			q = turned
		}
		if k, f := compare(q, other.relief(), c.fit.inUnits(p.look, other)); k.alike() {
			seen[c.id] = true
			matches = append(matches, Match{File: File{ID: c.id}, Mirrored: c.mirrored, Cropped: f.crops(), Likeness: k.whole})
		}
	}
	slices.SortStableFunc(matches, func(a, b Match) int { return cmp.Compare(b.Likeness, a.Likeness) })
	return matches, nil
}

// compare lays q on r, first roughly and then finely, and tells how alike they are.
func compare(q, r grey, f fitting) (likeness, fitting) {
	rough, ok := lay(q.blurred(1.5).halved(), r.blurred(1.5).halved(), f, 8)
	if !ok {
		return likeness{}, f
	}
	if k := likenessOf(q, r, rough); k.whole < hopeless {
		return k, rough
	}
	fine, ok := lay(q, r, rough, 6)
	if !ok {
		fine = rough
	}
	return likenessOf(q, r, fine), fine
}

// hopeless is a correlation that fine fitting does not mend.
const hopeless = 0.35

// crops reports whether the fitting leaves out more than a hair of either picture.
func (f fitting) crops() bool {
	return math.Abs(f.sx-1) > 0.015 || math.Abs(f.sy-1) > 0.015 || math.Abs(f.tx) > 0.015 || math.Abs(f.ty) > 0.015
}

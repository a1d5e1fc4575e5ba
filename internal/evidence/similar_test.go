package evidence

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/kernel"

	"github.com/disintegration/imaging"
)

// album is many photos in one campaign.
type album struct {
	d      *db.DB
	s      *Service
	photos []image.Image
	family []int // photos of one family show one place
	files  []File
}

// The first quarter of an album are families of three: one place before, and twice after the clean-up.
func familyOf(i, n int) int {
	if i < n/4 {
		return i / 3 * 3
	}
	return i
}

func paint(tb testing.TB, i, n int) image.Image {
	tb.Helper()
	v := view{}
	if familyOf(i, n) != i {
		v = viewNear(rand.New(rand.NewPCG(uint64(i), 1)))
	}
	return recompress(tb, scene(uint64(familyOf(i, n)), v), 92)
}

func newAlbum(tb testing.TB, d *db.DB, n int) *album {
	tb.Helper()
	blobs, err := NewFolder(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	insertCampaign(tb, d)
	a := &album{d: d, s: New(d, blobs, kernel.Clock{}, DefaultLimits), photos: make([]image.Image, n), family: make([]int, n), files: make([]File, n)}
	each(n, func(i int) { a.photos[i], a.family[i] = paint(tb, i, n), familyOf(i, n) })
	for i := range n {
		a.files[i] = a.add(tb, jpegBytes(tb, a.photos[i]))
	}
	return a
}

// each runs do for 0 to n-1, on every processor.
func each(n int, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}

func insertCampaign(tb testing.TB, d *db.DB) {
	tb.Helper()
	if err := d.Write(tb.Context(), func(tx db.Tx) error {
		_, err := tx.NewRaw(`INSERT INTO campaigns (place, name, document_number, issuer, issued_on, printed_on, drill, plan_version, opened_at, stamp)
			VALUES ('临汾市', ?, '', '', '', '', false, 1, ?, 1)`, fmt.Sprint(rand.Int64()), time.Now().UTC()).Exec(tb.Context())
		return err
	}); err != nil {
		tb.Fatal(err)
	}
}

func jpegBytes(tb testing.TB, m image.Image) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 92}); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func (a *album) receive(tb testing.TB, content []byte) Incoming {
	tb.Helper()
	in, err := a.s.Receive(context.Background(), 1, bytes.NewReader(content), Meta{})
	if err != nil {
		tb.Fatal(err)
	}
	return in
}

func (a *album) add(tb testing.TB, content []byte) (f File) {
	tb.Helper()
	in := a.receive(tb, content)
	if err := a.d.Write(context.Background(), func(tx db.Tx) (err error) {
		f, err = a.s.Attach(context.Background(), tx, in, Subject{Kind: "case", ID: 1, Purpose: Before})
		return err
	}); err != nil {
		tb.Fatal(err)
	}
	return f
}

// found counts what came of looking up altered photos.
type found struct{ asked, right, familiar, stranger int }

// lookUp alters photo i in one way and asks for it.
func (a *album) lookUp(tb testing.TB, i int, how alteration) (f found) {
	tb.Helper()
	r := rand.New(rand.NewPCG(uint64(i), 2))
	in := Incoming{File: File{CampaignID: 1}, imprint: imprintOf(how.do(tb, r, a.photos[i]))}
	matches, err := SimilarTo(context.Background(), a.d.Reader(), in)
	if err != nil {
		tb.Error(err)
		return f
	}
	f.asked = 1
	for _, m := range matches {
		switch j := slices.IndexFunc(a.files, func(f File) bool { return f.ID == m.File.ID }); {
		case j == i:
			f.right = 1
		case a.family[j] == a.family[i]:
			f.familiar++
		default:
			f.stranger++
		}
	}
	return f
}

func (f *found) add(o found) {
	f.asked, f.right = f.asked+o.asked, f.right+o.right
	f.familiar, f.stranger = f.familiar+o.familiar, f.stranger+o.stranger
}

func TestSimilar_FindsAlteredCopiesAndNothingElse(t *testing.T) {
	n := 500
	if testing.Short() {
		n = 60
	}
	a := newAlbum(t, dbtest.Open(t, db.SQLite), n)
	var all found
	for _, how := range alterations {
		results := make([]found, n)
		each(n, func(i int) { results[i] = a.lookUp(t, i, how) })
		var one found
		for _, f := range results {
			one.add(f)
		}
		t.Logf("%-36s %d of %d found", how.name, one.right, one.asked)
		all.add(one)
	}
	recall := float64(all.right) / float64(all.asked)
	pairs := float64(all.asked) * float64(n-1)
	wrong := float64(all.familiar+all.stranger) / pairs
	likePairs := 2 * (n / 4) * len(alterations)
	t.Logf("%d photos: %.2f%% found; false pairs %d of %.0f (%.2f in 10,000): %d of them among %d comparisons of one place before and after, %d elsewhere",
		n, 100*recall, all.familiar+all.stranger, pairs, 1e4*wrong, all.familiar, likePairs, all.stranger)
	if recall < 0.99 || wrong > 1e-4 && !testing.Short() { // the families are too large a share of a small album
		t.Errorf("%.2f%% found, %.2f false pairs in 10,000", 100*recall, 1e4*wrong)
	}
	if share := float64(all.familiar) / float64(likePairs); share > 0.05 {
		t.Errorf("%.1f%% of the photos after a clean-up are taken for the photo before", 100*share)
	}
}

func TestSimilar_SaysWhatWasRecognised(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newAlbum(t, d, 8)
		photo := a.photos[5]
		r := rand.New(rand.NewPCG(1, 1))
		b := photo.Bounds()
		narrow := image.Rect(40, 30, b.Dx()-20, b.Dy()-25)
		for word, content := range map[string][]byte{
			"同一文件":  jpegBytes(t, photo),
			"同一张照片": jpegBytes(t, recompress(t, photo, 45)),
			"镜像":    jpegBytes(t, alterations[4].do(t, r, photo)),
			"裁剪":    jpegBytes(t, recompress(t, imaging.Crop(photo, narrow), 60)),
		} {
			f := a.add(t, content)
			matches, err := Similar(t.Context(), d.Reader(), 1, f.ID)
			if err != nil || len(matches) == 0 {
				t.Fatalf("%s: %d matches, %v", word, len(matches), err)
			}
			i := slices.IndexFunc(matches, func(m Match) bool { return m.File.ID == a.files[5].ID })
			if i < 0 || matches[i].Word() != word {
				t.Errorf("%s: %+v", word, matches)
			}
			for _, m := range matches {
				if slices.ContainsFunc(a.files, func(f File) bool { return f.ID == m.File.ID && f.ID != a.files[5].ID }) {
					t.Errorf("%s: another photo was found", word)
				}
			}
		}
	})
}

func TestSimilar_StaysInTheCampaignAndAllowsDocuments(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newAlbum(t, d, 4)
		insertCampaign(t, d)
		in := a.receive(t, jpegBytes(t, recompress(t, a.photos[3], 70)))
		in.CampaignID = 2
		if matches, err := SimilarTo(t.Context(), d.Reader(), in); len(matches) != 0 || err != nil {
			t.Errorf("from another campaign: %v, %v", matches, err)
		}
		paper := a.add(t, []byte("%PDF-1.4 same"))
		again := a.add(t, []byte("%PDF-1.4 same"))
		matches, err := Similar(t.Context(), d.Reader(), 1, again.ID)
		if err != nil || len(matches) != 1 || matches[0].File.ID != paper.ID || !matches[0].Same {
			t.Errorf("%v, %v", matches, err)
		}
	})
}

func TestSimilar_CostsFewRowsAPhoto(t *testing.T) {
	a := newAlbum(t, dbtest.Open(t, db.SQLite), 6)
	var rows int
	if err := a.d.Reader().NewRaw("SELECT count(*) FROM evidence_marks").Scan(t.Context(), &rows); err != nil || rows > 6*keptMarks {
		t.Errorf("%d rows, %v", rows, err)
	}
}

func TestSpot_SurvivesPacking(t *testing.T) {
	for _, s := range []spot{{0, 0, 1.6}, {100.25, 7.5, 6.4}, {1500, 1200, 12}} {
		got := unpackSpot(s.pack())
		if fmt.Sprintf("%.2f %.2f", got.x, got.y) != fmt.Sprintf("%.2f %.2f", s.x, s.y) || got.size/s.size > 1.02 || s.size/got.size > 1.02 {
			t.Errorf("%v became %v", s, got)
		}
	}
}

func TestImprint_IsMadeOfAnyShape(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {1, 4000}, {4000, 1}, {16, 16}, {3000, 40}} {
		m := image.NewGray(image.Rectangle{Max: size})
		for i := range m.Pix {
			m.Pix[i] = uint8(i * i)
		}
		p := imprintOf(m)
		if k, _ := compare(viewed(p.look), p.look, fitting{1, 0, 1, 0}); k.alike() && size.X < 4 {
			t.Errorf("%v: a picture of nothing is like itself", size)
		}
	}
}

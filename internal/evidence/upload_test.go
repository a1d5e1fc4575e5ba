package evidence_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
)

// phone is somebody's device that sends a file in pieces.
type phone struct {
	*evidence.Service

	account int64
	uuid    string
	file    []byte
}

const aUUID = "5b0f6f1e-3c1d-4a55-9d5e-000000000001"

func phoneOf(s *evidence.Service, account int64, file []byte) phone {
	return phone{s, account, aUUID, file}
}

func hashOf(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}

func (p phone) begin(ctx context.Context) (evidence.Upload, error) {
	place := evidence.Place{Lat: 36.08, Lon: 111.51}
	meta := evidence.Meta{ClientUUID: p.uuid, Name: "现场.jpg", AccountID: p.account, ByName: "谈笑", Device: &place, Accuracy: 8, DeviceAt: at.Add(-time.Hour)}
	return p.BeginUpload(ctx, 1, meta, int64(len(p.file)), hashOf(p.file))
}

func (p phone) add(ctx context.Context, from, to int) (evidence.Upload, error) {
	return p.AddPiece(ctx, 1, p.account, p.uuid, int64(from), p.file[from:to])
}

// bring sends the whole file in pieces of a size.
func (p phone) bring(t *testing.T, size int) evidence.Incoming {
	t.Helper()
	if _, err := p.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	for from := 0; from < len(p.file); from += size {
		if _, err := p.add(t.Context(), from, min(from+size, len(p.file))); err != nil {
			t.Fatalf("piece at %d: %v", from, err)
		}
	}
	list, err := p.Received(t.Context(), 1, p.account, []string{p.uuid})
	if err != nil {
		t.Fatal(err)
	}
	return list[0]
}

// grainy is a JPEG of some 200 kB.
func grainy(t *testing.T) []byte {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	m := image.NewRGBA(image.Rect(0, 0, 1200, 900))
	for range 300 {
		x, y, c := r.IntN(1200), r.IntN(900), color.RGBA{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256)), 255}
		draw.Draw(m, image.Rect(x, y, x+5+r.IntN(60), y+5+r.IntN(60)), image.NewUniform(c), image.Point{}, draw.Src)
	}
	for i := range m.Pix {
		m.Pix[i] ^= uint8(r.IntN(24))
	}
	b := jpegOf(t, m)
	if len(b) < 100_000 {
		t.Fatalf("only %d bytes", len(b))
	}
	return b
}

func mustBe(t *testing.T, err error, code kernel.Code) {
	t.Helper()
	if kernel.CodeOf(err) != code {
		t.Errorf("%v, want %s", err, code)
	}
}

func rowsOf(t *testing.T, d *db.DB, table string) (n int) {
	t.Helper()
	if err := d.Reader().NewRaw("SELECT count(*) FROM "+table).Scan(t.Context(), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestUpload_InPiecesIsTheSameFileAsAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(t, d, folder(t))
		p := phoneOf(s, 5, grainy(t))
		in := p.bring(t, 40_000)
		f := attach(t, d, s, in, aCase)
		if f.SHA256 != hashOf(p.file) || f.Kind != evidence.Photo || f.DeviceAccuracy != 8 || !f.DeviceAt.Equal(at.Add(-time.Hour)) || f.AccountID != 5 {
			t.Errorf("%+v", f)
		}
		if place, ok := f.DevicePlace(); !ok || place.Lat != 36.08 {
			t.Errorf("the device's place is lost: %v", place)
		}
		for _, table := range []string{"uploads", "upload_pieces"} {
			if n := rowsOf(t, d, table); n != 0 {
				t.Errorf("%d rows left in %s", n, table)
			}
		}
		atOnce := attach(t, d, s, receive(t, s, p.file, evidence.Meta{}), aCase)
		same, err := evidence.Similar(t.Context(), d.Reader(), 1, atOnce.ID)
		if err != nil || len(same) != 1 || same[0].File.ID != f.ID {
			t.Errorf("its imprint is lost on the way: %v, %v", same, err)
		}
	})
}

func TestUpload_GoesOnWhereItWasCut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := phoneOf(service(t, d, folder(t)), 5, grainy(t))
		if _, err := p.begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := p.add(t.Context(), 0, 50_000); err != nil {
			t.Fatal(err)
		}
		again, err := p.begin(t.Context()) // after a new start of the browser
		if err != nil || again.Received != 50_000 || again.Whole() {
			t.Fatalf("%+v, %v", again, err)
		}
		for _, from := range []int{0, 49_999, 60_000} {
			u, err := p.add(t.Context(), from, 90_000)
			mustBe(t, err, kernel.Conflict)
			if u.Received != 50_000 {
				t.Errorf("a piece at %d is told to go on at %d", from, u.Received)
			}
		}
		if u, err := p.add(t.Context(), 50_000, len(p.file)); err != nil || !u.Whole() {
			t.Fatalf("%+v, %v", u, err)
		}
		if u, err := p.UploadOf(t.Context(), 1, 5, p.uuid); err != nil || !u.Whole() {
			t.Errorf("%+v, %v", u, err)
		}
	})
}

func TestUpload_AttachedTwiceIsOneFile(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(t, d, folder(t))
		p := phoneOf(s, 5, grainy(t))
		first := attach(t, d, s, p.bring(t, 1<<20), aCase)
		if u, err := p.begin(t.Context()); err != nil || !u.Whole() {
			t.Fatalf("announced again after it was attached: %+v, %v", u, err)
		}
		list, err := p.Received(t.Context(), 1, 5, []string{p.uuid})
		if err != nil {
			t.Fatal(err)
		}
		if again := attach(t, d, s, list[0], aCase); again.ID != first.ID {
			t.Error("the file is there twice")
		}
	})
}

func TestUpload_BelongsToOneAccount(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(t, d, folder(t))
		mine := phoneOf(s, 5, grainy(t))
		if _, err := mine.begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		tryAll := func(when string) {
			t.Helper()
			other := phoneOf(s, 6, mine.file)
			_, err := other.begin(t.Context())
			mustBe(t, err, kernel.NotFound)
			_, err = other.add(t.Context(), 0, 50_000)
			mustBe(t, err, kernel.NotFound)
			_, err = other.UploadOf(t.Context(), 1, 6, aUUID)
			mustBe(t, err, kernel.NotFound)
			mustBe(t, other.DropUpload(t.Context(), 1, 6, aUUID), kernel.NotFound)
			if _, err := other.Received(t.Context(), 1, 6, []string{aUUID}); err == nil {
				t.Errorf("%s: another account registers with it", when)
			}
			_, err = s.UploadOf(t.Context(), 2, 5, aUUID) // in another campaign it is not there
			mustBe(t, err, kernel.NotFound)
		}
		tryAll("begun")
		in := mine.bring(t, 1<<20)
		tryAll("whole")
		attach(t, d, s, in, aCase)
		tryAll("attached")
	})
}

func TestUpload_OfOtherBytesThanDeclaredBeginsAnew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := phoneOf(service(t, d, folder(t)), 5, grainy(t))
		if _, err := p.begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		spoilt := bytes.Clone(p.file)
		spoilt[len(spoilt)/2] ^= 1
		_, err := p.AddPiece(t.Context(), 1, 5, p.uuid, 0, spoilt)
		mustBe(t, err, kernel.Invalid)
		if n := rowsOf(t, d, "uploads") + rowsOf(t, d, "upload_pieces"); n != 0 {
			t.Errorf("%d rows left", n)
		}
		if in := p.bring(t, 1<<20); in.SHA256 != hashOf(p.file) {
			t.Error("it cannot begin anew")
		}
	})
}

func TestUpload_IsRefusedLikeAnyOtherFile(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := phoneOf(service(t, d, folder(t)), 5, bytes.Repeat([]byte("<script>"), 10_000))
		if _, err := p.begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := p.add(t.Context(), 0, len(p.file))
		mustBe(t, err, kernel.Invalid)
		if n := rowsOf(t, d, "uploads"); n != 0 {
			t.Errorf("%d uploads left", n)
		}
	})
}

func TestUpload_KeepsToItsBounds(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	s := service(t, d, folder(t))
	begin := func(uuid, hash string, size int64) error {
		_, err := s.BeginUpload(t.Context(), 1, evidence.Meta{ClientUUID: uuid, Name: "x", AccountID: 5}, size, hash)
		return err
	}
	good := hashOf(nil)
	mustBe(t, begin("../../etc/passwd", good, 1), kernel.Invalid)
	mustBe(t, begin(aUUID, "abc", 1), kernel.Invalid)
	mustBe(t, begin(aUUID, good, 0), kernel.Invalid)
	mustBe(t, begin(aUUID, good, 101<<20), kernel.TooLarge)
	mustBe(t, begin(aUUID, good, 3<<20), "")
	mustBe(t, begin(aUUID, good, 4<<20), kernel.Conflict)
	add := func(n int) error {
		_, err := s.AddPiece(t.Context(), 1, 5, aUUID, 0, make([]byte, n))
		return err
	}
	mustBe(t, add(evidence.MaxPiece+1), kernel.TooLarge)
	mustBe(t, add(100), kernel.Invalid)
	for i := range 20 {
		mustBe(t, begin(fmt.Sprintf("0123456789abcdef-%d", i), good, 100<<20), "")
	}
	mustBe(t, begin("0123456789abcdef-99", good, 100<<20), kernel.TooMany) // 2 GB together
	mustBe(t, s.DropUpload(t.Context(), 1, 5, "0123456789abcdef-1"), "")
	mustBe(t, begin("0123456789abcdef-99", good, 100<<20), "")
}

func TestUpload_IsSweptWhenAbandonedForTwoWeeks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		campaigns(t, d)
		blobs, now := folder(t), at
		s := evidence.New(d, blobs, kernel.FixedClock(func() time.Time { return now }), evidence.DefaultLimits)
		p := phoneOf(s, 5, grainy(t))
		if _, err := p.begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := p.add(t.Context(), 0, 50_000); err != nil {
			t.Fatal(err)
		}
		var key string
		if err := d.Reader().NewRaw("SELECT 'pieces/1/' || upload_id || '/0-' || sha256 FROM upload_pieces").Scan(t.Context(), &key); err != nil {
			t.Fatal(err)
		}
		if has, err := blobs.Has(t.Context(), key); !has || err != nil {
			t.Fatalf("no piece at %s: %v", key, err)
		}
		for _, c := range []struct {
			after time.Duration
			swept int
		}{{13 * 24 * time.Hour, 0}, {15 * 24 * time.Hour, 1}, {16 * 24 * time.Hour, 0}} {
			now = at.Add(c.after)
			if n, err := s.SweepUploads(t.Context()); n != c.swept || err != nil {
				t.Errorf("after %v: %d swept, want %d, %v", c.after, n, c.swept, err)
			}
		}
		if has, err := blobs.Has(t.Context(), key); has || err != nil {
			t.Errorf("its piece is still there, %v", err)
		}
		if _, err := p.add(t.Context(), 50_000, 90_000); kernel.CodeOf(err) != kernel.NotFound {
			t.Errorf("going on: %v", err)
		}
	})
}

func TestUpload_PiecesLieInAnyStoreAndAreGoneAfterwards(t *testing.T) {
	eachStore(t, func(t *testing.T, blobs evidence.Blobs) {
		d := dbtest.Open(t, db.SQLite)
		campaigns(t, d)
		instance := func() *evidence.Service {
			return evidence.New(d, blobs, kernel.FixedClock(func() time.Time { return at }), evidence.DefaultLimits)
		}
		one, two := phoneOf(instance(), 5, grainy(t)), phoneOf(instance(), 5, grainy(t))
		if _, err := one.begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := one.add(t.Context(), 0, 30_000); err != nil {
			t.Fatal(err)
		}
		var key string
		if err := d.Reader().NewRaw("SELECT 'pieces/1/' || upload_id || '/0-' || sha256 FROM upload_pieces").Scan(t.Context(), &key); err != nil {
			t.Fatal(err)
		}
		if u, err := two.add(t.Context(), 30_000, len(two.file)); err != nil || !u.Whole() { // on another instance
			t.Fatalf("%+v, %v", u, err)
		}
		r, _, err := blobs.Open(t.Context(), evidence.Key(1, hashOf(one.file)))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if whole, err := io.ReadAll(r); err != nil || !bytes.Equal(whole, one.file) {
			t.Errorf("%d bytes instead of %d, %v", len(whole), len(one.file), err)
		}
		if has, err := blobs.Has(t.Context(), key); has || err != nil {
			t.Errorf("its piece is still there, %v", err)
		}
	})
}

func TestReceive_KnowsVoices(t *testing.T) {
	s, _ := bare(t, evidence.DefaultLimits)
	for want, head := range map[evidence.Format]string{
		"m4a": "\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00", "aac": "\xff\xf1\x50\x80", "mp3": "\xff\xfb\x90\x00", "wav": "RIFF\x24\x00\x00\x00WAVEfmt ",
		"amr": "#!AMR\n", "ogg": "OggS\x00\x02", "webm": "\x1aE\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x1fB\x86\x81\x01webm",
	} {
		in := receive(t, s, append([]byte(head), make([]byte, 400)...), evidence.Meta{Name: "录音"})
		if in.Format != want || (want != "webm" && in.Kind != evidence.Audio) {
			t.Errorf("%s is taken for %s, %s", want, in.Format, in.Kind)
		}
	}
	if in := receive(t, s, append([]byte("ID3\x04"), make([]byte, 400)...), evidence.Meta{}); in.Format != "mp3" {
		t.Errorf("an MP3 with tags is taken for %s", in.Format)
	}
}

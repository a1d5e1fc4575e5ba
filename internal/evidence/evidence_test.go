package evidence_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"testing"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/db/dbtest"
	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
)

// at is the server's now in every test here.
var at = time.Date(2024, 3, 20, 1, 2, 3, 0, time.UTC)

// campaigns makes two campaigns, numbered 1 and 2.
func campaigns(tb testing.TB, d *db.DB) {
	tb.Helper()
	err := d.Write(tb.Context(), func(tx db.Tx) error {
		for _, name := range []string{"一", "二"} {
			if _, err := tx.NewRaw(`INSERT INTO campaigns (place, name, document_number, issuer, issued_on, printed_on, drill, plan_version, opened_at, stamp)
				VALUES ('临汾市', ?, '', '', '', '', false, 1, ?, 1)`, name, at).Exec(tb.Context()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}

func folder(tb testing.TB) *evidence.Folder {
	tb.Helper()
	f, err := evidence.NewFolder(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

func service(tb testing.TB, d *db.DB, blobs evidence.Blobs) *evidence.Service {
	tb.Helper()
	campaigns(tb, d)
	return evidence.New(d, blobs, kernel.FixedClock(func() time.Time { return at }), evidence.DefaultLimits)
}

// bare is a service without database, for what needs none.
func bare(tb testing.TB, limits evidence.Limits) (*evidence.Service, evidence.Blobs) {
	tb.Helper()
	blobs := folder(tb)
	return evidence.New(nil, blobs, kernel.FixedClock(func() time.Time { return at }), limits), blobs
}

func receive(tb testing.TB, s *evidence.Service, content []byte, meta evidence.Meta) evidence.Incoming {
	tb.Helper()
	in, err := s.Receive(tb.Context(), 1, bytes.NewReader(content), meta)
	if err != nil {
		tb.Fatal(err)
	}
	return in
}

func attach(tb testing.TB, d *db.DB, s *evidence.Service, in evidence.Incoming, to evidence.Subject) (f evidence.File) {
	tb.Helper()
	if err := d.Write(tb.Context(), func(tx db.Tx) (err error) {
		f, err = s.Attach(tb.Context(), tx, in, to)
		return err
	}); err != nil {
		tb.Fatal(err)
	}
	return f
}

var aCase = evidence.Subject{Kind: "case", ID: 7, Purpose: evidence.Before, Round: 1}

func ramp(w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), uint8(x ^ y), 255})
		}
	}
	return m
}

func jpegOf(tb testing.TB, m image.Image) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(tb testing.TB, m image.Image) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func zipOf(tb testing.TB, files map[string]string) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		w, err := z.Create(name)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func officeOf(tb testing.TB, mainPart string) []byte {
	tb.Helper()
	return zipOf(tb, map[string]string{"[Content_Types].xml": `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Override PartName="/x.xml" ContentType="` + mainPart + `"/></Types>`})
}

const wordMain = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"

const takenAt = "2024:03:18 08:10:00"

// withEXIF puts an EXIF block into a JPEG: takenAt, its offset, place, orientation.
func withEXIF(tb testing.TB, photo []byte, orientation uint16, offset string, lat, lon [3]uint32) []byte {
	tb.Helper()
	var ifds, values []byte
	const size0, sizeExif, sizeGPS = 2 + 3*12 + 4, 2 + 2*12 + 4, 2 + 4*12 + 4
	atExif, atGPS := 8+size0, 8+size0+sizeExif
	base := 8 + size0 + sizeExif + sizeGPS
	entry := func(tag, kind uint16, count uint32, value []byte) []byte {
		e := binary.BigEndian.AppendUint16(nil, tag)
		e = binary.BigEndian.AppendUint16(e, kind)
		e = binary.BigEndian.AppendUint32(e, count)
		if len(value) <= 4 {
			return append(e, append(value, make([]byte, 4-len(value))...)...)
		}
		e = binary.BigEndian.AppendUint32(e, uint32(base+len(values)))
		values = append(values, value...)
		return e
	}
	u32 := func(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
	degrees := func(d [3]uint32) (b []byte) {
		for i, v := range d {
			b = binary.BigEndian.AppendUint32(b, v)
			b = binary.BigEndian.AppendUint32(b, []uint32{1, 1, 100}[i])
		}
		return b
	}
	block := func(entries ...[]byte) {
		ifds = binary.BigEndian.AppendUint16(ifds, uint16(len(entries)))
		for _, e := range entries {
			ifds = append(ifds, e...)
		}
		ifds = append(ifds, 0, 0, 0, 0)
	}
	block(entry(0x0112, 3, 1, binary.BigEndian.AppendUint16(nil, orientation)),
		entry(0x8769, 4, 1, u32(uint32(atExif))), entry(0x8825, 4, 1, u32(uint32(atGPS))))
	block(entry(0x9003, 2, 20, []byte(takenAt+"\x00")), entry(0x9011, 2, uint32(len(offset)+1), append([]byte(offset), 0)))
	block(entry(1, 2, 2, []byte("N\x00")), entry(2, 5, 3, degrees(lat)),
		entry(3, 2, 2, []byte("E\x00")), entry(4, 5, 3, degrees(lon)))
	tiff := append([]byte("MM\x00\x2a\x00\x00\x00\x08"), append(ifds, values...)...)
	app1 := append([]byte("Exif\x00\x00"), tiff...)
	head := binary.BigEndian.AppendUint16([]byte{0xff, 0xd8, 0xff, 0xe1}, uint16(len(app1)+2))
	return append(append(head, app1...), photo[2:]...)
}

func TestReceive_KeepsTheOriginalUntouched(t *testing.T) {
	eachStore(t, func(t *testing.T, blobs evidence.Blobs) {
		s := evidence.New(nil, blobs, kernel.FixedClock(func() time.Time { return at }), evidence.DefaultLimits)
		original := withEXIF(t, jpegOf(t, ramp(64, 48)), 6, "+08:00", [3]uint32{36, 5, 1200}, [3]uint32{111, 31, 600})
		in := receive(t, s, original, evidence.Meta{Name: "整改前.jpg"})
		sum := sha256.Sum256(original)
		if in.SHA256 != hex.EncodeToString(sum[:]) || in.Bytes != int64(len(original)) {
			t.Errorf("%s, %d bytes", in.SHA256, in.Bytes)
		}
		if content(t, blobs, evidence.Key(1, in.SHA256)) != string(original) {
			t.Error("the original was changed")
		}
	})
}

func TestReceive_KeepsAllThreeTimesAndBothPlaces(t *testing.T) {
	s, _ := bare(t, evidence.DefaultLimits)
	photo := withEXIF(t, jpegOf(t, ramp(64, 48)), 6, "+09:00", [3]uint32{36, 5, 1200}, [3]uint32{111, 31, 600})
	device := at.Add(-time.Minute)
	in := receive(t, s, photo, evidence.Meta{DeviceAt: device, Device: &evidence.Place{Lat: 36.1, Lon: 111.5}, Accuracy: 12})
	if want := time.Date(2024, 3, 17, 23, 10, 0, 0, time.UTC); !in.TakenAt.Equal(want) || in.TakenZone != "+09:00" {
		t.Errorf("taken at %v %s", in.TakenAt, in.TakenZone)
	}
	if !in.DeviceAt.Equal(device) || !in.ReceivedAt.Equal(at) {
		t.Errorf("device %v, received %v", in.DeviceAt, in.ReceivedAt)
	}
	taken, ok := in.TakenPlace()
	if !ok || evidence.Distance(taken, evidence.Place{Lat: 36 + 5.0/60 + 12.0/3600, Lon: 111 + 31.0/60 + 6.0/3600}) > 1 {
		t.Errorf("taken at %v", taken)
	}
	if at, ok := in.DevicePlace(); !ok || at.Lat != 36.1 || in.DeviceAccuracy != 12 {
		t.Errorf("device at %v", at)
	}
	if in.Width != 48 || in.Height != 64 {
		t.Errorf("a photo taken sideways is %d×%d", in.Width, in.Height)
	}
}

func TestReceive_TakesShanghaiWhereThePhotoNamesNoZone(t *testing.T) {
	s, _ := bare(t, evidence.DefaultLimits)
	in := receive(t, s, withEXIF(t, jpegOf(t, ramp(64, 48)), 1, "", [3]uint32{}, [3]uint32{}), evidence.Meta{})
	if want := time.Date(2024, 3, 18, 0, 10, 0, 0, time.UTC); !in.TakenAt.Equal(want) || in.TakenZone != "" {
		t.Errorf("taken at %v %q", in.TakenAt, in.TakenZone)
	}
	if place, ok := in.TakenPlace(); ok {
		t.Errorf("0,0 is no place, got %v", place)
	}
}

func TestReceive_KnowsFilesByTheirContent(t *testing.T) {
	s, _ := bare(t, evidence.DefaultLimits)
	box := func(brand string) []byte {
		return append([]byte("\x00\x00\x00\x18ftyp"+brand+"\x00\x00\x00\x00"+brand+"mif1"), make([]byte, 64)...)
	}
	for _, c := range []struct {
		content []byte
		format  evidence.Format
		kind    evidence.Kind
	}{
		{jpegOf(t, ramp(32, 32)), "jpeg", evidence.Photo},
		{pngOf(t, ramp(32, 32)), "png", evidence.Photo},
		{box("heic"), "heic", evidence.Photo},
		{[]byte("%PDF-1.7\n..."), "pdf", evidence.Document},
		{officeOf(t, wordMain), "docx", evidence.Document},
		{officeOf(t, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"), "xlsx", evidence.Document},
		{zipOf(t, map[string]string{"OFD.xml": "<ofd/>"}), "ofd", evidence.Document},
		{box("isom"), "mp4", evidence.Video},
		{box("qt  "), "mov", evidence.Video},
	} {
		in := receive(t, s, c.content, evidence.Meta{Name: "x.html"})
		if in.Format != c.format || in.Kind != c.kind {
			t.Errorf("got %s %s, want %s %s", in.Format, in.Kind, c.format, c.kind)
		}
	}
}

func TestReceive_RefusesWhatCouldRunAndNamesTheFile(t *testing.T) {
	s, _ := bare(t, evidence.DefaultLimits)
	photo := jpegOf(t, ramp(64, 48))
	for name, content := range map[string][]byte{
		"page.jpg":    []byte("<!DOCTYPE html><script>alert(1)</script>"),
		"drawing.png": []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`),
		"setup.jpg":   []byte("MZ\x90\x00\x03\x00\x00\x00"),
		"run.jpg":     []byte("#!/bin/sh\nrm -rf /\n"),
		"macro.docx":  officeOf(t, "application/vnd.ms-word.document.macroEnabled.main+xml"),
		"files.zip":   zipOf(t, map[string]string{"a.txt": "x"}),
		"plain.txt":   []byte("你好"),
		"half.jpg":    photo[:len(photo)/2],
		"empty.jpg":   {},
		"broken.docx": []byte("PK\x03\x04garbage"),
		"broken.doc":  append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 600)...),
	} {
		_, err := s.Receive(t.Context(), 1, bytes.NewReader(content), evidence.Meta{Name: name})
		if kernel.CodeOf(err) != kernel.Invalid || !strings.Contains(kernel.MessageOf(err), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReceive_RefusesMorePixelsThanAllowedBeforeDecoding(t *testing.T) {
	s, _ := bare(t, evidence.DefaultLimits)
	header := []byte("\x00\x00\x00\x0dIHDR\x00\x01\x86\xa0\x00\x01\x86\xa0\x08\x02\x00\x00\x00") // 100,000 × 100,000
	bomb := append([]byte("\x89PNG\r\n\x1a\n"), header...)
	bomb = binary.BigEndian.AppendUint32(bomb, crc32.ChecksumIEEE(header[4:]))
	_, err := s.Receive(t.Context(), 1, bytes.NewReader(bomb), evidence.Meta{Name: "bomb.png"})
	if kernel.CodeOf(err) != kernel.TooLarge || !strings.Contains(kernel.MessageOf(err), "万像素") {
		t.Errorf("%v", err)
	}
}

func TestReceive_HoldsEachKindToItsLimit(t *testing.T) {
	s, blobs := bare(t, evidence.Limits{PhotoBytes: 1000, DocumentBytes: 5000, VideoBytes: 9000, Pixels: 1e6, Files: 2})
	for name, content := range map[string][]byte{
		"large.jpg": jpegOf(t, ramp(300, 300)),
		"large.pdf": append([]byte("%PDF-"), make([]byte, 5000)...),
		"large.mp4": append([]byte("\x00\x00\x00\x18ftypisom"), make([]byte, 90_000)...),
	} {
		in, err := s.Receive(t.Context(), 1, bytes.NewReader(content), evidence.Meta{Name: name})
		if kernel.CodeOf(err) != kernel.TooLarge || !strings.Contains(kernel.MessageOf(err), name) {
			t.Errorf("%s: %v", name, err)
		}
		sum := sha256.Sum256(content)
		if has, _ := blobs.Has(t.Context(), evidence.Key(1, hex.EncodeToString(sum[:]))); has || in.SHA256 != "" {
			t.Errorf("%s was kept", name)
		}
	}
	if err := s.Limits().CheckCount(3); kernel.CodeOf(err) != kernel.TooLarge {
		t.Errorf("%v", err)
	}
}

func TestAttach_HandingInTwiceReturnsTheFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(t, d, folder(t))
		photo := jpegOf(t, ramp(200, 150))
		in := receive(t, s, photo, evidence.Meta{Name: "a.jpg", ClientUUID: "uuid-1", DeviceAt: at, Device: &evidence.Place{Lat: 36.5, Lon: 111}, ByName: "张三"})
		first := attach(t, d, s, in, aCase)
		again := attach(t, d, s, receive(t, s, photo, evidence.Meta{ClientUUID: "uuid-1"}), aCase)
		if first.ID == 0 || again.ID != first.ID || again.Name != "a.jpg" {
			t.Errorf("%d, then %d %s", first.ID, again.ID, again.Name)
		}
		stored, err := s.ByID(t.Context(), 1, first.ID)
		if err != nil || stored.ByName != "张三" || stored.DeviceLat == nil || *stored.DeviceLat != 36.5 || !stored.DeviceAt.Equal(at) || !stored.TakenAt.IsZero() {
			t.Errorf("%+v, %v", stored, err)
		}
		other := receive(t, s, jpegOf(t, ramp(100, 100)), evidence.Meta{ClientUUID: "uuid-1"})
		err = d.Write(t.Context(), func(tx db.Tx) error { _, err := s.Attach(t.Context(), tx, other, aCase); return err })
		if kernel.CodeOf(err) != kernel.Conflict {
			t.Errorf("other content under the same number: %v", err)
		}
	})
}

func TestFiles_AreListedBySubjectAndStayInTheirCampaign(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(t, d, folder(t))
		f := attach(t, d, s, receive(t, s, jpegOf(t, ramp(200, 150)), evidence.Meta{}), aCase)
		attach(t, d, s, receive(t, s, []byte("%PDF-1.4"), evidence.Meta{}), evidence.Subject{Kind: "case", ID: 8})
		attach(t, d, s, receive(t, s, []byte("%PDF-1.5"), evidence.Meta{}), evidence.Subject{Kind: "filing", ID: 7})
		many, err := evidence.OfMany(t.Context(), d.Reader(), 1, "case", []int64{7, 8, 9})
		if err != nil || len(many[7]) != 1 || len(many[8]) != 1 || len(many[9]) != 0 {
			t.Errorf("%v, %v", many, err)
		}
		if files, err := evidence.Of(t.Context(), d.Reader(), 1, "case", 7); err != nil || len(files) != 1 || files[0].ID != f.ID {
			t.Errorf("%v, %v", files, err)
		}
		if files, _ := evidence.Of(t.Context(), d.Reader(), 2, "case", 7); len(files) != 0 {
			t.Error("another campaign sees it")
		}
		if _, err := s.ByID(t.Context(), 2, f.ID); kernel.CodeOf(err) != kernel.NotFound {
			t.Errorf("%v", err)
		}
	})
}

func TestEventData_CarriesTheHash(t *testing.T) {
	f := evidence.File{ID: 3, SHA256: "abc", Format: "jpeg"}
	if got := f.EventData()["sha256"]; got != "abc" {
		t.Errorf("%v", got)
	}
}

// failing is a store that has lost its blobs.
type failing struct{ evidence.Blobs }

func (failing) Open(context.Context, string) (io.ReadSeekCloser, int64, error) {
	return nil, 0, evidence.ErrNoBlob
}

func TestSizes_AreMadeByTheSweepAndTurnedUpright(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(t, d, folder(t))
		photo := withEXIF(t, jpegOf(t, ramp(2000, 1000)), 6, "", [3]uint32{36, 5, 0}, [3]uint32{111, 31, 0})
		f := attach(t, d, s, receive(t, s, photo, evidence.Meta{}), aCase)
		attach(t, d, s, receive(t, s, []byte("%PDF-1.4"), evidence.Meta{}), aCase)
		if n, err := s.Sweep(t.Context()); n != 1 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		f, _ = s.ByID(t.Context(), 1, f.ID)
		for size, want := range map[string]image.Point{evidence.Small: {320, 640}, evidence.Large: {1000, 2000}} {
			c, err := s.Open(t.Context(), f, size)
			if err != nil {
				t.Fatal(err)
			}
			made, err := io.ReadAll(c)
			config, _, _ := image.DecodeConfig(bytes.NewReader(made))
			if err != nil || config.Width != want.X || config.Height != want.Y || bytes.Contains(made, []byte("Exif")) {
				t.Errorf("%s is %d×%d, %v", size, config.Width, config.Height, err)
			}
			c.Close()
		}
		if n, err := s.Sweep(t.Context()); n != 0 || err != nil {
			t.Errorf("made again: %d, %v", n, err)
		}
	})
}

func TestSizes_AreTriedFiveTimesEverLater(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		campaigns(t, d)
		now := at
		s := evidence.New(d, failing{folder(t)}, kernel.FixedClock(func() time.Time { return now }), evidence.DefaultLimits)
		f := attach(t, d, s, receive(t, s, jpegOf(t, ramp(64, 64)), evidence.Meta{}), aCase)
		for range 5 {
			if n, err := s.Sweep(t.Context()); n != 1 || err != nil {
				t.Fatalf("%d, %v", n, err)
			}
			if n, _ := s.Sweep(t.Context()); n != 0 {
				t.Error("tried again at once")
			}
			now = now.Add(time.Hour)
		}
		if f, _ = s.ByID(t.Context(), 1, f.ID); f.Sizes != evidence.SizesFailed || f.SizesAttempts != 5 {
			t.Errorf("%s after %d", f.Sizes, f.SizesAttempts)
		}
		if n, _ := s.Sweep(t.Context()); n != 0 {
			t.Error("tried a sixth time")
		}
	})
}

func TestSizes_AreMadeOnceByManySweepsAndTakenUpAfterACrash(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		campaigns(t, d)
		now := at
		s := evidence.New(d, folder(t), kernel.FixedClock(func() time.Time { return now }), evidence.DefaultLimits)
		for i := range 4 {
			attach(t, d, s, receive(t, s, jpegOf(t, ramp(64, 64+i)), evidence.Meta{}), aCase)
		}
		gone, cancel := context.WithCancel(t.Context())
		crashing := evidence.New(d, cancelling{folder(t), cancel}, kernel.FixedClock(func() time.Time { return now }), evidence.DefaultLimits)
		if n, err := crashing.Sweep(gone); n != 0 || err == nil {
			t.Fatalf("the crash did %d, %v", n, err)
		}
		if n, _ := s.Sweep(t.Context()); n != 0 {
			t.Errorf("%d taken from a sweep that may still run", n)
		}
		now = now.Add(10 * time.Minute)
		counts := make(chan int)
		for range 3 {
			go func() { n, _ := s.Sweep(t.Context()); counts <- n }()
		}
		if n := <-counts + <-counts + <-counts; n != 4 {
			t.Errorf("%d were made by three sweeps", n)
		}
	})
}

// cancelling is a store in the middle of whose work the program ends.
type cancelling struct {
	evidence.Blobs

	end func()
}

func (c cancelling) Open(context.Context, string) (io.ReadSeekCloser, int64, error) {
	c.end()
	return nil, 0, context.Canceled
}

func TestOpen_ServesByWhatTheFileIs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(t, d, folder(t))
		f := attach(t, d, s, receive(t, s, jpegOf(t, ramp(200, 150)), evidence.Meta{Name: "page.html"}), aCase)
		c, err := s.Open(t.Context(), f, evidence.Original)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if c.ContentType != "image/jpeg" || c.Bytes != f.Bytes {
			t.Errorf("%s, %d bytes", c.ContentType, c.Bytes)
		}
		if _, err := s.Open(t.Context(), f, evidence.Small); kernel.CodeOf(err) != kernel.Unavailable {
			t.Errorf("sizes not made yet: %v", err)
		}
		if _, err := s.Open(t.Context(), f, "w9"); kernel.CodeOf(err) != kernel.NotFound {
			t.Errorf("unknown size: %v", err)
		}
	})
}

func TestContentDisposition_ShowsPicturesAndSavesTheRest(t *testing.T) {
	for _, c := range []struct {
		format evidence.Format
		name   string
		want   string
	}{
		{"jpeg", "a.jpg", `inline; filename=a.jpg`},
		{"jpeg", "page.html", `inline; filename=page.html.jpg`},
		{"heic", "a.heic", `attachment; filename=a.heic`},
		{"pdf", "a.pdf", `attachment; filename=a.pdf`},
		{"docx", "报告.docx", `attachment; filename*=utf-8''%E6%8A%A5%E5%91%8A.docx`},
		{"mp4", "a\r\nX: y.mp4", `attachment; filename="a__X_ y.mp4"`},
	} {
		if got := (evidence.File{Format: c.format, Name: c.name}).ContentDisposition(); got != c.want {
			t.Errorf("%s %q: %s", c.format, c.name, got)
		}
	}
}

func FuzzReceive_NeverPanics(f *testing.F) {
	s, _ := bare(f, evidence.Limits{PhotoBytes: 1 << 20, DocumentBytes: 1 << 20, VideoBytes: 1 << 20, Pixels: 1e6, Files: 1})
	f.Add(withEXIF(f, jpegOf(f, ramp(64, 48)), 6, "+08:00", [3]uint32{36, 5, 1200}, [3]uint32{111, 31, 600}))
	f.Add(pngOf(f, ramp(16, 16)))
	f.Add(officeOf(f, wordMain))
	f.Add([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))
	f.Add([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1ispe"))
	f.Fuzz(func(t *testing.T, content []byte) {
		_, err := s.Receive(context.Background(), 1, bytes.NewReader(content), evidence.Meta{Name: "x"})
		if code := kernel.CodeOf(err); err != nil && code != kernel.Invalid && code != kernel.TooLarge {
			t.Errorf("%v", err)
		}
	})
}

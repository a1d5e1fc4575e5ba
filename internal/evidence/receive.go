package evidence

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"pinzhi/internal/kernel"
)

// Receive takes in one file: it measures and hashes it, looks at what it is, and puts the original in the blob
// store as it came. Nothing is written to the database. It fails with too_large over a limit, with invalid for a
// file that is not taken in or cannot be read; the message names the file.
func (s *Service) Receive(ctx context.Context, campaignID int64, r io.Reader, meta Meta) (Incoming, error) {
	in := Incoming{File: s.begin(campaignID, meta)}
	spool, err := os.CreateTemp("", "pinzhi-upload-*")
	if err != nil {
		return Incoming{}, kernel.E(kernel.Unavailable, "服务器的临时空间不够，文件没有存。请联系管理员").Because(err)
	}
	defer os.Remove(spool.Name())
	defer spool.Close()
	if err := s.spool(ctx, spool, r, &in.File); err != nil {
		return Incoming{}, err
	}
	if meta.SHA256 != "" && meta.SHA256 != in.SHA256 {
		return Incoming{}, kernel.E(kernel.Invalid, "“%s”传到时与原件不一致，请重传", in.Name).On("files")
	}
	if err := s.recognise(spool, &in.File); err != nil {
		return Incoming{}, err
	}
	if in.Kind == Photo {
		if err := s.look(ctx, spool, &in); err != nil {
			return Incoming{}, err
		}
	}
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return Incoming{}, err
	}
	if err := s.blobs.Put(ctx, Key(campaignID, in.SHA256), spool, in.Bytes, in.Format.ContentType()); err != nil {
		return Incoming{}, kernel.E(kernel.Unavailable, "“%s”没有存上，请稍后再传", in.Name).Because(err)
	}
	return in, nil
}

// begin fills in what is known before the bytes come.
func (s *Service) begin(campaignID int64, meta Meta) File {
	f := File{
		CampaignID: campaignID, ClientUUID: meta.ClientUUID, Name: shortName(meta.Name), ReceivedAt: s.clock.Now(),
		AccountID: meta.AccountID, PersonID: meta.PersonID, UnitID: meta.UnitID, ByName: meta.ByName, Sizes: NoSizes,
	}
	if f.ClientUUID == "" {
		f.ClientUUID = rand.Text()
	}
	if !meta.DeviceAt.IsZero() {
		f.DeviceAt = meta.DeviceAt.UTC().Truncate(time.Microsecond)
	}
	if meta.Device != nil && meta.Device.valid() {
		at := *meta.Device
		f.DeviceLat, f.DeviceLon, f.DeviceAccuracy = &at.Lat, &at.Lon, meta.Accuracy
	}
	return f
}

const maxName = 120

// shortName keeps the last part of a path, and of a long name its end with the suffix.
func shortName(name string) string {
	name = strings.ToValidUTF8(path.Base(strings.ReplaceAll(strings.TrimSpace(name), `\`, "/")), "_")
	if name == "." || name == "/" {
		return ""
	}
	if runes := []rune(name); len(runes) > maxName {
		name = string(runes[len(runes)-maxName:])
	}
	return strings.ReplaceAll(name, "\x00", "")
}

// spool copies the upload to disk, counting and hashing.
func (s *Service) spool(ctx context.Context, to io.Writer, r io.Reader, f *File) error {
	sum := sha256.New()
	largest := s.limits.largest()
	n, err := io.Copy(io.MultiWriter(to, sum), io.LimitReader(withContext{ctx, r}, largest+1))
	switch {
	case err != nil && ctx.Err() == nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("receive %s: %w", f.Name, err)
	case err != nil:
		return broken(f.Name)
	case n == 0:
		return kernel.E(kernel.Invalid, "“%s”是空文件，请重新选择", f.Name).On("files")
	case n > largest:
		return tooLarge(f.Name, "文件", largest)
	}
	f.Bytes, f.SHA256 = n, hex.EncodeToString(sum.Sum(nil))
	return nil
}

var kindNames = map[Kind]string{Photo: "照片", Document: "文档", Video: "视频", Audio: "录音"}

func tooLarge(name, what string, limit int64) error {
	return kernel.E(kernel.TooLarge, "“%s”太大：%s不能超过 %d MB，请压缩或分开后再上传", name, what, limit>>20).On("files")
}

// recognise sets format and kind from the content.
func (s *Service) recognise(spool io.ReaderAt, f *File) error {
	format, err := sniff(f.Name, spool, f.Bytes)
	if err != nil {
		return err
	}
	rule, known := formats[format]
	if !known {
		return refused(f.Name)
	}
	f.Format, f.Kind = format, rule.kind
	if limit := s.limits.bytesOf(f.Kind); f.Bytes > limit {
		return tooLarge(f.Name, kindNames[f.Kind], limit)
	}
	return nil
}

// look reads what a photo says of itself, and what it looks like.
func (s *Service) look(ctx context.Context, spool io.ReaderAt, in *Incoming) error {
	whole := func() *io.SectionReader { return io.NewSectionReader(spool, 0, in.Bytes) }
	e := readEXIF(whole(), in.Format)
	in.TakenAt, in.TakenZone = e.takenAt, e.zone
	if e.place != nil {
		in.TakenLat, in.TakenLon = &e.place.Lat, &e.place.Lon
	}
	width, height, err := measure(whole(), in.Format)
	if err != nil {
		return broken(in.Name)
	}
	pixels := int64(width) * int64(height)
	if pixels > s.limits.Pixels {
		return kernel.E(kernel.TooLarge, "“%s”有 %d 万像素，最多收 %d 万像素，请缩小后再上传",
			in.Name, pixels/10_000, s.limits.Pixels/10_000).On("files")
	}
	if in.Width, in.Height = width, height; sideways(e.orientation) {
		in.Width, in.Height = height, width
	}
	if !formats[in.Format].decodable {
		return nil
	}
	err = s.decode(ctx, whole(), pixels, e.orientation, func(m image.Image) error {
		in.imprint = imprintOf(m)
		return nil
	})
	if err != nil && kernel.CodeOf(err) == kernel.Unavailable {
		return err
	}
	if err != nil {
		return broken(in.Name)
	}
	in.Sizes = SizesWaiting
	return nil
}

package evidence

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
)

// Upload is a file that comes in pieces and is not evidence for anything yet. When its last piece is here it is
// received like any other file; attaching it consumes it.
type Upload struct {
	bun.BaseModel `bun:"table:uploads,alias:up"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	UUID       string `bun:"uuid"`
	AccountID  int64
	PersonID   int64 `bun:",nullzero"`
	UnitID     int64 `bun:",nullzero"`
	ByName     string
	Name       string
	Bytes      int64
	SHA256     string `bun:"sha256"`

	DeviceAt       time.Time `bun:",nullzero"`
	DeviceLat      *float64
	DeviceLon      *float64
	DeviceAccuracy float64

	Received  int64  // where the next piece begins
	Receipt   string `bun:",nullzero"`
	CreatedAt time.Time
	TouchedAt time.Time

	attached bool
}

// Whole reports whether all of the file is here and was found good.
func (u Upload) Whole() bool { return u.Receipt != "" || u.attached }

// piece is a part of an upload.
type piece struct {
	bun.BaseModel `bun:"table:upload_pieces,alias:pc"`

	CampaignID int64
	UploadID   int64
	Start      int64
	SHA256     string `bun:"sha256"`
	Bytes      int64
	Kept       bool
}

func (p piece) key() string {
	return fmt.Sprintf("pieces/%d/%d/%d-%s", p.CampaignID, p.UploadID, p.Start, p.SHA256)
}

// Bounds of uploads in pieces.
const (
	MaxPiece       = 1 << 20
	minPiece       = 16 << 10 // but for the last one: each piece costs a row and a blob
	mostUploads    = 200      // of one account, not attached yet
	mostBytes      = 2 << 30  // of those together
	UploadLifetime = 14 * 24 * time.Hour
)

var (
	goodUUID = regexp.MustCompile(`^[0-9A-Za-z-]{16,64}$`)
	goodHash = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

var errNoUpload = kernel.E(kernel.NotFound, "没有这个上传，请从头再传").On("files")

// BeginUpload announces a file of a size and SHA-256 that meta.AccountID will bring in pieces, and tells how far it
// is. Announcing it again changes nothing. It fails with invalid for what cannot be, too_large and too_many over
// a limit, not_found where the UUID is another account's, conflict where it stands for another file.
func (s *Service) BeginUpload(ctx context.Context, campaignID int64, meta Meta, size int64, hash string) (Upload, error) {
	f := s.begin(campaignID, meta)
	switch {
	case !goodUUID.MatchString(meta.ClientUUID):
		return Upload{}, kernel.E(kernel.Invalid, "上传编号要有 16 到 64 个字母、数字或短横").On("uuid")
	case !goodHash.MatchString(hash):
		return Upload{}, kernel.E(kernel.Invalid, "要写文件的 SHA-256（64 个小写十六进制字符）").On("sha256")
	case size <= 0:
		return Upload{}, kernel.E(kernel.Invalid, "“%s”是空文件，请重新选择", f.Name).On("files")
	case size > s.limits.largest():
		return Upload{}, tooLarge(f.Name, "文件", s.limits.largest())
	}
	u := Upload{CampaignID: campaignID, UUID: f.ClientUUID, AccountID: f.AccountID, PersonID: f.PersonID, UnitID: f.UnitID, ByName: f.ByName,
		Name: f.Name, Bytes: size, SHA256: hash, DeviceAt: f.DeviceAt, DeviceLat: f.DeviceLat, DeviceLon: f.DeviceLon, DeviceAccuracy: f.DeviceAccuracy}
	u.CreatedAt = s.clock.Now()
	u.TouchedAt = u.CreatedAt
	fresh := u
	if err := s.db.Write(ctx, func(tx db.Tx) (err error) {
		u, err = announce(ctx, tx, fresh)
		return err
	}); err != nil {
		return Upload{}, err
	}
	return s.finish(ctx, u)
}

// announce returns the upload as it stands, and writes it down if it is new.
func announce(ctx context.Context, tx db.Tx, fresh Upload) (Upload, error) {
	u, err := uploadOf(ctx, tx, fresh.CampaignID, fresh.AccountID, fresh.UUID)
	if err == nil && (u.SHA256 != fresh.SHA256 || u.Bytes != fresh.Bytes) {
		return Upload{}, kernel.E(kernel.Conflict, "“%s”的上传编号已经用在另一个文件上，请重新选择文件再上传", fresh.Name).On("uuid")
	}
	if err == nil || !errors.Is(err, errNoUpload) {
		return u, err
	}
	var open struct{ N, Bytes int64 }
	if err := tx.NewRaw("SELECT count(*) AS n, coalesce(sum(bytes), 0) AS bytes FROM uploads WHERE campaign_id = ? AND account_id = ?",
		fresh.CampaignID, fresh.AccountID).Scan(ctx, &open.N, &open.Bytes); err != nil {
		return Upload{}, fmt.Errorf("open uploads: %w", err)
	}
	if open.N >= mostUploads || open.Bytes+fresh.Bytes > mostBytes {
		return Upload{}, kernel.E(kernel.TooMany, "您还有 %d 个文件传上来没有用掉，请先把卡住的记录办完或删除", open.N).On("files")
	}
	others, err := tx.NewSelect().Model((*Upload)(nil)).Where("campaign_id = ?", fresh.CampaignID).Where("uuid = ?", fresh.UUID).Exists(ctx)
	if err != nil {
		return Upload{}, fmt.Errorf("begin upload: %w", err)
	}
	if others {
		return Upload{}, kernel.E(kernel.NotFound, "没有这个上传，请从头再传").On("files")
	}
	if _, err := tx.NewInsert().Model(&fresh).Returning("id").Exec(ctx); err != nil {
		return Upload{}, fmt.Errorf("begin upload: %w", err)
	}
	return fresh, nil
}

// UploadOf tells how far an upload is; it fails with not_found for any that is not the account's.
func (s *Service) UploadOf(ctx context.Context, campaignID, accountID int64, uuid string) (Upload, error) {
	return uploadOf(ctx, s.db.Reader(), campaignID, accountID, uuid)
}

// uploadOf finds an upload, or the evidence that it became.
func uploadOf(ctx context.Context, tx db.Tx, campaignID, accountID int64, uuid string) (Upload, error) {
	var rows []Upload
	err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", campaignID).Where("uuid = ?", uuid).Where("account_id = ?", accountID).Scan(ctx)
	if err != nil {
		return Upload{}, fmt.Errorf("upload %s: %w", uuid, err)
	}
	if len(rows) > 0 {
		return rows[0], nil
	}
	f, found, err := one(ctx, tx, campaignID, "client_uuid", uuid)
	switch {
	case err != nil:
		return Upload{}, err
	case !found:
		return Upload{}, errNoUpload
	case f.AccountID != accountID:
		return Upload{}, kernel.E(kernel.NotFound, "没有这个上传，请从头再传").On("files")
	}
	return Upload{CampaignID: campaignID, UUID: uuid, AccountID: accountID, Name: f.Name, Bytes: f.Bytes, SHA256: f.SHA256, Received: f.Bytes, attached: true}, nil
}

// AddPiece takes the piece of an upload that begins at start, and with the last one receives the file. It fails with
// conflict where the upload does not stand there: the upload returned says where. A file that is refused, or does
// not have its hash, takes its upload along: it begins anew.
func (s *Service) AddPiece(ctx context.Context, campaignID, accountID int64, uuid string, start int64, content []byte) (Upload, error) {
	u, err := s.UploadOf(ctx, campaignID, accountID, uuid)
	if err != nil {
		return u, err
	}
	size := int64(len(content))
	last := start+size == u.Bytes
	switch {
	case start != u.Received:
		return u, astray(u)
	case u.Whole() || (size == 0 && last):
		return s.finish(ctx, u)
	case size > MaxPiece:
		return u, kernel.E(kernel.TooLarge, "一段最多 %d kB", MaxPiece>>10)
	case start+size > u.Bytes:
		return u, kernel.E(kernel.Invalid, "“%s”比说好的长，请从头再传", u.Name).On("files")
	case size < minPiece && !last:
		return u, kernel.E(kernel.Invalid, "一段至少 %d kB", minPiece>>10)
	}
	if err := s.keepPiece(ctx, &u, content); err != nil {
		return u, err
	}
	return s.finish(ctx, u)
}

func astray(u Upload) error {
	return kernel.E(kernel.Conflict, "“%s”已传到第 %d 字节，请从那里接着传", u.Name, u.Received)
}

// keepPiece writes the row, then the blob, then that both are there.
func (s *Service) keepPiece(ctx context.Context, u *Upload, content []byte) error {
	sum := sha256.Sum256(content)
	p := piece{CampaignID: u.CampaignID, UploadID: u.ID, Start: u.Received, SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(content))}
	if err := s.db.Write(ctx, func(tx db.Tx) error {
		_, err := tx.NewInsert().Model(&p).On("CONFLICT DO NOTHING").Exec(ctx)
		return err
	}); err != nil {
		return fmt.Errorf("piece of upload %d: %w", u.ID, err)
	}
	if err := s.blobs.Put(ctx, p.key(), bytes.NewReader(content), p.Bytes, "application/octet-stream"); err != nil {
		return kernel.E(kernel.Unavailable, "“%s”的一段没有存上，请稍后再传", u.Name).Because(err)
	}
	now, moved := s.clock.Now(), int64(0)
	err := s.db.Write(ctx, func(tx db.Tx) error {
		done, err := tx.NewRaw("UPDATE uploads SET received = received + ?, touched_at = ? WHERE campaign_id = ? AND id = ? AND received = ?",
			p.Bytes, now, u.CampaignID, u.ID, p.Start).Exec(ctx)
		if err != nil {
			return err
		}
		if moved, err = done.RowsAffected(); err != nil || moved == 0 {
			return err
		}
		_, err = tx.NewRaw("UPDATE upload_pieces SET kept = ? WHERE campaign_id = ? AND upload_id = ? AND start = ? AND sha256 = ?",
			true, p.CampaignID, p.UploadID, p.Start, p.SHA256).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("piece of upload %d: %w", u.ID, err)
	}
	if moved == 0 { // somebody brought it at the same time
		if *u, err = s.UploadOf(ctx, u.CampaignID, u.AccountID, u.UUID); err != nil {
			return err
		}
		return astray(*u)
	}
	u.Received, u.TouchedAt = u.Received+p.Bytes, now
	return nil
}

// finish receives a file all of whose pieces are here.
func (s *Service) finish(ctx context.Context, u Upload) (Upload, error) {
	if u.Whole() || u.Received < u.Bytes {
		return u, nil
	}
	whole, err := s.joined(ctx, u)
	if err != nil {
		return u, err
	}
	defer whole.Close() //nolint:errcheck // it was only read
	meta := Meta{Name: u.Name, ClientUUID: u.UUID, SHA256: u.SHA256, DeviceAt: u.DeviceAt, Accuracy: u.DeviceAccuracy,
		AccountID: u.AccountID, PersonID: u.PersonID, UnitID: u.UnitID, ByName: u.ByName}
	if p, ok := placeOf(u.DeviceLat, u.DeviceLon); ok {
		meta.Device = &p
	}
	in, err := s.Receive(ctx, u.CampaignID, whole, meta)
	if errors.Is(err, ErrNoBlob) {
		err = broken(u.Name)
	}
	if code := kernel.CodeOf(err); code == kernel.Invalid || code == kernel.TooLarge {
		return u, errors.Join(err, s.forget(ctx, u))
	}
	if err != nil {
		return u, err
	}
	if u.Receipt, err = receiptOf(in); err != nil {
		return u, err
	}
	u.TouchedAt = s.clock.Now()
	err = s.db.Write(ctx, func(tx db.Tx) error {
		_, err := tx.NewRaw("UPDATE uploads SET receipt = ?, touched_at = ? WHERE campaign_id = ? AND id = ? AND receipt IS NULL",
			u.Receipt, u.TouchedAt, u.CampaignID, u.ID).Exec(ctx)
		return err
	})
	if err != nil {
		return u, fmt.Errorf("receipt of upload %d: %w", u.ID, err)
	}
	return u, s.dropPieces(ctx, u)
}

// DropUpload forgets an upload that nobody will use; one that is not there is no error.
func (s *Service) DropUpload(ctx context.Context, campaignID, accountID int64, uuid string) error {
	u, err := s.UploadOf(ctx, campaignID, accountID, uuid)
	if err != nil || u.attached {
		return err
	}
	return s.forget(ctx, u)
}

// forget takes an upload away: the blobs first, so that none is left without a row that names it.
func (s *Service) forget(ctx context.Context, u Upload) error {
	if err := s.dropPieces(ctx, u); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx db.Tx) error {
		_, err := tx.NewDelete().Model((*Upload)(nil)).Where("campaign_id = ?", u.CampaignID).Where("id = ?", u.ID).
			Where("touched_at <= ?", u.TouchedAt).Where("NOT EXISTS (SELECT 1 FROM upload_pieces AS pc WHERE pc.campaign_id = ? AND pc.upload_id = ?)", u.CampaignID, u.ID).Exec(ctx)
		return err
	})
}

func (s *Service) dropPieces(ctx context.Context, u Upload) error {
	pieces, err := s.pieces(ctx, u, false)
	if err != nil || len(pieces) == 0 {
		return err
	}
	for _, p := range pieces {
		if err := s.blobs.Delete(ctx, p.key()); err != nil {
			return kernel.E(kernel.Unavailable, "存储暂时删不掉文件，请稍后再试").Because(err)
		}
	}
	return s.db.Write(ctx, func(tx db.Tx) error {
		_, err := tx.NewDelete().Model((*piece)(nil)).Where("campaign_id = ?", u.CampaignID).Where("upload_id = ?", u.ID).Exec(ctx)
		return err
	})
}

func (s *Service) pieces(ctx context.Context, u Upload, kept bool) (list []piece, err error) {
	q := s.db.Reader().NewSelect().Model(&list).Where("campaign_id = ?", u.CampaignID).Where("upload_id = ?", u.ID).Order("start")
	if kept {
		q = q.Where("kept = ?", true)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("pieces of upload %d: %w", u.ID, err)
	}
	return list, nil
}

// SweepUploads forgets uploads that nobody has gone on with for long, and reports how many.
func (s *Service) SweepUploads(ctx context.Context) (int, error) {
	var old []Upload
	err := s.db.Reader().NewSelect().Model(&old).Where("touched_at < ?", s.clock.Now().Add(-UploadLifetime)).Order("touched_at").Limit(100).Scan(ctx)
	if err != nil {
		return 0, fmt.Errorf("abandoned uploads: %w", err)
	}
	for i, u := range old {
		if err := s.forget(ctx, u); err != nil {
			return i, err
		}
	}
	return len(old), nil
}

// sweepUploads runs SweepUploads every hour until ctx ends.
func (s *Service) sweepUploads(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if n, err := s.SweepUploads(ctx); err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "sweep uploads", "error", err, "swept", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Received turns whole uploads of an account into what a case is registered with, in the order asked for. One that
// was attached already comes back as the file that it is. It fails with not_found where one is not there or another
// account's, with conflict where one is not whole.
func (s *Service) Received(ctx context.Context, campaignID, accountID int64, uuids []string) ([]Incoming, error) {
	if err := s.limits.CheckCount(len(uuids)); err != nil {
		return nil, err
	}
	list := make([]Incoming, 0, len(uuids))
	for _, uuid := range uuids {
		u, err := s.UploadOf(ctx, campaignID, accountID, uuid)
		if err != nil {
			return nil, err
		}
		if !u.Whole() {
			return nil, kernel.E(kernel.Conflict, "“%s”还没有传完，请先传完", u.Name).On("files")
		}
		in, err := s.incoming(ctx, u)
		if err != nil {
			return nil, err
		}
		list = append(list, in)
	}
	return list, nil
}

func (s *Service) incoming(ctx context.Context, u Upload) (in Incoming, err error) {
	if u.attached {
		in.File, _, err = one(ctx, s.db.Reader(), u.CampaignID, "client_uuid", u.UUID)
		return in, err
	}
	if err := s.dropPieces(ctx, u); err != nil { // where the storage did not answer when it became whole
		return in, err
	}
	var r receipt
	if err := json.Unmarshal([]byte(u.Receipt), &r); err != nil { //nolint:musttag // nobody else reads it
		return in, fmt.Errorf("receipt of upload %d: %w", u.ID, err)
	}
	return Incoming{File: r.File, imprint: imprint{marks: unpackMarks(r.Asks), stored: unpackMarks(r.Stored), look: lookFrom(r.Look)}, upload: u.ID}, nil
}

// receipt is what Receive found, as it is kept until the file is attached.
type receipt struct {
	File   File
	Look   []byte
	Asks   []byte
	Stored []byte
}

func receiptOf(in Incoming) (string, error) {
	r := receipt{File: in.File, Asks: packMarks(in.imprint.marks), Stored: packMarks(in.imprint.stored)}
	if !in.imprint.look.empty() {
		r.Look = in.imprint.look.bytes()
	}
	text, err := json.Marshal(r) //nolint:musttag // nobody else reads it
	return string(text), err
}

// consume takes away the upload that a file came by, in the transaction that attaches it.
func consume(ctx context.Context, tx db.Tx, in Incoming) error {
	if in.upload == 0 {
		return nil
	}
	for _, model := range []any{(*piece)(nil), (*Upload)(nil)} {
		q := tx.NewDelete().Model(model).Where("campaign_id = ?", in.CampaignID)
		if _, isPiece := model.(*piece); isPiece {
			q = q.Where("upload_id = ?", in.upload)
		} else {
			q = q.Where("id = ?", in.upload)
		}
		if _, err := q.Exec(ctx); err != nil {
			return fmt.Errorf("consume upload %d: %w", in.upload, err)
		}
	}
	return nil
}

// joined reads the pieces of an upload one after the other.
func (s *Service) joined(ctx context.Context, u Upload) (io.ReadCloser, error) {
	pieces, err := s.pieces(ctx, u, true)
	return &joinedPieces{ctx: ctx, blobs: s.blobs, rest: pieces}, err
}

type joinedPieces struct {
	ctx   context.Context //nolint:containedctx // a reader has no other way to know
	blobs Blobs
	rest  []piece
	open  io.ReadCloser
}

// Read implements io.Reader.
func (j *joinedPieces) Read(p []byte) (int, error) {
	for {
		if j.open == nil {
			if len(j.rest) == 0 {
				return 0, io.EOF
			}
			blob, _, err := j.blobs.Open(j.ctx, j.rest[0].key())
			if err != nil {
				return 0, err
			}
			j.open, j.rest = blob, j.rest[1:]
		}
		n, err := j.open.Read(p)
		if errors.Is(err, io.EOF) {
			err = errors.Join(j.open.Close(), nil)
			j.open = nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// Close implements io.Closer.
func (j *joinedPieces) Close() error {
	if j.open == nil {
		return nil
	}
	return j.open.Close()
}

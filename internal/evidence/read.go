package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
)

// ByID returns one file of the campaign; it fails with not_found.
func (s *Service) ByID(ctx context.Context, campaignID, id int64) (File, error) {
	return byID(ctx, s.db.Reader(), campaignID, id)
}

func byID(ctx context.Context, tx db.Tx, campaignID, id int64) (File, error) {
	f, found, err := one(ctx, tx, campaignID, "id", id)
	if err == nil && !found {
		err = kernel.E(kernel.NotFound, "没有编号为 %d 的证据文件", id)
	}
	return f, err
}

// one finds the file whose column, which is unique in a campaign, has the value.
func one(ctx context.Context, tx db.Tx, campaignID int64, column string, value any) (File, bool, error) {
	var rows []File
	err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", campaignID).Where("? = ?", bun.Ident(column), value).Scan(ctx)
	if err != nil {
		return File{}, false, fmt.Errorf("evidence by %s: %w", column, err)
	}
	if len(rows) == 0 {
		return File{}, false, nil
	}
	return rows[0], true, nil
}

// Of lists the files of one subject in the order they came.
func Of(ctx context.Context, tx db.Tx, campaignID int64, kind string, subjectID int64) ([]File, error) {
	files, err := OfMany(ctx, tx, campaignID, kind, []int64{subjectID})
	return files[subjectID], err
}

// OfMany lists the files of many subjects of one kind, by subject, in the order they came: one query.
func OfMany(ctx context.Context, tx db.Tx, campaignID int64, kind string, subjectIDs []int64) (map[int64][]File, error) {
	if len(subjectIDs) == 0 {
		return map[int64][]File{}, nil
	}
	var rows []File
	err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", campaignID).Where("subject_kind = ?", kind).
		Where("subject_id IN (?)", bun.List(subjectIDs)).Order("id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("evidence of %s: %w", kind, err)
	}
	files := map[int64][]File{}
	for _, f := range rows {
		files[f.SubjectID] = append(files[f.SubjectID], f)
	}
	return files, nil
}

// byIDs reads many files of a campaign, by id.
func byIDs(ctx context.Context, tx db.Tx, campaignID int64, ids []int64) (map[int64]File, error) {
	if len(ids) == 0 {
		return map[int64]File{}, nil
	}
	var rows []File
	if err := tx.NewSelect().Model(&rows).Where("campaign_id = ?", campaignID).Where("id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	files := map[int64]File{}
	for _, f := range rows {
		files[f.ID] = f
	}
	return files, nil
}

// Content is a file or one of its web sizes, opened.
type Content struct {
	io.ReadSeekCloser

	ContentType string
	Bytes       int64
}

// Sizes to open a file in. The original is as it was handed in.
const (
	Original = ""
	Small    = "w320"
	Large    = "w1280"
)

// Open opens a file in a size. A photo whose web sizes are not made yet, or cannot be, fails with unavailable;
// an unknown size with not_found. The content type comes from what the file is, never from the upload.
func (s *Service) Open(ctx context.Context, f File, size string) (Content, error) {
	key, contentType := Key(f.CampaignID, f.SHA256), f.Format.ContentType()
	if size != Original {
		if _, known := webSizes[size]; !known || f.Sizes == NoSizes {
			return Content{}, kernel.E(kernel.NotFound, "这个文件没有缩略图，请打开原件")
		}
		if f.Sizes != SizesReady {
			return Content{}, kernel.E(kernel.Unavailable, "缩略图还没有做好，请稍后刷新，或打开原件")
		}
		key, contentType = sizeKey(f, size), "image/jpeg"
	}
	r, n, err := s.blobs.Open(ctx, key)
	if errors.Is(err, ErrNoBlob) {
		return Content{}, kernel.E(kernel.NotFound, "“%s”的内容不在存储里，请联系管理员从备份恢复", f.Name).Because(err)
	}
	if err != nil {
		return Content{}, kernel.E(kernel.Unavailable, "“%s”暂时读不出来，请稍后再试", f.Name).Because(err)
	}
	return Content{r, contentType, n}, nil
}

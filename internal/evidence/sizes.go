package evidence

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"log/slog"
	"sync"
	"time"

	"pinzhi/internal/db"

	"github.com/disintegration/imaging"
)

// webSizes are the widths, in pixels, that photos are shown in. A smaller photo is never blown up.
var webSizes = map[string]int{Small: 320, Large: 1280}

const (
	sweepEvery   = 2 * time.Second
	sweepBatch   = 4
	sizesLease   = 5 * time.Minute // after it a claimed photo is due again: whoever had it is gone
	maxAttempts  = 5
	webQuality   = 82
	firstBackoff = 10 * time.Second // then 40 s, 160 s, …
)

func sizeKey(f File, size string) string { return Key(f.CampaignID, f.SHA256) + "." + size + ".jpg" }

// Run makes web sizes and forgets abandoned uploads until ctx ends. Failures are logged and tried again. Any number
// of instances may run.
func (s *Service) Run(ctx context.Context) {
	var beside sync.WaitGroup
	beside.Go(func() { s.sweepUploads(ctx) })
	defer beside.Wait()
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		n, err := s.Sweep(ctx)
		if err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "web sizes", "error", err)
		}
		if n == sweepBatch && err == nil {
			continue // there may be more
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Sweep makes the web sizes of the photos that have waited longest and reports how many it worked on.
func (s *Service) Sweep(ctx context.Context) (n int, err error) {
	claimed, err := s.claim(ctx)
	if err != nil {
		return 0, err
	}
	for _, f := range claimed {
		state := s.tryMakeSizes(ctx, f)
		if ctx.Err() != nil {
			return n, ctx.Err() // the lease runs out and another sweep takes it up
		}
		if err := s.settle(ctx, f, state); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// claim takes photos that are due, so that no other sweep takes them.
func (s *Service) claim(ctx context.Context) (claimed []File, err error) {
	now := s.clock.Now()
	var due []File
	if err := s.db.Reader().NewSelect().Model(&due).Where("sizes = 'waiting'").Where("sizes_at <= ?", now).
		Order("sizes_at").Limit(sweepBatch).Scan(ctx); err != nil {
		return nil, fmt.Errorf("photos waiting for web sizes: %w", err)
	}
	for _, f := range due {
		mine := false
		if err := s.db.Write(ctx, func(tx db.Tx) (err error) {
			mine, err = claimOne(ctx, tx, f, now)
			return err
		}); err != nil {
			return nil, err
		}
		if mine {
			f.SizesAttempts++
			claimed = append(claimed, f)
		}
	}
	return claimed, nil
}

func claimOne(ctx context.Context, tx db.Tx, f File, now time.Time) (bool, error) {
	done, err := tx.NewRaw(`UPDATE evidence SET sizes_attempts = sizes_attempts + 1, sizes_at = ?
		WHERE campaign_id = ? AND id = ? AND sizes = 'waiting' AND sizes_at <= ?`, now.Add(sizesLease), f.CampaignID, f.ID, now).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("claim photo %d: %w", f.ID, err)
	}
	n, err := done.RowsAffected()
	return n == 1, err
}

// tryMakeSizes says what has become of the photo.
func (s *Service) tryMakeSizes(ctx context.Context, f File) SizesState {
	err := s.makeSizes(ctx, f)
	if err == nil {
		return SizesReady
	}
	slog.WarnContext(ctx, "web sizes of a photo", "campaign", f.CampaignID, "evidence", f.ID, "attempt", f.SizesAttempts, "error", err)
	if f.SizesAttempts >= maxAttempts {
		return SizesFailed
	}
	return SizesWaiting
}

// settle records the outcome; a photo that waits on does so longer each time.
func (s *Service) settle(ctx context.Context, f File, state SizesState) error {
	next := s.clock.Now()
	if state == SizesWaiting {
		next = next.Add(firstBackoff << (2 * (f.SizesAttempts - 1)))
	}
	return s.db.Write(ctx, func(tx db.Tx) error {
		_, err := tx.NewRaw(`UPDATE evidence SET sizes = ?, sizes_at = ? WHERE campaign_id = ? AND id = ?`,
			state, next, f.CampaignID, f.ID).Exec(ctx)
		return err
	})
}

// makeSizes stores the photo in each size. The new pictures carry nothing of the original's EXIF.
func (s *Service) makeSizes(ctx context.Context, f File) error {
	original, _, err := s.blobs.Open(ctx, Key(f.CampaignID, f.SHA256))
	if err != nil {
		return err
	}
	defer original.Close() //nolint:errcheck // it was only read
	e := readEXIF(original, f.Format)
	if _, err := original.Seek(0, 0); err != nil {
		return err
	}
	pixels := int64(f.Width) * int64(f.Height)
	return s.decode(ctx, original, pixels, e.orientation, func(m image.Image) error {
		large := fit(onWhite(m), webSizes[Large])
		if err := s.putSize(ctx, f, Large, large); err != nil {
			return err
		}
		return s.putSize(ctx, f, Small, fit(large, webSizes[Small]))
	})
}

func fit(m image.Image, width int) image.Image {
	if m.Bounds().Dx() <= width {
		return m
	}
	return imaging.Resize(m, width, 0, imaging.CatmullRom)
}

func (s *Service) putSize(ctx context.Context, f File, size string, m image.Image) error {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: webQuality}); err != nil {
		return err
	}
	return s.blobs.Put(ctx, sizeKey(f, size), &b, int64(b.Len()), "image/jpeg")
}

package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Blobs keeps bytes by key. What is put under a key never changes: keys carry the SHA-256 of the original.
type Blobs interface {
	// Put stores size bytes of r, wholly or not at all. Putting a key again is allowed and changes nothing.
	Put(ctx context.Context, key string, r io.Reader, size int64, contentType string) error
	// Open reads a blob and tells its size; it fails with ErrNoBlob.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error)
	Has(ctx context.Context, key string) (bool, error)
	// Delete takes a blob away; one that is not there is no error.
	Delete(ctx context.Context, key string) error
}

// ErrNoBlob means that nothing stands under the key.
var ErrNoBlob = errors.New("no such blob")

// Key is where the blob of an original lies: <campaign>/<first two of the hash>/<hash>.
func Key(campaignID int64, sha256 string) string {
	return fmt.Sprintf("%d/%s/%s", campaignID, sha256[:2], sha256)
}

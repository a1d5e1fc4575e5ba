package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Folder keeps blobs as files below a directory of the server.
type Folder struct{ dir string }

// NewFolder opens the folder and makes it if it is missing.
func NewFolder(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	return &Folder{dir}, nil
}

// Put implements Blobs: the bytes are on the disk before the name is.
func (f *Folder) Put(ctx context.Context, key string, r io.Reader, size int64, _ string) error {
	path, err := f.path(key)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".put-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	n, err := io.Copy(temp, withContext{ctx, r})
	if err == nil && n != size {
		err = fmt.Errorf("blob %s: %d bytes instead of %d", key, n, size)
	}
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return err
	}
	return f.syncUp(filepath.Dir(path))
}

// syncUp makes the names in a folder, and the folder's own name, survive a power cut.
func (f *Folder) syncUp(dir string) error {
	for len(dir) >= len(f.dir) {
		d, err := os.Open(dir)
		if err != nil {
			return err
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return err
		}
		dir = filepath.Dir(dir)
	}
	return nil
}

// Open implements Blobs.
func (f *Folder) Open(_ context.Context, key string) (io.ReadSeekCloser, int64, error) {
	path, err := f.path(key)
	if err != nil {
		return nil, 0, err
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, fmt.Errorf("%s: %w", key, ErrNoBlob)
	}
	if err != nil {
		return nil, 0, err
	}
	stat, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, stat.Size(), nil
}

// Has implements Blobs.
func (f *Folder) Has(_ context.Context, key string) (bool, error) {
	path, err := f.path(key)
	if err != nil {
		return false, err
	}
	stat, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && stat.Mode().IsRegular(), err
}

// Delete implements Blobs.
func (f *Folder) Delete(_ context.Context, key string) error {
	path, err := f.path(key)
	if err != nil {
		return err
	}
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// path refuses keys that lead out of the folder.
func (f *Folder) path(key string) (string, error) {
	local := filepath.FromSlash(key)
	if !filepath.IsLocal(local) {
		return "", fmt.Errorf("blob key %q leads out of the folder", key)
	}
	return filepath.Join(f.dir, local), nil
}

// withContext stops reading when the context ends.
type withContext struct {
	ctx context.Context //nolint:containedctx // a reader has no other way to know
	r   io.Reader
}

// Read implements io.Reader.
func (c withContext) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

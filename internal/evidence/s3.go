package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"

	"pinzhi/internal/kernel"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3Config names a bucket of S3-compatible storage.
type S3Config struct {
	Endpoint  string // host:port, without https://
	Bucket    string
	Prefix    string // before every key; "" for none
	AccessKey string
	SecretKey string
	Region    string
	Insecure  bool // plain HTTP, for a storage in the same machine room
}

// S3 keeps blobs in a bucket.
type S3 struct {
	client         *minio.Client
	bucket, prefix string
}

// NewS3 opens the bucket, which exists; it fails with unavailable where the storage does not answer.
func NewS3(ctx context.Context, cfg S3Config) (*S3, error) {
	client, err := minio.New(cfg.Endpoint, &minio.Options{
		Creds: credentials.NewStaticV4(cfg.AccessKey, cfg.SecretKey, ""), Secure: !cfg.Insecure, Region: cfg.Region,
	})
	if err != nil {
		return nil, kernel.E(kernel.Invalid, "对象存储的地址“%s”不对，请写成 主机:端口", cfg.Endpoint).Because(err)
	}
	there, err := client.BucketExists(ctx, cfg.Bucket)
	if err != nil {
		return nil, kernel.E(kernel.Unavailable, "对象存储 %s 连不上，请检查地址、密钥和网络", cfg.Endpoint).Because(err)
	}
	if !there {
		return nil, kernel.E(kernel.NotFound, "对象存储里没有“%s”这个存储桶，请先建好", cfg.Bucket)
	}
	return &S3{client, cfg.Bucket, cfg.Prefix}, nil
}

// Put implements Blobs. The storage shows an object only once it is whole.
func (s *S3) Put(ctx context.Context, key string, r io.Reader, size int64, contentType string) error {
	if there, err := s.Has(ctx, key); err != nil || there {
		return err
	}
	_, err := s.client.PutObject(ctx, s.bucket, s.name(key), io.LimitReader(r, size), size, minio.PutObjectOptions{ContentType: contentType})
	if err != nil {
		return fmt.Errorf("put blob %s: %w", key, err)
	}
	return nil
}

// Open implements Blobs. Seeking costs a request.
func (s *S3) Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error) {
	object, err := s.client.GetObject(ctx, s.bucket, s.name(key), minio.GetObjectOptions{})
	if err != nil {
		return nil, 0, fmt.Errorf("open blob %s: %w", key, err)
	}
	stat, err := object.Stat()
	if err != nil {
		return nil, 0, errors.Join(named(key, err), object.Close())
	}
	return object, stat.Size, nil
}

// Has implements Blobs.
func (s *S3) Has(ctx context.Context, key string) (bool, error) {
	_, err := s.client.StatObject(ctx, s.bucket, s.name(key), minio.StatObjectOptions{})
	if err = named(key, err); errors.Is(err, ErrNoBlob) {
		return false, nil
	}
	return err == nil, err
}

// Delete implements Blobs.
func (s *S3) Delete(ctx context.Context, key string) error {
	return s.client.RemoveObject(ctx, s.bucket, s.name(key), minio.RemoveObjectOptions{})
}

func (s *S3) name(key string) string { return path.Join(s.prefix, key) }

func named(key string, err error) error {
	if err != nil && minio.ToErrorResponse(err).StatusCode == http.StatusNotFound {
		return fmt.Errorf("%s: %w", key, ErrNoBlob)
	}
	return err
}

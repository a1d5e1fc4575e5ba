package evidence_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pinzhi/internal/evidence"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// eachStore runs fn on a folder and on S3.
func eachStore(t *testing.T, fn func(t *testing.T, blobs evidence.Blobs)) {
	t.Run("folder", func(t *testing.T) {
		f, err := evidence.NewFolder(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		fn(t, f)
	})
	t.Run("s3", func(t *testing.T) { fn(t, s3(t)) })
}

// testBlob is where most tests here put their blob.
const testBlob = "1/ab/abc"

const testKey, testSecret = "pinzhi", "pinzhi-secret"

// s3 starts a real S3 server for the test and opens a bucket of it.
func s3(t *testing.T) *evidence.S3 {
	t.Helper()
	endpoint := startGateway(t)
	client, err := minio.New(endpoint, &minio.Options{Creds: credentials.NewStaticV4(testKey, testSecret, "")})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.MakeBucket(t.Context(), "evidence", minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	store, err := evidence.NewS3(t.Context(), evidence.S3Config{
		Endpoint: endpoint, Bucket: "evidence", Prefix: "linfen", AccessKey: testKey, SecretKey: testSecret, Insecure: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func startGateway(t *testing.T) (endpoint string) {
	t.Helper()
	endpoint = freePort(t)
	c := exec.Command(gateway(t), "--access", testKey, "--secret", testSecret, "--port", endpoint, "--quiet",
		"posix", "--sidecar", t.TempDir(), t.TempDir())
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if conn, err := net.Dial("tcp", endpoint); err == nil {
			conn.Close()
			return endpoint
		}
	}
	t.Fatal("the S3 server does not answer")
	return ""
}

func gateway(t *testing.T) string {
	t.Helper()
	if p, err := exec.LookPath("versitygw"); err == nil {
		return p
	}
	p, err := filepath.Abs("../../bin/versitygw")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(p); err != nil {
		t.Fatal("versitygw is missing: run script/bootstrap, which installs it into bin/")
	}
	return p
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// put stores a text under the key that most tests here use.
func put(t *testing.T, b evidence.Blobs, content string) {
	t.Helper()
	if err := b.Put(t.Context(), testBlob, strings.NewReader(content), int64(len(content)), "text/plain"); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, b evidence.Blobs, key string) string {
	t.Helper()
	r, size, err := b.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all, err := io.ReadAll(r)
	if err != nil || int64(len(all)) != size {
		t.Fatalf("%d bytes, size says %d, %v", len(all), size, err)
	}
	return string(all)
}

func TestBlobs_ReturnWhatWasPut(t *testing.T) {
	eachStore(t, func(t *testing.T, b evidence.Blobs) {
		put(t, b, "original")
		if got := content(t, b, "1/ab/abc"); got != "original" {
			t.Errorf("got %q", got)
		}
		for key, want := range map[string]bool{"1/ab/abc": true, "2/ab/abc": false, "1/ab": false} {
			if has, err := b.Has(t.Context(), key); has != want || err != nil {
				t.Errorf("%s: %t, %v", key, has, err)
			}
		}
	})
}

func TestBlobs_ReadFromTheMiddle(t *testing.T) {
	eachStore(t, func(t *testing.T, b evidence.Blobs) {
		put(t, b, "0123456789")
		r, _, err := b.Open(t.Context(), "1/ab/abc")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := r.Seek(-3, io.SeekEnd); err != nil {
			t.Fatal(err)
		}
		if rest, err := io.ReadAll(r); string(rest) != "789" || err != nil {
			t.Errorf("%q, %v", rest, err)
		}
	})
}

func TestBlobs_KeepTheFirstWhenPutTwice(t *testing.T) {
	eachStore(t, func(t *testing.T, b evidence.Blobs) {
		put(t, b, "first")
		put(t, b, "later")
		if got := content(t, b, "1/ab/abc"); got != "first" {
			t.Errorf("got %q", got)
		}
	})
}

func TestBlobs_KeepNothingOfABrokenUpload(t *testing.T) {
	eachStore(t, func(t *testing.T, b evidence.Blobs) {
		if err := b.Put(t.Context(), "1/ab/abc", strings.NewReader("half"), 8, "text/plain"); err == nil {
			t.Error("half was taken for the whole")
		}
		if has, err := b.Has(t.Context(), "1/ab/abc"); has || err != nil {
			t.Errorf("%t, %v", has, err)
		}
	})
}

func TestBlobs_SayWhatIsNotThere(t *testing.T) {
	eachStore(t, func(t *testing.T, b evidence.Blobs) {
		if _, _, err := b.Open(t.Context(), "1/ab/abc"); !errors.Is(err, evidence.ErrNoBlob) {
			t.Errorf("open: %v", err)
		}
		put(t, b, "x")
		for range 2 {
			if err := b.Delete(t.Context(), "1/ab/abc"); err != nil {
				t.Errorf("delete: %v", err)
			}
		}
		if has, _ := b.Has(t.Context(), "1/ab/abc"); has {
			t.Error("deleted and still there")
		}
	})
}

func TestBlobs_TakeLargeFiles(t *testing.T) {
	eachStore(t, func(t *testing.T, b evidence.Blobs) {
		large := bytes.Repeat([]byte("0123456789abcdef"), 40<<20/16)
		if err := b.Put(t.Context(), "1/ab/large", bytes.NewReader(large), int64(len(large)), "video/mp4"); err != nil {
			t.Fatal(err)
		}
		if got := content(t, b, "1/ab/large"); got != string(large) {
			t.Error("changed on the way")
		}
	})
}

func TestFolder_RefusesKeysThatLeadOut(t *testing.T) {
	f, err := evidence.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"../x", "/etc/passwd", "1/../../x", ""} {
		if err := f.Put(context.Background(), key, strings.NewReader("x"), 1, ""); err == nil {
			t.Errorf("%q was taken", key)
		}
	}
}

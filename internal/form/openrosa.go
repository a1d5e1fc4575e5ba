package form

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"path"
	"slices"
	"strings"

	"pinzhi/internal/kernel"
)

// Inbox keeps what clients hand in. A copy comes with the first request that speaks of it; its files may come with that
// one or with later ones, each of which repeats the copy (https://docs.getodk.org/openrosa-form-submission/). Whoever
// implements it makes each method safe to repeat.
type Inbox interface {
	// Keep stores a copy, and reports whether it did so now: a copy whose ID is there with the same content is kept once.
	// With another content it fails with conflict.
	Keep(ctx context.Context, in *Submission, content []byte) (first bool, err error)
	// Attach stores a file of a copy under its name. The same name again changes nothing.
	Attach(ctx context.Context, instanceID, name string, content io.Reader) error
	// Attached lists the names of the files that are stored.
	Attached(ctx context.Context, instanceID string) ([]string, error)
}

// Receipt is what came of one request.
type Receipt struct {
	Submission *Submission
	First      bool     // the copy was stored by this request
	Missing    []string // files of it that have not come yet
}

// The names that OpenRosa gives to the parts of a request.
const submissionPart = "xml_submission_file"

const (
	memoryOfPost = 1 << 20 // what of a request is held in memory; the rest waits in temporary files
	maxPostFiles = 500
)

// Receive takes one request of a client: the copy and some of its files, in any order. forms finds the form of a copy;
// its error is handed on. Files that the copy does not speak of are not kept. The caller limits the size of body.
func Receive(ctx context.Context, forms func(ctx context.Context, id, version string) (*Form, error), box Inbox, body *multipart.Reader) (*Receipt, error) {
	post, err := body.ReadForm(memoryOfPost)
	if err != nil {
		return nil, kernel.E(kernel.Invalid, "没有收完整，请在手机上重新发送").Because(err)
	}
	defer func() { _ = post.RemoveAll() }()
	content, err := submissionOf(post)
	if err != nil {
		return nil, err
	}
	head, err := ReadInstanceHead(content)
	if err != nil {
		return nil, err
	}
	f, err := forms(ctx, head.FormID, head.Version)
	if err != nil {
		return nil, err
	}
	in, err := f.ReadInstance(content)
	if err != nil {
		return nil, err
	}
	r := &Receipt{Submission: in}
	if r.First, err = box.Keep(ctx, in, content); err != nil {
		return nil, err
	}
	if err := attachAll(ctx, box, in, post); err != nil {
		return nil, err
	}
	have, err := box.Attached(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	for _, name := range in.Files {
		if !slices.Contains(have, name) {
			r.Missing = append(r.Missing, name)
		}
	}
	return r, nil
}

// submissionOf is the copy within a request, which clients send as a file; some send it as a field.
func submissionOf(post *multipart.Form) ([]byte, error) {
	if values := post.Value[submissionPart]; len(values) == 1 {
		return []byte(values[0]), nil
	}
	files := post.File[submissionPart]
	if len(files) != 1 {
		return nil, kernel.E(kernel.Invalid, "提交里没有答卷（%s），请用 ODK 应用发送", submissionPart)
	}
	if files[0].Size > maxInstance {
		return nil, kernel.E(kernel.TooLarge, "答卷超过 %d MB", maxInstance>>20)
	}
	return contentOf(files[0])
}

func contentOf(header *multipart.FileHeader) (content []byte, err error) {
	file, err := header.Open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	var b bytes.Buffer
	_, err = b.ReadFrom(file)
	return b.Bytes(), err
}

func attachAll(ctx context.Context, box Inbox, in *Submission, post *multipart.Form) error {
	count := 0
	for part, files := range post.File {
		if part == submissionPart {
			continue
		}
		for _, header := range files {
			if count++; count > maxPostFiles {
				return kernel.E(kernel.TooLarge, "一次最多 %d 个文件", maxPostFiles)
			}
			name := path.Base(strings.ReplaceAll(header.Filename, `\`, "/"))
			if !slices.Contains(in.Files, name) {
				continue
			}
			if err := attach(ctx, box, in.ID, name, header); err != nil {
				return err
			}
		}
	}
	return nil
}

func attach(ctx context.Context, box Inbox, id, name string, header *multipart.FileHeader) (err error) {
	file, err := header.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return box.Attach(ctx, id, name, file)
}

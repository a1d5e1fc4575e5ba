package webtest

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"mime/multipart"
	"net/textproto"
	"testing"
)

// Copy is a request of an ODK client, as ODK Collect writes it: a copy and pictures of it. The content type says where
// its parts end.
func Copy(xml string, pictures map[string][]byte) (body *multipart.Reader, contentType string) {
	content, contentType := CopyBody(xml, pictures)
	_, params, _ := bytes.Cut([]byte(contentType), []byte("boundary="))
	return multipart.NewReader(bytes.NewReader(content), string(params)), contentType
}

// CopyBody is Copy as bytes to send.
func CopyBody(xml string, pictures map[string][]byte) (content []byte, contentType string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	add := func(name, file, kind string, content []byte) {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", fmt.Sprintf(`form-data; name="%s"; filename="%s"`, name, file))
		h.Set("Content-Type", kind)
		h.Set("Content-Transfer-Encoding", "binary")
		part, _ := w.CreatePart(h) // a buffer takes everything
		_, _ = part.Write(content)
	}
	add("xml_submission_file", "copy.xml", "text/xml", []byte(xml))
	for name, picture := range pictures {
		add(name, name, "image/jpeg", picture)
	}
	_ = w.Close()
	return b.Bytes(), w.FormDataContentType()
}

// JPEG draws a picture, another for each number.
func JPEG(tb testing.TB, n int) []byte {
	tb.Helper()
	img := image.NewGray(image.Rect(0, 0, 320, 240))
	for y := range 240 {
		for x := range 320 {
			img.SetGray(x, y, color.Gray{uint8((x*n ^ y*(n+3)) & 0xff)})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

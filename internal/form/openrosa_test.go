package form

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"pinzhi/internal/kernel"
)

// shelf is an Inbox in memory, as a database would keep it.
type shelf struct {
	copies map[string][]byte
	files  map[string]map[string]string
	stored int // files written
}

func newShelf() *shelf {
	return &shelf{copies: map[string][]byte{}, files: map[string]map[string]string{}}
}

func (s *shelf) Keep(_ context.Context, in *Submission, content []byte) (bool, error) {
	if have, ok := s.copies[in.ID]; ok {
		if !bytes.Equal(have, content) {
			return false, kernel.E(kernel.Conflict, "编号相同，内容不同")
		}
		return false, nil
	}
	s.copies[in.ID], s.files[in.ID] = content, map[string]string{}
	return true, nil
}

func (s *shelf) Attach(_ context.Context, id, name string, content io.Reader) error {
	if _, have := s.files[id][name]; have {
		return nil
	}
	b, err := io.ReadAll(content)
	s.files[id][name] = string(b)
	s.stored++
	return err
}

func (s *shelf) Attached(_ context.Context, id string) ([]string, error) {
	return slices.Sorted(maps.Keys(s.files[id])), nil
}

// odkServer takes submissions over HTTP as internal/web will.
func odkServer(t *testing.T, f *Form, box Inbox, receipts *[]*Receipt) string {
	t.Helper()
	forms := func(_ context.Context, id, version string) (*Form, error) {
		if id != f.ID || version != f.Version {
			return nil, kernel.E(kernel.NotFound, "没有这张表单")
		}
		return f, nil
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 10<<20)
		parts, err := r.MultipartReader()
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		receipt, err := Receive(r.Context(), forms, box, parts)
		if err != nil {
			w.WriteHeader(map[kernel.Code]int{kernel.Invalid: 400, kernel.NotFound: 404, kernel.Conflict: 409}[kernel.CodeOf(err)])
			_, _ = w.Write(Response("submit_error", kernel.MessageOf(err)))
			return
		}
		*receipts = append(*receipts, receipt)
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(Response("submit_success", "收到了"))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// part is a part of a request as ODK Collect writes it.
type part struct{ name, file, kind, content string }

// post sends parts as ODK Collect does, and returns the status and the answer.
func post(t *testing.T, url string, parts ...part) (int, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", fmt.Sprintf(`form-data; name="%s"; filename="%s"`, p.name, p.file))
		h.Set("Content-Type", p.kind)
		h.Set("Content-Transfer-Encoding", "binary")
		to, err := w.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(to, p.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/submission?deviceID=collect%3A1", &b)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("X-Openrosa-Version", "1.0")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(said)
}

const dustCopy = `<?xml version='1.0' ?><data id="dust" version="4"><site>一标段</site><six>fence cover wet road wash sealed</six><done>6</done><missing>0</missing><photo1>a.jpg</photo1><photo2>b.jpg</photo2><meta><instanceID>uuid:77f0</instanceID></meta></data>`

func TestReceive_ASubmissionOverSeveralRequestsIsStoredOnce(t *testing.T) {
	f := mustRead(t, "09", formFiles(t)["09-工地扬尘"])
	box := newShelf()
	var receipts []*Receipt
	url := odkServer(t, f, box, &receipts)
	copyPart := part{"xml_submission_file", "dust_2023-06-30.xml", "text/xml", dustCopy}
	a, b := part{"a.jpg", "a.jpg", "image/jpeg", "JPEG A"}, part{"b.jpg", "b.jpg", "image/jpeg", strings.Repeat("B", 3<<20)}
	for i, parts := range [][]part{{copyPart, a}, {b, copyPart}, {copyPart, a}, {copyPart}} {
		if status, said := post(t, url, parts...); status != http.StatusCreated || !strings.Contains(said, "submit_success") {
			t.Fatalf("request %d: %d %s", i+1, status, said)
		}
	}
	for i, want := range []Receipt{{First: true, Missing: []string{"b.jpg"}}, {}, {}, {}} {
		if got := receipts[i]; got.First != want.First || !slices.Equal(got.Missing, want.Missing) || got.Submission.ID != "uuid:77f0" {
			t.Errorf("request %d: %+v, want %+v", i+1, got, want)
		}
	}
	if len(box.copies) != 1 || box.stored != 2 || box.files["uuid:77f0"]["a.jpg"] != "JPEG A" || len(box.files["uuid:77f0"]["b.jpg"]) != 3<<20 {
		t.Errorf("%d copies, %d files", len(box.copies), box.stored)
	}
	if v := receipts[0].Submission.Answers["site"]; v != "一标段" {
		t.Errorf("site is %v", v)
	}
}

func TestReceive_RefusesInChinese(t *testing.T) {
	f := mustRead(t, "09", formFiles(t)["09-工地扬尘"])
	box := newShelf()
	var receipts []*Receipt
	url := odkServer(t, f, box, &receipts)
	xml := func(content string) part { return part{"xml_submission_file", "x.xml", "text/xml", content} }
	if status, said := post(t, url, xml(dustCopy)); status != http.StatusCreated {
		t.Fatal(status, said)
	}
	for name, c := range map[string]struct {
		parts  []part
		status int
		says   string
	}{
		"no copy":          {[]part{{"a.jpg", "a.jpg", "image/jpeg", "x"}}, 400, "没有答卷"},
		"two copies":       {[]part{xml(dustCopy), xml(dustCopy)}, 400, "没有答卷"},
		"a broken copy":    {[]part{xml("<data")}, 400, "读不出来"},
		"another form":     {[]part{xml(strings.Replace(dustCopy, `id="dust"`, `id="rust"`, 1))}, 404, "没有这张表单"},
		"the same ID anew": {[]part{xml(strings.Replace(dustCopy, "一标段", "二标段", 1))}, 409, "内容不同"},
	} {
		if status, said := post(t, url, c.parts...); status != c.status || !strings.Contains(said, c.says) {
			t.Errorf("%s: %d %s", name, status, said)
		}
	}
	// Files that the copy does not speak of are not kept, wherever their names lead.
	if status, said := post(t, url, xml(dustCopy), part{"x", "audit.csv", "text/csv", "x"}, part{"y", "../../b.jpg", "image/jpeg", "B"}); status != http.StatusCreated {
		t.Fatal(status, said)
	}
	if got := slices.Sorted(maps.Keys(box.files["uuid:77f0"])); !slices.Equal(got, []string{"b.jpg"}) {
		t.Errorf("kept %q", got)
	}
	if _, err := Receive(t.Context(), nil, box, multipart.NewReader(strings.NewReader("--x\r\nbroken"), "x")); kernel.CodeOf(err) != kernel.Invalid {
		t.Error(err)
	}
}

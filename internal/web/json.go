package web

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"pinzhi/internal/kernel"
)

// What the field page asks and is answered is JSON; the pages of the office are not made of it.

// wantsJSON reports whether whoever calls cannot do anything with a page.
func (q *request) wantsJSON() bool {
	return strings.HasPrefix(q.Header.Get("Accept"), "application/json")
}

// refusal is an error as JSON. Offset and Case say how things stand, where they stand otherwise than thought.
type refusal struct {
	Code    kernel.Code `json:"code"`
	Message string      `json:"message"`
	Field   string      `json:"field,omitempty"`
	Ref     string      `json:"ref,omitempty"`
	Offset  *int64      `json:"offset,omitempty"`
	Case    *fieldCase  `json:"case,omitempty"`
}

func refusalOf(err error) refusal {
	return refusal{Code: kernel.CodeOf(err), Message: kernel.MessageOf(err), Field: fieldOf(err)}
}

func (q *request) refuseJSON(err error, ref string) {
	r := refusalOf(err)
	r.Ref = ref
	if err := q.answer(statusOf(r.Code), r); err != nil {
		q.s.Log.ErrorContext(q.ctx(), "answer", "err", err)
	}
}

func (q *request) answer(status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	q.w.Header().Set("Content-Type", "application/json")
	q.w.Header().Set("Cache-Control", "no-store")
	q.w.WriteHeader(status)
	_, err = q.w.Write(body)
	return err
}

// mostJSON is the longest JSON that is read: a record with its words, without its files.
const mostJSON = 256 << 10

// readJSON passes over what it does not know: a device may run another build than the server.
func (q *request) readJSON(v any) error {
	d := json.NewDecoder(http.MaxBytesReader(q.w, q.Body, mostJSON))
	if err := d.Decode(v); err != nil {
		return kernel.E(kernel.Invalid, "没有收到完整的数据，请再试一次").Because(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return kernel.E(kernel.Invalid, "数据后面多了东西").Because(err)
	}
	return nil
}

// sameAccount refuses what a device sends for another account than the one that is signed in there now.
func (q *request) sameAccount() error {
	meant := q.Header.Get("Pinzhi-Account")
	if meant == "" || meant == strconv.FormatInt(q.actor.AccountID, 10) {
		return nil
	}
	return kernel.E(kernel.Unauthenticated, "这台设备上现在登录的是别的账号，请用原来的账号登录后再传")
}

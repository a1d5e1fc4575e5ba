package web

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"
)

// A file goes up in pieces: announced by POST, brought by PATCH with Upload-Offset, asked after by GET or HEAD.

// uploadState is how far an upload is.
type uploadState struct {
	UUID   string `json:"uuid"`
	Bytes  int64  `json:"bytes"`
	Offset int64  `json:"offset"`
	Whole  bool   `json:"whole"`
}

func (q *request) answerUpload(u evidence.Upload) error {
	q.w.Header().Set("Upload-Offset", strconv.FormatInt(u.Received, 10))
	return q.answer(http.StatusOK, uploadState{UUID: u.UUID, Bytes: u.Bytes, Offset: u.Received, Whole: u.Whole()})
}

// mayUpload: whoever has to do with cases, as himself.
func (q *request) mayUpload() error {
	if _, err := q.s.Cases.Viewer(q.ctx(), q.view.ID); err != nil {
		return err
	}
	return q.sameAccount()
}

func beginUpload(q *request) error {
	if err := q.mayUpload(); err != nil {
		return err
	}
	var in struct {
		UUID     string    `json:"uuid"`
		Name     string    `json:"name"`
		Bytes    int64     `json:"bytes"`
		SHA256   string    `json:"sha256"`
		At       time.Time `json:"at"` // when the device took it
		Lat      *float64  `json:"lat"`
		Lon      *float64  `json:"lon"`
		Accuracy float64   `json:"accuracy"`
	}
	if err := q.readJSON(&in); err != nil {
		return err
	}
	meta := q.evidenceMeta()
	meta.ClientUUID, meta.Name, meta.DeviceAt, meta.Accuracy = in.UUID, in.Name, in.At, in.Accuracy
	if in.Lat != nil && in.Lon != nil {
		meta.Device = &evidence.Place{Lat: *in.Lat, Lon: *in.Lon}
	}
	u, err := q.s.Evidence.BeginUpload(q.ctx(), q.view.ID, meta, in.Bytes, in.SHA256)
	if err != nil {
		return err
	}
	return q.answerUpload(u)
}

func showUpload(q *request) error {
	if err := q.mayUpload(); err != nil {
		return err
	}
	u, err := q.s.Evidence.UploadOf(q.ctx(), q.view.ID, q.actor.AccountID, q.PathValue("uuid"))
	if err != nil {
		return err
	}
	return q.answerUpload(u)
}

func addPiece(q *request) error {
	if err := q.mayUpload(); err != nil {
		return err
	}
	start, err := strconv.ParseInt(q.Header.Get("Upload-Offset"), 10, 64)
	if err != nil || start < 0 {
		return kernel.E(kernel.Invalid, "请用 Upload-Offset 写明从第几字节起")
	}
	content, err := io.ReadAll(http.MaxBytesReader(q.w, q.Body, evidence.MaxPiece))
	if _, tooBig := errors.AsType[*http.MaxBytesError](err); tooBig {
		return kernel.E(kernel.TooLarge, "一段最多 %d kB", evidence.MaxPiece>>10)
	}
	if err != nil {
		return kernel.E(kernel.Unavailable, "这一段没有传完，请再传").Because(err)
	}
	u, err := q.s.Evidence.AddPiece(q.ctx(), q.view.ID, q.actor.AccountID, q.PathValue("uuid"), start, content)
	if kernel.CodeOf(err) == kernel.Conflict {
		r := refusalOf(err)
		r.Offset = &u.Received
		return q.answer(statusOf(r.Code), r)
	}
	if err != nil {
		return err
	}
	return q.answerUpload(u)
}

func dropUpload(q *request) error {
	if err := q.mayUpload(); err != nil {
		return err
	}
	if err := q.s.Evidence.DropUpload(q.ctx(), q.view.ID, q.actor.AccountID, q.PathValue("uuid")); err != nil {
		return err
	}
	q.w.WriteHeader(http.StatusNoContent)
	return nil
}

// evidenceMeta is who hands in a file.
func (q *request) evidenceMeta() evidence.Meta {
	meta := evidence.Meta{AccountID: q.actor.AccountID, PersonID: q.actor.PersonID, ByName: q.actor.Name}
	if units := unitsOfSeats(q.view.Standing.Seats); len(units) > 0 {
		meta.UnitID = units[0]
	}
	return meta
}

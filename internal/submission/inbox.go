package submission

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"

	"pinzhi/internal/db"
	"pinzhi/internal/evidence"
	"pinzhi/internal/form"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
)

// Receive takes one request of an ODK client: a copy and some of its pictures. See form.Receive.
func (s *Service) Receive(ctx context.Context, campaignID int64, body *multipart.Reader) (*form.Receipt, error) {
	v, err := s.viewer(ctx, s.db.Reader(), campaignID)
	if err != nil {
		return nil, err
	}
	find := func(ctx context.Context, key, version string) (*form.Form, error) {
		return s.formCalled(ctx, campaignID, key, version)
	}
	return form.Receive(ctx, find, inbox{s, v}, body)
}

// formCalled finds a version by what clients know it by.
func (s *Service) formCalled(ctx context.Context, campaignID int64, key, version string) (*form.Form, error) {
	id, err := versionCalled(ctx, s.db.Reader(), campaignID, key, version)
	if err != nil {
		return nil, err
	}
	return s.formOf(ctx, s.db.Reader(), campaignID, id)
}

func versionCalled(ctx context.Context, tx db.Tx, campaignID int64, key, version string) (id int64, err error) {
	err = tx.NewRaw(`SELECT fv.id FROM form_versions fv JOIN forms fm ON fm.campaign_id = fv.campaign_id AND fm.id = fv.form_id
		WHERE fv.campaign_id = ? AND fm.key = ? AND fv.version = ?`, campaignID, key, version).Scan(ctx, &id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, kernel.E(kernel.NotFound, "这里没有表单“%s”第“%s”版，请在手机上重新下载表单", key, version)
	}
	return id, err
}

// inbox keeps what one viewer hands in.
type inbox struct {
	*Service

	v Viewer
}

// Keep implements form.Inbox. A copy that somebody else handed in is not his to bring again.
func (b inbox) Keep(ctx context.Context, in *form.Submission, content []byte) (bool, error) {
	c, err := b.copyOf(ctx, in, content)
	if err != nil {
		return false, err
	}
	first := false
	err = b.db.Write(ctx, func(tx db.Tx) error {
		first, err = b.keep(ctx, tx, c, in)
		return err
	})
	return first, err
}

func (b inbox) copyOf(ctx context.Context, in *form.Submission, content []byte) (Copy, error) {
	f, err := b.formCalled(ctx, b.v.ID, in.FormID, in.Version)
	if err != nil {
		return Copy{}, err
	}
	now := b.clock.Now()
	state := f.Fill(in.Answers, now)
	answers, err := json.Marshal(in.Answers)
	if err != nil {
		return Copy{}, err
	}
	files, err := json.Marshal(in.Files)
	if err != nil {
		return Copy{}, err
	}
	sum := sha256.Sum256(content)
	return Copy{CampaignID: b.v.ID, InstanceID: in.ID, SHA256: hex.EncodeToString(sum[:]), Instance: string(content), Answers: string(answers), Files: string(files),
		Name: state.Name, Faults: len(state.Faults), AccountID: b.v.Actor.AccountID, UnitID: b.v.unit(), ByName: b.v.Actor.Name, ReceivedAt: now}, nil
}

func (b inbox) keep(ctx context.Context, tx db.Tx, c Copy, in *form.Submission) (first bool, err error) {
	have, err := called(ctx, tx, b.v.ID, in.ID)
	switch {
	case err == nil && (have.SHA256 != c.SHA256 || have.AccountID != c.AccountID):
		return false, kernel.E(kernel.Conflict, "同一编号的填报已经收到过，内容或填报人不同，请在手机上另填一份")
	case err == nil:
		return false, nil
	case kernel.CodeOf(err) != kernel.NotFound:
		return false, err
	}
	if c.VersionID, err = versionCalled(ctx, tx, b.v.ID, in.FormID, in.Version); err != nil {
		return false, err
	}
	v, err := one[Version](ctx, tx, b.v.ID, c.VersionID, errNoForm)
	if err != nil {
		return false, err
	}
	c.FormID = v.FormID
	if err := db.Insert(ctx, tx, &c); err != nil {
		return false, fmt.Errorf("keep %s: %w", c.InstanceID, err)
	}
	if err := count(ctx, tx, c, +1); err != nil {
		return false, err
	}
	data := map[string]any{"form": v.Title, "version": v.Version, "instance": c.InstanceID, "sha256": c.SHA256}
	if in.Replaces != "" {
		if err := b.replace(ctx, tx, c, in.Replaces); err != nil {
			return false, err
		}
		data["replaces"] = in.Replaces
	}
	return true, b.tell(ctx, tx, c.ID, "received", data)
}

// replace notes that a copy corrects an earlier one of the same person and form.
func (b inbox) replace(ctx context.Context, tx db.Tx, c Copy, replaces string) error {
	old, err := called(ctx, tx, b.v.ID, replaces)
	if err != nil {
		return err
	}
	if old.AccountID != c.AccountID || old.FormID != c.FormID || old.ReplacedBy != 0 {
		return kernel.E(kernel.Conflict, "要更正的那份填报不是您交的，或者已经更正过，请另填一份")
	}
	if err := count(ctx, tx, old, -1); err != nil {
		return err
	}
	_, err = tx.NewRaw("UPDATE submissions SET replaced_by = ? WHERE campaign_id = ? AND id = ?", c.ID, c.CampaignID, old.ID).Exec(ctx)
	return err
}

// count notes that there is one more copy of a version, or one less.
func count(ctx context.Context, tx db.Tx, c Copy, by int) error {
	_, err := tx.NewRaw("UPDATE form_versions SET copies = copies + ? WHERE campaign_id = ? AND id = ?", by, c.CampaignID, c.VersionID).Exec(ctx)
	return err
}

// called finds a copy by the ID that it was given where it was filled in.
func called(ctx context.Context, tx db.Tx, campaignID int64, instanceID string) (c Copy, err error) {
	err = tx.NewSelect().Model(&c).ExcludeColumn("instance", "answers").Where("campaign_id = ?", campaignID).Where("instance_id = ?", instanceID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return c, errNoCopy
	}
	return c, err
}

func (b inbox) tell(ctx context.Context, tx db.Tx, id int64, verb string, data map[string]any) error {
	return ledger.Append(ctx, tx, ledger.Event{CampaignID: b.v.ID, At: b.clock.Now(), Actor: b.v.Actor, SubjectKind: Kind, SubjectID: id, Verb: verb, Data: data})
}

// Attach implements form.Inbox: the picture is received and hashed before the transaction.
func (b inbox) Attach(ctx context.Context, instanceID, name string, content io.Reader) error {
	c, err := called(ctx, b.db.Reader(), b.v.ID, instanceID)
	if err != nil {
		return err
	}
	if have, err := has(ctx, b.db.Reader(), c, name); err != nil || have {
		return err
	}
	in, err := b.evidence.Receive(ctx, b.v.ID, content, evidence.Meta{Name: name, AccountID: b.v.Actor.AccountID, PersonID: b.v.Actor.PersonID, UnitID: b.v.unit(), ByName: b.v.Actor.Name})
	if err != nil {
		return err
	}
	return b.db.Write(ctx, func(tx db.Tx) error { return b.attach(ctx, tx, c, name, in) })
}

// attach makes a received picture a copy's, under a name that has none yet.
func (b inbox) attach(ctx context.Context, tx db.Tx, c Copy, name string, in evidence.Incoming) error {
	if have, err := has(ctx, tx, c, name); err != nil || have {
		return err
	}
	f, err := b.evidence.Attach(ctx, tx, in, evidence.Subject{Kind: Kind, ID: c.ID, Purpose: evidence.Other})
	if err != nil {
		return err
	}
	if err := db.Insert(ctx, tx, &File{CampaignID: c.CampaignID, SubmissionID: c.ID, Name: name, EvidenceID: f.ID}); err != nil {
		return fmt.Errorf("attach %s to %s: %w", name, c.InstanceID, err)
	}
	return b.tell(ctx, tx, c.ID, "picture_received", f.EventData())
}

func has(ctx context.Context, tx db.Tx, c Copy, name string) (bool, error) {
	return tx.NewSelect().Model((*File)(nil)).Where("campaign_id = ?", c.CampaignID).Where("submission_id = ?", c.ID).Where("name = ?", name).Exists(ctx)
}

// Attached implements form.Inbox.
func (b inbox) Attached(ctx context.Context, instanceID string) ([]string, error) {
	c, err := called(ctx, b.db.Reader(), b.v.ID, instanceID)
	if err != nil {
		return nil, err
	}
	files, err := filesOf(ctx, b.db.Reader(), b.v.ID, c.ID)
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.Name
	}
	return names, err
}

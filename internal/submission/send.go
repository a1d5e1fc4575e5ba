package submission

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"pinzhi/internal/db"
	"pinzhi/internal/form"
	"pinzhi/internal/kernel"
	"pinzhi/internal/ledger"
)

// MaySend fails with forbidden for whoever may not send forms: nobody else makes the server read workbooks.
func (s *Service) MaySend(ctx context.Context, campaignID int64) error {
	_, err := s.manager(ctx, s.db.Reader(), campaignID)
	return err
}

// Send takes a workbook (XLSForm) as a version of the form that its settings name, and makes the form where there is
// none. With faults nothing is stored. It fails with invalid for a workbook that does not name its form, with conflict
// for one that was sent before, or whose version somebody has filled in already.
func (s *Service) Send(ctx context.Context, campaignID int64, fileName string, content []byte) (v Version, faults []form.Fault, err error) {
	viewer, err := s.manager(ctx, s.db.Reader(), campaignID)
	if err != nil {
		return v, nil, err
	}
	if len(content) > form.MaxWorkbook {
		return v, nil, kernel.E(kernel.TooLarge, "“%s”超过 %d MB，请去掉里面的图片再传", fileName, form.MaxWorkbook>>20).On("sheet")
	}
	d, faults := form.ReadXLSForm(bytes.NewReader(content))
	if len(faults) > 0 {
		return v, faults, nil
	}
	if err := s.name(ctx, campaignID, d, fileName); err != nil {
		return v, nil, err
	}
	v, faults, err = s.version(d)
	if err != nil || len(faults) > 0 {
		return v, faults, err
	}
	sum := sha256.Sum256(content)
	v.CampaignID, v.FileName, v.SHA256, v.Workbook = campaignID, fileName, hex.EncodeToString(sum[:]), content
	v.SentAt, v.SentBy, v.SentName = s.clock.Now(), viewer.Actor.AccountID, viewer.Actor.Name
	err = s.db.Write(ctx, func(tx db.Tx) error { return s.keepVersion(ctx, tx, d.ID, &v) })
	return v, nil, err
}

// name gives a definition what its workbook's settings leave out: the title is then the file's name, the form's name is
// its title, and the version a number that counts on.
func (s *Service) name(ctx context.Context, campaignID int64, d *form.Definition, fileName string) error {
	if d.Title == "" {
		d.Title = strings.TrimSuffix(filepath.Base(fileName), filepath.Ext(fileName))
	}
	if d.ID == "" {
		d.ID = d.Title
	}
	if !form.ValidName(d.ID) && form.ValidName("form-"+d.ID) { // begins with a digit: 06-公厕巡查
		d.ID = "form-" + d.ID
	}
	if !form.ValidName(d.ID) {
		return kernel.E(kernel.Invalid, "表格没有写表单编号，名称“%s”又不能当编号用：请在 settings 工作表的 form_id 列写一个编号，只用字母、数字、横线、下划线", d.Title).On("sheet")
	}
	if d.Version != "" {
		return nil
	}
	have, err := versionsOf(ctx, s.db.Reader(), campaignID, d.ID)
	if err != nil {
		return err
	}
	n := len(have) + 1
	for have[strconv.Itoa(n)] {
		n++
	}
	d.Version = strconv.Itoa(n)
	return nil
}

func versionsOf(ctx context.Context, tx db.Tx, campaignID int64, key string) (map[string]bool, error) {
	var names []string
	err := tx.NewRaw(`SELECT fv.version FROM form_versions fv JOIN forms fm ON fm.campaign_id = fv.campaign_id AND fm.id = fv.form_id
		WHERE fv.campaign_id = ? AND fm.key = ?`, campaignID, key).Scan(ctx, &names)
	have := map[string]bool{}
	for _, name := range names {
		have[name] = true
	}
	return have, err
}

// version is a definition as it is kept.
func (s *Service) version(d *form.Definition) (v Version, faults []form.Fault, err error) {
	f, faults := form.Compile(d)
	if len(faults) > 0 {
		return v, faults, nil
	}
	xform, err := f.XForm()
	if err != nil {
		return v, nil, err
	}
	kept, err := json.Marshal(d)
	return Version{Version: d.Version, Title: d.Title, Definition: string(kept), Mark: form.Hash(xform)}, nil, err
}

func (s *Service) keepVersion(ctx context.Context, tx db.Tx, key string, v *Version) error {
	f := Form{CampaignID: v.CampaignID, Key: key, Title: v.Title, MadeAt: v.SentAt}
	err := tx.NewSelect().Model(&f).Where("campaign_id = ?", v.CampaignID).Where("key = ?", key).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		err = db.Insert(ctx, tx, &f)
	}
	if err != nil {
		return fmt.Errorf("form %s: %w", key, err)
	}
	v.FormID = f.ID
	verb, err := s.putVersion(ctx, tx, v)
	if err != nil {
		return err
	}
	f.Title, f.VersionID = v.Title, v.ID
	if err := changeForm.Exec(ctx, tx, &f); err != nil {
		return fmt.Errorf("form %s: %w", key, err)
	}
	return ledger.Append(ctx, tx, ledger.Event{CampaignID: v.CampaignID, At: v.SentAt, SubjectKind: FormKind, SubjectID: f.ID, Verb: verb,
		Data: map[string]any{"title": v.Title, "version": v.Version, "file": v.FileName, "sha256": v.SHA256}})
}

var (
	changeForm    = db.Change[Form]("key", "made_at")
	changeVersion = db.Change[Version]("form_id", "version", "copies")
)

// putVersion writes a version, over one of the same name only where nobody has filled that in.
func (s *Service) putVersion(ctx context.Context, tx db.Tx, v *Version) (verb string, err error) {
	var have Version
	err = tx.NewSelect().Model(&have).ExcludeColumn("workbook", "definition").Where("campaign_id = ?", v.CampaignID).
		Where("form_id = ?", v.FormID).Where("version = ?", v.Version).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return "version_sent", db.Insert(ctx, tx, v)
	}
	if err != nil {
		return "", fmt.Errorf("version %s: %w", v.Version, err)
	}
	if have.SHA256 == v.SHA256 {
		return "", kernel.E(kernel.Conflict, "这个文件已经传过，就是“%s”第 %s 版", have.Title, have.Version).On("sheet")
	}
	filled, err := tx.NewSelect().Model((*Copy)(nil)).Where("campaign_id = ?", v.CampaignID).Where("version_id = ?", have.ID).Exists(ctx)
	if err != nil {
		return "", err
	}
	if filled {
		return "", kernel.E(kernel.Conflict, "“%s”第 %s 版已经有人填报，不能再改。请在 settings 工作表的 version 列写一个新的版本号再传", have.Title, have.Version).On("sheet")
	}
	v.ID = have.ID
	return "version_replaced", changeVersion.Exec(ctx, tx, v)
}

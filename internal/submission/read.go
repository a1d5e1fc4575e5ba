package submission

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"pinzhi/internal/db"
	"pinzhi/internal/evidence"
	"pinzhi/internal/form"
	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
)

// Page is how many copies one page lists.
const Page = 50

// Listed is a form in the list of a campaign's forms.
type Listed struct {
	Form

	Version string
	Mark    string
	Copies  int // that the viewer may read, and no later one corrects
}

const maxForms = 500

// Forms lists the forms of a campaign, the newest first, at most 500.
func (s *Service) Forms(ctx context.Context, campaignID int64) (rows []Listed, v Viewer, err error) {
	tx := s.db.Reader()
	if v, err = s.viewer(ctx, tx, campaignID); err != nil {
		return nil, v, err
	}
	err = tx.NewRaw(`SELECT fm.id, fm.campaign_id, fm.key, fm.title, fm.version_id, fm.made_at, fv.version, fv.mark,
			(SELECT sum(x.copies) FROM form_versions x WHERE x.campaign_id = fm.campaign_id AND x.form_id = fm.id) AS copies
		FROM forms fm JOIN form_versions fv ON fv.campaign_id = fm.campaign_id AND fv.id = fm.version_id
		WHERE fm.campaign_id = ? ORDER BY fm.id DESC LIMIT ?`, campaignID, maxForms).Scan(ctx, &rows)
	if err != nil || v.ReadsAll() {
		return rows, v, err
	}
	for i := range rows {
		rows[i].Copies = 0
		own, err := ownCopies(ctx, tx, v, rows[i].ID)
		if err != nil {
			return nil, v, err
		}
		for _, n := range own {
			rows[i].Copies += n
		}
	}
	return rows, v, nil
}

// ownCopies counts what a viewer filled in of a form, by version.
func ownCopies(ctx context.Context, tx db.Tx, v Viewer, formID int64) (map[int64]int, error) {
	var counts []struct {
		VersionID int64
		N         int
	}
	err := tx.NewSelect().Model((*Copy)(nil)).ColumnExpr("version_id, count(*) AS n").Where("campaign_id = ?", v.ID).Where("form_id = ?", formID).
		Where("account_id = ?", v.Actor.AccountID).Where("replaced_by = 0").Group("version_id").Scan(ctx, &counts)
	by := map[int64]int{}
	for _, c := range counts {
		by[c.VersionID] = c.N
	}
	return by, err
}

// Seen is a form with what its page shows.
type Seen struct {
	Form

	Viewer   Viewer
	Current  *form.Form
	Versions []Version // the newest first, with how many copies the viewer may read; without definitions and workbooks
	Copies   []Copy    // that the viewer may read, the newest first; without instances and answers
	Next     int64     // the copy before which the next page begins; 0 for none
}

// See returns a form with a page of its copies: those before an id, or the newest for 0.
func (s *Service) See(ctx context.Context, campaignID, id, before int64) (x Seen, err error) {
	tx := s.db.Reader()
	if x.Viewer, err = s.viewer(ctx, tx, campaignID); err != nil {
		return x, err
	}
	if x.Form, err = one[Form](ctx, tx, campaignID, id, errNoForm); err != nil {
		return x, err
	}
	if x.Current, err = s.formOf(ctx, tx, campaignID, x.VersionID); err != nil {
		return x, err
	}
	if x.Versions, err = versionsSeen(ctx, tx, x); err != nil {
		return x, err
	}
	q := tx.NewSelect().Model(&x.Copies).ExcludeColumn("instance", "answers", "files").Where("campaign_id = ?", campaignID).Where("form_id = ?", id)
	if q = x.Viewer.narrow(q); before > 0 {
		q = q.Where("id < ?", before)
	}
	if err := q.Order("id DESC").Limit(Page + 1).Scan(ctx); err != nil {
		return x, fmt.Errorf("copies of form %d: %w", id, err)
	}
	if len(x.Copies) > Page {
		x.Copies = x.Copies[:Page]
		x.Next = x.Copies[Page-1].ID
	}
	return x, nil
}

// narrow leaves of copies those that the viewer may read.
func (v Viewer) narrow(q *bun.SelectQuery) *bun.SelectQuery {
	if v.ReadsAll() {
		return q
	}
	return q.Where("account_id = ?", v.Actor.AccountID)
}

func versionsSeen(ctx context.Context, tx db.Tx, x Seen) (rows []Version, err error) {
	err = tx.NewSelect().Model(&rows).ExcludeColumn("definition", "workbook").Where("campaign_id = ?", x.CampaignID).Where("form_id = ?", x.ID).Order("id DESC").Limit(maxForms).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("versions of form %d: %w", x.ID, err)
	}
	if x.Viewer.ReadsAll() {
		return rows, nil
	}
	own, err := ownCopies(ctx, tx, x.Viewer, x.ID)
	for i := range rows {
		rows[i].Copies = own[rows[i].ID]
	}
	return rows, err
}

// one reads a row by its campaign and id.
func one[T any](ctx context.Context, tx db.Tx, campaignID, id int64, missing error) (row T, err error) {
	err = tx.NewSelect().Model(&row).Where("campaign_id = ?", campaignID).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, missing
	}
	return row, err
}

// formOf is a version's form, ready to be filled in.
func (s *Service) formOf(ctx context.Context, tx db.Tx, campaignID, versionID int64) (*form.Form, error) {
	var v Version
	err := tx.NewSelect().Model(&v).Column("id", "mark").Where("campaign_id = ?", campaignID).Where("id = ?", versionID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNoForm
	}
	if err != nil {
		return nil, err
	}
	return s.compiled.Get(compiledKey{v.ID, v.Mark}, func() (*form.Form, error) {
		v, err := one[Version](ctx, tx, campaignID, versionID, errNoForm)
		if err != nil {
			return nil, err
		}
		d, err := form.ReadDefinition([]byte(v.Definition))
		if err != nil {
			return nil, err
		}
		f, faults := form.Compile(d)
		if len(faults) > 0 {
			return nil, kernel.E(kernel.Internal, "表单第 %s 版读不出来", v.Version).Because(fmt.Errorf("form version %d: %s", v.ID, faults[0]))
		}
		return f, nil
	})
}

// VersionOf returns a version with its workbook, and its form.
func (s *Service) VersionOf(ctx context.Context, campaignID, versionID int64) (v Version, f *form.Form, err error) {
	tx := s.db.Reader()
	if _, err = s.viewer(ctx, tx, campaignID); err != nil {
		return v, nil, err
	}
	if v, err = one[Version](ctx, tx, campaignID, versionID, errNoForm); err != nil {
		return v, nil, err
	}
	f, err = s.formOf(ctx, tx, campaignID, versionID)
	return v, f, err
}

// SeenCopy is a copy with what its page shows.
type SeenCopy struct {
	Copy

	Form     Form
	Version  string
	State    *form.State     // as it was handed in, worked out at the time
	Pictures map[string]File // that have come, by name
}

// SeeCopy returns a copy; it fails with not_found for who may not read it.
func (s *Service) SeeCopy(ctx context.Context, campaignID, id int64) (x SeenCopy, err error) {
	tx := s.db.Reader()
	if x.Copy, err = s.readable(ctx, tx, campaignID, id); err != nil {
		return x, err
	}
	if x.Form, err = one[Form](ctx, tx, campaignID, x.FormID, errNoForm); err != nil {
		return x, err
	}
	f, err := s.formOf(ctx, tx, campaignID, x.VersionID)
	if err != nil {
		return x, err
	}
	answers, err := form.ReadAnswers([]byte(x.Answers))
	if err != nil {
		return x, err
	}
	x.Version, x.State = f.Version, f.Fill(answers, x.ReceivedAt)
	files, err := filesOf(ctx, tx, campaignID, id)
	x.Pictures = map[string]File{}
	for _, file := range files {
		x.Pictures[file.Name] = file
	}
	return x, err
}

func (s *Service) readable(ctx context.Context, tx db.Tx, campaignID, id int64) (Copy, error) {
	v, err := s.viewer(ctx, tx, campaignID)
	if err != nil {
		return Copy{}, err
	}
	c, err := one[Copy](ctx, tx, campaignID, id, errNoCopy)
	if err == nil && !v.reads(c) {
		err = errNoCopy
	}
	return c, err
}

// Missing are the pictures of a copy that have not come, by their names.
func (x SeenCopy) Missing() (names []string) {
	for _, name := range x.named() {
		if _, have := x.Pictures[name]; !have {
			names = append(names, name)
		}
	}
	return names
}

func (c Copy) named() (names []string) {
	_ = json.Unmarshal([]byte(c.Files), &names) // our own
	return names
}

func filesOf(ctx context.Context, tx db.Tx, campaignID, id int64) (files []File, err error) {
	err = tx.NewSelect().Model(&files).Where("campaign_id = ?", campaignID).Where("submission_id = ?", id).Order("name").Scan(ctx)
	return files, err
}

// Picture returns a picture of a copy; it fails with not_found for who may not read the copy.
func (s *Service) Picture(ctx context.Context, campaignID, id, evidenceID int64) (evidence.File, error) {
	if _, err := s.readable(ctx, s.db.Reader(), campaignID, id); err != nil {
		return evidence.File{}, err
	}
	f, err := s.evidence.ByID(ctx, campaignID, evidenceID)
	if err != nil {
		return f, err
	}
	if f.SubjectKind != Kind || f.SubjectID != id {
		return evidence.File{}, kernel.E(kernel.NotFound, "没有这个文件")
	}
	return f, nil
}

// Records are the copies of a version that the viewer may read, the oldest first, for export. What a later copy corrects
// is left out.
func (s *Service) Records(ctx context.Context, v Viewer, versionID int64) form.Records {
	return func(yield func(form.Record, error) bool) {
		for after := int64(0); ; {
			var rows []Copy
			q := s.db.Reader().NewSelect().Model(&rows).ExcludeColumn("instance").Where("campaign_id = ?", v.ID).Where("version_id = ?", versionID).Where("replaced_by = 0").Where("id > ?", after)
			if err := v.narrow(q).Order("id").Limit(500).Scan(ctx); err != nil {
				yield(form.Record{}, err)
				return
			}
			for _, c := range rows {
				answers, err := form.ReadAnswers([]byte(c.Answers))
				if !yield(form.Record{Key: strconv.FormatInt(c.ID, 10), Extra: c.extra(), Answers: answers}, err) || err != nil {
					return
				}
				after = c.ID
			}
			if len(rows) == 0 {
				return
			}
		}
	}
}

// ExtraHeads are the heads of what Records tell of each copy beside its answers.
var ExtraHeads = []string{"填报人", "收到时间", "不合要求"}

func (c Copy) extra() []string {
	return []string{c.ByName, c.ReceivedAt.In(kernel.Shanghai).Format("2006-01-02 15:04"), strconv.Itoa(c.Faults)}
}

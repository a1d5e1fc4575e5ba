// Package submission keeps what is asked by forms and what was filled in (表单、填报): the forms of a campaign by version,
// as the office sent them, and the copies that came from browsers and ODK clients, each once.
package submission

import (
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/evidence"
	"pinzhi/internal/form"
	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
)

// The subject kinds of the ledger.
const (
	FormKind = "form"
	Kind     = "submission"
)

// Form is a form of a campaign.
type Form struct {
	bun.BaseModel `bun:"table:forms,alias:fm"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	Key        string // form_id: what workbooks and clients know it by
	Title      string
	VersionID  int64 // the current one
	MadeAt     time.Time
}

// Version is what a form asks. One that somebody has filled in is never written over.
type Version struct {
	bun.BaseModel `bun:"table:form_versions,alias:fv"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	FormID     int64
	Version    string
	Title      string
	Definition string // JSON of a form.Definition
	Mark       string // of its XForm, as a form list tells it
	FileName   string
	SHA256     string `bun:"sha256"` // of the workbook
	Workbook   []byte // as it was sent; not read into lists
	SentAt     time.Time
	SentBy     int64
	SentName   string
	Copies     int // that no later one corrects
}

// Copy is one filled-in copy of a form.
type Copy struct {
	bun.BaseModel `bun:"table:submissions,alias:sb"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	FormID     int64
	VersionID  int64
	InstanceID string // uuid:…, made where it was filled in
	SHA256     string `bun:"sha256"` // of what was sent
	Instance   string // XML as it was sent; "" from the browser
	Answers    string // JSON of form.Answers
	Files      string // JSON: the names of the pictures that it speaks of
	Name       string // by the form's instance_name; "" where it has none
	Faults     int    // how much does not hold, by the form
	ReplacedBy int64  // the copy that corrects it; 0 for none
	AccountID  int64
	UnitID     int64
	ByName     string
	ReceivedAt time.Time
}

// File is a picture of a copy that has come.
type File struct {
	bun.BaseModel `bun:"table:submission_files,alias:sf"`

	CampaignID   int64
	SubmissionID int64
	Name         string
	EvidenceID   int64
}

// Service keeps forms and copies.
type Service struct {
	db        *db.DB
	clock     kernel.Clock
	campaigns Campaigns
	evidence  *evidence.Service
	compiled  *kernel.Kept[compiledKey, *form.Form]
}

// compiledKey names a definition; one that nobody has filled in may be written over.
type compiledKey struct {
	versionID int64
	mark      string
}

// New makes the service.
func New(d *db.DB, clock kernel.Clock, campaigns Campaigns, files *evidence.Service) *Service {
	return &Service{db: d, clock: clock, campaigns: campaigns, evidence: files, compiled: kernel.Keep[compiledKey, *form.Form](200)}
}

var (
	errNoForm = kernel.E(kernel.NotFound, "没有这张表单")
	errNoCopy = kernel.E(kernel.NotFound, "没有这份填报")
)

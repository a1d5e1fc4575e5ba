// Package evidence keeps files and photographs: the original untouched under its SHA-256, when and where it was
// made by three accounts (the device, the picture itself, this server), its web sizes, and which other photo of
// the campaign it repeats. It owns the tables evidence, evidence_looks, evidence_marks, uploads and upload_pieces; the
// bytes lie in Blobs.
package evidence

import (
	"time"

	"pinzhi/internal/db"
	"pinzhi/internal/kernel"

	"github.com/uptrace/bun"
	"golang.org/x/sync/semaphore"
)

// Kind is the sort of a file; limits go by it.
type Kind string

// The kinds.
const (
	Photo    Kind = "photo"
	Document Kind = "document"
	Video    Kind = "video"
	Audio    Kind = "audio"
)

// Purposes of a file at its subject. A room may have others of its own.
const (
	Before = "before" // 整改前
	After  = "after"  // 整改后
	Other  = "other"
)

// SizesState says how far a photo's web sizes are. The column is the job's queue.
type SizesState string

// The states.
const (
	NoSizes      SizesState = "none" // not a photo, or one that cannot be decoded here (HEIC)
	SizesWaiting SizesState = "waiting"
	SizesReady   SizesState = "ready"
	SizesFailed  SizesState = "failed"
)

// File is a piece of evidence as it was handed in.
type File struct {
	bun.BaseModel `bun:"table:evidence,alias:e"`

	ID         int64 `bun:"id,pk,autoincrement"`
	CampaignID int64
	ClientUUID string `bun:"client_uuid"`
	SHA256     string `bun:"sha256"`
	Name       string // as uploaded: shown to people, trusted by nobody
	Kind       Kind
	Format     Format
	Bytes      int64
	Width      int // as seen, turned upright; 0 where unknown
	Height     int

	DeviceAt       time.Time `bun:",nullzero"` // what the device said at capture
	DeviceLat      *float64
	DeviceLon      *float64
	DeviceAccuracy float64   // metres; 0 unknown
	TakenAt        time.Time `bun:",nullzero"` // what the picture says of itself (EXIF)
	TakenZone      string    // +08:00; "" where it names none and Shanghai was taken
	TakenLat       *float64
	TakenLon       *float64
	ReceivedAt     time.Time // the server's own clock

	AccountID int64 `bun:",nullzero"`
	PersonID  int64 `bun:",nullzero"`
	UnitID    int64 `bun:",nullzero"`
	ByName    string

	SubjectKind string
	SubjectID   int64
	Purpose     string
	Round       int

	Sizes         SizesState
	SizesAttempts int
	SizesAt       time.Time
	CreatedAt     time.Time
}

// Place is a point on earth, in degrees.
type Place struct{ Lat, Lon float64 }

// DevicePlace is where the device said it was.
func (f File) DevicePlace() (Place, bool) { return placeOf(f.DeviceLat, f.DeviceLon) }

// TakenPlace is where the picture says it was taken.
func (f File) TakenPlace() (Place, bool) { return placeOf(f.TakenLat, f.TakenLon) }

func placeOf(lat, lon *float64) (Place, bool) {
	if lat == nil || lon == nil {
		return Place{}, false
	}
	return Place{*lat, *lon}, true
}

// valid refuses what no fix can be. 0,0 is what broken devices say.
func (p Place) valid() bool {
	return p.Lat >= -90 && p.Lat <= 90 && p.Lon >= -180 && p.Lon <= 180 && (p.Lat != 0 || p.Lon != 0)
}

// EventData is what the ledger records of the file: enough to prove later that it is this one.
func (f File) EventData() map[string]any {
	return map[string]any{
		"file": f.ID, "name": f.Name, "sha256": f.SHA256, "format": f.Format, "bytes": f.Bytes,
		"purpose": f.Purpose, "round": f.Round,
	}
}

// Meta is what comes with an upload beside its bytes; everything is optional.
type Meta struct {
	Name       string
	ClientUUID string
	DeviceAt   time.Time
	Device     *Place
	Accuracy   float64 // metres
	SHA256     string  // what it must have; "" where nobody says

	AccountID int64
	PersonID  int64
	UnitID    int64
	ByName    string
}

// Subject is what a file is evidence for.
type Subject struct {
	Kind    string
	ID      int64
	Purpose string
	Round   int // how often the case has gone round; 0 where it does not
}

// Incoming is a file that was received and stands in the blob store, but is not evidence for anything yet.
type Incoming struct {
	File

	imprint imprint
	upload  int64 // by which it came in pieces, 0 for none
}

// Limits bound what is taken in.
type Limits struct {
	PhotoBytes    int64
	DocumentBytes int64
	VideoBytes    int64
	AudioBytes    int64
	Pixels        int64 // of one photo
	Files         int   // of one upload
}

// DefaultLimits are those of the manual.
var DefaultLimits = Limits{PhotoBytes: 30 << 20, DocumentBytes: 50 << 20, VideoBytes: 100 << 20, AudioBytes: 20 << 20, Pixels: 100e6, Files: 20}

// CheckCount fails with too_large if an upload brings more files than allowed.
func (l Limits) CheckCount(n int) error {
	if n > l.Files {
		return kernel.E(kernel.TooLarge, "一次最多上传 %d 个文件，您选了 %d 个，请分几次上传", l.Files, n).On("files")
	}
	return nil
}

func (l Limits) bytesOf(k Kind) int64 {
	switch k {
	case Photo:
		return l.PhotoBytes
	case Video:
		return l.VideoBytes
	case Audio:
		return l.AudioBytes
	default:
		return l.DocumentBytes
	}
}

func (l Limits) largest() int64 {
	return max(l.PhotoBytes, l.DocumentBytes, l.VideoBytes, l.AudioBytes)
}

// Service receives, keeps and shows evidence.
type Service struct {
	db     *db.DB
	blobs  Blobs
	clock  kernel.Clock
	limits Limits
	memory *semaphore.Weighted // bytes that decoded pictures may take at once
}

// New makes the service. Many instances may work on one database and blob store.
func New(d *db.DB, blobs Blobs, clock kernel.Clock, limits Limits) *Service {
	return &Service{db: d, blobs: blobs, clock: clock, limits: limits, memory: semaphore.NewWeighted(decodeMemory)}
}

// Limits are what this service takes in, for the upload page.
func (s *Service) Limits() Limits { return s.limits }

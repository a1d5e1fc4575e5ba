package evidence

import (
	"fmt"
	"math"
	"time"

	"pinzhi/internal/kernel"
)

// Doubt is one thing about a file that does not fit. It accuses nobody: the verifier looks and decides.
type Doubt struct {
	Code    string
	Message string // Chinese, one line
}

// The doubts.
const (
	TooEarly    = "too_early"    // made before the work was handed out
	TooFar      = "too_far"      // made elsewhere
	ClocksApart = "clocks_apart" // device and picture name different times
	PlacesApart = "places_apart" // device and picture name different places
	FromFuture  = "from_future"  // made later than now
	LongHeld    = "long_held"    // handed in long after it was made
	NoTime      = "no_time"      // nobody says when
	NoPlace     = "no_place"     // nobody says where
)

// Thresholds. A phone's fix among houses is off by tens of metres; a clock set by hand by minutes.
const (
	FarMetres      = 300.0
	ApartMetres    = 300.0
	ClockTolerance = 10 * time.Minute
	HeldTolerance  = 24 * time.Hour
)

// About is what a file is held against.
type About struct {
	Place     *Place    // where it should have been made
	NotBefore time.Time // when the work was handed out; zero for no bound
	Now       time.Time
}

// Doubts lists what does not fit about a file, the gravest first. Documents and voices are
// not asked when and where.
func Doubts(f File, about About) (doubts []Doubt) {
	if f.Kind == Document || f.Kind == Audio {
		return nil
	}
	say := func(code, format string, args ...any) {
		doubts = append(doubts, Doubt{code, fmt.Sprintf(format, args...)})
	}
	if made, what := f.made(); !made.IsZero() {
		doubtTime(f, made, what, about, say)
	} else {
		say(NoTime, "没有拍摄时间，只知道 %s 收到", chineseMinute(f.ReceivedAt))
	}
	doubtPlace(f, about, say)
	return doubts
}

// made is when the file was made, by the better witness: the picture itself, then the device.
func (f File) made() (at time.Time, what string) {
	if !f.TakenAt.IsZero() {
		return f.TakenAt, "照片"
	}
	return f.DeviceAt, "设备"
}

func doubtTime(f File, made time.Time, what string, about About, say func(code, format string, args ...any)) {
	if !about.NotBefore.IsZero() && made.Before(about.NotBefore) {
		say(TooEarly, "%s时间早于派单（拍摄 %s，派单 %s）", what, chineseMinute(made), chineseMinute(about.NotBefore))
	}
	if made.After(about.Now.Add(ClockTolerance)) || made.After(f.ReceivedAt.Add(ClockTolerance)) {
		say(FromFuture, "%s时间晚于收到的时间（拍摄 %s，收到 %s）", what, chineseMinute(made), chineseMinute(f.ReceivedAt))
	}
	if !f.TakenAt.IsZero() && !f.DeviceAt.IsZero() {
		if apart := f.TakenAt.Sub(f.DeviceAt).Abs(); apart > ClockTolerance {
			say(ClocksApart, "设备时间与照片时间相差 %s（设备 %s，照片 %s）", chineseDuration(apart), chineseMinute(f.DeviceAt), chineseMinute(f.TakenAt))
		}
	}
	if held := f.ReceivedAt.Sub(made); held > HeldTolerance {
		say(LongHeld, "拍摄 %s后才上传（拍摄 %s，收到 %s）", chineseDuration(held), chineseMinute(made), chineseMinute(f.ReceivedAt))
	}
}

func doubtPlace(f File, about About, say func(code, format string, args ...any)) {
	device, onDevice := f.DevicePlace()
	taken, inPicture := f.TakenPlace()
	if !onDevice && !inPicture {
		say(NoPlace, "没有拍摄位置")
		return
	}
	if about.Place != nil {
		distance, source := Distance(taken, *about.Place), "照片"
		slack := 0.0
		if !inPicture {
			distance, source, slack = Distance(device, *about.Place), "设备", f.DeviceAccuracy
		}
		if distance-slack > FarMetres {
			say(TooFar, "%s位置距现场 %s", source, chineseDistance(distance))
		}
	}
	if onDevice && inPicture {
		if apart := Distance(device, taken); apart-f.DeviceAccuracy > ApartMetres {
			say(PlacesApart, "设备位置与照片位置相差 %s", chineseDistance(apart))
		}
	}
}

const earthRadius = 6_371_000 // metres

// Distance is the great-circle distance of two places in metres, by the haversine formula.
func Distance(a, b Place) float64 {
	radians := func(degrees float64) float64 { return degrees * math.Pi / 180 }
	dLat, dLon := radians(b.Lat-a.Lat)/2, radians(b.Lon-a.Lon)/2
	h := math.Sin(dLat)*math.Sin(dLat) + math.Cos(radians(a.Lat))*math.Cos(radians(b.Lat))*math.Sin(dLon)*math.Sin(dLon)
	return 2 * earthRadius * math.Asin(math.Sqrt(min(h, 1)))
}

func chineseMinute(t time.Time) string { return t.In(kernel.Shanghai).Format("1月2日 15:04") }

func chineseDistance(metres float64) string {
	if metres < 1000 {
		return fmt.Sprintf("%.0f 米", metres)
	}
	return fmt.Sprintf("%.1f 公里", metres/1000)
}

func chineseDuration(d time.Duration) string {
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%d 分钟", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d 小时", int(d.Hours()))
	}
	return fmt.Sprintf("%d 天", int(d.Hours()/24))
}

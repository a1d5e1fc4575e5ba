package evidence_test

import (
	"math"
	"testing"
	"time"

	"pinzhi/internal/evidence"
	"pinzhi/internal/kernel"

	"github.com/google/go-cmp/cmp"
)

func shanghai(day, hour, minute int) time.Time {
	return time.Date(2024, 3, day, hour, minute, 0, 0, kernel.Shanghai)
}

func TestDoubts_SayWhatDoesNotFit(t *testing.T) {
	site := evidence.Place{Lat: 36.0881, Lon: 111.5190}
	degree := func(v float64) *float64 { return &v }
	near := evidence.File{
		Kind: evidence.Photo, TakenAt: shanghai(20, 10, 0), DeviceAt: shanghai(20, 10, 1), ReceivedAt: shanghai(20, 10, 5),
		TakenLat: degree(36.0882), TakenLon: degree(111.5191), DeviceLat: degree(36.0880), DeviceLon: degree(111.5189),
	}
	for name, c := range map[string]struct {
		change func(f *evidence.File)
		want   []string
	}{
		"a photo that fits": {func(*evidence.File) {}, nil},
		"taken before the work was handed out": {func(f *evidence.File) { f.TakenAt, f.DeviceAt = shanghai(18, 8, 10), time.Time{} }, []string{
			"照片时间早于派单（拍摄 3月18日 08:10，派单 3月20日 09:00）", "拍摄 2 天后才上传（拍摄 3月18日 08:10，收到 3月20日 10:05）",
		}},
		"taken elsewhere":           {func(f *evidence.File) { f.TakenLat, f.DeviceLat = degree(36.1169), degree(36.1169) }, []string{"照片位置距现场 3.2 公里"}},
		"two places":                {func(f *evidence.File) { f.DeviceLat = degree(36.0926) }, []string{"设备位置与照片位置相差 490 米"}},
		"a device that is not sure": {func(f *evidence.File) { f.DeviceLat, f.DeviceAccuracy = degree(36.0926), 400 }, nil},
		"two clocks": {func(f *evidence.File) { f.DeviceAt = shanghai(20, 9, 15) }, []string{
			"设备时间与照片时间相差 45 分钟（设备 3月20日 09:15，照片 3月20日 10:00）",
		}},
		"from the future": {func(f *evidence.File) { f.TakenAt, f.DeviceAt = shanghai(21, 8, 0), time.Time{} }, []string{
			"照片时间晚于收到的时间（拍摄 3月21日 08:00，收到 3月20日 10:05）",
		}},
		"nothing said": {func(f *evidence.File) { *f = evidence.File{Kind: evidence.Photo, ReceivedAt: f.ReceivedAt} }, []string{
			"没有拍摄时间，只知道 3月20日 10:05 收到", "没有拍摄位置",
		}},
		"a document": {func(f *evidence.File) { *f = evidence.File{Kind: evidence.Document} }, nil},
	} {
		f := near
		c.change(&f)
		var got []string
		for _, d := range evidence.Doubts(f, evidence.About{Place: &site, NotBefore: shanghai(20, 9, 0), Now: shanghai(20, 11, 0)}) {
			got = append(got, d.Message)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestDistance_FollowsTheEarth(t *testing.T) {
	for _, c := range []struct {
		a, b   evidence.Place
		metres float64
	}{
		{evidence.Place{Lat: 36, Lon: 111}, evidence.Place{Lat: 36, Lon: 111}, 0},
		{evidence.Place{Lat: 36, Lon: 111}, evidence.Place{Lat: 37, Lon: 111}, 111_195},
		{evidence.Place{Lat: 0, Lon: 0}, evidence.Place{Lat: 0, Lon: 180}, math.Pi * 6_371_000},
	} {
		if got := evidence.Distance(c.a, c.b); math.Abs(got-c.metres) > 1 {
			t.Errorf("%v to %v: %f", c.a, c.b, got)
		}
	}
}

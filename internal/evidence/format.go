package evidence

import (
	"bytes"
	"io"
	"mime"
	"path"
	"slices"
	"strings"
	"unicode"

	"pinzhi/internal/kernel"
)

// Format is what a file's own bytes say it is.
type Format string

// formatRule is what is known of a format. Its content type is what the file is served with, whatever the upload said.
type formatRule struct {
	kind        Kind
	contentType string
	suffixes    []string // the first is added to a name that has none of them
	decodable   bool
}

// formats lists everything that is taken in; whatever is not here is refused.
var formats = map[Format]formatRule{
	"jpeg": {Photo, "image/jpeg", []string{".jpg", ".jpeg"}, true},
	"png":  {Photo, "image/png", []string{".png"}, true},
	"webp": {Photo, "image/webp", []string{".webp"}, true},
	"heic": {Photo, "image/heic", []string{".heic", ".heif"}, false},
	"pdf":  {Document, "application/pdf", []string{".pdf"}, false},
	"docx": {Document, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", []string{".docx"}, false},
	"xlsx": {Document, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", []string{".xlsx"}, false},
	"pptx": {Document, "application/vnd.openxmlformats-officedocument.presentationml.presentation", []string{".pptx"}, false},
	"doc":  {Document, "application/msword", []string{".doc", ".wps"}, false},
	"xls":  {Document, "application/vnd.ms-excel", []string{".xls", ".et"}, false},
	"ppt":  {Document, "application/vnd.ms-powerpoint", []string{".ppt", ".dps"}, false},
	"ofd":  {Document, "application/ofd", []string{".ofd"}, false}, // GB/T 33190-2016
	"mp4":  {Video, "video/mp4", []string{".mp4", ".m4v"}, false},
	"mov":  {Video, "video/quicktime", []string{".mov"}, false},
	"3gp":  {Video, "video/3gpp", []string{".3gp"}, false},
	"webm": {Video, "video/webm", []string{".webm"}, false}, // a voice in one is a film without pictures
	"m4a":  {Audio, "audio/mp4", []string{".m4a"}, false},
	"aac":  {Audio, "audio/aac", []string{".aac"}, false},
	"mp3":  {Audio, "audio/mpeg", []string{".mp3"}, false},
	"wav":  {Audio, "audio/wav", []string{".wav"}, false},
	"amr":  {Audio, "audio/amr", []string{".amr"}, false},
	"ogg":  {Audio, "audio/ogg", []string{".ogg", ".oga", ".opus"}, false},
}

// Accepted is what the upload page tells the browser to offer.
const Accepted = "image/jpeg,image/png,image/webp,image/heic,.heic,.pdf,.docx,.xlsx,.pptx,.doc,.xls,.ppt,.wps,.et,.ofd,video/mp4,video/quicktime,video/webm,.3gp,audio/*,.m4a,.amr"

// ContentType is what files of the format are served as.
func (f Format) ContentType() string { return formats[f].contentType }

// ContentDisposition is the header to serve the file with: photos that browsers know stand in the page,
// everything else is saved, so that nothing handed in ever runs as a page of ours.
func (f File) ContentDisposition() string {
	disposition := "attachment"
	if rule := formats[f.Format]; rule.decodable {
		disposition = "inline"
	}
	return mime.FormatMediaType(disposition, map[string]string{"filename": f.DownloadName()})
}

// DownloadName is the name as uploaded, with the ending that fits what the file is.
func (f File) DownloadName() string {
	name := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf) || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, f.Name)
	rule, known := formats[f.Format]
	if name == "" {
		name = f.SHA256[:min(12, len(f.SHA256))]
	}
	if known && !slices.Contains(rule.suffixes, strings.ToLower(path.Ext(name))) {
		name += rule.suffixes[0]
	}
	return name
}

// headSize is how much of a file the first look reads.
const headSize = 4096

// sniff tells the format of a file by its content; "" for what is not taken in. It fails with invalid for files
// that are known to be unwelcome, saying why.
func sniff(name string, r io.ReaderAt, size int64) (Format, error) {
	head := make([]byte, min(size, headSize))
	if n, err := r.ReadAt(head, 0); n < len(head) {
		return "", err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return "jpeg", nil
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return "png", nil
	case len(head) > 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP":
		return "webp", nil
	case len(head) > 12 && string(head[4:8]) == "ftyp":
		return sniffBoxes(head), nil
	case bytes.HasPrefix(head, []byte("%PDF-")):
		return "pdf", nil
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return sniffZip(name, r, size)
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return sniffCompound(name, r, size)
	case len(head) > 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WAVE":
		return "wav", nil
	case bytes.HasPrefix(head, []byte("#!AMR")):
		return "amr", nil
	case bytes.HasPrefix(head, []byte("OggS")):
		return "ogg", nil
	case bytes.HasPrefix(head, []byte("ID3")):
		return "mp3", nil
	case len(head) > 2 && head[0] == 0xff && head[1]&0xf6 == 0xf0: // ADTS: layer 0
		return "aac", nil
	case len(head) > 2 && head[0] == 0xff && head[1]&0xe6 == 0xe2: // MPEG audio frame: layer III
		return "mp3", nil
	case bytes.HasPrefix(head, []byte("\x1aE\xdf\xa3")) && bytes.Contains(head[:min(64, len(head))], []byte("webm")):
		return "webm", nil
	}
	return "", nil
}

// brands are the names that files of ISO/IEC 14496-12 give themselves.
var brands = map[string]Format{
	"heic": "heic", "heix": "heic", "heim": "heic", "heis": "heic", "hevc": "heic", "mif1": "heic", "msf1": "heic",
	"isom": "mp4", "iso2": "mp4", "iso4": "mp4", "iso5": "mp4", "iso6": "mp4", "mp41": "mp4", "mp42": "mp4", "avc1": "mp4",
	"M4V ": "mp4", "M4VH": "mp4", "M4VP": "mp4", "MSNV": "mp4", "dash": "mp4",
	"qt  ": "mov", "3gp4": "3gp", "3gp5": "3gp", "3gp6": "3gp", "3gp7": "3gp", "3g2a": "3gp",
	"M4A ": "m4a", "M4B ": "m4a",
}

func sniffBoxes(head []byte) Format {
	major := string(head[8:12])
	if major == "mif1" && bytes.Contains(head[:min(64, len(head))], []byte("avif")) {
		return ""
	}
	return brands[major]
}

func refused(name string) error {
	return kernel.E(kernel.Invalid, "“%s”不是能收的文件。可以上传照片（JPG、PNG、WebP、HEIC）、PDF、OFD、Word、Excel、PPT、录音（M4A、MP3、AMR、WAV）和短视频（MP4、MOV）",
		name).On("files")
}

func macros(name string) error {
	return kernel.E(kernel.Invalid, "“%s”带有宏，不能收。请在 WPS 或 Word 里另存为不带宏的文件再上传", name).On("files")
}

func broken(name string) error {
	return kernel.E(kernel.Invalid, "“%s”打不开，可能没有传完或已损坏，请重新选择原文件上传", name).On("files")
}

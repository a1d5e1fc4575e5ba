// Package source turns files as they come (.txt, .docx, .pdf) into lines of text.
package source

import (
	"bytes"
	"path/filepath"
	"strings"

	"pinzhi/internal/kernel"
	"pinzhi/internal/plan"
)

// MaxSize is the largest file read, in bytes.
const MaxSize = 20 << 20

// Read reads a file into lines. What it is is told by its content; the name only serves messages.
// It fails with too_large over MaxSize (or when a .docx unpacks to too much), and with invalid where the file is
// empty, damaged, encrypted, a scan, or of a kind that holds no text; the message says what to do.
func Read(name string, data []byte) (plan.Source, error) {
	name = filepath.Base(name)
	if len(data) > MaxSize {
		return plan.Source{}, kernel.E(kernel.TooLarge, "文件“%s”超过20MB。方案正文不会这么大：请去掉图片后另存，或只上传正文。", name)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return plan.Source{}, kernel.E(kernel.Invalid, "文件“%s”是空的。请检查是否保存成功，换一份再试。", name)
	}
	format := formatOf(data)
	if why := refusals[format]; why != "" {
		return plan.Source{}, kernel.E(kernel.Invalid, why, name)
	}
	var lines []string
	var err error
	switch format {
	case "zip":
		format = "docx"
		lines, err = docxLines(name, data)
	case "pdf":
		lines, err = pdfLines(name, data)
	default:
		format = "txt"
		lines, err = textLines(name, data)
	}
	if err != nil {
		return plan.Source{}, err
	}
	if strings.TrimSpace(strings.Join(lines, "")) == "" {
		return plan.Source{}, kernel.E(kernel.Invalid, "文件“%s”里没有文字。请换一份有正文的方案。", name)
	}
	return plan.Source{Name: name, Format: format, Lines: lines}, nil
}

// refusals say of each kind of file that holds no readable plan what to do instead.
var refusals = map[string]string{
	"ole":   "“%s”是旧版 Word（.doc）文件。请用 WPS 或 Word 打开，另存为 .docx 再上传。",
	"rtf":   "“%s”是 RTF 文件。请用 WPS 或 Word 打开，另存为 .docx 再上传。",
	"image": "“%s”是图片，不是文字。请上传方案的 .docx、.txt 或文字版 .pdf。",
	"html":  "“%s”是网页文件。请打开网页，把正文复制到 .txt 或 .docx 再上传。",
	"exec":  "“%s”是程序文件，不是方案。请检查是否选错了文件。",
	"pack":  "“%s”是压缩包。请先解压，再上传里面的方案文件。",
}

// formatOf tells the kind of a file by its first bytes.
func formatOf(data []byte) string {
	for _, k := range []struct{ magic, format string }{
		{"PK\x03\x04", "zip"}, {"PK\x05\x06", "zip"}, {"%PDF-", "pdf"}, {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"}, {"{\\rtf", "rtf"},
		{"\x89PNG", "image"}, {"\xff\xd8\xff", "image"}, {"GIF8", "image"}, {"BM\x00", "image"}, {"II*\x00", "image"}, {"MM\x00*", "image"},
		{"\x7fELF", "exec"}, {"MZ\x90", "exec"}, {"Rar!", "pack"}, {"7z\xbc\xaf", "pack"}, {"\x1f\x8b", "pack"},
	} {
		if bytes.HasPrefix(data, []byte(k.magic)) {
			return k.format
		}
	}
	head := data[:min(len(data), 1024)]
	if len(head) > 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP" {
		return "image"
	}
	if bytes.Contains(head, []byte("%PDF-")) {
		return "pdf"
	}
	low := strings.ToLower(strings.TrimSpace(string(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))))
	if strings.HasPrefix(low, "<!doctype html") || strings.HasPrefix(low, "<html") {
		return "html"
	}
	return ""
}

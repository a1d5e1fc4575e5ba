package source

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strings"

	"pinzhi/internal/kernel"
)

// Limits of a .docx: what an honest document never reaches.
const (
	maxEntries = 5000
	maxPart    = 48 << 20 // bytes of one unpacked part
	maxDepth   = 200      // elements in elements
	maxLines   = 200_000
)

// docxLines reads the text of a Word document: paragraphs, tables (a row a line, cells parted by tabs), automatic
// numbers, text boxes. Headers, footers, notes, deleted and hidden text are not part of it.
func docxLines(name string, data []byte) ([]string, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, kernel.E(kernel.Invalid, "“%s”打不开，文件可能没有下载完整或已损坏。请重新保存一份再上传。", name).Because(err)
	}
	if len(z.File) > maxEntries {
		return nil, kernel.E(kernel.TooLarge, "“%s”里的文件太多，不像 Word 文档。请重新保存一份 .docx 再上传。", name)
	}
	p := pack{name: name, files: map[string]*zip.File{}}
	for _, f := range z.File {
		p.files[strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(f.Name, "\\", "/")), "/")] = f
	}
	main, err := p.documentPart()
	if err != nil {
		return nil, err
	}
	body, err := p.read(main)
	if err != nil {
		return nil, err
	}
	numbers, err := p.numbering(path.Dir(main))
	if err != nil {
		return nil, err
	}
	r := &docReader{dec: xml.NewDecoder(bytes.NewReader(body)), numbers: numbers}
	lines, err := r.document()
	switch {
	case errors.Is(err, errTooDeep), errors.Is(err, errTooLong):
		return nil, kernel.E(kernel.TooLarge, "“%s”的结构太复杂或内容太多。请用 WPS 或 Word 打开，只留正文另存后再上传。", name).Because(err)
	case err != nil:
		return nil, kernel.E(kernel.Invalid, "“%s”的正文部分（%s）已损坏。请用 WPS 或 Word 打开后另存为 .docx 再上传。", name, main).Because(err)
	}
	return lines, nil
}

// pack is an opened Office package.
type pack struct {
	name  string
	files map[string]*zip.File
}

// documentPart finds the part that holds the text.
func (p pack) documentPart() (string, error) {
	if rels, err := p.read("_rels/.rels"); err == nil {
		var list struct {
			Rels []struct {
				Type   string `xml:"Type,attr"`
				Target string `xml:"Target,attr"`
			} `xml:"Relationship"`
		}
		if xml.Unmarshal(rels, &list) == nil {
			for _, r := range list.Rels {
				target := strings.TrimPrefix(path.Clean("/"+r.Target), "/")
				if strings.HasSuffix(r.Type, "/officeDocument") && p.files[target] != nil && strings.HasPrefix(target, "word") {
					return target, nil
				}
			}
		}
	}
	switch {
	case p.files["word/document.xml"] != nil:
		return "word/document.xml", nil
	case p.files["OFD.xml"] != nil:
		return "", kernel.E(kernel.Invalid, "“%s”是 OFD 文件。请导出为文字版 PDF 或 .docx 再上传。", p.name)
	case p.has("xl/"):
		return "", kernel.E(kernel.Invalid, "“%s”是表格（.xlsx），不是方案正文。请上传 .docx、.txt 或文字版 .pdf。", p.name)
	case p.has("ppt/"):
		return "", kernel.E(kernel.Invalid, "“%s”是幻灯片（.pptx），不是方案正文。请上传 .docx、.txt 或文字版 .pdf。", p.name)
	case p.has("word/"):
		return "", kernel.E(kernel.Invalid, "“%s”缺少正文部分（word/document.xml）。请用 WPS 或 Word 重新保存一份再上传。", p.name)
	default:
		return "", kernel.E(kernel.Invalid, "“%s”是压缩包，不是 Word 文档，里面没有正文（word/document.xml）。请先解压，再上传方案文件。", p.name)
	}
}

func (p pack) has(prefix string) bool {
	for n := range p.files {
		if strings.HasPrefix(n, prefix) {
			return true
		}
	}
	return false
}

// read unpacks one part, never more than maxPart of it: the size in the directory may lie.
func (p pack) read(part string) ([]byte, error) {
	f := p.files[part]
	if f == nil {
		return nil, kernel.E(kernel.Invalid, "“%s”缺少%s。请用 WPS 或 Word 重新保存一份再上传。", p.name, part)
	}
	r, err := f.Open()
	if err != nil {
		return nil, p.damaged(part, err)
	}
	defer func() { _ = r.Close() }() // only read
	data, err := io.ReadAll(io.LimitReader(r, maxPart+1))
	if err != nil {
		return nil, p.damaged(part, err)
	}
	if len(data) > maxPart {
		return nil, kernel.E(kernel.TooLarge, "“%s”解开后太大（%s超过48MB），已停止读取。请检查文件来源，重新保存一份再上传。", p.name, part)
	}
	return data, nil
}

func (p pack) damaged(part string, err error) error {
	return kernel.E(kernel.Invalid, "“%s”的%s已损坏。请用 WPS 或 Word 重新保存一份再上传。", p.name, part).Because(err)
}

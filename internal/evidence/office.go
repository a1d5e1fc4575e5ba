package evidence

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/richardlehane/mscfb"
)

// What a zip may cost to look into: its list of entries, and one short file.
const (
	maxZipEntries   = 10_000
	maxContentTypes = 1 << 20
	maxStreams      = 10_000
)

// mainParts are the content types of an office file's main part (ECMA-376).
var mainParts = map[string]Format{
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml":   "docx",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml":         "xlsx",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml": "pptx",
}

// sniffZip tells office files from other archives, which are refused.
func sniffZip(name string, r io.ReaderAt, size int64) (Format, error) {
	z, err := zip.NewReader(r, size)
	if err != nil || len(z.File) > maxZipEntries {
		return "", broken(name)
	}
	for _, f := range z.File {
		switch f.Name {
		case "[Content_Types].xml":
			return sniffContentTypes(name, f)
		case "OFD.xml":
			return "ofd", nil
		}
	}
	return "", refused(name)
}

func sniffContentTypes(name string, f *zip.File) (Format, error) {
	if f.UncompressedSize64 > maxContentTypes {
		return "", refused(name)
	}
	content, err := f.Open()
	if err != nil {
		return "", broken(name)
	}
	defer content.Close() //nolint:errcheck // it was only read
	var types struct {
		Override []struct {
			ContentType string `xml:"ContentType,attr"`
		} `xml:"Override"`
		Default []struct {
			ContentType string `xml:"ContentType,attr"`
		} `xml:"Default"`
	}
	if err := xml.NewDecoder(io.LimitReader(content, maxContentTypes)).Decode(&types); err != nil {
		return "", broken(name)
	}
	var found Format
	for _, t := range append(types.Override, types.Default...) {
		if strings.Contains(t.ContentType, "macroEnabled") || strings.Contains(t.ContentType, "vbaProject") {
			return "", macros(name)
		}
		if f := mainParts[t.ContentType]; f != "" {
			found = f
		}
	}
	if found == "" {
		return "", refused(name)
	}
	return found, nil
}

// streams are the names by which an office file of before 2007, or of WPS, keeps its text.
var streams = map[string]Format{
	"WordDocument": "doc", "Workbook": "xls", "Book": "xls", "PowerPoint Document": "ppt",
}

// sniffCompound looks into the older office files ([MS-CFB]).
func sniffCompound(name string, r io.ReaderAt, size int64) (found Format, err error) {
	defer func() {
		if p := recover(); p != nil {
			found, err = "", broken(name)
		}
	}()
	c, err := mscfb.New(io.NewSectionReader(r, 0, size))
	if err != nil {
		return "", broken(name)
	}
	for n := 0; ; n++ {
		entry, err := c.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || n > maxStreams {
			return "", fmt.Errorf("compound file: %w", broken(name))
		}
		if entry.Name == "VBA" || strings.HasPrefix(entry.Name, "_VBA_PROJECT") {
			return "", macros(name)
		}
		if f := streams[entry.Name]; f != "" && found == "" {
			found = f
		}
	}
	if found == "" {
		return "", refused(name)
	}
	return found, nil
}

package source

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"pinzhi/internal/kernel"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// textLines reads a text file: UTF-8 with or without a byte order mark, UTF-16 with one, GB18030.
// Lines count as cat -n counts them: each ends at its \n, and a \r before that is not part of it.
func textLines(name string, data []byte) ([]string, error) {
	s, ok := decode(data)
	if !ok || strings.ContainsRune(s, 0) || garbled(s) {
		return nil, kernel.E(kernel.Invalid, "“%s”不是文字文件，或编码认不出（支持 UTF-8、GB18030、带标记的 UTF-16）。请用记事本另存为 UTF-8 再上传。", name)
	}
	s = strings.TrimSuffix(s, "\n")
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSuffix(l, "\r")
	}
	return lines, nil
}

func decode(data []byte) (string, bool) {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		s := string(data[3:])
		return s, utf8.ValidString(s)
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		return decodeWith(unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM), data)
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		return decodeWith(unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM), data)
	case utf8.Valid(data):
		return string(data), true
	default:
		return decodeWith(simplifiedchinese.GB18030, data)
	}
}

func decodeWith(e encoding.Encoding, data []byte) (string, bool) {
	out, err := e.NewDecoder().Bytes(data)
	if err != nil {
		return "", false
	}
	return string(out), !bytes.ContainsRune(out, utf8.RuneError)
}

// garbled reports a text that is mostly control characters: some other kind of file.
func garbled(s string) bool {
	control, all := 0, 0
	for _, r := range s {
		all++
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' && r != '\v' {
			control++
		}
	}
	return control*50 > all
}

package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed all:assets/dist assets/icon.svg
var bundled embed.FS

// assets serves the bundled files under a prefix that changes with their content, so that browsers keep them for good.
type assets struct {
	prefix string
	files  map[string][]byte
}

func loadAssets() assets {
	a := assets{files: map[string][]byte{}}
	sum := sha256.New()
	err := fs.WalkDir(bundled, "assets", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		content, err := bundled.ReadFile(name)
		if err != nil {
			return err
		}
		sum.Write(content)
		a.files[path.Base(name)] = content
		return nil
	})
	if err != nil {
		panic(err) // an embedded file cannot fail to be read
	}
	a.prefix = "/assets/" + hex.EncodeToString(sum.Sum(nil))[:12] + "/"
	return a
}

// complete reports whether the bundle was built before the program was.
func (a assets) complete() bool { return len(a.files["app.js"]) > 0 && len(a.files["app.css"]) > 0 }

// ServeHTTP implements http.Handler.
func (a assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, a.prefix)
	content, ok := a.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}

package ledger

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"pinzhi/internal/kernel"

	"golang.org/x/mod/sumdb/note"
)

const (
	keyEnv  = "PINZHI_LEDGER_KEY"
	keyFile = "ledger.key"
	keyName = "pinzhi"
)

// key signs checkpoints.
type key struct {
	signer   note.Signer
	verifier note.Verifier
	public   string
}

// loadKey takes the key from the environment, else from the data folder, where the first start makes one if mayMake.
// Several instances on one PostgreSQL must share it through the environment.
func loadKey(dir string, mayMake bool) (key, error) {
	if text := os.Getenv(keyEnv); text != "" {
		return parseKey(text, "环境变量 "+keyEnv)
	}
	path := filepath.Join(dir, keyFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if !mayMake {
			return key{}, errOtherKey
		}
		return makeKey(path)
	}
	if err != nil {
		return key{}, kernel.E(kernel.Unavailable, "流水密钥文件“%s”读不出", path).Because(err)
	}
	return parseKey(string(text), "文件“"+path+"”")
}

// makeKey writes the file so that nobody else on the machine reads it, never over another's, and whole or not at
// all: half a key, left by a machine that lost its power, would keep the system from starting again.
func makeKey(path string) (key, error) {
	private, _, err := note.GenerateKey(rand.Reader, keyName)
	if err != nil {
		return key{}, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return key{}, err
	}
	if err := writeOnce(path, private+"\n"); err != nil {
		return key{}, kernel.E(kernel.Unavailable, "流水密钥文件“%s”写不进", path).Because(err)
	}
	return parseKey(private, path)
}

func writeOnce(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // only its owner reads it
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path) // unlike a rename it fails where there is one already
}

// parseKey reads a private key as note.GenerateKey writes it.
func parseKey(text, from string) (key, error) {
	bad := kernel.E(kernel.Invalid, "%s里的流水密钥读不懂，应以 PRIVATE+KEY+ 开头", from)
	text = strings.TrimSpace(text)
	signer, err := note.NewSigner(text)
	if err != nil {
		return key{}, bad // not the cause: it could quote the key
	}
	parts := strings.SplitN(text, "+", 5) // PRIVATE+KEY+name+hash+base64(1, seed)
	seed, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(seed) != 1+ed25519.SeedSize {
		return key{}, bad
	}
	public, ok := ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return key{}, bad
	}
	vkey, err := note.NewEd25519VerifierKey(signer.Name(), public)
	if err != nil {
		return key{}, bad.Because(err)
	}
	verifier, err := note.NewVerifier(vkey)
	return key{signer: signer, verifier: verifier, public: vkey}, err
}

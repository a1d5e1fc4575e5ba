package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"pinzhi/internal/kernel"

	"golang.org/x/crypto/argon2"
)

const (
	shortestPassword = 10  // characters
	longestPassword  = 256 // bytes, so that nobody makes us hash a book
)

//go:embed common_passwords.txt
var commonList string

var common = func() map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(commonList) {
		set[strings.TrimSpace(line)] = true
	}
	return set
}()

// checkPassword refuses what is guessed first. Length counts; kinds of characters do not: forcing them makes
// people write Passw0rd! (NIST SP 800-63B, 5.1.1.2).
func checkPassword(password, login string) error {
	lower := strings.ToLower(password)
	switch {
	case utf8.RuneCountInString(password) < shortestPassword:
		return kernel.E(kernel.Invalid, "密码至少要 %d 个字符，一句话也可以", shortestPassword).On("password")
	case len(password) > longestPassword:
		return kernel.E(kernel.Invalid, "密码太长，请不超过 %d 个字节", longestPassword).On("password")
	case common[lower] || isRepetition(lower):
		return kernel.E(kernel.Invalid, "这个密码太常见，很容易被猜到，请换一个").On("password")
	case isRepetition(strings.ReplaceAll(lower, login, "")):
		return kernel.E(kernel.Invalid, "密码不能由登录名拼成，请换一个").On("password")
	default:
		return nil
	}
}

// isRepetition recognises 1111111111, and nothing at all.
func isRepetition(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	return strings.Trim(s, string(first)) == ""
}

// Cost of one argon2id hash: OWASP's first choice for a server that also has other work, some 20 ms.
const (
	hashMemory  = 19 * 1024 // KiB
	hashTime    = 2
	hashThreads = 1
	hashLength  = 32
	saltLength  = 16
)

// hasher bounds how many hashes are computed at once and how many may wait, so that a morning's sign-in storm,
// or an attack, takes 19 MB a processor and not all there is.
type hasher struct {
	slots   chan struct{}
	waiting atomic.Int64
}

const maxWaitingHashes = 200 // some two seconds on two processors

func newHasher() *hasher { return &hasher{slots: make(chan struct{}, runtime.GOMAXPROCS(0))} }

func (h *hasher) enter(ctx context.Context) (leave func(), err error) {
	defer h.waiting.Add(-1)
	if h.waiting.Add(1) > maxWaitingHashes {
		return nil, kernel.E(kernel.TooMany, "同时登录的人太多，请过一会儿再试")
	}
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// hash makes the stored form, with salt and costs, as other programs write it.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	salt := make([]byte, saltLength)
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	sum := argon2.IDKey([]byte(password), salt, hashTime, hashMemory, hashThreads, hashLength)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashTime, hashThreads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum)), nil
}

// matches reports whether password is the stored one. It takes as long where nothing is stored, so that the
// time does not tell which logins exist.
func (h *hasher) matches(ctx context.Context, password, stored string) (bool, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	if len(password) > longestPassword {
		password = ""
	}
	p, ok := parseHash(stored)
	if !ok {
		p = noHash
	}
	sum := argon2.IDKey([]byte(password), p.salt, p.time, p.memory, p.threads, uint32(len(p.sum))) //nolint:gosec // 32
	return ok && subtle.ConstantTimeCompare(sum, p.sum) == 1, nil
}

type parsedHash struct {
	memory, time uint32
	threads      uint8
	salt, sum    []byte
}

// noHash costs what a real one costs, and nothing matches it.
var noHash = parsedHash{
	memory: hashMemory, time: hashTime, threads: hashThreads,
	salt: make([]byte, saltLength), sum: make([]byte, hashLength),
}

func parseHash(stored string) (p parsedHash, ok bool) {
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return p, false
	}
	n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.threads)
	if err != nil || n != 3 {
		return p, false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	sum, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	p.salt, p.sum = salt, sum
	return p, err1 == nil && err2 == nil && len(sum) == hashLength
}

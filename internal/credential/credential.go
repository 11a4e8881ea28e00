// Package credential keeps a person's session with an API between the commands that they
// give: in a file that nobody else may read, and that one process at a time renews. A
// refresh token is good once, so two that used it at the same time would end the session.
package credential

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const (
	// margin is how long before its end an access token is renewed.
	margin = 30 * time.Second
	// lockPause is how long to wait between two looks whether the lock is free.
	lockPause = 20 * time.Millisecond
	// largest bounds the file, in bytes.
	largest = 64 << 10
)

// Session is what goes on with an API.
type Session struct {
	URL              string    `json:"url"` // of the API
	Subject          string    `json:"subject"`
	AccessToken      string    `json:"access_token"`
	ExpiresAt        time.Time `json:"expires_at"` // of the access token
	RefreshToken     string    `json:"refresh_token"`
	SessionExpiresAt time.Time `json:"session_expires_at"`
}

// ErrNone says that there is no session with the API.
var ErrNone = errors.New("there is no session")

// File keeps the session with one API. Its methods may be called by several processes.
type File struct {
	path string
	url  string
	now  func() time.Time
}

// In is the file for the API at url in a directory, which is made when it is needed.
func In(dir, url string, now func() time.Time) *File {
	sum := sha256.Sum256([]byte(url))
	return &File{path: filepath.Join(dir, "session-"+hex.EncodeToString(sum[:8])+".json"), url: url, now: now}
}

// Load is the session that is kept. ErrNone.
func (f *File) Load() (Session, error) {
	var s Session
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, ErrNone
	}
	if err != nil {
		return s, fmt.Errorf("read the session: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(file, largest))
	if err = errors.Join(err, file.Close()); err != nil {
		return s, fmt.Errorf("read the session: %w", err)
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("read the session in %s: %w", f.path, err)
	}
	if s.URL != f.url {
		return s, fmt.Errorf("the session in %s is with another API", f.path)
	}
	return s, nil
}

// Save keeps a session in the place of another. Whoever reads sees one or the other.
func (f *File) Save(s Session) (err error) {
	s.URL = f.url
	raw, err := json.Marshal(s) //nolint:gosec // the file is its owner's alone
	if err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	temporary, err := os.CreateTemp(filepath.Dir(f.path), ".session-*") // 0600
	if err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	_, err = temporary.Write(raw)
	if err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), f.path)
	}
	if err != nil {
		return fmt.Errorf("keep the session: %w", errors.Join(err, os.Remove(temporary.Name())))
	}
	return nil
}

// Delete forgets the session.
func (f *File) Delete() error {
	if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget the session: %w", err)
	}
	return nil
}

// Token is an access token that is good now. Where the one that is kept is not any more,
// renew exchanges the refresh token for the next session, while no other process does.
// Errors are ErrNone, those of renew, and what is wrong with the file.
func (f *File) Token(ctx context.Context, renew func(ctx context.Context, refreshToken string) (Session, error)) (string, error) {
	s, err := f.Load()
	if err != nil || f.good(s) {
		return s.AccessToken, err
	}
	err = f.Locked(ctx, func() error {
		if s, err = f.Load(); err != nil || f.good(s) {
			return err // another process was faster
		}
		if s, err = renew(ctx, s.RefreshToken); err != nil {
			return err
		}
		return f.Save(s)
	})
	return s.AccessToken, err
}

func (f *File) good(s Session) bool { return f.now().Add(margin).Before(s.ExpiresAt) }

// Locked does something while no other process does something locked with this file.
func (f *File) Locked(ctx context.Context, do func() error) (err error) {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return fmt.Errorf("lock the session: %w", err)
	}
	file, err := os.OpenFile(f.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock the session: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }() // which frees the lock
	ticker := time.NewTicker(lockPause)
	defer ticker.Stop()
	for {
		taken, err := tryLock(file)
		if err != nil {
			return fmt.Errorf("lock the session: %w", err)
		}
		if taken {
			return do()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for another command that renews the session: %w", ctx.Err())
		case <-ticker.C:
		}
	}
}

package githubspec

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

const (
	// DefaultRegistry is where npm looks unless it is told otherwise.
	DefaultRegistry = "https://registry.npmjs.org"

	attempts       = 3
	attemptTimeout = 3 * time.Minute

	// A release is 29 MB packed, its largest document 78 MB, and the one that is
	// taken 13 MB.
	maxTarball  = 128 << 20
	maxUnpacked = 1 << 30
	maxDocument = 64 << 20
)

// Options say where Fetch gets the description from and where it keeps it.
type Options struct {
	Dir      string        // the cache; default: holdfast in the user's cache directory
	Registry string        // default: DefaultRegistry
	Pause    time.Duration // before the second attempt, twice as long before the third; default: 2 s
}

// ReadOptions takes from the environment which registry npm is told to use.
func ReadOptions(getenv func(string) string) Options {
	return Options{Registry: cmp.Or(getenv("NPM_CONFIG_REGISTRY"), getenv("npm_config_registry"))}
}

func (o Options) withDefaults() (Options, error) {
	o.Registry = strings.TrimSuffix(cmp.Or(o.Registry, DefaultRegistry), "/")
	o.Pause = cmp.Or(o.Pause, 2*time.Second)
	if o.Dir == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return o, fmt.Errorf("find a cache for GitHub's description of its API: %w", err)
		}
		o.Dir = filepath.Join(dir, "holdfast")
	}
	return o, nil
}

// Fetch gives the path of the release's document. It downloads the release unless
// the cache has it: three attempts, and nothing is kept whose hash is not the pinned
// one. Proxies are taken from the environment as net/http does. Several processes may
// fetch at once.
func (r Release) Fetch(ctx context.Context, o Options) (string, error) {
	o, err := o.withDefaults()
	if err != nil {
		return "", err
	}
	want, err := r.hash()
	if err != nil {
		return "", err
	}
	document := filepath.Join(o.Dir, fmt.Sprintf("github-%s-%s-%x%s", path.Base(r.Package), r.Version, want[:6], path.Ext(r.Document)))
	if info, err := os.Stat(document); err == nil && info.Mode().IsRegular() {
		return document, nil
	}
	if err := os.MkdirAll(o.Dir, 0o750); err != nil {
		return "", fmt.Errorf("make a cache for GitHub's description of its API: %w", err)
	}
	url := fmt.Sprintf("%s/%s/-/%s-%s.tgz", o.Registry, r.Package, path.Base(r.Package), r.Version)
	for attempt := 1; ; attempt++ {
		err := r.download(ctx, url, document)
		if err == nil {
			return document, nil
		}
		if attempt == attempts || errors.As(err, new(refusal)) {
			return "", fmt.Errorf("fetch GitHub's description of its API (attempt %d of %d): %w", attempt, attempts, err)
		}
		if err := wait(ctx, o.Pause<<(attempt-1)); err != nil {
			return "", fmt.Errorf("fetch GitHub's description of its API: %w", err)
		}
	}
}

func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// refusal is an answer that asking again does not change.
type refusal struct{ error }

// download gets the tarball into a file, checks it, and puts the document in its
// place in one step, so that nobody reads half of it.
func (r Release) download(ctx context.Context, url, document string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	tarball, err := os.CreateTemp("", "holdfast-*.tgz")
	if err != nil {
		return fmt.Errorf("make a file for the download: %w", err)
	}
	defer func() { err = errors.Join(err, tarball.Close(), os.Remove(tarball.Name())) }()
	if err := get(ctx, url, tarball); err != nil {
		return err
	}
	if err := r.verify(tarball); err != nil {
		return fmt.Errorf("check %s: %w", url, err)
	}
	unpacked, err := os.CreateTemp(filepath.Dir(document), "unpack-*.json")
	if err != nil {
		return fmt.Errorf("make a file for the document: %w", err)
	}
	if err := errors.Join(r.unpack(tarball, unpacked), unpacked.Close()); err != nil {
		return errors.Join(fmt.Errorf("unpack %s: %w", url, err), os.Remove(unpacked.Name()))
	}
	if err := os.Rename(unpacked.Name(), document); err != nil {
		return fmt.Errorf("keep the document: %w", err)
	}
	return nil
}

func get(ctx context.Context, url string, to io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return refusal{fmt.Errorf("read the registry's address: %w", err)}
	}
	res, err := (&http.Client{}).Do(req) // the context has the timeout
	if err != nil {
		return fmt.Errorf("ask the registry: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		err := fmt.Errorf("%s answered %s", url, res.Status)
		if res.StatusCode < 500 && res.StatusCode != http.StatusTooManyRequests && res.StatusCode != http.StatusRequestTimeout {
			return refusal{err}
		}
		return err
	}
	n, err := io.Copy(to, io.LimitReader(res.Body, maxTarball+1))
	if err != nil {
		return fmt.Errorf("read %s: %w", url, err)
	}
	if n > maxTarball {
		return refusal{fmt.Errorf("%s is larger than %d bytes", url, maxTarball)}
	}
	return nil
}

package githubspec

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
)

// hash is the pinned hash of the tarball.
func (r Release) hash() ([]byte, error) {
	encoded, ok := strings.CutPrefix(r.Integrity, "sha512-")
	sum, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(sum) != sha512.Size {
		return nil, fmt.Errorf("the pinned integrity of %s is no sha512: %q", r.Package, r.Integrity)
	}
	return sum, nil
}

// verify compares the tarball with the pinned hash and goes back to its beginning.
func (r Release) verify(tarball io.ReadSeeker) error {
	want, err := r.hash()
	if err != nil {
		return err
	}
	if _, err := tarball.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("go back in the download: %w", err)
	}
	sum := sha512.New()
	if _, err := io.Copy(sum, tarball); err != nil {
		return fmt.Errorf("read the download: %w", err)
	}
	if got := sum.Sum(nil); !bytes.Equal(got, want) {
		return fmt.Errorf("its hash is sha512-%s, pinned is %s", base64.StdEncoding.EncodeToString(got), r.Integrity)
	}
	_, err = tarball.Seek(0, io.SeekStart)
	return err
}

// unpack writes the document that the tarball holds.
func (r Release) unpack(tarball io.Reader, to io.Writer) error {
	unzipped, err := gzip.NewReader(tarball)
	if err != nil {
		return fmt.Errorf("read it as gzip: %w", err)
	}
	files := tar.NewReader(io.LimitReader(unzipped, maxUnpacked))
	for {
		file, err := files.Next()
		if errors.Is(err, io.EOF) {
			return refusal{fmt.Errorf("there is no %s in it", r.Document)}
		}
		if err != nil {
			return fmt.Errorf("read it as tar: %w", err)
		}
		if file.Name != r.Document {
			continue
		}
		if file.Size > maxDocument {
			return refusal{fmt.Errorf("%s is larger than %d bytes", r.Document, maxDocument)}
		}
		if _, err := io.CopyN(to, files, file.Size); err != nil {
			return fmt.Errorf("read %s: %w", r.Document, err)
		}
		return nil
	}
}

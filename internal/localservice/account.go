package localservice

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is an unprivileged user of this machine.
type account struct {
	name     string
	uid, gid int
}

// serverAccount is the user that Postgres runs as: nil for the caller's own,
// another one when the caller is root, which Postgres refuses.
func serverAccount() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			return nil, fmt.Errorf("read uid of %s: %w", name, err)
		}
		gid, err := strconv.Atoi(u.Gid)
		if err != nil {
			return nil, fmt.Errorf("read gid of %s: %w", name, err)
		}
		return &account{name: name, uid: uid, gid: gid}, nil
	}
	return nil, errors.New(`Postgres does not run as root, and this machine has no user "postgres" or "nobody" to run it`)
}

func (a *account) credential() *syscall.Credential {
	return &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)} //nolint:gosec // ids come from the password file
}

// own gives a tree to the account; nil owns what the caller made already.
func (a *account) own(dir string) error {
	if a == nil {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, a.uid, a.gid)
	})
}

// reaches tells whether the account can enter the directory through its parents.
// Root's home, for one, is closed to everyone else.
func (a *account) reaches(dir string) bool {
	if a == nil {
		return true
	}
	for path := filepath.Dir(dir); ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if err == nil && !a.enters(info) {
			return false
		}
		if path == filepath.Dir(path) {
			return true
		}
	}
}

func (a *account) enters(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if ok && int(stat.Uid) == a.uid {
		return info.Mode()&0o100 != 0
	}
	if ok && int(stat.Gid) == a.gid {
		return info.Mode()&0o010 != 0
	}
	return info.Mode()&0o001 != 0
}

package githubsim

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
)

// node writes a node_id in GitHub's present form: a prefix that names the type
// and the MessagePack array [0, repository id, id] in URL-safe base64.
func (e *encoder) node(prefix string, repository, id int64) *encoder {
	var pack [32]byte
	b := append(pack[:0], 0x93, 0)
	b = appendPacked(b, repository)
	b = appendPacked(b, id)
	return e.nodeID(prefix, b)
}

// rootNode writes the node_id of what belongs to no repository: [0, id].
func (e *encoder) rootNode(prefix string, id int64) *encoder {
	var pack [16]byte
	return e.nodeID(prefix, appendPacked(append(pack[:0], 0x92, 0), id))
}

// objectNode writes the node_id of a git object or ref, whose last element is a string.
func (e *encoder) objectNode(prefix string, repository int64, name string) *encoder {
	var pack [96]byte
	b := append(pack[:0], 0x93, 0)
	b = appendPacked(b, repository)
	b = append(b, 0xd9, byte(min(len(name), 255)))
	b = append(b, name[:min(len(name), 255)]...)
	return e.nodeID(prefix, b)
}

func (e *encoder) nodeID(prefix string, pack []byte) *encoder {
	e.b = append(e.b, '"')
	e.b = append(e.b, prefix...)
	e.b = base64.RawURLEncoding.AppendEncode(e.b, pack)
	e.b = append(e.b, '"')
	return e
}

func appendPacked(b []byte, n int64) []byte {
	if n < 1<<32 {
		return binary.BigEndian.AppendUint32(append(b, 0xce), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, 0xcf), uint64(n))
}

// databaseID reads the number inside of a node id, in the present form or in
// the old one (base64 of "05:Issue521254435"). ok is false if there is none.
func databaseID(node string) (id int64, ok bool) {
	if _, packed, found := strings.Cut(node, "_"); found {
		b, err := base64.RawURLEncoding.DecodeString(packed)
		if err != nil || len(b) < 5 {
			return 0, false
		}
		if n := len(b); n >= 9 && b[n-9] == 0xcf {
			id = int64(binary.BigEndian.Uint64(b[n-8:]))
			return id, id > 0
		}
		if n := len(b); b[n-5] == 0xce {
			return int64(binary.BigEndian.Uint32(b[n-4:])), true
		}
		return 0, false
	}
	b, err := base64.StdEncoding.DecodeString(node)
	if err != nil {
		return 0, false
	}
	digits := strings.TrimLeftFunc(string(b), func(r rune) bool { return r != ':' })
	digits = strings.TrimLeft(digits, ":ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
	id, err = strconv.ParseInt(digits, 10, 64)
	return id, err == nil && id > 0
}

// parseHash reads 40 hexadecimal digits; anything else is the zero hash.
func parseHash(s string) hash {
	var h hash
	if len(s) != 2*len(h) {
		return hash{}
	}
	if _, err := hex.Decode(h[:], []byte(s)); err != nil {
		return hash{}
	}
	return h
}

package githubsim

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
)

func words(s string) scalar       { return func(e *encoder) { e.str(s) } }
func wordsOrNull(s string) scalar { return func(e *encoder) { e.strOrNull(s) } }
func count(n int) scalar          { return func(e *encoder) { e.num(int64(n)) } }
func number(n int64) scalar       { return func(e *encoder) { e.num(n) } }
func flag(v bool) scalar          { return func(e *encoder) { e.flag(v) } }
func moment(s stamp) scalar       { return func(e *encoder) { e.time(s) } }

// reading is the repository that a query reads: it is locked when it is met first and
// until the answer is written, so that the answer is of one moment.
type reading struct {
	repository *Repository
	credential *credential
	showPublic bool
}

// begin finds the repository that a query names; nil if there is none, or if the query
// reads another one already. The server is not asked while a repository is locked.
func (r *reading) begin(s *Server, at target) *Repository {
	if r.repository == nil {
		found := s.lookup(at)
		if found == nil {
			return nil
		}
		found.mu.RLock()
		r.repository = found
	} else if at.id != r.repository.info.id && !sameName(at.owner+"/"+at.name, r.repository.info.fullName) {
		return nil
	}
	if r.repository.gone || !r.credential.sees(r.repository, r.showPublic) {
		return nil
	}
	return r.repository
}

// permits tells whether the credential may read what asks for a permission.
func (r *reading) permits(accepted string) bool {
	return r.credential.permits(accepted) || r.showPublic && !r.repository.info.private
}

func (r *reading) end() {
	if r.repository != nil {
		r.repository.mu.RUnlock()
	}
}

// graph is what queries begin at.
func (s *Server) graph(q *graphqlQuery, points rate, reading *reading) *vertex {
	return &vertex{"Query", func(name string, args map[string]any) any {
		switch name {
		case "rateLimit":
			return &vertex{"RateLimit", func(name string, _ map[string]any) any {
				return map[string]any{
					"cost": count(q.cost), "limit": count(points.limit), "nodeCount": count(q.nodes), "remaining": count(points.remaining),
					"used": count(points.limit - points.remaining), "resetAt": moment(stampOf(points.reset)),
				}[name]
			}}
		case "repository":
			owner, _ := args["owner"].(string)
			repository, _ := args["name"].(string)
			return s.repositoryVertex(owner, repository, reading)
		case "node":
			id, _ := args["id"].(string)
			return s.nodeVertex(id, reading)
		}
		return nil
	}}
}

// repositoryVertex finds a repository by a present or an earlier name.
func (s *Server) repositoryVertex(owner, name string, reading *reading) any {
	r := reading.begin(s, target{owner: owner, name: name})
	switch {
	case r == nil:
		return graphqlError{kind: "NOT_FOUND", message: "Could not resolve to a Repository with the name '" + owner + "/" + name + "'."}
	case r.blocked != nil:
		return graphqlError{kind: "FORBIDDEN", message: "Repository access blocked"}
	default:
		return reading.guard(r.vertex())
	}
}

// fieldPermissions are what fields of a repository ask for.
var fieldPermissions = map[string]string{
	"pullRequest": "pull_requests=read", "discussion": "discussions=read", "discussions": "discussions=read",
}

// guard refuses the fields of a repository that the credential may not read.
func (r *reading) guard(v *vertex) *vertex {
	return &vertex{v.kind, func(name string, args map[string]any) any {
		if !r.permits(fieldPermissions[name]) {
			return graphqlError{kind: "FORBIDDEN", message: r.credential.lacks()}
		}
		return v.fields(name, args)
	}}
}

// nodeVertex finds a comment on a discussion by its node id; other nodes are not served.
func (s *Server) nodeVertex(id string, reading *reading) any {
	repository, comment, ok := splitNode(id)
	if ok && strings.HasPrefix(id, "DC_") {
		if r := reading.begin(s, target{id: repository}); r != nil && reading.permits(fieldPermissions["discussion"]) {
			if i, ok := r.findDiscussionComment(comment); ok {
				return r.discussionCommentVertex(i)
			}
		}
	}
	return graphqlError{kind: "NOT_FOUND", message: "Could not resolve to a node with the global id of '" + id + "'."}
}

// splitNode reads the repository's number and the item's out of a node id of the
// present form: see encoder.node.
func splitNode(node string) (repository, id int64, ok bool) {
	_, packed, _ := strings.Cut(node, "_")
	b, err := base64.RawURLEncoding.DecodeString(packed)
	if err != nil || len(b) < 2 {
		return 0, 0, false
	}
	b = b[2:]
	for _, into := range []*int64{&repository, &id} {
		switch {
		case len(b) >= 5 && b[0] == 0xce:
			*into, b = int64(binary.BigEndian.Uint32(b[1:])), b[5:]
		case len(b) >= 9 && b[0] == 0xcf:
			*into, b = int64(binary.BigEndian.Uint64(b[1:])), b[9:]
		default:
			return 0, 0, false
		}
	}
	return repository, id, true
}

// connection is a page of a list of n items. A cursor is made by the item that ends
// the page and resolved by the list itself, as where the next page begins.
func connection(kind string, n int, args map[string]any, begin func(cursor string) int, cursor func(i int) string, item func(i int) *vertex) *vertex {
	first, _ := integer(args["first"])
	from := 0
	if after, _ := args["after"].(string); after != "" {
		from = min(begin(after), n)
	}
	to := min(from+int(first), n)
	return &vertex{kind, func(name string, _ map[string]any) any {
		switch name {
		case "totalCount":
			return count(n)
		case "pageInfo":
			return &vertex{"PageInfo", func(name string, _ map[string]any) any {
				if name == "hasNextPage" {
					return flag(to < n)
				}
				if to == from {
					return nil
				}
				return words(cursor(to - 1))
			}}
		}
		nodes := make([]*vertex, 0, to-from)
		for i := from; i < to; i++ {
			nodes = append(nodes, item(i))
		}
		return nodes
	}}
}

// places makes a connection of a plain list, whose cursors are places in it.
func places(kind string, n int, args map[string]any, item func(i int) *vertex) *vertex {
	return connection(kind, n, args, func(cursor string) int {
		b, err := base64.StdEncoding.DecodeString(cursor)
		at, numErr := strconv.Atoi(strings.TrimPrefix(string(b), "cursor:v1:"))
		if err != nil || numErr != nil {
			return n
		}
		return at
	}, func(i int) string { return base64.StdEncoding.EncodeToString([]byte("cursor:v1:" + strconv.Itoa(i+1))) }, item)
}

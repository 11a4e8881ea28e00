package githubsim

import (
	"net/url"
	"strings"
)

type release struct {
	id                 int64
	tag, name, target  string
	body               text
	author             int32
	created, published stamp
	updated            stamp // 0: since it was published
	prerelease         bool
	deleted            bool
	assets             []asset
}

type asset struct {
	id                int64
	name, contentType string
	size, downloads   int64
	created           stamp
	uploader          int32
}

// escapePath escapes a name for a URL in which its slashes stay.
func escapePath(name string) string {
	return strings.ReplaceAll(url.PathEscape(name), "%2F", "/")
}

// escapeTag escapes a tag as the web pages of its release do: slashes as well, and
// the @ of a package in a monorepo.
func escapeTag(tag string) string {
	return strings.ReplaceAll(url.PathEscape(tag), "@", "%40")
}

// release writes a release.
func (e *encoder) release(r *Repository, i int32) {
	v := &r.releases[i]
	tag := escapePath(v.tag)
	e.raw(`{"url":"`).raw(r.api).raw("/releases/").num(v.id).raw(`","assets_url":"`).raw(r.api).raw("/releases/").num(v.id)
	e.raw(`/assets","upload_url":"https://uploads.github.com/repos/`).raw(r.info.fullName).raw("/releases/").num(v.id)
	e.raw(`/assets{?name,label}","html_url":`).str(r.web + "/releases/tag/" + escapeTag(v.tag)).raw(`,"id":`).num(v.id)
	e.raw(`,"author":`).userOrGhost(r, v.author).raw(`,"node_id":`).node("RE_", r.info.id, v.id)
	e.raw(`,"tag_name":`).str(v.tag).raw(`,"target_commitish":`).str(v.target).raw(`,"name":`).strOrNull(v.name)
	e.raw(`,"draft":false,"immutable":false,"prerelease":`).flag(v.prerelease)
	e.raw(`,"created_at":`).time(v.created).raw(`,"updated_at":`).time(max(v.updated, v.published))
	e.raw(`,"published_at":`).time(v.published).raw(`,"assets":[`)
	for n := range v.assets {
		if n > 0 {
			e.raw(",")
		}
		e.asset(r, v, &v.assets[n])
	}
	e.raw(`],"tarball_url":`).str(r.api + "/tarball/" + tag).raw(`,"zipball_url":`).str(r.api + "/zipball/" + tag)
	e.raw(`,"body":`).text(r, &v.body, v.id).raw("}")
}

func (e *encoder) asset(r *Repository, v *release, a *asset) {
	e.raw(`{"url":"`).raw(r.api).raw("/releases/assets/").num(a.id).raw(`","id":`).num(a.id)
	e.raw(`,"node_id":`).node("RA_", r.info.id, a.id).raw(`,"name":`).str(a.name).raw(`,"label":""`)
	e.raw(`,"uploader":`).userRef(r, a.uploader).raw(`,"content_type":`).str(a.contentType)
	e.raw(`,"state":"uploaded","size":`).num(a.size).raw(`,"digest":null,"download_count":`).num(a.downloads)
	e.raw(`,"created_at":`).time(a.created).raw(`,"updated_at":`).time(a.created)
	e.raw(`,"browser_download_url":`).str(r.web + "/releases/download/" + escapeTag(v.tag) + "/" + url.PathEscape(a.name)).raw("}")
}

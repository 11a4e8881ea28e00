// Package githubspec fetches GitHub's own description of its REST API, an OpenAPI
// document that npm publishes as @octokit/openapi, for tests to compare with. The
// document is kept in a cache outside of the repository and never in it.
package githubspec

// Release is one published version of the description.
type Release struct {
	Package   string // on npm
	Version   string
	Integrity string // of the tarball, as npm says it: sha512- and the hash in base64
	Document  string // the path of the OpenAPI document inside of the tarball
}

// Pinned is the release that this repository is held to. To raise it, take version
// and integrity from `npm view @octokit/openapi version dist.integrity`.
func Pinned() Release {
	return Release{
		Package:   "@octokit/openapi",
		Version:   "23.0.2",
		Integrity: "sha512-pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg==",
		Document:  "package/generated/api.github.com.json",
	}
}

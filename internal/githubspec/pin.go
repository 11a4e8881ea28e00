// Package githubspec fetches GitHub's own descriptions of its APIs, for tests to
// compare with: of the REST API an OpenAPI document that npm publishes as
// @octokit/openapi, of the GraphQL API its schema, @octokit/graphql-schema. They are
// kept in a cache outside of the repository and never in it.
package githubspec

// Release is one published version of the description.
type Release struct {
	Package   string // on npm
	Version   string
	Integrity string // of the tarball, as npm says it: sha512- and the hash in base64
	Document  string // the path of the document inside of the tarball
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

// PinnedSchema is the release of GitHub's GraphQL schema that this repository is held
// to. 15.26.0 and 15.26.1 define a field twice, which no parser accepts.
func PinnedSchema() Release {
	return Release{
		Package:   "@octokit/graphql-schema",
		Version:   "15.25.0",
		Integrity: "sha512-aqz9WECtdxVWSqgKroUu9uu+CRt5KnfErWs0dBPKlTdrreAeWzS5NRu22ZVcGdPP7s3XDg2Gnf5iyoZPCRZWmQ==",
		Document:  "package/schema.graphql",
	}
}

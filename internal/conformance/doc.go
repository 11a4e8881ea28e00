// Package conformance compares answers with GitHub's own published description of
// its REST API: with its OpenAPI schemas, and stricter than they are. Only tests
// import it.
//
// A [Description] is read from the document that internal/githubspec fetches; [GitHub]
// hands a test the one of its process. [Description.Check] reports, one [Finding]
// each, what an answer has that GitHub's has not:
//
//   - a status that neither the description nor GitHub's other documentation knows;
//   - a header or a media type that the operation has otherwise;
//   - a value of another type, format or set of values, or a required property that
//     is missing;
//   - a property that the description does not know, though JSON Schema allows it;
//   - a property that is there twice.
//
// [Description.CheckItem] does the same for one element of a list, as it is stored.
//
// Where the description itself is wrong about what GitHub serves, exception.go has an
// entry with the reason and its source; answer.go has the statuses that it leaves out.
// TestEveryExceptionIsNeeded fails for what a later release has put right.
package conformance

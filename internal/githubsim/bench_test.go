package githubsim

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkRender writes items of a collection into one buffer.
func BenchmarkRender(b *testing.B) {
	r := Generate(1, SpecForItems(20_000))
	for _, collection := range []string{"issues", "issue_comments", "pulls", "reviews", "review_comments", "commits"} {
		b.Run(collection, func(b *testing.B) {
			source := r.source(collection)
			e := encoder{}
			size := 0
			for n := 0; b.Loop(); n++ {
				e.b = e.b[:0]
				source.write(&e, n%source.size)
				size += len(e.b)
			}
			b.SetBytes(int64(size / b.N))
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
		})
	}
}

// BenchmarkPage serves pages of 100 issues without a network.
func BenchmarkPage(b *testing.B) {
	sim := New(Options{Limit: 1 << 30, AnonymousLimit: 1 << 30})
	sim.Add(Generate(1, SpecForItems(20_000)))
	req := httptest.NewRequest(http.MethodGet, "/repos/harborline/relay/issues?state=all&per_page=100&page=7", http.NoBody)
	for b.Loop() {
		w := httptest.NewRecorder()
		sim.ServeHTTP(w, req)
		if w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
	b.ReportMetric(float64(100*b.N)/b.Elapsed().Seconds(), "items/s")
}

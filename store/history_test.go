package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

func ref(collection, item string) operation.ItemRef {
	return operation.ItemRef{Repository: "o/r", Collection: collection, Item: item}
}

// knownAs makes the repository known by its name.
func (b *bundle) knownAs(name string) {
	b.t.Helper()
	op := b.running("repository")
	p := b.page(op, "repository", 0, fmt.Sprintf(`{"id": %d, "full_name": %q}`, repository, name))
	p.Take, p.Done, p.Bookmark = true, true, []byte("{}")
	b.commit(p)
}

// at moves the last change to a time, and tells the next ones not to be before it.
func (b *bundle) at(when string) {
	b.t.Helper()
	_, err := b.pool.Exec(b.t.Context(), `with c as (update change_counters set at = $1::timestamptz returning workspace_id, seq)
		update changes set at = $1::timestamptz from c where changes.workspace_id = c.workspace_id and changes.seq = c.seq`, when)
	require.NoError(b.t, err)
}

func TestAnItemsPast(t *testing.T) {
	b := setup(t)
	b.knownAs("O/R")
	op := b.running("milestones")
	pass := b.take(op, "milestones")
	for _, title := range []string{"a", "b", "c"} {
		b.commit(b.page(op, "milestones", pass.Fence, milestone(1, title), milestone(2, "other")))
	}
	b.commit(b.gone(op, "milestones", pass.Fence, "101"))

	var got []string
	cursor := ""
	for {
		h, next, err := b.ItemHistory(t.Context(), workspace, ref("milestones", "1"), cursor, 3)
		require.NoError(t, err)
		require.Equal(t, "101", h.Key)
		require.Equal(t, int64(1), h.Number)
		for _, c := range h.Changes {
			require.Equal(t, "O/R", c.Repository)
			got = append(got, fmt.Sprint(c.Kind, c.Fields, string(c.Before) != ""))
		}
		if next == "" {
			break
		}
		cursor = next
	}
	require.Equal(t, []string{"deleted[] true", "updated[title] true", "updated[title] true", "created[] false"}, got)

	for name, r := range map[string]operation.ItemRef{
		"no such item": ref("milestones", "9"), "no number": ref("milestones", "101x"), "no such collection": ref("x", "1"),
		"another repository": {Repository: "o/other", Collection: "milestones", Item: "1"}, "an organization's": ref("teams", "1"),
	} {
		_, _, err := b.ItemHistory(t.Context(), workspace, r, "", 10)
		require.Equal(t, operation.CodeNotFound, operation.CodeOf(err), name)
	}
	_, _, err := b.ItemHistory(t.Context(), workspace, ref("milestones", "1"), "x", 10)
	require.Equal(t, operation.CodeInvalid, operation.CodeOf(err))

	labels := b.running("labels")
	b.commit(b.page(labels, "labels", b.take(labels, "labels").Fence, label(7, "x")))
	h, _, err := b.ItemHistory(t.Context(), workspace, ref("labels", "7"), "", 10)
	require.NoError(t, err)
	require.Len(t, h.Changes, 1, "items without a number are found by their key")
}

// The day on which clocks went forward in America/St_Johns, the databases' time zone:
// there is no 02:30 on it.
func TestAnItemAsItWas(t *testing.T) {
	b := setup(t)
	b.knownAs("O/R")
	op := b.running("milestones")
	pass := b.take(op, "milestones")
	b.commit(b.page(op, "milestones", pass.Fence, milestone(1, "a")))
	b.at("2026-03-08T05:29:59Z")
	b.commit(b.page(op, "milestones", pass.Fence, milestone(1, "b")))
	b.at("2026-03-08T05:30:00Z")
	b.commit(b.gone(op, "milestones", pass.Fence, "101"))
	b.at("2026-03-08T06:00:00Z")
	b.commit(b.page(op, "milestones", pass.Fence, milestone(1, "c")))
	b.at("2026-03-08T07:00:00Z")
	for _, tt := range []struct {
		at, title string // no title: the mirror did not have it
	}{
		{"2026-03-08T05:29:58Z", ""},
		{"2026-03-08T05:29:59Z", "a"},
		{"2026-03-08T01:59:59.5-03:30", "a"},
		{"2026-03-08T05:30:00Z", "b"},
		{"2026-03-08T03:00:00-02:30", "b"},
		{"2026-03-08T05:59:59.999999Z", "b"},
		{"2026-03-08T06:00:00Z", ""},
		{"2026-03-08T06:59:59+00:00", ""},
		{"2026-03-08T09:00:00+02:00", "c"},
		{"2126-01-01T00:00:00Z", "c"},
	} {
		at, err := time.Parse(time.RFC3339, tt.at)
		require.NoError(t, err)
		state, err := b.ItemAt(t.Context(), workspace, ref("milestones", "1"), at)
		if tt.title == "" {
			require.Equal(t, operation.CodeNotFound, operation.CodeOf(err), tt.at)
			continue
		}
		require.NoError(t, err, tt.at)
		require.JSONEq(t, milestone(1, tt.title), string(state.Item), tt.at)
	}
	b.commit(b.gone(op, "milestones", pass.Fence, "101"))
	_, err := b.ItemAt(t.Context(), workspace, ref("milestones", "1"), time.Now().Add(time.Hour))
	require.Equal(t, operation.CodeNotFound, operation.CodeOf(err), "it is deleted now")
}

func TestHistoryIsFoundByTheNameOfToday(t *testing.T) {
	b := setup(t)
	b.knownAs("O/R")
	op := b.running("milestones")
	pass := b.take(op, "milestones")
	b.commit(b.page(op, "milestones", pass.Fence, milestone(1, "a")))
	b.knownAs("O/Renamed")
	_, _, err := b.ItemHistory(t.Context(), workspace, ref("milestones", "1"), "", 10)
	require.Equal(t, operation.CodeNotFound, operation.CodeOf(err))
	h, _, err := b.ItemHistory(t.Context(), workspace, operation.ItemRef{Repository: "o/renamed", Collection: "milestones", Item: "1"}, "", 10)
	require.NoError(t, err)
	require.Equal(t, "O/Renamed", h.Changes[0].Repository)
}

// What was mirrored before changes were recorded has no past before that.
func TestThePastBeginsWithItsRecording(t *testing.T) {
	b := setup(t)
	b.knownAs("O/R")
	op := b.running("milestones")
	pass := b.take(op, "milestones")
	b.commit(b.page(op, "milestones", pass.Fence, milestone(1, "a")))
	_, err := b.pool.Exec(t.Context(), `update change_counters set reaches_to = '2026-03-08T05:30:00Z'`)
	require.NoError(t, err)
	_, err = b.pool.Exec(t.Context(), `delete from changes where collection = 'milestones'`)
	require.NoError(t, err)
	_, err = b.ItemAt(t.Context(), workspace, ref("milestones", "1"), time.Date(2026, 3, 8, 5, 29, 59, 0, time.UTC))
	require.Equal(t, operation.CodeGone, operation.CodeOf(err))
	require.ErrorContains(t, err, "2026-03-08T05:30:00Z")
	_, err = b.ItemAt(t.Context(), workspace, ref("milestones", "1"), time.Date(2026, 3, 8, 5, 30, 0, 0, time.UTC))
	require.NoError(t, err)
}

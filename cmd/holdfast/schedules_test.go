package main

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast/holdfast/internal/operation"
)

// Every workspace is scheduled once, those that are made later and those that failed before too.
func TestEveryWorkspaceIsScheduled(t *testing.T) {
	t.Parallel()
	asked := make(chan string)
	answers := make(chan error)
	lists := make(chan []operation.Workspace)
	k := &scheduler{
		list: func(context.Context) ([]operation.Workspace, error) { return <-lists, nil },
		ensure: func(_ context.Context, id string) error {
			asked <- id
			return <-answers
		},
		log: slog.New(slog.DiscardHandler), done: map[string]bool{"default": true},
	}
	ctx, cancel := context.WithCancel(t.Context())
	ticks, ended := make(chan time.Time), make(chan struct{})
	go func() { defer close(ended); k.run(ctx, ticks) }()
	one := []operation.Workspace{{ID: "default"}, {ID: "one"}}
	lists <- one
	require.Equal(t, "one", <-asked)
	answers <- errors.New("Temporal is away")
	ticks <- time.Time{}
	lists <- one
	require.Equal(t, "one", <-asked)
	answers <- nil
	ticks <- time.Time{}
	lists <- append(one, operation.Workspace{ID: "two"})
	require.Equal(t, "two", <-asked)
	answers <- nil
	cancel()
	<-ended
}

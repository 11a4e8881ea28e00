package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/client"
)

// The exit statuses of the commands; docs/cli.md lists them.
const (
	exitFailed      = 1   // it was done and failed, or anything that is none of the others
	exitUsage       = 2   // the command line, or what it asked for, is not acceptable: nothing was done
	exitRefused     = 3   // the API does not accept the token, or the token may not do that
	exitNotFound    = 4   // there is no such thing, or not any more
	exitConflict    = 5   // the thing's state does not allow it
	exitUnreachable = 6   // the API cannot be reached or cannot answer now: try again later
	exitInterrupted = 130 // as a shell says of a program that SIGINT ended
)

// usageError is a command line that cannot be understood.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// exitStatus is the status for what run returned.
func exitStatus(err error) int {
	var usage usageError
	var problem *client.Problem
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &problem):
		return problemStatus(problem.Status)
	case errors.Is(err, client.ErrUnreachable):
		return exitUnreachable
	default:
		return exitFailed
	}
}

// problemStatus is the exit status for an answer's.
func problemStatus(status int) int {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return exitRefused
	case http.StatusNotFound, http.StatusGone:
		return exitNotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return exitConflict
	case http.StatusTooManyRequests:
		return exitUnreachable
	}
	if status >= http.StatusInternalServerError {
		return exitUnreachable
	}
	return exitUsage
}

// noteStart has started be set as soon as the command line was understood and one of
// root's commands runs: what is wrong before that is the command line.
func noteStart(root *cobra.Command, started *bool) {
	if do := root.RunE; do != nil {
		root.RunE = func(cmd *cobra.Command, args []string) error {
			*started = true
			return do(cmd, args)
		}
	}
	for _, cmd := range root.Commands() {
		noteStart(cmd, started)
	}
}

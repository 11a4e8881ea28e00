package github

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast/holdfast/internal/connection"
)

// verify asks GitHub whose a credential is that nobody has asked about yet, and whether
// one that it refused was mended. Whatever GitHub says is noted and seen by the next
// pick; its error is that of ctx.
func (p *Pool) verify(ctx context.Context, w *workspace, e *entry) error {
	select {
	case e.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-e.turn }()
	w.mu.Lock()
	held, due := e.held, e.due(p.o.Now())
	w.mu.Unlock()
	if !due { // whoever had the turn before has done it
		return nil
	}
	every := p.scaled(lookEvery)
	if held.State == connection.StateRefused {
		mine, err := p.o.Connections.Look(ctx, held.ID, held.Version, every)
		if err != nil || !mine {
			p.putOff(w, e, every)
			return p.unnoted(ctx, held, "that it is looked at again", err)
		}
	}
	account, login, err := e.identify(ctx, held)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		err = p.o.Connections.Accept(ctx, held.ID, held.Version, account, login)
		p.accepted(w, e)
		return p.unnoted(ctx, held, "that GitHub accepts the credential", err)
	case KindOf(err) == KindUnauthorized:
		p.putOff(w, e, every)
		p.refused(ctx, w, e, reasonOf(err))
		return nil
	default: // GitHub does not answer, or not now: whoever uses it will see
		p.putOff(w, e, p.scaled(verifyAgain))
		return nil
	}
}

// identify asks GitHub whose the credential is; account and login are empty where it
// does not tell. KindUnauthorized: GitHub does not accept it.
func (e *entry) identify(ctx context.Context, held connection.Held) (account, login string, err error) {
	switch {
	case held.Kind == connection.KindAnonymous:
		return e.account, "", nil
	case e.app != nil:
		installed, err := e.app.installation(ctx, held.InstallationID)
		if err != nil {
			return "", "", err
		}
		// What GitHub would say to the token is not known from what it says of the App.
		if _, err := e.client.Object(ctx, "installation/repositories?per_page=1"); err != nil {
			return "", "", err
		}
		return e.account, installed.Account.Login, nil
	default:
		user, _, err := e.client.user(ctx)
		var refused *Error
		if errors.As(err, &refused) && refused.Kind != KindUnauthorized && refused.Kind != KindUnreachable {
			// Tokens of GitHub Actions are of no user.
			return e.account, "", nil
		}
		if err != nil {
			return "", "", err
		}
		return userAccount(user, e.client), user.Login, nil
	}
}

// refused notes that GitHub does not accept a credential, so that the steps that follow
// use another.
func (p *Pool) refused(ctx context.Context, w *workspace, e *entry, reason string) {
	w.mu.Lock()
	now := p.o.Now()
	known := now.Before(e.refused)
	e.refused, w.until = now.Add(2*listFor), time.Time{}
	if next := now.Add(p.scaled(lookEvery)); next.After(e.next) {
		e.next = next
	}
	held := e.held
	w.mu.Unlock()
	if known {
		return
	}
	// The step that met it may be over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer cancel()
	err := p.o.Connections.Refuse(ctx, held.ID, held.Version, reason)
	if err := p.unnoted(ctx, held, "that GitHub refuses the credential", err); err != nil {
		return
	}
	p.o.Logger.WarnContext(ctx, "GitHub refuses a connection's credential", "connection", held.ID, "reason", reason)
}

// unnoted logs that the store did not take what the pool has learned: it will learn it
// again. Its error is that of ctx.
func (p *Pool) unnoted(ctx context.Context, held connection.Held, what string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p.o.Logger.WarnContext(ctx, "what GitHub says of a connection could not be noted", "connection", held.ID, "what", what, "error", err)
	return nil
}

func (p *Pool) putOff(w *workspace, e *entry, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e.next = p.o.Now().Add(d)
}

// accepted has the next pick read the workspace's connections again.
func (p *Pool) accepted(w *workspace, e *entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e.next, e.refused, w.until = p.o.Now().Add(p.scaled(verifyAgain)), time.Time{}, time.Time{}
}

func (p *Pool) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) * p.o.Scale)
}

package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/holdfast/holdfast/internal/operation"
	"github.com/holdfast/holdfast/internal/progress"
)

// topicsMost is how many topics one connection may follow.
const topicsMost = 100

// Streams hands out the events of operations; *progress.Hub does.
type Streams interface {
	Subscribe(ctx context.Context, workspaceID, id string, since int64) (*progress.Listener, error)
	Follow(ctx context.Context, f progress.Following) (*progress.Follower, error)
}

// following is the topics that one connection follows. Only the goroutine that writes to
// the connection uses it.
type following struct {
	api       *API
	ready     chan struct{} // told when there may be something to take
	followers []*progress.Follower
	most      int
}

func (a *API) newFollowing(most int) *following {
	return &following{api: a, ready: make(chan struct{}, 1), most: most}
}

// close lets go of all topics.
func (s *following) close() {
	for _, f := range s.followers {
		f.Close()
	}
	s.followers = nil
}

// find is the place of a topic among those that are followed; below 0: it is not.
func (s *following) find(t progress.Topic) int {
	return slices.IndexFunc(s.followers, func(f *progress.Follower) bool { return f.Topic() == t })
}

// obey does what a client asks for, and returns what to answer. bad says that the client
// had no way of meaning it.
func (s *following) obey(ctx context.Context, c progress.Command) (answer any, bad bool) {
	t, err := progress.ParseTopic(c.Topic)
	if err != nil {
		return refuse(c.Topic, "validation_failed", "Topics are operations, changes, operation: and the id of an operation, and repository: and GitHub's number of a repository."), true
	}
	switch c.Type {
	case progress.CommandSubscribe:
		return s.subscribe(ctx, t, c.Cursor)
	case progress.CommandUnsubscribe:
		i := s.find(t)
		if i < 0 {
			return refuse(c.Topic, "not_subscribed", "This topic is not followed on this connection."), true
		}
		return s.drop(i, "", ""), false
	default:
		return refuse(c.Topic, "validation_failed", "A message's type is subscribe or unsubscribe."), true
	}
}

// subscribe begins to follow a topic, if whoever asks may.
func (s *following) subscribe(ctx context.Context, t progress.Topic, cursor string) (answer any, bad bool) {
	switch {
	case s.find(t) >= 0:
		return refuse(t.String(), "subscribed_already", "This topic is followed on this connection already; unsubscribe first to begin anew."), true
	case len(s.followers) >= s.most:
		return refuse(t.String(), "too_many_topics", fmt.Sprintf("One connection may follow %d topics, and this one does.", s.most)), true
	}
	opening, cancel := context.WithTimeout(ctx, s.api.opts.RequestTimeout)
	defer cancel()
	f, err := s.follow(opening, t, cursor)
	if err != nil {
		return s.api.refusalOf(ctx, t, err), errors.Is(err, progress.ErrCursor)
	}
	s.followers = append(s.followers, f)
	tellReady(s.ready)
	return progress.Subscribed{Head: head(progress.UpdateSubscribed, f), Resumed: f.Resumed()}, false
}

func (s *following) follow(ctx context.Context, t progress.Topic, cursor string) (*progress.Follower, error) {
	name, err := s.api.repositoryOf(ctx, t)
	if err != nil {
		return nil, err
	}
	return s.api.opts.Streams.Follow(ctx, progress.Following{ //nolint:wrapcheck // it has a code to decide on
		WorkspaceID: workspaceOf(ctx), Topic: t, Cursor: cursor, Visible: visibleTo(ctx), Repository: name, Ready: s.ready,
	})
}

// repositoryOf is the name of a topic's repository, if whoever asks may see it; of other
// topics it is empty.
func (a *API) repositoryOf(ctx context.Context, t progress.Topic) (string, error) {
	if t.Kind != progress.TopicRepository {
		return "", nil
	}
	name, err := a.opts.Repositories.RepositoryName(ctx, workspaceOf(ctx), t.Number())
	if err != nil {
		return "", err //nolint:wrapcheck // it has a code to decide on
	}
	if name == "" || !visibleTo(ctx).MatchSubject(name) {
		return "", operation.NotFound("There is no such repository.")
	}
	return name, nil
}

// drop lets go of a topic, and returns what to say of it.
func (s *following) drop(i int, code, reason string) progress.Unsubscribed {
	f := s.followers[i]
	f.Close()
	s.followers = slices.Delete(s.followers, i, i+1)
	return progress.Unsubscribed{Head: head(progress.UpdateUnsubscribed, f), Code: code, Reason: reason}
}

// take hands what there is of each topic to send: a part of it, so that no topic waits for
// another one's past. It fails with what send fails with, and with progress.ErrClosed.
func (s *following) take(ctx context.Context, send func(progress.Topic, progress.Frame) error) error {
	for i := 0; i < len(s.followers); i++ {
		f := s.followers[i]
		frames, more, failure := f.Take(ctx)
		if more {
			tellReady(s.ready)
		}
		if failure != nil {
			last, err := s.part(ctx, i, failure)
			if err != nil {
				return err
			}
			frames = append(frames, last)
			i--
		}
		for _, frame := range frames {
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			if err := send(f.Topic(), frame); err != nil {
				return err
			}
		}
	}
	return nil
}

// part lets go of a topic that cannot go on, and returns the last message about it.
func (s *following) part(ctx context.Context, i int, failure error) (progress.Frame, error) {
	if cause := context.Cause(ctx); cause != nil {
		return progress.Frame{}, cause
	}
	if errors.Is(failure, progress.ErrClosed) {
		return progress.Frame{}, failure
	}
	var last any
	cursor := s.followers[i].Cursor()
	if progress.Over(failure) {
		gone := s.drop(i, "", "")
		gone.Type = progress.UpdateEnded
		last = progress.Ended{Head: gone.Head}
	} else {
		refusal := s.api.refusalOf(ctx, s.followers[i].Topic(), failure)
		last = s.drop(i, refusal.Code, refusal.Message)
	}
	data, err := progress.Encode(last)
	return progress.Frame{Cursor: cursor, Data: data}, err //nolint:wrapcheck // it says what was being done
}

// recheck looks whether what is followed may still be seen, and returns what to say of
// those that may not. What cannot be found out now is so no more once the token ends.
func (s *following) recheck(ctx context.Context) (last []any) {
	for i := 0; i < len(s.followers); i++ {
		f := s.followers[i]
		name, err := s.api.repositoryOf(ctx, f.Topic())
		if err == nil {
			f.Rename(name)
			continue
		}
		if operation.CodeOf(err) == operation.CodeNotFound {
			last = append(last, s.drop(i, "not_found", "There is no such repository any more."))
			i--
		}
	}
	return last
}

// heartbeat tells where to resume topics that have moved on without a message.
func (s *following) heartbeat(at time.Time) progress.Heartbeat {
	h := progress.Heartbeat{Type: progress.UpdateHeartbeat, At: at.UTC()}
	for _, f := range s.followers {
		if cursor, moved := f.Moved(); moved {
			if h.Cursors == nil {
				h.Cursors = map[string]string{}
			}
			h.Cursors[f.Topic().String()] = cursor
		}
	}
	return h
}

// cursors is where to resume each topic.
func (s *following) cursors() map[string]string {
	out := make(map[string]string, len(s.followers))
	for _, f := range s.followers {
		out[f.Topic().String()] = f.Cursor()
	}
	return out
}

// refusalOf says why a topic cannot be followed.
func (a *API) refusalOf(ctx context.Context, t progress.Topic, err error) progress.Refusal {
	switch {
	case errors.Is(err, progress.ErrCursor):
		return refuse(t.String(), "validation_failed", "The cursor is not one that this topic gave out; leave it out to begin with a snapshot.")
	case errors.Is(err, progress.ErrTooManyTopics), errors.Is(err, progress.ErrClosed):
		return refuse(t.String(), "unavailable", "This server cannot follow more now; try again in a moment.")
	case operation.CodeOf(err) == operation.CodeNotFound:
		return refuse(t.String(), "not_found", "There is nothing of this id.")
	default:
		a.logger(ctx).WarnContext(ctx, "a topic cannot be followed", "topic", t.String(), "error", err)
		return refuse(t.String(), "unavailable", "The topic cannot be read now; subscribe again in a moment, with the cursor that you have.")
	}
}

func refuse(topic, code, message string) progress.Refusal {
	return progress.Refusal{Type: progress.UpdateError, Topic: topic, Code: code, Message: message}
}

// head begins a message about a topic.
func head(kind progress.UpdateType, f *progress.Follower) progress.Head {
	return progress.Head{Type: kind, Topic: f.Topic().String(), Cursor: f.Cursor()}
}

func tellReady(ready chan<- struct{}) {
	select {
	case ready <- struct{}{}:
	default: // it knows
	}
}

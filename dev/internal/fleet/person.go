package fleet

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/holdfast/holdfast/dev/internal/bench"
	"github.com/holdfast/holdfast/internal/budget"
	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/github"
)

// person asks GitHub for something now and then, in the interactive lane of an account
// that the work saturates.
type person struct {
	client *github.Client
	close  func() error
	every  time.Duration
	path   string

	took    []time.Duration
	denied  map[budget.Limit]int
	wrongly int                                         // of these, that had something left
	spent   func(r budget.Resource, now time.Time) bool // the account has nothing left for anybody
	err     error                                       // the first that is no limit
}

// newPerson is a process of its own as far as the budget goes.
func (s *stack) newPerson(c client.Connection) (*person, error) {
	options, err := redis.ParseURL(s.options.RedisURL)
	if err != nil {
		return nil, fmt.Errorf("read the URL of Redis: %w", err)
	}
	options.ContextTimeoutEnabled = true
	shared := redis.NewClient(options)
	ledger, err := budget.NewLedger(budget.Options{Redis: shared, Process: "person", Scale: s.plan.scale()})
	if err != nil {
		return nil, errors.Join(err, shared.Close())
	}
	p := &person{
		every: s.plan.Ask, path: "repos/" + s.github.repositories[0].FullName(), denied: map[budget.Limit]int{},
		spent: func(r budget.Resource, now time.Time) bool {
			return s.github.watch.spent(account(s.github.users[0]), r, now)
		},
		close: func() error { ledger.Close(); return shared.Close() },
	}
	door, err := s.github.door("person")
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	proxy, err := url.Parse(door)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read a door's URL: %w", err), p.close())
	}
	transport := github.NewTransport()
	transport.Proxy = http.ProxyURL(proxy)
	theirs := ledger.Account(c.Account, func(ctx context.Context) (budget.Rates, error) { return p.client.Rates(ctx) })
	theirs.SetPolicy(budget.Policy{Connection: "person", InFlight: inFlight, Reserve: budget.Reserve{Percent: s.plan.Reserve}})
	p.client, err = github.New(github.Options{
		BaseURL: baseURL, Credential: github.StaticToken(s.github.users[0].Tokens[0].Value), Account: theirs,
		Connection: c.ID, UserAgent: "fleet", Transport: transport, Now: time.Now, Scale: s.plan.scale(),
	})
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// ask asks until ctx ends, each time whether or not the time before has been answered.
func (p *person) ask(ctx context.Context) {
	ctx = budget.WithFlow(ctx, budget.Flow{Lane: budget.LaneInteractive, Workspace: "person"})
	type answer struct {
		took time.Duration
		err  error
	}
	answers := make(chan answer)
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	for out := 0; ctx.Err() == nil || out > 0; {
		select {
		case <-tick.C:
			if ctx.Err() != nil {
				continue
			}
			out++
			go func() {
				began := time.Now()
				_, err := p.client.Object(ctx, p.path)
				answers <- answer{time.Since(began), err}
			}()
		case a := <-answers:
			out--
			p.note(ctx, a.took, a.err)
		}
	}
}

func (p *person) note(ctx context.Context, took time.Duration, err error) {
	var limit *budget.LimitError
	switch {
	case err == nil:
		p.took = append(p.took, took)
	case errors.As(err, &limit):
		p.denied[limit.Limit]++
		if limit.Limit != budget.Secondary && !p.spent(budget.Core, time.Now()) {
			p.wrongly++
		}
	case ctx.Err() == nil && p.err == nil:
		p.err = fmt.Errorf("the person's request failed: %w", err)
	}
}

// Waits are how long the person's requests took, from being wanted to being answered.
type Waits struct {
	Answered int            `json:"answered"`
	P50      float64        `json:"p50_seconds"`
	P99      float64        `json:"p99_seconds"`
	Max      float64        `json:"max_seconds"`
	Denied   map[string]int `json:"denied"` // by the limit that let nothing through, whoever asked
	// Wrongly are those of them that were denied although something was left above the reserve.
	Wrongly int `json:"denied_wrongly"`
}

func (p *person) waits() Waits {
	w := Waits{Answered: len(p.took), Denied: map[string]int{}, Wrongly: p.wrongly}
	for limit, n := range p.denied {
		w.Denied[string(limit)] = n
	}
	if len(p.took) > 0 {
		sorted := slices.Sorted(slices.Values(p.took))
		w.P50, w.P99, w.Max = bench.Percentile(sorted, 50).Seconds(), bench.Percentile(sorted, 99).Seconds(), sorted[len(sorted)-1].Seconds()
	}
	return w
}

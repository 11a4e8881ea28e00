package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// listenerProcess is the process of the listeners.
type listenerProcess struct {
	cmd   *exec.Cmd
	tells *json.Encoder
	hears *json.Decoder
	in    io.Closer
}

// invite starts the listeners and waits until all listen.
func (s *stage) invite(ctx context.Context, who audience) (*listenerProcess, error) {
	cmd := exec.CommandContext(ctx, s.services.options.Dev, "listeners")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("connect to the listeners: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("connect to the listeners: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the listeners: %w", err)
	}
	p := &listenerProcess{cmd: cmd, tells: json.NewEncoder(in), hears: json.NewDecoder(out), in: in}
	var ready struct {
		Ready bool `json:"ready"`
	}
	if err := errors.Join(p.tells.Encode(who), p.hears.Decode(&ready)); err != nil {
		p.kill()
		return nil, fmt.Errorf("wait for the listeners: %w%s", err, s.apis[0].Process.LogTail(20))
	}
	return p, nil
}

func (p *listenerProcess) tell(o order) error { return p.tells.Encode(o) }

// finish is what they heard.
func (p *listenerProcess) finish(last []int64) (heard Heard, err error) {
	if err := p.tell(order{Last: last}); err != nil {
		return heard, err
	}
	if err := p.hears.Decode(&heard); err != nil {
		return heard, fmt.Errorf("hear from the listeners: %w", err)
	}
	return heard, p.cmd.Wait()
}

// kill ends them, if they have not.
func (p *listenerProcess) kill() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill() // it may have ended
		_ = p.cmd.Wait()         // with whatever status
	}
}

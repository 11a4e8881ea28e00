package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/client"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/credential"
)

// largestCode bounds what is read of standard input for a code, in bytes.
const largestCode = 1 << 10

// newSessionCommands are the commands by which a person signs in and out.
func newSessionCommands(p process) []*cobra.Command {
	return []*cobra.Command{newLoginCommand(p), newLogoutCommand(p), newMeCommand(p)}
}

func apiURL(p process) string {
	return strings.TrimSuffix(cmp.Or(p.env.Get("HOLDFAST_API_URL"), defaultAPIURL), "/")
}

// sessionFile is where the session with the API is kept: in the user's configuration.
func sessionFile(p process) (*credential.File, error) {
	dir := p.env.Get("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) {
		var err error
		if dir, err = os.UserConfigDir(); err != nil {
			return nil, fmt.Errorf("find the place of the session: %w", err)
		}
	}
	return credential.In(filepath.Join(dir, "holdfast"), apiURL(p), time.Now), nil
}

// sessionClient is a client that shows the tokens of the session that is kept, and goes on
// with it when they expire.
func sessionClient(p process) (*client.Client, error) {
	file, err := sessionFile(p)
	none := err != nil // no place for one
	if err == nil {
		_, err = file.Load()
		none = errors.Is(err, credential.ErrNone)
	}
	if none {
		return nil, usageError{config.MustBeSet("HOLDFAST_TOKEN", "the token that is shown to the API; `holdfast token create` makes one, and `holdfast login` does without")}
	}
	if err != nil {
		return nil, err
	}
	unknown, err := newAnonymousClient(p)
	if err != nil {
		return nil, err
	}
	renew := func(ctx context.Context, refreshToken string) (credential.Session, error) {
		t, err := unknown.Refresh(ctx, refreshToken)
		if problem := new(client.Problem); errors.As(err, &problem) && problem.Status == http.StatusUnauthorized {
			return credential.Session{}, errors.Join(fmt.Errorf("sign in again with `holdfast login`: %w", err), file.Delete())
		}
		return sessionOf(t), err
	}
	tokens := func(ctx context.Context) (string, error) { return file.Token(ctx, renew) }
	c, err := client.NewWithTokens(apiURL(p), tokens, nil)
	if err != nil {
		return nil, usageError{fmt.Errorf("HOLDFAST_API_URL: %w", err)}
	}
	return c, nil
}

// newAnonymousClient is a client that shows nothing.
func newAnonymousClient(p process) (*client.Client, error) {
	c, err := client.New(apiURL(p), "", nil)
	if err != nil {
		return nil, usageError{fmt.Errorf("HOLDFAST_API_URL: %w", err)}
	}
	return c, nil
}

func sessionOf(t client.Tokens) credential.Session {
	return credential.Session{
		Subject: t.Subject, AccessToken: t.AccessToken, ExpiresAt: time.Now().Add(time.Duration(t.ExpiresIn) * time.Second),
		RefreshToken: t.RefreshToken, SessionExpiresAt: t.SessionExpiresAt,
	}
}

// readCode reads a line, from a file where one is named.
func readCode(in io.Reader, file string) (string, error) {
	if file != "" {
		opened, err := os.Open(file)
		if err != nil {
			return "", usageError{fmt.Errorf("read the code: %w", err)}
		}
		defer opened.Close() //nolint:errcheck // it was only read
		in = opened
	}
	code, err := bufio.NewReader(io.LimitReader(in, largestCode)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the code: %w", err)
	}
	if code = strings.TrimSpace(code); code == "" {
		return "", usageError{errors.New("there is no code to read")}
	}
	return code, nil
}

func newLoginCommand(p process) *cobra.Command {
	var asJSON bool
	var codeFile string
	cmd := &cobra.Command{
		Use: "login", Short: "Sign in with the code of an invitation",
		Long: "Reads the code from standard input: an argument could be seen by everybody on the machine. The session is kept in a file " +
			"that nobody else may read, in the user's configuration, and renewed by the commands that use it while HOLDFAST_TOKEN is not set.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := newAnonymousClient(p)
			if err != nil {
				return err
			}
			file, err := sessionFile(p)
			if err != nil {
				return err
			}
			if in, ok := cmd.InOrStdin().(*os.File); ok && codeFile == "" && client.IsTerminal(in) {
				fmt.Fprint(p.stderr, "Code: ")
			}
			code, err := readCode(cmd.InOrStdin(), codeFile)
			if err != nil {
				return err
			}
			tokens, err := c.AcceptInvitation(cmd.Context(), code)
			if err != nil {
				return err
			}
			if err := file.Locked(cmd.Context(), func() error { return file.Save(sessionOf(tokens)) }); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(p.stdout, map[string]any{
					"subject": tokens.Subject, "workspace_id": tokens.WorkspaceID, "role": tokens.Role, "session_id": tokens.SessionID, "session_expires_at": tokens.SessionExpiresAt,
				})
			}
			fmt.Fprintf(p.stderr, "Signed in as %s, with the role %s, until %s.\n", tokens.Subject, tokens.Role, tokens.SessionExpiresAt.UTC().Format(time.RFC3339))
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print who signed in as JSON")
	cmd.Flags().StringVar(&codeFile, "code-file", "", "the `file` that holds the code; standard input without it")
	return cmd
}

func newLogoutCommand(p process) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "logout", Short: "Sign out: end the session, and forget it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := newAnonymousClient(p)
			if err != nil {
				return err
			}
			file, err := sessionFile(p)
			if err != nil {
				return err
			}
			var session credential.Session
			err = file.Locked(cmd.Context(), func() error {
				if session, err = file.Load(); err != nil {
					return err
				}
				if err := c.EndSession(cmd.Context(), session.RefreshToken); err != nil {
					return err
				}
				return file.Delete()
			})
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(p.stdout, map[string]string{"subject": session.Subject, "done": "signed_out"})
			}
			fmt.Fprintf(p.stderr, "%s is signed out.\n", session.Subject)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newMeCommand(p process) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "me", Short: "Tell who the API takes you for, and what you may do", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			me, err := c.Me(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(p.stdout, me)
			}
			return writeTable(p.stdout, [][]string{
				{"subject", me.Subject},
				{"shown", me.Kind},
				{"role", me.Role},
				{"repositories", seen(me.Repositories)},
				{"workspace", me.WorkspaceID},
				{"expires", timeOr(me.ExpiresAt, "never")},
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/holdfast/holdfast/internal/client"
)

// largestSecret bounds a file that holds a secret, in bytes.
const largestSecret = 64 << 10

// connectionFlags are what can be said of a connection.
type connectionFlags struct {
	name, baseURL, reserve, hook              string
	token, key, secret, previous              string // files
	repositories                              []string
	app, installation                         int64
	inFlight                                  int
	noCheck, enable, disable, anyRepositories bool
	json                                      bool
}

func newConnectionsCreateCommand(p process) *cobra.Command {
	var f connectionFlags
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Add a credential, once GitHub has accepted it", Args: cobra.ExactArgs(1),
		Example: "  holdfast connections create octo-ci --token-file token --reserve 30%\n" +
			"  holdfast connections create octo-app --app-id 48213 --installation-id 3310577 --private-key-file key.pem",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(p)
			if err != nil {
				return err
			}
			request, err := f.request(cmd)
			if err != nil {
				return err
			}
			request.Name = &args[0]
			made, err := c.CreateConnection(cmd.Context(), request)
			if err != nil {
				return err
			}
			if f.json {
				return writeJSON(p.stdout, made)
			}
			fmt.Fprintln(p.stdout, made.ID)
			if made.Check == nil {
				return nil
			}
			return writeCheck(p.stderr, *made.Check)
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().Int64Var(&f.app, "app-id", 0, "the id of a GitHub App")
	cmd.Flags().StringVar(&f.baseURL, "base-url", "", "of GitHub's API, where it is not the server's default: https://HOST/api/v3")
	cmd.Flags().BoolVar(&f.noCheck, "no-check", false, "keep it without asking GitHub about it first")
	return cmd
}

func newConnectionsUpdateCommand(p process) *cobra.Command {
	var f connectionFlags
	cmd := &cobra.Command{
		Use: "update NAME | ID", Short: "Change a credential or its settings; what is left out stays as it is", Args: cobra.ExactArgs(1),
		RunE: withConnection(p, func(cmd *cobra.Command, c *client.Client, one client.Connection) error {
			request, err := f.request(cmd)
			if err != nil {
				return err
			}
			changed, err := c.ChangeConnection(cmd.Context(), one.ID, request)
			if err != nil {
				return err
			}
			if f.json {
				return writeJSON(p.stdout, changed)
			}
			return writeConnection(p.stdout, changed)
		}),
	}
	f.add(cmd.Flags())
	cmd.Flags().StringVar(&f.name, "name", "", "another name")
	cmd.Flags().BoolVar(&f.anyRepositories, "all-repositories", false, "use it for all repositories")
	cmd.Flags().BoolVar(&f.disable, "disable", false, "do not use it until it is enabled")
	cmd.Flags().BoolVar(&f.enable, "enable", false, "use it again")
	cmd.MarkFlagsMutuallyExclusive("enable", "disable")
	cmd.MarkFlagsMutuallyExclusive("repositories", "all-repositories")
	return cmd
}

// add adds the flags that making and changing share.
func (f *connectionFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.json, "json", false, "print JSON")
	flags.StringVar(&f.token, "token-file", "", "file with a personal access token; - is standard input")
	flags.Int64Var(&f.installation, "installation-id", 0, "the id of the App's installation")
	flags.StringVar(&f.key, "private-key-file", "", "file with the App's private key, in PEM; - is standard input")
	flags.StringSliceVar(&f.repositories, "repositories", nil, "use it for these repositories only: patterns owner/name, separated by commas")
	flags.StringVar(&f.reserve, "reserve", "", "what to leave for other tools: 30%, or 1500 requests an hour; 0 for nothing")
	flags.IntVar(&f.inFlight, "in-flight", 0, "how many requests to make at once, 1 to 100")
	flags.StringVar(&f.hook, "hook", "", "path of the webhook in GitHub's API, such as orgs/octo-corp/hooks/1; empty for none")
	flags.StringVar(&f.secret, "webhook-secret-file", "", "file with the secret that deliveries are signed with; - is standard input")
	flags.StringVar(&f.previous, "previous-webhook-secret-file", "", "file with one that is accepted as well; an empty file for none")
}

// fromStdin is the file's name that stands for standard input.
const fromStdin = "-"

// request is what the flags ask for.
func (f *connectionFlags) request(cmd *cobra.Command) (r client.ConnectionRequest, err error) {
	set := cmd.Flags().Changed
	r.BaseURL, r.InFlight = f.baseURL, f.inFlight
	if set("name") {
		r.Name = &f.name
	}
	if set("in-flight") && f.inFlight < 1 {
		return r, errors.New("--in-flight must be 1 to 100")
	}
	if set("repositories") || f.anyRepositories {
		if set("repositories") && len(f.repositories) == 0 {
			return r, errors.New("--repositories has nothing in it; leave it out")
		}
		patterns := append([]string{}, f.repositories...)
		r.Repositories = &patterns
	}
	if f.noCheck {
		r.Check = new(bool)
	}
	if f.enable || f.disable {
		r.Disabled = &f.disable
	}
	if set("reserve") {
		if r.Reserve, err = parseReserve(f.reserve); err != nil {
			return r, err
		}
	}
	return r, f.secrets(cmd, &r)
}

// secrets reads the files that the flags name into r.
func (f *connectionFlags) secrets(cmd *cobra.Command, r *client.ConnectionRequest) error {
	set, files := cmd.Flags().Changed, secretFiles{cmd: cmd}
	r.Token = files.read("token-file", f.token)
	if set("app-id") || set("installation-id") || set("private-key-file") {
		r.App = &client.AppRequest{ID: f.app, InstallationID: f.installation, PrivateKey: files.read("private-key-file", f.key)}
	}
	if set("hook") || set("webhook-secret-file") || set("previous-webhook-secret-file") {
		r.Webhook = &client.WebhookRequest{}
		if set("hook") {
			r.Webhook.Hook = &f.hook
		}
		if secret := files.read("webhook-secret-file", f.secret); set("webhook-secret-file") {
			r.Webhook.Secret = &secret
		}
		if secret := files.read("previous-webhook-secret-file", f.previous); set("previous-webhook-secret-file") {
			r.Webhook.PreviousSecret = &secret
		}
	}
	switch {
	case files.err != nil:
		return files.err
	case set("token-file") && r.Token == "":
		return errors.New("--token-file: there is nothing in it")
	case set("private-key-file") && r.App.PrivateKey == "":
		return errors.New("--private-key-file: there is nothing in it")
	}
	return nil
}

// secretFiles reads the files of a command's flags until one cannot be read.
type secretFiles struct {
	cmd   *cobra.Command
	stdin string // the flag that standard input was read for
	err   error
}

// read is what is in the flag's file, empty where the flag was not given.
func (s *secretFiles) read(flag, file string) (text string) {
	switch {
	case s.err != nil || !s.cmd.Flags().Changed(flag):
		return ""
	case file == fromStdin && s.stdin != "":
		s.err = fmt.Errorf("--%s and --%s cannot both be standard input", s.stdin, flag)
		return ""
	case file == fromStdin:
		s.stdin = flag
	}
	if text, s.err = readSecret(s.cmd.InOrStdin(), file); s.err != nil {
		s.err = fmt.Errorf("--%s: %w", flag, s.err)
	}
	return text
}

// readSecret reads a file, without the line break at its end that editors add.
func readSecret(from io.Reader, file string) (string, error) {
	if file != fromStdin {
		opened, err := os.Open(file)
		if err != nil {
			// The name is not repeated: somebody may have given the secret in its place.
			return "", fmt.Errorf("the file cannot be opened: %w", errors.Unwrap(err))
		}
		defer opened.Close() //nolint:errcheck // it was only read
		from = opened
	}
	read, err := io.ReadAll(io.LimitReader(from, largestSecret+1))
	if err != nil {
		return "", fmt.Errorf("it cannot be read: %w", cmp.Or(errors.Unwrap(err), err))
	}
	if len(read) > largestSecret {
		return "", fmt.Errorf("it is larger than %d KiB", largestSecret>>10)
	}
	return strings.TrimRight(string(read), "\r\n"), nil
}

// parseReserve reads a percentage or a number of requests.
func parseReserve(text string) (*client.Reserve, error) {
	if share, ok := strings.CutSuffix(text, "%"); ok {
		percent, err := strconv.ParseFloat(share, 64)
		if err != nil {
			return nil, fmt.Errorf("--reserve %q is no percentage", text)
		}
		return &client.Reserve{Percent: &percent}, nil
	}
	requests, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("--reserve %q is neither a percentage like 30%% nor a number of requests", text)
	}
	return &client.Reserve{Requests: &requests}, nil
}

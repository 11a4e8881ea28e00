package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/secret"
)

// keysets are the commands for one keyset.
type keysets struct {
	process
	use config.KeysetUse
}

// newKeysetCommands makes the commands for HOLDFAST_PAYLOAD_KEYSET and
// HOLDFAST_SECRETS_KEYSET. They read it from the environment and print the new one on
// standard output: an argument could be seen by everybody on the machine.
func newKeysetCommands(p process) []*cobra.Command {
	return []*cobra.Command{
		newKeysetCommand(keysets{p, config.KeysetOfPayloads}, "Make and rotate the keys that Temporal's payloads are encrypted with",
			"once Temporal keeps no workflow that began before step 2\n              was complete (the namespace's retention)"),
		newKeysetCommand(keysets{p, config.KeysetOfSecrets}, "Make and rotate the keys that connections' secrets are encrypted with",
			"once the workers have said that they encrypted all\n              secrets with the new one, which they do by themselves"),
	}
}

func newKeysetCommand(p keysets, short, removal string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   p.use.Command,
		Short: short,
		Long: `Each command prints a whole keyset, to be kept like a password. To exchange the key
without stopping anything:

  1. add      and give the result to every API and worker: all can read the new key
  2. promote  and give that to every API and worker: all encrypt with the new key
  3. remove   the old key, ` + removal,
	}
	cmd.AddCommand(
		keysetCommand("new", "Print a keyset of one new key", cobra.NoArgs, func([]string) error {
			keys, err := secret.New()
			if err != nil {
				return err
			}
			return p.printKeyset(keys)
		}),
		keysetCommand("add", "Print the keyset with one more key, which decrypts only", cobra.NoArgs, func([]string) error {
			return p.changeKeyset(func(keys *secret.Keyset) (*secret.Keyset, error) { return keys.Add() })
		}),
		keysetCommand("promote [KEY-ID]", "Print the keyset with that key, or the newest, as the one that encrypts", cobra.MaximumNArgs(1),
			func(args []string) error {
				return p.changeKeyset(func(keys *secret.Keyset) (*secret.Keyset, error) { return promote(keys, args) })
			}),
		keysetCommand("remove KEY-ID", "Print the keyset without that key", cobra.ExactArgs(1), func(args []string) error {
			return p.changeKeyset(func(keys *secret.Keyset) (*secret.Keyset, error) { return withKey(args[0], keys.Remove) })
		}),
		keysetCommand("list", "List the ids of the keys, the oldest first", cobra.NoArgs, func([]string) error { return p.listKeys() }),
	)
	return cmd
}

func keysetCommand(use, short string, args cobra.PositionalArgs, do func(args []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: args, RunE: func(_ *cobra.Command, args []string) error { return do(args) }}
}

// promote makes the key of that id the one that encrypts, or the newest.
func promote(keys *secret.Keyset, ids []string) (*secret.Keyset, error) {
	if len(ids) > 0 {
		return withKey(ids[0], keys.Promote)
	}
	all := keys.Keys()
	return keys.Promote(all[len(all)-1].ID)
}

// keyset is what the variable holds.
func (p keysets) keyset() (*secret.Keyset, error) {
	keys, err := config.LoadKeyset(p.env, p.use)
	if err == nil && keys == nil {
		err = fmt.Errorf("%s is not set; `holdfast %s new` makes one", p.use.Variable, p.use.Command)
	}
	return keys, err
}

func (p keysets) changeKeyset(change func(*secret.Keyset) (*secret.Keyset, error)) error {
	keys, err := p.keyset()
	if err != nil {
		return err
	}
	if keys, err = change(keys); err != nil {
		return err
	}
	return p.printKeyset(keys)
}

func (p keysets) listKeys() error {
	keys, err := p.keyset()
	if err != nil {
		return err
	}
	for _, key := range keys.Keys() {
		what := "decrypts"
		if key.Primary {
			what = "encrypts and decrypts"
		}
		fmt.Fprintf(p.stdout, "%d\t%s\n", key.ID, what)
	}
	return nil
}

// printKeyset prints a keyset alone on standard output, and what it is beside it.
func (p keysets) printKeyset(keys *secret.Keyset) error {
	text, err := keys.Encode()
	if err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, text)
	fmt.Fprintf(p.stderr, "%s with %s\n", p.use.Variable, keys)
	return nil
}

// withKey does what is to be done with the key of that id.
func withKey(id string, do func(uint32) (*secret.Keyset, error)) (*secret.Keyset, error) {
	number, err := strconv.ParseUint(id, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("%q is no id of a key; the command list lists them", id)
	}
	return do(uint32(number))
}

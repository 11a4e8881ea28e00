package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/holdfast/holdfast/api"
)

// newOpenAPICommand prints what a server would say of its API.
func newOpenAPICommand(p process) *cobra.Command {
	return &cobra.Command{
		Use: "openapi", Short: "Print the OpenAPI document of the API",
		Long: "Prints the document that a server of this version has at /openapi.json, without one.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			document, err := api.Document(version)
			if err != nil {
				return err
			}
			_, err = p.stdout.Write(document)
			return err
		},
	}
}

// newReferenceCommand prints the part of docs/cli.md that says what the commands are.
func newReferenceCommand(p process) *cobra.Command {
	return &cobra.Command{
		Use: "reference", Short: "Print all commands as Markdown", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return writeReference(p.stdout, cmd.Root()) },
	}
}

// writeReference describes the commands below root, each with its own flags.
func writeReference(w io.Writer, root *cobra.Command) error {
	var b strings.Builder
	for _, cmd := range root.Commands() {
		if cmd.IsAvailableCommand() && cmd.Name() != "completion" {
			refer(&b, cmd)
		}
	}
	if _, err := io.WriteString(w, strings.TrimSuffix(b.String(), "\n")); err != nil {
		return fmt.Errorf("print the reference: %w", err)
	}
	return nil
}

// refer describes a command and those below it.
func refer(b *strings.Builder, cmd *cobra.Command) {
	if cmd.Runnable() {
		fmt.Fprintf(b, "### `%s`\n\n%s.\n", strings.TrimSuffix(cmd.UseLine(), " [flags]"), cmd.Short)
		if cmd.Long != "" {
			fmt.Fprintf(b, "%s\n", strings.Join(strings.Fields(cmd.Long), " "))
		}
		b.WriteString("\n")
		flags := 0
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Hidden || f.Name == "help" {
				return
			}
			flags++
			name, usage := pflag.UnquoteUsage(f)
			short := ""
			if f.Shorthand != "" {
				short = "`-" + f.Shorthand + "`, "
			}
			fmt.Fprintf(b, "- %s`%s`: %s%s\n", short, strings.TrimSpace("--"+f.Name+" "+name), usage, defaultOf(f))
		})
		if flags > 0 {
			b.WriteString("\n")
		}
	}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			refer(b, sub)
		}
	}
}

// defaultOf says what a flag is where it is not given, if that is not nothing.
func defaultOf(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "false", "0", "0s", "[]":
		return ""
	}
	return " (" + f.DefValue + ")"
}

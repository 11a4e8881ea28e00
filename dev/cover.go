package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/dev/internal/cover"
)

// productModule is what packages' names are shortened by.
const productModule = "github.com/holdfast/holdfast"

func coverCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "cover PROFILE",
		Short: "sum up a coverage profile by package; see `make cover`",
		Args:  cobra.ExactArgs(1),
		RunE:  func(_ *cobra.Command, args []string) error { return runCover(os.Stdout, args[0]) },
	}
}

func runCover(w io.Writer, path string) error {
	profile, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the profile: %w", err)
	}
	defer func() { _ = profile.Close() }() // only read
	packages, err := cover.Read(profile)
	if err != nil {
		return err
	}
	return cover.WriteTable(w, productModule, packages)
}

// Package cover sums up a coverage profile by package.
package cover

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Package is what tests ran of one package.
type Package struct {
	Path       string
	Statements int64
	Covered    int64
}

// Percent of the statements that were run; of none, all were.
func (p Package) Percent() float64 {
	if p.Statements == 0 {
		return 100
	}
	return 100 * float64(p.Covered) / float64(p.Statements)
}

// block is a stretch of code that runs as a whole.
type block struct {
	statements int64
	covered    bool
}

// Read reads a profile in the text format of `go test -coverprofile`. A block that
// stands in it several times, since several programs have it, counts once, and as
// covered when any of them ran it. The packages with the lowest percentage come first.
func Read(r io.Reader) ([]Package, error) {
	blocks := map[string]block{} // by file and place
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		if strings.HasPrefix(lines.Text(), "mode: ") {
			continue
		}
		place, b, err := readBlock(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("line %d of the profile: %w", n, err)
		}
		b.covered = b.covered || blocks[place].covered
		blocks[place] = b
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the profile: %w", err)
	}
	return sum(blocks), nil
}

// readBlock reads "example.com/package/file.go:12.34,56.7 3 1": the place, the number
// of statements, and how often they ran.
func readBlock(line string) (place string, b block, err error) {
	fields := strings.Fields(line)
	if len(fields) != 3 || !strings.Contains(fields[0], ":") {
		return "", b, fmt.Errorf("%q is no block", line)
	}
	if b.statements, err = strconv.ParseInt(fields[1], 10, 64); err != nil {
		return "", b, fmt.Errorf("read the number of statements: %w", err)
	}
	runs, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		return "", b, fmt.Errorf("read how often they ran: %w", err)
	}
	b.covered = runs > 0
	return fields[0], b, nil
}

func sum(blocks map[string]block) []Package {
	byPath := map[string]*Package{}
	for place, b := range blocks {
		file, _, _ := strings.Cut(place, ":")
		name := path.Dir(file)
		p, ok := byPath[name]
		if !ok {
			p = &Package{Path: name}
			byPath[name] = p
		}
		p.Statements += b.statements
		if b.covered {
			p.Covered += b.statements
		}
	}
	packages := make([]Package, 0, len(byPath))
	for _, p := range byPath {
		packages = append(packages, *p)
	}
	slices.SortFunc(packages, func(a, b Package) int {
		return cmp.Or(cmp.Compare(a.Percent(), b.Percent()), cmp.Compare(a.Path, b.Path))
	})
	return packages
}

// WriteTable prints the packages, their names without the module's, and their total.
func WriteTable(w io.Writer, module string, packages []Package) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "covered\tstatements\tnot run\t  package")
	total := Package{Path: "in all"}
	for _, p := range packages {
		total.Statements += p.Statements
		total.Covered += p.Covered
		p.Path = strings.TrimPrefix(p.Path, module+"/")
		writeLine(t, p)
	}
	writeLine(t, total)
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

func writeLine(w io.Writer, p Package) {
	fmt.Fprintf(w, "%.1f %%\t%d\t%d\t  %s\n", p.Percent(), p.Statements, p.Statements-p.Covered, p.Path)
}

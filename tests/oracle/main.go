// Command oracle judges what our C code did with the API server's own libraries. It reads lines of
// {"name", "kind", "object", "oldObject", "patch", "result"}: an object (and on UPDATE the stored
// one), the JSON Patch that we answered, and what our own applier made of the two. The patch must
// apply, give the same result, and leave an object that the API server takes as readily as those it
// was made from.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
)

// A line of the programs under test. An object may be megabytes long, and a line holds two.
const lineMax = 64 << 20

type sample struct {
	Name      string          `json:"name"`
	Kind      string          `json:"kind"`
	Object    json.RawMessage `json:"object"`
	OldObject json.RawMessage `json:"oldObject"`
	Patch     json.RawMessage `json:"patch"`
	Result    json.RawMessage `json:"result"`
}

// A judge says what is wrong with an object, in the API server's words; nothing when it is right.
type judge func(object []byte) []string

// tree decodes without losing a digit of any number.
func tree(text []byte) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	return value, err
}

// check applies the patch as the API server does and compares; it returns what is wrong.
func check(s sample, judges map[string][]judge) error {
	operations, err := jsonpatch.DecodePatch(s.Patch)
	if err != nil {
		return fmt.Errorf("the patch does not decode: %w", err)
	}
	theirs, err := operations.Apply(s.Object)
	if err != nil {
		return fmt.Errorf("the patch does not apply: %w", err)
	}
	a, err := tree(theirs)
	if err != nil {
		return err
	}
	b, err := tree(s.Result)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(a, b) {
		return fmt.Errorf("the results differ\n  library: %s\n  ours:    %s", theirs, s.Result)
	}
	candidates, known := judges[s.Kind]
	if !known {
		return fmt.Errorf("nothing is known about the kind %q", s.Kind)
	}
	var worse string
	for _, judgement := range candidates {
		if worse = firstNew(judgement, theirs, s.Object, s.OldObject); worse == "" {
			return nil
		}
	}
	return fmt.Errorf("the result is worse than the object: %s", worse)
}

// firstNew is the first complaint about the result that is not one about what it was made from.
func firstNew(judgement judge, result []byte, sources ...[]byte) string {
	before := map[string]bool{}
	for _, source := range sources {
		if len(source) == 0 {
			continue
		}
		for _, complaint := range judgement(source) {
			before[complaint] = true
		}
	}
	for _, complaint := range judgement(result) {
		if !before[complaint] {
			return complaint
		}
	}
	return ""
}

func run(input io.Reader, judges map[string][]judge) (passed, failed int, err error) {
	lines := bufio.NewScanner(input)
	lines.Buffer(nil, lineMax)
	for lines.Scan() {
		var s sample
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			return passed, failed, err
		}
		if err := check(s, judges); err != nil {
			fmt.Printf("FAILED %s: %v\n", s.Name, err)
			failed++
			continue
		}
		passed++
	}
	return passed, failed, lines.Err()
}

func main() {
	crds := flag.String("crds", "", "CustomResourceDefinitions of postgresqls (YAML), by commas")
	flag.Parse()
	// No operator takes all versions of PostgreSQL: one that takes the result is enough.
	var resources []judge
	for _, path := range strings.Split(*crds, ",") {
		resource, err := newResourceJudge(path)
		if err != nil {
			fmt.Fprintf(os.Stderr, "oracle: %v\n", err)
			os.Exit(1)
		}
		resources = append(resources, resource)
	}
	judges := map[string][]judge{
		"pod":        {judgePod},
		"postgresql": resources,
		"other":      {func([]byte) []string { return nil }},
	}
	passed, failed := 0, 0
	for _, path := range flag.Args() {
		file, err := os.Open(path)
		if err != nil {
			fmt.Fprintf(os.Stderr, "oracle: %v\n", err)
			os.Exit(1)
		}
		p, f, err := run(file, judges)
		file.Close()
		passed, failed = passed+p, failed+f
		if err != nil {
			fmt.Fprintf(os.Stderr, "oracle: %s: line %d: %v\n", path, p+f+1, err)
			os.Exit(1)
		}
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 || passed == 0 {
		os.Exit(1)
	}
}

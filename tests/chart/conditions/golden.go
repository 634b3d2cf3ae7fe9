package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
)

type object = map[string]any

// A goldenCase is case.json of tests/golden, whose README says what each member does.
type goldenCase struct {
	Path      string          `json:"path"`
	Base      string          `json:"base"`
	Review    object          `json:"review"`
	Request   object          `json:"request"`
	Object    object          `json:"object"`
	OldObject object          `json:"oldObject"`
	Image     any             `json:"image"`
	Env       object          `json:"env"`
	Append    []any           `json:"append"`
	Edits     json.RawMessage `json:"edits"`
}

// A request is what the API server would ask about.
type request struct {
	Path string `json:"-"`
	Kind struct {
		Group, Version, Kind string
	} `json:"kind"`
	Name        string          `json:"name"`
	Namespace   string          `json:"namespace"`
	Operation   string          `json:"operation"`
	SubResource string          `json:"subResource"`
	DryRun      bool            `json:"dryRun"`
	Object      json.RawMessage `json:"object"`
	OldObject   json.RawMessage `json:"oldObject"`
}

func readJSON(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// merge is RFC 7396: null removes.
func merge(target, patch object) {
	for key, value := range patch {
		old, isObject := target[key].(object)
		change, changes := value.(object)
		switch {
		case value == nil:
			delete(target, key)
		case isObject && changes:
			merge(old, change)
		default:
			target[key] = value
		}
	}
}

func container(pod object) object {
	spec, _ := pod["spec"].(object)
	containers, _ := spec["containers"].([]any)
	for _, it := range containers {
		if found, ok := it.(object); ok && found["name"] == "postgres" {
			return found
		}
	}
	return nil
}

// setEnv changes or removes the last entry of a name, or adds one.
func setEnv(container object, name string, value any) {
	key := "value"
	if _, reference := value.(object); reference {
		key = "valueFrom"
	}
	entries, _ := container["env"].([]any)
	entry := object{"name": name, key: value}
	for i := len(entries) - 1; i >= 0; i-- {
		if found, ok := entries[i].(object); !ok || found["name"] != name {
			continue
		}
		if value == nil {
			container["env"] = append(entries[:i:i], entries[i+1:]...)
		} else {
			entries[i] = entry
		}
		return
	}
	if value != nil {
		container["env"] = append(entries, entry)
	}
}

func (c *goldenCase) base(tests string) (object, error) {
	if c.Base == "" {
		return c.Review, nil
	}
	var review object
	made := filepath.Join(tests, "golden/bases", c.Base+".json")
	if _, err := os.Stat(made); err == nil {
		return review, readJSON(made, &review)
	}
	return review, readJSON(filepath.Join(tests, "data/reviews", c.Base+".json"), &review)
}

func (c *goldenCase) change(review object) ([]byte, error) {
	asked, _ := review["request"].(object)
	merge(asked, c.Request)
	subject, _ := asked["object"].(object)
	merge(subject, c.Object)
	if former, ok := asked["oldObject"].(object); ok {
		merge(former, c.OldObject)
	}
	postgres := container(subject)
	if c.Image != nil {
		postgres["image"] = c.Image
	}
	for name, value := range c.Env {
		setEnv(postgres, name, value)
	}
	if c.Append != nil {
		entries, _ := postgres["env"].([]any)
		postgres["env"] = append(entries, c.Append...)
	}
	text, err := json.Marshal(review)
	if err != nil || c.Edits == nil {
		return text, err
	}
	edits, err := jsonpatch.DecodePatch(c.Edits)
	if err != nil {
		return nil, err
	}
	return edits.Apply(text)
}

// readCase gives the request of the case in a file.
func readCase(tests, path string) (*request, error) {
	var golden goldenCase
	if err := readJSON(path, &golden); err != nil {
		return nil, err
	}
	review, err := golden.base(tests)
	if err != nil {
		return nil, err
	}
	text, err := golden.change(review)
	if err != nil {
		return nil, err
	}
	var changed struct {
		Request request `json:"request"`
	}
	if err := json.Unmarshal(text, &changed); err != nil {
		return nil, err
	}
	changed.Request.Path = golden.Path
	return &changed.Request, nil
}

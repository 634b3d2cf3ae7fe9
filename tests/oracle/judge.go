package main

import (
	"encoding/json"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// decode reads the object as the API server reads a built-in type.
func decode(object []byte, into any) []string {
	var complaints []string
	unknown, err := kjson.UnmarshalStrict(object, into)
	for _, complaint := range unknown {
		complaints = append(complaints, complaint.Error())
	}
	if err != nil {
		complaints = append(complaints, err.Error())
	}
	return complaints
}

func judgePod(object []byte) []string {
	return decode(object, &corev1.Pod{})
}

// newResourceJudge reads a CustomResourceDefinition and judges custom resources by its schema: what
// would be pruned, and what would be refused.
func newResourceJudge(path string) (judge, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				Name   string
				Schema struct {
					OpenAPIV3Schema map[string]any
				}
			}
		}
	}
	if err := yaml.Unmarshal(text, &crd); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, version := range crd.Spec.Versions {
		if version.Name != "v1" {
			continue
		}
		intOrString(version.Schema.OpenAPIV3Schema)
		text, err := json.Marshal(version.Schema.OpenAPIV3Schema)
		if err != nil {
			return nil, err
		}
		var schema spec.Schema
		if err := json.Unmarshal(text, &schema); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		validator := validate.NewSchemaValidator(&schema, nil, "", strfmt.Default)
		return func(object []byte) []string { return judgeResource(&schema, validator, object) }, nil
	}
	return nil, fmt.Errorf("%s: no version v1", path)
}

// intOrString writes the marker out as what it stands for, as the API server does before it
// validates.
func intOrString(schema map[string]any) {
	if schema["x-kubernetes-int-or-string"] == true {
		schema["anyOf"] = []any{map[string]any{"type": "integer"}, map[string]any{"type": "string"}}
	}
	for _, child := range schema {
		switch child := child.(type) {
		case map[string]any:
			intOrString(child)
		}
	}
}

func judgeResource(schema *spec.Schema, validator *validate.SchemaValidator, object []byte) []string {
	var value any
	if err := json.Unmarshal(object, &value); err != nil {
		return []string{err.Error()}
	}
	complaints := prune(schema, value, "")
	for _, err := range validator.Validate(value).Errors {
		complaints = append(complaints, err.Error())
	}
	return complaints
}

// prune removes what a structural schema does not name and tells what it removed. The API server
// knows metadata without the schema's help.
func prune(schema *spec.Schema, value any, path string) []string {
	var removed []string
	switch value := value.(type) {
	case []any:
		if schema.Items == nil || schema.Items.Schema == nil {
			return nil
		}
		for i, element := range value {
			removed = append(removed, prune(schema.Items.Schema, element, fmt.Sprintf("%s[%d]", path, i))...)
		}
	case map[string]any:
		keep, _ := schema.Extensions.GetBool("x-kubernetes-preserve-unknown-fields")
		for key, member := range value {
			at := path + "." + key
			child, named := schema.Properties[key]
			switch {
			case path == "" && (key == "metadata" || key == "apiVersion" || key == "kind"):
			case named:
				removed = append(removed, prune(&child, member, at)...)
			case schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil:
				removed = append(removed, prune(schema.AdditionalProperties.Schema, member, at)...)
			case !keep:
				delete(value, key)
				removed = append(removed, at+" would be pruned")
			}
		}
	}
	return removed
}

// Command conditions says which cases, in the form of tests/golden, the API server would ask the
// webhook about. It reads rendered webhook configurations on standard input and evaluates rules and
// matchConditions with the API server's own code, in the oldest CEL environment that the chart
// supports. It writes a line of {"case", "called", "why"} for each case. The selectors are not
// looked at: every case is about an object in a namespace that is labelled for it.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	admissionregistration "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/cel/environment"
	kjson "sigs.k8s.io/json"
)

// Chart.yaml wants 1.28; an API server takes new expressions that its predecessor understands.
const oldestMinor = 27

type entry struct {
	rules   []admissionregistration.RuleWithOperations
	matcher matchconditions.Matcher
}

type verdict struct {
	Case   string `json:"case"`
	Called bool   `json:"called"`
	Why    string `json:"why"`
}

// A refusal is what the API server says before it asks any webhook.
type refusal struct{ error }

func compile(rules []admissionregistration.RuleWithOperations, conditions []admissionregistration.MatchCondition) entry {
	base := environment.MustBaseEnvSet(version.MajorMinor(1, oldestMinor))
	var accessors []cel.ExpressionAccessor
	for _, condition := range conditions {
		it := matchconditions.MatchCondition(condition)
		accessors = append(accessors, &it)
	}
	options := cel.OptionalVariableDeclarations{HasAuthorizer: true}
	filter := cel.NewConditionCompiler(base).CompileCondition(accessors, options, environment.NewExpressions)
	fail := admissionregistration.Fail
	return entry{rules, matchconditions.NewMatcher(filter, &fail, "webhook", "admit", "it")}
}

// kindOf is the part of a path that all profiles share.
func kindOf(path string) string {
	return strings.Join(strings.Split(path, "/")[:min(4, strings.Count(path, "/")+1)], "/")
}

// readEntries gives one entry for each kind of path; entries of one kind have the same conditions.
func readEntries(from io.Reader) (map[string]entry, error) {
	entries := map[string]entry{}
	decoder := yaml.NewYAMLOrJSONDecoder(from, 4096)
	for {
		var configuration admissionregistration.MutatingWebhookConfiguration
		err := decoder.Decode(&configuration)
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, err
		}
		for _, it := range configuration.Webhooks {
			entries[kindOf(*it.ClientConfig.Service.Path)] = compile(it.Rules, it.MatchConditions)
		}
	}
}

// strict decodes as the API server does; the case of keys counts.
func strict(text []byte, into any) error {
	if err := kjson.UnmarshalCaseSensitivePreserveInts(text, into); err != nil {
		return refusal{err}
	}
	return nil
}

// decode gives the object in the form in which conditions see it: built-in types with their
// defaults of Go, custom resources as they are but for their metadata.
func decode(text []byte, kind string) (runtime.Object, error) {
	if len(text) == 0 || bytes.Equal(text, []byte("null")) {
		return nil, nil
	}
	switch kind {
	case "Pod":
		pod := &corev1.Pod{}
		return pod, strict(text, pod)
	case "ConfigMap":
		configMap := &corev1.ConfigMap{}
		return configMap, strict(text, configMap)
	}
	var content struct {
		Metadata metav1.ObjectMeta `json:"metadata"`
	}
	resource := &unstructured.Unstructured{}
	if err := strict(text, &resource.Object); err != nil {
		return nil, err
	}
	if err := strict(text, &content); err != nil {
		return nil, err
	}
	metadata, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&content.Metadata)
	resource.Object["metadata"] = metadata
	return resource, err
}

func resourceOf(kind string) string {
	return strings.ToLower(kind) + "s"
}

func covers(rules []admissionregistration.RuleWithOperations, asked *request) bool {
	return slices.ContainsFunc(rules, func(rule admissionregistration.RuleWithOperations) bool {
		return slices.Contains(rule.APIGroups, asked.Kind.Group) &&
			slices.Contains(rule.APIVersions, asked.Kind.Version) &&
			slices.Contains(rule.Resources, resourceOf(asked.Kind.Kind)) &&
			slices.Contains(rule.Operations, admissionregistration.OperationType(asked.Operation)) &&
			asked.SubResource == ""
	})
}

func attributes(asked *request) (*admission.VersionedAttributes, error) {
	now, err := decode(asked.Object, asked.Kind.Kind)
	if err != nil {
		return nil, err
	}
	old, err := decode(asked.OldObject, asked.Kind.Kind)
	if err != nil {
		return nil, err
	}
	kind := schema.GroupVersionKind(asked.Kind)
	record := admission.NewAttributesRecord(now, old, kind, asked.Namespace, asked.Name,
		kind.GroupVersion().WithResource(resourceOf(kind.Kind)), asked.SubResource,
		admission.Operation(asked.Operation), nil, asked.DryRun, &user.DefaultInfo{Name: "somebody"})
	return &admission.VersionedAttributes{Attributes: record, VersionedObject: now, VersionedOldObject: old, VersionedKind: kind}, nil
}

func (e entry) judge(asked *request) verdict {
	if !covers(e.rules, asked) {
		return verdict{Why: "rules"}
	}
	attributes, err := attributes(asked)
	if err != nil {
		return verdict{Why: "refused: " + err.Error()}
	}
	result := e.matcher.Match(context.Background(), attributes, nil, nil)
	if result.Error != nil {
		return verdict{Why: "error: " + result.Error.Error()}
	}
	return verdict{Called: result.Matches, Why: result.FailedConditionName}
}

func run(tests string, cases []string) error {
	entries, err := readEntries(os.Stdin)
	if err != nil {
		return err
	}
	output := json.NewEncoder(os.Stdout)
	for _, path := range cases {
		asked, err := readCase(tests, path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		it, known := entries[kindOf(asked.Path)]
		if !known {
			return fmt.Errorf("%s: no entry for %s", path, asked.Path)
		}
		answer := it.judge(asked)
		answer.Case = path
		if err := output.Encode(answer); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: conditions TESTS CASE... <webhook configurations")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "conditions:", err)
		os.Exit(1)
	}
}

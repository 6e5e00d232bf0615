package main

import (
	"encoding/json"
	"log"
	"sort"
	"strings"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// resource is one that this server knows: its path, its kind, and how to make its Go type.
type resource struct {
	path string
	kind schema.GroupVersionKind
	// nil: a custom resource, which has no protobuf.
	make func() runtime.Object
}

var resources = map[string]resource{
	"pods": {
		"/api/v1/pods", corev1.SchemeGroupVersion.WithKind("Pod"),
		func() runtime.Object { return &corev1.Pod{} },
	},
	"leases": {
		"/apis/coordination.k8s.io/v1/leases", coordinationv1.SchemeGroupVersion.WithKind("Lease"),
		func() runtime.Object { return &coordinationv1.Lease{} },
	},
	"landscapes": {
		"/apis/example.com/v1/landscapes",
		schema.GroupVersionKind{Group: "example.com", Version: "v1", Kind: "Landscape"}, nil,
	},
}

func resourceNames() string {
	var names []string
	for name := range resources {
		names = append(names, name)
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}

// encodings in which the resource can be served.
func (r resource) encodings() []string {
	if r.make == nil {
		return []string{"json"}
	}
	return []string{"json", "protobuf"}
}

// versionOf is all that JSON alone needs to be read for.
func versionOf(text []byte) string {
	var object struct {
		Metadata struct {
			ResourceVersion string `json:"resourceVersion"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(text, &object); err != nil {
		log.Fatal(err)
	}
	return object.Metadata.ResourceVersion
}

// typed gives the object as the Go type that protobuf is written from, with its kind and the version given.
func (r resource) typed(text []byte, version string) runtime.Object {
	object := r.make()
	if text != nil {
		if err := json.Unmarshal(text, object); err != nil {
			log.Fatal(err)
		}
	}
	object.GetObjectKind().SetGroupVersionKind(r.kind)
	accessor, err := meta.Accessor(object)
	if err != nil {
		log.Fatal(err)
	}
	accessor.SetResourceVersion(version)
	return object
}

// bookmark ends the initial events.
func (r resource) bookmark(version string) ([]byte, runtime.Object) {
	annotations := map[string]string{"k8s.io/initial-events-end": "true"}
	text, _ := json.Marshal(map[string]any{
		"apiVersion": r.kind.GroupVersion().String(), "kind": r.kind.Kind,
		"metadata": map[string]any{"resourceVersion": version, "annotations": annotations},
	})
	if r.make == nil {
		return text, nil
	}
	object := r.typed(nil, version)
	accessor, _ := meta.Accessor(object)
	accessor.SetAnnotations(annotations)
	return text, object
}

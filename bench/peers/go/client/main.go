// client-go's shared informer of one resource, used as a careful user would: managedFields stripped, a handler that reads.
// One JSON line when synced; then one for each line "mark" on stdin; it ends with stdin.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

var handled, updated, read atomic.Int64

func main() {
	url := flag.String("url", "", "")
	resource := flag.String("resource", "pods", "pods, leases, landscapes")
	contentType := flag.String("content-type", "application/json", "")
	flag.Parse()

	config := &rest.Config{Host: *url, QPS: -1}
	config.ContentType = *contentType
	config.AcceptContentTypes = *contentType + ",application/json"
	informer, start, err := newInformer(config, *resource)
	if err != nil {
		log.Fatal(err)
	}
	registration, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: look,
		UpdateFunc: func(_, object any) {
			look(object)
			updated.Add(1)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	startTime := time.Now()
	start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		log.Fatal("no sync")
	}
	// The line of the peer stops here, in its favour: its handler may still be at work.
	synced := report(startTime)
	if !cache.WaitForCacheSync(ctx.Done(), registration.HasSynced) {
		log.Fatal("no sync of the handler")
	}
	synced["handlerWallMs"] = time.Since(startTime).Milliseconds()
	synced["objects"] = len(informer.GetStore().ListKeys())
	json.NewEncoder(os.Stdout).Encode(synced)

	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if lines.Text() == "mark" {
			json.NewEncoder(os.Stdout).Encode(report(startTime))
		}
	}
}

// newInformer gives the informer and what starts it: typed where client-go has a type, dynamic for the custom resource.
func newInformer(config *rest.Config, resource string) (cache.SharedIndexInformer, func(<-chan struct{}), error) {
	if resource == "landscapes" {
		client, err := dynamic.NewForConfig(config)
		if err != nil {
			return nil, nil, err
		}
		landscapes := schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: resource}
		factory := dynamicinformer.NewDynamicSharedInformerFactory(client, 0)
		informer := factory.ForResource(landscapes).Informer()
		return informer, factory.Start, informer.SetTransform(strip)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, nil, err
	}
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTransform(strip))
	switch resource {
	case "pods":
		return factory.Core().V1().Pods().Informer(), factory.Start, nil
	case "leases":
		return factory.Coordination().V1().Leases().Informer(), factory.Start, nil
	}
	return nil, nil, fmt.Errorf("unknown resource %q", resource)
}

func strip(object any) (any, error) {
	if accessor, err := meta.Accessor(object); err == nil {
		accessor.SetManagedFields(nil)
	}
	return object, nil
}

// look reads two fields: the name and one of the spec or the status.
func look(object any) {
	length := 0
	switch object := object.(type) {
	case *corev1.Pod:
		length = len(object.Name) + len(object.Status.Phase)
	case *coordinationv1.Lease:
		length = len(object.Name) + len(*object.Spec.HolderIdentity)
	case *unstructured.Unstructured:
		text, _, _ := unstructured.NestedString(object.Object, "spec", "text")
		length = len(object.GetName()) + len(text)
	}
	read.Add(int64(length))
	handled.Add(1)
}

func report(startTime time.Time) map[string]any {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return map[string]any{
		"wallMs":       time.Since(startTime).Milliseconds(),
		"cpuMs":        (usage.Utime.Nano() + usage.Stime.Nano()) / 1e6,
		"rssBytes":     memory("VmRSS:"),
		"peakRssBytes": memory("VmHWM:"),
		"handled":      handled.Load(),
		"updated":      updated.Load(),
	}
}

func memory(field string) int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, field); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}

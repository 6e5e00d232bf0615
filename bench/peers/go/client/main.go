// client-go's shared informer of pods, used as a careful user would: managedFields stripped, a handler that reads.
// One JSON line when synced; then one for each line "mark" on stdin; it ends with stdin.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"log"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

var handled, updated, read atomic.Int64

func main() {
	url := flag.String("url", "", "")
	contentType := flag.String("content-type", "application/json", "")
	flag.Parse()

	config := &rest.Config{Host: *url, QPS: -1}
	config.ContentType = *contentType
	config.AcceptContentTypes = *contentType + ",application/json"
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		log.Fatal(err)
	}
	factory := informers.NewSharedInformerFactoryWithOptions(clients, 0, informers.WithTransform(func(o any) (any, error) {
		if pod, ok := o.(*corev1.Pod); ok {
			pod.ManagedFields = nil
		}
		return o, nil
	}))
	informer := factory.Core().V1().Pods().Informer()
	registration, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(o any) { look(o.(*corev1.Pod)) },
		UpdateFunc: func(_, o any) {
			look(o.(*corev1.Pod))
			updated.Add(1)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	start := time.Now()
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		log.Fatal("no sync")
	}
	// The line of the peer stops here, in its favour: its handler may still be at work.
	synced := report(start)
	if !cache.WaitForCacheSync(ctx.Done(), registration.HasSynced) {
		log.Fatal("no sync of the handler")
	}
	synced["handlerWallMs"] = time.Since(start).Milliseconds()
	synced["objects"] = len(informer.GetStore().ListKeys())
	json.NewEncoder(os.Stdout).Encode(synced)

	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if lines.Text() == "mark" {
			json.NewEncoder(os.Stdout).Encode(report(start))
		}
	}
}

func look(pod *corev1.Pod) {
	read.Add(int64(len(pod.Status.Phase) + len(pod.Spec.Containers)))
	handled.Add(1)
}

func report(start time.Time) map[string]any {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return map[string]any{
		"wallMs":       time.Since(start).Milliseconds(),
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

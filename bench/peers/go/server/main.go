// A neutral API server: the WatchList of pods from a JSON-lines file, encoded beforehand as JSON and as protobuf, so
// that a run measures its client. It answers the watch of pods and nothing else; POST /churn?rate=N&seconds=S then
// sends that many MODIFIED events a second on every open watch, with rising resourceVersions.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// All versions have ten digits: a churn event is the initial one with its version overwritten in place.
const firstVersion = 1_000_000_000

type server struct {
	encodings map[string]*encoding
	count     int

	mu       sync.Mutex
	watchers map[*watcher]struct{}
	version  int
	sent     int
}

type watcher struct {
	encoding *encoding
	events   chan event
}

type event struct {
	pod     int
	version int
}

func main() {
	file := flag.String("file", "", "pods, one JSON object a line")
	count := flag.Int("n", 150_000, "pods to serve")
	addr := flag.String("addr", "127.0.0.1:0", "")
	which := flag.String("encodings", "json,protobuf", "")
	flag.Parse()

	s := &server{encodings: map[string]*encoding{}, watchers: map[*watcher]struct{}{}}
	for _, name := range strings.Split(*which, ",") {
		s.encodings[name] = newEncoding(name)
	}
	s.load(*file, *count)

	http.HandleFunc("GET /api/v1/pods", s.watch)
	http.HandleFunc("POST /churn", s.churn)
	http.HandleFunc("GET /stats", s.stats)
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	bytesBy := map[string]int{}
	for name, e := range s.encodings {
		bytesBy[name] = e.total
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"url": "http://" + listener.Addr().String(), "objects": s.count, "bytes": bytesBy,
	})
	log.Fatal(http.Serve(listener, nil))
}

func (s *server) load(file string, count int) {
	f, err := os.Open(file)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 1<<20), 1<<24)
	for s.count < count && lines.Scan() {
		var pod corev1.Pod
		if err := json.Unmarshal(lines.Bytes(), &pod); err != nil {
			log.Fatal(err)
		}
		s.version = firstVersion + s.count
		version := strconv.Itoa(s.version)
		// The file's own bytes, not Go's idea of them: key order and omitted fields stay as a server sends them.
		was := fmt.Appendf(nil, `"resourceVersion":%q`, pod.ResourceVersion)
		if pod.ResourceVersion == "" || bytes.Count(lines.Bytes(), was) != 1 {
			log.Fatalf("pod %d: no resourceVersion to replace", s.count)
		}
		text := bytes.Replace(lines.Bytes(), was, fmt.Appendf(nil, `"resourceVersion":%q`, version), 1)
		pod.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}
		pod.ResourceVersion = version
		for _, e := range s.encodings {
			e.add("ADDED", e.encode(text, &pod), version)
		}
		s.count++
	}
	if s.count < count {
		log.Fatalf("%s has %d pods, %d wanted", file, s.count, count)
	}
	bookmark := &corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{
			ResourceVersion: strconv.Itoa(s.version),
			Annotations:     map[string]string{"k8s.io/initial-events-end": "true"},
		},
	}
	text, _ := json.Marshal(bookmark)
	for _, e := range s.encodings {
		e.add("BOOKMARK", e.encode(text, bookmark), "")
		e.finish()
	}
}

func (s *server) watch(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if query.Get("watch") == "" || query.Get("watch") == "false" {
		http.Error(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":500}`, http.StatusInternalServerError)
		return
	}
	name := "json"
	if strings.Contains(r.Header.Get("Accept"), "protobuf") {
		name = "protobuf"
	}
	e := s.encodings[name]
	if e == nil {
		http.Error(w, "this encoding is not served", http.StatusNotAcceptable)
		return
	}
	w.Header().Set("Content-Type", e.contentType)
	if query.Get("sendInitialEvents") == "true" {
		for _, chunk := range e.chunks {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}
	w.(http.Flusher).Flush()

	self := &watcher{encoding: e, events: make(chan event, 100_000)}
	s.mu.Lock()
	s.watchers[self] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.watchers, self)
		s.mu.Unlock()
	}()
	var frames []byte
	for {
		select {
		case <-r.Context().Done():
			return
		case next := <-self.events:
			frames = e.modified(frames[:0], next)
			// As the real server does: a flush only when nothing waits.
			for more := true; more && len(frames) < chunkBytes; {
				select {
				case next = <-self.events:
					frames = e.modified(frames, next)
				default:
					more = false
				}
			}
			if _, err := w.Write(frames); err != nil {
				return
			}
			w.(http.Flusher).Flush()
		}
	}
}

// churn answers when it has sent everything; evenly spread in steps of a millisecond, never in bursts of a second.
func (s *server) churn(w http.ResponseWriter, r *http.Request) {
	rate, err1 := strconv.Atoi(r.URL.Query().Get("rate"))
	seconds, err2 := strconv.Atoi(r.URL.Query().Get("seconds"))
	if err1 != nil || err2 != nil || rate <= 0 || seconds <= 0 {
		http.Error(w, "rate and seconds must be positive numbers", http.StatusBadRequest)
		return
	}
	start := time.Now()
	total := rate * seconds
	dropped := 0
	for done := 0; done < total; {
		due := min(total, int(time.Since(start).Seconds()*float64(rate)))
		s.mu.Lock()
		for ; done < due; done++ {
			s.version++
			// A stride coprime to any usual count: neighbours in time are no neighbours in the list.
			next := event{pod: (s.sent * 7919) % s.count, version: s.version}
			s.sent++
			for watcher := range s.watchers {
				select {
				case watcher.events <- next:
				default:
					dropped++
				}
			}
		}
		s.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
	json.NewEncoder(w).Encode(map[string]any{
		"sent": total, "dropped": dropped, "seconds": time.Since(start).Seconds(),
	})
}

func (s *server) stats(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	json.NewEncoder(w).Encode(map[string]any{"watchers": len(s.watchers), "sent": s.sent})
}

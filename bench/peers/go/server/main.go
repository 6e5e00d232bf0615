// A neutral API server: one resource from a JSON-lines file, encoded beforehand as JSON and as protobuf, so that a run
// measures its client. It answers the watch of that resource, with and without initial events, its list in JSON, whole
// or by pages, and nothing else; POST /churn?rate=N&seconds=S then sends that many MODIFIED events a second on every
// open watch, with rising resourceVersions.
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
)

// All versions have ten digits: a churn event is the initial one with its version overwritten in place.
const firstVersion = 1_000_000_000

type server struct {
	resource  resource
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
	object  int
	version int
}

func main() {
	file := flag.String("file", "", "objects, one as JSON a line")
	name := flag.String("resource", "pods", resourceNames())
	count := flag.Int("n", 150_000, "objects to serve")
	addr := flag.String("addr", "127.0.0.1:0", "")
	which := flag.String("encodings", "", "json, protobuf or both, with a comma; default: all that the resource has")
	flag.Parse()

	kind, isKnown := resources[*name]
	if !isKnown {
		log.Fatalf("unknown resource %q: %s", *name, resourceNames())
	}
	s := &server{resource: kind, encodings: map[string]*encoding{}, watchers: map[*watcher]struct{}{}}
	names := kind.encodings()
	if *which != "" {
		names = strings.Split(*which, ",")
	}
	for _, name := range names {
		s.encodings[name] = newEncoding(name)
	}
	s.load(*file, *count)

	http.HandleFunc("GET "+kind.path, s.read)
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
		s.version = firstVersion + s.count
		version := strconv.Itoa(s.version)
		// The file's own bytes, not Go's idea of them: key order and omitted fields stay as a server sends them.
		old := versionOf(lines.Bytes())
		was := fmt.Appendf(nil, `"resourceVersion":%q`, old)
		if old == "" || bytes.Count(lines.Bytes(), was) != 1 {
			log.Fatalf("object %d: no resourceVersion to replace", s.count)
		}
		text := bytes.Replace(lines.Bytes(), was, fmt.Appendf(nil, `"resourceVersion":%q`, version), 1)
		for _, e := range s.encodings {
			object := text
			if e.protobuf {
				object = encodeProtobuf(s.resource.typed(text, version))
			}
			e.add("ADDED", object, version)
		}
		s.count++
	}
	if s.count < count {
		log.Fatalf("%s has %d objects, %d wanted", file, s.count, count)
	}
	text, typed := s.resource.bookmark(strconv.Itoa(s.version))
	for _, e := range s.encodings {
		object := text
		if e.protobuf {
			object = encodeProtobuf(typed)
		}
		e.add("BOOKMARK", object, "")
		e.finish()
	}
}

func (s *server) read(w http.ResponseWriter, r *http.Request) {
	if watch := r.URL.Query().Get("watch"); watch == "" || watch == "false" || watch == "0" {
		s.list(w, r)
		return
	}
	s.watch(w, r)
}

func (s *server) watch(w http.ResponseWriter, r *http.Request) {
	name := "json"
	// A custom resource has none: as the real server, the client's second choice.
	if strings.Contains(r.Header.Get("Accept"), "protobuf") && s.resource.make != nil {
		name = "protobuf"
	}
	e := s.encodings[name]
	if e == nil {
		http.Error(w, "this encoding is not served", http.StatusNotAcceptable)
		return
	}
	w.Header().Set("Content-Type", e.contentType)
	if r.URL.Query().Get("sendInitialEvents") == "true" {
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
			next := event{object: (s.sent * 7919) % s.count, version: s.version}
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

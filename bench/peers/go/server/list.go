package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strconv"
)

// list answers a plain LIST, whole or by pages, from the objects of the initial stream: JSON only, since who asks for
// protobuf streams. The token of a page is the index of its first object.
func (s *server) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	limit, _ := strconv.Atoi(query.Get("limit"))
	start, _ := strconv.Atoi(query.Get("continue"))
	e := s.encodings["json"]
	if e == nil {
		http.Error(w, "JSON is not served", http.StatusNotAcceptable)
		return
	}
	start = min(max(start, 0), s.count)
	end := s.count
	metadata := map[string]string{"resourceVersion": strconv.Itoa(firstVersion + s.count - 1)}
	if limit > 0 && start+limit < s.count {
		end = start + limit
		metadata["continue"] = strconv.Itoa(end)
	}
	head, _ := json.Marshal(metadata)
	w.Header().Set("Content-Type", "application/json")
	out := bufio.NewWriterSize(w, chunkBytes)
	out.WriteString(`{"kind":"` + s.resource.kind.Kind + `List","apiVersion":"` +
		s.resource.kind.GroupVersion().String() + `","metadata":` + string(head) + `,"items":[`)
	for i, at := range e.objects[start:end] {
		if i > 0 {
			out.WriteByte(',')
		}
		// A client that left shows here: nothing more need be written.
		if _, err := out.Write(e.chunks[at.chunk][at.start:at.end]); err != nil {
			return
		}
	}
	out.WriteString("]}")
	out.Flush()
}

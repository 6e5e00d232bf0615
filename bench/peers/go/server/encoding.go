package main

import (
	"bytes"
	"encoding/binary"
	"log"
	"strconv"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

const chunkBytes = 256 << 10

var serializer = protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)

// encoding holds the initial stream, cut into chunks, and where in it each object and its version stand.
type encoding struct {
	contentType string
	protobuf    bool
	chunks      [][]byte
	current     []byte
	total       int
	objects     []place
}

type place struct{ chunk, start, end, version uint32 }

func newEncoding(name string) *encoding {
	switch name {
	case "json":
		return &encoding{contentType: "application/json"}
	case "protobuf":
		return &encoding{contentType: "application/vnd.kubernetes.protobuf;stream=watch", protobuf: true}
	}
	log.Fatalf("unknown encoding %q", name)
	return nil
}

func encodeProtobuf(object runtime.Object) []byte {
	var out bytes.Buffer
	if err := serializer.Encode(object, &out); err != nil {
		log.Fatal(err)
	}
	return out.Bytes()
}

func (e *encoding) add(kind string, object []byte, version string) {
	var start int
	e.current, start = e.frame(e.current, kind, object)
	if version != "" {
		at := bytes.Index(object, []byte(version))
		if at < 0 {
			log.Fatal("an encoded object lost its version")
		}
		e.objects = append(e.objects, place{
			uint32(len(e.chunks)), uint32(start), uint32(start + len(object)), uint32(start + at),
		})
	}
	if len(e.current) >= chunkBytes {
		e.finish()
	}
}

func (e *encoding) finish() {
	e.chunks = append(e.chunks, bytes.Clone(e.current))
	e.total += len(e.current)
	e.current = e.current[:0]
}

// frame appends one watch event; the second result is where its object begins.
func (e *encoding) frame(out []byte, kind string, object []byte) ([]byte, int) {
	if !e.protobuf {
		out = append(out, `{"type":"`+kind+`","object":`...)
		start := len(out)
		out = append(out, object...)
		return append(out, "}\n"...), start
	}
	// metav1.WatchEvent { 1: type, 2: RawExtension { 1: raw } } behind a four-byte length.
	raw := binary.AppendUvarint([]byte{0x0a}, uint64(len(object)))
	head := append([]byte{0x0a, byte(len(kind))}, kind...)
	head = append(head, 0x12)
	head = binary.AppendUvarint(head, uint64(len(raw)+len(object)))
	head = append(head, raw...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(head)+len(object)))
	out = append(out, head...)
	start := len(out)
	return append(out, object...), start
}

func (e *encoding) modified(out []byte, next event) []byte {
	at := e.objects[next.object]
	out, start := e.frame(out, "MODIFIED", e.chunks[at.chunk][at.start:at.end])
	strconv.AppendInt(out[:start+int(at.version-at.start)], int64(next.version), 10)
	return out
}

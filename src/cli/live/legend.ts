/** What the numbers mean, in at most 60 columns each: behind the `?` key, and in docs/live-view.md. */
export const legend: readonly (readonly [label: string, meaning: string])[] = [
  ['state', 'what the watch does; "watching": the cache follows live'],
  ['objects', 'in the cache now'],
  ['changes/s', 'given to the handler, average of the last second'],
  ['last N s', 'the same, a mark per second; the highest mark is the most'],
  ['[██░░░░]', 'how far a list is; a wandering block: nobody knows'],
  ['lag', 'from the last byte read to the handler: half (p50), 99 of'],
  ['', '100 (p99) of the last second with changes were faster'],
  ['buffer', 'changes that wait for the handler, on the main thread'],
  ['queue', 'objects (bytes) that wait in the worker thread'],
  ['merged', 'older changes of an object replaced by newer ones'],
  ['relists', 'times that everything had to be listed anew'],
  ['reconnects', 'times that the watch ended and was opened again'],
  ['event loop', 'how late timers ran on the main thread, in the last second'],
  ['CPU', 'of all threads of this process; 100 % is one core'],
  ['memory', 'of the process: caches, JS heap, an embedded server, all else'],
  ['JS heap', 'of the main thread; objects lie beside it, in the caches'],
]

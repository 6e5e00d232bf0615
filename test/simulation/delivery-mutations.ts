import type { Mutation } from './mutations.ts'

const desync = 'src/notify/desync.ts'
const listener = 'src/notify/listener.ts'

/** One for each rule of `overflow: 'replay'` and `'backpressure'`. */
export const deliveryMutations: readonly Mutation[] = [
  {
    name: 'replay: what is told by an update is not handed',
    edits: [
      {
        file: desync,
        find: 'else this.#handed.set(key, cell)',
        replace: 'else if (!this.#handed.has(key)) this.#handed.set(key, cell)',
      },
    ],
  },
  {
    name: 'replay: a key stays handed after its delete',
    edits: [
      {
        file: desync,
        find: "if (type === 'delete') this.#handed.delete(key)\n    else ",
        replace: "if (type !== 'delete') ",
      },
    ],
  },
  {
    name: 'replay: an object that is gone is not compared',
    edits: [
      {
        file: desync,
        find: 'if (this.#handed.has(key) || this.#options.cell(key) !== undefined) {',
        replace: 'if (this.#options.cell(key) !== undefined) {',
      },
    ],
  },
  {
    name: 'replay: an object that is new is not compared',
    edits: [
      {
        file: desync,
        find: 'if (this.#handed.has(key) || this.#options.cell(key) !== undefined) {',
        replace: 'if (this.#handed.has(key)) {',
      },
    ],
  },
  {
    name: 'replay: what a dropped buffer held is not compared',
    edits: [
      {
        file: desync,
        find: '      this.droppedCount += callCount\n      this.#mark(key)\n',
        replace: '      this.droppedCount += callCount\n',
      },
    ],
  },
  {
    name: 'replay: names alone are compared, not uids',
    edits: [
      {
        file: desync,
        find: '(cell === undefined || !isSameObject(handed, cell))',
        replace: 'cell === undefined',
      },
    ],
  },
  {
    name: 'replay: the add of a re-created object is forgotten',
    edits: [
      {
        file: desync,
        find: '    if (isGone && cell !== undefined) this.#stale.add(key)\n',
        replace: '',
      },
    ],
  },
  {
    name: 'replay: a change of a stale key waits in the buffer',
    edits: [
      {
        file: desync,
        find: '(this.#hasBegun && !this.#isStale(key))',
        replace: 'this.#hasBegun',
      },
    ],
  },
  {
    name: 'replay: a parked key is not stale',
    isRare: true,
    edits: [
      {
        file: desync,
        find: 'return this.#stale.has(key) || this.#parked.has(key)',
        replace: 'return this.#stale.has(key)',
      },
    ],
  },
  {
    name: 'replay: a key is compared while its call runs',
    edits: [
      {
        file: desync,
        find: 'if (this.#options.activeKeys.has(key)) {',
        replace: 'if (this.#options.activeKeys.size < 0) {',
      },
    ],
  },
  {
    name: 'replay: in sync again before its calls are finished',
    edits: [
      {
        file: desync,
        find: 'this.#stale.size + this.#parked.size + this.#awaited.size > 0',
        replace: 'this.#stale.size + this.#parked.size > 0',
      },
    ],
  },
  {
    name: 'replay: in sync again before calls are finished that ran at the overflow',
    isRare: true,
    edits: [{ file: desync, find: 'for (const key of activeKeys) this.#awaited.add(key)\n', replace: '' }],
  },
  {
    name: 'replay: a desync before the first sync is not waited for',
    edits: [
      {
        file: listener,
        find: 'this.intake.isReplayed && this.#desync?.isActive !== true',
        replace: 'this.intake.isReplayed',
      },
    ],
  },
  {
    name: 'replay: initial adds that were dropped are waited for',
    edits: [{ file: desync, find: '      if (isInitial) sync.finish()\n', replace: '' }],
  },
  {
    name: 'replay: a dropped buffer is told of again and again',
    edits: [{ file: desync, find: '    this.#isTold = true\n', replace: '' }],
  },
  {
    name: 'backpressure: a full buffer holds nothing back',
    edits: [
      {
        file: listener,
        find: 'this.#isHolding = this.#buffer.isFull || ',
        replace: 'this.#isHolding = ',
      },
    ],
  },
  {
    name: 'backpressure: looked at once a batch',
    isRare: true,
    edits: [
      {
        file: 'src/engine/batch-reader.ts',
        find: 'return this.#pump(() => isHolding() || nowMs() >= deadlineMs) && !isHolding()',
        replace: 'return this.#pump(() => nowMs() >= deadlineMs) && !isHolding()',
      },
    ],
  },
  {
    name: 'backpressure: nobody says that there is room',
    edits: [
      {
        file: listener,
        find: 'if (this.#isHolding && !this.isHolding) this.#context.onRoom()',
        replace: 'void this.isHolding',
      },
    ],
  },
]

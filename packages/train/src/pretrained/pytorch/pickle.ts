import { damaged } from '../source'

/** A name that a pickle refers to, such as `torch._utils._rebuild_tensor_v2`. It is never called. */
export interface PickleGlobal {
  readonly global: string
}

/** Values in a pickle: plain values, lists (also tuples), maps (dicts), names, and results of `PickleHooks`. */
export type PickleValue =
  null | boolean | number | string | PickleGlobal | readonly PickleValue[] | Map<PickleValue, PickleValue> | object

/** The caller resolves persistent ids, and known names applied to arguments. */
export interface PickleHooks {
  /** Known names; others are rejected before use. */
  readonly globals: ReadonlySet<string>
  readonly persistent: (id: PickleValue) => PickleValue
  readonly reduce: (global: string, args: readonly PickleValue[]) => PickleValue
}

const MARK = Symbol('mark')
type Slot = PickleValue | typeof MARK

/**
 * Reads a pickle of protocol 2 to 5 without executing anything: only plain values, and the globals that `hooks` knows.
 * Throws `checkpoint-invalid` for any other global (a pickle can name any Python function), for other opcodes, and for
 * damaged bytes.
 */
export function readPickle(bytes: Uint8Array, source: string, hooks: PickleHooks): PickleValue {
  const machine = new Machine(bytes, source, hooks)
  for (;;) {
    const opcode = String.fromCharCode(machine.take(1)[0]!)
    if (opcode === '.') return machine.pop()
    const run = OPCODES[opcode]
    if (!run)
      throw damaged(
        source,
        `the pickle has the opcode 0x${opcode.charCodeAt(0).toString(16)}, which weights do not need; it is refused`
      )
    run(machine)
  }
}

/** A stack, a memo, and a position in the bytes. */
class Machine {
  private stack: Slot[] = []
  private readonly memo = new Map<number, PickleValue>()
  private position = 0

  constructor(
    private readonly bytes: Uint8Array,
    readonly source: string,
    private readonly hooks: PickleHooks
  ) {}

  take(length: number): Uint8Array {
    const taken = this.bytes.subarray(this.position, this.position + length)
    if (taken.length !== length)
      throw damaged(this.source, `the pickle ends within a value, at byte ${this.bytes.length}; it is cut short`)
    this.position += length
    return taken
  }

  /** A little-endian unsigned number of up to 8 bytes. */
  unsigned(length: number): number {
    return this.take(length).reduceRight((sum, byte) => sum * 256 + byte, 0)
  }

  text(length: number): string {
    return new TextDecoder().decode(this.take(length))
  }

  line(): string {
    const end = this.bytes.indexOf(10, this.position)
    const text = this.text((end < 0 ? this.bytes.length + 1 : end) - this.position)
    this.position++
    return text
  }

  push(value: Slot): void {
    this.stack.push(value)
  }

  pop(): PickleValue {
    const value = this.stack.pop()
    if (value === undefined || value === MARK)
      throw damaged(this.source, 'the pickle takes a value from an empty stack; it is damaged')
    return value
  }

  /** The value on top of the stack, to which an opcode adds. */
  top<T extends PickleValue>(kind: (value: PickleValue) => value is T): T {
    const value = this.pop()
    this.push(value)
    if (!kind(value)) throw damaged(this.source, 'the pickle adds to a value of another kind; it is damaged')
    return value
  }

  /** All values above the last mark. */
  marked(): PickleValue[] {
    const mark = this.stack.lastIndexOf(MARK)
    if (mark < 0) throw damaged(this.source, 'the pickle has no mark where one is due; it is damaged')
    return this.stack.splice(mark).slice(1) as PickleValue[]
  }

  remember(key: number): void {
    this.memo.set(
      key,
      this.top((value): value is PickleValue => value !== undefined)
    )
  }

  memoize(): void {
    this.remember(this.memo.size)
  }

  recall(key: number): void {
    const value = this.memo.get(key)
    if (value === undefined)
      throw damaged(this.source, `the pickle recalls value ${key}, which it never kept; it is damaged`)
    this.push(value)
  }

  pushGlobal(module: PickleValue, name: PickleValue): void {
    // nested values would be billions of characters as text, so they are rejected unread
    if (typeof module !== 'string' || typeof name !== 'string')
      throw damaged(this.source, 'the pickle names a global by something that is not a text; it is damaged')
    const global = `${module}.${name}`
    if (!this.hooks.globals.has(global)) {
      throw damaged(
        this.source,
        `the pickle names ${global}; only ${[...this.hooks.globals].join(', ')} are allowed, since a pickle could run anything`
      )
    }
    this.push({ global })
  }

  persistent(): void {
    this.push(this.hooks.persistent(this.pop()))
  }

  reduce(): void {
    const args = this.pop()
    const callee = this.pop()
    if (!isGlobal(callee) || !Array.isArray(args))
      throw damaged(this.source, 'the pickle applies something that is not a known name; it is refused')
    this.push(this.hooks.reduce(callee.global, args as PickleValue[]))
  }

  /** Adds key, value, key, value … to the dict on top of the stack. */
  setItems(items: readonly PickleValue[]): void {
    const map = this.top((value): value is Map<PickleValue, PickleValue> => value instanceof Map)
    for (let i = 0; i + 1 < items.length; i += 2) map.set(items[i]!, items[i + 1]!)
  }

  append(items: readonly PickleValue[]): void {
    const list = this.top((value): value is PickleValue[] => Array.isArray(value))
    for (const item of items) list.push(item) // as arguments of one call, 300,000 overflow the stack
  }
}

function isGlobal(value: PickleValue): value is PickleGlobal {
  return typeof value === 'object' && value !== null && 'global' in value
}

/** The last n values as a tuple. */
function tuple(machine: Machine, length: number): void {
  const items = Array.from({ length }, () => machine.pop()).reverse()
  machine.push(items)
}

/** A little-endian two's-complement number. */
function signed(bytes: Uint8Array): number {
  const value = bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n)
  return Number(BigInt.asIntN(bytes.length * 8, value))
}

/** Opcodes in pickles of weights, by character (see Python's pickletools). */
const OPCODES: Readonly<Record<string, (machine: Machine) => void>> = {
  '\x80': (m) => {
    m.take(1)
  }, // PROTO
  '\x95': (m) => {
    m.take(8)
  }, // FRAME
  '(': (m) => m.push(MARK),
  '}': (m) => m.push(new Map()),
  ']': (m) => m.push([]),
  ')': (m) => m.push([]),
  t: (m) => m.push(m.marked()),
  '\x85': (m) => tuple(m, 1),
  '\x86': (m) => tuple(m, 2),
  '\x87': (m) => tuple(m, 3),
  N: (m) => m.push(null),
  '\x88': (m) => m.push(true),
  '\x89': (m) => m.push(false),
  J: (m) => m.push(signed(m.take(4))),
  K: (m) => m.push(m.unsigned(1)),
  M: (m) => m.push(m.unsigned(2)),
  '\x8a': (m) => m.push(signed(m.take(m.unsigned(1)))), // LONG1
  G: (m) => m.push(new DataView(m.take(8).slice().buffer).getFloat64(0)),
  X: (m) => m.push(m.text(m.unsigned(4))),
  '\x8c': (m) => m.push(m.text(m.unsigned(1))), // SHORT_BINUNICODE
  '\x8d': (m) => m.push(m.text(m.unsigned(8))), // BINUNICODE8
  q: (m) => m.remember(m.unsigned(1)),
  r: (m) => m.remember(m.unsigned(4)),
  '\x94': (m) => m.memoize(),
  h: (m) => m.recall(m.unsigned(1)),
  j: (m) => m.recall(m.unsigned(4)),
  c: (m) => m.pushGlobal(m.line(), m.line()),
  '\x93': (m) => {
    // STACK_GLOBAL
    const name = m.pop()
    m.pushGlobal(m.pop(), name)
  },
  Q: (m) => m.persistent(),
  R: (m) => m.reduce(),
  s: (m) => {
    const value = m.pop()
    m.setItems([m.pop(), value])
  },
  u: (m) => m.setItems(m.marked()),
  a: (m) => m.append([m.pop()]),
  e: (m) => m.append(m.marked()),
  b: (m) => {
    m.pop()
  } // BUILD: attributes of a state_dict (its `_metadata`), not needed
}

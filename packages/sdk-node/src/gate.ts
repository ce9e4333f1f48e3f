/// <reference lib="es2024.sharedmemory" />
/** No native call is running: the thread may be terminated. */
const OPEN = 0
/** A call into ONNX Runtime is running. Terminating its thread would crash the process (SIGABRT). */
const NATIVE = 1
/** The thread is about to be terminated: no native call may start. */
const CLOSED = 2

/** A word of memory shared by a worker and its owner. */
export type Gate = Int32Array<SharedArrayBuffer>

export function createGate(): Gate {
  return new Int32Array(new SharedArrayBuffer(4))
}

/** Worker's side: calls into ONNX Runtime. Never settles once the gate is closed. Calls must not overlap. */
export async function passGate<T>(gate: Gate, call: () => Promise<T>): Promise<T> {
  if (Atomics.compareExchange(gate, 0, OPEN, NATIVE) === CLOSED) return new Promise<T>(() => undefined)
  try {
    return await call()
  } finally {
    openGate(gate)
  }
}

/** Owner's side: closes the gate once no native call is running. */
export async function closeGate(gate: Gate): Promise<void> {
  while (Atomics.compareExchange(gate, 0, OPEN, CLOSED) === NATIVE) await Atomics.waitAsync(gate, 0, NATIVE).value
}

/** Owner's side, for the end of the process: like `closeGate`, but blocking for at most `milliseconds`. */
function closeGateNow(gate: Gate, milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (Atomics.compareExchange(gate, 0, OPEN, CLOSED) === NATIVE) {
    const left = end - performance.now()
    if (left <= 0 || Atomics.wait(gate, 0, NATIVE, left) === 'timed-out') return
  }
}

/** Milliseconds that the end of the process waits for a running batch. */
const EXIT_LIMIT = 10_000

const gates = new Set<Gate>() // of living workers, for `process.exit`

function onExit(): void {
  for (const gate of gates) closeGateNow(gate, EXIT_LIMIT)
}

/** Owner's side, after the thread has ended. */
export function openGate(gate: Gate): void {
  Atomics.store(gate, 0, OPEN)
  Atomics.notify(gate, 0)
}

/** Lets the process exit cleanly, even by an uncaught exception, while this worker lives. Returns the undo function. */
export function guardExit(gate: Gate): () => void {
  if (gates.size === 0) process.on('exit', onExit)
  gates.add(gate)
  return () => {
    if (gates.delete(gate) && gates.size === 0) process.off('exit', onExit)
  }
}

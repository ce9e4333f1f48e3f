/// <reference lib="es2024.sharedmemory" />
/** No native call is running: the thread may be terminated. */
const OPEN = 0
/** A call into ONNX Runtime is running. A thread that is terminated in it takes the process with it (SIGABRT). */
const NATIVE = 1
/** The thread is about to be terminated: no native call may start any more. */
const CLOSED = 2

/** A word of memory shared by a worker and its owner. */
export type Gate = Int32Array<SharedArrayBuffer>

/** The gate of one worker. */
export function createGate(): Gate {
  return new Int32Array(new SharedArrayBuffer(4))
}

/** Worker side: makes a call into ONNX Runtime. Never settles once the gate is closed: the thread ends. Calls must not overlap. */
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

/** Owner's side, blocking, for the end of the process: as `closeGate`, for at most `milliseconds`. */
function closeGateNow(gate: Gate, milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (Atomics.compareExchange(gate, 0, OPEN, CLOSED) === NATIVE) {
    const left = end - performance.now()
    if (left <= 0 || Atomics.wait(gate, 0, NATIVE, left) === 'timed-out') return
  }
}

/** Milliseconds that the end of the process waits for a batch under way. */
const EXIT_LIMIT = 10_000

const gates = new Set<Gate>() // of the living workers: `process.exit` must find them all

function onExit(): void {
  for (const gate of gates) closeGateNow(gate, EXIT_LIMIT)
}

/** Owner's side, once the thread has ended: whatever it was doing, it does it no more. */
export function openGate(gate: Gate): void {
  Atomics.store(gate, 0, OPEN)
  Atomics.notify(gate, 0)
}

/** Lets the process end cleanly, by `process.exit` or an uncaught exception, while the worker of this gate lives. Returns the undoing. */
export function guardExit(gate: Gate): () => void {
  if (gates.size === 0) process.on('exit', onExit)
  gates.add(gate)
  return () => {
    if (gates.delete(gate) && gates.size === 0) process.off('exit', onExit)
  }
}

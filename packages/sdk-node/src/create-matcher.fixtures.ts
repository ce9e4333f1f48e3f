import { Worker, type WorkerOptions } from 'node:worker_threads'
import { inject } from 'vitest'
import type { Surroundings } from './create-matcher'
import { thisMachine } from './device'

/** This machine, with the bundled worker. */
export function testSurroundings(): Surroundings {
  return {
    machine: thisMachine(),
    openThread: (options: WorkerOptions) => new Worker(new URL(inject('workerScript')), options),
    version: '0.0.0-test'
  }
}

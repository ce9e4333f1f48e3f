import { reportError } from '@sohu-match/node/cli'

// loaded late, so that a missing TensorFlow addon becomes one line that says what to do
await import('./cli/program')
  .then(({ program }) => program.parseAsync())
  .catch((error: unknown) => reportError('sohu-train', error))

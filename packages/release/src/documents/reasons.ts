/**
 * Everything in a document that is not tried, and why. A block that neither fits a way of trying it (classify.ts) nor stands here fails the check;
 * so does an entry here that fits nothing any more.
 */

/** Languages that show something and are no program. */
export const SHOWN: Readonly<Record<string, string>> = {
  text: 'output, a header or a drawing: no program',
  mermaid: 'a picture',
  nginx: 'the configuration of a server that this check does not start'
}

/** Single blocks, by document and a piece of their code. */
export const BLOCKS: readonly { readonly file: string; readonly has: string; readonly reason: string }[] = []

/** Programs in `sh` blocks that are no part of this repository: the line is not run. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  mkdir: "a folder of the reader's",
  rm: "files in a folder of the reader's",
  cd: "a folder of the reader's",
  ln: "a link in a folder of the reader's",
  kill: 'packages/faults/src/reloads.check.ts sends the signal',
  kubectl: 'packages/cli/src/kubernetes.test.ts checks the manifests against the schemas of Kubernetes',
  docker: 'docker.test.ts carries out the Dockerfile by hand',
  'spark-submit': 'examples/spark has a test of its own',
  esbuild: 'bundlers.test.ts builds with it',
  pip: "a Python environment of the reader's",
  python3: "a Python environment of the reader's",
  curl: "its address is looked for among the server's routes"
}

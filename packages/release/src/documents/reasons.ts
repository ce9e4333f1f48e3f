/**
 * Everything in documents that is not checked, with the reason. A block that no rule covers (classify.ts) and that is not listed here fails the check;
 * so does an entry that matches nothing anymore.
 */

/** Languages of blocks that are not programs. */
export const SHOWN: Readonly<Record<string, string>> = {
  text: 'output, a header or a drawing, not a program',
  mermaid: 'a picture',
  nginx: 'the configuration of a server that this check does not start'
}

/** Single blocks, by document and a part of their code. */
export const BLOCKS: readonly { readonly file: string; readonly has: string; readonly reason: string }[] = []

/** Programs in `sh` blocks from outside this repository: their lines are not checked. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  mkdir: "a folder of the reader's",
  rm: "files in a folder of the reader's",
  cd: "a folder of the reader's",
  gzip: "files in a folder of the reader's",
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

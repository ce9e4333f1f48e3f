/** Keeps the folder's query (a signature, a version). */
export function fileAddress(folder: string, file: string): string {
  const url = new URL(file.split('/').map(encodeURIComponent).join('/'), folder)
  url.search = new URL(folder).search
  return url.href
}

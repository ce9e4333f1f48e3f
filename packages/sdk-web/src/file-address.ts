/** The address of a file in a folder; the folder's query (a signature, a version) is the file's too. */
export function fileAddress(folder: string, file: string): string {
  const url = new URL(file.split('/').map(encodeURIComponent).join('/'), folder)
  url.search = new URL(folder).search
  return url.href
}

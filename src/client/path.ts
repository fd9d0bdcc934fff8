// Paths of requests. Apart from the client, so that naming a resource does not load an HTTP stack.

/** One part of a path, encoded; `@` and `:` stay, as Google's own clients leave them. */
export function segment(text: string): string {
  return encodeURIComponent(text).replace(/%40/g, '@').replace(/%3A/gi, ':');
}
